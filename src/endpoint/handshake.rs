//! The server's half of the opening handshake (RFC 6455 section 4.2), strict.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::Agreed;
use super::breach::{Breach, edited};
use super::negotiate::{Wanted, choose};
use crate::http::upgrade::{HeadFault, Request, expected_accept};

/// What a server agrees to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// permessage-deflate; `None` = never.
    pub deflate: Option<Wanted>,
    /// The subprotocols that it speaks. The client's order decides.
    pub subprotocols: Vec<String>,
    /// The origins that may connect (RFC 6455 section 10.2), compared without case; empty = all, and requests
    /// without one. `none` = requests without an Origin, which no browser sends.
    pub origins: Vec<String>,
}

/// A request that is not answered with 101.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status code.
    pub status: u16,
    /// What is wrong, for people.
    pub why: Cow<'static, str>,
}

impl Refusal {
    /// A refusal with its status and reason.
    #[must_use]
    pub const fn new(status: u16, why: &'static str) -> Self {
        Self { status, why: Cow::Borrowed(why) }
    }

    /// The header line that this status must have, if any, with its CRLF.
    #[must_use]
    pub const fn header(&self) -> &'static str {
        match self.status {
            405 => "Allow: GET\r\n",
            426 => "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n",
            503 => "Retry-After: 5\r\n",
            _ => "",
        }
    }
}

/// Where the head that `bytes` begin with ends, behind its empty line.
#[must_use]
pub fn head_end(bytes: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', bytes).find_map(|at| match bytes.get(at + 1..)? {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}

/// It asks to become a WebSocket, well or badly.
#[must_use]
pub fn is_upgrade(request: &Request) -> bool {
    request.header("upgrade").next().is_some() || request.header("sec-websocket-key").next().is_some()
}

/// Answers an upgrade request: what is agreed, and the head of the 101.
///
/// # Errors
/// Why there is none.
pub fn answer(request: &Request, policy: &Policy) -> Result<(Agreed, Vec<u8>), Refusal> {
    let bad = |why| Err(Refusal::new(400, why));
    if request.faults().iter().any(|fault| *fault != HeadFault::BareLf) {
        return bad("the head is not well-formed");
    }
    if request.method() != b"GET" {
        return Err(Refusal::new(405, "a WebSocket is asked for with GET"));
    }
    if request.version() < b"1.1".as_slice() {
        return bad("a WebSocket is asked for with HTTP/1.1");
    }
    if request.header("host").count() != 1 {
        return bad("there must be one Host header");
    }
    if !has_token(request, "upgrade", b"websocket") {
        return Err(Refusal::new(426, "the Upgrade header must be `websocket`"));
    }
    if !has_token(request, "connection", b"upgrade") {
        return bad("the Connection header must hold `Upgrade`");
    }
    let mut versions = request.header("sec-websocket-version");
    if versions.next() != Some(b"13") || versions.next().is_some() {
        return Err(Refusal::new(426, "the version must be 13"));
    }
    let mut keys = request.header("sec-websocket-key");
    let (Some(key), None) = (keys.next(), keys.next()) else {
        return bad("there must be one Sec-WebSocket-Key header");
    };
    if BASE64.decode(key).map(|key| key.len()) != Ok(16) {
        return bad("the Sec-WebSocket-Key must be 16 bytes in base64");
    }
    origin(request, policy)?;
    let offers = request.extensions();
    if !offers.malformed.is_empty() {
        return bad("the Sec-WebSocket-Extensions header is not well-formed");
    }
    let mut head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n",
        expected_accept(key)
    );
    let mut agreed = Agreed::default();
    let offered = request.tokens("sec-websocket-protocol").map(String::from_utf8_lossy);
    if let Some(chosen) = offered.into_iter().find(|name| policy.subprotocols.iter().any(|ours| ours == name))
    {
        head.push_str(&format!("Sec-WebSocket-Protocol: {chosen}\r\n"));
        agreed.subprotocol = Some(chosen.into_owned());
    }
    if let Some((deflate, extension)) = policy.deflate.and_then(|wanted| choose(&offers.list, &wanted)) {
        head.push_str(&format!("Sec-WebSocket-Extensions: {extension}\r\n"));
        agreed.deflate = Some(deflate);
    }
    head.push_str("\r\n");
    Ok((agreed, head.into_bytes()))
}

/// As [`answer`], with a fault where there is to be one.
///
/// # Errors
/// As [`answer`], and where the fault is a refusal.
pub fn answer_with(
    request: &Request,
    policy: &Policy,
    breach: Option<&Breach>,
) -> Result<(Agreed, Vec<u8>), Refusal> {
    let Some(breach) = breach else { return answer(request, policy) };
    if let Some(status) = breach.refusal {
        return Err(Refusal::new(status, "all are refused, on purpose"));
    }
    let policy = Policy { deflate: breach.deflate.or(policy.deflate), ..policy.clone() };
    let (agreed, head) = answer(request, &policy)?;
    let offered = |name: &str| {
        let offers = request.extensions().list;
        offers.iter().flat_map(|offer| &offer.params).any(|(param, _)| param.eq_ignore_ascii_case(name))
    };
    if breach.unless_offered.is_some_and(offered) {
        return Ok((agreed, head));
    }
    Ok((agreed, edited(head, &breach.head)))
}

