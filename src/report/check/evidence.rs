//! What a finding was seen in, drawn: the header's bits, the handshake's line, the payload's bytes, with
//! carets below what is at fault.

use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

use crate::report::visible::{self, Style};
use crate::report::{diagram, hexdump};
use crate::rules::finding::{Evidence, Part};
use crate::ws::header::Header;

use super::words::clean;
use super::wrap::wrap;

/// A line of the drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// What was sent.
    Sent(String),
    /// Carets below it, and what is wrong there; a label without carets goes on with the one above.
    Mark {
        /// Columns before it.
        indent: usize,
        /// How many carets.
        carets: usize,
        /// What is wrong.
        label: String,
    },
}

impl Line {
    /// As plain text.
    pub(crate) fn plain(&self) -> String {
        match self {
            Self::Sent(text) => text.trim_end().to_owned(),
            Self::Mark { indent, carets, label } => {
                let space = if *carets > 0 && !label.is_empty() { " " } else { "" };
                format!("{:indent$}{}{space}{label}", "", "^".repeat(*carets))
            }
        }
    }
}

/// Draws the evidence in `width` columns; nothing where there is none.
pub(crate) fn draw(evidence: &Evidence, width: usize, ascii: bool) -> Vec<Line> {
    match evidence {
        Evidence::None => Vec::new(),
        Evidence::Frame { header, part, label } => frame(header, *part, &clean(label, ascii), width, ascii),
        Evidence::Line { line, mark, label } => {
            handshake_line(line, mark, &clean(label, ascii), width, ascii)
        }
        Evidence::Payload { offset, bytes, mark, label } => {
            payload(*offset, bytes, mark, &clean(label, ascii), width)
        }
    }
}

/// Bits of a row of the diagram.
const ROW: usize = 32;

/// The rows of the diagram from the first to those of the part at fault.
fn frame(header: &Header, part: Part, label: &str, width: usize, ascii: bool) -> Vec<Line> {
    let bits = bits(header, part);
    let drawn = diagram::diagram(header, &[], ascii);
    let mut lines = Vec::new();
    let mut row = 0;
    let last = bits.end.saturating_sub(1) / ROW;
    for line in drawn {
        if let Some(offset) = line.offset {
            if offset > 0 {
                mark_row(&bits, row, None, width, &mut lines);
            }
            row = offset / 4;
            if row > last {
                break;
            }
        }
        // The rulers and the borders between rows are left out.
        if line.text.starts_with('|') {
            lines.push(Line::Sent(line.text));
        }
    }
    // The marks of the last row have the label. They are missing yet where the diagram ends with it.
    while matches!(lines.last(), Some(Line::Mark { .. })) {
        lines.pop();
    }
    mark_row(&bits, last, Some(label), width, &mut lines);
    lines
}

/// Carets below the bits that stand in this row.
fn mark_row(bits: &Range<usize>, row: usize, label: Option<&str>, width: usize, lines: &mut Vec<Line>) {
    let start = bits.start.max(row * ROW);
    let end = bits.end.min((row + 1) * ROW);
    if start < end {
        let (indent, carets) = (2 * (start - row * ROW) + 1, 2 * (end - start) - 1);
        marked(indent, carets, label.unwrap_or_default(), width, lines);
    }
}

/// Where the diagram has a part: its bits, counted from the first of the header. A part that this
/// header does not have stands where its absence shows.
fn bits(header: &Header, part: Part) -> Range<usize> {
    let extended = match header.len7 {
        126 => 16,
        127 => 64,
        _ => 0,
    };
    let key = 16 + extended;
    let payload = key + if header.mask.is_some() { 32 } else { 0 };
    match part {
        Part::Fin => 0..1,
        Part::Rsv => 1..4,
        Part::Opcode => 4..8,
        Part::Mask => 8..9,
        Part::ExtendedLength if extended == 16 => 16..32,
        // Its value is written in the second row.
        Part::ExtendedLength if extended == 64 => ROW..2 * ROW,
        Part::Key if header.mask.is_some() => key..payload,
        Part::Key => 8..9,
        Part::Payload if header.len > 0 => payload..(payload / ROW + 1) * ROW,
        Part::Length | Part::ExtendedLength | Part::Payload => 9..16,
    }
}

