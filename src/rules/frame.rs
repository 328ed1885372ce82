//! F: framing (RFC 6455 section 5).

use crate::http::extension::DeflateKind;
use crate::item::{At, Dir, End};
use crate::ws::fact::{Fault, Frame, Message, Opcode};

use super::calm::Calm;
use super::facts::Facts;
use super::finding::{Finding, Part};
use super::masking::Keys;
use super::{Rule, deflate, masking};
use crate::rule;

/// The family.
pub static RULES: &[&Rule] = &[
    &RESERVED_BIT,
    &RESERVED_OPCODE_DATA,
    &RESERVED_OPCODE_CONTROL,
    &CLIENT_UNMASKED,
    &SERVER_MASKED,
    &LENGTH_NOT_MINIMAL,
    &LENGTH_TOP_BIT,
    &CONTROL_FRAGMENTED,
    &CONTROL_TOO_LONG,
    &CONTINUATION_UNEXPECTED,
    &MESSAGE_INTERLEAVED,
    &MESSAGE_UNFINISHED,
    &FRAME_UNFINISHED,
    &masking::KEY_REPEATED,
    &masking::KEY_ZERO,
    &EMPTY_FRAGMENTS,
];

rule! {
    /// The three reserved bits belong to extensions. An endpoint that receives one which no agreed
    /// extension defines cannot know what the payload means. The usual causes: a sender that compresses
    /// although permessage-deflate was not agreed, a proxy that strips Sec-WebSocket-Extensions from the
    /// handshake, or a receiver of this stream that lost the frame boundary.
    pub static RESERVED_BIT = {
        code: "F001", name: "reserved-bit", level: Error, source: "RFC 6455 5.2",
        quote: "MUST be 0 unless an extension is negotiated that defines meanings for non-zero values.",
        summary: "a reserved bit is set that no agreed extension defines",
        reaction: "The receiver fails the connection, in practice with Close 1002.",
        bad: [
            "open\nc text +rsv2 'Hello'",
            "open\ns text +rsv1 'Hello'",
            "open permessage-deflate\ns ping +rsv3 'Hello'",
        ],
        good: ["open\nc text 'Hello'", "open permessage-deflate\ns text z 'Hello'", "midstream\nc text +rsv1 'Hello'"],
    }
}

rule! {
    /// Opcodes 0x3 to 0x7 are kept for data frames that nobody has defined yet. A receiver does not know
    /// what such a frame is.
    pub static RESERVED_OPCODE_DATA = {
        code: "F002", name: "reserved-opcode-data", level: Error, source: "RFC 6455 5.2",
        quote: "If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket Connection_.",
        summary: "a data frame has a reserved opcode (0x3 to 0x7)",
        reaction: "The receiver fails the connection, in practice with Close 1002.",
        bad: ["open\nc 83 85 mask:37fa213d 'Hello'", "open\ns 87 00"],
        good: ["open\nc 82 85 mask:37fa213d 'Hello'"],
    }
}

rule! {
    /// Opcodes 0xB to 0xF are kept for control frames that nobody has defined yet.
    pub static RESERVED_OPCODE_CONTROL = {
        code: "F003", name: "reserved-opcode-control", level: Error, source: "RFC 6455 5.2",
        quote: "If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket Connection_.",
        summary: "a control frame has a reserved opcode (0xB to 0xF)",
        reaction: "The receiver fails the connection, in practice with Close 1002.",
        bad: ["open\nc 8b 80 mask:37fa213d", "open\ns 8f 05 'Hello'"],
        good: ["open\ns 89 05 'Hello'\nc 8a 85 mask:37fa213d 'Hello'"],
    }
}

rule! {
    /// A client masks every frame with a key that nobody else can guess, so that a script in a page
    /// cannot choose the bytes that a proxy on the way sees, and poison its cache with them
    /// (RFC 6455 section 10.3). That the connection is local, or encrypted, makes no difference.
    pub static CLIENT_UNMASKED = {
        code: "F004", name: "client-unmasked", level: Error, source: "RFC 6455 5.1",
        quote: "a client MUST mask all frames that it sends to the server",
        summary: "a client sent a frame without a mask",
        reaction: "The server closes the connection; it may send Close 1002.",
        bad: ["open\nc 81 05 'Hello'\ns close 1002\nc close 1002"],
        good: ["open\nc 81 85 mask:37fa213d 'Hello'"],
    }
}

