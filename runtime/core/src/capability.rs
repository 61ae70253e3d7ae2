//! Decides what a host offers: one table of interfaces, their permission names
//! and their functions with types. It repeats `wit/` (a test compares them), so
//! that a bundle can be refused for what it imports before an engine sees it.
//!
//! What a program can only do by what its pages show (`image`) is a capability
//! too, without an interface: no import shows it, and so the permission alone has
//! to.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of the contract in `wit/` that this host speaks. Every `0.1.x` is
/// the same to it.
pub const CONTRACT: &str = "0.1";

/// The same as a number, for the manifest's `platform_version.min_code`.
pub const PLATFORM_CODE: u32 = 1;

/// The interface that a mini-program exports, without its version.
pub const PROGRAM_INTERFACE: &str = "mprun:app/program";

/// A function of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    /// Its name in WIT.
    pub name: &'static str,
    /// Its type in WIT, aliases resolved, records by name.
    pub signature: &'static str,
}

const fn f(name: &'static str, signature: &'static str) -> Function {
    Function { name, signature }
}

/// A record that signatures name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) name: &'static str,
    pub(crate) fields: &'static str,
}

/// The records of the contract. A type is compared by its fields: a record's
/// name is no part of a component's type.
pub(crate) const RECORDS: &[Record] = &[
    Record { name: "error", fields: "code: u32, message: string, retry-after-ms: option<u64>" },
    Record { name: "failure", fields: "code: u32, message: string, details: list<tuple<string, string>>" },
    Record { name: "page", fields: "route: string, state: list<u8>" },
    Record { name: "states", fields: "app: list<u8>, page: option<page>" },
    Record {
        name: "event",
        fields: "kind: string, message: list<u8>, values: list<tuple<string, string>>, payload: list<u8>",
    },
    Record {
        name: "frame",
        fields: "templates: list<u64>, definitions: list<u8>, ops: list<u32>, text: string, messages: list<u8>",
    },
];

/// What a mini-program exports, all of it.
pub const EXPORTS: &[Function] = &[
    f("launch", "func(environment: list<tuple<string, string>>) -> result<list<u8>, failure>"),
    f(
        "load",
        "func(app: list<u8>, route: string, parameters: list<tuple<string, string>>, environment: list<tuple<string, string>>) -> result<states, failure>",
    ),
    f(
        "update",
        "func(before: states, event: event, environment: list<tuple<string, string>>) -> result<states, failure>",
    ),
    f("view", "func(now: states, environment: list<tuple<string, string>>) -> result<frame, failure>"),
    f(
        "migrate",
        "func(route: option<string>, state: list<u8>, environment: list<tuple<string, string>>) -> result<option<list<u8>>, failure>",
    ),
];

/// Something that a host does for a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Messages for the developer. The only one that needs no permission.
    #[schemars(skip)]
    Log,
    /// What time it is.
    Clock,
    /// Unpredictable bytes.
    Random,
    /// Where the program runs.
    System,
    /// Bytes under keys, per user and program.
    Storage,
    /// Which page the user sees.
    Navigation,
    /// An event later.
    Timer,
    /// A short message over the page.
    Toast,
    /// Pictures from other servers, fetched by the host. No function: a page that
    /// shows one asks for it.
    Image,
}

impl Capability {
    /// All of them, in the order of this enum.
    pub const ALL: [Capability; 9] = [
        Capability::Log,
        Capability::Clock,
        Capability::Random,
        Capability::System,
        Capability::Storage,
        Capability::Navigation,
        Capability::Timer,
        Capability::Toast,
        Capability::Image,
    ];

