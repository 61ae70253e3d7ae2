//! SQLite keeps every promise of the trait: the conformance suite, random
//! histories, several processes, and death at any moment.

#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

mod crash;
mod history;
mod sqlite;
