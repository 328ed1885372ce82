//! What decodes: a set of shards with the tools that they share.

use crate::capture::source::Packet;
use crate::event::Carried;
use crate::packet::segment::{FlowKey, Segment};
use crate::tcp::History;
use crate::ws::deflate::Inflater;
use crate::ws::session::{Budget, Tools};

use super::config::Config;
use super::shard::{Context, SHARDS, Shard};
use super::tell::{Counts, Teller};
use crate::observe::Observer;

/// Decodes the flows of its shards; one for each thread.
pub(super) struct Worker<'a, O: Observer> {
    config: &'a Config,
    shards: Vec<Shard>,
    budgets: Vec<Budget>,
    inflater: Inflater,
    scratch: Vec<u8>,
    spare: Vec<u8>,
    pub(super) teller: Teller<O>,
}

/// What a worker counted, for the summary.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) counts: Counts,
    pub(super) tcp_connections: u64,
    pub(super) too_heavy: u64,
    pub(super) carried: Carried,
}

/// The shard of a flow: from the key alone, the same in every run.
#[inline]
pub(super) fn shard_of(key: &FlowKey) -> usize {
    key.lot() as usize % SHARDS
}

impl<'a, O: Observer> Worker<'a, O> {
    pub(super) fn new(config: &'a Config, observer: O, numbered: bool) -> Self {
        Self {
            config,
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            budgets: vec![Budget::default(); SHARDS],
            inflater: Inflater::default(),
            scratch: Vec::new(),
            spare: Vec::new(),
            teller: Teller::new(observer, numbered, config.numbering.clone()),
        }
    }

    /// Decodes a segment of shard `shard`; `packet` is the one that it came with.
    #[inline]
    pub(super) fn segment(
        &mut self,
        shard: usize,
        s: &Segment<'_>,
        packet: Option<&Packet>,
        history: &impl History,
    ) {
        let Some(flows) = self.shards.get_mut(shard) else { return };
        let index = flows.find(s);
        // Places are noted of all packets.
        if !O::PACKETS && flows.acknowledgement(index, s) {
            return;
        }
        self.teller.packet = s.at.packet;
        self.with(shard, history, |shard, cx| shard.segment(index, s, packet, cx));
    }

    /// The capture is over: ends all flows.
    pub(super) fn finish(&mut self, history: &impl History) {
        self.teller.packet = u64::MAX;
        let mut order: Vec<_> = self
            .shards
            .iter()
            .enumerate()
            .flat_map(|(shard, flows)| flows.order().map(move |(key, n)| (key, shard, n)))
            .collect();
        order.sort_unstable();
        for (_, shard, n) in order {
            self.with(shard, history, |shard, cx| shard.finish(n, cx));
        }
    }

    /// What was counted over the whole run.
    pub(super) fn tally(&self) -> Tally {
        let mut tally = Tally { counts: self.teller.counts, ..Tally::default() };
        for shard in &self.shards {
            tally.tcp_connections += shard.tcp_connections;
            tally.too_heavy += shard.too_heavy;
            tally.carried.add(&shard.carried);
        }
        tally
    }

    #[inline]
    fn with<H: History>(
        &mut self,
        shard: usize,
        history: &H,
        run: impl FnOnce(&mut Shard, &mut Context<'_, O, H>),
    ) {
        let (Some(flows), Some(budget)) = (self.shards.get_mut(shard), self.budgets.get_mut(shard)) else {
            return;
        };
        let tools = Tools {
            limits: &self.config.limits,
            want: self.config.want,
            inflater: &mut self.inflater,
            scratch: &mut self.scratch,
            spare: &mut self.spare,
            budget,
        };
        let Config { decode_as, checkpoints, .. } = self.config;
        let checkpoints = checkpoints.as_deref();
        let mut cx = Context { tools, teller: &mut self.teller, history, decode_as, checkpoints };
        run(flows, &mut cx);
    }
}
