//! The list and the card on the screen.

use ratatui::layout::Rect;

use super::card;
use super::rows::{self, Item, Key, SOURCE, TIME, WHAT, WHERE};
use super::{CARD, FindingsView, LIST};
use crate::audit::report::place;
use crate::report::words::{count, findings, number, sign};
use crate::time::Timestamp;
use crate::tui::action::Action;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::grid::Grid;
use crate::tui::model::Model;
use crate::tui::store::Found;
use crate::tui::theme::Role;
use crate::tui::view::ViewId;

/// Columns before the table.
const GUTTER: u16 = 2;

/// The least width and height of a screen with both panes.
const BOTH: (u16, u16) = (60, 14);

/// From this width on, they can stand beside one another.
const WIDE: u16 = 110;

/// What a card depends on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Made {
    item: Item,
    width: u16,
    findings: usize,
    reacted: bool,
    reveal: bool,
}

impl FindingsView {
    /// The list and the card, each where it has room.
    pub(super) fn panes(&self, area: Rect) -> (Option<Rect>, Option<Rect>) {
        let alone = if self.focus == LIST { (Some(area), None) } else { (None, Some(area)) };
        if self.zoomed || area.width < BOTH.0 || area.height + 3 < BOTH.1 {
            return alone;
        }
        if self.beside && area.width >= WIDE {
            let width = (area.width * self.share / 100).clamp(40, area.width - 40);
            let list = Rect { width, ..area };
            return (Some(list), Some(Rect::new(area.x + width, area.y, area.width - width, area.height)));
        }
        let most = (area.height * self.share / 100).clamp(4, area.height - 5);
        // What the list does not need is the card's.
        let height = (self.rows.items.len() + 3).min(most.into()).max(4) as u16;
        let list = Rect { height, ..area };
        (Some(list), Some(Rect::new(area.x, area.y + height, area.width, area.height - height)))
    }

    pub(super) fn draw_list(&mut self, model: &Model, area: Rect, canvas: &mut Canvas<'_>) {
        canvas.rule(area.x, area.y, area.width);
        canvas.hit(area, Hit::Pane(LIST));
        let rows = Rect::new(area.x, area.y + 2, area.width, area.height.saturating_sub(2));
        self.scroll.fit(self.rows.items.len(), rows.height.into());
        // The first finding of a group is seen with the head of the group.
        if self.scroll.height > 1
            && self.scroll.top == self.scroll.cursor
            && let Some(above) = self.scroll.top.checked_sub(1)
            && matches!(self.rows.items.get(above), Some(Item::Head(_)))
        {
            self.scroll.top = above;
        }
        let columns = rows::columns(model.settings.time, area.width);
        let grid =
            Grid::new(&columns, area.width.saturating_sub(GUTTER + 1), |n| model.hides(ViewId::Findings, n));
        grid.head(&columns, area.x + GUTTER, area.y + 1, self.sort, canvas);
        let lights = model.filtering.as_ref().is_some_and(|filtering| !filtering.hides());
        let mut before = None;
        for (y, at) in (rows.y..rows.bottom()).zip(self.scroll.window()) {
            let row = Rect::new(rows.x, y, rows.width, 1);
            let cursor = at == self.scroll.cursor;
            if cursor {
                canvas.put(row.x, y, 1, ">", Role::Text);
            }
            match self.rows.items.get(at) {
                Some(Item::Head(key)) => self.draw_head(*key, row, canvas),
                Some(Item::Finding(place)) => {
                    let Some(found) = model.store.findings().get(*place as usize) else { continue };
                    grid.row(&columns, row.x + GUTTER, y, canvas, |n| {
                        let width = grid.place(n).map_or(0, |(_, width)| width);
                        cell(model, found, n, width, before)
                    });
                    before = found.finding.at.map(|at| at.time);
                    if lights && rows::matched(model, *place) == Some(true) {
                        canvas.paint(Rect { width: 1, ..row }, Role::Match);
                    }
                }
                None => {}
            }
            if cursor {
                canvas.paint(row, Role::Cursor);
            }
            canvas.hit(row, Hit::Row(LIST, at));
        }
    }

    fn draw_head(&self, key: Key, row: Rect, canvas: &mut Canvas<'_>) {
        let sign = if self.rows.folded.contains(&key) { "▸ " } else { "▾ " };
        let Some(total) = self.rows.of_group(key) else { return };
        let all = findings(total.counts);
        let (name, role, rest) = match key {
            Key::Rule(_, code) => {
                let rule = crate::rules::find(code);
                let name = rule.map_or(code.to_owned(), |rule| format!("{code} {}", rule.name));
                let conns = count(total.conns.len() as u64, "connection");
                let on = if total.conns.is_empty() { String::new() } else { format!(" on {conns}") };
                (name, rule.map_or(Role::Text, |rule| Role::of_level(rule.level)), format!("{all}{on}"))
            }
            Key::Conn(u32::MAX) => ("the capture".to_owned(), Role::Heading, all),
            Key::Conn(conn) => (format!("connection {conn}"), Role::Heading, all),
        };
        let width = row.width.saturating_sub(GUTTER + 1);
        canvas.spans(
            row.x + GUTTER,
            row.y,
            width,
            [(sign, Role::Dim), (&*name, role), ("  ", Role::Dim), (&*rest, Role::Dim)],
        );
    }

