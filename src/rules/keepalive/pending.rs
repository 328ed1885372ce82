//! Pings without an answer, and Pongs of which nobody knows yet what they answer.

use std::collections::VecDeque;

use crate::item::{At, Dir, End};
use crate::rules::facts::{self, Facts};
use crate::rules::finding::{Evidence, Finding};
use crate::rules::frame::{counted, sender};
use crate::time::Delay;
use crate::ws::fact::Message;

use super::{PING_NOT_ANSWERED, PONG_PAYLOAD_WRONG, PONG_UNSOLICITED};

/// Pings that are kept of a direction.
const PINGS: usize = 16;

/// Pongs of a direction that are held until it is certain that no Ping asked for them.
const HELD: usize = 4;

/// The largest payload of a control frame (RFC 6455 section 5.5).
const PAYLOAD: usize = 125;

/// A payload of which so many bytes are the same is the same by no accident.
const TELLING: usize = 4;

/// Payload bytes that a text shows.
const SHOWN: usize = 16;

/// A Ping without an answer for so long has none.
const PATIENCE_NANOS: i64 = 30_000_000_000;

/// A Ping that came so shortly before the end need not have been answered.
const GRACE_NANOS: i64 = 1_000_000_000;

/// A Ping or a Pong.
#[derive(Debug)]
pub(super) struct Control {
    first: At,
    last: At,
    /// The numbers of its frame and its message.
    frame: u64,
    message: u64,
    /// Where it ends in its direction's stream, and where its payload begins.
    end: u64,
    payload_at: u64,
    /// `None` where it is not known, or the frame has a fault by which it may mean something else.
    payload: Option<Box<[u8]>>,
}

/// A Ping that may yet be answered.
#[derive(Debug)]
struct Ping {
    control: Control,
    /// The packet by which it was acknowledged, and the frames that the other endpoint had sent by then.
    acked: Option<(At, u64)>,
    /// It needs an answer. Others are kept so that a late answer to them does not seem to be one to
    /// nothing.
    open: bool,
}

/// The Pings of one direction, and the Pongs that come back.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// The oldest first.
    pings: VecDeque<Ping>,
    /// A Pong with another payload than the only open Ping.
    suspect: Option<Box<Suspect>>,
    /// Pongs that came when no Ping was open, the oldest first.
    held: VecDeque<Control>,
    /// The other endpoint sends Pongs that nobody asked for.
    heartbeats: bool,
}

#[derive(Debug)]
struct Suspect {
    pong: Control,
    /// Whether the Ping had arrived when it was sent is known.
    looked_at: bool,
}

impl Control {
    pub(super) fn new(message: &Message<'_>, lane: &facts::Lane) -> Self {
        let known = message.complete() && lane.plain && message.len <= PAYLOAD as u64 && !message.cut();
        Self {
            first: message.first,
            last: message.last,
            frame: message.first_frame,
            message: message.n,
            end: lane.sent,
            payload_at: lane.sent.saturating_sub(message.wire_len),
            payload: known.then(|| message.payload.into()),
        }
    }

    /// The payloads are the same, as far as they are known.
    fn same(&self, other: &Self) -> bool {
        match (&self.payload, &other.payload) {
            (Some(one), Some(two)) => one == two,
            _ => true,
        }
    }

    fn bytes(&self) -> &[u8] {
        self.payload.as_deref().unwrap_or_default()
    }

    /// The payload in a few words: `'Hello'`, `0x01ff`, `nothing`.
    fn shown(&self) -> String {
        let bytes = self.bytes();
        let head = bytes.get(..SHOWN).unwrap_or(bytes);
        let more = if head.len() < bytes.len() { "…" } else { "" };
        if bytes.is_empty() {
            "nothing".to_owned()
        } else if bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
            format!("'{}{more}'", String::from_utf8_lossy(head))
        } else {
            let hex: String = head.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("0x{hex}{more}")
        }
    }
}

impl Lane {
    /// Something is to be decided yet.
    pub(super) fn busy(&self) -> bool {
        !self.held.is_empty() || self.pings.iter().any(|ping| ping.open)
    }

