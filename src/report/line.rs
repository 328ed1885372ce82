//! Writes the parts of a JSON line fast: fixed pieces, numbers, times, escaped text.
//!
//! A line is built in a small buffer that stays in the cache, where whole words can be stored past
//! the end of what counts, and moves to the output in one piece (a long one in several). The general
//! writer, `serde_json`, is the test oracle.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::record::MAX_NUMBER;
use crate::time::Timestamp;

/// Builds lines. One is kept for a whole run.
#[derive(Debug)]
pub(super) struct Line {
    buf: Box<[u8; SIZE]>,
    len: usize,
    /// The second whose date and time of day `prefix` holds: the next event is mostly in it too.
    second: i64,
    prefix: [u8; 20],
}

impl Line {
    pub(super) fn new() -> Self {
        let mut line = Self { buf: Box::new([0; SIZE]), len: 0, second: 0, prefix: [0; 20] };
        line.set_second(0);
        line
    }

    /// Moves what was built to `out`.
    #[inline]
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.buf[..self.len]);
        self.len = 0;
    }

    /// Bytes built and not yet moved.
    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Makes room for `bytes` (well below the buffer's size).
    #[inline]
    pub(super) fn room(&mut self, bytes: usize, out: &mut Vec<u8>) {
        if self.len + bytes > SIZE {
            self.flush(out);
        }
    }

    /// A fixed piece.
    #[inline]
    pub(super) fn put<const N: usize>(&mut self, piece: &[u8; N]) {
        self.buf[self.len..self.len + N].copy_from_slice(piece);
        self.len += N;
    }

    /// A short piece whose length is known at run time only.
    #[inline]
    pub(super) fn put_slice(&mut self, piece: &[u8]) {
        self.buf[self.len..self.len + piece.len()].copy_from_slice(piece);
        self.len += piece.len();
    }

    /// A number, at most [`MAX_NUMBER`].
    #[inline]
    pub(super) fn number(&mut self, number: u64) {
        if number < 10 {
            self.put(&[b'0' + number as u8]);
        } else if number < 100 {
            self.put(&pair(number));
        } else {
            self.long_number(number.min(MAX_NUMBER));
        }
    }

    fn long_number(&mut self, mut number: u64) {
        let digits = number.ilog10() as usize + 1;
        let field = &mut self.buf[self.len..self.len + digits];
        let mut end = digits;
        while end >= 2 {
            field[end - 2..end].copy_from_slice(&pair(number % 100));
            number /= 100;
            end -= 2;
        }
        if end == 1 {
            field[0] = b'0' + number as u8;
        }
        self.len += digits;
    }

    /// A time in RFC 3339, without the quotes.
    #[inline]
    pub(super) fn time(&mut self, time: Timestamp) {
        let second = time.nanos().div_euclid(NANOS);
        if second != self.second {
            self.set_second(second);
        }
        let nanos = time.nanos().rem_euclid(NANOS) as u32;
        let prefix = self.prefix;
        let (high, low) = (nanos / 100_000, nanos % 100_000);
        let [a, b] = pair(u64::from(high / 100));
        let [c, d] = pair(u64::from(high % 100));
        let [e, f] = pair(u64::from(low / 1_000));
        let [g, h] = pair(u64::from(low / 10 % 100));
        self.put(&prefix);
        self.put(&[a, b, c, d, e, f, g, h, b'0' + (low % 10) as u8, b'Z']);
    }

    #[cold]
    fn set_second(&mut self, second: i64) {
        let mut text = Vec::with_capacity(30);
        // Clamped only in the first second that the type can hold, of which all but the end is missing.
        Timestamp::from_nanos(second.saturating_mul(NANOS)).write_rfc3339(&mut text);
        if let Some(prefix) = text.first_chunk() {
            self.prefix = *prefix;
            self.second = second;
        }
    }

    /// Bytes in lower-case hex.
    pub(super) fn hex(&mut self, bytes: &[u8]) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for &byte in bytes {
            self.put(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }

    /// Bytes in base64.
    pub(super) fn base64(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        // Whole groups of three bytes, so that no padding falls between two pieces.
        for piece in bytes.chunks(SIZE / 4 / 3 * 3) {
            self.room(piece.len() / 3 * 4 + 4, out);
            // It cannot fail: there is room.
            self.len += STANDARD.encode_slice(piece, &mut self.buf[self.len..]).unwrap_or(0);
        }
    }

    /// Text, escaped as JSON demands and no further, without the quotes.
    ///
    /// Eight bytes are stored at once, whatever they are, and the place of the first that needs an
    /// escape, found for all eight together, tells how many of them count. After the escape the rest
    /// of the eight is stored again. So text full of quotes, which most messages are, costs no search
    /// and no copy from quote to quote.
    #[inline]
    pub(super) fn text(&mut self, text: &[u8], out: &mut Vec<u8>) {
        let (blocks, rest) = text.as_chunks::<32>();
        for block in blocks {
            self.room(WORST_BLOCK, out);
            if plain(block) {
                self.put(block);
            } else {
                for word in block.as_chunks::<8>().0 {
                    self.word(u64::from_le_bytes(*word), 8);
                }
            }
        }
        self.room(WORST_BLOCK, out);
        let (words, rest) = rest.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word), 8);
        }
        if !rest.is_empty() {
            self.word(partial(rest), rest.len());
        }
    }

    /// The first `count` (1 to 8) bytes of `word`, escaped.
    #[inline]
    fn word(&mut self, mut word: u64, count: usize) {
        let mut flags = special(word) & u64::MAX >> (64 - 8 * count);
        let mut left = count;
        self.store(word);
        while flags != 0 {
            let place = flags.trailing_zeros() & !7;
            self.len += place as usize / 8;
            let escape = ESCAPES[usize::from((word >> place) as u8) % ESCAPES.len()];
            self.store(u64::from_le_bytes(escape));
            self.len += usize::from(escape[7]);
            left -= place as usize / 8 + 1;
            word = word >> place >> 8;
            flags = flags >> place >> 8;
            self.store(word);
        }
        self.len += left;
    }

    /// Stores eight bytes at the end without counting them.
    #[inline]
    fn store(&mut self, word: u64) {
        self.buf[self.len..self.len + 8].copy_from_slice(&word.to_le_bytes());
    }
}

