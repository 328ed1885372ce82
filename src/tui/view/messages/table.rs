//! The table of messages, or of frames.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::cell;
use super::frames::FrameLine;
use super::lines::Line;
use super::{GUTTER, MessagesView};
use crate::report::words::{arrow, number, span};
use crate::time::{Delay, Timestamp};
use crate::tui::canvas::{Canvas, Hit, Spans};
use crate::tui::grid::{Align, Column, Grid};
use crate::tui::model::{By, Model};
use crate::tui::store::Row;
use crate::tui::theme::Role;
use crate::tui::view::ViewId;
use crate::ws::fact::Opcode;

/// From so many nanoseconds on, a span is told in minutes.
const MINUTE: i64 = 60_000_000_000;

/// Which column is which.
pub(super) const ID: usize = 0;
pub(super) const TIME: usize = 1;
pub(super) const DELTA: usize = 2;
pub(super) const OP: usize = 3;
pub(super) const LEN: usize = 4;
pub(super) const SUMMARY: usize = 5;

/// The columns.
pub(super) const COLUMNS: [Column; 6] = [
    Column::new("id", 4, 4, Align::Left, 0),
    Column::new("time", 11, 11, Align::Right, 9),
    Column::new("Δ", 7, 7, Align::Right, 4),
    Column::new("op", 6, 6, Align::Left, 0),
    Column::new("len", 6, 6, Align::Right, 3),
    Column { grows: true, ..Column::new("summary", 10, 10, Align::Left, 0) },
];

/// The columns, as wide as ids and times are.
fn columns(model: &Model) -> [Column; 6] {
    let digits = |number: usize| number.max(1).ilog10() as u16 + 1;
    let id = match model.narrow.conn.and_then(|conn| model.store.conn(conn)) {
        Some(conn) => digits(conn.messages.len()) + 1,
        None => digits(model.store.messages()) + digits(model.store.conns().len()) + 2,
    };
    let id = id.clamp(4, 12);
    let time = model.settings.time.width();
    let mut columns = COLUMNS;
    for (column, width) in columns.iter_mut().zip([id, time]) {
        (column.min, column.ideal) = (width, width);
    }
    columns
}

/// The order of a column.
pub(super) const fn order_of(column: usize) -> Option<By> {
    Some(match column {
        ID => By::Id,
        DELTA => By::Delta,
        OP => By::Op,
        LEN => By::Len,
        SUMMARY => By::Summary,
        _ => return None,
    })
}

/// The column of an order.
pub(super) const fn column_of(by: By) -> usize {
    match by {
        By::Id => ID,
        By::Delta => DELTA,
        By::Op => OP,
        By::Len => LEN,
        By::Summary => SUMMARY,
    }
}

/// Since another time, in at most seven columns: `+12ms`.
pub(super) fn delta(time: Timestamp, before: Option<Timestamp>) -> String {
    match before.map(|before| time.since(before)) {
        None => String::new(),
        Some(nanos) => {
            let (sign, nanos) = (if nanos < 0 { '-' } else { '+' }, nanos.saturating_abs());
            let delay = if nanos < MINUTE { Delay(nanos).to_string().replace(' ', "") } else { span(nanos) };
            format!("{sign}{delay}")
        }
    }
}

/// The id of a message, with its connection where others are shown too.
pub(super) fn id(model: &Model, row: &Row) -> String {
    if model.narrow.conn.is_some() { format!("m{}", row.n) } else { row.id().to_string() }
}

/// The text of a column of a message; `before` is the time of the row before.
pub(super) fn text(
    model: &Model,
    row: &Row,
    preview: &str,
    column: usize,
    before: Option<Timestamp>,
) -> (String, Role) {
    match column {
        ID => (id(model, row), Role::Text),
        TIME => (model.settings.time.write(row.last.time, model.origin(), before), Role::Dim),
        DELTA => (delta(row.last.time, model.store.before(row).map(|before| before.last.time)), Role::Dim),
        OP => (format!("{}{}", arrow(row.dir), cell::op(row.kind)), Role::of_sender(row.dir)),
        LEN => (format!("{}{}", cell::len(row.len), if row.compressed { "z" } else { " " }), Role::Text),
        _ => (cell::text(&cell::summary(row, preview)), Role::Text),
    }
}

