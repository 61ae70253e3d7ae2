//! From a verified component to native code. Compiling is untrusted work: a
//! component can keep a compiler busy for hours or fill the machine's memory, and
//! that is no bug of the compiler. So it is done by a child process ([`child`])
//! that gives up every power before it reads the first byte ([`jail`], [`worker`]),
//! and its work is kept, authenticated, for the next start ([`cache`]).
//!
//! What the child returns is trusted as the compiler's output: the jail bounds
//! cost and reach, it does not check code. [`load`] is the one `unsafe` of the
//! runtime.

mod cache;
mod child;
mod jail;
mod worker;

use std::hash::{Hash as _, Hasher};
use std::sync::Arc;
use std::time::Duration;

use mprun_core::bundle::Bundle;
use mprun_core::identity::Digest;
use wasmtime::Engine;
use wasmtime::component::Component;

pub use self::cache::{CacheUse, KeyError, MachineKey, NativeCache};
pub use self::child::Jailed;
pub use self::jail::{Confinement, Force};
pub use self::worker::{Attempt, Report, work};

use crate::engine::Exposure;

/// Largest native code of one program, in bytes. Code grows by a factor of four
/// or so, and a bundle has at most 8 MiB.
pub(crate) const NATIVE_BYTES_MAX: usize = 128 << 20;

/// Processors that one child may keep busy.
const THREADS_MAX: usize = 4;

/// Where components are compiled.
#[derive(Debug, Clone, Default)]
pub enum Compiler {
    /// In this process: for programs that are trusted not to harm the compiler,
    /// such as those of a test. Nothing bounds the time or the memory.
    #[default]
    InProcess,
    /// In a child process that can do nothing but compile.
    Jailed(Jailed),
}

/// What one compilation may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// Address space of the child, in bytes.
    pub memory_bytes_max: u64,
    /// From start to end.
    pub deadline: Duration,
}

impl Default for CompileLimits {
    /// 2 GiB and 60 s.
    fn default() -> Self {
        CompileLimits { memory_bytes_max: 2 << 30, deadline: Duration::from_secs(60) }
    }
}

/// Why there is no native code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The compiler refuses the component.
    #[error("the component cannot be run here: {what}")]
    Refused {
        /// The compiler's reason.
        what: String,
    },
    /// It took more than it may.
    #[error("compiling the component takes more than {limit}")]
    Exhausted {
        /// Which limit, with its value: `60 s`.
        limit: String,
    },
    /// The child could not be started, or ended for no reason of the component's.
    #[error("the compiler failed: {what}")]
    Failed {
        /// What happened.
        what: String,
    },
}

impl CompileError {
    /// What would help, if it is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            CompileError::Refused { .. } => Some(
                "build with `mprun build`, or for `wasm32-unknown-unknown` without further target features".to_owned(),
            ),
            CompileError::Exhausted { .. } => {
                Some("an honest program compiles in a second: split functions of many thousand lines".to_owned())
            }
            CompileError::Failed { .. } => Some("see what this machine allows: mprun doctor".to_owned()),
        }
    }
}

/// Everything that turns bundles into components for one engine.
#[derive(Debug, Clone)]
pub(crate) struct Compilation {
    engine: Engine,
    settings: Settings,
    target: Target,
    compiler: Compiler,
    cache: Option<Arc<NativeCache>>,
}

/// What the code of an engine depends on, beside this program's own version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Settings {
    /// [`Exposure::wide`].
    pub(crate) wide: bool,
    /// Most memory of a program, in bytes.
    pub(crate) program_memory_bytes_max: usize,
}

