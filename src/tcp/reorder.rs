//! What waits for a hole to be filled: out-of-order data of one direction.
//!
//! Pieces are kept by stream offset and never overlap. A piece is either bytes or the knowledge that
//! the snap length cut bytes off there, which any later copy of these bytes replaces.

use std::collections::BTreeMap;

use super::recent::Difference;
use super::seq::REACH;
use crate::item::At;
use crate::limits::Limits;
use crate::packet::segment::Place;

/// The state of a direction that does not simply go on; it is allocated on first need and freed
/// when all is in order again.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending {
    /// What lies beyond the hole.
    pub(super) queue: Queue,
    /// Stream offset of the FIN and its packet.
    pub(super) fin: Option<(u64, At)>,
    /// An acknowledgement beyond all that was seen, as stream offset: believed once the peer repeats it.
    pub(super) claim: Option<u64>,
    /// When the peer had acknowledged past the hole.
    pub(super) passed: Option<Passed>,
    /// Start of the hole and when it was first seen.
    pub(super) hole: Option<(u64, At)>,
}

/// The acknowledgement that went past a hole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passed {
    /// What was acknowledged, as stream offset.
    pub(super) acked: u64,
    /// Packets of the connection up to then.
    pub(super) packets: u32,
    /// The acknowledging packet.
    pub(super) at: At,
}

/// Pieces in order of their stream offset.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    pieces: BTreeMap<u64, Piece>,
    allocated: usize,
    cuts: usize,
}

/// Consecutive bytes of the stream that one packet carried.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) body: Body,
    pub(super) at: At,
    pub(super) place: Place,
}

/// The bytes, or how many of them are not in the capture.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Bytes(Box<[u8]>),
    Cut(u64),
}

impl Body {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Cut(len) => *len,
        }
    }

    fn allocated(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len() + OVERHEAD,
            Self::Cut(_) => OVERHEAD,
        }
    }
}

impl Queue {
    /// How many pieces there are.
    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Bytes allocated, bookkeeping included.
    pub(super) fn allocated(&self) -> usize {
        self.allocated
    }

    /// Whether a piece of `len` bytes is still within the limits.
    pub(super) fn fits(&self, len: usize, limits: &Limits) -> bool {
        self.pieces.len() < limits.out_of_order_segments
            && self.allocated.saturating_add(len).saturating_add(OVERHEAD) <= limits.out_of_order_bytes
    }

    /// Adds a piece, which must not overlap any other.
    pub(super) fn insert(&mut self, offset: u64, piece: Piece) {
        self.allocated += piece.body.allocated();
        self.cuts += usize::from(matches!(piece.body, Body::Cut(_)));
        if let Some(replaced) = self.pieces.insert(offset, piece) {
            self.forget(&replaced);
        }
    }

    /// Start of the first piece.
    pub(super) fn first(&self) -> Option<u64> {
        self.pieces.first_key_value().map(|(&offset, _)| offset)
    }

    /// End of the last piece.
    pub(super) fn end(&self) -> Option<u64> {
        self.pieces.last_key_value().map(|(&offset, piece)| offset + piece.body.len())
    }

    /// The packet of the first piece, where that starts at `offset`.
    pub(super) fn first_at(&self, offset: u64) -> Option<At> {
        self.pieces.first_key_value().filter(|(start, _)| **start == offset).map(|(_, piece)| piece.at)
    }

    /// Start and end of the piece that holds `offset`, or of the first after it.
    pub(super) fn at_or_after(&self, offset: u64) -> Option<(u64, u64)> {
        self.overlapping(offset, u64::MAX).next().map(|(start, piece)| (start, start + piece.body.len()))
    }

    /// Takes the first piece out where it starts at or before `offset`.
    pub(super) fn take(&mut self, offset: u64) -> Option<(u64, Piece)> {
        let first = self.pieces.first_entry().filter(|first| *first.key() <= offset)?;
        let (start, piece) = first.remove_entry();
        self.forget(&piece);
        Some((start, piece))
    }

    /// Takes the first piece out.
    pub(super) fn take_first(&mut self) -> Option<(u64, Piece)> {
        self.take(u64::MAX)
    }

    /// Whether the first piece is alone, far beyond `seen`: nothing else says that the stream got there.
    pub(super) fn first_is_stray(&self, seen: u64) -> bool {
        let mut pieces = self.pieces.iter();
        let Some((&start, first)) = pieces.next() else { return false };
        let end = start + first.body.len();
        start > seen.saturating_add(REACH)
            && pieces.next().is_none_or(|(&second, _)| second > end.saturating_add(REACH))
    }

    /// Compares a copy of the bytes from `offset` with what is queued. True where any was queued.
    pub(super) fn compare(&self, offset: u64, copy: &[u8], difference: &mut Difference) -> bool {
        let end = offset + copy.len() as u64;
        let mut any = false;
        for (start, piece) in self.overlapping(offset, end) {
            let Body::Bytes(first) = &piece.body else { continue };
            any = true;
            let from = start.max(offset);
            let to = (start + first.len() as u64).min(end);
            let both = (
                first.get((from - start) as usize..(to - start) as usize),
                copy.get((from - offset) as usize..(to - offset) as usize),
            );
            if let (Some(first), Some(copy)) = both {
                difference.add(from, first, copy);
            }
        }
        any
    }

    /// Forgets that bytes of `start..end` were cut: a better copy has come.
    pub(super) fn uncut(&mut self, start: u64, end: u64) {
        if self.cuts == 0 {
            return;
        }
        let cuts: Vec<u64> = self
            .overlapping(start, end)
            .filter(|(_, piece)| matches!(piece.body, Body::Cut(_)))
            .map(|(offset, _)| offset)
            .collect();
        for from in cuts {
            let Some(piece) = self.pieces.remove(&from) else { continue };
            self.forget(&piece);
            let to = from + piece.body.len();
            for (from, to) in [(from, start.min(to)), (end.max(from), to)] {
                if from < to {
                    self.insert(from, Piece { body: Body::Cut(to - from), ..piece });
                }
            }
        }
    }

    /// Moves all pieces by `distance`; what would be below 0 is dropped.
    pub(super) fn shift(&mut self, distance: i64) {
        for (offset, piece) in std::mem::take(self).pieces {
            if let Some(offset) = offset.checked_add_signed(distance) {
                self.insert(offset, piece);
            }
        }
    }

    /// The pieces that overlap `start..end`, with their offsets.
    fn overlapping(&self, start: u64, end: u64) -> impl Iterator<Item = (u64, &Piece)> {
        let before = self.pieces.range(..start).next_back();
        let before = before.filter(|(offset, piece)| **offset + piece.body.len() > start);
        before.into_iter().chain(self.pieces.range(start..end)).map(|(&offset, piece)| (offset, piece))
    }

    fn forget(&mut self, piece: &Piece) {
        self.allocated = self.allocated.saturating_sub(piece.body.allocated());
        self.cuts = self.cuts.saturating_sub(usize::from(matches!(piece.body, Body::Cut(_))));
    }
}

/// Bytes that a piece takes besides its data: entry and key in a tree node that may be half full,
/// and the allocator's own.
const OVERHEAD: usize = 2 * (size_of::<Piece>() + size_of::<u64>()) + 16;
