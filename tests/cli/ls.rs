//! `wscope ls` and `wscope stats`.

use serde_json::Value;

use crate::run::{file, output, run};
use crate::support::talk::{ACK, CLIENT_ISN, SYN, Sent, Talk, Who, capture};
use crate::support::{self, records};

#[test]
fn the_table() {
    for name in ["close-codes.pcapng", "refused-then-accepted.pcapng", "mid-stream.pcapng", "lossy.pcapng"] {
        insta::assert_snapshot!(format!("ls_{name}"), run(&["ls", name]).all());
    }
    let short = run(&["close-codes.pcapng"]);
    assert_eq!(short.all(), run(&["ls", "close-codes.pcapng"]).all(), "`wscope FILE` is `wscope ls FILE`");
}

#[test]
fn one_is_singular() {
    let ran = run(&["ls", "any-interface.pcapng"]);
    assert!(ran.err.starts_with("1 connection, 6 messages, "), "{}", ran.err);
    let some = run(&["ls", "close-codes.pcapng", "--conn", "2-3"]);
    assert_eq!(some.text().lines().count(), 3);
    assert!(some.err.starts_with("2 of 10 connections, "), "{}", some.err);
}

#[test]
fn ascii_is_ascii() {
    let ran = run(&["ls", "--ascii", "refused-then-accepted.pcapng"]);
    assert!(ran.text().is_ascii() && ran.err.is_ascii(), "{ran:?}");
}

#[test]
fn json_lines() {
    let records = records(&output(&["ls", "--json", "chat-node-ws.pcapng"]));
    let types: Vec<&str> = records.iter().map(|record| record["type"].as_str().unwrap()).collect();
    assert_eq!(types.iter().filter(|name| **name == "connection").count(), 3);
    assert_eq!(types.iter().filter(|name| **name == "end").count(), 3);
    let one = support::records(&output(&["ls", "--json", "--conn", "2", "chat-node-ws.pcapng"]));
    assert!(one.len() == 2 && one.iter().all(|record| record["conn"] == 2));
}

#[test]
fn nothing_found_says_what_was_there() {
    let segment =
        |who, flags, payload: &[u8]| Sent { who, flags, seq: CLIENT_ISN, ack: 1, payload: payload.into() };
    for (segments, what) in [
        (vec![], "no WebSocket found: the capture holds no packets"),
        (vec![segment(Who::Client, SYN, b"")], "no WebSocket found in 1 TCP connection: 1 no data"),
        (
            vec![segment(Who::Client, ACK, b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00")],
            "no WebSocket found in 1 TCP connection: 1 TLS without keys",
        ),
        (
            vec![segment(Who::Client, ACK, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")],
            "no WebSocket found in 1 TCP connection: 1 HTTP/1 without an upgrade",
        ),
    ] {
        let (_folder, path) = file("a.pcap", &capture(&segments));
        let path = path.to_str().unwrap();
        for command in ["ls", "show"] {
            let ran = run(&[command, path]);
            assert_eq!(ran.all(), format!("--- stderr ---\nnote: {what}\n--- exit 0 ---\n"));
            assert_eq!(run(&[command, "-q", path]).all(), "--- stderr ---\n--- exit 1 ---\n");
        }
        assert_eq!(run(&["ls", "--json", "-q", path]).code, 1);
        assert!(run(&["stats", path]).err.contains(what));
    }
}

#[test]
fn nothing_selected_is_said_too() {
    for (args, what) in [
        (&["ls", "--conn", "99", "close-codes.pcapng"][..], "no connection"),
        (&["show", "--conn", "99", "close-codes.pcapng"], "no message"),
        (&["show", "--frames", "--conn", "99", "close-codes.pcapng"], "no frame"),
        (&["show", "--payload-only", "--conn", "99", "close-codes.pcapng"], "no data message"),
    ] {
        let expected =
            format!("note: {what} was selected; the capture holds 10 connections and 20 messages\n");
        let ran = run(args);
        assert_eq!((ran.code, ran.text(), &*ran.err), (0, "", &*expected));
        let quiet = run(&[args, &["-q"]].concat());
        assert_eq!(quiet.all(), "--- stderr ---\n--- exit 1 ---\n");
    }
    assert_eq!(run(&["ls", "-q", "close-codes.pcapng"]).err, "");
}

#[test]
fn an_empty_message_counts_as_found() {
    let mut talk = Talk::open();
    talk.send(Who::Client, &support::talk::request(""), 9_999);
    talk.send(Who::Server, &support::talk::response(""), 9_999);
    talk.send(Who::Server, &support::talk::frame(0x81, None, b""), 9_999);
    let (_folder, path) = file("a.pcap", &capture(&talk.segments));
    assert_eq!(run(&["show", "-q", "--payload-only", path.to_str().unwrap()]).code, 0);
}

#[test]
fn stats() {
    insta::assert_snapshot!("stats", output(&["stats", "fragments-pings.pcapng"]));
    insta::assert_snapshot!(
        "stats_every",
        output(&["stats", "--every", "20ms", "feed-deflate-node-ws.pcapng"])
    );
    let json: Value = serde_json::from_str(&output(&["stats", "--json", "close-codes.pcapng"])).unwrap();
    assert_eq!(json["connections"], 10);
    assert_eq!(json["sizes"][0], serde_json::json!({"up_to": 125, "messages": 20}));
    assert_eq!(json["findings"], serde_json::json!({"error": 0, "warning": 3, "note": 0}));
    let median = json["handshake_ms"]["p50"].as_f64().unwrap();
    assert!((0.05..50.0).contains(&median), "{median} ms");
    let one: Value =
        serde_json::from_str(&output(&["stats", "--json", "--conn", "2", "close-codes.pcapng"])).unwrap();
    assert_eq!(one["messages"], 1);
}
