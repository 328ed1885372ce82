//! H001 to H016: the request of the opening handshake (RFC 6455 section 4.1).

mod offer;
mod upgrade;

use crate::http::extension::Extensions;
use crate::http::head::is_token;
use crate::http::secret;
use crate::http::upgrade::{HeadFault, Header, Headers, Request, Response};
use crate::item::{At, Dir};
use crate::rule;

use super::facts::Opening;
use super::finding::{Evidence, Finding};
use super::frame::counted;
use super::{Rule, head};

pub(super) use offer::malformed_extensions;

/// The family's first half.
pub static RULES: &[&Rule] = &[
    &METHOD,
    &HTTP_VERSION,
    &TARGET,
    &HOST_MISSING,
    &upgrade::UPGRADE_MISSING,
    &upgrade::CONNECTION_MISSING,
    &upgrade::KEY_MISSING,
    &upgrade::KEY_MALFORMED,
    &upgrade::KEY_REPEATED,
    &upgrade::VERSION_MISSING,
    &upgrade::VERSION_UNSUPPORTED,
    &upgrade::VERSION_NOT_OFFERED_BACK,
    &offer::SUBPROTOCOL_MALFORMED,
    &offer::EXTENSIONS_MALFORMED,
    &BODY,
    &FRAMES_BEFORE_ACCEPT,
];

/// What looks at a request, in the order of the rules.
const CHECKS: &[fn(&Asked<'_>, &mut Vec<Finding>)] = &[
    method,
    http_version,
    target,
    host,
    upgrade::upgrade,
    upgrade::connection,
    upgrade::key,
    upgrade::version,
    upgrade::version_offered_back,
    offer::subprotocols,
    offer::extensions,
    body,
];

rule! {
    /// An upgrade to WebSocket is a GET. Most servers look for the upgrade only there, and treat another
    /// method as a plain request. Usual causes: a client written by hand, or a scanner.
    pub static METHOD = {
        code: "H001", name: "request-method", level: Error, source: "RFC 6455 4.1",
        quote: "The method of the request MUST be GET",
        summary: "the upgrade request's method is not GET",
        reaction: "The server refuses the upgrade, with 400 or 405.",
        bad: ["request POST /chat HTTP/1.1\nresponse", "request get /chat HTTP/1.1\nresponse"],
        good: ["request GET /chat HTTP/1.1\nresponse"],
    }
}

rule! {
    /// HTTP before 1.1 has no Upgrade. The usual cause is a proxy on the way that speaks HTTP/1.0 to the
    /// server, as nginx does where nobody sets `proxy_http_version 1.1`.
    pub static HTTP_VERSION = {
        code: "H002", name: "request-http-version", level: Error, source: "RFC 6455 4.1",
        quote: "the HTTP version MUST be at least 1.1",
        summary: "the upgrade request's HTTP version is below 1.1",
        reaction: "The server refuses the upgrade, or ignores it and answers the plain request.",
        bad: ["request GET /chat HTTP/1.0\nresponse"],
        good: ["request GET /chat HTTP/1.1\nresponse"],
    }
}

rule! {
    /// The request names its resource by a path, or by a whole `ws`, `wss`, `http` or `https` URI, and never
    /// with a fragment: `#` and what follows stay in the client. A fragment in the target means that the
    /// client put its URL into the request as it was; the server looks for a resource of that name.
    pub static TARGET = {
        code: "H003", name: "request-target", level: Error, source: "RFC 6455 3",
        quote: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used on these URIs.",
        summary: "the target is neither a path nor a WebSocket URI, or has a fragment",
        reaction: "The server answers 400 or 404, or takes the fragment for a part of the name.",
        bad: [
            "request GET /chat#top HTTP/1.1\nresponse",
            "request GET chat HTTP/1.1\nresponse",
            "request GET ftp://server.example.com/chat HTTP/1.1\nresponse",
        ],
        good: [
            "request GET /chat%23top?a=b HTTP/1.1\nresponse",
            "request GET http://server.example.com/chat HTTP/1.1\nresponse",
        ],
    }
}

rule! {
    /// Host tells the server which of its names is meant. Without it, or with two, servers and proxies may
    /// disagree about where the request goes, which attacks on caches and access rules make use of.
    pub static HOST_MISSING = {
        code: "H004", name: "host-missing", level: Error, source: "RFC 6455 4.1",
        quote: "The request MUST contain a |Host| header field",
        summary: "no Host, or more than one",
        reaction: "The server answers 400 (RFC 9112 section 3.2).",
        bad: ["request\n- Host\nresponse", "request\n+ Host: other.example.com\nresponse"],
        good: ["request\nresponse"],
    }
}

rule! {
    /// The upgrade request announces a body. What is behind the request is frames once the server accepts;
    /// a server that does not read the body takes it for frames, and one behind a proxy may be made to see
    /// another request than the proxy did.
    pub static BODY = {
        code: "H015", name: "request-body", level: Warning, source: "RFC 6455 4.1",
        quote: "",
        summary: "the upgrade request announces a body",
        reaction: "Servers refuse the request, read the body first, or take it for frames.",
        bad: ["request\n+ Content-Length: 5\nc 'Hello'\nresponse"],
        good: ["request\n+ Content-Length: 0\nresponse"],
    }
}

rule! {
    /// The client sent bytes behind its request before the server's 101 could have reached it. If the server
    /// had refused, these bytes would have been taken for another HTTP request, of whatever content a script
    /// in the client chose. Bytes that were captured before the 101 but sent with its acknowledgement are not
    /// reported: there, only the capture has them in another order.
    pub static FRAMES_BEFORE_ACCEPT = {
        code: "H016", name: "frames-before-accept", level: Error, source: "RFC 6455 4.1",
        quote: "the client MUST wait for a response from the server before sending any further data",
        summary: "the client sends frames before the server's 101",
        reaction: "Most servers read the frames after the upgrade; some drop the bytes or the connection.",
        bad: ["request\nc text 'early'\nresponse"],
        good: ["request\nresponse\nc text 'in time'"],
    }
}

/// A request and what came of it, as the rules on requests see it.
pub(super) struct Asked<'a> {
    pub(super) request: &'a Request,
    pub(super) offered: &'a Extensions,
    pub(super) response: Option<&'a Response>,
}

