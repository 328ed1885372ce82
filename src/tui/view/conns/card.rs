//! What is known of the connection under the cursor.

use std::time::Duration;

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::columns::{end, place};
use super::seek;
use crate::item::Dir;
use crate::place::Place;
use crate::report::words::{count, number, sign, size, span};
use crate::rules::Level;
use crate::time::Delay;
use crate::tui::canvas::{Canvas, Hit, Spans};
use crate::tui::chart;
use crate::tui::model::Model;
use crate::tui::store::{Conn, Found};
use crate::tui::tally::{Bins, Source, Tally, width};
use crate::tui::theme::Role;

/// Time for counting while a frame is drawn; the rest is counted between frames.
const BUDGET: Duration = Duration::from_millis(3);

/// The card of a connection; it counts the connection's messages.
#[derive(Debug, Default)]
pub(super) struct Card {
    tally: Option<Tally>,
    /// Columns of the rate when counting began.
    columns: u16,
}

/// Rows that are left to the list: the line above, headings, and two connections.
const LIST: u16 = 4;

/// Rows that the card takes of an area; `shift` is what the user gave it besides.
pub(super) fn height(area: Rect, shift: i16) -> u16 {
    let usual = match (area.width, area.height) {
        (..60, _) | (_, ..12) => return 0,
        (_, 12..24) => 7,
        _ => area.height / 2,
    };
    usual.saturating_add_signed(shift).clamp(3, area.height.saturating_sub(LIST).max(3))
}

impl Card {
    /// Draws the card of a connection.
    pub(super) fn draw(&mut self, model: &mut Model, number: u32, area: Rect, canvas: &mut Canvas<'_>) {
        let columns = area.width.saturating_sub(34).clamp(10, 60);
        if self.count(model, number, columns, BUDGET) {
            model.more = true;
        }
        let Some(conn) = model.store.conn(number) else { return };
        canvas.hit(area, Hit::Pane(1));
        let title = format!("conn {number} · {} → {}", conn.client, conn.server);
        let inner = canvas.frame(area, &title, &place(conn, model.settings.reveal), false);
        let (x, width) = (inner.x + 1, inner.width.saturating_sub(2));
        let mut lines = self.facts(conn);
        // Where there is little room, findings are worth more than counts.
        let findings = conn.findings.len().min(usize::from(u16::MAX / 2)) as u16;
        let room = inner.height.saturating_sub(findings.min(inner.height / 2)).max(1);
        lines.truncate(room.into());
        let mut y = inner.y;
        for line in lines {
            canvas.spans(x, y, width, line.iter().map(|(text, role)| (&**text, *role)));
            y += 1;
        }
        if findings > 0 && inner.bottom().saturating_sub(y) > findings + 1 {
            y += 1;
            canvas.put(x, y, width, &format!("Findings {}", conn.findings.len()), Role::Heading);
            y += 1;
        }
        let found = || {
            conn.findings.iter().filter_map(|place| {
                let place = *place as usize;
                Some((place, model.store.findings().get(place)?))
            })
        };
        // The worst first: there may be no room for all.
        let levels = [Level::Error, Level::Warning, Level::Note].into_iter();
        let found =
            levels.flat_map(|level| found().filter(move |(_, found)| found.finding.rule.level == level));
        for (at, (place, found)) in found.enumerate() {
            if y >= inner.bottom() {
                break;
            }
            let rest = conn.findings.len() - at;
            if y + 1 == inner.bottom() && rest > 1 {
                let text = format!("… {} more; 4 shows all", rest);
                canvas.put(x, y, width, &text, Role::Dim);
                break;
            }
            let row = Rect::new(x, y, width, 1);
            finding(found, number, row, canvas);
            canvas.hit(row, Hit::Row(1, place));
            y += 1;
        }
    }

    /// Counts on, from the beginning where it is another connection, or outgrew its bins.
    /// Returns whether there is more.
    fn count(&mut self, model: &Model, number: u32, columns: u16, budget: Duration) -> bool {
        let Some(conn) = model.store.conn(number) else { return false };
        let (opened, last) = (conn.opened.time, conn.last().time);
        let outgrown = |tally: &Tally| tally.bins.index(last) >= usize::from(columns) * 2;
        let goes_on = self.columns == columns
            && self.tally.as_ref().is_some_and(|t| t.source() == Source::Conn(number) && !outgrown(t));
        if !goes_on {
            let bins = Bins::new(opened, width(last.since(opened), columns));
            self.tally = Some(Tally::new(Source::Conn(number), bins));
            self.columns = columns;
        }
        self.tally.as_mut().is_some_and(|tally| !tally.advance(model, usize::from(columns) * 2, budget))
    }

