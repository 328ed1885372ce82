//! Lines of a page, set in a width.

use unicode_width::UnicodeWidthStr as _;

use super::page::Line;
use crate::tui::canvas::Spans;
use crate::tui::theme::Role;

/// A row of the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Row {
    /// The part and line of the page; headings and gaps have none.
    pub(super) line: Option<(usize, usize)>,
    pub(super) spans: Spans,
    /// At the right, behind so many columns.
    pub(super) verdict: Option<(String, Role)>,
    pub(super) room: u16,
}

/// From this width on, values stand in a column of their own.
const COLUMNS: usize = 56;

/// The widest column of names.
const NAMES: usize = 26;

/// Sets the lines of a part.
pub(super) fn set(part: usize, lines: &[Line], width: usize, wrap: bool) -> Vec<Row> {
    let verdicts =
        lines.iter().filter_map(|line| line.verdict.as_ref()).map(|(text, _)| text.width() + 1).max();
    let room = width.saturating_sub(verdicts.unwrap_or(0)).max(8);
    let columns = width >= COLUMNS;
    let colon = |line: &Line| usize::from(line.is_field);
    let widest = lines.iter().map(|line| line.name.width() + colon(line)).max().unwrap_or(0);
    let indent = if columns { (widest + 1).min(NAMES) } else { 0 };
    let mut rows = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let role = line.role.unwrap_or(Role::Text);
        // What was found in the line above.
        let below = line.finding.is_some() && line.verdict.is_none();
        let head = match (&*line.name, line.is_field) {
            _ if below => "^ ".to_owned(),
            _ if line.whole => String::new(),
            ("", _) => " ".repeat(indent),
            (name, true) if columns => format!("{:indent$}", format!("{name}: ")),
            (name, true) => format!("{name}: "),
            (name, false) if columns => format!("{:indent$}", format!("{name} ")),
            (name, false) => format!("{name}  "),
        };
        let hang = if line.whole || !columns { 2 } else { indent };
        let first = room.saturating_sub(head.width()).max(4);
        let texts = if wrap {
            broken(&line.value, first, room.saturating_sub(hang).max(4))
        } else {
            vec![line.value.clone()]
        };
        for (piece, text) in texts.into_iter().enumerate() {
            let spans = if piece == 0 {
                let name_role = if line.whole { role } else { Role::Name };
                vec![(head.clone(), name_role), (text, role)]
            } else {
                vec![(" ".repeat(hang), role), (text, role)]
            };
            let verdict = line.verdict.clone().filter(|_| piece == 0);
            rows.push(Row { line: Some((part, n)), spans, verdict, room: room as u16 });
        }
    }
    rows
}

/// Text in pieces of a width: broken behind spaces, commas and the like where they are near the end, else anywhere.
fn broken(text: &str, first: usize, rest: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let (mut piece, mut width, mut room) = (String::new(), 0, first);
    for c in text.chars() {
        let wide = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if width + wide > room {
            let far = piece.len() / 4;
            let at = piece.rfind([' ', ';', ',', '/', '&', '?']).map(|at| at + 1).filter(|at| *at > far);
            let tail = at.map(|at| piece.split_off(at)).unwrap_or_default();
            pieces.push(piece.trim_end().to_owned());
            width = tail.width();
            piece = tail;
            room = rest;
        }
        if c == ' ' && piece.is_empty() && !pieces.is_empty() {
            continue;
        }
        piece.push(c);
        width += wide;
    }
    pieces.push(piece);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_broken() {
        assert_eq!(broken("permessage-deflate; client_max", 20, 14), ["permessage-deflate;", "client_max"]);
        assert_eq!(broken("abcdefghij", 4, 3), ["abcd", "efg", "hij"]);
        assert_eq!(broken("", 4, 3), [""]);
        assert_eq!(broken("日本語", 4, 2), ["日本", "語"]);
    }

    #[test]
    fn names_stand_in_a_column() {
        let field = |name: &str, value: &str| Line { is_field: true, ..Line::new(name, value) };
        let lines =
            [Line::note("GET / HTTP/1.1", Role::Heading), field("Host", "a"), field("Upgrade", "websocket")];
        let text = |width| {
            let rows = set(0, &lines, width, true);
            rows.iter()
                .map(|row| row.spans.iter().map(|(text, _)| &**text).collect::<String>())
                .collect::<Vec<_>>()
        };
        assert_eq!(text(60), ["GET / HTTP/1.1", "Host:    a", "Upgrade: websocket"]);
        assert_eq!(text(30), ["GET / HTTP/1.1", "Host: a", "Upgrade: websocket"]);
    }
}
