//! The list of bookmarks and notes, and the line in which a note is written.

use crossterm::event::KeyCode;
use ratatui::layout::Rect;

use super::{After, Overlay, middle};
use crate::place::{Place, What};
use crate::report::words::count;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::editor::Line;
use crate::tui::keys::Key;
use crate::tui::list::{Scroll, Step};
use crate::tui::model::Model;
use crate::tui::theme::Role;

/// Writes the note on a message.
#[derive(Debug)]
pub struct NoteLine {
    /// The message's place in the store.
    place: usize,
    line: Line,
}

impl NoteLine {
    /// For a message; what was written before is there.
    #[must_use]
    pub fn new(place: usize, text: &str) -> Self {
        Self { place, line: Line::new(text) }
    }
}

impl Overlay for NoteLine {
    fn hints(&self) -> Vec<(&'static str, &'static str)> {
        vec![("Enter", "keep"), ("Ctrl-u", "clear"), ("Esc", "leave as it was")]
    }

    fn draw(&mut self, model: &mut Model, screen: Rect, canvas: &mut Canvas<'_>) {
        let area = middle(screen, 80, 3);
        canvas.clear(area);
        let id = model.store.message(self.place).map(|(row, _)| row.id().to_string());
        let inner = canvas.frame(area, &format!("note on {}", id.unwrap_or_default()), "", true);
        self.line.draw(inner.x + 1, inner.y, inner.width.saturating_sub(2), Role::Text, canvas);
    }

    fn key(&mut self, model: &mut Model, key: Key) -> After {
        match key.code {
            KeyCode::Esc => return After::Close,
            KeyCode::Enter => {
                model.set_note(self.place, self.line.text.trim());
                return After::Close;
            }
            _ => {
                self.line.key(key);
            }
        }
        After::Stay
    }

    fn paste(&mut self, _: &mut Model, text: &str) {
        self.line.insert(text);
    }
}

/// All bookmarks and notes.
#[derive(Debug, Default)]
pub struct NoteList {
    scroll: Scroll,
}

impl NoteList {
    fn id(&self, model: &Model) -> Option<(u32, u64)> {
        model.notes.iter().nth(self.scroll.cursor).map(|(id, _)| id)
    }
}

impl Overlay for NoteList {
    fn hints(&self) -> Vec<(&'static str, &'static str)> {
        vec![("Enter", "go there"), ("Del", "take away"), ("Esc", "close")]
    }

    fn draw(&mut self, model: &mut Model, screen: Rect, canvas: &mut Canvas<'_>) {
        let area =
            middle(screen, 100, (model.notes.len() as u16 + 2).max(5).min(screen.height.saturating_sub(3)));
        canvas.clear(area);
        let right = count(model.notes.len() as u64, "message");
        let inner = canvas.frame(area, "bookmarks and notes", &right, true);
        if model.notes.is_empty() {
            let text = "None yet: m sets a bookmark on a message, ; writes a note.";
            canvas.put(inner.x + 1, inner.y + 1, inner.width.saturating_sub(2), text, Role::Dim);
            return;
        }
        self.scroll.fit(model.notes.len(), inner.height.into());
        canvas.hit(inner, Hit::Pane(0));
        let shown = model.notes.iter().skip(self.scroll.top);
        for ((y, at), ((conn, n), note)) in (inner.y..inner.bottom()).zip(self.scroll.window()).zip(shown) {
            let row = Rect::new(inner.x, y, inner.width, 1);
            let id = Place { conn, what: What::Message(n) }.to_string();
            let place = model.store.place_of(conn, n).and_then(|place| model.store.message(place));
            let preview = place.map_or("(not in this capture)", |(_, preview)| preview);
            let sign = if note.bookmark { "*" } else { " " };
            canvas.put(row.x, y, 1, sign, Role::Heading);
            canvas.put(row.x + 2, y, 12, &id, Role::Text);
            let (left, room) = (row.x + 15, row.width.saturating_sub(15));
            let texts = [
                (&*note.text, Role::Text),
                (if note.text.is_empty() { "" } else { "  " }, Role::Dim),
                (preview, Role::Dim),
            ];
            canvas.spans(left, y, room, texts);
            if at == self.scroll.cursor {
                canvas.paint(row, Role::Cursor);
            }
            canvas.hit(row, Hit::Row(0, at));
        }
    }

    fn key(&mut self, model: &mut Model, key: Key) -> After {
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') => return After::Close,
            KeyCode::Enter => {
                if let Some((conn, n)) = self.id(model) {
                    model.go(Place { conn, what: What::Message(n) });
                }
                return After::Close;
            }
            KeyCode::Delete | KeyCode::Backspace => {
                if let Some(place) = self.id(model).and_then(|(conn, n)| model.store.place_of(conn, n)) {
                    model.forget_note(place);
                }
            }
            KeyCode::Down | KeyCode::Char('j') => self.scroll.go(Step::By(1)),
            KeyCode::Up | KeyCode::Char('k') => self.scroll.go(Step::By(-1)),
            KeyCode::Home | KeyCode::Char('g') => self.scroll.go(Step::First),
            KeyCode::End | KeyCode::Char('G') => self.scroll.go(Step::Last),
            _ => {}
        }
        After::Stay
    }

    fn click(&mut self, model: &mut Model, hit: Hit, double: bool) -> After {
        if let Hit::Row(_, at) = hit {
            self.scroll.select(at);
            if double {
                return self.key(model, Key::plain(KeyCode::Enter));
            }
        }
        After::Stay
    }

    fn roll(&mut self, _: &mut Model, by: isize) {
        self.scroll.roll(by);
    }
}
