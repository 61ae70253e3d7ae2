//! Everything about mini-programs that is decided without I/O: what a bundle is
//! and what it may ask for. No file, clock, random source, async or engine.
//!
//! In reading order: [`identity`] (names), [`capability`] (what a host offers),
//! [`manifest`] (what a program says of itself), [`asset`] (its pictures), [`style`]
//! (its own look), [`bundle`] (all of it in one file), [`trust`] (whose bundles may be used),
//! [`budget`] (what a call may cost), [`view`] (what a page offers), [`render`]
//! (what it looks like) and [`patch`] (what has changed in it).

pub mod asset;
pub mod budget;
pub mod bundle;
pub mod capability;
pub mod identity;
pub mod manifest;
pub mod patch;
pub mod render;
pub mod style;
pub mod trust;
pub mod view;
