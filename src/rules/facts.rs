//! What the rules of one connection share: what was agreed, and how much the capture shows.

use std::net::IpAddr;

use crate::http::extension::{DeflateKind, Extension, Extensions};
use crate::http::upgrade::{Handshake, Request, Response};
use crate::item::{At, Dir, End};
use crate::ws::fact::Frame;

use super::calm::Calm;

/// What was agreed in the handshake, as far as the frames are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The handshake was seen whole, so what it does not say was not agreed.
    pub known: bool,
    /// The deflate extension.
    pub deflate: Option<DeflateKind>,
    /// Another extension was agreed, which may define reserved bits and opcodes.
    pub other: bool,
}

/// A connection as its rules see it.
#[derive(Debug)]
pub struct Facts {
    /// What was agreed.
    pub agreed: Agreed,
    /// Each direction, by [`Dir::index`].
    pub lanes: [Lane; 2],
}

/// How much of one direction the capture shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lane {
    /// Packets, or a part of the handshake, of this direction were captured.
    pub heard: bool,
    /// Frame boundaries were lost at some point, so frames may be missing.
    pub lost: bool,
    /// Frame boundaries are lost at the moment: what comes is told late, or never.
    pub astray: bool,
    /// After the last segment, bytes are waited for that may yet come or be missing.
    pub waited_for: bool,
    /// Bytes are missing from the frame that is being read.
    pub hole: bool,
    /// Up to where bytes were last missing; where the capture began inside the connection, its start.
    pub missed: Option<At>,
    /// Frames that were told.
    pub frames: u64,
    /// The last frame that was told has its FIN bit, and no reserved bit.
    pub plain: bool,
    /// The stream ended inside a frame.
    pub broken_off: bool,
    /// The end of the last frame that was told, in the direction's stream after the handshake.
    pub sent: u64,
    /// Bytes sent that the other endpoint's TCP has not acknowledged, after the last segment.
    pub unacked: u64,
    /// When this direction last carried anything.
    pub last: At,
    /// How its TCP stream ended.
    pub end: Option<(End, At)>,
    /// The first Close: its packet, and its status code where it has one.
    pub close: Option<(At, Option<u16>)>,
}

impl Lane {
    /// All bytes up to `offset` (of frames that were told) are acknowledged.
    #[must_use]
    pub const fn acked(&self, offset: u64) -> bool {
        self.unacked <= self.sent.saturating_sub(offset)
    }

    /// Takes in a frame that is over.
    #[inline]
    pub(super) fn told(&mut self, frame: &Frame<'_>) {
        let header = &frame.header;
        let seen = if self.hole { header.len } else { frame.seen };
        self.sent = frame.offset.saturating_add(header.header_len() as u64).saturating_add(seen);
        if !self.heard {
            // Whatever was sent before was not captured.
            self.missed = Some(frame.first);
        }
        self.last = frame.last;
        self.frames += 1;
        self.heard = true;
        self.hole = false;
        self.plain = header.fin && header.rsv == 0;
        self.broken_off = seen < header.len;
        // One that lacks bytes may be what was open when the boundaries were lost.
        self.astray &= frame.seen < header.len;
    }

    /// As [`Lane::told`], while nothing is special ([`Lane::is_calm`]).
    #[inline]
    pub(super) const fn went_on(&mut self, calm: &Calm) {
        self.sent = calm.end;
        self.last = calm.at;
        self.frames += calm.frames;
        self.plain = true;
        self.broken_off = false;
    }

    /// The next frame, if it is whole, changes only how far the direction came.
    #[inline]
    pub(super) const fn is_calm(&self) -> bool {
        self.heard && !self.hole && !self.astray && self.close.is_none()
    }

    /// Whatever was sent in this direction was captured.
    #[must_use]
    pub const fn complete(&self) -> bool {
        self.heard && !self.lost
    }
}

impl Facts {
    /// At the first frame. `handshake` is `None` where the capture began inside the connection.
    #[must_use]
    pub fn new(handshake: Option<&Handshake>) -> Self {
        let heard = [
            handshake.is_some_and(|handshake| handshake.request.is_some()),
            handshake.is_some_and(|handshake| handshake.response.is_some()),
        ];
        Self {
            agreed: Agreed::new(handshake),
            lanes: heard.map(|heard| {
                let lost = handshake.is_none();
                Lane { heard, lost, astray: lost, ..Lane::default() }
            }),
        }
    }

    /// The lane of a direction.
    #[inline]
    #[must_use]
    pub const fn lane(&self, dir: Dir) -> &Lane {
        let [client, server] = &self.lanes;
        match dir {
            Dir::C2s => client,
            Dir::S2c => server,
        }
    }
}

impl Agreed {
    fn new(handshake: Option<&Handshake>) -> Self {
        let response = handshake.and_then(|handshake| handshake.response.as_ref());
        let Some(response) = response.filter(|response| response.missing == 0) else {
            return Self { known: false, deflate: None, other: true };
        };
        let extensions = response.extensions();
        Self {
            known: true,
            deflate: extensions.list.iter().find_map(Extension::deflate_kind),
            other: !extensions.malformed.is_empty()
                || extensions.list.iter().any(|extension| Extension::deflate_kind(extension).is_none()),
        }
    }
}

/// Where and how a connection was opened.
#[derive(Clone, Debug)]
pub struct Opening<'a> {
    /// The handshake, as far as it was seen.
    pub handshake: &'a Handshake,
    /// The extensions that were offered, and those that were accepted.
    extensions: [Extensions; 2],
    /// The addresses of client and server.
    pub ips: [IpAddr; 2],
    /// It came through TLS.
    pub tls: bool,
}

impl<'a> Opening<'a> {
    /// Of a handshake between these two addresses; `tls` = it came through TLS.
    #[must_use]
    pub fn new(handshake: &'a Handshake, ips: [IpAddr; 2], tls: bool) -> Self {
        let offered = handshake.request.as_ref().map(Request::extensions);
        let accepted = handshake.response.as_ref().map(Response::extensions);
        Self { handshake, extensions: [offered, accepted].map(Option::unwrap_or_default), ips, tls }
    }

    /// The extensions that were offered.
    #[must_use]
    pub const fn offered(&self) -> &Extensions {
        &self.extensions[0]
    }

    /// The extensions that were accepted.
    #[must_use]
    pub const fn accepted(&self) -> &Extensions {
        &self.extensions[1]
    }
}
