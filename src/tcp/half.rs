//! One direction: where it is, and what a segment means to it.
//!
//! All bytes of the stream up to `next` have been put out, as data or as gaps. What is beyond waits
//! in [`Pending`]. Segments are described by stream offsets here; `base` translates.

use super::delivery::{Emit, Part};
use super::recent::{Difference, Recent};
use super::reorder::Pending;
use super::seq::{REACH, RESET_REACH, START_REACH, distance, moved};
use super::{History, Output};
use crate::limits::Limits;
use crate::packet::segment::{Place, Segment};

/// What was counted of one direction. The counters wrap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets of any kind.
    pub packets: u32,
    /// Packets that carry bytes that other packets had carried before.
    pub retransmissions: u32,
    /// Packets that carry bytes from beyond a hole.
    pub out_of_order: u32,
}

/// The state of one direction.
#[derive(Clone, Debug, Default)]
pub(super) struct Half {
    /// Stream offset of the next byte to put out.
    pub(super) next: u64,
    /// Stream offset up to which the peer has acknowledged.
    pub(super) acked: u64,
    /// Everything else that an undisturbed stream does not need.
    pub(super) pending: Option<Box<Pending>>,
    /// Sequence number of stream offset 0.
    base: u32,
    pub(super) counters: Counters,
    pub(super) start: Start,
    pub(super) ended: bool,
}

/// What is known of where the stream starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Start {
    /// Nothing: neither a segment nor an acknowledgement.
    #[default]
    Unknown,
    /// The handshake is missing: offset 0 is the first byte known of.
    Presumed,
    /// A SYN, or the acknowledgement of one, says it.
    Known,
}

impl Half {
    /// Whether a segment with this sequence number simply goes on where the last one ended.
    #[inline]
    pub(super) fn goes_on(&self, seq: u32) -> bool {
        seq == self.seq(self.next) && self.pending.is_none() && !self.ended && self.start != Start::Unknown
    }

    /// Takes an acknowledgement of what has been put out; false where it is anything else.
    #[inline]
    pub(super) fn acknowledge_known(&mut self, ack: u32) -> bool {
        let more = u64::from(ack.wrapping_sub(self.seq(self.acked)));
        let known = more <= self.next.saturating_sub(self.acked)
            && self.pending.is_none()
            && self.start != Start::Unknown;
        if known {
            self.acked += more;
        }
        known
    }

    /// Moves past bytes that the caller puts out.
    #[inline]
    pub(super) fn advance(&mut self, low: bool, bytes: &[u8], place: Place, recent: &mut Recent) {
        recent.note(low, self.seq(self.next), bytes.len(), place);
        self.next += bytes.len() as u64;
    }

    /// The stream has ended.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// The stream has ended, or its FIN was seen.
    pub(super) fn over(&self) -> bool {
        self.ended || self.pending.as_ref().is_some_and(|pending| pending.fin.is_some())
    }

    /// Nothing has been put out yet.
    pub(super) fn untouched(&self) -> bool {
        self.next == 0 && !self.ended
    }

    /// Bytes seen or reported missing that the peer has not acknowledged.
    pub(super) fn unacked(&self) -> u64 {
        let mut sent = self.next;
        if let Some(pending) = &self.pending {
            sent = sent.max(pending.queue.end().unwrap_or(0)).max(pending.fin.map_or(0, |(fin, _)| fin));
        }
        sent.saturating_sub(self.acked)
    }

    /// Whether a SYN whose first byte would be `seq` belongs to another stream than this one.
    pub(super) fn is_other_start(&self, seq: u32) -> bool {
        match self.start {
            Start::Unknown => false,
            Start::Known => seq != self.base,
            // A SYN that was captured late, perhaps after the first data.
            Start::Presumed => !(-(START_REACH as i64)..=0).contains(&distance(self.base, seq)),
        }
    }

    /// Whether `ack` acknowledges something of this stream's start up to what has been seen.
    pub(super) fn covers(&self, ack: u32) -> bool {
        self.start != Start::Unknown && self.offset(ack).is_some_and(|offset| offset <= self.sent() + 1)
    }

    /// A SYN says where the stream starts: `seq` is the number of its first byte.
    pub(super) fn synchronise(&mut self, seq: u32) {
        let earlier = -distance(self.base, seq);
        match self.start {
            Start::Unknown => self.base = seq,
            // Data was put out, or there is nothing to correct.
            _ if self.next > 0 || self.ended || earlier == 0 => {}
            Start::Presumed if (0..=START_REACH as i64).contains(&earlier) => self.shift(earlier),
            // Another SYN-ACK than the first, before anybody relied on one.
            _ if self.acked == 0 && self.pending.is_none() => self.base = seq,
            _ => return,
        }
        self.start = Start::Known;
    }

