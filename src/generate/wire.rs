//! Turns into the TCP segments that a capture near one of the ends would have.

use std::ops::Range;

use etherparse::{TcpHeader, TcpOptionElement};

use super::amount::Rate;
use super::rng::Rng;
use super::truth::{Connection, Totals};
use super::turn::Turn;
use crate::item::Dir;

/// What the network does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Network {
    /// The most bytes of a segment.
    pub(super) segment: usize,
    /// Lost on the way and sent again.
    pub(super) lost: Rate,
    /// Overtaken by later ones.
    pub(super) reordered: Rate,
    /// Arrived, but not captured.
    pub(super) dropped: Rate,
}

/// A segment that the capture has. Its payload is bytes of the turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    /// Nanoseconds since the capture began.
    pub(super) time: i64,
    pub(super) from: Dir,
    pub(super) flags: Flags,
    seq: u32,
    ack: u32,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flags {
    Syn,
    SynAck,
    Ack,
    Push,
    Fin,
}

/// The TCP connection below a conversation.
#[derive(Debug)]
pub(super) struct Wire {
    rng: Rng,
    /// Nanoseconds since the capture began.
    clock: i64,
    /// From one end to the other and back.
    round_trip: i64,
    /// Each side's next sequence number.
    next: [u32; 2],
    /// Each direction's open message lacks bytes.
    damaged: [bool; 2],
    /// What is to be emitted, in order of time.
    pub(super) segments: Vec<Segment>,
    /// When each segment of the turn arrives, and where it ends.
    arrivals: Vec<(i64, usize)>,
    received: Vec<bool>,
    /// Bytes of the turn that are in no packet.
    gone: Vec<Range<usize>>,
}

impl Wire {
    /// A connection that begins at `start`, in nanoseconds since the capture began.
    pub(super) fn new(mut rng: Rng, start: i64, near: bool) -> Self {
        let round_trip = if near { rng.nanos(30_000, 150_000) } else { rng.nanos(300_000, 30_000_000) };
        let next = [rng.u64() as u32, rng.u64() as u32];
        Self {
            rng,
            clock: start,
            round_trip,
            next,
            damaged: [false; 2],
            segments: Vec::new(),
            arrivals: Vec::new(),
            received: Vec::new(),
            gone: Vec::new(),
        }
    }

    /// TCP's handshake.
    pub(super) fn open(&mut self) {
        self.segments.clear();
        let [client, server] = self.next;
        self.push(Dir::C2s, Flags::Syn, client.wrapping_sub(1), 0, self.clock);
        self.clock += self.round_trip;
        self.push(Dir::S2c, Flags::SynAck, server.wrapping_sub(1), client, self.clock);
        self.clock += self.rng.nanos(10_000, 60_000);
        self.push(Dir::C2s, Flags::Ack, client, server, self.clock);
    }

    /// The server ends the connection, then the client does.
    pub(super) fn close(&mut self) {
        self.segments.clear();
        self.clock += self.rng.nanos(50_000, 500_000);
        for side in [Dir::S2c, Dir::C2s] {
            self.put(side, Flags::Fin);
            let next = self.next_mut(side);
            *next = next.wrapping_add(1);
            self.clock += self.round_trip / 2 + self.rng.nanos(10_000, 60_000);
        }
        self.put(Dir::S2c, Flags::Ack);
    }

    /// Sends a turn; what becomes of its segments is counted.
    pub(super) fn send(
        &mut self,
        turn: &Turn,
        network: &Network,
        truth: &mut Connection,
        totals: &mut Totals,
    ) {
        self.segments.clear();
        self.arrivals.clear();
        self.gone.clear();
        let dir = turn.dir;
        let (first, ack) = (self.next(dir), self.next(dir.other()));
        let mut time = self.clock + turn.pause;
        let (mut start, mut cuts) = (0, turn.cuts.iter().copied().peekable());
        let mut lossy = false;
        let (mut n, mut before) = (0, 0);
        while start < turn.bytes.len() {
            while cuts.next_if(|cut| *cut <= start).is_some() {}
            let full = (start + network.segment).min(turn.bytes.len());
            let end = cuts.peek().map_or(full, |cut| full.min(*cut));
            let last = end == turn.bytes.len();
            let flags = if last || end < full { Flags::Push } else { Flags::Ack };
            let seq = first.wrapping_add(start as u32);
            let segment = Segment { time, from: dir, flags, seq, ack, start, end };
            // When it is at the receiver, or rather at the place of the capture, which is near.
            let mut arrival = time;
            let mut captured = true;
            if self.rng.chance(network.dropped) {
                captured = false;
                totals.dropped += 1;
                self.gone.push(start..end);
            } else if self.rng.chance(network.lost) {
                totals.retransmitted += 1;
                lossy = true;
                // Lost before the place of the capture or behind it, and found out by later
                // segments or by a timer.
                captured = self.rng.percent(50);
                arrival = time + self.round_trip.max(1_000_000) * 2 + self.rng.nanos(0, 200_000_000);
                // A quarter of them bring what was sent before along.
                let joined = n > 0 && end - before <= network.segment && self.rng.percent(25);
                let start = if joined { before } else { start };
                let seq = first.wrapping_add(start as u32);
                self.segments.push(Segment { time: arrival, seq, start, ..segment });
            } else if !last && self.rng.chance(network.reordered) {
                totals.reordered += 1;
                captured = false;
                arrival = time + self.rng.nanos(120_000, 400_000);
                self.segments.push(Segment { time: arrival, ..segment });
            }
            if captured {
                self.segments.push(segment);
            }
            self.arrivals.push((arrival, end));
            (n, before) = (n + 1, start);
            start = end;
            time += if flags == Flags::Push {
                self.rng.nanos(20_000, 120_000)
            } else {
                self.rng.nanos(8_000, 40_000)
            };
        }
        self.count_damaged(turn, truth);
        self.advance(dir, turn.bytes.len());
        self.acknowledge(dir, first, lossy, network.segment > 2_000);
        self.segments.sort_by_key(|segment| segment.time);
        self.clock = self.segments.last().map_or(time, |last| last.time).max(self.clock + turn.pause);
    }

