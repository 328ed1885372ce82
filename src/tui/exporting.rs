//! What is exported from the interface: what is shown as one filter expression, and the file that is written.

mod run;
mod what;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::run::{export, exporter, findings, whole};
pub use self::what::{What, expression, extent};
use super::files::Files;
use super::model::Model;
use crate::engine::Config;
use crate::report::check;
use crate::report::exporter::{Format, is_input};
use crate::report::payload::PayloadMode;
use crate::report::words::{count, size};

/// A table that a view made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What a row is, such as `bin`.
    pub row: &'static str,
    /// How many rows.
    pub rows: usize,
    /// As CSV, with a heading.
    pub csv: String,
}

/// The form of what is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// The capture, or a part of it.
    Capture(Format),
    /// Findings, as `wscope check` writes them.
    Findings(check::Format),
    /// What the view shows.
    Table(Table),
}

impl Form {
    /// Its name on a chip.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Capture(format) => format.name(),
            Self::Findings(format) => format.name(),
            Self::Table(_) => "table",
        }
    }

    /// What it is, in one line.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::Capture(format) => format.description().to_owned(),
            Self::Findings(format) => format!("Findings: {}", format.description()),
            Self::Table(table) => format!("{} of the chart, as CSV", count(table.rows as u64, table.row)),
        }
    }

    /// What files of it end in.
    #[must_use]
    pub const fn ending(&self) -> &'static str {
        match self {
            Self::Capture(Format::Pcapng) => "-cut.pcapng",
            Self::Capture(Format::Ndjson) => ".ndjson",
            Self::Capture(Format::Json) => ".json",
            Self::Capture(Format::Csv) => ".csv",
            Self::Capture(Format::Txt) => ".txt",
            Self::Capture(Format::Md) => ".md",
            Self::Capture(Format::Har) => ".har",
            Self::Findings(check::Format::Sarif) => ".sarif",
            Self::Findings(check::Format::Junit) => ".xml",
            Self::Findings(check::Format::Json | check::Format::Gitlab) => "-findings.json",
            Self::Findings(check::Format::Ndjson) => "-findings.ndjson",
            Self::Findings(check::Format::Markdown) => "-findings.md",
            Self::Findings(check::Format::Human | check::Format::Concise | check::Format::Github) => {
                "-findings.txt"
            }
            Self::Table(_) => "-stats.csv",
        }
    }

    /// Payloads are in it, as far as is asked.
    #[must_use]
    pub fn has_payloads(&self) -> bool {
        matches!(self, Self::Capture(format) if *format != Format::Pcapng)
    }
}

/// The name of a file for what a capture is called.
#[must_use]
pub fn file_name(title: &str, form: &Form) -> String {
    // What is no file has its kind as its first word: `echo ws://localhost:9001`.
    let title = if title.contains("://") { title.split(' ').next().unwrap_or_default() } else { title };
    let name =
        Path::new(title).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let whole = [".gz", ".zst", ".lz4"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    let stem = whole.rsplit_once('.').map_or(whole, |(stem, _)| stem);
    let stem = if matches!(stem, "" | "-") { "capture" } else { stem };
    format!("{stem}{}", form.ending())
}

/// A file to be written.
#[derive(Clone, Debug)]
pub struct Order {
    /// In which form.
    pub form: Form,
    /// Only what this selects.
    pub filter: Option<String>,
    /// How much of each payload.
    pub payload: PayloadMode,
    /// Secrets in URLs are written.
    pub reveal: bool,
    /// The file.
    pub path: PathBuf,
    /// What is there already is replaced.
    pub overwrite: bool,
}

/// Looks after an order that is carried out.
#[derive(Clone)]
pub struct Watch {
    /// Nobody waits for it any more.
    pub cancelled: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Is told how much of it was done, in percent.
    pub progress: Arc<dyn Fn(u64) + Send + Sync>,
}

impl Watch {
    fn check(&self) -> io::Result<()> {
        if (self.cancelled)() { Err(io::Error::other("cancelled")) } else { Ok(()) }
    }
}

/// Checks what can be told before anything is done.
///
/// # Errors
/// Why it cannot be carried out, in a sentence.
pub fn check(order: &Order, model: &Model) -> Result<(), String> {
    if matches!(order.form, Form::Table(_)) {
        return Ok(());
    }
    let Some(reopener) = &model.reopener else { return Err("there is no file to export from".to_owned()) };
    if is_input(&order.path, reopener.files().named()) {
        return Err("that is the capture itself: choose another name".to_owned());
    }
    if reopener.files().so_far().grows() {
        return Err("it must be read to its end before it can be read again".to_owned());
    }
    exporter(order, reopener.files()).map(|_| ())
}

/// Writes the file, all of it or nothing, and returns what to say of it.
///
/// # Errors
/// Why that failed, in a sentence.
pub fn carry_out(order: &Order, capture: Option<(&Files, &Config)>, watch: &Watch) -> Result<String, String> {
    // Of what still grows, all passes see the same.
    let capture = capture.map(|(files, config)| (files.so_far(), config));
    let written = match (&order.form, capture.as_ref().map(|(files, config)| (files, *config))) {
        (Form::Table(table), _) => whole(order, watch, |out| {
            out.write_all(table.csv.as_bytes())?;
            Ok(count(table.rows as u64, table.row))
        }),
        (_, None) => return Err("there is no file to export from".to_owned()),
        (Form::Capture(_), Some((files, config))) => {
            let exporter = exporter(order, files)?;
            whole(order, watch, |out| export(&exporter, files, config, watch, out))
        }
        (Form::Findings(format), Some((files, config))) => {
            let filter = exporter(order, files)?.filter;
            whole(order, watch, |out| findings(*format, filter.as_ref(), files, config, watch, out))
        }
    };
    let (what, bytes) = written.map_err(|error| error.to_string())?;
    let name = order.path.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!("wrote {name}: {what}, {}B", size(bytes)))
}

#[cfg(test)]
mod tests;
