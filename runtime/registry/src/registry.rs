//! The registry itself: what it does in one transaction, and in which order.

mod check;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mprun_core::{
    bundle::{self, Bundle},
    identity::{AppId, Digest},
    trust::{Admitted, Rotation},
};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{
    Attachments, Collected, Downgrade, Installed, Listed, Outcome, Record, RecordKind, RegistryError,
    blobs::{self, Blobs},
    index::{self, failed},
    lineage,
    rows::{self, Row, is_development},
    versions,
};

/// What is said of an update where nobody can know what the bundle before could do.
const WIDENING_UNKNOWN: &str = "unknown: the bundle that was installed before cannot be read";

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
    /// it, of its statements about replaced keys those that count; they are recorded
    /// here, whoever's keys they are about. `source` says where it came from (the first
    /// 1,024 characters are kept), `now` is in seconds since 1970, UTC.
    ///
    /// # Errors
    /// Refusals: [`RegistryError::OtherProgram`], [`RegistryError::Lower`],
    /// [`RegistryError::SameCode`], and [`RegistryError::Rotation`],
    /// [`RegistryError::LateRotation`] and [`RegistryError::LineageMoved`] about the
    /// keys; [`RegistryError::Damaged`] where the entry of what is installed is not
    /// readable. After any error what was installed is installed still.
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
            let before = rows::installed(index, program.app_id())?.transpose()?;
            if let Some(before) = &before {
                let installed = before.program()?;
                if installed != *program {
                    let app_id = program.app_id().clone();
                    return Err(RegistryError::OtherProgram { app_id, installed });
                }
            }
            let rotations = lineage::unrecorded(index, admitted, signed)?;
            lineage::record(index, &rotations, now)?;
            let mut row = Row::of(admitted, signed, source, now);
            if let Some(before) = before.as_ref().filter(|before| before.digest == row.digest) {
                row.installed_at = before.installed_at;
                row.source.clone_from(&before.source);
                // A higher version was seen since it was installed: what may not be
                // loaded is not installed, until somebody says that it may be.
                let superseded = versions::superseded(index, program, &row.digest, row.version_code)?;
                if let Some(highest) = superseded {
                    if downgrade == Downgrade::Refused {
                        return Err(versions::refusal(program, &bundle.manifest().version, highest));
                    }
                    rows::record(index, &record(admitted, RecordKind::Downgraded, now, Vec::new()))?;
                }
                self.shared.blobs.write(&row.digest, bundle.bytes())?;
                // Never missing, unless somebody took it away.
                if !is_development(program) && versions::digest_of(index, program, row.version_code)?.is_none() {
                    versions::remember(index, admitted, now)?;
                }
                if row != *before || !rotations.is_empty() || superseded.is_some() {
                    rows::put(index, &row)?;
                    rows::count_change(index)?;
                }
                return Ok(Outcome::AlreadyInstalled);
            }
            let judged = versions::judge(index, admitted, downgrade)?;
            // In here, as nothing else can be installed in between.
            let widenings = before.as_ref().map(|before| self.widenings(&before.digest, bundle)).unwrap_or_default();
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
            rows::record(index, &record(admitted, what, now, widenings.clone()))?;
            rows::put(index, &row)?;
            rows::count_change(index)?;
            // A row that nobody can read is replaced, not reported.
            let before = before.and_then(|before| before.decode().ok());
            Ok(Outcome::Installed { before, widenings })
        })
    }

    /// What a bundle may do more than the one that is installed.
    fn widenings(&self, before: &Digest, bundle: &Bundle) -> Vec<String> {
        let bytes = self.shared.blobs.read(before).ok().flatten();
        match bytes.and_then(|bytes| bundle::verify(bytes).ok()) {
            Some(before) => bundle::diff(&before, bundle).widenings(),
            None => vec![WIDENING_UNKNOWN.to_owned()],
        }
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
        // Nearly always there is nothing to write, and what is known already is not
        // forgotten by anybody who trusts it: looking without the lock is enough.
        if !observe(&self.reader(), admitted, signed, downgrade)?.anything() {
            return Ok(());
        }
        self.transact(|index| {
            let rotations = lineage::unrecorded(index, admitted, signed)?;
            lineage::record(index, &rotations, now)?;
            let found = observe(index, admitted, signed, downgrade)?;
            if found.unseen {
                versions::remember(index, admitted, now)?;
            }
            if found.lower {
                rows::record(index, &record(admitted, RecordKind::Downgraded, now, Vec::new()))?;
            }
            // What is installed may have become an old version by it.
            if found.anything() || !rotations.is_empty() {
                rows::count_change(index)?;
            }
            Ok(())
        })
    }

    /// Whether the rule of versions lets an installed program be loaded: a version that
    /// is lower than the highest that was seen here is not, wherever the higher one was
    /// seen. Unless somebody has allowed it, and nothing else was done with the program
    /// since: then the last entry of its history says so. The rule is not for unsigned
    /// programs.
    ///
    /// # Errors
    /// [`RegistryError::Lower`].
    pub fn may_load(&self, installed: &Installed) -> Result<(), RegistryError> {
        let Installed { program, digest, version_code, manifest, .. } = installed;
        match versions::superseded(&self.reader(), program, digest, *version_code)? {
            None => Ok(()),
            Some(highest) => Err(versions::refusal(program, &manifest.version, highest)),
        }
    }

    /// What is installed, row by row: an entry that is not readable hides no other.
    ///
    /// # Errors
    /// Where the index cannot be read.
    pub fn list(&self) -> Result<Listed, RegistryError> {
        let rows = rows::all_installed(&self.reader())?;
        let mut listed = Listed::default();
        // Statements about keys are verified again: not while others wait.
        for row in rows {
            match row.and_then(Row::decode) {
                Ok(installed) => listed.programs.push(installed),
                Err(damage) => listed.damaged.push(damage),
            }
        }
        Ok(listed)
    }

    /// The installed program of an `app_id`.
    ///
    /// # Errors
    /// [`RegistryError::Damaged`] where its entry is not readable.
    pub fn get(&self, app_id: &AppId) -> Result<Option<Installed>, RegistryError> {
        let row = rows::installed(&self.reader(), app_id)?;
        Ok(row.map(|row| row.and_then(Row::decode)).transpose()?)
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
            if let Ok(row) = &row
                && let Ok(program) = row.program()
            {
                let (what, widenings) = (RecordKind::Removed, Vec::new());
                let (digest, version_code) = (row.digest, row.version_code);
                rows::record(index, &Record { at: now, program, what, digest, version_code, widenings })?;
            }
            rows::count_change(index)?;
            Ok(Some(row))
        })?;
        removed.map(|row| row.and_then(Row::decode)).transpose().map_err(|damage| RegistryError::Damaged {
            what: format!("the entry of `{}`: {}; it was removed", damage.app_id, damage.what),
            repair: "install the program again from its file: mprun install FILE".to_owned(),
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

    /// The statements about replaced keys that were recorded, in the order in which
    /// they were. None contradicts another. What they mean is decided by
    /// [`mprun_core::trust::Trust::known`], together with those that come with a bundle.
    ///
    /// # Errors
    /// [`RegistryError::Damaged`] where a statement is not what was recorded.
    pub fn rotations(&self) -> Result<Vec<Rotation>, RegistryError> {
        lineage::recorded(&self.reader())
    }

    /// Forgets recorded statements that the trust file makes void
    /// ([`mprun_core::trust::Known::void`]), so that the right ones can be recorded.
    /// Those that are not recorded (any more) are passed over. Which versions were seen
    /// is not forgotten: the publisher's next one needs a higher code than any that the
    /// thief has used, or has to be allowed.
    ///
    /// # Errors
    /// Where the index cannot be changed.
    pub fn strike(&self, void: &[Rotation]) -> Result<(), RegistryError> {
        // Whoever decides has it called each time, and may not write.
        if void.is_empty() {
            return Ok(());
        }
        self.transact(|index| {
            if lineage::strike(index, void)? > 0 {
                rows::count_change(index)?;
            }
            Ok(())
        })
    }

    /// What was installed, downgraded and removed, oldest first: of one `app_id`, or
    /// all. Kept for ever.
    ///
    /// # Errors
    /// [`RegistryError::Damaged`] where an entry is not readable.
    pub fn history(&self, app_id: Option<&AppId>) -> Result<Vec<Record>, RegistryError> {
        rows::history(&self.reader(), app_id)
    }

    /// A number that grows whenever any process has changed what is installed, what of
    /// it may be loaded, or which keys are known to be replaced. Cheap enough to ask
    /// many times a second.
    ///
    /// # Errors
    /// Where the index cannot be read.
    pub fn generation(&self) -> Result<u64, RegistryError> {
        rows::generation(&self.reader())
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
    let bundle = admitted.bundle();
    let code = bundle.manifest().version.code;
    // The same downgrade, run again and again, is one entry.
    let lower = versions::superseded(index, admitted.program_id(), &bundle.digest(), code)?.is_some();
    Ok(Observed { rotations, unseen: judged.unseen, lower })
}

fn record(admitted: &Admitted, what: RecordKind, at: u64, widenings: Vec<String>) -> Record {
    let bundle = admitted.bundle();
    Record {
        at,
        program: admitted.program_id().clone(),
        what,
        digest: bundle.digest(),
        version_code: bundle.manifest().version.code,
        widenings,
    }
}

/// Between two calls a connection has no state that a panic could have broken: an
/// open transaction is rolled back on the way out.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}
