//! The payload: decoded as a tree, as text, or as bytes.

mod search;

use std::collections::HashSet;
use std::sync::Arc;

use ratatui::layout::Rect;

use super::rows::{self, NO_NODE, Row};
use super::spans;
use super::{Pane, Subject, facts};
use crate::decode::{self, Decoded, Format, Kind, Node};
use crate::report::close;
use crate::report::words::{count, number, size};
use crate::tui::action::Action;
use crate::tui::canvas::{Canvas, Hit, Spans};
use crate::tui::list::{Scroll, Step};
use crate::tui::model::Model;
use crate::tui::reopen::MessageDetail;
use crate::tui::theme::Role;
use crate::tui::workers::Later;

/// What is larger is decoded, laid out and searched in another thread.
const QUICK: usize = 64 << 10;

/// Columns that a step to the side goes.
const SIDE: usize = 8;

/// What was decoded, and how: the message's place, as what, and whether at all.
type Of = (usize, Option<Format>, bool);

/// What rows depend on.
type RowsOf = (u64, Option<usize>);

/// What was searched, and for what.
type FoundOf = (Of, String);

/// Parts of a text.
type Matches = Vec<(u32, u32)>;

/// The tab.
#[derive(Debug, Default)]
pub(super) struct PayloadTab {
    forced: Option<Format>,
    raw: bool,
    wrap: bool,
    of: Option<Of>,
    decoded: Option<Arc<Decoded>>,
    decoding: Later<Of, Arc<Decoded>>,
    folds: HashSet<u32>,
    /// Counts what changes the rows.
    version: u64,
    rows: Vec<Row>,
    rows_of: Option<RowsOf>,
    laying: Later<RowsOf, Vec<Row>>,
    scroll: Scroll,
    /// Columns that are left out at the left.
    left: usize,
    /// The byte of the text to which the cursor goes when rows are there.
    wanted: Option<usize>,
    /// Bytes of a row of hex.
    hex: usize,
    found: Arc<Matches>,
    found_of: Option<FoundOf>,
    finding: Later<FoundOf, Arc<Matches>>,
    /// The search goes on; then the next match, or the one before, is gone to.
    seeking: Option<bool>,
    /// The match that was gone to last.
    at_match: Option<usize>,
}

impl PayloadTab {
    /// Has the payload decoded, if it is not.
    pub(super) fn prepare(&mut self, model: &Model, subject: &Subject) {
        let of = (subject.place, self.forced, self.raw);
        if self.of == Some(of) {
            return;
        }
        self.of = None;
        self.decoded = None;
        let detail = Arc::clone(&subject.detail);
        let (forced, raw) = (self.forced, self.raw);
        let decode = move || Arc::new(decoded(&detail, forced, raw));
        let small = subject.detail.message().payload.len() <= QUICK;
        let done = self.decoding.get(of, small, &model.workers, decode);
        if let Some(decoded) = done {
            self.decoded = Some(decoded);
            self.of = Some(of);
            self.folds.clear();
            self.rows.clear();
            self.rows_of = None;
            self.version += 1;
            self.scroll = Scroll::default();
            (self.left, self.wanted, self.at_match) = (0, None, None);
            (self.found, self.found_of) = (Arc::default(), None);
        }
    }

    /// The payload as it is shown, where it is decoded.
    pub(super) fn decoded(&self) -> Option<&Decoded> {
        self.decoded.as_deref()
    }

