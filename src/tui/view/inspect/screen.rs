//! The view that is all inspector.

use ratatui::layout::Rect;

use super::Inspector;
use crate::report::words::{arrow, count, number, size};
use crate::tui::action::Action;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::model::Model;
use crate::tui::view::View;

/// The view: an inspector that fills the screen.
#[derive(Debug, Default)]
pub struct InspectView {
    inspector: Inspector,
}

impl View for InspectView {
    fn status(&self, model: &Model) -> String {
        let Some((row, _)) = model.current_message() else { return String::new() };
        let arrow = arrow(row.dir);
        let all = model.shown.len(&model.store) as u64;
        let at = model.message.map_or(0, |place| model.shown.index_of(&model.store, place) as u64 + 1);
        let bytes = if row.len < 1000 { count(row.len, "byte") } else { size(row.len) };
        format!("{arrow} {} {bytes} · {} of {}", row.kind.name(), number(at.min(all)), number(all))
    }

    fn hints(&self, _model: &Model) -> Vec<(Action, &'static str)> {
        self.inspector.hints()
    }

    fn draw(&mut self, model: &mut Model, area: Rect, canvas: &mut Canvas<'_>) {
        self.inspector.draw(model, area, 0, true, canvas);
    }

    fn act(&mut self, model: &mut Model, action: Action) -> bool {
        match action {
            Action::Zoom => self.inspector.bare = !self.inspector.bare,
            // There is one pane: its tabs are what can be gone to.
            Action::Pane => return self.inspector.act(model, Action::NextTab),
            Action::PaneBack => return self.inspector.act(model, Action::PreviousTab),
            Action::Cancel if self.inspector.bare => self.inspector.bare = false,
            _ => return self.inspector.act(model, action),
        }
        true
    }

    fn click(&mut self, model: &mut Model, hit: Hit, double: bool) {
        self.inspector.click(model, hit, double);
    }

    fn roll(&mut self, _: &mut Model, _: usize, by: isize) {
        self.inspector.roll(by);
    }

    /// Where nothing was chosen, the first message of the connection is shown.
    fn enter(&mut self, model: &mut Model) {
        let of_conn =
            model.current_conn().and_then(|conn| conn.messages.iter().next()).map(|place| *place as usize);
        let stale =
            model.current_message().is_none_or(|(row, _)| model.conn.is_some_and(|conn| conn != row.conn));
        if stale && let Some(place) = of_conn.or_else(|| model.shown.get(&model.store, 0)) {
            model.select_message(place);
        }
    }

    fn line(&self, _model: &Model) -> Option<String> {
        self.inspector.line()
    }
}
