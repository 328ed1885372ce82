//! What the end-to-end tests share: exports of captures, and captures made from scripts.
#![allow(dead_code, unreachable_pub, reason = "each test file is a crate of its own, and uses a part")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wscope::capture::open::{from_bytes, open};
use wscope::capture::source::Source;
use wscope::engine::{self, Config};
use wscope::limits::Limits;
use wscope::report::json::{JsonObserver, JsonOptions, JsonSink};
use wscope::report::payload::PayloadMode;
use wscope::report::select::RecordTypes;

pub mod conversation;
pub mod hostile;
pub mod singles;
pub mod talk;

/// How many cases of a property are tried: `WSCOPE_TEST_CASES` multiplies what is usual.
pub fn cases(usual: u32) -> u32 {
    let times = std::env::var("WSCOPE_TEST_CASES").ok().and_then(|times| times.parse().ok());
    usual * times.unwrap_or(1)
}

/// The NDJSON export, every record type and hashes, of a source.
pub fn export(source: &mut dyn Source, threads: usize) -> String {
    export_payload(source, threads, PayloadMode::Full)
}

/// As [`export`], with so much of each payload.
pub fn export_payload(source: &mut dyn Source, threads: usize, payload: PayloadMode) -> String {
    let options = JsonOptions {
        payload,
        types: "all".parse::<RecordTypes>().unwrap(),
        hash: true,
        sources: vec!["test".to_owned()],
        ..JsonOptions::default()
    };
    let config = Config { want: options.want(), threads, ..Config::default() };
    let mut out = Vec::new();
    let mut sink = JsonSink::new(&mut out, &options);
    sink.begin().unwrap();
    engine::run(source, &config, &|| JsonObserver::new(&options), &mut sink, &|_| {}).unwrap();
    drop(sink);
    String::from_utf8(out).unwrap()
}

/// The export of a file.
pub fn export_file(path: &Path, threads: usize) -> String {
    let mut opened = open(&[path], &Limits::default()).unwrap();
    export(&mut *opened.source, threads)
}

/// The export of a capture in memory.
pub fn export_bytes(bytes: &[u8], threads: usize) -> String {
    let mut opened = from_bytes("test", bytes.to_vec(), &Limits::default()).unwrap();
    export(&mut *opened.source, threads)
}

/// The records of an export.
pub fn records(export: &str) -> Vec<Value> {
    export.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

/// The records of one type.
pub fn of_type<'a>(records: &'a [Value], name: &str) -> Vec<&'a Value> {
    records.iter().filter(|record| record["type"] == name).collect()
}

/// The findings on talks that are right, but scripted: Pings that nobody answers, Pongs that answer none, TCP that ends
/// without a Close, masking keys and sizes drawn at random.
pub fn alarms(records: &[Value]) -> Vec<&Value> {
    const TRUE: [&str; 7] = ["C010", "F014", "F015", "D013", "K001", "K002", "K003"];
    let mut findings = of_type(records, "finding");
    findings.retain(|finding| !TRUE.contains(&finding["code"].as_str().unwrap()));
    findings
}

/// The same, of captures that lack bytes: what is said of that is true.
pub fn false_alarms(records: &[Value]) -> Vec<&Value> {
    let mut alarms = alarms(records);
    alarms.retain(|finding| !finding["code"].as_str().unwrap().starts_with('N'));
    alarms
}

/// Our own captures.
pub fn gallery() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures")
}

/// Captures that nobody here wrote, where they are: beside the project, or where the environment says.
pub fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("WSCOPE_SHARED_CAPTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/captures"), PathBuf::from);
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there (set WSCOPE_SHARED_CAPTURES)", folder.display());
        return None;
    }
    Some(folder)
}

/// All captures below a folder, in order.
pub fn captures_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(folder, &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.to_string_lossy().contains(".pcap") || path.to_string_lossy().ends_with(".cap") {
            found.push(path);
        }
    }
}
