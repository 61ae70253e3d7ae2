//! The tests of mprun-core that go through its public face.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod bundle;
mod damage;
mod features;
mod fixtures;
mod manifest;
mod world;
