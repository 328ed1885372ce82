//! The command line: one file a command.

pub mod args;
mod doctor;
mod export;
mod follow;
mod inspect;
mod ls;
mod pages;
mod plain;
mod session;
mod show;
mod stats;
mod table;

use std::io;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Cli, Command, Ls};

/// Bad usage, unreadable input, an output that cannot be written.
const TROUBLE: u8 = 2;

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It did what it was asked.
    Done,
    /// What was asked for is not in the capture, or the capture is not what it must be.
    Trouble,
}

/// Runs the program on the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Trouble) => ExitCode::from(TROUBLE),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            session::error(&format!("{error:#}"));
            ExitCode::from(TROUBLE)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<Outcome> {
    match cli.command {
        None => ls::run(&Ls { input: cli.input, conn: None, json: false }),
        Some(Command::Ls(args)) => ls::run(&args),
        Some(Command::Show(args)) => show::run(&args),
        Some(Command::Inspect(args)) => inspect::run(&args),
        Some(Command::Follow(args)) => follow::run(&args),
        Some(Command::Export(args)) => export::run(&args),
        Some(Command::Stats(args)) => stats::run(&args),
        Some(Command::Schema) => pages::schema(),
        Some(Command::Doctor) => doctor::run(),
        Some(Command::Completions { shell }) => pages::completions(Cli::command(), shell),
        Some(Command::Man { dir }) => pages::man(Cli::command(), dir.as_deref()),
    }
}

/// The reader of our output went away (`wscope … | head`): that is no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