rule! {
    /// A server never masks. A masked frame from a server is most often a proxy that passes frames on
    /// without taking off the mask, or a client library that is used for a server.
    pub static SERVER_MASKED = {
        code: "F005", name: "server-masked", level: Error, source: "RFC 6455 5.1",
        quote: "A server MUST NOT mask any frames that it sends to the client.",
        summary: "a server sent a masked frame",
        reaction: "The client closes the connection; it may send Close 1002.",
        bad: ["open\ns 81 85 mask:37fa213d 'Hello'"],
        good: ["open\ns 81 05 'Hello'"],
    }
}

rule! {
    /// A length is to be written in the shortest of its three forms: 7 bits up to 125, 16 bits up to 65,535,
    /// 64 bits above. A longer form can hide data from an inspector that reads only the usual one.
    pub static LENGTH_NOT_MINIMAL = {
        code: "F006", name: "length-not-minimal", level: Error, source: "RFC 6455 5.2",
        quote: "in all cases, the minimal number of bytes MUST be used to encode the length",
        summary: "a frame's length is written in a longer form than it needs",
        reaction: "Strict receivers fail the connection with Close 1002; most accept it.",
        bad: ["open\ns 82 7e 0005 'Hello'", "open\ns 82 7f 0000000000000005 'Hello'"],
        good: ["open\ns 82 05 'Hello'", "open\ns 82 7e 007e 'x' *126"],
    }
}

rule! {
    /// The 64-bit length is 63 bits: its top bit is always 0. With the bit set, receivers take the length
    /// for a negative number, or for more than any message can have. Where the frame ends nobody knows, so
    /// what follows is not decoded up to the next certain frame boundary.
    pub static LENGTH_TOP_BIT = {
        code: "F007", name: "length-top-bit", level: Error, source: "RFC 6455 5.2",
        quote: "the most significant bit MUST be 0",
        summary: "the top bit of a 64-bit length is set",
        reaction: "The receiver fails the connection, with Close 1002 or 1009.",
        bad: ["open\ns 82 7f 8000000000000005 'Hello'"],
        good: ["open\ns 82 7f 0000000000010000 'x' *65536"],
    }
}

rule! {
    /// Control frames are never fragmented, so that they can stand between the fragments of a message
    /// and be answered at once.
    pub static CONTROL_FRAGMENTED = {
        code: "F008", name: "control-fragmented", level: Error, source: "RFC 6455 5.5",
        quote: "MUST NOT be fragmented",
        summary: "a control frame has FIN clear",
        reaction: "The receiver fails the connection with Close 1002.",
        bad: ["open\ns 09 05 'Hello'\nc pong 'Hello'", "open\ns 0a 03 'Hel'\ns 80 02 'lo'"],
        good: ["open\ns 89 05 'Hello'\nc pong 'Hello'"],
    }
}

rule! {
    /// A control frame carries at most 125 bytes. Everything beyond is refused by most receivers, and a
    /// Close reason or a Ping of that size never arrives.
    pub static CONTROL_TOO_LONG = {
        code: "F009", name: "control-too-long", level: Error, source: "RFC 6455 5.5",
        quote: "All control frames MUST have a payload length of 125 bytes or less",
        summary: "a control frame's payload is over 125 bytes",
        reaction: "The receiver fails the connection with Close 1002.",
        bad: ["open\ns ping 'x' *126", "open\ns close 1000 'x' *124\nc close 1000"],
        good: ["open\ns ping 'x' *125\nc pong 'x' *125"],
    }
}

rule! {
    /// A continuation frame continues a message, and none is open. The sender lost count of its own
    /// fragments: often two writers share one connection without a lock.
    pub static CONTINUATION_UNEXPECTED = {
        code: "F010", name: "continuation-unexpected", level: Error, source: "RFC 6455 5.4",
        quote: "followed by zero or more frames with the FIN bit clear and the opcode set to 0, and terminated by a single frame with the FIN bit set and an opcode of 0",
        summary: "a continuation frame without a message to continue",
        reaction: "The receiver fails the connection with Close 1002.",
        bad: ["open\ns cont 'Hello'", "open\ns text -fin 'Hel'\ns cont 'lo'\ns cont 'again'"],
        good: ["open\ns text -fin 'Hel'\ns cont 'lo'", "midstream\ns cont 'lo'\ns text 'Hello'\nc text 'Hello'"],
    }
}

