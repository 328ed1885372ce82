//! Help: everything that can be done, with its keys; what is chosen is done.

use crossterm::event::KeyCode;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::{After, Overlay, middle};
use crate::tui::action::{ACTIONS, Action, Entry, Group};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::editor::Line;
use crate::tui::keybook;
use crate::tui::keys::Key;
use crate::tui::list::{Scroll, Step};
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::view::ViewId;

/// The widest that it gets.
const WIDTH: u16 = 78;

/// The help of a view.
#[derive(Debug)]
pub struct Help {
    view: ViewId,
    query: Line,
    rows: Vec<Row>,
    scroll: Scroll,
}

/// A line of the help.
#[derive(Debug)]
enum Row {
    Heading(String),
    /// An action, and its keys.
    Action(&'static Entry, String),
    Mark(&'static str, &'static str),
}

impl Help {
    /// For the view in front.
    pub(crate) fn open(model: &Model) -> Self {
        let mut help =
            Self { view: model.view, query: Line::default(), rows: Vec::new(), scroll: Scroll::default() };
        help.fill(model);
        help
    }

    /// Makes the rows for what was typed.
    fn fill(&mut self, model: &Model) {
        let words: Vec<String> =
            self.query.text.to_lowercase().split_whitespace().map(str::to_owned).collect();
        let matches = |text: &str| {
            let text = text.to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        let keys = |action: Action| model.keymap.keys(action).collect::<Vec<_>>().join("  ");
        let row = |entry: &'static Entry| {
            let keys = keys(entry.action);
            let exact =
                words.first().is_some_and(|_| model.keymap.keys(entry.action).any(|k| k == self.query.text));
            let there = exact || matches(&format!("{} {} {keys}", entry.title, entry.id));
            there.then_some(Row::Action(entry, keys))
        };
        let mut rows = Vec::new();
        let mut section = |heading: String, mut found: Vec<Row>| {
            if !found.is_empty() {
                rows.push(Row::Heading(heading));
                rows.append(&mut found);
            }
        };
        let here = |entry: &&Entry| entry.views.contains(self.view);
        // What is wanted here comes first, in the order of the footer; while something is searched for, it has its place.
        let first: &[Action] = if words.is_empty() { &model.hints } else { &[] };
        let wanted = first.iter().map(|action| action.entry()).filter(here);
        section(format!("In {}", self.view.name()), wanted.filter_map(row).collect());
        for group in Group::ALL {
            let of_group = ACTIONS.iter().filter(|entry| entry.group == group).filter(here);
            let of_group = of_group.filter(|entry| !first.contains(&entry.action));
            section(group.name().to_owned(), of_group.filter_map(row).collect());
        }
        let elsewhere = ACTIONS.iter().filter(|entry| !here(entry));
        section("In other views".to_owned(), elsewhere.filter_map(row).collect());
        let marks = keybook::MARKS.iter().filter(|(mark, what)| matches(&format!("{mark} {what}")));
        section("Marks".to_owned(), marks.map(|(mark, what)| Row::Mark(mark, what)).collect());
        self.rows = rows;
        // The first heading is seen, and the row below it chosen.
        let first = self.rows.iter().position(|row| !matches!(row, Row::Heading(_))).unwrap_or(0);
        self.scroll =
            Scroll { cursor: first, height: self.scroll.height.max(2), len: self.rows.len(), top: 0 };
    }

    /// Leaves headings, in the direction of `by`; at the ends back again.
    fn settle(&mut self, by: isize) {
        let is_row = |at: usize| matches!(self.rows.get(at), Some(Row::Action(..) | Row::Mark(..)));
        let mut at = Some(self.scroll.cursor);
        while let Some(here) = at.filter(|at| *at < self.rows.len() && !is_row(*at)) {
            at = here.checked_add_signed(by);
        }
        match at.filter(|at| *at < self.rows.len()) {
            Some(at) => self.scroll.select(at),
            // Above the first is its heading, which may be seen.
            None if by < 0 => {
                let first = (0..self.rows.len()).find(|at| is_row(*at)).unwrap_or(0);
                self.scroll.select(0);
                self.scroll.cursor = first;
            }
            None => {}
        }
    }

    fn go(&mut self, step: Step) {
        let before = self.scroll.cursor;
        self.scroll.go(step);
        // A page ends above a heading, or the row behind it would push one out that was never seen.
        if matches!(step, Step::Halves(1..)) {
            let there = self.scroll;
            self.settle(-1);
            if self.scroll.cursor > before {
                return;
            }
            self.scroll = there;
        }
        let back = matches!(step, Step::By(..0) | Step::Halves(..0) | Step::First);
        self.settle(if back { -1 } else { 1 });
    }

