//! What goes wrong around the program: disks that are full, readers that go away, files that change, signals.
#![cfg(unix)]

#[path = "../support/mod.rs"]
mod support;

mod files;
mod outputs;
mod signals;

use std::process::{Command, Stdio};

/// The program in the folder of our captures, its standard input empty.
fn wscope(args: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("wscope"));
    command.args(args).current_dir(support::gallery()).stdin(Stdio::null());
    command
}
