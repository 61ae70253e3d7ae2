//! What programs can call, one file for each capability. Everything passes
//! [`crate::gate`] first.

mod clock;
mod log;
mod navigation;
mod random;
mod storage;
mod system;
mod timer;
mod toast;

use wasmtime::component::Linker;

use crate::bindings::App;
use crate::call::Call;
use crate::gate::{InView, Live, Pure, Stop};

pub(crate) use navigation::{Move, check_parameters};

/// All functions, for `launch`, `load`, `update` and `migrate`.
pub(crate) fn link(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    App::add_to_linker::<Call, Live>(linker, |call| call)
}

/// All functions as they are in `view`: every one but `log` ends the call.
pub(crate) fn link_view(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    App::add_to_linker::<Call, Pure>(linker, |call| InView(call))
}

/// What every function of an interface but `log` does in `view`.
fn in_view(function: &str) -> Stop {
    Stop::Ended(wasmtime::Error::msg(format!("`{function}` was called in `view`, where only `log` works")))
}
