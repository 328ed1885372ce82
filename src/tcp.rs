//! TCP segments into streams: each direction in order, whatever happened.
//!
//! [`Connection`] takes the segments of one connection in capture order and says what each endpoint
//! sent (RFC 9293), as [`Item`]s: bytes, gaps, the end. Where a byte was captured more than once the
//! first copy counts, and a copy that differs is reported. Capture time is the only clock, and what
//! comes out depends on nothing but the segments of the connection. Checksums, windows and options
//! are not looked at.

mod connection;
mod delivery;
mod half;
mod hole;
#[cfg(test)]
mod properties;
mod recent;
mod reorder;
#[cfg(test)]
mod scenarios;
mod seq;
#[cfg(test)]
mod wire;

use crate::item::{At, Dir, Item};
use crate::packet::segment::Place;

pub use connection::Connection;
pub use half::Counters;

/// The bytes of recent read buffers: lets a retransmission be compared with what came first without
/// keeping copies.
pub trait History {
    /// `len` bytes at `place`; `None` where they are no longer there.
    fn bytes(&self, place: Place, len: usize) -> Option<&[u8]>;
}

/// No history: retransmissions are compared with queued segments only.
impl History for () {
    fn bytes(&self, _: Place, _: usize) -> Option<&[u8]> {
        None
    }
}

/// What a connection puts out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output<'a> {
    /// The next of a direction.
    Item {
        /// The direction.
        dir: Dir,
        /// Bytes, a gap, or the end.
        item: Item<'a>,
        /// The packet that carried these very bytes or this end. Of a gap: the packet that carried
        /// what follows it, or, where nothing follows yet, the one that made us give up.
        at: At,
    },
    /// A later copy of bytes says something else than the first; the first counts.
    Conflict {
        /// The direction.
        dir: Dir,
        /// The packet that carried the later copy.
        at: At,
        /// Stream offset of the first byte that differs, in bytes.
        offset: u64,
        /// Bytes from the first that differs to the last that does.
        len: u64,
    },
    /// A bound was reached: a hole is no longer waited for (its `Gap` follows), or a segment far
    /// outside of the stream was dropped.
    Limit {
        /// The direction.
        dir: Dir,
        /// The packet that reached the bound.
        at: At,
        /// Length of the hole, or of the dropped segment, in bytes.
        dropped: u64,
    },
}