    /// Counts the messages that lack bytes.
    fn count_damaged(&mut self, turn: &Turn, truth: &mut Connection) {
        if self.gone.is_empty() && self.damaged == [false; 2] {
            return;
        }
        let hit = |gone: &[Range<usize>], message: &Range<usize>| {
            gone.iter().any(|gone| gone.start < message.end && message.start < gone.end)
        };
        for message in &turn.messages {
            let before = std::mem::take(self.damaged_mut(turn.dir));
            let damaged = before || hit(&self.gone, message);
            truth.side(turn.dir).damaged += u64::from(damaged);
        }
        if let Some(start) = turn.unfinished {
            *self.damaged_mut(turn.dir) |= hit(&self.gone, &(start..turn.bytes.len()));
        }
    }

    /// What the receiver acknowledges of the segments that have arrived.
    fn acknowledge(&mut self, dir: Dir, first: u32, lossy: bool, every: bool) {
        let receiver = dir.other();
        let mut order: Vec<usize> = (0..self.arrivals.len()).collect();
        order.sort_by_key(|n| self.arrivals.get(*n).map(|(time, _)| *time));
        self.received.clear();
        self.received.resize(self.arrivals.len(), false);
        let seq = self.next(receiver);
        let (mut whole, mut waiting) = (0, 0);
        let count = order.len();
        for (place, n) in order.into_iter().enumerate() {
            if let Some(received) = self.received.get_mut(n) {
                *received = true;
            }
            let in_order = n == whole;
            while self.received.get(whole) == Some(&true) {
                whole += 1;
            }
            waiting += 1;
            let last = place + 1 == count;
            let now = !in_order || every || waiting == 2 || last && (lossy || self.rng.percent(70));
            let Some((time, _)) = self.arrivals.get(n).copied().filter(|_| now) else { continue };
            waiting = 0;
            let end =
                whole.checked_sub(1).and_then(|whole| self.arrivals.get(whole)).map_or(0, |(_, end)| *end);
            let ack = first.wrapping_add(end as u32);
            let time = time + self.rng.nanos(2_000, 9_000);
            self.push(receiver, Flags::Ack, seq, ack, time);
        }
    }

    /// A segment without bytes that acknowledges everything.
    fn put(&mut self, from: Dir, flags: Flags) {
        let (seq, ack) = (self.next(from), self.next(from.other()));
        self.push(from, flags, seq, ack, self.clock);
    }

    fn push(&mut self, from: Dir, flags: Flags, seq: u32, ack: u32, time: i64) {
        self.segments.push(Segment { time, from, flags, seq, ack, start: 0, end: 0 });
    }

    const fn next(&self, side: Dir) -> u32 {
        let [client, server] = self.next;
        match side {
            Dir::C2s => client,
            Dir::S2c => server,
        }
    }

    const fn next_mut(&mut self, side: Dir) -> &mut u32 {
        let [client, server] = &mut self.next;
        match side {
            Dir::C2s => client,
            Dir::S2c => server,
        }
    }

    fn advance(&mut self, side: Dir, by: usize) {
        let next = self.next_mut(side);
        *next = next.wrapping_add(by as u32);
    }

    const fn damaged_mut(&mut self, dir: Dir) -> &mut bool {
        let [client, server] = &mut self.damaged;
        match dir {
            Dir::C2s => client,
            Dir::S2c => server,
        }
    }
}

