//! C: closing (RFC 6455 sections 5.5.1 and 7).

pub mod code;
pub mod ending;
#[cfg(test)]
mod tests;

use crate::item::{At, Dir};
use crate::ws::fact::{Frame, Message, Opcode};

use super::Rule;
use super::facts::Facts;
use super::finding::{Finding, Part};
use super::frame::{counted, sender};
use crate::rule;

use ending::Ends;

/// The family.
pub static RULES: &[&Rule] = &[
    &code::PAYLOAD_ONE_BYTE,
    &code::FORBIDDEN,
    &code::OUT_OF_RANGE,
    &code::UNREGISTERED,
    &code::REASON_INVALID_UTF8,
    &DATA_AFTER_CLOSE,
    &CONTROL_AFTER_CLOSE,
    &ending::NOT_ANSWERED,
    &CODE_NOT_ECHOED,
    &ending::WITHOUT_HANDSHAKE,
    &ending::RESET,
    &ending::CLIENT_CLOSED_TCP_FIRST,
    &code::WRONG_ROLE,
    &BYTES_AFTER_CLOSE,
    &code::ABOVE_RANGE,
];

rule! {
    /// A Close is the last frame of its sender. A message that follows it is lost: the other endpoint
    /// has been told that no more data comes, and has stopped reading. Most often one task of the sender
    /// closes while another still writes.
    pub static DATA_AFTER_CLOSE = {
        code: "C006", name: "data-after-close", level: Error, source: "RFC 6455 5.5.1",
        quote: "The application MUST NOT send any more data frames after sending a Close frame.",
        summary: "a data frame from an endpoint that has sent a Close",
        reaction: "The receiver drops the frame.",
        bad: [
            "open\nc close 1000\nc text 'late'\ns close 1000",
            "open\ns text -fin 'Hel'\ns close 1000\ns cont 'lo'\nc close 1000",
        ],
        good: ["open\nc close 1000\ns text 'late'\ns close 1000", "open\nc text 'in time'\nc close 1000\ns close 1000"],
    }
}

rule! {
    /// After its Close an endpoint sends nothing more, not even control frames: the other endpoint drops
    /// them. A second Close mostly means that the library and the application both close.
    pub static CONTROL_AFTER_CLOSE = {
        code: "C007", name: "control-after-close", level: Warning, source: "RFC 6455 1.4",
        quote: "After sending a control frame indicating the connection should be closed, a peer does not send any further data",
        summary: "a Ping, Pong or second Close from an endpoint that has sent a Close",
        reaction: "The receiver drops the frame.",
        bad: ["open\nc close 1000\nc ping 'x'\ns close 1000", "open\ns close 1000\nc close 1000\ns close 1000"],
        good: ["open\nc close 1000\ns ping 'x'\ns close 1000", "open\ns close 1000\nc close 1000"],
    }
}

rule! {
    /// The answer to a Close carries another status code than the Close. That is allowed, but most
    /// endpoints send the code back, so a log of the one side tells another story than that of the other.
    /// Two Closes that cross on the wire are no answers to one another, and an error code is the right
    /// answer to a Close that is itself at fault.
    pub static CODE_NOT_ECHOED = {
        code: "C009", name: "close-code-not-echoed", level: Note, source: "RFC 6455 5.5.1",
        quote: "the endpoint typically echos the status code it received",
        summary: "the answer to a Close has another status code",
        reaction: "Nothing: the connection is closed all the same.",
        bad: ["open\ns close 1001\nc close 1000", "open\nc close 1000 'bye'\ns close"],
        good: [
            "open\ns close 1001\nc close 1001",
            "open\ns close\nc close 1000",
            "open\nnoack\ns close 1001\nc close 1000",
        ],
    }
}

