//! Runs mini-programs. wasmtime lives here and nowhere else.
//!
//! In reading order: the engine and what bounds it (`engine`, `epoch`, `permits`,
//! `budget`), what a program can call (`gate`, `api`), a fresh
//! instance for each sequence of calls (`instance`), from a file to a program
//! (`compile`, `loader`, `catalogue`), views that need no second run (`views`), and the
//! life of a page (`session`): opened, handed events as transactions, its asks carried
//! out. For whoever writes programs, what happened can be kept (`trace`, `meter`).

mod api;
mod bindings;
mod budget;
mod call;
mod catalogue;
pub mod compile;
mod engine;
mod epoch;
mod failure;
mod gate;
mod host;
mod instance;
mod journal;
mod loader;
mod meter;
mod permits;
mod probe;
mod session;
mod trace;
mod views;

pub use budget::Limit;
pub use catalogue::{Catalogue, Listing, LoadError, Watcher};
pub use failure::PageError;
pub use host::{Change, Direction, Environment, Host, HostConfig, HostError, Theme};
pub use loader::{InstallError, Program};
pub use meter::{Spent, Used};
pub use permits::Turn;
pub use probe::Probe;
pub use session::{
    Acted, Alert, AlertKind, Below, EventRequest, Open, Outcome, PageAddress, PageRef, Place, Rendering, Scheduler,
    Seen, Traced, TracedAsk, TravelError,
};
pub use trace::{Showing, TracedEvent};
pub use views::HashedFrame;
