//! The palette: every action by its name, every connection, message, frame and handshake by its id, and times.

mod fuzzy;

use crossterm::event::KeyCode;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::{After, Overlay, middle};
use crate::filter::{self, Time};
use crate::place::Place;
use crate::time::Timestamp;
use crate::tui::action::{ACTIONS, Entry, Group};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::editor::Line;
use crate::tui::keybook;
use crate::tui::keys::Key;
use crate::tui::list::{Scroll, Step};
use crate::tui::model::{Effect, Model};
use crate::tui::theme::Role;
use crate::tui::view::ViewId;

/// The widest that it gets, and the most rows.
const SIZE: (u16, u16) = (96, 18);

/// Columns of an action's name, and the width from which on it is shown.
const ID: u16 = 16;
const WITH_IDS: u16 = 90;

/// How many actions that were run are remembered.
const RECENT: usize = 16;

const NANOS_PER_DAY: i64 = 86_400_000_000_000;

/// The palette.
#[derive(Debug)]
pub struct Palette {
    view: ViewId,
    query: Line,
    rows: Vec<Row>,
    scroll: Scroll,
}

/// Something that can be chosen.
#[derive(Clone, Debug)]
enum Row {
    Action(&'static Entry, String),
    /// What an id names.
    Go(Place),
    /// The message that is nearest to a time, by its place in the store.
    Near(usize, String),
    /// What was typed is an id or a time, and there is no such thing.
    Nothing(String),
}

impl Palette {
    /// Over the view in front.
    pub(crate) fn open(model: &Model) -> Self {
        let mut palette =
            Self { view: model.view, query: Line::default(), rows: Vec::new(), scroll: Scroll::default() };
        palette.fill(model);
        palette
    }

    fn fill(&mut self, model: &Model) {
        let query = self.query.text.trim();
        let recent = |entry: &Entry| model.recent.iter().rev().position(|action| *action == entry.action);
        let mut found: Vec<(i32, &'static Entry)> = ACTIONS
            .iter()
            .filter_map(|entry| {
                let score =
                    fuzzy::score(query, entry.title).max(fuzzy::score(query, entry.id).map(|n| n + 2))?;
                let used = recent(entry).map_or(0, |ago| 8 - (ago as i32).min(7));
                let here = if entry.views.contains(self.view) { 4 } else { 0 };
                // Where nothing was typed, what was used last comes first, and what fingers know by heart last.
                let used = if query.is_empty() { used * 100 } else { used };
                let score = if query.is_empty() { -i32::from(entry.group == Group::Move) } else { score };
                Some((score + used + here, entry))
            })
            .collect();
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        let keys = |entry: &Entry| model.keymap.keys(entry.action).collect::<Vec<_>>().join("  ");
        self.rows = goal(model, query).into_iter().collect();
        self.rows.extend(found.into_iter().map(|(_, entry)| Row::Action(entry, keys(entry))));
        self.scroll = Scroll { height: self.scroll.height, len: self.rows.len(), ..Scroll::default() };
    }

    fn run(&self, model: &mut Model) -> After {
        match self.rows.get(self.scroll.cursor) {
            Some(Row::Action(entry, _)) => {
                model.recent.retain(|action| *action != entry.action);
                model.recent.push(entry.action);
                let more = model.recent.len().saturating_sub(RECENT);
                model.recent.drain(..more);
                super::run(entry, self.view)
            }
            Some(Row::Go(place)) => {
                model.go(*place);
                After::Close
            }
            Some(Row::Near(message, _)) => {
                model.select_message(*message);
                model.effect(Effect::Go(ViewId::Messages));
                After::Close
            }
            Some(Row::Nothing(_)) | None => After::Stay,
        }
    }
}

/// Where an id or a time leads.
fn goal(model: &Model, query: &str) -> Option<Row> {
    if let Ok(place) = query.parse::<Place>() {
        let there = match (model.store.conn(place.conn), place.what) {
            (None, _) => false,
            (Some(conn), crate::place::What::Message(n)) => n <= conn.messages.len() as u64,
            (Some(_), _) => true,
        };
        return Some(if there { Row::Go(place) } else { Row::Nothing(format!("there is no {place}")) });
    }
    let origin = model.origin()?;
    let time = if let Some(span) = query.strip_prefix('+') {
        let has_unit = span.ends_with(|c: char| c.is_alphabetic());
        origin.nanos().checked_add(filter::span(span).filter(|_| has_unit)?)?
    } else {
        match filter::time(query)? {
            Time::At(nanos) => nanos,
            Time::OfDay(nanos) => {
                let midnight = origin.nanos() - origin.nanos().rem_euclid(NANOS_PER_DAY);
                let last = model
                    .store
                    .kept()
                    .checked_sub(1)
                    .and_then(|at| model.store.message(model.store.nth(at)?));
                let end = last.map_or(origin, |(row, _)| row.last.time).nanos();
                let time = midnight + nanos;
                // Behind the first midnight of the capture.
                let next = time.saturating_add(NANOS_PER_DAY);
                if time < origin.nanos() && next <= end { next } else { time }
            }
        }
    };
    let Some(place) = nearest(model, Timestamp::from_nanos(time)) else {
        return Some(Row::Nothing("there is no message".to_owned()));
    };
    let (row, _) = model.store.message(place)?;
    let shown = model.settings.time.write(row.last.time, Some(origin), None);
    Some(Row::Near(place, format!("{}  {shown}", row.id())))
}

/// The message whose time is nearest. Messages are in the order of their ends.
fn nearest(model: &Model, time: Timestamp) -> Option<usize> {
    let at = |index: usize| model.store.message(model.store.nth(index)?).map(|(row, _)| row.last.time);
    let (mut low, mut high) = (0, model.store.kept());
    while low < high {
        let middle = low + (high - low) / 2;
        if at(middle).is_some_and(|there| there < time) { low = middle + 1 } else { high = middle }
    }
    let near = low.saturating_sub(1)..(low + 1).min(model.store.kept());
    let near = near.min_by_key(|index| at(*index).map_or(u64::MAX, |there| there.since(time).unsigned_abs()));
    near.and_then(|index| model.store.nth(index))
}

impl Overlay for Palette {
    fn hints(&self) -> Vec<(&'static str, &'static str)> {
        vec![("Esc", "close"), ("Enter", "do it"), ("↓ ↑", "choose"), ("3.m41  12:04:05  +3.2s", "go there")]
    }

