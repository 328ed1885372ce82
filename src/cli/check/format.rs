//! The formats of the outcome, by name.

use std::io::{self, Write};
use std::str::FromStr;

use crate::audit::{Report, Status};
use crate::report::visible::{self, Style};

/// A format of the outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// A line a finding.
    Concise,
    /// One JSON document.
    Json,
    /// JSON, a line a finding.
    Ndjson,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit XML.
    Junit,
    /// Workflow commands of GitHub Actions.
    Github,
    /// A code quality report of GitLab.
    Gitlab,
    /// Markdown.
    Markdown,
}

/// How it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct Options {
    /// Colours.
    pub(in crate::cli) color: bool,
    /// Columns.
    pub(in crate::cli) width: usize,
    /// Nothing but ASCII.
    pub(in crate::cli) ascii: bool,
}

/// No format has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no format: write human, concise, json, ndjson, sarif, junit, github, gitlab or markdown")]
pub struct UnknownFormat(String);

impl Format {
    /// All formats.
    pub const ALL: [Self; 9] = [
        Self::Human,
        Self::Concise,
        Self::Json,
        Self::Ndjson,
        Self::Sarif,
        Self::Junit,
        Self::Github,
        Self::Gitlab,
        Self::Markdown,
    ];

    /// The name, as it is typed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Concise => "concise",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Markdown => "markdown",
        }
    }

    /// What it is for, in one line.
    #[must_use]
    pub const fn description(self) -> &'static str {
        self.name()
    }

    /// Writes the outcome.
    pub(in crate::cli) fn write(
        self,
        report: &Report,
        options: &Options,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        for entry in report.entries.iter().filter(|entry| entry.status == Status::Stands) {
            let rule = entry.finding.rule;
            let mut text = String::new();
            let style = Style { ascii: options.ascii, multi_line: false };
            visible::append(entry.finding.text.as_bytes(), style, &mut text);
            let place = entry.place().map(|place| format!("{place}: ")).unwrap_or_default();
            writeln!(out, "{place}{} {} {}: {text}", rule.level.name(), rule.code, rule.name)?;
        }
        Ok(())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let format = Self::ALL.into_iter().find(|format| format.name() == name);
        format.ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}
