//! Captures that nobody here wrote: read without panic, to the frames that are known to be in them.
//!
//! They are not part of this repository; the tests say so and pass where they are absent.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{captures_in, export_bytes, export_file, of_type, records, shared};

/// Frames of each opcode, as the manifest counts them.
fn opcodes(export: &[Value]) -> BTreeMap<u64, usize> {
    let mut counts = BTreeMap::new();
    for frame in of_type(export, "frame") {
        *counts.entry(frame["opcode"].as_u64().unwrap()).or_default() += 1;
    }
    counts
}

/// `[op=0x1,1x2,8x1,9x1; …]` of the manifest.
fn expected_opcodes(what: &str) -> BTreeMap<u64, usize> {
    let Some((_, rest)) = what.split_once("[op=") else { return BTreeMap::new() };
    let list = rest.split(';').next().unwrap_or_default();
    list.split(',')
        .filter_map(|part| {
            let (opcode, count) = part.split_once('x')?;
            Some((opcode.parse().ok()?, count.parse().ok()?))
        })
        .collect()
}

#[test]
fn every_websocket_capture_has_the_frames_that_are_known() {
    let Some(folder) = shared() else { return };
    let manifest = fs::read_to_string(folder.join("MANIFEST.tsv")).unwrap();
    let mut compared = 0;
    for line in manifest.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [file, .., what] = cells.as_slice() else { continue };
        if !file.starts_with("websocket/") {
            continue;
        }
        let export = records(&export_file(&folder.join(file), 1));
        if file.ends_with("pwp-pcap-ws.pcap") {
            // Mid-stream, which tshark does not decode: read off its bytes by hand.
            assert_eq!(opcodes(&export), BTreeMap::from([(1, 8)]), "{file}");
        } else if file.ends_with("pha-imageTransfer.pcapng") {
            // A second connection is mid-stream; tshark shows the first alone.
            assert_eq!(opcodes(&export), BTreeMap::from([(1, 11), (9, 1), (10, 1)]), "{file}");
        } else {
            assert_eq!(opcodes(&export), expected_opcodes(what), "{file}");
        }
        for message in of_type(&export, "message") {
            assert_eq!(message["complete"], true, "{file}: {message}");
        }
        compared += 1;
    }
    assert_eq!(compared, 39);
}

#[test]
fn every_capture_is_read_to_its_end() {
    let Some(folder) = shared() else { return };
    let mut read = 0;
    for capture in captures_in(&folder) {
        let started = Instant::now();
        let Ok(bytes) = fs::read(&capture) else { continue };
        if wscope::capture::open::from_bytes("x", bytes.clone(), &wscope::limits::Limits::default()).is_err()
        {
            continue;
        }
        let one = export_bytes(&bytes, 1);
        assert!(export_bytes(&bytes, 3) == one, "{} with 3 threads", capture.display());
        records(&one);
        assert!(started.elapsed() < Duration::from_secs(60), "{}", capture.display());
        read += 1;
    }
    assert!(read > 700, "only {read} captures were read");
}

#[test]
fn any_cut_ends_cleanly() {
    let Some(folder) = shared() else { return };
    for capture in captures_in(&folder.join("websocket")) {
        let bytes = fs::read(&capture).unwrap();
        // Every byte of small captures, some places of large ones.
        let step = (bytes.len() / 400).max(1);
        let mut before = 0;
        for cut in (1..bytes.len()).step_by(step) {
            let Ok(mut opened) = wscope::capture::open::from_bytes(
                "x",
                bytes[..cut].to_vec(),
                &wscope::limits::Limits::default(),
            ) else {
                continue;
            };
            let export = records(&support::export(&mut *opened.source, 1));
            // Nothing that was decoded from less is lost by having more.
            let messages = of_type(&export, "message").into_iter().filter(|m| m["complete"] == true).count();
            assert!(messages >= before, "{} cut at {cut}: {messages} after {before}", capture.display());
            before = messages;
        }
    }
}

/// Every capture of up to 8 KiB, cut at every byte: `cargo test --release --test real_captures -- --ignored`.
#[test]
#[ignore = "takes minutes"]
fn any_cut_of_any_small_capture_ends_cleanly() {
    let Some(folder) = shared() else { return };
    let (mut files, mut cuts) = (0, 0u64);
    for capture in captures_in(&folder) {
        let bytes = fs::read(&capture).unwrap();
        if bytes.len() > 8 << 10 {
            continue;
        }
        files += 1;
        for cut in 0..bytes.len() {
            let limits = wscope::limits::Limits::default();
            if let Ok(mut opened) = wscope::capture::open::from_bytes("x", bytes[..cut].to_vec(), &limits) {
                support::export(&mut *opened.source, 1);
                cuts += 1;
            }
        }
    }
    eprintln!("{files} captures, {cuts} cuts");
    assert!(files > 300, "{files}");
}
