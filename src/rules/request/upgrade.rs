//! H005 to H012: what asks for the upgrade, its key and its version.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::Asked;
use crate::item::Dir;
use crate::rule;
use crate::rules::finding::{Evidence, Finding};
use crate::rules::head;

rule! {
    /// The request has a Sec-WebSocket-Key but no Upgrade that lists `websocket`, so it asks for nothing.
    /// The usual cause is a proxy between client and server: Upgrade is for one hop only, and a proxy
    /// that is not told to pass it on takes it out and leaves the other header lines.
    pub(super) static UPGRADE_MISSING = {
        code: "H005", name: "request-upgrade-missing", level: Error, source: "RFC 6455 4.1",
        quote: "The request MUST contain an |Upgrade| header field",
        summary: "a Sec-WebSocket-Key is sent, but no Upgrade to websocket",
        reaction: "The server answers as to a plain request, often with 400 or 426.",
        bad: ["request\n- Upgrade\nresponse", "request\n= Upgrade: h2c\nresponse"],
        good: ["request\n= Upgrade: h2c, WebSocket\nresponse"],
    }
}

rule! {
    /// Connection names the header lines that are for this hop only, and Upgrade is one of them. Without the
    /// token a proxy may pass Upgrade on blindly, and servers ignore it. As with H005, the usual cause is a
    /// proxy that is not set up for WebSocket and sends `Connection: close` instead.
    pub(super) static CONNECTION_MISSING = {
        code: "H006", name: "request-connection-missing", level: Error, source: "RFC 6455 4.1",
        quote: "whose value MUST include the \"Upgrade\" token",
        summary: "the request has no Connection token Upgrade",
        reaction: "The server answers as to a plain request, often with 400 or 426.",
        bad: ["request\n- Connection\nresponse", "request\n= Connection: keep-alive\nresponse"],
        good: ["request\n= Connection: keep-alive, upgrade\nresponse"],
    }
}

rule! {
    /// The key is what the server's Sec-WebSocket-Accept is computed from. Without one the client cannot know
    /// whether a WebSocket server answered, or a cache. Usual causes: a client of a draft before 2011, a
    /// health check that copies half of a request, or a scanner.
    pub(super) static KEY_MISSING = {
        code: "H007", name: "key-missing", level: Error, source: "RFC 6455 4.1",
        quote: "The request MUST include a header field with the name |Sec-WebSocket-Key|.",
        summary: "the request has no Sec-WebSocket-Key",
        reaction: "The server refuses the upgrade, in practice with 400.",
        bad: ["request\n- Sec-WebSocket-Key\nresponse\n- Sec-WebSocket-Accept"],
        good: ["request\nresponse"],
    }
}

rule! {
    /// The key is 16 random bytes in base64: 22 characters and `==`. Servers that do not decode it never
    /// notice another form, strict ones refuse it. Usual causes: a key of another length, base64 of a hex
    /// string, the alphabet of base64url, or unused bits that are not zero (as in the note of RFC 6455
    /// section 4.1 itself).
    pub(super) static KEY_MALFORMED = {
        code: "H008", name: "key-malformed", level: Error, source: "RFC 6455 4.1",
        quote: "The value of this header field MUST be a nonce consisting of a randomly selected 16-byte value that has been base64-encoded",
        summary: "the key is not base64 of 16 bytes",
        reaction: "Strict servers refuse the upgrade with 400; others accept it.",
        bad: [
            "request\n= Sec-WebSocket-Key: Hello\nresponse",
            "request\n= Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\nresponse",
            "request\n= Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC==\nresponse",
        ],
        good: ["request\n= Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\nresponse"],
    }
}

