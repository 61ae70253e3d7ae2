//! Everything about mini-programs that is decided without I/O: what a bundle is
//! and what it may ask for. No file, clock, random source, async or engine.
//!
//! In reading order: [`identity`] (names), [`capability`] (what a host offers),
//! [`manifest`] (what a program says of itself), [`asset`] (its pictures),
//! [`bundle`] (all of it in one file), [`trust`] (whose bundles may be used) and
//! [`budget`] (what a call may cost).

pub mod asset;
pub mod budget;
pub mod bundle;
pub mod capability;
pub mod identity;
pub mod manifest;
pub mod render;
pub mod trust;
pub mod view;