rule! {
    /// What follows the Close is no frame. Often it is text: an HTTP error page, or the log line of a
    /// program that writes to the socket past its WebSocket library.
    pub static BYTES_AFTER_CLOSE = {
        code: "C014", name: "bytes-after-close", level: Error, source: "RFC 6455 5.5.1",
        quote: "The application MUST NOT send any more data frames after sending a Close frame.",
        summary: "bytes that are no frame follow a Close",
        reaction: "The receiver drops them.",
        bad: ["open\ns close 1000\nc close 1000\ns 'HTTP/1.1 400 Bad Request\\r\\n\\r\\n'"],
        good: ["open\ns close 1000\nc close 1000"],
    }
}

/// The closing rules of one connection.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Where the latest messages of each direction end.
    ends: [Ends; 2],
    /// The first Close of each direction; nothing is allocated before there is one.
    closes: Option<Box<Closes>>,
}

/// The Closes of a connection.
#[derive(Debug, Default)]
struct Closes {
    sent: [Option<Sent>; 2],
    /// Whose was told first.
    first: Option<Dir>,
    /// C009, if the second Close turns out to be an answer.
    answer: Option<Box<Finding>>,
    /// C013 of each direction, if its Close turns out to send back no other.
    role: [Option<Box<Finding>>; 2],
    /// No acknowledgement is waited for any longer.
    settled: bool,
}

/// The first Close of a direction.
#[derive(Clone, Copy, Debug)]
struct Sent {
    /// The packet with its last byte.
    at: At,
    /// Where it ends in its direction's stream.
    end: u64,
    code: Option<u16>,
    /// All of it was captured.
    whole: bool,
    /// Nothing is wrong with it.
    sound: bool,
    /// The packet by which it was acknowledged.
    acked: Option<At>,
}

impl State {
    /// A frame came from an endpoint that had sent a Close.
    #[cold]
    pub(super) fn after_close(&mut self, frame: &Frame<'_>, found: &mut Vec<Finding>) {
        let rule = match frame.header.opcode {
            Opcode::CONTINUATION | Opcode::TEXT | Opcode::BINARY => &DATA_AFTER_CLOSE,
            Opcode::CLOSE | Opcode::PING | Opcode::PONG => &CONTROL_AFTER_CLOSE,
            _ => return,
        };
        let (who, name, n) = (sender(frame.dir), frame.header.opcode.name(), frame.n);
        let again = if frame.header.opcode == Opcode::CLOSE { "again " } else { "" };
        let text = format!("{who} sent {name} frame {n} {again}after its Close");
        found.push(Finding::in_frame(rule, frame, Part::Opcode, "nothing may follow a Close", text));
    }

    /// A data message ended at this offset of its direction's stream.
    #[inline]
    pub(super) fn message_ended(&mut self, offset: u64, dir: Dir) {
        self.ends[dir.index()].push(offset);
    }

    /// A Close is over. `facts` does not hold it yet.
    #[cold]
    pub(super) fn close(&mut self, message: &Message<'_>, facts: &Facts, found: &mut Vec<Finding>) {
        let closes = self.closes.get_or_insert_default();
        let dir = message.dir;
        if closes.sent[dir.index()].is_some() {
            return;
        }
        let lane = facts.lane(dir);
        let whole = message.complete() && lane.plain && message.len <= 125 && !message.cut();
        let received = closes.sent[dir.other().index()].and_then(|sent| sent.code);
        let sound = whole && code::check(message, lane.sent, received, found);
        let role = found.iter().position(|finding| finding.rule == &code::WRONG_ROLE);
        closes.role[dir.index()] = role.map(|role| Box::new(found.remove(role)));
        let code = message.close_code();
        let sent = Sent { at: message.last, end: lane.sent, code, whole, sound, acked: None };
        closes.sent[dir.index()] = Some(sent);
        if closes.first.is_none() {
            closes.first = Some(dir);
        } else if let Some(question) = closes.sent[dir.other().index()] {
            closes.answer = answer(&question, &sent, message, lane.sent).map(Box::new);
            // Whether it is an answer is told in `segment`, with the acknowledgements of this packet.
            closes.settled = closes.answer.is_none();
        }
    }

