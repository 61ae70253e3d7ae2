//! The one binary of tests that need several parts. Each module is a subject;
//! `tidy` refuses a file here that is not in this list.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "helpers of tests are tests too, and what is printed belongs to them"
)]

mod support;

mod bundle;
mod cli;
mod compile;
mod contract;
mod crash;
mod determinism;
mod dev;
mod frames;
mod http;
mod limits;
mod live;
mod live_http;
mod manifest;
mod neighbours;
mod oci;
mod pictures;
mod registry;
mod samples;
mod shop;
mod terminal;
mod tidy;
mod trust;