/// A line of the handshake: as much of it as there is room for around the part at fault.
fn handshake_line(line: &[u8], mark: &Range<usize>, label: &str, width: usize, ascii: bool) -> Vec<Line> {
    let style = Style { ascii, multi_line: false };
    let line = line.strip_suffix(b"\r\n").unwrap_or(line);
    let shown = |bytes: &[u8]| {
        let mut out = String::new();
        visible::append(bytes, style, &mut out);
        out
    };
    let end = mark.end.min(line.len());
    let start = mark.start.min(end);
    let part = |range: Range<usize>| shown(line.get(range).unwrap_or_default());
    let fault = visible::fit(&part(start..end), width, ascii);
    let mut room = width - fault.width();
    let (before, after) = (part(0..start), part(end..line.len()));
    let before = fit_end(&before, room - after.width().min(room / 4), ascii);
    room -= before.width();
    let mut text = before;
    let (indent, carets) = (text.width(), fault.width().max(1));
    text.push_str(&fault);
    text.push_str(&visible::fit(&after, room, ascii));
    let mut lines = vec![Line::Sent(text)];
    marked(indent, carets, label, width, &mut lines);
    lines
}

/// The end of `text` that fits into `width` columns.
fn fit_end(text: &str, width: usize, ascii: bool) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let ellipsis = if ascii { "..." } else { "…" };
    let room = width.saturating_sub(ellipsis.width());
    let mut chars = text.chars();
    while chars.as_str().width() > room && chars.next().is_some() {}
    if ellipsis.width() > width { String::new() } else { format!("{ellipsis}{}", chars.as_str()) }
}

/// Rows of a hexdump that are shown at most.
const DUMP_ROWS: usize = 4;

fn payload(offset: u64, bytes: &[u8], mark: &Range<usize>, label: &str, width: usize) -> Vec<Line> {
    let last_byte = bytes.len().saturating_sub(1);
    let start = mark.start.min(last_byte);
    let end = mark.end.min(bytes.len()).max(start + 1);
    let (first_row, last_row) = (start / hexdump::WIDTH, (end - 1) / hexdump::WIDTH);
    let from = first_row.saturating_sub(1);
    let mut lines = Vec::new();
    for (row, dump) in hexdump::lines(offset, bytes).enumerate().skip(from).take(DUMP_ROWS) {
        if row > last_row + 1 {
            break;
        }
        // Offsets of eight figures would not fit into 80 columns, and are rare.
        let dump = dump.strip_prefix("0000").unwrap_or(&dump).to_owned();
        let figures = dump.find(' ').unwrap_or_default();
        lines.push(Line::Sent(dump));
        let base = row * hexdump::WIDTH;
        let here = start.max(base)..end.min(base + hexdump::WIDTH);
        if here.is_empty() {
            continue;
        }
        let column = |byte: usize| figures + 2 + 3 * (byte - base) + usize::from(byte - base >= 8);
        let carets = column(here.end - 1) + 2 - column(here.start);
        let is_last = row == last_row || row + 1 == from + DUMP_ROWS;
        marked(column(here.start), carets, if is_last { label } else { "" }, width, &mut lines);
    }
    lines
}