/// No byte needs an escape. The compiler makes vector compares of this.
#[inline]
fn plain(block: &[u8; 32]) -> bool {
    block.iter().fold(0, |found, &byte| {
        found | u8::from(byte < 0x20) | u8::from(byte == b'"') | u8::from(byte == b'\\')
    }) == 0
}

/// The top bit of each byte that needs an escape: `"`, `\` and what is below 0x20. Exact: nothing is
/// carried from one byte to the next.
#[inline]
const fn special(word: u64) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let low = word & LOW;
    let quote = (low ^ 0x2222_2222_2222_2222) + LOW;
    let backslash = (low ^ 0x5c5c_5c5c_5c5c_5c5c) + LOW;
    let control = low + 0x6060_6060_6060_6060;
    !((quote & backslash & control) | word) & !LOW
}

/// Fewer than eight bytes as a word, the first one lowest.
#[inline]
fn partial(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            let shift = 8 * (bytes.len() - 4);
            u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << shift
        }
        _ => bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    }
}

#[inline]
const fn pair(number: u64) -> [u8; 2] {
    PAIRS[number as usize % PAIRS.len()]
}

/// Bytes of the buffer.
const SIZE: usize = 8 << 10;
/// What 32 bytes can become, with the store past the end.
const WORST_BLOCK: usize = 32 * 6 + 16;
const NANOS: i64 = 1_000_000_000;

static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
        number += 1;
    }
    pairs
};

/// The escape of each byte that has one, with its length in the last place.
static ESCAPES: [[u8; 8]; 128] = {
    let mut escapes = [*b"\\u00__\0\x06"; 128];
    let mut byte = 0;
    while byte < 32 {
        escapes[byte][4] = b'0' + byte as u8 / 16;
        escapes[byte][5] = b"0123456789abcdef"[byte % 16];
        byte += 1;
    }
    let short = *b"\x08b\tt\nn\x0cf\rr\"\"\\\\";
    let mut at = 0;
    while at < short.len() {
        escapes[short[at] as usize] = [b'\\', short[at + 1], 0, 0, 0, 0, 0, 2];
        at += 2;
    }
    escapes
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escaped(text: &str) -> String {
        let (mut line, mut out) = (Line::new(), Vec::new());
        line.put(b"\"");
        line.text(text.as_bytes(), &mut out);
        line.put(b"\"");
        line.flush(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_byte_at_every_place() {
        for byte in 0..128u8 {
            for before in 0..40 {
                let text = format!("{}{}é#]!", "x".repeat(before), char::from(byte));
                assert_eq!(escaped(&text), serde_json::to_string(&text).unwrap());
            }
        }
    }

    proptest! {
        #[test]
        fn text_is_escaped_as_serde_json_does(text in "([a-z\"\\\\]|\\PC|[\u{0}-\u{7f}]){0,300}") {
            prop_assert_eq!(escaped(&text), serde_json::to_string(&text).unwrap());
        }

        #[test]
        fn long_text_crosses_the_buffer(text in "[\u{0}-\u{40}]{20,40}", times in 1usize..800) {
            let text = text.repeat(times);
            prop_assert_eq!(escaped(&text), serde_json::to_string(&text).unwrap());
        }

        #[test]
        fn base64_is_in_one_piece(bytes in prop::collection::vec(any::<u8>(), 0..10_000)) {
            let (mut line, mut out) = (Line::new(), Vec::new());
            line.put(b"12345");
            line.base64(&bytes, &mut out);
            line.flush(&mut out);
            prop_assert_eq!(std::str::from_utf8(&out[5..]).unwrap(), STANDARD.encode(&bytes));
        }

        #[test]
        fn numbers(number: u64, shift in 0u32..64) {
            let (mut line, mut out) = (Line::new(), Vec::new());
            line.number(number >> shift);
            line.flush(&mut out);
            prop_assert_eq!(String::from_utf8(out).unwrap(), (number >> shift).min(MAX_NUMBER).to_string());
        }

        #[test]
        fn times(nanos: i64, step in -2_000_000_000i64..2_000_000_000) {
            let mut line = Line::new();
            for nanos in [nanos, nanos.saturating_add(step), step, i64::MIN, i64::MAX] {
                let (time, mut out) = (Timestamp::from_nanos(nanos), Vec::new());
                line.time(time);
                line.flush(&mut out);
                prop_assert_eq!(String::from_utf8(out).unwrap(), time.to_string());
            }
        }
    }
}
