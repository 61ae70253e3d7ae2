//! Shows exactly the frame that lies in its storage under `frame`, whatever is
//! wrong with it. Written against the contract alone, without the SDK.
//!
//! A frame there is five parts, each a little-endian `u32` count and its items:
//! ids (`u64`), definitions (bytes), ops (`u32`), text (bytes), messages (bytes).
//! The state of the page is the same bytes; the program's state is the message of
//! the last event.
#![cfg(target_family = "wasm")]

#[allow(missing_docs, unreachable_pub, unsafe_code, clippy::all, reason = "generated from wit/")]
mod bindings {
    wit_bindgen::generate!({
        path: "../../../wit",
        world: "mprun:app/app",
        generate_all,
    });

    export!(Raw with_types_in self);
    use super::Raw;
}

use bindings::exports::mprun::app::program::{Event, Failure, Frame, Guest, Page, States};
use bindings::mprun::host::storage;

struct Raw;

type Pairs = Vec<(String, String)>;

fn failure(message: &str) -> Failure {
    Failure { code: 1, message: message.to_owned(), details: Vec::new() }
}

/// Takes a count and as many items of `size` bytes from the front.
fn take<'a>(rest: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let (count, after) = rest.split_first_chunk()?;
    let (items, after) = after.split_at_checked(u32::from_le_bytes(*count) as usize * size)?;
    *rest = after;
    Some(items)
}

fn parse(mut rest: &[u8]) -> Option<Frame> {
    let templates = take(&mut rest, 8)?;
    let definitions = take(&mut rest, 1)?;
    let ops = take(&mut rest, 4)?;
    let text = take(&mut rest, 1)?;
    let messages = take(&mut rest, 1)?;
    let ids = templates.chunks_exact(8).filter_map(|id| id.first_chunk()).map(|id| u64::from_le_bytes(*id));
    let numbers = ops.chunks_exact(4).filter_map(|op| op.first_chunk()).map(|op| u32::from_le_bytes(*op));
    Some(Frame {
        templates: ids.collect(),
        definitions: definitions.to_vec(),
        ops: numbers.collect(),
        text: String::from_utf8(text.to_vec()).ok()?,
        messages: messages.to_vec(),
    })
}

impl Guest for Raw {
    fn launch(_: Pairs) -> Result<Vec<u8>, Failure> {
        Ok(Vec::new())
    }

    fn load(app: Vec<u8>, route: String, _: Pairs, _: Pairs) -> Result<States, Failure> {
        let state = storage::get("frame").map_err(|error| failure(&error.message))?.unwrap_or_default();
        Ok(States { app, page: Some(Page { route, state }) })
    }

    fn update(before: States, event: Event, _: Pairs) -> Result<States, Failure> {
        Ok(States { app: event.message, page: before.page })
    }

    fn view(now: States, _: Pairs) -> Result<Frame, Failure> {
        let page = now.page.ok_or_else(|| failure("no page"))?;
        parse(&page.state).ok_or_else(|| failure("no frame"))
    }

    fn migrate(_: Option<String>, state: Vec<u8>, _: Pairs) -> Result<Option<Vec<u8>>, Failure> {
        Ok(Some(state))
    }
}
