//! The host: one engine, one storage, the programs that are installed, and the
//! way in for everything that users do.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use mprun_core::budget::{Budget, Limits};
use mprun_core::capability::CONTRACT;
use mprun_core::identity::{ProgramId, UserId};
use mprun_core::trust::Admitted;
use mprun_storage::{Scope, Storage, StorageError};
use tokio::sync::{Notify, broadcast};

use crate::catalogue::{Catalogue, Programs};
use crate::compile::{Compilation, Compiler, NativeCache};
use crate::engine;
use crate::epoch::Ticker;
use crate::failure::PageError;
use crate::instance::Runner;
use crate::loader::{self, InstallError, Program};
use crate::permits::{Permits, Turn};
use crate::session::{Acted, EventRequest, Locks, Open, Outcome, PageRef, Rendering, Session};
use crate::trace::Traces;
use crate::views::Views;

/// How many changes a slow listener may be behind before it misses some.
const CHANGES_KEPT: usize = 256;

/// What a host is made with.
#[derive(Debug)]
pub struct HostConfig {
    /// What one event, and one `view`, may use.
    pub budget: Budget,
    /// What a program may keep for one user.
    pub limits: Limits,
    /// Instances at once; fewer where the address space is short.
    pub instances_max: u32,
    /// Processors that programs may use.
    pub cores: usize,
    /// How long a request waits for its turn before the host is busy.
    pub queue_wait: Duration,
    /// Bytes of views that are kept, so that they need not be computed again; 0
    /// for none.
    pub view_cache_bytes: u64,
    /// Where components are compiled.
    pub compiler: Compiler,
    /// Native code that was made before.
    pub native_cache: Option<NativeCache>,
    /// Whether it is kept what happens on pages, for whoever writes their programs:
    /// [`Host::traced`]. Not by default, and then it costs nothing.
    pub trace: bool,
    /// The `host` of the environment: name and version.
    pub name: String,
}

impl Default for HostConfig {
    /// The default budget and limits, 64 instances (more on machines with more
    /// than 4 processors), all processors, 5 s, 32 MiB of views; components are
    /// compiled in this process each time: for programs that are trusted.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        HostConfig {
            budget: Budget::default(),
            limits: Limits::default(),
            instances_max: u32::try_from(cores * 16).unwrap_or(u32::MAX).max(64),
            cores,
            queue_wait: Duration::from_secs(5),
            view_cache_bytes: 32 << 20,
            compiler: Compiler::default(),
            native_cache: None,
            trace: false,
            name: concat!("mprun/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Why there is no host.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The engine could not be made: the machine, or the budget.
    #[error("the engine cannot be started: {what}")]
    Engine {
        /// The engine's reason.
        what: String,
    },
    /// The clock's thread could not be started.
    #[error("the clock's thread cannot be started: {0}")]
    Clock(std::io::Error),
    /// The secrets could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// How a user wants to see a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Language and region, BCP 47.
    pub locale: String,
    /// Which way its script runs.
    pub direction: Direction,
    /// Time zone, IANA name.
    pub time_zone: String,
    /// Light or dark.
    pub theme: Theme,
}

impl Default for Environment {
    /// English, left to right, UTC, light.
    fn default() -> Self {
        Environment {
            locale: "en".to_owned(),
            direction: Direction::Ltr,
            time_zone: "UTC".to_owned(),
            theme: Theme::Light,
        }
    }
}

/// Which way a script runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Left to right.
    Ltr,
    /// Right to left.
    Rtl,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// Something was committed for a user in a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The program.
    pub program: ProgramId,
    /// The user.
    pub user: UserId,
    /// The revision that came of it. It counts the commits of this user in this
    /// program.
    pub revision: u64,
}

/// Keys of the host, one for each use. Kept in the storage, so that every host
/// on the same data has the same.
pub(crate) struct Secrets {
    pub(crate) nonce: [u8; 32],
    pub(crate) recipe: [u8; 32],
    pub(crate) tokens: [u8; 32],
    pub(crate) random: [u8; 32],
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(..)")
    }
}

