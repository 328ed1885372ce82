//! Several captures as one, merged by time.
//!
//! Of the next packets of all captures, the earliest comes first; of several, that of the capture
//! named first. The order within a capture never changes, even where its clock goes back.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;

use super::reader::BLOCK;
use super::source::{Block, CaptureFacts, Packet, Source, Status};
use crate::time::Timestamp;

/// Captures merged by time.
pub(crate) struct Merge {
    inputs: Vec<Input>,
    /// The next packet of every input that has one.
    heads: BinaryHeap<Reverse<(Timestamp, usize)>>,
    started: bool,
    failed: Option<io::Error>,
    facts: CaptureFacts,
}

struct Input {
    source: Box<dyn Source>,
    block: Block,
    next: usize,
    ended: bool,
}

impl Input {
    /// The next packet, reading on where the block has no more.
    fn head(&mut self) -> io::Result<Option<&Packet>> {
        while self.next >= self.block.packets.len() && !self.ended {
            self.next = 0;
            self.block.packets.clear();
            match self.source.fill(&mut self.block) {
                Ok(status) => self.ended = status == Status::End,
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            }
        }
        Ok(self.block.packets.get(self.next))
    }
}

impl Merge {
    /// Merges `sources`; of packets of the same time, those of the first source come first.
    pub(crate) fn new(sources: Vec<Box<dyn Source>>) -> Self {
        let input = |source| Input { source, block: Block::default(), next: 0, ended: false };
        let mut merge = Self {
            inputs: sources.into_iter().map(input).collect(),
            heads: BinaryHeap::new(),
            started: false,
            failed: None,
            facts: CaptureFacts::default(),
        };
        merge.update_facts();
        merge
    }

    /// Notes the time of an input's next packet.
    fn push_head(&mut self, index: usize) {
        let Some(input) = self.inputs.get_mut(index) else { return };
        match input.head() {
            Ok(Some(packet)) => self.heads.push(Reverse((packet.time, index))),
            Ok(None) => {}
            Err(error) => self.failed = Some(error),
        }
    }

    /// Copies packets until `block` is full or an input fails.
    fn copy_packets(&mut self, block: &mut Block) {
        while self.failed.is_none() && block.bytes.len() < BLOCK {
            let Some(Reverse((_, index))) = self.heads.pop() else { break };
            let following = self.heads.peek().map(|Reverse(head)| *head);
            let Some(input) = self.inputs.get_mut(index) else { break };
            // Runs of packets of one input need no heap.
            while let Some(packet) = input.block.packets.get(input.next) {
                if block.bytes.len() >= BLOCK || following.is_some_and(|head| head < (packet.time, index)) {
                    break;
                }
                let offset = block.bytes.len() as u32;
                block.bytes.extend_from_slice(input.block.packet(packet));
                block.packets.push(Packet { offset, ..*packet });
                input.next += 1;
            }
            self.push_head(index);
        }
    }

    fn update_facts(&mut self) {
        self.facts.bytes_read = 0;
        self.facts.dropped = 0;
        self.facts.sources.clear();
        self.facts.damage.clear();
        let kept = self.facts.secrets.len();
        let found: usize = self.inputs.iter().map(|input| input.source.facts().secrets.len()).sum();
        if found != kept {
            self.facts.secrets.clear();
        }
        for input in &self.inputs {
            let facts = input.source.facts();
            self.facts.bytes_read = self.facts.bytes_read.saturating_add(facts.bytes_read);
            self.facts.dropped = self.facts.dropped.saturating_add(facts.dropped);
            self.facts.sources.extend_from_slice(&facts.sources);
            self.facts.damage.extend_from_slice(&facts.damage);
            if found != kept {
                self.facts.secrets.extend_from_slice(&facts.secrets);
            }
        }
    }
}

impl Source for Merge {
    fn fill(&mut self, block: &mut Block) -> io::Result<Status> {
        block.bytes.clear();
        block.packets.clear();
        if let Some(error) = self.failed.take() {
            self.heads.clear();
            return Err(error);
        }
        if !self.started {
            self.started = true;
            for index in 0..self.inputs.len() {
                self.push_head(index);
            }
        }
        self.copy_packets(block);
        self.update_facts();
        let more = self.failed.is_some() || !self.heads.is_empty();
        Ok(if more { Status::More } else { Status::End })
    }

    fn facts(&self) -> &CaptureFacts {
        &self.facts
    }
}
