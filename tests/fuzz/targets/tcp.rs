//! Segments of a connection.

use wscope::item::{At, Dir, End, Item};
use wscope::limits::Limits;
use wscope::packet::segment::{Endpoint, Flags, FlowKey, Place, Segment};
use wscope::tcp::{Connection, Output};
use wscope::time::Timestamp;

use super::bytes::Bytes;

/// The client's stream: no two places look alike.
fn stream() -> Vec<u8> {
    (0..600_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

/// A connection, and what came out of it.
struct Wire {
    connection: Option<Connection>,
    limits: Limits,
    isn: [u32; 2],
    packets: u64,
    /// By direction; `None` is a byte that is missing.
    streams: [Vec<Option<u8>>; 2],
    ends: [Vec<End>; 2],
    /// A conflict or a limit was told of.
    odd: bool,
}

impl Wire {
    fn new(isn: [u32; 2], limits: Limits) -> Self {
        let (streams, ends) = Default::default();
        Self { connection: None, limits, isn, packets: 0, streams, ends, odd: false }
    }

    /// Sends a segment, its numbers counted from the first byte of each stream.
    fn send(&mut self, from: Dir, seq: u32, ack: u32, flags: u8, payload: &[u8], cut: u32) {
        self.packets += 1;
        let n = from.index();
        let (client, server) = (Endpoint::v4([127, 0, 0, 1], 50_122), Endpoint::v4([127, 0, 0, 2], 80));
        let (source, destination) = if from == Dir::C2s { (client, server) } else { (server, client) };
        let (key, from_low) = FlowKey::new(source, destination);
        let segment = Segment {
            key,
            from_low,
            at: At { packet: self.packets, time: Timestamp::from_nanos(self.packets as i64 * 1_000_000) },
            seq: self.isn[n].wrapping_add(1).wrapping_add(seq),
            ack: self.isn[1 - n].wrapping_add(1).wrapping_add(ack),
            flags: Flags(flags),
            payload,
            cut,
            place: Place::default(),
            earlier: &[],
        };
        let connection = self.connection.get_or_insert_with(|| Connection::new(&segment));
        let (streams, ends, odd) = (&mut self.streams, &mut self.ends, &mut self.odd);
        connection.segment(&segment, &self.limits, &(), &mut |out| keep(out, streams, ends, odd));
    }

    fn finish(&mut self) {
        let at = At { packet: self.packets, ..At::default() };
        let (streams, ends, odd) = (&mut self.streams, &mut self.ends, &mut self.odd);
        if let Some(connection) = &mut self.connection {
            connection.finish(at, &mut |out| keep(out, streams, ends, odd));
            assert!(connection.closed());
        }
    }
}

fn keep(out: Output<'_>, streams: &mut [Vec<Option<u8>>; 2], ends: &mut [Vec<End>; 2], odd: &mut bool) {
    let Output::Item { dir, item, .. } = out else {
        *odd = true;
        return;
    };
    let stream = &mut streams[dir.index()];
    assert!(ends[dir.index()].is_empty(), "nothing follows the end");
    match item {
        Item::Data(data) => {
            assert!(!data.is_empty());
            stream.extend(data.iter().copied().map(Some));
        }
        Item::Gap { len, .. } => {
            assert!(len > 0);
            // Numbers that make no sense may announce gaps of gigabytes.
            stream.resize((stream.len() as u64 + len).min(1 << 20) as usize, None);
        }
        Item::End(end) => ends[dir.index()].push(end),
    }
}

/// A byte that chooses, both initial sequence numbers, then segments.
pub fn tcp(data: &[u8]) {
    let mut input = Bytes(data);
    let mode = input.u8();
    let isn = [input.u32(), input.u32()];
    match mode % 3 {
        0 => known(input, isn, false),
        1 => known(input, isn, true),
        _ => unknown(input, isn),
    }
}

/// Segments of a stream that is known, in any order and overlapping, and at last all of it: that is what comes out.
/// Where the server acknowledges what the capture does not hold (`lossy`), there may be gaps, in their places.
fn known(mut input: Bytes<'_>, isn: [u32; 2], lossy: bool) {
    const SYN: u8 = Flags::SYN;
    let stream = stream();
    let mut wire = Wire::new(isn, Limits::default());
    wire.send(Dir::C2s, u32::MAX, 0, SYN, &[], 0);
    wire.send(Dir::S2c, u32::MAX, 0, SYN | Flags::ACK, &[], 0);
    wire.send(Dir::C2s, 0, 0, Flags::ACK, &[], 0);
    while !input.is_empty() {
        let (place, len) = (input.u16(), input.u8());
        if len == 0 {
            let there = wire.streams[0].len() as u32;
            let ack = if lossy { u32::from(place) % 601 } else { there };
            wire.send(Dir::S2c, 0, ack, Flags::ACK, &[], 0);
            continue;
        }
        let start = usize::from(place) % stream.len();
        let end = (start + usize::from(len)).min(stream.len());
        let cut = if lossy && place >= 1 << 15 { u32::from(len / 2).min((end - start) as u32) } else { 0 };
        let payload = &stream[start..end - cut as usize];
        wire.send(Dir::C2s, start as u32, 0, Flags::ACK, payload, cut);
    }
    for (n, piece) in stream.chunks(100).enumerate() {
        wire.send(Dir::C2s, n as u32 * 100, 0, Flags::ACK, piece, 0);
    }
    wire.send(Dir::C2s, stream.len() as u32, 0, Flags::FIN | Flags::ACK, &[], 0);
    wire.finish();
    assert_eq!(wire.ends[0], [End::Fin]);
    assert_eq!(wire.streams[0].len(), stream.len());
    for (place, (byte, expected)) in wire.streams[0].iter().zip(&stream).enumerate() {
        assert!(*byte == Some(*expected) || lossy && byte.is_none(), "byte {place}");
    }
    assert!(!wire.odd, "no copy differs, and no limit is near");
}

/// Anything at all, within small limits.
fn unknown(mut input: Bytes<'_>, isn: [u32; 2]) {
    let limits = Limits { out_of_order_bytes: 2_000, out_of_order_segments: 10, ..Limits::default() };
    let mut wire = Wire::new(isn, limits);
    while !input.is_empty() {
        let (what, flags) = (input.u8(), input.u8());
        let mut number = |wide: bool| if wide { input.u32() } else { u32::from(input.u8()) };
        let (seq, ack) = (number(what & 2 != 0), number(what & 4 != 0));
        let cut = if what & 8 != 0 { number(what & 16 != 0) } else { 0 };
        let len = input.u8();
        let from = Dir::BOTH[usize::from(what & 1)];
        wire.send(from, seq, ack, Flags::from_wire(flags).0, input.take(len.into()), cut);
    }
    wire.finish();
}
