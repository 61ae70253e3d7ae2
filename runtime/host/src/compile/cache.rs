//! Native code that was made before. Whoever can write into the folder must not be
//! able to have it run: each file is read once into memory, and what was read is
//! authenticated with a key that only this machine's user has. No file is mapped,
//! so changing one while it is used changes nothing.
//!
//! A file is named by the digest of its bundle and by the engine; both are in the
//! authenticated text too, so that files cannot be exchanged. What does not fit is
//! removed and made again: a cache can be slow, never wrong. Files that were not
//! used for longest go first when there are too many.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use mprun_core::identity::Digest;

use super::{NATIVE_BYTES_MAX, Target};

/// What a file begins with: what it is and how it is written.
const MAGIC: &[u8; 16] = b"mprun native 01\n";
const MAC_BYTES: usize = 32;
const HEAD_BYTES: usize = MAGIC.len() + MAC_BYTES;
const EXTENSION: &str = "native";
const UNFINISHED: &str = "unfinished";

/// How exact the time of last use is. Writing it down costs more than reading.
const USED_WITHIN: Duration = Duration::from_secs(600);
/// What was begun this long ago will not be finished.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// A secret of this machine, 32 random bytes in a file that only its user can read.
#[derive(Clone)]
pub struct MachineKey([u8; 32]);

impl std::fmt::Debug for MachineKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MachineKey(..)")
    }
}

/// Why there is no machine key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error("cannot keep this machine's key in `{path}`")]
    Io {
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is not a key.
    #[error("`{path}` is not this machine's key: expected 32 bytes of this user's that nobody else can read")]
    NotAKey {
        /// Which file.
        path: PathBuf,
    },
}

impl MachineKey {
    /// Reads the key, or makes one where there is none. Processes that do so at the
    /// same time get the same.
    ///
    /// # Errors
    /// The file can neither be read nor made, is no key, or others can read it.
    pub fn open(path: &Path) -> Result<MachineKey, KeyError> {
        let io_error = |source| KeyError::Io { path: path.to_owned(), source };
        match MachineKey::read(path) {
            Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            other => return other,
        }
        let (mut key, mut name) = ([0; 32], [0; 8]);
        getrandom::fill(&mut key)
            .and_then(|()| getrandom::fill(&mut name))
            .map_err(|error| io_error(io::Error::other(error)))?;
        // Written whole under another name first: nobody sees half a key.
        let unfinished = path.with_extension(format!("{:016x}", u64::from_le_bytes(name)));
        let made = private(&unfinished)
            .and_then(|mut file| file.write_all(&key).and_then(|()| file.sync_all()))
            .and_then(|()| fs::hard_link(&unfinished, path));
        let _ = fs::remove_file(&unfinished);
        match made {
            Ok(()) => Ok(MachineKey(key)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => MachineKey::read(path),
            Err(error) => Err(io_error(error)),
        }
    }

    fn read(path: &Path) -> Result<MachineKey, KeyError> {
        let io_error = |source| KeyError::Io { path: path.to_owned(), source };
        let not_a_key = || KeyError::NotAKey { path: path.to_owned() };
        let file = regular(path).map_err(io_error)?.ok_or_else(not_a_key)?;
        if !is_ours_alone(&file).map_err(io_error)? {
            return Err(not_a_key());
        }
        let mut bytes = Vec::new();
        (&file).take(33).read_to_end(&mut bytes).map_err(io_error)?;
        bytes.try_into().map(MachineKey).map_err(|_| not_a_key())
    }
}

/// What became of a file that was looked for; for those who count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheUse {
    /// Found, authentic, used.
    pub hits: u64,
    /// Not there.
    pub misses: u64,
    /// There, but not what it should be; removed.
    pub refused: u64,
}

/// A folder of native code.
#[derive(Debug)]
pub struct NativeCache {
    folder: PathBuf,
    key: [u8; 32],
    bytes_max: u64,
    hits: AtomicU64,
    misses: AtomicU64,
    refused: AtomicU64,
    warned: AtomicBool,
}

impl NativeCache {
    /// Uses `folder`, and makes it when there is something to keep. At most
    /// `bytes_max` bytes of files stay.
    pub fn new(folder: PathBuf, key: &MachineKey, bytes_max: u64) -> Self {
        NativeCache {
            folder,
            key: blake3::derive_key("mprun 2026-11-22 native code of this machine", &key.0),
            bytes_max,
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            warned: AtomicBool::new(false),
        }
    }