    /// Counts on between frames. Returns whether there is more.
    pub(super) fn advance(&mut self, model: &Model, number: u32, budget: Duration) -> bool {
        self.columns > 0 && self.count(model, number, self.columns, budget)
    }

    /// Lines of facts, the most wanted first.
    fn facts(&self, conn: &Conn) -> Vec<Spans> {
        let lasted = conn.last().time.since(conn.opened.time);
        let totals = conn.totals();
        let text = |text: String| (text, Role::Text);
        let label = |text: &str| (format!("{text:<7}"), Role::Heading);
        let mut lines = vec![vec![label("End"), text(format!("{} after {}", ended(conn), span(lasted)))]];
        let Some(tally) = &self.tally else { return lines };
        let seconds = (lasted as f64 / 1e9).max(1e-9);
        for (dir, name, role) in [(Dir::S2c, "Rate ↓", Role::Server), (Dir::C2s, "     ↑", Role::Client)]
        {
            let values = tally.bins.counts.iter().map(|bin| u64::from(bin[dir.index()]));
            let total = &totals[dir.index()];
            let rate = total.messages as f64 / seconds;
            let mut spark = chart::spark(values);
            let gap = usize::from(self.columns).saturating_sub(spark.width());
            spark.push_str(&" ".repeat(gap));
            let what = if lasted < 1_000_000_000 {
                count(total.messages, "message")
            } else {
                format!("{}  {rate:.1}/s", count(total.messages, "message"))
            };
            lines.push(vec![label(name), (spark, role), text(format!("  {what}"))]);
        }
        let [words, binary, close, ping, pong] = tally.kinds;
        let ops = [
            (words, "text"),
            (binary, "binary"),
            (tally.continuations, "continuation"),
            (ping, "ping"),
            (pong, "pong"),
            (close, "close"),
        ];
        let ops: Vec<String> =
            ops.iter().filter(|(n, _)| *n > 0).map(|(n, name)| format!("{name} {}", number(*n))).collect();
        lines.push(vec![
            label("Ops"),
            text(if ops.is_empty() { "no message".to_owned() } else { ops.join("  ") }),
        ]);
        let mut sizes = format!("↑ {}B  ↓ {}B payload", size(totals[0].payload), size(totals[1].payload));
        if let Some((largest, _)) = tally.largest {
            sizes.push_str(&format!("   largest {} B", number(largest)));
        }
        if tally.compressed[0] > 0 && tally.compressed[2] > 0 {
            let ratio = tally.compressed[1] as f64 / tally.compressed[2] as f64;
            sizes.push_str(&format!("   compressed {ratio:.1}:1"));
        }
        lines.push(vec![label("Sizes"), text(sizes)]);
        if tally.rtt.count() > 0 {
            let [p50, p99] = [50.0, 99.0].map(|percent| Delay(tally.rtt.percentile(percent)));
            let rtt = format!("ping to pong p50 {p50}  p99 {p99}  ({})", count(tally.rtt.count(), "time"));
            lines.push(vec![label("RTT"), text(rtt)]);
        }
        if tally.incomplete > 0 {
            let lost =
                format!("a part of {} is missing or cannot be decoded", count(tally.incomplete, "message"));
            lines.push(vec![label("Lost"), (lost, Role::Warning)]);
        }
        lines
    }
}

/// How it ended, with the reasons that were given.
fn ended(conn: &Conn) -> String {
    let closes = conn.closing.as_deref().map(|closing| &closing.close);
    let reason = closes.and_then(|closes| closes.iter().flatten().find(|close| !close.reason.is_empty()));
    match reason {
        Some(close) => format!("{} “{}”", end(conn), close.reason),
        None => end(conn),
    }
}

fn finding(found: &Found, conn: u32, area: Rect, canvas: &mut Canvas<'_>) {
    let finding = &found.finding;
    let (sign, role) = (sign(finding.rule.level), Role::of_level(finding.rule.level));
    let id = Place { conn, what: seek::place(found) }.to_string();
    let right = format!("{id}  {}", finding.rule.source);
    let right_width = (right.width() as u16 + 2).min(area.width / 2);
    let left = area.width - if area.width >= 70 { right_width } else { 0 };
    let code = format!("{sign} {}  ", finding.rule.code);
    canvas.spans(area.x, area.y, left, [(&*code, role), (&*finding.text, Role::Text)]);
    if left < area.width {
        canvas.put_right(area.x + left, area.y, right_width, &right, Role::Dim);
    }
}
