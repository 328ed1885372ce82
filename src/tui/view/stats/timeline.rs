//! Messages over time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ratatui::layout::Rect;

use crate::item::Dir;
use crate::report::words::{self, count, number, size, span};
use crate::rules::Level;
use crate::time::Timestamp;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::chart;
use crate::tui::list::Scroll;
use crate::tui::model::{Model, TimeFormat};
use crate::tui::tally::{Bins, Tally, width};
use crate::tui::theme::Role;

/// Columns at the left, for the scale.
const SCALE: u16 = 7;

/// Widths of bins that can be asked for, in nanoseconds.
const WIDTHS: [i64; 7] =
    [1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000, 60_000_000_000, 600_000_000_000];

/// The shortest time that is zoomed to, in nanoseconds.
const LEAST: i64 = 1_000;

/// Bins that are kept for each column of the screen: the rest is scrolled to.
const SCREENS: usize = 64;

/// Findings that are looked at between two looks at the clock.
const SLICE: usize = 1 << 9;

/// Where the chart of messages over time stands.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    scroll: Scroll,
    /// A part of the time, where it was zoomed in.
    part: Option<(i64, i64)>,
    /// The width of a bin, where one was asked for.
    width: Option<i64>,
    marks: Marks,
}

/// Bins with findings.
#[derive(Debug, Default)]
struct Marks {
    /// Where the bins begin and how wide they are; and the connection whose findings they are.
    of: (i64, i64, Option<u32>),
    /// Findings of the store that were looked at.
    seen: usize,
    /// The worst level of each bin.
    worst: BTreeMap<usize, Level>,
}

impl Timeline {
    /// Looks at findings, for about so long, and says whether all were looked at.
    pub(super) fn mark(&mut self, model: &Model, bins: &Bins, budget: Duration) -> bool {
        let (since, conn) = (Instant::now(), model.narrow.conn);
        let of = (bins.from, bins.width, conn);
        if self.marks.of != of {
            self.marks = Marks { of, ..Marks::default() };
        }
        let marks = &mut self.marks;
        for (place, found) in model.store.findings().since(marks.seen) {
            marks.seen = place + 1;
            if conn.is_none_or(|conn| found.conn == Some(conn))
                && let Some(at) = found.finding.at.filter(|at| at.time.nanos() >= bins.from)
            {
                let level = found.finding.rule.level;
                let worst = marks.worst.entry(bins.index(at.time)).or_insert(level);
                *worst = level.min(*worst);
            }
            if marks.seen.is_multiple_of(SLICE) && since.elapsed() >= budget {
                return false;
            }
        }
        true
    }

    /// Bins that are counted on a screen of so many columns.
    pub(super) const fn most_bins(columns: u16) -> usize {
        columns as usize * SCREENS
    }

    /// Where the first bin begins, and how wide bins are, in nanoseconds.
    pub(super) fn window(&self, first: Timestamp, last: Timestamp, columns: u16) -> (i64, i64) {
        let (from, to) = self.part.unwrap_or((first.nanos(), last.nanos()));
        let span = to.saturating_sub(from).max(1);
        let fitting = width(span, columns);
        let wide = match self.width {
            // Not so narrow that what is shown does not fit into what is kept.
            Some(asked) => asked.max(width(span, columns.saturating_mul(SCREENS as u16))),
            None => fitting,
        };
        (from, wide)
    }

    pub(super) const fn cursor(&self) -> usize {
        self.scroll.cursor
    }

    pub(super) fn select(&mut self, bin: usize) {
        self.scroll.select(bin);
    }

    /// Moves the cursor.
    pub(super) fn go(&mut self, by: isize, bins: usize) {
        self.scroll.fit(bins, self.scroll.height);
        self.scroll.go(crate::tui::list::Step::By(by));
    }

    /// Shows half of the time or less, around the cursor, in the next narrower bins; or twice of it or more, in wider
    /// ones. `false` = it goes no further.
    pub(super) fn zoom(&mut self, in_: bool, bins: &Bins, first: Timestamp, last: Timestamp) -> bool {
        let (first, last) = (first.nanos(), last.nanos());
        let (from, to) = self.part.unwrap_or((first, last));
        let middle =
            bins.from.saturating_add(bins.width.saturating_mul(self.scroll.cursor as i64)) + bins.width / 2;
        let mut span = to.saturating_sub(from).max(1);
        let whole = last.saturating_sub(first);
        let columns = self.scroll.height.max(1) as u16;
        // A part that is shown in the bins that there are looks as before.
        loop {
            span = if in_ { span / 2 } else { span.saturating_mul(2) };
            if in_ && span < LEAST {
                return false;
            }
            let next = width(span.max(1), columns);
            if if in_ { next < bins.width } else { span >= whole || next > bins.width } {
                break;
            }
        }
        let further = in_ || self.part.is_some() || self.width.is_some();
        self.part = (span < whole).then(|| {
            let from = middle.saturating_sub(span / 2).clamp(first, last.saturating_sub(span));
            (from, from.saturating_add(span))
        });
        self.width = None;
        // The cursor stays on its time.
        let (from, width) = self.window(Timestamp::from_nanos(first), Timestamp::from_nanos(last), columns);
        self.scroll.cursor = (middle.saturating_sub(from).max(0) / width.max(1)) as usize;
        further
    }

