//! The latest read buffers, kept so that retransmissions can be compared with the first copy.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::capture::source::Block;
use crate::packet::segment::Place;
use crate::tcp::History;

/// How many blocks are kept.
const KEPT: usize = 8;

/// The latest blocks, oldest first, with consecutive serial numbers.
#[derive(Debug, Default)]
pub(super) struct Recent {
    blocks: VecDeque<Arc<Block>>,
}

impl Recent {
    /// Adds the newest block, and lets go of the oldest where there are too many.
    pub(super) fn push(&mut self, block: Arc<Block>) -> Option<Arc<Block>> {
        self.blocks.push_back(block);
        if self.blocks.len() > KEPT { self.blocks.pop_front() } else { None }
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
        for _ in 0..self.used.len() {
            let Some(block) = self.used.pop_front() else { break };
            match Arc::try_unwrap(block) {
                Ok(block) => return block,
                Err(held) => self.used.push_back(held),
            }
        }
        Block::default()
    }

    /// Takes a block back, which others may still hold.
    pub(super) fn give(&mut self, block: Arc<Block>) {
        self.used.push_back(block);
    }
}
