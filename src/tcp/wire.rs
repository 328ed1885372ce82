//! A script language for tests: what goes over the wire, and what comes out.
//!
//! A script is a list of packets, separated by `;`. A packet is `c` or `s` for its sender, and then
//! in any order: the offset of its first byte (default 0; the SYN is before 0), `=text` its payload
//! (`*n` for n bytes of a pattern), upper-case letters its flags besides ACK (`-` takes ACK away),
//! `an` the offset that it acknowledges (default 0), `xn` bytes cut off by the snap length, `tn`
//! milliseconds since the packet before; last, ` rn` sends it n times. `end` finishes the capture.
//!
//! The outcome is written `c:text` bytes, `c-5lost` a gap, `c.fin` the end, `c!3+1` a conflict,
//! `c>5` a limit. Neighbouring bytes of a direction are joined.

use super::{Connection, History, Output};
use crate::item::{At, Dir, End, Item, Missing};
use crate::limits::Limits;
use crate::packet::segment::{Endpoint, Flags, FlowKey, Place, Segment};
use crate::time::Timestamp;

/// A packet with its payload.
#[derive(Clone, Debug, Default)]
pub(super) struct Packet {
    pub(super) client: bool,
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) flags: u8,
    pub(super) payload: Vec<u8>,
    pub(super) cut: u32,
    pub(super) millis: i64,
}

/// A connection with all that went in and came out.
pub(super) struct Wire {
    pub(super) isn: [u32; 2],
    pub(super) limits: Limits,
    pub(super) connection: Option<Connection>,
    pub(super) seen: Vec<Seen>,
    pub(super) remember: bool,
    blocks: Vec<Vec<u8>>,
    time: i64,
}

/// An output that is kept, and the number of the packet it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) dir: Dir,
    pub(super) what: What,
    pub(super) packet: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Data(Vec<u8>),
    Gap(u64, Missing),
    End(End),
    Conflict(u64, u64),
    Limit(u64),
}

struct Blocks<'a>(&'a [Vec<u8>]);

impl History for Blocks<'_> {
    fn bytes(&self, place: Place, len: usize) -> Option<&[u8]> {
        let block = self.0.get(place.block.checked_sub(1)? as usize)?;
        block.get(place.offset as usize..place.offset as usize + len)
    }
}

impl Wire {
    pub(super) fn new() -> Self {
        Self {
            isn: [u32::MAX - 2, 1_000],
            limits: Limits::default(),
            connection: None,
            seen: Vec::new(),
            remember: true,
            blocks: Vec::new(),
            time: 0,
        }
    }

    /// Sends a packet.
    pub(super) fn send(&mut self, packet: &Packet) {
        self.time += packet.millis * 1_000_000;
        self.blocks.push(packet.payload.clone());
        let block = if self.remember { self.blocks.len() as u32 } else { 0 };
        let s = packet.segment(self.blocks.len() as u64, self.time, block);
        let connection = self.connection.get_or_insert_with(|| Connection::new(&s));
        let seen = &mut self.seen;
        let history = Blocks(&self.blocks);
        connection.segment(&s, &self.limits, &history, &mut |output| seen.push(Seen::new(output)));
    }

    pub(super) fn finish(&mut self) {
        let at = At { packet: self.blocks.len() as u64, time: Timestamp::from_nanos(self.time) };
        let seen = &mut self.seen;
        if let Some(connection) = &mut self.connection {
            connection.finish(at, &mut |output| seen.push(Seen::new(output)));
        }
    }

    /// Runs a script.
    pub(super) fn run(&mut self, script: &str) {
        for line in script.split(';').map(str::trim).filter(|line| !line.is_empty()) {
            match line {
                "end" => self.finish(),
                _ => {
                    let (line, times) = line.split_once(" r").unwrap_or((line, "1"));
                    for _ in 0..times.parse().expect(line) {
                        self.send(&Packet::parse(line, self.isn));
                    }
                }
            }
        }
    }

