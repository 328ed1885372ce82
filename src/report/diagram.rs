//! The bit diagram of RFC 6455 section 5.2, filled with a header that was really sent, and what each
//! of its fields means.

use std::ops::Range;

use crate::item::Dir;
use crate::ws::fact::Opcode;
use crate::ws::header::Header;

/// A line of the diagram, 65 columns wide (33 where a row has 16 bits); those above the first row are shorter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// For the first line of a row: the offset in the frame of the row's first byte.
    pub offset: Option<usize>,
    /// The line.
    pub text: String,
}

/// A diagram, and where in it the fields stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawing {
    /// Its lines.
    pub lines: Vec<Line>,
    /// The places of fields; those of a field that takes several lines come one after another.
    pub spots: Vec<Spot>,
}

/// Where a field stands on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// [`Field::name`], or `payload`.
    pub field: &'static str,
    /// The line's number, from 0.
    pub line: usize,
    /// The columns between its borders.
    pub columns: Range<usize>,
}

/// A field of the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// What the value means here, and what is remarkable about it.
    pub meaning: String,
    /// Where that is written.
    pub source: &'static str,
}

/// A field as it is drawn.
struct Cell {
    field: &'static str,
    bits: usize,
    label: &'static str,
    value: String,
}

/// Draws the header of a frame. `wire` is its payload as on the wire, of which the begin is shown;
/// `ascii` is for terminals that have nothing else.
#[must_use]
pub fn diagram(header: &Header, wire: &[u8], ascii: bool) -> Vec<Line> {
    draw(header, wire, ascii, 32).lines
}

/// As [`diagram`], with `width` bits a row: 32, or 16 where there is less room.
#[must_use]
pub fn draw(header: &Header, wire: &[u8], ascii: bool, width: usize) -> Drawing {
    let rows = rows(cells(header, wire, ascii, width), width);
    let mut lines =
        vec![ruler(width, |bit| (bit % 8 == 0).then_some(bit / 8)), ruler(width, |bit| Some(bit % 10))];
    let mut spots = Vec::new();
    let mut edges_above = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let edges = edges(row);
        lines.push(Line { offset: None, text: border(&edges_above, &edges, width) });
        for (height, text) in contents(row, width).into_iter().enumerate() {
            let within = row.iter().zip(edges.windows(2)).filter_map(|(cell, edge)| match edge {
                [start, end] => Some((cell.field, 2 * start + 1..2 * end)),
                _ => None,
            });
            spots.extend(within.map(|(field, columns)| Spot { field, line: lines.len(), columns }));
            lines.push(Line { offset: (height == 0).then_some(width / 8 * number), text });
        }
        edges_above = edges;
    }
    lines.push(Line { offset: None, text: border(&edges_above, &[], width) });
    Drawing { lines, spots }
}

fn cells(header: &Header, wire: &[u8], ascii: bool, width: usize) -> Vec<Cell> {
    let cell = |field, bits, label, value: String| Cell { field, bits, label, value };
    let bit = |set: bool| u8::from(set).to_string();
    let mut cells = vec![
        cell("FIN", 1, "F", bit(header.fin)),
        cell("RSV1", 1, "R", bit(header.rsv & 4 != 0)),
        cell("RSV2", 1, "R", bit(header.rsv & 2 != 0)),
        cell("RSV3", 1, "R", bit(header.rsv & 1 != 0)),
        cell("opcode", 4, " opcode", format!("0x{:X}", header.opcode.value())),
        cell("MASK", 1, "M", bit(header.mask.is_some())),
        cell("length", 7, "Payload len", header.len7.to_string()),
    ];
    match header.len7 {
        126 => cells.push(cell("length", 16, "Extended payload length", header.len.to_string())),
        127 => cells.push(cell("length", 64, "Extended payload length", header.len.to_string())),
        _ => {}
    }
    if let Some(key) = header.mask {
        cells.push(cell("masking key", 32, "Masking-key", hex(&key)));
    }
    if header.len > 0 {
        let used: usize = cells.iter().map(|cell| cell.bits).sum();
        let label = if header.mask.is_some() { "Payload data (masked)" } else { "Payload data" };
        let bits = width - used % width;
        // As many bytes as fit, next to the label where that leaves room for some.
        let most = if bits == 32 { 8 } else { (2 * bits - 3) / 3 };
        let begin = hex(wire.get(..most).unwrap_or(wire));
        let more = if wire.len() > most || header.len > wire.len() as u64 { more(&begin, ascii) } else { "" };
        cells.push(cell("payload", bits, label, begin + more));
    }
    cells
}

