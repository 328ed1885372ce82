//! Where the bytes of the last few segments lie, for comparison with copies.
//!
//! One ring for both directions of a connection: a direction that sends more gets more of it.

use super::History;
use crate::packet::segment::Place;

/// The ring.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    entries: [Entry; ENTRIES],
    oldest: u8,
}

/// The span of bytes in which two copies differ, as stream offsets.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Difference(Option<(u64, u64)>);

impl Recent {
    /// Notes delivered bytes: the sequence number and the place of the first, and how many.
    #[inline]
    pub(super) fn note(&mut self, low: bool, seq: u32, len: usize, place: Place) {
        if let Some(entry) = self.entries.get_mut(usize::from(self.oldest)) {
            // Sequence numbers repeat after 2^32 bytes, so no segment is longer than 31 bits.
            *entry = Entry { seq, len: (len as u32) << 1 | u32::from(low), place };
        }
        self.oldest = if usize::from(self.oldest) + 1 < ENTRIES { self.oldest + 1 } else { 0 };
    }

    /// Compares `bytes`, a copy that starts at `seq` and `offset`, with what is still there of the first.
    pub(super) fn compare(
        &self,
        low: bool,
        seq: u32,
        offset: u64,
        bytes: &[u8],
        history: &dyn History,
        difference: &mut Difference,
    ) {
        for entry in &self.entries {
            let len = (entry.len >> 1) as usize;
            if entry.len & 1 != u32::from(low) || len == 0 || entry.place.block == 0 {
                continue;
            }
            // The part of the entry and the part of the copy that are the same bytes of the stream.
            let after = seq.wrapping_sub(entry.seq) as usize;
            let before = entry.seq.wrapping_sub(seq) as usize;
            let (skip_first, skip_copy) = if after < len {
                (after, 0)
            } else if before < bytes.len() {
                (0, before)
            } else {
                continue;
            };
            let both = (len - skip_first).min(bytes.len() - skip_copy);
            let Ok(skip) = u32::try_from(skip_first) else { continue };
            let place = Place { block: entry.place.block, offset: entry.place.offset.wrapping_add(skip) };
            if let (Some(first), Some(copy)) =
                (history.bytes(place, both), bytes.get(skip_copy..skip_copy + both))
            {
                difference.add(offset + skip_copy as u64, first, copy);
            }
        }
    }
}

impl Difference {
    /// Adds what differs between two copies of the bytes from `offset`.
    pub(super) fn add(&mut self, offset: u64, first: &[u8], copy: &[u8]) {
        if first == copy {
            return;
        }
        let mut differing = first.iter().zip(copy).enumerate().filter(|(_, (a, b))| a != b).map(|(i, _)| i);
        let Some(start) = differing.next() else { return };
        let end = differing.next_back().unwrap_or(start);
        let (start, end) = (offset + start as u64, offset + end as u64 + 1);
        self.0 = Some(self.0.map_or((start, end), |(a, b)| (a.min(start), b.max(end))));
    }

    /// Offset and length, where there is a difference.
    pub(super) fn span(self) -> Option<(u64, u64)> {
        self.0.map(|(start, end)| (start, end - start))
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    seq: u32,
    /// Twice the length, plus 1 where the low endpoint is the sender.
    len: u32,
    place: Place,
}

const ENTRIES: usize = 6;
