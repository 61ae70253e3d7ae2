//! The host from outside, with a program written by hand: what users do, what
//! programs ask, and what ends a program.

mod limits;
mod pages;
mod slow;
mod support;
