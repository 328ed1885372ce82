//! What is known of the connection under the cursor.

use ratatui::layout::Rect;

use super::{end, place};
use crate::report::words::{span, size};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::model::Model;
use crate::tui::theme::Role;

/// Rows that the card takes of an area.
pub(super) const fn height(area: Rect) -> u16 {
    match (area.width, area.height) {
        (..60, _) | (_, ..12) => 0,
        (_, 12..24) => 5,
        _ => area.height / 2,
    }
}

/// Draws the card of a connection.
pub(super) fn draw(model: &Model, number: u32, area: Rect, canvas: &mut Canvas<'_>) {
    let Some(conn) = model.store.conn(number) else { return };
    canvas.hit(area, Hit::Pane(1));
    let title = format!("conn {number} · {} → {}", conn.client, conn.server);
    let inner = canvas.frame(area, &title, &place(conn, model.settings.reveal), false);
    let lasted = conn.last().time.since(conn.opened.time);
    let [up, down] = conn.totals();
    let line = format!(
        "{}  after {}   ↑ {} frames, {}   ↓ {} frames, {}",
        end(conn), span(lasted), up.frames, size(up.bytes), down.frames, size(down.bytes)
    );
    canvas.put(inner.x + 1, inner.y, inner.width.saturating_sub(2), &line, Role::Text);
    let findings = conn.findings.iter().filter_map(|place| model.store.findings().get(*place as usize));
    for (y, found) in (inner.y + 1..inner.bottom()).zip(findings) {
        let finding = &found.finding;
        let text = format!("{} {}", finding.rule.code, finding.text);
        canvas.put(inner.x + 1, y, inner.width.saturating_sub(2), &text, Role::Text);
    }
}
