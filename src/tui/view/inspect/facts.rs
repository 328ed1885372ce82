//! What is known of a message besides its bytes: times, places, the other half of a ping, findings.

use ratatui::layout::Rect;

use super::Subject;
use crate::item::Dir;
use crate::report::words::{count, number, packets, size};
use crate::time::Delay;
use crate::tui::canvas::Canvas;
use crate::tui::model::{Effect, Model};
use crate::tui::store::{Found, PAIRED, Row};
use crate::tui::theme::Role;
use crate::tui::view::ViewId;
use crate::ws::fact::Kind;

/// A fact: its name, and what it says.
pub(super) type Fact = (&'static str, String, Role);

/// What is known without the payload, below `area`'s first line.
pub(super) fn of_row(model: &Model, row: &Row, area: Rect, canvas: &mut Canvas<'_>) {
    let first = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    for (y, (name, text, role)) in (first.y..first.bottom()).zip(of_message(model, row)) {
        canvas.put(first.x + 1, y, 8, name, Role::Name);
        canvas.put(first.x + 10, y, first.width.saturating_sub(11), &text, role);
    }
}

/// Facts of a message.
pub(super) fn of_message(model: &Model, row: &Row) -> Vec<Fact> {
    let mut facts = Vec::new();
    let before = model.store.before(row);
    let format = model.settings.time;
    let mut time = format.write(row.last.time, model.origin(), before.map(|row| row.last.time));
    if let Some(before) = before {
        let delay = row.last.time.since(before.last.time);
        let sign = if delay < 0 { "-" } else { "+" };
        let delay = Delay(delay.saturating_abs());
        time = format!("{time} · {sign}{delay} since m{}", before.n);
    }
    facts.push(("time", time, Role::Text));
    let (one, other) = (row.first_packet, row.last.packet);
    facts.push(("packets", packets(one.min(other), one.max(other)), Role::Text));
    if row.frames != 1 || row.compressed {
        let mut text = format!("{}, {}", count(row.frames.into(), "frame"), count(row.wire_len, "byte"));
        if row.compressed {
            let ratio = if row.wire_len > 0 { row.len as f64 / row.wire_len as f64 } else { 0.0 };
            text = format!("{text} compressed → {} ({ratio:.1}x)", number(row.len));
        }
        facts.push(("message", text, Role::Text));
    }
    facts.extend(other_half(model, row));
    if let Some(fault) = row.fault {
        facts.push(("missing", crate::report::words::incomplete(fault).to_owned(), Role::Warning));
    }
    if row.invalid_utf8 {
        facts.push(("text", "is not UTF-8".to_owned(), Role::Error));
    }
    facts
}

/// Facts of a frame.
pub(super) fn of_frame(subject: &Subject) -> Vec<Fact> {
    let Some(frame) = subject.frame().map(|detail| detail.frame()) else { return Vec::new() };
    let mut facts = Vec::new();
    let header = frame.header;
    let whole = (header.header_len() as u64).saturating_add(header.len);
    facts.push((
        "frame",
        format!("{}, header {} + payload {}", count(whole, "byte"), header.header_len(), number(header.len)),
        Role::Text,
    ));
    let side = if frame.dir == Dir::C2s { "client" } else { "server" };
    let end = frame.offset.saturating_add(whole);
    let text = format!(
        "bytes {} to {} of what the {side} sent",
        number(frame.offset),
        number(end.saturating_sub(1))
    );
    facts.push(("stream", text, Role::Text));
    if frame.seen < header.len {
        let text =
            format!("{} of {} payload bytes are in the capture", number(frame.seen), number(header.len));
        facts.push(("cut", text, Role::Warning));
    }
    facts
}

/// Which ping a pong answers, and which pong answers a ping.
fn other_half(model: &Model, row: &Row) -> Option<Fact> {
    let conn = model.store.conn(row.conn)?;
    let delay = |earlier: &Row, later: &Row| Delay(later.last.time.since(earlier.last.time));
    Some(match row.kind {
        Kind::Ping => match model.store.other_half(row) {
            Some(pong) => ("answer", format!("m{} (pong) after {}", pong.n, delay(row, pong)), Role::Good),
            None if conn.messages.len() >= row.n as usize + PAIRED => {
                ("answer", format!("none among the next {PAIRED} messages"), Role::Warning)
            }
            None => ("answer", "none was seen".to_owned(), Role::Warning),
        },
        Kind::Pong => match model.store.other_half(row) {
            Some(ping) => ("answers", format!("m{} (ping) after {}", ping.n, delay(ping, row)), Role::Good),
            None => ("answers", "no ping that was seen".to_owned(), Role::Dim),
        },
        _ => return None,
    })
}

/// To the next message of the connection that has a finding, or the one before.
pub(super) fn to_finding(model: &mut Model, on: bool) {
    let Some(row) = model.current_message().map(|(row, _)| *row) else { return };
    let here: Vec<usize> = model.store.findings_on(&row).map(|(place, _)| place).collect();
    let places = model.store.conn(row.conn).map_or(&[][..], |conn| &conn.findings);
    let mut best: Option<(u64, &Found)> = None;
    for place in places.iter().map(|place| *place as usize).filter(|place| !here.contains(place)) {
        let Some(found) = model.store.findings().get(place) else { continue };
        let first_of =
            |n| Some(model.store.message(model.store.place_of(row.conn, n)?)?.0.first_frame.into());
        let Some(frame) = found.finding.frame.or_else(|| first_of(found.finding.message?)) else { continue };
        let further = if on { frame > row.first_frame.into() } else { frame < row.first_frame.into() };
        if further && best.is_none_or(|(other, _)| if on { frame < other } else { frame > other }) {
            best = Some((frame, found));
        }
    }
    let place = best.and_then(|(_, found)| model.store.place_of_finding(found));
    match place {
        Some(place) => model.select_message(place),
        None if on => model.say("no later message of this connection has a finding"),
        None => model.say("no earlier message of this connection has a finding"),
    }
}

/// Says where a finding can be read, and goes there.
pub(super) fn open_finding(model: &mut Model, place: usize) {
    model.finding = Some(place as u32);
    model.effect(Effect::Go(ViewId::Findings));
}

/// What the payload lacks, and why: what was not kept, what could not be decoded.
pub(super) fn missing(subject: &Subject) -> Vec<String> {
    let message = subject.detail.message();
    let mut notes = Vec::new();
    if let Some(fault) = message.fault {
        notes.push(crate::report::words::incomplete(fault).to_owned());
    }
    if message.cut() {
        notes.push(format!(
            "only {} of {} bytes are kept",
            size(message.payload.len() as u64),
            size(message.len)
        ));
    }
    notes
}
