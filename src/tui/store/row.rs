//! A message in memory.

use std::fmt::Write as _;

use crate::item::{At, Dir};
use crate::place::{Place, What};
use crate::report::visible;
use crate::ws::fact::{Fault, Kind, Message, Utf8};

/// Bytes of a message's preview.
pub(crate) const PREVIEW: usize = 64;

/// A message as lists show it; its payload is read again when it is looked at
/// ([`Reopener::message`](crate::tui::reopen::Reopener::message)). Counts beyond 2^32 are told as the highest there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The packet with its last byte.
    pub last: At,
    /// The packet with its first byte.
    pub first_packet: u64,
    /// Payload bytes after inflation.
    pub len: u64,
    /// Payload bytes on the wire.
    pub wire_len: u64,
    /// Its connection's number, from 1.
    pub conn: u32,
    /// Counts the messages of the connection, from 1.
    pub n: u32,
    /// How many frames it has.
    pub frames: u32,
    /// The `n` of its first frame.
    pub first_frame: u32,
    /// The `n` of its last frame.
    pub last_frame: u32,
    /// Where its preview lies among those of its segment.
    pub(super) text: u32,
    pub(super) text_len: u8,
    /// The sender.
    pub dir: Dir,
    /// What it is.
    pub kind: Kind,
    /// It is compressed.
    pub compressed: bool,
    /// It is text (or a Close reason) and not UTF-8.
    pub invalid_utf8: bool,
    /// Why a part of it is missing; `None` = complete.
    pub fault: Option<Fault>,
    /// The status code of a Close that has one.
    pub close_code: Option<u16>,
}

impl Row {
    /// A row without a place for its preview, which replaces what `preview` holds: at most [`PREVIEW`] bytes.
    pub(crate) fn new(message: &Message<'_>, preview: &mut String) -> Self {
        preview.clear();
        write_preview(message, preview);
        let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            last: message.last,
            first_packet: message.first.packet,
            len: message.len,
            wire_len: message.wire_len,
            conn: 0,
            n: count(message.n),
            frames: count(message.frames),
            first_frame: count(message.first_frame),
            last_frame: count(message.last_frame),
            text: 0,
            text_len: preview.len() as u8,
            dir: message.dir,
            kind: message.kind,
            compressed: message.compressed,
            invalid_utf8: matches!(message.utf8, Some(Utf8::Invalid { .. } | Utf8::CutAtEnd { .. })),
            fault: message.fault,
            close_code: message.close_code(),
        }
    }

    /// Its preview among those of its segment.
    pub(super) fn preview<'a>(&self, shared: &'a str) -> &'a str {
        let start = self.text as usize;
        shared.get(start..start + usize::from(self.text_len)).unwrap_or_default()
    }

    /// The frame with this number is one of its own, or stands between them.
    pub(super) fn spans(&self, frame: u64) -> bool {
        (u64::from(self.first_frame)..=u64::from(self.last_frame)).contains(&frame)
    }

    /// What it is called: `3.m41`.
    #[must_use]
    pub fn id(&self) -> Place {
        Place { conn: self.conn, what: What::Message(self.n.into()) }
    }
}

/// The payload's beginning, fit for a terminal: of a binary message in hex, else as text.
fn write_preview(message: &Message<'_>, text: &mut String) {
    let bytes = if message.kind == Kind::Close { message.close_reason() } else { message.payload };
    let head = bytes.get(..PREVIEW).unwrap_or(bytes);
    if message.kind == Kind::Binary {
        for byte in head.iter().take(PREVIEW.div_ceil(3)) {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x} ");
        }
    } else if head.iter().all(|byte| (b' '..=b'~').contains(byte))
        && let Ok(head) = std::str::from_utf8(head)
    {
        // Nearly all there is: shown as it is.
        text.push_str(head);
    } else {
        // No byte is shown as less than one; a code point that the end cuts is beyond what is kept.
        visible::visible(bytes.get(..PREVIEW + 4).unwrap_or(bytes), text);
    }
    text.truncate(text.floor_char_boundary(PREVIEW));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn previews_are_short_and_harmless() {
        for (kind, payload, expected) in [
            (Kind::Text, "{\"type\":\"a\"}".as_bytes(), "{\"type\":\"a\"}".to_owned()),
            (Kind::Ping, b"\x1b[2J\n", "␛[2J␊".to_owned()),
            (Kind::Close, b"\x03\xe8bye", "bye".to_owned()),
            (Kind::Binary, b"\x00\xff", "00 ff ".to_owned()),
            (Kind::Binary, &[7; 90], "07 ".repeat(22).trim_end_matches("7 ").to_owned()),
            (Kind::Text, &[b'x'; 900], "x".repeat(64)),
            (Kind::Text, "é".repeat(90).as_bytes(), "é".repeat(32)),
            (Kind::Text, "aé".repeat(90).as_bytes(), format!("{}a", "aé".repeat(21))),
        ] {
            let mut preview = "old".to_owned();
            let row = Row::new(&sample::message(Dir::S2c, kind, payload), &mut preview);
            assert_eq!(preview.len(), usize::from(row.text_len));
            assert_eq!(preview, expected);
            assert_eq!((row.kind, row.len), (kind, payload.len() as u64));
        }
        assert_eq!(size_of::<Row>(), 80);
    }
}
