//! The opening handshake as facts (RFC 6455 section 4); the rules judge them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha1::{Digest as _, Sha1};

use super::extension::{Deflate, Extension, Extensions};
use super::headers::{Span, Text};
use crate::item::At;

pub use super::headers::{Header, Headers};

/// What is wrong with the syntax of a head (RFC 9112); decoding goes on all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadFault {
    /// The first line is no request line or status line.
    StartLine,
    /// A line has no colon, or an empty or invalid name.
    Field,
    /// White space between the name and the colon.
    SpaceBeforeColon,
    /// A header value goes on in the next line.
    ObsFold,
    /// A CR that no LF follows, or a NUL.
    BareCr,
    /// A line ends with LF alone (which RFC 9112 section 2.2 lets a recipient accept).
    BareLf,
}

/// The head of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    text: Text,
    /// Method, target and version.
    line: [Span; 3],
    /// SHA-1 of the first Sec-WebSocket-Key and the GUID.
    proof: Option<Proof>,
    /// Bytes of the head that the capture does not hold. Above 0, header fields may be missing.
    pub missing: u64,
    /// The packet with the first byte.
    pub first: At,
    /// The packet with the last byte of the head.
    pub last: At,
}

/// The head of a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    text: Text,
    /// Version and reason.
    line: [Span; 2],
    /// The status code.
    pub status: u16,
    /// Bytes of the head that the capture does not hold. Above 0, header fields may be missing.
    pub missing: u64,
    /// The packet with the first byte.
    pub first: At,
    /// The packet with the last byte of the head.
    pub last: At,
}

/// SHA-1 of a key with the GUID behind it, from which Sec-WebSocket-Accept is made.
pub type Proof = [u8; 20];

/// A request to upgrade to WebSocket and what came of it. Either half may be missing from a capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handshake {
    /// The request.
    pub request: Option<Request>,
    /// The response; a status other than 101 = refused.
    pub response: Option<Response>,
    /// Client bytes behind the request that were captured before the response.
    pub early_bytes: u64,
}

/// The key and what became of it (RFC 6455 section 4.2.2, item 5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accept {
    /// Sec-WebSocket-Key as sent; the first, where there are several.
    pub key: String,
    /// base64(SHA-1(key + GUID)).
    pub expected: String,
    /// Sec-WebSocket-Accept as sent; the first, where there are several.
    pub actual: Option<String>,
    /// The actual value is the expected one.
    pub valid: bool,
}

impl Request {
    pub(super) fn new(text: Text, line: [Span; 3], first: At, last: At) -> Self {
        let proof = text.headers().named(KEY).next().map(|key| proof(key.value));
        Self { text, line, proof, missing: 0, first, last }
    }

    /// `GET`.
    #[must_use]
    pub fn method(&self) -> &[u8] {
        self.text.part(self.line[0])
    }

    /// The target as sent.
    #[must_use]
    pub fn target(&self) -> &[u8] {
        self.text.part(self.line[1])
    }

    /// The version without `HTTP/`: `1.1`.
    #[must_use]
    pub fn version(&self) -> &[u8] {
        self.text.part(self.line[2])
    }

    /// SHA-1 of the first Sec-WebSocket-Key and the GUID, from which Sec-WebSocket-Accept is made.
    #[must_use]
    pub const fn proof(&self) -> Option<&Proof> {
        self.proof.as_ref()
    }

    /// The Sec-WebSocket-Accept that the first Sec-WebSocket-Key demands.
    #[must_use]
    pub fn expected_accept(&self) -> Option<String> {
        self.proof.map(|proof| BASE64.encode(proof))
    }
}

impl Response {
    pub(super) fn new(text: Text, status: u16, line: [Span; 2], first: At, last: At) -> Self {
        Self { text, line, status, missing: 0, first, last }
    }

    /// The version without `HTTP/`.
    #[must_use]
    pub fn version(&self) -> &[u8] {
        self.text.part(self.line[0])
    }

    /// The reason phrase, perhaps empty.
    #[must_use]
    pub fn reason(&self) -> &[u8] {
        self.text.part(self.line[1])
    }
}

