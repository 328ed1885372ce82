//! `wscope config`: what a user says about the interface.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::tui::action::{ACTIONS, Group};
use crate::tui::config::{self, Config, Flags, LISTS, Looks};
use crate::tui::view::ViewId;

use super::args::Configure;
use super::{Outcome, open, session};

pub(super) fn run(what: &Configure) -> anyhow::Result<Outcome> {
    match what {
        Configure::Init { config } => init(config.clone())?,
        Configure::Path => print(&format!("{}\n", session::harmless(&path()?.to_string_lossy())))?,
        Configure::Show { keys, config } => {
            let config = open::configuration(config)?;
            print(&if *keys { bindings(&config) } else { settings(&config)? })?;
        }
    }
    Ok(Outcome::Done)
}

fn path() -> anyhow::Result<PathBuf> {
    config::path(&config::environment).context("there is no home folder, and WSCOPE_CONFIG names no file")
}

fn print(text: &str) -> io::Result<()> {
    io::stdout().lock().write_all(text.as_bytes())
}

fn init(file: Option<PathBuf>) -> anyhow::Result<()> {
    let file = file.map_or_else(path, Ok)?;
    let name = file.display();
    if let Some(folder) = file.parent().filter(|folder| *folder != Path::new("")) {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let written =
        fs::File::create_new(&file).and_then(|mut out| out.write_all(config::template().as_bytes()));
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            anyhow::bail!("{name} is there already, and is left as it is")
        }
        other => other.with_context(|| format!("cannot write {name}"))?,
    }
    session::closing(&format!("wrote {name}"));
    Ok(())
}

/// What holds, as TOML, with who says so.
fn settings(config: &Config) -> anyhow::Result<String> {
    let looks = Looks::new(&Flags::default(), &config::environment, config).map_err(anyhow::Error::msg)?;
    let mut text = String::new();
    let mut line = |key: &str, value: &str, by: &str| {
        let setting = format!("{key} = {value}");
        let _ = writeln!(text, "{setting:<32}  # {by}");
    };
    line("theme", &quoted(&looks.theme.value), looks.theme.by);
    line("time", &quoted(looks.time.value.name()), looks.time.by);
    line("mouse", &looks.mouse.value.to_string(), looks.mouse.by);
    line("ascii", &looks.ascii.value.to_string(), looks.ascii.by);
    if !config.filters.is_empty() {
        let _ = writeln!(text, "\n[filters]");
        for (name, filter) in &config.filters {
            let _ = writeln!(text, "{name} = {}", quoted(filter));
        }
    }
    if !config.columns.is_empty() {
        let _ = writeln!(text, "\n[columns]");
        for (name, columns) in LISTS.iter().filter_map(|(name, view)| Some((name, config.columns.get(view)?)))
        {
            let columns: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
            let _ = writeln!(text, "{name} = [{}]", columns.join(", "));
        }
    }
    for theme in &config.themes {
        for (role, contrast) in theme.contrasts().filter(|(_, contrast)| *contrast < LEGIBLE) {
            let name = session::harmless(&theme.name);
            let _ = writeln!(
                text,
                "# theme {name}: {} is hard to read (contrast {contrast:.1} of {LEGIBLE})",
                role.name()
            );
        }
    }
    Ok(text)
}

/// The least contrast that text needs.
const LEGIBLE: f64 = 4.5;

/// A string as TOML has it; these are JSON's, too, but for what no terminal should see.
fn quoted(text: &str) -> String {
    session::harmless(&serde_json::Value::from(text).to_string())
}

/// Every action with its keys.
fn bindings(config: &Config) -> String {
    let mut text = String::new();
    for group in Group::ALL {
        let _ = writeln!(text, "{}{}", if text.is_empty() { "" } else { "\n" }, group.name());
        for entry in ACTIONS.iter().filter(|entry| entry.group == group) {
            let keys: Vec<String> = config.keymap.keys(entry.action).collect();
            let keys = if keys.is_empty() { "(none)".to_owned() } else { keys.join("  ") };
            let views: Vec<&str> = ViewId::ALL
                .iter()
                .filter(|view| entry.views.contains(**view))
                .map(|view| view.name())
                .collect();
            let views = if views.len() == ViewId::ALL.len() {
                String::new()
            } else {
                format!(" ({})", views.join(", "))
            };
            let _ = writeln!(text, "  {:<18} {keys:<14} {}{views}", entry.id, entry.title);
        }
    }
    text
}