/// The text of a column of a frame.
fn frame_text(model: &Model, line: &FrameLine, column: usize, before: Option<Timestamp>) -> (String, Role) {
    match column {
        ID => (format!("f{}", line.n), Role::Text),
        TIME => (model.settings.time.write(line.last.time, model.origin(), before), Role::Dim),
        DELTA => (delta(line.last.time, before), Role::Dim),
        OP => (format!("{}{}", arrow(line.dir), line.op()), Role::of_sender(line.dir)),
        LEN => (format!("{} ", cell::len(line.len)), Role::Text),
        _ => (String::new(), Role::Text),
    }
}

/// What a frame's row says besides.
pub(super) fn frame_facts(line: &FrameLine) -> Spans {
    let mut spans = vec![(line.facts(), Role::Dim)];
    if line.missing() > 0 {
        spans
            .push((format!("  {} of {} bytes captured", number(line.seen), number(line.len)), Role::Warning));
    }
    spans
}

impl MessagesView {
    /// Draws headings and rows into what is inside the border.
    pub(super) fn draw_table(&mut self, model: &Model, inner: Rect, rows: Rect, canvas: &mut Canvas<'_>) {
        let columns = columns(model);
        let grid =
            Grid::new(&columns, inner.width.saturating_sub(GUTTER), |n| model.hides(ViewId::Messages, n));
        if rows.y > inner.y {
            let (by, reversed) = model.shown.sorted();
            let at = by.map_or(TIME, column_of);
            let sorted = (by.is_some() || reversed) && !self.frames_mode();
            grid.head(&columns, inner.x + GUTTER, inner.y, sorted.then_some((at, reversed)), canvas);
        }
        for (y, at) in (rows.y..rows.bottom()).zip(self.scroll.window()) {
            let area = Rect::new(rows.x, y, rows.width, 1);
            if at == self.scroll.cursor {
                canvas.put(area.x, y, 1, ">", Role::Text);
            }
            if self.frames_mode() {
                self.draw_frame_row(model, at as u64 + 1, area, (&columns, &grid), canvas);
            } else {
                match self.lines.line(at) {
                    Some(Line::Message(index)) => {
                        self.draw_message(model, index, area, (&columns, &grid), canvas);
                    }
                    Some(Line::Frame(index, row)) => self.draw_sub(model, index, row, area, canvas),
                    Some(Line::Head(_) | Line::Tail) | None => {}
                }
            }
            if at == self.scroll.cursor {
                canvas.paint(area, Role::Cursor);
            }
            canvas.hit(area, Hit::Row(0, at));
        }
    }

    fn draw_message(
        &mut self,
        model: &Model,
        index: usize,
        area: Rect,
        (columns, grid): (&[Column], &Grid),
        canvas: &mut Canvas<'_>,
    ) {
        let Some(place) = model.shown.get(&model.store, index) else { return };
        let Some((row, preview)) = model.store.message(place) else { return };
        let before = index.checked_sub(1).and_then(|index| model.shown.get(&model.store, index));
        let before = before.and_then(|place| model.store.message(place)).map(|(row, _)| row.last.time);
        self.gutter(model, place, row, area, canvas);
        let matched = super::is_match(model, place);
        grid.row(columns, area.x + GUTTER, area.y, canvas, |n| match n {
            SUMMARY => (String::new(), Role::Text),
            n => text(model, row, preview, n, before),
        });
        if let Some((x, width)) = grid.place(SUMMARY) {
            let spans = cell::scrolled(cell::summary(row, preview), self.across);
            self.cut |= cell::text(&spans).width() > width.into();
            let spans =
                spans.iter().map(|(text, role)| (text.as_str(), if matched { Role::Match } else { *role }));
            canvas.spans(area.x + GUTTER + x, area.y, width, spans);
        }
    }

