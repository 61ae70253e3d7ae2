//! Serves mini-programs as HTML pages that work without script.
//!
//! In reading order: how connections are taken and limited ([`serve`]), the way
//! of each request (`site`), pages and events (`pages`, with `form`, `origin`,
//! `user`, `locale` for what a request says and `address` for where things are),
//! what stands around a view (`shell`, `theme`, `outline`), the host's own pages
//! (`centre`, `problem`) and its files (`files`).
//!
//! Nothing of a program runs in the browser, and nothing that a program shows can
//! look like the host: title bar, back, close, toasts and alerts are written
//! here, outside of the part that a view fills.

mod address;
mod centre;
mod config;
mod files;
mod form;
mod locale;
mod origin;
mod outline;
mod pages;
mod problem;
mod response;
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
pub use config::ServerConfig;
pub use serve::serve;
pub use site::router;