    pub(super) fn draw_card(&mut self, model: &mut Model, area: Rect, canvas: &mut Canvas<'_>) {
        canvas.hit(area, Hit::Pane(CARD));
        let Some(item) = self.item() else { return };
        let border = area.width >= 40 && !self.zoomed;
        let width = if border { area.width.saturating_sub(4) } else { area.width.saturating_sub(2) };
        let made = Made {
            item,
            width,
            findings: self.rows.counted,
            reacted: self.found(model).is_some_and(|found| found.reaction.is_some()),
            reveal: model.settings.reveal,
        };
        if self.card.as_ref().is_none_or(|(old, card)| *old != made || card.waits) {
            self.card = Some((made, card::make(model, &self.rows, item, width)));
        }
        let Some((_, card)) = &self.card else { return };
        let focused = self.focus == CARD;
        let inner = if border {
            canvas.frame(area, &card.title, &card.right, focused)
        } else {
            canvas.put(area.x + 1, area.y, area.width.saturating_sub(2), &card.title, Role::Heading);
            Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }
        };
        self.height = inner.height.into();
        self.top = self.top.min(card.lines.len().saturating_sub(self.height));
        for (y, line) in (inner.y..inner.bottom()).zip(card.lines.iter().skip(self.top)) {
            let spans = line.iter().map(|(text, role)| (text.as_str(), *role));
            canvas.spans(inner.x + 1, y, inner.width.saturating_sub(2), spans);
        }
        let rest = card.lines.len().saturating_sub(self.top + self.height);
        if rest > 0 && border && area.width > 30 {
            let text = format!(" {} ▼ ", count(rest as u64, "more line"));
            canvas.put_right(area.right().saturating_sub(22), area.bottom() - 1, 20, &text, Role::Dim);
        }
    }

    /// Why there is nothing in the list.
    pub(super) fn draw_empty(&self, model: &Model, area: Rect, canvas: &mut Canvas<'_>) {
        if model.store.conns().is_empty() && model.store.findings().is_empty() {
            return crate::tui::empty::draw(model, area, canvas);
        }
        let all = model.store.findings().count();
        let key = |action: Action| model.keymap.keys(action).next().unwrap_or_default();
        let mut lines = Vec::new();
        if all > 0 && self.rows.is_making() {
            lines.push((format!("sorting {}", count(all as u64, "finding")), Role::Dim));
        } else if all == 0 {
            let conns = count(model.store.conns().count() as u64, "connection");
            let messages = count(model.store.kept() as u64, "message");
            let so_far = if model.store.is_reading() { " so far" } else { "" };
            lines.push((format!("no findings: {conns}, {messages} were checked{so_far}"), Role::Good));
        } else {
            let all = count(all as u64, "finding");
            match model.narrow.conn {
                Some(conn) if model.filtering.is_none() => {
                    lines.push((format!("no findings on connection {conn}"), Role::Good));
                    lines.push((format!("{all} on others: {} shows them", key(Action::Scope)), Role::Dim));
                }
                _ => {
                    lines.push((format!("the filter hides all of {all}"), Role::Text));
                    lines.push((format!("{} shows them again", key(Action::Reset)), Role::Dim));
                }
            }
        }
        let width = area.width.saturating_sub(2);
        let lines = lines.iter().flat_map(|(text, role)| {
            textwrap::wrap(text, usize::from(width).max(1)).into_iter().map(|line| (line, *role))
        });
        for (y, (text, role)) in (area.y + 1..area.bottom()).zip(lines) {
            canvas.put(area.x + 1, y, width, &text, role);
        }
    }
}

fn cell(
    model: &Model,
    found: &Found,
    column: usize,
    width: u16,
    before: Option<Timestamp>,
) -> (String, Role) {
    let finding = &found.finding;
    let level = finding.rule.level;
    match column {
        rows::LEVEL if width < 9 => (sign(level).to_owned(), Role::of_level(level)),
        rows::LEVEL => (format!("{} {}", sign(level), level.name()), Role::of_level(level)),
        rows::RULE => (finding.rule.code.to_owned(), Role::Text),
        WHERE => {
            let more = if finding.more > 0 { format!(" +{}", number(finding.more)) } else { String::new() };
            match found.conn {
                Some(conn) => (format!("{}{more}", place(finding, conn)), Role::Text),
                None => ("-".to_owned(), Role::Dim),
            }
        }
        TIME => match finding.at {
            Some(at) => (model.settings.time.write(at.time, model.origin(), before), Role::Text),
            None => ("-".to_owned(), Role::Dim),
        },
        WHAT => (finding.text.clone(), Role::Text),
        SOURCE => (finding.rule.source.to_owned(), Role::Dim),
        _ => (String::new(), Role::Text),
    }
}
