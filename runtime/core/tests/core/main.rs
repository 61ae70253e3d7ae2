//! The tests of mprun-core that go through its public face.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod bombs;
mod bundle;
mod damage;
mod diff;
mod exhaustive;
mod features;
mod fixtures;
mod manifest;
mod schema;
mod seeds;
mod style;
mod styled;
mod trust;
mod w3c;
mod world;
