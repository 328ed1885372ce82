//! A run: from the source through the workers to the sink, in one thread or several.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::capture::source::{Block, CaptureFacts, Numbered, Packet, Source, Status};
use crate::event::Summary;
use crate::item::At;
use crate::packet::Decoder;
use crate::packet::segment::{Flags, FlowKey, Place, Segment};
use crate::rules::{Finding, capture};

use super::config::Config;
use super::merge::{Lane, Made, Merge};
use super::recent::{Pool, Recent};
use super::worker::{Tally, Worker, shard_of};
use crate::observe::{Observer, Sink};

/// Packets after which output is looked at, and how much of it there must be to be written.
const STEP: usize = 32;
const ENOUGH: usize = 128 << 10;

/// Batches, and parts of output, that may wait between two threads.
const QUEUE: usize = 4;

/// Bytes of output after which a worker hands over what it has of a block.
const PART: usize = 256 << 10;

/// Decodes all of `source` and delivers what `observer` makes of it to `sink`, in capture order.
///
/// `progress` is told the bytes read so far, after each block.
///
/// # Errors
/// Where the source cannot be read or is no capture, or the sink fails. What was decoded before a
/// reading error has been delivered.
pub fn run<O, S>(
    source: &mut dyn Source,
    config: &Config,
    observer: &dyn Fn() -> O,
    sink: &mut S,
    progress: &(dyn Fn(u64) + Sync),
) -> io::Result<Summary>
where
    O: Observer,
    S: Sink<O::Record>,
{
    let mut reader = Reader::new(source, config, progress);
    let (tally, found) = if config.threads <= 1 {
        inline(&mut reader, config, observer(), sink)?
    } else {
        threaded(&mut reader, config, observer, sink)?
    };
    let summary = reader.summary(&tally, found);
    sink.finish(&summary)?;
    Ok(summary)
}

/// Reads blocks and cuts their packets into segments.
struct Reader<'a> {
    source: &'a mut dyn Source,
    decoder: Decoder,
    pool: Pool,
    progress: &'a (dyn Fn(u64) + Sync),
    serial: u32,
    start: Option<At>,
    packets: u64,
    bytes: u64,
    longest: usize,
    /// Packets longer than that.
    too_long: u64,
}

impl<'a> Reader<'a> {
    fn new(source: &'a mut dyn Source, config: &Config, progress: &'a (dyn Fn(u64) + Sync)) -> Self {
        let decoder = Decoder::new(&config.limits);
        Self {
            source,
            decoder,
            pool: Pool::default(),
            progress,
            serial: 0,
            start: None,
            packets: 0,
            bytes: 0,
            longest: config.limits.packet_bytes,
            too_long: 0,
        }
    }

    /// The next block; `true` = it is the last. Where nothing has come for a moment, it is empty, and brings no
    /// more than a pause.
    fn block(&mut self) -> io::Result<(Arc<Block>, bool)> {
        let mut block = self.pool.take();
        let status = self.source.fill(&mut block)?;
        if status == Status::Quiet {
            block.bytes.clear();
            block.packets.clear();
        }
        // Empty blocks are not kept, and those that are have numbers without gaps.
        if !block.bytes.is_empty() {
            self.serial = self.serial.wrapping_add(1).max(1);
        }
        block.serial = self.serial;
        if self.start.is_none() {
            self.start = block.packets.first().map(|packet| At { packet: 1, time: packet.time });
        }
        (self.progress)(self.source.facts().bytes_read);
        Ok((Arc::new(block), status == Status::End))
    }

