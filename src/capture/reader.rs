//! Bytes of one input into blocks cut at record boundaries.
//!
//! Every block is filled from the input until it holds [`BLOCK`] bytes, whatever the sizes in which
//! they arrive, so that blocks depend on the input only. The part of a record at a block's end moves
//! to the next block; a record larger than a block makes its block grow, up to
//! [`Limits::block_bytes`](crate::limits::Limits::block_bytes).
//!
//! An input that is still being written (a pipe, a file that is followed) says
//! [`io::ErrorKind::WouldBlock`] where it has no more for now: the block then holds what has come.

use std::io::{self, Read};
use std::sync::Arc;

use super::decompress::{Damaged, Raw};
use super::source::{Block, CaptureFacts, Packet, Source, Status};

/// Bytes of a block. Small enough to stay in a core's cache between reading and decoding.
pub(crate) const BLOCK: usize = 256 << 10;

/// A file format that is a sequence of records (pcapng calls them blocks).
pub(crate) trait Format: Send {
    /// What the format calls one of its records.
    const RECORD: &'static str;

    /// Takes the whole records at the start of `bytes`, pushing their packets. `bytes` starts where
    /// the last walk's `consumed` ended, `base` bytes into the (decompressed) input.
    fn walk(&mut self, bytes: &[u8], base: u64, packets: &mut Vec<Packet>, facts: &mut CaptureFacts) -> Walk;
}

/// How far [`Format::walk`] came, and why it stopped there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Walk {
    /// Bytes of the whole records taken.
    pub(crate) consumed: usize,
    /// Why the walk ended.
    pub(crate) stop: Stop,
}

/// Why a walk ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The next record needs this many bytes, or at least this many where its header is cut.
    Need(usize),
    /// The next record cannot be right; the text says what it says of itself ("says that …").
    Damaged(String),
}

/// One input as a [`Source`].
pub(crate) struct Reader<F> {
    name: String,
    format: F,
    input: Box<dyn Read + Send>,
    raw: Arc<Raw>,
    block: usize,
    block_limit: usize,
    /// The input may say that it has no more for now.
    growing: bool,
    /// What a growing input is read into: its blocks are mostly small.
    room: Vec<u8>,
    /// The start of a record that the last block did not hold all of.
    carry: Vec<u8>,
    /// Where `carry` starts in the (decompressed) input.
    position: u64,
    packets: u64,
    input_state: Input,
    facts: CaptureFacts,
}

/// What may still come from the input.
enum Input {
    Open,
    Exhausted,
    /// Decompression failed; the note is already made.
    Broken,
    /// Reading failed: to be returned when the packets before it have been.
    Failed(io::Error),
    Done,
}

impl<F: Format> Reader<F> {
    /// Reads `input`, which is at the start of the format. `raw` counts the bytes
    /// of the file itself, which is `compressed` or not; `block` is how many bytes to put into a block.
    pub(crate) fn new(
        name: &str,
        format: F,
        input: Box<dyn Read + Send>,
        raw: Arc<Raw>,
        compressed: bool,
        block: usize,
        block_limit: usize,
    ) -> Self {
        Self {
            name: name.to_owned(),
            format,
            input,
            raw,
            block,
            block_limit: block_limit.min(u32::MAX as usize),
            growing: false,
            room: Vec::new(),
            carry: Vec::new(),
            position: 0,
            packets: 0,
            input_state: Input::Open,
            facts: CaptureFacts {
                sources: vec![name.to_owned()],
                compressed: vec![compressed],
                ..CaptureFacts::default()
            },
        }
    }

    /// The input is still being written: what has come is handed on without waiting for a whole block, and a
    /// record that is not all there where reading ends is no fault.
    pub(crate) const fn growing(mut self, growing: bool) -> Self {
        self.growing = growing;
        self
    }

