//! Several captures as one, merged by time.
//!
//! Of the next packets of all captures, the earliest comes first; of several, that of the capture
//! named first. The order within a capture never changes, even where its clock goes back.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::time::{Duration, Instant};

use super::reader::BLOCK;
use super::source::{Block, CaptureFacts, Packet, Source, Status};
use crate::time::Timestamp;

/// Captures merged by time.
pub(crate) struct Merge {
    inputs: Vec<Input>,
    /// The next packet of every input that has one.
    heads: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// When the inputs that had nothing for now were asked; none before the first time.
    asked: Option<Instant>,
    failed: Option<io::Error>,
    facts: CaptureFacts,
}

struct Input {
    source: Box<dyn Source>,
    /// The index of its first source among those of all inputs.
    first: u16,
    block: Block,
    next: usize,
    /// It had nothing for now.
    quiet: bool,
    ended: bool,
}

impl Input {
    /// The next packet, reading on where the block has no more; none where there is none for now.
    fn head(&mut self) -> io::Result<Option<&Packet>> {
        self.quiet = false;
        while self.next >= self.block.packets.len() && !self.ended {
            self.next = 0;
            self.block.packets.clear();
            match self.source.fill(&mut self.block) {
                Ok(Status::More) => {}
                Ok(Status::Quiet) => {
                    self.quiet = true;
                    break;
                }
                Ok(Status::End) => self.ended = true,
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
        let mut first = 0;
        let input = |source: Box<dyn Source>| {
            let count = source.facts().sources.len() as u16;
            let input = Input { source, first, block: Block::default(), next: 0, quiet: true, ended: false };
            first = first.saturating_add(count);
            input
        };
        let mut merge = Self {
            inputs: sources.into_iter().map(input).collect(),
            heads: BinaryHeap::new(),
            asked: None,
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
                let source = input.first.saturating_add(packet.source);
                block.packets.push(Packet { offset, source, ..*packet });
                input.next += 1;
            }
            self.push_head(index);
        }
    }

    fn update_facts(&mut self) {
        self.facts.bytes_read = 0;
        self.facts.dropped = 0;
        self.facts.sources.clear();
        self.facts.compressed.clear();
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
            self.facts.compressed.extend_from_slice(&facts.compressed);
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
        // Asking may mean to wait: while others have packets, that is done now and then only.
        if self.heads.is_empty() || self.asked.is_none_or(|asked| asked.elapsed() > PATIENCE) {
            for index in 0..self.inputs.len() {
                if self.inputs.get(index).is_some_and(|input| input.quiet) {
                    self.push_head(index);
                }
            }
            self.asked = Some(Instant::now());
        }
        self.copy_packets(block);
        self.update_facts();
        let later = self.inputs.iter().any(|input| input.quiet);
        Ok(if self.failed.is_some() || !self.heads.is_empty() || later && !block.packets.is_empty() {
            Status::More
        } else if later {
            Status::Quiet
        } else {
            Status::End
        })
    }

    fn facts(&self) -> &CaptureFacts {
        &self.facts
    }
}

/// How often inputs without packets are asked while others have some.
const PATIENCE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::capture::source::LinkType;
    use crate::capture::tests::{Drained, drain};
    use crate::capture::{from_bytes, write};
    use crate::limits::Limits;

    /// A pcapng file of packets at the given times, each holding its file's and its own number.
    fn file(number: u8, times: &[i64], size: usize) -> Vec<u8> {
        let mut out = Vec::new();
        write::section(&mut out);
        write::interface(&mut out, LinkType(number.into()));
        write::secrets(&mut out, &[number]);
        for (index, time) in times.iter().enumerate() {
            let mut packet = vec![0; size];
            packet.splice(0..0, [number, index as u8]);
            write::packet(&mut out, 0, Timestamp::from_nanos(*time), 2000, &packet, "");
        }
        out
    }

    fn merged(files: &[Vec<u8>]) -> Drained {
        let sources = files.iter().enumerate().map(|(index, file)| {
            from_bytes(&index.to_string(), file.clone(), &Limits::default()).unwrap().source
        });
        drain(&mut Merge::new(sources.collect())).unwrap()
    }

    fn numbers(drained: &Drained) -> Vec<(u8, u8)> {
        drained.packets.iter().map(|(_, bytes)| (bytes[0], bytes[1])).collect()
    }

