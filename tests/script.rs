//! Scripts through the whole engine: what a script says is what is told.

mod support;

use proptest::prelude::*;
use serde_json::{Value, json};
use support::{export_bytes, of_type, records};
use wscope::item::Dir;
use wscope::limits::Limits;
use wscope::script::Script;

/// The records of a script's capture.
fn run(script: &str) -> Vec<Value> {
    let script = Script::parse(script).unwrap_or_else(|e| panic!("{e}"));
    records(&export_bytes(&script.capture(), 1))
}

/// `c2s text Hello` for each message.
fn told(records: &[Value]) -> Vec<String> {
    of_type(records, "message")
        .iter()
        .map(|m| {
            let text = m["text"].as_str().unwrap_or("-");
            let whole = if m["complete"] == true { "" } else { " (incomplete)" };
            format!("{} {} {text}{whole}", m["dir"].as_str().unwrap(), m["kind"].as_str().unwrap())
        })
        .collect()
}

/// The codes of the notes on the capture, and of what concerns TCP.
fn codes(records: &[Value]) -> Vec<&str> {
    let code = |finding: &&Value| finding["code"].as_str().map(str::to_owned);
    let known = ["N001", "N002", "N003", "N004", "N005", "N006", "N007", "S006"];
    let found: Vec<String> = of_type(records, "finding").iter().filter_map(code).collect();
    known.into_iter().filter(|known| found.iter().any(|code| code == known)).collect()
}

