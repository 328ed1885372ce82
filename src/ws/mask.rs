//! Removes the masking that clients put on payloads (RFC 6455 section 5.3).
//!
//! Masking is an XOR with a four-byte key that repeats. Both functions work on words of 16 bytes and
//! treat the odd bytes at the end as one more word that overlaps the last: there is no loop over
//! single bytes, so payloads of a few bytes, which most are, cost little more than a call.

/// Unmasks `data` in place; `phase` is the offset of its first byte in the frame's payload (only
/// its remainder by 4 counts).
#[inline]
pub fn unmask(data: &mut [u8], key: [u8; 4], phase: usize) {
    let key = Key::new(key, phase);
    let len = data.len();
    if let Some(last) = data.last_chunk::<16>() {
        // Taken before the loop unmasks a part of it.
        let last = key.xor16(*last, len);
        for word in data.as_chunks_mut::<16>().0 {
            *word = key.xor16(*word, 0);
        }
        if let Some(place) = data.last_chunk_mut::<16>() {
            *place = last;
        }
    } else if let (Some(first), Some(last)) = (data.first_chunk::<8>(), data.last_chunk::<8>()) {
        let (first, last) = (key.xor8(*first, 0), key.xor8(*last, len));
        put(data, first, last);
    } else if let (Some(first), Some(last)) = (data.first_chunk::<4>(), data.last_chunk::<4>()) {
        let (first, last) = (key.xor4(*first, 0), key.xor4(*last, len));
        put(data, first, last);
    } else {
        for (byte, key) in data.iter_mut().zip(key.0) {
            *byte ^= key;
        }
    }
}

/// Appends `data` to `out`, unmasked on the way; `phase` as in [`unmask`].
///
/// Long payloads are copied in pieces that are unmasked while the first-level cache still holds them.
#[inline]
pub fn unmask_into(out: &mut Vec<u8>, data: &[u8], key: [u8; 4], phase: usize) {
    out.reserve(data.len());
    for piece in data.chunks(PIECE) {
        let start = out.len();
        out.extend_from_slice(piece);
        // A piece is a multiple of four bytes long, so the phase is the same for each.
        unmask(out.get_mut(start..).unwrap_or_default(), key, phase);
    }
}

/// Bytes that are copied and then unmasked at a time.
const PIECE: usize = 8 << 10;

/// A masking key, turned so that its first byte belongs to the first byte of the data.
#[derive(Clone, Copy)]
struct Key([u8; 4]);

impl Key {
    #[inline]
    const fn new(key: [u8; 4], phase: usize) -> Self {
        let turned = u32::from_le_bytes(key).rotate_right(8 * (phase & 3) as u32);
        Self(turned.to_le_bytes())
    }

    /// The key for the word that begins `at` bytes (modulo 4) into the data.
    #[inline]
    const fn at(self, at: usize) -> u32 {
        u32::from_le_bytes(Self::new(self.0, at).0)
    }

    #[inline]
    const fn xor16(self, word: [u8; 16], at: usize) -> [u8; 16] {
        let key = self.at(at) as u128 * 0x0000_0001_0000_0001_0000_0001_0000_0001;
        (u128::from_le_bytes(word) ^ key).to_le_bytes()
    }

    #[inline]
    const fn xor8(self, word: [u8; 8], at: usize) -> [u8; 8] {
        let key = self.at(at) as u64 * 0x0000_0001_0000_0001;
        (u64::from_le_bytes(word) ^ key).to_le_bytes()
    }

    #[inline]
    const fn xor4(self, word: [u8; 4], at: usize) -> [u8; 4] {
        (u32::from_le_bytes(word) ^ self.at(at)).to_le_bytes()
    }
}

/// Writes the first and the last `N` bytes of `data`, which may overlap.
#[inline]
fn put<const N: usize>(data: &mut [u8], first: [u8; N], last: [u8; N]) {
    if let Some(place) = data.first_chunk_mut::<N>() {
        *place = first;
    }
    if let Some(place) = data.last_chunk_mut::<N>() {
        *place = last;
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
        let mut data = *b"\x7f\x9f\x4d\x51\x58";
        unmask(&mut data, [0x37, 0xfa, 0x21, 0x3d], 0);
        assert_eq!(&data, b"Hello");
    }

    #[test]
    fn every_short_length_and_phase() {
        let data: Vec<u8> = (0_u8..100).map(|n| n.wrapping_mul(7)).collect();
        for len in 0..data.len() {
            for phase in 0..9 {
                let key = [0x81, 0x02, 0xf3, 0x44];
                let expected = byte_by_byte(&data[..len], key, phase);
                let mut in_place = data[..len].to_vec();
                unmask(&mut in_place, key, phase);
                assert_eq!(in_place, expected, "{len} bytes, phase {phase}");
                let mut appended = b"before".to_vec();
                unmask_into(&mut appended, &data[..len], key, phase);
                assert_eq!(appended.strip_prefix(b"before").unwrap(), expected);
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
            let mut in_place = data;
            unmask(&mut in_place, key, phase);
            prop_assert_eq!(&in_place, &expected);
        }
    }
}