    /// The next width of bins, wider ones first; `None` = as the screen asks for.
    pub(super) fn next_width(&mut self, bins: &Bins) -> Option<i64> {
        let now = self.width.unwrap_or(0);
        let fits = |width: &&i64| **width > now && (self.width.is_some() || **width > bins.width);
        self.width = WIDTHS.iter().find(fits).copied();
        self.width
    }

    /// The bin of the next finding from the cursor on, or of the one before.
    pub(super) fn next_finding(&self, bins: &Bins, forward: bool) -> Option<usize> {
        let (at, end) = (self.scroll.cursor, bins.counts.len());
        let worst = &self.marks.worst;
        if forward {
            worst.range(at + 1..end.max(at + 1)).next().map(|(bin, _)| *bin)
        } else {
            worst.range(..at.min(end)).next_back().map(|(bin, _)| *bin)
        }
    }

    pub(super) fn draw(
        &mut self,
        model: &Model,
        tally: &Tally,
        area: Rect,
        focus: bool,
        canvas: &mut Canvas<'_>,
    ) {
        let bins = &tally.bins;
        let at = |bin: usize| {
            let nanos = bins.from.saturating_add(bins.width.saturating_mul(bin as i64));
            Timestamp::from_nanos(nanos)
        };
        let origin = model.origin();
        let format = format(model);
        let time = |bin| format.write(at(bin), origin, None);
        let inner =
            Rect::new(area.x + 1, area.y + 1, area.width.saturating_sub(2), area.height.saturating_sub(2));
        // Where there is little room, there are bars alone.
        let bare = inner.height < 4 || inner.width <= 2 * SCALE;
        let plot = if bare {
            inner
        } else {
            Rect::new(inner.x + SCALE, inner.y, inner.width - SCALE - 1, inner.height - 2)
        };
        self.scroll.fit(bins.counts.len(), plot.width.into());
        let window = self.scroll.window();
        let title = format!("messages in {}", span_of(bins.width));
        let sign = |there: bool, sign| if there { sign } else { "" };
        let (before, behind) = (window.start > 0, window.end < bins.counts.len());
        let (from, to) = (time(window.start), time(window.end));
        let right = format!("{}{from} – {to}{}", sign(before, "… "), sign(behind, " …"));
        canvas.frame(area, &title, &right, focus);
        canvas.hit(area, Hit::Pane(0));
        let shown = bins.counts.get(window.clone()).unwrap_or_default();
        let sum = |bin: &[u32; 2]| u64::from(bin[0]) + u64::from(bin[1]);
        let highest = shown.iter().map(sum).max().unwrap_or(0);
        // The server's share stands below the client's: two colours and two heights.
        chart::columns(shown.iter().map(sum), highest, plot, Role::Client, canvas);
        let servers = shown.iter().map(|bin| u64::from(bin[1]));
        chart::columns(servers, highest, plot, Role::Server, canvas);
        for (n, bin) in window.clone().enumerate() {
            canvas.hit(Rect::new(plot.x + n as u16, plot.y, 1, plot.height + 1), Hit::Part(0, bin));
        }
        let cursor = self.scroll.cursor;
        let column = Rect::new(plot.x + cursor.saturating_sub(window.start) as u16, plot.y, 1, plot.height);
        canvas.paint(column, Role::Cursor);
        if bare {
            return;
        }
        canvas.put_right(inner.x, plot.y, SCALE - 2, &size(highest), Role::Dim);
        canvas.put_right(inner.x, plot.bottom() - 1, SCALE - 2, "0", Role::Dim);
        for y in plot.top()..plot.bottom() {
            canvas.put(plot.x - 1, y, 1, "┤", Role::Dim);
        }
        let axis = plot.bottom();
        canvas.put(plot.x - 1, axis, 1, "┼", Role::Dim);
        canvas.rule(plot.x, axis, plot.width);
        for (bin, level) in self.marks.worst.range(window.clone()) {
            let x = plot.x + (bin - window.start) as u16;
            canvas.put(x, axis, 1, words::sign(*level), Role::of_level(*level));
        }
        if let Some(bin) = bins.counts.get(cursor) {
            let text = format!(
                "{}  {}: ↑ {} ↓ {}",
                time(cursor),
                count(sum(bin), "message"),
                number(bin[Dir::C2s.index()].into()),
                number(bin[Dir::S2c.index()].into())
            );
            canvas.put(plot.x, axis + 1, plot.width, &text, Role::Text);
            canvas.put_right(
                plot.x + plot.width / 2,
                axis + 1,
                plot.width.div_ceil(2),
                "x ! i = findings",
                Role::Dim,
            );
        }
    }
}

/// How times are written: as everywhere, but there is no row before.
pub(super) const fn format(model: &Model) -> TimeFormat {
    match model.settings.time {
        TimeFormat::Delta => TimeFormat::Relative,
        other => other,
    }
}

fn span_of(width: i64) -> String {
    if width < 1_000_000 { format!("{}µs", width / 1_000) } else { span(width) }
}
