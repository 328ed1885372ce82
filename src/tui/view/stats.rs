//! Figures of the messages that are shown: over time, by size and kind, delays, and how whole the capture is.

mod figures;
mod timeline;

use std::time::Duration;

use ratatui::layout::Rect;

use self::timeline::Timeline;
use super::View;
use super::messages::empty::lines as why_empty;
use crate::report::words::{count, number, span};
use crate::time::Timestamp;
use crate::tui::action::Action;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::exporting::Table;
use crate::tui::list::{Scroll, Step};
use crate::tui::model::Model;
use crate::tui::tally::{Bins, Source, Tally};

/// Time for counting while a frame is drawn; the rest is counted between frames.
const BUDGET: Duration = Duration::from_millis(6);

/// From this width on, figures stand in two columns.
const WIDE: u16 = 100;

/// The view.
#[derive(Debug, Default)]
pub struct StatsView {
    tally: Option<Tally>,
    timeline: Timeline,
    /// Of the figures, where they do not all fit.
    scroll: Scroll,
    /// The figures are in front, not the timeline.
    figures: bool,
    /// What is in front has the whole screen.
    zoomed: bool,
    /// Columns of the chart.
    columns: u16,
}

impl StatsView {
    /// Counts on; from the beginning where other messages are shown, or in other bins. Returns whether there is more.
    fn count(&mut self, model: &Model, budget: Duration) -> bool {
        let columns = self.columns;
        let source = Source::Shown(model.shown.generation());
        let Some((first, last)) = ends(model) else {
            self.tally = None;
            return false;
        };
        let (from, width) = self.timeline.window(first, last, columns);
        let most = Timeline::most_bins(columns);
        let goes_on = self.tally.as_ref().is_some_and(|tally| {
            tally.source() == source && tally.bins.from == from && tally.bins.width == width
        });
        if !goes_on {
            self.tally = Some(Tally::new(source, Bins::new(Timestamp::from_nanos(from), width)));
        }
        let Some(tally) = &mut self.tally else { return false };
        let counted = tally.advance(model, most, budget);
        let marked = self.timeline.mark(model, &tally.bins, budget / 2);
        !(counted && marked)
    }

    /// A filter for what is in the bin under the cursor.
    fn brush(&self) -> Option<String> {
        let bins = &self.tally.as_ref()?.bins;
        let from = bins.from.saturating_add(bins.width.saturating_mul(self.timeline.cursor() as i64));
        let [from, to] = [from, from.saturating_add(bins.width)].map(Timestamp::from_nanos);
        Some(format!("at >= {from} && at < {to}"))
    }
}

/// The times of the first and the last message that are shown.
fn ends(model: &Model) -> Option<(Timestamp, Timestamp)> {
    let time = |index| {
        let place = model.shown.unsorted(&model.store, index)?;
        model.store.message(place).map(|(row, _)| row.last.time)
    };
    let last = model.shown.len(&model.store).checked_sub(1)?;
    let (first, last) = (time(0)?, time(last)?);
    Some((first.min(last), first.max(last)))
}

impl View for StatsView {
    fn status(&self, model: &Model) -> String {
        let shown = model.shown.len(&model.store);
        let all = model.store.kept();
        let part = if shown < all { format!("{} of ", number(shown as u64)) } else { String::new() };
        let scope = model.narrow.conn.map_or_else(String::new, |conn| format!("conn {conn} · "));
        format!("{scope}{part}{}", count(all as u64, "message"))
    }

    fn hints(&self, _: &Model) -> Vec<(Action, &'static str)> {
        vec![
            (Action::Right, "cursor"),
            (Action::ZoomIn, "zoom in"),
            (Action::ZoomOut, "out"),
            (Action::Open, "filter by bin"),
            (Action::Bins, "bins"),
            (Action::Scope, "scope"),
            (Action::Kinds, "kinds"),
            (Action::Direction, "direction"),
            (Action::Filter, "filter"),
        ]
    }