    /// A Ping of this direction. `closed`: it needs no answer.
    pub(super) fn ping(
        &mut self,
        ping: Control,
        dir: Dir,
        closed: bool,
        facts: &Facts,
        found: &mut Vec<Finding>,
    ) {
        self.conclude(dir, facts, found);
        // The packets of the two directions may have been captured, or put in order, the other way round.
        let answered = self.held.iter().position(|pong| {
            let telling = pong.bytes().len() >= TELLING;
            let before = ping.last.packet < pong.first.packet || ping.last.time <= pong.first.time;
            ping.same(pong) && (before || telling)
        });
        if let Some(answered) = answered {
            self.held.remove(answered);
            self.excuse_all();
            return;
        }
        let open = !closed && ping.payload.is_some() && !facts.lane(dir.other()).astray;
        self.pings.push_back(Ping { control: ping, acked: None, open });
        if self.pings.len() > PINGS {
            self.pings.pop_front();
        }
    }

    /// A Pong for this direction.
    pub(super) fn pong(&mut self, pong: Control, dir: Dir, facts: &Facts, found: &mut Vec<Finding>) {
        if pong.payload.is_none() {
            return self.excuse_all();
        }
        if let Some(answered) = self.pings.iter().rposition(|ping| ping.control.same(&pong)) {
            for earlier in self.pings.iter_mut().take(answered) {
                earlier.open = false;
            }
            let was_open = self.pings.remove(answered).is_some_and(|ping| ping.open);
            if let Some(suspect) = self.suspect.take().filter(|_| was_open) {
                // The Ping has its answer, so what came before was none.
                self.hold(dir, suspect.pong, facts, found);
            }
            return;
        }
        match self.pings.iter().filter(|ping| ping.open).count() {
            0 => self.hold(dir, pong, facts, found),
            // It may answer a later Ping that is missing.
            _ if !all_seen(facts.lane(dir), &pong) => self.excuse_all(),
            1 if self.heartbeats => {}
            // Two wrong answers to one Ping: somebody who sends Pongs as it likes.
            1 if self.suspect.take().is_some() => self.heartbeats = true,
            1 => self.suspect = Some(Box::new(Suspect { pong, looked_at: false })),
            _ => {}
        }
    }

    fn hold(&mut self, dir: Dir, pong: Control, facts: &Facts, found: &mut Vec<Finding>) {
        self.held.push_back(pong);
        if self.held.len() > HELD
            && let Some(oldest) = self.held.pop_front()
        {
            self.unsolicited(dir, &oldest, facts, found);
        }
    }

    fn excuse_all(&mut self) {
        self.suspect = None;
        for ping in &mut self.pings {
            ping.open = false;
        }
    }

    /// A Close came: no Ping needs an answer.
    pub(super) fn close(&mut self, dir: Dir, facts: &Facts, found: &mut Vec<Finding>) {
        self.conclude(dir, facts, found);
        self.excuse_all();
    }

    /// Acknowledgements may have come with the packet `at`.
    pub(super) fn acknowledged(&mut self, dir: Dir, at: At, facts: &Facts) {
        let frames = facts.lane(dir.other()).frames;
        for ping in self.pings.iter_mut().filter(|ping| ping.open && ping.acked.is_none()) {
            if facts.lane(dir).acked(ping.control.end) {
                ping.acked = Some((at, frames));
            }
        }
        if let Some(suspect) = &mut self.suspect
            && !std::mem::replace(&mut suspect.looked_at, true)
        {
            // A Pong that was sent before the Ping arrived is no answer to it.
            let arrived = self.pings.iter().any(|ping| ping.open && ping.acked.is_some());
            if !arrived {
                self.suspect = None;
                self.heartbeats = true;
            }
        }
    }

    /// Pings that waited too long by the time of the packet `at`.
    pub(super) fn expire(&mut self, dir: Dir, at: At, facts: &Facts, found: &mut Vec<Finding>) {
        let waited = |ping: &Ping| ping.acked.map_or(0, |(acked, _)| at.time.since(acked.time));
        if !self.pings.iter().any(|ping| ping.open && waited(ping) >= PATIENCE_NANOS) {
            return;
        }
        // The answer may be among what is waited for.
        if facts.lane(dir.other()).waited_for {
            return;
        }
        // Who has ended its stream is judged when the connection is over.
        if Dir::BOTH.iter().any(|dir| facts.lane(*dir).end.is_some()) {
            return;
        }
        self.conclude(dir, facts, found);
        for ping in self.pings.iter_mut().filter(|ping| ping.open && waited(ping) >= PATIENCE_NANOS) {
            ping.open = false;
            found.extend(not_answered(ping, dir, at, facts));
        }
    }