    /// What was found and what was not, since this was made.
    pub fn uses(&self) -> CacheUse {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CacheUse { hits: of(&self.hits), misses: of(&self.misses), refused: of(&self.refused) }
    }

    /// Files and their bytes, as they are now.
    ///
    /// # Errors
    /// The folder is there and cannot be read.
    pub fn size(&self) -> io::Result<(u64, u64)> {
        let files = self.files()?;
        Ok((u64::try_from(files.len()).unwrap_or(u64::MAX), files.iter().map(|file| file.bytes).sum()))
    }

    pub(super) fn read(&self, digest: &Digest, target: &Target) -> Option<Vec<u8>> {
        let path = self.path(digest, target);
        let native = match self.read_file(&path, digest, target) {
            Ok(Some(native)) => native,
            Ok(None) => {
                self.misses.fetch_add(1, Ordering::Relaxed);
                return None;
            }
            Err(Problem::Unread(error)) => {
                self.misses.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(path = %path.display(), "native code cannot be read: {error}");
                return None;
            }
            Err(Problem::Wrong(problem)) => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(path = %path.display(), problem, "native code is not used; it will be made again");
                let _ = fs::remove_file(&path);
                return None;
            }
        };
        self.hits.fetch_add(1, Ordering::Relaxed);
        Some(native)
    }

    fn read_file(&self, path: &Path, digest: &Digest, target: &Target) -> Result<Option<Vec<u8>>, Problem> {
        let file = match regular(path) {
            Ok(Some(file)) => file,
            Ok(None) => return Err(Problem::Wrong("it is not a file")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Problem::Unread(error)),
        };
        let metadata = file.metadata().map_err(Problem::Unread)?;
        if metadata.len() > as_u64(NATIVE_BYTES_MAX + HEAD_BYTES) {
            return Err(Problem::Wrong("it is too large"));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
        // A file that grows meanwhile is cut, and then not authentic.
        (&file).take(as_u64(NATIVE_BYTES_MAX + HEAD_BYTES)).read_to_end(&mut bytes).map_err(Problem::Unread)?;
        let (magic, rest) = bytes.split_first_chunk::<16>().ok_or(Problem::Wrong("it is cut off"))?;
        let (mac, native) = rest.split_first_chunk::<MAC_BYTES>().ok_or(Problem::Wrong("it is cut off"))?;
        if magic != MAGIC {
            return Err(Problem::Wrong("it is something else"));
        }
        // Compared in constant time.
        if self.mac(digest, target, native) != blake3::Hash::from_bytes(*mac) {
            return Err(Problem::Wrong("it was changed, or made elsewhere"));
        }
        let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        if used.elapsed().is_ok_and(|age| age > USED_WITHIN) {
            // A folder that cannot be written has no order of use to keep.
            let _ = file.set_modified(SystemTime::now());
        }
        bytes.drain(..HEAD_BYTES);
        Ok(Some(bytes))
    }

    /// Keeps native code. Where that fails, the next start compiles again.
    pub(super) fn write(&self, digest: &Digest, target: &Target, native: &[u8]) {
        let bytes = as_u64(native.len() + HEAD_BYTES);
        if bytes > self.bytes_max {
            return;
        }
        if let Err(error) = self.write_file(digest, target, native) {
            // Once: it will be the same for every program.
            if !self.warned.swap(true, Ordering::Relaxed) {
                let folder = self.folder.display();
                tracing::warn!(%folder, "native code cannot be kept, each start compiles again: {error}");
            }
            return;
        }
        if let Err(error) = self.evict(&self.path(digest, target)) {
            tracing::debug!("cannot look through the native code: {error}");
        }
    }

    fn write_file(&self, digest: &Digest, target: &Target, native: &[u8]) -> io::Result<()> {
        private_folder(&self.folder)?;
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let unfinished = self.folder.join(format!("{:016x}.{UNFINISHED}", u64::from_le_bytes(random)));
        let written = private(&unfinished).and_then(|mut file| {
            file.write_all(MAGIC)?;
            file.write_all(self.mac(digest, target, native).as_bytes())?;
            file.write_all(native)
        });
        // What a crash leaves half written is not authentic: no need to wait for
        // the disk.
        let written = written.and_then(|()| fs::rename(&unfinished, self.path(digest, target)));
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    /// Removes what was not used for longest, until the rest fits.
    fn evict(&self, kept: &Path) -> io::Result<()> {
        let mut files = self.files()?;
        let mut sum: u64 = files.iter().map(|file| file.bytes).sum();
        if sum <= self.bytes_max {
            return Ok(());
        }
        files.sort_by_key(|file| file.used);
        for file in files.iter().filter(|file| file.path != kept) {
            if sum <= self.bytes_max {
                break;
            }
            // Another process may have been faster.
            if fs::remove_file(&file.path).is_ok() {
                tracing::debug!(path = %file.path.display(), "removed native code that was not used for long");
            }
            sum = sum.saturating_sub(file.bytes);
        }
        Ok(())
    }

    /// What is there; what was begun long ago and never finished goes.
    fn files(&self) -> io::Result<Vec<Kept>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            let Ok(metadata) = entry.metadata() else { continue };
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            match path.extension().and_then(|extension| extension.to_str()) {
                Some(EXTENSION) => files.push(Kept { path, bytes: metadata.len(), used }),
                Some(UNFINISHED) if used.elapsed().is_ok_and(|age| age > ABANDONED_AFTER) => {
                    let _ = fs::remove_file(path);
                }
                _ => {}
            }
        }
        Ok(files)
    }

    fn path(&self, digest: &Digest, target: &Target) -> PathBuf {
        let target = blake3::Hash::from_bytes(*target.as_bytes()).to_hex();
        self.folder.join(format!("{digest}-{}.{EXTENSION}", target.get(..16).unwrap_or_default()))
    }

    fn mac(&self, digest: &Digest, target: &Target, native: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        // Two of fixed length, so there is one way to read it.
        hasher.update(digest.as_bytes()).update(target.as_bytes()).update(native);
        hasher.finalize()
    }
}

