//! Compresses the messages of permessage-deflate (RFC 7692 section 7.2.1), for a sender.

use std::fmt;

use zlib_rs::{Deflate, DeflateFlush};

use super::TAIL;

/// A sender's running compressor: what it has compressed, later messages may refer to.
pub struct Compressor {
    deflate: Deflate,
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").finish_non_exhaustive()
    }
}

impl Compressor {
    /// A compressor without history. `level` is zlib's, 1 (fast) to 9 (small); `window_bits` what the
    /// receiver has room for, 8 to 15.
    #[must_use]
    pub fn new(level: u8, window_bits: u8) -> Self {
        // zlib has no window of 8 bits. With 9 it refers to what is at most 512 - 262 bytes back (a longest
        // match must lie ahead), which a window of 256 bytes holds.
        Self { deflate: Deflate::new(i32::from(level.min(9)), false, window_bits.clamp(9, 15)) }
    }

    /// Forgets the history: what comes next refers to nothing before.
    pub fn reset(&mut self) {
        self.deflate.reset();
    }

    /// Appends a message's compressed form to `out`, or that of a part of one, where it is not the last: that
    /// keeps its trailing empty block.
    ///
    /// The compressed form of nothing is the `00` of RFC 7692 section 7.2.3.6.
    pub fn compress(&mut self, bytes: &[u8], last: bool, out: &mut Vec<u8>) {
        let begin = out.len();
        let mut rest = bytes;
        // A compressor that has nothing to flush writes nothing; an empty block is the tail itself, below.
        let mut more = !bytes.is_empty();
        while more {
            let start = out.len();
            let room = (rest.len() + rest.len() / 64 + 64).min(ROOM);
            out.resize(start + room, 0);
            let (read, written) = (self.deflate.total_in(), self.deflate.total_out());
            let result = self.deflate.compress(
                rest,
                out.get_mut(start..).unwrap_or_default(),
                DeflateFlush::SyncFlush,
            );
            let made = (self.deflate.total_out() - written) as usize;
            rest = rest.get((self.deflate.total_in() - read) as usize..).unwrap_or_default();
            out.truncate(start + made);
            // Room that is left says that all is flushed.
            more = result.is_ok() && made == room;
        }
        if bytes.is_empty() {
            // The header of an empty stored block, at a byte boundary as after every flush.
            out.push(0);
            out.extend_from_slice(&TAIL);
        }
        if last && out.get(begin..).is_some_and(|made| made.ends_with(&TAIL)) {
            out.truncate(out.len() - TAIL.len());
        }
    }
}

/// Room for output at a time.
const ROOM: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::limits::Limits;
    use crate::ws::deflate::{Context, Inflater, Params};

    /// RFC 7692 sections 7.2.3.1 and 7.2.3.2: "Hello" twice, the second time with the first as context.
    #[test]
    fn rfc_examples() {
        let mut compressor = Compressor::new(6, 15);
        let mut out = Vec::new();
        compressor.compress(b"Hello", true, &mut out);
        assert_eq!(out, [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
        out.clear();
        compressor.compress(b"Hello", true, &mut out);
        assert_eq!(out, [0xf2, 0x00, 0x11, 0x00, 0x00]);
        out.clear();
        compressor.compress(b"", true, &mut out);
        assert_eq!(out, [0x00]);
    }

    /// Bytes in which much of the same comes back, from near and far.
    fn repetitive() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec((0_u8..4, 1_usize..600, any::<bool>()), 1..40).prop_map(|runs| {
            let mut bytes = Vec::new();
            for (seed, len, noise) in runs {
                bytes.extend((0..len).map(|n| {
                    let n = n as u8;
                    if noise { n.wrapping_mul(167).wrapping_add(seed) ^ (n >> 3) } else { seed }
                }));
            }
            bytes
        })
    }

    proptest! {
        /// The inflater, which checks windows and contexts, is the witness.
        #[test]
        fn every_window_level_and_context_is_kept_to(
            messages in prop::collection::vec(repetitive(), 1..5),
            window_bits in 8_u8..=15,
            level in 1_u8..=9,
            no_context_takeover: bool,
            parts in 1_usize..4,
        ) {
            let params = Params { no_context_takeover, window_bits, per_frame: false };
            let mut context = Context::new(params);
            let mut inflater = Inflater::new();
            let mut compressor = Compressor::new(level, window_bits);
            for message in messages {
                let mut wire = Vec::new();
                if no_context_takeover {
                    compressor.reset();
                }
                let pieces: Vec<&[u8]> = message.chunks(message.len().div_ceil(parts)).collect();
                for (n, piece) in pieces.iter().enumerate() {
                    compressor.compress(piece, n + 1 == pieces.len(), &mut wire);
                }
                let inflated = inflater.inflate(&mut context, &wire, &Limits::default());
                prop_assert_eq!((inflated.fault, inflated.exceeded), (None, None));
                prop_assert_eq!(inflated.output, &message[..]);
            }
        }
    }
}