    #[test]
    fn earliest_first_and_ties_as_named() {
        let drained = merged(&[file(0, &[10, 20, 20, 40], 0), file(1, &[5, 20, 21], 0), file(2, &[20], 0)]);
        let expected = [(1, 0), (0, 0), (0, 1), (0, 2), (1, 1), (2, 0), (1, 2), (0, 3)];
        assert_eq!(numbers(&drained), expected);
        assert_eq!(drained.packets[0].0.link, LinkType(1));
        assert_eq!(drained.facts.sources, ["0", "1", "2"]);
        assert_eq!(drained.facts.secrets, [[0], [1], [2]]);
    }

    #[test]
    fn a_clock_that_goes_back_changes_no_order() {
        let drained = merged(&[file(0, &[10, 5, 30], 0), file(1, &[7, 11], 0)]);
        assert_eq!(numbers(&drained), [(1, 0), (0, 0), (0, 1), (1, 1), (0, 2)]);
    }

    #[test]
    fn a_damaged_capture_does_not_end_the_others() {
        let mut cut = file(0, &[1, 3, 5], 0);
        cut.truncate(cut.len() - 1);
        let drained = merged(&[cut, file(1, &[2, 4, 6, 8], 0), write_empty()]);
        assert_eq!(numbers(&drained), [(0, 0), (1, 0), (0, 1), (1, 1), (1, 2), (1, 3)]);
        assert!(drained.damage().starts_with("0: cut off: the block at byte "), "{}", drained.damage());
    }

    fn write_empty() -> Vec<u8> {
        let mut out = Vec::new();
        write::pcap_header(&mut out, LinkType(1));
        out
    }

    #[test]
    fn captures_of_many_blocks() {
        let even: Vec<i64> = (0..255).map(|index| index * 2).collect();
        let odd: Vec<i64> = even.iter().map(|time| time + 1).collect();
        let drained = merged(&[file(0, &even, 9_000), file(1, &odd, 9_000)]);
        assert_eq!(drained.nanos(), (0..510).collect::<Vec<i64>>());
        assert!(drained.blocks.len() > 10);
        assert!(drained.blocks.iter().all(|bytes| *bytes < BLOCK + 10_000));
        assert!(
            drained.packets.iter().all(|(packet, bytes)| bytes.len() == 9_002 && packet.wire_len == 9_002)
        );
    }

    #[test]
    fn a_capture_that_cannot_be_read_is_an_error_after_what_could() {
        struct Failing;
        impl Source for Failing {
            fn fill(&mut self, _: &mut Block) -> io::Result<Status> {
                Err(io::Error::other("the disk is on fire"))
            }
            fn facts(&self) -> &CaptureFacts {
                const {
                    &CaptureFacts {
                        sources: vec![],
                        compressed: vec![],
                        damage: vec![],
                        bytes_read: 0,
                        secrets: vec![],
                        dropped: 0,
                    }
                }
            }
        }
        let good = from_bytes("good", file(0, &[1], 0), &Limits::default()).unwrap().source;
        let mut merge = Merge::new(vec![good, Box::new(Failing)]);
        let mut block = Block::default();
        assert_eq!(merge.fill(&mut block).unwrap(), Status::More);
        assert_eq!(merge.fill(&mut block).unwrap_err().to_string(), "the disk is on fire");
        assert_eq!(merge.fill(&mut block).unwrap(), Status::End);
    }

    proptest! {
        /// What is sorted stays sorted, and nothing is lost.
        #[test]
        fn sorted_captures_merge_sorted(mut times in prop::collection::vec(prop::collection::vec(0..20_i64, 0..30), 1..5)) {
            times.iter_mut().for_each(|times| times.sort_unstable());
            let files: Vec<Vec<u8>> =
                times.iter().enumerate().map(|(number, times)| file(number as u8, times, 0)).collect();
            let drained = merged(&files);
            let mut expected: Vec<(i64, (u8, u8))> = Vec::new();
            for (number, times) in times.iter().enumerate() {
                expected.extend(times.iter().enumerate().map(|(index, time)| (*time, (number as u8, index as u8))));
            }
            expected.sort_unstable();
            let found: Vec<(i64, (u8, u8))> = drained.nanos().into_iter().zip(numbers(&drained)).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
