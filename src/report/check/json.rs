//! JSON: one document, or a line a finding. The types are the contract, and what the schema is made from.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use crate::audit::{Entry, Report, Status};
use crate::packet::segment;
use crate::report::convert::bounded;
use crate::report::record::{self, Endpoint, FORMAT, Levels};
use crate::report::{schema as schemas, visible};

use super::Options;

/// The output of `wscope check`: the document of `--format json`, or a line of `--format ndjson`. Keys
/// that are not described here may be added and are to be ignored; a key with nothing to say is left out.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Output<'a> {
    /// The document.
    Document(Box<Document<'a>>),
    /// A line.
    Line(Line<'a>),
}

/// What was checked, and what was found.
#[derive(Serialize, JsonSchema)]
struct Document<'a> {
    /// What was checked, by what.
    #[serde(flatten)]
    run: Run<'a>,
    /// What was found, in capture order.
    findings: Vec<Finding<'a>>,
    /// The totals.
    summary: Summary<'a>,
}

/// A line: its key `type` says what it is.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line<'a> {
    /// A finding.
    Finding(Box<Finding<'a>>),
    /// The totals, and what was checked. The last line.
    Summary(Box<Last<'a>>),
}

/// The totals, and what was checked.
#[derive(Serialize, JsonSchema)]
struct Last<'a> {
    /// What was checked, by what.
    #[serde(flatten)]
    run: Run<'a>,
    /// The totals.
    #[serde(flatten)]
    summary: Summary<'a>,
}

/// What was checked, by what.
#[derive(Serialize, JsonSchema)]
struct Run<'a> {
    /// The version of this format.
    format: u32,
    /// The program that wrote this, with its version.
    tool: &'a str,
    /// The captures, as they were named; `-` is standard input.
    sources: &'a [String],
    /// The codes of the rules that were checked.
    rules_checked: Vec<&'a str>,
}

/// A finding: the record of the export, and what the audit knows about it.
#[derive(Serialize, JsonSchema)]
struct Finding<'a> {
    /// The record of the export.
    #[serde(flatten)]
    record: record::Finding<'a>,
    /// Its place, as commands take it: `3.f52` (frame), `3.m41` (message), `3.h` (handshake), `3`; left
    /// out where the capture as a whole is concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    /// The same for the same fault in another recording: 32 hexadecimal digits.
    fingerprint: &'a str,
    /// The URL of the connection, with secrets masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    /// The client of the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<Endpoint>,
    /// Its server.
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<Endpoint>,
    /// What the other endpoint did next, in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    reaction: Option<&'a str>,
    /// How many findings this one stands for.
    count: u64,
    /// It is suppressed and does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<Suppressed<'a>>,
    /// The baseline knows it, and it does not count; left out where that is not so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    known: bool,
    /// Where its packet lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<File<'a>>,
}

/// A suppression.
#[derive(Serialize, JsonSchema)]
struct Suppressed<'a> {
    /// The reason given in the configuration.
    reason: &'a str,
}

/// Where a packet lies.
#[derive(Serialize, JsonSchema)]
struct File<'a> {
    /// The capture, as it was named.
    source: &'a str,
    /// Offset of the packet's first byte in the file; of a compressed file, in what it holds.
    offset: u64,
    /// Bytes of the packet that the capture holds.
    len: u32,
    /// The file is compressed; left out where it is not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    compressed: bool,
}

/// The totals.
#[derive(Serialize, JsonSchema)]
struct Summary<'a> {
    /// Packets read.
    packets: u64,
    /// Packets that could not be decoded.
    skipped_packets: u64,
    /// TCP connections.
    tcp_connections: u64,
    /// WebSocket connections, refused upgrades among them.
    connections: u64,
    /// WebSocket frames.
    frames: u64,
    /// Data messages.
    messages: u64,
    /// Findings that count, by level, with all repeats.
    counts: Levels,
    /// The same by rule.
    by_rule: Vec<OfRule<'a>>,
    /// Findings that are suppressed.
    suppressed: u64,
    /// Findings that the baseline knows.
    known: u64,
    /// Findings that count and are not listed, because there are too many.
    hidden: u64,
    /// Suppressions and baseline entries that no finding needed, a line each.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    unused: &'a [String],
}

