//! `wscope show`.

use serde_json::Value;

use crate::run::{output, run};
use crate::support::records;

#[test]
fn lines() {
    for (name, args) in [
        ("show", &["chat-node-ws.pcapng"][..]),
        ("show_frames", &["--frames", "fragments-pings.pcapng", "--conn", "1", "--side", "s2c"]),
        ("show_hex", &["-x", "close-codes.pcapng", "--conn", "2-4"]),
        ("show_verbose", &["-V", "close-codes.pcapng", "--conn", "4"]),
        (
            "show_frames_verbose_hex",
            &["--frames", "-V", "-x", "close-codes.pcapng", "--conn", "8", "--ascii"],
        ),
        ("show_ascii", &["--ascii", "chat-node-ws.pcapng", "--conn", "3"]),
        ("show_incomplete", &["snaplen-96.pcap"]),
    ] {
        insta::assert_snapshot!(name, output(&[&["show"], args].concat()));
    }
}

#[test]
fn times() {
    let line = |time: &str| {
        let text = output(&["show", "close-codes.pcapng", "--conn", "1", "--side", "c2s", "--time", time]);
        text.lines().nth(1).unwrap().split_whitespace().nth(1).unwrap().to_owned()
    };
    assert_eq!(line("abs"), "14:34:27.903947");
    assert_eq!(line("iso"), "2026-11-21T14:34:27.903947028Z");
    assert_eq!(line("rel"), "+1.286930");
    assert_eq!(line("delta"), "+1.281734");
}

#[test]
fn a_whole_payload_where_there_is_no_terminal() {
    let longest = |text: &str| text.lines().map(str::len).max().unwrap();
    assert!(longest(&output(&["show", "large-messages.pcap.gz"])) > 100_000);
}

#[test]
fn the_same_for_any_number_of_threads() {
    for flags in [&["-V"][..], &["-x"], &["--frames"], &["--time", "delta"], &["--payload-only"]] {
        let with = |threads| run(&[&["show", "-j", threads, "fragments-pings.pcapng"], flags].concat()).out;
        assert!(with("1") == with("4"), "{flags:?}");
    }
}

/// The payloads of an export, one behind the other, are what `--payload-only` and `follow --as raw` print.
#[test]
fn payload_only_is_exact_to_the_byte() {
    use base64::Engine as _;
    for name in [
        "chromium-echo.pcapng",
        "fragments-pings.pcapng",
        "feed-deflate-node-ws.pcapng",
        "large-messages.pcap.gz",
    ] {
        let records = records(&output(&["export", "--records", "message", "--conn", "1", name]));
        let payload = |message: &Value| match message.get("text") {
            Some(text) => text.as_str().unwrap().as_bytes().to_vec(),
            None => {
                let base64 = message["base64"].as_str().unwrap();
                base64::engine::general_purpose::STANDARD.decode(base64).unwrap()
            }
        };
        for side in [None, Some("c2s"), Some("s2c")] {
            let data = records.iter().filter(|m| m["kind"] == "text" || m["kind"] == "binary");
            let expected: Vec<u8> =
                data.filter(|m| side.is_none_or(|side| m["dir"] == side)).flat_map(payload).collect();
            assert!(!expected.is_empty());
            let side: Vec<&str> = side.into_iter().flat_map(|side| ["--side", side]).collect();
            let show = run(&[&["show", "--payload-only", "--conn", "1", name], &side[..]].concat());
            assert!(show.out == expected && show.code == 0, "{name} {side:?}");
            let raw = run(&[&["follow", "--as", "raw", name, "1"], &side[..]].concat());
            assert!(raw.out == expected && raw.code == 0, "{name} {side:?}");
        }
    }
}
