//! What of a view can be acted on: which handlers it offers, which fields it
//! has, and under which names a client speaks of them.
//!
//! Renderers write these names and the host looks them up, so both use the same
//! functions: what a client sends is admitted only if the view that the program
//! shows *now* offers it.

pub mod field;
pub mod identity;
pub mod node;
pub mod offers;
pub mod overlay;

#[cfg(test)]
pub(crate) mod sample;