/// Findings of a rule.
#[derive(Serialize, JsonSchema)]
struct OfRule<'a> {
    /// The rule's code.
    code: &'a str,
    /// Its name.
    name: &'a str,
    /// `error`, `warning` or `note`.
    level: &'a str,
    /// How many of its findings count, with all repeats.
    count: u64,
}

impl<'a> Run<'a> {
    fn new(report: &'a Report, options: &'a Options) -> Self {
        Self {
            format: FORMAT,
            tool: &options.tool,
            sources: &report.sources,
            rules_checked: report.rules.iter().map(|rule| rule.code).collect(),
        }
    }
}

impl<'a> Finding<'a> {
    fn new(report: &'a Report, entry: &'a Entry) -> Self {
        let subject = entry.subject.as_deref();
        let conn = subject.map(|subject| subject.conn).or(entry.finding.conn);
        Self {
            record: record::Finding::new(conn, &entry.finding),
            place: entry.place(),
            fingerprint: &entry.fingerprint,
            url: subject.and_then(|subject| subject.url.as_deref()),
            client: subject.map(|subject| endpoint(&subject.client)),
            server: subject.map(|subject| endpoint(&subject.server)),
            reaction: entry.reaction.as_deref(),
            count: bounded(entry.weight()),
            suppressed: match &entry.status {
                Status::Suppressed { reason } => Some(Suppressed { reason }),
                Status::Stands | Status::Known => None,
            },
            known: entry.status == Status::Known,
            file: entry.located.map(|located| File {
                source: report.sources.get(usize::from(located.source)).map_or("", |source| source),
                offset: bounded(located.file_offset),
                len: located.len,
                compressed: located.compressed,
            }),
        }
    }
}

fn endpoint(endpoint: &segment::Endpoint) -> Endpoint {
    Endpoint { ip: endpoint.ip(), port: endpoint.port() }
}

impl<'a> Summary<'a> {
    fn new(report: &'a Report) -> Self {
        let [error, warning, note] = report.counts.map(bounded);
        let summary = &report.summary;
        Self {
            packets: bounded(summary.packets),
            skipped_packets: bounded(summary.skipped_packets),
            tcp_connections: bounded(summary.tcp_connections),
            connections: bounded(summary.connections),
            frames: bounded(summary.frames),
            messages: bounded(summary.messages),
            counts: Levels { error, warning, note },
            by_rule: report
                .by_rule
                .iter()
                .map(|(rule, count)| OfRule {
                    code: rule.code,
                    name: rule.name,
                    level: rule.level.name(),
                    count: bounded(*count),
                })
                .collect(),
            suppressed: bounded(report.suppressed),
            known: bounded(report.known),
            hidden: bounded(report.hidden),
            unused: &report.unused,
        }
    }
}

/// Writes the document.
pub(super) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let findings = report.entries.iter().map(|entry| Finding::new(report, entry)).collect();
    let document = Document { run: Run::new(report, options), findings, summary: Summary::new(report) };
    write_json(&Output::Document(Box::new(document)), out)
}

/// Writes the lines.
pub(super) fn write_lines(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let last = Last { run: Run::new(report, options), summary: Summary::new(report) };
    let lines = report.entries.iter().map(|entry| Line::Finding(Box::new(Finding::new(report, entry))));
    for line in lines.chain([Line::Summary(Box::new(last))]) {
        let text = serde_json::to_string(&Output::Line(line))?;
        write_escaped(&text, out)?;
    }
    Ok(())
}

/// Writes a document of a JSON format, indented. What no terminal should see raw is escaped.
pub(super) fn write_json<T: Serialize>(document: &T, out: &mut dyn Write) -> io::Result<()> {
    write_escaped(&serde_json::to_string_pretty(document)?, out)
}

fn write_escaped(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut escaped = String::with_capacity(text.len());
    visible::json(text, &mut escaped);
    writeln!(out, "{escaped}")
}

/// The JSON Schema (2020-12) of `--format json` and of a line of `--format ndjson`.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemas::of::<Output<'_>>("wscope check")
}
