//! Putting out a direction's bytes, or queueing them until it is their turn.

use super::Output;
use super::half::{Half, shifted};
use super::recent::Recent;
use super::reorder::{Body, Piece};
use super::seq::REACH;
use crate::item::{At, Dir, End, Item, Missing};
use crate::limits::Limits;
use crate::packet::segment::Place;

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
    /// Puts out an item.
    fn item(&mut self, item: Item<'_>, at: At) {
        (self.out)(Output::Item { dir: self.dir, item, at });
    }

    /// Says that a bound was reached.
    pub(super) fn limit(&mut self, dropped: u64) {
        (self.out)(Output::Limit { dir: self.dir, at: self.at, dropped });
    }
}

/// Bytes of a segment, or what the snap length cut off it.
#[derive(Clone, Copy)]
pub(super) enum Part<'a> {
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

impl Half {
    /// Puts out, or queues, what is not yet there of a part of the stream. True where any was queued.
    pub(super) fn fill(
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
    pub(super) fn drain(&mut self, emit: &mut Emit<'_>) {
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

    /// Puts out the next bytes.
    fn deliver(&mut self, bytes: &[u8], at: At, place: Place, emit: &mut Emit<'_>) {
        if !bytes.is_empty() {
            self.advance(emit.low, bytes, place, emit.recent);
            emit.item(Item::Data(bytes), at);
        }
    }

    /// Puts out a gap.
    pub(super) fn lack(&mut self, len: u64, why: Missing, at: At, emit: &mut Emit<'_>) {
        if len > 0 {
            self.next += len;
            emit.item(Item::Gap { len, why }, at);
        }
    }

    /// Puts out the end.
    pub(super) fn end(&mut self, end: End, at: At, emit: &mut Emit<'_>) {
        self.ended = true;
        self.pending = None;
        emit.item(Item::End(end), at);
    }
}