    /// A segment without SYN: where the start is missing, it may say where the stream starts for us.
    pub(super) fn presume(&mut self, seq: u32, payload: &[u8]) {
        let ahead = distance(self.base, seq);
        let reach = START_REACH as i64;
        match self.start {
            Start::Unknown => {
                self.start = Start::Presumed;
                // What looks like a keep-alive (RFC 9293 section 3.8.4) is one: its byte is garbage.
                self.base = if payload == [0] { seq.wrapping_add(1) } else { seq };
            }
            Start::Presumed if self.next == 0 && !self.ended => {
                if !(-reach..=reach).contains(&ahead) && self.pending.is_none() {
                    // The peer acknowledged something else than this stream; the sender knows better.
                    self.base = seq;
                    self.acked = 0;
                } else if (-reach..0).contains(&ahead)
                    && !payload.is_empty()
                    && !is_keep_alive(ahead, payload)
                {
                    self.shift(-ahead);
                }
            }
            _ => {}
        }
    }

    /// Takes the peer's acknowledgement, of its SYN-ACK or of another segment.
    pub(super) fn acknowledge(&mut self, ack: u32, of_syn: bool) {
        if self.start == Start::Unknown {
            self.base = ack;
            self.start = if of_syn { Start::Known } else { Start::Presumed };
            return;
        }
        let ahead = distance(self.seq(self.acked), ack);
        let Some(acked) = moved(self.acked, ahead).filter(|_| ahead > 0) else { return };
        if self.ended {
            self.acked = self.acked.max(acked.min(self.next + 1));
            return;
        }
        let sent = self.sent();
        if acked <= sent {
            self.acked = acked;
            return;
        }
        // Beyond all that was seen: either the capture lost data or this packet is not to be trusted.
        // A further packet that acknowledges as much (or, where that is very far, still more) tells.
        let pending = self.pending.get_or_insert_default();
        if let Some(claim) = pending.claim
            && (claim..=claim.saturating_add(REACH)).contains(&acked)
            && (claim <= sent.saturating_add(REACH) || acked > claim)
        {
            self.acked = self.acked.max(claim);
        }
        pending.claim = Some(acked);
    }

    /// Takes the payload of a segment; `seq` is the number of its first byte.
    pub(super) fn data(
        &mut self,
        s: &Segment<'_>,
        seq: u32,
        limits: &Limits,
        history: &dyn History,
        emit: &mut Emit<'_>,
    ) {
        let ahead = distance(self.seq(self.next), seq);
        if s.cut == 0 && (s.payload.is_empty() || is_keep_alive(ahead, s.payload)) {
            return;
        }
        // Bytes before offset 0 are older than the stream is for us.
        let before = (-ahead).max(0).saturating_sub(self.next as i64).max(0) as usize;
        let Some(payload) = s.payload.get(before..) else { return };
        let start = moved(self.next, ahead).unwrap_or(0);
        let place = shifted(s.place, before as u64);

        let mut difference = Difference::default();
        let old = payload.get(..self.next.saturating_sub(start).min(payload.len() as u64) as usize);
        if let Some(old) = old.filter(|old| !old.is_empty()) {
            let seq = self.seq(start);
            emit.recent.compare(emit.low, seq, start, old, history, &mut difference);
        }
        let mut again = start < self.next;
        if !self.ended {
            if self.is_late_keep_alive(start, s) {
                return;
            }
            let mut payload = payload;
            let mut cut = u64::from(s.cut);
            if let Some(pending) = &mut self.pending {
                again |= pending.queue.compare(start, payload, &mut difference);
                if let Some((fin, _)) = pending.fin {
                    let most = fin.saturating_sub(start);
                    payload = payload.get(..most as usize).unwrap_or(payload);
                    cut = cut.min(most - (payload.len() as u64).min(most));
                }
            }
            let end = start + payload.len() as u64;
            let mut beyond = self.fill(start, Part::Bytes(payload), place, limits, emit);
            beyond |= self.fill(end, Part::Cut(cut), Place::default(), limits, emit);
            self.counters.out_of_order = self.counters.out_of_order.wrapping_add(u32::from(beyond && !again));
        }
        self.counters.retransmissions = self.counters.retransmissions.wrapping_add(u32::from(again));
        if let Some((offset, len)) = difference.span() {
            (emit.out)(Output::Conflict { dir: emit.dir, at: s.at, offset, len });
        }
    }

