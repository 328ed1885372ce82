//! Text escaped as JSON demands and no further.
//!
//! Most messages are JSON, so there is a quote in every second word of eight bytes. Sixteen bytes are
//! looked at together; what needs a backslash is found as bits, and behind each backslash the rest of
//! the sixteen is stored again. No store waits for another, and no branch guesses where a quote is.

use wide::u8x16;

use crate::observe::Buffer;

/// Appends `text` to `out`, escaped, without the quotes around it.
pub(super) fn text(text: &[u8], out: &mut Buffer) {
    text_and(text, b"", out);
}

/// Appends `text`, escaped, and `end` as it is.
pub(super) fn text_and<const N: usize>(mut text: &[u8], end: &[u8; N], out: &mut Buffer) {
    while let Some((block, rest)) = text.split_at_checked(BLOCK) {
        let len = into(block, out.spare(GROWTH * BLOCK + ROOM));
        out.advance(len);
        text = rest;
    }
    let room = out.spare(GROWTH * text.len() + ROOM + N);
    let len = into(text, room);
    if let Some(room) = room.get_mut(len..).and_then(<[u8]>::first_chunk_mut) {
        *room = *end;
    }
    out.advance(len + N);
}

/// Escapes `text` to the beginning of `room`; how long that is.
#[inline(always)]
fn into(text: &[u8], room: &mut [u8]) -> usize {
    let (mut len, mut rest) = (0, text);
    while let Some(window) = rest.first_chunk::<REACH>() {
        len = escape(window, room, len);
        rest = rest.get(WINDOW..).unwrap_or_default();
    }
    if rest.is_empty() {
        return len;
    }
    // The last bytes, with spaces behind them.
    let mut last = [b' '; 3 * REACH];
    let mut place = 0;
    if let (Some(end), Some(slots)) = (text.last_chunk::<REACH>(), last.first_chunk_mut()) {
        *slots = *end;
        place = REACH - rest.len();
    } else if let Some(slots) = last.get_mut(..rest.len()) {
        slots.copy_from_slice(rest);
    }
    let end = place + rest.len();
    while place < end {
        if let Some(window) = last.get(place..).and_then(<[u8]>::first_chunk) {
            len = escape(window, room, len);
        }
        place += WINDOW;
    }
    // Without the spaces that filled the last window up.
    len - (place - end)
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
#[inline(always)]
fn escape(window: &[u8; REACH], out: &mut [u8], len: usize) -> usize {
    let Some(room) = out.get_mut(len..).and_then(<[u8]>::first_chunk_mut::<ROOM>) else { return len };
    let Some(first) = window.first_chunk::<WINDOW>() else { return len };
    if let Some(room) = room.first_chunk_mut() {
        *room = *first;
    }
    let bytes = u8x16::from(*first);
    let controls = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    let quotes = bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\\'));
    let mut special = (quotes | controls).to_bitmask() & 0xffff;
    if special == 0 {
        return len + WINDOW;
    }
    if controls.to_bitmask() != 0 {
        return len + escape_controls(first, room);
    }
    let mut added = 0;
    while special != 0 {
        let place = special.trailing_zeros() as usize % WINDOW;
        special &= special - 1;
        // At most sixteen are added; the remainder tells the compiler.
        let at = place + added % WINDOW;
        room[at] = b'\\';
        if let (Some(to), Some(from)) =
            (room[at + 1..].first_chunk_mut(), window[place..].first_chunk::<WINDOW>())
        {
            *to = *from;
        }
        added += 1;
    }
    len + WINDOW + added
}

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