rule! {
    /// A new text or binary message begins before the fragmented one before it is over. Only control
    /// frames may stand between fragments. Most often two tasks write to one connection at once.
    pub static MESSAGE_INTERLEAVED = {
        code: "F011", name: "message-interleaved", level: Error, source: "RFC 6455 5.4",
        quote: "The fragments of one message MUST NOT be interleaved between the fragments of another message",
        summary: "a new message begins inside a fragmented one",
        reaction: "The receiver fails the connection with Close 1002.",
        bad: [
            "open\ns text -fin 'Hel'\ns text 'again'\ns cont 'lo'",
            "open\ns text -fin 'Hel'\ns text -fin 'aga'\ns cont 'lo'\ns cont 'in'\ns text 'on'",
            "open\nc text -fin 'Hel'\nc binary 'a'\nc binary 'b'\nc cont 'lo'\nc text 'on'",
        ],
        good: ["open\ns text -fin 'Hel'\ns ping 'x'\nc pong 'x'\ns cont 'lo'\ns text 'again'"],
    }
}

rule! {
    /// The sender ended its stream before the last fragment of a message. What came of it is lost to the
    /// receiver, whose API never sees the message.
    pub static MESSAGE_UNFINISHED = {
        code: "F012", name: "message-unfinished", level: Warning, source: "RFC 6455 5.4",
        quote: "terminated by a single frame with the FIN bit set and an opcode of 0",
        summary: "the connection ends inside a fragmented message",
        reaction: "The receiver drops the fragments, and its API reports close code 1006.",
        bad: ["open\ns text -fin 'Hel'\nfin s\nfin c"],
        good: ["open\ns text -fin 'Hel'\ns cont 'lo'\ns close 1000\nc close 1000\nfin s\nfin c", "open\ns text -fin 'Hel'"],
    }
}

rule! {
    /// The sender ended its TCP stream inside a frame, and no byte of it is missing from the capture: the
    /// program stopped between two writes, or announced a length that it did not send.
    pub static FRAME_UNFINISHED = {
        code: "F013", name: "frame-unfinished", level: Warning, source: "RFC 6455 5.2",
        quote: "",
        summary: "the sender's stream ends inside a frame",
        reaction: "The receiver drops the frame, and its API reports close code 1006.",
        bad: ["open\ns 81 05 'Hel'\nfin s\nfin c", "open\ns 81 7e\nfin s\nfin c"],
        good: ["open\ns 81 05 'Hello'\ns close 1000\nc close 1000\nfin s\nfin c", "open\ns 81 05 'Hel'"],
    }
}

rule! {
    /// Dozens of empty fragments in a row carry nothing, but cost the receiver as much as full ones: a
    /// known way to burden it. Some libraries limit the number of frames of a message for that reason.
    pub static EMPTY_FRAGMENTS = {
        code: "F016", name: "empty-fragments", level: Note, source: "RFC 6455 5.4",
        quote: "",
        summary: "more than 64 empty fragments in a row",
        reaction: "Receivers accept it, or close with 1002 or 1008 where they limit the number of fragments.",
        bad: ["open\ns 0100 0000 *64\ns 80 01 'x'"],
        good: ["open\ns 01 00\ns 00 00\ns 80 01 'x'"],
    }
}

/// Empty fragments in a row that are told.
const EMPTY_RUN: u16 = 65;

/// Whether a fragmented message is open in a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Open {
    No,
    Yes,
    /// The capture, or the sender, leaves it open.
    #[default]
    Unknown,
}

/// What is kept of one direction.
#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    open: Open,
    /// Messages are interleaved, of which so many wait for their final fragment.
    mixed: u32,
    empty: u16,
    keys: Keys,
    /// A length that cannot be believed: no boundary behind it is certain.
    broken: bool,
    /// The stream ended inside a frame or a message.
    broken_off: bool,
}

/// The framing rules of one connection.
#[derive(Debug)]
pub(super) struct State {
    lanes: [Lane; 2],
}

impl State {
    /// `start`: the first frame will be seen.
    pub(super) fn new(start: bool) -> Self {
        let open = if start { Open::No } else { Open::Unknown };
        Self { lanes: [Lane { open, ..Lane::default() }; 2] }
    }

