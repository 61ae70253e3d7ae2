//! The host from outside, with a program written by hand: what users do, what
//! programs ask, and what ends a program.

#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

mod catalogue;
mod leads;
mod limits;
mod pages;
mod recipes;
mod slow;
mod support;
mod trace;
