//! What a project says about its audits: `wscope.toml`.
//!
//! ```toml
//! [check]
//! select = ["F", "close-not-answered"]
//! ignore = ["N"]
//! severity = "warning"
//! fail-on = "error"
//! baseline = "wscope-baseline.json"   # as seen from this file
//! max-findings = 1000
//! strict = true
//! allow-empty = false
//!
//! [[suppress]]
//! rule = "client-unmasked"
//! host = "*.example.com"
//! path = "/legacy/**"
//! direction = "c2s"
//! fingerprint = "00112233445566778899aabbccddeeff"
//! reason = "the old client, see ticket 12"
//! expires = 2027-01-31
//! ```

pub(crate) mod read;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use crate::item::Dir;
use crate::rules::{Finding, Level};
use crate::time::Timestamp;

use super::report::Subject;
use super::select::{Choice, Selector};

pub use toml::value::Date;
use toml::value::Datetime;

/// The file's name.
pub const NAME: &str = "wscope.toml";

/// What a configuration file says.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The file as it is named in messages.
    pub file: PathBuf,
    /// `select` and `ignore`.
    pub rules: Choice,
    /// `severity`: nothing below is looked at.
    pub severity: Option<Level>,
    /// `fail-on`: the mildest level that makes an audit fail.
    pub fail_on: Option<Level>,
    /// `baseline`, joined to the folder of the file.
    pub baseline: Option<PathBuf>,
    /// `max-findings`.
    pub max_findings: Option<usize>,
    /// `strict`.
    pub strict: bool,
    /// `allow-empty`.
    pub allow_empty: bool,
    /// The `[[suppress]]` tables, in their order.
    pub suppress: Vec<Suppression>,
}

/// Findings that are not to count. All that is given must be so.
#[derive(Clone, Debug)]
pub struct Suppression {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// The rules.
    pub rule: Selector,
    /// The host, with or without its port.
    pub host: Option<Glob>,
    /// The path of the target; `*` stays within a segment, `**` does not.
    pub path: Option<Glob>,
    /// The direction.
    pub direction: Option<Dir>,
    /// One finding's fingerprint.
    pub fingerprint: Option<String>,
    /// Why they do not count.
    pub reason: String,
    /// The last day on which it applies.
    pub expires: Option<Date>,
}

/// A pattern for a host or a path.
#[derive(Clone, Debug)]
pub struct Glob(GlobMatcher);

impl Glob {
    /// # Errors
    /// Where `pattern` is none; the message says what is wrong.
    fn new(pattern: &str, case_insensitive: bool) -> Result<Self, String> {
        GlobBuilder::new(pattern)
            .literal_separator(true)
            .case_insensitive(case_insensitive)
            .build()
            .map(|glob| Self(glob.compile_matcher()))
            .map_err(|error| error.kind().to_string())
    }

    fn matches(&self, text: Option<&str>) -> bool {
        // As it stands, too: the brackets of an IPv6 address would be a set of characters.
        text.is_some_and(|text| self.0.glob().glob() == text || self.0.is_match(text))
    }
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read {}", .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// It does not say what a configuration can say.
    #[error("{}:{line}: {message}", file.display())]
    Content {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// Where it cannot be read or says what cannot be said, with the line.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(file).map_err(|error| ConfigError::Io(file.to_owned(), error))?;
        Self::parse(&text, file)
    }

    /// Takes the text of a file that is named `file` in messages.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigError> {
        read::config(text, file).map_err(|fault| {
            let line = read::line_of(text, fault.offset);
            ConfigError::Content { file: file.to_owned(), line, message: fault.message }
        })
    }

    /// Where a suppression stands: `wscope.toml:12`.
    #[must_use]
    pub fn place(&self, suppression: &Suppression) -> String {
        format!("{}:{}", self.file.display(), suppression.line)
    }
}

/// The configuration that holds in `folder`: its own, or the next one above, up to the top of the version
/// control checkout (a folder with `.git`) or of the file system.
#[must_use]
pub fn find(folder: &Path) -> Option<PathBuf> {
    for folder in folder.ancestors() {
        let file = folder.join(NAME);
        if file.is_file() {
            return Some(file);
        }
        if folder.join(".git").exists() {
            return None;
        }
    }
    None
}

impl Suppression {
    /// It no longer applies.
    #[must_use]
    pub fn expired(&self, today: Date) -> bool {
        self.expires.is_some_and(|expires| expires < today)
    }

    /// It speaks of this finding, be it expired or not.
    #[must_use]
    pub fn matches(&self, finding: &Finding, subject: Option<&Subject>, fingerprint: &str) -> bool {
        let host = subject.and_then(|subject| subject.host.as_deref());
        let path = subject.and_then(|subject| subject.path.as_deref());
        self.rule.matches(finding.rule)
            && self.direction.is_none_or(|dir| finding.dir == Some(dir))
            && self.fingerprint.as_deref().is_none_or(|wanted| wanted == fingerprint)
            && self
                .host
                .as_ref()
                .is_none_or(|glob| glob.matches(host) || glob.matches(host.and_then(without_port)))
            && self.path.as_ref().is_none_or(|glob| glob.matches(path))
    }
}

fn without_port(host: &str) -> Option<&str> {
    let (host, port) = host.rsplit_once(':')?;
    port.bytes().all(|byte| byte.is_ascii_digit()).then_some(host)
}

/// The day of a time, in UTC.
#[must_use]
pub fn day(time: Timestamp) -> Option<Date> {
    time.to_string().get(..10)?.parse::<Datetime>().ok()?.date
}

#[cfg(test)]
mod tests;