    /// A data frame that is a message of its own changes nothing.
    #[inline]
    pub(super) const fn is_calm(&self, dir: Dir) -> bool {
        let lane = self.lane(dir);
        matches!(lane.open, Open::No) && lane.empty == 0
    }

    /// The first masking key of a direction that is not zero, and the last.
    #[inline]
    pub(super) const fn keys(&self, dir: Dir) -> [[u8; 4]; 2] {
        self.lane(dir).keys.known()
    }

    /// Frames came that change nothing but what is known of keys.
    #[inline]
    pub(super) fn went_on(&mut self, dir: Dir, calm: &Calm) {
        if dir == Dir::C2s {
            self.lanes[dir.index()].keys.went_on(calm);
        }
    }

    const fn lane(&self, dir: Dir) -> &Lane {
        let [client, server] = &self.lanes;
        match dir {
            Dir::C2s => client,
            Dir::S2c => server,
        }
    }

    /// Frame boundaries were lost.
    pub(super) fn lost(&mut self, dir: Dir) {
        let lane = &mut self.lanes[dir.index()];
        lane.open = Open::Unknown;
        lane.mixed = 0;
        lane.empty = 0;
    }

    /// A frame of this direction had a length that cannot be believed.
    pub(super) fn broken(&self, dir: Dir) -> bool {
        self.lanes[dir.index()].broken
    }

    /// Directions that ended inside a frame or a message, and were told of.
    pub(super) fn broken_off(&self) -> bool {
        self.lanes.iter().any(|lane| lane.broken_off)
    }

    /// A frame is over.
    #[inline]
    pub(super) fn frame(&mut self, frame: &Frame<'_>, facts: &Facts, found: &mut Vec<Finding>) {
        let lane = &mut self.lanes[frame.dir.index()];
        let header = &frame.header;
        if header.rsv != 0 {
            reserved(frame, facts, found);
        }
        if header.mask.is_some() != (frame.dir == Dir::C2s) {
            masked_wrongly(frame, facts, found);
        }
        if header.len7 > 125 {
            length(frame, lane, found);
        }
        if header.opcode.is_control() {
            control(frame, facts, lane, found);
        } else {
            data(frame, facts, lane, found);
        }
        if let Some(key) = header.mask
            && frame.dir == Dir::C2s
        {
            lane.keys.frame(key, frame, found);
        }
        if frame.seen < header.len {
            unfinished_frame(frame, facts, lane, found);
        }
    }

    /// A message is over.
    #[inline]
    pub(super) fn message(&mut self, message: &Message<'_>, facts: &Facts, found: &mut Vec<Finding>) {
        if message.fault == Some(Fault::Unfinished) && may_tell_end(message.dir, facts) {
            self.unfinished_message(message, found);
        }
    }

    #[cold]
    fn unfinished_message(&mut self, message: &Message<'_>, found: &mut Vec<Finding>) {
        let lane = &mut self.lanes[message.dir.index()];
        if !std::mem::replace(&mut lane.broken_off, true) {
            let text = format!(
                "{} ended TCP after {} of a {} message, without its final fragment",
                sender(message.dir),
                counted(message.frames, "fragment"),
                message.kind.name(),
            );
            let finding = Finding::new(&MESSAGE_UNFINISHED, message.dir, message.last, text);
            found.push(Finding { message: Some(message.n), frame: Some(message.first_frame), ..finding });
        }
    }

    /// The stream ended inside a frame header, of which so many bytes came.
    pub(super) fn partial_header(
        &mut self,
        dir: Dir,
        at: At,
        bytes: u8,
        facts: &Facts,
        found: &mut Vec<Finding>,
    ) {
        if !may_tell_end(dir, facts) {
            return;
        }
        self.lanes[dir.index()].broken_off = true;
        let text = format!(
            "{} ended TCP inside a frame header: {} of it came",
            sender(dir),
            counted(u64::from(bytes), "byte")
        );
        let finding = Finding::new(&FRAME_UNFINISHED, dir, at, text);
        found.push(Finding { offset: Some(facts.lane(dir).sent), ..finding });
    }
}

/// The direction was ended by its sender's FIN, and by nothing that the other endpoint did.
fn may_tell_end(dir: Dir, facts: &Facts) -> bool {
    matches!(facts.lane(dir).end, Some((End::Fin, _))) && facts.lane(dir.other()).close.is_none()
}