    /// All that came out so far.
    pub(super) fn outcome(&self) -> String {
        let mut text = String::new();
        let mut last = None;
        for seen in &self.seen {
            let name = if seen.dir == Dir::C2s { 'c' } else { 's' };
            if let What::Data(data) = &seen.what {
                if last != Some(seen.dir) {
                    text += &format!(" {name}:");
                }
                text += &String::from_utf8_lossy(data);
                last = Some(seen.dir);
                continue;
            }
            last = None;
            text += &match seen.what {
                What::Gap(len, Missing::Lost) => format!(" {name}-{len}lost"),
                What::Gap(len, Missing::Cut) => format!(" {name}-{len}cut"),
                What::Gap(len, Missing::GaveUp) => format!(" {name}-{len}gaveup"),
                What::End(End::Fin) => format!(" {name}.fin"),
                What::End(End::Reset) => format!(" {name}.reset"),
                What::End(End::ResetByPeer) => format!(" {name}.peerreset"),
                What::End(End::Capture) => format!(" {name}.capture"),
                What::Conflict(offset, len) => format!(" {name}!{offset}+{len}"),
                What::Limit(dropped) => format!(" {name}>{dropped}"),
                What::Data(_) => String::new(),
            };
        }
        text.trim_start().to_owned()
    }

    /// A direction's stream, with its gaps as `None`.
    pub(super) fn stream(&self, dir: Dir) -> Vec<Option<u8>> {
        let mut stream = Vec::new();
        for seen in self.seen.iter().filter(|seen| seen.dir == dir) {
            match &seen.what {
                What::Data(data) => stream.extend(data.iter().copied().map(Some)),
                What::Gap(len, _) => stream.resize(stream.len() + *len as usize, None),
                _ => {}
            }
        }
        stream
    }
}

impl Seen {
    pub(super) fn new(output: Output<'_>) -> Self {
        match output {
            Output::Item { dir, item, at } => {
                let what = match item {
                    Item::Data(data) => {
                        assert!(!data.is_empty(), "empty data");
                        What::Data(data.to_vec())
                    }
                    Item::Gap { len, why } => {
                        assert!(len > 0, "empty gap");
                        What::Gap(len, why)
                    }
                    Item::End(end) => What::End(end),
                };
                Self { dir, what, packet: at.packet }
            }
            Output::Conflict { dir, at, offset, len } => {
                Self { dir, what: What::Conflict(offset, len), packet: at.packet }
            }
            Output::Limit { dir, at, dropped } => Self { dir, what: What::Limit(dropped), packet: at.packet },
        }
    }
}

impl Packet {
    pub(super) fn segment(&self, packet: u64, time: i64, block: u32) -> Segment<'_> {
        let client = Endpoint::v4([10, 0, 0, 9], 50_000);
        let server = Endpoint::v4([10, 0, 0, 1], 80);
        let (from, to) = if self.client { (client, server) } else { (server, client) };
        let (key, from_low) = FlowKey::new(from, to);
        Segment {
            key,
            from_low,
            at: At { packet, time: Timestamp::from_nanos(time) },
            seq: self.seq,
            ack: self.ack,
            flags: Flags(self.flags),
            payload: &self.payload,
            cut: self.cut,
            place: Place { block, offset: 0 },
            earlier: &[],
        }
    }

    pub(super) fn parse(line: &str, isn: [u32; 2]) -> Self {
        let mut words = line.split_whitespace();
        let client = words.next() == Some("c");
        let [own, peer] = if client { isn } else { [isn[1], isn[0]] };
        let mut offset = 0_i64;
        let mut ack = 0_i64;
        let mut pattern = 0;
        let mut packet = Self { client, flags: Flags::ACK, millis: 1, ..Self::default() };
        for word in words {
            let (first, rest) = word.split_at(1);
            let number = || rest.parse::<i64>().expect(word);
            match first {
                "=" => packet.payload = rest.as_bytes().to_vec(),
                "*" => pattern = number(),
                "a" => ack = number(),
                "x" => packet.cut = number() as u32,
                "t" => packet.millis = number(),
                "-" if rest.is_empty() => packet.flags &= !Flags::ACK,
                "S" | "F" | "R" => {
                    for flag in word.chars() {
                        packet.flags |= match flag {
                            'S' => Flags::SYN,
                            'F' => Flags::FIN,
                            'R' => Flags::RST,
                            _ => panic!("{word}"),
                        };
                    }
                }
                _ => offset = word.parse().expect(word),
            }
        }
        if pattern > 0 {
            packet.payload = (offset..offset + pattern).map(|i| b'a' + (i % 26) as u8).collect();
        }
        let syn = i64::from(packet.flags & Flags::SYN == 0);
        packet.seq = own.wrapping_add((offset + syn) as u32);
        packet.ack = peer.wrapping_add((ack + 1) as u32);
        packet
    }
}