    /// Cuts packets of a block into segments; the first of them is the block's `first`.
    #[inline]
    fn segments(
        &mut self,
        block: &Block,
        first: usize,
        packets: &[Packet],
        mut out: impl FnMut(usize, &Segment<'_>),
    ) {
        for (index, packet) in (first..).zip(packets) {
            self.packets += 1;
            self.bytes += u64::from(packet.len);
            let number = block.numbers.get(index).copied().unwrap_or(self.packets);
            let at = At { packet: number, time: packet.time };
            let place = Place { block: block.serial, offset: packet.offset };
            let mut bytes = block.packet(packet);
            let mut cut = *packet;
            if bytes.len() > self.longest {
                bytes = bytes.get(..self.longest).unwrap_or_default();
                cut.len = bytes.len() as u32;
                self.too_long += 1;
            }
            self.decoder.decode(&cut, bytes, place, at, &mut |segment| out(index, &segment));
        }
    }

    /// `found`: what was found over several connections.
    fn summary(&self, tally: &Tally, found: Vec<Finding>) -> Summary {
        let stats = self.decoder.stats();
        let CaptureFacts { damage, dropped, .. } = self.source.facts();
        let mut summary = Summary {
            start: self.start,
            packets: self.packets,
            bytes: self.bytes,
            skipped_packets: stats.skipped(),
            dropped_packets: *dropped,
            tcp_connections: tally.tcp_connections,
            connections: tally.counts.connections,
            frames: tally.counts.frames,
            messages: tally.counts.messages,
            findings: tally.counts.findings,
            carried: tally.carried,
            unknown_links: stats.unknown_links.iter().map(|(link, packets)| (link.0, *packets)).collect(),
            damage: damage.clone(),
            capture_findings: found,
        };
        let mut note = |rule, text| summary.capture_findings.push(Finding::whole_capture(rule, text));
        if tally.carried.tls > 0 {
            let s = if tally.carried.tls == 1 { "" } else { "s" };
            note(
                &capture::ENCRYPTED,
                format!("{} TLS connection{s} without keys: not read", tally.carried.tls),
            );
        }
        for (count, what) in [
            (stats.fragments_over_limit, "IP fragments were dropped: too many were waiting at once"),
            (
                stats.fragments_timed_out,
                "IP fragments were dropped: the rest of their packets did not come in time",
            ),
            (stats.too_deep, "packets were passed over: tunnels within tunnels beyond the limit"),
            (self.too_long, "packets were cut short: they are longer than the limit"),
            (tally.too_heavy, "TCP connections were dropped: too many bytes were held for all of them"),
        ] {
            if count > 0 {
                note(&capture::LIMIT, format!("{count} {what}"));
            }
        }
        for damage in damage {
            note(&capture::FILE_CUT, damage.clone());
        }
        for finding in &summary.capture_findings {
            summary.findings[finding.rule.level as usize] += finding.more.max(1);
        }
        summary
    }
}

/// All in the caller's thread.
fn inline<O: Observer, S: Sink<O::Record>>(
    reader: &mut Reader<'_>,
    config: &Config,
    observer: O,
    sink: &mut S,
) -> io::Result<(Tally, Vec<Finding>)> {
    let mut worker = Worker::new(config, observer, true);
    let mut recent = Recent::default();
    let mut merge = Merge::new(config.limits.keys);
    let (mut lane, mut made) = ([Lane::default()], Made::default());
    loop {
        let (block, last) = reader.block()?;
        recent.push(Arc::clone(&block), |old| reader.pool.give(old));
        // Output goes out while the caches still hold it.
        for (step, packets) in block.packets.chunks(STEP).enumerate() {
            reader.segments(&block, step * STEP, packets, |index, segment| {
                worker.segment(shard_of(&segment.key), segment, block.packets.get(index), &recent);
            });
            let outbox = &mut worker.teller.outbox;
            // Records may name ranges of the bytes.
            if outbox.bytes.len() > ENOUGH && outbox.records.is_empty() {
                sink.bytes(&outbox.bytes)?;
                outbox.bytes.clear();
            }
        }
        drop(block);
        if last {
            worker.finish(&recent);
        }
        let ready = worker.made(made, true);
        sink.bytes(&ready.outbox.bytes)?;
        lane[0].load(ready);
        merge.deliver(&mut lane, |_, _| {}, sink)?;
        made = lane[0].load(Made::default());
        if last {
            return Ok((worker.tally(), merge.book.finish()));
        }
    }
}

/// What the reader hands a worker.
struct Batch {
    block: Arc<Block>,
    /// Payloads that lie in no block: of reassembled IP packets.
    own: Vec<u8>,
    /// Packets that brought fragments of these.
    earlier: Vec<Numbered>,
    segments: Vec<Descriptor>,
}

/// A segment whose payload is found by its place.
#[derive(Clone, Copy)]
struct Descriptor {
    key: FlowKey,
    at: At,
    seq: u32,
    ack: u32,
    place: Place,
    len: u32,
    cut: u32,
    /// The packet's place in its block.
    packet: u32,
    /// Where its packets begin in [`Batch::earlier`], and how many they are.
    earlier: [u32; 2],
    flags: Flags,
    from_low: bool,
    shard: u8,
}

impl Batch {
    /// A batch for `block` in the memory of one that came back, if one did.
    fn new(block: &Arc<Block>, used: &Receiver<Self>) -> Self {
        let mut batch = used.try_recv().unwrap_or_else(|_| Self {
            block: Arc::clone(block),
            own: Vec::new(),
            earlier: Vec::new(),
            segments: Vec::new(),
        });
        batch.block = Arc::clone(block);
        batch.own.clear();
        batch.earlier.clear();
        batch.segments.clear();
        batch
    }

