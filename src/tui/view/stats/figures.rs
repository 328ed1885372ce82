//! Figures in blocks under headings.

use ratatui::layout::Rect;

use crate::report::words::{count, findings, number, size, span};
use crate::time::Delay;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::chart;
use crate::tui::list::Scroll;
use crate::tui::model::Model;
use crate::tui::store::State;
use crate::tui::tally::{Delays, SIZES, Tally};
use crate::tui::theme::Role;

/// Figures that belong together.
pub(super) struct Block {
    heading: &'static str,
    lines: Vec<Line>,
}

/// A figure.
struct Line {
    name: String,
    value: String,
    /// A share of the highest, as a bar.
    bar: Option<(u64, u64)>,
    role: Role,
}

/// Columns for names.
const NAME: u16 = 16;

/// All blocks, the most wanted first.
pub(super) fn blocks(model: &Model, tally: &Tally) -> Vec<Block> {
    vec![sizes(tally), delays(model, tally), operations(tally), capture(model)]
}

fn line(name: impl Into<String>, value: impl Into<String>) -> Line {
    Line { name: name.into(), value: value.into(), bar: None, role: Role::Text }
}

fn sizes(tally: &Tally) -> Block {
    let all: u64 = tally.sizes.iter().sum();
    let highest = tally.sizes.iter().copied().max().unwrap_or(0);
    let mut from = 0;
    let mut lines: Vec<Line> = Vec::new();
    for (n, many) in tally.sizes.iter().enumerate() {
        let name = match SIZES.get(n) {
            Some(to) => {
                let name = format!("{} – {}", number(from), number(*to));
                from = to + 1;
                name
            }
            None => format!("{} and more", number(from)),
        };
        let share = if all == 0 { 0.0 } else { *many as f64 / all as f64 * 100.0 };
        let value = format!("{:>9}  {share:>5.1} %", number(*many));
        lines.push(Line { bar: Some((*many, highest)), ..line(name, value) });
    }
    if let Some((largest, _)) = tally.largest {
        lines.push(line("largest", format!("{} bytes", number(largest))));
    }
    Block { heading: "Payload bytes", lines }
}

fn delay(name: &str, delays: &Delays) -> Line {
    if delays.count() == 0 {
        return Line { role: Role::Dim, ..line(name, "none") };
    }
    let at = |percent| Delay(delays.percentile(percent));
    let text = format!("p50 {}, p95 {}, max {}", at(50.0), at(95.0), at(100.0));
    line(name, text)
}

fn delays(model: &Model, tally: &Tally) -> Block {
    let mut lines = vec![delay("ping → pong", &tally.rtt), delay("answer after", &tally.reply)];
    if let Some((silence, since)) = tally.silence {
        let at = super::timeline::format(model).write(since, model.origin(), None);
        lines.push(line("longest silence", format!("{} from {at} on", Delay(silence))));
    }
    if let Some((first, last)) = tally.span {
        lines.push(line("covers", span(last.since(first))));
    }
    Block { heading: "Delays", lines }
}

fn operations(tally: &Tally) -> Block {
    let [text, binary, close, ping, pong] = tally.kinds.map(number);
    let [up, down] = tally.messages.map(number);
    let [sent, received] = tally.payload.map(size);
    let mut lines = vec![
        line("messages", format!("text {text}  binary {binary}")),
        line("control", format!("ping {ping}  pong {pong}  close {close}")),
        line("direction", format!("↑ {up}, {sent}B   ↓ {down}, {received}B")),
    ];
    let [messages, inflated, wire] = tally.compressed;
    if messages > 0 {
        let ratio = inflated as f64 / wire.max(1) as f64;
        let text =
            format!("{}: {}B → {}B, {ratio:.1}:1", count(messages, "message"), size(inflated), size(wire));
        lines.push(line("compression", text));
    } else {
        lines.push(Line { role: Role::Dim, ..line("compression", "none") });
    }
    let (fragmented, most) = tally.fragmented;
    if fragmented > 0 {
        lines.push(line("fragmentation", format!("{}, up to {most} frames", count(fragmented, "message"))));
    }
    lines.push(line("heartbeats", number(tally.heartbeats)));
    Block { heading: "Kinds", lines }
}

