//! H020 to H031: the response of the opening handshake (RFC 6455 section 4.2.2), and the syntax of both heads.

mod choice;

use crate::http::extension::Extensions;
use crate::http::upgrade::{HeadFault, Header, Request, Response, expected_accept};
use crate::item::Dir;
use crate::rule;

use super::facts::Opening;
use super::finding::{Evidence, Finding};
use super::{Rule, head, request};

/// The family's second half.
pub static RULES: &[&Rule] = &[
    &STATUS,
    &UPGRADE_MISSING,
    &CONNECTION_MISSING,
    &ACCEPT_MISSING,
    &ACCEPT_WRONG,
    &ACCEPT_REPEATED,
    &choice::SUBPROTOCOL_NOT_OFFERED,
    &choice::SUBPROTOCOL_NOT_SELECTED,
    &choice::EXTENSION_NOT_OFFERED,
    &BODY,
    &SYNTAX,
    &VERSION,
];

/// What looks at a 101, in the order of the rules.
const CHECKS: &[fn(&Answered<'_>, &mut Vec<Finding>)] =
    &[upgrade, connection, accept, choice::subprotocol, choice::extensions, body, syntax, version];

rule! {
    /// The server answered the upgrade with another status than 101: it wants a login (401), sends the client
    /// elsewhere (3xx), does not know the resource (404), does not speak the version (426), or takes the
    /// request for a plain one (200). No WebSocket came of it.
    pub static STATUS = {
        code: "H020", name: "status-not-101", level: Note, source: "RFC 6455 4.1",
        quote: "If the status code received from the server is not 101, the client handles the response per HTTP [RFC2616] procedures.",
        summary: "the upgrade was answered, but not with 101",
        reaction: "The client gives up, logs in, or follows the redirection.",
        bad: ["request\nresponse HTTP/1.1 403 Forbidden\n- Upgrade\n- Connection\n- Sec-WebSocket-Accept\n+ Content-Length: 0"],
        good: ["request\nresponse"],
    }
}

rule! {
    /// The 101 does not say that the connection is WebSocket from here on. A client must not take it for one;
    /// the usual cause is a server or proxy that takes out what it does not know.
    pub static UPGRADE_MISSING = {
        code: "H021", name: "response-upgrade-missing", level: Error, source: "RFC 6455 4.2.2",
        quote: "An |Upgrade| header field with value \"websocket\"",
        summary: "a 101 without `Upgrade: websocket`",
        reaction: "The client fails the connection.",
        bad: ["request\nresponse\n- Upgrade", "request\nresponse\n= Upgrade: websockets"],
        good: ["request\nresponse\n= Upgrade: WebSocket"],
    }
}

rule! {
    /// The 101 lacks the Connection token that goes with Upgrade. Strict clients, browsers among them, fail
    /// the connection. The usual cause is a proxy that writes its own Connection.
    pub static CONNECTION_MISSING = {
        code: "H022", name: "response-connection-missing", level: Error, source: "RFC 6455 4.2.2",
        quote: "A |Connection| header field with value \"Upgrade\".",
        summary: "a 101 without the Connection token Upgrade",
        reaction: "The client fails the connection.",
        bad: ["request\nresponse\n- Connection", "request\nresponse\n= Connection: close"],
        good: ["request\nresponse\n= Connection: keep-alive, upgrade"],
    }
}

rule! {
    /// The 101 has no Sec-WebSocket-Accept, so the client cannot know that a WebSocket server read its
    /// request rather than a cache or a server that echoes what it gets.
    pub static ACCEPT_MISSING = {
        code: "H023", name: "accept-missing", level: Error, source: "RFC 6455 4.2.2",
        quote: "A |Sec-WebSocket-Accept| header field.",
        summary: "a 101 without Sec-WebSocket-Accept",
        reaction: "The client fails the connection.",
        bad: ["request\nresponse\n- Sec-WebSocket-Accept"],
        good: ["request\nresponse"],
    }
}

rule! {
    /// Sec-WebSocket-Accept proves that the server read this request: it is the key with a fixed GUID behind
    /// it, hashed with SHA-1, in base64. Another value means a server that computes it from something else
    /// (the decoded key, a key with white space, a wrong GUID), or an answer to another request, such as
    /// one from a cache.
    pub static ACCEPT_WRONG = {
        code: "H024", name: "accept-wrong", level: Error, source: "RFC 6455 4.2.2",
        quote: "taking the SHA-1 hash of this concatenated value to obtain a 20-byte value and base64-encoding (see Section 4 of [RFC4648]) this 20-byte hash",
        summary: "Sec-WebSocket-Accept does not answer the key",
        reaction: "The client fails the connection.",
        bad: ["request\nresponse\n= Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA="],
        good: ["request\nresponse\n= Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="],
    }
}

rule! {
    /// There is more than one Sec-WebSocket-Accept. The usual cause is a proxy that answers the key itself
    /// and passes on the answer of the server behind it.
    pub static ACCEPT_REPEATED = {
        code: "H025", name: "accept-repeated", level: Error, source: "RFC 6455 11.3.3",
        quote: "The |Sec-WebSocket-Accept| header MUST NOT appear more than once in an HTTP response.",
        summary: "a 101 with more than one Sec-WebSocket-Accept",
        reaction: "Strict clients fail the connection, as the joined value is wrong.",
        bad: ["request\nresponse\n+ Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="],
        good: ["request\nresponse"],
    }
}

rule! {
    /// The 101 announces a body. It cannot have one: what is behind it are frames. A client or proxy that
    /// believes the header takes the first frames for the body and loses them. A Content-Length of 0
    /// announces none and is not reported.
    pub static BODY = {
        code: "H029", name: "response-body", level: Warning, source: "RFC 9110 15.2",
        quote: "A 1xx response is terminated by the end of the header section; it cannot contain content or trailers.",
        summary: "a 101 announces a body",
        reaction: "Most clients ignore it; some wait for the body, or lose the first frames.",
        bad: ["request\nresponse\n+ Transfer-Encoding: chunked", "request\nresponse\n+ Content-Length: 5"],
        good: ["request\nresponse\n+ Content-Length: 0"],
    }
}

rule! {
    /// A head does not follow the syntax of HTTP/1.1: its first line has another form, a line is no header,
    /// a name is followed by white space, a value goes on in the next line, or a CR or NUL stands where none
    /// may be. Receivers read such lines in different ways, which request smuggling makes use of. wscope
    /// reads them as most do. A line that ends with LF alone is allowed to be read and is not reported.
    pub static SYNTAX = {
        code: "H030", name: "http-syntax", level: Error, source: "RFC 9112 5.1",
        quote: "No whitespace is allowed between the field name and colon.",
        summary: "a head that does not follow the syntax of HTTP",
        reaction: "The receiver answers 400 or drops the connection; many read on all the same.",
        bad: [
            "request\n! X-Note : a\nresponse",
            "request\n! X-Note: a\n! \\x20b\nresponse",
            "request\nresponse\n! X-Note: a\\rb",
            "request\nresponse\n! no header",
            "request GET /a b HTTP/1.1\nresponse",
            "request\nresponse HTTP/1.1 4o3 Forbidden\n- Upgrade\n- Connection\n- Sec-WebSocket-Accept\n+ Content-Length: 0",
        ],
        good: ["request\n! X-Note: a b\nresponse\n! X-Note:"],
    }
}

rule! {
    /// Sec-WebSocket-Version in a response tells a client whose version is refused what the server supports.
    /// In a 101 it says nothing. Harmless; some servers send it with every response.
    pub static VERSION = {
        code: "H031", name: "response-version-header", level: Note, source: "RFC 6455 11.3.5",
        quote: "",
        summary: "a 101 carries Sec-WebSocket-Version",
        reaction: "Clients ignore it.",
        bad: ["request\nresponse\n+ Sec-WebSocket-Version: 13"],
        good: ["request\nresponse"],
    }
}

/// A 101 and what it answers, as the rules on responses see it.
pub(super) struct Answered<'a> {
    pub(super) response: &'a Response,
    /// The request, where the capture holds it whole: what is not in it was not sent.
    pub(super) request: Option<&'a Request>,
    pub(super) offered: &'a Extensions,
    pub(super) accepted: &'a Extensions,
}

impl<'a> Answered<'a> {
    /// The header lines of this name.
    fn named(&self, name: &'static str) -> impl Iterator<Item = Header<'a>> + use<'a> {
        self.response.headers().named(name)
    }

    /// The capture holds the whole head: what is not in it was not sent.
    const fn whole(&self) -> bool {
        self.response.missing == 0
    }

    /// A finding about the response.
    fn finding(&self, rule: &'static Rule, text: impl Into<String>) -> Finding {
        Finding::new(rule, Dir::S2c, self.response.first, text)
    }

    /// What points at a header line that is missing: the status line.
    fn absent(&self, label: &'static str) -> Evidence {
        head::status_line(self.response, label)
    }
}

/// The rules on a response, and on the syntax of a request.
pub(super) fn check(opening: &Opening<'_>, found: &mut Vec<Finding>) {
    let request = opening.handshake.request.as_ref();
    if let Some(request) = request
        && let Some((faults, evidence)) = request::syntax(request.faults(), request.headers())
    {
        let text = format!("the request's head has {faults}");
        found.push(Finding::new(&SYNTAX, Dir::C2s, request.first, text).with(evidence));
    }
    let Some(response) = &opening.handshake.response else { return };
    let answered = Answered {
        response,
        request: request.filter(|request| request.missing == 0),
        offered: opening.offered(),
        accepted: opening.accepted(),
    };
    if response.status == 101 {
        for check in CHECKS {
            check(&answered, found);
        }
    } else {
        syntax(&answered, found);
        status(&answered, found);
    }
}

fn status(answered: &Answered<'_>, found: &mut Vec<Finding>) {
    let (status, reason) = (answered.response.status, answered.response.reason());
    if status == 0 && answered.response.faults().contains(&HeadFault::StartLine) {
        return;
    }
    let reason = String::from_utf8_lossy(reason.get(..100).unwrap_or(reason));
    let text = format!("the server answered the upgrade with {status} {reason}");
    let evidence = head::status_line(answered.response, "not 101");
    found.push(answered.finding(&STATUS, text.trim_end()).with(evidence));
}

fn upgrade(answered: &Answered<'_>, found: &mut Vec<Finding>) {
    if !answered.whole() || answered.response.headers().list("upgrade", "websocket") {
        return;
    }
    let (text, evidence) = match answered.named("upgrade").next() {
        Some(header) => (
            format!("the 101's Upgrade is {}: expected websocket", head::value(header)),
            head::line(header, "must be websocket"),
        ),
        None => {
            ("the 101 has no Upgrade: expected websocket".to_owned(), answered.absent("no Upgrade follows"))
        }
    };
    found.push(answered.finding(&UPGRADE_MISSING, text).with(evidence));
}

fn connection(answered: &Answered<'_>, found: &mut Vec<Finding>) {
    if !answered.whole() || answered.response.headers().list("connection", "upgrade") {
        return;
    }
    let (text, evidence) = match answered.named("connection").next() {
        Some(header) => (
            format!("the 101's Connection is {}: expected Upgrade", head::value(header)),
            head::line(header, "must list Upgrade"),
        ),
        None => (
            "the 101 has no Connection: expected Upgrade".to_owned(),
            answered.absent("no Connection follows"),
        ),
    };
    found.push(answered.finding(&CONNECTION_MISSING, text).with(evidence));
}

fn accept(answered: &Answered<'_>, found: &mut Vec<Finding>) {
    let keys = || answered.request.into_iter().flat_map(|request| request.headers().named(KEY));
    let mut accepts = answered.named(ACCEPT);
    let (first, second) = (accepts.next(), accepts.next());
    let Some(first) = first else {
        // To a request without a key there is nothing to answer (H007).
        let answerable = answered.request.is_none() || keys().next().is_some();
        if answered.whole() && answerable {
            let evidence = answered.absent("no Sec-WebSocket-Accept follows");
            found.push(
                answered.finding(&ACCEPT_MISSING, "the 101 has no Sec-WebSocket-Accept").with(evidence),
            );
        }
        return;
    };
    // Few keys are enough: with more of them the request is beyond repair.
    let explains = |accept: &str| answered.named(ACCEPT).any(|header| header.value == accept.as_bytes());
    if let Some(wanted) = answered.request.and_then(Request::expected_accept)
        && !explains(&wanted)
        && !keys().take(16).skip(1).any(|key| explains(&expected_accept(key.value)))
        && answered.whole()
    {
        let text = format!("Sec-WebSocket-Accept is {}: expected \"{wanted}\"", head::value(first));
        let evidence = head::line(first, format!("must be {wanted}"));
        found.push(answered.finding(&ACCEPT_WRONG, text).with(evidence));
    }
    if let Some(second) = second
        && answered.whole()
    {
        let text = format!("the 101 has {} Sec-WebSocket-Accept lines: expected 1", 2 + accepts.count());
        let evidence = head::line(second, "a second Sec-WebSocket-Accept");
        found.push(answered.finding(&ACCEPT_REPEATED, text).with(evidence));
    }
}

const KEY: &str = "sec-websocket-key";
const ACCEPT: &str = "sec-websocket-accept";

fn body(answered: &Answered<'_>, found: &mut Vec<Finding>) {
    if let Some(header) = request::announced_body(answered.response.headers()) {
        let name = String::from_utf8_lossy(header.name);
        let text = format!("the 101 announces a body: {name} {}", head::value(header));
        found.push(answered.finding(&BODY, text).with(head::line(header, "a 101 has no body")));
    }
}

fn syntax(answered: &Answered<'_>, found: &mut Vec<Finding>) {
    let response = answered.response;
    if let Some((faults, evidence)) = request::syntax(response.faults(), response.headers()) {
        found.push(answered.finding(&SYNTAX, format!("the response's head has {faults}")).with(evidence));
    }
}

fn version(answered: &Answered<'_>, found: &mut Vec<Finding>) {
    if let Some(header) = answered.named("sec-websocket-version").next() {
        let text = format!("the 101 carries Sec-WebSocket-Version {}", head::value(header));
        found.push(answered.finding(&VERSION, text).with(head::line(header, "only for a refusal")));
    }
}

#[cfg(test)]
mod tests {
    use super::head::tests::{RESPONSE, found, handshake, opening};
    use super::*;

    #[test]
    fn what_accepts_the_upgrade() {
        const KEY2: &str = "+Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==";
        // Of the second key.
        const ACCEPT2: &str = "-Sec-WebSocket-Accept\n+Sec-WebSocket-Accept: C/0nmHhBztSRGR1CwL6Tf4ZjwpY=";
        const WRONG: &str = "-Sec-WebSocket-Accept\n+Sec-WebSocket-Accept: x";
        const H024: &str = "H024 Sec-WebSocket-Accept is \"x\": expected \"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\"";
        for (request, response, expect) in [
            ("", "", ""),
            ("", "-Upgrade", "H021 the 101 has no Upgrade: expected websocket"),
            ("", "-Upgrade\n+Upgrade: h2c", "H021 the 101's Upgrade is \"h2c\": expected websocket"),
            ("", "-Upgrade\n?", ""),
            ("", "-Connection", "H022 the 101 has no Connection: expected Upgrade"),
            (
                "",
                "-Connection\n+Connection: Close",
                "H022 the 101's Connection is \"Close\": expected Upgrade",
            ),
            ("", "-Connection\n?", ""),
            ("", "-Sec-WebSocket-Accept", "H023 the 101 has no Sec-WebSocket-Accept"),
            ("", "-Sec-WebSocket-Accept\n?", ""),
            ("-Sec-WebSocket-Key", "-Sec-WebSocket-Accept", ""),
            ("-Sec-WebSocket-Key", WRONG, ""),
            ("-Sec-WebSocket-Key\n?", "-Sec-WebSocket-Accept", "H023 the 101 has no Sec-WebSocket-Accept"),
            ("", WRONG, H024),
            ("?", WRONG, ""),
            ("", "-Sec-WebSocket-Accept\n+Sec-WebSocket-Accept: x\n?", ""),
            (KEY2, ACCEPT2, ""),
            ("", "+Sec-WebSocket-Accept: x", "H025 the 101 has 2 Sec-WebSocket-Accept lines: expected 1"),
            ("", "+Content-Length: 2", "H029 the 101 announces a body: Content-Length \"2\""),
            ("", "+Content-Length: 0", ""),
            ("", "+Sec-WebSocket-Version: 13", "H031 the 101 carries Sec-WebSocket-Version \"13\""),
            ("", "HTTP/1.1 403 No", "H020 the server answered the upgrade with 403 No"),
            ("", "HTTP/1.1 200", "H020 the server answered the upgrade with 200"),
            // Of a refusal nothing else is asked.
            (
                "",
                "HTTP/1.1 200 OK\n-Upgrade\n+Sec-WebSocket-Accept: x\n+Content-Length: 2",
                "H020 the server answered the upgrade with 200 OK",
            ),
        ] {
            assert_eq!(found(check, request, response).join("|"), expect, "{request} / {response}");
        }
    }

    #[test]
    fn syntax_is_told_once_for_each_head() {
        assert_eq!(
            found(check, "GET /a b HTTP/1.1\n+X : y\n+Z: a\n+ b", "+nothing"),
            [
                "H030 the request's head has white space before a colon, a value that goes on in the next line (obs-fold), a first line of another form",
                "H030 the response's head has a line that is no header",
            ]
        );
    }

    #[test]
    fn half_a_handshake() {
        let mut found = Vec::new();
        check(&opening(&handshake("", RESPONSE)), &mut found);
        check(&opening(&handshake("", &RESPONSE.replace("s3pP", "XXXX"))), &mut found);
        check(&opening(&handshake("GET / HTTP/1.1\nUpgrade: websocket", "")), &mut found);
        assert_eq!(found, []);
    }
}
