//! What the rules on the opening handshake share: header lines as evidence, and words for what was sent.

use std::borrow::Cow;
use std::ops::Range;

use crate::http::secret;
use crate::http::upgrade::{Header, Request, Response};

use super::finding::Evidence;

/// Bytes of a line that are kept as evidence.
const LINE: usize = 512;

/// Characters of a value that a finding's text quotes.
const QUOTED: usize = 100;

/// The elements of a comma-separated list, empty ones too.
pub(super) fn elements(header: Header<'_>) -> impl Iterator<Item = &[u8]> {
    header.value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// A header line as evidence, with its whole value marked.
pub(super) fn line(header: Header<'_>, label: impl Into<Cow<'static, str>>) -> Evidence {
    part_of(header, header.value, label)
}

/// A header line as evidence, with a part of its value marked. A secret value is masked.
pub(super) fn part_of(header: Header<'_>, part: &[u8], label: impl Into<Cow<'static, str>>) -> Evidence {
    let before = [header.name, b": "].concat();
    if secret::field(header.name, header.value).is_some() {
        let line = [&*before, secret::STARS.as_bytes()].concat();
        let mark = before.len()..line.len();
        return clipped(&line, mark, label.into());
    }
    let line = [&*before, header.value].concat();
    let mark = find(&line, before.len(), part).unwrap_or(before.len()..line.len());
    clipped(&line, mark, label.into())
}

/// The request line as evidence, with a part marked; all of it where the part is empty. Secrets in the target are masked.
pub(super) fn request_line(request: &Request, part: &[u8], label: impl Into<Cow<'static, str>>) -> Evidence {
    let target = secret::redacted(request.target());
    let line = [request.method(), b" ", &*target, b" HTTP/", request.version()].concat();
    let mark = find(&line, 0, part).filter(|mark| !mark.is_empty()).unwrap_or(0..line.len());
    clipped(&line, mark, label.into())
}

/// The status line as evidence, with the status marked.
pub(super) fn status_line(response: &Response, label: impl Into<Cow<'static, str>>) -> Evidence {
    let before = [b"HTTP/", response.version(), b" "].concat();
    let line = [&*before, response.status.to_string().as_bytes(), b" ", response.reason()].concat();
    clipped(line.trim_ascii_end(), before.len()..before.len() + 3, label.into())
}

fn find(line: &[u8], from: usize, part: &[u8]) -> Option<Range<usize>> {
    let at = from + memchr::memmem::find(line.get(from..)?, part)?;
    Some(at..at + part.len())
}

/// Of a very long line, the part around the mark.
fn clipped(line: &[u8], mark: Range<usize>, label: Cow<'static, str>) -> Evidence {
    let start = if line.len() > LINE { mark.start.saturating_sub(LINE / 4) } else { 0 };
    let line = line.get(start..line.len().min(start + LINE)).unwrap_or_default().to_vec();
    let mark = (mark.start - start).min(line.len())..(mark.end - start).min(line.len());
    Evidence::Line { line, mark, label }
}

/// What was sent, in quotes, for a finding's text; of a very long value the beginning.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..QUOTED * 4).unwrap_or(bytes)).into_owned();
    let shown: String = text.chars().take(QUOTED).collect();
    let more = if shown.len() < bytes.len().min(text.len()) { "…" } else { "" };
    format!("\"{shown}{more}\"")
}

/// A header's value in quotes, or stars where it is a secret.
pub(super) fn value(header: Header<'_>) -> String {
    match secret::field(header.name, header.value) {
        Some(_) => secret::STARS.to_owned(),
        None => quoted(header.value),
    }
}

/// A name of a list in quotes, or stars where it is a token in disguise.
pub(super) fn protocol(name: &[u8]) -> String {
    match secret::field(b"sec-websocket-protocol", name) {
        Some(_) => secret::STARS.to_owned(),
        None => quoted(name),
    }
}

