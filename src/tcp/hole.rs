//! How long a hole is waited for, and what becomes of it.

use super::delivery::Emit;
use super::half::{Half, Start};
use super::reorder::Passed;
use super::seq::{REACH, START_REACH};
use crate::item::{At, End, Missing};

/// What a direction has to know of the rest of the connection.
#[derive(Clone, Copy)]
pub(super) struct Around {
    /// Packets of both directions so far.
    pub(super) packets: u32,
    /// There are packets of the other direction.
    pub(super) peer_seen: bool,
    /// The other direction has ended, or its FIN is there.
    pub(super) peer_over: bool,
}

impl Half {
    /// Decides what becomes of a hole, after each packet of the connection.
    pub(super) fn settle(&mut self, around: Around, emit: &mut Emit<'_>) {
        loop {
            self.drain(emit);
            if self.ended {
                return;
            }
            let sent = self.sent();
            let Some(pending) = &mut self.pending else { return };
            if let Some(claim) = pending.claim.take_if(|claim| *claim <= sent) {
                self.acked = self.acked.max(claim);
            }
            let claimed = pending.claim.is_some();
            let Some(to) = self.hole_end() else {
                if !claimed {
                    self.pending = None;
                }
                return;
            };
            // Nothing at all of this direction is captured: one gap will do, at the end.
            if self.counters.packets == 0 {
                return;
            }
            match self.verdict(to, around, emit.at) {
                Some(Missing::GaveUp) if self.drop_stray(emit) => {}
                Some(why) => self.skip_hole(to, why, emit),
                None => return,
            }
        }
    }

    /// Bytes are waited for, or the peer claims to have some that are not captured.
    pub(super) fn has_hole(&self) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.claim.is_some()) || self.hole_end().is_some()
    }

    /// Puts out all that is there, with gaps, and then the end.
    pub(super) fn flush(&mut self, end: End, emit: &mut Emit<'_>) {
        self.drain(emit);
        let sent = self.sent();
        let claim = self.pending.as_ref().and_then(|pending| pending.claim);
        if let Some(claim) = claim.filter(|claim| *claim <= sent.saturating_add(REACH)) {
            self.acked = self.acked.max(claim);
        }
        while !self.ended {
            let Some(to) = self.hole_end() else { break };
            if self.acked >= to {
                self.skip_hole(to, Missing::Lost, emit);
            } else if !self.drop_stray(emit) {
                self.skip_hole(to, Missing::GaveUp, emit);
            }
            self.drain(emit);
        }
        if !self.ended {
            self.end(end, emit.at, emit);
        }
    }

    /// Why the hole up to `to` is not waited for any longer; `None` where it is.
    fn verdict(&mut self, to: u64, around: Around, at: At) -> Option<Missing> {
        let (next, acked) = (self.next, self.acked);
        let pending = self.pending.as_mut()?;
        let since = match pending.hole {
            Some((offset, since)) if offset == next => since,
            _ => pending.hole.insert((next, at)).1,
        };
        if acked >= to {
            let passed = match pending.passed {
                Some(passed) if passed.acked >= to => passed,
                _ => *pending.passed.insert(Passed { acked, packets: around.packets, at }),
            };
            // The peer has the FIN and has sent its own: nothing will follow that could be waited for.
            let over = around.peer_over && pending.fin.is_some_and(|(fin, _)| acked > fin);
            let enough = around.packets.wrapping_sub(passed.packets) >= PACKETS_AFTER_ACK
                || at.time.since(passed.at.time) >= NANOS_AFTER_ACK;
            (over || enough).then_some(Missing::Lost)
        } else {
            let enough = pending.queue.len() >= SEGMENTS_WITHOUT_PEER
                || at.time.since(since.time) >= NANOS_WITHOUT_PEER;
            (!around.peer_seen && enough).then_some(Missing::GaveUp)
        }
    }

    /// Goes on after the hole, which ends at `to`.
    fn skip_hole(&mut self, to: u64, why: Missing, emit: &mut Emit<'_>) {
        let before_capture =
            self.start == Start::Presumed && self.next == 0 && to <= START_REACH && self.counters.packets > 0;
        if before_capture {
            // What was under way when the capture started is not lost: our stream starts after it.
            self.shift(-(to as i64));
        } else {
            let at = self.piece_at(to, emit);
            self.lack(to - self.next, why, at, emit);
        }
    }

    /// The packet of the first queued piece, where it starts at `offset`; else the current packet.
    pub(super) fn piece_at(&self, offset: u64, emit: &Emit<'_>) -> At {
        let queue = self.pending.as_ref().map(|pending| &pending.queue);
        queue.and_then(|queue| queue.first_at(offset)).unwrap_or(emit.at)
    }

    /// Drops what is queued first where it is a single segment far outside of the stream.
    pub(super) fn drop_stray(&mut self, emit: &mut Emit<'_>) -> bool {
        let seen = self.next.max(self.acked);
        let Some(pending) = &mut self.pending else { return false };
        if !pending.queue.first_is_stray(seen) {
            return false;
        }
        if let Some((_, piece)) = pending.queue.take_first() {
            emit.limit(piece.body.len());
        }
        true
    }

    /// Where the hole at `next` ends: at what is queued, at the FIN, or at what is acknowledged.
    fn hole_end(&self) -> Option<u64> {
        let pending = self.pending.as_ref()?;
        let known = pending.queue.first().or(pending.fin.map(|(fin, _)| fin));
        // A single byte may as well be a FIN that the capture does not hold.
        known.or_else(|| (self.acked > self.next + 1).then_some(self.acked)).filter(|to| *to > self.next)
    }
}

/// Packets of the connection for which a hole is still waited for once the peer has acknowledged it:
/// captures reorder, and the two directions against each other.
const PACKETS_AFTER_ACK: u32 = 8;
/// The same in time.
const NANOS_AFTER_ACK: i64 = 1_000_000_000;
/// Segments for which a hole is waited for where the capture has nothing of the peer.
const SEGMENTS_WITHOUT_PEER: usize = 64;
/// The same in time.
const NANOS_WITHOUT_PEER: i64 = 10_000_000_000;
