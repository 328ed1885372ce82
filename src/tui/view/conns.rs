//! The connections: a table, and a card of the one under the cursor.

mod card;
mod seek;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use self::card::Card;
use super::{View, ViewId};
use crate::event::How;
use crate::http::secret;
use crate::packet::segment::Endpoint;
use crate::place::Place;
use crate::report::words::{count, number, size, span};
use crate::tui::action::Action;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::grid::{Align, Column, Grid};
use crate::tui::list::{Scroll, Step};
use crate::tui::model::{Effect, Model, TimeFormat};
use crate::tui::rank::Ranking;
use crate::tui::store::{Conn, State};
use crate::tui::theme::Role;
use crate::tui::workers::Workers;

const COLUMNS: [Column; 13] = [
    column("#", 2, 7, Align::Right, 0),
    column("St", 2, 2, Align::Left, 0),
    column("Start", 8, 23, Align::Left, 9),
    column("For", 4, 7, Align::Right, 10),
    column("Client", 9, 25, Align::Left, 3),
    column("Server", 9, 25, Align::Left, 7),
    Column { grows: true, ..column("Host + path", 12, 24, Align::Left, 0) },
    column("Subprotocol", 6, 20, Align::Left, 6),
    column("Deflate", 4, 8, Align::Left, 8),
    column("Msgs ↑/↓", 8, 13, Align::Right, 1),
    column("Bytes ↑/↓", 9, 11, Align::Right, 5),
    column("End", 4, 20, Align::Left, 2),
    column("Find", 4, 6, Align::Right, 0),
];

const fn column(name: &'static str, min: u16, ideal: u16, align: Align, drop: u8) -> Column {
    Column { name, min, ideal, align, drop, grows: false }
}

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
    making: Option<Box<(Made, Ranking<Key, Vec<u32>>)>>,
}

