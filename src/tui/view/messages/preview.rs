//! A few lines on the message under the cursor, where there is no room for an inspector.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthChar as _;

use super::cell;
use crate::report::visible;
use crate::report::words::{self, arrow, count, number, packets};
use crate::time::Delay;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::model::Model;
use crate::tui::store::{PAIRED, Row};
use crate::tui::theme::Role;
use crate::ws::fact::Kind;

/// Draws the preview, a line with the id above it.
pub(super) fn draw(model: &mut Model, area: Rect, canvas: &mut Canvas<'_>) {
    canvas.rule(area.x, area.y, area.width);
    canvas.hit(area, Hit::Pane(1));
    let Some((place, row, preview)) = model.message.and_then(|place| {
        let (row, preview) = model.store.message(place)?;
        Some((place, *row, preview.to_owned()))
    }) else {
        return;
    };
    let room = area.width.saturating_sub(2);
    canvas.put(area.x + 1, area.y, room, &format!(" {} ", row.id()), Role::Heading);
    let found: Vec<(String, Role)> = model
        .store
        .findings_on(&row)
        .map(|(_, found)| {
            let (letter, role) = cell::letter(found.finding.rule.level);
            (format!("{letter} {} {}", found.finding.rule.code, found.finding.text), role)
        })
        .collect();
    let mut lines: Vec<(String, Role)> = Vec::new();
    let height = usize::from(area.height.saturating_sub(1));
    if height > 1 {
        let mut facts = facts(&row);
        if let Some(pair) = pair(model, &row) {
            facts = format!("{facts}  {pair}");
        }
        lines.push((facts, Role::Dim));
    }
    if let Some(fault) = row.fault {
        lines.push((words::fault(fault).to_owned(), cell::fault(fault).1));
    }
    if let Some((first, role)) = found.first() {
        let more = if found.len() > 1 { format!("  +{}", found.len() - 1) } else { String::new() };
        lines.push((format!("{first}{more}"), *role));
    }
    if let Some(note) = model.notes.get(&row).filter(|note| !note.text.is_empty()) {
        lines.push((format!("; {}", note.text), Role::Key));
    }
    let left = height.saturating_sub(lines.len());
    let text = payload(model, place, &row, &preview, usize::from(room) * left);
    lines.extend(wrapped(&text, room.into()).into_iter().take(left).map(|line| (line, Role::Text)));
    for (y, (line, role)) in (area.y + 1..area.bottom()).zip(lines) {
        canvas.put(area.x + 1, y, room, &line, role);
    }
}

/// Size, frames and packets.
pub(super) fn facts(row: &Row) -> String {
    let mut facts = format!("{}{}  {}", arrow(row.dir), cell::op(row.kind), count(row.len, "byte"));
    if row.compressed {
        facts.push_str(&format!(" ({} on the wire)", number(row.wire_len)));
    }
    let frames = match row.frames {
        1 => format!("f{}", row.first_frame),
        many => format!("{} from f{}", count(many.into(), "frame"), row.first_frame),
    };
    format!("{facts}  {frames}  {}", packets(row.first_packet, row.last.packet))
}

/// The message that this one answers, or that answers it.
pub(super) fn pair(model: &Model, row: &Row) -> Option<String> {
    let n = u64::from(row.n);
    let other = |n| Some(model.store.message(model.store.place_of(row.conn, n)?)?.0);
    let later = || (n + 1..n + PAIRED as u64).map_while(other).filter(|other| other.dir != row.dir);
    let earlier = || {
        let before = n.saturating_sub(PAIRED as u64).max(1)..n;
        before.rev().map_while(other).filter(|other| other.dir != row.dir)
    };
    let (words, found) = match row.kind {
        Kind::Ping => ("answered by", model.store.other_half(row)),
        Kind::Pong => ("answers", model.store.other_half(row)),
        Kind::Close => match earlier().find(|other| other.kind == Kind::Close) {
            Some(first) => ("answers", Some(first)),
            None => ("answered by", later().find(|other| other.kind == Kind::Close)),
        },
        Kind::Text | Kind::Binary => ("then", later().find(|other| other.kind.is_data())),
    };
    match found {
        Some(other) => {
            let delay = Delay(other.last.time.since(row.last.time).saturating_abs());
            let arrow = if words == "then" { arrow(other.dir) } else { "" };
            Some(format!("{words} {arrow}m{} after {delay}", other.n))
        }
        None if row.kind == Kind::Ping => Some("not answered".to_owned()),
        None if row.kind == Kind::Pong => Some("answers no ping".to_owned()),
        None => None,
    }
}

/// The beginning of the payload, fit for a terminal.
fn payload(model: &mut Model, place: usize, row: &Row, preview: &str, columns: usize) -> String {
    if row.fault.is_some() && row.len == 0 {
        return String::new();
    }
    if row.kind == Kind::Close || row.len <= preview.len() as u64 {
        let mut whole = *row;
        (whole.fault, whole.frames, whole.invalid_utf8) = (None, 1, false);
        return cell::text(&cell::summary(&whole, preview));
    }
    // What is in memory is too short: it is read again.
    let Some(detail) = model.detail(place).ready() else { return format!("{preview}…") };
    let payload = detail.message().payload;
    let head = payload.get(..columns).unwrap_or(payload);
    let mut text = String::new();
    if row.kind == Kind::Binary {
        for byte in head.iter().take(columns.div_ceil(3)) {
            text.push_str(&format!("{byte:02x} "));
        }
    } else {
        visible::visible(head, &mut text);
    }
    let more = row.len > head.len() as u64 || row.kind == Kind::Binary && payload.len() > columns.div_ceil(3);
    if more {
        text.push('…');
    }
    text
}

/// Text in lines of so many columns.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        line.push(c);
        used += wide;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_wide_as_there_is_room() {
        assert_eq!(wrapped("abcdefg", 3), ["abc", "def", "g"]);
        assert_eq!(wrapped("日本語", 5), ["日本", "語"]);
        assert_eq!(wrapped("", 5), [""]);
    }
}
