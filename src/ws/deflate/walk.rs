//! Walks through DEFLATE data (RFC 1951) without putting out anything: what does it refer to, does it
//! set BFINAL, is it sound to its end?
//!
//! An inflater stops at the first reference that it cannot follow. The walker needs no output, so it
//! goes on to the end of the message, and can tell data that refers to what is not there (sound in
//! all else) from data that is none. Its time is linear in the input, whatever that says.

mod bits;
mod code;

use bits::Bits;
use code::{Code, FIXED, Kind};

/// What a message's compressed data is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Walk {
    /// The furthest distance of all references, up to 32,768; 0 without any.
    pub(super) distance: u16,
    /// How far the furthest reference reaches before the message's first byte; 0 if none does.
    pub(super) reach: u16,
    /// Bytes of output.
    pub(super) made: u64,
    /// The input byte in which the first block with BFINAL set begins.
    pub(super) final_block: Option<usize>,
    /// Where and why the walk ended.
    pub(super) end: End,
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// At the end of the message, as RFC 7692 section 7.2.2 wants it.
    Sound,
    /// In this byte of the input it is not DEFLATE data any more, or it ends within a block.
    Broken(usize),
    /// Its output is past the limit.
    Limit,
}

/// Walks through a whole message: the payloads of its frames joined and unmasked, without the four
/// bytes that the sender cut off, until its output is past `limit` bytes.
///
/// What ends with a final block, or with the four bytes left on, is sound too; so is a message of no
/// bytes.
pub(super) fn walk(message: &[u8], limit: u64) -> Walk {
    let mut walker = Walker::new(Bits::new(message, &super::TAIL), limit);
    let end = match walker.message(message) {
        Ok(()) => End::Sound,
        Err(Halt::Limit) => End::Limit,
        Err(Halt::Broken | Halt::Short) => End::Broken(walker.bits.byte().min(message.len())),
    };
    let Walker { distance, reach, made, final_block, .. } = walker;
    Walk { distance, reach, made, final_block, end }
}

/// Why a walk cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Halt {
    /// What comes means nothing.
    Broken,
    /// The input ends.
    Short,
    /// There is too much output.
    Limit,
}

struct Walker<'a> {
    bits: Bits<'a>,
    limit: u64,
    distance: u16,
    reach: u16,
    made: u64,
    final_block: Option<usize>,
}

/// A block that was walked through.
#[derive(Clone, Copy)]
struct Block {
    /// It has BFINAL set.
    last: bool,
    /// It is stored and empty.
    filler: bool,
}

impl<'a> Walker<'a> {
    const fn new(bits: Bits<'a>, limit: u64) -> Self {
        Self { bits, limit, distance: 0, reach: 0, made: 0, final_block: None }
    }

    /// All blocks of a message. The input is the message, then the four bytes that were cut off: only
    /// an empty stored block may reach into them, and that to their end.
    fn message(&mut self, message: &[u8]) -> Result<(), Halt> {
        if message.is_empty() {
            return Ok(());
        }
        let (end, tail) = (message.len() as u64 * 8, super::TAIL.len() as u64 * 8);
        loop {
            let block = self.block()?;
            if block.last {
                // What follows a final block begins with a byte of its own.
                self.bits.align();
            }
            let position = self.bits.position();
            if position > end {
                return if block.filler && position == end + tail { Ok(()) } else { Err(Halt::Broken) };
            }
            if position == end && (block.last || message.ends_with(&super::TAIL)) {
                return Ok(());
            }
        }
    }

    /// RFC 1951 section 3.2.3.
    fn block(&mut self) -> Result<Block, Halt> {
        let start = self.bits.byte();
        let last = self.bits.take(1)? == 1;
        if last {
            self.final_block = self.final_block.or(Some(start));
        }
        let mut filler = false;
        match self.bits.take(2)? {
            0 => filler = self.stored()? == 0,
            1 => {
                let (lens, distances) = FIXED.as_ref().ok_or(Halt::Broken)?;
                self.symbols(lens, distances)?;
            }
            2 => {
                let (lens, distances) = self.codes()?;
                self.symbols(&lens, &distances)?;
            }
            _ => return Err(Halt::Broken),
        }
        Ok(Block { last, filler })
    }

