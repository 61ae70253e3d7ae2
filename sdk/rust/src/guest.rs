//! A program as a component: the exports' glue, what happens at a panic, and
//! where memory comes from.

use std::marker::PhantomData;

use crate::bindings::exports::mprun::app::program as wit;
use crate::export::{Event, Failure, Kept, Pairs, States};
use crate::page::Program;

/// The exports of `P`. `app!` hands this to the generated bindings.
#[derive(Debug)]
pub struct Exports<P>(PhantomData<P>);

impl From<Failure> for wit::Failure {
    fn from(failure: Failure) -> Self {
        Self { code: failure.code, message: failure.message, details: failure.details }
    }
}

impl From<States> for wit::States {
    fn from(states: States) -> Self {
        let page = states.page.map(|page| wit::Page { route: page.route, state: page.state });
        Self { app: states.app, page }
    }
}

impl From<wit::States> for States {
    fn from(states: wit::States) -> Self {
        let page = states.page.map(|page| Kept { route: page.route, state: page.state });
        Self { app: states.app, page }
    }
}

impl<P: Program> wit::Guest for Exports<P> {
    fn launch(environment: Pairs) -> Result<Vec<u8>, wit::Failure> {
        report_panics();
        Ok(P::launch(environment)?)
    }

    fn load(app: Vec<u8>, route: String, parameters: Pairs, environment: Pairs) -> Result<wit::States, wit::Failure> {
        report_panics();
        Ok(P::load(&app, route, parameters, environment)?.into())
    }

    fn update(before: wit::States, event: wit::Event, environment: Pairs) -> Result<wit::States, wit::Failure> {
        report_panics();
        let wit::Event { kind, message, values, payload } = event;
        let event = Event { kind, message, values, payload };
        Ok(P::update(before.into(), event, environment)?.into())
    }

    fn view(now: wit::States, environment: Pairs) -> Result<wit::Frame, wit::Failure> {
        report_panics();
        let frame = P::view(&now.into(), environment)?.frame;
        Ok(wit::Frame {
            templates: frame.templates,
            definitions: frame.definitions,
            ops: frame.ops,
            text: frame.text,
            messages: frame.messages,
        })
    }

    fn migrate(route: Option<String>, state: Vec<u8>, _: Pairs) -> Result<Option<Vec<u8>>, wit::Failure> {
        report_panics();
        Ok(P::migrate(route.as_deref(), state))
    }
}

/// A panic ends the instance by a trap, which says nothing; the host is told
/// the text and the place before.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.payload_as_str().unwrap_or("a panic without a text");
        let place = panic.location().map(|place| format!(", {}:{}:{}", place.file(), place.line(), place.column()));
        crate::host::log_panic(&format!("{text}{}", place.unwrap_or_default()));
    }));
}