/// What `order` depends on.
#[derive(Clone, Debug, PartialEq)]
struct Made {
    conns: usize,
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
            let conn = model.store.conns().get(place as usize)?;
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

/// How long it lasted, in nanoseconds.
fn lasted(conn: &Conn) -> i64 {
    conn.last().time.since(conn.opened.time).max(0)
}

/// What connections are sorted by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    None,
    Number(u64),
    Address(Endpoint),
    Text(Cow<'static, str>),
}

/// What a column sorts by.
fn key(conn: &Conn, column: usize) -> Key {
    let totals = conn.totals();
    let text = |text: Option<&str>| Key::Text(text.unwrap_or_default().to_owned().into());
    match column {
        1 => Key::Text(state(conn).0.into()),
        3 => Key::Number(lasted(conn).unsigned_abs()),
        4 => Key::Address(conn.client),
        5 => Key::Address(conn.server),
        6 => text(conn.url.as_deref()),
        7 => text(conn.subprotocol.as_deref()),
        8 => Key::Number(conn.deflate.map_or(0, |deflate| 1 + u64::from(deflate))),
        9 => Key::Number(totals.iter().map(|totals| totals.messages).sum()),
        10 => Key::Number(totals.iter().map(|totals| totals.bytes).sum()),
        11 => Key::Text(end(conn).into()),
        12 => Key::Number(conn.counts().iter().rev().enumerate().map(|(n, count)| count << (20 * n)).sum()),
        // They are numbered as they began.
        _ => Key::Number(conn.number.into()),
    }
}

/// The state in one character, and its role.
fn state(conn: &Conn) -> (&'static str, Role) {
    match conn.closing.as_deref() {
        _ if conn.status.is_some_and(|status| status != 101) => ("✗", Role::Error),
        Some(closing) if closing.how.is_none() => ("✗", Role::Error),
        _ if conn.deflate.is_none() => ("?", Role::Warning),
        Some(closing) if !matches!(closing.how, Some(How::Open | How::Idle)) => ("○", Role::Dim),
        _ => ("●", Role::Good),
    }
}

/// Where it was asked for, without scheme and secrets.
pub(super) fn place(conn: &Conn, reveal: bool) -> String {
    match conn.url.as_deref() {
        Some(url) => {
            let url = if reveal { url.to_owned() } else { secret::redacted_text(url) };
            url.split_once("://").map_or(&*url, |(_, rest)| rest).to_owned()
        }
        None if conn.deflate.is_none() => "(no handshake captured)".to_owned(),
        None if !conn.request => "(no request captured)".to_owned(),
        None => "(no host in the request)".to_owned(),
    }
}

/// How it ended, the close code first.
fn end(conn: &Conn) -> String {
    let Some(closing) = conn.closing.as_deref() else { return "open".to_owned() };
    let Some(how) = closing.how else {
        return conn.status.map_or_else(|| "no answer".to_owned(), |status| format!("HTTP {status}"));
    };
    match closing.close.iter().flatten().find_map(|close| close.code) {
        Some(code) if how == How::Clean => code.to_string(),
        Some(code) => format!("{code} {}", how.name()),
        None => how.name().to_owned(),
    }
}

/// The letter of the worst finding.
pub(in crate::tui) fn worst(counts: &[u64; 3]) -> (&'static str, Role) {
    match counts {
        [0, 0, 0] => (" ", Role::Text),
        [0, 0, _] => ("i", Role::Info),
        [0, _, _] => ("!", Role::Warning),
        _ => ("x", Role::Error),
    }
}

fn cell(model: &Model, conn: &Conn, column: usize) -> (String, Role) {
    let unknown = || "?".to_owned();
    let [up, down] = conn.totals();
    match column {
        0 => (conn.number.to_string(), Role::Text),
        1 => {
            let (sign, role) = state(conn);
            (sign.to_owned(), role)
        }
        2 => {
            // There is no row before in every order.
            let format = match model.settings.time {
                TimeFormat::Delta => TimeFormat::Relative,
                other => other,
            };
            (format.write(conn.opened.time, model.origin(), None), Role::Dim)
        }
        3 => (span(lasted(conn)), Role::Dim),
        4 => (conn.client.to_string(), Role::Text),
        5 => (conn.server.to_string(), Role::Text),
        6 => (place(conn, model.settings.reveal), if conn.url.is_some() { Role::Text } else { Role::Dim }),
        7 => match (&conn.subprotocol, conn.deflate) {
            (Some(name), _) => (name.to_string(), Role::Text),
            (None, None) => (unknown(), Role::Dim),
            (None, Some(_)) => ("-".to_owned(), Role::Dim),
        },
        8 => match conn.deflate {
            None => (unknown(), Role::Dim),
            Some(true) => ("on".to_owned(), Role::Text),
            Some(false) => ("-".to_owned(), Role::Dim),
        },
        9 => (format!("{}/{}", number(up.messages), number(down.messages)), Role::Text),
        10 => (format!("{}/{}", size(up.bytes), size(down.bytes)), Role::Text),
        11 => (end(conn), Role::Text),
        12 => {
            let all: u64 = conn.counts().iter().sum();
            let text = if all == 0 { "-".to_owned() } else { number(all) };
            (text, if all == 0 { Role::Dim } else { worst(conn.counts()).1 })
        }
        _ => (String::new(), Role::Text),
    }
}

impl View for ConnsView {
    fn status(&self, model: &Model) -> String {
        let all = model.store.conns().len();
        let conns = count(all as u64, "connection");
        let conns = if self.order.len() < all {
            format!("{} of {conns}", number(self.order.len() as u64))
        } else {
            conns
        };
        let totals = model.store.conns().iter().flat_map(Conn::totals);
        format!("{conns} · {}", count(totals.map(|totals| totals.messages).sum(), "message"))
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
        if self.following && matches!(model.store.state(), State::Reading) {
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
            self.following = step == Step::Last && matches!(model.store.state(), State::Reading);
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
                self.following = !self.following && matches!(model.store.state(), State::Reading);
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
