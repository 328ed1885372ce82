//! What is printed about the program itself: schema, completions, manual.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use clap_complete::Shell;

use crate::report;

use super::{Outcome, args};

pub(super) fn schema(check: bool) -> anyhow::Result<Outcome> {
    let mut out = io::stdout().lock();
    let schema = if check { report::check::schema() } else { report::schema() };
    serde_json::to_writer_pretty(&mut out, &schema).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(Outcome::Done)
}

pub(super) fn completions(mut command: clap::Command, shell: Shell) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "wscope", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Outcome::Done)
}

pub(super) fn man(command: clap::Command, dir: Option<&Path>) -> anyhow::Result<Outcome> {
    match dir {
        None => io::stdout().write_all(&main_page(command)?)?,
        Some(dir) => {
            let name = dir.display();
            fs::create_dir_all(dir).with_context(|| format!("cannot make {name}"))?;
            let page = main_page(command.clone())?;
            clap_mangen::generate_to(command, dir)
                .and_then(|()| fs::write(dir.join("wscope.1"), page))
                .with_context(|| format!("cannot write to {name}"))?;
        }
    }
    Ok(Outcome::Done)
}

/// The page of the program itself. What `--help` has at its end is laid out there, so it gets sections
/// of its own, in which lines stay lines.
fn main_page(command: clap::Command) -> io::Result<Vec<u8>> {
    let man = clap_mangen::Man::new(command);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    man.render_subcommands_section(&mut page)?;
    let escaped = |text: &str| text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    writeln!(page, ".SH EXAMPLES")?;
    for (command, what) in args::EXAMPLES {
        writeln!(page, ".TP\n\\fB{}\\fR\n{}", escaped(command), escaped(what))?;
    }
    writeln!(page, ".SH \"EXIT STATUS\"")?;
    for (code, what) in args::EXIT_CODES {
        writeln!(page, ".TP\n\\fB{code}\\fR\n{}", escaped(what))?;
    }
    man.render_version_section(&mut page)?;
    Ok(page)
}
