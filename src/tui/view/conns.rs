//! The connections: a table, and a card of the one under the cursor.

mod card;
mod columns;
mod seek;

use std::sync::Arc;
use std::time::{Duration, Instant};

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use self::card::Card;
pub(super) use self::columns::place;
pub(in crate::tui) use self::columns::worst;
use self::columns::{COLUMNS, Key, cell, key};
use super::{View, ViewId};
use crate::place::Place;
use crate::report::words::{count, number};
use crate::tui::action::Action;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::grid::{Column, Grid};
use crate::tui::list::{Scroll, Step};
use crate::tui::model::{Effect, Model};
use crate::tui::rank::Ranking;
use crate::tui::store::{Conn, State};
use crate::tui::theme::Role;
use crate::tui::workers::Workers;

/// Time for the order while a frame is drawn; the rest is done between frames.
const BUDGET: Duration = Duration::from_millis(4);

/// Columns before the table, for marks.
const GUTTER: u16 = 3;

/// The view.
#[derive(Debug, Default)]
pub struct ConnsView {
    scroll: Scroll,
    /// The sorted column, and whether it is reversed.
    sort: Option<(usize, bool)>,
    card: Card,
    /// The numbers of the connections that are shown, in order.
    order: Arc<Vec<u32>>,
    /// The store as it was when `order` was made.
    made: Option<Made>,
    /// The connection to which the last step from finding to finding led.
    found: Option<u32>,
    /// The cursor stays on the last connection while there come more.
    following: bool,
    /// Rows by which the card is higher than it usually is.
    shift: i16,
    /// The list alone.
    zoom: bool,
    /// The next order; until it is there, the old one is shown.
    making: Option<Box<Making>>,
}

/// An order that is being made, and what it depends on.
type Making = (Made, Ranking<Key, Vec<u32>>);

/// What `order` depends on.
#[derive(Clone, Debug, PartialEq)]
struct Made {
    conns: usize,
    /// Those that are gone.
    gone: u64,
    messages: usize,
    findings: usize,
    narrow: bool,
    sort: Option<(usize, bool)>,
    /// How often the answers of the filter changed; `None` = it hides nothing.
    filter: Option<(String, u64)>,
}

impl Made {
    /// It is of the same list, which may have grown.
    fn is_like(&self, other: &Self) -> bool {
        let text = |made: &Self| made.filter.as_ref().map(|(text, _)| text.clone());
        (self.narrow, self.sort) == (other.narrow, other.sort) && text(self) == text(other)
    }
}

impl ConnsView {
    /// The cursor stays on the last connection until it is moved.
    pub(crate) const fn follow_tail(&mut self) {
        self.following = true;
    }

    /// Brings the order up to date, or goes on with that for about so long. Returns whether there is more to do.
    fn order(&mut self, model: &Model, budget: Duration) -> bool {
        let until = Instant::now() + budget;
        let filter = model.filtering.as_ref().filter(|filtering| filtering.hides());
        let sorted = self.sort.is_some() || model.narrow.findings;
        let now = Made {
            conns: model.store.conns().len(),
            gone: model.store.gone().conns,
            messages: if sorted { model.store.messages() } else { 0 },
            findings: if sorted { model.store.findings().len() } else { 0 },
            narrow: model.narrow.findings,
            sort: self.sort,
            filter: filter.map(|filtering| (filtering.text().to_owned(), filtering.version())),
        };
        // What is being made is made to its end, though there may be more by now.
        if self.making.as_ref().is_none_or(|making| !making.0.is_like(&now)) {
            self.making = None;
            if self.made.as_ref() == Some(&now) {
                return false;
            }
            self.making = Some(Box::new((now, Ranking::default())));
        }
        let Some(mut making) = self.making.take() else { return false };
        let (made, ranking) = &mut *making;
        let (narrow, sort) = (made.narrow, made.sort);
        let key = |place: u32| {
            let Some(conn) = model.store.conns().get(place as usize) else { return Some(None) };
            let left = (!narrow || conn.counts() != &[0; 3])
                && filter.is_none_or(|filter| filter.conn(conn.number) == Some(true));
            Some(left.then(|| sort.map_or(Key::None, |(column, _)| key(conn, column))))
        };
        let arrange = move |mut keys: Vec<(Key, u32)>| {
            if sort.is_some() {
                keys.sort_unstable();
            }
            let numbers = keys.iter().map(|(_, place)| place + 1);
            if sort.is_some_and(|(_, reversed)| reversed) {
                numbers.rev().collect()
            } else {
                numbers.collect()
            }
        };
        // As they are numbered, they are in order.
        let here = Workers::inline();
        let workers = if sort.is_some() { &model.workers } else { &here };
        match ranking.advance(made.conns, key, until, workers, arrange) {
            Some(order) => {
                self.order = order;
                self.made = Some(making.0);
                false
            }
            None => {
                let more = !ranking.waits();
                self.making = Some(making);
                more
            }
        }
    }

