//! The same page without a sandbox: axum and maud, reading the same SQLite row,
//! with the same headers and about the same markup. What mprun is measured
//! against.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{DOCTYPE, Markup, html};
use rusqlite::{Connection, OpenFlags, OptionalExtension};

thread_local! {
    static CONNECTION: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

struct Product<'a> {
    id: u32,
    name: &'a str,
    note: &'a str,
    cents: i64,
}

fn parse(line: &str) -> Option<Product<'_>> {
    let mut parts = line.split('\t');
    Some(Product {
        id: parts.next()?.parse().ok()?,
        name: parts.next()?,
        note: parts.next()?,
        cents: parts.next()?.parse().ok()?,
    })
}

/// The value that the mini-program's `load` reads, through an own connection for
/// each thread, as one statement by primary key.
fn stored(database: &PathBuf, program: &str, user: &str) -> Result<Option<Vec<u8>>> {
    CONNECTION.with_borrow_mut(|slot| {
        if slot.is_none() {
            *slot = Some(Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?);
        }
        let connection = slot.as_ref().context("a connection was just made")?;
        let mut statement =
            connection.prepare_cached("SELECT value FROM entries WHERE program = ?1 AND user = ?2 AND key = ?3")?;
        let key = b"catalogue".as_slice();
        Ok(statement.query_row((format!("dev/{program}"), user, key), |row| row.get(0)).optional()?)
    })
}

fn page(program: &str, products: &[Product<'_>]) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" dir="ltr" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Products · Cards" }
                link rel="stylesheet" href="/_style/0123456789abcdef.css";
            }
            body {
                form #mp method="post" action={ "/miniapp/" (program) "/index" } novalidate {
                    button .mp-default name="_h" value="" tabindex="-1" aria-hidden="true" {}
                    input type="hidden" name="_page" value="AAAAAAAAAAAAAAAAAAAAAA";
                    input type="hidden" name="_nonce" value="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
                    input type="hidden" name="_seq" value="0";
                    header .mp-bar { span .mp-title { "Cards" } a .mp-close href="/" { "Close" } }
                    main .mp-main {
                        div .mp-page {
                            div .mp-view {
                                h1 { "Products" }
                                ul .mp-list .mp-grid {
                                    @for product in products {
                                        li .mp-list-item .mp-card {
                                            p .mp-text .mp-strong { (product.name) }
                                            p .mp-text .mp-muted { (product.note) }
                                            p .mp-text { (product.cents / 100) "." (format!("{:02}", product.cents % 100)) }
                                            button .mp-button name="_h" value={ "AAAAAAAAAAAA" (format!("{:04}", product.id)) } formnovalidate { "Add" }
                                        }
                                    }
                                }
                                button .mp-button name="_h" value="AAAAAAAAAAAAAAAA" formnovalidate { "Seed" }
                            }
                        }
                    }
                }
            }
        }
    }
}

async fn answer(
    State(data): State<Arc<(PathBuf, String)>>,
    Path(program): Path<String>,
    headers: HeaderMap,
) -> Response {
    // A request without a user is not the page that is compared.
    if headers.get(header::COOKIE).is_none() {
        return StatusCode::FORBIDDEN.into_response();
    }
    match stored(&data.0, &program, &data.1) {
        Ok(Some(bytes)) => {
            let text = str::from_utf8(&bytes).unwrap_or_default();
            let products: Vec<_> = text.lines().filter_map(parse).collect();
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CACHE_CONTROL, "no-store"),
                (
                    header::CONTENT_SECURITY_POLICY,
                    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
                ),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (header::REFERRER_POLICY, "same-origin"),
            ];
            (headers, page(&program, &products).into_string()).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Serves on a free port until the process is ended; says which.
pub(crate) async fn serve(database: PathBuf) -> Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    crate::say(&format!("http://{}", listener.local_addr()?));
    // The bench has one user in all programs.
    let user = Connection::open_with_flags(&database, OpenFlags::SQLITE_OPEN_READ_ONLY)?.query_row(
        "SELECT user FROM apps LIMIT 1",
        (),
        |row| row.get(0),
    )?;
    let router = Router::new().route("/miniapp/{program}/index", get(answer)).with_state(Arc::new((database, user)));
    axum::serve(listener, router).await?;
    Ok(())
}