/// RSV1 to RSV3.
#[cold]
fn reserved(frame: &Frame<'_>, facts: &Facts, found: &mut Vec<Finding>) {
    let header = &frame.header;
    let agreed = &facts.agreed;
    if agreed.other {
        return;
    }
    let mut rsv = header.rsv;
    if header.rsv1() {
        let control = header.opcode.is_control();
        let continuation = header.opcode == Opcode::CONTINUATION;
        match agreed.deflate {
            Some(DeflateKind::PermessageDeflate) if control => {
                rsv &= 3;
                deflate::rsv1_on_control(frame, found);
            }
            Some(DeflateKind::PermessageDeflate) if continuation => {
                rsv &= 3;
                deflate::rsv1_on_continuation(frame, found);
            }
            Some(_) if !control => rsv &= 3,
            _ => {}
        }
    }
    if rsv == 0 {
        return;
    }
    let bits: Vec<&str> = [(4, "RSV1"), (2, "RSV2"), (1, "RSV3")]
        .iter()
        .filter(|(bit, _)| rsv & bit != 0)
        .map(|(_, name)| *name)
        .collect();
    let bits = bits.join(" and ");
    let why = match agreed.deflate {
        Some(_) => "permessage-deflate does not define it here, and nothing else was agreed",
        None => "no extension was agreed",
    };
    let text = format!("{bits} set on {} frame {}: {why}", header.opcode.name(), frame.n);
    found.push(Finding::in_frame(&RESERVED_BIT, frame, Part::Rsv, format!("{bits} must be 0"), text));
}

#[cold]
fn masked_wrongly(frame: &Frame<'_>, facts: &Facts, found: &mut Vec<Finding>) {
    // Without the handshake, the roles were told from the masks.
    if !facts.agreed.known && facts.lane(frame.dir).lost {
        return;
    }
    let n = frame.n;
    found.push(match frame.dir {
        Dir::C2s => Finding::in_frame(
            &CLIENT_UNMASKED,
            frame,
            Part::Mask,
            "must be 1 from a client",
            format!("client frame {n} ({}) is not masked", frame.header.opcode.name()),
        ),
        Dir::S2c => Finding::in_frame(
            &SERVER_MASKED,
            frame,
            Part::Mask,
            "must be 0 from a server",
            format!("server frame {n} ({}) is masked", frame.header.opcode.name()),
        ),
    });
}

#[cold]
fn length(frame: &Frame<'_>, lane: &mut Lane, found: &mut Vec<Finding>) {
    let header = &frame.header;
    let (n, len) = (frame.n, header.len);
    if len >> 63 == 1 {
        lane.broken = true;
        let text = format!(
            "frame {n} has a length of 0x{len:016x}: the top bit is set, so where the frame ends is unknown"
        );
        let label = "the top bit must be 0";
        found.push(Finding::in_frame(&LENGTH_TOP_BIT, frame, Part::ExtendedLength, label, text));
    } else if !header.minimal() {
        let (form, shorter) = match (header.len7, len) {
            (126, _) => (16, 7),
            (_, 0..126) => (64, 7),
            _ => (64, 16),
        };
        let text = format!("frame {n} writes its length of {len} in {form} bits: {shorter} are enough");
        let label = format!("{len} fits in {shorter} bits");
        found.push(Finding::in_frame(&LENGTH_NOT_MINIMAL, frame, Part::ExtendedLength, label, text));
    }
}

#[inline]
fn control(frame: &Frame<'_>, facts: &Facts, lane: &mut Lane, found: &mut Vec<Finding>) {
    let header = &frame.header;
    if header.fin && header.len <= 125 && !header.opcode.is_reserved() {
        return;
    }
    let (n, name) = (frame.n, header.opcode.name());
    if header.opcode.is_reserved() {
        reserved_opcode(&RESERVED_OPCODE_CONTROL, frame, facts, found);
    }
    if !header.fin {
        // A continuation that follows is of this frame, as its sender sees it.
        lane.open = Open::Unknown;
        let text = format!("{name} frame {n} is fragmented: its FIN bit is clear");
        found.push(Finding::in_frame(
            &CONTROL_FRAGMENTED,
            frame,
            Part::Fin,
            "must be 1 on a control frame",
            text,
        ));
    }
    // A length with its top bit set is none (F007).
    if header.len > 125 && header.len >> 63 == 0 {
        let len = header.len;
        let text = format!("{name} frame {n} carries {len} bytes: expected at most 125");
        found.push(Finding::in_frame(
            &CONTROL_TOO_LONG,
            frame,
            Part::Length,
            format!("{len} bytes, at most 125"),
            text,
        ));
    }
}

