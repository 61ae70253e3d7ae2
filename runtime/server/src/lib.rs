//! Serves mini-programs as HTML pages that work without script.
//!
//! In reading order: how connections are taken and limited ([`serve`]), the way
//! of each request (`site`), pages and events (`pages`, with `form`, `origin`,
//! `user`, `locale` for what a request says and `address` for where things are),
//! what pages with script are answered (`live`) and told (`push`), what authors see
//! of their programs (`dev`, `cbor`),
//! what stands around a view (`shell`, `theme`, `outline`), the host's own pages
//! (`centre`, `problem`) and its files (`files`), and pictures of other servers
//! (`remote`).
//!
//! Nothing of a program runs in the browser, and nothing that a program shows can
//! look like the host: title bar, back, close, toasts and alerts are written
//! here, outside of the part that a view fills.

mod address;
mod cbor;
mod centre;
mod config;
mod dev;
mod files;
mod form;
mod live;
mod locale;
mod origin;
mod outline;
mod pages;
mod problem;
mod push;
mod remote;
mod response;
mod scripts;
mod serve;
mod shell;
mod site;
mod theme;
mod user;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod w3c;

pub use address::address;
pub use config::{Join, ServerConfig};
pub use push::BuildState;
pub use serve::{serve, serve_router};
pub use site::{Live, router, router_with};
