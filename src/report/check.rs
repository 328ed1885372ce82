//! The outcome of an audit, in the formats of `wscope check`.
//!
//! Each format is a module with one function `write`; [`Format`] lists them. Whatever the format, text
//! of a capture is made visible first, so that nothing in it acts: not on a terminal, not as a command of
//! a CI system, not as markup.

use std::io::{self, Write};
use std::str::FromStr;

use crate::audit::Report;

mod concise;
pub(crate) mod evidence;
mod github;
mod gitlab;
mod group;
mod human;
mod json;
mod junit;
mod link;
pub(super) mod markdown;
mod sarif;
#[cfg(test)]
mod tests;
mod words;
mod wrap;

pub use json::schema;

/// A format of the outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Blocks with the evidence drawn.
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
    /// Markdown, as GitHub renders it.
    Markdown,
}

/// How it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Colours, in the human format.
    pub color: bool,
    /// Columns of the human format.
    pub width: usize,
    /// Nothing but ASCII in what people read.
    pub ascii: bool,
    /// The program and its version: `wscope 0.1.0`.
    pub tool: String,
}

impl Default for Options {
    fn default() -> Self {
        let tool = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
        Self { color: false, width: 80, ascii: false, tool: tool.to_owned() }
    }
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
        match self {
            Self::Human => "for people: each fault with its evidence drawn, repeats folded",
            Self::Concise => "a line for each finding, for grep and editors",
            Self::Json => "one JSON document (its schema: wscope schema --check)",
            Self::Ndjson => "JSON, a line for each finding, then the summary",
            Self::Sarif => "SARIF 2.1.0, for code scanning and SARIF viewers",
            Self::Junit => "JUnit XML, a test case for each rule",
            Self::Github => "annotations of a GitHub Actions run",
            Self::Gitlab => "a GitLab code quality report",
            Self::Markdown => "a table, for $GITHUB_STEP_SUMMARY or a comment",
        }
    }

    /// Writes the outcome.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn write(self, report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Human => human::write(report, options, out),
            Self::Concise => concise::write(report, options, out),
            Self::Json => json::write(report, options, out),
            Self::Ndjson => json::write_lines(report, options, out),
            Self::Sarif => sarif::write(report, options, out),
            Self::Junit => junit::write(report, options, out),
            Self::Github => github::write(report, options, out),
            Self::Gitlab => gitlab::write(report, options, out),
            Self::Markdown => markdown::write(report, options, out),
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == name)
            .ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}