fn capture(model: &Model) -> Block {
    let mut lines = Vec::new();
    match model.store.state() {
        State::Reading => lines.push(line("reading", "goes on")),
        State::Failed(error) => lines.push(Line { role: Role::Error, ..line("broken off", error.clone()) }),
        State::Done(summary) => {
            lines.push(line("packets", format!("{}, {}B", number(summary.packets), size(summary.bytes))));
            lines.push(line("connections", {
                let tcp = count(summary.tcp_connections, "TCP connection");
                format!("{} in {tcp}", number(summary.connections))
            }));
            if summary.skipped_packets > 0 {
                let text = format!("{} not decoded", count(summary.skipped_packets, "packet"));
                lines.push(Line { role: Role::Warning, ..line("passed over", text) });
            }
            let role = if summary.findings[0] > 0 { Role::Error } else { Role::Text };
            lines.push(Line { role, ..line("findings", findings(summary.findings)) });
            for damage in &summary.damage {
                lines.push(Line { role: Role::Warning, ..line("damage", damage.clone()) });
            }
        }
    }
    Block { heading: "Capture (all of it)", lines }
}

/// Draws blocks in columns; what does not fit can be scrolled to.
pub(super) fn draw(
    blocks: &[Block],
    columns: u16,
    (scroll, focus): (&mut Scroll, bool),
    area: Rect,
    canvas: &mut Canvas<'_>,
) {
    canvas.hit(area, Hit::Pane(1));
    let inner = canvas.frame(area, "figures", "", focus);
    let width = inner.width / columns.max(1);
    let of_column = |column: u16| {
        blocks
            .iter()
            .enumerate()
            .filter(move |(n, _)| *n as u16 % columns == column)
            .flat_map(|(_, block)| {
                let heading = std::iter::once(Some(Err(block.heading)));
                heading.chain(block.lines.iter().map(|line| Some(Ok(line)))).chain([None])
            })
            .collect::<Vec<_>>()
    };
    let lists: Vec<_> = (0..columns).map(of_column).collect();
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0).saturating_sub(1);
    // There is no cursor here: keys move the window.
    let last = longest.saturating_sub(usize::from(inner.height));
    scroll.fit(last + 1, 1);
    let top = scroll.cursor;
    for (column, lines) in (0..columns).zip(&lists) {
        let x = inner.x + 1 + column * width;
        let room = width.saturating_sub(2);
        for (y, line) in (inner.top()..inner.bottom()).zip(lines.iter().skip(top)) {
            match line {
                None => {}
                Some(Err(heading)) => {
                    canvas.put(x, y, room, heading, Role::Heading);
                }
                Some(Ok(line)) => {
                    canvas.put(x + 1, y, NAME, &line.name, Role::Dim);
                    let left = x + 1 + NAME;
                    let room = room.saturating_sub(NAME + 1);
                    let taken = canvas.put(left, y, room, &line.value, line.role) + 2;
                    if let Some((value, highest)) = line.bar {
                        let bar = chart::bar(value, highest, room.saturating_sub(taken).min(24));
                        canvas.put(left + taken, y, room.saturating_sub(taken), &bar, Role::Server);
                    }
                }
            }
        }
    }
    if longest > usize::from(inner.height) && top < last {
        canvas.put_right(area.x, area.bottom() - 1, area.width.saturating_sub(2), " ▼ more: j ", Role::Dim);
    }
}

/// Blocks as text.
pub(super) fn text(blocks: &[Block]) -> String {
    let mut text = String::new();
    for block in blocks {
        text.push_str(block.heading);
        text.push('\n');
        for line in &block.lines {
            text.push_str(&format!("  {:<18}{}\n", line.name, line.value));
        }
    }
    text
}
