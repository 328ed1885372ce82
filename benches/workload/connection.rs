//! One TCP connection with a WebSocket on it.

use wscope::item::Dir;
use wscope::ws::fact::Opcode;

use super::net::{self, ACK, Below, Ends, FIN, Numbers, PSH, SYN};
use super::rng::Rng;
use super::talk::Talk;
use super::{Kind, Tape};

/// The request of RFC 6455 section 1.3, with what browsers send besides.
pub(crate) const REQUEST: &str = "GET /ws?v=2 HTTP/1.1\r\nHost: stream.example.com\r\nConnection: Upgrade\r\n\
    Pragma: no-cache\r\nCache-Control: no-cache\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n\
    Upgrade: websocket\r\nOrigin: https://example.com\r\nSec-WebSocket-Version: 13\r\n\
    Accept-Encoding: gzip, deflate\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
pub(crate) const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
pub(crate) const DEFLATE: &str = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

/// Payload bytes of a full segment.
const SEGMENT: usize = 1_448;

/// A connection between its handshake and its end.
pub(super) struct Connection {
    kind: Kind,
    ends: Ends,
    seq: [u32; 2],
    /// Segments since the peer's last acknowledgement.
    unacked: [u8; 2],
    pub(super) talk: Talk,
}

impl Connection {
    /// Makes the handshakes.
    pub(super) fn open(kind: Kind, number: u32, rng: &mut Rng, tape: &mut Tape) -> Self {
        let below = match (kind, number % 16) {
            (Kind::Dirty, 3 | 11) => Below::V6,
            (Kind::Dirty, 5) => Below::Vlan,
            _ => Below::V4,
        };
        let hosts = [0x0a00_0001 + number / 64, 0xc0a8_0701 + number % 4];
        let ends = Ends { below, hosts, ports: [32_768 + (number % 64) as u16 * 400, 80] };
        let seq = [rng.next() as u32, rng.next() as u32];
        let mut connection = Self { kind, ends, seq, unacked: [0; 2], talk: Talk::default() };
        connection.segment(0, SYN, &[], tape);
        connection.segment(1, SYN | ACK, &[], tape);
        connection.segment(0, ACK, &[], tape);
        let extension = if kind == Kind::Deflate { DEFLATE } else { "" };
        connection.segment(0, ACK | PSH, format!("{REQUEST}{extension}\r\n").as_bytes(), tape);
        connection.segment(1, ACK | PSH, format!("{RESPONSE}{extension}\r\n").as_bytes(), tape);
        connection.segment(0, ACK, &[], tape);
        if kind == Kind::Deflate {
            connection.talk.compress();
        }
        connection
    }

    /// Sends up to three segments of what waits; where nothing does, something is said.
    pub(super) fn go_on(&mut self, rng: &mut Rng, tape: &mut Tape) {
        let waiting = |talk: &Talk| Dir::BOTH.into_iter().find(|dir| !talk.waiting[dir.index()].is_empty());
        let dir = waiting(&self.talk).unwrap_or_else(|| self.talk.say(self.kind, rng));
        self.send(dir, 3, rng, tape);
    }

    /// Sends what waits, then ends WebSocket and TCP.
    pub(super) fn close(&mut self, rng: &mut Rng, tape: &mut Tape) {
        for dir in Dir::BOTH {
            self.send(dir, usize::MAX, rng, tape);
        }
        for dir in Dir::BOTH {
            self.talk.control(rng, dir, Opcode::CLOSE, &[3, 0xe8]);
            self.send(dir, usize::MAX, rng, tape);
        }
        self.segment(1, FIN | ACK, &[], tape);
        self.segment(0, FIN | ACK, &[], tape);
        self.segment(1, ACK, &[], tape);
    }

    fn send(&mut self, dir: Dir, most: usize, rng: &mut Rng, tape: &mut Tape) {
        let from = dir.index();
        let bytes = std::mem::take(&mut self.talk.waiting[from]);
        let now = bytes.len().min(SEGMENT.saturating_mul(most));
        let (now, later) = bytes.split_at(now);
        // A segment that the next one overtakes, or that comes again.
        let mut held: Option<Vec<u8>> = None;
        for payload in now.chunks(SEGMENT) {
            let frame = self.frame(from, ACK | PSH, payload);
            self.seq[from] = self.seq[from].wrapping_add(payload.len() as u32);
            match self.kind {
                Kind::Dirty if rng.per_mille(1) => {}
                Kind::Dirty if rng.per_mille(14) && held.is_none() => held = Some(frame),
                Kind::Dirty if rng.per_mille(10) && held.is_none() => {
                    tape.record(&frame);
                    held = Some(frame);
                }
                _ => {
                    tape.record(&frame);
                    held.take().iter().for_each(|frame| tape.record(frame));
                }
            }
            self.unacked[from] += 1;
            if self.unacked[from] == 2 {
                self.segment(1 - from, ACK, &[], tape);
            }
        }
        held.iter().for_each(|frame| tape.record(frame));
        self.talk.waiting[from] = later.to_vec();
    }

    fn segment(&mut self, from: usize, flags: u8, payload: &[u8], tape: &mut Tape) {
        tape.record(&self.frame(from, flags, payload));
        let control = u32::from(flags & (SYN | FIN) != 0);
        self.seq[from] = self.seq[from].wrapping_add(payload.len() as u32 + control);
        self.unacked[1 - from] = 0;
    }

    fn frame(&self, from: usize, flags: u8, payload: &[u8]) -> Vec<u8> {
        let ack = if flags & ACK == 0 { 0 } else { self.seq[1 - from] };
        net::tcp(&self.ends, from, Numbers { seq: self.seq[from], ack, flags }, payload)
    }
}
