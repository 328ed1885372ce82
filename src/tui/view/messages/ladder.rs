//! The ladder: what went back and forth on a connection, from its first packet to its end.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::cell;
use super::lines::Line;
use super::table::{delta, id};
use super::{MessagesView, is_match};
use crate::event::{Closing, How, Transport};
use crate::item::{Dir, End};
use crate::report::visible;
use crate::time::Timestamp;
use crate::tui::canvas::{Canvas, Hit, Spans};
use crate::tui::model::{Model, TimeFormat};
use crate::tui::store::Conn;
use crate::tui::theme::Role;
use crate::tui::view::conns;
use crate::ws::fact::{Kind, Opcode};

/// Columns for the code of a finding, at the right.
const RIGHT: u16 = 8;

/// Columns of a lane that an arrow takes besides its label: a gap and its beginning at one side, a gap and its end at
/// the other.
const ARROW: u16 = 9;

/// From this height on, the glyphs are explained.
const LEGEND: u16 = 20;

/// Where things stand in a ladder.
#[derive(Clone, Copy, Debug)]
struct Lanes {
    /// The column of times, and its width.
    time: (u16, u16),
    /// The columns of client and server.
    ends: [u16; 2],
    /// What stands at the right, and its width.
    right: (u16, u16),
}

impl Lanes {
    fn new(area: Rect, time: TimeFormat) -> Self {
        let time_width = match time {
            TimeFormat::Relative | TimeFormat::Delta => 7,
            other => other.width(),
        };
        // Lanes get room first.
        let time_width = if area.width < 44 { 0 } else { time_width };
        let right = if area.width < 60 { 0 } else { RIGHT };
        let left = area.x + 3 + if time_width > 0 { time_width + 1 } else { 0 };
        let end = area.right().saturating_sub(right + 1);
        Self { time: (area.x + 3, time_width), ends: [left, end], right: (end + 2, right.saturating_sub(1)) }
    }

    fn draw(self, y: u16, canvas: &mut Canvas<'_>) {
        for x in self.ends {
            canvas.put(x, y, 1, "│", Role::Dim);
        }
    }

    const fn room(self) -> u16 {
        self.ends[1].saturating_sub(self.ends[0] + 1)
    }
}

/// What a row of a ladder shows.
struct Rung {
    time: Option<Timestamp>,
    before: Option<Timestamp>,
    /// `None` = a note between the lanes.
    dir: Option<Dir>,
    glyph: &'static str,
    label: Spans,
    right: (String, Role),
}

/// The rows before the messages.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    rows: Vec<(Option<Timestamp>, Option<Dir>, String)>,
}

impl Head {
    /// Of a connection: its first packet, its request, the answer.
    pub(super) fn new(model: &mut Model, number: u32) -> Self {
        let reveal = model.settings.reveal;
        let times = model.handshake(number).ready().map(|handshake| {
            let request = handshake.request.as_ref().map(|request| request.first.time);
            (request, handshake.response.as_ref().map(|response| response.first.time))
        });
        let (asked, answered) = times.unwrap_or_default();
        let Some(conn) = model.store.conn(number) else { return Self::default() };
        let first = match conn.transport {
            Transport::None => "the capture begins inside the connection".to_owned(),
            Transport::Http1 if conn.id.attempt > 0 => {
                "another upgrade on the same TCP connection".to_owned()
            }
            Transport::Http1 => format!("TCP, from packet {}", conn.opened.packet),
        };
        let mut rows = vec![(Some(conn.opened.time), None, first)];
        if conn.request {
            let place = conns::place(conn, reveal);
            let path = place.find(['/', '?']).and_then(|at| place.get(at..)).unwrap_or("/");
            rows.push((asked, Some(Dir::C2s), format!("GET {path}  Upgrade")));
        }
        if let Some(status) = conn.status {
            let subprotocol = conn.subprotocol.as_deref().map_or(String::new(), |name| format!("  {name}"));
            let deflate = if conn.deflate == Some(true) { "  deflate" } else { "" };
            rows.push((answered, Some(Dir::S2c), format!("{status}{subprotocol}{deflate}")));
        }
        Self { rows }
    }

    pub(super) const fn len(&self) -> usize {
        self.rows.len()
    }
}

/// How a connection ended, in a few words.
pub(super) fn end(conn: &Conn) -> String {
    let Some(closing) = conn.closing.as_deref() else { return "goes on".to_owned() };
    match closing.how {
        None => match conn.status {
            Some(status) => format!("no WebSocket: the answer was {status}"),
            None => "no WebSocket: no answer".to_owned(),
        },
        Some(How::Open) => "still open where the capture ends".to_owned(),
        Some(How::Idle) => "lost sight of: nothing came for long".to_owned(),
        Some(how) => format!("{}  {}", tcp(closing), how.name()),
    }
}