    fn select(&mut self, model: &mut Model) {
        match self.order.get(self.scroll.cursor) {
            Some(conn) => model.select_conn(*conn),
            None => model.conn = None,
        }
    }

    fn sort_by(&mut self, column: usize) {
        self.sort = match self.sort {
            Some((at, reversed)) if at == column => Some((at, !reversed)),
            _ => Some((column, false)),
        };
    }
}

impl View for ConnsView {
    fn status(&self, model: &Model) -> String {
        let all = model.store.conns().count();
        let conns = count(all as u64, "connection");
        let conns = if self.order.len() < all {
            format!("{} of {conns}", number(self.order.len() as u64))
        } else {
            conns
        };
        format!("{conns} · {}", count(model.store.data_messages(), "message"))
    }

    fn hints(&self, _: &Model) -> Vec<(Action, &'static str)> {
        vec![
            (Action::Open, "messages"),
            (Action::NextFinding, "finding"),
            (Action::Follow, "follow"),
            (Action::Handshake, "handshake"),
            (Action::Sort, "sort"),
            (Action::Filter, "filter"),
            (Action::Export, "export"),
            (Action::Columns, "columns"),
        ]
    }

    fn draw(&mut self, model: &mut Model, area: Rect, canvas: &mut Canvas<'_>) {
        if self.order(model, BUDGET) {
            model.more = true;
        }
        if model.store.conns().is_empty() {
            return super::super::empty::draw(model, area, canvas);
        }
        let card = if self.zoom { 0 } else { card::height(area, self.shift) };
        let list = Rect { height: area.height - card, ..area };
        canvas.rule(area.x, area.y, area.width);
        let rows = Rect::new(list.x, list.y + 2, list.width, list.height.saturating_sub(2));
        // The connection under the cursor stays that, whatever comes.
        if self.following && model.store.is_reading() {
            self.scroll.cursor = self.order.len().saturating_sub(1);
        } else if let Some(at) =
            model.conn.and_then(|conn| self.order.iter().position(|number| *number == conn))
        {
            self.scroll.cursor = at;
        }
        self.scroll.fit(self.order.len(), rows.height.into());
        self.select(model);
        let shown: Vec<&Conn> = self
            .order
            .get(self.scroll.window())
            .unwrap_or_default()
            .iter()
            .filter_map(|number| model.store.conn(*number))
            .collect();
        let wanted = |n| {
            let widths = shown.iter().map(|conn| cell(model, conn, n).0.width());
            widths.chain(COLUMNS.get(n).map(|column| column.name.width() + 1)).max().unwrap_or(0) as u16
        };
        let hidden = |n| model.hides(ViewId::Conns, n);
        let grid = Grid::fitted(&COLUMNS, area.width.saturating_sub(GUTTER + 1), hidden, wanted);
        canvas.hit(list, Hit::Pane(0));
        grid.head(&COLUMNS, list.x + GUTTER, list.y + 1, self.sort, canvas);
        if self.order.is_empty() {
            let reset = model.keymap.keys(Action::Reset).next().unwrap_or_default();
            let text = match model.filtering.as_ref().filter(|filtering| filtering.hides()) {
                _ if self.making.is_some() => "sorting".to_owned(),
                Some(filtering) if !filtering.complete(&model.store) => "filtering".to_owned(),
                Some(_) => format!("no connection is selected by the filter; {reset} takes it away"),
                None => format!("no connection has findings; {reset} shows all"),
            };
            canvas.put(rows.x + GUTTER, rows.y, rows.width.saturating_sub(GUTTER + 1), &text, Role::Dim);
        }
        for ((y, at), conn) in (rows.y..rows.bottom()).zip(self.scroll.window()).zip(shown) {
            let row = Rect::new(rows.x, y, rows.width, 1);
            if at == self.scroll.cursor {
                canvas.put(row.x, y, 1, ">", Role::Text);
            }
            let (sign, role) = worst(conn.counts());
            canvas.put(row.x + 1, y, 1, sign, role);
            grid.row(&COLUMNS, row.x + GUTTER, y, canvas, |n| cell(model, conn, n));
            if self.is_match(model, conn.number) {
                canvas.paint(row, Role::Match);
            }
            if at == self.scroll.cursor {
                canvas.paint(row, Role::Cursor);
            }
            canvas.hit(row, Hit::Row(0, at));
        }
        if card > 0 {
            let area = Rect::new(area.x, list.bottom(), area.width, card);
            if let Some(conn) = model.conn {
                self.card.draw(model, conn, area, canvas);
            }
        }
    }

