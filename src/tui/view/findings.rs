//! Where the protocol was broken: a table of all findings, and a card of the one under the cursor.

mod card;
mod draw;
mod rows;

use std::time::Duration;

use ratatui::layout::Rect;

use self::card::{Card, Unnamed};
use self::draw::Made;
use self::rows::{Grouping, Item, Key, Rows};
use super::View;
use crate::audit::report::place;
use crate::place::Place;
use crate::report::visible;
use crate::report::words::findings;
use crate::rules::Level;
use crate::tui::action::Action;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::grid::Column;
use crate::tui::list::{Scroll, Step};
use crate::tui::model::{Effect, Model};
use crate::tui::overlay::rule::RulePage;
use crate::tui::overlay::suppress::Suppress;
use crate::tui::store::Found;

/// Time for the rows while a frame is drawn; the rest is done between frames.
const BUDGET: Duration = Duration::from_millis(4);

/// The panes.
const LIST: usize = 0;
const CARD: usize = 1;

/// The view.
#[derive(Debug)]
pub struct FindingsView {
    scroll: Scroll,
    rows: Rows,
    /// The group under the cursor, where it is one.
    head: Option<Key>,
    sort: Option<(usize, bool)>,
    grouping: Grouping,
    focus: usize,
    zoomed: bool,
    beside: bool,
    /// How much of the room is the list's, in hundredths.
    share: u16,
    /// The card, and what it was made of.
    card: Option<(Made, Card)>,
    /// The first line of the card that is shown, and how many are.
    top: usize,
    height: usize,
}

impl Default for FindingsView {
    fn default() -> Self {
        Self {
            scroll: Scroll::default(),
            rows: Rows::default(),
            head: None,
            // The worst first.
            sort: Some((rows::LEVEL, false)),
            grouping: Grouping::None,
            focus: LIST,
            zoomed: false,
            beside: false,
            share: 45,
            card: None,
            top: 0,
            height: 1,
        }
    }
}

impl FindingsView {
    fn item(&self) -> Option<Item> {
        self.rows.items.get(self.scroll.cursor).copied()
    }

    fn found<'m>(&self, model: &'m Model) -> Option<&'m Found> {
        match self.item()? {
            Item::Finding(place) => model.store.findings().get(place as usize),
            Item::Head(_) => None,
        }
    }

    /// The row under the cursor is what is selected everywhere.
    fn select(&mut self, model: &mut Model) {
        self.head = None;
        match self.item() {
            Some(Item::Head(key)) => {
                self.head = Some(key);
                model.finding = None;
                if let Key::Conn(conn) = key
                    && model.store.conn(conn).is_some()
                {
                    model.conn = Some(conn);
                }
            }
            Some(Item::Finding(place)) => {
                if model.finding.replace(place) != Some(place) {
                    self.top = 0;
                }
                let Some(found) = model.store.findings().get(place as usize) else { return };
                let (conn, message) = (found.conn, found.finding.message);
                if let Some(conn) = conn {
                    model.conn = Some(conn);
                    if let Some(place) = message.and_then(|n| model.store.place_of(conn, n)) {
                        model.message = Some(place);
                    }
                }
            }
            None => {}
        }
    }

    /// What was selected stays that, whatever comes.
    fn keep(&mut self, model: &Model) {
        let selected = match (self.head, model.finding) {
            (_, Some(place)) => Some(Item::Finding(place)),
            (Some(key), None) => Some(Item::Head(key)),
            (None, None) => None,
        };
        if let Some(at) = selected.and_then(|item| self.rows.position(item, self.scroll.cursor)) {
            self.scroll.cursor = at;
        }
    }

    fn go(&mut self, model: &mut Model, step: Step) {
        self.scroll.go(step);
        self.select(model);
    }

    /// To the next row, or the one before, of which something is true.
    fn seek(&mut self, model: &mut Model, on: bool, what: &str, is: impl Fn(&Model, u32, &Found) -> bool) {
        let fits = |at: &usize| match self.rows.items.get(*at) {
            Some(Item::Finding(place)) => {
                model.store.findings().get(*place as usize).is_some_and(|found| is(model, *place, found))
            }
            _ => false,
        };
        let found = if on {
            (self.scroll.cursor + 1..self.rows.items.len()).find(fits)
        } else {
            (0..self.scroll.cursor.min(self.rows.items.len())).rev().find(fits)
        };
        match found {
            Some(at) => {
                self.scroll.select(at);
                self.select(model);
            }
            None => model.say(format!("no {what} {}", if on { "further down" } else { "further up" })),
        }
    }

    fn open(&mut self, model: &mut Model) {
        match self.item() {
            Some(Item::Head(key)) => self.fold(key, !self.rows.folded.contains(&key)),
            Some(Item::Finding(_)) => {
                let Some(found) = self.found(model) else { return };
                match found.conn.and_then(|conn| place(&found.finding, conn).parse::<Place>().ok()) {
                    Some(place) => model.go(place),
                    None => model.say("this concerns the capture as a whole; there is nothing to go to"),
                }
            }
            None => {}
        }
    }

    fn fold(&mut self, key: Key, fold: bool) {
        if fold {
            self.rows.folded.insert(key);
        } else {
            self.rows.folded.remove(&key);
        }
    }

    fn suppress(&self, model: &mut Model) {
        let Some(found) = self.found(model).cloned() else {
            return model.say("only a finding can be added to a baseline; this is a group");
        };
        let asked = match card::named(model, &found) {
            Ok(name) => Suppress::new(model, &found.finding, name, rows::weight(&found)),
            Err(Unnamed::Waits) => return model.say("the handshake is still being read; once more, please"),
            Err(Unnamed::Failed(why)) => Err(why),
        };
        match asked {
            Ok(overlay) => model.effect(Effect::Show(Box::new(overlay))),
            Err(why) => model.fail(why),
        }
    }
}

