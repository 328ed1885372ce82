//! Words to search for in a text.

use crossterm::event::KeyCode;
use ratatui::layout::Rect;

use super::{After, Overlay};
use crate::tui::action::Action;
use crate::tui::canvas::Canvas;
use crate::tui::editor::Line;
use crate::tui::keys::Key;
use crate::tui::model::Model;
use crate::tui::theme::Role;

/// The prompt. What is typed goes to [`Model::find`] at once, so that the view shows it; `Enter` goes to the next match.
#[derive(Debug)]
pub struct Find {
    line: Line,
    before: Option<String>,
}

impl Find {
    /// Begins with nothing; what was searched for before stays until something is typed.
    #[must_use]
    pub fn new(model: &Model) -> Self {
        Self { line: Line::default(), before: model.find.clone() }
    }

    fn tell(&self, model: &mut Model) {
        model.find =
            if self.line.text.is_empty() { self.before.clone() } else { Some(self.line.text.clone()) };
    }
}

impl Overlay for Find {
    fn hints(&self) -> Vec<(&'static str, &'static str)> {
        vec![("Enter", "next match"), ("Up", "the last one again"), ("Esc", "leave")]
    }

    fn draw(&mut self, _: &mut Model, screen: Rect, canvas: &mut Canvas<'_>) {
        let area = Rect::new(screen.x, screen.y + 1, screen.width, 1);
        canvas.clear(area);
        let taken = canvas.put(area.x + 1, area.y, area.width - 1, "find ", Role::Key);
        self.line.draw(area.x + 1 + taken, area.y, area.width.saturating_sub(taken + 2), Role::Text, canvas);
    }

    fn key(&mut self, model: &mut Model, key: Key) -> After {
        match key.code {
            KeyCode::Enter if self.line.text.is_empty() && self.before.is_none() => return After::Close,
            KeyCode::Enter => return After::Run(Action::NextMatch),
            KeyCode::Esc => {
                model.find = self.before.take();
                return After::Close;
            }
            KeyCode::Up => self.line.set(self.before.clone().unwrap_or_default()),
            _ => {
                self.line.key(key);
            }
        }
        self.tell(model);
        After::Stay
    }

    fn paste(&mut self, model: &mut Model, text: &str) {
        self.line.insert(text);
        self.tell(model);
    }
}
