//! Checks UTF-8 in pieces, as payloads arrive (RFC 3629, RFC 6455 section 8.1).
//!
//! A fault is told with the chunk that makes it certain, not at the end of the code point: `F4 90`
//! can begin no code point, whatever follows. Its offset is that of the first byte of the sequence
//! that cannot be right, so everything before the offset is text.

/// What a whole text turned out to be. Offsets count its bytes from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All of it is UTF-8.
    Valid,
    /// The sequence at this offset is none that UTF-8 allows.
    Invalid {
        /// Offset of the sequence's first byte.
        offset: u64,
    },
    /// It is UTF-8, but the last code point is not finished.
    CutAtEnd {
        /// Offset of that code point's first byte.
        offset: u64,
    },
}

/// Checks a text that is there in one piece.
#[inline]
#[must_use]
pub fn check(text: &[u8]) -> Verdict {
    match scan(text) {
        Scan::Valid => Verdict::Valid,
        Scan::Invalid(at) => Verdict::Invalid { offset: at as u64 },
        Scan::Unfinished(at) => Verdict::CutAtEnd { offset: at as u64 },
    }
}

/// Checks a text that comes in chunks; of an unfinished code point it keeps at most 3 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Utf8Stream {
    /// Everything before this offset is valid; `carry` begins here.
    offset: u64,
    /// The first bytes of a code point.
    carry: [u8; 3],
    /// How many, or [`FAILED`].
    carried: u8,
}

impl Utf8Stream {
    /// A stream of which nothing has been seen.
    #[must_use]
    pub const fn new() -> Self {
        Self { offset: 0, carry: [0; 3], carried: 0 }
    }

    /// Takes the next chunk.
    ///
    /// # Errors
    ///
    /// The offset, from the first byte of the text, of the sequence that is certain to be invalid.
    /// Every later call tells the same offset again.
    #[inline]
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), u64> {
        let rest = if self.carried == 0 { chunk } else { self.finish_code_point(chunk)? };
        match scan(rest) {
            Scan::Valid => self.offset += rest.len() as u64,
            Scan::Invalid(at) => return Err(self.fail(at)),
            Scan::Unfinished(at) => {
                self.offset += at as u64;
                self.keep(rest.get(at..).unwrap_or_default());
            }
        }
        Ok(())
    }

    /// The verdict if the text ends here.
    #[must_use]
    pub const fn finish(&self) -> Verdict {
        match self.carried {
            0 => Verdict::Valid,
            FAILED => Verdict::Invalid { offset: self.offset },
            _ => Verdict::CutAtEnd { offset: self.offset },
        }
    }

    /// Completes the carried code point from `chunk` and returns what is left of the chunk.
    #[cold]
    fn finish_code_point<'a>(&mut self, chunk: &'a [u8]) -> Result<&'a [u8], u64> {
        if self.carried == FAILED {
            return Err(self.offset);
        }
        let mut rest = chunk;
        while let Some((&next, after)) = rest.split_first() {
            rest = after;
            let [a, b, c] = self.carry;
            let point = match self.carried {
                1 => [a, next, 0, 0],
                2 => [a, b, next, 0],
                _ => [a, b, c, next],
            };
            let point = point.get(..usize::from(self.carried) + 1).unwrap_or_default();
            match scan(point) {
                Scan::Valid => {
                    self.offset += point.len() as u64;
                    self.carried = 0;
                    break;
                }
                Scan::Unfinished(_) => self.keep(point),
                Scan::Invalid(_) => return Err(self.fail(0)),
            }
        }
        Ok(rest)
    }

    /// Keeps the beginning of a code point: 1 to 3 bytes.
    fn keep(&mut self, point: &[u8]) {
        for (place, byte) in self.carry.iter_mut().zip(point) {
            *place = *byte;
        }
        self.carried = point.len().min(3) as u8;
    }

    #[cold]
    fn fail(&mut self, at: usize) -> u64 {
        self.offset += at as u64;
        self.carried = FAILED;
        self.offset
    }
}

/// In [`Utf8Stream::carried`]: the text is invalid.
const FAILED: u8 = u8::MAX;

enum Scan {
    Valid,
    Invalid(usize),
    Unfinished(usize),
}