/// Why native code is not used.
enum Problem {
    /// It was looked at, and is not what it should be.
    Wrong(&'static str),
    /// It could not be looked at, and may be good.
    Unread(io::Error),
}

struct Kept {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

fn as_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// Opens what is a file; `None` for links, folders, pipes. Never waits for one.
#[cfg(unix)]
fn regular(path: &Path) -> io::Result<Option<File>> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let file = match OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path) {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => return Ok(None),
        other => other?,
    };
    Ok(file.metadata()?.is_file().then_some(file))
}

#[cfg(not(unix))]
fn regular(path: &Path) -> io::Result<Option<File>> {
    let file = File::open(path)?;
    Ok(file.metadata()?.is_file().then_some(file))
}

/// A new file that only its owner can read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Whether nobody else can read it, or could have written it.
#[cfg(unix)]
fn is_ours_alone(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = file.metadata()?;
    Ok(metadata.mode() & 0o077 == 0 && metadata.uid() == rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn is_ours_alone(_file: &File) -> io::Result<bool> {
    Ok(true)
}

fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixture {
        _folder: tempfile::TempDir,
        cache: NativeCache,
        digest: Digest,
        target: Target,
    }

    impl Fixture {
        fn new(bytes_max: u64) -> Fixture {
            let folder = tempfile::tempdir().unwrap();
            let key = MachineKey::open(&folder.path().join("key")).unwrap();
            let cache = NativeCache::new(folder.path().join("native"), &key, bytes_max);
            Fixture { cache, _folder: folder, digest: Digest::of(b"a bundle"), target: Target([7; 32]) }
        }

        fn path(&self) -> PathBuf {
            self.cache.path(&self.digest, &self.target)
        }

        fn read(&self) -> Option<Vec<u8>> {
            self.cache.read(&self.digest, &self.target)
        }

        fn write(&self, native: &[u8]) {
            self.cache.write(&self.digest, &self.target, native);
        }
    }

    #[test]
    fn what_was_kept_is_found() {
        let fixture = Fixture::new(1000);
        assert_eq!(fixture.read(), None);
        fixture.write(b"code");
        assert_eq!(fixture.read().as_deref(), Some(&b"code"[..]));
        assert_eq!(fixture.cache.uses(), CacheUse { hits: 1, misses: 1, refused: 0 });
        assert_eq!(fixture.cache.size().unwrap(), (1, 52));
    }

    #[test]
    fn no_changed_bit_and_no_cut_file_is_ever_used() {
        let fixture = Fixture::new(1000);
        fixture.write(b"native code");
        let good = fs::read(fixture.path()).unwrap();
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                fs::write(fixture.path(), bad).unwrap();
                assert_eq!(fixture.read(), None, "byte {at}, bit {bit}");
                assert!(!fixture.path().exists(), "it is removed");
            }
            fs::write(fixture.path(), &good[..at]).unwrap();
            assert_eq!(fixture.read(), None, "cut at {at}");
        }
        fs::write(fixture.path(), [&good[..], b"x"].concat()).unwrap();
        assert_eq!(fixture.read(), None);
        fs::write(fixture.path(), &good).unwrap();
        assert!(fixture.read().is_some());
    }

    #[test]
    fn code_of_another_bundle_engine_or_machine_is_not_used() {
        let fixture = Fixture::new(1000);
        fixture.write(b"code");
        let (other, stale) = (Digest::of(b"another"), Target([8; 32]));
        let file = fs::read(fixture.path()).unwrap();
        for (digest, target) in [(&other, &fixture.target), (&fixture.digest, &stale)] {
            assert_eq!(fixture.cache.read(digest, target), None);
            // The same under the other's name.
            fs::write(fixture.cache.path(digest, target), &file).unwrap();
            assert_eq!(fixture.cache.read(digest, target), None);
        }
        let foreign = Fixture::new(1000);
        fs::create_dir_all(&foreign.cache.folder).unwrap();
        fs::write(foreign.path(), &file).unwrap();
        assert_eq!(foreign.read(), None);
        assert_eq!(foreign.cache.uses().refused, 1);
    }

    #[test]
    fn what_is_no_file_is_neither_waited_for_nor_followed() {
        let fixture = Fixture::new(1000);
        fixture.write(b"code");
        let good = fixture.cache.folder.join("elsewhere");
        fs::rename(fixture.path(), &good).unwrap();
        std::os::unix::fs::symlink(&good, fixture.path()).unwrap();
        assert_eq!(fixture.read(), None);
        assert!(good.exists() && !fixture.path().exists());
        assert!(std::process::Command::new("mkfifo").arg(fixture.path()).status().unwrap().success());
        assert_eq!(fixture.read(), None);
        fs::create_dir(fixture.path()).unwrap();
        assert_eq!(fixture.read(), None);
        // A folder stays in the way; the program is compiled each time.
        fixture.write(b"code");
        assert_eq!(fixture.read(), None);
        assert!(fs::read_dir(&fixture.cache.folder).unwrap().count() == 2, "nothing unfinished is left");
    }

    #[test]
    fn a_file_that_is_cut_while_it_is_used_changes_nothing() {
        let fixture = Fixture::new(10_000);
        fixture.write(&[1; 4096]);
        let native = fixture.read().unwrap();
        File::options().write(true).open(fixture.path()).unwrap().set_len(10).unwrap();
        assert_eq!(native, [1; 4096]);
        assert_eq!(fixture.read(), None);
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let fixture = Fixture::new(3 * (1000 + HEAD_BYTES as u64));
        let digests = ["a", "b", "c", "d"].map(|name| Digest::of(name.as_bytes()));
        let old = |age| SystemTime::now() - Duration::from_secs(age);
        let [a, b, c, d] = &digests;
        for (digest, age) in [(a, 4000), (b, 3000), (c, 2000)] {
            fixture.cache.write(digest, &fixture.target, &[1; 1000]);
            let file = File::options().write(true).open(fixture.cache.path(digest, &fixture.target)).unwrap();
            file.set_modified(old(age)).unwrap();
        }
        assert!(fixture.cache.read(a, &fixture.target).is_some(), "this is a use");
        fixture.cache.write(d, &fixture.target, &[1; 1000]);
        let there = digests.map(|digest| fixture.cache.path(&digest, &fixture.target).exists());
        assert_eq!(there, [true, false, true, true]);
        // What is larger than the whole cache is not kept at all.
        fixture.write(&[1; 5000]);
        assert!(!fixture.path().exists());
        assert_eq!(fixture.cache.size().unwrap().0, 3);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_no_failure() {
        let fixture = Fixture::new(1000);
        fs::write(&fixture.cache.folder, "a file in its place").unwrap();
        fixture.write(b"code");
        assert_eq!(fixture.read(), None);
    }

    #[test]
    fn machines_have_one_key_each() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("machine.key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| MachineKey::open(&path).unwrap().0)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| key == &keys[0]) && keys[0] != [0; 32]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing unfinished is left");

        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(MachineKey::open(&path), Err(KeyError::NotAKey { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "short").unwrap();
        assert!(matches!(MachineKey::open(&path), Err(KeyError::NotAKey { .. })));
    }
}