    fn push(&mut self, s: &Segment<'_>, shard: usize, packet: usize) {
        let mut place = s.place;
        if place.block == 0 {
            place.offset = self.own.len() as u32;
            self.own.extend_from_slice(s.payload);
        }
        let earlier = [self.earlier.len() as u32, s.earlier.len() as u32];
        self.earlier.extend_from_slice(s.earlier);
        self.segments.push(Descriptor {
            key: s.key,
            at: s.at,
            seq: s.seq,
            ack: s.ack,
            place,
            len: s.payload.len() as u32,
            cut: s.cut,
            packet: packet as u32,
            earlier,
            flags: s.flags,
            from_low: s.from_low,
            shard: shard as u8,
        });
    }

    fn segment(&self, d: &Descriptor) -> Segment<'_> {
        let bytes = if d.place.block == 0 { &self.own } else { &self.block.bytes };
        let start = d.place.offset as usize;
        let [earlier, count] = d.earlier;
        Segment {
            key: d.key,
            from_low: d.from_low,
            at: d.at,
            seq: d.seq,
            ack: d.ack,
            flags: d.flags,
            payload: bytes.get(start..start + d.len as usize).unwrap_or_default(),
            cut: d.cut,
            place: d.place,
            earlier: self.earlier.get(earlier as usize..(earlier + count) as usize).unwrap_or_default(),
        }
    }
}

/// One thread reads, `config.threads` decode, the caller's merges and writes.
fn threaded<O: Observer, S: Sink<O::Record>>(
    reader: &mut Reader<'_>,
    config: &Config,
    observer: &dyn Fn() -> O,
    sink: &mut S,
) -> io::Result<(Tally, Vec<Finding>)> {
    thread::scope(|scope| {
        let mut inputs = Vec::new();
        let mut outputs = Vec::new();
        let mut workers = Vec::new();
        for _ in 0..config.threads {
            let (input, batches) = sync_channel::<Batch>(QUEUE);
            let (done, used) = sync_channel::<Batch>(QUEUE + 2);
            let (made, output) = sync_channel::<Made<O::Record>>(QUEUE);
            let (back, again) = sync_channel::<Made<O::Record>>(QUEUE + 2);
            let worker = Worker::new(config, observer(), false);
            workers.push(scope.spawn(move || work(worker, &batches, &done, &made, &again)));
            inputs.push((input, used));
            outputs.push((output, back));
        }
        let reading = scope.spawn(move || read(reader, inputs));
        let merged = merge(&outputs, config.limits.keys, sink);
        // Where the sink failed, this ends the workers, and they the reader.
        drop(outputs);
        let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let mut total = Tally::default();
        for worker in workers {
            let tally = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            total.add(&tally);
        }
        let found = merged?;
        read.map(|()| (total, found))
    })
}