/// The standard library is faster on short texts, SIMD on long ones; both tell the same offsets.
#[inline]
fn scan(bytes: &[u8]) -> Scan {
    let (valid, certain) = if bytes.len() < 64 {
        match std::str::from_utf8(bytes) {
            Ok(_) => return Scan::Valid,
            Err(error) => (error.valid_up_to(), error.error_len().is_some()),
        }
    } else {
        match simdutf8::compat::from_utf8(bytes) {
            Ok(_) => return Scan::Valid,
            Err(error) => (error.valid_up_to(), error.error_len().is_some()),
        }
    };
    if certain { Scan::Invalid(valid) } else { Scan::Unfinished(valid) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn std_verdict(text: &[u8]) -> Verdict {
        match std::str::from_utf8(text) {
            Ok(_) => Verdict::Valid,
            Err(error) => {
                let offset = error.valid_up_to() as u64;
                match error.error_len() {
                    Some(_) => Verdict::Invalid { offset },
                    None => Verdict::CutAtEnd { offset },
                }
            }
        }
    }

    /// Pushes byte by byte; returns how many bytes it took until the fault was certain.
    fn certain_after(text: &[u8]) -> Option<usize> {
        let mut stream = Utf8Stream::new();
        text.iter().position(|&byte| stream.push(&[byte]).is_err()).map(|n| n + 1)
    }

    #[test]
    fn stays_small() {
        assert!(size_of::<Utf8Stream>() <= 16);
    }

    /// What cannot become a code point is a fault at once: over-long forms, surrogates, what lies
    /// beyond U+10FFFF, stray continuation bytes.
    #[test]
    fn faults_are_certain_as_early_as_can_be() {
        assert_eq!(certain_after(b"\xf4\x90\x80\x80"), Some(2));
        assert_eq!(certain_after(b"\xf5"), Some(1));
        assert_eq!(certain_after(b"\xc0\xaf"), Some(1));
        assert_eq!(certain_after(b"\xe0\x9f\x80"), Some(2));
        assert_eq!(certain_after(b"\xed\xa0\x80"), Some(2));
        assert_eq!(certain_after(b"\xf0\x8f\x80"), Some(2));
        assert_eq!(certain_after(b"a\x80"), Some(2));
        assert_eq!(certain_after("\u{10ffff}é€".as_bytes()), None);
    }

    #[test]
    fn a_fault_stays() {
        let mut stream = Utf8Stream::new();
        assert_eq!(stream.push(b"ab\xff"), Err(2));
        assert_eq!(stream.push(b"fine"), Err(2));
        assert_eq!(stream.finish(), Verdict::Invalid { offset: 2 });
    }

    /// The two of Autobahn's suite where the code point is split over frames.
    #[test]
    fn offsets_count_from_the_beginning_of_the_text() {
        let mut stream = Utf8Stream::new();
        assert_eq!(stream.push("κόσμε".as_bytes()), Ok(()));
        let before = "κόσμε".len() as u64;
        assert_eq!(stream.push(b"\xf4"), Ok(()));
        assert_eq!(stream.finish(), Verdict::CutAtEnd { offset: before });
        assert_eq!(stream.push(b"\x90"), Err(before));
    }

    /// Text, mostly valid, long enough for the SIMD path.
    fn texts() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            4 => "\\PC{0,40}".prop_map(String::into_bytes),
            2 => "[ -~]{0,90}".prop_map(String::into_bytes),
            1 => prop::collection::vec(any::<u8>(), 0..4),
            1 => Just(b"\xf4\x90".to_vec()),
            1 => Just(b"\xe2\x82".to_vec()),
        ];
        prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn every_split_in_two_agrees_with_std(text in texts()) {
            let expected = std_verdict(&text);
            prop_assert_eq!(check(&text), expected);
            for at in 0..=text.len() {
                let mut stream = Utf8Stream::new();
                let told = stream.push(&text[..at]).and_then(|()| stream.push(&text[at..]));
                prop_assert_eq!(stream.finish(), expected, "split at {}", at);
                let invalid = matches!(expected, Verdict::Invalid { .. });
                prop_assert_eq!(told.is_err(), invalid);
            }
        }

        #[test]
        fn any_chunks_agree_with_std(text in texts(), size in 1_usize..80) {
            let mut stream = Utf8Stream::new();
            let mut seen = 0;
            for chunk in text.chunks(size) {
                seen += chunk.len();
                let _ = stream.push(chunk);
                prop_assert_eq!(stream.finish(), std_verdict(&text[..seen]));
            }
        }
    }
}