fn tcp(closing: &Closing) -> &'static str {
    match closing.tcp {
        [Some(End::Reset), _] | [_, Some(End::ResetByPeer)] => "TCP RST from the client",
        [_, Some(End::Reset)] | [Some(End::ResetByPeer), _] => "TCP RST from the server",
        [Some(End::Fin), Some(End::Fin)] => "TCP FIN from both",
        [Some(End::Fin), _] => "TCP FIN from the client",
        [_, Some(End::Fin)] => "TCP FIN from the server",
        _ => "TCP goes on",
    }
}

impl MessagesView {
    /// Draws what is inside the border: names, rows, and what the glyphs mean.
    pub(super) fn draw_ladder(&mut self, model: &Model, inner: Rect, rows: Rect, canvas: &mut Canvas<'_>) {
        let lanes = Lanes::new(inner, model.settings.time);
        let Some(conn) = model.narrow.conn.and_then(|conn| model.store.conn(conn)) else { return };
        if rows.y > inner.y {
            let room = lanes.room() + 2;
            let (client, server) = (conn.client.to_string(), conn.server.to_string());
            let taken = canvas.put(lanes.ends[0], inner.y, room, &client, Role::Client);
            let left = room.saturating_sub(taken + 2);
            canvas.put_right(lanes.ends[1] + 1 - left, inner.y, left, &server, Role::Server);
        }
        for (y, at) in (rows.y..rows.bottom()).zip(self.scroll.window()) {
            let area = Rect::new(rows.x, y, rows.width, 1);
            if let Some(rung) = self.rung(model, conn, at, area, canvas) {
                let wide: usize = rung.label.iter().map(|(text, _)| text.width()).sum();
                self.cut |= rung.dir.is_some() && wide > lanes.room().saturating_sub(ARROW).into();
                draw_rung(model, &rung, lanes, y, canvas);
            }
            if at == self.scroll.cursor {
                canvas.put(area.x, y, 1, ">", Role::Text);
                canvas.paint(area, Role::Cursor);
            }
            canvas.hit(area, Hit::Row(0, at));
        }
        // Lanes go on to the bottom where the connection does.
        if conn.closing.is_none() {
            for y in rows.y + self.scroll.window().len() as u16..rows.bottom() {
                lanes.draw(y, canvas);
            }
        }
        if legend(inner) > 0 {
            let text = "── data  ══ control  ━━ close  ┄┄ continuation  z compressed";
            canvas.put(inner.x + 3, inner.bottom() - 1, inner.width.saturating_sub(3), text, Role::Dim);
        }
    }

