//! A program in the making: built whenever its author saves something, shown at once
//! where the build is good, and otherwise left as it was, with the reason in front of
//! whoever looks.
//!
//! In reading order: [`sources`] is what a program consists of, [`watch`] says when
//! to look at it, [`builder`] builds it, with [`compile`] for the compiler's part,
//! [`told`] says what came of it. This file puts them in order.

mod builder;
mod compile;
mod sources;
mod told;
mod watch;

use std::{io, path::Path, sync::Arc, time::Instant};

use mprun_core::trust::Admitted;
use mprun_host::{Host, Program};
use mprun_server::{BuildState, Live};

use self::{
    builder::{Broken, Builder, Built},
    sources::Changed,
    watch::Watch,
};
use crate::{
    commands,
    error::{self, CommandError},
    output,
};

/// Where a program is made.
pub(crate) struct Workshop {
    builder: Builder,
    watch: Watch,
    host: Arc<Host>,
    /// What pages show, once something has become of it.
    shown: Option<Arc<Program>>,
}

/// What a good build is.
enum Made {
    New(Arc<Program>),
    /// The same as before: a comment was changed.
    Same(Arc<Program>),
}

/// The program in a folder, found and not built yet.
pub(crate) struct Found(Builder);

impl Found {
    /// Finds it.
    ///
    /// # Errors
    /// There is none, or nobody to compile it.
    pub(crate) fn find(folder: &Path) -> Result<Found, CommandError> {
        Builder::find(folder, output::colour()).map(Found)
    }

    /// What it calls itself.
    pub(crate) fn app_id(&self) -> &str {
        self.0.app_id()
    }
}

impl Workshop {
    /// Begins to watch the program. It will be shown by `host`.
    ///
    /// # Errors
    /// The system does not let us watch.
    pub(crate) fn open(Found(builder): Found, host: Arc<Host>) -> Result<Workshop, CommandError> {
        let watch = Watch::start(builder.folder())?;
        Ok(Workshop { builder, watch, host, shown: None })
    }

    /// Builds until there is a program to show: at once, or when its author has mended
    /// it.
    ///
    /// # Errors
    /// Nothing can be watched any more.
    pub(crate) async fn begin(&mut self) -> Result<Arc<Program>, CommandError> {
        // What was saved between finding and watching.
        self.builder.look();
        loop {
            match self.make().await {
                Ok(Made::New(program) | Made::Same(program)) => return Ok(program),
                Err(broken) => {
                    told::on_terminal(&broken);
                    output::data(b"nothing to show yet: waiting for something to be saved\n")?;
                }
            }
            self.next().await?;
        }
    }

    /// Builds whenever something is saved, for as long as this is awaited, and tells
    /// the open pages.
    ///
    /// # Errors
    /// As [`Workshop::begin`]. A program that does not build is none.
    pub(crate) async fn go_on(&mut self, live: &Live) -> Result<(), CommandError> {
        loop {
            let (changed, saved) = self.next().await?;
            let name = changed.name();
            let app_id = self.app_id();
            live.build(&app_id, BuildState::Building, "");
            let said = match self.make().await {
                Ok(Made::New(_)) => {
                    live.build(&app_id, BuildState::Ok, "");
                    live.reload(&app_id);
                    "shown"
                }
                Ok(Made::Same(_)) => {
                    live.build(&app_id, BuildState::Ok, "");
                    "nothing new to show"
                }
                Err(broken) => {
                    live.build(&app_id, BuildState::Failed, &told::on_page(&broken));
                    told::on_terminal(&broken);
                    "not shown"
                }
            };
            let time = told::seconds(saved.elapsed());
            output::data(format!("{said} after {time}: {name}\n").as_bytes())?;
            let now = self.app_id();
            if now != app_id {
                output::note(&format!("its app_id is `{now}` now: its pages are at /miniapp/{now}"));
            }
        }
    }

    /// The `app_id` under which it is shown.
    fn app_id(&self) -> String {
        let shown = self.shown.as_ref().map(|program| program.manifest().app_id.as_str());
        shown.unwrap_or(self.builder.app_id()).to_owned()
    }

    /// Waits until something is another one, and says since when.
    async fn next(&mut self) -> Result<(Changed, Instant), CommandError> {
        loop {
            let saved = self.watch.saved().await?.ok_or_else(|| {
                error::internal("nothing can be watched any more", io::Error::from(io::ErrorKind::UnexpectedEof))
            })?;
            let changed = self.builder.look();
            if !changed.is_empty() {
                return Ok((changed, saved));
            }
        }
    }

    /// Builds the program and puts it in the place of the one that is shown.
    async fn make(&mut self) -> Result<Made, Broken> {
        let Built { bundle, warnings } = self.builder.build().await?;
        output::quote(&warnings);
        if let Some(shown) = self.shown.as_ref().filter(|shown| *shown.digest() == bundle.digest()) {
            return Ok(Made::Same(Arc::clone(shown)));
        }
        // Whoever makes it trusts it, and every page says that it is unsigned.
        let admitted = Admitted::development(bundle);
        let installed = self.host.install(admitted).await;
        let program = installed.map_err(|cause| commands::not_installed(self.builder.folder(), cause))?;
        self.shown = Some(Arc::clone(&program));
        Ok(Made::New(program))
    }
}
