//! Captures made from scripts: two endpoints, their segments, their packets.

use wscope::capture::source::LinkType;
use wscope::capture::write;
use wscope::time::Timestamp;
use wscope::ws::fact::Opcode;
use wscope::ws::header::Header;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Client,
    Server,
}

pub const CLIENT_ISN: u32 = 0xffff_fff0;
pub const SERVER_ISN: u32 = 77;

/// The request of RFC 6455 section 1.3, more or less, with further header lines.
pub fn request(extra: &str) -> Vec<u8> {
    format!(
        "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{extra}\r\n"
    )
    .into_bytes()
}

/// Its response.
pub fn response(extra: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n{extra}\r\n"
    )
    .into_bytes()
}

/// A frame in the shortest form.
pub fn frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let len = payload.len() as u64;
    let len7 = if len < 126 {
        len as u8
    } else if len < 65_536 {
        126
    } else {
        127
    };
    let header =
        Header { fin: first & 0x80 != 0, rsv: first >> 4 & 7, opcode: Opcode::new(first), mask, len7, len };
    let mut bytes = Vec::new();
    header.encode(&mut bytes);
    let key = mask.unwrap_or_default();
    bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

/// A TCP segment of the scripted connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub who: Who,
    pub flags: u8,
    pub seq: u32,
    pub ack: u32,
    pub payload: Vec<u8>,
}

pub const SYN: u8 = 2;
pub const ACK: u8 = 16;
pub const FIN: u8 = 1;
pub const RST: u8 = 4;

/// A conversation: bytes of both sides in the order in which they were sent.
#[derive(Clone, Debug, Default)]
pub struct Talk {
    sent: [Vec<u8>; 2],
    pub segments: Vec<Sent>,
}

impl Talk {
    /// After the three-way handshake.
    pub fn open() -> Self {
        let mut talk = Self::default();
        talk.raw(Who::Client, SYN, CLIENT_ISN, 0);
        talk.raw(Who::Server, SYN | ACK, SERVER_ISN, CLIENT_ISN.wrapping_add(1));
        talk.ack(Who::Client);
        talk
    }

    /// One side sends bytes, in segments of at most `size`.
    pub fn send(&mut self, who: Who, bytes: &[u8], size: usize) -> &mut Self {
        for piece in bytes.chunks(size) {
            let (seq, ack) = (self.next(who), self.next(other(who)));
            self.sent[who as usize].extend_from_slice(piece);
            self.segments.push(Sent { who, flags: ACK, seq, ack, payload: piece.to_vec() });
        }
        self
    }

    /// One side acknowledges all that the other has sent.
    pub fn ack(&mut self, who: Who) -> &mut Self {
        let (seq, ack) = (self.next(who), self.next(other(who)));
        self.raw(who, ACK, seq, ack);
        self
    }

    /// Both sides end the connection.
    pub fn close(&mut self) -> &mut Self {
        let (client, server) = (self.next(Who::Client), self.next(Who::Server));
        self.raw(Who::Client, FIN | ACK, client, server);
        self.raw(Who::Server, FIN | ACK, server, client.wrapping_add(1));
        self.raw(Who::Client, ACK, client.wrapping_add(1), server.wrapping_add(1));
        self
    }

    /// One side ends its direction.
    pub fn fin(&mut self, who: Who) -> &mut Self {
        let (seq, ack) = (self.next(who), self.next(other(who)));
        self.raw(who, FIN | ACK, seq, ack);
        self
    }

    /// One side resets the connection.
    pub fn reset(&mut self, who: Who) -> &mut Self {
        let (seq, ack) = (self.next(who), self.next(other(who)));
        self.raw(who, RST | ACK, seq, ack);
        self
    }

    fn raw(&mut self, who: Who, flags: u8, seq: u32, ack: u32) {
        self.segments.push(Sent { who, flags, seq, ack, payload: Vec::new() });
    }

    fn next(&self, who: Who) -> u32 {
        let isn = if who == Who::Client { CLIENT_ISN } else { SERVER_ISN };
        isn.wrapping_add(1).wrapping_add(self.sent[who as usize].len() as u32)
    }
}

const fn other(who: Who) -> Who {
    match who {
        Who::Client => Who::Server,
        Who::Server => Who::Client,
    }
}

/// A pcap of these segments, a millisecond apart.
pub fn capture<'a>(segments: impl IntoIterator<Item = &'a Sent>) -> Vec<u8> {
    capture_cut(segments, usize::MAX)
}

/// The same with at most `snaplen` bytes of each packet.
pub fn capture_cut<'a>(segments: impl IntoIterator<Item = &'a Sent>, snaplen: usize) -> Vec<u8> {
    let mut out = Vec::new();
    write::pcap_header(&mut out, LinkType(1));
    for (n, segment) in segments.into_iter().enumerate() {
        let packet = packet(segment, 50_122, 8_080);
        let time = Timestamp::from_nanos(1_700_000_000_000_000_000 + n as i64 * 1_000_000);
        write::pcap_packet(&mut out, time, packet.len() as u32, packet.get(..snaplen).unwrap_or(&packet));
    }
    out
}

/// The packet of a segment. The hosts are loopback ones, on which plain text is no finding.
pub fn packet(segment: &Sent, client_port: u16, server_port: u16) -> Vec<u8> {
    let (client, server) = (([127, 0, 0, 1], client_port), ([127, 0, 0, 2], server_port));
    let (from, to) = if segment.who == Who::Client { (client, server) } else { (server, client) };
    let mut tcp = etherparse::TcpHeader::new(from.1, to.1, segment.seq, 65_000);
    tcp.acknowledgment_number = segment.ack;
    tcp.syn = segment.flags & SYN != 0;
    tcp.ack = segment.flags & ACK != 0;
    tcp.fin = segment.flags & FIN != 0;
    tcp.rst = segment.flags & 4 != 0;
    let builder = etherparse::PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(from.0, to.0, 64).tcp_header(tcp);
    let mut packet = Vec::new();
    builder.write(&mut packet, &segment.payload).unwrap();
    packet
}
