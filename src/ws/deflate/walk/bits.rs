//! DEFLATE data as bits (RFC 1951 section 3.1.1).

use super::Halt;
use super::code::Code;

/// Reads bits from one piece of input, then from another.
pub(super) struct Bits<'a> {
    rest: &'a [u8],
    then: &'a [u8],
    /// Bits that were read and not taken; those above `held` are 0.
    hold: u64,
    held: u32,
    /// How many bytes were read.
    read: u64,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(input: &'a [u8], then: &'a [u8]) -> Self {
        Self { rest: input, then, hold: 0, held: 0, read: 0 }
    }

    /// How many bits were taken.
    pub(super) const fn position(&self) -> u64 {
        self.read * 8 - self.held as u64
    }

    /// The byte with the next bit.
    pub(super) const fn byte(&self) -> usize {
        (self.position() / 8) as usize
    }

    /// Takes the next `count` bits, at most 16, as a number.
    pub(super) fn take(&mut self, count: u32) -> Result<u16, Halt> {
        self.fill();
        if count > self.held {
            return Err(Halt::Short);
        }
        let taken = self.hold & ((1 << count) - 1);
        self.drop(count);
        Ok(taken as u16)
    }

    /// Takes the next symbol of a Huffman code.
    #[inline]
    pub(super) fn symbol(&mut self, code: &Code) -> Result<u16, Halt> {
        self.fill();
        let (symbol, len) = code.decode(self.hold).ok_or(Halt::Broken)?;
        if len > self.held {
            return Err(Halt::Short);
        }
        self.drop(len);
        Ok(symbol)
    }

    /// Goes on to the next byte, if inside one.
    pub(super) const fn align(&mut self) {
        self.drop(self.held % 8);
    }

    /// Passes over `count` bytes, or all that there are; returns how many. Only between two bytes.
    pub(super) fn skip(&mut self, count: usize) -> usize {
        let mut skipped = 0;
        while skipped < count && self.held >= 8 {
            self.drop(8);
            skipped += 1;
        }
        while skipped < count && self.more() {
            let (over, rest) = self.rest.split_at((count - skipped).min(self.rest.len()));
            self.rest = rest;
            self.read += over.len() as u64;
            skipped += over.len();
        }
        skipped
    }

    const fn drop(&mut self, count: u32) {
        self.hold >>= count;
        self.held -= count;
    }

    /// There is a byte in `rest`.
    const fn more(&mut self) -> bool {
        if self.rest.is_empty() {
            self.rest = self.then;
            self.then = &[];
        }
        !self.rest.is_empty()
    }

    /// Sees to it that there are 32 bits at least, or all that are left.
    #[inline]
    fn fill(&mut self) {
        if self.held >= 32 {
            return;
        }
        if let Some((four, rest)) = self.rest.split_first_chunk::<4>() {
            self.hold |= u64::from(u32::from_le_bytes(*four)) << self.held;
            self.held += 32;
            self.read += 4;
            self.rest = rest;
            return;
        }
        while self.held < 32 && self.more() {
            if let Some((byte, rest)) = self.rest.split_first() {
                self.hold |= u64::from(*byte) << self.held;
                self.held += 8;
                self.read += 1;
                self.rest = rest;
            }
        }
    }
}
