//! What the tests of this layer share: packets by the byte, and a decoder run over them.

mod captures;
mod robust;
mod walker;

use etherparse::PacketBuilder;

use super::segment::{Endpoint, Flags, FlowKey, Place, Segment};
use super::{Decoder, PacketStats};
use crate::capture::source::{LinkType, Packet};
use crate::item::At;
use crate::limits::Limits;
use crate::time::Timestamp;

/// A segment with its payload copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owned {
    pub(super) key: FlowKey,
    pub(super) from_low: bool,
    pub(super) at: At,
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) flags: Flags,
    pub(super) payload: Vec<u8>,
    pub(super) cut: u32,
    pub(super) place: Place,
    /// The numbers of the packets before this one that brought fragments of it.
    pub(super) earlier: Vec<u64>,
}

impl From<Segment<'_>> for Owned {
    fn from(segment: Segment<'_>) -> Self {
        let Segment { key, from_low, at, seq, ack, flags, payload, cut, place, earlier } = segment;
        let earlier = earlier.iter().map(|packet| packet.number).collect();
        Self { key, from_low, at, seq, ack, flags, payload: payload.to_vec(), cut, place, earlier }
    }
}

/// Where test packets lie.
pub(super) const PLACE: Place = Place { block: 7, offset: 1_000 };

/// What a capture says of a packet of which `bytes` are there.
pub(super) fn captured(link: u16, bytes: &[u8], wire_len: usize, time: i64) -> Packet {
    Packet {
        offset: 0,
        len: bytes.len() as u32,
        wire_len: wire_len as u32,
        link: LinkType(link),
        source: 0,
        file_offset: 0,
        time: Timestamp::from_nanos(time),
    }
}

/// Decodes packets of one link type, one nanosecond after another.
pub(super) fn decode_all(link: u16, packets: &[Vec<u8>]) -> (Vec<Owned>, PacketStats) {
    let mut decoder = Decoder::new(&Limits::default());
    let mut segments = Vec::new();
    for (index, bytes) in packets.iter().enumerate() {
        let packet = captured(link, bytes, bytes.len(), index as i64);
        let at = At { packet: index as u64 + 1, time: packet.time };
        decoder.decode(&packet, bytes, PLACE, at, &mut |segment| segments.push(segment.into()));
    }
    (segments, decoder.stats().clone())
}

/// Decodes one packet that had `wire_len` bytes on the wire.
pub(super) fn decode_cut(link: u16, bytes: &[u8], wire_len: usize) -> (Vec<Owned>, PacketStats) {
    let mut decoder = Decoder::new(&Limits::default());
    let mut segments = Vec::new();
    let packet = captured(link, bytes, wire_len, 0);
    decoder.decode(&packet, bytes, PLACE, At::default(), &mut |segment| segments.push(segment.into()));
    (segments, decoder.stats().clone())
}

/// Decodes one packet.
pub(super) fn decode(link: u16, bytes: &[u8]) -> (Vec<Owned>, PacketStats) {
    decode_all(link, &[bytes.to_vec()])
}

/// Asserts that a packet carries [`HELLO`] and nothing else, from 10.0.0.1:1000 or [2001:db8::1]:1000
/// to port 80, and that its place is right.
#[track_caller]
pub(super) fn assert_hello(link: u16, bytes: &[u8]) {
    let (segments, stats) = decode(link, bytes);
    let [segment] = segments.as_slice() else { panic!("{} segments: {stats:?}", segments.len()) };
    assert_eq!(segment.payload, HELLO);
    assert_eq!((segment.seq, segment.ack, segment.flags), (1, 2, Flags(Flags::ACK)));
    assert_eq!(segment.cut, 0);
    let ends = if segment.from_low {
        (segment.key.low, segment.key.high)
    } else {
        (segment.key.high, segment.key.low)
    };
    let v4 = (Endpoint::v4([10, 0, 0, 1], 1000), Endpoint::v4([10, 0, 0, 2], 80));
    let v6 = (Endpoint::new(SOURCE_6, 1000), Endpoint::new(DESTINATION_6, 80));
    assert!(ends == v4 || ends == v6, "{ends:?}");
    let start = bytes.windows(HELLO.len()).rposition(|window| window == HELLO).unwrap();
    assert_eq!(segment.place, Place { block: 7, offset: 1_000 + start as u32 });
    assert_eq!((stats.tcp, stats.packets()), (1, 1));
}

/// Asserts that a packet gives no segment, and gives its stats.
#[track_caller]
pub(super) fn assert_nothing(link: u16, bytes: &[u8]) -> PacketStats {
    let (segments, stats) = decode(link, bytes);
    assert_eq!(segments, []);
    assert_eq!(stats.packets(), 1);
    stats
}

/// The payload of the test packets.
pub(super) const HELLO: &[u8] = b"hello, world";

const SOURCE_6: [u8; 16] = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const DESTINATION_6: [u8; 16] = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

/// An IPv4 packet with TCP and [`HELLO`].
pub(super) fn ipv4() -> Vec<u8> {
    let builder = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).tcp(1000, 80, 1, 500).ack(2);
    let mut bytes = Vec::new();
    builder.write(&mut bytes, HELLO).unwrap();
    bytes
}

/// An IPv6 packet with TCP and [`HELLO`].
pub(super) fn ipv6() -> Vec<u8> {
    let builder = PacketBuilder::ipv6(SOURCE_6, DESTINATION_6, 64).tcp(1000, 80, 1, 500).ack(2);
    let mut bytes = Vec::new();
    builder.write(&mut bytes, HELLO).unwrap();
    bytes
}

/// An Ethernet frame with TCP over IPv4 and [`HELLO`].
pub(super) fn ethernet() -> Vec<u8> {
    framed(&[&[0x08, 0x00]], &ipv4())
}

/// An Ethernet frame: addresses, whatever `headers` are (the EtherType among them), a payload.
pub(super) fn framed(headers: &[&[u8]], payload: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], headers.concat().as_slice(), payload].concat()
}

/// A payload after headers.
pub(super) fn after(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    [headers, payload].concat()
}

/// An Ethernet frame with an IPv4 packet of a protocol, between other hosts than [`ipv4`].
pub(super) fn outer(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = (20 + payload.len()) as u16;
    let [high, low] = length.to_be_bytes();
    let header = [0x45, 0, high, low, 0, 0, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
    framed(&[&[0x08, 0x00]], &after(&header, payload))
}

/// An Ethernet frame with a UDP datagram to a port.
pub(super) fn datagram(port: u16, payload: &[u8]) -> Vec<u8> {
    let [high, low] = port.to_be_bytes();
    let [length_high, length_low] = (8 + payload.len() as u16).to_be_bytes();
    outer(17, &after(&[0xc0, 0, high, low, length_high, length_low, 0, 0], payload))
}