impl Segment {
    /// The TCP header, but for the ports and the checksum. `clock` = nanoseconds since 1970.
    pub(super) fn tcp(&self, clock: i64) -> TcpHeader {
        let mut tcp = TcpHeader::new(0, 0, self.seq, if self.flags == Flags::Syn { 64_240 } else { 502 });
        tcp.acknowledgment_number = self.ack;
        tcp.syn = matches!(self.flags, Flags::Syn | Flags::SynAck);
        tcp.ack = self.flags != Flags::Syn;
        tcp.psh = self.flags == Flags::Push;
        tcp.fin = self.flags == Flags::Fin;
        // Milliseconds; the other end's clock goes wrong by some.
        let now = (clock / 1_000_000) as u32;
        let echo = if self.flags == Flags::Syn { 0 } else { now.wrapping_sub(2) };
        let stamps = TcpOptionElement::Timestamp(now, echo);
        let set = if tcp.syn {
            use TcpOptionElement::{
                MaximumSegmentSize, Noop, SelectiveAcknowledgementPermitted, WindowScale,
            };
            tcp.set_options(&[
                MaximumSegmentSize(1_460),
                SelectiveAcknowledgementPermitted,
                stamps,
                Noop,
                WindowScale(7),
            ])
        } else {
            tcp.set_options(&[TcpOptionElement::Noop, TcpOptionElement::Noop, stamps])
        };
        debug_assert!(set.is_ok(), "{set:?}");
        tcp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(lost: u32, reordered: u32, dropped: u32) -> Network {
        let rate = |percent: u32| Rate::of_million(percent * 10_000);
        Network { segment: 100, lost: rate(lost), reordered: rate(reordered), dropped: rate(dropped) }
    }

    fn turn(dir: Dir, len: usize) -> Turn {
        let mut turn = Turn::default();
        turn.begin(dir, 1_000);
        turn.bytes.resize(len, 7);
        turn
    }

    /// Whatever the network does, all arrives, and nothing is acknowledged that was not sent.
    #[test]
    fn what_is_lost_on_the_way_is_sent_again() {
        for seed in 0..300 {
            let mut wire = Wire::new(Rng::new(seed, 0), 0, true);
            let (mut truth, mut totals) = (Connection::default(), Totals::default());
            let first = wire.next(Dir::C2s);
            let turn = turn(Dir::C2s, 1_050);
            wire.send(&turn, &network(20, 20, 0), &mut truth, &mut totals);
            assert!(wire.segments.is_sorted_by_key(|segment| segment.time));
            let mut seen = vec![false; turn.bytes.len()];
            let mut acked = 0;
            for segment in &wire.segments {
                match segment.from {
                    Dir::C2s => {
                        assert_eq!(segment.seq.wrapping_sub(first) as usize, segment.start);
                        assert!(segment.end - segment.start <= 100);
                        seen.iter_mut().take(segment.end).skip(segment.start).for_each(|seen| *seen = true);
                    }
                    Dir::S2c => {
                        let ack = segment.ack.wrapping_sub(first) as usize;
                        assert!(
                            ack >= acked && seen.iter().take(ack).all(|seen| *seen),
                            "seed {seed}: {ack}"
                        );
                        acked = ack;
                    }
                }
            }
            assert!(seen.iter().all(|seen| *seen), "seed {seed}");
            assert!(acked == turn.bytes.len() || totals.retransmitted == 0, "seed {seed}: {acked}");
            assert_eq!(totals.dropped, 0);
        }
    }

    #[test]
    fn messages_that_lack_bytes_are_counted() {
        let mut wire = Wire::new(Rng::new(1, 0), 0, true);
        let (mut truth, mut totals) = (Connection::default(), Totals::default());
        let mut turn = turn(Dir::S2c, 300);
        // The second message is the first half of the third segment, and a Ping the second half.
        turn.messages.extend([0..200, 200..250]);
        wire.gone.push(250..300);
        wire.count_damaged(&turn, &mut truth);
        assert_eq!(truth.s2c.damaged, 0);
        wire.gone.push(100..201);
        wire.count_damaged(&turn, &mut truth);
        assert_eq!(truth.s2c.damaged, 2);
        // One that goes on in the next turn counts where it ends.
        turn.messages.clear();
        turn.unfinished = Some(0);
        wire.count_damaged(&turn, &mut truth);
        turn.messages.push(0..10);
        turn.unfinished = None;
        wire.gone.clear();
        wire.count_damaged(&turn, &mut truth);
        assert_eq!((truth.s2c.damaged, truth.c2s.damaged), (3, 0));
        wire.send(&turn, &network(0, 0, 100), &mut truth, &mut totals);
        assert_eq!((totals.dropped, truth.s2c.damaged), (3, 4));
        assert!(wire.segments.iter().all(|segment| segment.from == Dir::C2s));
    }
}
