//! Writes the parts of a JSON line fast: fixed pieces, numbers, times, escaped text.
//!
//! Bytes are stored where the output will have them, in whole words past the end of what counts: a
//! second buffer, copied from at the end, costs more than all of the writing. The general writer,
//! `serde_json`, is the test oracle.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use std::sync::LazyLock;

use base64::Engine as _;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use base64::engine::{GeneralPurposeConfig, Simd};

use super::record::MAX_NUMBER;
use crate::item::At;
use crate::observe::Buffer;
use crate::time::Timestamp;

/// The short parts of a line being built, [`LIMIT`] bytes at most.
#[derive(Debug)]
pub(super) struct Line<'a> {
    buf: &'a mut [u8; ROOM],
    len: usize,
}

/// One of several fixed pieces: all of its bytes are stored, and `len` of them count.
#[derive(Debug)]
pub(super) struct Piece {
    text: [u8; 48],
    len: usize,
}

impl Piece {
    /// `text`, of 48 bytes at most.
    pub(super) const fn new(text: &str) -> Self {
        let mut piece = Self { text: [0; 48], len: text.len() };
        piece.text.split_at_mut(text.len()).0.copy_from_slice(text.as_bytes());
        piece
    }
}

/// The decimal digits of a number, the first one lowest, and how many they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Digits {
    low: u64,
    high: u64,
    len: usize,
}

impl Digits {
    /// Those of `number`, or of [`MAX_NUMBER`] where it is larger.
    #[inline(always)]
    pub(super) fn of(number: u64) -> Self {
        if let Some(digits) = usize::try_from(number).ok().and_then(|n| SMALL.get(n)) {
            return Self { low: u64::from(*digits), high: 0, len: (digits >> 24) as usize };
        }
        if number < HALF {
            return Self::leading(number);
        }
        let number = number.min(MAX_NUMBER);
        let Self { low, len, .. } = Self::leading(number / HALF);
        let rest = u128::from(eight_digits((number % HALF) as u32) | ZEROS);
        let both = u128::from(low) | rest << (8 * len);
        Self { low: both as u64, high: (both >> 64) as u64, len: len + 8 }
    }

    /// Those of a number of at most eight digits, not 0.
    #[inline(always)]
    const fn leading(number: u64) -> Self {
        let digits = eight_digits(number as u32);
        let zeros = digits.trailing_zeros() & 0x38;
        Self { low: (digits | ZEROS) >> zeros, high: 0, len: 8 - zeros as usize / 8 }
    }
}

