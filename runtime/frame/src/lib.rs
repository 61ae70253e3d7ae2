//! What a view is, in bytes: the table of elements, templates, frames.
//!
//! `mprun-core` (rendering), the SDK and its macros share this crate, so that
//! the set of elements, attributes and events exists exactly once. It refuses
//! whatever is not in the grammar of `wit/README.md`, with the place, and does
//! no I/O.
//!
//! - [`element`]: the closed sets of elements, attributes and events
//! - [`template`]: the static part of a view, with numbered slots
//! - [`frame`]: template instances and slot values in flat arrays
//! - [`tree`]: a frame, checked and decoded
//! - [`url`]: the addresses that a view may contain
//! - [`limits`]: how much of each there may be
//! - `generate`, `mutate`: random views, and what becomes of them, for tests
//!   (feature `generate`)

pub mod element;
pub mod frame;
#[cfg(any(test, feature = "generate"))]
pub mod generate;
pub mod limits;
#[cfg(any(test, feature = "generate"))]
pub mod mutate;
mod quoted;
pub mod template;
pub mod tree;
pub mod url;

pub use quoted::quoted;

#[cfg(test)]
mod tests;
