//! What an endpoint sends. Every frame becomes bytes in [`Sender::put`].

use super::codec::{Codec, Owner};
use crate::ws::deflate::Params;
use crate::ws::fact::{Kind, Opcode};
use crate::ws::header::Header;

/// Gives a masking key for each frame.
pub type Masker = Box<dyn FnMut() -> [u8; 4] + Send>;

/// The sending half.
pub(super) struct Sender {
    owner: Owner,
    deflate: Option<Params>,
    fragment: usize,
    masker: Option<Masker>,
    /// Room for a compressed message.
    compressed: Vec<u8>,
}

impl Sender {
    pub(super) fn new(deflate: Option<Params>, fragment: usize, masker: Option<Masker>) -> Self {
        Self { owner: Owner::new(), deflate, fragment: fragment.max(1), masker, compressed: Vec::new() }
    }

    /// Compression was agreed.
    pub(super) const fn compresses(&self) -> bool {
        self.deflate.is_some()
    }

    /// A data message.
    pub(super) fn message(&mut self, kind: Kind, payload: &[u8], codec: &mut Codec, out: &mut Vec<u8>) {
        let opcode = if kind == Kind::Text { Opcode::TEXT } else { Opcode::BINARY };
        let Some(params) = self.deflate else {
            return self.fragments(opcode, 0, payload, out);
        };
        let mut compressed = std::mem::take(&mut self.compressed);
        codec.deflate(self.owner, params, payload, &mut compressed);
        self.fragments(opcode, RSV1, &compressed, out);
        if compressed.capacity() <= KEPT {
            compressed.clear();
            self.compressed = compressed;
        }
    }

    fn fragments(&mut self, opcode: Opcode, rsv: u8, payload: &[u8], out: &mut Vec<u8>) {
        if payload.len() <= self.fragment {
            return self.put(true, rsv, opcode, payload, out);
        }
        let mut rest = payload;
        let (mut opcode, mut rsv) = (opcode, rsv);
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(self.fragment.min(rest.len()));
            self.put(later.is_empty(), rsv, opcode, piece, out);
            (opcode, rsv, rest) = (Opcode::CONTINUATION, 0, later);
        }
    }

    /// A Ping or a Pong; what is beyond 125 bytes is left out.
    pub(super) fn control(&mut self, kind: Kind, payload: &[u8], out: &mut Vec<u8>) {
        let opcode = if kind == Kind::Ping { Opcode::PING } else { Opcode::PONG };
        self.put(true, 0, opcode, payload.get(..CONTROL).unwrap_or(payload), out);
    }

    /// A Close; the reason is cut to what fits, between two characters.
    pub(super) fn close(&mut self, code: Option<u16>, reason: &str, out: &mut Vec<u8>) {
        let mut payload = Vec::new();
        if let Some(code) = code {
            payload.extend_from_slice(&code.to_be_bytes());
            let end = reason.floor_char_boundary(CONTROL - payload.len());
            payload.extend_from_slice(reason.get(..end).unwrap_or_default().as_bytes());
        }
        self.put(true, 0, Opcode::CLOSE, &payload, out);
    }

    /// A frame into bytes.
    fn put(&mut self, fin: bool, rsv: u8, opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
        let mask = self.masker.as_mut().map(|masker| masker());
        Header::shortest(fin, rsv, opcode, mask, payload.len()).frame(payload, out);
    }
}

/// The most payload of a control frame (RFC 6455 section 5.5).
const CONTROL: usize = 125;
/// "Compressed" (RFC 7692 section 6).
const RSV1: u8 = 4;
/// Room for compressed messages that is kept.
const KEPT: usize = 4 << 10;
