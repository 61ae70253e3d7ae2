//! What must hold of any bytes that a stranger sends. The fuzzer calls these with
//! bytes that it makes up; the tests of `mprun-core` call them with the seeds, so
//! that what was found once is looked for ever after.

mod bundle;
pub mod frame;
mod patch;
mod trust;

pub use self::{bundle::bundle, frame::frame, patch::patch, trust::trust};

/// What is said of a hostile file goes to terminals and pages: lines of text, and
/// nothing that moves a cursor.
fn printable(said: &str) {
    assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{said:?}");
}
