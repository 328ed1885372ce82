//! D006 to D013: compressed messages (RFC 7692 sections 6 and 7.2).

use crate::http::extension::DeflateKind;
use crate::item::Dir;
use crate::ws::fact::{Fault, Frame, Message};

use super::Rule;
use super::facts::Facts;
use super::finding::{Finding, Part};
use super::frame::{counted, sender};
use crate::rule;

/// The family.
pub static RULES: &[&Rule] = &[
    &RSV1_ON_CONTINUATION,
    &RSV1_ON_CONTROL,
    &DATA_BROKEN,
    &WINDOW_EXCEEDED,
    &CONTEXT_KEPT,
    &FINAL_BLOCK,
    &INFLATE_LIMIT,
    &NOT_WORTH_IT,
];

rule! {
    /// RSV1 says that a message is compressed, and stands on its first frame only. A sender that sets it
    /// on the following fragments compresses frame by frame, as drafts of the extension did.
    pub static RSV1_ON_CONTINUATION = {
        code: "D006", name: "rsv1-on-continuation", level: Error, source: "RFC 7692 6.1",
        quote: "An endpoint MUST NOT set the \"Per-Message Compressed\" bit of control frames and non-first fragments of a data message.",
        summary: "RSV1 is set on a continuation frame",
        reaction: "The receiver fails the connection with Close 1002.",
        bad: ["open permessage-deflate\ns text -fin z 'Hel'\ns cont +rsv1 z 'lo'"],
        good: ["open permessage-deflate\ns text -fin z 'Hel'\ns cont z 'lo'"],
    }
}

rule! {
    /// Control frames are never compressed, so RSV1 means nothing on them.
    pub static RSV1_ON_CONTROL = {
        code: "D007", name: "rsv1-on-control", level: Error, source: "RFC 7692 6.1",
        quote: "An endpoint MUST NOT set the \"Per-Message Compressed\" bit of control frames and non-first fragments of a data message.",
        summary: "RSV1 is set on a control frame",
        reaction: "The receiver fails the connection with Close 1002.",
        bad: ["open permessage-deflate\ns ping +rsv1 'Hello'\nc pong 'Hello'"],
        good: ["open permessage-deflate\ns ping 'Hello'\nc pong 'Hello'"],
    }
}

rule! {
    /// The payload of a message that is marked as compressed is no DEFLATE data, or breaks off. Either the
    /// sender set RSV1 on a message that it did not compress, or its compressor and the connection got out of
    /// step: a message was compressed and then not sent, or two tasks share one compressor.
    pub static DATA_BROKEN = {
        code: "D008", name: "deflate-data-broken", level: Error, source: "RFC 7692 7.2.2",
        quote: "",
        summary: "a compressed message does not inflate",
        reaction: "The receiver fails the connection, with Close 1002 or 1007, and cannot inflate what follows.",
        bad: ["open permessage-deflate\ns text +rsv1 ffff", "open permessage-deflate\ns text +rsv1 'Hello'"],
        good: ["open permessage-deflate\ns text z 'Hello'", "open permessage-deflate\nlose s text z 'Hello Hello'\ns text z 'Hello Hello again and again'"],
    }
}

rule! {
    /// The sender agreed to a smaller window, and refers further back than that. A receiver that gave the
    /// connection only the memory that was agreed cannot inflate the message; others never notice. Often a
    /// compressor is set up with its default window, whatever was agreed.
    pub static WINDOW_EXCEEDED = {
        code: "D009", name: "window-exceeded", level: Error, source: "RFC 7692 7.1.2",
        quote: "the server MUST NOT use an LZ77 sliding window longer than the w-th power of 2 bytes to compress messages to send",
        summary: "a message refers further back than the agreed window",
        reaction: "A receiver with a small window fails the connection, with Close 1002 or 1007.",
        bad: ["open permessage-deflate; server_max_window_bits=9\ns text z 'a long beginning of a message' '0123456789ABCDEF' *64 'a long beginning of a message'"],
        good: ["open permessage-deflate\ns text z 'a long beginning of a message' '0123456789ABCDEF' *64 'a long beginning of a message'"],
    }
}

