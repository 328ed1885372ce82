//! Captures of traffic that never was: conversations out of random numbers, and the packets in which a
//! network would have carried them.
//!
//! A [`Plan`] says what is wanted, a [`Generator`] gives the file piece by piece, whatever its size, and what
//! was said in it ([`truth`]). The same plan gives the same bytes.
//!
//! ```
//! use wscope::generate::{Generator, Plan};
//!
//! let mut generator = Generator::new(Plan { connections: Some(2), seed: 7, ..Plan::default() });
//! let mut file = Vec::new();
//! while generator.fill(&mut file) {}
//! assert!(file.starts_with(b"\x0a\x0d\x0d\x0a"));
//! assert_eq!(generator.totals().connections, 2);
//! ```
//!
//! Each connection has random numbers of its own for what is said, and others for what the network does:
//! the same seed with loss and without gives the same messages. What compression gives depends on the
//! version of zlib-rs.

pub mod amount;
pub mod deflate;
mod head;
mod hosts;
mod kind;
mod link;
mod noise;
mod rng;
mod talk;
mod text;
pub mod truth;
mod turn;
mod violation;
mod wire;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

pub use amount::{Rate, Size};
pub use deflate::Agreed;
pub use kind::{Hosts, Kind};
pub use violation::{Violation, ViolationError};

use crate::capture::synth::{self, ETHERNET, Ends};
use crate::capture::write;
use crate::item::Dir;
use crate::time::Timestamp;
use kind::Shape;
use link::{Link, Voice};
use noise::Other;
use rng::Rng;
use talk::{Brief, Talk};
use truth::{Connection, Totals};
use violation::Play;
use wire::Network;

/// What traffic is wanted. Where something is `None`, it is as the kind of traffic has it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it is like.
    pub kind: Kind,
    /// Where all random numbers come from.
    pub seed: u64,
    /// Connections; where `size` is given, those that are open at once.
    pub connections: Option<u32>,
    /// Data messages on each connection, both directions together.
    pub messages: Option<u32>,
    /// About so many bytes, instead of a number of connections. [`Kind::Mixed`] needs none, the others have
    /// 10 MB.
    pub size: Option<Size>,
    /// Compression that all connections agree on; [`Kind::Deflate`] has it anyway.
    pub deflate: Option<Agreed>,
    /// Segments that are lost on the way and sent again.
    pub loss: Option<Rate>,
    /// Segments that later ones overtake.
    pub reorder: Option<Rate>,
    /// Packets that arrive, but are not in the capture.
    pub drop: Option<Rate>,
    /// Upgrades that are refused.
    pub refused: Rate,
    /// The connections that are open first were opened before the capture.
    pub mid_stream: bool,
    /// Whose traffic it is.
    pub hosts: Option<Hosts>,
    /// The first packet's time.
    pub start: Timestamp,
    /// Messages a second on a connection.
    pub rate: Option<f64>,
    /// Rules that are broken, each on a connection of its own.
    pub violations: Vec<Violation>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            kind: Kind::Mixed,
            seed: 1,
            connections: None,
            messages: None,
            size: None,
            deflate: None,
            loss: None,
            reorder: None,
            drop: None,
            refused: Rate::NEVER,
            mid_stream: false,
            hosts: None,
            start: Timestamp::from_nanos(START),
            rate: None,
            violations: Vec::new(),
        }
    }
}

/// Writes the capture of a plan.
#[derive(Debug)]
pub struct Generator {
    seed: u64,
    kind: Kind,
    hosts: Hosts,
    start: i64,
    brief: Brief,
    network: Network,
    size: Option<u64>,
    /// Connections that are still to begin when others have ended.
    waiting: u32,
    /// WebSocket connections that have begun.
    made: u32,
    /// Scripts that have begun.
    played: u32,
    /// WebSocket connections that have not ended.
    open: u64,
    /// Bytes of messages that have begun and are still to be sent.
    promised: u64,
    sources: Vec<Source>,
    /// When each source has its next packet.
    queue: BinaryHeap<Reverse<(i64, usize)>>,
    /// What begins when all else has ended: the file ends within its last packet.
    last: VecDeque<Violation>,
    cut: usize,
    packet: Vec<u8>,
    begun: bool,
    totals: Totals,
    ended: Vec<Connection>,
}

