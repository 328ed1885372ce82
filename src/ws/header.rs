//! The frame header of 2 to 14 bytes (RFC 6455 section 5.2), as it stands on the wire.

use super::fact::Opcode;
use super::mask::unmask_into;

/// The longest header: 2 bytes, a 64-bit length, a masking key.
pub const MAX_LEN: usize = 14;

/// A decoded frame header. Any bits are accepted; the rules judge them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The final fragment of a message.
    pub fin: bool,
    /// RSV1 (4), RSV2 (2), RSV3 (1).
    pub rsv: u8,
    /// The opcode.
    pub opcode: Opcode,
    /// The masking key; `None` = MASK bit clear.
    pub mask: Option<[u8; 4]>,
    /// The 7-bit length field: a length, or 126 or 127 for the longer forms.
    pub len7: u8,
    /// The payload length, all 64 bits where that form is used.
    pub len: u64,
}

impl Header {
    /// A header with the length in its shortest form.
    #[must_use]
    pub const fn shortest(fin: bool, rsv: u8, opcode: Opcode, mask: Option<[u8; 4]>, len: usize) -> Self {
        let len7 = match len {
            0..126 => len as u8,
            126..65_536 => 126,
            _ => 127,
        };
        Self { fin, rsv, opcode, mask, len7, len: len as u64 }
    }

    /// Decodes the header that `bytes` begin with. `None` = more bytes are needed.
    #[inline]
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<(Self, usize)> {
        let (&[first, second], rest) = bytes.split_first_chunk::<2>()?;
        let len7 = second & 0x7f;
        let (len, rest) = match len7 {
            126 => {
                let (len, rest) = rest.split_first_chunk::<2>()?;
                (u64::from(u16::from_be_bytes(*len)), rest)
            }
            127 => {
                let (len, rest) = rest.split_first_chunk::<8>()?;
                (u64::from_be_bytes(*len), rest)
            }
            _ => (u64::from(len7), rest),
        };
        let (mask, rest) = if second & 0x80 == 0 {
            (None, rest)
        } else {
            let (mask, rest) = rest.split_first_chunk::<4>()?;
            (Some(*mask), rest)
        };
        let header = Self {
            fin: first & 0x80 != 0,
            rsv: first >> 4 & 0x7,
            opcode: Opcode::new(first),
            mask,
            len7,
            len,
        };
        Some((header, bytes.len() - rest.len()))
    }

    /// The header's length in bytes, 2 to 14.
    #[inline]
    #[must_use]
    pub const fn header_len(&self) -> usize {
        let length = match self.len7 {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        if self.mask.is_some() { length + 4 } else { length }
    }

    /// RSV1, which permessage-deflate uses for "compressed" (RFC 7692 section 6).
    #[inline]
    #[must_use]
    pub const fn rsv1(&self) -> bool {
        self.rsv & 4 != 0
    }

    /// The length is given in the shortest form that can hold it.
    #[inline]
    #[must_use]
    pub const fn minimal(&self) -> bool {
        match self.len7 {
            126 => self.len > 125,
            127 => self.len > 0xffff,
            _ => true,
        }
    }

    /// Writes the header, in the form that `len7` names.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.fin) << 7 | self.rsv << 4 | self.opcode.value());
        out.push(u8::from(self.mask.is_some()) << 7 | self.len7);
        match self.len7 {
            126 => out.extend_from_slice(&(self.len as u16).to_be_bytes()),
            127 => out.extend_from_slice(&self.len.to_be_bytes()),
            _ => {}
        }
        if let Some(mask) = self.mask {
            out.extend_from_slice(&mask);
        }
    }

    /// Writes a frame: the header, then the payload, masked where the header has a key. That the header's length
    /// is the payload's is the caller's affair.
    pub fn frame(&self, payload: &[u8], out: &mut Vec<u8>) {
        out.reserve(MAX_LEN + payload.len());
        self.encode(out);
        match self.mask {
            // Masking and unmasking are the same.
            Some(key) => unmask_into(out, payload, key, 0),
            None => out.extend_from_slice(payload),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The examples of RFC 6455 section 5.7.
    #[test]
    fn rfc_examples() {
        let unmasked = Header::decode(b"\x81\x05Hello").unwrap();
        assert_eq!(unmasked.1, 2);
        assert_eq!((unmasked.0.fin, unmasked.0.opcode, unmasked.0.len), (true, Opcode::TEXT, 5));
        let masked = Header::decode(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58").unwrap();
        assert_eq!((masked.0.mask, masked.1), (Some([0x37, 0xfa, 0x21, 0x3d]), 6));
        let ping = Header::decode(b"\x89\x05Hello").unwrap().0;
        assert_eq!(ping.opcode, Opcode::PING);
        let binary = Header::decode(&[0x82, 0x7e, 0x01, 0x00]).unwrap();
        assert_eq!((binary.0.len, binary.1), (256, 4));
        let large = Header::decode(&[0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]).unwrap();
        assert_eq!((large.0.len, large.1), (65_536, 10));
    }

    #[test]
    fn lengths_that_are_not_minimal() {
        assert!(!Header::decode(&[0x82, 0x7e, 0, 125]).unwrap().0.minimal());
        assert!(Header::decode(&[0x82, 0x7e, 0, 126]).unwrap().0.minimal());
        assert!(!Header::decode(&[0x82, 0x7f, 0, 0, 0, 0, 0, 0, 0xff, 0xff]).unwrap().0.minimal());
    }

    proptest! {
        #[test]
        fn what_is_decoded_encodes_to_the_same_bytes(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            if let Some((header, used)) = Header::decode(&bytes) {
                let mut out = Vec::new();
                header.encode(&mut out);
                prop_assert_eq!(&out[..], &bytes[..used]);
                prop_assert_eq!(header.header_len(), used);
                for cut in 0..used {
                    prop_assert!(Header::decode(&bytes[..cut]).is_none());
                }
            } else {
                prop_assert!(bytes.len() < MAX_LEN);
            }
        }
    }
}