impl Line<'_> {
    /// Appends to `out` what `write` writes.
    #[inline(always)]
    pub(super) fn append(out: &mut Buffer, write: impl FnOnce(&mut Line<'_>)) {
        if let Some(buf) = out.spare(ROOM).first_chunk_mut() {
            let mut line = Line { buf, len: 0 };
            write(&mut line);
            let len = line.len;
            out.advance(len);
        }
    }

    /// Stores bytes at `at`; how many of them count is the caller's affair.
    #[inline(always)]
    fn store<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        debug_assert!(at <= LIMIT - N.min(LIMIT), "a line is too long");
        // `at` is below the limit: the remainder says it to the compiler, which then needs no checks.
        if let Some(room) = self.buf[at % LIMIT..].first_chunk_mut() {
            *room = bytes;
        }
    }

    /// A fixed piece.
    #[inline(always)]
    pub(super) fn put<const N: usize>(&mut self, piece: &[u8; N]) {
        self.store(self.len, *piece);
        self.len += N;
    }

    /// One of several fixed pieces.
    #[inline(always)]
    pub(super) fn piece(&mut self, piece: &Piece) {
        self.store(self.len, piece.text);
        self.len += piece.len;
    }

    /// A short piece whose length is known at run time only.
    #[inline]
    pub(super) fn put_slice(&mut self, piece: &[u8]) {
        self.buf[self.len..self.len + piece.len()].copy_from_slice(piece);
        self.len += piece.len();
    }

    /// A number, at most [`MAX_NUMBER`].
    #[inline(always)]
    pub(super) fn number(&mut self, number: u64) {
        self.digits(Digits::of(number));
    }

    /// A number that is written more than once.
    #[inline(always)]
    pub(super) fn digits(&mut self, Digits { low, high, len }: Digits) {
        self.store(self.len, low.to_le_bytes());
        self.store(self.len + 8, high.to_le_bytes());
        self.len += len;
    }

    /// A time in RFC 3339, without the quotes.
    #[inline(always)]
    pub(super) fn time(&mut self, time: Timestamp, clock: &mut Clock) {
        let second = time.nanos().div_euclid(NANOS);
        if second != clock.second {
            clock.set(time, second);
        }
        let within = time.nanos().wrapping_sub(second.wrapping_mul(NANOS)) as u32;
        self.put(&clock.text);
        self.put(&(eight_digits(within / 10) | ZEROS).to_le_bytes());
        self.put(&[b'0' + (within % 10) as u8, b'Z']);
    }

    /// The time and the packets of a message. Many messages in one packet have the same.
    #[inline(always)]
    pub(super) fn stamp(&mut self, first: At, last: At, clock: &mut Clock) {
        let stamp = &clock.stamp;
        if (stamp.first, stamp.last) == (first, last) {
            if stamp.len > 0 {
                self.store(self.len, stamp.text);
                self.len += stamp.len;
                return;
            }
        } else {
            clock.stamp = Stamp { first, last, len: 0, text: stamp.text };
            self.write_stamp(first, last, clock);
            return;
        }
        // The second message in a row: there may be more.
        let start = self.len;
        self.write_stamp(first, last, clock);
        clock.stamp.text = self.buf[start % LIMIT..].first_chunk().copied().unwrap_or(clock.stamp.text);
        clock.stamp.len = self.len - start;
    }

    #[inline(always)]
    fn write_stamp(&mut self, first: At, last: At, clock: &mut Clock) {
        self.put(b",\"time\":\"");
        self.time(last.time, clock);
        self.put(b"\",\"packet\":[");
        let packet = Digits::of(last.packet);
        if first.packet == last.packet {
            self.digits(packet);
        } else {
            self.number(first.packet);
        }
        self.put(b",");
        self.digits(packet);
    }

    /// Bytes in lower-case hex.
    pub(super) fn hex(&mut self, bytes: &[u8]) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for &byte in bytes {
            self.put(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }

    /// The text of a message and the end of the line, where the text is so short that there is room
    /// for whatever it becomes; else what stands before it.
    #[inline]
    pub(super) fn message_text(&mut self, text: &[u8]) -> bool {
        let fits = self.is_short(text);
        self.put(b",\"text\":\"");
        if fits {
            self.escaped(text);
            self.put(b"\"}\n");
        }
        fits
    }

    /// The same of a binary message, in base64.
    #[inline]
    pub(super) fn message_bytes(&mut self, bytes: &[u8]) -> bool {
        let fits = self.is_short(bytes);
        self.put(b",\"base64\":\"");
        if fits {
            self.base64(bytes);
            self.put(b"\"}\n");
        }
        fits
    }

    /// Text in quotes, where it is short.
    #[inline]
    pub(super) fn short_string(&mut self, text: &[u8]) -> bool {
        let fits = self.is_short(text);
        if fits {
            self.put(b"\"");
            self.escaped(text);
            self.put(b"\"");
        }
        fits
    }

    /// There is room for whatever these bytes become, and for a little around them.
    #[inline(always)]
    fn is_short(&self, bytes: &[u8]) -> bool {
        bytes.len() < 48 && self.len + 6 * bytes.len() + SLACK <= LIMIT
    }

    #[inline(always)]
    fn escaped(&mut self, text: &[u8]) {
        if text.len() <= 16 {
            let [low, high] = two_words(text, SPACES);
            if is_plain(low) && is_plain(high) {
                self.store(self.len, low.to_le_bytes());
                self.store(self.len + 8, high.to_le_bytes());
                self.len += text.len();
                return;
            }
        }
        self.escaped_words(text);
    }

    fn escaped_words(&mut self, text: &[u8]) {
        let (words, rest) = text.as_chunks::<8>();
        for word in words {
            self.len = escape_word(self.buf, self.len, u64::from_le_bytes(*word), 8);
        }
        if !rest.is_empty() {
            let [word, _] = two_words(rest, SPACES);
            self.len = escape_word(self.buf, self.len, word, rest.len());
        }
    }

    #[inline(always)]
    fn base64(&mut self, bytes: &[u8]) {
        if bytes.len() > 16 {
            return self.base64_of_triples(bytes);
        }
        // Sixteen bytes, whatever counts: how many there are would be guessed wrong too often.
        let [low, high] = two_words(bytes, 0);
        let bits = u128::from(low.swap_bytes()) << 64 | u128::from(high.swap_bytes());
        for pair in 0..10 {
            self.store(self.len + 2 * pair, PAIRS[(bits >> (116 - 12 * pair)) as usize % PAIRS.len()]);
        }
        self.store(self.len + 20, PAIRS[(bits << 4) as usize % PAIRS.len()]);
        self.len += bytes.len().div_ceil(3) * 4;
        // What is stored past the end is written over.
        let padding = [0, 2, 1][bytes.len() % 3];
        self.store(self.len - padding, *b"==");
    }

    fn base64_of_triples(&mut self, bytes: &[u8]) {
        let (triples, rest) = bytes.as_chunks::<3>();
        for triple in triples {
            self.put(&four_digits(*triple));
        }
        if let [a, rest @ ..] = rest {
            let [first, second, third, _] = four_digits([*a, *rest.first().unwrap_or(&0), 0]);
            self.put(&[first, second, if rest.is_empty() { b'=' } else { third }, b'=']);
        }
    }
}