    /// RFC 1951 section 3.2.4; returns the length.
    fn stored(&mut self) -> Result<u16, Halt> {
        self.bits.align();
        let (len, complement) = (self.bits.take(16)?, self.bits.take(16)?);
        if len != !complement {
            return Err(Halt::Broken);
        }
        let skipped = self.bits.skip(len.into());
        self.made += skipped as u64;
        self.check_limit()?;
        if skipped < usize::from(len) { Err(Halt::Short) } else { Ok(len) }
    }

    /// The codes of a dynamic block: RFC 1951 section 3.2.7.
    fn codes(&mut self) -> Result<(Code, Code), Halt> {
        /// In which order the lengths of the code for code lengths come.
        const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        let literals = usize::from(self.bits.take(5)?) + 257;
        let distances = usize::from(self.bits.take(5)?) + 1;
        let of_lengths = usize::from(self.bits.take(4)?) + 4;
        if literals > 286 || distances > 30 {
            return Err(Halt::Broken);
        }
        let mut lens = [0; 19];
        for place in ORDER.iter().take(of_lengths) {
            let len = self.bits.take(3)? as u8;
            if let Some(slot) = lens.get_mut(*place) {
                *slot = len;
            }
        }
        let code = Code::new(&lens, Kind::Lengths).ok_or(Halt::Broken)?;
        let mut lens = [0u8; 286 + 30];
        let (mut have, wanted, mut previous) = (0, literals + distances, None);
        while have < wanted {
            let (len, times) = match self.bits.symbol(&code)? {
                16 => (previous.ok_or(Halt::Broken)?, self.bits.take(2)? + 3),
                17 => (0, self.bits.take(3)? + 3),
                18 => (0, self.bits.take(7)? + 11),
                len => (len as u8, 1),
            };
            let end = have + usize::from(times);
            if end > wanted {
                return Err(Halt::Broken);
            }
            lens.get_mut(have..end).unwrap_or_default().fill(len);
            previous = Some(len);
            have = end;
        }
        let (literals, distances) = lens.get(..wanted).unwrap_or_default().split_at(literals.min(wanted));
        if literals.get(usize::from(END_OF_BLOCK)).is_none_or(|len| *len == 0) {
            return Err(Halt::Broken);
        }
        let literals = Code::new(literals, Kind::Data).ok_or(Halt::Broken)?;
        let distances = Code::new(distances, Kind::Data).ok_or(Halt::Broken)?;
        Ok((literals, distances))
    }

    /// RFC 1951 section 3.2.5.
    fn symbols(&mut self, literals: &Code, distances: &Code) -> Result<(), Halt> {
        loop {
            match self.bits.symbol(literals)? {
                0..END_OF_BLOCK => self.made += 1,
                END_OF_BLOCK => return Ok(()),
                symbol => {
                    let place = usize::from(symbol - END_OF_BLOCK - 1);
                    let (base, extra) = *LENGTHS.get(place).ok_or(Halt::Broken)?;
                    let len = base + self.bits.take(extra)?;
                    let symbol = usize::from(self.bits.symbol(distances)?);
                    let (base, extra) = *DISTANCES.get(symbol).ok_or(Halt::Broken)?;
                    let distance = base + self.bits.take(extra)?;
                    self.refer(distance);
                    self.made += u64::from(len);
                }
            }
            self.check_limit()?;
        }
    }

    fn refer(&mut self, distance: u16) {
        self.distance = self.distance.max(distance);
        if let Ok(made) = u16::try_from(self.made) {
            self.reach = self.reach.max(distance.saturating_sub(made));
        }
    }

    const fn check_limit(&self) -> Result<(), Halt> {
        if self.made > self.limit { Err(Halt::Limit) } else { Ok(()) }
    }
}

/// The symbol that ends a block.
const END_OF_BLOCK: u16 = 256;

/// Length symbols from 257 on: the least length, and how many bits are added to it.
const LENGTHS: [(u16, u32); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

/// Distance symbols, likewise.
const DISTANCES: [(u16, u32); 30] = {
    let mut table = [(0, 0); 30];
    let (mut symbol, mut least) = (0, 1);
    while symbol < 30 {
        let extra = if symbol < 4 { 0 } else { symbol as u32 / 2 - 1 };
        table[symbol] = (least, extra);
        least += 1 << extra;
        symbol += 1;
    }
    table
};

#[cfg(test)]
mod tests;
