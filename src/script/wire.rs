//! Steps into TCP segments.

use super::encode::Encoder;
use super::{Step, Way};
use crate::capture::synth::{Kind, MAX_PAYLOAD};
use crate::item::Dir;
use crate::time::Timestamp;

/// A TCP segment in the capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) time: Timestamp,
    /// Between two hosts, not over the loopback interface.
    pub(crate) lan: bool,
    pub(crate) client_port: u16,
    pub(crate) from: Dir,
    pub(crate) kind: Kind,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) payload: Vec<u8>,
    /// The capture has at most so many bytes of the packet.
    pub(crate) snap: usize,
}

/// The segments that the capture has.
pub(super) fn segments(steps: &[Step]) -> Vec<Segment> {
    let mut wire = Wire {
        segments: Vec::new(),
        encoder: Encoder::default(),
        clock: START,
        lan: false,
        snap: usize::MAX,
        acks: true,
        connection: 0,
        open: false,
        next: FIRST,
        acked: ACKED,
    };
    steps.iter().for_each(|step| wire.step(step));
    wire.segments
}

struct Wire {
    segments: Vec<Segment>,
    encoder: Encoder,
    /// When the next packet is sent, in nanoseconds since 1970.
    clock: i64,
    lan: bool,
    snap: usize,
    /// What is sent is acknowledged.
    acks: bool,
    /// Counts from 0.
    connection: usize,
    /// The TCP connection has begun.
    open: bool,
    /// Each side's next sequence number.
    next: [u32; 2],
    /// What each side has acknowledged of the other one's.
    acked: [u32; 2],
}

impl Wire {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Lan => self.lan = true,
            Step::Midstream => self.open = true,
            Step::Head(side, head) => self.send(*side, Way::Plain, &head.bytes()),
            Step::Send(side, way, parts) => {
                let bytes = self.encoder.encode(*side, parts);
                self.send(*side, *way, &bytes);
            }
            Step::Acks(acks) => self.acks = *acks,
            Step::Wait(nanos) => self.clock = self.clock.saturating_add(*nanos),
            Step::Fin(side) => {
                self.begin();
                self.put(*side, Kind::Fin);
                self.advance(*side, 1);
                self.acknowledge(side.other());
            }
            Step::Reset(side) => {
                self.begin();
                self.put(*side, Kind::Reset);
            }
            Step::Connection => {
                self.encoder.connection();
                self.connection += 1;
                self.open = false;
                (self.next, self.acked) = (FIRST, ACKED);
            }
            Step::Snap(len) => self.snap = *len,
        }
    }

    fn send(&mut self, side: Dir, way: Way, bytes: &[u8]) {
        self.begin();
        let next = self.next(side);
        let start = if let Way::Again(back) = way { next.wrapping_sub(back) } else { next };
        let empty: &[u8] = &[];
        let chunks = bytes.chunks(MAX_PAYLOAD).chain(bytes.is_empty().then_some(empty));
        let mut seq = start;
        for chunk in chunks {
            let lost = way == Way::Lost;
            let kind = if chunk.is_empty() { Kind::Ack } else { Kind::Data };
            self.segment(side, kind, seq, chunk, lost);
            seq = seq.wrapping_add(chunk.len() as u32);
        }
        let already = next.wrapping_sub(start) as usize;
        self.advance(side, bytes.len().saturating_sub(already) as u32);
        self.acknowledge(side.other());
    }

    /// TCP's handshake, where the connection has not begun yet. It is acknowledged in any case: without
    /// that there is no connection.
    fn begin(&mut self) {
        if self.open {
            return;
        }
        self.open = true;
        let [client, server] = FIRST;
        for (side, kind, seq) in [
            (Dir::C2s, Kind::Syn, client.wrapping_sub(1)),
            (Dir::S2c, Kind::SynAck, server.wrapping_sub(1)),
            (Dir::C2s, Kind::Ack, client),
        ] {
            self.segment(side, kind, seq, &[], false);
        }
    }

    /// A bare ACK of all that the other side has sent.
    fn acknowledge(&mut self, side: Dir) {
        if self.acks {
            self.put(side, Kind::Ack);
        }
    }

    /// A segment without bytes, at the side's next sequence number.
    fn put(&mut self, side: Dir, kind: Kind) {
        self.segment(side, kind, self.next(side), &[], false);
    }

    fn segment(&mut self, from: Dir, kind: Kind, seq: u32, payload: &[u8], lost: bool) {
        let theirs = self.next(from.other());
        let [client, server] = &mut self.acked;
        let acked = if from == Dir::C2s { client } else { server };
        if self.acks {
            *acked = theirs;
        }
        let ack = if kind == Kind::Syn { 0 } else { *acked };
        let time = Timestamp::from_nanos(self.clock);
        self.clock = self.clock.saturating_add(PACKET_NANOS);
        if !lost {
            self.segments.push(Segment {
                time,
                lan: self.lan,
                client_port: CLIENT_PORT + (self.connection % PORTS) as u16,
                from,
                kind,
                seq,
                ack,
                payload: payload.to_vec(),
                snap: self.snap,
            });
        }
    }

    const fn next(&self, side: Dir) -> u32 {
        let [client, server] = self.next;
        match side {
            Dir::C2s => client,
            Dir::S2c => server,
        }
    }

    fn advance(&mut self, side: Dir, by: u32) {
        let [client, server] = &mut self.next;
        let next = if side == Dir::C2s { client } else { server };
        *next = next.wrapping_add(by);
    }
}

/// 2023-11-14T22:13:20Z.
const START: i64 = 1_700_000_000_000_000_000;
const PACKET_NANOS: i64 = 1_000_000;
/// The sequence numbers of each side's first byte.
const FIRST: [u32; 2] = [1_001, 500_001];
/// What each side has acknowledged when the connection is open: the other side's first.
const ACKED: [u32; 2] = [500_001, 1_001];
const CLIENT_PORT: u16 = 50_122;
/// So many client ports are used before the first comes again.
const PORTS: usize = 15_000;
