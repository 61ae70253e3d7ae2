//! From a bundle that may be used to a program that can run: native code, its
//! imports and exports checked against the contract, linked. Whatever fails,
//! nothing is left behind.

use std::fmt;

use mprun_core::bundle::Bundle;
use mprun_core::identity::{Digest, ProgramId};
use mprun_core::manifest::{Manifest, PageRoute};
use mprun_core::render::html::Prerendered;
use mprun_core::trust::{Admitted, Standing};
use mprun_frame::template::Templates;
use mprun_storage::BindError;
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre, Linker};

use crate::api;
use crate::bindings::AppPre;
use crate::budget::Limit;
use crate::call::Call;
use crate::compile::{Compilation, CompileError};
use crate::journal::Journal;
use crate::permits::{Permits, ProgramPermits};

/// Why a bundle was not installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// There is no native code: the engine refuses the component (a proposal that
    /// is off, too many memories or tables), or compiling it takes too much.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// It begins with more memory than a call may use.
    #[error("the limit `{}` is reached: it begins with {needed} bytes, at most {max} are allowed", Limit::Memory.name())]
    Memory {
        /// Bytes that an instance begins with.
        needed: u64,
        /// Bytes that a call may use.
        max: usize,
    },
    /// It needs something that this host has not.
    #[error("the component does not fit the contract: {what}")]
    Imports {
        /// What, and why.
        what: String,
    },
    /// It does not export what a mini-program exports.
    #[error("the component does not export `mprun:app/program` as the contract says: {what}")]
    Exports {
        /// What is missing or different.
        what: String,
    },
    /// The `app_id` belongs to somebody else.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The host failed.
    #[error("the host failed: {what}")]
    Internal {
        /// What failed.
        what: String,
    },
}

impl InstallError {
    /// What would help, if it is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            InstallError::Compile(error) => error.hint(),
            InstallError::Imports { .. } | InstallError::Exports { .. } => {
                Some("build it against the `wit` folder of this host's version".to_owned())
            }
            InstallError::Memory { needed, .. } => {
                Some(format!("run it with more: mprun --memory-mib {}", needed.div_ceil(1024 * 1024)))
            }
            InstallError::Bind(BindError::Taken { app_id, .. }) => Some(format!(
                "nobody else's program gets its place by its name; if this publisher is to have it from now on: \
                 mprun remove {app_id} --forget"
            )),
            InstallError::Bind(BindError::Storage(_)) | InstallError::Internal { .. } => None,
        }
    }
}

/// An installed program: verified, compiled and linked.
pub struct Program {
    admitted: Admitted,
    digest: Digest,
    prerendered: Vec<Prerendered>,
    update: AppPre<Call>,
    view: AppPre<Call>,
    permits: ProgramPermits,
    journal: Journal,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("id", self.id()).field("digest", &self.digest).finish_non_exhaustive()
    }
}

impl Program {
    /// Whose program it is: the key of everything stored for it.
    pub fn id(&self) -> &ProgramId {
        self.admitted.program_id()
    }

    /// What it is: the digest of its file.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Why it may be used here.
    pub fn standing(&self) -> &Standing {
        self.admitted.standing()
    }

    /// The file with the decision that was made about it when it was loaded.
    pub fn admitted(&self) -> &Admitted {
        &self.admitted
    }

    /// The verified file: manifest, imports, assets.
    pub fn bundle(&self) -> &Bundle {
        self.admitted.bundle()
    }

    /// What it says of itself.
    pub fn manifest(&self) -> &Manifest {
        self.bundle().manifest()
    }

    /// Its templates, decoded.
    pub fn templates(&self) -> &Templates {
        self.bundle().templates()
    }

    /// The static HTML of its templates, in their order.
    pub fn prerendered(&self) -> &[Prerendered] {
        &self.prerendered
    }

    /// The page that it starts with.
    pub fn entry_route(&self) -> &str {
        // A manifest without pages is refused before it comes here.
        self.manifest().entry_page().map(PageRoute::as_str).unwrap_or_default()
    }

    /// Whether the manifest lists a page.
    pub fn has_page(&self, route: &str) -> bool {
        self.manifest().has_page(route)
    }

    pub(crate) fn update(&self) -> &AppPre<Call> {
        &self.update
    }

    pub(crate) fn view(&self) -> &AppPre<Call> {
        &self.view
    }

    pub(crate) fn permits(&self) -> &ProgramPermits {
        &self.permits
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }
}

/// Gets native code and links it.
pub(crate) async fn load(
    compilation: &Compilation,
    permits: &Permits,
    memory_bytes_max: usize,
    admitted: Admitted,
) -> Result<Program, InstallError> {
    let Linked { update, view } = linked(compilation, memory_bytes_max, admitted.bundle()).await?;
    let prerendered = admitted.bundle().templates().as_slice().iter().map(Prerendered::new).collect();
    Ok(Program {
        digest: admitted.bundle().digest(),
        admitted,
        prerendered,
        update,
        view,
        permits: permits.program(),
        journal: Journal::default(),
    })
}

/// A component with everything that it imports: twice, as `view` gets less.
pub(crate) struct Linked {
    update: AppPre<Call>,
    view: AppPre<Call>,
}

/// Whether a bundle can run here, and what runs.
pub(crate) async fn linked(
    compilation: &Compilation,
    memory_bytes_max: usize,
    bundle: &Bundle,
) -> Result<Linked, InstallError> {
    let needed = bundle.sizes().initial_memory;
    if needed > memory_bytes_max as u64 {
        return Err(InstallError::Memory { needed, max: memory_bytes_max });
    }
    let component = compilation.component(bundle).await?;
    let engine = compilation.engine();
    Ok(Linked { update: link(engine, &component, api::link)?, view: link(engine, &component, api::link_view)? })
}

/// Binds the imports, with their types, and checks the exports, with theirs.
fn link(
    engine: &Engine,
    component: &Component,
    add: impl FnOnce(&mut Linker<Call>) -> wasmtime::Result<()>,
) -> Result<AppPre<Call>, InstallError> {
    let mut linker = Linker::new(engine);
    add(&mut linker).map_err(|error| InstallError::Internal { what: format!("{error:#}") })?;
    let pre: InstancePre<Call> =
        linker.instantiate_pre(component).map_err(|error| InstallError::Imports { what: format!("{error:#}") })?;
    AppPre::new(pre).map_err(|error| InstallError::Exports { what: format!("{error:#}") })
}
