//! A capture that tries to act on the terminal that it is shown in.

use super::talk::{Talk, Who, capture, frame};

/// Escape sequences, C1 controls (as UTF-8 and bare), marks that turn text around, and bytes that are no text.
pub const EVIL: &[u8] =
    "\x1b]0;owned\x07\x1b[2J\u{9b}31m\u{85}\u{202e}gnp\u{2066}\u{200b}\u{feff}\u{e0041}\u{2028}\0\x7f\x08\t"
        .as_bytes();

/// The same, and bytes that are no text.
pub fn evil() -> Vec<u8> {
    [EVIL, b"\x9b\xff\xc3\xed\xa0\x80\r "].concat()
}

/// A conversation that has it everywhere.
pub fn hostile() -> Vec<u8> {
    // A line end would end the header; everything else may stand in one.
    let header: Vec<u8> = evil().into_iter().filter(|byte| !b"\r\n".contains(byte)).collect();
    // A target ends at white space.
    let target: Vec<u8> = header.iter().copied().filter(|byte| !b" \t".contains(byte)).collect();
    let request = [
        b"GET /chat?a=", &target[..], b" HTTP/1.1\r\nHost: h", &header, b"h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: p", &header,
        b"\r\nX-", &header, b": ", &header, b"\rx\r\nCookie: ", &header, b"\r\n\r\n",
    ]
    .concat();
    let response = [
        b"HTTP/1.1 101 Sw",
        &header[..],
        b"itching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
        b"Sec-WebSocket-Accept: ",
        &header,
        b"\r\nSec-WebSocket-Protocol: p",
        &header,
        b"\r\nSec-WebSocket-Extensions: x",
        &header,
        b"\r\n\r\n",
    ]
    .concat();
    let mut talk = Talk::open();
    talk.send(Who::Client, &request, 9_999).send(Who::Server, &response, 9_999);
    let mask = Some([1, 2, 3, 4]);
    let text = EVIL.to_vec();
    let json = serde_json::to_vec(&serde_json::json!({"a": String::from_utf8_lossy(EVIL)})).unwrap();
    for payload in [evil(), text, json, vec![]] {
        for first in [0x81, 0x82, 0x89, 0x8a, 0x83, 0xf1] {
            talk.send(Who::Client, &frame(first, mask, &payload), 9_999);
            talk.send(Who::Server, &frame(first, None, &payload), 9_999);
        }
    }
    let reason = [b"\x03\xe8", &evil()[..]].concat();
    talk.send(Who::Client, &frame(0x88, mask, &reason), 9_999);
    talk.send(Who::Server, &frame(0x88, None, &reason), 9_999);
    talk.close();
    capture(&talk.segments)
}