/// The date and the time of day of a second: the next event is mostly in the same one.
#[derive(Debug)]
pub(super) struct Clock {
    second: i64,
    text: [u8; 20],
    stamp: Stamp,
}

/// What was written last for a packet; `len` 0 = nothing is kept.
#[derive(Debug)]
struct Stamp {
    first: At,
    last: At,
    text: [u8; STAMP],
    len: usize,
}

impl Clock {
    pub(super) fn new() -> Self {
        let stamp = Stamp { first: At::default(), last: At::default(), text: [0; STAMP], len: 0 };
        let mut clock = Self { second: 0, text: [0; 20], stamp };
        clock.set(Timestamp::default(), 0);
        clock
    }

    /// Goes to `second`, in which `time` is.
    #[cold]
    fn set(&mut self, time: Timestamp, second: i64) {
        let mut text = Vec::with_capacity(30);
        time.write_rfc3339(&mut text);
        if let Some(prefix) = text.first_chunk() {
            self.text = *prefix;
            self.second = second;
        }
    }
}

/// The crate has wide registers for these only.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static ENGINE: LazyLock<Simd> = LazyLock::new(|| Simd::standard(GeneralPurposeConfig::new()));
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
use base64::engine::general_purpose::STANDARD as ENGINE;

/// Appends bytes in base64, and `end` as it is: in one piece, for which there is room at once.
pub(super) fn base64(bytes: &[u8], end: &[u8], out: &mut Buffer) {
    let len = bytes.len().div_ceil(3) * 4;
    if let Some((digits, rest)) = out.spare(len + end.len()).split_at_mut_checked(len) {
        // It cannot fail: there is room.
        let written = ENGINE.encode_slice(bytes, digits);
        debug_assert!(written.is_ok());
        rest.copy_from_slice(end);
    }
    out.advance(len + end.len());
}

/// Three bytes in base64.
#[inline]
fn four_digits([a, b, c]: [u8; 3]) -> [u8; 4] {
    let bits = u32::from_be_bytes([0, a, b, c]) as usize;
    let ([first, second], [third, fourth]) = (PAIRS[bits >> 12 & 0xfff], PAIRS[bits & 0xfff]);
    [first, second, third, fourth]
}