impl View for FindingsView {
    fn status(&self, model: &Model) -> String {
        let all = model.store.findings().count();
        let shown = self.rows.shown;
        let scope =
            model.narrow.conn.map(|conn| format!(" · connection {conn} of {}", model.store.conns().len()));
        let group = if self.grouping == Grouping::None { "" } else { self.grouping.words() };
        let dot = if group.is_empty() { "" } else { " · " };
        let words = if all == 0 { String::new() } else { findings(shown) };
        format!("{words}{}{dot}{group}", scope.unwrap_or_default())
    }

    fn hints(&self, _: &Model) -> Vec<(Action, &'static str)> {
        let mut hints = vec![
            (Action::Open, "go there"),
            (Action::RulePage, "rule"),
            (Action::NextFinding, "next error"),
            (Action::GroupBy, "group"),
            (Action::Suppress, "baseline"),
            (Action::Scope, "scope"),
            (Action::Filter, "filter"),
            (Action::Sort, "sort"),
            (Action::Export, "export"),
            (Action::Pane, "card"),
        ];
        if self.focus == CARD {
            hints.rotate_right(1);
        }
        hints
    }

    fn draw(&mut self, model: &mut Model, area: Rect, canvas: &mut Canvas<'_>) {
        if self.rows.update(model, self.sort, self.grouping, BUDGET) {
            model.more = true;
        }
        self.keep(model);
        if self.rows.items.is_empty() {
            canvas.rule(area.x, area.y, area.width);
            return self.draw_empty(model, area, canvas);
        }
        let (list, card) = self.panes(area);
        match list {
            Some(list) => self.draw_list(model, list, canvas),
            None => self.scroll.fit(self.rows.items.len(), self.scroll.height),
        }
        self.select(model);
        if let Some(card) = card {
            self.draw_card(model, card, canvas);
        }
    }

    fn advance(&mut self, model: &mut Model, budget: Duration) -> bool {
        self.rows.update(model, self.sort, self.grouping, budget)
    }

    fn act(&mut self, model: &mut Model, action: Action) -> bool {
        if let Some(step) = Step::of(action) {
            if self.focus == CARD {
                let half = (self.height / 2).max(1);
                self.top = match step {
                    Step::By(by) => self.top.saturating_add_signed(by),
                    Step::Halves(halves) => self.top.saturating_add_signed(halves * half as isize),
                    Step::First => 0,
                    Step::Last => usize::MAX,
                };
            } else {
                self.go(model, step);
            }
            return true;
        }
        match action {
            Action::NextItem => self.go(model, Step::By(1)),
            Action::PreviousItem => self.go(model, Step::By(-1)),
            Action::Open => self.open(model),
            Action::Left | Action::Right => {
                let key = match self.item() {
                    Some(Item::Head(key)) => Some(key),
                    _ => self.found(model).and_then(|found| rows::group(found, self.grouping)),
                };
                match key {
                    Some(key) => {
                        self.fold(key, action == Action::Left);
                        if action == Action::Left {
                            self.head = Some(key);
                            model.finding = None;
                        }
                    }
                    None => model.say("nothing to fold: v groups findings"),
                }
            }
            Action::Pane | Action::PaneBack => self.focus = 1 - self.focus,
            Action::Cancel if self.focus == CARD => self.focus = LIST,
            Action::Cancel if self.zoomed => self.zoomed = false,
            Action::NextFinding => self.seek(model, true, "error", |_, _, found| is_error(found)),
            Action::PreviousFinding => self.seek(model, false, "error", |_, _, found| is_error(found)),
            Action::NextMatch | Action::PreviousMatch => {
                if model.filtering.as_ref().is_some_and(|filtering| !filtering.hides()) {
                    let on = action == Action::NextMatch;
                    self.seek(model, on, "match", |model, place, _| {
                        rows::matched(model, place) == Some(true)
                    });
                } else {
                    model.say("there are no matches: a filter with Ctrl-t highlights them");
                }
            }
            Action::GroupBy => {
                self.grouping = self.grouping.next();
                model.say(self.grouping.words());
            }
            Action::Sort => {
                let columns = &rows::COLUMNS;
                let next = self.sort.map_or(0, |(column, _)| (column + 1) % columns.len());
                self.sort = Some((next, false));
                model.say(format!("sorted by {}", columns.get(next).map_or("", |column| column.name)));
            }
            Action::SortReverse => {
                let (column, reversed) = self.sort.unwrap_or((rows::LEVEL, false));
                self.sort = Some((column, !reversed));
            }
            Action::Zoom => self.zoomed = !self.zoomed,
            Action::Layout => {
                self.beside = !self.beside;
                model.say(if self.beside {
                    "panes beside each other, where there is room"
                } else {
                    "panes below each other"
                });
            }
            Action::Narrower => self.share = self.share.saturating_sub(5).max(20),
            Action::Wider => self.share = (self.share + 5).min(80),
            Action::RulePage => {
                let rule = match self.item() {
                    Some(Item::Head(Key::Rule(_, code))) => crate::rules::find(code),
                    _ => self.found(model).map(|found| found.finding.rule),
                };
                match rule {
                    Some(rule) => model.effect(Effect::Show(Box::new(RulePage::new(rule)))),
                    None => model.say("no rule is selected"),
                }
            }
            Action::Suppress => self.suppress(model),
            Action::Tail => self.go(model, Step::Last),
            Action::CopyId | Action::CopyFilter | Action::CopyWireshark => return self.copy(model, action),
            Action::Reset => {
                let Self { share, beside, focus, .. } = *self;
                let (scroll, rows) = (self.scroll, std::mem::take(&mut self.rows));
                *self = Self { scroll, rows, share, beside, focus, ..Self::default() };
                self.rows.folded.clear();
                self.rows.forget();
                // What is narrowed is reset too.
                return false;
            }
            _ => return false,
        }
        true
    }