impl<'a> Asked<'a> {
    /// The header lines of this name.
    fn named(&self, name: &'static str) -> impl Iterator<Item = Header<'a>> + use<'a> {
        self.request.headers().named(name)
    }

    /// The capture holds the whole head: what is not in it was not sent.
    const fn whole(&self) -> bool {
        self.request.missing == 0
    }

    /// The server switched protocols.
    fn accepted(&self) -> bool {
        self.response.is_some_and(|response| response.status == 101)
    }

    /// The request line can be relied upon. Where it cannot, that is H030's.
    fn has_request_line(&self) -> bool {
        !self.request.faults().contains(&HeadFault::StartLine)
    }

    /// The client wants a WebSocket: not plain HTTP that was paired with somebody else's 101.
    fn wants_websocket(&self) -> bool {
        let headers = self.request.headers();
        headers.list("upgrade", "websocket") || headers.any_begins("sec-websocket-")
    }

    /// A finding about the request.
    fn finding(&self, rule: &'static Rule, text: impl Into<String>) -> Finding {
        Finding::new(rule, Dir::C2s, self.request.first, text)
    }
}

/// The rules on a request.
pub(super) fn check(opening: &Opening<'_>, found: &mut Vec<Finding>) {
    let Some(request) = &opening.handshake.request else { return };
    let asked = Asked { request, offered: opening.offered(), response: opening.handshake.response.as_ref() };
    if asked.wants_websocket() {
        for check in CHECKS {
            check(&asked, found);
        }
    }
}

/// Client bytes were captured before the 101, which the client had not seen (H016).
pub(super) fn frames_before_accept(bytes: u64, at: At) -> Finding {
    let bytes = counted(bytes, "byte");
    let text = format!("the client sent {bytes} behind its request before the server's 101");
    Finding::new(&FRAMES_BEFORE_ACCEPT, Dir::C2s, at, text)
}

fn method(asked: &Asked<'_>, found: &mut Vec<Finding>) {
    let method = asked.request.method();
    if asked.has_request_line() && method != b"GET" {
        let text = format!("the request's method is {}: expected GET", head::quoted(method));
        found.push(asked.finding(&METHOD, text).with(head::request_line(
            asked.request,
            method,
            "must be GET",
        )));
    }
}

