//! What the formats say in the same words: places, counts, the verdict.

use crate::audit::{Entry, Report, Status};
use crate::report::visible::{self, Style};
pub(super) use crate::report::words::{count, number};
use crate::rules::{Level, Rule};

/// Text made visible.
pub(super) fn clean(text: &str, ascii: bool) -> String {
    let mut out = String::with_capacity(text.len());
    visible::append(text.as_bytes(), Style { ascii, multi_line: false }, &mut out);
    out
}

/// The capture in which a finding lies: its name as given. Where it cannot be told of several, both, or the
/// first and how many others.
pub(super) fn source(report: &Report, entry: &Entry) -> String {
    match (source_index(report, entry).and_then(|index| report.sources.get(index)), &report.sources[..]) {
        (Some(source), _) => source.clone(),
        (None, [first, others @ ..]) if others.len() > 1 => format!("{first} + {} others", others.len()),
        (None, sources) => sources.join(" + "),
    }
}

/// The same as an index.
pub(super) fn source_index(report: &Report, entry: &Entry) -> Option<usize> {
    match &entry.located {
        Some(located) => Some(usize::from(located.source)),
        None => (report.sources.len() == 1).then_some(0),
    }
}

/// `client-unmasked: client frame 780 is not masked`, as one line.
pub(super) fn named_text(entry: &Entry, ascii: bool) -> String {
    format!("{}: {}", entry.finding.rule.name, clean(&entry.finding.text, ascii))
}

/// `chat.pcapng:2.f780: error F004 client-unmasked: … [packet 9882]`.
pub(super) fn line(report: &Report, entry: &Entry, ascii: bool) -> String {
    let rule = entry.finding.rule;
    let mut line = clean(&source(report, entry), ascii);
    if let Some(place) = entry.place() {
        line.push(':');
        line.push_str(&place);
    }
    line.push_str(": ");
    line.push_str(&format!("{} {} {}", rule.level.name(), rule.code, named_text(entry, ascii)));
    if let Some(at) = entry.finding.at {
        line.push_str(&format!(" [packet {}]", at.packet));
    }
    line
}

/// The findings that stand.
pub(super) fn standing(report: &Report) -> impl Iterator<Item = &Entry> {
    report.entries.iter().filter(|entry| entry.status == Status::Stands)
}

/// The rules that were checked, and those of findings that are not among them.
pub(super) fn rules(report: &Report) -> Vec<&'static Rule> {
    let mut rules = report.rules.clone();
    for rule in report.entries.iter().map(|entry| entry.finding.rule) {
        if !rules.iter().any(|known| known.code == rule.code) {
            rules.push(rule);
        }
    }
    rules
}

/// `5 connections, 4,812 messages`.
pub(super) fn seen(report: &Report) -> String {
    let summary = &report.summary;
    format!("{}, {}", count(summary.connections, "connection"), count(summary.messages, "message"))
}

/// The findings by level that are not 0: `(3, "3 errors")`.
pub(super) fn levels(report: &Report) -> Vec<(Level, String)> {
    Level::ALL
        .into_iter()
        .zip(report.counts)
        .filter(|(_, many)| *many > 0)
        .map(|(level, many)| (level, count(many, level.name())))
        .collect()
}

/// `3 errors, 1 note`; `no findings`.
pub(super) fn counts(report: &Report) -> String {
    let levels: Vec<String> = levels(report).into_iter().map(|(_, words)| words).collect();
    if levels.is_empty() { "no findings".to_owned() } else { levels.join(", ") }
}

/// ` (2 suppressed, 1 in the baseline)`; empty where there are none.
pub(super) fn set_aside(report: &Report) -> String {
    let parts: Vec<String> = [(report.suppressed, "suppressed"), (report.known, "in the baseline")]
        .into_iter()
        .filter(|(many, _)| *many > 0)
        .map(|(many, what)| format!("{} {what}", number(many)))
        .collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// What came out, in a few words: `3 errors, 1 note (2 suppressed)`.
pub(super) fn verdict(report: &Report) -> String {
    let counts = if all_well(report).is_some() && report.summary.connections == 0 {
        "nothing was checked".to_owned()
    } else {
        counts(report)
    };
    counts + &set_aside(report)
}

/// `+120 more findings, not shown`, where there are such.
pub(super) fn hidden(report: &Report) -> Option<String> {
    (report.hidden > 0).then(|| format!("+{}, not shown", count(report.hidden, "more finding")))
}

/// What there is to say where nothing was found; else `None`.
pub(super) fn all_well(report: &Report) -> Option<String> {
    let set_aside = set_aside(report);
    if report.counts.iter().any(|many| *many > 0) || standing(report).next().is_some() {
        None
    } else if report.summary.connections == 0 {
        Some(format!("no WebSocket connection found: nothing was checked{set_aside}"))
    } else {
        let rules = count(report.rules.len() as u64, "rule");
        Some(format!("no findings: {rules} checked on {}{set_aside}", seen(report)))
    }
}
