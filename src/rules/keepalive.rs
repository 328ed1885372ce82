//! K: keep-alive (RFC 6455 sections 5.5.2 and 5.5.3).

mod pending;
#[cfg(test)]
mod tests;

use crate::item::{At, Dir};
use crate::ws::fact::{Kind, Message};

use super::Rule;
use super::facts::Facts;
use super::finding::Finding;
use crate::rule;

use pending::{Control, Lane};

/// The family.
pub static RULES: &[&Rule] = &[&PING_NOT_ANSWERED, &PONG_PAYLOAD_WRONG, &PONG_UNSOLICITED];

rule! {
    /// A Ping is answered with a Pong of the same payload as soon as is practical. The other endpoint's
    /// TCP has acknowledged this one, so it arrived, but the program behind it did not answer: it is
    /// blocked, reads no more, or its library leaves Pings to the application. Whoever watches the
    /// connection by Pings will take it for dead.
    pub static PING_NOT_ANSWERED = {
        code: "K001", name: "ping-not-answered", level: Warning, source: "RFC 6455 5.5.2",
        quote: "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response, unless it already received a Close frame.",
        summary: "a Ping was received and not answered",
        reaction: "An endpoint that watches for Pongs closes the connection after some time.",
        bad: [
            "open\ns ping 'Hello'\nwait 31s\nc text 'still here'",
            "open\nc ping\nwait 2s\ns text 'x'\ns text 'y'\nwait 29s\ns text 'z'",
        ],
        good: [
            "open\ns ping 'Hello'\nc pong 'Hello'\nwait 31s\nc text 'still here'",
            "open\ns ping 'a'\ns ping 'b'\nc pong 'b'\nwait 31s\nc text 'still here'",
            "open\ns ping 'Hello'\nc close 1000\ns close 1000\nwait 31s",
            "open\nnoack\ns ping 'Hello'\nwait 31s\nc text 'still here'",
            "open\ns ping 'Hello'\nwait 31s",
            "open\ns ping 'Hello'\nlose c pong 'Hello'\nwait 31s\nc text 'still here'",
            "open\nc ping 'Hello'\ns pong\nlose c ping 'again'\nwait 31s\ns pong 'again'",
            "open\ns ping 'Hello'\nlose c pong 'Hello'\nwait 31s\ns close 1001\nc close 1001",
        ],
    }
}

rule! {
    /// A Pong carries the payload of the Ping that it answers. This one answers the only Ping there is,
    /// with something else: its sender made up a payload, or left it out. An endpoint that compares the two
    /// takes the Ping for unanswered.
    pub static PONG_PAYLOAD_WRONG = {
        code: "K002", name: "pong-payload-wrong", level: Warning, source: "RFC 6455 5.5.3",
        quote: "must have identical \"Application data\" as found in the message body of the Ping frame being replied to",
        summary: "a Pong does not carry the payload of its Ping",
        reaction: "Many endpoints do not compare; others drop the Pong, and close when none comes.",
        bad: [
            "open\ns ping 'Hello'\nc pong 'Hullo'\ns ping 'again'\nc pong 'again'",
            "open\nc ping 'Hello'\ns pong\nc ping 'again'\ns pong 'again'",
        ],
        good: [
            "open\ns ping 'Hello'\nc pong 'Hello'\ns ping 'again'\nc pong 'again'",
            "open\ns ping 'a'\ns ping 'b'\nc pong 'c'",
        ],
    }
}

rule! {
    /// A Pong that answers no Ping is allowed: a heartbeat in one direction that asks for no answer.
    /// Some client libraries send them by themselves. They tell nobody whether the other endpoint is
    /// alive, and a proxy may count them as no traffic.
    pub static PONG_UNSOLICITED = {
        code: "K003", name: "pong-unsolicited", level: Note, source: "RFC 6455 5.5.3",
        quote: "A Pong frame MAY be sent unsolicited",
        summary: "a Pong without a Ping",
        reaction: "Nothing: no answer is expected.",
        bad: ["open\nc pong 'Hello'\ns text 'x'", "open\ns ping 'a'\nc pong 'a'\nc pong 'a'"],
        good: [
            "open\ns ping 'Hello'\nc pong 'Hello'\ns text 'x'",
            "open\ns ping 'a'\ns ping 'b'\nc pong 'a'\nc pong 'b'",
            "midstream\nc text 'who is there'\nlose s ping 'a'\nwait 40s\nc pong 'a'\nc text 'who is there'\nc text 'again'\ns text 'nobody is there'\ns text 'nobody'\ns text 'x'",
        ],
    }
}

/// The keep-alive rules of one connection.
#[derive(Debug, Default)]
pub(super) struct State {
    /// A Ping or a Pong waits for what decides about it.
    busy: bool,
    /// A Close came: no Ping needs an answer.
    closed: bool,
    /// By the sender of the Pings. Nothing is allocated before the first Ping or Pong.
    lanes: Option<Box<[Lane; 2]>>,
}

impl State {
    /// A Ping or Pong is over.
    pub(super) fn message(&mut self, message: &Message<'_>, facts: &Facts, found: &mut Vec<Finding>) {
        let lanes = self.lanes.get_or_insert_default();
        let control = Control::new(message, facts.lane(message.dir));
        if message.kind == Kind::Ping {
            lanes[message.dir.index()].ping(control, message.dir, self.closed, facts, found);
        } else if !self.closed {
            let asker = message.dir.other();
            lanes[asker.index()].pong(control, asker, facts, found);
        }
        self.busy = lanes.iter().any(Lane::busy);
    }

    /// A Close came from either side with the packet `at`: no Ping needs an answer from here on.
    pub(super) fn close(&mut self, at: At, facts: &Facts, found: &mut Vec<Finding>) {
        self.closed = true;
        self.each(|dir, lane| {
            lane.expire(dir, at, facts, found);
            lane.close(dir, facts, found);
        });
    }

    /// [`State::segment`] has something to look at.
    #[inline]
    pub(super) fn waits(&self) -> bool {
        self.busy
    }

    /// Acknowledgements, or time, may have come with the packet `at`.
    pub(super) fn segment(&mut self, at: At, facts: &Facts, found: &mut Vec<Finding>) {
        self.each(|dir, lane| {
            lane.acknowledged(dir, at, facts);
            lane.expire(dir, at, facts, found);
            lane.resolve(dir, false, facts, found);
        });
    }

    /// The connection is over, or the capture.
    pub(super) fn finish(&mut self, facts: &Facts, found: &mut Vec<Finding>) {
        self.each(|dir, lane| {
            lane.finish(dir, facts, found);
            lane.resolve(dir, true, facts, found);
        });
    }

    /// Looks at both directions where anything waits.
    fn each(&mut self, mut look: impl FnMut(Dir, &mut Lane)) {
        let Some(lanes) = self.lanes.as_mut().filter(|_| self.busy) else { return };
        for (dir, lane) in Dir::BOTH.into_iter().zip(lanes.iter_mut()) {
            look(dir, lane);
        }
        self.busy = lanes.iter().any(Lane::busy);
    }
}
