//! Messages of one connection or all: a table, a list of frames, or a ladder; beside it, the one under the cursor.

mod cell;
pub(super) mod empty;
mod frames;
mod ladder;
mod lines;
mod panes;
mod preview;
mod seek;
mod steps;
mod table;
mod title;

use ratatui::layout::Rect;

use self::frames::{Tree, Windows};
use self::ladder::Head;
use self::lines::{Line, Lines};
use self::panes::{Areas, Panes};
use super::View;
use super::inspect::Inspector;
use crate::report::words::{count, number};
use crate::tui::action::Action;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::grid::Column;
use crate::tui::list::Scroll;
use crate::tui::model::{By, Model};
use crate::tui::store::Conn;

/// Columns before the table: cursor, finding, mark.
const GUTTER: u16 = 3;

/// How messages are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Table,
    Frames,
    Ladder,
}

/// What the cursor is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Spot {
    #[default]
    Nothing,
    /// A row of the handshake.
    Head(usize),
    /// A message, by its place.
    Message(usize),
    /// A row below a message that is expanded.
    Sub(usize, usize),
    /// The end of the connection.
    Tail,
    /// A frame, by its number.
    Frame(u64),
}

/// The view.
#[derive(Debug, Default)]
pub struct MessagesView {
    mode: Mode,
    scroll: Scroll,
    lines: Lines,
    head: Head,
    tree: Tree,
    windows: Windows,
    inspector: Inspector,
    panes: Panes,
    /// The area that it was drawn into last.
    area: Rect,
    /// Characters by which summaries are scrolled to the left.
    across: usize,
    /// Some summary on the screen is longer than its column.
    cut: bool,
    /// The cursor was put somewhere, or the list has just become another one.
    arrives: bool,
    /// What the user chose. Where that is not shown, the cursor is next to it.
    spot: Spot,
    /// The connection and what was selected in the model when that was made of `spot`.
    published: (Option<u32>, Option<usize>, Option<u64>),
    following: bool,
    /// The messages of a connection are shown with their end in sight.
    tails: bool,
    /// Rows that there were when the last one was in sight.
    known: usize,
}

/// A filter that only highlights selects the message.
fn is_match(model: &Model, place: usize) -> bool {
    model
        .filtering
        .as_ref()
        .is_some_and(|filtering| !filtering.hides() && filtering.message(place) == Some(true))
}

impl MessagesView {
    /// From now on, lists begin at their ends, and stay there while they grow.
    pub(crate) const fn follow_tails(&mut self) {
        self.tails = true;
        self.following = true;
    }

    fn frames_mode(&self) -> bool {
        self.mode == Mode::Frames
    }

    /// Rows of the list.
    fn len(&self, model: &Model) -> usize {
        match (self.mode, model.narrow.conn) {
            (Mode::Frames, Some(conn)) => Windows::total(model, conn) as usize,
            _ => self.lines.len(),
        }
    }

    /// Makes rows of what is there now.
    fn line_up(&mut self, model: &mut Model) {
        // Frames and ladder are of one connection.
        if model.narrow.conn.is_none() {
            self.mode = Mode::Table;
        }
        self.tree.poll(model);
        let ladder = model.narrow.conn.filter(|_| self.mode == Mode::Ladder);
        self.head = ladder.map_or_else(Head::default, |conn| Head::new(model, conn));
        let store = &model.store;
        let open = self.tree.places().filter_map(|(place, opened)| {
            let index = model.shown.index_of(store, place);
            (model.shown.get(store, index) == Some(place)).then(|| (index, opened.rows()))
        });
        self.lines = Lines::new(self.head.len(), model.shown.len(store), ladder.is_some(), open.collect());
    }