/// Escapes the first `count` (1 to 8) bytes of `word`; what is above them must be spaces.
#[inline(always)]
fn escape_word(buf: &mut [u8], len: usize, word: u64, count: usize) -> usize {
    let (quotes, controls) = special(word);
    if quotes | controls == 0 {
        store(buf, len, word);
        return len + count;
    }
    if controls != 0 {
        return escape_controls(buf, len, word, count);
    }
    // In each byte, how many backslashes stand before it, its own among them.
    let before = (quotes >> 7).wrapping_mul(0x0101_0101_0101_0101);
    // In each byte, its place; never above 15, which the mask tells the compiler.
    let places = (before + 0x0706_0504_0302_0100) & 0x0f0f_0f0f_0f0f_0f0f;
    let room = &mut buf[len..][..16];
    room.fill(b'\\');
    for at in [0, 8, 16, 24, 32, 40, 48, 56] {
        room[usize::from((places >> at) as u8)] = (word >> at) as u8;
    }
    len + count + (before >> 56) as usize
}

#[cold]
fn escape_controls(buf: &mut [u8], mut len: usize, word: u64, count: usize) -> usize {
    for &byte in word.to_le_bytes().iter().take(count) {
        if byte < 0x20 || byte == b'"' || byte == b'\\' {
            let escape = ESCAPES[usize::from(byte) % ESCAPES.len()];
            store(buf, len, u64::from_le_bytes(escape));
            len += usize::from(escape[7]);
        } else {
            buf[len] = byte;
            len += 1;
        }
    }
    len
}

/// Stores eight bytes; how many of them count is the caller's affair.
#[inline]
fn store(buf: &mut [u8], len: usize, word: u64) {
    buf[len..][..8].copy_from_slice(&word.to_le_bytes());
}

/// The top bit of each byte that is `"` or `\`, and of each below 0x20. Exact: nothing is carried
/// from one byte to the next.
#[inline]
const fn special(word: u64) -> (u64, u64) {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let low = word & LOW;
    let quote = (low ^ 0x2222_2222_2222_2222) + LOW;
    let backslash = (low ^ 0x5c5c_5c5c_5c5c_5c5c) + LOW;
    let control = low + 0x6060_6060_6060_6060;
    (!((quote & backslash) | word) & !LOW, !(control | word) & !LOW)
}

/// Nothing in the word needs an escape.
#[inline(always)]
const fn is_plain(word: u64) -> bool {
    let (quotes, controls) = special(word);
    quotes | controls == 0
}

/// At most sixteen bytes as two words, the first byte lowest, filled up with what `filler` repeats.
#[inline(always)]
fn two_words(bytes: &[u8], filler: u64) -> [u64; 2] {
    let len = bytes.len();
    // Two words that overlap hold any length.
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        let high = match len {
            9..=16 => u64::from_le_bytes(*last) >> (8 * (16 - len)) | above(filler, len - 8),
            _ => filler,
        };
        return [u64::from_le_bytes(*first), high];
    }
    let word = if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << (8 * (len - 4))
    } else if let (Some(first), Some(middle), Some(last)) = (bytes.first(), bytes.get(len / 2), bytes.last())
    {
        u64::from(*first) | u64::from(*middle) << (8 * (len / 2)) | u64::from(*last) << (8 * (len - 1))
    } else {
        0
    };
    [word | above(filler, len), filler]
}

/// `word` without its lowest `count` bytes, which are 0.
#[inline(always)]
const fn above(word: u64, count: usize) -> u64 {
    if count < 8 { word >> (8 * count) << (8 * count) } else { 0 }
}

