//! What stands where there is nothing to show.

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::model::Model;
use super::store::State;
use super::theme::Role;

/// Says why there is no connection.
pub(super) fn draw(model: &Model, area: Rect, canvas: &mut Canvas<'_>) {
    let text = match model.store.state() {
        State::Reading => "reading; no WebSocket yet".to_owned(),
        State::Failed(error) => error.clone(),
        State::Done(_) => "there is no WebSocket in this capture".to_owned(),
    };
    canvas.put(area.x + 1, area.y + 1, area.width.saturating_sub(2), &text, Role::Text);
}
