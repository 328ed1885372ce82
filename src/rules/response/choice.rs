//! H014 (of the server), H026 to H028: what the server chooses of what the client offers.

use std::collections::HashSet;

use super::Answered;
use crate::http::extension::Malformed;
use crate::item::Dir;
use crate::rule;
use crate::rules::finding::Finding;
use crate::rules::{head, request};

rule! {
    /// The server chooses one of the subprotocols that the client offers, letter by letter as offered, or
    /// none. Another one, or several, leave open what the messages mean. Usual causes: a server with a fixed
    /// subprotocol, or one that returns the client's whole list. An empty value is no way to choose none.
    pub(super) static SUBPROTOCOL_NOT_OFFERED = {
        code: "H026", name: "subprotocol-not-offered", level: Error, source: "RFC 6455 4.1",
        quote: "this header field indicates the use of a subprotocol that was not present in the client's handshake",
        summary: "a subprotocol that was not offered, or more than one",
        reaction: "The client fails the connection.",
        bad: [
            "request\nresponse\n+ Sec-WebSocket-Protocol: chat",
            "request\n+ Sec-WebSocket-Protocol: chat\nresponse\n+ Sec-WebSocket-Protocol: Chat",
            "request\n+ Sec-WebSocket-Protocol: chat, superchat\nresponse\n+ Sec-WebSocket-Protocol: chat, superchat",
        ],
        good: ["request\n+ Sec-WebSocket-Protocol: chat, superchat\nresponse\n+ Sec-WebSocket-Protocol: superchat"],
    }
}

rule! {
    /// The client offered subprotocols and the server chose none. The connection is open all the same; what
    /// its messages mean is not agreed, and many clients close it at once.
    pub(super) static SUBPROTOCOL_NOT_SELECTED = {
        code: "H027", name: "subprotocol-not-selected", level: Note, source: "RFC 6455 4.2.2",
        quote: "",
        summary: "the client offered subprotocols, the server chose none",
        reaction: "The client goes on without one, or closes the connection.",
        bad: ["request\n+ Sec-WebSocket-Protocol: chat\nresponse"],
        good: ["request\n+ Sec-WebSocket-Protocol: chat\nresponse\n+ Sec-WebSocket-Protocol: chat"],
    }
}

rule! {
    /// The server uses an extension that the client did not offer. The client may not know what its frames
    /// mean: a reserved bit or a compressed payload that it cannot read. The usual cause is a proxy that
    /// takes the offer out of the request, or a server that always answers with its own list.
    pub(super) static EXTENSION_NOT_OFFERED = {
        code: "H028", name: "extension-not-offered", level: Error, source: "RFC 6455 9.1",
        quote: "A server MUST NOT respond with any extension not requested by the client.",
        summary: "an extension that the client did not offer",
        reaction: "The client fails the connection.",
        bad: [
            "request\nresponse\n+ Sec-WebSocket-Extensions: permessage-deflate",
            "request\n+ Sec-WebSocket-Extensions: foo\nresponse\n+ Sec-WebSocket-Extensions: foo, bar",
        ],
        good: ["request\n+ Sec-WebSocket-Extensions: foo, bar\nresponse\n+ Sec-WebSocket-Extensions: bar"],
    }
}

pub(super) fn subprotocol(answered: &Answered<'_>, found: &mut Vec<Finding>) {
    const NAME: &str = "sec-websocket-protocol";
    let chosen: Vec<_> = answered
        .named(NAME)
        .flat_map(|header| head::elements(header).map(move |name| (header, name)))
        .collect();
    let offered = |name: &[u8]| {
        answered.request.is_none_or(|request| {
            request.headers().named(NAME).flat_map(head::elements).any(|offer| offer == name)
        })
    };
    match *chosen {
        [] => {
            let Some(request) = answered.request.filter(|_| answered.whole()) else { return };
            let mut lines = request.headers().named(NAME);
            if let Some(line) = lines.find(|line| head::elements(*line).any(|name| !name.is_empty())) {
                let text = format!("the client offered {}, the server chose none", head::value(line));
                let finding = answered.finding(&SUBPROTOCOL_NOT_SELECTED, text);
                found.push(finding.with(head::line(line, "none of these was chosen")));
            }
        }
        [(header, name)] if name.is_empty() || !offered(name) => {
            let text =
                format!("the server chose the subprotocol {}, which was not offered", head::protocol(name));
            let finding = answered.finding(&SUBPROTOCOL_NOT_OFFERED, text);
            found.push(finding.with(head::line(header, "not offered")));
        }
        [_] => {}
        [(first, _), (_, name), ..] => {
            let (header, part) =
                chosen.iter().find(|(header, _)| *header != first).copied().unwrap_or((first, name));
            let count = chosen.len();
            let text = format!("the server chose {count} subprotocols: expected one");
            let finding = answered.finding(&SUBPROTOCOL_NOT_OFFERED, text);
            found.push(finding.with(head::part_of(header, part, "one at most")));
        }
    }
}

