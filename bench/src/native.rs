//! The same pages without a sandbox: axum and maud, reading the same SQLite rows,
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
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use crate::markup::{self, Product, Row};

thread_local! {
    static CONNECTION: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

fn product(line: &str) -> Option<Product<'_>> {
    let mut parts = line.split('\t');
    Some(Product {
        id: parts.next()?.parse().ok()?,
        name: parts.next()?,
        note: parts.next()?,
        cents: parts.next()?.parse().ok()?,
    })
}

fn row(line: &str) -> Option<Row<'_>> {
    let mut parts = line.split('\t');
    Some(Row {
        id: parts.next()?.parse().ok()?,
        name: parts.next()?,
        stock: parts.next()?.parse().ok()?,
        cents: parts.next()?.parse().ok()?,
    })
}

/// The value that the mini-program's `load` reads, through an own connection for
/// each thread, as one statement by primary key.
fn stored(database: &PathBuf, program: &str, user: &str, key: &str) -> Result<Option<Vec<u8>>> {
    CONNECTION.with_borrow_mut(|slot| {
        if slot.is_none() {
            *slot = Some(Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?);
        }
        let connection = slot.as_ref().context("a connection was just made")?;
        let mut statement = connection.prepare_cached(
            "SELECT coalesce(l.bytes, e.value) FROM apps a JOIN entries e ON e.scope = a.scope AND e.key = ?3
               LEFT JOIN large l ON l.id = e.value
              WHERE a.user = ?2 AND a.program = (SELECT id FROM programs WHERE name = ?1)",
        )?;
        let program = format!("dev/{program}");
        Ok(statement.query_row((program, user, key.as_bytes()), |row| row.get(0)).optional()?)
    })
}

async fn answer(
    State(data): State<Arc<(PathBuf, String)>>,
    Path((program, route)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    // A request without a user is not the page that is compared.
    if headers.get(header::COOKIE).is_none() {
        return StatusCode::FORBIDDEN.into_response();
    }
    let key = match route.as_str() {
        "cards" => "catalogue",
        "form" => "details",
        "table" => "prices",
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    match stored(&data.0, &program, &data.1, key) {
        Ok(Some(bytes)) => {
            let lines = str::from_utf8(&bytes).unwrap_or_default().lines();
            let page = match key {
                "catalogue" => markup::cards(&program, &lines.filter_map(product).collect::<Vec<_>>()),
                "prices" => markup::table(&program, &lines.filter_map(row).collect::<Vec<_>>()),
                _ => markup::form(&program, lines),
            };
            (markup::HEADERS, page.into_string()).into_response()
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
    let router = Router::new().route("/miniapp/{program}/{route}", get(answer)).with_state(Arc::new((database, user)));
    axum::serve(listener, router).await?;
    Ok(())
}