    fn run(&self) -> After {
        match self.rows.get(self.scroll.cursor) {
            Some(Row::Action(entry, _)) => super::run(entry, self.view),
            _ => After::Stay,
        }
    }
}

impl Overlay for Help {
    fn hints(&self) -> Vec<(&'static str, &'static str)> {
        vec![("Esc", "close"), ("type", "to search"), ("↓ ↑", "choose"), ("Enter", "do it")]
    }

    fn draw(&mut self, _model: &mut Model, screen: Rect, canvas: &mut Canvas<'_>) {
        let body = Rect { height: screen.height - 1, ..screen };
        let full = body.width < WIDTH + 8;
        let (width, margin) = if full { (body.width, 0) } else { (WIDTH, 2) };
        let box_ = middle(body, width, body.height.saturating_sub(margin));
        canvas.clear(box_);
        canvas.hit(body, Hit::Pane(1));
        canvas.hit(box_, Hit::Pane(0));
        let title = format!("help · {}", self.view.name());
        let inner = canvas.frame(box_, &title, "", true);
        let typed = inner.x + 1;
        canvas.put(typed, inner.y, 1, "/", Role::Key);
        if self.query.text.is_empty() {
            canvas.put(typed + 2, inner.y, inner.width.saturating_sub(4), "type to search", Role::Dim);
            canvas.cursor(typed + 2, inner.y);
        } else {
            self.query.draw(typed + 2, inner.y, inner.width.saturating_sub(4), Role::Text, canvas);
        }
        let list = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
        self.scroll.fit(self.rows.len(), list.height.into());
        if self.rows.is_empty() {
            canvas.put(list.x + 1, list.y, list.width.saturating_sub(2), "nothing is called so", Role::Dim);
        }
        let widest = self.rows.iter().map(|row| match row {
            Row::Heading(_) => 0,
            Row::Action(_, keys) => keys.width(),
            Row::Mark(mark, _) => mark.width(),
        });
        let keys_width = (widest.max().unwrap_or(0) as u16).min(list.width / 3).max(4);
        for (y, at) in (list.y..list.bottom()).zip(self.scroll.window()) {
            let Some(row) = self.rows.get(at) else { continue };
            let line = Rect::new(list.x, y, list.width, 1);
            let x = line.x + 1;
            let text_x = x + keys_width + 2;
            let room = line.right().saturating_sub(text_x + 1);
            match row {
                Row::Heading(heading) => {
                    canvas.put(x, y, line.width - 2, heading, Role::Heading);
                    continue;
                }
                Row::Action(entry, keys) => {
                    canvas.put(x, y, keys_width, keys, Role::Key);
                    let there = entry.views.contains(self.view);
                    let taken =
                        canvas.put(text_x, y, room, entry.title, if there { Role::Text } else { Role::Dim });
                    if !there {
                        let views = format!("  {}", keybook::views(entry));
                        canvas.put(text_x + taken, y, room.saturating_sub(taken), &views, Role::Dim);
                    }
                }
                Row::Mark(mark, what) => {
                    canvas.put(x, y, keys_width, mark, Role::Special);
                    canvas.put(text_x, y, room, what, Role::Text);
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
            KeyCode::Esc if self.query.text.is_empty() => return After::Close,
            KeyCode::Esc => {
                self.query = Line::default();
                self.fill(model);
            }
            KeyCode::F(1) => return After::Close,
            KeyCode::Char('?') if self.query.text.is_empty() => return After::Close,
            KeyCode::Enter => return self.run(),
            _ => match super::step(key) {
                Some(step) => self.go(step),
                None => {
                    if self.query.key(key) {
                        self.fill(model);
                    }
                }
            },
        }
        After::Stay
    }

    fn paste(&mut self, model: &mut Model, text: &str) {
        self.query.insert(text);
        self.fill(model);
    }

    fn click(&mut self, _model: &mut Model, hit: Hit, double: bool) -> After {
        match hit {
            Hit::Row(_, at) => {
                self.scroll.select(at);
                if double { self.run() } else { After::Stay }
            }
            Hit::Pane(0) => After::Stay,
            _ => After::Close,
        }
    }

    fn roll(&mut self, _model: &mut Model, by: isize) {
        self.scroll.roll(by);
        self.settle(by.signum());
    }
}
