//! What makes two findings the same fault, in whichever recording.

use sha2::{Digest as _, Sha256};

use crate::rules::Finding;
use crate::rules::finding::{Evidence, Part};
use crate::ws::header::Header;

use super::report::Subject;

/// The first word of what is hashed: another recipe gets another word.
const RECIPE: &str = "wscope finding 1";

/// The fingerprint of a finding: 32 hexadecimal digits, the first half of a SHA-256 of
///
/// - the rule's code,
/// - the path of the connection's target without the query, where segments that name one thing of many
///   are replaced by `*`: numbers, UUIDs, 8 and more hexadecimal digits, and words of 20 and more
///   characters with a digit in them,
/// - the subprotocol,
/// - the direction,
/// - the shape of the evidence. Of a frame: FIN, RSV, opcode, whether it is masked, which of the three
///   forms its length has, and the field at fault. Of a line of the handshake: the field's name in lower
///   case. Of a payload: that it is one.
///
/// Nothing else goes in: no addresses, ports, hosts, times, packet or connection numbers, lengths,
/// masking keys, payloads or texts. So the same fault in another recording of the same traffic has the
/// same fingerprint; and the same fault twice in one recording, too.
#[must_use]
pub fn fingerprint(finding: &Finding, subject: Option<&Subject>) -> String {
    let mut parts = Vec::with_capacity(192);
    let mut add = |part: &[u8]| {
        // With its length before it, no part can pass for two.
        parts.extend_from_slice(&(part.len() as u64).to_be_bytes());
        parts.extend_from_slice(part);
    };
    let path = subject.and_then(|subject| subject.path.as_deref()).map(normalised);
    let subprotocol = subject.and_then(|subject| subject.subprotocol.as_deref());
    add(RECIPE.as_bytes());
    add(finding.rule.code.as_bytes());
    add(path.unwrap_or_default().as_bytes());
    add(subprotocol.unwrap_or_default().as_bytes());
    add(finding.dir.map_or("", crate::item::Dir::name).as_bytes());
    match &finding.evidence {
        Evidence::None => add(b"none"),
        Evidence::Frame { header, part, .. } => {
            add(b"frame");
            add(&shape(header));
            add(field(*part).as_bytes());
        }
        Evidence::Line { line, .. } => {
            add(b"line");
            add(&field_name(line));
        }
        Evidence::Payload { .. } => add(b"payload"),
    }
    let digest = Sha256::digest(&parts);
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    digest.iter().take(16).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// This text could be a fingerprint.
#[must_use]
pub fn is_fingerprint(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A path in which segments that name one thing of many are replaced by `*`.
#[must_use]
pub fn normalised(path: &str) -> String {
    let segments: Vec<&str> =
        path.split('/').map(|segment| if names_one(segment) { "*" } else { segment }).collect();
    segments.join("/")
}

/// A segment that another session has otherwise.
fn names_one(segment: &str) -> bool {
    let bytes = segment.as_bytes();
    let number = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    let hexadecimal = bytes.len() >= 8 && bytes.iter().all(u8::is_ascii_hexdigit);
    let token = bytes.len() >= 20 && bytes.iter().any(u8::is_ascii_digit);
    number || hexadecimal || token || is_uuid(bytes)
}

/// 8-4-4-4-12 hexadecimal digits (RFC 9562 section 4).
fn is_uuid(bytes: &[u8]) -> bool {
    let mut groups = bytes.split(|byte| *byte == b'-');
    [8, 4, 4, 4, 12].iter().all(|len| {
        groups.next().is_some_and(|group| group.len() == *len && group.iter().all(u8::is_ascii_hexdigit))
    }) && groups.next().is_none()
}

fn shape(header: &Header) -> [u8; 5] {
    let length = match header.len7 {
        126 => 16,
        127 => 64,
        _ => 7,
    };
    [u8::from(header.fin), header.rsv, header.opcode.value(), u8::from(header.mask.is_some()), length]
}

const fn field(part: Part) -> &'static str {
    match part {
        Part::Fin => "fin",
        Part::Rsv => "rsv",
        Part::Opcode => "opcode",
        Part::Mask => "mask",
        Part::Length => "length",
        Part::ExtendedLength => "extended length",
        Part::Key => "key",
        Part::Payload => "payload",
    }
}

/// The name before the colon, in lower case; nothing of the first line of a head.
fn field_name(line: &[u8]) -> Vec<u8> {
    let Some(colon) = memchr::memchr(b':', line) else { return Vec::new() };
    let name = line.get(..colon).unwrap_or_default().trim_ascii();
    if name.contains(&b' ') { Vec::new() } else { name.to_ascii_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{At, Dir};
    use crate::packet::segment::Endpoint;
    use crate::rules;
    use crate::time::Timestamp;

    fn subject(path: &str) -> Subject {
        Subject {
            conn: 1,
            client: Endpoint::v4([10, 0, 0, 1], 50_000),
            server: Endpoint::v4([10, 0, 0, 2], 80),
            url: Some(format!("ws://a{path}")),
            host: Some("a".to_owned()),
            path: Some(path.to_owned()),
            subprotocol: Some("chat".to_owned()),
            opened: At { packet: 1, time: Timestamp::from_nanos(5) },
        }
    }

    fn frame(bytes: &[u8], part: Part) -> Evidence {
        let (header, _) = Header::decode(bytes).unwrap();
        Evidence::Frame { header, part, label: "must be 1".into() }
    }

    fn line(text: &str) -> Evidence {
        Evidence::Line { line: text.into(), mark: 0..1, label: "x".into() }
    }

    fn finding(evidence: Evidence) -> Finding {
        let rule = rules::find("F004").unwrap();
        let at = At { packet: 7, time: Timestamp::from_nanos(99) };
        let finding = Finding::new(rule, Dir::C2s, at, "the facts");
        Finding { nth: 1, frame: Some(3), message: Some(2), offset: Some(17), evidence, ..finding }
    }

    fn of(evidence: Evidence) -> String {
        fingerprint(&finding(evidence), Some(&subject("/chat/1")))
    }

    /// Baselines live on: another recipe needs another word in [`RECIPE`].
    #[test]
    fn the_recipe_is_fixed() {
        let one = of(frame(b"\x81\x05", Part::Mask));
        assert!(is_fingerprint(&one));
        assert_eq!(one, "1de7ed253e5adc339383236929d269c1");
        assert_eq!(fingerprint(&finding(Evidence::None), None), "7c3e417890b038cac29fab20c9f8ddc0");
    }

    #[test]
    fn another_recording_has_the_same() {
        let first = finding(frame(b"\x81\x85\x01\x02\x03\x04", Part::Mask));
        let again = Finding {
            nth: 5,
            at: Some(At { packet: 4_711, time: Timestamp::from_nanos(1 << 60) }),
            frame: Some(900),
            message: None,
            offset: None,
            text: "other words".to_owned(),
            more: 3,
            conn: Some(9),
            evidence: frame(b"\x81\x87\x99\x99\x99\x99", Part::Mask),
            ..first.clone()
        };
        let elsewhere = Subject {
            conn: 77,
            client: Endpoint::new([0xfe; 16], 1),
            server: Endpoint::v4([192, 168, 0, 1], 8080),
            url: None,
            host: Some("staging.example.com:8080".to_owned()),
            opened: At::default(),
            ..subject("/chat/98765")
        };
        assert_eq!(fingerprint(&first, Some(&subject("/chat/1"))), fingerprint(&again, Some(&elsewhere)));
        assert_eq!(of(line("Upgrade: websocket")), of(line("UPGRADE : h2c")));
        let payload = |bytes: &[u8], offset| Evidence::Payload {
            offset,
            bytes: bytes.to_vec(),
            mark: 0..1,
            label: "x".into(),
        };
        assert_eq!(of(payload(b"a", 1)), of(payload(b"bcd", 9)));
    }

    #[test]
    fn another_fault_has_another() {
        let base = finding(frame(b"\x81\x05", Part::Mask));
        let here = subject("/chat");
        let mut all = vec![
            fingerprint(&base, Some(&here)),
            fingerprint(&Finding { rule: rules::find("F005").unwrap(), ..base.clone() }, Some(&here)),
            fingerprint(&Finding { dir: Some(Dir::S2c), ..base.clone() }, Some(&here)),
            fingerprint(&Finding { dir: None, ..base.clone() }, Some(&here)),
            fingerprint(&base, None),
            fingerprint(&base, Some(&subject("/other"))),
            fingerprint(&base, Some(&Subject { subprotocol: None, ..here.clone() })),
            // The path's end is not the subprotocol's beginning.
            fingerprint(
                &base,
                Some(&Subject {
                    path: Some("/ch".into()),
                    subprotocol: Some("atchat".into()),
                    ..here.clone()
                }),
            ),
        ];
        for (bytes, part) in [
            (&b"\x01\x05"[..], Part::Mask),
            (b"\xc1\x05", Part::Mask),
            (b"\x82\x05", Part::Mask),
            (b"\x81\x85\x00\x00\x00\x00", Part::Mask),
            (b"\x81\x7e\x00\x80", Part::Mask),
            (b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", Part::Mask),
            (b"\x81\x05", Part::Payload),
        ] {
            all.push(fingerprint(&finding(frame(bytes, part)), Some(&here)));
        }
        for evidence in [
            Evidence::None,
            line("Upgrade: websocket"),
            line("Connection: Upgrade"),
            line("GET http://a/ HTTP/1.1"),
            Evidence::Payload { offset: 0, bytes: Vec::new(), mark: 0..0, label: "x".into() },
        ] {
            all.push(fingerprint(&finding(evidence), Some(&here)));
        }
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn paths() {
        for (path, expected) in [
            ("/", "/"),
            ("", ""),
            ("/chat/7/room", "/chat/*/room"),
            ("/v2/chat", "/v2/chat"),
            ("/k/9f3b1a20-1c2d-4e5f-8a9b-001122334455/channels", "/k/*/channels"),
            ("/k/9f3b1a20-1c2d-4e5f-8a9b-0011223344556/channels", "/k/*/channels"),
            ("/decade/deadbeef/facade", "/decade/*/facade"),
            ("/s/eyJhbGciOiJIUzI1NiJ9.e30", "/s/*"),
            ("/customer-notification-service/", "/customer-notification-service/"),
            ("/2026//", "/*//"),
        ] {
            assert_eq!(normalised(path), expected);
        }
        assert!(is_uuid(b"9F3B1A20-1c2d-4e5f-8a9b-001122334455"));
        assert!(!is_uuid(b"9f3b1a20-1c2d-4e5f-8a9b") && !is_uuid(b"9f3b1a20-1c2d-4e5f-8a9b-00112233445g"));
    }
}