pub(super) fn extensions(answered: &Answered<'_>, found: &mut Vec<Finding>) {
    let Answered { response, offered: offers, accepted, .. } = *answered;
    found.extend(request::malformed_extensions(response.headers(), accepted, Dir::S2c, response.first));
    if answered.request.is_none() {
        return;
    }
    if offers.malformed.iter().any(|malformed| matches!(malformed, Malformed::Name(_))) {
        // The offer may be what could not be read.
        return;
    }
    let mut known: HashSet<String> =
        offers.list.iter().map(|offer| offer.name.to_ascii_lowercase()).collect();
    for extension in &accepted.list {
        if known.insert(extension.name.to_ascii_lowercase()) {
            let name = extension.name.as_bytes();
            let text =
                format!("the server accepts the extension {}, which was not offered", head::quoted(name));
            let holds = |line: &_| head::elements(*line).any(|element| element.starts_with(name));
            let finding = answered.finding(&EXTENSION_NOT_OFFERED, text);
            found.push(match answered.named("sec-websocket-extensions").find(holds) {
                Some(line) => finding.with(head::part_of(line, name, "not offered")),
                None => finding,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use crate::rules::head::tests::{RESPONSE, changed, found, handshake, opening};

    #[test]
    fn subprotocols() {
        let offer = |names: &str| format!("+Sec-WebSocket-Protocol: {names}");
        const NOT: &str = "H026 the server chose the subprotocol";
        for (request, response, expect) in [
            (offer("a, b"), offer("b"), String::new()),
            (offer("a\n+Sec-WebSocket-Protocol: b"), offer("b"), String::new()),
            (offer("a, b"), offer("c"), format!("{NOT} \"c\", which was not offered")),
            (offer("a, b"), offer("A"), format!("{NOT} \"A\", which was not offered")),
            (offer("a, b"), offer(""), format!("{NOT} \"\", which was not offered")),
            (offer("a, b"), offer("a, b"), "H026 the server chose 2 subprotocols: expected one".to_owned()),
            (
                offer("a"),
                format!("{0}\n{0}", offer("a")),
                "H026 the server chose 2 subprotocols: expected one".to_owned(),
            ),
            (
                offer("a, b"),
                String::new(),
                "H027 the client offered \"a, b\", the server chose none".to_owned(),
            ),
            (offer("a, b"), "?".to_owned(), String::new()),
            (offer("a, b\n?"), offer("c"), String::new()),
            (String::new(), String::new(), String::new()),
            (offer(""), String::new(), String::new()),
        ] {
            assert_eq!(found(check, &request, &response).join("|"), expect, "{request} / {response}");
        }
    }

    #[test]
    fn extensions() {
        let of = |list: &str| format!("+Sec-WebSocket-Extensions: {list}");
        let not =
            |name: &str| format!("H028 the server accepts the extension \"{name}\", which was not offered");
        for (request, response, expect) in [
            (of("Foo; a=1, bar"), of("foo; b"), String::new()),
            (
                of("foo"),
                of("bar, x-webkit-deflate-frame, bar"),
                format!("{}|{}", not("bar"), not("x-webkit-deflate-frame")),
            ),
            (String::new(), of("bar"), not("bar")),
            (of("bar baz"), of("bar"), String::new()),
            (of("foo\n?"), of("bar"), String::new()),
        ] {
            assert_eq!(found(check, &request, &response).join("|"), expect, "{request} / {response}");
        }
        let mut found = Vec::new();
        check(&opening(&handshake("", &changed(RESPONSE, &of("bar")))), &mut found);
        assert_eq!(found, []);
    }
}