    pub(super) fn draw(
        &mut self,
        model: &Model,
        subject: &Subject,
        area: Rect,
        pane: Pane,
        canvas: &mut Canvas<'_>,
    ) {
        self.prepare(model, subject);
        let Some(decoded) = self.decoded.clone() else {
            let text = format!("decoding {} …", count(subject.detail.message().payload.len() as u64, "byte"));
            canvas.put(area.x + 1, area.y, area.width.saturating_sub(2), &text, Role::Dim);
            return;
        };
        self.search(model, &decoded);
        let (x, width) = (area.x + 1, area.width.saturating_sub(2));
        let mut y = area.y;
        if area.height > 3 {
            self.head(subject, &decoded, Rect::new(x, y, width, 1), canvas);
            y += 1;
        }
        let notes = facts::missing(subject).into_iter().chain(decoded.notes.iter().cloned());
        for note in notes.take(usize::from(area.height / 4)) {
            canvas.put(x, y, width, &note, Role::Warning);
            y += 1;
        }
        let list = Rect::new(area.x, y, area.width, area.bottom() - y);
        self.lay_out(model, &decoded, usize::from(width));
        let is_hex = is_hex(&decoded);
        self.hex = if width >= 75 { 16 } else { 8 };
        let len = if is_hex { decoded.text.len().div_ceil(self.hex) } else { self.rows.len() };
        self.scroll.fit(len, list.height.into());
        if let Some(byte) = self.wanted.filter(|_| len > 0) {
            let row = self.row_of(&decoded, byte);
            self.scroll.select(row);
            self.wanted = None;
        }
        if len == 0 {
            let empty = decoded.text.is_empty();
            let text = if empty { "the payload is empty" } else { "laying out …" };
            canvas.put(x, y, width, text, Role::Dim);
        }
        for (y, at) in (list.y..list.bottom()).zip(self.scroll.window()) {
            if is_hex {
                self.draw_hex(&decoded, at, Rect::new(x, y, width, 1), canvas);
            } else if let Some(row) = self.rows.get(at) {
                let spans = self.spans(&decoded, *row, usize::from(width) + self.left);
                canvas.scrolled(&spans, (x, y, width), self.left, None);
            }
            let row = Rect::new(list.x, y, list.width, 1);
            if at == self.scroll.cursor && pane.focused {
                canvas.paint(row, Role::Cursor);
            }
            canvas.hit(row, Hit::Row(pane.number, at));
        }
    }

    /// The first line: what it is, and how many matches there are.
    fn head(&self, subject: &Subject, decoded: &Decoded, area: Rect, canvas: &mut Canvas<'_>) {
        let mut text = decoded.name.to_owned();
        let mut add = |more: &str| {
            text.push_str(" · ");
            text.push_str(more);
        };
        if let Some(summary) = &decoded.summary {
            add(summary);
        }
        if let Some(name) = subject.detail.message().close_code().and_then(close::name) {
            add(name);
        }
        for layer in &decoded.layers {
            add(&format!("{} {} → {}", layer.name, size(layer.from as u64), size(layer.to as u64)));
        }
        if decoded.tree.is_none() && !decoded.text.is_empty() {
            add(&count(decoded.text.len() as u64, "byte"));
        }
        match (self.raw, self.forced) {
            (true, _) => add("raw"),
            (false, Some(format)) if format == decoded.format => add("chosen"),
            (false, Some(format)) => add(&format!("not {}", format.name())),
            (false, None) => {}
        }
        let found = match (&self.found_of, self.at_match) {
            (None, _) => String::new(),
            (Some(_), _) if self.found.is_empty() => "no match".to_owned(),
            (Some(_), Some(at)) => {
                format!("{} of {}", number(at as u64 + 1), number(self.found.len() as u64))
            }
            (Some(_), None) if self.found.len() == 1 => "1 match".to_owned(),
            (Some(_), None) => format!("{} matches", number(self.found.len() as u64)),
        };
        let right = found.len() as u16;
        canvas.put(area.x, area.y, area.width.saturating_sub(right + 1), &text, Role::Heading);
        canvas.put_right(area.x, area.y, area.width, &found, Role::Match);
    }

    /// Makes the rows, if they are not those that are wanted.
    fn lay_out(&mut self, model: &Model, decoded: &Arc<Decoded>, width: usize) {
        let of = (self.version, self.wrap.then_some(width));
        if self.rows_of == Some(of) || is_hex(decoded) {
            return;
        }
        let (shared, folds, wrap) = (Arc::clone(decoded), self.folds.clone(), of.1);
        let work = move || rows::layout(&shared, &folds, wrap);
        let small = decoded.text.len() <= QUICK;
        let done = self.laying.get(of, small, &model.workers, work);
        if let Some(rows) = done {
            // The cursor stays where it is in the text.
            if self.wanted.is_none() {
                self.wanted = self.rows.get(self.scroll.cursor).map(|row| row.start as usize);
            }
            self.rows = rows;
            self.rows_of = Some(of);
        }
    }

    /// The row in which a byte of the text is shown.
    fn row_of(&self, decoded: &Decoded, byte: usize) -> usize {
        if is_hex(decoded) {
            return byte / self.hex.max(1);
        }
        let Some(node) = decoded.tree.as_ref().map(|tree| tree.at(byte).unwrap_or(0)) else {
            return self.rows.partition_point(|row| row.start as usize <= byte).saturating_sub(1);
        };
        let first = self.rows.partition_point(|row| row.node < node);
        let of_node = self.rows.get(first..).unwrap_or_default().iter().take_while(|row| row.node == node);
        let further = of_node.skip(1).take_while(|row| row.start as usize <= byte).count();
        (first + further).min(self.rows.len().saturating_sub(1))
    }

