//! Runs the compiler for a program in the making and keeps what it says: the
//! errors are for the open pages too. Dropped, it ends cargo.

use std::{path::PathBuf, process::Stdio};

use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::Command,
};

use super::builder::Broken;
use crate::{
    build::{cargo, project::Project, toolchain::Toolchain},
    error::{self, CommandError},
};

/// Bytes of what cargo itself says that are kept.
const CARGO_BYTES_MAX: u64 = 64 * 1024;

/// What the compiler made.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) module: PathBuf,
    /// What it had to say nevertheless.
    pub(super) warnings: String,
}

/// Compiles. `loud`: cargo itself writes to the terminal; otherwise what it says is
/// part of the failure.
pub(super) async fn run(
    project: &Project,
    toolchain: &Toolchain,
    colours: bool,
    loud: bool,
) -> Result<Compiled, Broken> {
    let mut command = Command::from(cargo::dev(project, toolchain, colours));
    command.stdout(Stdio::piped()).kill_on_drop(true);
    command.stderr(if loud { Stdio::inherit() } else { Stdio::piped() });
    let mut child = command.spawn().map_err(cargo::not_started)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());

    let mut said = Said::default();
    let messages = async {
        let Some(stdout) = stdout else { return Ok(()) };
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next_line().await? {
            said.hear(&line, &project.package);
        }
        Ok::<_, std::io::Error>(())
    };
    let cargos = async {
        let mut text = Vec::new();
        if let Some(mut stderr) = stderr {
            (&mut stderr).take(CARGO_BYTES_MAX).read_to_end(&mut text).await?;
            // The rest as well, or cargo would wait for somebody to take it.
            tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await?;
        }
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&text).into_owned())
    };
    // Both at once: cargo waits where one of them is not read.
    let ((), cargos) =
        tokio::try_join!(messages, cargos).map_err(|cause| error::internal("cannot read what cargo says", cause))?;
    let status = child.wait().await.map_err(|cause| error::internal("cannot wait for cargo", cause))?;
    said.judge(status.success(), &cargos)
}

/// What came on cargo's stdout.
#[derive(Debug, Default)]
struct Said {
    module: Option<PathBuf>,
    errors: String,
    warnings: String,
}

/// One of cargo's messages, as far as the compiler speaks in it.
#[derive(Deserialize)]
struct Message {
    reason: String,
    message: Option<Diagnostic>,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    message: String,
    rendered: Option<String>,
}

impl Said {
    fn hear(&mut self, line: &str, package: &str) {
        self.module = cargo::artifact(line, package).or_else(|| self.module.take());
        let Ok(Message { reason, message: Some(diagnostic) }) = serde_json::from_str(line) else { return };
        // How many there were counts whoever reads them.
        let is_count = diagnostic.message.starts_with("aborting due to") || diagnostic.message.ends_with(" emitted");
        let Some(rendered) = diagnostic.rendered.filter(|_| reason == "compiler-message" && !is_count) else { return };
        let texts = match diagnostic.level.as_str() {
            "warning" => &mut self.warnings,
            level if level.starts_with("error") => &mut self.errors,
            _ => return,
        };
        texts.push_str(rendered.trim_end());
        texts.push_str("\n\n");
    }

    fn judge(self, success: bool, cargos: &str) -> Result<Compiled, Broken> {
        let Said { module, errors, warnings } = self;
        match module {
            Some(module) if success => Ok(Compiled { module, warnings }),
            None if success => Err(error::user("cargo compiled no WebAssembly module for this package").into()),
            _ => Err(Broken {
                // Where the compiler was not even started, cargo says why.
                diagnostics: if errors.is_empty() { cargos.to_owned() } else { errors },
                error: does_not_compile(),
            }),
        }
    }
}

fn does_not_compile() -> CommandError {
    error::user("the program does not compile")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(level: &str, text: &str) -> String {
        serde_json::json!({
            "reason": "compiler-message",
            "package_id": "p",
            "message": { "level": level, "message": text, "rendered": format!("{level}: {text}\n"), "spans": [] },
        })
        .to_string()
    }

    #[test]
    fn errors_are_kept_and_counts_are_not() {
        let mut said = Said::default();
        for (level, text) in [
            ("warning", "unused variable: `a`"),
            ("error", "mismatched types"),
            ("error: internal compiler error", "oh"),
            ("error", "aborting due to 2 previous errors; 1 warning emitted"),
            ("warning", "1 warning emitted"),
            ("failure-note", "For more information about this error, try `rustc --explain E0308`."),
        ] {
            said.hear(&message(level, text), "p");
        }
        said.hear("   Compiling shop v1.0.0", "p");
        let Err(broken) = said.judge(false, "error: could not compile `shop`") else { panic!() };
        assert_eq!(broken.diagnostics, "error: mismatched types\n\nerror: internal compiler error: oh\n\n");
        assert_eq!(broken.error.error.to_string(), "the program does not compile");
    }

    #[test]
    fn where_the_compiler_was_not_started_cargo_says_why() {
        let Err(broken) = Said::default().judge(false, "error: no matching package named `nothing` found") else {
            panic!()
        };
        assert!(broken.diagnostics.contains("no matching package"));
    }

    #[test]
    fn a_module_comes_with_its_warnings() {
        let mut said = Said::default();
        said.hear(r#"{"reason":"compiler-artifact","package_id":"p","filenames":["/t/shop.wasm"]}"#, "p");
        said.hear(&message("warning", "unused variable: `a`"), "p");
        said.hear(r#"{"reason":"build-finished","success":true}"#, "p");
        let compiled = said.judge(true, "").unwrap();
        assert_eq!(compiled.module, PathBuf::from("/t/shop.wasm"));
        assert_eq!(compiled.warnings, "warning: unused variable: `a`\n\n");
        // One that is left over from before counts for nothing.
        let old = Said { module: Some("/t/shop.wasm".into()), ..Said::default() };
        assert!(old.judge(false, "").is_err());
        assert!(Said::default().judge(true, "").is_err());
    }
}
