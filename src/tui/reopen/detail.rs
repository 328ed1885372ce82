//! Frames and messages with their bytes, for as long as they are looked at.

use crate::decode::Hint;
use crate::tui::store::Row;
use crate::ws::fact::{Frame, Kind, Message};

/// A frame, with its payload as on the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameDetail {
    facts: Frame<'static>,
    wire: Vec<u8>,
}

impl FrameDetail {
    pub(super) fn new(frame: &Frame<'_>) -> Self {
        let Frame { dir, n, first, last, offset, header, seen, wire } = *frame;
        Self { facts: Frame { dir, n, first, last, offset, header, seen, wire: &[] }, wire: wire.to_vec() }
    }

    /// The frame.
    #[must_use]
    pub fn frame(&self) -> Frame<'_> {
        Frame { wire: &self.wire, ..self.facts }
    }
}

/// A message with its payload and its frames.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageDetail {
    facts: Message<'static>,
    payload: Vec<u8>,
    /// Its frames in order.
    pub frames: Vec<FrameDetail>,
}

impl MessageDetail {
    pub(in crate::tui) fn new(message: &Message<'_>, frames: Vec<FrameDetail>) -> Self {
        #[rustfmt::skip]
        let Message {
            dir, n, kind, first, last, frames: count, first_frame, last_frame, wire_len, len, compressed, final_block,
            exceeded, fault, payload, text: _, utf8, sha256,
        } = *message;
        #[rustfmt::skip]
        let facts = Message {
            dir, n, kind, first, last, frames: count, first_frame, last_frame, wire_len, len, compressed, final_block,
            exceeded, fault, payload: &[], text: None, utf8, sha256,
        };
        Self { facts, payload: payload.to_vec(), frames }
    }

    /// Numbers it and its frames as its row is numbered.
    pub(super) fn call(&mut self, row: &Row) {
        let before = self.facts.first_frame;
        self.facts.n = row.n.into();
        self.facts.first_frame = row.first_frame.into();
        for frame in &mut self.frames {
            frame.facts.n = frame.facts.n.saturating_sub(before) + u64::from(row.first_frame);
        }
    }

    pub(super) const fn set_sha256(&mut self, hash: [u8; 32]) {
        self.facts.sha256 = Some(hash);
    }

    /// What its payload is decoded by.
    pub(in crate::tui) fn hint(&self) -> Hint {
        let message = self.message();
        Hint {
            text: message.kind == Kind::Text,
            close: message.kind == Kind::Close,
            partial: !message.complete() || message.cut(),
        }
    }

    /// The message. Its hash is there where its payload is whole.
    #[must_use]
    pub fn message(&self) -> Message<'_> {
        Message { payload: &self.payload, ..self.facts }
    }
}