#[test]
fn a_whole_conversation() {
    let script = "open\nc text 'Hello'\ns text 'Hello'\nc close 1000 'bye'\ns close 1000\nfin s\nfin c";
    let records = run(script);
    let types: Vec<_> = records.iter().map(|record| record["type"].as_str().unwrap()).collect();
    let [frame, message] = ["frame", "message"];
    assert_eq!(
        types,
        [
            "capture",
            "connection",
            frame,
            message,
            frame,
            message,
            frame,
            message,
            frame,
            message,
            "end",
            "summary"
        ]
    );
    let connection = &records[1];
    assert_eq!(connection["url"], "ws://server.example.com/chat");
    assert_eq!(connection["client"], json!({"ip": "127.0.0.1", "port": 50122}));
    assert_eq!(connection["server"], json!({"ip": "127.0.0.1", "port": 8080}));
    assert_eq!(connection["time"], "2023-11-14T22:13:20.000000000Z");
    assert_eq!(connection["handshake"]["packet"], json!([4, 6]));
    assert_eq!(connection["handshake"]["accept"]["valid"], true);
    assert_eq!(told(&records), ["c2s text Hello", "s2c text Hello", "c2s close -", "s2c close -"]);
    // SYN, SYN-ACK, ACK, then each step and its acknowledgement, a millisecond each.
    let frames: Vec<_> = of_type(&records, "frame")
        .iter()
        .map(|f| json!([f["packet"], f["dir"], f["opcode"], f["mask"], f["len"], f["time"]]))
        .collect();
    assert_eq!(
        frames,
        [
            json!([8, "c2s", 1, "37fa213d", 5, "2023-11-14T22:13:20.007000000Z"]),
            json!([10, "s2c", 1, null, 5, "2023-11-14T22:13:20.009000000Z"]),
            json!([12, "c2s", 8, "514e28b7", 5, "2023-11-14T22:13:20.011000000Z"]),
            json!([14, "s2c", 8, null, 2, "2023-11-14T22:13:20.013000000Z"]),
        ]
    );
    let end = &records[10];
    assert_eq!((&end["how"], &end["packet"]), (&json!("clean"), &json!(18)), "{end}");
    let sent = Script::parse(script).unwrap().payloads();
    assert_eq!(sent.len(), 4);
    assert_eq!(sent[0], (Dir::C2s, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58".to_vec()));
    assert_eq!(sent[1], (Dir::S2c, b"\x81\x05Hello".to_vec()));
}

#[test]
fn an_extension_is_agreed() {
    let script = "open permessage-deflate\ns text z 'Hello'\ns text z 'Hello'\nc text -fin z 'Hel'\nc ping\n\
                  c cont z 'lo'\nc binary +rsv1 fresh('x') | text 'plain'";
    let records = run(script);
    assert_eq!(
        told(&records),
        ["s2c text Hello", "s2c text Hello", "c2s ping ", "c2s text Hello", "c2s binary -", "c2s text plain"]
    );
}

#[test]
fn lost_bytes_are_a_gap() {
    let records = run("open\ns text 'before'\nlose s 'xx' *100\ns text 'after'\nfin s\nfin c");
    assert_eq!(codes(&records), ["N001", "N004"]);
    assert_eq!(told(&records), ["s2c text before", "s2c text after"]);
    let gap = of_type(&records, "finding")[0];
    assert!(
        gap["text"].as_str().unwrap().starts_with("200 bytes were acknowledged but not captured"),
        "{gap}"
    );
    // Within a payload the gap is exact.
    let records = run("open\ns 81 05 'He'\nlose s 'l'\ns 'lo'\ns text 'after'\nfin s\nfin c");
    assert_eq!(codes(&records), ["N001"]);
    assert_eq!(told(&records)[1], "s2c text after");
    assert!(told(&records)[0].ends_with("(incomplete)"));
}

#[test]
fn no_handshake_where_it_was_before_the_capture() {
    let frames = "c text 'some text'\n".repeat(20);
    let records = run(&format!("midstream\n{frames}"));
    assert_eq!(codes(&records), ["N003"]);
    assert_eq!(told(&records).len(), 20);
}

#[test]
fn a_retransmission_with_other_bytes() {
    assert_eq!(codes(&run("open\ns text 'Hello'\nagain s 5 'Jello'")), ["S006"]);
    assert_eq!(codes(&run("open\ns text 'Hello'\nagain s 5 'Hello'")), [""; 0]);
}

#[test]
fn packets_are_cut() {
    let records =
        run("open\nsnap 60\nc text 'a text that is longer than the sixty bytes of the packet'\nfin c");
    assert_eq!(codes(&records), ["N002"]);
    assert!(told(&records)[0].ends_with("(incomplete)"));
}

#[test]
fn the_file_is_cut() {
    let whole = Script::parse("open\nc text 'Hello'").unwrap().capture();
    let script = Script::parse("cut 7\nopen\nc text 'Hello'").unwrap();
    assert_eq!(script.capture(), whole[..whole.len() - 7]);
    assert_eq!(codes(&records(&export_bytes(&script.capture(), 1))), ["N007"]);
    // Whatever is cut, it stays a capture.
    assert_eq!(codes(&run("open\ncut 4294967295")), [""; 0]);
}

#[test]
fn several_connections() {
    let records = run("lan\nopen\nc text 'one'\nconnection\nopen\nc text 'two'");
    let clients: Vec<_> = of_type(&records, "connection").iter().map(|c| c["client"].clone()).collect();
    let client = |port| json!({"ip": "192.0.2.1", "port": port});
    assert_eq!(clients, [client(50122), client(50123)]);
    assert_eq!(of_type(&records, "connection")[1]["server"], json!({"ip": "198.51.100.2", "port": 8080}));
    let conns: Vec<_> = of_type(&records, "message").iter().map(|m| m["conn"].clone()).collect();
    assert_eq!(conns, [1, 2]);
}

#[test]
fn a_reset_of_what_was_never_acknowledged() {
    let records = run("open\nnoack\nc text 'lost?'\nreset s");
    assert_eq!(told(&records), ["c2s text lost?"]);
    let end = of_type(&records, "end")[0];
    // SYN, SYN-ACK, ACK, two heads with their acknowledgements, the text, the RST.
    assert_eq!((&end["how"], &end["packet"]), (&json!("reset"), &json!(9)), "{end}");
}

#[test]
fn a_refusal() {
    let records = run("request\n + Origin: http://a.example\nresponse HTTP/1.1 403 Forbidden\n - upgrade\n \
                       - connection\n - sec-websocket-accept\n + Content-Length: 0");
    let handshake = &of_type(&records, "connection")[0]["handshake"];
    let response =
        json!({"headers": [["Content-Length", "0"]], "reason": "Forbidden", "status": 403, "version": "1.1"});
    assert_eq!(handshake["response"], response);
    assert_eq!(handshake["request"]["headers"][5], json!(["Origin", "http://a.example"]));
}

#[test]
fn limits_are_for_the_run() {
    let (with, without) = ("limit message_bytes 3\nopen\ns text 'Hello'", "open\ns text 'Hello'");
    let (with, without) = (Script::parse(with).unwrap(), Script::parse(without).unwrap());
    assert_eq!(with.capture(), without.capture());
    assert_eq!(with.limits(Limits::default()), Limits { message_bytes: 3, ..Limits::default() });
}

/// Texts of the language's own words in any order.
fn near_scripts() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "lan",
        "midstream",
        "open",
        "request",
        "response",
        "c",
        "s",
        "lose",
        "again",
        "fin",
        "reset",
        "noack",
        "ack",
        "wait",
        "connection",
        "snap",
        "cut",
        "limit",
        "text",
        "cont",
        "close",
        "-fin",
        "+rsv1",
        "nomask",
        "z",
        "mask:37fa213d",
        "mask:",
        "81",
        "8",
        "'a'",
        "'",
        "\\x",
        "deflate('b')",
        "fresh('",
        "*2",
        "*",
        "|",
        "#",
        "+",
        "- Host",
        "= Host: a",
        "!",
        "1",
        "99999999999999999999",
        "5ms",
        "http_head",
        "é",
        "\n",
        "\n",
        "\n",
        "\r",
    ]);
    prop::collection::vec(word, 0..40).prop_map(|words| words.join(" "))
}