    /// The connection is over, or the capture.
    pub(super) fn finish(&mut self, dir: Dir, facts: &Facts, found: &mut Vec<Finding>) {
        let over = |dir: &Dir| facts.lane(*dir).end.is_some_and(|(end, _)| end != End::Capture);
        if Dir::BOTH.iter().any(over) {
            self.conclude(dir, facts, found);
        }
        let peer = facts.lane(dir.other());
        let Some((End::Fin | End::Reset, at)) = peer.end else { return };
        for ping in self.pings.iter().filter(|ping| ping.open) {
            let Some((acked, frames)) = ping.acked else { continue };
            if at.time.since(acked.time) >= GRACE_NANOS && peer.frames > frames {
                found.extend(not_answered(ping, dir, at, facts));
            }
        }
    }

    /// Tells of Pongs without a Ping, once the packets up to theirs have been seen of this direction.
    pub(super) fn resolve(&mut self, dir: Dir, over: bool, facts: &Facts, found: &mut Vec<Finding>) {
        let seen = facts.lane(dir).last.packet;
        while let Some(pong) = self.held.pop_front_if(|pong| over || seen > pong.last.packet) {
            self.unsolicited(dir, &pong, facts, found);
        }
    }

    /// No answer to the only open Ping can come any longer: a suspect was meant as one.
    fn conclude(&mut self, dir: Dir, facts: &Facts, found: &mut Vec<Finding>) {
        let Some(suspect) = self.suspect.take() else { return };
        let Some(ping) = self.pings.iter_mut().find(|ping| ping.open) else { return };
        ping.open = false;
        let pong = &suspect.pong;
        if ping.acked.is_none() || !all_seen(facts.lane(dir), pong) || hidden(facts.lane(dir.other()), ping) {
            return;
        }
        let (frame, expected) = (ping.control.frame, ping.control.shown());
        let text = format!(
            "{} answered ping frame {frame} with a pong that carries {}: expected {expected}",
            sender(dir.other()),
            pong.shown(),
        );
        let mut finding = pong_finding(&PONG_PAYLOAD_WRONG, dir.other(), pong, text);
        let bytes = pong.bytes();
        let head = bytes.get(..SHOWN).unwrap_or(bytes);
        if !head.is_empty() {
            let label = format!("the ping carries {expected}").into();
            let (bytes, mark) = (head.to_vec(), 0..head.len());
            finding.evidence = Evidence::Payload { offset: 0, bytes, mark, label };
        }
        found.push(finding);
    }

    fn unsolicited(&mut self, dir: Dir, pong: &Control, facts: &Facts, found: &mut Vec<Finding>) {
        if !all_seen(facts.lane(dir), pong) {
            return;
        }
        self.heartbeats = true;
        let who = sender(dir.other());
        let text = format!("{who} sent a pong that carries {} and answers no ping", pong.shown());
        found.push(pong_finding(&PONG_UNSOLICITED, dir.other(), pong, text));
    }
}

fn pong_finding(rule: &'static crate::rules::Rule, dir: Dir, pong: &Control, text: String) -> Finding {
    Finding {
        frame: Some(pong.frame),
        message: Some(pong.message),
        offset: Some(pong.payload_at),
        ..Finding::new(rule, dir, pong.first, text)
    }
}

/// Every Ping that this Pong may answer was captured: nothing is missing of `lane` shortly before it.
fn all_seen(lane: &facts::Lane, pong: &Control) -> bool {
    let long_ago = |missed: At| {
        missed.packet < pong.first.packet && pong.first.time.since(missed.time) >= PATIENCE_NANOS
    };
    lane.heard && !lane.astray && !lane.waited_for && lane.missed.is_none_or(long_ago)
}

/// An answer to this Ping may have come unseen.
fn hidden(peer: &facts::Lane, ping: &Ping) -> bool {
    let unseen = !peer.heard || peer.astray || peer.waited_for;
    unseen || peer.missed.is_some_and(|missed| missed.packet >= ping.control.last.packet)
}

/// K001, unless an answer may have come unseen.
fn not_answered(ping: &Ping, dir: Dir, at: At, facts: &Facts) -> Option<Finding> {
    let peer = facts.lane(dir.other());
    let (acked, frames) = ping.acked.filter(|_| !hidden(peer, ping))?;
    let (who, other) = (sender(dir.other()), sender(dir));
    let text = format!(
        "{who} acknowledged {other}'s ping frame {} ({}) and did not answer it within {}, in which it sent {}",
        ping.control.frame,
        ping.control.shown(),
        Delay(at.time.since(acked.time)),
        counted(peer.frames.saturating_sub(frames), "frame"),
    );
    let finding = Finding::new(&PING_NOT_ANSWERED, dir.other(), ping.control.first, text);
    Some(Finding { frame: Some(ping.control.frame), message: Some(ping.control.message), ..finding })
}