    /// Where somebody else moved the cursor, it is there.
    fn adopt(&mut self, model: &Model) {
        let now = (model.narrow.conn, model.message, model.frame);
        let of_another = |place: usize| {
            let row = model.store.message(place).map(|(row, _)| row);
            row.is_none_or(|row| model.narrow.conn.is_some_and(|conn| conn != row.conn))
        };
        if self.published != now {
            if (self.published.1, self.published.2) != (now.1, now.2) || self.spot == Spot::Nothing {
                self.following =
                    self.tails && model.unchosen && model.store.is_reading() && steps::in_time(model);
                self.arrives = true;
                self.spot = match (self.mode, model.message, model.frame) {
                    (Mode::Frames, _, Some(frame)) => Spot::Frame(frame),
                    (_, Some(place), _) => Spot::Message(place),
                    (_, None, _) => Spot::Nothing,
                };
            }
            self.published = now;
        }
        let elsewhere = match self.spot {
            Spot::Message(place) | Spot::Sub(place, _) => of_another(place),
            _ => false,
        };
        if elsewhere {
            self.spot = Spot::Nothing;
        }
        if self.mode == Mode::Frames
            && let Spot::Message(place) | Spot::Sub(place, _) = self.spot
        {
            let row = model.store.message(place).map(|(row, _)| row);
            self.spot = row.map_or(Spot::Nothing, |row| Spot::Frame(row.first_frame.into()));
        }
    }

    /// The row of the cursor.
    fn position(&self, model: &Model) -> usize {
        let index = |place: usize| {
            let last = model.shown.len(&model.store).saturating_sub(1);
            model.shown.index_of(&model.store, place).min(last)
        };
        match self.spot {
            Spot::Nothing => 0,
            Spot::Head(row) => self.lines.at(Line::Head(row)),
            Spot::Message(place) => self.lines.at(Line::Message(index(place))),
            Spot::Sub(place, row) => {
                let index = index(place);
                let same = model.shown.get(&model.store, index) == Some(place);
                match self.tree.get(place).filter(|_| same) {
                    Some(opened) => {
                        self.lines.at(Line::Frame(index, row.min(opened.rows().saturating_sub(1))))
                    }
                    None => self.lines.at(Line::Message(index)),
                }
            }
            Spot::Tail => self.lines.at(Line::Tail),
            Spot::Frame(n) => usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX),
        }
    }

    /// What is on the row of the cursor.
    fn spot_at_cursor(&self, model: &Model) -> Spot {
        if self.frames_mode() {
            return if self.scroll.len == 0 {
                Spot::Nothing
            } else {
                Spot::Frame(self.scroll.cursor as u64 + 1)
            };
        }
        let place = |index| model.shown.get(&model.store, index);
        match self.lines.line(self.scroll.cursor) {
            Some(Line::Head(row)) => Spot::Head(row),
            Some(Line::Message(index)) => place(index).map_or(Spot::Nothing, Spot::Message),
            Some(Line::Frame(index, row)) => {
                place(index).map_or(Spot::Nothing, |place| Spot::Sub(place, row))
            }
            Some(Line::Tail) => Spot::Tail,
            None => Spot::Nothing,
        }
    }

    /// Tells the model what is under the cursor.
    fn publish(&mut self, model: &mut Model) {
        let (place, frame) = match self.spot_at_cursor(model) {
            Spot::Message(place) => (Some(place), None),
            Spot::Sub(place, row) => {
                let line = self.tree.get(place).and_then(|opened| opened.lines()?.ok()?.get(row));
                match line {
                    // A control frame between the frames of the message is a message of its own.
                    Some(line) => (Some(line.interleaved.unwrap_or(place)), Some(line.n)),
                    None => (Some(place), None),
                }
            }
            Spot::Frame(n) => {
                let place = model.narrow.conn.and_then(|conn| match self.windows.get(conn, n) {
                    Some(Ok(line)) => model.store.place_of_frame(conn, n, Some(line.dir)),
                    _ => model.store.place_of_frame(conn, n, None),
                });
                (place.or(model.message), Some(n))
            }
            // What is nearest to it: the first message, or the last.
            Spot::Head(_) => (model.shown.get(&model.store, 0).or(model.message), None),
            Spot::Tail => {
                let last = model.shown.len(&model.store).checked_sub(1);
                (last.and_then(|last| model.shown.get(&model.store, last)).or(model.message), None)
            }
            Spot::Nothing => (model.message, None),
        };
        if let Some(place) = place {
            model.select_message(place);
        }
        model.frame = frame;
        self.published = (model.narrow.conn, model.message, model.frame);
    }

    /// The cursor was moved by the user.
    fn moved(&mut self, model: &mut Model) {
        self.spot = self.spot_at_cursor(model);
        self.publish(model);
    }

    fn draw_list(&mut self, model: &mut Model, areas: &Areas, canvas: &mut Canvas<'_>) {
        let alone = areas.inspector.is_none();
        canvas.hit(areas.list, Hit::Pane(0));
        let (title, chips) = (self.title(model), self.chips(model));
        let focused = alone || !self.panes.inspector;
        let inner = panes::frame(canvas, areas.list, areas.frame, &title, &chips, focused);
        let head = u16::from(inner.height > 4);
        let legend = if self.mode == Mode::Ladder { ladder::legend(inner) } else { 0 };
        let height = inner.height.saturating_sub(head + legend);
        let rows = Rect { y: inner.y + head, height, ..inner };
        let len = self.len(model);
        let cursor = if self.following { len.saturating_sub(1) } else { self.position(model) };
        if std::mem::take(&mut self.arrives) {
            // In sight already; else with what is before it.
            let rows = usize::from(height);
            if !(self.scroll.top..self.scroll.top + rows).contains(&cursor) {
                self.scroll.top = if cursor < rows { 0 } else { cursor - rows / 3 };
            }
            self.scroll.cursor = cursor;
        } else if cursor != self.scroll.cursor {
            // The same row of the screen, wherever that is possible.
            let row = self.scroll.cursor.saturating_sub(self.scroll.top);
            self.scroll.top = cursor.saturating_sub(row);
            self.scroll.cursor = cursor;
        }
        self.scroll.fit(len, height.into());
        if self.following || self.spot == Spot::Nothing && len > 0 {
            self.spot = self.spot_at_cursor(model);
        }
        if self.scroll.window().end >= len {
            self.known = len;
        }
        if let (Mode::Frames, Some(conn)) = (self.mode, model.narrow.conn)
            && len > 0
        {
            let window = self.scroll.window();
            self.windows.want(model, conn, window.start as u64 + 1, window.end as u64);
        }
        // While the list is being made, what is under the cursor is not what it will be.
        if len > 0 && (model.listed() || self.spot_at_cursor(model) == self.spot) {
            self.publish(model);
        }
        let nothing = match self.mode {
            Mode::Frames => len == 0,
            _ => model.shown.len(&model.store) == 0,
        };
        if self.mode == Mode::Ladder {
            self.draw_ladder(model, inner, rows, canvas);
        } else if !nothing {
            self.draw_table(model, inner, rows, canvas);
        }
        if nothing {
            let top = rows.y
                + if self.mode == Mode::Ladder { self.lines.len() as u16 } else { 0 }
                + u16::from(rows.height > 8);
            for (y, (text, role)) in (top..rows.bottom()).zip(empty::lines(model)) {
                canvas.put(rows.x + 2, y, rows.width.saturating_sub(3), &text, role);
            }
        }
    }
}

