//! Packets of many connections, by the byte.

use wscope::capture::source::LinkType;
use wscope::capture::write;
use wscope::time::Timestamp;

use crate::support::talk::{ACK, FIN, RST, SYN};

/// One side of a TCP connection: an address of 10.0.0.0/8 by its number, and a port.
pub(crate) type End = (u32, u16);

/// The server of most attacks.
pub(crate) const SERVER: End = (1, 8_080);

/// A client of its own for each number up to some hundred millions.
pub(crate) const fn client(n: usize) -> End {
    (0x1_0000 + (n >> 14) as u32, 1_024 + (n & 0x3fff) as u16)
}

/// A packet of Ethernet, IPv4 and TCP.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet<'a> {
    pub(crate) from: End,
    pub(crate) to: End,
    pub(crate) flags: u8,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) payload: &'a [u8],
}

impl Packet<'_> {
    /// Its bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let ip = |end: End| (10 << 24 | end.0).to_be_bytes();
        let mut tcp = etherparse::TcpHeader::new(self.from.1, self.to.1, self.seq, 65_000);
        tcp.acknowledgment_number = self.ack;
        tcp.syn = self.flags & SYN != 0;
        tcp.ack = self.flags & ACK != 0;
        tcp.fin = self.flags & FIN != 0;
        tcp.rst = self.flags & RST != 0;
        let builder = etherparse::PacketBuilder::ethernet2([2; 6], [4; 6]);
        let builder = builder.ipv4(ip(self.from), ip(self.to), 64).tcp_header(tcp);
        let mut bytes = Vec::with_capacity(54 + self.payload.len());
        builder.write(&mut bytes, self.payload).unwrap();
        bytes
    }

    /// The record of it in a capture.
    pub(crate) fn record(&self) -> Vec<u8> {
        record(&self.bytes())
    }
}

/// The header of a capture of Ethernet.
pub(crate) fn header() -> Vec<u8> {
    let mut out = Vec::new();
    write::pcap_header(&mut out, LinkType(1));
    out
}

/// A record of a packet.
pub(crate) fn record(packet: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + packet.len());
    write::pcap_packet(
        &mut out,
        Timestamp::from_nanos(1_700_000_000_000_000_000),
        packet.len() as u32,
        packet,
    );
    out
}

/// One direction of a connection, which knows where it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream {
    pub(crate) from: End,
    pub(crate) to: End,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
}

impl Stream {
    /// The record of the next segment.
    pub(crate) fn send(&mut self, payload: &[u8]) -> Vec<u8> {
        let record = self.at(self.seq, payload);
        self.seq = self.seq.wrapping_add(payload.len() as u32);
        record
    }

    /// The record of a segment at any place.
    pub(crate) fn at(&self, seq: u32, payload: &[u8]) -> Vec<u8> {
        Packet { from: self.from, to: self.to, flags: ACK, seq, ack: self.ack, payload }.record()
    }

    /// The record of a segment with these flags and no bytes.
    pub(crate) fn with(&self, flags: u8) -> Vec<u8> {
        let Self { from, to, seq, ack } = *self;
        Packet { from, to, flags, seq, ack, payload: &[] }.record()
    }
}

/// What opens a connection, and its two directions behind that.
pub(crate) fn open(from: End, to: End) -> (Vec<u8>, Stream, Stream) {
    let packet = |from, to, flags, seq, ack| Packet { from, to, flags, seq, ack, payload: &[] }.record();
    let records = [
        packet(from, to, SYN, 99, 0),
        packet(to, from, SYN | ACK, 499, 100),
        packet(from, to, ACK, 100, 500),
    ];
    let client = Stream { from, to, seq: 100, ack: 500 };
    (records.concat(), client, Stream { from: to, to: from, seq: 500, ack: 100 })
}

/// An open WebSocket: what led to it, and its two directions. `extra` are header lines of both heads.
pub(crate) fn upgraded(from: End, to: End, extra: &str) -> (Vec<u8>, Stream, Stream) {
    let (mut records, mut client, mut server) = open(from, to);
    records.extend(client.send(&crate::support::talk::request(extra)));
    server.ack = client.seq;
    records.extend(server.send(&crate::support::talk::response(extra)));
    client.ack = server.seq;
    (records, client, server)
}
