//! The command starts. Being here, this test also makes `cargo test --workspace`
//! build the command that the tests of `tests/` run: together with them, so that
//! the engine is compiled once.

use std::process::Command;

#[test]
fn the_command_says_its_version() {
    let output = Command::new(env!("CARGO_BIN_EXE_mprun")).arg("--version").output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), concat!("mprun ", env!("CARGO_PKG_VERSION")));
}
