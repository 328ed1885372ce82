//! The prompt for what is searched for in a text.

use crossterm::event::KeyCode;
use ratatui::layout::Rect;

use super::{After, Overlay};
use crate::tui::action::Action;
use crate::tui::canvas::Canvas;
use crate::tui::editor::Line;
use crate::tui::keys::Key;
use crate::tui::model::{Effect, Model};
use crate::tui::theme::Role;

/// Asks what to search for. The text that is in front shows it while it is typed ([`Model::find`]).
pub fn open(model: &mut Model) {
    let find = Find { line: Line::new(model.find.clone()), before: model.find.clone(), fresh: true };
    model.effect(Effect::Show(Box::new(find)));
}

#[derive(Debug)]
struct Find {
    line: Line,
    /// What was searched for before.
    before: String,
    /// Nothing was typed yet: typing replaces what stands there.
    fresh: bool,
}

impl Overlay for Find {
    fn hints(&self) -> Vec<(&'static str, &'static str)> {
        vec![("Enter", "next match"), ("Esc", "as before"), ("Ctrl-u", "clear")]
    }

    fn draw(&mut self, _model: &mut Model, screen: Rect, canvas: &mut Canvas<'_>) {
        let area = Rect::new(screen.x, screen.y + 1, screen.width, 1);
        canvas.clear(area);
        let taken = canvas.put(area.x + 1, area.y, area.width - 1, "find ", Role::Key);
        let role = if self.fresh { Role::Match } else { Role::Text };
        self.line.draw(area.x + 1 + taken, area.y, area.width.saturating_sub(taken + 2), role, canvas);
    }

    fn key(&mut self, model: &mut Model, key: Key) -> After {
        match key.code {
            KeyCode::Esc => {
                model.find.clone_from(&self.before);
                return After::Close;
            }
            KeyCode::Enter => return After::Run(Action::NextMatch),
            _ => {}
        }
        if std::mem::take(&mut self.fresh) && key.typed().is_some() {
            self.line.set("");
        }
        self.line.key(key);
        model.find.clone_from(&self.line.text);
        After::Stay
    }

    fn paste(&mut self, model: &mut Model, text: &str) {
        if std::mem::take(&mut self.fresh) {
            self.line.set("");
        }
        self.line.insert(text);
        model.find.clone_from(&self.line.text);
    }
}
