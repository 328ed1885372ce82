//! The latest read buffers, kept so that retransmissions can be compared with the first copy.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::capture::source::Block;
use crate::packet::segment::Place;
use crate::tcp::History;

/// The oldest block is let go where the others hold more bytes than this: of a file's blocks of 256 KiB, 8 are
/// kept; of the small ones of an interface, as many as are as good.
const KEPT: usize = 7 * (256 << 10);

/// Blocks kept at most, whatever they hold.
const MOST: usize = 8_192;

/// The latest blocks, oldest first, with consecutive serial numbers.
#[derive(Debug, Default)]
pub(super) struct Recent {
    blocks: VecDeque<Arc<Block>>,
    bytes: usize,
}

impl Recent {
    /// Adds the newest block, unless it is empty; what it lets go of is given to `old`.
    pub(super) fn push(&mut self, block: Arc<Block>, mut old: impl FnMut(Arc<Block>)) {
        if block.bytes.is_empty() {
            return old(block);
        }
        self.bytes += block.bytes.len();
        self.blocks.push_back(block);
        while let Some(oldest) = self.blocks.front()
            && (self.bytes - oldest.bytes.len() > KEPT || self.blocks.len() > MOST)
        {
            self.bytes -= oldest.bytes.len();
            self.blocks.pop_front().map(&mut old);
        }
    }
}

impl History for Recent {
    fn bytes(&self, place: Place, len: usize) -> Option<&[u8]> {
        let newest = self.blocks.back()?.serial;
        if place.block == 0 {
            return None;
        }
        let age = newest.wrapping_sub(place.block) as usize;
        let block = self.blocks.get(self.blocks.len().checked_sub(age + 1)?)?;
        let start = place.offset as usize;
        block.bytes.get(start..start.checked_add(len)?)
    }
}

/// Blocks that are used over and over, so that reading allocates nothing in the long run.
#[derive(Debug, Default)]
pub(super) struct Pool {
    used: VecDeque<Arc<Block>>,
}

impl Pool {
    /// A block to fill: one that nobody holds any more, or a new one.
    pub(super) fn take(&mut self) -> Block {
        // They are let go of in order: where the oldest is held, so are the others, and there may be thousands.
        let Some(block) = self.used.pop_front() else { return Block::default() };
        Arc::try_unwrap(block).unwrap_or_else(|held| {
            self.used.push_front(held);
            Block::default()
        })
    }

    /// Takes a block back, which others may still hold.
    pub(super) fn give(&mut self, block: Arc<Block>) {
        self.used.push_back(block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(sizes: impl IntoIterator<Item = usize>) -> (usize, usize) {
        let (mut recent, mut gone) = (Recent::default(), 0);
        for (serial, size) in (1..).zip(sizes) {
            let block = Block { serial, bytes: vec![0; size], ..Block::default() };
            recent.push(Arc::new(block), |_| gone += 1);
        }
        (recent.blocks.len(), gone)
    }

    #[test]
    fn as_many_blocks_are_kept_as_their_bytes_allow() {
        assert_eq!(kept([256 << 10; 20]), (8, 12));
        assert_eq!(kept([1 << 10; 5_000]), (7 * 256 + 1, 5_000 - 7 * 256 - 1));
        assert_eq!(kept([1; 10_000]), (MOST, 10_000 - MOST));
        assert_eq!(kept([16 << 20; 3]), (1, 2));
        assert_eq!(kept([0; 3]), (0, 3));
    }

    #[test]
    fn bytes_are_found_by_their_place_as_long_as_they_are_kept() {
        let mut recent = Recent::default();
        for serial in 1..=3 {
            recent.push(Arc::new(Block { serial, bytes: vec![serial as u8; 4], ..Block::default() }), |_| {});
        }
        let found = |block, offset, len| recent.bytes(Place { block, offset }, len);
        assert_eq!(found(2, 1, 3), Some(&[2, 2, 2][..]));
        assert_eq!(found(2, 2, 3), None);
        assert_eq!(found(0, 0, 1), None);
        assert_eq!(found(4, 0, 1), None);
    }
}