/// What both heads are asked for.
macro_rules! fields {
    ($head:ty, $extensions:literal) => {
        impl $head {
            /// The header fields in order.
            #[must_use]
            pub fn headers(&self) -> Headers<'_> {
                self.text.headers()
            }

            /// Faults of syntax, each once.
            #[must_use]
            pub fn faults(&self) -> &[HeadFault] {
                &self.text.faults
            }

            /// Memory that the head takes, in bytes.
            pub(super) fn cost(&self) -> usize {
                self.text.cost()
            }

            /// The same head with so many bytes of it missing.
            #[must_use]
            pub fn lacking(self, missing: u64) -> Self {
                Self { missing, ..self }
            }

            /// The values of all header lines of this name, in order; names are compared without case.
            pub fn header(&self, name: &str) -> impl Iterator<Item = &[u8]> {
                self.headers().named(name).map(|header| header.value)
            }

            /// The elements of a comma-separated list, over all header lines of this name.
            pub fn tokens(&self, name: &str) -> impl Iterator<Item = &[u8]> {
                elements(self.header(name))
            }

            #[doc = $extensions]
            #[must_use]
            pub fn extensions(&self) -> Extensions {
                Extensions::parse(self.header(EXTENSIONS))
            }
        }
    };
}

fields!(Request, "The extensions that are offered.");
fields!(Response, "The extensions that are accepted.");

impl Handshake {
    /// Bytes of memory that its heads take, about.
    #[must_use]
    pub fn held(&self) -> usize {
        let request = self.request.as_ref().map_or(0, Request::cost);
        request + self.response.as_ref().map_or(0, Response::cost)
    }

    /// A 101 was seen. (Without a response the engine may have taken it for granted.)
    #[must_use]
    pub fn upgraded(&self) -> bool {
        self.response.as_ref().is_some_and(|r| r.status == 101)
    }

    /// The key of the request, if it has one, and the response's answer to it.
    #[must_use]
    pub fn accept(&self) -> Option<Accept> {
        let request = self.request.as_ref()?;
        let key = request.header(KEY).next()?;
        let actual = self.response.as_ref().and_then(|r| r.header("sec-websocket-accept").next());
        let expected = request.expected_accept()?;
        Some(Accept {
            key: text(key),
            valid: actual == Some(expected.as_bytes()),
            actual: actual.map(text),
            expected,
        })
    }

    /// The WebSocket URL that the request asks for (RFC 6455 section 3). `tls` = it came through TLS.
    ///
    /// A target in absolute form keeps its scheme, as `ws` or `wss`. `None` where there is no Host, or the
    /// target is neither a path nor such a URL.
    #[must_use]
    pub fn url(&self, tls: bool) -> Option<String> {
        let request = self.request.as_ref()?;
        let target = String::from_utf8_lossy(request.target());
        if target.starts_with('/') {
            let host = request.header("host").next().filter(|host| !host.is_empty())?;
            let scheme = if tls { "wss://" } else { "ws://" };
            return Some([scheme, &String::from_utf8_lossy(host), &target].concat());
        }
        let (scheme, rest) = target.split_once("://")?;
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "ws" => Some(format!("ws://{rest}")),
            "https" | "wss" => Some(format!("wss://{rest}")),
            _ => None,
        }
    }

    /// The subprotocol that the server chose.
    #[must_use]
    pub fn subprotocol(&self) -> Option<String> {
        let value = self.response.as_ref()?.header(PROTOCOL).next()?;
        (!value.is_empty()).then(|| text(value))
    }

    /// The subprotocols that the client offered.
    #[must_use]
    pub fn offered_subprotocols(&self) -> Vec<String> {
        self.request.as_ref().map(|r| r.tokens(PROTOCOL).map(text).collect()).unwrap_or_default()
    }

    /// The extensions that the server accepted, as `permessage-deflate; client_max_window_bits=15`.
    #[must_use]
    pub fn extensions(&self) -> Vec<String> {
        let accepted = self.response.as_ref().map(Response::extensions).unwrap_or_default();
        accepted.list.iter().map(ToString::to_string).collect()
    }

    /// The compression that was agreed; `None` also where the response is missing.
    #[must_use]
    pub fn deflate(&self) -> Option<Deflate> {
        let accepted = self.response.as_ref()?.extensions();
        // Most responses accept none, and nobody needs to know what was offered.
        accepted.list.iter().find_map(Extension::deflate_kind)?;
        let offers = self.request.as_ref().map(Request::extensions).unwrap_or_default();
        Deflate::agreed(&offers.list, &accepted.list)
    }
}

