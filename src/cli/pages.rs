//! What is printed about the program itself: schema, completions, manual.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use clap_complete::Shell;

use crate::report;

use super::Outcome;

pub(super) fn schema() -> anyhow::Result<Outcome> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &report::schema()).map_err(io::Error::from)?;
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
        None => clap_mangen::Man::new(command).render(&mut io::stdout().lock())?,
        Some(dir) => {
            fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
            clap_mangen::generate_to(command, dir)
                .with_context(|| format!("cannot write to {}", dir.display()))?;
        }
    }
    Ok(Outcome::Done)
}
