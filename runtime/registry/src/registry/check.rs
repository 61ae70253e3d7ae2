//! Whether everything is as it should be: what `mprun doctor` asks, and what tests ask
//! after each kill. Nothing is repaired here, and nothing is left out: the first thing
//! that is wrong is said.

use std::fmt;

use mprun_core::bundle;

use super::Registry;
use crate::{Checked, Installed, Listed, RegistryError, index, rows, versions};

impl Registry {
    /// Looks at everything: whether SQLite finds its file in order, every entry is
    /// readable, every installed bundle is there, whole and the one that its entry
    /// describes. Reads all bundles, and locks nobody out.
    ///
    /// # Errors
    /// The first thing that is not as it should be.
    pub fn check(&self) -> Result<Checked, RegistryError> {
        index::check(&self.reader())?;
        self.generation()?;
        self.rotations()?;
        self.history(None)?;
        let mut checked = Checked::default();
        let Listed { programs, damaged } = self.list()?;
        if let Some(damage) = damaged.into_iter().next() {
            return Err(damage.into());
        }
        for installed in programs {
            match self.check_program(&installed) {
                Ok(()) => {
                    checked.programs += 1;
                    checked.bytes += installed.bytes;
                }
                // Only a program that is still installed can be wrong.
                Err(error) => {
                    if self.get(installed.program.app_id())?.is_some_and(|now| now.digest == installed.digest) {
                        return Err(error);
                    }
                }
            }
        }
        checked.orphans = self.shared.blobs.count_orphans(&rows::named(&self.reader())?)?;
        Ok(checked)
    }

    fn check_program(&self, installed: &Installed) -> Result<(), RegistryError> {
        let program = &installed.program;
        let wrong = |what: &dyn fmt::Display| RegistryError::Damaged {
            what: format!("the entry of `{}`: {what}", program.app_id()),
            repair: "install the program again from its file: mprun install FILE".to_owned(),
        };
        let bytes = self.read(&installed.digest)?;
        if bytes.len() as u64 != installed.bytes {
            return Err(wrong(&format!("expected a bundle of {} bytes, got {}", installed.bytes, bytes.len())));
        }
        let bundle = bundle::verify(bytes).map_err(|error| wrong(&error))?;
        if *bundle.manifest() != installed.manifest {
            return Err(wrong(&"its manifest is not that of its bundle"));
        }
        if !installed.development {
            let seen = versions::digest_of(&self.reader(), program, installed.version_code)?;
            if seen != Some(installed.digest) {
                return Err(wrong(&format!("version code {} is not remembered", installed.version_code)));
            }
        }
        Ok(())
    }
}
