//! SARIF 2.1.0 (OASIS), for code scanning and its viewers.
//!
//! A capture has no lines, which GitHub demands: a packet's number stands for one. Where the packet lies in
//! the file as bytes is there too. The property names are SARIF's.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use serde::Serialize;

use crate::audit::{Entry, Report, Status};
use crate::report::convert::bounded;
use crate::report::rulebook;
use crate::rules::{self, Level};

use super::json::write_json;
use super::words::{self, clean};
use super::{Options, link};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The name of our fingerprints, with the version of how they are made.
const FINGERPRINT: &str = "wscope/v1";

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
struct Run {
    tool: Tool,
    invocations: [Invocation; 1],
    artifacts: Vec<Artifact>,
    results: Vec<Outcome>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    information_uri: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    name: &'static str,
    short_description: Text,
    full_description: Text,
    help: Help,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<String>,
    default_configuration: Configuration,
    properties: Tags,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Tags {
    tags: Vec<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_configuration_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Text,
}

#[derive(Serialize)]
struct Artifact {
    location: ArtifactLocation,
}

#[derive(Clone, Serialize)]
struct ArtifactLocation {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
    suppressions: Vec<Suppression>,
    properties: Properties,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    byte_offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    byte_length: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    justification: String,
}

#[derive(Serialize)]
struct Properties {
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reaction: Option<String>,
}

/// Writes the log with one run.
pub(super) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let rules = words::rules(report);
    let indices: HashMap<&str, usize> =
        rules.iter().enumerate().map(|(index, rule)| (rule.code, index)).collect();
    let (name, version) = match options.tool.split_once(' ') {
        Some((name, version)) => (name.to_owned(), Some(version.to_owned())),
        None => (options.tool.clone(), None),
    };
    let driver = Driver {
        name,
        version,
        information_uri: env!("CARGO_PKG_REPOSITORY"),
        rules: rules.into_iter().map(descriptor).collect(),
    };
    let mut notices: Vec<Notification> = report.unused.iter().map(|text| notice(text)).collect();
    notices.extend(words::hidden(report).map(|text| notice(&text)));
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool { driver },
            invocations: [Invocation {
                execution_successful: true,
                tool_configuration_notifications: notices,
            }],
            artifacts: report
                .sources
                .iter()
                .map(|name| Artifact { location: ArtifactLocation { uri: link::uri(name), index: None } })
                .collect(),
            results: report.entries.iter().map(|entry| outcome(report, entry, &indices)).collect(),
        }],
    };
    write_json(&log, out)
}

/// Text in which nothing is a placeholder (`{0}`, section 3.11.5) or a link (`[x](1)`, section 3.11.6).
fn message(text: &str) -> Text {
    let text = clean(text, false).replace('{', "{{").replace('}', "}}");
    Text { text: text.replace('[', r"\[").replace(']', r"\]") }
}

fn notice(text: &str) -> Notification {
    Notification { level: "warning", message: message(text) }
}

fn descriptor(rule: &'static rules::Rule) -> Descriptor {
    let paragraphs = rulebook::paragraphs(rule);
    let help_uri = rulebook::source_url(rule);
    let mut text = format!("{}\n\n{}", paragraphs.join("\n\n"), rule.reaction);
    let mut markdown = text.clone();
    if !rule.quote.is_empty() {
        text.push_str(&format!("\n\n{}: \"{}\"", rule.source, rule.quote));
        let source = match &help_uri {
            Some(url) => format!("[{}]({url})", rule.source),
            None => rule.source.to_owned(),
        };
        markdown.push_str(&format!("\n\n{source}:\n\n> {}", rule.quote));
    }
    Descriptor {
        id: rule.code,
        name: rule.name,
        short_description: Text { text: rule.summary.to_owned() },
        full_description: Text { text: paragraphs.join("\n\n") },
        help: Help { text, markdown },
        help_uri,
        default_configuration: Configuration { level: level(rule.level) },
        properties: Tags { tags: vec!["websocket", rulebook::family(rule)] },
    }
}

/// SARIF has the same three names.
const fn level(level: Level) -> &'static str {
    level.name()
}

fn outcome(report: &Report, entry: &Entry, indices: &HashMap<&str, usize>) -> Outcome {
    let finding = &entry.finding;
    let subject = entry.subject.as_deref();
    Outcome {
        rule_id: finding.rule.code,
        rule_index: indices.get(finding.rule.code).copied(),
        level: level(finding.rule.level),
        message: message(&finding.text),
        locations: [Location {
            physical_location: physical(report, entry),
            logical_locations: logical(entry).into_iter().collect(),
        }],
        partial_fingerprints: BTreeMap::from([(FINGERPRINT, entry.fingerprint.clone())]),
        // An empty list says that it is not suppressed; none would leave it open.
        suppressions: suppression(&entry.status).into_iter().collect(),
        properties: Properties {
            count: bounded(entry.weight()),
            packet: finding.at.map(|at| bounded(at.packet)),
            url: subject.and_then(|subject| subject.url.as_deref()).map(|url| clean(url, false)),
            client: subject.map(|subject| subject.client.to_string()),
            server: subject.map(|subject| subject.server.to_string()),
            reaction: entry.reaction.as_deref().map(|reaction| clean(reaction, false)),
        },
    }
}

fn suppression(status: &Status) -> Option<Suppression> {
    let justification = match status {
        Status::Stands => return None,
        Status::Suppressed { reason } => clean(reason, false),
        Status::Known => "known to the baseline".to_owned(),
    };
    Some(Suppression { kind: "external", justification })
}

fn physical(report: &Report, entry: &Entry) -> PhysicalLocation {
    // A result lies in one file, even where it is not known in which of several.
    let index = words::source_index(report, entry).unwrap_or_default();
    let source = report.sources.get(index);
    // Offsets into what a compressed file holds would not be offsets into the file.
    let bytes = entry.located.filter(|located| !located.compressed);
    PhysicalLocation {
        artifact_location: ArtifactLocation {
            uri: source.map_or_else(|| link::uri("-"), |name| link::uri(name)),
            index: source.map(|_| index),
        },
        region: Region {
            start_line: entry.finding.at.map_or(1, |at| bounded(at.packet).max(1)),
            byte_offset: bytes.map(|located| bounded(located.file_offset)),
            byte_length: bytes.map(|located| located.len),
        },
    }
}

/// `conn/3/frame/52`.
fn logical(entry: &Entry) -> Option<LogicalLocation> {
    let name = entry.place()?;
    let (conn, what) = name.split_once('.').unwrap_or((&name, ""));
    let (path, kind) = match what.split_at_checked(1) {
        Some(("f", n)) => (format!("/frame/{n}"), "frame"),
        Some(("m", n)) => (format!("/message/{n}"), "message"),
        Some(_) => ("/handshake".to_owned(), "handshake"),
        None => (String::new(), "connection"),
    };
    Some(LogicalLocation { fully_qualified_name: format!("conn/{conn}{path}"), name, kind })
}
