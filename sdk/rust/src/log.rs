//! Messages for the developer. They go into the operator's log, need no
//! permission, and are the only thing that works in `view` as well.

/// How important a message is.
///
/// ```
/// assert!(mprun::Level::Error < mprun::Level::Info);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// Something is broken.
    Error = 1,
    /// Something is not as it should be.
    Warn = 2,
    /// Something happened.
    Info = 3,
    /// For the developer only.
    Debug = 4,
}

/// Writes a message; the macros [`crate::info`] and so on are shorter. Cut at
/// 4 KiB; after 64 messages in an event the rest is only counted.
///
/// ```
/// mprun::log(mprun::Level::Info, "the kitchen opens");
/// ```
pub fn write(level: Level, message: &str) {
    crate::host::log_write(level as u32, message);
}

macro_rules! level_macro {
    ($dollar:tt $name:ident, $level:ident, $doc:literal) => {
        #[doc = $doc]
        ///
        /// ```
        /// let orders = 3;
        #[doc = concat!("mprun::", stringify!($name), "!(\"{orders} orders\");")]
        /// ```
        #[macro_export]
        macro_rules! $name {
                                    ($dollar($dollar arguments:tt)+) => {
                                        $crate::log($crate::Level::$level, &::std::format!($dollar($dollar arguments)+))
                                    };
                                }
    };
}

level_macro!($ error, Error, "Logs that something is broken, as `format!` writes it.");
level_macro!($ warn, Warn, "Logs that something is not as it should be, as `format!` writes it.");
level_macro!($ info, Info, "Logs that something happened, as `format!` writes it.");
level_macro!($ debug, Debug, "Logs something for the developer only, as `format!` writes it.");
