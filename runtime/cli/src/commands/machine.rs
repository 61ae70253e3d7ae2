//! What this machine gives to a host: a jailed child of this program that
//! compiles, and native code that was compiled before, kept beside the rows and
//! authenticated with a key that lies there too. Without them programs still run,
//! a little later.

use std::path::Path;

use mprun_core::trust::Admitted;
use mprun_host::HostConfig;
use mprun_host::compile::{CompileLimits, Compiler, Jailed, KeyError, MachineKey, NativeCache};

use crate::{
    args::DataArgs,
    commands, env,
    error::{self, CommandError},
    output::Progress,
};

/// The key of this machine, in the data folder.
const KEY_FILE: &str = "machine.key";
/// The folder of native code, in the data folder. What is in there can be deleted.
const NATIVE_FOLDER: &str = "native";
/// Most bytes of native code that are kept; some thousand programs.
pub(super) const NATIVE_BYTES_MAX: u64 = 1 << 30;

/// A configuration with everything that this machine has to offer, for a host
/// whose data lie in `folder`.
///
/// # Errors
/// The machine's key is no key: somebody else may have put it there.
pub(super) fn host_config(folder: &Path) -> Result<HostConfig, CommandError> {
    let native_cache = match native_cache(folder)? {
        Ok(cache) => Some(cache),
        Err(cause) => {
            let why = error::chain(&cause);
            tracing::warn!("native code cannot be kept, each start compiles again: {why}");
            None
        }
    };
    Ok(HostConfig { compiler: Compiler::Jailed(jailed()?), native_cache, ..HostConfig::default() })
}

/// This program itself, as the compiler.
pub(super) fn jailed() -> Result<Jailed, CommandError> {
    let program = env::this_image().map_err(|cause| error::internal("cannot find the file of this program", cause))?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(Jailed::new(program, env::COMPILER, CompileLimits::default(), cores.div_ceil(2)))
}

/// The native code that is kept beside the rows, or why nothing can be kept.
///
/// # Errors
/// As [`host_config`].
pub(super) fn native_cache(folder: &Path) -> Result<Result<NativeCache, KeyError>, CommandError> {
    let path = folder.join(KEY_FILE);
    match MachineKey::open(&path) {
        Ok(key) => Ok(Ok(NativeCache::new(folder.join(NATIVE_FOLDER), &key, NATIVE_BYTES_MAX))),
        Err(cause @ KeyError::Io { .. }) => Ok(Err(cause)),
        Err(cause @ KeyError::NotAKey { .. }) => Err(error::user_with("native code cannot be trusted here", cause)
            .hint(format!("delete it, and a new one is made: rm {}", path.display()))),
    }
}

/// Makes a program ready for later: its native code is kept, and its `app_id` is
/// its own from now on.
///
/// # Errors
/// It cannot run here, or the `app_id` is somebody else's.
pub(super) fn prepare(args: &DataArgs, path: &Path, admitted: &Admitted) -> Result<(), CommandError> {
    let folder = commands::data_folder(args)?;
    // Nothing runs: one slot is enough.
    let config = HostConfig { instances_max: 1, ..host_config(&folder)? };
    let storage = commands::open_storage(args)?;
    let _progress = Progress::start(&format!("compiling {}", path.display()), 0);
    commands::runtime()?.block_on(async {
        let host = commands::start_host(config, storage).await?;
        host.prepare(admitted).await.map_err(|cause| commands::not_installed(path, cause))
    })
}
