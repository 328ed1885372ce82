//! One message: its frames bit by bit, its payload, its bytes, its packets.

use ratatui::layout::Rect;

use super::View;
use crate::tui::action::Action;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::model::Model;

/// What is shown of the message under the cursor, in a view of its own or beside the list.
#[derive(Debug, Default)]
pub struct Inspector {}

impl Inspector {
    /// Draws into an area, its border included. Hits are those of pane `pane`.
    pub fn draw(
        &mut self,
        _model: &mut Model,
        _area: Rect,
        _pane: usize,
        _focused: bool,
        _canvas: &mut Canvas<'_>,
    ) {
    }

    /// Does what is asked, as [`View::act`].
    pub fn act(&mut self, _model: &mut Model, _action: Action) -> bool {
        false
    }

    /// As [`View::click`].
    pub fn click(&mut self, _model: &mut Model, _hit: Hit, _double: bool) {}

    /// As [`View::roll`].
    pub fn roll(&mut self, _model: &mut Model, _by: isize) {}
}

/// The view: an inspector that fills the screen.
#[derive(Debug, Default)]
pub struct InspectView {
    inspector: Inspector,
}

impl View for InspectView {
    fn status(&self, _model: &Model) -> String {
        String::new()
    }

    fn hints(&self, _model: &Model) -> Vec<(Action, &'static str)> {
        Vec::new()
    }

    fn draw(&mut self, model: &mut Model, area: Rect, canvas: &mut Canvas<'_>) {
        self.inspector.draw(model, area, 0, true, canvas);
    }

    fn act(&mut self, model: &mut Model, action: Action) -> bool {
        self.inspector.act(model, action)
    }

    fn click(&mut self, model: &mut Model, hit: Hit, double: bool) {
        self.inspector.click(model, hit, double);
    }

    fn roll(&mut self, model: &mut Model, _pane: usize, by: isize) {
        self.inspector.roll(model, by);
    }
}