impl Handshake {
    /// Whether compression was agreed cannot be told: the response, or a part of its head, is missing,
    /// and nothing speaks against it.
    #[must_use]
    pub fn deflate_unknown(&self) -> bool {
        let told = self.response.as_ref().is_some_and(|response| response.missing == 0);
        if told || self.deflate().is_some() {
            return false;
        }
        self.request.as_ref().is_none_or(|request| {
            request.missing > 0 || request.extensions().list.iter().any(|e| e.deflate_kind().is_some())
        })
    }
}

/// What Sec-WebSocket-Accept must be for a key, whatever the key is.
#[must_use]
pub fn expected_accept(key: &[u8]) -> String {
    BASE64.encode(proof(key))
}

fn proof(key: &[u8]) -> Proof {
    Sha1::new().chain_update(key).chain_update(GUID).finalize().into()
}

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const KEY: &str = "sec-websocket-key";
const EXTENSIONS: &str = "sec-websocket-extensions";
const PROTOCOL: &str = "sec-websocket-protocol";

fn elements<'a>(values: impl Iterator<Item = &'a [u8]>) -> impl Iterator<Item = &'a [u8]> {
    values.flat_map(|v| v.split(|b| *b == b',')).map(<[u8]>::trim_ascii).filter(|e| !e.is_empty())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake(request: &str, response: &str) -> Handshake {
        let parse = |lines: &str| format!("{lines}\n\n").replace('\n', "\r\n");
        Handshake {
            request: Some(Request::parse(parse(request), At::default(), At::default())),
            response: Some(Response::parse(parse(response), At::default(), At::default())),
            early_bytes: 0,
        }
    }

    /// The example of RFC 6455 section 1.2, with the accept of section 1.3.
    #[test]
    fn the_rfc_example() {
        let handshake = handshake(
            "GET /chat HTTP/1.1\nHost: server.example.com\nUpgrade: websocket\nConnection: Upgrade\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nOrigin: http://example.com\n\
             Sec-WebSocket-Protocol: chat, superchat\nSec-WebSocket-Version: 13",
            "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\nSec-WebSocket-Protocol: chat",
        );
        let accept = handshake.accept().unwrap();
        assert_eq!(accept.key, "dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accept.expected, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(accept.actual.as_ref(), Some(&accept.expected));
        assert!(accept.valid && handshake.upgraded());
        assert_eq!(handshake.url(false).as_deref(), Some("ws://server.example.com/chat"));
        assert_eq!(handshake.url(true).as_deref(), Some("wss://server.example.com/chat"));
        assert_eq!(handshake.subprotocol().as_deref(), Some("chat"));
        assert_eq!(handshake.offered_subprotocols(), ["chat", "superchat"]);
        assert_eq!((handshake.extensions(), handshake.deflate()), (vec![], None));
    }

    #[test]
    fn urls() {
        let url =
            |target: &str, host: &str| handshake(&format!("GET {target} HTTP/1.1\n{host}"), "").url(false);
        assert_eq!(url("HTTPS://a/b", "").as_deref(), Some("wss://a/b"));
        assert_eq!(url("ws://a", "Host: b").as_deref(), Some("ws://a"));
        assert_eq!(url("/", "Host: b:8080").as_deref(), Some("ws://b:8080/"));
        assert_eq!(url("/", "X: b"), None);
        assert_eq!(url("/", "Host:"), None);
        assert_eq!(url("*", "Host: b"), None);
        assert_eq!(url("ftp://a", "Host: b"), None);
        assert_eq!(Handshake::default().url(false), None);
    }

    #[test]
    fn what_was_agreed() {
        let handshake = handshake(
            "GET / HTTP/1.1\nsec-websocket-protocol: a ,b\nSEC-WEBSOCKET-PROTOCOL: ,c\nSec-WebSocket-Extensions: permessage-deflate",
            "HTTP/1.1 101\nSec-WebSocket-Extensions: foo\nsec-websocket-extensions: permessage-deflate ;client_max_window_bits=\"15\"\nSec-WebSocket-Accept: x",
        );
        assert_eq!(handshake.offered_subprotocols(), ["a", "b", "c"]);
        assert_eq!(handshake.extensions(), ["foo", "permessage-deflate; client_max_window_bits=15"]);
        assert!(handshake.deflate().is_some());
        assert_eq!((handshake.accept(), handshake.subprotocol()), (None, None));
        assert_eq!(Handshake { response: None, ..handshake }.deflate(), None);
    }
}
