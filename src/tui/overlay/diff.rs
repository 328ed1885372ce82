//! The differences of two messages, beside or below each other.

use std::sync::Arc;

use crossterm::event::KeyCode;
use ratatui::layout::Rect;

use super::{After, Overlay};
use crate::report::words::{arrow, number};
use crate::time::Delay;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::diff::{Change, Diff, Row, next};
use crate::tui::keys::Key;
use crate::tui::list::{Scroll, Step};
use crate::tui::model::{Loaded, Model};
use crate::tui::store;
use crate::tui::theme::Role;
use crate::tui::workers::Task;

/// From this width on, they stand beside each other.
const WIDE: u16 = 80;

/// Two messages, compared.
#[derive(Debug)]
pub struct DiffView {
    /// Their places in the store, the earlier first.
    places: [usize; 2],
    diff: Option<Task<Diff>>,
    /// Beside each other or not, where it was asked for.
    beside: Option<bool>,
    /// How they were drawn last.
    is_beside: bool,
    scroll: Scroll,
}

impl DiffView {
    /// Compares two messages, by their places in the store.
    #[must_use]
    pub const fn new(places: [usize; 2]) -> Self {
        Self {
            places,
            diff: None,
            beside: None,
            is_beside: true,
            scroll: Scroll { cursor: 0, top: 0, height: 0, len: 0 },
        }
    }

    /// Compares them once both are read.
    fn compare(&mut self, model: &mut Model) -> Result<(), String> {
        if self.diff.is_some() {
            return Ok(());
        }
        let mut read = Vec::new();
        for place in self.places {
            match model.shared_detail(place) {
                Loaded::Ready(detail) => read.push(Arc::clone(detail)),
                Loaded::Loading => {}
                Loaded::Gone => return Err("the packets of one of them are not there".to_owned()),
                Loaded::Failed(error) => return Err(error.to_string()),
            }
        }
        if let [left, right] = &read[..] {
            let (left, right) = (Arc::clone(left), Arc::clone(right));
            self.diff = Some(model.workers.run(move |_| Diff::new(&left, &right)));
        }
        Ok(())
    }

    fn heads(&self, model: &Model) -> [String; 2] {
        let rows = self.places.map(|place| model.store.message(place).map(|(row, _)| *row));
        let head = |row: Option<store::Row>| row.map(head).unwrap_or_default();
        let mut heads = rows.map(head);
        if let ([Some(left), Some(right)], Some(head)) = (rows, heads.get_mut(1)) {
            head.push_str(&format!("  +{}", Delay(right.last.time.since(left.last.time))));
        }
        heads
    }
}

fn head(row: store::Row) -> String {
    let arrow = arrow(row.dir);
    let compressed = if row.compressed { " z" } else { "" };
    let frames = if row.frames == 1 { String::new() } else { format!(" in {} frames", row.frames) };
    let kind = row.kind.name().to_uppercase();
    format!("{}  {arrow} {kind} {} B{compressed}{frames}", row.id(), number(row.len))
}

impl Overlay for DiffView {
    fn hints(&self) -> Vec<(&'static str, &'static str)> {
        vec![("n N", "next, previous"), ("v", "beside or below"), ("y", "copy as patch"), ("Esc", "close")]
    }