/// The eight decimal digits of a number below 10^8 as the values of eight bytes, the first one lowest:
/// divided by 10000, then both halves by 100, then all four parts by 10, in one word.
#[inline]
const fn eight_digits(number: u32) -> u64 {
    let merged = (number / 10_000) as u64 | ((number % 10_000) as u64) << 32;
    let hundreds = ((merged * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = ((merged - 100 * hundreds) << 16) + hundreds;
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    tens + ((pairs - 10 * tens) << 8)
}

/// Room for a time and two packet numbers with what is around them.
const STAMP: usize = 96;
/// Bytes for the short parts of a line, and half of the room that is made: no check is needed for a piece.
const LIMIT: usize = 512;
const ROOM: usize = 2 * LIMIT;
/// How far past the end a word may be stored, and what closes a text.
const SLACK: usize = 24;
/// The first number of nine digits.
const HALF: u64 = 100_000_000;
const NANOS: i64 = 1_000_000_000;
const ZEROS: u64 = 0x3030_3030_3030_3030;
const SPACES: u64 = 0x2020_2020_2020_2020;

/// The numbers below 1000: their digits, the first one lowest, and above them how many they are.
static SMALL: [u32; 1000] = {
    let mut small = [0; 1000];
    let mut number = 0;
    while number < 1000 {
        let digits =
            [b'0' + (number / 100) as u8, b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8];
        small[number] = u32::from_le_bytes(match number {
            0..=9 => [digits[2], 0, 0, 1],
            10..=99 => [digits[1], digits[2], 0, 2],
            _ => [digits[0], digits[1], digits[2], 3],
        });
        number += 1;
    }
    small
};

/// Twelve bits as two digits of base64.
static PAIRS: [[u8; 2]; 4096] = {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut pairs = [[0; 2]; 4096];
    let mut bits = 0;
    while bits < pairs.len() {
        pairs[bits] = [DIGITS[bits >> 6], DIGITS[bits & 63]];
        bits += 1;
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
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;
    use crate::report::escape;

    fn line(write: impl FnOnce(&mut Line<'_>)) -> String {
        let mut out = Buffer::default();
        Line::append(&mut out, write);
        String::from_utf8(out.to_vec()).unwrap()
    }

    fn escaped(part: &str) -> String {
        let mut out = Buffer::default();
        out.push(b'"');
        escape::text(part.as_bytes(), &mut out);
        out.push(b'"');
        let long = String::from_utf8(out.to_vec()).unwrap();
        let mut fits = false;
        let short = line(|line| fits = line.message_text(part.as_bytes()));
        assert!(!fits || short == format!(",\"text\":{long}}}\n"), "{short}");
        assert!(fits || short == ",\"text\":\"", "{short}");
        long
    }

    #[test]
    fn short_bytes_in_base64() {
        for len in 0..48 {
            let bytes: Vec<u8> = (0..len).map(|n: u8| n.wrapping_mul(91) ^ 0xfb).collect();
            let expected = format!(",\"base64\":\"{}\"}}\n", STANDARD.encode(&bytes));
            assert_eq!(line(|line| assert!(line.message_bytes(&bytes))), expected);
        }
        assert_eq!(line(|line| assert!(!line.message_bytes(&[0; 48]))), ",\"base64\":\"");
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
        fn long_text_grows(text in "[\u{0}-\u{40}]{20,40}", times in 1usize..800) {
            let text = text.repeat(times);
            prop_assert_eq!(escaped(&text), serde_json::to_string(&text).unwrap());
        }

        #[test]
        fn base64_agrees(bytes in prop::collection::vec(any::<u8>(), 0..10_000)) {
            let mut out = Buffer::default();
            out.extend_from_slice(b"12345");
            base64(&bytes, b"end", &mut out);
            prop_assert_eq!(std::str::from_utf8(&out[5..]).unwrap(), STANDARD.encode(&bytes) + "end");
        }

        #[test]
        fn numbers(number: u64, shift in 0u32..64) {
            let expected = (number >> shift).min(MAX_NUMBER).to_string();
            prop_assert_eq!(line(|line| line.number(number >> shift)), expected);
        }

        #[test]
        fn times(nanos: i64, step in -2_000_000_000i64..2_000_000_000) {
            let mut clock = Clock::new();
            for nanos in [nanos, nanos.saturating_add(step), step, i64::MIN, i64::MAX] {
                let time = Timestamp::from_nanos(nanos);
                prop_assert_eq!(line(|line| line.time(time, &mut clock)), time.to_string());
            }
        }
    }
}
