//! From the facts of one connection to findings.

use std::net::IpAddr;

use crate::http::upgrade::Handshake;
use crate::item::{At, Dir, End, Missing};
use crate::ws::fact::{Fault, Frame, Kind, Limit, Message, Out, Single, Trouble};

use super::calm::Calm;
use super::facts::{Facts, Opening};
use super::finding::Finding;
use super::ledger::{Ledger, Told};
use super::{
    Rule, capture, close, deflate, frame, keepalive, negotiation, request, response, security, text,
};

/// The rules of one connection. Facts in, findings out.
///
/// What most frames touch stands first.
#[derive(Debug)]
#[repr(C)]
pub struct Checker {
    /// What the other states do not know yet, by [`Dir::index`].
    calm: [Calm; 2],
    close: close::State,
    waits: bool,
    facts: Facts,
    ledger: Ledger,
    frames: frame::State,
    text: text::State,
    keepalive: keepalive::State,
    deflate: deflate::State,
    /// Client bytes captured before the 101, until it is known whether the client had seen it.
    early: Option<(u64, At)>,
    /// Why each direction is out of step with its frames.
    astray: [Astray; 2],
    /// What the rules found in the fact that is being looked at.
    found: Vec<Finding>,
}

/// Why a direction is out of step with its frames.
#[derive(Clone, Copy, Debug, Default)]
struct Astray {
    /// Bytes that are missing behind the last certain frame.
    missing: u64,
    /// Why the last of them are missing; `None` = none are, since the connection's first captured packet.
    why: Option<Missing>,
}

/// The rules on a handshake, in the order of what they are about.
fn handshake_rules(opening: &Opening<'_>, found: &mut Vec<Finding>) {
    request::check(opening, found);
    response::check(opening, found);
    negotiation::check(opening, found);
    security::check(opening, found);
}

/// Checks an upgrade that was refused or never answered; `early` was found by the layers below.
pub fn refused(opening: &Opening<'_>, early: Vec<Finding>, tell: &mut impl FnMut(Told<'_>)) {
    let mut ledger = Ledger::default();
    let mut found = Vec::new();
    handshake_rules(opening, &mut found);
    for finding in found.into_iter().chain(early) {
        ledger.found(finding, tell);
    }
    ledger.responded(opening.handshake, tell);
    ledger.tell_folded(tell);
}

impl Checker {
    /// Before the first frame. `handshake` is `None` where the capture began inside the connection.
    #[must_use]
    pub fn new(handshake: Option<&Handshake>) -> Self {
        Self {
            facts: Facts::new(handshake),
            ledger: Ledger::default(),
            frames: frame::State::new(handshake.is_some()),
            text: text::State::default(),
            close: close::State::default(),
            keepalive: keepalive::State::default(),
            deflate: deflate::State::default(),
            early: None,
            astray: [Astray::default(); 2],
            found: Vec::new(),
            calm: [Calm::default(); 2],
            waits: false,
        }
    }