    fn spans(&self, decoded: &Decoded, row: Row, columns: usize) -> Spans {
        let mut spans = Spans::new();
        let text = decoded.text.get(row.start as usize..row.end as usize).unwrap_or_default();
        let text = spans::head(text, columns);
        let node = decoded.tree.as_ref().and_then(|tree| tree.get(row.node));
        let Some(node) = node else {
            spans::text(text, row.start as usize, Role::Text, &self.found, &mut spans);
            return spans;
        };
        let indent = " ".repeat(rows::indent(node.depth));
        if row.start != node.value.start {
            spans.push((format!("{indent}    "), Role::Text));
            spans::text(text, row.start as usize, role(node.kind), &self.found, &mut spans);
            return spans;
        }
        let folded = self.folds.contains(&row.node);
        let sign = match (node.kind.holds() && node.len > 0, folded) {
            (true, true) => "▸ ",
            (true, false) => "▾ ",
            (false, _) => "  ",
        };
        spans.push((indent + sign, Role::Dim));
        self.key(decoded, node, &mut spans);
        if !node.kind.holds() {
            spans::text(text, row.start as usize, role(node.kind), &self.found, &mut spans);
            return spans;
        }
        let (open, shut, one) =
            if node.kind == Kind::Object { ("{", "}", "key") } else { ("[", "]", "value") };
        let held = if node.len == 0 { String::new() } else { count(node.len.into(), one) };
        spans.push((format!("{open}{held}{shut}"), Role::Dim));
        if folded {
            spans.push(("  ".to_owned(), Role::Dim));
            spans::text(text, row.start as usize, Role::Dim, &self.found, &mut spans);
        }
        spans
    }

    /// The key of a value, without its quotes where it needs none.
    fn key(&self, decoded: &Decoded, node: &Node, spans: &mut Spans) {
        let tree = decoded.tree.as_ref();
        let shown = tree.map(|tree| rows::key(node, tree, &decoded.text)).unwrap_or_default();
        if node.key.is_empty() {
            spans.push((shown, Role::Dim));
            return;
        }
        let (written, start) = (node.key.of(&decoded.text), node.key.start as usize);
        let bare = written.first() == Some(&b'"') && !shown.starts_with('"');
        let inner = if bare { written.get(1..written.len() - 1).unwrap_or_default() } else { written };
        if shown.contains('…') {
            spans.push((shown, Role::Name));
            return;
        }
        spans::text(inner, start + usize::from(bare), Role::Name, &self.found, spans);
        spans.push((": ".to_owned(), Role::Dim));
    }

    fn draw_hex(&self, decoded: &Decoded, at: usize, area: Rect, canvas: &mut Canvas<'_>) {
        let first = at * self.hex;
        let bytes = decoded.text.get(first..(first + self.hex).min(decoded.text.len())).unwrap_or_default();
        canvas.put(area.x, area.y, area.width.min(7), &format!("{first:06x}"), Role::Dim);
        let hex = area.x + 8;
        let text = hex + 3 * self.hex as u16 + 1;
        for (column, byte) in bytes.iter().enumerate() {
            let here = (first + column) as u32;
            let behind = self.found.partition_point(|(start, _)| *start <= here);
            let is_match = behind > 0 && self.found.get(behind - 1).is_some_and(|(_, end)| here < *end);
            let role = if is_match { Role::Match } else { Role::Text };
            let gap = u16::from(column >= 8);
            let (x, shown) = (hex + 3 * column as u16 + gap, text + gap + column as u16);
            if x + 2 <= area.right() {
                canvas.put(x, area.y, 2, &format!("{byte:02x}"), role);
            }
            if shown < area.right() {
                match byte {
                    b' '..=b'~' => {
                        canvas.put(shown, area.y, 1, char::from(*byte).encode_utf8(&mut [0; 4]), role)
                    }
                    _ => canvas.put(shown, area.y, 1, "·", Role::Dim),
                };
            }
        }
    }

    /// Puts the cursor on what a byte of the payload is part of, where the text is the payload itself.
    pub(super) fn go_to(&mut self, byte: usize) {
        self.wanted = self.decoded().is_some_and(|decoded| decoded.exact).then_some(byte);
    }

    /// The value under the cursor.
    fn node(&self) -> Option<u32> {
        Some(self.rows.get(self.scroll.cursor)?.node).filter(|node| *node != NO_NODE)
    }

    /// Its path.
    pub(super) fn path(&self) -> Option<String> {
        let decoded = self.decoded.as_ref()?;
        Some(decoded.tree.as_ref()?.path(self.node()?, &decoded.text))
    }

