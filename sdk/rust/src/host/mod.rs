//! The functions of the host, the same in a component and in native tests.
//! Each is called directly by the one method that needs it, so that a component
//! imports what its program uses and nothing else.

#[cfg(target_family = "wasm")]
mod guest;
#[cfg(not(target_family = "wasm"))]
pub(crate) mod native;

#[cfg(target_family = "wasm")]
pub(crate) use guest::*;
#[cfg(not(target_family = "wasm"))]
pub(crate) use native::calls::*;
