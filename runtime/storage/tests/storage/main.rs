//! SQLite keeps every promise of the trait: the conformance suite, random
//! histories, several processes, death at any moment, and files of older versions.

#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

mod crash;
mod history;
mod migration;
mod sqlite;
