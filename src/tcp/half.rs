//! One direction: order, overlap, retransmission, gaps, the end.
//!
//! All bytes of the stream up to `next` have been put out, as data or as gaps. What is beyond waits
//! in [`Pending`]. Segments are described by stream offsets here; `base` translates.

use super::recent::{Difference, Recent};
use super::reorder::{Body, Passed, Pending, Piece};
use super::seq::{REACH, RESET_REACH, START_REACH, distance, moved};
use super::{History, Output};
use crate::item::{At, Dir, End, Item, Missing};
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
#[derive(Debug, Default)]
pub(super) struct Half {
    /// Stream offset of the next byte to put out.
    next: u64,
    /// Stream offset up to which the peer has acknowledged.
    acked: u64,
    /// Everything else that an undisturbed stream does not need.
    pending: Option<Box<Pending>>,
    /// Sequence number of stream offset 0.
    base: u32,
    pub(super) counters: Counters,
    start: Start,
    ended: bool,
}

/// What is known of where the stream starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Start {
    /// Nothing: neither a segment nor an acknowledgement.
    #[default]
    Unknown,
    /// The handshake is missing: offset 0 is the first byte known of.
    Presumed,
    /// A SYN, or the acknowledgement of one, says it.
    Known,
}

/// Where a direction puts what it has to say.
pub(super) struct Emit<'a> {
    pub(super) dir: Dir,
    /// The direction's sender is the low endpoint.
    pub(super) low: bool,
    /// The packet that is being worked on.
    pub(super) at: At,
    pub(super) recent: &'a mut Recent,
    pub(super) out: &'a mut dyn FnMut(Output<'_>),
}

