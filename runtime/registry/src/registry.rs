//! The registry itself: what it does in one transaction, and in which order.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mprun_core::{
    bundle,
    identity::{AppId, Digest},
    trust::{Admitted, Lineages},
};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{
    Attachments, Checked, Collected, Downgrade, Installed, Outcome, Record, RecordKind, RegistryError,
    blobs::{self, Blobs},
    index::{self, failed},
    lineage,
    rows::{self, Row, is_development},
    versions,
};

/// A folder with what is installed, shared by threads (a clone is the same
/// registry) and by processes.
///
/// Calls block: reads for microseconds, changes for some writes to the disk and
/// at most ten seconds for other processes. Asynchronous code calls them where
/// blocking is allowed.
#[derive(Clone)]
pub struct Registry {
    shared: Arc<Shared>,
}

struct Shared {
    folder: PathBuf,
    blobs: Blobs,
    writer: Mutex<Connection>,
    // A connection of its own: whoever lists does not wait for who installs.
    reader: Mutex<Connection>,
}

impl Registry {
    /// Opens the registry in `folder`, or makes one there, for its owner only. The
    /// folders above it are made too where they are missing.
    ///
    /// # Errors
    /// [`RegistryError::Damaged`] and [`RegistryError::Newer`] where what is there
    /// is not ours to use; it is left as it was.
    pub fn open(folder: &Path) -> Result<Registry, RegistryError> {
        blobs::make_root(folder)?;
        let blobs = Blobs::new(folder);
        let writer = Mutex::new(index::open_writer(folder, &blobs)?);
        let reader = Mutex::new(index::open_reader(folder)?);
        Ok(Registry { shared: Arc::new(Shared { folder: folder.to_owned(), blobs, writer, reader }) })
    }

    /// Makes a bundle the installed one of its `app_id`. `signed` is what came with
    /// it, `source` says where it came from (the first 1,024 characters are kept),
    /// `now` is in seconds since 1970, UTC.
    ///
    /// # Errors
    /// Refusals: [`RegistryError::OtherProgram`], [`RegistryError::Lower`],
    /// [`RegistryError::SameCode`], and [`RegistryError::Rotation`],
    /// [`RegistryError::LateRotation`] and [`RegistryError::LineageMoved`] about the
    /// publisher's keys. After any error what was installed is installed still.
    pub fn install(
        &self,
        admitted: &Admitted,
        signed: &Attachments,
        source: &str,
        downgrade: Downgrade,
        now: u64,
    ) -> Result<Outcome, RegistryError> {
        signed.check()?;
        self.transact(|index| {
            let program = admitted.program_id();
            let bundle = admitted.bundle();
            let before = rows::installed(index, program.app_id())?;
            if let Some(before) = &before {
                let installed = before.program()?;
                if installed != *program {
                    let app_id = program.app_id().clone();
                    return Err(RegistryError::OtherProgram { app_id, installed });
                }
            }
            let rotations = lineage::unrecorded(index, admitted, signed)?;
            lineage::record(index, program, &rotations, now)?;
            let mut row = Row::of(admitted, signed, source, now);
            if let Some(before) = before.as_ref().filter(|before| before.digest == row.digest) {
                row.installed_at = before.installed_at;
                row.source.clone_from(&before.source);
                self.shared.blobs.write(&row.digest, bundle.bytes())?;
                // Never missing, unless somebody took it away.
                if !is_development(program) && versions::digest_of(index, program, row.version_code)?.is_none() {
                    versions::remember(index, admitted, now)?;
                }
                if row != *before || !rotations.is_empty() {
                    rows::put(index, &row)?;
                    rows::count_change(index)?;
                }
                return Ok(Outcome::AlreadyInstalled);
            }
            let judged = versions::judge(index, admitted, downgrade)?;
            // First the file, then whatever names it.
            self.shared.blobs.write(&row.digest, bundle.bytes())?;
            if judged.unseen {
                versions::remember(index, admitted, now)?;
            }
            let what = match &before {
                _ if judged.lower => RecordKind::Downgraded,
                None => RecordKind::Installed,
                // No rule for unsigned programs, but the truth in the history.
                Some(before) if row.version_code < before.version_code => RecordKind::Downgraded,
                Some(_) => RecordKind::Updated,
            };
            rows::record(index, &record(admitted, what, now))?;
            rows::put(index, &row)?;
            rows::count_change(index)?;
            // A row that nobody can read is replaced, not reported.
            Ok(Outcome::Installed { before: before.and_then(|before| before.decode().ok()) })
        })
    }