/// Items joined by commas, of many the first.
pub(super) fn list(items: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown = items.get(..SHOWN).unwrap_or(items).join(", ");
    match items.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use proptest::prelude::*;

    use super::*;
    use crate::http::upgrade::Handshake;
    use crate::item::At;
    use crate::rules::facts::Opening;
    use crate::rules::finding::Finding;
    use crate::rules::{negotiation, request, response, security};

    /// The example of RFC 6455 section 1.2.
    pub(in crate::rules) const REQUEST: &str = "GET /chat HTTP/1.1\nHost: server.example.com\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13";
    /// Its answer (section 1.3).
    pub(in crate::rules) const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    /// Lines to a handshake; an empty half is not captured. A line that begins with `?` says that bytes of
    /// the head are missing.
    pub(in crate::rules) fn handshake(request: &str, response: &str) -> Handshake {
        let bytes = |lines: &str| format!("{}\n\n", lines.replace("\n?", "")).replace('\n', "\r\n");
        let at = |packet| At { packet, ..At::default() };
        let missing = |lines: &str| u64::from(lines.contains("\n?"));
        Handshake {
            request: (!request.is_empty())
                .then(|| Request::parse(bytes(request), at(4), at(4)).lacking(missing(request))),
            response: (!response.is_empty())
                .then(|| Response::parse(bytes(response), at(6), at(6)).lacking(missing(response))),
            early_bytes: 0,
        }
    }

    /// A head with changes, one a line: `-Name` leaves out, `+Name: value` adds, anything else replaces the
    /// first line.
    pub(in crate::rules) fn changed(head: &str, changes: &str) -> String {
        let mut lines: Vec<String> = head.lines().map(str::to_owned).collect();
        for change in changes.lines().filter(|change| !change.is_empty()) {
            match change.split_at(1) {
                ("-", name) => lines.retain(|line| !line.starts_with(&format!("{name}:"))),
                ("+", line) => lines.push(line.to_owned()),
                ("?", _) => lines.push("?".to_owned()),
                _ => lines[0] = change.to_owned(),
            }
        }
        lines.join("\n")
    }

    pub(in crate::rules) fn opening(handshake: &Handshake) -> Opening<'_> {
        Opening::new(handshake, [IpAddr::V4(Ipv4Addr::LOCALHOST); 2], true)
    }

    /// The findings of a family on the example with changes: `CODE text` each.
    pub(in crate::rules) fn found(
        check: fn(&Opening<'_>, &mut Vec<Finding>),
        request: &str,
        response: &str,
    ) -> Vec<String> {
        let handshake = handshake(&changed(REQUEST, request), &changed(RESPONSE, response));
        let mut found = Vec::new();
        check(&opening(&handshake), &mut found);
        for finding in &found {
            if let Evidence::Line { line, mark, .. } = &finding.evidence {
                assert!(
                    line.get(mark.clone())
                        .is_some_and(|part| line.is_empty() || !part.is_empty() || mark.start == line.len()),
                    "{finding:?}"
                );
            }
        }
        found.iter().map(|finding| format!("{} {}", finding.rule.code, finding.text)).collect()
    }

    #[test]
    fn evidence_is_short_and_keeps_no_secret() {
        let long = format!("{}here{}", "a".repeat(1_000), "b".repeat(1_000));
        let long = Header { name: b"X", value: long.as_bytes() };
        let Evidence::Line { line, mark, .. } = part_of(long, b"here", "label") else { unreachable!() };
        assert_eq!((line.len(), &line[mark]), (LINE, &b"here"[..]));
        let Evidence::Line { line, mark, .. } =
            part_of(Header { name: b"Cookie", value: b"a=b" }, b"b", "label")
        else {
            unreachable!()
        };
        assert_eq!((&line[..], &line[mark]), (&b"Cookie: ***"[..], &b"***"[..]));
        let request = Request::parse(&b"GET /?token=abc HTTP/1.1\r\n\r\n"[..], At::default(), At::default());
        let Evidence::Line { line, .. } = request_line(&request, b"abc", "label") else { unreachable!() };
        assert_eq!(line, b"GET /?token=*** HTTP/1.1");
    }

    proptest! {
        /// Whatever the heads are, nothing panics, and a mark lies in its line.
        #[test]
        fn any_handshake_can_be_looked_at(
            lines in proptest::collection::vec(
                ("(Host|Upgrade|Connection|Origin|Cookie|Content-Length|Sec-WebSocket-(Key|Version|Protocol|Extensions|Accept)|.{0,5})",
                 "(permessage-deflate; *)?(client_max_window_bits|server_max_window_bits|[a-z=,;\": ]{0,12})(=[0-9]{0,2})?[ -~é]{0,6}"),
                0..8,
            ),
            split in 0..8_usize,
            target in "[/?#=&:@.a-zéJ]{0,20}",
            status in prop_oneof![Just(101), 100..600_u16],
        ) {
            let (asked, answered) = lines.split_at(split.min(lines.len()));
            let text = |lines: &[(String, String)]| {
                lines.iter().map(|(name, value)| format!("\n{name}: {value}")).collect::<String>()
            };
            let request = format!("GET {target} HTTP/1.1\nUpgrade: websocket{}", text(asked));
            let response = format!("HTTP/1.1 {status} Why\nUpgrade: websocket{}", text(answered));
            let handshake = handshake(&request, &response);
            let mut found = Vec::new();
            for check in [request::check, response::check, negotiation::check, security::check] {
                check(&opening(&handshake), &mut found);
            }
            for finding in found {
                if let Evidence::Line { line, mark, .. } = finding.evidence {
                    prop_assert!(line.get(mark.clone()).is_some(), "{mark:?} of {line:?}");
                }
            }
        }
    }

    /// Heads of the largest size that is read, made of whatever takes longest to compare.
    #[test]
    fn the_largest_heads_take_no_time() {
        let started = std::time::Instant::now();
        for element in [
            "permessage-deflate,",
            "permessage-deflate;a;server_max_window_bits=9,",
            ";a=1",
            "a b,",
            ",",
            "é;,",
        ] {
            let list = element.repeat((60 << 10) / element.len());
            for list in [format!("permessage-deflate{list}"), list] {
                let of = |name: &str| format!("\nSec-WebSocket-{name}: {list}");
                for name in ["Extensions", "Protocol"] {
                    let response = "permessage-deflate; client_max_window_bits=9";
                    let other = if name == "Protocol" {
                        of(name)
                    } else {
                        format!("\nSec-WebSocket-Extensions: {response}")
                    };
                    for other in [other, of(name)] {
                        let handshake =
                            handshake(&format!("{REQUEST}{}", of(name)), &format!("{RESPONSE}{other}"));
                        let mut found = Vec::new();
                        for check in [request::check, response::check, negotiation::check] {
                            check(&opening(&handshake), &mut found);
                        }
                    }
                }
            }
        }
        assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    }

    #[test]
    fn quotes() {
        assert_eq!(quoted(b"a\xffb"), "\"a\u{fffd}b\"");
        assert_eq!(quoted(&[b'a'; 101]), format!("\"{}…\"", "a".repeat(100)));
        assert_eq!(quoted(&[b'a'; 100]), format!("\"{}\"", "a".repeat(100)));
        assert_eq!(protocol(&[b'1'; 41]), "***");
        assert_eq!(list(&vec!["a".to_owned(); 10]), "a, a, a, a, a, a, a, a and 2 more");
    }
}