    fn draw(&mut self, model: &mut Model, area: Rect, canvas: &mut Canvas<'_>) {
        if model.store.conns().is_empty() {
            return super::super::empty::draw(model, area, canvas);
        }
        let height = match (self.zoomed, self.figures) {
            (true, true) => 0,
            (true, false) => area.height,
            _ => (area.height * 2 / 5).clamp(4, 16).min(area.height),
        };
        let chart = Rect { height, ..area };
        self.columns = chart.width.saturating_sub(10).max(1);
        if self.count(model, BUDGET) {
            model.more = true;
        }
        let rest = Rect { y: area.y + height, height: area.height - height, ..area };
        let Some(tally) = &self.tally else {
            let (x, width) = (area.x + 2, area.width.saturating_sub(4));
            for (y, (text, role)) in (area.y + 2..area.bottom()).zip(why_empty(model)) {
                canvas.put(x, y, width, &text, role);
            }
            return;
        };
        if chart.height > 0 {
            self.timeline.draw(model, tally, chart, !self.figures, canvas);
        }
        if rest.height > 0 {
            let blocks = figures::blocks(model, tally);
            let columns = if area.width >= WIDE { 2 } else { 1 };
            figures::draw(&blocks, columns, (&mut self.scroll, self.figures), rest, canvas);
        }
    }

    fn advance(&mut self, model: &mut Model, budget: Duration) -> bool {
        self.columns > 0 && self.count(model, budget)
    }

    fn act(&mut self, model: &mut Model, action: Action) -> bool {
        let bins = self.tally.as_ref().map_or(0, |tally| tally.bins.counts.len());
        match action {
            Action::Left => self.timeline.go(-1, bins),
            Action::Right => self.timeline.go(1, bins),
            Action::ZoomIn | Action::ZoomOut => {
                let in_ = action == Action::ZoomIn;
                if let Some((tally, (first, last))) = self.tally.as_ref().zip(ends(model))
                    && !self.timeline.zoom(in_, &tally.bins, first, last)
                {
                    model.say(if in_ { "it cannot be zoomed in further" } else { "this is all of it" });
                }
            }
            Action::Bins => {
                if let Some(tally) = &self.tally {
                    let width = self.timeline.next_width(&tally.bins);
                    model.say(width.map_or_else(
                        || "bins: as wide as the screen asks for".to_owned(),
                        |width| format!("bins of {}", span(width)),
                    ));
                }
            }
            Action::Open => match self.brush() {
                Some(filter) => model.filter(&filter),
                None => model.say("there is no bin under the cursor"),
            },
            Action::NextFinding | Action::PreviousFinding => {
                let found = self
                    .tally
                    .as_ref()
                    .and_then(|tally| self.timeline.next_finding(&tally.bins, action == Action::NextFinding));
                match found {
                    Some(bin) => self.timeline.select(bin),
                    None => model.say("there is no further finding in this part"),
                }
            }
            Action::Pane | Action::PaneBack => self.figures = !self.figures,
            Action::Zoom => self.zoomed = !self.zoomed,
            Action::Cancel if self.zoomed => self.zoomed = false,
            Action::Reset => {
                self.timeline = Timeline::default();
                return false;
            }
            _ => match Step::of(action) {
                Some(step) => self.scroll.go(step),
                None => return false,
            },
        }
        true
    }

    fn click(&mut self, model: &mut Model, hit: Hit, double: bool) {
        if let Hit::Pane(pane) = hit {
            self.figures = pane == 1;
        }
        if let Hit::Part(0, bin) = hit {
            self.figures = false;
            self.timeline.select(bin);
            if double {
                self.act(model, Action::Open);
            }
        }
    }

    fn roll(&mut self, model: &mut Model, pane: usize, by: isize) {
        if pane == 0 {
            self.act(model, if by < 0 { Action::ZoomIn } else { Action::ZoomOut });
        } else {
            self.scroll.roll(by);
        }
    }

    fn table(&self, model: &Model) -> Option<Table> {
        let tally = self.tally.as_ref()?;
        // Half of the counts would look like all of them.
        let whole = tally.seen >= model.shown.len(&model.store) && ends(model).is_some();
        let Bins { from, width, counts } = &tally.bins;
        let mut csv = "time,client,server\n".to_owned();
        for (bin, [client, server]) in (0..).zip(counts) {
            let time = Timestamp::from_nanos(from.saturating_add(width.saturating_mul(bin)));
            csv.push_str(&format!("{time},{client},{server}\n"));
        }
        whole.then_some(Table { row: "bin", rows: counts.len(), csv })
    }

    fn line(&self, model: &Model) -> Option<String> {
        let blocks = figures::blocks(model, self.tally.as_ref()?);
        Some(figures::text(&blocks))
    }
}
