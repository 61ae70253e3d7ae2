//! The one place that every host call passes: is the capability requested in the
//! manifest and how far, may it be used in this call, and is there budget left.
//! Nothing behind the gate asks again.
//!
//! A refusal is an answer that the program can live with; running out of budget,
//! calling from `view`, and failures of the host end the call.

use mprun_core::capability::Capability;
use mprun_core::manifest::{KeyScope, Scope};
use wasmtime::component::HasData;

use crate::bindings::mprun::host::types;
use crate::call::{Call, End};

/// How a host function ends other than with a value.
#[derive(Debug)]
pub enum Stop {
    /// The program is told, and goes on.
    Refused(types::Error),
    /// The call is over.
    Ended(wasmtime::Error),
}

impl Stop {
    /// The capability is not granted.
    pub(crate) fn denied(message: impl Into<String>) -> Stop {
        refused(1, message.into())
    }

    /// A limit is reached; waiting does not help.
    pub(crate) fn limited(message: impl Into<String>) -> Stop {
        refused(2, message.into())
    }

    /// An argument is outside of what the contract allows.
    pub(crate) fn invalid(message: impl Into<String>) -> Stop {
        refused(3, message.into())
    }
}

fn refused(code: u32, message: String) -> Stop {
    Stop::Refused(types::Error { code, message, retry_after_ms: None })
}

impl From<wasmtime::Error> for Stop {
    fn from(error: wasmtime::Error) -> Stop {
        Stop::Ended(error)
    }
}

impl From<Stop> for wasmtime::Error {
    fn from(stop: Stop) -> wasmtime::Error {
        match stop {
            Stop::Ended(error) => error,
            Stop::Refused(error) => wasmtime::Error::msg(error.message),
        }
    }
}

impl Call {
    /// Lets a call of `function` pass, with `bytes` of arguments.
    pub(crate) fn pass(&mut self, capability: Capability, function: &'static str, bytes: usize) -> Result<(), Stop> {
        if self.transaction.is_none() && capability != Capability::Log {
            return Err(Stop::Ended(wasmtime::Error::msg(format!(
                "`{capability}.{function}` was called in `view`, where only `log` works"
            ))));
        }
        // Installing refuses a program that imports what it does not request; this
        // holds also if a later way of installing should forget to.
        if capability.needs_permission() && !self.program.manifest().requests(capability) {
            return Err(Stop::denied(format!("`{capability}` is not in the manifest's `req_permissions`")));
        }
        self.count(bytes)
    }

    /// Lets a key of the storage pass: it is within the permission's scope.
    pub(crate) fn pass_key(&self, key: &str) -> Result<(), Stop> {
        match self.storage_scope() {
            Some((position, scope)) if !scope.has_key(key) => {
                let place = format!("`req_permissions[{position}].scope` in the manifest");
                Err(Stop::denied(format!("expected {scope} ({place}), got `{}`", crate::call::cut(key, 80))))
            }
            _ => Ok(()),
        }
    }

    /// Which keys a list of those with this prefix may contain: those with one of
    /// these, which are in order and have no key in common.
    pub(crate) fn pass_prefix(&self, prefix: &str) -> Vec<String> {
        let within = self.storage_scope().map(|(_, scope)| scope.within(prefix));
        within.unwrap_or_else(|| vec![prefix]).into_iter().map(str::to_owned).collect()
    }

    /// How far the permission `storage` goes, and which one of the manifest it is;
    /// `None` where it goes as far as the capability.
    fn storage_scope(&self) -> Option<(usize, &KeyScope)> {
        let mut permissions = self.program.manifest().req_permissions.iter().enumerate();
        let (position, permission) = permissions.find(|(_, permission)| permission.name == Capability::Storage)?;
        match permission.scope.as_ref()? {
            Scope::Keys(keys) => Some((position, keys)),
            Scope::Hosts(_) => None,
        }
    }

    /// Counts bytes of a result.
    pub(crate) fn count(&mut self, bytes: usize) -> Result<(), Stop> {
        self.usage.host_call(bytes).map_err(|reached| Stop::Ended(reached.into()))
    }

    /// Ends the call for a reason of the host's own.
    pub(crate) fn end(&mut self, end: End) -> Stop {
        let error = wasmtime::Error::msg(end.to_string());
        self.end = Some(end);
        Stop::Ended(error)
    }

    /// Waits for `answer`, but not beyond the deadline: epochs interrupt programs
    /// and not a host that waits.
    pub(crate) async fn within<T>(&mut self, answer: impl Future<Output = T>) -> Result<T, Stop> {
        match tokio::time::timeout_at(self.deadline, answer).await {
            Ok(value) => Ok(value),
            Err(_) => {
                self.usage.reached = Some(crate::budget::Limit::Deadline);
                Err(Stop::Ended(wasmtime::Error::msg("the deadline passed in a host function")))
            }
        }
    }
}

/// Host functions of `launch`, `load`, `update` and `migrate`.
pub(crate) struct Live;

impl HasData for Live {
    type Data<'a> = &'a mut Call;
}

/// Host functions of `view`: they end the call, all but `log`.
pub(crate) struct Pure;

impl HasData for Pure {
    type Data<'a> = InView<'a>;
}

/// A call of `view`.
pub(crate) struct InView<'a>(pub(crate) &'a mut Call);

impl types::Host for Call {
    fn convert_error(&mut self, stop: Stop) -> wasmtime::Result<types::Error> {
        match stop {
            Stop::Refused(error) => Ok(error),
            Stop::Ended(error) => Err(error),
        }
    }
}

impl types::Host for InView<'_> {
    fn convert_error(&mut self, stop: Stop) -> wasmtime::Result<types::Error> {
        self.0.convert_error(stop)
    }
}