    /// Finding and mark.
    pub(super) fn gutter(&self, model: &Model, place: usize, row: &Row, area: Rect, canvas: &mut Canvas<'_>) {
        if let Some((letter, role)) = cell::worst(model, row) {
            canvas.put(area.x + 1, area.y, 1, letter, role);
        }
        let bookmark = model.notes.get(row).is_some_and(|note| note.bookmark);
        let noted = model.notes.get(row).is_some();
        let sign = match (model.marks.contains(&place), bookmark, noted) {
            (true, ..) => "=",
            (_, true, _) => "*",
            (_, _, true) => ";",
            _ => return,
        };
        canvas.put(area.x + 2, area.y, 1, sign, Role::Key);
    }

    /// A frame below its message.
    fn draw_sub(&self, model: &Model, index: usize, row: usize, area: Rect, canvas: &mut Canvas<'_>) {
        let Some(place) = model.shown.get(&model.store, index) else { return };
        let Some(opened) = self.tree.get(place) else { return };
        let (x, width) = (area.x + GUTTER, area.width.saturating_sub(GUTTER));
        match opened.lines() {
            None => {
                canvas.put(x, area.y, width, "└ reading its frames…", Role::Dim);
            }
            Some(Err(error)) => {
                canvas.put(x, area.y, width, &format!("└ {error}"), Role::Error);
            }
            Some(Ok(lines)) => {
                let Some(line) = lines.get(row) else { return };
                let branch = if row + 1 == lines.len() { "└ " } else { "├ " };
                let head = format!("f{}  {:<5}", line.n, line.op());
                let len = format!("{:>7}  ", cell::len(line.len));
                let mut spans = vec![
                    (branch.to_owned(), Role::Dim),
                    (head, Role::of_sender(line.dir)),
                    (len, Role::Text),
                ];
                if line.interleaved.is_some() {
                    spans.push(("(interleaved)".to_owned(), Role::Dim));
                } else {
                    spans.extend(frame_facts(line));
                }
                canvas.spans(x, area.y, width, spans.iter().map(|(text, role)| (text.as_str(), *role)));
            }
        }
    }

    /// A row of the list of frames.
    fn draw_frame_row(
        &self,
        model: &Model,
        n: u64,
        area: Rect,
        (columns, grid): (&[Column], &Grid),
        canvas: &mut Canvas<'_>,
    ) {
        let Some(conn) = model.narrow.conn else { return };
        let x = area.x + GUTTER;
        match self.windows.get(conn, n) {
            None => {
                canvas.put(x, area.y, area.width.saturating_sub(GUTTER), &format!("f{n}  …"), Role::Dim);
            }
            Some(Err(error)) => {
                canvas.put(
                    x,
                    area.y,
                    area.width.saturating_sub(GUTTER),
                    &format!("f{n}  {error}"),
                    Role::Error,
                );
            }
            Some(Ok(line)) => {
                let before = n.checked_sub(1).and_then(|n| self.windows.get(conn, n)).and_then(Result::ok);
                let before = before.map(|line| line.last.time);
                let found = model.store.conn(conn).into_iter().flat_map(|conn| &conn.findings);
                let found = found.filter_map(|place| model.store.findings().get(*place as usize));
                let levels = found
                    .filter(|found| found.finding.frame == Some(n))
                    .map(|found| found.finding.rule.level);
                if let Some(level) = levels.min_by_key(|level| *level as usize) {
                    let (letter, role) = cell::letter(level);
                    canvas.put(area.x + 1, area.y, 1, letter, role);
                }
                grid.row(columns, x, area.y, canvas, |column| frame_text(model, line, column, before));
                if let Some((left, width)) = grid.place(SUMMARY) {
                    let mut facts = frame_facts(line);
                    let part = !line.fin || line.opcode == Opcode::CONTINUATION;
                    let of = part.then(|| model.store.place_of_frame(conn, n, Some(line.dir))).flatten();
                    if let Some((row, _)) = of.and_then(|place| model.store.message(place)) {
                        facts.push((format!("  of m{}", row.n), Role::Text));
                    }
                    let spans = facts.iter().map(|(text, role)| (text.as_str(), *role));
                    canvas.spans(x + left, area.y, width, spans);
                }
            }
        }
    }
}