/// Carets with their label: behind them where it fits, else below, as far to the right as it can be.
fn marked(indent: usize, carets: usize, label: &str, width: usize, lines: &mut Vec<Line>) {
    let behind = indent + carets + 1;
    if label.is_empty() || behind + label.width() <= width {
        lines.push(Line::Mark { indent, carets, label: label.to_owned() });
        return;
    }
    lines.push(Line::Mark { indent, carets, label: String::new() });
    let indent = indent.min(width.saturating_sub(label.width()));
    let room = width - indent;
    lines.extend(wrap(label, room, room).into_iter().map(|label| Line::Mark { indent, carets: 0, label }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(evidence: &Evidence, width: usize) -> Vec<String> {
        draw(evidence, width, false).iter().map(Line::plain).collect()
    }

    fn frame(bytes: &[u8], part: Part) -> Vec<String> {
        let (header, _) = Header::decode(bytes).unwrap();
        drawn(&Evidence::Frame { header, part, label: "here".into() }, 75)
    }

    #[test]
    fn every_part_has_its_carets() {
        assert_eq!(
            frame(&[0x81, 62], Part::Mask),
            [
                "|F|R|R|R| opcode|M| Payload len |         Payload data          |",
                "|1|0|0|0|  0x1  |0|     62      |                               |",
                "                 ^ here",
            ]
        );
        let short = [0x89, 0x80, 1, 2, 3, 4];
        for (part, marks) in [
            (Part::Fin, " ^ here"),
            (Part::Rsv, "   ^^^^^ here"),
            (Part::Opcode, "         ^^^^^^^ here"),
            (Part::Length, "                   ^^^^^^^^^^^^^ here"),
            (Part::ExtendedLength, "                   ^^^^^^^^^^^^^ here"),
            (Part::Payload, "                   ^^^^^^^^^^^^^ here"),
        ] {
            let lines = frame(&short, part);
            assert_eq!((lines.len(), &*lines[2]), (3, marks), "{part:?} {lines:#?}");
        }
        assert_eq!(
            frame(&short, Part::Key),
            [
                "|F|R|R|R| opcode|M| Payload len |          Masking-key          |",
                "|1|0|0|0|  0x9  |1|      0      |             01 02             |",
                "                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
                "|    Masking-key (continued)    |                               |",
                "|             03 04             |                               |",
                " ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ here",
            ]
            .map(|line| if line.contains("continued") || line.contains("03 04") {
                format!("{}{}", &line[..33], " ".repeat(31) + "|")
            } else {
                line.to_owned()
            })
        );
    }

    #[test]
    fn long_lengths_are_marked_where_their_value_stands() {
        let long = frame(&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0], Part::ExtendedLength);
        assert_eq!(long.len(), 4, "{long:#?}");
        assert!(long[2].contains("65536"), "{long:#?}");
        assert!(long[3].starts_with(" ^^^^"), "{long:#?}");
        let short = frame(&[0x82, 126, 0, 5], Part::ExtendedLength);
        assert_eq!(short[2].find('^'), short[1].rfind("|     ").map(|at| at + 1), "{short:#?}");
        let payload = frame(&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0], Part::Payload);
        assert!(payload.last().unwrap().trim_start().starts_with("^^^"), "{payload:#?}");
    }

    #[test]
    fn lines_are_cut_around_the_fault() {
        let text = format!("Cookie: {}=\x1b[2J; {}", "a".repeat(90), "b".repeat(90));
        let at = text.find('\x1b').unwrap();
        let evidence = Evidence::Line { line: text.into(), mark: at..at + 1, label: "ESC".into() };
        let lines = drawn(&evidence, 40);
        assert_eq!(lines[0].width(), 40);
        assert!(lines[0].starts_with('…') && lines[0].ends_with('…'), "{lines:?}");
        let before = &lines[0][..lines[0].find('␛').unwrap()];
        assert_eq!(before.width(), lines[1].find('^').unwrap());
        let long = Evidence::Line { line: vec![b'x'; 500], mark: 0..500, label: "too long".into() };
        assert_eq!(drawn(&long, 40)[1..], ["^".repeat(40), "too long".to_owned()]);
        let none = Evidence::Line { line: b"Host:\r\n".to_vec(), mark: 9..70, label: "empty".into() };
        assert_eq!(drawn(&none, 40), ["Host:", "     ^ empty"]);
    }

    #[test]
    fn bytes_are_marked_across_rows() {
        let bytes: Vec<u8> = (0x60..0x80).collect();
        let evidence = Evidence::Payload { offset: 16, bytes, mark: 14..17, label: "bad".into() };
        assert_eq!(
            drawn(&evidence, 75),
            [
                "0010  60 61 62 63 64 65 66 67  68 69 6a 6b 6c 6d 6e 6f  |`abcdefghijklmno|",
                "                                                 ^^^^^",
                "0020  70 71 72 73 74 75 76 77  78 79 7a 7b 7c 7d 7e 7f  |pqrstuvwxyz{|}~.|",
                "      ^^ bad",
            ]
        );
        let empty = Evidence::Payload { offset: 0, bytes: Vec::new(), mark: 0..1, label: "bad".into() };
        assert!(drawn(&empty, 75).is_empty());
    }
}
