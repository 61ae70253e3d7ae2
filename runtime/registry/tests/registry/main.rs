//! The registry through its public face: what it refuses, what it survives, and
//! what it remembers.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod damage;
mod fixtures;
mod full;
mod install;
mod keys;
mod kill;
mod loading;
mod migration;
mod processes;
mod versions;
mod widenings;