rule! {
    /// There is more than one Sec-WebSocket-Key, so client and server may not agree on the one that counts.
    /// The usual cause is a proxy that adds its own to that of the client.
    pub(super) static KEY_REPEATED = {
        code: "H009", name: "key-repeated", level: Error, source: "RFC 6455 11.3.1",
        quote: "The |Sec-WebSocket-Key| header field MUST NOT appear more than once in an HTTP request.",
        summary: "the request has more than one Sec-WebSocket-Key",
        reaction: "The server refuses the upgrade, or answers to one of the keys.",
        bad: ["request\n+ Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\nresponse"],
        good: ["request\nresponse"],
    }
}

rule! {
    /// The request does not say which version of the protocol it means. Clients of RFC 6455 say 13; what
    /// says nothing is a client of a draft, or one written by hand.
    pub(super) static VERSION_MISSING = {
        code: "H010", name: "version-missing", level: Error, source: "RFC 6455 4.1",
        quote: "The request MUST include a header field with the name |Sec-WebSocket-Version|.",
        summary: "the request has no Sec-WebSocket-Version",
        reaction: "The server refuses the upgrade with 400 or 426; some accept it.",
        bad: ["request\n- Sec-WebSocket-Version\nresponse"],
        good: ["request\nresponse"],
    }
}

rule! {
    /// The server accepted a version that is not 13, or that stands there twice. The others (0 to 12) are
    /// drafts with other frames or none in use, so what follows may not mean what it looks like.
    pub(super) static VERSION_UNSUPPORTED = {
        code: "H011", name: "version-unsupported", level: Error, source: "RFC 6455 4.1",
        quote: "The value of this header field MUST be 13.",
        summary: "a version other than 13 is accepted",
        reaction: "A server is to refuse it with 426 and to name the versions that it supports.",
        bad: [
            "request\n= Sec-WebSocket-Version: 8\nresponse",
            "request\n+ Sec-WebSocket-Version: 13\nresponse",
        ],
        good: ["request\n= Sec-WebSocket-Version: 13\nresponse"],
    }
}

rule! {
    /// The server refuses an upgrade of another version than 13 and does not say which ones it supports, so
    /// the client cannot try again with one of them. Refusals with a status that has other reasons, such as
    /// 401 or 503, are not reported.
    pub(super) static VERSION_NOT_OFFERED_BACK = {
        code: "H012", name: "version-not-offered-back", level: Warning, source: "RFC 6455 4.2.2",
        quote: "the server MUST abort the WebSocket handshake described in this section and instead send an appropriate HTTP error code (such as 426 Upgrade Required) and a |Sec-WebSocket-Version| header field",
        summary: "a version is refused without naming the supported ones",
        reaction: "The client gives up, or guesses.",
        bad: ["request\n= Sec-WebSocket-Version: 8\nresponse HTTP/1.1 400 Bad Request\n- Upgrade\n- Connection\n- Sec-WebSocket-Accept\n+ Content-Length: 0"],
        good: ["request\n= Sec-WebSocket-Version: 13\nresponse"],
    }
}

pub(super) fn upgrade(asked: &Asked<'_>, found: &mut Vec<Finding>) {
    let keyed = asked.named("sec-websocket-key").next().is_some();
    if !keyed || !asked.whole() || asked.request.headers().list("upgrade", "websocket") {
        return;
    }
    let (text, evidence) = match asked.named("upgrade").next() {
        Some(header) => (
            format!("the request's Upgrade is {}: expected websocket", head::value(header)),
            head::line(header, "must list websocket"),
        ),
        None => ("the request has a Sec-WebSocket-Key but no Upgrade".to_owned(), Evidence::None),
    };
    found.push(asked.finding(&UPGRADE_MISSING, text).with(evidence));
}

pub(super) fn connection(asked: &Asked<'_>, found: &mut Vec<Finding>) {
    if !asked.whole() || asked.request.headers().list("connection", "upgrade") {
        return;
    }
    let (text, evidence) = match asked.named("connection").next() {
        Some(header) => (
            format!("the request's Connection is {}: expected Upgrade", head::value(header)),
            head::line(header, "must list Upgrade"),
        ),
        None => ("the request has no Connection: expected Upgrade".to_owned(), Evidence::None),
    };
    found.push(asked.finding(&CONNECTION_MISSING, text).with(evidence));
}

