//! A code quality report of GitLab: a JSON array.

use std::collections::HashMap;
use std::io::{self, Write};

use serde::Serialize;

use crate::audit::Report;
use crate::rules::Level;

use super::json::write_json;
use super::{Options, link, words};

#[derive(Serialize)]
struct Violation<'a> {
    description: String,
    check_name: String,
    /// Unique in the report: GitLab shows only one of those that share it.
    fingerprint: &'a str,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u64,
}

/// Writes the findings that stand; those of one fingerprint become one.
pub(super) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut times: HashMap<&str, u64> = HashMap::new();
    let mut firsts = Vec::new();
    for entry in words::standing(report) {
        let times = times.entry(&entry.fingerprint).or_insert(0);
        if *times == 0 {
            firsts.push(entry);
        }
        *times += entry.weight();
    }
    let violations: Vec<Violation<'_>> = firsts
        .into_iter()
        .map(|entry| {
            let rule = entry.finding.rule;
            let mut description = format!("{} {}", rule.code, words::named_text(entry, options.ascii));
            if let Some(place) = entry.place() {
                description = format!("{description} ({place})");
            }
            match times.get(&*entry.fingerprint) {
                Some(&times) if times > 1 => {
                    description.push_str(&format!(", {} times", words::number(times)));
                }
                _ => {}
            }
            Violation {
                description,
                check_name: format!("{} {}", rule.code, rule.name),
                fingerprint: &entry.fingerprint,
                severity: match rule.level {
                    Level::Error => "critical",
                    Level::Warning => "major",
                    Level::Note => "info",
                },
                location: Location {
                    path: path(report, entry),
                    lines: Lines { begin: entry.finding.at.map_or(1, |at| at.packet.max(1)) },
                },
            }
        })
        .collect();
    write_json(&violations, out)
}

/// One file, even where it is not known which of several.
fn path(report: &Report, entry: &crate::audit::Entry) -> String {
    let index = words::source_index(report, entry).unwrap_or_default();
    let source = report.sources.get(index).map_or("-", |source| source);
    if source == "-" { link::uri(source) } else { source.strip_prefix("./").unwrap_or(source).to_owned() }
}
