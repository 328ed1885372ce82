//! S: security.

pub mod keys;
mod origin;

use std::net::IpAddr;

use super::facts::Opening;
use super::finding::{Evidence, Finding};
use super::{Rule, head};
use crate::http::secret::{self, Secret};
use crate::item::{At, Dir};
use crate::rule;

/// The family.
pub static RULES: &[&Rule] = &[
    &PLAINTEXT,
    &CREDENTIALS_IN_URL,
    &CREDENTIALS_IN_CLEAR,
    &origin::ORIGIN_FOREIGN,
    &keys::KEY_REUSED,
    &OVERLAP_CONFLICT,
];

/// What looks at a handshake, in the order of the rules.
const CHECKS: &[fn(&Opening<'_>, &mut Vec<Finding>)] = &[plaintext, in_url, in_clear, origin::check];

rule! {
    /// The connection is WebSocket without TLS between two machines. Whoever is on the way reads every
    /// message and can change it, and proxies that do not know WebSocket may break it. Connections on one
    /// machine (loopback addresses) are not reported.
    pub static PLAINTEXT = {
        code: "S001", name: "plaintext", level: Warning, source: "RFC 6455 10.6",
        quote: "SHOULD employ it when communicating with their peers",
        summary: "WebSocket without TLS between two machines",
        reaction: "Nothing: the endpoints do not notice. Use wss.",
        bad: ["lan\nopen"],
        good: ["open"],
    }
}

rule! {
    /// The request's target carries a token, key or password. Targets end up in the logs of servers and
    /// proxies, in browser histories and in bug reports, where nobody expects a secret. Told by the name of
    /// the parameter, or by the shape of a JSON Web Token. The value is masked in all output of wscope unless
    /// it is asked to reveal it.
    pub static CREDENTIALS_IN_URL = {
        code: "S002", name: "credentials-in-url", level: Warning, source: "practice",
        quote: "",
        summary: "a token, key or password in the request's target",
        reaction: "Nothing. Send a short-lived ticket there, or the secret in the first message.",
        bad: [
            "request GET /chat?access_token=abc HTTP/1.1\nresponse",
            "request GET /live/eyJhbGciOiJub25lIn0.eyJzdWIiOiJqb2UifQ.c2ln HTTP/1.1\nresponse",
        ],
        good: ["request GET /chat?room=1&token= HTTP/1.1\nresponse"],
    }
}

rule! {
    /// The handshake carries Authorization or Cookie and is not encrypted. Whoever is on the way can take
    /// them and act in the user's name, on this service and on others that take the same cookie.
    pub static CREDENTIALS_IN_CLEAR = {
        code: "S003", name: "credentials-in-clear", level: Warning, source: "practice",
        quote: "",
        summary: "Authorization or Cookie in a handshake without TLS",
        reaction: "Nothing. Use wss, and cookies marked Secure.",
        bad: ["request\n+ Cookie: id=1\nresponse", "request\n+ Authorization: Basic am9lOnB3\nresponse"],
        good: ["request\nresponse\n+ Set-Cookie: id=1"],
    }
}

rule! {
    /// A TCP retransmission carries other bytes than the first copy did. The first copy is what
    /// wscope decodes. A healthy sender never does this: it is a sign of injection, of an attempt to
    /// show an inspector other data than the receiver, or of a broken middlebox.
    pub static OVERLAP_CONFLICT = {
        code: "S006", name: "overlap-conflict", level: Warning, source: "practice",
        quote: "",
        summary: "a retransmission carries other bytes than the first copy",
        reaction: "The receiver keeps whichever copy its TCP takes; the other one is gone.",
        bad: ["open\ns text 'Hello'\nagain s 5 'HELLO'", "request\n+ X-Note: abc\nagain c 7 'xyz\\r\\n\\r\\n'\nresponse"],
        good: ["open\ns text 'Hello'\nagain s 5 'Hello'"],
    }
}

/// The rules on a handshake.
pub(super) fn check(opening: &Opening<'_>, found: &mut Vec<Finding>) {
    for check in CHECKS {
        check(opening, found);
    }
}

/// A WebSocket that came through no TLS (S001), where it leaves a machine.
pub(super) fn unencrypted(ips: [IpAddr; 2], tls: bool, at: At) -> Option<Finding> {
    let [client, server] = ips.map(|ip| ip.to_canonical());
    if tls || client.is_loopback() && server.is_loopback() {
        return None;
    }
    let mut text = String::with_capacity(64);
    text.push_str("WebSocket without TLS between ");
    push_ip(client, &mut text);
    text.push_str(" and ");
    push_ip(server, &mut text);
    Some(Finding::new(&PLAINTEXT, Dir::C2s, at, text))
}

/// Appends an address. There are as many of these findings as connections, and the formatter is slow.
fn push_ip(ip: IpAddr, text: &mut String) {
    let IpAddr::V4(ip) = ip else { return text.push_str(&ip.to_string()) };
    for (n, octet) in ip.octets().into_iter().enumerate() {
        if n > 0 {
            text.push('.');
        }
        for unit in [100, 10, 1] {
            if octet >= unit || unit == 1 {
                text.push(char::from(b'0' + octet / unit % 10));
            }
        }
    }
}

fn plaintext(opening: &Opening<'_>, found: &mut Vec<Finding>) {
    let (request, response) = (&opening.handshake.request, &opening.handshake.response);
    // A refusal may well be a redirection to wss.
    if response.as_ref().is_none_or(|response| response.status == 101) {
        let first = request.as_ref().map(|head| head.first).or(response.as_ref().map(|head| head.first));
        found.extend(unencrypted(opening.ips, opening.tls, first.unwrap_or_default()));
    }
}

fn in_url(opening: &Opening<'_>, found: &mut Vec<Finding>) {
    let Some(request) = &opening.handshake.request else { return };
    let secrets = secret::secrets(request.target());
    if secrets.is_empty() {
        return;
    }
    let mut names: Vec<String> = secrets.iter().map(|Secret { name, .. }| masked(name)).collect();
    names.dedup();
    let text = format!("the request's target carries {}", head::list(&names));
    let evidence = head::request_line(request, secret::STARS.as_bytes(), "a secret in a URL");
    found.push(Finding::new(&CREDENTIALS_IN_URL, Dir::C2s, request.first, text).with(evidence));
}

/// `token=***`, for a finding's text; names are the capture's.
fn masked(name: &str) -> String {
    match name {
        "JWT" => "a JSON Web Token".to_owned(),
        _ => format!("{}={}", name.chars().take(40).collect::<String>(), secret::STARS),
    }
}

fn in_clear(opening: &Opening<'_>, found: &mut Vec<Finding>) {
    let Some(request) = opening.handshake.request.as_ref().filter(|_| !opening.tls) else { return };
    let named = |name: &'static str| request.headers().named(name).next().map(|line| (name, line));
    let lines: Vec<_> = [named("Authorization"), named("Cookie")].into_iter().flatten().collect();
    let names: Vec<&str> = lines.iter().map(|(name, _)| *name).collect();
    if let Some((_, line)) = lines.first().copied() {
        let text = format!("the handshake carries {} without TLS", names.join(" and "));
        let evidence: Evidence = head::line(line, "sent in clear");
        found.push(Finding::new(&CREDENTIALS_IN_CLEAR, Dir::C2s, request.first, text).with(evidence));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::head::tests::{REQUEST, RESPONSE, changed, handshake};

    fn found(ips: [&str; 2], tls: bool, request: &str, response: &str) -> Vec<Finding> {
        let handshake = handshake(&changed(REQUEST, request), &changed(RESPONSE, response));
        let opening = Opening::new(&handshake, ips.map(|ip| ip.parse().unwrap()), tls);
        let mut found = Vec::new();
        check(&opening, &mut found);
        found
    }

    fn texts(found: &[Finding]) -> Vec<String> {
        found.iter().map(|finding| format!("{} {}", finding.rule.code, finding.text)).collect()
    }

    #[test]
    fn plaintext() {
        for (client, server, tls, expect) in [
            ("127.0.0.1", "127.0.0.2", false, false),
            ("::1", "::1", false, false),
            ("::ffff:127.0.0.1", "::ffff:127.0.0.1", false, false),
            ("127.0.0.1", "192.0.2.1", false, true),
            ("192.0.2.1", "192.0.2.1", false, true),
            ("192.0.2.1", "198.51.100.2", true, false),
        ] {
            assert_eq!(found([client, server], tls, "", "").len(), usize::from(expect), "{client} {server}");
        }
        assert_eq!(found(["192.0.2.1", "192.0.2.2"], false, "", "HTTP/1.1 301 Moved"), []);
    }

    #[test]
    fn secrets_are_named_and_not_shown() {
        const HERE: [&str; 2] = ["127.0.0.1"; 2];
        let request =
            "GET /?token=hunter2&x=1&key=hunter2 HTTP/1.1\n+Cookie: id=hunter2\n+authorization: hunter2";
        let all = found(HERE, false, request, "");
        assert_eq!(
            texts(&all),
            [
                "S002 the request's target carries token=***, key=***",
                "S003 the handshake carries Authorization and Cookie without TLS",
            ]
        );
        assert!(!format!("{all:?}").contains("hunter2"));
        for finding in &all {
            let Evidence::Line { line, mark, .. } = &finding.evidence else { panic!("{finding:?}") };
            assert_eq!(&line[mark.clone()], b"***");
        }
        assert_eq!(texts(&found(HERE, true, request, "")).len(), 1);
        assert_eq!(texts(&found(HERE, false, "GET /?t=1 HTTP/1.1", "+Set-Cookie: a")), [""; 0]);
    }
}