    /// Reads until `bytes` is full or the input gives no more; returns how much of it is filled, and whether
    /// there may be more later.
    fn read_full(&mut self, bytes: &mut [u8], mut filled: usize) -> (usize, bool) {
        while matches!(self.input_state, Input::Open) {
            let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) else { break };
            match self.input.read(rest) {
                Ok(0) => self.input_state = Input::Exhausted,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return (filled, true),
                Err(error) => match Damaged::of(&error) {
                    Some(damaged) => {
                        self.facts.damage.push(format!("{}: {damaged}", self.name));
                        self.input_state = Input::Broken;
                    }
                    None => self.input_state = Input::Failed(error),
                },
            }
        }
        (filled, false)
    }

    /// Gives a block the bytes that were read for it.
    fn hand_over(&mut self, mut bytes: Vec<u8>, filled: usize, block: &mut Block) {
        if self.growing && filled < self.block / 2 {
            block.bytes.clear();
            // A small block in much room, and there may be thousands of them, would hold all of it.
            block.bytes.shrink_to(filled);
            block.bytes.extend_from_slice(bytes.get(..filled).unwrap_or_default());
            self.room = bytes;
        } else {
            bytes.truncate(filled);
            block.bytes = bytes;
        }
    }

    /// Notes that the record `consumed` bytes into the block is not all there.
    fn cut(&mut self, consumed: usize, have: usize, need: usize) {
        let place = self.place(consumed);
        self.facts.damage.push(format!("{}: cut off: {place} has {have} of its {need} bytes", self.name));
    }

    fn damaged(&mut self, consumed: usize, what: &str) {
        let place = self.place(consumed);
        self.facts.damage.push(format!("{}: damaged: {place} {what}", self.name));
    }

    fn place(&self, consumed: usize) -> String {
        let at = self.position + consumed as u64;
        let record = F::RECORD;
        match self.packets {
            0 => format!("the {record} at byte {at}, before any packet,"),
            number => format!("the {record} at byte {at}, after packet {number},"),
        }
    }
}

impl<F: Format> Source for Reader<F> {
    fn fill(&mut self, block: &mut Block) -> io::Result<Status> {
        block.packets.clear();
        match std::mem::replace(&mut self.input_state, Input::Done) {
            Input::Failed(error) => {
                block.bytes.clear();
                return Err(io::Error::new(error.kind(), format!("{}: {error}", self.name)));
            }
            Input::Done => {
                block.bytes.clear();
                return Ok(Status::End);
            }
            state => self.input_state = state,
        }

        // The buffer keeps its length from block to block, so that it is zeroed only once.
        let mut bytes = std::mem::take(if self.growing { &mut self.room } else { &mut block.bytes });
        let mut filled = self.carry.len();
        let mut want = self.block.max(filled);
        if bytes.len() < want {
            bytes.resize(want, 0);
        }
        if let Some(start) = bytes.get_mut(..filled) {
            start.copy_from_slice(&self.carry);
        }
        self.carry.clear();

        let status = loop {
            let later;
            (filled, later) = self.read_full(bytes.get_mut(..want).unwrap_or_default(), filled);
            let filled_bytes = bytes.get(..filled).unwrap_or_default();
            let walk = self.format.walk(filled_bytes, self.position, &mut block.packets, &mut self.facts);
            let rest = filled - walk.consumed;
            let need = match walk.stop {
                Stop::Need(need) => need,
                Stop::Damaged(what) => {
                    self.packets += block.packets.len() as u64;
                    self.damaged(walk.consumed, &what);
                    self.input_state = Input::Done;
                    break Status::End;
                }
            };
            let open = matches!(self.input_state, Input::Open);
            if open && !later && walk.consumed == 0 && need <= self.block_limit {
                want = need.max(filled + 1);
                if bytes.len() < want {
                    bytes.resize(want, 0);
                }
                continue;
            }
            self.packets += block.packets.len() as u64;
            if need > self.block_limit {
                let limit = self.block_limit;
                self.damaged(walk.consumed, &format!("says that it is {need} bytes long (limit {limit})"));
                self.input_state = Input::Done;
                break Status::End;
            }
            match self.input_state {
                Input::Open => {
                    self.carry.extend_from_slice(bytes.get(walk.consumed..filled).unwrap_or_default());
                    self.position += walk.consumed as u64;
                    if later {
                        filled = walk.consumed;
                    }
                    break if later && block.packets.is_empty() { Status::Quiet } else { Status::More };
                }
                Input::Failed(_) => break Status::More,
                Input::Exhausted if rest > 0 && !self.growing => self.cut(walk.consumed, rest, need),
                Input::Exhausted | Input::Broken | Input::Done => {}
            }
            self.input_state = Input::Done;
            break Status::End;
        };
        self.hand_over(bytes, filled, block);
        self.facts.bytes_read = self.raw.bytes();
        Ok(status)
    }

    fn facts(&self) -> &CaptureFacts {
        &self.facts
    }
}
