//! C001 to C005, C013, C015: what a Close carries (RFC 6455 sections 5.5.1 and 7.4).

use std::borrow::Cow;
use std::ops::Range;

use crate::item::Dir;
use crate::rule;
use crate::rules::Rule;
use crate::rules::finding::{Evidence, Finding};
use crate::rules::frame::sender;
use crate::rules::text::window;
use crate::ws::fact::{Message, Utf8};

rule! {
    /// The body of a Close is empty, or begins with a status code of two bytes. One byte is neither:
    /// the sender wrote the code as one byte, or a text without a code.
    pub static PAYLOAD_ONE_BYTE = {
        code: "C001", name: "close-payload-one-byte", level: Error, source: "RFC 6455 5.5.1",
        quote: "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer",
        summary: "a Close has a payload of one byte",
        reaction: "The receiver fails the connection with Close 1002.",
        bad: ["open\nc 88 81 mask:37fa213d 03\ns close 1002", "open\ns 88 01 'x'\nc close 1002"],
        good: ["open\ns close\nc close", "open\ns 88 02 03e8\nc close 1000"],
    }
}

rule! {
    /// 1005, 1006 and 1015 are for APIs: they stand for a Close without a code, for a connection that
    /// ended without a Close, and for a TLS handshake that failed. 1004 is kept for later. None of them
    /// is ever sent. The usual cause is a program that passes on the code that its own library reported,
    /// such as a proxy that closes its other side.
    pub static FORBIDDEN = {
        code: "C002", name: "close-code-forbidden", level: Error, source: "RFC 6455 7.4.1",
        quote: "MUST NOT be set as a status code in a Close control frame by an endpoint",
        summary: "a Close carries 1004, 1005, 1006 or 1015",
        reaction: "The receiver fails the connection with Close 1002.",
        bad: ["open\nc close 1005\ns close 1002", "open\ns close 1006 'gone'\nc close 1006", "open\ns close 1015\nc close 1002"],
        good: ["open\nc close\ns close", "open\nc close 1000\ns close 1000", "open\nc close 1014\ns close 1014"],
    }
}

rule! {
    /// Status codes begin at 1000. A smaller number is often one that was written in the wrong byte order,
    /// an HTTP status, or the exit code of a program.
    pub static OUT_OF_RANGE = {
        code: "C003", name: "close-code-out-of-range", level: Error, source: "RFC 6455 7.4.2",
        quote: "Status codes in the range 0-999 are not used.",
        summary: "a Close carries a code below 1000",
        reaction: "The receiver fails the connection with Close 1002.",
        bad: ["open\nc close 999\ns close 1002", "open\ns close 0\nc close 1002"],
        good: ["open\nc close 1000\ns close 1000"],
    }
}

rule! {
    /// The codes from 1000 to 2999 belong to the protocol and its extensions; from 1016 on none of them
    /// has been given a meaning. An application takes a code from 3000 on (registered), or from 4000 on
    /// (private).
    pub static UNREGISTERED = {
        code: "C004", name: "close-code-unregistered", level: Error, source: "RFC 6455 7.4.2",
        quote: "reserved for definition by this protocol, its future revisions, and extensions specified in a permanent and readily available public specification",
        summary: "a Close carries a code from 1016 to 2999, which no specification defines",
        reaction: "Strict receivers fail the connection with Close 1002; others pass the code on.",
        bad: ["open\nc close 1016\ns close 1002", "open\ns close 2999\nc close 2999"],
        good: ["open\nc close 1012\ns close 1012", "open\ns close 3000\nc close 3000"],
    }
}

rule! {
    /// The reason behind the status code is UTF-8. Some libraries cut a long reason at 123 bytes, in the
    /// middle of a character.
    pub static REASON_INVALID_UTF8 = {
        code: "C005", name: "close-reason-invalid-utf8", level: Error, source: "RFC 6455 5.5.1",
        quote: "the body MAY contain UTF-8-encoded data with value /reason/",
        summary: "the reason of a Close is not UTF-8",
        reaction: "The receiver fails the connection with Close 1007.",
        bad: ["open\ns close 1000 'caf\\xe9'\nc close 1007", "open\nc close 1000 'caf\\xc3'\ns close 1000"],
        good: ["open\ns close 1000 'caf\\xc3\\xa9'\nc close 1000"],
    }
}

rule! {
    /// 1010 is what a client says when the server did not agree to an extension that it needs; 1011 is
    /// what a server says when it met an unexpected condition. From the other side they have no meaning,
    /// though 1011 from a client is common. A code that is only sent back is not reported.
    pub static WRONG_ROLE = {
        code: "C013", name: "close-code-wrong-role", level: Note, source: "RFC 6455 7.4.1",
        quote: "this status code is not used by the server",
        summary: "1010 from a server, or 1011 from a client",
        reaction: "Receivers pass the code on.",
        bad: ["open\ns close 1010\nc close 1010", "open\nc close 1011\ns close 1011"],
        good: [
            "open\nc close 1010\ns close 1010",
            "open\ns close 1011 'oops'\nc close 1011",
            "open\nlose s close 1011 'oops'\nc close 1011",
        ],
    }
}