rule! {
    /// The sender agreed to begin each message with an empty window, and refers to an earlier message all the
    /// same. A receiver that threw its window away, as was agreed, cannot inflate it.
    pub static CONTEXT_KEPT = {
        code: "D010", name: "context-kept", level: Error, source: "RFC 7692 7.1.1",
        quote: "the server MUST start compressing each new message with an empty LZ77 sliding window",
        summary: "a message refers to an earlier one although no_context_takeover was agreed",
        reaction: "The receiver fails the connection, with Close 1002 or 1007.",
        bad: ["open permessage-deflate; server_no_context_takeover\ns text z 'Hello Hello'\ns text z 'Hello Hello'"],
        good: [
            "open permessage-deflate; server_no_context_takeover\ns text +rsv1 fresh('Hello Hello')\ns text +rsv1 fresh('Hello Hello')",
            "open permessage-deflate\ns text z 'Hello Hello'\ns text z 'Hello Hello'",
        ],
    }
}

rule! {
    /// A block with BFINAL set ends a DEFLATE stream. Inside a message that is allowed, and the next block
    /// begins a new one; several receivers take it for the end of everything and fail on what follows.
    pub static FINAL_BLOCK = {
        code: "D011", name: "final-block", level: Note, source: "RFC 7692 7.2.3.4",
        quote: "",
        summary: "a block with BFINAL set inside a message",
        reaction: "Receivers inflate it; some fail on this or the next message.",
        bad: ["open permessage-deflate\ns text +rsv1 f3 48 cd c9 c9 07 00 00"],
        good: ["open permessage-deflate\ns text +rsv1 f2 48 cd c9 c9 07 00"],
    }
}

rule! {
    /// A message inflates past the limit on size or ratio that wscope sets itself: a few kilobytes become many
    /// megabytes. A receiver without a limit of its own can be brought down with such messages. The payload
    /// is cut at the limit.
    pub static INFLATE_LIMIT = {
        code: "D012", name: "inflate-limit", level: Warning, source: "practice",
        quote: "",
        summary: "a message inflates past the size or ratio limit",
        reaction: "Receivers with a limit close with 1009; the others take it all in.",
        bad: ["open permessage-deflate\nlimit inflated_bytes 100\ns text z 'x' *2000"],
        good: ["open permessage-deflate\nlimit inflated_bytes 2000\ns text z 'x' *2000"],
    }
}

rule! {
    /// Over the whole connection, what this side compressed came out larger than it was: messages too short
    /// for compression, or content that is compressed already. Compression costs both sides memory and time,
    /// and gains nothing here.
    pub static NOT_WORTH_IT = {
        code: "D013", name: "not-worth-it", level: Note, source: "practice",
        quote: "",
        summary: "compression made the payloads larger",
        reaction: "Nothing.",
        bad: ["open permessage-deflate\ns text z 'a'\ns text z 'b'\ns text z 'c'\ns text z 'd'"],
        good: ["open permessage-deflate\ns text z 'aaaaaaaa'\ns text z 'aaaaaaaa'\ns text z 'aaaaaaaa'\ns text z 'aaaaaaaa'"],
    }
}

/// Messages below which nothing is said about what compression is worth.
const ENOUGH: u64 = 4;

/// The deflate rules of one connection.
#[derive(Debug, Default)]
pub(super) struct State {
    worth: [Worth; 2],
}

/// What compression was worth in one direction.
#[derive(Clone, Copy, Debug, Default)]
struct Worth {
    messages: u64,
    wire: u64,
    plain: u64,
    /// The size of some messages is not known.
    unsure: bool,
}

