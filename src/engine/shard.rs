//! The flows of one virtual shard. There are always [`SHARDS`], whatever the number of threads, so that
//! what a full table drops does not depend on it.

use std::collections::{HashMap, VecDeque};

use crate::capture::places::Writer;
use crate::capture::source::{Numbered, Packet};
use crate::event::Carried;
use crate::item::{At, Dir};
use crate::packet::segment::{FlowKey, Segment};
use crate::tcp::{self, History, Output};
use crate::ws::session::Tools;

use super::checkpoint::{Checkpoints, EACH};
use super::stack::{Carries, Cx, Flow as FlowFacts, Stack};
use super::tell::Teller;
use crate::observe::Observer;

/// How many virtual shards flows are dealt to.
pub(super) const SHARDS: usize = 64;

/// Closed flows that are remembered, so that late retransmissions do not look like new connections.
const LINGERING: usize = 32;

/// Bytes of places that wait for a segment with a payload.
const HEAP: usize = 256;

/// What a shard decodes with: its worker's tools and the run's settings.
pub(super) struct Context<'a, O: Observer, H: History> {
    pub(super) tools: Tools<'a>,
    pub(super) teller: &'a mut Teller<O>,
    pub(super) history: &'a H,
    pub(super) decode_as: &'a [u16],
    pub(super) checkpoints: Option<&'a Checkpoints>,
}

/// A set of flows.
#[derive(Debug, Default)]
pub(super) struct Shard {
    table: HashMap<FlowKey, u32, foldhash::fast::RandomState>,
    flows: Vec<Option<Box<Flow>>>,
    free: Vec<u32>,
    closed: VecDeque<u32>,
    /// Bytes that the flows hold, as [`Flow::held`] counts.
    held: usize,
    pub(super) tcp_connections: u64,
    /// Flows that were dropped because all together held too much.
    pub(super) too_heavy: u64,
    pub(super) carried: Carried,
}

/// What every packet touches stands first.
#[derive(Debug)]
#[repr(C)]
struct Flow {
    last: At,
    /// As [`Stack::waits`], which is further away.
    waits: bool,
    closed: bool,
    /// Bytes that it holds besides messages and inflate histories, as counted in the shard.
    held: usize,
    stack: Stack,
    tcp: tcp::Connection,
    key: FlowKey,
    opened: At,
    /// What the stack may ask of the flow; kept true until a WebSocket is open.
    facts: FlowFacts,
    /// Its packets that the observer has not been told of, where it asks for them.
    places: Option<Box<Writer>>,
    /// Bytes of its packets, and what each of them costs: where states are kept.
    work: u64,
    /// Steps of work at the last of these.
    marked: u64,
}

impl Shard {
    /// The flow of a segment, where it is known.
    #[inline]
    pub(super) fn find(&self, s: &Segment<'_>) -> Option<u32> {
        self.table.get(&s.key).copied()
    }

    /// Takes a segment that does no more than acknowledge what was seen, as half of them do. `false` = it was not
    /// taken: it may be another.
    #[inline]
    pub(super) fn acknowledgement(&mut self, index: Option<u32>, s: &Segment<'_>) -> bool {
        let flow = index.and_then(|index| self.flows.get_mut(index as usize)?.as_mut());
        let Some(flow) = flow.filter(|flow| !flow.waits) else { return false };
        let only = flow.tcp.acknowledgement(s);
        if only {
            flow.last = s.at;
        }
        only
    }

    /// Takes a segment of one of its flows, which is that at `index` if there is one.
    #[inline]
    pub(super) fn segment<O: Observer, H: History>(
        &mut self,
        index: Option<u32>,
        s: &Segment<'_>,
        packet: Option<&Packet>,
        cx: &mut Context<'_, O, H>,
    ) {
        let index = match index {
            Some(index) => index,
            None if s.flags.syn() || !s.payload.is_empty() => self.open(s, cx),
            None => return,
        };
        let Some(Some(flow)) = self.flows.get_mut(index as usize) else { return };
        if s.flags.syn() && flow.tcp.is_new_connection(s) {
            let mut old = std::mem::replace(flow, Box::new(Flow::new(s, cx.decode_as)));
            self.tcp_connections += 1;
            old.finish(s.at, false, cx);
            self.held -= old.held;
            self.count(&old);
        }
        let Some(Some(flow)) = self.flows.get_mut(index as usize) else { return };
        if O::PACKETS {
            if let Some(checkpoints) = cx.checkpoints {
                flow.checkpoint(s, checkpoints);
            }
            flow.note(s, packet, cx);
        }
        flow.segment(s, cx);
        if O::PACKETS {
            flow.hand_over(!s.payload.is_empty(), cx);
        }
        let closes = flow.tcp.closed() && !flow.closed;
        if closes {
            flow.closed = true;
            flow.finish(s.at, false, cx);
        }
        let held = flow.tcp.held() + flow.stack.held();
        self.held = self.held + held - std::mem::replace(&mut flow.held, held);
        if closes {
            self.linger(index);
        }
        if self.held > cx.tools.limits.shard_held_bytes {
            self.lighten(s.at, cx);
        }
    }