    fn click(&mut self, model: &mut Model, hit: Hit, double: bool) {
        match hit {
            Hit::Row(_, at) => {
                self.focus = LIST;
                self.scroll.select(at);
                self.select(model);
                let head = matches!(self.item(), Some(Item::Head(_)));
                if double || head {
                    self.open(model);
                }
            }
            Hit::Column(column) => {
                self.sort = match self.sort {
                    Some((at, reversed)) if at == column => Some((at, !reversed)),
                    _ => Some((column, false)),
                };
            }
            Hit::Pane(CARD) => self.focus = CARD,
            Hit::Pane(_) => self.focus = LIST,
            _ => {}
        }
    }

    fn roll(&mut self, model: &mut Model, pane: usize, by: isize) {
        if pane == CARD {
            self.top = self.top.saturating_add_signed(by);
        } else {
            self.scroll.roll(by);
            self.select(model);
        }
    }

    fn enter(&mut self, _: &mut Model) {
        self.focus = LIST;
    }

    fn columns(&self) -> &'static [Column] {
        &rows::COLUMNS
    }

    fn field(&self, model: &Model) -> Option<String> {
        match self.item()? {
            Item::Head(Key::Conn(u32::MAX)) => None,
            Item::Head(Key::Conn(conn)) => Some(format!("conn == {conn}")),
            Item::Head(Key::Rule(_, code)) => Some(format!("finding == {code}")),
            Item::Finding(_) => Some(format!("finding == {}", self.found(model)?.finding.rule.code)),
        }
    }

    fn line(&self, model: &Model) -> Option<String> {
        let found = self.found(model)?;
        let (finding, rule) = (&found.finding, found.finding.rule);
        let at = found.conn.map_or_else(|| "capture".to_owned(), |conn| place(finding, conn));
        let packet = finding.at.map(|at| format!(" [packet {}]", at.packet)).unwrap_or_default();
        let mut line = format!("{at}: {} {} {}: ", rule.level.name(), rule.code, rule.name);
        visible::visible(finding.text.as_bytes(), &mut line);
        Some(line + &packet)
    }
}

impl FindingsView {
    fn copy(&self, model: &mut Model, action: Action) -> bool {
        let Some(found) = self.found(model) else {
            model.say("no finding is selected");
            return true;
        };
        let finding = &found.finding;
        let at = found.conn.map(|conn| place(finding, conn));
        match action {
            Action::CopyId => match at {
                Some(at) => model.copy(format!("id {at}"), at),
                None => model.say("this concerns the capture as a whole, which has no id"),
            },
            Action::CopyFilter => {
                let conn = found.conn.map_or_else(String::new, |conn| format!("conn == {conn} && "));
                let filter = format!("{conn}finding == {}", finding.rule.code);
                model.copy("filter", filter);
            }
            _ => match finding.at {
                Some(at) => model.copy("Wireshark filter", format!("frame.number == {}", at.packet)),
                None => model.say("no packet is at fault"),
            },
        }
        true
    }
}

fn is_error(found: &Found) -> bool {
    found.finding.rule.level == Level::Error
}
