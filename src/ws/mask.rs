//! Removes the masking that clients put on payloads (RFC 6455 section 5.3).
//!
//! Masking is an XOR with a four-byte key that repeats. It is undone in whole words, and the odd bytes
//! at the end are taken as one more word that is filled up: there is no loop over many single bytes,
//! so payloads of a few bytes, which most are, cost little more than a call.

/// Appends `data` to `out`, unmasked on the way; `phase` is the offset of its first byte in the
/// frame's payload (only its remainder by 4 counts).
#[inline]
pub fn unmask_into(out: &mut Vec<u8>, data: &[u8], key: [u8; 4], phase: usize) {
    let key = Key::new(key, phase);
    // Whole words are written, and what is too much is taken back.
    out.reserve(data.len() + 16);
    let end = out.len() + data.len();
    let (blocks, rest) = data.as_chunks::<BLOCK>();
    for block in blocks {
        let mut block = *block;
        for word in block.as_chunks_mut::<8>().0 {
            *word = key.xor8(*word);
        }
        out.extend_from_slice(&block);
    }
    let (words, rest) = rest.as_chunks::<16>();
    for word in words {
        out.extend_from_slice(&key.xor16(*word));
    }
    out.extend_from_slice(&key.xor16(short(rest)));
    out.truncate(end);
}

/// Bytes that are unmasked at a time: enough that the vector's bookkeeping does not count.
const BLOCK: usize = 128;

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
        }
    }
}