/// Lines that are steps, but for the order.
fn steps() -> impl Strategy<Value = Vec<String>> {
    let side = || prop::sample::select(vec!["c", "s"]);
    let token = prop_oneof![
        "[0-9a-f]{2}( [0-9a-f]{2}){0,20}",
        "'[a-z ]{0,30}'",
        "'[a-z]{1,3}' \\*[1-9][0-9]{0,3}",
        "deflate\\('[a-c]{0,40}'\\)",
        "fresh\\('[a-c]{0,40}'\\)",
        "(text|binary|cont|ping|pong|close)( -fin)?( \\+rsv[123])?( nomask| mask:[0-9a-f]{8})?( z)?( '[a-z]{0,20}')?",
    ];
    let tokens = || prop::collection::vec(token.clone(), 1..4).prop_map(|tokens| tokens.join(" | "));
    let line = prop_oneof![
        8 => (side(), tokens()).prop_map(|(side, tokens)| format!("{side} {tokens}")),
        1 => (side(), tokens()).prop_map(|(side, tokens)| format!("lose {side} {tokens}")),
        1 => (side(), any::<u32>(), tokens()).prop_map(|(side, n, tokens)| format!("again {side} {n} {tokens}")),
        1 => (side(), 0..40u32, tokens()).prop_map(|(side, n, tokens)| format!("again {side} {n} {tokens}")),
        2 => "open( permessage-deflate)?|response( HTTP/1.1 [1-5]00 x)?|request(\n\\+ X: y)?(\n- host)?(\n! [a-z:]{0,9})?",
        1 => (side(), prop::sample::select(vec!["fin", "reset"])).prop_map(|(side, step)| format!("{step} {side}")),
        1 => "noack|ack|connection|wait [0-9]{1,2}(ms|s|m)|snap [0-9]{1,3}",
    ];
    prop::collection::vec(line, 0..25)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: support::cases(256), ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in prop_oneof![any::<String>(), near_scripts()]) {
        match Script::parse(&text) {
            Ok(script) => prop_assert_eq!(script.capture(), script.capture()),
            Err(error) => {
                prop_assert!(error.line >= 1 && error.line <= text.lines().count());
                prop_assert!(error.expected.contains("expected"), "{}", error);
            }
        }
    }

    #[test]
    fn what_parses_is_a_capture_without_damage(
        steps in steps(), lan in any::<bool>(), midstream in any::<bool>(),
    ) {
        let first = [(lan, "lan"), (midstream, "midstream")].into_iter().filter(|(is, _)| *is);
        let text: Vec<_> = first.map(|(_, step)| step).chain(steps.iter().map(String::as_str)).collect();
        let script = Script::parse(&text.join("\n"));
        let script = script.map_err(|error| TestCaseError::fail(error.to_string()))?;
        let capture = script.capture();
        prop_assert_eq!(&capture, &script.capture());
        let export = records(&export_bytes(&capture, 1));
        prop_assert!(!codes(&export).contains(&"N007"), "{:#?}", export);
        let sends = steps.iter().filter(|line| {
            ["c ", "s ", "lose ", "again "].iter().any(|step| line.starts_with(step))
        });
        prop_assert_eq!(script.payloads().len(), sends.count());
    }
}
