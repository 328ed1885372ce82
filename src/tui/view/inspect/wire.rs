//! The packets that brought a message.

use std::fmt::Write as _;
use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;

use ratatui::layout::Rect;

use super::Subject;
use crate::report::words::{arrow, count, number, packets};
use crate::tui::action::Action;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::list::{Scroll, Step};
use crate::tui::model::Model;
use crate::tui::reopen::{Begins, MessageDetail, Reopener, Sent};
use crate::tui::store::Packets;
use crate::tui::theme::Role;
use crate::tui::workers::Task;
use crate::ws::fact::Frame;

/// Segments that are listed at most.
const MOST: usize = 20_000;

/// Packets of the flow before and behind those of a message that may carry bytes of it.
const AROUND: usize = 64;

/// A segment, and what of the message it carries.
#[derive(Clone, Debug)]
struct Row {
    sent: Sent,
    carries: String,
    /// All of its bytes were there before.
    again: bool,
    /// Bytes behind its own came before it.
    late: bool,
}

/// The segments of a message.
#[derive(Debug, Default)]
struct Segments {
    begins: Begins,
    rows: Vec<Row>,
    /// There are more.
    cut: bool,
    /// It is known which bytes of which frame each carries.
    placed: bool,
}

/// The tab.
#[derive(Debug, Default)]
pub(super) struct WireTab {
    scroll: Scroll,
    reading: Option<(usize, Task<io::Result<Segments>>)>,
    line: Option<String>,
}

impl WireTab {
    pub(super) fn draw(
        &mut self,
        model: &Model,
        subject: &Subject,
        area: Rect,
        pane: usize,
        canvas: &mut Canvas<'_>,
    ) {
        let (x, width) = (area.x + 1, area.width.saturating_sub(2));
        if self.reading.as_ref().is_none_or(|(place, _)| *place != subject.place) {
            self.scroll = Scroll::default();
            self.reading = read(model, subject).map(|task| (subject.place, task));
        }
        self.line = None;
        let segments = match self.reading.as_ref().map(|(_, task)| task.get()) {
            None => {
                canvas.put(x, area.y, width, "there is no capture to read its packets from", Role::Dim);
                return;
            }
            Some(None) => {
                canvas.put(x, area.y, width, "reading the packets …", Role::Dim);
                return;
            }
            Some(Some(Err(error))) => {
                canvas.put(x, area.y, width, &error.to_string(), Role::Error);
                return;
            }
            Some(Some(Ok(segments))) => segments,
        };
        let all = numbers(&subject.detail);
        let mut text = packets(*all.start(), *all.end());
        let carrying = segments.rows.iter().filter(|row| !row.carries.is_empty()).count();
        // Writing to a string cannot fail.
        let _ = match (segments.cut, segments.placed) {
            (true, _) => write!(text, " · only the first {} segments are shown", number(MOST as u64)),
            (_, true) => write!(text, " · {} with bytes of it", count(carrying as u64, "segment")),
            (_, false) => write!(text, " · which bytes each carries is not certain"),
        };
        canvas.put(x, area.y, width, &text, Role::Heading);
        let columns = Columns::of(width);
        columns.head(Rect::new(x, area.y + 1, width, 1), canvas);
        let list = Rect::new(area.x, area.y + 2, area.width, area.height.saturating_sub(2));
        self.scroll.fit(segments.rows.len(), list.height.into());
        let mut before = None;
        for (y, at) in (list.y..list.bottom()).zip(self.scroll.window()) {
            let Some(row) = segments.rows.get(at) else { continue };
            let earlier =
                before.or_else(|| segments.rows.get(at.checked_sub(1)?)).map(|row: &Row| row.sent.at.time);
            before = Some(row);
            let time = model.settings.time.write(row.sent.at.time, model.origin(), earlier);
            let cells = columns.row(row, &time, &segments.begins);
            columns.draw(&cells, Rect::new(x, y, width, 1), row, canvas);
            if at == self.scroll.cursor {
                self.line = Some(cells.join("  "));
                canvas.paint(Rect::new(list.x, y, list.width, 1), Role::Cursor);
            }
            canvas.hit(Rect::new(list.x, y, list.width, 1), Hit::Row(pane, at));
        }
    }

    pub(super) fn act(&mut self, model: &mut Model, _subject: &Subject, action: Action) -> bool {
        match Step::of(action) {
            Some(step) => self.scroll.go(step),
            None if matches!(action, Action::Left | Action::Right | Action::Open) => {
                model.say("a packet leads nowhere further");
            }
            None => return false,
        }
        true
    }

    pub(super) fn click(&mut self, hit: Hit) {
        if let Hit::Row(_, at) = hit {
            self.scroll.select(at);
        }
    }

    pub(super) fn roll(&mut self, by: isize) {
        self.scroll.roll(by);
    }

    pub(super) fn line(&self) -> Option<String> {
        self.line.clone()
    }
}

/// The columns that have room: packet, time, direction, sequence numbers, length, flags, what it carries.
struct Columns {
    time: usize,
    seq: usize,
    flags: usize,
}

