//! H013 and H014: what the client offers, and the grammar of extensions on either side.

use std::collections::HashSet;

use super::Asked;
use crate::http::extension::{Extensions, Malformed};
use crate::http::head::is_token;
use crate::http::upgrade::{Header, Headers};
use crate::item::{At, Dir};
use crate::rule;
use crate::rules::finding::{Evidence, Finding};
use crate::rules::head;

rule! {
    /// Offered subprotocols are names without spaces or separators, none of them empty or listed twice. A
    /// server may refuse the request, or take a piece of a name for a name. Usual causes: a list joined by
    /// spaces, a trailing comma, or a token that is passed in this header because browsers allow no other.
    pub(super) static SUBPROTOCOL_MALFORMED = {
        code: "H013", name: "subprotocol-request-malformed", level: Error, source: "RFC 6455 4.1",
        quote: "MUST be non-empty strings with characters in the range U+0021 to U+007E not including separator characters",
        summary: "an offered subprotocol is no token, is empty, or is listed twice",
        reaction: "Servers ignore what they do not know, or refuse the upgrade with 400.",
        bad: [
            "request\n+ Sec-WebSocket-Protocol: chat room\nresponse\n+ Sec-WebSocket-Protocol: chat room",
            "request\n+ Sec-WebSocket-Protocol: chat,\nresponse\n+ Sec-WebSocket-Protocol: chat",
            "request\n+ Sec-WebSocket-Protocol: chat, superchat\n+ Sec-WebSocket-Protocol: chat\nresponse\n+ Sec-WebSocket-Protocol: chat",
        ],
        good: ["request\n+ Sec-WebSocket-Protocol: chat, Chat\nresponse\n+ Sec-WebSocket-Protocol: chat"],
    }
}

rule! {
    /// Sec-WebSocket-Extensions is a list of names with parameters: `name; parameter; parameter=value, name`.
    /// What does not follow that cannot be agreed upon. Usual causes: a trailing semicolon, parameters joined
    /// by commas, or an empty header line.
    pub(super) static EXTENSIONS_MALFORMED = {
        code: "H014", name: "extensions-malformed", level: Error, source: "RFC 6455 9.1",
        quote: "the recipient of such malformed data MUST immediately _Fail the WebSocket Connection_",
        summary: "Sec-WebSocket-Extensions does not follow the grammar",
        reaction: "The receiver fails the connection; some ignore the header.",
        bad: [
            "request\n+ Sec-WebSocket-Extensions: permessage-deflate;\nresponse",
            "request\nresponse\n+ Sec-WebSocket-Extensions:",
        ],
        good: ["request\n+ Sec-WebSocket-Extensions: , foo ;a=\"b\" ,\nresponse"],
    }
}

const PROTOCOL: &str = "sec-websocket-protocol";
const EXTENSIONS: &str = "sec-websocket-extensions";

pub(super) fn subprotocols(asked: &Asked<'_>, found: &mut Vec<Finding>) {
    let mut seen = HashSet::new();
    let mut evidence = None;
    let mut faults = Vec::new();
    for header in asked.named(PROTOCOL) {
        for name in head::elements(header) {
            let label = if name.is_empty() {
                faults.push("an empty name".to_owned());
                "an empty name"
            } else if !is_token(name) {
                faults.push(format!("{} is no token", head::protocol(name)));
                "no token"
            } else if !seen.insert(name) {
                faults.push(format!("{} is listed twice", head::protocol(name)));
                "listed twice"
            } else {
                continue;
            };
            evidence.get_or_insert_with(|| match name {
                [] => head::line(header, label),
                _ => head::part_of(header, name, label),
            });
        }
    }
    if let Some(evidence) = evidence {
        let text = format!("offered subprotocols: {}", head::list(&faults));
        found.push(asked.finding(&SUBPROTOCOL_MALFORMED, text).with(evidence));
    }
}

pub(super) fn extensions(asked: &Asked<'_>, found: &mut Vec<Finding>) {
    let request = asked.request;
    found.extend(malformed_extensions(request.headers(), asked.offered, Dir::C2s, request.first));
}

/// What is wrong with the header of either side (H014).
pub(in crate::rules) fn malformed_extensions(
    headers: Headers<'_>,
    extensions: &Extensions,
    dir: Dir,
    at: At,
) -> Option<Finding> {
    let faults: Vec<String> = extensions
        .malformed
        .iter()
        .map(|malformed| match malformed {
            Malformed::Empty => "a line that lists nothing".to_owned(),
            Malformed::Name(element) => {
                format!("{} does not begin with a name", head::quoted(element.as_bytes()))
            }
            Malformed::Param(part) => format!("{} is no parameter", head::quoted(part.as_bytes())),
        })
        .collect();
    let first = extensions.malformed.first()?;
    let part = match first {
        Malformed::Empty => "",
        Malformed::Name(part) | Malformed::Param(part) => part,
    };
    let holds = |header: &Header<'_>| match first {
        Malformed::Empty => header.value.iter().all(|byte| matches!(byte, b',' | b' ' | b'\t')),
        _ => memchr::memmem::find(header.value, part.as_bytes()).is_some(),
    };
    let line = headers.named(EXTENSIONS).find(holds);
    let evidence = line.map_or(Evidence::None, |header| match part {
        "" => head::line(header, "not `name; parameter=value`"),
        _ => head::part_of(header, part.as_bytes(), "not `name; parameter=value`"),
    });
    let text = format!("Sec-WebSocket-Extensions does not follow the grammar: {}", head::list(&faults));
    Some(Finding::new(&EXTENSIONS_MALFORMED, dir, at, text).with(evidence))
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use crate::rules::head::tests::found;

    #[test]
    fn subprotocols() {
        let token = "a1".repeat(30);
        for (value, expect) in [
            ("chat, superchat", ""),
            ("chat,Chat", ""),
            ("a b, c,, c", "offered subprotocols: \"a b\" is no token, an empty name, \"c\" is listed twice"),
            ("", "offered subprotocols: an empty name"),
            ("caf\u{e9}", "offered subprotocols: \"caf\u{e9}\" is no token"),
            (&format!("{token}, {token}"), "offered subprotocols: *** is listed twice"),
        ] {
            let expect: Vec<String> =
                (!expect.is_empty()).then(|| format!("H013 {expect}")).into_iter().collect();
            assert_eq!(found(check, &format!("+Sec-WebSocket-Protocol: {value}"), ""), expect);
        }
    }

    #[test]
    fn extensions() {
        const TEXT: &str = "H014 Sec-WebSocket-Extensions does not follow the grammar:";
        for (value, expect) in [
            ("permessage-deflate; client_max_window_bits", None),
            ("a;b=\"c\",,d", None),
            ("a;", Some("\"\" is no parameter")),
            ("a b", Some("\"a b\" does not begin with a name")),
            ("", Some("a line that lists nothing")),
            (
                "a;b=\"c d\", e=f",
                Some("\"b=\\\"c d\\\"\" is no parameter, \"e=f\" does not begin with a name"),
            ),
        ] {
            let expect: Vec<String> =
                expect.map(|text| format!("{TEXT} {}", text.replace("\\\"", "\""))).into_iter().collect();
            assert_eq!(found(check, &format!("+Sec-WebSocket-Extensions: {value}"), ""), expect);
        }
    }
}