fn has_token(request: &Request, name: &str, token: &[u8]) -> bool {
    request.tokens(name).any(|found| found.eq_ignore_ascii_case(token))
}

fn origin(request: &Request, policy: &Policy) -> Result<(), Refusal> {
    let mut origins = request.header("origin");
    let origin = origins.next();
    if origins.next().is_some() {
        return Err(Refusal::new(400, "there is more than one Origin header"));
    }
    let name = origin.unwrap_or(b"none");
    if policy.origins.is_empty()
        || policy.origins.iter().any(|ours| ours.as_bytes().eq_ignore_ascii_case(name))
    {
        return Ok(());
    }
    let why = origin.map_or(Cow::Borrowed("requests without an Origin are not allowed"), |origin| {
        Cow::Owned(format!("the origin {} is not allowed", String::from_utf8_lossy(origin)))
    });
    Err(Refusal { status: 403, why })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::At;

    const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

    fn ask(head: &str, policy: &Policy) -> Result<(Agreed, String), u16> {
        let head = format!("{head}\r\n");
        assert_eq!(head_end(head.as_bytes()), Some(head.len()));
        let request = Request::parse(head.as_bytes(), At::default(), At::default());
        let answer = answer(&request, policy).map_err(|refusal| refusal.status)?;
        Ok((answer.0, String::from_utf8(answer.1).unwrap()))
    }

    /// RFC 6455 section 1.3.
    #[test]
    fn rfc_example() {
        let policy = Policy { subprotocols: vec!["superchat".into(), "chat".into()], ..Policy::default() };
        let head =
            format!("{REQUEST}Origin: http://example.com\r\nSec-WebSocket-Protocol: x, chat, superchat\r\n");
        let (agreed, head) = ask(&head, &policy).unwrap();
        assert_eq!(
            head,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
        );
        assert_eq!((agreed.subprotocol.as_deref(), agreed.deflate), (Some("chat"), None));
    }

    #[test]
    fn refusals() {
        let without = |name: &str| {
            let lines: Vec<&str> =
                REQUEST.split_inclusive("\r\n").filter(|line| !line.starts_with(name)).collect();
            lines.concat()
        };
        let with = |line: &str| format!("{REQUEST}{line}\r\n");
        let swap = |from: &str, to: &str| REQUEST.replace(from, to);
        let table = [
            (without("Host"), 400),
            (with("Host: other"), 400),
            (without("Upgrade"), 426),
            (swap("Upgrade: websocket", "Upgrade: h2c"), 426),
            (without("Connection"), 400),
            (swap("Connection: Upgrade", "Connection: keep-alive"), 400),
            (without("Sec-WebSocket-Version"), 426),
            (swap("Version: 13", "Version: 8"), 426),
            (with("Sec-WebSocket-Version: 13"), 426),
            (without("Sec-WebSocket-Key"), 400),
            (with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), 400),
            (swap("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j"), 400),
            (swap("dGhlIHNhbXBsZSBub25jZQ==", "no base64"), 400),
            (swap("GET", "POST"), 405),
            (swap("HTTP/1.1", "HTTP/1.0"), 400),
            (with("no header"), 400),
            (with("Sec-WebSocket-Extensions: a b"), 400),
        ];
        for (head, status) in table {
            assert_eq!(ask(&head, &Policy::default()), Err(status), "{head}");
        }
        assert!(
            ask(&swap("Connection: Upgrade", "Connection: keep-alive, UPGRADE"), &Policy::default()).is_ok()
        );
        assert!(ask(&swap("Upgrade: websocket", "Upgrade: WebSocket"), &Policy::default()).is_ok());
    }

    #[test]
    fn origins() {
        let policy = |origins: &[&str]| Policy {
            origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
            ..Policy::default()
        };
        let with = |origin: &str| format!("{REQUEST}Origin: {origin}\r\n");
        assert!(
            ask(&with("https://b.example"), &policy(&["https://a.example", "https://B.example"])).is_ok()
        );
        assert_eq!(ask(&with("https://b.example.com"), &policy(&["https://b.example"])), Err(403));
        assert_eq!(ask(REQUEST, &policy(&["https://b.example"])), Err(403));
        assert!(ask(REQUEST, &policy(&["none"])).is_ok());
        assert_eq!(
            ask(&(with("https://a.example") + "Origin: https://a.example\r\n"), &policy(&[])),
            Err(400)
        );
    }

    #[test]
    fn heads_end_at_an_empty_line() {
        assert_eq!(head_end(b"GET / HTTP/1.1\r\nA: b\r\n\r\nrest"), Some(24));
        assert_eq!(head_end(b"GET / HTTP/1.1\n\nrest"), Some(16));
        assert_eq!(head_end(b"GET / HTTP/1.1\r\nA: b\r\n\r"), None);
    }
}
