//! What is installed on this machine: which bundle of each program, what came
//! with it, which version was the highest ever, and which keys replaced which.
//!
//! [`Registry`] is a folder that several processes share: an index (SQLite), and
//! the bundles as files that are named by their digests. Whatever changes the
//! index does so in one transaction, and a file is whole and on the disk before
//! anything names it. So a kill at any moment leaves what was before or what
//! should be, and at worst files that nothing names; [`Registry::collect`] removes
//! those. Who may install what is decided by [`mprun_core::trust`] before: this
//! crate takes only what was admitted. What it says about loading is the rule of
//! versions ([`Registry::may_load`]); everything else is decided anew each time.

mod blobs;
mod error;
mod index;
mod lineage;
pub mod oci;
mod registry;
mod rows;
mod types;
mod versions;

pub use error::RegistryError;
pub use registry::Registry;
pub use types::{Attachments, Checked, Collected, Damage, Downgrade, Installed, Listed, Outcome, Record, RecordKind};
