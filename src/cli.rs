//! The command line: one file a command.

pub mod args;
mod check;
mod config;
mod doctor;
mod echo;
mod export;
mod fields;
mod filter;
mod follow;
mod generate;
mod growing;
mod inspect;
mod interrupt;
mod live;
mod ls;
mod open;
mod pages;
mod plain;
mod rule;
mod session;
mod show;
mod stats;
mod table;
mod talk;
mod terminal;
mod violate;
mod words;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Cli, Command};

/// `check` found something; what a `-q` command looked for is not there.
const NOTHING: u8 = 1;

/// Bad usage, unreadable input, an output that cannot be written.
const TROUBLE: u8 = 2;

/// `check` had nothing to check.
const NO_CONNECTION: u8 = 3;

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It did what it was asked.
    Done,
    /// It was asked by `-q` whether something is there, and nothing is.
    Nothing,
    /// An audit found what makes it fail.
    Findings,
    /// There was nothing to audit.
    NoConnection,
    /// Ctrl-C came before there was a result.
    Interrupted,
    /// What was asked for is not in the capture, or the capture is not what it must be.
    Trouble,
}

/// Runs the program on the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Nothing | Outcome::Findings) => ExitCode::from(NOTHING),
        Ok(Outcome::NoConnection) => ExitCode::from(NO_CONNECTION),
        Ok(Outcome::Trouble) => ExitCode::from(TROUBLE),
        Ok(Outcome::Interrupted) => ExitCode::from(interrupt::INTERRUPTED),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            session::error(&format!("{error:#}"));
            ExitCode::from(TROUBLE)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<Outcome> {
    match cli.command {
        None => match meant_a_command(&cli.open.input.files) {
            Some(remark) => Err(anyhow::anyhow!(remark)),
            None => open::run(&cli.open),
        },
        Some(Command::Open(args)) => open::run(&args),
        Some(Command::Config { what }) => config::run(&what),
        Some(Command::Ls(args)) => ls::run(&args),
        Some(Command::Show(args)) => show::run(&args),
        Some(Command::Inspect(args)) => inspect::run(&args),
        Some(Command::Follow(args)) => follow::run(&args),
        Some(Command::Export(args)) => export::run(&args),
        Some(Command::Live(args)) => live::run(&args),
        Some(Command::Stats(args)) => stats::run(&args),
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::Rule(args)) => rule::run(&args),
        Some(Command::Echo(args)) => echo::run(&args),
        Some(Command::Talk(args)) => talk::run(&args),
        Some(Command::Generate(args)) => generate::run(&args),
        Some(Command::Fields { names, color }) => fields::run(&names, color),
        Some(Command::Filter { expr }) => filter::run(&expr.join(" ")),
        Some(Command::Schema { check }) => pages::schema(check),
        Some(Command::Doctor) => doctor::run(),
        Some(Command::Completions { shell }) => pages::completions(Cli::command(), shell),
        Some(Command::Man { dir }) => pages::man(Cli::command(), dir.as_deref()),
    }
}

/// What to say where `wscope NAME` names no file but a command, or nearly one.
fn meant_a_command(files: &[PathBuf]) -> Option<String> {
    let name = files.first()?.to_str()?;
    if name == "-" || files.first()?.exists() {
        return None;
    }
    let commands = Cli::command();
    let names: Vec<&str> = commands.get_subcommands().map(clap::Command::get_name).collect();
    if names.contains(&name) {
        return Some(format!("the command goes first: `wscope {name} ...`, then options and files"));
    }
    let near = words::nearest(name, names)?;
    Some(format!("there is no file and no command `{name}`; did you mean `wscope {near}`?"))
}

/// The reader of our output went away (`wscope … | head`): that is no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
