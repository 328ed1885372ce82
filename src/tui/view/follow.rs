//! Follow.

use ratatui::layout::Rect;

use super::View;
use crate::tui::action::Action;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::model::Model;

/// The view.
#[derive(Debug, Default)]
pub struct FollowView {}

impl View for FollowView {
    fn status(&self, _model: &Model) -> String {
        String::new()
    }

    fn hints(&self, _model: &Model) -> Vec<(Action, &'static str)> {
        Vec::new()
    }

    fn draw(&mut self, _model: &mut Model, _area: Rect, _canvas: &mut Canvas<'_>) {}

    fn act(&mut self, _model: &mut Model, _action: Action) -> bool {
        false
    }

    fn click(&mut self, _model: &mut Model, _hit: Hit, _double: bool) {}

    fn roll(&mut self, _model: &mut Model, _pane: usize, _by: isize) {}
}