impl Emit<'_> {
    fn item(&mut self, item: Item<'_>, at: At) {
        (self.out)(Output::Item { dir: self.dir, item, at });
    }

    fn limit(&mut self, dropped: u64) {
        (self.out)(Output::Limit { dir: self.dir, at: self.at, dropped });
    }
}

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
        if s.payload.is_empty() && s.cut == 0 || s.cut == 0 && is_keep_alive(ahead, s.payload) {
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

    /// Bytes allocated for what waits, and how many pieces that is.
    #[cfg(test)]
    pub(super) fn held(&self) -> (usize, usize) {
        self.pending.as_ref().map_or((0, 0), |pending| (pending.queue.allocated(), pending.queue.len()))
    }

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

    /// Puts out, or queues, what is not yet there of a part of the stream. True where any was queued.
    fn fill(
        &mut self,
        start: u64,
        part: Part<'_>,
        place: Place,
        limits: &Limits,
        emit: &mut Emit<'_>,
    ) -> bool {
        let end = start + part.len();
        let mut pos = start.max(self.next);
        let mut queued = false;
        if let (Part::Bytes(_), Some(pending)) = (part, &mut self.pending)
            && pos < end
        {
            pending.queue.uncut(pos, end);
        }
        while pos < end && !self.ended {
            let neighbour = self.pending.as_ref().and_then(|pending| pending.queue.at_or_after(pos));
            let until = match neighbour {
                Some((from, to)) if from <= pos => {
                    pos = to;
                    continue;
                }
                Some((from, _)) => from.min(end),
                None => end,
            };
            let place = shifted(place, pos - start);
            queued |= self.put(pos, part.slice(pos - start, until - start), place, limits, emit);
            pos = until.max(self.next);
        }
        queued
    }

    /// Puts out, or queues, a part that overlaps nothing. True where it was queued.
    fn put(&mut self, pos: u64, part: Part<'_>, place: Place, limits: &Limits, emit: &mut Emit<'_>) -> bool {
        while pos > self.next {
            let queue = &mut self.pending.get_or_insert_default().queue;
            if queue.fits(part.allocated(), limits) {
                queue.insert(pos, Piece { body: part.body(), at: emit.at, place });
                return true;
            }
            let first = queue.first();
            if self.drop_stray(emit) {
                continue;
            }
            if first.is_none() && pos > self.next.max(self.acked).saturating_add(REACH) {
                emit.limit(part.len());
                return false;
            }
            let to = first.map_or(pos, |first| first.min(pos));
            emit.limit(to - self.next);
            let why = if self.acked >= to { Missing::Lost } else { Missing::GaveUp };
            let at = self.piece_at(to, emit);
            self.lack(to - self.next, why, at, emit);
            self.drain(emit);
            if self.ended {
                return false;
            }
        }
        match part {
            Part::Bytes(bytes) => self.deliver(bytes, emit.at, place, emit),
            Part::Cut(len) => self.lack(len, Missing::Cut, emit.at, emit),
        }
        self.drain(emit);
        false
    }

    /// Puts out what is next in the queue, and the end where it is reached.
    fn drain(&mut self, emit: &mut Emit<'_>) {
        while let Some(pending) = &mut self.pending {
            if let Some((fin, at)) = pending.fin
                && fin <= self.next
            {
                return self.end(End::Fin, at, emit);
            }
            let Some((start, piece)) = pending.queue.take(self.next) else { return };
            let skip = self.next - start;
            match piece.body {
                Body::Bytes(bytes) => {
                    let bytes = bytes.get(skip as usize..).unwrap_or_default();
                    self.deliver(bytes, piece.at, shifted(piece.place, skip), emit);
                }
                Body::Cut(len) => self.lack(len.saturating_sub(skip), Missing::Cut, piece.at, emit),
            }
        }
    }

    fn deliver(&mut self, bytes: &[u8], at: At, place: Place, emit: &mut Emit<'_>) {
        if !bytes.is_empty() {
            self.advance(emit.low, bytes, place, emit.recent);
            emit.item(Item::Data(bytes), at);
        }
    }

    fn lack(&mut self, len: u64, why: Missing, at: At, emit: &mut Emit<'_>) {
        if len > 0 {
            self.next += len;
            emit.item(Item::Gap { len, why }, at);
        }
    }

    fn end(&mut self, end: End, at: At, emit: &mut Emit<'_>) {
        self.ended = true;
        self.pending = None;
        emit.item(Item::End(end), at);
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
    fn piece_at(&self, offset: u64, emit: &Emit<'_>) -> At {
        let queue = self.pending.as_ref().map(|pending| &pending.queue);
        queue.and_then(|queue| queue.first_at(offset)).unwrap_or(emit.at)
    }

    /// Drops what is queued first where it is a single segment far outside of the stream.
    fn drop_stray(&mut self, emit: &mut Emit<'_>) -> bool {
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
        known.or_else(|| (self.acked > self.next + 1).then_some(self.acked))
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
    fn shift(&mut self, distance: i64) {
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
    fn sent(&self) -> u64 {
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

/// Bytes of a segment, or what the snap length cut off it.
#[derive(Clone, Copy)]
enum Part<'a> {
    Bytes(&'a [u8]),
    Cut(u64),
}

impl<'a> Part<'a> {
    fn len(self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Cut(len) => len,
        }
    }

    fn slice(self, from: u64, to: u64) -> Part<'a> {
        match self {
            Self::Bytes(bytes) => Self::Bytes(bytes.get(from as usize..to as usize).unwrap_or_default()),
            Self::Cut(_) => Self::Cut(to - from),
        }
    }

    fn allocated(self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Cut(_) => 0,
        }
    }

    fn body(self) -> Body {
        match self {
            Self::Bytes(bytes) => Body::Bytes(bytes.into()),
            Self::Cut(len) => Body::Cut(len),
        }
    }
}

/// One byte, the last that was sent: it asks for a sign of life and may be garbage (RFC 9293
/// section 3.8.4).
fn is_keep_alive(ahead: i64, payload: &[u8]) -> bool {
    ahead == -1 && payload.len() == 1
}

fn shifted(place: Place, by: u64) -> Place {
    Place { block: place.block, offset: place.offset.wrapping_add(by as u32) }
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