    fn advance(&mut self, model: &mut Model, budget: Duration) -> bool {
        let more = self.order(model, budget / 2);
        more | model.conn.is_some_and(|conn| self.card.advance(model, conn, budget / 2))
    }

    fn act(&mut self, model: &mut Model, action: Action) -> bool {
        if let Some(step) = Step::of(action) {
            self.following = step == Step::Last && model.store.is_reading();
            self.scroll.go(step);
            self.select(model);
            return true;
        }
        match action {
            Action::NextItem => return self.act(model, Action::Down),
            Action::PreviousItem => return self.act(model, Action::Up),
            Action::Open => {
                // Back here, the cursor is on what was opened.
                self.following = false;
                model.narrow.conn = model.conn;
                model.narrowed();
                model.effect(Effect::Go(ViewId::Messages));
            }
            Action::Sort => {
                let next = self.sort.map_or(0, |(column, _)| (column + 1) % COLUMNS.len());
                self.sort = Some((next, false));
                model.say(format!("sorted by {}", COLUMNS.get(next).map_or("", |column| column.name)));
            }
            Action::SortReverse => {
                let (column, reversed) = self.sort.unwrap_or((0, false));
                self.sort = Some((column, !reversed));
            }
            Action::NextFinding | Action::PreviousFinding => {
                self.next_finding(model, action == Action::NextFinding)
            }
            Action::NextMatch | Action::PreviousMatch => self.next_match(model, action == Action::NextMatch),
            // All connections are in sight here: what is of one only is chosen with Enter.
            Action::Findings | Action::Stats if model.narrow.conn.is_some() => {
                model.narrow.conn = None;
                model.narrowed();
                return false;
            }
            Action::Messages if model.narrow.conn.is_some() && model.narrow.conn != model.conn => {
                model.narrow.conn = model.conn;
                model.narrowed();
                return false;
            }
            Action::Pane | Action::PaneBack => {
                model.say("one list: Enter opens the messages, z hides the card");
            }
            Action::Left | Action::Right => {
                model.say("nothing at the sides; C chooses the columns that get the room")
            }
            Action::Zoom => self.zoom = !self.zoom,
            Action::Cancel if self.zoom => self.zoom = false,
            Action::Narrower => self.shift = (self.shift + 1).min(100),
            Action::Wider => self.shift = (self.shift - 1).max(-100),
            Action::Tail => {
                self.following = !self.following && model.store.is_reading();
                model.say(match (self.following, model.store.state()) {
                    (true, _) => "following the tail; going up stops it",
                    (false, State::Reading) => "the tail is not followed",
                    (false, _) => "all is read: there is no tail to follow; G goes to the last",
                });
            }
            Action::Reset => {
                self.sort = None;
                // What is narrowed is reset too.
                return false;
            }
            Action::CopyId => {
                if let Some(conn) = model.conn {
                    model.copy(format!("id {conn}"), conn.to_string());
                }
            }
            _ => return false,
        }
        true
    }

    fn click(&mut self, model: &mut Model, hit: Hit, double: bool) {
        match hit {
            // A finding on the card.
            Hit::Row(1, place) => {
                if double && let Some(found) = model.store.findings().get(place) {
                    let target = seek::place(found);
                    if let Some(conn) = model.conn {
                        model.go(Place { conn, what: target });
                    }
                }
            }
            Hit::Row(_, at) => {
                self.following = false;
                self.scroll.select(at);
                self.select(model);
                if double {
                    self.act(model, Action::Open);
                }
            }
            Hit::Column(column) => self.sort_by(column),
            _ => {}
        }
    }

    fn roll(&mut self, model: &mut Model, _: usize, by: isize) {
        self.following &= by > 0;
        self.scroll.roll(by);
        self.select(model);
    }

    fn enter(&mut self, model: &mut Model) {
        if matches!(model.store.state(), State::Failed(_)) {
            self.made = None;
        }
    }

    fn field(&self, model: &Model) -> Option<String> {
        Some(format!("conn == {}", model.conn?))
    }

    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn line(&self, model: &Model) -> Option<String> {
        let conn = model.current_conn()?;
        let cells = (0..COLUMNS.len()).map(|n| cell(model, conn, n).0);
        Some(cells.collect::<Vec<_>>().join("  "))
    }
}