/// A running host.
pub struct Host {
    /// For what goes on when nobody waits for it.
    pub(crate) me: Weak<Host>,
    pub(crate) runner: Runner,
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) secrets: Secrets,
    pub(crate) locks: Locks,
    pub(crate) views: Views,
    pub(crate) traces: Traces,
    pub(crate) programs: Programs,
    pub(crate) catalogue: OnceLock<Arc<dyn Catalogue>>,
    pub(crate) wake: Notify,
    pub(crate) queue_wait: Duration,
    changes: broadcast::Sender<Change>,
    compilation: Compilation,
    name: String,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Host {
    /// Starts a host on `storage`.
    ///
    /// # Errors
    /// Where the engine cannot be made or the storage cannot be read.
    pub async fn new(config: HostConfig, storage: Arc<dyn Storage>) -> Result<Arc<Host>, HostError> {
        let (engine, exposure) = engine::build(&config.budget, config.instances_max)
            .map_err(|error| HostError::Engine { what: format!("{error:#}") })?;
        let compilation =
            Compilation::new(&engine, exposure, config.budget.memory_bytes_max, config.compiler, config.native_cache);
        let ticker = Ticker::start(&engine).map_err(HostError::Clock)?;
        let secrets = Secrets {
            nonce: storage.secret("nonce").await?,
            recipe: storage.secret("recipe").await?,
            tokens: storage.secret("tokens").await?,
            random: storage.secret("random").await?,
        };
        Ok(Arc::new_cyclic(|me| Host {
            me: Weak::clone(me),
            runner: Runner {
                engine,
                ticker,
                permits: Permits::new(config.cores, exposure.instances as usize, config.queue_wait),
                budget: config.budget,
                limits: Arc::new(config.limits),
            },
            storage,
            secrets,
            locks: Locks::default(),
            views: Views::new(config.view_cache_bytes),
            traces: Traces::new(config.trace),
            wake: Notify::new(),
            queue_wait: config.queue_wait,
            changes: broadcast::Sender::new(CHANGES_KEPT),
            programs: Programs::default(),
            catalogue: OnceLock::new(),
            compilation,
            name: config.name,
        }))
    }

    /// Compiles and links a program, and offers it from now on, in place of another
    /// version of it.
    ///
    /// # Errors
    /// Why it is refused; then everything is as it was.
    pub async fn install(&self, admitted: Admitted) -> Result<Arc<Program>, InstallError> {
        let program = self.ready(admitted).await?;
        self.programs.give(&program);
        Ok(program)
    }

    /// Makes sure that a program can run here and that its `app_id` is its own, and
    /// keeps its native code for whoever loads it; offers nothing.
    ///
    /// # Errors
    /// Why it is refused.
    pub async fn prepare(&self, admitted: &Admitted) -> Result<(), InstallError> {
        loader::linked(&self.compilation, self.runner.budget.memory_bytes_max, admitted.bundle()).await?;
        Ok(self.storage.bind(admitted.program_id()).await?)
    }

    /// A program that can run, and whose `app_id` is its own here.
    pub(crate) async fn ready(&self, admitted: Admitted) -> Result<Arc<Program>, InstallError> {
        let memory_bytes_max = self.runner.budget.memory_bytes_max;
        let program = loader::load(&self.compilation, &self.runner.permits, memory_bytes_max, admitted).await?;
        self.storage.bind(program.id()).await?;
        let program = Arc::new(program);
        tracing::info!(program = %program.id(), digest = %program.digest(), "loaded");
        if program.standing().is_development() {
            tracing::warn!(program = %program.id(), digest = %program.digest(), "unsigned: a development program");
        }
        Ok(program)
    }

    /// A page to be shown: one that exists, or a fresh one. Stores nothing unless
    /// opening it wrote something, toasts were shown, or its recipe is too long.
    ///
    /// # Errors
    /// Why there is no page; then everything is as it was.
    pub async fn open(&self, program: &Arc<Program>, user: &UserId, open: Open) -> Result<Rendering, PageError> {
        self.session(program, user, &open.environment).open(&open, false).await
    }

    /// The same for a page that somebody shows already and wants to be as it is now:
    /// where it leads now stands in [`Rendering::led`], and what is shown only once
    /// waits where that is another page.
    ///
    /// # Errors
    /// As [`Host::open`].
    pub async fn refresh(&self, program: &Arc<Program>, user: &UserId, open: Open) -> Result<Rendering, PageError> {
        self.session(program, user, &open.environment).open(&open, true).await
    }

    /// Waits for the right to work on a view of `program` that weighs so much
    /// ([`crate::HashedFrame::weight`]): at once where that is little, in turns with
    /// everything else that takes long where it is much.
    ///
    /// # Errors
    /// Where the turn does not come in time.
    pub async fn turn(&self, program: &Program, weight: usize) -> Result<Turn, PageError> {
        self.runner.permits.turn(program.permits(), weight).await.map_err(|_| PageError::busy())
    }

    /// Handles what a user did: once, however often it is sent.
    ///
    /// # Errors
    /// Why it was not handled; then everything is as it was. A refusal of the
    /// program is no error: the page then says so.
    pub async fn event(
        &self,
        program: &Arc<Program>,
        user: &UserId,
        request: EventRequest,
    ) -> Result<Acted, PageError> {
        self.session(program, user, &request.environment).event(&request).await
    }

    /// The user leaves a page for the one below.
    ///
    /// # Errors
    /// Why they do not get there; then everything is as it was.
    pub async fn back(
        &self,
        program: &Arc<Program>,
        user: &UserId,
        page: PageRef,
        environment: &Environment,
    ) -> Result<Outcome, PageError> {
        self.session(program, user, environment).leave(&page).await
    }

    /// A key for one purpose of those around this host: the same on every host on
    /// the same data, and nothing that tells of any other key.
    pub fn key(&self, purpose: &str) -> [u8; 32] {
        blake3::derive_key(&format!("mprun 2026-11-22 {purpose}"), &self.secrets.tokens)
    }

    /// Tells of each commit. Who listens too slowly misses some.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// Whether anything was ever committed for this user, in any program.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn knows(&self, user: &UserId) -> Result<bool, StorageError> {
        self.storage.knows(user).await
    }

    pub(crate) fn changed(&self, scope: &Scope, revision: u64) {
        if self.changes.receiver_count() > 0 {
            let change = Change { program: scope.program.clone(), user: scope.user.clone(), revision };
            // Fails only if the last listener has just gone.
            let _ = self.changes.send(change);
        }
    }

    /// The environment as programs see it.
    pub(crate) fn pairs(&self, environment: &Environment) -> Arc<Vec<(String, String)>> {
        let direction = match environment.direction {
            Direction::Ltr => "ltr",
            Direction::Rtl => "rtl",
        };
        let theme = match environment.theme {
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        [
            ("locale", environment.locale.as_str()),
            ("direction", direction),
            ("time-zone", environment.time_zone.as_str()),
            ("theme", theme),
            ("host", self.name.as_str()),
            ("contract", CONTRACT),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect::<Vec<_>>()
        .into()
    }

    pub(crate) fn session<'h>(
        &'h self,
        program: &'h Arc<Program>,
        user: &UserId,
        environment: &Environment,
    ) -> Session<'h> {
        Session {
            host: self,
            program,
            scope: Scope { program: program.id().clone(), user: user.clone() },
            environment: self.pairs(environment),
            meter: self.traces.meter(),
        }
    }
}