    /// The name in `req_permissions`, which is also the interface's own name.
    pub const fn name(self) -> &'static str {
        match self {
            Capability::Log => "log",
            Capability::Clock => "clock",
            Capability::Random => "random",
            Capability::System => "system",
            Capability::Storage => "storage",
            Capability::Navigation => "navigation",
            Capability::Timer => "timer",
            Capability::Toast => "toast",
            Capability::Image => "image",
        }
    }

    /// The interface in WIT, without its version; `None` for what needs no call.
    pub const fn interface(self) -> Option<&'static str> {
        Some(match self {
            Capability::Log => "mprun:host/log",
            Capability::Clock => "mprun:host/clock",
            Capability::Random => "mprun:host/random",
            Capability::System => "mprun:host/system",
            Capability::Storage => "mprun:host/storage",
            Capability::Navigation => "mprun:host/navigation",
            Capability::Timer => "mprun:host/timer",
            Capability::Toast => "mprun:host/toast",
            Capability::Image => return None,
        })
    }

    /// Whether a program that uses it must request it: all but `log`.
    pub const fn needs_permission(self) -> bool {
        !matches!(self, Capability::Log)
    }

    /// What it lets a program do, one line for a person.
    pub const fn description(self) -> &'static str {
        match self {
            Capability::Log => "write messages for the developer",
            Capability::Clock => "read the time",
            Capability::Random => "get unpredictable bytes",
            Capability::System => "read language, time zone, theme and the host's name",
            Capability::Storage => "keep data for you on this host, at most 10 MiB",
            Capability::Navigation => "open and close its own pages",
            Capability::Timer => "continue later, also when you are not looking",
            Capability::Toast => "show a short message over the page",
            Capability::Image => "show pictures from other servers, which learn what stands in the addresses",
        }
    }

    /// Its functions, in the order of the WIT file.
    pub const fn functions(self) -> &'static [Function] {
        match self {
            Capability::Log => LOG,
            Capability::Clock => CLOCK,
            Capability::Random => RANDOM,
            Capability::System => SYSTEM,
            Capability::Storage => STORAGE,
            Capability::Navigation => NAVIGATION,
            Capability::Timer => TIMER,
            Capability::Toast => TOAST,
            Capability::Image => &[],
        }
    }

    /// The one with this permission name.
    pub fn by_name(name: &str) -> Option<Capability> {
        Capability::ALL.into_iter().find(|c| c.name() == name)
    }

    /// The one with this interface name (without a version).
    pub fn by_interface(interface: &str) -> Option<Capability> {
        Capability::ALL.into_iter().find(|c| c.interface() == Some(interface))
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no capability of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a capability, got `{got}`")]
pub struct UnknownCapability {
    /// What was found, cut to a readable length.
    pub got: String,
}

impl FromStr for Capability {
    type Err = UnknownCapability;
    fn from_str(name: &str) -> Result<Self, UnknownCapability> {
        Capability::by_name(name).ok_or_else(|| UnknownCapability { got: crate::identity::quoted(name) })
    }
}

const LOG: &[Function] = &[f("write", "func(level: u32, message: string)"), f("panic", "func(message: string)")];
const CLOCK: &[Function] = &[f("now", "func() -> result<u64, error>")];
const RANDOM: &[Function] = &[f("bytes", "func(length: u32) -> result<list<u8>, error>")];
const SYSTEM: &[Function] = &[f("info", "func() -> result<list<tuple<string, string>>, error>")];
const STORAGE: &[Function] = &[
    f("get", "func(key: string) -> result<option<list<u8>>, error>"),
    f("set", "func(key: string, value: list<u8>) -> result<_, error>"),
    f("delete", "func(key: string) -> result<bool, error>"),
    f("keys", "func(prefix: string, after: option<string>, limit: u32) -> result<list<string>, error>"),
    f("usage", "func() -> result<tuple<u64, u64>, error>"),
];
const NAVIGATION: &[Function] = &[
    f(
        "open",
        "func(route: string, parameters: list<tuple<string, string>>, reply: option<list<u8>>) -> result<u64, error>",
    ),
    f("redirect", "func(route: string, parameters: list<tuple<string, string>>) -> result<u64, error>"),
    f("close", "func(payload: option<list<u8>>) -> result<u64, error>"),
    f("relaunch", "func(route: string, parameters: list<tuple<string, string>>) -> result<u64, error>"),
];
const TIMER: &[Function] = &[
    f("after", "func(delay-ms: u64, message: list<u8>) -> result<u64, error>"),
    f("cancel", "func(id: u64) -> result<bool, error>"),
];
const TOAST: &[Function] = &[f("show", "func(text: string) -> result<u64, error>")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_capability() {
        for capability in Capability::ALL {
            assert_eq!(Capability::by_name(capability.name()), Some(capability));
            assert_eq!(capability.interface().is_none(), capability.functions().is_empty(), "{capability}");
            if let Some(interface) = capability.interface() {
                assert_eq!(Capability::by_interface(interface), Some(capability));
            }
            assert_eq!(serde_json::to_string(&capability).unwrap(), format!("\"{}\"", capability.name()));
        }
        assert_eq!(Capability::by_name("types"), None);
        assert_eq!(Capability::by_interface("mprun:host/image"), None);
    }
}
