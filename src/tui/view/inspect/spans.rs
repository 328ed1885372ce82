//! Text of a payload on a line: what cannot be seen is made visible, in a role of its own.

use unicode_width::UnicodeWidthStr as _;

use crate::report::visible;
use crate::tui::canvas::{Canvas, Spans};
use crate::tui::theme::Role;

/// The most bytes of a line that are looked at to draw it, for each of its columns.
const BYTES: usize = 16;

/// Appends text; `matches` are parts of it to be highlighted, in order, as offsets of the text that it begins at
/// byte `start` of.
pub(super) fn text(bytes: &[u8], start: usize, role: Role, matches: &[(u32, u32)], spans: &mut Spans) {
    let first = matches.partition_point(|(_, end)| *end as usize <= start);
    let mut at = 0;
    for (from, to) in matches.get(first..).unwrap_or_default() {
        let from = (*from as usize).saturating_sub(start).max(at);
        let to = (*to as usize).saturating_sub(start).min(bytes.len());
        if from >= bytes.len() {
            break;
        }
        plain(bytes.get(at..from).unwrap_or_default(), role, spans);
        plain(bytes.get(from..to).unwrap_or_default(), Role::Match, spans);
        at = to.max(at);
    }
    plain(bytes.get(at..).unwrap_or_default(), role, spans);
}

/// Text in one role, but for what is made visible.
fn plain(bytes: &[u8], role: Role, spans: &mut Spans) {
    let special = if role == Role::Match { Role::Match } else { Role::Special };
    let mut put = |text: &str, role: Role| match spans.last_mut() {
        Some((last, of)) if *of == role => last.push_str(text),
        _ => spans.push((text.to_owned(), role)),
    };
    for chunk in bytes.utf8_chunks() {
        let mut shown = String::new();
        for c in chunk.valid().chars() {
            shown.clear();
            let mut utf8 = [0; 4];
            let c = c.encode_utf8(&mut utf8);
            visible::visible(c.as_bytes(), &mut shown);
            put(&shown, if *shown == *c { role } else { special });
        }
        if !chunk.invalid().is_empty() {
            shown.clear();
            visible::visible(chunk.invalid(), &mut shown);
            put(&shown, special);
        }
    }
}

/// The beginning of `bytes` that fills so many columns for sure; it ends between characters.
pub(super) fn head(bytes: &[u8], columns: usize) -> &[u8] {
    let most = columns.saturating_mul(BYTES);
    if bytes.len() <= most {
        return bytes;
    }
    let back = (0..4).find(|back| bytes.get(most - back).is_none_or(|byte| byte & 0xc0 != 0x80));
    bytes.get(..most - back.unwrap_or(0)).unwrap_or(bytes)
}

/// Draws spans, without the first `left` columns of them. What does not fit ends in `…`.
pub(super) fn draw(spans: &Spans, left: usize, x: u16, y: u16, width: u16, canvas: &mut Canvas<'_>) {
    let (mut skip, mut at) = (left, 0);
    let wide: usize = spans.iter().map(|(text, _)| text.width()).sum();
    let cut = wide.saturating_sub(left) > usize::from(width);
    let room = if cut { width.saturating_sub(1) } else { width };
    for (text, role) in spans {
        let mut text = text.as_str();
        while skip > 0
            && let Some(c) = text.chars().next()
        {
            let (first, rest) = text.split_at(c.len_utf8());
            skip = skip.saturating_sub(first.width());
            text = rest;
        }
        if skip > 0 || text.is_empty() {
            continue;
        }
        if at + text.width() > usize::from(room) {
            // The canvas would end it with an ellipsis of its own.
            let mut fits = 0;
            let mut taken = 0;
            for c in text.chars() {
                let next = taken + c.encode_utf8(&mut [0; 4]).width();
                if at + next > usize::from(room) {
                    break;
                }
                taken = next;
                fits += c.len_utf8();
            }
            at += usize::from(canvas.put(
                x + at as u16,
                y,
                room - at as u16,
                text.get(..fits).unwrap_or(""),
                *role,
            ));
            break;
        }
        at += usize::from(canvas.put(x + at as u16, y, room - at as u16, text, *role));
    }
    if cut && width > 0 {
        canvas.put(x + at as u16, y, 1, "…", Role::Dim);
    }
}
