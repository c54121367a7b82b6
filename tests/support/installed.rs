//! Whether a program is there that a test needs.

use std::process::{Command, Stdio};

/// Whether it is, asked for its version by `argument`. Where `CI` is set it has to be.
pub fn has_program(program: &str, argument: &str, test: &str) -> bool {
    let asked = Command::new(program).arg(argument).stdout(Stdio::null()).status();
    let found = asked.is_ok_and(|status| status.success());
    assert!(found || std::env::var_os("CI").is_none(), "{test} needs {program}");
    if !found {
        eprintln!("{test} is skipped: there is no {program}");
    }
    found
}