    /// The capture is over for the flow at this place.
    pub(super) fn finish<O: Observer, H: History>(&mut self, n: usize, cx: &mut Context<'_, O, H>) {
        if let Some(mut flow) = self.flows.get_mut(n).and_then(Option::take) {
            flow.finish(flow.last, false, cx);
            self.count(&flow);
        }
    }

    /// The flows there are, with the key by which their records are ordered where they end at once.
    pub(super) fn order(&self) -> impl Iterator<Item = ((u64, u64), usize)> {
        self.flows.iter().enumerate().filter_map(|(n, flow)| Some((flow.as_ref()?.order(), n)))
    }

    #[cold]
    fn open<O: Observer, H: History>(&mut self, s: &Segment<'_>, cx: &mut Context<'_, O, H>) -> u32 {
        if self.table.len() >= (cx.tools.limits.connections / SHARDS).max(1) {
            self.make_room(s.at, cx);
        }
        self.tcp_connections += 1;
        let flow = Some(Box::new(Flow::new(s, cx.decode_as)));
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                self.flows.push(None);
                self.flows.len() as u32 - 1
            }
        };
        if let Some(slot) = self.flows.get_mut(index as usize) {
            *slot = flow;
        }
        self.table.insert(s.key, index);
        index
    }

    /// Drops a sixteenth of the flows: the least recently active first, WebSockets last.
    fn make_room<O: Observer, H: History>(&mut self, at: At, cx: &mut Context<'_, O, H>) {
        let mut idle: Vec<(bool, u64, u32)> = (0u32..)
            .zip(&self.flows)
            .filter_map(|(n, flow)| {
                flow.as_ref().map(|flow| (flow.stack.is_websocket(), flow.last.packet, n))
            })
            .collect();
        let count = (idle.len() / 16).max(1).min(idle.len());
        if count < idle.len() {
            idle.select_nth_unstable(count);
        }
        idle.truncate(count);
        self.evict(idle.into_iter().map(|(_, _, n)| n).collect(), at, cx);
    }

    /// Drops the flows that hold most, until a quarter of what may be held is free.
    #[cold]
    fn lighten<O: Observer, H: History>(&mut self, at: At, cx: &mut Context<'_, O, H>) {
        let mut heavy: Vec<(usize, u32)> = (0u32..)
            .zip(&self.flows)
            .filter_map(|(n, flow)| Some((flow.as_ref()?.held, n)))
            .filter(|(held, _)| *held > 0)
            .collect();
        heavy.sort_unstable_by(|a, b| b.cmp(a));
        let mut excess = self.held.saturating_sub(cx.tools.limits.shard_held_bytes / 4 * 3);
        let count = heavy.iter().take_while(|(held, _)| {
            let goes = excess > 0;
            excess = excess.saturating_sub(*held);
            goes
        });
        let count = count.count();
        heavy.truncate(count);
        self.too_heavy += count as u64;
        self.evict(heavy.into_iter().map(|(_, n)| n).collect(), at, cx);
    }

    fn evict<O: Observer, H: History>(&mut self, mut flows: Vec<u32>, at: At, cx: &mut Context<'_, O, H>) {
        // Numbers rise with time, so this order is the one in which the records must appear.
        flows.sort_unstable_by_key(|n| {
            let flow = self.flows.get(*n as usize).and_then(Option::as_ref);
            flow.map(|flow| flow.order())
        });
        for n in flows {
            self.remove(n, at, true, cx);
        }
        self.closed.retain(|n| self.flows.get(*n as usize).is_some_and(Option::is_some));
    }

    fn linger(&mut self, index: u32) {
        self.closed.push_back(index);
        if self.closed.len() > LINGERING
            && let Some(oldest) = self.closed.pop_front()
            && let Some(flow) =
                self.flows.get_mut(oldest as usize).and_then(|flow| flow.take_if(|flow| flow.closed))
        {
            self.table.remove(&flow.key);
            self.free.push(oldest);
            self.held -= flow.held;
            self.count(&flow);
        }
    }

    fn remove<O: Observer, H: History>(&mut self, n: u32, at: At, evicted: bool, cx: &mut Context<'_, O, H>) {
        let Some(mut flow) = self.flows.get_mut(n as usize).and_then(Option::take) else { return };
        self.table.remove(&flow.key);
        self.free.push(n);
        flow.finish(at, evicted, cx);
        self.held -= flow.held;
        self.count(&flow);
    }

    fn count(&mut self, flow: &Flow) {
        let carried = &mut self.carried;
        match flow.stack.carries() {
            Carries::Nothing => carried.empty += 1,
            Carries::Tls => carried.tls += 1,
            Carries::Http1 => carried.http1 += 1,
            Carries::Http2 => carried.http2 += 1,
            Carries::Other => carried.other += 1,
            Carries::WebSocket => {}
        }
    }
}