impl View for MessagesView {
    fn status(&self, model: &Model) -> String {
        if let (Mode::Frames, Some(conn)) = (self.mode, model.narrow.conn) {
            return format!("{} frames", number(Windows::total(model, conn)));
        }
        let data = |conn: &Conn| conn.totals().iter().map(|totals| totals.messages).sum::<u64>();
        let (all, data) = match model.narrow.conn.map(|conn| model.store.conn(conn)) {
            Some(conn) => conn.map_or((0, 0), |conn| (conn.messages.count(), data(conn))),
            None => (model.store.kept(), model.store.data_messages()),
        };
        let (shown, all) = (model.shown.len(&model.store), all as u64);
        let plural = if all == 1 { "" } else { "s" };
        if model.narrow.hides_nothing() && model.filtering.as_ref().is_none_or(|filtering| !filtering.hides())
        {
            // Everywhere else, messages are those with data.
            return match all.saturating_sub(data) {
                0 => count(all, "message"),
                control => format!("{} + {} control", count(data, "message"), number(control)),
            };
        }
        let more = if model.listed() { "" } else { "…" };
        format!("{}{more} of {} message{plural}", number(shown as u64), number(all))
    }

    fn hints(&self, _: &Model) -> Vec<(Action, &'static str)> {
        if self.panes.inspector {
            return vec![
                (Action::NextTab, "tab"),
                (Action::NextItem, "next"),
                (Action::Pane, "list"),
                (Action::Zoom, "zoom"),
                (Action::Raw, "raw"),
                (Action::CopyPayload, "copy"),
            ];
        }
        let ladder = if self.mode == Mode::Ladder { "table" } else { "ladder" };
        let frames = if self.frames_mode() { "messages" } else { "frames" };
        vec![
            (Action::Open, "inspect"),
            (Action::Ladder, ladder),
            (Action::Frames, frames),
            (Action::NextFinding, "finding"),
            (Action::Filter, "filter"),
            (Action::Heartbeats, "heartbeats"),
            (Action::Scope, "scope"),
            (Action::Mark, "mark"),
            (Action::Sort, "sort"),
            (Action::Follow, "follow"),
            (Action::Diff, "diff"),
            (Action::Export, "export"),
        ]
    }