    fn draw(&mut self, _model: &mut Model, screen: Rect, canvas: &mut Canvas<'_>) {
        let body = Rect { height: screen.height - 1, ..screen };
        let (width, height) = SIZE;
        let mut box_ = middle(body, width, height);
        // Below the line of the filter, where there is room: it does not move when the list gets shorter.
        box_.y = body.y + body.height.saturating_sub(box_.height).min(2);
        canvas.clear(box_);
        canvas.hit(body, Hit::Pane(1));
        canvas.hit(box_, Hit::Pane(0));
        let inner = canvas.frame(box_, "palette", "", true);
        canvas.put(inner.x + 1, inner.y, 1, ":", Role::Key);
        if self.query.text.is_empty() {
            let what = "what to do, an id (3.m41) or a time (12:04:05, +3.2s)";
            canvas.put(inner.x + 3, inner.y, inner.width.saturating_sub(4), what, Role::Dim);
            canvas.cursor(inner.x + 3, inner.y);
        } else {
            self.query.draw(inner.x + 3, inner.y, inner.width.saturating_sub(4), Role::Text, canvas);
        }
        let list = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
        self.scroll.fit(self.rows.len(), list.height.into());
        if self.rows.is_empty() {
            canvas.put(list.x + 1, list.y, list.width.saturating_sub(2), "nothing is called so", Role::Dim);
        }
        for (y, at) in (list.y..list.bottom()).zip(self.scroll.window()) {
            let Some(row) = self.rows.get(at) else { continue };
            let line = Rect::new(list.x, y, list.width, 1);
            let room = line.width.saturating_sub(2);
            match row {
                Row::Action(entry, keys) => {
                    let here = entry.views.contains(self.view);
                    let role = if here { Role::Text } else { Role::Dim };
                    let keys_width = (keys.width() as u16).min(room / 2);
                    canvas.put_right(line.x + 1, y, room, keys, Role::Key);
                    let mut x = line.x + 1;
                    let right = line.right().saturating_sub(keys_width + 2);
                    if room >= WITH_IDS {
                        canvas.put(x, y, ID, entry.id, Role::Dim);
                        x += ID + 1;
                    }
                    let taken = canvas.put(x, y, right.saturating_sub(x), entry.title, role);
                    if !here {
                        let views = format!("  in {}", keybook::views(entry));
                        let left = right.saturating_sub(x + taken);
                        if views.width() <= usize::from(left) {
                            canvas.put(x + taken, y, left, &views, Role::Dim);
                        }
                    }
                }
                Row::Go(place) => {
                    canvas.put(line.x + 1, y, room, &format!("go to {place}"), Role::Match);
                }
                Row::Near(_, text) => {
                    canvas.put(
                        line.x + 1,
                        y,
                        room,
                        &format!("go to the nearest message: {text}"),
                        Role::Match,
                    );
                }
                Row::Nothing(text) => {
                    canvas.put(line.x + 1, y, room, text, Role::Warning);
                }
            }
            if at == self.scroll.cursor {
                canvas.paint(line, Role::Cursor);
            }
            canvas.hit(line, Hit::Row(0, at));
        }
    }

    fn key(&mut self, model: &mut Model, key: Key) -> After {
        match key.code {
            KeyCode::Esc => return After::Close,
            KeyCode::Enter => return self.run(model),
            _ => match super::step(key) {
                Some(Step::First | Step::Last) | None => {
                    if self.query.key(key) {
                        self.fill(model);
                    }
                }
                Some(step) => self.scroll.go(step),
            },
        }
        After::Stay
    }

    fn paste(&mut self, model: &mut Model, text: &str) {
        self.query.insert(text);
        self.fill(model);
    }

    fn click(&mut self, model: &mut Model, hit: Hit, _double: bool) -> After {
        match hit {
            Hit::Row(_, at) => {
                self.scroll.select(at);
                self.run(model)
            }
            Hit::Pane(0) => After::Stay,
            _ => After::Close,
        }
    }

    fn roll(&mut self, _model: &mut Model, by: isize) {
        self.scroll.roll(by);
    }
}
