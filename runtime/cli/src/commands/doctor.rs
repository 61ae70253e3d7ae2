//! `mprun doctor`: what this machine gives to mprun, and what it does not, found
//! out by trying. The jail of the compiler is entered, and then everything is
//! tried that should not be possible inside. Exit code 1 if something is unsafe or
//! damaged; what is only missing costs time or a second line of defence.

use std::fmt::Write as _;
use std::path::Path;

use mprun_host::compile::{Force, Report};
use mprun_registry::{Checked, Registry};

use super::machine;
use crate::{
    args::DoctorArgs,
    commands,
    error::{self, CommandError},
    output,
};

/// What was found.
#[derive(Debug, Default)]
struct Findings {
    text: String,
    /// What makes this machine unfit.
    wrong: Vec<String>,
}

/// Runs the command.
pub(crate) fn doctor(args: &DoctorArgs) -> Result<(), CommandError> {
    let mut findings = Findings::default();
    let folder = commands::data_folder(&args.data)?;
    findings.line("mprun", &format!("{}, {}", env!("CARGO_PKG_VERSION"), system()));
    findings.compiler()?;
    findings.native(&folder);
    findings.registry(&folder);
    findings.line("data", &folder.display().to_string());
    output::data(findings.text.as_bytes())?;
    match findings.wrong.as_slice() {
        [] => Ok(()),
        wrong => Err(error::user(format_args!("this machine is not fit: {}", wrong.join("; ")))),
    }
}

fn system() -> String {
    let kernel = rustix::system::uname();
    let part = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
    format!("{} {} {}", part(kernel.sysname()), part(kernel.release()), part(kernel.machine()))
}

impl Findings {
    fn line(&mut self, name: &str, text: &str) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.text, "{name:<14}{text}");
    }

    fn part(&mut self, name: &str, text: &str) {
        let _ = writeln!(self.text, "  {name:<28}{text}");
    }

    fn compiler(&mut self) -> Result<(), CommandError> {
        let jailed = machine::jailed()?;
        let limits = jailed.limits();
        let (seconds, mib) = (limits.deadline.as_secs(), limits.memory_bytes_max >> 20);
        self.line("compiler", &format!("a child process for each component, at most {seconds} s and {mib} MiB"));
        match commands::runtime()?.block_on(jailed.report()) {
            Ok(report) => self.jail(&report),
            Err(cause) => {
                self.part("does not work", &cause.to_string());
                self.wrong.push("nothing can be compiled".to_owned());
            }
        }
        Ok(())
    }

    fn jail(&mut self, Report { confinement, attempts }: &Report) {
        for (name, force) in confinement.parts() {
            let text = match force {
                Force::Full => "in force".to_owned(),
                Force::Partly(why) => format!("partly in force: {why}"),
                Force::Absent(why) => format!("not in force: {why}"),
            };
            self.part(name, &text);
        }
        for attempt in attempts {
            let text = if attempt.refused { "refused" } else { "POSSIBLE" };
            self.part(&format!("tries to {}", attempt.what), text);
            if !attempt.refused {
                self.wrong.push(format!("a compiling child can {}", attempt.what));
            }
        }
    }

    fn native(&mut self, folder: &Path) {
        let text = match machine::native_cache(folder) {
            Ok(Ok(cache)) => match cache.size() {
                Ok((files, bytes)) => {
                    let bytes = output::size(usize::try_from(bytes).unwrap_or(usize::MAX));
                    format!("{files} programs, {bytes} of at most {} MiB", machine::NATIVE_BYTES_MAX >> 20)
                }
                Err(cause) => format!("cannot be read: {cause}"),
            },
            Ok(Err(cause)) => format!("nothing can be kept, each start compiles again: {}", error::chain(&cause)),
            Err(problem) => {
                self.wrong.push("this machine's key is no key".to_owned());
                problem.hints.join("; ")
            }
        };
        self.line("native code", &text);
    }

    fn registry(&mut self, folder: &Path) {
        let checked = Registry::open(&commands::registry_folder(folder)).and_then(|registry| registry.check());
        let text = match checked {
            Ok(Checked { programs, bytes, orphans }) => {
                let size = |bytes| output::size(usize::try_from(bytes).unwrap_or(usize::MAX));
                let left = match orphans.files {
                    0 => String::new(),
                    files => format!("; {files} files that nothing needs ({}): mprun gc", size(orphans.bytes)),
                };
                format!("{programs} programs, {}, all sound{left}", size(bytes))
            }
            Err(cause) => {
                self.wrong.push("the registry is damaged".to_owned());
                match cause.hint() {
                    Some(hint) => format!("{cause} ({hint})"),
                    None => cause.to_string(),
                }
            }
        };
        self.line("registry", &text);
    }
}
