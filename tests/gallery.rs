//! Our own recordings, against what the programs at both ends wrote down.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use support::{export_file, export_payload, gallery, of_type, records};
use wscope::capture::open::open;
use wscope::limits::Limits;
use wscope::report::payload::PayloadMode;

/// The captures of the gallery with their truth files.
fn all() -> Vec<(PathBuf, Value)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(gallery()).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().ends_with(".truth.json") {
            let truth: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            found.push((gallery().join(truth["capture"].as_str().unwrap()), truth));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(found.len() >= 15, "{} captures", found.len());
    found
}

#[test]
fn every_message_is_what_the_programs_sent() {
    for (capture, truth) in all() {
        let name = capture.file_name().unwrap().to_string_lossy().into_owned();
        let export = records(&export_file(&capture, 1));
        for expected in truth["connections"].as_array().unwrap() {
            let port = &expected["client_port"];
            let conns: Vec<&Value> = of_type(&export, "connection")
                .into_iter()
                .filter(|conn| conn["client"]["port"] == *port)
                .map(|conn| &conn["conn"])
                .collect();
            assert!(!conns.is_empty(), "{name}: no connection from port {port}");
            for dir in ["c2s", "s2c"] {
                let got: Vec<&Value> = of_type(&export, "message")
                    .into_iter()
                    .filter(|message| conns.contains(&&message["conn"]) && message["dir"] == dir)
                    .collect();
                let wanted = expected[dir].as_array().unwrap();
                assert_eq!(got.len(), wanted.len(), "{name} port {port} {dir}: count of messages");
                for (n, (got, wanted)) in got.iter().zip(wanted).enumerate() {
                    let place = format!("{name} port {port} {dir} message {n}: {got}");
                    assert_eq!(got["kind"], wanted["kind"], "{place}");
                    if got["complete"] == true {
                        assert_eq!(got["len"], wanted["len"], "{place}");
                        assert_eq!(got["sha256"], wanted["sha256"], "{place}");
                    } else {
                        assert!(name.starts_with("snaplen"), "incomplete: {place}");
                    }
                    for key in ["code", "reason"] {
                        if got["complete"] == true && !wanted[key].is_null() && wanted[key] != "" {
                            assert_eq!(got[key], wanted[key], "{place}");
                        }
                    }
                }
            }
        }
    }
}

/// The committed export of each capture, to the byte. `UPDATE=1 cargo test --test gallery` writes them
/// anew; read the difference before it is committed.
#[test]
fn exports_are_as_expected() {
    for (capture, _) in all() {
        let name = capture.file_name().unwrap().to_string_lossy().into_owned();
        let expected = gallery().join(format!("{}.expected.ndjson", name.split('.').next().unwrap()));
        // Without the first record, which names the program's version; the hashes speak of whole payloads.
        let mut opened = open(&[&capture], &Limits::default()).unwrap();
        let export = export_payload(&mut *opened.source, 1, PayloadMode::Head(200));
        let (_, export) = export.split_once('\n').unwrap();
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, export).unwrap();
        }
        let committed = fs::read_to_string(&expected).unwrap_or_default();
        for (n, (got, wanted)) in export.lines().zip(committed.lines()).enumerate() {
            assert_eq!(got, wanted, "{name}, record {}", n + 1);
        }
        assert_eq!(export.lines().count(), committed.lines().count(), "{name}: count of records");
    }
}

/// What is found in each capture is what was done when it was recorded; in all others nothing is.
#[test]
fn findings_are_true() {
    for (capture, _) in all() {
        let name = capture.file_name().unwrap().to_string_lossy().into_owned();
        let export = records(&export_file(&capture, 1));
        let codes: BTreeSet<&str> = of_type(&export, "finding")
            .into_iter()
            .map(|finding| finding["code"].as_str().unwrap())
            .collect();
        let expected: &[&str] = match &*name {
            "any-interface-forwarded.pcapng" | "lossy.pcapng" => &["S001"],
            // One connection closes with each code, others without a Close, or by RST. A client sends 1011 back.
            "close-codes.pcapng" => &["C010", "C011"],
            // A client that sends frames with its request.
            "coalesced.pcap" => &["H016"],
            "fragments-pings.pcapng" => &["K003"],
            "mid-stream.pcapng" => &["N003"],
            "refused-then-accepted.pcapng" => &["C012", "H006", "H012", "H020", "S003", "S005"],
            "snaplen-96.pcap" => &["N002", "N003"],
            _ => &[],
        };
        assert_eq!(codes, expected.iter().copied().collect(), "{name}");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    for (capture, _) in all() {
        let one = export_file(&capture, 1);
        for threads in [2, 3, 8] {
            assert!(export_file(&capture, threads) == one, "{} with {threads} threads", capture.display());
        }
    }
}
