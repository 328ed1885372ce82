//! Removes the masking that clients put on payloads (RFC 6455 section 5.3).
//!
//! Masking is an XOR with a four-byte key that repeats. It is undone in whole words, and the odd bytes
//! at the end are taken as one more word that is filled up: there is no loop over many single bytes,
//! so payloads of a few bytes, which most are, cost little more than a call.

/// Appends `data` to `out`, unmasked on the way; `phase` is the offset of its first byte in the
/// frame's payload (only its remainder by 4 counts).
#[inline]
pub fn unmask_into(out: &mut Vec<u8>, data: &[u8], key: [u8; 4], phase: usize) {
    let start = out.len();
    // Whole words are written, and what is too much is taken back.
    out.resize(start + data.len() + SHORT, 0);
    write(out.get_mut(start..).unwrap_or_default(), data, Key::new(key, phase));
    out.truncate(start + data.len());
}

/// As [`unmask_into`], over what is in `room`, which only grows: nothing is paid for clearing it.
#[inline]
pub(super) fn unmask<'r>(room: &'r mut Vec<u8>, data: &[u8], key: [u8; 4], phase: usize) -> &'r [u8] {
    if room.len() < data.len() + SHORT {
        room.resize(data.len() + SHORT, 0);
    }
    write(room, data, Key::new(key, phase));
    room.get(..data.len()).unwrap_or_default()
}

/// The longest payload that [`short_word`] takes.
pub(super) const SHORT: usize = 16;

/// A payload of `len` bytes, which is what `bytes` begin with, unmasked in one word; zeros are after it.
#[inline]
pub(super) fn short_word(bytes: &[u8], len: usize, key: Option<[u8; 4]>) -> u128 {
    let word = match bytes.first_chunk() {
        Some(word) => *word,
        None => short(bytes.get(..len).unwrap_or_default()),
    };
    let word = key.map_or(word, |key| Key::new(key, 0).xor16(word));
    let kept = u128::MAX.checked_shr(8 * SHORT.saturating_sub(len) as u32).unwrap_or(0);
    u128::from_le_bytes(word) & kept
}

/// Bytes that are unmasked at a time.
const BLOCK: usize = 64;

/// Unmasks `data` into `out`, which has room for [`SHORT`] bytes more.
#[inline]
fn write(out: &mut [u8], data: &[u8], key: Key) {
    let (blocks, rest) = data.as_chunks::<BLOCK>();
    let (room, _) = out.as_chunks_mut::<BLOCK>();
    for (room, block) in room.iter_mut().zip(blocks) {
        *room = *block;
        for word in room.as_chunks_mut::<8>().0 {
            *word = key.xor8(*word);
        }
    }
    let out = out.get_mut(blocks.len() * BLOCK..).unwrap_or_default();
    let (words, rest) = rest.as_chunks::<SHORT>();
    let (room, _) = out.as_chunks_mut::<SHORT>();
    for (room, word) in room.iter_mut().zip(words) {
        *room = key.xor16(*word);
    }
    if let Some(room) = room.get_mut(words.len()) {
        *room = key.xor16(short(rest));
    }
}

/// The bytes of `data`, at most 16, and zeros after them.
#[inline]
fn short(data: &[u8]) -> [u8; 16] {
    let len = data.len();
    // Two words that overlap hold any length; where they do, they have the same bits.
    let word = if let (Some(first), Some(last)) = (data.first_chunk::<8>(), data.last_chunk::<8>()) {
        u128::from(u64::from_le_bytes(*first)) | u128::from(u64::from_le_bytes(*last)) << (8 * (len - 8))
    } else if let (Some(first), Some(last)) = (data.first_chunk::<4>(), data.last_chunk::<4>()) {
        u128::from(u32::from_le_bytes(*first)) | u128::from(u32::from_le_bytes(*last)) << (8 * (len - 4))
    } else {
        data.iter().rev().fold(0, |word, byte| word << 8 | u128::from(*byte))
    };
    word.to_le_bytes()
}

/// A masking key, turned so that its first byte belongs to the first byte of the data.
#[derive(Clone, Copy)]
struct Key([u8; 4]);

impl Key {
    #[inline]
    const fn new(key: [u8; 4], phase: usize) -> Self {
        let turned = u32::from_le_bytes(key).rotate_right(8 * (phase & 3) as u32);
        Self(turned.to_le_bytes())
    }

    #[inline]
    const fn xor16(self, word: [u8; 16]) -> [u8; 16] {
        let key = u32::from_le_bytes(self.0) as u128 * 0x0000_0001_0000_0001_0000_0001_0000_0001;
        (u128::from_le_bytes(word) ^ key).to_le_bytes()
    }

    #[inline]
    const fn xor8(self, word: [u8; 8]) -> [u8; 8] {
        let key = u32::from_le_bytes(self.0) as u64 * 0x0000_0001_0000_0001;
        (u64::from_le_bytes(word) ^ key).to_le_bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn byte_by_byte(data: &[u8], key: [u8; 4], phase: usize) -> Vec<u8> {
        data.iter().enumerate().map(|(n, byte)| byte ^ key[(n + phase) % 4]).collect()
    }

    /// The masked "Hello" of RFC 6455 section 5.7.
    #[test]
    fn rfc_example() {
        let mut data = Vec::new();
        unmask_into(&mut data, b"\x7f\x9f\x4d\x51\x58", [0x37, 0xfa, 0x21, 0x3d], 0);
        assert_eq!(&data, b"Hello");
    }

    #[test]
    fn every_short_length_and_phase() {
        let data: Vec<u8> = (0_u8..100).map(|n| n.wrapping_mul(7)).collect();
        for len in 0..data.len() {
            for phase in 0..9 {
                let key = [0x81, 0x02, 0xf3, 0x44];
                let expected = byte_by_byte(&data[..len], key, phase);
                let mut appended = b"before".to_vec();
                unmask_into(&mut appended, &data[..len], key, phase);
                assert_eq!(appended.strip_prefix(b"before").unwrap(), expected, "{len} bytes, phase {phase}");
            }
            let key = [0x81, 0x02, 0xf3, 0x44];
            if len <= SHORT {
                let mut expected = byte_by_byte(&data[..len], key, 0);
                expected.resize(SHORT, 0);
                assert_eq!(short_word(&data, len, Some(key)).to_le_bytes(), expected[..], "{len} bytes");
                assert_eq!(
                    short_word(&data[..len], len, Some(key)).to_le_bytes(),
                    expected[..],
                    "{len} bytes"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn as_byte_by_byte(
            data in prop::collection::vec(any::<u8>(), 0..40_000),
            key: [u8; 4],
            phase in 0_usize..8,
        ) {
            let expected = byte_by_byte(&data, key, phase);
            let mut appended = Vec::new();
            unmask_into(&mut appended, &data, key, phase);
            prop_assert_eq!(&appended, &expected);
            let mut room = vec![1; data.len() / 2];
            prop_assert_eq!(unmask(&mut room, &data, key, phase), &expected);
        }
    }
}
