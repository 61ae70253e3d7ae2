//! The examples, one file for each page that has some.
//!
//! An example is a function named `…_example`, and what its handler does one
//! named `…_handler`: the page shows both as they stand in their file. These
//! files are static data of the program, so nothing else is in them.

pub(crate) mod actions;
pub(crate) mod data;
pub(crate) mod feedback;
pub(crate) mod fields;
pub(crate) mod layout;
pub(crate) mod media;
pub(crate) mod text;