    /// Takes a FIN; `seq` is its sequence number, after that of the last byte.
    pub(super) fn finish_at(&mut self, seq: u32, emit: &mut Emit<'_>) {
        let Some(offset) = self.offset(seq).filter(|_| !self.ended) else { return };
        if self.pending.as_ref().is_some_and(|pending| pending.queue.first() > Some(offset)) {
            self.drop_stray(emit);
        }
        let seen = self.pending.as_ref().and_then(|pending| pending.queue.end()).unwrap_or(0);
        // One that contradicts data, or lies where nothing else is, is not believed.
        if offset < self.next.max(seen) || offset > self.next.max(seen).max(self.acked) + REACH {
            return;
        }
        let pending = self.pending.get_or_insert_default();
        pending.fin.get_or_insert((offset, emit.at));
        self.drain(emit);
    }

    /// Whether an RST with this sequence number may be from the sender of this stream.
    pub(super) fn accepts_reset(&self, seq: u32) -> bool {
        let low = self.acked.min(self.next).max(self.next.saturating_sub(RESET_REACH));
        let high = self.sent().max(self.acked) + RESET_REACH;
        self.start != Start::Unknown && self.offset(seq).is_some_and(|offset| (low..=high).contains(&offset))
    }

    /// Whether nothing is known of this stream's sequence numbers.
    pub(super) fn is_unknown(&self) -> bool {
        self.start == Start::Unknown
    }

    /// Whether this stream's start was seen, or acknowledged by a SYN-ACK.
    pub(super) fn has_start(&self) -> bool {
        self.start == Start::Known
    }

    /// Bytes allocated for what waits.
    #[inline]
    pub(super) fn held(&self) -> usize {
        self.pending.as_ref().map_or(0, |pending| pending.queue.allocated())
    }

    /// How many pieces wait.
    #[cfg(test)]
    pub(super) fn pieces(&self) -> usize {
        self.pending.as_ref().map_or(0, |pending| pending.queue.len())
    }

    /// A keep-alive whose predecessor is missing: one garbage byte that is acknowledged already.
    fn is_late_keep_alive(&self, start: u64, s: &Segment<'_>) -> bool {
        let Some(pending) = &self.pending else { return false };
        let acked = self.acked.max(pending.claim.unwrap_or(0));
        s.cut == 0
            && s.payload.len() == 1
            && start > self.next
            && (pending.queue.end() == Some(start + 1) || s.payload == [0] && start + 1 == acked)
    }

    /// Moves all offsets: the stream starts `distance` earlier than was thought.
    pub(super) fn shift(&mut self, distance: i64) {
        self.base = self.base.wrapping_sub(distance as u32);
        self.acked = self.acked.saturating_add_signed(distance);
        if let Some(pending) = &mut self.pending {
            pending.queue.shift(distance);
            pending.hole = None;
            if let Some((fin, _)) = &mut pending.fin {
                *fin = fin.saturating_add_signed(distance);
            }
            if let Some(claim) = &mut pending.claim {
                *claim = claim.saturating_add_signed(distance);
            }
            if let Some(passed) = &mut pending.passed {
                passed.acked = passed.acked.saturating_add_signed(distance);
            }
        }
    }

    /// The end of all that was seen, the FIN included.
    pub(super) fn sent(&self) -> u64 {
        let Some(pending) = &self.pending else { return self.next };
        self.next.max(pending.queue.end().unwrap_or(0)).max(pending.fin.map_or(0, |(fin, _)| fin + 1))
    }

    #[inline]
    fn seq(&self, offset: u64) -> u32 {
        self.base.wrapping_add(offset as u32)
    }

    fn offset(&self, seq: u32) -> Option<u64> {
        moved(self.next, distance(self.seq(self.next), seq))
    }
}

/// One byte, the last that was sent: it asks for a sign of life and may be garbage (RFC 9293
/// section 3.8.4).
fn is_keep_alive(ahead: i64, payload: &[u8]) -> bool {
    ahead == -1 && payload.len() == 1
}

pub(super) fn shifted(place: Place, by: u64) -> Place {
    Place { block: place.block, offset: place.offset.wrapping_add(by as u32) }
}
