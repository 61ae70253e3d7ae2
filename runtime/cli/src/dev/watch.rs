//! Decides when to look at a program's files again: when the system says that one
//! of them was saved, moved or deleted. What only reads them, as the compiler does,
//! is no reason. Whether there is something new decides [`super::sources`].

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use notify_debouncer_full::{
    DebounceEventResult, DebouncedEvent, Debouncer, RecommendedCache, new_debouncer,
    notify::{
        self, EventKind, RecommendedWatcher, RecursiveMode,
        event::{Event, ModifyKind},
    },
};
use tokio::sync::mpsc;

use super::sources::{FOLDERS, is_source};
use crate::error::{self, CommandError};

/// How long editors may take to write all of what was saved.
const PATIENCE: Duration = Duration::from_millis(40);

/// The watched files.
pub(super) struct Watch {
    folder: PathBuf,
    debouncer: Debouncer<RecommendedWatcher, RecommendedCache>,
    seen: mpsc::UnboundedReceiver<Seen>,
}

/// Something happened to files that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    /// When the first of it did.
    at: Instant,
    /// Whether one of the watched folders itself came, went or moved.
    folders: bool,
}

impl Watch {
    /// Begins to watch the program in `folder`.
    ///
    /// # Errors
    /// The system does not let us.
    pub(super) fn start(folder: &Path) -> Result<Watch, CommandError> {
        let (sender, seen) = mpsc::unbounded_channel();
        let root = folder.to_owned();
        let handler = move |result: DebounceEventResult| {
            let seen = match result {
                Ok(events) => Seen::of(&root, &events),
                // Something was missed: better to look in vain.
                Err(_) => Some(Seen { at: Instant::now(), folders: true }),
            };
            if let Some(seen) = seen {
                // Nobody listens any more only at the very end.
                let _ = sender.send(seen);
            }
        };
        let debouncer = new_debouncer(PATIENCE, None, handler).map_err(|cause| refused(folder, cause))?;
        let mut watch = Watch { folder: folder.to_owned(), debouncer, seen };
        // By its folder: editors put a new file in the place of the old one.
        watch.debouncer.watch(folder, RecursiveMode::NonRecursive).map_err(|cause| refused(folder, cause))?;
        watch.watch_folders()?;
        Ok(watch)
    }

    /// Waits until something was saved, and says when. `None` if nothing ever will be.
    pub(super) async fn saved(&mut self) -> Result<Option<Instant>, CommandError> {
        let Some(mut seen) = self.seen.recv().await else { return Ok(None) };
        // What came meanwhile is looked at in one go.
        while let Ok(more) = self.seen.try_recv() {
            seen = Seen { at: seen.at.min(more.at), folders: seen.folders || more.folders };
        }
        if seen.folders {
            self.watch_folders()?;
        }
        Ok(Some(seen.at))
    }

    /// Watches the folders that there are. One that was made anew is another one to
    /// the system, under the same name.
    fn watch_folders(&mut self) -> Result<(), CommandError> {
        for name in FOLDERS {
            let path = self.folder.join(name);
            // It is not watched the first time, and not any more when it was deleted.
            let _ = self.debouncer.unwatch(&path);
            if path.is_dir() {
                self.debouncer.watch(&path, RecursiveMode::Recursive).map_err(|cause| refused(&path, cause))?;
            }
        }
        Ok(())
    }
}

impl Seen {
    /// What counts of these events, if anything does.
    fn of(root: &Path, events: &[DebouncedEvent]) -> Option<Seen> {
        let mut counting = events.iter().filter(|event| counts(root, &event.event)).peekable();
        let at = counting.peek()?.time;
        Some(counting.fold(Seen { at, folders: false }, |seen, event| Seen {
            at: seen.at.min(event.time),
            folders: seen.folders || concerns_folders(root, &event.event),
        }))
    }
}

/// Whether something may have another content, or is not there any more.
fn counts(root: &Path, event: &Event) -> bool {
    if event.need_rescan() {
        return true;
    }
    let is_reading = matches!(event.kind, EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)));
    let mut paths = event.paths.iter().filter_map(|path| path.strip_prefix(root).ok());
    !is_reading && paths.any(is_source)
}

