//! The one place that looks at the process's environment: variables, the home
//! folder, the time zone's file, the clock, the current folder. Everybody else is
//! given values. What is unset, empty or not understood has a default here.

use std::{
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use mprun_core::trust::Date;
use mprun_host::{Direction, Environment, Theme};

use crate::build::wrapper::Package;

/// Where rows are kept, instead of the default folder.
pub(crate) const DATA: &str = "MPRUN_DATA";
/// Where `mprun serve` listens.
pub(crate) const LISTEN: &str = "MPRUN_LISTEN";
/// What is logged on stderr, as `tracing` filters are written.
pub(crate) const LOG: &str = "MPRUN_LOG";
/// The file that says whose programs may be used, instead of the default one.
pub(crate) const TRUST: &str = "MPRUN_TRUST";
/// The password of a secret key, for scripts that have no terminal.
pub(crate) const KEY_PASSWORD: &str = "MPRUN_KEY_PASSWORD";
/// Where a prepared guest compiler is looked for.
const CACHE: &str = "MPRUN_CACHE";

/// Set where cargo starts this program in place of the compiler.
pub(crate) const WRAP: &str = "MPRUN_RUSTC_WRAP";

/// Set where a host starts this program to compile a component.
pub(crate) const COMPILER: &str = "MPRUN_COMPILER";

/// Whether [`COMPILER`] is set; then this process does nothing but compile.
pub(crate) fn is_compiler() -> bool {
    env::var_os(COMPILER).is_some()
}

/// What [`WRAP`] says; then this process is to be the compiler.
pub(crate) fn wrap() -> Option<OsString> {
    env::var_os(WRAP)
}

/// The command line, as it was given.
pub(crate) fn arguments() -> env::ArgsOs {
    env::args_os()
}

/// The file of this program.
pub(crate) fn this_program() -> io::Result<PathBuf> {
    env::current_exe()
}

/// What this process runs, to be started once more. On Linux a name that means this
/// very image, also after an upgrade has put another file in its place.
pub(crate) fn this_image() -> io::Result<PathBuf> {
    let image = Path::new("/proc/self/exe");
    if image.exists() { Ok(image.to_owned()) } else { this_program() }
}

/// The package that cargo starts the compiler for; `None` where cargo only asks
/// the compiler about itself.
pub(crate) fn package() -> Option<Package> {
    Some(Package {
        name: variable("CARGO_PKG_NAME")?,
        version: variable("CARGO_PKG_VERSION")?,
        folder: env::var_os("CARGO_MANIFEST_DIR")?.into(),
    })
}

/// A variable that is set and not empty.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// A folder that a variable names. Relative ones are ignored, as the XDG base
/// directory specification asks.
fn folder(name: &str) -> Option<PathBuf> {
    env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// The user's home folder.
pub(crate) fn home() -> Option<PathBuf> {
    env::home_dir().filter(|path| path.is_absolute())
}

/// The folder for rows where none is named: `$XDG_DATA_HOME/mprun`.
pub(crate) fn data_folder() -> Option<PathBuf> {
    let base = folder("XDG_DATA_HOME").or_else(|| Some(home()?.join(".local/share")))?;
    Some(base.join("mprun"))
}

/// The folder for what people configure: `$XDG_CONFIG_HOME/mprun`.
pub(crate) fn config_folder() -> Option<PathBuf> {
    let base = folder("XDG_CONFIG_HOME").or_else(|| Some(home()?.join(".config")))?;
    Some(base.join("mprun"))
}

/// The trust file that [`TRUST`] names.
pub(crate) fn trust_file() -> Option<PathBuf> {
    env::var_os(TRUST).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// The folder of Docker's configuration, in which logins are kept.
pub(crate) fn docker_folder() -> Option<PathBuf> {
    let named = env::var_os("DOCKER_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
    named.or_else(|| Some(home()?.join(".docker")))
}

/// The proxy for other machines, and the names that are reached without it, as most
/// programs read them.
pub(crate) fn https_proxy() -> Option<(String, Option<String>)> {
    let either = |upper: &str, lower: &str| variable(upper).or_else(|| variable(lower));
    Some((either("HTTPS_PROXY", "https_proxy")?, either("NO_PROXY", "no_proxy")))
}

/// What [`KEY_PASSWORD`] says. An empty password is one too.
pub(crate) fn key_password() -> Option<String> {
    env::var(KEY_PASSWORD).ok()
}

/// Now, in seconds since 1970. A clock that stands before that is read as 1970:
/// then no key is valid that names a first day.
pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The day that it is, UTC.
pub(crate) fn today() -> Date {
    Date::from_unix_seconds(unix_seconds())
}

/// The folder for what can be made again; `scripts/guest-toolchain.sh` writes there.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    if let Some(path) = env::var_os(CACHE).filter(|path| !path.is_empty()) {
        return std::path::absolute(path).ok();
    }
    let base = folder("XDG_CACHE_HOME").or_else(|| Some(home()?.join(".cache")))?;
    Some(base.join("mprun"))
}

/// Where cargo keeps what it downloads; its paths must not get into bundles.
pub(crate) fn cargo_home() -> Option<PathBuf> {
    folder("CARGO_HOME").or_else(|| Some(home()?.join(".cargo")))
}

/// The compiler that the user has chosen, else the ordinary one.
pub(crate) fn rustc() -> PathBuf {
    env::var_os("RUSTC").filter(|path| !path.is_empty()).map_or_else(|| "rustc".into(), PathBuf::from)
}

/// Whether a program of this name can be found.
pub(crate) fn on_path(program: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// Folders in which the project's own checkout may lie: that of the running
/// program and the current one.
pub(crate) fn places() -> Vec<PathBuf> {
    this_program().into_iter().chain(env::current_dir()).collect()
}

/// Whether this is a Debian, or one of its children.
pub(crate) fn is_debian() -> bool {
    Path::new("/etc/debian_version").exists()
}

/// Whether colour is unwelcome: `NO_COLOR` is set, or the terminal has none.
pub(crate) fn no_colour() -> bool {
    variable("NO_COLOR").is_some() || variable("TERM").is_some_and(|term| term == "dumb")
}

/// Whether the terminal says that it is light. Most say nothing.
pub(crate) fn has_light_ground() -> bool {
    variable("COLORFGBG").is_some_and(|colours| theme(Some(&colours)) == Theme::Light)
}

/// What should be logged, if anything was said.
pub(crate) fn log_filter() -> Option<String> {
    variable(LOG)
}

/// What a program is told about the user: language, direction, time zone, theme.
pub(crate) fn environment() -> Environment {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(variable).unwrap_or_default();
    let locale = language_tag(&locale).unwrap_or_else(|| "en".to_owned());
    Environment {
        direction: direction(&locale),
        time_zone: time_zone().unwrap_or_else(|| "UTC".to_owned()),
        theme: theme(variable("COLORFGBG").as_deref()),
        locale,
    }
}

/// `de_AT.UTF-8@euro` is `de-AT`. The locales without a language have no tag.
fn language_tag(posix: &str) -> Option<String> {
    let name = posix.split(['.', '@']).next()?;
    let (language, region) = match name.split_once('_') {
        Some((language, region)) => (language, Some(region)),
        None => (name, None),
    };
    let letters = |text: &str, least: usize, most: usize| {
        (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if !letters(language, 2, 3) || !language.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    match region {
        Some(region) if letters(region, 2, 3) => Some(format!("{language}-{region}")),
        _ => Some(language.to_owned()),
    }
}

fn direction(tag: &str) -> Direction {
    match tag.split('-').next() {
        Some("ar" | "dv" | "fa" | "he" | "ps" | "sd" | "ug" | "ur" | "yi") => Direction::Rtl,
        _ => Direction::Ltr,
    }
}

/// Many terminals say `foreground;background` in colour numbers.
fn theme(colours: Option<&str>) -> Theme {
    match colours.and_then(|text| text.rsplit(';').next()?.parse::<u8>().ok()) {
        Some(0..=6 | 8) => Theme::Dark,
        _ => Theme::Light,
    }
}

fn time_zone() -> Option<String> {
    let named = variable("TZ").map(|zone| zone.trim_start_matches(':').to_owned());
    let written = || fs::read_to_string("/etc/timezone").ok().map(|text| text.trim().to_owned());
    let linked = || {
        let target = fs::read_link("/etc/localtime").ok()?;
        Some(target.to_str()?.split_once("zoneinfo/")?.1.to_owned())
    };
    named
        .filter(|zone| is_zone(zone))
        .or_else(|| linked().filter(|zone| is_zone(zone)))
        .or_else(|| written().filter(|zone| is_zone(zone)))
}

/// Names of the time zone database; not the rules that POSIX allows in `TZ`.
fn is_zone(name: &str) -> bool {
    (2..=64).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'+'))
        && (name.contains('/') || name.bytes().all(|byte| byte.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_become_language_tags() {
        for (posix, tag) in [
            ("de_AT.UTF-8", Some("de-AT")),
            ("de_AT@euro", Some("de-AT")),
            ("eo", Some("eo")),
            ("es_419.UTF-8", Some("es-419")),
            ("C.UTF-8", None),
            ("POSIX", None),
            ("", None),
            ("../../etc", None),
        ] {
            assert_eq!(language_tag(posix).as_deref(), tag, "{posix}");
        }
        assert_eq!(direction("he-IL"), Direction::Rtl);
        assert_eq!(direction("en"), Direction::Ltr);
    }

    #[test]
    fn zones_are_names_of_the_database() {
        for (name, good) in
            [("Europe/Vienna", true), ("UTC", true), ("CET-1CEST", false), ("/etc/passwd", false), ("", false)]
        {
            assert_eq!(is_zone(name), good, "{name}");
        }
    }

    #[test]
    fn a_dark_background_is_a_dark_theme() {
        assert_eq!(theme(Some("15;0")), Theme::Dark);
        assert_eq!(theme(Some("0;default;15")), Theme::Light);
        assert_eq!(theme(None), Theme::Light);
    }
}
