//! A request that waits for its response, and what a response says to it.

use super::body::Body;
use super::half::Head;
use super::head;
use super::upgrade::Request;

/// A request without a final response.
#[derive(Debug)]
pub(super) struct Pending {
    head: Head,
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
        let method = head::method(&head.bytes);
        let signs = Signs::of(&head.bytes);
        let kind = if signs.any() {
            Kind::Upgrade { attempt: signs.upgrade || signs.key }
        } else if method == b"CONNECT" {
            Kind::Connect
        } else if method == b"HEAD" {
            Kind::Head
        } else {
            Kind::Plain
        };
        let body = Body::of_request(&head.bytes);
        Self { head, kind, body }
    }

    /// It asks for WebSocket, or looks like it.
    pub(super) fn is_upgrade(&self) -> bool {
        matches!(self.kind, Kind::Upgrade { .. })
    }

    /// Bytes of its head are not in the capture.
    pub(super) fn is_cut(&self) -> bool {
        self.head.missing > 0
    }

    /// What is behind it depends on its response.
    pub(super) fn is_last(&self) -> bool {
        self.is_upgrade() || self.kind == Kind::Connect
    }

    /// The request; `None` where it was forgotten.
    pub(super) fn into_request(self) -> Option<Request> {
        let Head { bytes, first, last, missing, .. } = self.head;
        (!bytes.is_empty()).then(|| Request { missing, ..Request::parse(&bytes, first, last) })
    }

    /// Memory taken by the head.
    pub(super) fn cost(&self) -> usize {
        self.head.bytes.capacity()
    }

    /// Keeps what decides the response's body alone.
    pub(super) fn forget(&mut self) {
        self.head.bytes = Vec::new();
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
    pub(super) fn of(head: &Head) -> Self {
        Self { status: head::status(&head.bytes), websocket: Signs::of(&head.bytes).any() }
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
#[derive(Default)]
struct Signs {
    upgrade: bool,
    key: bool,
    other: bool,
}

impl Signs {
    fn of(head: &[u8]) -> Self {
        const PREFIX: &[u8] = b"sec-websocket-";
        let mut signs = Self::default();
        for field in head::fields(head) {
            if field.name.eq_ignore_ascii_case(b"upgrade") {
                let mut listed = field.value.split(|b| *b == b',');
                signs.upgrade |= listed.any(|token| token.trim_ascii().eq_ignore_ascii_case(b"websocket"));
            } else if field.name.get(..PREFIX.len()).is_some_and(|name| name.eq_ignore_ascii_case(PREFIX)) {
                signs.other = true;
                signs.key |= field.name.eq_ignore_ascii_case(b"sec-websocket-key");
            }
        }
        signs
    }

    const fn any(&self) -> bool {
        self.upgrade || self.key || self.other
    }
}
