//! What is to be sent into bytes.

use super::{Content, Frame, Masking, Part, Piece, Run};
use crate::item::Dir;
use crate::ws::deflate::Compressor;
use crate::ws::header::Header;
use crate::ws::mask::unmask_into;

/// What passes from one step to the next: the masking keys, and the compressors' history.
#[derive(Default)]
pub(super) struct Encoder {
    /// How many keys have been used.
    keys: u32,
    running: [Option<Compressor>; 2],
}

impl Encoder {
    /// Another connection begins.
    pub(super) fn connection(&mut self) {
        self.running = [None, None];
    }

    /// The bytes of a step.
    pub(super) fn encode(&mut self, side: Dir, parts: &[Part]) -> Vec<u8> {
        let mut out = Vec::new();
        for part in parts {
            match part {
                Part::Raw(runs) => runs.iter().for_each(|run| self.run(side, run, &mut out)),
                Part::Frame(frame) => self.frame(side, frame, &mut out),
            }
        }
        out
    }

    fn run(&mut self, side: Dir, run: &Run, out: &mut Vec<u8>) {
        let bytes = self.pieces(side, &run.pieces);
        if let Some(key) = run.key {
            out.extend_from_slice(&key);
            unmask_into(out, &bytes, key, 0);
        } else {
            out.extend_from_slice(&bytes);
        }
    }

    fn frame(&mut self, side: Dir, frame: &Frame, out: &mut Vec<u8>) {
        let mut payload = self.pieces(side, &frame.payload);
        if frame.compress {
            payload = compress(self.running(side), &payload, frame.fin);
        }
        let mask = match frame.masking {
            Masking::Key(key) => Some(key),
            Masking::Usual if side == Dir::C2s => Some(self.next_key()),
            Masking::Usual | Masking::Never => None,
        };
        Header::shortest(frame.fin, frame.rsv, frame.opcode, mask, payload.len()).frame(&payload, out);
    }

    fn pieces(&mut self, side: Dir, pieces: &[Piece]) -> Vec<u8> {
        let mut out = Vec::new();
        for Piece { content, times } in pieces {
            let compressed;
            let bytes = match content {
                Content::Bytes(bytes) => bytes,
                Content::Deflate(bytes) => {
                    compressed = compress(self.running(side), bytes, true);
                    &compressed
                }
                Content::Fresh(bytes) => {
                    compressed = compress(&mut compressor(), bytes, true);
                    &compressed
                }
            };
            out.extend(bytes.repeat(*times));
        }
        out
    }

    fn running(&mut self, side: Dir) -> &mut Compressor {
        let [client, server] = &mut self.running;
        let running = if side == Dir::C2s { client } else { server };
        running.get_or_insert_with(compressor)
    }

    /// The first is that of RFC 6455 section 5.7; no two of the others are equal, and none is zero.
    fn next_key(&mut self) -> [u8; 4] {
        let n = self.keys;
        self.keys = n.wrapping_add(1);
        if n == 0 {
            return [0x37, 0xfa, 0x21, 0x3d];
        }
        // MurmurHash3's finaliser: each number has another result, and the bits look random.
        let n = (n ^ n >> 16).wrapping_mul(0x85eb_ca6b);
        let n = (n ^ n >> 13).wrapping_mul(0xc2b2_ae35);
        (n ^ n >> 16).to_be_bytes()
    }
}

/// zlib's smallest.
const LEVEL: u8 = 9;

/// A compressor with the largest window, without history.
fn compressor() -> Compressor {
    Compressor::new(LEVEL, 15)
}

/// Compresses a message (RFC 7692 section 7.2.1), or, where it is not the last, a part of one.
fn compress(compressor: &mut Compressor, bytes: &[u8], last: bool) -> Vec<u8> {
    let mut out = Vec::new();
    compressor.compress(bytes, last, &mut out);
    out
}