    /// Notes that a bundle is run or served without being installed: the rule of
    /// versions and statements about replaced keys count for it as for one that is
    /// installed. Programs that are loaded from the registry are not noted again:
    /// the rule has seen them, and an allowed downgrade stays allowed.
    ///
    /// # Errors
    /// As [`Registry::install`], but for [`RegistryError::OtherProgram`].
    pub fn observe(
        &self,
        admitted: &Admitted,
        signed: &Attachments,
        downgrade: Downgrade,
        now: u64,
    ) -> Result<(), RegistryError> {
        signed.check()?;
        if is_development(admitted.program_id()) {
            return Ok(());
        }
        // Nearly always there is nothing to write. What is found here can only
        // become more, never less, so looking without the lock is enough.
        if !observe(&self.reader(), admitted, signed, downgrade)?.anything() {
            return Ok(());
        }
        self.transact(|index| {
            let rotations = lineage::unrecorded(index, admitted, signed)?;
            lineage::record(index, admitted.program_id(), &rotations, now)?;
            if !rotations.is_empty() {
                rows::count_change(index)?;
            }
            let found = observe(index, admitted, signed, downgrade)?;
            if found.unseen {
                versions::remember(index, admitted, now)?;
            }
            if found.lower {
                rows::record(index, &record(admitted, RecordKind::Downgraded, now))?;
            }
            Ok(())
        })
    }

    /// What is installed, by `app_id`.
    ///
    /// # Errors
    /// [`RegistryError::Damaged`] where an entry is not readable; it is named.
    pub fn list(&self) -> Result<Vec<Installed>, RegistryError> {
        let rows = rows::all_installed(&self.reader())?;
        // Statements about keys are verified again: not while others wait.
        rows.into_iter().map(Row::decode).collect()
    }

    /// The installed program of an `app_id`.
    ///
    /// # Errors
    /// [`RegistryError::Damaged`] where its entry is not readable.
    pub fn get(&self, app_id: &AppId) -> Result<Option<Installed>, RegistryError> {
        let row = rows::installed(&self.reader(), app_id)?;
        row.map(Row::decode).transpose()
    }

    /// The bytes of an installed bundle. They have this digest; whether they are a
    /// bundle and may be used is for the caller to check again.
    ///
    /// # Errors
    /// [`RegistryError::Damaged`] where the file is missing or was altered,
    /// [`RegistryError::NotInstalled`] where no installed program has this bundle
    /// and it is not there (any more).
    pub fn read(&self, digest: &Digest) -> Result<Vec<u8>, RegistryError> {
        if let Some(bytes) = self.shared.blobs.read(digest)? {
            return Ok(bytes);
        }
        // Removed and collected since the caller looked, or lost?
        if rows::named(&self.reader())?.contains(digest) {
            // Installed again between the two questions: then it is there now.
            return self.shared.blobs.read(digest)?.ok_or_else(|| RegistryError::Damaged {
                what: format!("the bundle {digest} is missing"),
                repair: "install the program again from its file: mprun install FILE".to_owned(),
            });
        }
        Err(RegistryError::NotInstalled { digest: *digest })
    }

    /// Removes a program; `None` where none was installed. Its file stays until
    /// [`Registry::collect`], its highest version is remembered for ever.
    ///
    /// # Errors
    /// [`RegistryError::Damaged`] where its entry was not readable: it is removed
    /// all the same, and the message says so.
    pub fn remove(&self, app_id: &AppId, now: u64) -> Result<Option<Installed>, RegistryError> {
        let removed = self.transact(|index| {
            let Some(row) = rows::installed(index, app_id)? else { return Ok(None) };
            rows::remove(index, app_id)?;
            // Without a name there is nothing that the history could say.
            if let Ok(program) = row.program() {
                let what = RecordKind::Removed;
                let record = Record { at: now, program, what, digest: row.digest, version_code: row.version_code };
                rows::record(index, &record)?;
            }
            rows::count_change(index)?;
            Ok(Some(row))
        })?;
        let decoded = removed.map(Row::decode).transpose();
        decoded.map_err(|error| match error {
            RegistryError::Damaged { what, .. } => RegistryError::Damaged {
                what: format!("{what}; it was removed"),
                repair: "install the program again from its file: mprun install FILE".to_owned(),
            },
            error => error,
        })
    }

