//! States of connections between two packets: what comes later can be decoded without what came before.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::capture::source::{Block, Source, Status};
use crate::event::ConnectionId;
use crate::item::At;
use crate::packet::Decoder;
use crate::packet::segment::{Endpoint, FlowKey, Place};
use crate::tcp::{self, Output};
use crate::ws::deflate::Inflater;
use crate::ws::fact::{Listener, Out};
use crate::ws::session::{Budget, Session, Tools};

use super::config::Config;

/// Bytes of messages that are not complete, or wait for others, in a state that is kept.
const OPEN: usize = 64 << 10;

/// What a packet or a frame costs, in bytes of payload that cost as much.
pub(super) const EACH: u64 = 256;

/// The state of a WebSocket connection behind one of its packets.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    pub(super) key: FlowKey,
    /// The connection's client and server.
    pub(super) ends: [Endpoint; 2],
    /// The last packet of the flow, and where something was last put out.
    pub(super) last: [At; 2],
    pub(super) tcp: tcp::Connection,
    pub(super) session: Session,
    /// The presumed client is the server.
    pub(super) flipped: bool,
    /// Counts what was decoded before it, in steps of [`Checkpoints::new`].
    pub(super) nth: u64,
}

/// States that are kept of all connections, within a bound.
#[derive(Debug)]
pub struct Checkpoints {
    every: u64,
    room: usize,
    /// Only those are kept whose `nth` is a multiple.
    stride: AtomicU64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    of: HashMap<ConnectionId, Vec<Arc<Checkpoint>>>,
    bytes: usize,
}

impl Checkpoint {
    /// The number of the last packet before it.
    #[must_use]
    pub const fn packet(&self) -> u64 {
        self.last[0].packet
    }

    /// Bytes of memory; `None` where it is not worth keeping.
    fn bytes(&self) -> Option<usize> {
        let [open, history] = self.session.carried()?;
        let open = open + self.tcp.held();
        (open <= OPEN).then_some(size_of::<Self>() + open + history)
    }

    /// Decodes the packets that follow, and tells what is in them until `out` says that it is enough. Nothing is
    /// checked against rules, and retransmissions are not compared with what came before.
    ///
    /// # Errors
    /// Where the source cannot be read.
    pub fn resume(
        &self,
        source: &mut dyn Source,
        config: &Config,
        out: &mut dyn FnMut(&Out<'_>) -> bool,
    ) -> io::Result<()> {
        let limits = &config.limits;
        let (mut tcp, session) = (self.tcp.clone(), self.session.clone());
        let (mut inflater, mut budget) = (Inflater::default(), Budget::default());
        let (mut scratch, mut spare) = (Vec::new(), Vec::new());
        session.charge(&mut budget);
        let (inflater, scratch, spare, budget) = (&mut inflater, &mut scratch, &mut spare, &mut budget);
        let tools = Tools { limits, want: config.want, inflater, scratch, spare, budget };
        let [mut last, put] = self.last;
        let mut rest = Rest { session, flipped: self.flipped, last: put, tools, out, goes_on: true };
        let (mut decoder, mut block) = (Decoder::new(limits), Block::default());
        loop {
            let status = source.fill(&mut block)?;
            for (packet, number) in block.packets.iter().zip(&block.numbers) {
                let at = At { packet: *number, time: packet.time };
                decoder.decode(packet, block.packet(packet), Place::default(), at, &mut |segment| {
                    if segment.key == self.key && !tcp.closed() {
                        last = at;
                        tcp.segment(&segment, limits, &(), &mut |output| rest.put(output));
                    }
                });
                if !rest.goes_on {
                    return Ok(());
                }
            }
            if status == Status::End || tcp.closed() {
                tcp.finish(last, &mut |output| rest.put(output));
                rest.finish();
                return Ok(());
            }
        }
    }
}

/// What is above TCP while the rest of a connection is decoded.
struct Rest<'a, 't> {
    session: Session,
    flipped: bool,
    /// Where something was last put out.
    last: At,
    tools: Tools<'t>,
    out: &'a mut dyn FnMut(&Out<'_>) -> bool,
    goes_on: bool,
}

impl Rest<'_, '_> {
    fn put(&mut self, output: Output<'_>) {
        let Output::Item { dir, item, at } = output else { return };
        let Self { session, flipped, last, tools, out, goes_on } = self;
        *last = at;
        let dir = if *flipped { dir.other() } else { dir };
        session.feed(dir, item, at, tools, &mut Ears { out, goes_on });
    }

    fn finish(&mut self) {
        let Self { session, last, tools, out, goes_on, .. } = self;
        session.finish(*last, tools, &mut Ears { out, goes_on });
    }
}

/// Listens until it is enough.
struct Ears<'a> {
    out: &'a mut dyn FnMut(&Out<'_>) -> bool,
    goes_on: &'a mut bool,
}

impl Listener for Ears<'_> {
    fn tell(&mut self, out: Out<'_>) {
        *self.goes_on = *self.goes_on && (self.out)(&out);
    }
}

impl Checkpoints {
    /// Keeps a state of each connection every so often: `every` is in bytes of payload, of which a packet and a frame
    /// count as 256 each. All states together take no more than `room` bytes: where there would be more, every second
    /// one goes.
    #[must_use]
    pub fn new(every: u64, room: usize) -> Self {
        Self { every: every.max(1), room, stride: AtomicU64::new(1), kept: Mutex::default() }
    }

    /// The last state of a connection before a frame began, by its number.
    #[must_use]
    pub fn before(&self, id: ConnectionId, ends: [Endpoint; 2], frame: u64) -> Option<Arc<Checkpoint>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_before = |state: &&Arc<Checkpoint>| state.ends == ends && state.session.frames() < frame;
        kept.of.get(&id)?.iter().rev().find(is_before).cloned()
    }

    /// Bytes of memory that the states take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }

    /// How many steps of a connection `work` is.
    #[inline]
    pub(super) const fn steps(&self, work: u64) -> u64 {
        work / self.every
    }

    /// A state after so many steps would be kept.
    pub(super) fn wants(&self, nth: u64) -> bool {
        nth.is_multiple_of(self.stride.load(Ordering::Relaxed))
    }

    /// Keeps a state; says whether it is worth that.
    pub(super) fn keep(&self, id: ConnectionId, state: Checkpoint) -> bool {
        let Some(bytes) = state.bytes() else { return false };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += bytes;
        kept.of.entry(id).or_default().push(Arc::new(state));
        while kept.bytes > self.room {
            let stride = self.stride.load(Ordering::Relaxed).saturating_mul(2);
            self.stride.store(stride, Ordering::Relaxed);
            kept.thin(stride);
        }
        true
    }
}

impl Kept {
    fn thin(&mut self, stride: u64) {
        for states in self.of.values_mut() {
            states.retain(|state| state.nth.is_multiple_of(stride));
            states.shrink_to_fit();
        }
        self.of.retain(|_, states| !states.is_empty());
        self.bytes = self.of.values().flatten().filter_map(|state| state.bytes()).sum();
    }
}
