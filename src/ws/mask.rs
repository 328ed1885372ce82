//! Masking (RFC 6455 section 5.3): byte `i` of a payload is XORed with byte `i mod 4` of the key.

/// Appends `data` to `out`, unmasked: the unmasking is part of the copy.
///
/// `phase` is the offset in the frame's payload of the first byte of `data`, modulo 4.
#[inline]
pub fn unmask_into(out: &mut Vec<u8>, data: &[u8], key: [u8; 4], phase: usize) {
    let key = u32::from_le_bytes(key).rotate_right(8 * (phase as u32 & 3));
    if data.len() <= 16 {
        tiny(out, data, key);
        return;
    }
    let start = out.len();
    out.extend_from_slice(data);
    let wide = u64::from(key) << 32 | u64::from(key);
    let (words, rest) = out.get_mut(start..).unwrap_or_default().as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_le_bytes(*word) ^ wide).to_le_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(wide.to_le_bytes()) {
        *byte ^= key;
    }
}

/// At most 16 bytes in one wide word: two loads that overlap, one XOR, one store.
#[inline]
fn tiny(out: &mut Vec<u8>, data: &[u8], key: u32) {
    let len = data.len();
    let word = match (data.first_chunk::<8>(), data.last_chunk::<8>()) {
        (Some(head), Some(tail)) => {
            u128::from(u64::from_le_bytes(*head)) | u128::from(u64::from_le_bytes(*tail)) << (8 * (len - 8))
        }
        _ => match (data.first_chunk::<4>(), data.last_chunk::<4>()) {
            (Some(head), Some(tail)) => u128::from(
                u64::from(u32::from_le_bytes(*head)) | u64::from(u32::from_le_bytes(*tail)) << (8 * (len - 4)),
            ),
            _ => data.iter().rev().fold(0, |word, byte| word << 8 | u128::from(*byte)),
        },
    };
    let key = u128::from(u64::from(key) << 32 | u64::from(key));
    let end = out.len() + len;
    out.extend_from_slice(&(word ^ (key << 64 | key)).to_le_bytes());
    out.truncate(end);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 6455 section 5.7.
    #[test]
    fn rfc_example() {
        let mut out = Vec::new();
        unmask_into(&mut out, &[0x7f, 0x9f, 0x4d, 0x51, 0x58], [0x37, 0xfa, 0x21, 0x3d], 0);
        assert_eq!(out, b"Hello");
    }

    proptest! {
        #[test]
        fn as_the_rfc_defines_it(
            before in prop::collection::vec(any::<u8>(), 0..5),
            data in prop::collection::vec(any::<u8>(), 0..100),
            key: [u8; 4],
            phase in 0..4usize,
        ) {
            let mut out = before.clone();
            unmask_into(&mut out, &data, key, phase);
            let plain = data.iter().enumerate().map(|(n, byte)| byte ^ key[(n + phase) % 4]);
            prop_assert_eq!(out, before.into_iter().chain(plain).collect::<Vec<u8>>());
        }
    }
}
