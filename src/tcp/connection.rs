//! Both directions of a connection: roles, start, reset, end.
//!
//! Follows whatever the endpoints do rather than the state machine of RFC 9293: simultaneous opens,
//! split handshakes and missing starts are all just sequence numbers of two independent streams.

use super::delivery::Emit;
use super::half::{Counters, Half};
use super::hole::Around;
use super::recent::Recent;
use super::{History, Output};
use crate::item::{At, Dir, End, Item};
use crate::limits::Limits;
use crate::packet::segment::{Flags, Segment};

/// A TCP connection as far as the capture shows it.
///
/// What every packet touches stands first.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Connection {
    low: Half,
    high: Half,
    client_is_low: bool,
    start_seen: bool,
    recent: Recent,
}

impl Connection {
    /// A connection of which `first` is the first segment seen; it is not processed yet.
    ///
    /// The presumed client is who sends a SYN, or gets a SYN-ACK, or, where neither was captured,
    /// who sends the first packet.
    #[must_use]
    pub fn new(first: &Segment<'_>) -> Self {
        let answers = first.flags.syn() && first.flags.ack();
        Self {
            low: Half::default(),
            high: Half::default(),
            recent: Recent::default(),
            client_is_low: first.from_low != answers,
            start_seen: false,
        }
    }

    /// Whether this segment is a SYN that starts another connection between the same endpoints. The
    /// caller then finishes this one and makes a new one.
    #[must_use]
    pub fn is_new_connection(&self, s: &Segment<'_>) -> bool {
        if !s.flags.syn() || s.flags.rst() {
            return false;
        }
        let (half, peer) = if s.from_low { (&self.low, &self.high) } else { (&self.high, &self.low) };
        if !s.flags.ack() {
            // After the end even the same number again is another try.
            return self.closed() || half.is_other_start(s.seq.wrapping_add(1));
        }
        // A second SYN-ACK that answers the same SYN with another number is still the same handshake.
        let same_handshake = half.untouched() && peer.has_start() && peer.covers(s.ack);
        !same_handshake && half.is_other_start(s.seq.wrapping_add(1))
    }

    /// Takes a segment that does nothing but acknowledge what was seen. `false` = it was not taken: it may do
    /// more, for [`Connection::segment`].
    #[inline]
    pub fn acknowledgement(&mut self, s: &Segment<'_>) -> bool {
        let (half, peer) =
            if s.from_low { (&mut self.low, &mut self.high) } else { (&mut self.high, &mut self.low) };
        let only = s.flags.0 == Flags::ACK
            && s.payload.is_empty()
            && s.cut == 0
            && half.goes_on(s.seq)
            && peer.acknowledge_known(s.ack);
        if only {
            half.counters.packets = half.counters.packets.wrapping_add(1);
        }
        only
    }