fn concerns_folders(root: &Path, event: &Event) -> bool {
    event.need_rescan() || event.paths.iter().any(|path| FOLDERS.iter().any(|name| *path == root.join(name)))
}

fn refused(path: &Path, cause: notify::Error) -> CommandError {
    let too_many = matches!(&cause.kind, notify::ErrorKind::MaxFilesWatch)
        || matches!(&cause.kind, notify::ErrorKind::Io(cause) if cause.kind() == io::ErrorKind::StorageFull);
    let error = error::user_with(format!("cannot watch `{}`", path.display()), cause);
    if too_many {
        error.hint("too many files are watched here already: sysctl fs.inotify.max_user_watches=524288")
    } else {
        error
    }
}

#[cfg(test)]
mod tests {
    use notify_debouncer_full::notify::event::{
        AccessKind, AccessMode, CreateKind, DataChange, MetadataKind, RemoveKind, RenameMode,
    };

    use super::*;

    fn event(kind: EventKind, path: &str) -> Event {
        Event::new(kind).add_path(Path::new("/shop").join(path))
    }

    #[test]
    fn saving_counts_and_reading_does_not() {
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        for (kind, path, expected) in [
            (written, "src/lib.rs", true),
            (written, "app.css", true),
            (EventKind::Create(CreateKind::File), "assets/icon.svg", true),
            (EventKind::Remove(RemoveKind::File), "src/cart.rs", true),
            (EventKind::Modify(ModifyKind::Name(RenameMode::To)), "manifest.json", true),
            (EventKind::Any, "Cargo.toml", true),
            (EventKind::Access(AccessKind::Open(AccessMode::Read)), "src/lib.rs", false),
            (EventKind::Modify(ModifyKind::Metadata(MetadataKind::AccessTime)), "src/lib.rs", false),
            (written, "target/mprun/lib.d", false),
            (written, "Cargo.lock", false),
            (written, "src/.lib.rs.swp", false),
        ] {
            assert_eq!(counts(Path::new("/shop"), &event(kind, path)), expected, "{kind:?} {path}");
        }
        assert!(!counts(Path::new("/shop"), &Event::new(written).add_path("/elsewhere/src/lib.rs".into())));
    }

    #[test]
    fn the_first_moment_of_all_is_when_it_was_saved() {
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        let now = Instant::now();
        let at = |ms: u64| now + Duration::from_millis(ms);
        let events = [
            DebouncedEvent::new(event(EventKind::Access(AccessKind::Any), "src/lib.rs"), at(0)),
            DebouncedEvent::new(event(written, "src/lib.rs"), at(20)),
            DebouncedEvent::new(event(written, "src/cart.rs"), at(10)),
        ];
        let root = Path::new("/shop");
        assert_eq!(Seen::of(root, &events), Some(Seen { at: at(10), folders: false }));
        assert_eq!(Seen::of(root, &events[..1]), None);
        let moved = [DebouncedEvent::new(event(EventKind::Create(CreateKind::Folder), "assets"), at(1))];
        assert_eq!(Seen::of(root, &moved), Some(Seen { at: at(1), folders: true }));
    }

    #[tokio::test]
    async fn a_save_is_noticed_also_in_a_folder_that_was_made_later() {
        let folder = tempfile::tempdir().unwrap();
        // As the system names it, which may be another name than ours.
        let folder = folder.path().canonicalize().unwrap();
        std::fs::create_dir(folder.join("src")).unwrap();
        let mut watch = Watch::start(&folder).unwrap();
        for (path, text) in [("src/lib.rs", "1"), ("app.css", "2"), ("assets/icon.svg", "3"), ("assets/icon.svg", "4")]
        {
            let began = Instant::now();
            std::fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
            std::fs::write(folder.join(path), text).unwrap();
            let saved = tokio::time::timeout(Duration::from_secs(20), watch.saved()).await;
            let saved = saved.unwrap_or_else(|_| panic!("{path} {text} was not noticed")).unwrap().unwrap();
            assert!(saved >= began, "{path}: what was saved before was noticed before");
            // What of it comes late belongs to it.
            while tokio::time::timeout(Duration::from_millis(300), watch.saved()).await.is_ok() {}
        }
    }
}