impl Columns {
    fn of(width: u16) -> Self {
        Self {
            time: if width >= 58 { 12 } else { 0 },
            seq: if width >= 46 { 10 } else { 0 },
            flags: if width >= 68 { 8 } else { 0 },
        }
    }

    fn head(&self, area: Rect, canvas: &mut Canvas<'_>) {
        let names = ["packet", "time", "", "seq", "bytes", "flags", "carries"].map(str::to_owned);
        canvas.put(area.x, area.y, area.width, &self.join(&names), Role::Heading);
    }

    fn join(&self, cells: &[String; 7]) -> String {
        let [packet, time, arrow, seq, len, flags, carries] = cells;
        let mut line = format!("{packet:>8} ");
        for (width, cell) in [(self.time, time), (1, arrow), (self.seq, seq), (6, len), (self.flags, flags)] {
            if width > 0 {
                // Writing to a string cannot fail.
                let _ = write!(line, " {cell:>width$}");
            }
        }
        format!("{line}  {carries}")
    }

    fn row(&self, row: &Row, time: &str, begins: &Begins) -> [String; 7] {
        let sent = &row.sent;
        let seq = match begins[sent.dir.index()] {
            Some(begin) => number(sent.seq.wrapping_sub(begin).into()),
            None => sent.seq.to_string(),
        };
        let mut flags = String::new();
        for (set, name) in [
            (sent.flags.syn(), "SYN "),
            (sent.flags.fin(), "FIN "),
            (sent.flags.rst(), "RST "),
            (sent.flags.ack(), "ACK "),
        ] {
            flags.push_str(if set { name } else { "" });
        }
        let mut carries = row.carries.clone();
        let mut add = |more: String| {
            carries = if carries.is_empty() { more } else { format!("{carries} · {more}") };
        };
        if row.again {
            add("retransmission".to_owned());
        }
        if row.late {
            add("out of order".to_owned());
        }
        if sent.cut > 0 {
            add(format!("{} cut off", count(sent.cut.into(), "byte")));
        }
        if carries.is_empty() && sent.len == 0 && sent.flags.ack() {
            let begin = begins[sent.dir.other().index()];
            carries = begin.map_or(String::new(), |begin| {
                format!("acks {}", number(sent.ack.wrapping_sub(begin).into()))
            });
        }
        let arrow = arrow(sent.dir);
        [
            number(sent.at.packet),
            time.to_owned(),
            arrow.to_owned(),
            seq,
            number(sent.len.into()),
            flags.trim_end().to_owned(),
            carries,
        ]
    }

    fn draw(&self, cells: &[String; 7], area: Rect, row: &Row, canvas: &mut Canvas<'_>) {
        let role = match (row.again || row.late || row.sent.cut > 0, row.carries.is_empty(), row.sent.dir) {
            (true, _, _) => Role::Warning,
            (false, true, _) => Role::Dim,
            (false, false, dir) => Role::of_sender(dir),
        };
        canvas.put(area.x, area.y, area.width, &self.join(cells), role);
    }
}

/// Reads the segments in another thread.
fn read(model: &Model, subject: &Subject) -> Option<Task<io::Result<Segments>>> {
    let reopener = model.reopener.clone()?;
    let packets = model.store.packets(model.store.conn(subject.row.conn)?);
    let detail = Arc::clone(&subject.detail);
    Some(model.workers.run(move |cancelled| segments(&reopener, &packets, &detail, || cancelled.is())))
}

fn segments(
    reopener: &Reopener,
    packets: &Packets,
    detail: &MessageDetail,
    cancelled: impl Fn() -> bool,
) -> io::Result<Segments> {
    let message = detail.message();
    let numbers = numbers(detail);
    let first = detail.frames.first().map(|detail| detail.frame());
    let mut found = Segments::default();
    // The sequence number of the first byte of the first frame.
    let (mut origin, mut several) = (None, false);
    found.begins = reopener.segments(packets, &numbers, AROUND, |sent, payload| {
        if let Some(frame) = &first
            && sent.dir == frame.dir
            && sent.at.packet == frame.first.packet
        {
            for place in places(frame, payload) {
                several |= origin.is_some();
                origin = Some(sent.seq.wrapping_add(place as u32));
            }
        }
        found.rows.push(Row { sent: *sent, carries: String::new(), again: false, late: false });
        found.cut = found.rows.len() >= MOST;
        !found.cut && !cancelled()
    })?;
    let origin = origin.filter(|_| !several);
    found.placed = origin.is_some();
    let frames: Vec<Part> = detail.frames.iter().map(|detail| Part::new(&detail.frame())).collect();
    let mut seen: [Seen; 2] = Default::default();
    for row in &mut found.rows {
        let Sent { dir, seq, len, .. } = row.sent;
        if len == 0 {
            continue;
        }
        (row.again, row.late) = seen[dir.index()].add(seq, len);
        if let Some(origin) = origin
            && dir == message.dir
        {
            row.carries = carried(&frames, i64::from(seq.wrapping_sub(origin) as i32), len.into());
        }
    }
    // Of the packets around, those that carry something.
    let is_of = |row: &Row| numbers.contains(&row.sent.at.packet) || !row.carries.is_empty();
    let first = found.rows.iter().position(is_of).unwrap_or(0);
    let behind = found.rows.iter().rposition(is_of).map_or(0, |last| last + 1);
    found.rows.truncate(behind);
    found.rows.drain(..first.min(behind));
    Ok(found)
}