pub(super) fn key(asked: &Asked<'_>, found: &mut Vec<Finding>) {
    let mut keys = asked.named("sec-websocket-key");
    let Some(key) = keys.next() else {
        if asked.whole() {
            found.push(asked.finding(&KEY_MISSING, "the request has no Sec-WebSocket-Key"));
        }
        return;
    };
    if let Some(what) = malformed(key.value) {
        let text = format!("the key {} is {what}: expected base64 of 16 bytes", head::value(key));
        found.push(asked.finding(&KEY_MALFORMED, text).with(head::line(key, what)));
    }
    if let Some(second) = keys.next()
        && asked.whole()
    {
        let text = format!("the request has {} Sec-WebSocket-Key lines: expected 1", 2 + keys.count());
        found.push(asked.finding(&KEY_REPEATED, text).with(head::line(second, "a second key")));
    }
}

/// Why a key is not one.
fn malformed(key: &[u8]) -> Option<String> {
    match BASE64.decode(key) {
        Ok(bytes) if bytes.len() == 16 => None,
        Ok(bytes) => Some(format!("base64 of {}", crate::rules::frame::counted(bytes.len() as u64, "byte"))),
        Err(base64::DecodeError::InvalidLastSymbol { .. }) => {
            Some("base64 with stray bits at its end".to_owned())
        }
        Err(_) => Some("no base64".to_owned()),
    }
}

pub(super) fn version(asked: &Asked<'_>, found: &mut Vec<Finding>) {
    if !asked.whole() {
        return;
    }
    let mut versions = asked.named("sec-websocket-version");
    let Some(version) = versions.next() else {
        found.push(asked.finding(&VERSION_MISSING, "the request has no Sec-WebSocket-Version"));
        return;
    };
    let second = versions.next();
    if !asked.accepted() {
        return;
    }
    let (header, what, label) = match second {
        _ if version.value != b"13" => (version, head::value(version), "must be 13"),
        Some(second) => (second, format!("given {} times", 2 + versions.count()), "a second version"),
        None => return,
    };
    let text = format!("the request's version is {what}, and the server accepts it: expected \"13\" once");
    found.push(asked.finding(&VERSION_UNSUPPORTED, text).with(head::line(header, label)));
}

