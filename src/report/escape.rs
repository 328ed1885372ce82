//! Text escaped as JSON demands and no further.
//!
//! Most messages are JSON, so there is a quote in every second word of eight bytes. Sixteen bytes are
//! looked at together; what needs a backslash is found as bits, and behind each backslash the rest of
//! the sixteen is stored again. No store waits for another, and no branch guesses where a quote is.

use wide::u8x16;

use crate::observe::Buffer;

/// Appends `text` to `out`, escaped, without the quotes around it.
pub(super) fn text(text: &[u8], out: &mut Buffer) {
    for block in text.chunks(BLOCK) {
        let room = out.spare(GROWTH * block.len() + ROOM);
        let mut len = 0;
        let mut rest = block;
        while let Some(window) = rest.first_chunk::<REACH>() {
            len = escape(window, room, len);
            rest = rest.get(WINDOW..).unwrap_or_default();
        }
        let mut last = [b' '; 2 * REACH];
        if let Some(slots) = last.get_mut(..rest.len()) {
            slots.copy_from_slice(rest);
        }
        let mut done = 0;
        while done < rest.len() {
            if let Some(window) = last.get(done..).and_then(<[u8]>::first_chunk::<REACH>) {
                len = escape(window, room, len);
            }
            done += WINDOW;
        }
        // Without the spaces that filled the last window up.
        out.advance(len - (done - rest.len()));
    }
}

/// Bytes for which room is made at once.
const BLOCK: usize = 4 << 10;
/// Bytes looked at together.
const WINDOW: usize = 16;
/// A window, and as many bytes again that may be stored with its last one.
const REACH: usize = 2 * WINDOW;
/// The most that a byte becomes: `\u001f`.
const GROWTH: usize = 6;
/// Room for what a window can become, and a store past the end.
const ROOM: usize = GROWTH * WINDOW + WINDOW;

/// Escapes the first half of `window` to `out[len..]`; where its output ends.
#[inline]
fn escape(window: &[u8; REACH], out: &mut [u8], len: usize) -> usize {
    let Some(room) = out.get_mut(len..).and_then(<[u8]>::first_chunk_mut::<ROOM>) else { return len };
    let Some(first) = window.first_chunk::<WINDOW>() else { return len };
    room[..WINDOW].copy_from_slice(first);
    let bytes = u8x16::from(*first);
    let controls = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    let quotes = bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\\'));
    if controls.to_bitmask() != 0 {
        return len + escape_controls(first, room);
    }
    let mut quotes = quotes.to_bitmask() & 0xffff;
    let mut added = 0;
    while quotes != 0 {
        let place = quotes.trailing_zeros() as usize % WINDOW;
        quotes &= quotes - 1;
        // At most sixteen are added; the mask tells the compiler.
        let at = place + added % REACH;
        room[at] = b'\\';
        room[at + 1..at + 1 + WINDOW].copy_from_slice(&window[place..place + WINDOW]);
        added += 1;
    }
    len + WINDOW + added
}

/// A window with control characters in it, byte by byte; how long its output is.
#[cold]
fn escape_controls(window: &[u8; WINDOW], room: &mut [u8; ROOM]) -> usize {
    let mut len = 0;
    let mut put = |bytes: &[u8]| {
        if let Some(room) = room.get_mut(len..len + bytes.len()) {
            room.copy_from_slice(bytes);
        }
        len += bytes.len();
    };
    for &byte in window {
        match byte {
            b'"' => put(b"\\\""),
            b'\\' => put(b"\\\\"),
            b'\n' => put(b"\\n"),
            b'\r' => put(b"\\r"),
            b'\t' => put(b"\\t"),
            0x08 => put(b"\\b"),
            0x0c => put(b"\\f"),
            0x00..=0x1f => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                put(&[b'\\', b'u', b'0', b'0', b'0' + (byte >> 4), DIGITS[usize::from(byte & 15)]]);
            }
            _ => put(&[byte]),
        }
    }
    len
}
