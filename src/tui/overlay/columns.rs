//! Which columns of a table are shown.

use crossterm::event::KeyCode;
use ratatui::layout::Rect;

use super::{After, Overlay, middle};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::grid::Column;
use crate::tui::keys::Key;
use crate::tui::list::{Scroll, Step};
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::view::ViewId;

/// The columns of a view, to be chosen from.
#[derive(Debug)]
pub struct ColumnList {
    view: ViewId,
    columns: &'static [Column],
    scroll: Scroll,
}

impl ColumnList {
    /// Those of a view.
    #[must_use]
    pub fn new(view: ViewId, columns: &'static [Column]) -> Self {
        Self { view, columns, scroll: Scroll::default() }
    }

    fn toggle(&self, model: &mut Model) {
        let at = self.scroll.cursor;
        let hidden = model.hidden.entry(self.view).or_default();
        let shown = self.columns.len() - hidden.len();
        match hidden.iter().position(|column| *column == at) {
            Some(place) => {
                hidden.remove(place);
            }
            None if shown > 1 => hidden.push(at),
            None => model.say("one column stays"),
        }
    }
}

impl Overlay for ColumnList {
    fn hints(&self) -> Vec<(&'static str, &'static str)> {
        vec![("Space", "show or hide"), ("a", "all"), ("Esc", "close")]
    }

    fn draw(&mut self, model: &mut Model, screen: Rect, canvas: &mut Canvas<'_>) {
        let area = middle(screen, 34, (self.columns.len() as u16 + 2).min(screen.height.saturating_sub(3)));
        canvas.clear(area);
        let inner = canvas.frame(area, &format!("columns of {}", self.view.name()), "", true);
        self.scroll.fit(self.columns.len(), inner.height.into());
        for (y, at) in (inner.y..inner.bottom()).zip(self.scroll.window()) {
            let Some(column) = self.columns.get(at) else { continue };
            let row = Rect::new(inner.x, y, inner.width, 1);
            let sign = if model.hides(self.view, at) { "[ ]" } else { "[x]" };
            canvas.put(row.x + 1, y, 3, sign, Role::Text);
            canvas.put(row.x + 5, y, row.width.saturating_sub(6), column.name, Role::Text);
            if at == self.scroll.cursor {
                canvas.paint(row, Role::Cursor);
            }
            canvas.hit(row, Hit::Row(0, at));
        }
    }

    fn key(&mut self, model: &mut Model, key: Key) -> After {
        match key.code {
            KeyCode::Esc | KeyCode::Char('q' | 'C') => return After::Close,
            KeyCode::Char(' ' | 'x') | KeyCode::Enter => self.toggle(model),
            KeyCode::Char('a') => {
                model.hidden.remove(&self.view);
            }
            KeyCode::Down | KeyCode::Char('j') => self.scroll.go(Step::By(1)),
            KeyCode::Up | KeyCode::Char('k') => self.scroll.go(Step::By(-1)),
            _ => {}
        }
        After::Stay
    }

    fn click(&mut self, model: &mut Model, hit: Hit, _: bool) -> After {
        if let Hit::Row(_, at) = hit {
            self.scroll.select(at);
            self.toggle(model);
        }
        After::Stay
    }
}
