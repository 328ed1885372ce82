//! Huffman codes (RFC 1951 section 3.2.2).

use std::sync::LazyLock;

/// The longest code.
const LONGEST: usize = 15;
/// Codes up to this many bits are found at once.
const AT_ONCE: u32 = 9;

/// The codes of fixed blocks, for literals and lengths, and for distances (RFC 1951 section 3.2.6).
/// They are always there.
pub(super) static FIXED: LazyLock<Option<(Code, Code)>> = LazyLock::new(|| {
    let mut lens = [8; 288];
    for (symbol, len) in lens.iter_mut().enumerate() {
        *len = match symbol {
            144..=255 => 9,
            256..=279 => 7,
            _ => 8,
        };
    }
    Some((Code::new(&lens, Kind::Data)?, Code::new(&[5; 32], Kind::Data)?))
});

/// What a code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The lengths of other codes.
    Lengths,
    /// Literals and lengths, or distances.
    Data,
}

/// A Huffman code.
pub(super) struct Code {
    /// By the next bits: the symbol, and the bits of its code in the low four; 0 where there is none,
    /// or it is longer.
    at_once: [u16; 1 << AT_ONCE],
    /// How many of the next bits `at_once` goes by.
    width: u32,
    /// How many codes there are of each length.
    count: [u16; LONGEST + 1],
    /// The symbols in the order of their codes.
    symbols: [u16; 288],
    longest: usize,
}

impl Code {
    /// The code in which symbol `n` has `lens[n]` bits, 0 to 15, where 0 means that it does not come.
    ///
    /// `None` where there is no such code: where the lengths leave too little room, or too much. As
    /// zlib does, a code of one symbol of one bit is let pass, and one without symbols, which no data
    /// can use; not so where it is to tell the lengths of others.
    pub(super) fn new(lens: &[u8], kind: Kind) -> Option<Self> {
        let mut count = [0; LONGEST + 1];
        for len in lens {
            *count.get_mut(usize::from(*len))? += 1;
        }
        count[0] = 0;
        let longest = count.iter().rposition(|count| *count > 0).unwrap_or(0);
        // How many codes of each length could still be given, and the first of that length.
        let mut left = 1u32;
        let mut next = [(0u32, 0u32); LONGEST + 1];
        let (mut first, mut place) = (0, 0);
        for (next, count) in next.iter_mut().zip(count).skip(1) {
            left = (left << 1).checked_sub(u32::from(count))?;
            first <<= 1;
            *next = (first, place);
            first += u32::from(count);
            place += u32::from(count);
        }
        if left > 0 && (kind == Kind::Lengths || longest > 1) {
            return None;
        }
        let width = AT_ONCE.min(longest as u32);
        let mut code = Self { at_once: [0; 1 << AT_ONCE], width, count, symbols: [0; 288], longest };
        for (symbol, len) in lens.iter().enumerate().filter(|(_, len)| **len > 0) {
            let (first, place) = next.get_mut(usize::from(*len))?;
            let bits = *first;
            *code.symbols.get_mut(*place as usize)? = symbol as u16;
            *first += 1;
            *place += 1;
            let len = u32::from(*len);
            if len <= width {
                let reversed = (bits.reverse_bits() >> (32 - len)) as usize;
                let entries = code.at_once.get_mut(..1 << width)?;
                for entry in entries.iter_mut().skip(reversed).step_by(1 << len) {
                    *entry = (symbol as u16) << 4 | len as u16;
                }
            }
        }
        Some(code)
    }

    /// The symbol that these bits begin with, and how many of them are its code. Zeros may follow the
    /// end of the data: so a code may be longer than what there is.
    #[inline]
    pub(super) fn decode(&self, bits: u64) -> Option<(u16, u32)> {
        let entry = self.at_once.get((bits & ((1 << self.width) - 1)) as usize).copied().unwrap_or(0);
        if entry != 0 { Some((entry >> 4, u32::from(entry & 15))) } else { self.longer(bits) }
    }

    /// The codes of each length are successive numbers, most significant bit first.
    fn longer(&self, mut bits: u64) -> Option<(u16, u32)> {
        let (mut code, mut first, mut place) = (0u32, 0u32, 0u32);
        for (len, count) in self.count.iter().enumerate().skip(1).take(self.longest) {
            code = code << 1 | (bits & 1) as u32;
            bits >>= 1;
            first <<= 1;
            let count = u32::from(*count);
            if code - first < count {
                let symbol = self.symbols.get((place + code - first) as usize)?;
                return Some((*symbol, len as u32));
            }
            first += count;
            place += count;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bits of a code as they come: most significant first, from the least significant bit on.
    fn bits(code: &str) -> u64 {
        code.bytes().rev().fold(0, |bits, bit| bits << 1 | u64::from(bit == b'1'))
    }

    /// The example of RFC 1951 section 3.2.2.
    #[test]
    fn rfc_example() {
        let code = Code::new(&[3, 3, 3, 3, 3, 2, 4, 4], Kind::Lengths).unwrap();
        let codes = ["010", "011", "100", "101", "110", "00", "1110", "1111"];
        for (symbol, text) in codes.iter().enumerate() {
            let told = code.decode(bits(text));
            assert_eq!(told, Some((symbol as u16, text.len() as u32)));
            assert_eq!(code.decode(bits(text) | u64::MAX << text.len()), told, "whatever follows");
        }
    }

    /// Codes that are not found at once: of 1 to 15 bits, and one more of 15.
    #[test]
    fn long_codes() {
        let lens: Vec<u8> = (1..=15).chain([15]).collect();
        let code = Code::new(&lens, Kind::Data).unwrap();
        for (symbol, len) in lens.iter().enumerate() {
            let ones = (1u64 << symbol.min(15)) - 1;
            assert_eq!(code.decode(ones), Some((symbol as u16, u32::from(*len))), "{symbol}");
        }
    }

    #[test]
    fn which_lengths_are_a_code() {
        for (lens, for_lengths, for_data) in [
            (&[1, 1][..], true, true),
            (&[2, 0, 1, 2], true, true),
            (&[1, 1, 1], false, false),
            (&[1, 2], false, false),
            (&[2, 2, 2], false, false),
            (&[2], false, false),
            (&[15], false, false),
            // One symbol of one bit, and none.
            (&[0, 1, 0], false, true),
            (&[0, 0], false, true),
        ] {
            assert_eq!(Code::new(lens, Kind::Lengths).is_some(), for_lengths, "{lens:?}");
            assert_eq!(Code::new(lens, Kind::Data).is_some(), for_data, "{lens:?}");
        }
        let one = Code::new(&[0, 1, 0], Kind::Data).unwrap();
        assert_eq!((one.decode(0), one.decode(1)), (Some((1, 1)), None));
        assert_eq!(Code::new(&[0, 0], Kind::Data).unwrap().decode(0), None);
    }
}