impl Flow {
    fn new(s: &Segment<'_>, decode_as: &[u16]) -> Self {
        let tcp = tcp::Connection::new(s);
        let FlowKey { low, high } = s.key;
        let facts = FlowFacts {
            opened: s.at,
            ends: if tcp.client_is_low() { [low, high] } else { [high, low] },
            start_seen: false,
            heard: [false; 2],
            unacked: [0; 2],
            holes: [false; 2],
            forced: decode_as.iter().any(|port| [low.port(), high.port()].contains(port)),
        };
        Self {
            last: s.at,
            waits: false,
            closed: false,
            held: 0,
            stack: Stack::new(),
            tcp,
            key: s.key,
            opened: s.at,
            facts,
            places: None,
            work: 0,
            marked: 0,
        }
    }

    /// Connections are numbered in this order.
    fn order(&self) -> (u64, u64) {
        (self.stack.opened_at(), self.opened.packet)
    }

    #[inline]
    fn segment<O: Observer, H: History>(&mut self, s: &Segment<'_>, cx: &mut Context<'_, O, H>) {
        self.last = s.at;
        if !self.stack.is_websocket() {
            self.refresh();
        }
        let Context { tools, teller, history, .. } = cx;
        let Self { tcp, stack, facts, .. } = self;
        let limits = tools.limits;
        let mut cx = Cx { flow: facts, tools, teller };
        tcp.segment(s, limits, *history, &mut |output| stack.output(output, &mut cx));
        if stack.waits() {
            facts.unacked = Dir::BOTH.map(|dir| tcp.unacked(dir));
            facts.holes = Dir::BOTH.map(|dir| tcp.has_hole(dir));
            stack.segment(s.at, &mut Cx { flow: facts, tools, teller });
        }
        self.waits = stack.waits();
    }

    /// Keeps the state before the packet of a segment, where enough was done since the last time.
    #[inline]
    fn checkpoint(&mut self, s: &Segment<'_>, checkpoints: &Checkpoints) {
        self.work += s.payload.len() as u64 + EACH;
        let nth = checkpoints.steps(self.work + self.stack.work());
        // A packet may carry several segments: its places are told once.
        if nth != self.marked && s.at.packet != self.last.packet {
            let kept = !checkpoints.wants(nth)
                || self
                    .stack
                    .state(self.key, self.last, &self.tcp, nth)
                    .is_none_or(|(id, state)| checkpoints.keep(id, state));
            if kept {
                self.marked = nth;
            }
        }
    }

    /// Notes the packets of a segment. They reach the observer before anything that the segment completes.
    fn note<O: Observer, H: History>(
        &mut self,
        s: &Segment<'_>,
        packet: Option<&Packet>,
        cx: &mut Context<'_, O, H>,
    ) {
        if self.stack.is_hopeless() {
            self.places = None;
            return;
        }
        let Some(packet) = packet else { return };
        let places = self.places.get_or_insert_default();
        for earlier in s.earlier {
            places.push(earlier);
        }
        places.push(&Numbered { number: s.at.packet, packet: *packet });
        self.hand_over(!s.payload.is_empty(), cx);
    }

    /// Tells the observer of the packets noted, if there is a connection that they belong to. They are told
    /// in small heaps: `now` = also where there are few.
    fn hand_over<O: Observer, H: History>(&mut self, now: bool, cx: &mut Context<'_, O, H>) {
        if let Some(places) = &mut self.places
            && self.stack.had_connections()
            && (now && !places.bytes().is_empty() || places.bytes().len() > HEAP)
        {
            cx.teller.packets(self.opened.packet, places.bytes());
            places.clear();
        }
    }

    fn finish<O: Observer, H: History>(&mut self, at: At, evicted: bool, cx: &mut Context<'_, O, H>) {
        self.refresh();
        self.facts.unacked = Dir::BOTH.map(|dir| self.tcp.unacked(dir));
        let Context { tools, teller, .. } = cx;
        let Self { tcp, stack, facts, .. } = self;
        let mut inner = Cx { flow: facts, tools, teller };
        tcp.finish(at, &mut |output| stack.output(output, &mut inner));
        stack.finish(at, evicted, &mut inner);
        if O::PACKETS {
            self.hand_over(true, cx);
        }
    }

    fn refresh(&mut self) {
        self.facts.start_seen = self.tcp.start_seen();
        self.facts.heard = Dir::BOTH.map(|dir| self.tcp.counters(dir).packets > 0);
    }
}

impl Stack {
    #[inline]
    fn output<O: Observer>(&mut self, output: Output<'_>, cx: &mut Cx<'_, '_, O>) {
        match output {
            Output::Item { dir, item, at } => self.item(dir, item, at, cx),
            Output::Conflict { dir, at, offset, len } => self.conflict(dir, at, offset, len, cx),
            Output::Limit { dir, at, dropped } => self.out_of_order_limit(dir, at, dropped, cx),
        }
    }
}