/// Where packets come from.
#[derive(Debug)]
enum Source {
    Link(Box<Link>),
    Play {
        play: Play,
        start: i64,
    },
    /// Datagrams, one in so many nanoseconds.
    Datagrams {
        rng: Rng,
        gap: i64,
    },
    Over,
}

impl Generator {
    /// Nothing is written yet.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let shape = plan.kind.shape();
        let default_size = (plan.kind != Kind::Mixed && plan.connections.is_none()).then_some(DEFAULT_SIZE);
        let messages = plan.messages.or(shape.messages);
        // What has no end of its own ends by size.
        let size =
            plan.size.or(default_size).or(messages.is_none().then_some(DEFAULT_SIZE)).map(|size| size.0);
        let wanted = plan.connections.unwrap_or_else(|| match size {
            Some(size) => plan.kind.connections(size),
            None => shape.connections,
        });
        let rate = plan.rate.filter(|rate| *rate > 0.0).unwrap_or(shape.rate);
        let hosts = plan.hosts.unwrap_or(shape.hosts);
        let deflate = plan.deflate.or_else(|| (plan.kind == Kind::Deflate).then(Agreed::default));
        let brief = Brief {
            kind: plan.kind,
            messages,
            gap: (1e9 / rate).clamp(1_000.0, 1e14) as i64,
            deflate,
            refused: plan.refused,
            largest: (size.unwrap_or(0) / 16).clamp(1 << 14, 16 << 20),
            open: false,
        };
        let network = Network {
            segment: shape.segment,
            lost: plan.loss.unwrap_or(shape.retransmitted),
            reordered: plan.reorder.unwrap_or(shape.reordered),
            dropped: plan.drop.unwrap_or(shape.dropped),
        };
        let mut generator = Self {
            seed: plan.seed,
            kind: plan.kind,
            hosts,
            start: plan.start.nanos(),
            brief,
            network,
            size,
            waiting: 0,
            made: 0,
            played: 0,
            open: 0,
            promised: 0,
            sources: Vec::new(),
            queue: BinaryHeap::new(),
            last: VecDeque::new(),
            cut: plan.violations.iter().map(Violation::cut).max().unwrap_or_default(),
            packet: Vec::new(),
            begun: false,
            totals: Totals::default(),
            ended: Vec::new(),
        };
        generator.begin(wanted, plan.mid_stream, plan.violations, &shape);
        generator
    }

    /// Appends the next packets, some 256 kB of them; `false` where these were the last.
    pub fn fill(&mut self, out: &mut Vec<u8>) -> bool {
        let before = out.len();
        if !self.begun {
            self.begun = true;
            write::section(out);
            write::interface(out, ETHERNET);
            self.totals.bytes += (out.len() - before) as u64;
        }
        // A file that is cut keeps its header.
        let header = out.len();
        while out.len() - before < BLOCK {
            let Some(Reverse((time, at))) = self.queue.pop() else { break };
            self.emit(time, at, out);
            if let Some(time) = self.next_time(at, time) {
                self.queue.push(Reverse((time, at)));
            }
            if self.queue.is_empty()
                && let Some(violation) = self.last.pop_front()
            {
                self.play(&violation, time + 1_000_000);
            }
        }
        if !self.queue.is_empty() {
            return true;
        }
        let end = out.len().saturating_sub(std::mem::take(&mut self.cut)).max(header);
        self.totals.bytes -= (out.len() - end) as u64;
        out.truncate(end);
        false
    }

    /// What was written so far.
    #[must_use]
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The connections that have ended since the last call, in that order.
    pub fn ended(&mut self) -> impl Iterator<Item = Connection> {
        self.ended.drain(..)
    }

    fn begin(&mut self, wanted: u32, mid_stream: bool, violations: Vec<Violation>, shape: &Shape) {
        let at_once = wanted.min(MOST_AT_ONCE);
        if self.size.is_none() {
            self.waiting = wanted - at_once;
        }
        let mut rng = Rng::new(self.seed, PLACES);
        // All begin within the time of a few messages.
        let spread = (self.brief.gap.saturating_mul(3)).min(5_000_000_000);
        self.brief.open = mid_stream;
        for _ in 0..at_once {
            let start = rng.nanos(0, spread);
            self.connection(self.sources.len(), start);
        }
        self.brief.open = false;
        if self.kind == Kind::Dirty {
            // A fifth of the packets are other TCP, a tenth datagrams.
            for n in 0..(at_once / 5).max(2) {
                let start = rng.nanos(0, spread);
                self.other(n, start);
            }
            let gap = (self.brief.gap * 8 / 5 / i64::from(at_once.max(1))).max(1);
            let source = Source::Datagrams { rng: Rng::new(self.seed, DATAGRAMS), gap };
            self.put(self.sources.len(), source, 0);
        }
        // Until the first connections end, where that is known.
        let said = i64::from(shape.messages.or(self.brief.messages).unwrap_or(20).min(1_000));
        let span = self.brief.gap.saturating_mul(said).clamp(1_000_000, 600_000_000_000);
        for violation in violations {
            let start = rng.nanos(0, span);
            if violation.cut() > 0 {
                self.last.push_back(violation);
            } else {
                self.play(&violation, start);
            }
        }
        if self.queue.is_empty()
            && let Some(violation) = self.last.pop_front()
        {
            self.play(&violation, 0);
        }
    }

    /// Another WebSocket connection, as the source of this number.
    fn connection(&mut self, at: usize, start: i64) {
        let number = self.made;
        self.made = self.made.wrapping_add(1);
        self.open += 1;
        let mut network = Rng::new(self.seed, NETWORK | u64::from(number));
        let ends = hosts::ends(self.kind, self.hosts, number, &mut network);
        let talk = Talk::new(&self.brief, Rng::new(self.seed, TALK | u64::from(number)));
        let near = self.hosts == Hosts::Loopback;
        let link = Link::new(Voice::Web(Box::new(talk)), ends, network, start, near, self.brief.open);
        self.put(at, Source::Link(Box::new(link)), start);
    }

    /// A TCP connection with something else.
    fn other(&mut self, number: u32, start: i64) {
        let tls = number.is_multiple_of(2);
        let mut network = Rng::new(self.seed, NETWORK | OTHERS | u64::from(number));
        // Far from the numbers of the others.
        let mut ends = hosts::ends(self.kind, self.hosts, 10_000_000 + number, &mut network);
        ends.server.port = if tls { 443 } else { 8_000 };
        let other = Other::new(Rng::new(self.seed, OTHERS | u64::from(number)), tls, self.brief.gap * 3 / 10);
        let link = Link::new(Voice::Other(other), ends, network, start, false, false);
        self.totals.other_connections += 1;
        self.put(self.sources.len(), Source::Link(Box::new(link)), start);
    }

    fn play(&mut self, violation: &Violation, start: i64) {
        let number = self.played;
        self.played = number.wrapping_add(1);
        let play = violation.play(&mut Rng::new(self.seed, SCRIPTS | u64::from(number)), number);
        self.put(self.sources.len(), Source::Play { play, start }, start);
    }

    /// A source, and when it has its first packet, no sooner than at `start`.
    fn put(&mut self, at: usize, source: Source, start: i64) {
        match self.sources.get_mut(at) {
            Some(place) => *place = source,
            None => self.sources.push(source),
        }
        if let Some(time) = self.next_time(at, start) {
            self.queue.push(Reverse((time, at)));
        }
    }

    /// No more is begun: what is open ends.
    const fn closing(&self) -> bool {
        let expected = self.totals.bytes + self.promised + self.open * CLOSING_BYTES;
        match self.size {
            Some(size) => expected >= size,
            None => false,
        }
    }

    /// When a source has its next packet. A source that has none is over.
    fn next_time(&mut self, at: usize, now: i64) -> Option<i64> {
        let closing = self.closing();
        let datagrams_end = self.open == 0;
        match self.sources.get_mut(at)? {
            Source::Link(link) => {
                let next = link.next(closing, &self.network, &mut self.totals);
                self.promised = self.promised.saturating_add_signed(link.promise());
                if next.is_some() {
                    return next;
                }
                let ended = link.truth();
                self.end(at, ended, closing, now);
                // Whatever took its place is in the queue itself.
                None
            }
            Source::Play { play, start } => {
                if let Some((_, after)) = play.next() {
                    return Some(*start + after);
                }
                let ends = play.ends();
                let violates = Some(play.code);
                let truth = ends.map(|ends| Connection { violates, ..link::named(&ends) });
                self.end(at, truth, true, now);
                None
            }
            Source::Datagrams { rng, gap } => {
                (!datagrams_end).then(|| now + rng.nanos(*gap / 5, *gap / 5 * 9).max(1))
            }
            Source::Over => None,
        }
    }

    /// A source is over.
    fn end(&mut self, at: usize, truth: Option<Connection>, closing: bool, now: i64) {
        let web = truth.as_ref().is_some_and(|truth| truth.violates.is_none());
        if let Some(truth) = truth {
            self.totals.add(&truth);
            self.ended.push(truth);
        }
        if let Some(source) = self.sources.get_mut(at) {
            *source = Source::Over;
        }
        if !web {
            return;
        }
        self.open -= 1;
        let another =
            if self.size.is_some() { !closing && self.brief.messages.is_some() } else { self.waiting > 0 };
        if another {
            self.waiting = self.waiting.saturating_sub(1);
            let pause = Rng::new(self.seed, PLACES | u64::from(self.made)).nanos(1_000_000, 100_000_000);
            // In the same place, so that there are never more places than connections at once.
            self.connection(at, now + pause);
        }
    }

    /// Writes the packet that a source has now.
    fn emit(&mut self, time: i64, at: usize, out: &mut Vec<u8>) {
        let clock = self.start.saturating_add(time);
        let before = out.len();
        self.packet.clear();
        let mut snap = usize::MAX;
        let whole = match self.sources.get_mut(at) {
            Some(Source::Link(link)) => link.packet(clock, &mut self.packet),
            Some(Source::Play { play, .. }) => {
                let written = play.next().is_some_and(|(segment, _)| {
                    snap = segment.snap;
                    segment.packet(&mut self.packet)
                });
                play.advance();
                written
            }
            Some(Source::Datagrams { rng, .. }) => {
                let mut payload = Vec::new();
                let (ends, dir): (Ends, Dir) = noise::datagram(&mut payload, rng);
                self.totals.datagrams += 1;
                synth::udp(&mut self.packet, &ends, dir, &payload)
            }
            Some(Source::Over) | None => false,
        };
        debug_assert!(whole, "a packet of more than 64 kB");
        let captured = self.packet.get(..snap).unwrap_or(&self.packet);
        write::packet(out, 0, Timestamp::from_nanos(clock), self.packet.len() as u32, captured, "");
        self.totals.packets += 1;
        self.totals.bytes += (out.len() - before) as u64;
    }
}

/// What random numbers are for; the low half is a connection's number.
const TALK: u64 = 1 << 32;
const NETWORK: u64 = 2 << 32;
const OTHERS: u64 = 4 << 32;
const PLACES: u64 = 8 << 32;
const DATAGRAMS: u64 = 16 << 32;
const SCRIPTS: u64 = 32 << 32;

/// 2023-11-14T22:13:20Z, as in scripts.
const START: i64 = 1_700_000_000_000_000_000;

/// What is appended at a time.
const BLOCK: usize = 256 << 10;

/// Of workloads for which no size is asked.
const DEFAULT_SIZE: Size = Size(10_000_000);

/// More than these wait until others have ended: each takes some kB of memory.
const MOST_AT_ONCE: u32 = 10_000;

/// What closing a connection takes in the capture, about.
const CLOSING_BYTES: u64 = 900;