    /// The connection exists: its handshake is over.
    pub fn opened(&mut self, opening: &Opening<'_>, tell: &mut impl FnMut(Told<'_>)) {
        handshake_rules(opening, &mut self.found);
        let Handshake { early_bytes, response, .. } = opening.handshake;
        self.early =
            response.as_ref().filter(|_| *early_bytes > 0).map(|response| (*early_bytes, response.first));
        self.tell(tell);
        self.ledger.responded(opening.handshake, tell);
        self.calm_down();
    }

    /// The connection exists: its frames were recognised (N003). `ips` and `tls` are as in [`Opening`].
    pub fn opened_inside(&mut self, at: At, ips: [IpAddr; 2], tls: bool, tell: &mut impl FnMut(Told<'_>)) {
        let text = "no handshake was captured: recognised by its frames alone".to_owned();
        let finding = Finding::whole_capture(&capture::NO_HANDSHAKE, text);
        self.ledger.found(Finding { at: Some(at), ..finding }, tell);
        for lane in &mut self.facts.lanes {
            lane.missed = Some(at);
        }
        if let Some(finding) = security::unencrypted(ips, tls, at) {
            self.ledger.found(finding, tell);
        }
    }

    /// Takes a frame and its message of which no rule has anything to say, as most are. `false` = it was not taken:
    /// it may be another, for [`Checker::take`].
    #[inline]
    pub fn single(&mut self, single: &Single<'_>) -> bool {
        let dir = single.dir;
        let taken = self.calm[dir.index()].take(single, dir == Dir::C2s);
        if taken {
            self.close.message_ended(single.end, dir);
        }
        taken
    }

    /// The rules' states are told of what went on since they were last asked; they are asked now.
    fn settle(&mut self) {
        for (dir, calm) in Dir::BOTH.into_iter().zip(&mut self.calm) {
            calm.is_calm = false;
            if calm.frames > 0 {
                self.ledger.frame(dir, calm.at);
                self.facts.lanes[dir.index()].went_on(calm);
                self.frames.went_on(dir, calm);
                calm.frames = 0;
            }
        }
    }

    /// What comes next may be of no interest again.
    fn calm_down(&mut self) {
        self.waits = self.early.is_some() || self.keepalive.waits() || self.close.waits();
        if !self.ledger.follows_nothing() {
            return;
        }
        for dir in Dir::BOTH {
            let calm = &mut self.calm[dir.index()];
            calm.is_calm =
                self.facts.lane(dir).is_calm() && self.text.is_calm(dir) && self.frames.is_calm(dir);
            calm.keys = self.frames.keys(dir);
        }
    }

    /// What the session made of an item.
    #[inline]
    pub fn take(&mut self, out: &Out<'_>, tell: &mut impl FnMut(Told<'_>)) {
        self.settle();
        match out {
            // What it is a part of comes next.
            Out::Frame(frame) => return self.frame(frame, tell),
            Out::Message(message) => self.message(message, tell),
            Out::Trouble { dir, at, what } => self.trouble(*dir, *at, *what, tell),
        }
        self.calm_down();
    }

    #[inline]
    fn frame(&mut self, frame: &Frame<'_>, tell: &mut impl FnMut(Told<'_>)) {
        self.ledger.frame(frame.dir, frame.first);
        let Self { facts, found, .. } = self;
        self.frames.frame(frame, facts, found);
        self.text.frame(frame, facts);
        if facts.lane(frame.dir).close.is_some() {
            self.close.after_close(frame, found);
        }
        facts.lanes[frame.dir.index()].told(frame);
        if frame.seen < frame.header.len {
            // What is missing of its payload is not missing behind it.
            let astray = &mut self.astray[frame.dir.index()];
            astray.missing = astray.missing.saturating_sub(frame.header.len - frame.seen);
        }
        if !self.found.is_empty() {
            self.tell(tell);
        }
    }

    #[inline]
    fn message(&mut self, message: &Message<'_>, tell: &mut impl FnMut(Told<'_>)) {
        let Self { facts, found, .. } = self;
        if message.kind.is_data() {
            if message.compressed {
                self.deflate.message(message, facts, found);
            }
            self.text.message(message, facts, found);
            self.frames.message(message, facts, found);
            if message.fault != Some(Fault::Unfinished) {
                self.close.message_ended(facts.lane(message.dir).sent, message.dir);
            }
        } else if message.kind == Kind::Close {
            self.close.close(message, facts, found);
            self.keepalive.close(message.last, facts, found);
            let lane = &mut facts.lanes[message.dir.index()];
            lane.close.get_or_insert((message.first, message.close_code()));
            self.ledger.close(message.dir, message.close_code(), message.last, tell);
        } else {
            self.keepalive.message(message, facts, found);
        }
        if !self.found.is_empty() {
            self.tell(tell);
        }
    }

    #[cold]
    fn trouble(&mut self, dir: Dir, at: At, what: Trouble, tell: &mut impl FnMut(Told<'_>)) {
        let Self { facts, found, .. } = self;
        let lane = &mut facts.lanes[dir.index()];
        let astray = &mut self.astray[dir.index()];
        match what {
            Trouble::Gap { in_payload: true, .. } => {
                lane.hole = true;
                lane.missed = Some(at);
            }
            Trouble::Gap { .. } | Trouble::Resynchronised { .. } | Trouble::OutOfSync { .. } => {
                lane.lost = true;
                lane.missed = Some(at);
                lane.astray = !matches!(what, Trouble::Resynchronised { .. });
                astray.take(what);
                self.frames.lost(dir);
                self.text.lost(dir);
            }
            Trouble::NotFrames { skipped } => self.close.not_frames(dir, at, skipped, facts, found),
            Trouble::PartialHeader { bytes } if lane.close.is_some() => {
                if matches!(lane.end, Some((End::Fin, _))) {
                    self.close.not_frames(dir, at, u64::from(bytes), facts, found);
                }
            }
            Trouble::PartialHeader { bytes } => {
                lane.broken_off = true;
                self.frames.partial_header(dir, at, bytes, facts, found);
            }
            Trouble::Limit(_) => {}
        }
        match what {
            Trouble::OutOfSync { .. } if self.frames.broken(dir) => {}
            Trouble::OutOfSync { skipped } => found.extend(astray.never_found(dir, at, skipped)),
            _ => found.extend(trouble(dir, at, what)),
        }
        self.tell(tell);
    }

    /// A finding of a layer below.
    pub fn found(&mut self, finding: Finding, tell: &mut impl FnMut(Told<'_>)) {
        self.settle();
        self.ledger.found(finding, tell);
    }

    /// A direction's stream is over; what the session makes of it comes next.
    pub fn end(&mut self, dir: Dir, end: End, at: At, tell: &mut impl FnMut(Told<'_>)) {
        self.settle();
        self.facts.lanes[dir.index()].end.get_or_insert((end, at));
        self.ledger.end(dir, end, at, tell);
    }

    /// Whether [`Checker::segment`] has anything to look at.
    #[inline]
    #[must_use]
    pub const fn waits(&self) -> bool {
        self.waits
    }

    /// A segment was taken in: `unacked` is what each direction has sent without an acknowledgement; where there
    /// are `holes`, bytes are waited for, and what was captured behind them is not told yet.
    ///
    /// Needed only where [`Checker::waits`].
    pub fn segment(&mut self, at: At, unacked: [u64; 2], holes: [bool; 2], tell: &mut impl FnMut(Told<'_>)) {
        self.settle();
        self.holes(holes);
        self.acknowledged(at, unacked);
        self.keepalive.segment(at, &self.facts, &mut self.found);
        self.tell(tell);
        self.calm_down();
    }

    fn holes(&mut self, holes: [bool; 2]) {
        for (lane, hole) in self.facts.lanes.iter_mut().zip(holes) {
            lane.waited_for = hole;
        }
    }

    fn acknowledged(&mut self, at: At, unacked: [u64; 2]) {
        for (lane, unacked) in self.facts.lanes.iter_mut().zip(unacked) {
            lane.unacked = unacked;
        }
        if let Some((bytes, at)) = self.early.take()
            && self.facts.lane(Dir::S2c).unacked > 0
        {
            // A client that acknowledges the 101 had it: the capture has the packets in another order.
            self.found.push(request::frames_before_accept(bytes, at));
        }
        self.close.segment(at, &self.facts, &mut self.found);
    }

    /// The connection is over, or the capture. Nothing follows.
    pub fn finish(&mut self, at: At, unacked: [u64; 2], tell: &mut impl FnMut(Told<'_>)) {
        // No packet stands behind `at` where the connection is only dropped, so no time has passed for it.
        // What is missing was told as missing.
        self.settle();
        self.holes([false; 2]);
        self.acknowledged(at, unacked);
        let Self { facts, found, .. } = self;
        self.keepalive.finish(facts, found);
        let broken_off = self.frames.broken_off();
        self.close.finish(at, broken_off, facts, found);
        self.deflate.finish(facts, found);
        self.tell(tell);
        self.ledger.finish(tell);
    }

    #[cold]
    fn tell(&mut self, tell: &mut impl FnMut(Told<'_>)) {
        // Most connections have few findings: nothing is kept allocated for more.
        for finding in std::mem::take(&mut self.found) {
            self.ledger.found(finding, tell);
        }
    }
}

impl Astray {
    fn take(&mut self, what: Trouble) {
        match what {
            Trouble::Gap { len, why, .. } => {
                self.missing = self.missing.saturating_add(len);
                self.why = Some(why);
            }
            Trouble::Resynchronised { .. } => self.missing = 0,
            _ => {}
        }
    }

    /// No frame boundary was found in the last `skipped` bytes, for the reason for which the direction is out of
    /// step. `None` where all of them are missing, which was told.
    fn never_found(&self, dir: Dir, at: At, skipped: u64) -> Option<Finding> {
        if skipped <= self.missing {
            return None;
        }
        let rule = match self.why {
            None => &capture::NO_HANDSHAKE,
            Some(Missing::Cut) => &capture::PACKET_CUT,
            Some(Missing::Lost | Missing::GaveUp) => &capture::GAP,
        };
        let bytes = frame::counted(skipped, "byte");
        Some(Finding::new(rule, dir, at, format!("no certain frame boundary in the {bytes} up to the end")))
    }
}

/// What a session could not follow, as a note on the capture. `None` = no such note is due.
fn trouble(dir: Dir, at: At, what: Trouble) -> Option<Finding> {
    let (rule, text): (&'static Rule, String) = match what {
        Trouble::Gap { len, in_payload, why } => {
            let were = if len == 1 { "was" } else { "were" };
            let reason = match why {
                Missing::Lost => format!("{were} acknowledged but not captured"),
                Missing::Cut => format!("{were} cut off by the snap length"),
                Missing::GaveUp => "never came".to_owned(),
            };
            let effect = if in_payload {
                "inside a payload: framing goes on"
            } else {
                "over a frame boundary: looking for the next one"
            };
            let rule = if why == Missing::Cut { &capture::PACKET_CUT } else { &capture::GAP };
            (rule, format!("{} {reason}, {effect}", frame::counted(len, "byte")))
        }
        Trouble::Resynchronised { skipped } => (
            &capture::RESYNCHRONISED,
            format!("found a frame boundary again, {} passed over", frame::counted(skipped, "byte")),
        ),
        Trouble::OutOfSync { .. }
        | Trouble::NotFrames { .. }
        | Trouble::PartialHeader { .. }
        | Trouble::Limit(Limit::Inflated) => return None,
        Trouble::Limit(limit) => {
            let text = match limit {
                Limit::MessageBytes => {
                    "a message is larger than what is kept of one: its payload is cut, its checks are not"
                }
                Limit::DeflateInput => {
                    "a compressed message is larger than what is collected of one: it is not inflated"
                }
                Limit::Inflated => return None,
                Limit::History => "too much inflate history is kept at once: this direction's was dropped",
            };
            (&capture::LIMIT, text.to_owned())
        }
    };
    Some(Finding::new(rule, dir, at, text))
}

/// A retransmission carried other bytes (S006).
#[must_use]
pub fn conflict(dir: Dir, at: At, offset: u64, len: u64) -> Finding {
    let text = format!(
        "a retransmission of {} differs from the first copy, first at stream offset {offset}; the first copy stands",
        frame::counted(len, "byte")
    );
    Finding::new(&security::OVERLAP_CONFLICT, dir, at, text)
}

/// Out-of-order data was dropped (N005).
#[must_use]
pub fn out_of_order_limit(dir: Dir, at: At, dropped: u64) -> Finding {
    let were = if dropped == 1 { "was" } else { "were" };
    let dropped = frame::counted(dropped, "byte");
    let text =
        format!("too much out-of-order data at once: {dropped} {were} dropped or no longer waited for");
    Finding::new(&capture::LIMIT, dir, at, text)
}
