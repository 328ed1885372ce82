//! The base vocabulary: places, directions, and what every byte layer speaks.

use crate::time::Timestamp;

/// Where in the capture something was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct At {
    /// The packet's number in the capture, from 1, as other tools count.
    pub packet: u64,
    /// The packet's time stamp.
    pub time: Timestamp,
}

/// The direction of bytes between the two endpoints of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dir {
    /// Client to server.
    C2s,
    /// Server to client.
    S2c,
}

impl Dir {
    /// Both directions, client first.
    pub const BOTH: [Self; 2] = [Self::C2s, Self::S2c];

    /// 0 for client to server, 1 for server to client: the place in a `[T; 2]`.
    #[inline]
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The other direction.
    #[inline]
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::C2s => Self::S2c,
            Self::S2c => Self::C2s,
        }
    }

    /// `c2s` or `s2c`, as all output spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::C2s => "c2s",
            Self::S2c => "s2c",
        }
    }
}

/// What every byte layer (TCP, TLS, HTTP, WebSocket) takes in, one direction at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// The next bytes of the stream. Never empty.
    Data(&'a [u8]),
    /// Bytes of the stream that the capture does not hold. Never of length 0.
    Gap {
        /// How many bytes are missing.
        len: u64,
        /// Why they are missing.
        why: Missing,
    },
    /// The stream is over; nothing follows in this direction.
    End(End),
}

/// Why bytes of a stream are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The receiver acknowledged them: the capture lost them, not the network.
    Lost,
    /// The packet was cut by the capture's snap length.
    Cut,
    /// We gave up waiting: a limit was reached, or the stream ended before they came.
    GaveUp,
}

/// How one direction of a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// FIN, with all bytes before it delivered or reported missing.
    Fin,
    /// RST, sent by this direction's sender.
    Reset,
    /// RST, sent by the other endpoint.
    ResetByPeer,
    /// The capture ends, or the flow was dropped; the stream may have gone on.
    Capture,
}