impl Compilation {
    pub(crate) fn new(
        engine: &Engine,
        exposure: Exposure,
        program_memory_bytes_max: usize,
        compiler: Compiler,
        cache: Option<NativeCache>,
    ) -> Self {
        Compilation {
            engine: engine.clone(),
            settings: Settings { wide: exposure.wide, program_memory_bytes_max },
            target: Target::of(engine),
            compiler,
            cache: cache.map(Arc::new),
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The component of a bundle: from the cache, else compiled, and kept.
    pub(crate) async fn component(&self, bundle: &Bundle) -> Result<Component, CompileError> {
        let digest = bundle.digest();
        if let Some(component) = self.apart(move |this| Ok(this.kept(&digest))).await? {
            return Ok(component);
        }
        let native = match &self.compiler {
            Compiler::Jailed(jailed) => jailed.compile(self.settings, bundle.component()).await?,
            Compiler::InProcess => {
                let component = bundle.component().to_vec();
                self.apart(move |this| translate(&this.engine, &component)).await?
            }
        };
        self.apart(move |this| {
            let component = load(&this.engine, &native)?;
            if let Some(cache) = &this.cache {
                cache.write(&digest, &this.target, &native);
            }
            Ok(component)
        })
        .await
    }

    fn kept(&self, digest: &Digest) -> Option<Component> {
        let native = self.cache.as_ref()?.read(digest, &self.target)?;
        // Authentic and made for this engine, it is refused only where this host's
        // limits are narrower than those of the one that made it. Compiling says so.
        load(&self.engine, &native)
            .inspect_err(|error| tracing::debug!(%digest, "native code is refused: {error}"))
            .ok()
    }

    /// Does what takes long, and never waits, on a thread that serves no pages.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, CompileError> + Send + 'static,
    ) -> Result<T, CompileError> {
        let this = self.clone();
        tokio::task::spawn_blocking(move || work(&this))
            .await
            .unwrap_or_else(|error| Err(CompileError::Failed { what: error.to_string() }))
    }
}

/// Compiles in this process.
fn translate(engine: &Engine, component: &[u8]) -> Result<Vec<u8>, CompileError> {
    engine.precompile_component(component).map_err(|error| CompileError::Refused { what: format!("{error:#}") })
}

/// Makes native code a component.
fn load(engine: &Engine, native: &[u8]) -> Result<Component, CompileError> {
    #[expect(unsafe_code, reason = "native code is run: there is no safe way to say so")]
    // SAFETY: `native` was made by wasmtime's own compiler: it comes from this
    // process, from the child that this process started from its own file, or from
    // the cache, where a keyed hash over all of it (with the digest and the engine)
    // was checked after it had been read into this memory. Nobody else can write
    // here, and wasmtime copies it before use. Whether it was made for this engine
    // is checked by wasmtime.
    let component = unsafe { Component::deserialize(engine, native) };
    component.map_err(|error| CompileError::Refused { what: format!("{error:#}") })
}

/// Which engine native code is made for: everything that has to be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target([u8; 32]);

impl Target {
    pub(crate) fn of(engine: &Engine) -> Target {
        let mut wide = Wide(blake3::Hasher::new());
        engine.precompile_compatibility_hash().hash(&mut wide);
        Target(*wide.0.finalize().as_bytes())
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A hasher whose result can be had whole.
struct Wide(blake3::Hasher);

impl Hasher for Wide {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        self.0.finalize().as_bytes().first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
    }
}

#[cfg(test)]
mod tests {
    use mprun_core::budget::Budget;

    use super::*;
    use crate::engine;

    #[test]
    fn the_compilers_engine_makes_code_for_the_hosts() {
        for wide in [true, false] {
            let exposure = Exposure { instances: 2, wide };
            let host = engine::pooling(&Budget::default(), exposure).unwrap();
            let settings = Settings { wide, program_memory_bytes_max: Budget::default().memory_bytes_max };
            let compiler = engine::compiling(settings).unwrap();
            assert_eq!(Target::of(&host), Target::of(&compiler), "wide: {wide}");
            let native = translate(&compiler, &wat::parse_str("(component)").unwrap()).unwrap();
            assert!(load(&host, &native).is_ok());
        }
        let [one, other] = [true, false]
            .map(|wide| Target::of(&engine::compiling(Settings { wide, program_memory_bytes_max: 64 << 20 }).unwrap()));
        assert_ne!(one, other);
    }

    #[test]
    fn limits_of_the_pool_hold_for_compiled_code_too() {
        let exposure = Exposure { instances: 2, wide: true };
        let host = engine::pooling(&Budget::default(), exposure).unwrap();
        let compiler = engine::compiling(Settings { wide: true, program_memory_bytes_max: 64 << 20 }).unwrap();
        let text = "(component (core module $m (memory 1025)) (core instance (instantiate $m)))";
        let native = translate(&compiler, &wat::parse_str(text).unwrap()).unwrap();
        let error = load(&host, &native).unwrap_err().to_string();
        assert!(error.contains("memory"), "{error}");
    }
}