    /// Bytes that are no frame follow a Close.
    #[cold]
    pub(super) fn not_frames(
        &mut self,
        dir: Dir,
        at: At,
        skipped: u64,
        facts: &Facts,
        found: &mut Vec<Finding>,
    ) {
        let lane = facts.lane(dir);
        if lane.close.is_none() {
            return;
        }
        let text =
            format!("{} sent {} after its Close that are no frame", sender(dir), counted(skipped, "byte"));
        found.push(Finding { offset: Some(lane.sent), ..Finding::new(&BYTES_AFTER_CLOSE, dir, at, text) });
    }

    /// [`State::segment`] has something to look at.
    #[inline]
    pub(super) fn waits(&self) -> bool {
        self.closes.as_ref().is_some_and(|closes| !closes.settled)
    }

    /// Acknowledgements may have come with the packet `at`.
    pub(super) fn segment(&mut self, at: At, facts: &Facts, found: &mut Vec<Finding>) {
        let Some(closes) = self.closes.as_mut() else { return };
        let Some(first) = closes.first.filter(|_| !closes.settled) else { return };
        if let Some(sent) = &mut closes.sent[first.index()]
            && sent.acked.is_none()
            && facts.lane(first).acked(sent.end)
        {
            sent.acked = Some(at);
        }
        let acked = closes.sent[first.index()].and_then(|sent| sent.acked);
        match closes.sent[first.other().index()] {
            None => closes.settled = acked.is_some(),
            // The packet of the second Close, or one before, says whether its sender knew of the first.
            Some(second) => {
                closes.settled = true;
                let knew = acked.is_some_and(|acked| acked.packet <= second.at.packet);
                found.extend(closes.answer.take().filter(|_| knew).map(|finding| *finding));
            }
        }
    }

    /// The connection is over, or the capture. `broken_off`: it ended inside a frame or message, which was
    /// told.
    pub(super) fn finish(&mut self, at: At, broken_off: bool, facts: &Facts, found: &mut Vec<Finding>) {
        for dir in Dir::BOTH {
            found.extend(self.closes.as_mut().and_then(|closes| closes.wrong_role(dir, facts)));
        }
        if let Some(reset) = ending::reset(&self.ends, facts) {
            found.push(reset);
            return;
        }
        match &self.closes {
            Some(closes) => {
                found.extend(ending::not_answered(&closes.sent, facts));
                found.extend(ending::client_closed_tcp_first(&closes.sent, facts));
            }
            None if !broken_off => found.extend(ending::without_handshake(at, facts)),
            None => {}
        }
    }
}

impl Closes {
    /// C013 of a direction, where the other one's Close is known to be no reason for it.
    fn wrong_role(&mut self, dir: Dir, facts: &Facts) -> Option<Finding> {
        let finding = self.role[dir.index()].take()?;
        let sent = self.sent[dir.index()]?;
        let other = facts.lane(dir.other());
        let own = match self.sent[dir.other().index()] {
            Some(before) => before.code != sent.code || before.at.packet > sent.at.packet,
            None => other.complete() && !other.hole,
        };
        own.then_some(*finding)
    }
}

/// C009, where the second Close carries another code than the first. Whether its sender had the first is
/// not known yet.
fn answer(first: &Sent, second: &Sent, message: &Message<'_>, end: u64) -> Option<Finding> {
    let in_order = first.at.packet < second.at.packet && first.whole && second.whole;
    let received = first.code?;
    if !in_order || !second.sound || second.code == Some(received) {
        return None;
    }
    // RFC 6455 section 7.1.7: what is at fault is answered with an error code.
    if !first.sound && matches!(second.code, Some(1002 | 1007)) {
        return None;
    }
    let who = sender(message.dir);
    let with = second.code.map_or("an empty Close".to_owned(), |code| format!("Close {code}"));
    let text = format!("{who} answered Close {received} with {with}");
    let finding = code::finding(&CODE_NOT_ECHOED, message, end, 0..2, format!("received {received}"), text);
    Some(finding)
}