#[inline]
fn data(frame: &Frame<'_>, facts: &Facts, lane: &mut Lane, found: &mut Vec<Finding>) {
    let header = &frame.header;
    let ends = if header.fin { Open::No } else { Open::Yes };
    match (header.opcode, lane.open) {
        (Opcode::CONTINUATION, Open::Yes) => lane.open = ends,
        (Opcode::CONTINUATION, Open::Unknown) => {
            if header.fin {
                lane.mixed = lane.mixed.saturating_sub(1);
                lane.open = if lane.mixed == 0 { Open::No } else { Open::Unknown };
            }
        }
        // Whatever follows a Close is at fault for that.
        (Opcode::CONTINUATION, Open::No) if facts.lane(frame.dir).close.is_some() => {}
        (Opcode::CONTINUATION, Open::No) => {
            if !header.fin {
                lane.open = Open::Unknown;
            }
            let text = format!("frame {} continues a message, and none is open", frame.n);
            let label = "continuation of nothing";
            found.push(Finding::in_frame(&CONTINUATION_UNEXPECTED, frame, Part::Opcode, label, text));
        }
        (Opcode::TEXT | Opcode::BINARY, Open::Yes) => {
            // Whose the continuations that follow are is anybody's guess.
            lane.open = Open::Unknown;
            lane.mixed = 1 + u32::from(!header.fin);
            let text = format!(
                "frame {} begins a {} message inside a fragmented one: expected a continuation",
                frame.n,
                header.opcode.name()
            );
            let label = "must be 0x0 until the open message ends";
            found.push(Finding::in_frame(&MESSAGE_INTERLEAVED, frame, Part::Opcode, label, text));
        }
        (Opcode::TEXT | Opcode::BINARY, Open::Unknown) if lane.mixed > 0 => {
            lane.mixed = lane.mixed.saturating_add(u32::from(!header.fin));
        }
        (Opcode::TEXT | Opcode::BINARY, _) => lane.open = ends,
        _ => {
            lane.open = Open::Unknown;
            reserved_opcode(&RESERVED_OPCODE_DATA, frame, facts, found);
        }
    }
    if header.len > 0 || header.fin {
        lane.empty = 0;
    } else {
        lane.empty = lane.empty.saturating_add(1);
        if lane.empty == EMPTY_RUN {
            let text = format!("frame {} is the {EMPTY_RUN}th empty fragment in a row", frame.n);
            found.push(Finding::in_frame(
                &EMPTY_FRAGMENTS,
                frame,
                Part::Length,
                "empty, and not final",
                text,
            ));
        }
    }
}

#[cold]
fn reserved_opcode(rule: &'static Rule, frame: &Frame<'_>, facts: &Facts, found: &mut Vec<Finding>) {
    if facts.agreed.other {
        return;
    }
    let opcode = frame.header.opcode.value();
    let text = format!("frame {} has opcode 0x{opcode:X}, which is reserved", frame.n);
    found.push(Finding::in_frame(rule, frame, Part::Opcode, "reserved", text));
}

#[cold]
fn unfinished_frame(frame: &Frame<'_>, facts: &Facts, lane: &mut Lane, found: &mut Vec<Finding>) {
    let hole = facts.lane(frame.dir).hole || lane.broken;
    if hole || !may_tell_end(frame.dir, facts) {
        return;
    }
    lane.broken_off = true;
    let (seen, len) = (frame.seen, frame.header.len);
    let text = format!(
        "{} ended TCP inside frame {}: {seen} of {len} payload bytes came",
        sender(frame.dir),
        frame.n
    );
    found.push(Finding::in_frame(
        &FRAME_UNFINISHED,
        frame,
        Part::Payload,
        format!("{} missing", counted(len - seen, "byte")),
        text,
    ));
}

/// `the client` or `the server`.
pub(super) const fn sender(dir: Dir) -> &'static str {
    match dir {
        Dir::C2s => "the client",
        Dir::S2c => "the server",
    }
}

/// `1 byte`, `2 bytes`.
pub(super) fn counted(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
