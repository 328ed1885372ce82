//! A request that waits for its response, and what a response says to it.

use super::body::Body;
use super::half::Head;
use super::headers::Headers;
use super::upgrade::{Request, Response};

/// A request without a final response.
#[derive(Debug)]
pub(super) struct Pending {
    /// `None` = it was forgotten.
    request: Option<Request>,
    /// Bytes of its head are not in the capture.
    cut: bool,
    pub(super) kind: Kind,
    /// The body that it announces.
    pub(super) body: Body,
}

/// What a request asks for, as far as it decides what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    /// HEAD: its response has no body.
    Head,
    /// CONNECT: a 2xx makes a tunnel (RFC 9110 section 9.3.6).
    Connect,
    /// It shows a sign of WebSocket. `attempt` = enough to be reported where it is refused.
    Upgrade {
        attempt: bool,
    },
}

impl Pending {
    pub(super) fn new(head: Head) -> Self {
        let Head { bytes, first, last, missing, .. } = head;
        let request = Request::parse(bytes, first, last).lacking(missing);
        let signs = Signs::of(request.headers());
        let kind = if signs.any() {
            Kind::Upgrade { attempt: signs.upgrade || signs.key }
        } else {
            match request.method() {
                b"CONNECT" => Kind::Connect,
                b"HEAD" => Kind::Head,
                _ => Kind::Plain,
            }
        };
        let body = Body::of_request(request.headers());
        Self { request: Some(request), cut: missing > 0, kind, body }
    }

    /// It asks for WebSocket, or looks like it.
    pub(super) fn is_upgrade(&self) -> bool {
        matches!(self.kind, Kind::Upgrade { .. })
    }

    /// Bytes of its head are not in the capture.
    pub(super) const fn is_cut(&self) -> bool {
        self.cut
    }

    /// What is behind it depends on its response.
    pub(super) fn is_last(&self) -> bool {
        self.is_upgrade() || self.kind == Kind::Connect
    }

    /// The request; `None` where it was forgotten.
    pub(super) fn into_request(self) -> Option<Request> {
        self.request
    }

    /// Memory taken by the head.
    pub(super) fn cost(&self) -> usize {
        self.request.as_ref().map_or(0, Request::cost)
    }

    /// Keeps what decides the response's body alone.
    pub(super) fn forget(&mut self) {
        self.request = None;
    }
}

/// What matters in a response's head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// It shows a sign of WebSocket.
    pub(super) websocket: bool,
}

impl Answer {
    pub(super) fn of(response: &Response) -> Self {
        Self { status: response.status, websocket: Signs::of(response.headers()).any() }
    }

    /// A 101 that by itself tells of WebSocket.
    pub(super) fn switches(&self) -> bool {
        self.status == 101 && self.websocket
    }

    /// Another response to the same request follows (RFC 9110 section 15.2).
    pub(super) fn is_interim(&self) -> bool {
        matches!(self.status, 100 | 102..=199)
    }

    /// Never has a body (RFC 9112 section 6.3).
    pub(super) fn is_bodiless(&self) -> bool {
        matches!(self.status, 100..=199 | 204 | 304)
    }
}

/// Signs of WebSocket in a head.
struct Signs {
    upgrade: bool,
    key: bool,
    other: bool,
}

impl Signs {
    fn of(headers: Headers<'_>) -> Self {
        let upgrade = headers.list("upgrade", "websocket");
        let key = headers.named("sec-websocket-key").next().is_some();
        // Others are looked for where they make a difference.
        Self { upgrade, key, other: !upgrade && !key && headers.any_begins("sec-websocket-") }
    }

    const fn any(&self) -> bool {
        self.upgrade || self.key || self.other
    }
}