fn http_version(asked: &Asked<'_>, found: &mut Vec<Finding>) {
    let version = asked.request.version();
    if asked.has_request_line() && matches!(version, [b'0', ..] | b"1.0") {
        let shown = String::from_utf8_lossy(version);
        let text = format!("the request's version is HTTP/{shown}: expected at least HTTP/1.1");
        let named = format!("HTTP/{shown}");
        let evidence = head::request_line(asked.request, named.as_bytes(), "must be at least HTTP/1.1");
        found.push(asked.finding(&HTTP_VERSION, text).with(evidence));
    }
}

fn target(asked: &Asked<'_>, found: &mut Vec<Finding>) {
    let target = asked.request.target();
    if !asked.has_request_line() {
        return;
    }
    let (what, label) = if memchr::memchr(b'#', target).is_some() {
        ("has a fragment", "no fragment is allowed")
    } else if asked.request.method() == b"GET" && !names_resource(target) {
        // Other methods have forms of their own (`*`, `host:port`).
        ("is neither a path nor a ws, wss, http or https URI", "must be a path or a whole URI")
    } else {
        return;
    };
    let shown = secret::redacted(target);
    let text = format!("the request's target {} {what}", head::quoted(&shown));
    found.push(asked.finding(&TARGET, text).with(head::request_line(asked.request, &shown, label)));
}

/// A path, or an absolute URI of a scheme that WebSocket has.
fn names_resource(target: &[u8]) -> bool {
    if target.first() == Some(&b'/') {
        return true;
    }
    let Some(colon) = memchr::memmem::find(target, b"://") else { return false };
    let (scheme, rest) = target.split_at(colon);
    let known = [&b"ws"[..], b"wss", b"http", b"https"].iter().any(|name| scheme.eq_ignore_ascii_case(name));
    known && rest.get(3).is_some_and(|host| !matches!(host, b'/' | b'?' | b':'))
}

fn host(asked: &Asked<'_>, found: &mut Vec<Finding>) {
    if !asked.whole() {
        return;
    }
    let mut hosts = asked.named("host");
    let (first, second) = (hosts.next(), hosts.next());
    match (first, second) {
        (None, _) => {
            let evidence = head::request_line(asked.request, b"", "no Host follows");
            found.push(asked.finding(&HOST_MISSING, "the request has no Host").with(evidence));
        }
        (Some(first), Some(second)) => {
            let more = 2 + hosts.count();
            let (first, other) = (head::value(first), head::value(second));
            let text = format!("the request has {more} Host lines, the first two are {first} and {other}");
            found.push(asked.finding(&HOST_MISSING, text).with(head::line(second, "a second Host")));
        }
        _ => {}
    }
}

fn body(asked: &Asked<'_>, found: &mut Vec<Finding>) {
    if let Some(header) = announced_body(asked.request.headers()) {
        let name = String::from_utf8_lossy(header.name);
        let text = format!("the request announces a body: {name} {}", head::value(header));
        found.push(asked.finding(&BODY, text).with(head::line(header, "an upgrade has no body")));
    }
}