/// The packets with the beginnings and ends of its frames. What was lost and sent again may have come before or
/// behind them.
fn numbers(detail: &MessageDetail) -> RangeInclusive<u64> {
    let message = detail.message();
    let ends = |frame: Frame<'_>| [frame.first.packet, frame.last.packet];
    let all = detail.frames.iter().flat_map(|detail| ends(detail.frame()));
    let all = all.chain([message.first.packet, message.last.packet]);
    let (first, last) = all.fold((u64::MAX, 0), |(first, last), n| (first.min(n), last.max(n)));
    first..=last
}

/// A frame's number, where it begins in the direction's stream, and how long it is.
struct Part {
    n: u64,
    offset: u64,
    size: u64,
}

impl Part {
    const fn new(frame: &Frame<'_>) -> Self {
        let size = (frame.header.header_len() as u64).saturating_add(frame.header.len);
        Self { n: frame.n, offset: frame.offset, size }
    }
}

/// Which bytes of a direction came so far.
#[derive(Debug, Default)]
struct Seen {
    base: Option<u32>,
    /// Ranges that neither meet nor overlap, in order. Sequence numbers are compared modulo 2^32
    /// (RFC 9293 section 3.4).
    ranges: Vec<(i64, i64)>,
}

impl Seen {
    /// Adds a segment. Says whether all of it was there before, and whether something behind it was.
    fn add(&mut self, seq: u32, len: u32) -> (bool, bool) {
        let base = *self.base.get_or_insert(seq);
        let start = i64::from(seq.wrapping_sub(base) as i32);
        let end = start + i64::from(len);
        let again = self.ranges.iter().any(|(from, to)| *from <= start && end <= *to);
        let late = !again && self.ranges.last().is_some_and(|(_, to)| start < *to);
        let first = self.ranges.partition_point(|(_, to)| *to < start);
        let behind = self.ranges.partition_point(|(from, _)| *from <= end);
        let met = self.ranges.get(first..behind).unwrap_or_default();
        let from = met.first().map_or(start, |(from, _)| start.min(*from));
        let to = met.last().map_or(end, |(_, to)| end.max(*to));
        self.ranges.splice(first..behind.max(first), [(from, to)]);
        (again, late)
    }
}

/// Where in a segment a frame may begin: what follows is the frame, as far as the segment goes.
fn places(frame: &Frame<'_>, payload: &[u8]) -> Vec<usize> {
    let mut bytes = Vec::new();
    frame.header.encode(&mut bytes);
    let whole = (bytes.len() as u64).saturating_add(frame.header.len);
    bytes.extend_from_slice(frame.wire);
    let ends_here = frame.first.packet == frame.last.packet && frame.seen == frame.header.len;
    let fits = |at: &usize| {
        let rest = payload.get(*at..).unwrap_or_default();
        let known = bytes.len().min(rest.len());
        let inside = whole <= rest.len() as u64;
        ends_here == inside && rest.get(..known) == bytes.get(..known)
    };
    // More than a few say nothing; and a frame cannot begin where no byte is.
    (0..payload.len()).filter(fits).take(2).collect()
}

/// Which bytes of which frames a segment carries; `start` is where it begins, counted from the first byte of the
/// first frame.
fn carried(frames: &[Part], start: i64, len: i64) -> String {
    let Some(first) = frames.first().map(|frame| frame.offset) else { return String::new() };
    let mut text = String::new();
    let from = frames.partition_point(|frame| {
        frame.offset.saturating_sub(first).saturating_add(frame.size) as i64 <= start
    });
    for (nth, frame) in frames.get(from..).unwrap_or_default().iter().enumerate() {
        let at = frame.offset.saturating_sub(first) as i64;
        let size = frame.size as i64;
        let (begin, end) = ((start - at).max(0), (start + len - at).min(size));
        if begin >= end {
            break;
        }
        if nth == 3 {
            text.push_str(", …");
            break;
        }
        let comma = if nth > 0 { ", " } else { "" };
        // Writing to a string cannot fail.
        let _ = match (begin, end == size) {
            (0, true) => write!(text, "{comma}f{} all {}", frame.n, number(size as u64)),
            _ => write!(text, "{comma}f{} {}–{}", frame.n, number(begin as u64), number(end as u64 - 1)),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_come_again_and_late() {
        let mut seen = Seen::default();
        let near_the_end = u32::MAX - 9;
        for (seq, len, told) in [
            (near_the_end, 10, (false, false)),
            (0, 10, (false, false)),
            (near_the_end, 10, (true, false)),
            (20, 10, (false, false)),
            (10, 10, (false, true)),
            (5, 20, (true, false)),
            (25, 10, (false, true)),
            (near_the_end - 10, 5, (false, true)),
        ] {
            assert_eq!(seen.add(seq, len), told, "{seq}");
        }
        assert_eq!(seen.ranges, [(-10, -5), (0, 45)]);
    }
}
