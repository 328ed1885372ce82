//! What else is on a network: HTTP, TLS, datagrams.

use std::net::{IpAddr, Ipv4Addr};

use super::rng::Rng;
use super::text::{self, put};
use super::turn::Turn;
use crate::capture::synth::{Ends, Host};
use crate::item::Dir;

/// A TCP connection that carries no WebSocket.
#[derive(Debug)]
pub(super) struct Other {
    rng: Rng,
    tls: bool,
    gap: i64,
    turns: u32,
}

impl Other {
    pub(super) const fn new(rng: Rng, tls: bool, gap: i64) -> Self {
        Self { rng, tls, gap, turns: 0 }
    }

    /// The next turn; `false` where there is none.
    pub(super) fn say(&mut self, turn: &mut Turn, closing: bool) -> bool {
        let dir = if self.turns.is_multiple_of(2) { Dir::C2s } else { Dir::S2c };
        // What was asked is answered.
        if closing && dir == Dir::C2s {
            return false;
        }
        turn.begin(dir, self.rng.nanos(self.gap / 5, self.gap / 5 * 9));
        if self.tls {
            self.records(&mut turn.bytes, dir);
        } else {
            self.http(&mut turn.bytes, dir);
        }
        self.turns += 1;
        true
    }

    fn http(&mut self, out: &mut Vec<u8>, dir: Dir) {
        if dir == Dir::C2s {
            return put(
                out,
                format_args!(
                    "GET /api/v1/items/{} HTTP/1.1\r\nHost: api.example.com\r\nAccept: */*\r\n\
                     Connection: keep-alive\r\n\r\n",
                    self.rng.below(1_000_000)
                ),
            );
        }
        let (len, mut body) = (self.rng.size(100, 6_000), Vec::new());
        text::json(&mut body, &mut self.rng, len);
        let len = body.len();
        put(
            out,
            format_args!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len}\r\n\r\n"
            ),
        );
        out.extend_from_slice(&body);
    }

    /// The first of each side looks like a hello, the others like application data.
    fn records(&mut self, out: &mut Vec<u8>, dir: Dir) {
        if self.turns < 2 {
            let len = self.rng.size(200, 500);
            let hello = if dir == Dir::C2s { 1 } else { 2 };
            record(out, [22, 3, 1], len + 4);
            out.push(hello);
            out.extend_from_slice(&(len as u32).to_be_bytes()[1..]);
            out.extend_from_slice(&[3, 3]);
            return self.rng.fill(out, len - 2);
        }
        for _ in 0..self.rng.range(1, 3) {
            let len = self.rng.size(40, 4_000);
            record(out, [23, 3, 3], len);
            self.rng.fill(out, len);
        }
    }
}

/// The header of a TLS record.
fn record(out: &mut Vec<u8>, kind: [u8; 3], len: usize) {
    out.extend_from_slice(&kind);
    out.extend_from_slice(&(len as u16).to_be_bytes());
}

/// Appends the payload of a datagram like those of QUIC or DNS.
pub(super) fn datagram(out: &mut Vec<u8>, rng: &mut Rng) -> (Ends, Dir) {
    let quic = rng.percent(60);
    if quic {
        out.push(0x40 | rng.below(64) as u8);
        let len = rng.size(60, 1_350);
        rng.fill(out, len);
    } else {
        rng.fill(out, 2);
        out.extend_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 6]);
        for _ in 0..6 {
            out.push(b'a' + rng.below(26) as u8);
        }
        out.extend_from_slice(b"\x07example\x03com\x00\x00\x01\x00\x01");
    }
    let host = |last: u8, ip: [u8; 4], port| Host {
        mac: [2, 0, 0, 0, 9, last],
        ip: IpAddr::V4(Ipv4Addr::from(ip)),
        port,
    };
    let client = host(1, [10, 9, 0, rng.range(1, 250) as u8], 40_000 + rng.below(2_000) as u16);
    let ends = Ends { client, server: host(2, [8, 8, 4, 4], if quic { 443 } else { 53 }), vlan: None };
    (ends, if quic && rng.percent(50) { Dir::S2c } else { Dir::C2s })
}