    /// Takes the next segment of the connection and puts out what follows from it.
    #[inline]
    pub fn segment(
        &mut self,
        s: &Segment<'_>,
        limits: &Limits,
        history: &impl History,
        out: &mut impl FnMut(Output<'_>),
    ) {
        let (half, peer) =
            if s.from_low { (&mut self.low, &mut self.high) } else { (&mut self.high, &mut self.low) };
        half.counters.packets = half.counters.packets.wrapping_add(1);
        if s.flags.0 == Flags::ACK && s.cut == 0 && half.goes_on(s.seq) && peer.acknowledge_known(s.ack) {
            if !s.payload.is_empty() {
                half.advance(s.from_low, s.payload, s.place, &mut self.recent);
                let dir = dir(s.from_low, self.client_is_low);
                out(Output::Item { dir, item: Item::Data(s.payload), at: s.at });
            }
        } else {
            self.irregular(s, limits, history, out);
        }
    }

    /// The capture is over or the flow is dropped: puts out what is queued, with gaps, and then
    /// [`End::Capture`] for directions that have not ended.
    pub fn finish(&mut self, at: At, out: &mut impl FnMut(Output<'_>)) {
        for dir in Dir::BOTH {
            let low = self.is_low(dir);
            let mut emit = Emit { dir, low, at, recent: &mut self.recent, out };
            let half = if low { &mut self.low } else { &mut self.high };
            half.flush(End::Capture, &mut emit);
        }
    }

    /// Both directions have ended: FINs delivered, or a reset.
    #[must_use]
    pub fn closed(&self) -> bool {
        self.low.ended() && self.high.ended()
    }

    /// A SYN or SYN-ACK was captured.
    #[must_use]
    pub fn start_seen(&self) -> bool {
        self.start_seen
    }

    /// Whether the client is the lesser endpoint of the flow, as far as is known.
    #[must_use]
    pub fn client_is_low(&self) -> bool {
        self.client_is_low
    }

    /// Bytes sent that the peer has not acknowledged, as far as seen.
    #[must_use]
    pub fn unacked(&self, dir: Dir) -> u64 {
        self.half(dir).unacked()
    }

    /// Bytes of a direction are waited for: others were captured behind them, or they are acknowledged.
    #[must_use]
    pub fn has_hole(&self, dir: Dir) -> bool {
        self.half(dir).has_hole()
    }

    /// What was counted of a direction.
    #[must_use]
    pub fn counters(&self, dir: Dir) -> Counters {
        self.half(dir).counters
    }

    /// Bytes allocated for what waits in both directions.
    #[inline]
    #[must_use]
    pub fn held(&self) -> usize {
        self.low.held() + self.high.held()
    }

    /// Bytes allocated for what waits in a direction, and how many pieces that is.
    #[cfg(test)]
    pub(super) fn held_of(&self, dir: Dir) -> (usize, usize) {
        (self.half(dir).held(), self.half(dir).pieces())
    }

    /// All segments but those that simply go on. `s` is counted already.
    #[cold]
    #[inline(never)]
    fn irregular(
        &mut self,
        s: &Segment<'_>,
        limits: &Limits,
        history: &dyn History,
        out: &mut dyn FnMut(Output<'_>),
    ) {
        let Self { low, high, recent, client_is_low, start_seen } = self;
        let (half, peer) = if s.from_low { (low, high) } else { (high, low) };
        let flags = s.flags;
        if flags.rst() {
            if !is_reset(s, half, peer) || half.ended() && peer.ended() {
                return;
            }
            if flags.ack() && !peer.is_unknown() {
                peer.acknowledge(s.ack, false);
            }
            let here = dir(s.from_low, *client_is_low);
            let mut emit = Emit { dir: here, low: s.from_low, at: s.at, recent, out };
            half.flush(End::Reset, &mut emit);
            let mut emit = Emit { dir: here.other(), low: !s.from_low, at: s.at, recent, out };
            peer.flush(End::ResetByPeer, &mut emit);
            return;
        }

        let mut seq = s.seq;
        if flags.syn() {
            seq = seq.wrapping_add(1);
            if !*start_seen && half.untouched() && peer.untouched() {
                *client_is_low = s.from_low != flags.ack();
            }
            *start_seen = true;
            half.synchronise(seq);
        } else {
            half.presume(seq, s.payload);
        }
        if flags.ack() {
            peer.acknowledge(s.ack, flags.syn());
        }
        let packets = half.counters.packets.wrapping_add(peer.counters.packets);
        let here = dir(s.from_low, *client_is_low);
        let mut emit = Emit { dir: here, low: s.from_low, at: s.at, recent, out };
        half.data(s, seq, limits, history, &mut emit);
        if flags.fin() {
            let end = seq.wrapping_add(s.payload.len() as u32).wrapping_add(s.cut);
            half.finish_at(end, &mut emit);
        }
        let around = Around { packets, peer_seen: peer.counters.packets > 0, peer_over: peer.over() };
        half.settle(around, &mut emit);
        let mut emit = Emit { dir: here.other(), low: !s.from_low, at: s.at, recent, out };
        peer.settle(Around { packets, peer_seen: true, peer_over: half.over() }, &mut emit);
    }

    fn half(&self, dir: Dir) -> &Half {
        if self.is_low(dir) { &self.low } else { &self.high }
    }

    fn is_low(&self, dir: Dir) -> bool {
        (dir == Dir::C2s) == self.client_is_low
    }
}

/// Whether an RST is plausibly from the sender of `half` (RFC 9293 section 3.5.2, RFC 5961 section 3).
fn is_reset(s: &Segment<'_>, half: &Half, peer: &Half) -> bool {
    // Who has not sent anything answers with number 0, and must acknowledge what it answers.
    let answers = s.flags.ack() && peer.covers(s.ack);
    if half.is_unknown() {
        return peer.is_unknown() || answers;
    }
    let only_packet = half.counters.packets == 1;
    half.accepts_reset(s.seq) || s.seq == 0 && only_packet && answers
}

#[inline]
fn dir(from_low: bool, client_is_low: bool) -> Dir {
    if from_low == client_is_low { Dir::C2s } else { Dir::S2c }
}
