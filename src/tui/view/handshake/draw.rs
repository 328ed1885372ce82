//! The parts of the page on the screen.

use ratatui::layout::Rect;

use super::page::{AGREED, REQUEST, RESPONSE};
use super::set::{self, Row};
use super::{BESIDE, HandshakeView, Pane};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::list::Scroll;
use crate::tui::search::{Needle, cut};
use crate::tui::theme::Role;

impl HandshakeView {
    /// Where the parts stand, with their titles.
    pub(super) fn layout(&mut self, area: Rect) {
        let Some((_, page)) = &self.page else { return };
        let shown: Vec<usize> =
            [REQUEST, RESPONSE, AGREED].into_iter().filter(|part| !page.parts[*part].is_empty()).collect();
        let inner = |area: Rect| usize::from(area.width.saturating_sub(4));
        let wrap = !self.cut_lines;
        let beside = area.width >= BESIDE && area.height >= 12 && shown.len() == 3;
        let areas: Vec<Rect> = if beside && self.zoomed {
            vec![area; 3]
        } else if beside {
            let half = area.width / 2;
            let lower = set::set(AGREED, &page.parts[AGREED], inner(area), wrap).len() as u16 + 2;
            let lower = lower.min(area.height / 2);
            let upper = area.height - lower;
            vec![
                Rect::new(area.x, area.y, half, upper),
                Rect::new(area.x + half, area.y, area.width - half, upper),
                Rect::new(area.x, area.y + upper, area.width, lower),
            ]
        } else {
            vec![area]
        };
        if self.panes.len() == areas.len()
            && self.panes.iter().zip(&areas).all(|(pane, area)| pane.area == *area)
        {
            return;
        }
        self.panes = if beside {
            let pane = |(part, area): (usize, &Rect)| {
                let rows = set::set(part, &page.parts[part], inner(*area), wrap);
                Pane { rows, scroll: Scroll::default(), area: *area }
            };
            areas.iter().enumerate().map(pane).collect()
        } else {
            let width = usize::from(area.width.saturating_sub(2));
            let mut rows = Vec::new();
            for part in shown {
                if !page.titles[part].is_empty() {
                    let right = if page.rights[part].is_empty() {
                        String::new()
                    } else {
                        format!(" · {}", page.rights[part])
                    };
                    let gap = Row::default();
                    rows.extend((part > 0).then_some(gap));
                    let title = vec![
                        ("── ".to_owned(), Role::Dim),
                        (page.titles[part].clone(), Role::Heading),
                        (right, Role::Dim),
                    ];
                    rows.push(Row { spans: title, ..Row::default() });
                }
                rows.extend(set::set(part, &page.parts[part], width, wrap));
            }
            vec![Pane { rows, scroll: Scroll::default(), area }]
        };
        self.focus = if beside { self.at.0.min(2) } else { 0 };
        for pane in &mut self.panes {
            pane.scroll.len = pane.rows.len();
        }
        let at = self.at;
        self.select(at);
    }

    pub(super) fn draw_pane(
        &mut self,
        n: usize,
        needle: Option<&Needle>,
        framed: bool,
        canvas: &mut Canvas<'_>,
    ) {
        let Some((_, page)) = &self.page else { return };
        let focused = self.focus == n;
        let left = self.left;
        let Some(pane) = self.panes.get_mut(n) else { return };
        let area = pane.area;
        canvas.hit(area, Hit::Pane(n));
        let inner = if framed {
            let (title, right) = (page.titles.get(n), page.rights.get(n));
            let inner =
                canvas.frame(area, title.map_or("", |title| title), right.map_or("", |right| right), focused);
            Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
        } else {
            Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
        };
        pane.scroll.fit(pane.rows.len(), inner.height.into());
        // With the first line its title is seen.
        if pane.scroll.cursor < 2 && pane.scroll.height > 1 {
            pane.scroll.top = 0;
        }
        for (y, at) in (inner.y..inner.bottom()).zip(pane.scroll.window()) {
            let Some(row) = pane.rows.get(at) else { continue };
            let room = row.room.min(inner.width);
            let room = if row.verdict.is_some() { room } else { inner.width };
            draw_row(row, Rect::new(inner.x, y, room, 1), left, needle, canvas);
            if let Some((verdict, role)) = &row.verdict {
                canvas.put(inner.x + room + 1, y, inner.width.saturating_sub(room + 1), verdict, *role);
            }
            let line = Rect::new(inner.x.saturating_sub(1), y, inner.width + 2, 1);
            if focused && at == pane.scroll.cursor && row.line.is_some() {
                canvas.paint(line, Role::Cursor);
            }
            canvas.hit(line, Hit::Row(n, at));
        }
    }
}

/// A row, without the columns that are scrolled out, with what was searched for.
fn draw_row(row: &Row, area: Rect, left: usize, needle: Option<&Needle>, canvas: &mut Canvas<'_>) {
    let mut text = String::new();
    let mut pieces = Vec::new();
    for (n, (part, role)) in row.spans.iter().enumerate() {
        // Names stay.
        let part: String = if n == 0 { part.clone() } else { part.chars().skip(left).collect() };
        text.push_str(&part);
        pieces.push((text.len(), *role));
    }
    let marked: Vec<_> = needle.into_iter().flat_map(|needle| needle.places(text.as_bytes())).collect();
    let spans = cut(&text, &pieces, &marked);
    canvas.spans(
        area.x,
        area.y,
        area.width,
        spans.into_iter().map(|(part, role, marked)| (part, if marked { Role::Match } else { role })),
    );
}