    fn rung(
        &self,
        model: &Model,
        conn: &Conn,
        at: usize,
        area: Rect,
        canvas: &mut Canvas<'_>,
    ) -> Option<Rung> {
        let message = |index: usize| {
            let place = model.shown.get(&model.store, index)?;
            model.store.message(place).map(|(row, preview)| (place, row, preview))
        };
        Some(match self.lines.line(at)? {
            Line::Head(row) => {
                let (time, dir, text) = self.head.rows.get(row)?;
                let before =
                    row.checked_sub(1).and_then(|row| self.head.rows.get(row)).and_then(|(time, ..)| *time);
                let role = dir.map_or(Role::Dim, |_| Role::Text);
                let label = vec![(text.clone(), role)];
                Rung {
                    time: *time, before, dir: *dir, glyph: "─", label, right: (String::new(), Role::Dim)
                }
            }
            Line::Message(index) => {
                let (place, row, preview) = message(index)?;
                let before = match index.checked_sub(1) {
                    Some(index) => message(index).map(|(_, row, _)| row.last.time),
                    None => self.head.rows.last().and_then(|(time, ..)| *time).or(Some(conn.opened.time)),
                };
                self.gutter(model, place, row, area, canvas);
                let glyph = match row.kind {
                    Kind::Text | Kind::Binary => "─",
                    Kind::Ping | Kind::Pong => "═",
                    Kind::Close => "━",
                };
                let z = if row.compressed { "z" } else { "" };
                let len = if row.kind == Kind::Close {
                    String::new()
                } else {
                    format!(" {}{z}", cell::len(row.len))
                };
                let matched = is_match(model, place);
                let mut label = vec![(format!("{}{len}  ", cell::op(row.kind)), Role::of_sender(row.dir))];
                let summary = cell::scrolled(cell::summary(row, preview), self.across);
                label.extend(
                    summary.into_iter().map(|(text, role)| (text, if matched { Role::Match } else { role })),
                );
                let found = model.store.findings_on(row);
                let mut found: Vec<_> = found.map(|(_, found)| found).collect();
                found.sort_by_key(|found| found.finding.rule.level as usize);
                let right = match found.first() {
                    Some(first) => {
                        let more = if found.len() > 1 { "+" } else { "" };
                        let role = Role::of_level(first.finding.rule.level);
                        (format!("{}{more}", first.finding.rule.code), role)
                    }
                    None => (id(model, row), Role::Dim),
                };
                Rung { time: Some(row.last.time), before, dir: Some(row.dir), glyph, label, right }
            }
            Line::Frame(index, nth) => {
                let (place, ..) = message(index)?;
                let lines = match self.tree.get(place)?.lines() {
                    Some(Ok(lines)) => lines,
                    None => return Some(note("reading its frames…".to_owned(), Role::Dim)),
                    Some(Err(error)) => return Some(note(error.to_owned(), Role::Error)),
                };
                let line = lines.get(nth)?;
                let before = match nth.checked_sub(1) {
                    Some(nth) => lines.get(nth).map(|line| line.last.time),
                    None => index.checked_sub(1).and_then(message).map(|(_, row, _)| row.last.time),
                };
                let glyph = match line.opcode {
                    Opcode::CONTINUATION => "┄",
                    opcode if opcode.is_control() => "═",
                    _ => "─",
                };
                let what = if line.interleaved.is_some() { "(interleaved)".to_owned() } else { line.facts() };
                let label = vec![
                    (format!("{} {}  ", line.op(), cell::len(line.len)), Role::of_sender(line.dir)),
                    (what, Role::Dim),
                ];
                let right = (format!("f{}", line.n), Role::Dim);
                Rung { time: Some(line.last.time), before, dir: Some(line.dir), glyph, label, right }
            }
            Line::Tail => {
                let last = model.shown.len(&model.store).checked_sub(1).and_then(message);
                let before = last.map(|(_, row, _)| row.last.time);
                let time = conn.closing.as_deref().map(|closing| closing.at.time);
                Rung { time, before, ..note(end(conn), Role::Dim) }
            }
        })
    }
}

fn note(text: String, role: Role) -> Rung {
    let right = (String::new(), Role::Dim);
    Rung { time: None, before: None, dir: None, glyph: "", label: vec![(text, role)], right }
}

/// Rows for the legend.
pub(super) const fn legend(inner: Rect) -> u16 {
    if inner.height >= LEGEND { 2 } else { 0 }
}

fn draw_rung(model: &Model, rung: &Rung, lanes: Lanes, y: u16, canvas: &mut Canvas<'_>) {
    let (x, width) = lanes.time;
    if let Some(time) = rung.time
        && width > 0
    {
        let text = match model.settings.time {
            TimeFormat::Relative | TimeFormat::Delta => delta(time, rung.before),
            other => other.write(time, model.origin(), rung.before),
        };
        canvas.put_right(x, y, width, &text, Role::Dim);
    }
    lanes.draw(y, canvas);
    let (left, room) = (lanes.ends[0] + 2, lanes.room().saturating_sub(2));
    match rung.dir {
        None => {
            canvas.spans(left, y, room, rung.label.iter().map(|(text, role)| (text.as_str(), *role)));
        }
        Some(dir) => {
            let role = Role::of_sender(dir);
            let line = |columns: u16| rung.glyph.repeat(columns.into());
            let (mut x, end) = (left, left + room);
            let head = if dir == Dir::C2s { line(2) } else { format!("<{}", line(1)) };
            x += canvas.put(x, y, room, &format!("{head} "), role);
            // The arrow needs a few columns at the other side.
            let mut label_room = end.saturating_sub(x + 4);
            for (text, role) in &rung.label {
                let text = visible::fit(text, label_room.into(), false);
                let taken = canvas.put(x, y, text.width() as u16, &text, *role);
                (x, label_room) = (x + taken, label_room.saturating_sub(taken));
            }
            let columns = end.saturating_sub(x + 1);
            let tail = match dir {
                Dir::C2s => format!(" {}>", line(columns.saturating_sub(1))),
                Dir::S2c => format!(" {}", line(columns)),
            };
            canvas.put(x, y, end.saturating_sub(x), &tail, role);
        }
    }
    let (x, width) = lanes.right;
    canvas.put(x, y, width, &rung.right.0, rung.right.1);
}
