//! The pages of the bench for `wasmtime serve`: the same maud as without a sandbox,
//! what they show built in.

// What axum serves in the bench.
#[path = "../../../src/markup.rs"]
mod markup;

use std::io::Write as _;

use markup::{HEADERS, Product, Row};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

include!(concat!(env!("OUT_DIR"), "/data.rs"));

/// What is filled in, in the order of the fields.
static VALUES: &[&str] = &[
    "Ada",
    "Lovelace",
    "Analytical & Sons",
    "ada@example.com",
    "+44 20 7946 0000",
    "St James's Square",
    "12",
    "3",
    "SW1Y 4JH",
    "London",
    "Westminster",
    "United Kingdom",
    "1990-12-10",
    "09:30",
    "4",
    "120.50",
    "A-1843",
    "GB 123 4567 89",
    "https://example.com/ada?a=1&b=2",
    "ENGINE <10>",
    "Please ring twice & wait.",
    "Through the yard, then left.",
    "en",
    "gbp",
    "phone",
    "small",
    "true",
    "false",
    "true",
    "true",
];

const APP: &str = "cards-1";

struct Pages;

impl Guest for Pages {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        let page = match path.rsplit('/').next() {
            Some("cards") => markup::cards(APP, PRODUCTS),
            Some("form") => markup::form(APP, VALUES.iter().copied()),
            Some("table") => markup::table(APP, ROWS),
            _ => {
                let answer = OutgoingResponse::new(Fields::new());
                // Set once, to a status that exists.
                let _ = answer.set_status_code(404);
                ResponseOutparam::set(out, Ok(answer));
                return;
            }
        };
        // Who asked for it may be gone: then there is nobody to tell.
        let _ = answer(out, &page.into_string());
    }
}

fn answer(out: ResponseOutparam, page: &str) -> Result<(), ()> {
    let mut headers: Vec<_> =
        HEADERS.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
    headers.push(("content-length".to_owned(), page.len().to_string().into_bytes()));
    let answer = OutgoingResponse::new(Fields::from_list(&headers).map_err(drop)?);
    let body = answer.body()?;
    ResponseOutparam::set(out, Ok(answer));
    let mut stream = body.write()?;
    stream.write_all(page.as_bytes()).map_err(drop)?;
    stream.flush().map_err(drop)?;
    drop(stream);
    OutgoingBody::finish(body, None).map_err(drop)
}

wasip2::http::proxy::export!(Pages);