/// The line that announces a body. `Content-Length: 0` announces none.
pub(super) fn announced_body(headers: Headers<'_>) -> Option<Header<'_>> {
    let length = headers
        .named("content-length")
        .find(|header| header.value.is_empty() || header.value.iter().any(|byte| *byte != b'0'));
    headers.named("transfer-encoding").next().or(length)
}

/// What is wrong with the syntax of a head, in words; `None` = nothing that matters.
pub(super) fn syntax(faults: &[HeadFault], headers: Headers<'_>) -> Option<(String, Evidence)> {
    if faults.is_empty() {
        return None;
    }
    let name = |fault: &HeadFault| match fault {
        HeadFault::StartLine => Some("a first line of another form"),
        HeadFault::Field => Some("a line that is no header"),
        HeadFault::SpaceBeforeColon => Some("white space before a colon"),
        HeadFault::ObsFold => Some("a value that goes on in the next line (obs-fold)"),
        HeadFault::BareCr => Some("a CR without LF, or a NUL"),
        // RFC 9112 section 2.2 lets a recipient take it for a line's end.
        HeadFault::BareLf => None,
    };
    let faults: Vec<&str> = faults.iter().filter_map(name).collect();
    let bare = |bytes: &[u8]| memchr::memchr2(b'\r', 0, bytes).is_some();
    let broken = |header: &Header<'_>| !is_token(header.name) || bare(header.value);
    let evidence = headers.iter().find(broken).filter(|header| !hides_secret(*header));
    let evidence =
        evidence.map_or(Evidence::None, |header| head::line(header, "not of the form `name: value`"));
    (!faults.is_empty()).then(|| (faults.join(", "), evidence))
}

/// A line without a colon may be a secret header all the same: `Cookie a=b`.
fn hides_secret(header: Header<'_>) -> bool {
    let first = header.name.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-').next();
    !is_token(header.name) && first.is_some_and(|name| secret::field(name, b"-").is_some())
}

#[cfg(test)]
mod tests {
    use super::head::tests::{found, handshake, opening};
    use super::*;

    fn codes(request: &str, response: &str) -> Vec<String> {
        found(check, request, response)
    }

    #[test]
    fn request_lines() {
        for (line, expect) in [
            ("GET /chat HTTP/1.1", ""),
            ("GET /chat HTTP/2.0", ""),
            ("GET WSS://server.example.com:1/ HTTP/1.1", ""),
            ("PUT /chat HTTP/1.1", "H001 the request's method is \"PUT\": expected GET"),
            ("GET /chat HTTP/1.0", "H002 the request's version is HTTP/1.0: expected at least HTTP/1.1"),
            ("GET /chat HTTP/0.9", "H002 the request's version is HTTP/0.9: expected at least HTTP/1.1"),
            ("GET /?token=ab#c HTTP/1.1", "H003 the request's target \"/?token=***#c\" has a fragment"),
            (
                "GET ws:///x HTTP/1.1",
                "H003 the request's target \"ws:///x\" is neither a path nor a ws, wss, http or https URI",
            ),
            (
                "GET ws://:80/x HTTP/1.1",
                "H003 the request's target \"ws://:80/x\" is neither a path nor a ws, wss, http or https URI",
            ),
            (
                "GET * HTTP/1.1",
                "H003 the request's target \"*\" is neither a path nor a ws, wss, http or https URI",
            ),
            ("OPTIONS * HTTP/1.1", "H001 the request's method is \"OPTIONS\": expected GET"),
            // What cannot be read is told once, as H030.
            ("GET /a b HTTP/1.1", ""),
        ] {
            assert_eq!(codes(line, "").join("|"), expect, "{line}");
        }
    }

    #[test]
    fn hosts_and_bodies() {
        assert_eq!(codes("-Host", ""), ["H004 the request has no Host"]);
        assert_eq!(
            codes("+host: b", ""),
            ["H004 the request has 2 Host lines, the first two are \"server.example.com\" and \"b\""]
        );
        assert!(codes("-Host\n?", "").is_empty(), "a part of the head is missing");
        assert_eq!(
            codes("+Content-Length: 10", ""),
            ["H015 the request announces a body: Content-Length \"10\""]
        );
        assert!(codes("+Content-Length: 00", "").is_empty());
        assert_eq!(codes("+Transfer-Encoding: chunked\n+Content-Length: 1", "").len(), 1);
    }

    #[test]
    fn broken_lines_keep_no_secret() {
        let evidence = |line: &str| {
            let handshake = handshake(&format!("GET / HTTP/1.1\n{line}"), "");
            let request = handshake.request.unwrap();
            syntax(request.faults(), request.headers()).unwrap().1
        };
        assert_eq!(evidence("Cookie a=b"), Evidence::None);
        assert!(
            matches!(evidence("Cookie : a=b\nno header"), Evidence::Line { line, .. } if line == b"no header: ")
        );
        assert!(matches!(evidence("Cookie: a=b\rc"), Evidence::Line { line, .. } if line == b"Cookie: ***"));
    }

    #[test]
    fn plain_requests_are_left_alone() {
        let handshake = handshake("POST x HTTP/1.0\nContent-Length: 3", "HTTP/1.1 101\nUpgrade: websocket");
        let mut found = Vec::new();
        check(&opening(&handshake), &mut found);
        assert_eq!(found, []);
    }
}
