//! The outcome of an audit, as every output format takes it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::capture::locate::{Located, locate};
use crate::event::Summary;
use crate::item::At;
use crate::limits::Limits;
use crate::packet::segment::Endpoint;
use crate::rules::{Finding, Rule};

/// The outcome of an audit.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The captures, as they were named.
    pub sources: Vec<String>,
    /// The rules that were checked, in order of their codes.
    pub rules: Vec<&'static Rule>,
    /// What was found and is to be shown, in capture order.
    pub entries: Vec<Entry>,
    /// Findings that stand and are not in `entries`, because there are too many.
    pub hidden: u64,
    /// Findings that stand, by level, with all repeats: `[errors, warnings, notes]`.
    pub counts: [u64; 3],
    /// The same by rule: those of `rules` that fired, in their order.
    pub by_rule: Vec<(&'static Rule, u64)>,
    /// Findings that a suppression of the configuration covers.
    pub suppressed: u64,
    /// Findings that the baseline knows.
    pub known: u64,
    /// Suppressions and baseline entries that no finding needed, a line each; expired ones among them.
    pub unused: Vec<String>,
    /// Totals of the captures.
    pub summary: Summary,
    /// When the first packet was captured.
    pub start: Option<At>,
}

impl Report {
    /// Finds the packets of the findings in their files once more, which needs another pass over them.
    ///
    /// # Errors
    /// As [`locate`].
    pub fn locate(&mut self, files: &[PathBuf], limits: &Limits) -> io::Result<()> {
        let packets: Vec<(usize, At)> = (0..)
            .zip(&self.entries)
            .filter_map(|(index, entry)| entry.finding.at.map(|at| (index, at)))
            .collect();
        let numbers: Vec<u64> = packets.iter().map(|(_, at)| at.packet).collect();
        let located = locate(files, limits, &numbers)?;
        for ((index, at), located) in packets.into_iter().zip(located) {
            if let Some(entry) = self.entries.get_mut(index) {
                // Another time: the file is not what it was.
                entry.located = located.filter(|located| located.time == at.time);
            }
        }
        Ok(())
    }
}

/// A finding with all that is known about it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The finding. [`Finding::more`] above 0 = it stands for that many repeats.
    pub finding: Finding,
    /// The connection; `None` where the capture as a whole is concerned.
    pub subject: Option<Arc<Subject>>,
    /// The same for the same fault in another recording of the same traffic: 32 hexadecimal digits.
    pub fingerprint: String,
    /// What the other endpoint did next, in one line.
    pub reaction: Option<String>,
    /// Where the packet lies in its file, where that is known.
    pub located: Option<Located>,
    /// Whether it stands.
    pub status: Status,
}

/// Whether a finding counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// It counts.
    #[default]
    Stands,
    /// A suppression covers it, for this reason. Formats that can say so show it, the others leave it out.
    Suppressed {
        /// The reason given in the configuration.
        reason: String,
    },
    /// The baseline knows it; shown as [`Status::Suppressed`] is.
    Known,
}

/// The connection that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its number.
    pub conn: u32,
    /// Who sent the upgrade request.
    pub client: Endpoint,
    /// The other end.
    pub server: Endpoint,
    /// The URL, with secrets masked.
    pub url: Option<String>,
    /// The Host header's value, in lower case.
    pub host: Option<String>,
    /// The path of the target, without the query.
    pub path: Option<String>,
    /// The subprotocol that was agreed.
    pub subprotocol: Option<String>,
    /// The first packet of its TCP flow.
    pub opened: At,
}

impl Entry {
    /// The number of the connection; `None` for the capture as a whole.
    #[must_use]
    pub fn conn(&self) -> Option<u32> {
        self.subject.as_ref().map(|subject| subject.conn).or(self.finding.conn)
    }

    /// The place that people type: `3.f52`, `3.m41`, `3.h`, `3`; `None` for the capture as a whole.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        Some(place(&self.finding, self.conn()?))
    }

    /// How many findings it stands for.
    #[must_use]
    pub const fn weight(&self) -> u64 {
        if self.finding.more > 0 { self.finding.more } else { 1 }
    }
}

/// The place of a finding on a connection, as [`Entry::place`].
#[must_use]
pub fn place(finding: &Finding, conn: u32) -> String {
    let Finding { frame, message, rule, .. } = finding;
    match (frame, message) {
        (Some(frame), _) => format!("{conn}.f{frame}"),
        (None, Some(message)) => format!("{conn}.m{message}"),
        (None, None) if rule.family() == 'H' => format!("{conn}.h"),
        (None, None) => conn.to_string(),
    }
}