/// A worker's queue, and the batches that it is done with.
type Input = (SyncSender<Batch>, Receiver<Batch>);

fn read(reader: &mut Reader<'_>, inputs: Vec<Input>) -> io::Result<()> {
    loop {
        let (block, last) = reader.block()?;
        let mut batches: Vec<Batch> = inputs.iter().map(|(_, used)| Batch::new(&block, used)).collect();
        let count = batches.len();
        reader.segments(&block, 0, &block.packets, |index, segment| {
            let shard = shard_of(&segment.key);
            if let Some(batch) = batches.get_mut(shard % count) {
                batch.push(segment, shard, index);
            }
        });
        reader.pool.give(block);
        for ((input, _), batch) in inputs.iter().zip(batches) {
            if input.send(batch).is_err() {
                return Ok(());
            }
        }
        if last {
            return Ok(());
        }
    }
}

fn work<O: Observer>(
    mut worker: Worker<'_, O>,
    batches: &Receiver<Batch>,
    done: &SyncSender<Batch>,
    made: &SyncSender<Made<O::Record>>,
    again: &Receiver<Made<O::Record>>,
) -> Tally {
    let mut recent = Recent::default();
    let used = || again.try_recv().unwrap_or_default();
    for batch in batches {
        recent.push(Arc::clone(&batch.block), drop);
        let mut at = None;
        for descriptor in &batch.segments {
            // While the caches hold it; never between two segments of a packet, whose runs are ordered together.
            if worker.teller.outbox.bytes.len() > PART
                && at != Some(descriptor.packet)
                && made.send(worker.made(used(), false)).is_err()
            {
                return worker.tally();
            }
            at = Some(descriptor.packet);
            let packet = batch.block.packets.get(descriptor.packet as usize);
            worker.segment(usize::from(descriptor.shard), &batch.segment(descriptor), packet, &recent);
        }
        // A reader that is done needs it no more.
        let _ = done.try_send(batch);
        if made.send(worker.made(used(), true)).is_err() {
            return worker.tally();
        }
    }
    worker.finish(&recent);
    // A sink that failed waits for nothing.
    let _ = made.send(worker.made(used(), true));
    worker.tally()
}

type Output<R> = (Receiver<Made<R>>, SyncSender<Made<R>>);

fn merge<R, S: Sink<R>>(outputs: &[Output<R>], keys: usize, sink: &mut S) -> io::Result<Vec<Finding>> {
    let mut merge = Merge::new(keys);
    let mut lanes: Vec<Lane<R>> = outputs.iter().map(|_| Lane::default()).collect();
    // Whether there was more; a worker that is done needs what comes back no more.
    let more = |n: usize, lane: &mut Lane<R>| {
        let next = outputs.get(n).and_then(|(output, back)| Some((output.recv().ok()?, back)));
        let Some((made, back)) = next else {
            lane.end();
            return false;
        };
        let _ = back.try_send(lane.load(made));
        true
    };
    loop {
        let mut over = true;
        for (n, lane) in lanes.iter_mut().enumerate() {
            over &= !more(n, lane);
        }
        if over {
            return Ok(merge.book.finish());
        }
        merge.deliver(&mut lanes, |n, lane| _ = more(n, lane), sink)?;
    }
}

impl<O: Observer> Worker<'_, O> {
    /// Takes out what was made, and goes on with `empty`. `last` = the block is over.
    fn made(&mut self, empty: Made<O::Record>, last: bool) -> Made<O::Record> {
        let Made { outbox, runs, begun, .. } = empty;
        Made {
            outbox: std::mem::replace(&mut self.teller.outbox, outbox),
            runs: std::mem::replace(&mut self.teller.runs, runs),
            begun: std::mem::replace(&mut self.teller.begun, begun),
            last,
        }
    }
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.counts.add(&other.counts);
        self.tcp_connections += other.tcp_connections;
        self.too_heavy += other.too_heavy;
        self.carried.add(&other.carried);
    }
}
