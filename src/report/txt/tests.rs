//! The transcript, line by line.

use super::*;
use crate::report::sample;

fn export(options: &TxtOptions, conns: u32, numbered: bool) -> String {
    let mut sink = TxtSink::new(Vec::new(), options);
    sample::run(&mut TxtObserver::new(options), &mut sink, conns, numbered);
    String::from_utf8(sink.into_inner()).unwrap()
}

#[test]
fn transcript() {
    let expected = r#"1  2026-11-20T10:00:00.000000000Z  127.0.0.1:50122 → 127.0.0.1:8080  ws://server.example.com/chat?a=1&b  101 Switching Protocols  subprotocol chat  [permessage-deflate; client_max_window_bits=15]
1.m1     10:00:00.000001  → TEXT       11   Hello "you"
1.f1     10:00:00.000001  ! S006 overlap-conflict: 4 bytes at stream offset 12 differ
1.m2     10:00:00.003000  ← BINARY   4096z  (2 frames)  00 01 ff…
1.m3     10:00:00.000001  ← TEXT        9   (bytes missing from the capture)  =1…
1.m4     10:00:00.000001  → PING        4   1b 5b 32 4a
1.m5     10:00:00.000001  → CLOSE       6   1000 "done"
1  10:00:05.000000  end clean  → 1 message, 5 bytes  ← 1 message, 4096 bytes
N007 file-cut: chat.pcapng ends inside a packet
"#;
    assert_eq!(export(&TxtOptions::default(), 1, true), expected);
}

#[test]
fn within_a_width_and_in_ascii() {
    let options = TxtOptions {
        ascii: true,
        width: Some(60),
        messages_only: true,
        time: TimeStyle::Relative,
        ..Default::default()
    };
    let expected = r#"1.m1     +0.000001  -> TEXT       11   Hello "you"
1.m2     +0.003000  <- BINARY   4096z  (2 frames)  00...
1.m3     +0.000001  <- TEXT        9   (bytes missing...
1.m4     +0.000001  -> PING        4   1b 5b 32 4a
1.m5     +0.000001  -> CLOSE       6   1000 "done"
"#;
    assert_eq!(export(&options, 1, false), expected);
}

#[test]
fn numbers_given_late_make_no_difference() {
    let options = TxtOptions { conns: "2-".parse().unwrap(), ..Default::default() };
    assert_eq!(export(&options, 12, true), export(&options, 12, false));
}

#[test]
fn no_control_character_comes_through() {
    let options = TxtOptions::default();
    let mut observer = TxtObserver::new(&options);
    let mut out = Outbox::default();
    let message = sample::message(Dir::C2s, Kind::Text, "\x1b[2J\r\n\u{202e}".as_bytes());
    observer.event(&sample::connection(Some(1)), Event::Message(&message), &mut out);
    let text = String::from_utf8(out.bytes.to_vec()).unwrap();
    assert!(text.ends_with("␛[2J␍␊<U+202E>\n"), "{text}");
}