pub(super) fn version_offered_back(asked: &Asked<'_>, found: &mut Vec<Finding>) {
    let Some(response) = asked.response else { return };
    let Some(version) = asked.named("sec-websocket-version").find(|version| version.value != b"13") else {
        return;
    };
    let named = response.header("sec-websocket-version").next().is_some();
    // Other refusals (401, 403, 503…) have other reasons, and so may a 400 to a request with other faults.
    let about_version = match response.status {
        400 => found.is_empty(),
        status => matches!(status, 426 | 501 | 505),
    };
    if named || response.missing > 0 || !asked.whole() || !about_version {
        return;
    }
    let text = format!(
        "the server refuses version {} with {} and names no Sec-WebSocket-Version that it supports",
        head::value(version),
        response.status
    );
    let finding = Finding::new(&VERSION_NOT_OFFERED_BACK, Dir::S2c, response.first, text);
    found.push(finding.with(head::status_line(response, "no Sec-WebSocket-Version follows")));
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use crate::rules::head::tests::found;

    #[test]
    fn what_asks_for_the_upgrade() {
        for (request, expect) in [
            ("", ""),
            ("-Upgrade", "H005 the request has a Sec-WebSocket-Key but no Upgrade"),
            (
                "-Upgrade\n+Upgrade: websocket/13",
                "H005 the request's Upgrade is \"websocket/13\": expected websocket",
            ),
            ("-Upgrade\n+Upgrade: h2c\n+UPGRADE: WebSocket", ""),
            ("-Upgrade\n-Sec-WebSocket-Key", "H007 the request has no Sec-WebSocket-Key"),
            ("-Connection", "H006 the request has no Connection: expected Upgrade"),
            (
                "-Connection\n+Connection: close",
                "H006 the request's Connection is \"close\": expected Upgrade",
            ),
            ("-Connection\n+Connection: keep-alive ,UPGRADE", ""),
            // Bytes of the head are missing.
            ("-Upgrade\n?", ""),
            ("-Connection\n?", ""),
            ("-Sec-WebSocket-Key\n?", ""),
            ("-Sec-WebSocket-Version\n?", ""),
        ] {
            assert_eq!(found(check, request, "").join("|"), expect, "{request}");
        }
    }

    #[test]
    fn keys() {
        let key =
            |key: &str| found(check, &format!("-Sec-WebSocket-Key\n+Sec-WebSocket-Key: {key}"), "").join("|");
        assert_eq!(key("AQIDBAUGBwgJCgsMDQ4PEA=="), "");
        let fault = |shown: &str, what: &str| {
            format!("H008 the key \"{shown}\" is {what}: expected base64 of 16 bytes")
        };
        assert_eq!(key(""), fault("", "base64 of 0 bytes"));
        assert_eq!(
            key("AQIDBAUGBwgJCgsMDQ4PEB=="),
            fault("AQIDBAUGBwgJCgsMDQ4PEB==", "base64 with stray bits at its end")
        );
        assert_eq!(key("AQIDBAUGBwgJCgsMDQ4PEA"), fault("AQIDBAUGBwgJCgsMDQ4PEA", "no base64"));
        assert_eq!(key("AQIDBAUGBwgJCgsMDQ4P_A=="), fault("AQIDBAUGBwgJCgsMDQ4P_A==", "no base64"));
        assert_eq!(key("AQIDBAUGBwgJCgsMDQ4P"), fault("AQIDBAUGBwgJCgsMDQ4P", "base64 of 15 bytes"));
        // The second one is not looked at.
        assert_eq!(
            found(check, "+Sec-WebSocket-Key: x\n+sec-websocket-key: y", ""),
            ["H009 the request has 3 Sec-WebSocket-Key lines: expected 1"]
        );
    }

    #[test]
    fn versions() {
        const REFUSED: &str = "HTTP/1.1 426 Upgrade Required";
        let other = "-Sec-WebSocket-Version\n+Sec-WebSocket-Version: 8";
        for (request, response, expect) in [
            ("-Sec-WebSocket-Version", "", "H010 the request has no Sec-WebSocket-Version"),
            ("-Sec-WebSocket-Version", REFUSED, "H010 the request has no Sec-WebSocket-Version"),
            (
                other,
                "",
                "H011 the request's version is \"8\", and the server accepts it: expected \"13\" once",
            ),
            (
                "+Sec-WebSocket-Version: 13",
                "",
                "H011 the request's version is given 2 times, and the server accepts it: expected \"13\" once",
            ),
            ("+Sec-WebSocket-Version: 13", REFUSED, ""),
            (
                other,
                REFUSED,
                "H012 the server refuses version \"8\" with 426 and names no Sec-WebSocket-Version that it supports",
            ),
            (other, "HTTP/1.1 301 Moved", ""),
            (other, "HTTP/1.1 401 Unauthorized", ""),
            (other, "HTTP/1.1 503 Service Unavailable", ""),
            (
                other,
                "HTTP/1.1 400 Bad Request",
                "H012 the server refuses version \"8\" with 400 and names no Sec-WebSocket-Version that it supports",
            ),
            (
                &format!("{other}\n-Sec-WebSocket-Key"),
                "HTTP/1.1 400 Bad Request",
                "H007 the request has no Sec-WebSocket-Key",
            ),
            (other, "HTTP/1.1 426\n+Sec-WebSocket-Version: 13", ""),
            (other, "HTTP/1.1 426\n?", ""),
            ("", REFUSED, ""),
        ] {
            assert_eq!(found(check, request, response).join("|"), expect, "{request} / {response}");
        }
    }
}
