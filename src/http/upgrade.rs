//! The opening handshake as facts (RFC 6455 section 4); the rules judge them.

use crate::item::At;

/// A header field as on the wire: the value without the white space around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The field name, in the sender's case.
    pub name: Vec<u8>,
    /// The value; lines that were folded (obs-fold) are joined by one space.
    pub value: Vec<u8>,
}

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
    /// `GET`.
    pub method: Vec<u8>,
    /// The target as sent.
    pub target: Vec<u8>,
    /// The version without `HTTP/`: `1.1`.
    pub version: Vec<u8>,
    /// The header fields in order.
    pub headers: Vec<Header>,
    /// Faults of syntax, each once.
    pub faults: Vec<HeadFault>,
    /// The packet with the first byte.
    pub first: At,
    /// The packet with the last byte of the head.
    pub last: At,
}

/// The head of a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The reason phrase, perhaps empty.
    pub reason: Vec<u8>,
    /// The version without `HTTP/`.
    pub version: Vec<u8>,
    /// The header fields in order.
    pub headers: Vec<Header>,
    /// Faults of syntax, each once.
    pub faults: Vec<HeadFault>,
    /// The packet with the first byte.
    pub first: At,
    /// The packet with the last byte of the head.
    pub last: At,
}

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