rule! {
    /// Status codes end at 4999; what lies above has no meaning. A number such as 18287 is text: the two
    /// bytes `Go`, where a program put a reason into the Close without a code before it.
    pub static ABOVE_RANGE = {
        code: "C015", name: "close-code-above-range", level: Warning, source: "RFC 6455 7.4.2",
        quote: "an integer number between 1000 and 4999 (inclusive)",
        summary: "a Close carries a code above 4999",
        reaction: "Strict receivers fail the connection with Close 1002; others pass the code on.",
        bad: ["open\nc close 5000\ns close 1002", "open\ns 88 04 'Gone'\nc close 1002"],
        good: ["open\nc close 4999\ns close 4999"],
    }
}

/// Looks at the payload of a Close that was captured whole and ends at `end` of its stream. True where
/// nothing is wrong with it.
///
/// `received` is the code of the other endpoint's Close, if one came before: sent back, it plays no role of its own.
pub(super) fn check(
    message: &Message<'_>,
    end: u64,
    received: Option<u16>,
    found: &mut Vec<Finding>,
) -> bool {
    let before = found.len();
    let who = sender(message.dir);
    if message.len == 1 {
        let text =
            format!("{who} sent a Close with a payload of 1 byte: expected none, or a code of 2 bytes");
        found.push(finding(&PAYLOAD_ONE_BYTE, message, end, 0..1, "half a status code", text));
    } else if let Some(code) = message.close_code() {
        let echo = |rule: &Rule| rule == &WRONG_ROLE && received == Some(code);
        if let Some((rule, label, why)) = fault(code, message.dir).filter(|(rule, ..)| !echo(rule)) {
            let text = format!("{who} closed with code {code}, {why}");
            found.push(finding(rule, message, end, 0..2, label, text));
        }
        if let Some(Utf8::Invalid { offset, .. } | Utf8::CutAtEnd { offset }) = message.utf8 {
            let len = message.close_reason().len();
            let cut = matches!(message.utf8, Some(Utf8::CutAtEnd { .. }));
            let label =
                if cut { "the rest of the character is missing" } else { "begins no valid character" };
            let text = format!("the reason of {who}'s Close {code} is not UTF-8 at byte {offset} of {len}");
            let mark = offset + 2..if cut { message.len } else { offset + 3 };
            found.push(finding(&REASON_INVALID_UTF8, message, end, mark, label, text));
        }
    }
    found.len() == before
}

/// What is wrong with a code from this sender: the rule, a label, the reason.
fn fault(code: u16, dir: Dir) -> Option<(&'static Rule, String, String)> {
    let never = |meaning: &str| {
        (
            &FORBIDDEN,
            format!("{code} never stands on the wire"),
            format!("which only an API reports: {meaning}"),
        )
    };
    let (rule, label, why): (&'static Rule, String, String) = match (code, dir) {
        (0..1000, _) => (&OUT_OF_RANGE, "below 1000".to_owned(), "which is below 1000".to_owned()),
        (1004, _) => (&FORBIDDEN, "1004 is reserved".to_owned(), "which is reserved".to_owned()),
        (1005, _) => never("a Close without a code"),
        (1006, _) => never("a connection that ended without a Close"),
        (1015, _) => never("a TLS handshake that failed"),
        (1010, Dir::S2c) => {
            (&WRONG_ROLE, "for clients only".to_owned(), "with which clients ask for an extension".to_owned())
        }
        (1011, Dir::C2s) => (
            &WRONG_ROLE,
            "for servers only".to_owned(),
            "with which servers report an unexpected condition".to_owned(),
        ),
        (1016..3000, _) => {
            (&UNREGISTERED, "not defined".to_owned(), "which no specification defines".to_owned())
        }
        (5000.., _) => {
            let text = code.to_be_bytes();
            let hint = match std::str::from_utf8(&text) {
                Ok(text) if text.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                    format!(": as text, its bytes are `{text}`")
                }
                _ => String::new(),
            };
            (&ABOVE_RANGE, "above 4999".to_owned(), format!("which is above 4999{hint}"))
        }
        _ => return None,
    };
    Some((rule, label, why))
}

/// A finding about the bytes `mark` of the payload of a Close that ends at `end` of its stream.
pub(super) fn finding(
    rule: &'static Rule,
    message: &Message<'_>,
    end: u64,
    mark: Range<u64>,
    label: impl Into<Cow<'static, str>>,
    text: String,
) -> Finding {
    let mut finding = Finding::new(rule, message.dir, message.first, text);
    finding.frame = Some(message.first_frame);
    finding.message = Some(message.n);
    finding.offset = Some(end.saturating_sub(message.wire_len) + mark.start);
    if let Some((offset, bytes)) = window(message.payload, mark.start) {
        let place = |at: u64| (at.saturating_sub(offset) as usize).min(bytes.len());
        let mark = place(mark.start)..place(mark.end);
        finding.evidence = Evidence::Payload { offset, bytes: bytes.to_vec(), mark, label: label.into() };
    }
    finding
}
