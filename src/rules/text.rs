//! T: text (RFC 6455 sections 5.6 and 8.1).

use crate::item::{At, Dir};
use crate::ws::fact::{Fault, Frame, Kind, Message, Utf8};

use super::Rule;
use super::facts::Facts;
use super::finding::{Evidence, Finding};
use crate::rule;

/// The family.
pub static RULES: &[&Rule] = &[&INVALID_UTF8, &CUT_CODEPOINT];

rule! {
    /// A text message is UTF-8, over all its fragments and after inflation. This one is not: its sender
    /// put bytes of another encoding, or binary data, into a text message, or cut a string in the middle
    /// of a character and filled it up.
    pub static INVALID_UTF8 = {
        code: "T001", name: "text-invalid-utf8", level: Error, source: "RFC 6455 8.1",
        quote: "When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream is not, in fact, a valid UTF-8 stream, that endpoint MUST _Fail the WebSocket Connection_.",
        summary: "a text message is not UTF-8",
        reaction: "The receiver fails the connection with Close 1007, as soon as it reads the byte or at the end of the message.",
        bad: ["open\ns text 'caf\\xe9!'\nc close 1007\ns close 1007", "open\ns text -fin 'caf\\xc3'\ns cont '('"],
        good: ["open\ns text 'caf\\xc3\\xa9'", "open\ns text -fin 'caf\\xc3'\ns cont '\\xa9'", "open\ns binary 'caf\\xe9'"],
    }
}

rule! {
    /// A text message ends in the middle of a character. A fragment may do so, a message may not: the
    /// sender cut its text by bytes, and sent the rest as another message or not at all.
    pub static CUT_CODEPOINT = {
        code: "T002", name: "text-cut-codepoint", level: Error, source: "RFC 6455 8.1",
        quote: "the whole message MUST contain valid UTF-8",
        summary: "a text message ends inside a code point",
        reaction: "The receiver fails the connection with Close 1007.",
        bad: ["open\ns text 'caf\\xc3'", "open\ns text -fin 'caf'\ns cont '\\xe2\\x82'"],
        good: ["open\ns text 'caf\\xc3\\xa9'", "open\ns text -fin 'caf\\xc3'"],
    }
}

/// Fragments of an open message whose places are kept.
const PLACES: usize = 64;

/// Bytes shown around a fault, on each side.
const AROUND: u64 = 8;

/// Where the fragments of the open messages lie.
#[derive(Debug, Default)]
pub(super) struct State {
    lanes: [Lane; 2],
}

#[derive(Debug, Default)]
struct Lane {
    /// Payload bytes of the open message in the fragments before.
    before: u64,
    places: Vec<Place>,
    /// The last data frame.
    last: Place,
    /// A frame of the message has a fault by which its payload means something else.
    doubtful: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    frame: u64,
    at: At,
    /// Offset of the payload in the direction's stream.
    payload: u64,
    /// Bytes of the message before it, and in it.
    before: u64,
    len: u64,
}

impl Place {
    /// The byte `offset` of the message is in this fragment.
    const fn holds(&self, offset: u64) -> bool {
        self.before <= offset && offset - self.before < self.len
    }
}

impl State {
    /// A frame is over; the message that it ends comes next.
    #[inline]
    pub(super) fn frame(&mut self, frame: &Frame<'_>, facts: &Facts) {
        let header = &frame.header;
        if header.opcode.is_control() {
            return;
        }
        let lane = &mut self.lanes[frame.dir.index()];
        let payload = frame.offset + header.header_len() as u64;
        lane.last = Place { frame: frame.n, at: frame.first, payload, before: lane.before, len: header.len };
        if !header.fin {
            // What is announced may be more than can be counted.
            lane.before = lane.before.saturating_add(header.len);
            if lane.places.len() < PLACES {
                lane.places.push(lane.last);
            }
        }
        lane.doubtful |= header.rsv & 3 != 0 || header.rsv1() && facts.agreed.deflate.is_none();
    }

    /// No message is open.
    #[inline]
    pub(super) fn is_calm(&self, dir: Dir) -> bool {
        let lane = &self.lanes[dir.index()];
        lane.before == 0 && !lane.doubtful && lane.places.is_empty()
    }

