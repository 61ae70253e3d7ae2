//! Builds a program again and again, each time no more than what was changed needs:
//! the package is looked at anew only after its Cargo.toml or manifest has changed,
//! and the compiler is started only for code. What does not build is handed back as
//! something to be read, on the terminal and on the open pages.

use std::{fs, path::Path, sync::Arc};

use mprun_core::bundle::{Bundle, Verified};

use super::{
    compile::{self, Compiled},
    sources::{Changed, Sources},
};
use crate::{
    build::{
        component::{self, Wrapped},
        pack::{self, Beside},
        project::Project,
        toolchain::Toolchain,
    },
    error::{self, CommandError},
};

/// A build that came to nothing.
#[derive(Debug)]
pub(super) struct Broken {
    /// What the compiler says, in colours where the terminal has some.
    pub(super) diagnostics: String,
    pub(super) error: CommandError,
}

impl From<CommandError> for Broken {
    fn from(error: CommandError) -> Broken {
        Broken { diagnostics: String::new(), error }
    }
}

/// A bundle, and what the compiler has to say although it made one.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) bundle: Verified<Bundle>,
    pub(super) warnings: String,
}

/// The program in the making.
pub(super) struct Builder {
    project: Project,
    toolchain: Toolchain,
    /// As of the last look.
    sources: Sources,
    /// What the code is as of the last look, if it has become something.
    wrapped: Option<Arc<Wrapped>>,
    /// Whether `project` is as of the last look.
    is_project_old: bool,
    /// Whether dependencies may have to be compiled.
    has_much_to_do: bool,
    colours: bool,
}

impl Builder {
    /// Finds the program in `folder`.
    ///
    /// # Errors
    /// There is none, or nobody to compile it.
    pub(super) fn find(folder: &Path, colours: bool) -> Result<Builder, CommandError> {
        let project = Project::find(folder)?;
        let toolchain = Toolchain::find(&project.folder)?;
        Ok(Builder {
            sources: Sources::read(&project.folder),
            project,
            toolchain,
            wrapped: None,
            is_project_old: false,
            has_much_to_do: true,
            colours,
        })
    }

    /// Where the program lies.
    pub(super) fn folder(&self) -> &Path {
        &self.project.folder
    }

    /// What it calls itself.
    pub(super) fn app_id(&self) -> &str {
        self.project.manifest.app_id.as_str()
    }

    /// What was changed since the last look.
    pub(super) fn look(&mut self) -> Changed {
        let now = Sources::read(&self.project.folder);
        let changed = self.sources.changed(&now);
        self.sources = now;
        if changed.is_code() {
            self.wrapped = None;
        }
        self.is_project_old |= changed.is_of_project();
        self.has_much_to_do |= changed.is_of_package();
        changed
    }

    /// Builds the program as of the last look.
    pub(super) async fn build(&mut self) -> Result<Built, Broken> {
        if self.is_project_old {
            let folder = self.project.folder.clone();
            self.project = apart(move || Project::find(&folder)).await?;
            self.is_project_old = false;
        }
        // A picture that cannot be had is found out before the compiler is started.
        let beside = Beside::read(&self.project)?;
        let (wrapped, warnings) = match &self.wrapped {
            Some(wrapped) => (Arc::clone(wrapped), String::new()),
            None => self.compile().await?,
        };
        let bundle = pack::pack(&self.project, &self.toolchain, &wrapped, &beside)?;
        Ok(Built { bundle, warnings })
    }

    async fn compile(&mut self) -> Result<(Arc<Wrapped>, String), Broken> {
        // With much to do, cargo says itself how far it is.
        let Compiled { module, warnings } =
            compile::run(&self.project, &self.toolchain, self.colours, self.has_much_to_do).await?;
        self.has_much_to_do = false;
        let module = fs::read(&module)
            .map_err(|cause| error::internal(format!("cannot read cargo's output `{}`", module.display()), cause))?;
        let wrapped = Arc::new(apart(move || component::wrap_dev(&module)).await?);
        self.wrapped = Some(Arc::clone(&wrapped));
        Ok((wrapped, warnings))
    }
}

/// Does something that takes a while without keeping the open pages waiting.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CommandError> + Send + 'static,
) -> Result<T, CommandError> {
    tokio::task::spawn_blocking(work).await.map_err(|cause| error::internal("a build was broken off", cause))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_program_is_refused_before_anything_is_started() {
        let folder = tempfile::tempdir().unwrap();
        let Err(error) = Builder::find(folder.path(), false) else { panic!("there is no program") };
        assert!(error.error.to_string().contains("it has no Cargo.toml"), "{}", error.error);
    }
}
