//! What one connection says: frames as bytes, of each kind of workload.

use flate2::{Compress, Compression, FlushCompress};
use wscope::item::Dir;
use wscope::ws::fact::Opcode;
use wscope::ws::header::Header;
use wscope::ws::mask;

use super::Kind;
use super::rng::Rng;
use super::text;

/// Appends a frame; the client masks.
pub(crate) fn frame(out: &mut Vec<u8>, rng: &mut Rng, dir: Dir, first: u8, payload: &[u8]) {
    let mask = (dir == Dir::C2s).then(|| (rng.next() as u32).to_le_bytes());
    let len7 = match payload.len() {
        len @ 0..=125 => len as u8,
        126..=0xffff => 126,
        _ => 127,
    };
    let (opcode, rsv) = (Opcode::new(first), first >> 4 & 7);
    Header { fin: first & 0x80 != 0, rsv, opcode, mask, len7, len: payload.len() as u64 }.encode(out);
    mask::unmask_into(out, payload, mask.unwrap_or_default(), 0);
}

/// Both directions of a connection, and what they said so far.
#[derive(Default)]
pub(crate) struct Talk {
    /// Bytes that wait to be sent, by direction.
    pub(crate) waiting: [Vec<u8>; 2],
    pub(crate) frames: u64,
    pub(crate) messages: u64,
    deflate: Option<Box<[Compress; 2]>>,
}

impl Talk {
    /// Compresses from here on, with context takeover.
    pub(crate) fn compress(&mut self) {
        let new = || Compress::new(Compression::default(), false);
        self.deflate = Some(Box::new([new(), new()]));
    }

    pub(crate) fn control(&mut self, rng: &mut Rng, dir: Dir, opcode: Opcode, payload: &[u8]) {
        frame(&mut self.waiting[dir.index()], rng, dir, 0x80 | opcode.value(), payload);
        self.frames += 1;
    }

    /// Says something, as is usual in this kind of workload; returns who.
    pub(crate) fn say(&mut self, kind: Kind, rng: &mut Rng) -> Dir {
        let dir = Dir::BOTH[rng.below(2)];
        match kind {
            Kind::Chatty | Kind::Flows | Kind::Dirty => {
                if kind == Kind::Chatty && rng.per_mille(10) {
                    self.control(rng, Dir::S2c, Opcode::PING, b"hb");
                    self.control(rng, Dir::C2s, Opcode::PONG, b"hb");
                    return Dir::S2c;
                }
                let long = kind == Kind::Dirty && rng.per_mille(50);
                let len = if long { rng.range(2_000, 20_000) } else { rng.range(20, 400) };
                let text = text::json(rng, len);
                self.message(rng, dir, Opcode::TEXT, text.as_bytes());
            }
            Kind::Bulk => {
                let len = rng.range(100_000, 1_000_000);
                let bytes = rng.bytes(len);
                self.message(rng, dir, Opcode::BINARY, &bytes);
            }
            Kind::Deflate => {
                let len = rng.range(100, 4_000);
                let text = if rng.per_mille(600) { text::trades(rng, len) } else { text::json(rng, len) };
                self.deflated(rng, dir, text.as_bytes());
            }
            Kind::Tiny => {
                for _ in 0..rng.range(100, 500) {
                    let len = rng.range(1, 16);
                    let bytes = rng.bytes(len);
                    if rng.per_mille(500) {
                        self.message(rng, dir, Opcode::BINARY, &bytes);
                    } else {
                        let text: Vec<u8> = bytes.iter().map(|byte| b'!' + byte % 90).collect();
                        self.message(rng, dir, Opcode::TEXT, &text);
                    }
                }
            }
            Kind::Fragmented => {
                let len = rng.range(500, 20_000);
                let text = text::json(rng, len);
                self.fragments(rng, dir, text.as_bytes());
            }
        }
        dir
    }

    fn message(&mut self, rng: &mut Rng, dir: Dir, opcode: Opcode, payload: &[u8]) {
        frame(&mut self.waiting[dir.index()], rng, dir, 0x80 | opcode.value(), payload);
        self.frames += 1;
        self.messages += 1;
    }

    fn deflated(&mut self, rng: &mut Rng, dir: Dir, payload: &[u8]) {
        let compress = self.deflate.as_mut().expect("compression was agreed");
        let compressed = deflate(&mut compress[dir.index()], payload);
        frame(&mut self.waiting[dir.index()], rng, dir, 0xc0 | Opcode::TEXT.value(), &compressed);
        self.frames += 1;
        self.messages += 1;
    }

    /// Ten fragments, with pings between some of them.
    fn fragments(&mut self, rng: &mut Rng, dir: Dir, payload: &[u8]) {
        let mut opcode = Opcode::TEXT.value();
        let mut chunks = payload.chunks(payload.len().div_ceil(10)).peekable();
        while let Some(chunk) = chunks.next() {
            let fin = if chunks.peek().is_none() { 0x80 } else { 0 };
            frame(&mut self.waiting[dir.index()], rng, dir, fin | opcode, chunk);
            self.frames += 1;
            opcode = 0;
            if fin == 0 && rng.per_mille(200) {
                self.control(rng, dir, Opcode::PING, b"12345678");
                self.control(rng, dir.other(), Opcode::PONG, b"12345678");
            }
        }
        self.messages += 1;
    }
}

/// The payload of a compressed message (RFC 7692 section 7.2.1).
pub(crate) fn deflate(compress: &mut Compress, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + payload.len() / 8 + 64);
    compress.compress_vec(payload, &mut out, FlushCompress::Sync).expect("memory suffices");
    assert!(out.ends_with(&[0, 0, 0xff, 0xff]), "the message is flushed");
    out.truncate(out.len() - 4);
    out
}