    fn draw(&mut self, model: &mut Model, screen: Rect, canvas: &mut Canvas<'_>) {
        let area = Rect::new(screen.x, screen.y + 2, screen.width, screen.height.saturating_sub(3));
        canvas.clear(area);
        let compared = self.compare(model);
        let heads = self.heads(model);
        let diff = self.diff.as_ref().and_then(Task::get);
        let (title, right) = match diff {
            Some(diff) => {
                let [changed, removed, added] = diff.counts;
                let [one, other] = diff.formats;
                let what = if one == other { one.to_owned() } else { format!("{one} and {other}") };
                (
                    format!("differences · {what}"),
                    format!("{changed} changed · {removed} removed · {added} added"),
                )
            }
            None => ("differences".to_owned(), String::new()),
        };
        let inner = canvas.frame(area, &title, &right, true);
        let beside = self.beside.unwrap_or(inner.width >= WIDE);
        self.is_beside = beside;
        let half = if beside { inner.width / 2 } else { inner.width };
        let [left, right] = &heads;
        canvas.put(inner.x + 1, inner.y, half.saturating_sub(2), left, Role::Heading);
        let head_rows = if beside { 1 } else { 2 };
        let (x, y) = if beside { (inner.x + half, inner.y) } else { (inner.x, inner.y + 1) };
        canvas.put(x + 1, y, half.saturating_sub(2), right, Role::Heading);
        let top = inner.y + head_rows;
        let body = Rect::new(inner.x, top, inner.width, inner.bottom().saturating_sub(top));
        let say = |text: &str, role, canvas: &mut Canvas<'_>| {
            canvas.put(body.x + 1, body.y + 1, body.width.saturating_sub(2), text, role);
        };
        let Some(diff) = diff else {
            match compared {
                Ok(()) => say("reading both…", Role::Dim, canvas),
                Err(error) => say(&error, Role::Error, canvas),
            }
            return;
        };
        canvas.hit(body, Hit::Pane(0));
        let rows = if beside { &diff.rows } else { &diff.below };
        self.scroll.fit(rows.len(), body.height.into());
        for (y, at) in (body.y..body.bottom()).zip(self.scroll.window()) {
            let Some(row) = rows.get(at) else { continue };
            let [left, right] = diff.texts(row);
            if beside {
                side(Rect::new(body.x, y, half, 1), row, left, Change::Removed, canvas);
                side(Rect::new(body.x + half, y, half, 1), row, right, Change::Added, canvas);
            } else {
                side(Rect::new(body.x, y, half, 1), row, left.or(right), row.change, canvas);
            }
            if at == self.scroll.cursor {
                canvas.paint(Rect::new(body.x, y, body.width, 1), Role::Cursor);
            }
        }
        if diff.rows.is_empty() {
            say("both are empty", Role::Dim, canvas);
        }
    }

    fn key(&mut self, model: &mut Model, key: Key) -> After {
        let diff = self.diff.as_ref().and_then(Task::get);
        match key.code {
            KeyCode::Esc | KeyCode::Char('q' | 'd') => return After::Close,
            KeyCode::Char('v' | '|') => self.beside = Some(!self.is_beside),
            KeyCode::Char('n' | 'N') => {
                let forward = key.code == KeyCode::Char('n');
                let rows = diff.map(|diff| if self.is_beside { &diff.rows[..] } else { &diff.below });
                match rows.and_then(|rows| next(rows, self.scroll.cursor, forward)) {
                    Some(row) => self.scroll.select(row),
                    None => model.say("there is no further difference"),
                }
            }
            KeyCode::Char('y') => {
                if let Some(diff) = diff {
                    let patch = diff.patch();
                    model.copy("differences", patch);
                }
            }
            KeyCode::Down | KeyCode::Char('j') => self.scroll.go(Step::By(1)),
            KeyCode::Up | KeyCode::Char('k') => self.scroll.go(Step::By(-1)),
            KeyCode::PageDown | KeyCode::Char(' ') => self.scroll.go(Step::Halves(2)),
            KeyCode::PageUp => self.scroll.go(Step::Halves(-2)),
            KeyCode::Home | KeyCode::Char('g') => self.scroll.go(Step::First),
            KeyCode::End | KeyCode::Char('G') => self.scroll.go(Step::Last),
            _ => {}
        }
        After::Stay
    }

    fn roll(&mut self, _: &mut Model, by: isize) {
        self.scroll.roll(by);
    }
}

/// One side of a row.
fn side(area: Rect, row: &Row, text: Option<&str>, missing: Change, canvas: &mut Canvas<'_>) {
    let Some(text) = text else { return };
    let (sign, role) = match row.change {
        Change::Same => (" ", Role::Text),
        Change::Changed => ("~", Role::Warning),
        Change::Removed | Change::Added if missing == Change::Removed => ("-", Role::Error),
        Change::Removed | Change::Added => ("+", Role::Good),
    };
    canvas.put(area.x + 1, area.y, 1, sign, role);
    canvas.put(area.x + 3, area.y, area.width.saturating_sub(4), text, role);
}
