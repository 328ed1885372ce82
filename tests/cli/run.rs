//! Runs the program, in the folder of our captures, without a terminal.

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use tempfile::TempDir;

use crate::support;

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
    pub(crate) code: i32,
}

impl Ran {
    /// Standard output as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap()
    }

    /// Everything in one text, to compare with what is expected of it.
    pub(crate) fn all(&self) -> String {
        format!("{}--- stderr ---\n{}--- exit {} ---\n", self.text(), self.err, self.code)
    }
}

/// The program, not run yet.
pub(crate) fn wscope(args: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("wscope"));
    command.current_dir(support::gallery()).args(args);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM"] {
        command.env_remove(name);
    }
    // The width of help texts.
    command.env("COLUMNS", "100");
    command
}

/// Runs it.
pub(crate) fn run(args: &[&str]) -> Ran {
    finished(&mut wscope(args))
}

/// Runs it with `input` on standard input.
pub(crate) fn run_with(args: &[&str], input: &[u8]) -> Ran {
    finished(wscope(args).write_stdin(input))
}

pub(crate) fn finished(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        out: output.stdout,
        err: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().unwrap(),
    }
}

/// Runs it, where it must succeed and say nothing on standard error.
pub(crate) fn output(args: &[&str]) -> String {
    let ran = run(args);
    assert_eq!((ran.code, &*ran.err), (0, ""), "{args:?}");
    String::from_utf8(ran.out).unwrap()
}

/// A file with these bytes, in a folder that lives as long as the value.
pub(crate) fn file(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// The bytes of one of our captures.
pub(crate) fn capture(name: &str) -> Vec<u8> {
    fs::read(support::gallery().join(name)).unwrap()
}