    fn draw(&mut self, model: &mut Model, area: Rect, canvas: &mut Canvas<'_>) {
        self.area = area;
        self.cut = false;
        if model.store.conns().is_empty() {
            return super::super::empty::draw(model, area, canvas);
        }
        self.line_up(model);
        self.adopt(model);
        let mut areas = self.panes.areas(area, self.mode == Mode::Ladder);
        if self.len(model) == 0 {
            // Why nothing is shown needs the room; there is nothing to inspect.
            areas = Areas { list: area, inspector: None, preview: None, ..areas };
        }
        if areas.inspector.is_none() {
            self.panes.inspector = false;
        }
        if areas.inspector != Some(area) {
            self.draw_list(model, &areas, canvas);
        }
        if let Some(area) = areas.inspector {
            canvas.hit(area, Hit::Pane(1));
            self.inspector.draw(model, area, 1, self.panes.inspector, canvas);
        }
        if let Some(area) = areas.preview {
            preview::draw(model, area, canvas);
        }
    }

    fn act(&mut self, model: &mut Model, action: Action) -> bool {
        self.step(model, action)
    }

    fn click(&mut self, model: &mut Model, hit: Hit, double: bool) {
        match hit {
            Hit::Row(0, at) => {
                self.panes.inspector = false;
                self.following = false;
                self.scroll.select(at);
                self.moved(model);
                if double {
                    self.step(model, Action::Open);
                }
            }
            Hit::Column(column) => self.sort_by(model, column),
            Hit::Pane(0) => self.panes.inspector = false,
            Hit::Pane(1) if self.panes.split(self.area) == panes::Split::Alone => {
                if double {
                    self.step(model, Action::Open);
                }
            }
            other => {
                self.panes.inspector = true;
                self.inspector.click(model, other, double);
            }
        }
    }

    fn roll(&mut self, model: &mut Model, pane: usize, by: isize) {
        if pane == 1 {
            return self.inspector.roll(by);
        }
        if by < 0 {
            self.following = false;
        }
        self.scroll.roll(by);
        self.moved(model);
    }

    fn field(&self, model: &Model) -> Option<String> {
        let (row, _) = model.current_message()?;
        // There is no cursor for columns: the sorted one is what one looks at.
        Some(match (model.shown.sorted().0, row.close_code) {
            (Some(By::Id), _) => format!("conn == {} && msg == {}", row.conn, row.n),
            (Some(By::Len), _) => format!("len == {}", row.len),
            (_, Some(code)) => format!("close.code == {code}"),
            (_, None) => format!("op == {}", row.kind.name()),
        })
    }

    fn columns(&self) -> &'static [Column] {
        &table::COLUMNS
    }

    fn line(&self, model: &Model) -> Option<String> {
        let (row, preview) = model.current_message()?;
        let cells = (0..6).map(|n| table::text(model, row, preview, n, None).0.trim().to_owned());
        Some(cells.filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("  "))
    }
}
