//! UTF-8 over whole messages and over their pieces (RFC 6455 section 8.1).

use super::fact::Utf8;

/// From this length on, the wide-register validator is faster than the standard library's.
const WIDE: usize = 64;

/// Checks a text in one piece; `frame` is the frame to name for a fault.
#[inline]
#[must_use]
pub fn check(bytes: &[u8], frame: u64) -> Utf8 {
    text(bytes, frame).0
}

/// As [`check`], with the text where it is valid.
#[inline]
#[must_use]
pub fn text(bytes: &[u8], frame: u64) -> (Utf8, Option<&str>) {
    match valid(bytes) {
        Ok(text) => (Utf8::Valid, Some(text)),
        Err(Invalid { valid_up_to, certain: true }) => {
            (Utf8::Invalid { offset: valid_up_to as u64, frame }, None)
        }
        Err(Invalid { valid_up_to, .. }) => (Utf8::CutAtEnd { offset: valid_up_to as u64 }, None),
    }
}

/// Whether a text in one piece is valid. Most are ASCII, which is seen at once.
#[inline]
pub(super) fn is_valid(bytes: &[u8]) -> bool {
    bytes.is_ascii() || valid(bytes).is_ok()
}

/// The bits that are set in a word of 16 bytes where not all of them are ASCII.
pub(super) const NOT_ASCII: u128 = u128::from_ne_bytes([0x80; 16]);

/// Checks the beginning of a text of which the rest is not known.
#[must_use]
pub fn check_prefix(bytes: &[u8], frame: u64) -> Utf8 {
    match check(bytes, frame) {
        invalid @ Utf8::Invalid { .. } => invalid,
        _ => Utf8::Unknown,
    }
}

/// Checks a text that comes in pieces, cut anywhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct Utf8Stream {
    /// The first bytes of a code point that the pieces so far cut.
    carry: [u8; 4],
    carried: u8,
    /// Bytes before `carry`.
    position: u64,
}

impl Utf8Stream {
    /// Takes the next piece.
    ///
    /// # Errors
    /// The offset of the first byte that begins no valid code point, as soon as that is certain.
    pub fn push(&mut self, mut piece: &[u8]) -> Result<(), u64> {
        while self.carried > 0 {
            let Some((byte, rest)) = piece.split_first() else { return Ok(()) };
            piece = rest;
            let len = usize::from(self.carried);
            if let Some(slot) = self.carry.get_mut(len) {
                *slot = *byte;
            }
            self.carried += 1;
            match valid(self.carry.get(..=len).unwrap_or_default()) {
                Ok(_) => {
                    self.position += u64::from(self.carried);
                    self.carried = 0;
                }
                Err(Invalid { certain: true, .. }) => return Err(self.position),
                Err(_) => {}
            }
        }
        match valid(piece) {
            Ok(_) => self.position += piece.len() as u64,
            Err(Invalid { valid_up_to, certain }) => {
                self.position += valid_up_to as u64;
                if certain {
                    return Err(self.position);
                }
                let rest = piece.get(valid_up_to..).unwrap_or_default();
                for (slot, byte) in self.carry.iter_mut().zip(rest) {
                    *slot = *byte;
                }
                self.carried = rest.len() as u8;
            }
        }
        Ok(())
    }

    /// The text is over.
    ///
    /// # Errors
    /// The offset of a code point that is not complete.
    pub fn finish(self) -> Result<(), u64> {
        if self.carried == 0 { Ok(()) } else { Err(self.position) }
    }
}

pub(super) struct Invalid {
    valid_up_to: usize,
    /// No further bytes can make it valid.
    certain: bool,
}

#[inline]
pub(super) fn valid(bytes: &[u8]) -> Result<&str, Invalid> {
    if bytes.len() < WIDE {
        std::str::from_utf8(bytes)
            .map_err(|e| Invalid { valid_up_to: e.valid_up_to(), certain: e.error_len().is_some() })
    } else {
        simdutf8::compat::from_utf8(bytes)
            .map_err(|e| Invalid { valid_up_to: e.valid_up_to(), certain: e.error_len().is_some() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn in_pieces(pieces: &[&[u8]]) -> Result<(), u64> {
        let mut stream = Utf8Stream::default();
        for piece in pieces {
            stream.push(piece)?;
        }
        stream.finish()
    }

    #[test]
    fn a_fault_is_told_as_soon_as_it_is_certain() {
        let mut stream = Utf8Stream::default();
        // F4 90 is beyond U+10FFFF, whatever follows.
        assert_eq!(stream.push(b"ab\xf4"), Ok(()));
        assert_eq!(stream.push(b"\x90"), Err(2));
    }

    proptest! {
        #[test]
        fn pieces_say_what_the_whole_says(
            text in prop_oneof![any::<String>().prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..200)],
            damage in prop::option::of((any::<usize>(), any::<u8>())),
            cuts in prop::collection::vec(any::<usize>(), 0..6),
        ) {
            let mut text = text;
            if let (Some((at, byte)), false) = (damage, text.is_empty()) {
                let len = text.len();
                text[at % len] = byte;
            }
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
            places.extend([0, text.len()]);
            places.sort_unstable();
            let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
            let whole = std::str::from_utf8(&text).map(|_| ()).map_err(|e| e.valid_up_to() as u64);
            prop_assert_eq!(in_pieces(&pieces), whole);
            let each: Vec<&[u8]> = text.chunks(1).collect();
            prop_assert_eq!(in_pieces(&each), whole);
        }
    }
}