impl State {
    /// A compressed message is over.
    #[inline]
    pub(super) fn message(&mut self, message: &Message<'_>, facts: &Facts, found: &mut Vec<Finding>) {
        let worth = &mut self.worth[message.dir.index()];
        worth.messages += 1;
        worth.wire += message.wire_len;
        worth.plain += message.len;
        worth.unsure |= message.fault.is_some();
        if message.fault.is_some() || message.final_block || message.exceeded.is_some() {
            faulty(message, facts, found);
        }
    }

    /// The connection is over.
    pub(super) fn finish(&mut self, facts: &Facts, found: &mut Vec<Finding>) {
        for dir in Dir::BOTH {
            let Worth { messages, wire, plain, unsure } = self.worth[dir.index()];
            let lane = facts.lane(dir);
            if unsure || lane.lost || messages < ENOUGH || wire <= plain {
                continue;
            }
            let text = format!(
                "{} compressed {} from {plain} to {wire} bytes",
                sender(dir),
                counted(messages, "message")
            );
            found.push(Finding::new(&NOT_WORTH_IT, dir, lane.last, text));
        }
    }
}

#[cold]
fn faulty(message: &Message<'_>, facts: &Facts, found: &mut Vec<Finding>) {
    // What was agreed must be known to say that it was broken.
    let known = facts.agreed.known && facts.agreed.deflate == Some(DeflateKind::PermessageDeflate)
        || facts.agreed.deflate == Some(DeflateKind::WebkitDeflateFrame);
    let Message { n, wire_len, len, kind, .. } = *message;
    let kind = kind.name();
    let mut tell = |rule, text: String| {
        let finding = Finding::new(rule, message.dir, message.first, text);
        found.push(Finding { message: Some(n), frame: Some(message.first_frame), ..finding });
    };
    match message.fault {
        Some(Fault::BrokenDeflate) if known => {
            tell(
                &DATA_BROKEN,
                format!(
                    "{kind} message {n} ({}) does not inflate: {len} bytes came out of it",
                    counted(wire_len, "byte")
                ),
            );
        }
        Some(Fault::ContextKept { reach }) if known => {
            let who = match message.dir {
                Dir::C2s => "client_no_context_takeover",
                Dir::S2c => "server_no_context_takeover",
            };
            tell(
                &CONTEXT_KEPT,
                format!(
                    "{kind} message {n} refers to {} before its first, though {who} was agreed",
                    counted(reach.into(), "byte")
                ),
            );
        }
        Some(Fault::InflateLimit) => {
            tell(
                &INFLATE_LIMIT,
                format!("{kind} message {n} inflates from {wire_len} to more than {len} bytes: cut there"),
            );
        }
        _ => {}
    }
    if let Some(exceeded) = message.exceeded
        && known
    {
        tell(
            &WINDOW_EXCEEDED,
            format!(
                "{kind} message {n} refers {} bytes back: the agreed window is {} bytes",
                exceeded.distance, exceeded.window
            ),
        );
    }
    if message.final_block {
        tell(&FINAL_BLOCK, format!("{kind} message {n} has a block with BFINAL set"));
    }
}

/// RSV1 on a control frame where permessage-deflate was agreed (D007).
pub(super) fn rsv1_on_control(frame: &Frame<'_>, found: &mut Vec<Finding>) {
    let text = format!(
        "RSV1 set on {} frame {}: control frames are never compressed",
        frame.header.opcode.name(),
        frame.n
    );
    found.push(Finding::in_frame(&RSV1_ON_CONTROL, frame, Part::Rsv, "RSV1 must be 0", text));
}

/// RSV1 on a continuation frame where permessage-deflate was agreed (D006).
pub(super) fn rsv1_on_continuation(frame: &Frame<'_>, found: &mut Vec<Finding>) {
    let text =
        format!("RSV1 set on continuation frame {}: only the first frame of a message may have it", frame.n);
    found.push(Finding::in_frame(&RSV1_ON_CONTINUATION, frame, Part::Rsv, "RSV1 must be 0", text));
}