fn more(begin: &str, ascii: bool) -> &'static str {
    match (begin.is_empty(), ascii) {
        (true, _) => "",
        (false, true) => " ...",
        (false, false) => " …",
    }
}

/// Lays the cells into rows of `width` bits; what crosses the edge goes on in the next row.
fn rows(cells: Vec<Cell>, width: usize) -> Vec<Vec<Cell>> {
    let mut rows = vec![Vec::new()];
    let mut left = width;
    for mut cell in cells {
        loop {
            if left == 0 {
                rows.push(Vec::new());
                left = width;
            }
            let Some(row) = rows.last_mut() else { return rows };
            if cell.bits <= left {
                left -= cell.bits;
                row.push(cell);
                break;
            }
            // A key is torn apart with its field; a number stands where most of the field does.
            let rest = cell.bits - left;
            let (here, below) = match cell.label {
                "Masking-key" => tear(&cell.value, left / 8),
                _ if left >= rest => (cell.value, String::new()),
                _ => (String::new(), cell.value),
            };
            row.push(Cell { field: cell.field, bits: left, label: cell.label, value: here });
            let label = match cell.label {
                "Masking-key" | "Masking-key (continued)" => "Masking-key (continued)",
                _ => "Extended payload length (continued)",
            };
            cell = Cell { field: cell.field, bits: rest, label, value: below };
            left = 0;
        }
    }
    rows
}

/// Bytes in hex, torn after the first `count`.
fn tear(hex: &str, count: usize) -> (String, String) {
    let (here, below) = hex.split_at_checked(3 * count).unwrap_or((hex, ""));
    (here.trim_end().to_owned(), below.to_owned())
}

/// The bits at which a row's cells begin and end.
fn edges(row: &[Cell]) -> Vec<usize> {
    let mut edges = vec![0];
    let mut at = 0;
    for cell in row {
        at += cell.bits;
        edges.push(at);
    }
    edges
}

/// The line between two rows. A row that ends early is closed by the line below it.
fn border(above: &[usize], below: &[usize], width: usize) -> String {
    let ends: Vec<usize> = above.iter().chain(below).copied().chain([0, width]).collect();
    (0..=2 * width)
        .map(|column| if column % 2 == 0 && ends.contains(&(column / 2)) { '+' } else { '-' })
        .collect()
}

/// One line for a row of wide cells, two where one of them is narrow.
fn contents(row: &[Cell], width: usize) -> Vec<String> {
    let full: usize = row.iter().map(|cell| cell.bits).sum();
    let end = if full == width { String::new() } else { " ".repeat(2 * (width - full) - 1) + "|" };
    let taken = |cell: &Cell| {
        let value = if cell.value.is_empty() { 0 } else { cell.value.chars().count() + 2 };
        fit(cell.label, 2 * width - 1).len() + value
    };
    let one_line = row.iter().all(|cell| cell.bits >= width && taken(cell) < 2 * width);
    let line = |text: &dyn Fn(&Cell) -> String| {
        let cells: String =
            row.iter().map(|cell| format!("|{:^width$}", text(cell), width = 2 * cell.bits - 1)).collect();
        format!("{cells}|{end}")
    };
    if one_line {
        return vec![line(&|cell| match &*cell.value {
            "" => fit(cell.label, 2 * width - 1),
            value => format!("{}  {value}", fit(cell.label, 2 * width - 1)),
        })];
    }
    vec![line(&|cell| fit(cell.label, 2 * cell.bits - 1)), line(&|cell| cell.value.clone())]
}

/// Long labels in short cells.
fn fit(label: &str, width: usize) -> String {
    if label.len() <= width {
        return label.to_owned();
    }
    match label {
        "Extended payload length (continued)" => "Payload length (continued)".to_owned(),
        _ => label.chars().take(width).collect(),
    }
}

