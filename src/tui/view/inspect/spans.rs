//! Text of a payload on a line: what cannot be seen is made visible, in a role of its own.

use crate::report::visible;
use crate::tui::canvas::Spans;
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