    /// Removes the files that no installed program needs, and those that were not
    /// written to their end. Nothing is installed at the same time, in no process.
    ///
    /// # Errors
    /// Where a file cannot be removed; the others are.
    pub fn collect(&self) -> Result<Collected, RegistryError> {
        self.transact(|index| self.shared.blobs.collect(&rows::named(index)?))
    }

    /// Which keys replaced which, as far as the publishers of programs here are
    /// concerned; recorded for ever.
    ///
    /// # Errors
    /// [`RegistryError::Damaged`] where a statement is not what was recorded.
    pub fn lineages(&self) -> Result<Lineages, RegistryError> {
        lineage::recorded(&self.reader())
    }

    /// What was installed, downgraded and removed, oldest first: of one `app_id`, or
    /// all. Kept for ever.
    ///
    /// # Errors
    /// [`RegistryError::Damaged`] where an entry is not readable.
    pub fn history(&self, app_id: Option<&AppId>) -> Result<Vec<Record>, RegistryError> {
        rows::history(&self.reader(), app_id)
    }

    /// A number that grows whenever any process has changed what is installed or
    /// recorded that a key was replaced. Cheap enough to ask many times a second.
    ///
    /// # Errors
    /// Where the index cannot be read.
    pub fn generation(&self) -> Result<u64, RegistryError> {
        rows::generation(&self.reader())
    }

    /// Looks at everything: whether SQLite finds its file in order, every entry is
    /// readable, every installed bundle is there, whole and the one that its entry
    /// describes. Reads all bundles, and locks nobody out.
    ///
    /// # Errors
    /// The first thing that is not as it should be.
    pub fn check(&self) -> Result<Checked, RegistryError> {
        index::check(&self.reader())?;
        self.generation()?;
        self.lineages()?;
        self.history(None)?;
        let mut checked = Checked::default();
        for installed in self.list()? {
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

    /// Does `work` in one transaction: all of it, or nothing. It begins with the
    /// write lock, so that what `work` finds stays true until it is done.
    fn transact<T>(&self, work: impl FnOnce(&Connection) -> Result<T, RegistryError>) -> Result<T, RegistryError> {
        let connection = lock(&self.shared.writer);
        let failed = failed(&connection, "changing the index");
        let transaction = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate).map_err(&failed)?;
        // Dropped after an error, it is rolled back.
        let done = work(&transaction)?;
        transaction.commit().map_err(&failed)?;
        Ok(done)
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        lock(&self.shared.reader)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registry({})", self.shared.folder.display())
    }
}

/// What has to be written about a bundle that is run.
struct Observed {
    rotations: bool,
    unseen: bool,
    lower: bool,
}

impl Observed {
    fn anything(&self) -> bool {
        self.rotations || self.unseen || self.lower
    }
}

fn observe(
    index: &Connection,
    admitted: &Admitted,
    signed: &Attachments,
    downgrade: Downgrade,
) -> Result<Observed, RegistryError> {
    let rotations = !lineage::unrecorded(index, admitted, signed)?.is_empty();
    let judged = versions::judge(index, admitted, downgrade)?;
    let mut lower = judged.lower;
    if lower {
        // The same downgrade, run again and again, is one entry.
        let last = rows::last_record(index, admitted.program_id())?;
        let digest = admitted.bundle().digest();
        lower = !last.is_some_and(|last| last.what == RecordKind::Downgraded && last.digest == digest);
    }
    Ok(Observed { rotations, unseen: judged.unseen, lower })
}

fn record(admitted: &Admitted, what: RecordKind, at: u64) -> Record {
    let bundle = admitted.bundle();
    Record {
        at,
        program: admitted.program_id().clone(),
        what,
        digest: bundle.digest(),
        version_code: bundle.manifest().version.code,
    }
}

/// Between two calls a connection has no state that a panic could have broken: an
/// open transaction is rolled back on the way out.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}