fn ruler(width: usize, digit: impl Fn(usize) -> Option<usize>) -> Line {
    let text: String =
        (0..width).map(|bit| digit(bit).map_or("  ".to_owned(), |digit| format!(" {digit}"))).collect();
    Line { offset: None, text: text.trim_end().to_owned() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

/// What each field of a header says. `deflate` is whether permessage-deflate was agreed, `None` where
/// the handshake is not known.
#[must_use]
pub fn fields(header: &Header, dir: Dir, deflate: Option<bool>) -> Vec<Field> {
    let field = |name, value: String, meaning: String, source| Field { name, value, meaning, source };
    let mut fields = vec![field("FIN", u8::from(header.fin).to_string(), fin(header), "RFC 6455 5.2")];
    let (rsv1, source) = rsv1(header, deflate);
    fields.push(field("RSV1", u8::from(header.rsv1()).to_string(), rsv1.to_owned(), source));
    for (name, bit) in [("RSV2", 2), ("RSV3", 1)] {
        let (value, meaning) =
            if header.rsv & bit == 0 { ("0", "reserved") } else { ("1", "reserved, but set") };
        fields.push(field(name, value.to_owned(), meaning.to_owned(), "RFC 6455 5.2"));
    }
    fields.push(field(
        "opcode",
        format!("0x{:X}", header.opcode.value()),
        opcode(header.opcode),
        opcode_source(header.opcode),
    ));
    fields.push(field(
        "MASK",
        u8::from(header.mask.is_some()).to_string(),
        mask(header, dir).to_owned(),
        "RFC 6455 5.1",
    ));
    fields.push(field("length", header.len.to_string(), length(header), "RFC 6455 5.2"));
    if let Some(key) = header.mask {
        let meaning =
            if key == [0; 4] { "masks nothing: all zeros" } else { "each payload byte is XORed with it" };
        fields.push(field("masking key", hex(&key), meaning.to_owned(), "RFC 6455 5.3"));
    }
    fields
}

fn fin(header: &Header) -> String {
    match (header.fin, header.opcode.is_control(), header.opcode == Opcode::CONTINUATION) {
        (true, true, _) => "whole",
        (true, false, true) => "final fragment of a message",
        (true, false, false) => "final fragment: a message in one frame",
        (false, true, _) => "more fragments follow, but a control frame has none",
        (false, false, true) => "more fragments follow",
        (false, false, false) => "first fragment, more follow",
    }
    .to_owned()
}

const fn rsv1(header: &Header, deflate: Option<bool>) -> (&'static str, &'static str) {
    const DEFLATE: &str = "RFC 7692 6";
    const BASE: &str = "RFC 6455 5.2";
    let first = !header.opcode.is_control() && header.opcode.value() != 0;
    match (header.rsv1(), deflate) {
        (true, Some(true)) if first => ("compressed (permessage-deflate agreed)", DEFLATE),
        (true, Some(true)) => ("set, but only the first frame of a data message may", DEFLATE),
        (true, Some(false)) => ("set, but no extension agreed gives it a meaning", BASE),
        (true, None) => ("probably compressed (the handshake is not known)", DEFLATE),
        (false, Some(true)) if first => {
            ("not compressed (permessage-deflate agreed, not used here)", DEFLATE)
        }
        (false, Some(true)) if header.opcode.is_control() => {
            ("reserved: control frames are not compressed", DEFLATE)
        }
        (false, Some(true)) => ("says nothing here: the message's first frame has it", DEFLATE),
        (false, _) => ("reserved", BASE),
    }
}

fn opcode(opcode: Opcode) -> String {
    match (opcode.is_reserved(), opcode.is_control()) {
        (false, false) => opcode.name().to_owned(),
        (false, true) => format!("{}, a control frame", opcode.name()),
        (true, false) => "reserved for data frames".to_owned(),
        (true, true) => "reserved for control frames".to_owned(),
    }
}

const fn opcode_source(opcode: Opcode) -> &'static str {
    match opcode {
        Opcode::CONTINUATION => "RFC 6455 5.4",
        Opcode::TEXT | Opcode::BINARY => "RFC 6455 5.6",
        Opcode::CLOSE => "RFC 6455 5.5.1",
        Opcode::PING => "RFC 6455 5.5.2",
        Opcode::PONG => "RFC 6455 5.5.3",
        _ => "RFC 6455 5.2",
    }
}

const fn mask(header: &Header, dir: Dir) -> &'static str {
    match (dir, header.mask.is_some()) {
        (Dir::C2s, true) => "client to server: required, present",
        (Dir::C2s, false) => "client to server: required, but missing",
        (Dir::S2c, true) => "server to client: not allowed, but present",
        (Dir::S2c, false) => "server to client: not allowed, absent",
    }
}

fn length(header: &Header) -> String {
    let (form, shortest) = match header.len7 {
        126 => ("16-bit form", header.minimal()),
        127 => ("64-bit form", header.minimal()),
        _ => ("7-bit form", true),
    };
    let mut meaning = form.to_owned();
    meaning.push_str(if shortest { ", the shortest" } else { ", not the shortest form" });
    if header.len >> 63 != 0 {
        meaning.push_str(", and the top bit is set");
    }
    if header.opcode.is_control() && header.len > 125 {
        meaning.push_str(", more than the 125 of a control frame");
    }
    meaning
}

#[cfg(test)]
mod tests;