    /// Frame boundaries were lost.
    pub(super) fn lost(&mut self, dir: Dir) {
        self.lanes[dir.index()] = Lane::default();
    }

    /// A message is over.
    #[inline]
    pub(super) fn message(&mut self, message: &Message<'_>, facts: &Facts, found: &mut Vec<Finding>) {
        let lane = &mut self.lanes[message.dir.index()];
        if message.kind == Kind::Text && !matches!(message.utf8, Some(Utf8::Valid | Utf8::Unknown) | None) {
            invalid(message, lane, facts, found);
        }
        if lane.before > 0 || lane.doubtful || !lane.places.is_empty() {
            lane.before = 0;
            lane.places.clear();
            lane.doubtful = false;
        }
    }
}

#[cold]
fn invalid(message: &Message<'_>, lane: &Lane, facts: &Facts, found: &mut Vec<Finding>) {
    // What does not inflate, or was compressed without an agreement that we know of, is no text anyway.
    let unknown = message.compressed && !facts.agreed.known;
    if lane.doubtful
        || unknown
        || matches!(
            message.fault,
            Some(Fault::BrokenDeflate | Fault::WindowExceeded | Fault::ContextKept { .. })
        )
    {
        return;
    }
    // The frame in which it was certain.
    let (rule, offset, certain) = match message.utf8 {
        Some(Utf8::Invalid { offset, frame }) => (&INVALID_UTF8, offset, frame),
        Some(Utf8::CutAtEnd { offset }) => (&CUT_CODEPOINT, offset, lane.last.frame),
        _ => return,
    };
    // The byte at fault may be in an earlier one; where in a compressed message it is cannot be told.
    let mut places = lane.places.iter().chain([&lane.last]);
    let holder = places.clone().find(|place| !message.compressed && place.holds(offset));
    let place = holder.or_else(|| places.find(|place| place.frame == certain));
    let bytes = window(message.payload, offset);
    let shown: Vec<String> =
        fault_bytes(message.payload, offset).iter().map(|byte| format!("{byte:02X}")).collect();
    let shown = if shown.is_empty() { String::new() } else { format!(": {}", shown.join(" ")) };
    let n = message.n;
    // Of a message that lacks bytes nobody knows how long it was.
    let of = if message.fault.is_none() { format!(" of {}", message.len) } else { String::new() };
    let (text, label) = if rule == &INVALID_UTF8 {
        (format!("text message {n} is not UTF-8 at byte {offset}{of}{shown}"), "begins no valid character")
    } else {
        (
            format!("text message {n} ends inside a character at byte {offset}{of}{shown}"),
            "the rest of the character is missing",
        )
    };
    let at = place.map_or(message.first, |place| place.at);
    let mut finding = Finding::new(rule, message.dir, at, text);
    finding.frame = Some(place.map_or(certain, |place| place.frame));
    finding.message = Some(n);
    finding.offset = holder.map(|place| place.payload + (offset - place.before));
    if let Some((start, bytes)) = bytes {
        let mark = (offset - start) as usize;
        let end = (mark + fault_bytes(message.payload, offset).len()).min(bytes.len());
        finding.evidence =
            Evidence::Payload { offset: start, bytes: bytes.to_vec(), mark: mark..end, label: label.into() };
    }
    found.push(finding);
}

/// The bytes at the fault: the one that cannot be right and those that belong to its character.
fn fault_bytes(payload: &[u8], offset: u64) -> &[u8] {
    let rest = usize::try_from(offset).ok().and_then(|offset| payload.get(offset..)).unwrap_or_default();
    let wanted = match rest.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => 1,
    };
    rest.get(..wanted).unwrap_or(rest)
}

/// A few bytes around the fault, with the offset of the first; `None` where they are not kept.
pub(super) fn window(payload: &[u8], offset: u64) -> Option<(u64, &[u8])> {
    let start = offset.saturating_sub(AROUND);
    let end = (offset + AROUND).min(payload.len() as u64);
    let bytes = payload.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?;
    (offset < end).then_some((start, bytes))
}
