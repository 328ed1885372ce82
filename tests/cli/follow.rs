//! `wscope follow`.

use crate::run::{output, run};

#[test]
fn forms() {
    for (name, args) in [
        ("follow_text", &["chat-node-ws.pcapng", "3"][..]),
        ("follow_hex", &["close-codes.pcapng", "2", "--as", "hex"]),
        ("follow_json", &["chat-node-ws.pcapng", "2", "--as", "json", "--side", "c2s"]),
        ("follow_ascii", &["chat-node-ws.pcapng", "3", "--ascii"]),
    ] {
        insta::assert_snapshot!(name, output(&[&["follow"], args].concat()));
    }
}

#[test]
fn a_place_names_its_connection() {
    let by_number = output(&["follow", "close-codes.pcapng", "2"]);
    assert_eq!(output(&["follow", "close-codes.pcapng", "2.m2"]), by_number);
}

#[test]
fn what_is_not_there() {
    let none = run(&["follow", "close-codes.pcapng", "11"]);
    assert!(none.code == 2 && none.err.contains("the capture holds 1 to 10"), "{none:?}");
    let refused = run(&["follow", "refused-then-accepted.pcapng", "1"]);
    assert_eq!(refused.all(), "--- stderr ---\nnote: connection 1 has no messages to show\n--- exit 0 ---\n");
    let side = run(&["follow", "close-codes.pcapng", "10", "--side", "c2s"]);
    assert_eq!(side.err, "note: connection 10 has no messages of the client to show\n");
}