    pub(super) fn act(&mut self, model: &mut Model, subject: Option<&Subject>, action: Action) -> bool {
        if let Some(step) = Step::of(action) {
            self.scroll.go(step);
            return true;
        }
        match action {
            Action::Left if self.left > 0 => self.left = self.left.saturating_sub(SIDE),
            Action::Left => self.collapse(),
            Action::Right => self.expand(),
            Action::Open => return self.toggle(),
            Action::Wrap => {
                self.wrap = !self.wrap;
                self.left = 0;
                model.say(if self.wrap { "long lines are wrapped" } else { "long lines are cut" });
            }
            Action::Raw => {
                self.raw = !self.raw;
                model.say(if self.raw { "the payload as it is" } else { "the payload, decoded" });
            }
            Action::DecodeAs => {
                self.raw = false;
                let at =
                    self.forced.and_then(|forced| Format::ALL.iter().position(|format| *format == forced));
                self.forced = match at {
                    None => Format::ALL.first().copied(),
                    Some(at) => Format::ALL.get(at + 1).copied(),
                };
                model.say(format!("decoded as {}", self.forced.map_or("what it is", Format::name)));
            }
            Action::NextMatch | Action::PreviousMatch => {
                if let Some(subject) = subject {
                    self.prepare(model, subject);
                }
                self.seek(model, action == Action::NextMatch);
            }
            Action::Cancel if !model.find.is_empty() => model.find.clear(),
            _ => return false,
        }
        true
    }

    fn collapse(&mut self) {
        let Some(decoded) = self.decoded.clone() else { return };
        let Some((tree, place)) = decoded.tree.as_ref().zip(self.node()) else { return };
        let Some(node) = tree.get(place) else { return };
        if node.kind.holds() && node.len > 0 && self.folds.insert(place) {
            self.version += 1;
        } else if node.depth > 0 {
            let parent = self.rows.partition_point(|row| row.node < node.parent);
            self.scroll.select(parent);
        }
    }

    fn expand(&mut self) {
        let Some(decoded) = self.decoded.clone() else { return };
        match decoded.tree.as_ref().zip(self.node()) {
            Some((_, place)) if self.folds.remove(&place) => self.version += 1,
            Some((tree, place)) if tree.get(place).is_some_and(|node| node.kind.holds()) => {
                self.scroll.go(Step::By(1));
            }
            _ if self.wrap => {}
            _ => self.left += SIDE,
        }
    }

    /// Folds or unfolds.
    fn toggle(&mut self) -> bool {
        let Some(decoded) = self.decoded.clone() else { return true };
        let Some((tree, place)) = decoded.tree.as_ref().zip(self.node()) else { return true };
        if tree.get(place).is_some_and(|node| node.kind.holds() && node.len > 0) {
            if !self.folds.remove(&place) {
                self.folds.insert(place);
            }
            self.version += 1;
        }
        true
    }

    pub(super) fn click(&mut self, hit: Hit, double: bool) {
        if let Hit::Row(_, at) = hit {
            self.scroll.select(at);
            if double {
                self.toggle();
            }
        }
    }

    pub(super) fn roll(&mut self, by: isize) {
        self.scroll.roll(by);
    }

    /// What is under the cursor, as it was written.
    pub(super) fn line(&self) -> Option<String> {
        let decoded = self.decoded.as_ref()?;
        let bytes = match self.rows.get(self.scroll.cursor) {
            Some(row) => decoded.text.get(row.start as usize..row.end as usize)?,
            None => {
                let first = self.scroll.cursor * self.hex.max(1);
                let row = decoded.text.get(first..(first + self.hex).min(decoded.text.len()))?;
                return Some(crate::report::hexdump::line(first as u64, row));
            }
        };
        Some(String::from_utf8_lossy(bytes).into_owned())
    }
}

const fn role(kind: Kind) -> Role {
    match kind {
        Kind::String => Role::String,
        Kind::Number => Role::Number,
        Kind::Word => Role::Special,
        Kind::Bytes => Role::Number,
        Kind::Object | Kind::Array | Kind::Text => Role::Text,
    }
}

const fn is_hex(decoded: &Decoded) -> bool {
    decoded.tree.is_none() && !matches!(decoded.format, Format::Text)
}

fn decoded(detail: &MessageDetail, forced: Option<Format>, raw: bool) -> Decoded {
    let (message, hint) = (detail.message(), detail.hint());
    if raw { decode::raw(message.payload, hint) } else { decode::decode(message.payload, hint, forced) }
}
