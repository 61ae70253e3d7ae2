//! The way from an author's source to a bundle, in reading order: [`project`]
//! finds what there is, [`assets`] collects the pictures, [`style`] reads the style
//! sheet, [`toolchain`] finds who compiles, [`cargo`] compiles with [`wrapper`] around
//! the compiler, [`component`] turns the core module into a component, and [`pack`]
//! makes a bundle of it all. `commands::build` walks it once, `dev` whenever something
//! is saved.

pub(crate) mod assets;
pub(crate) mod cargo;
pub(crate) mod component;
pub(crate) mod pack;
pub(crate) mod project;
pub(crate) mod style;
pub(crate) mod toolchain;
pub(crate) mod wrapper;

/// What mini-programs are compiled for: no system interface at all, so that the
/// import section really is the list of powers.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
