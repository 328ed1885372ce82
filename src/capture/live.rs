//! Interfaces as a source of packets: each is listened to by a thread of its own, and what they hear is merged
//! by time.
//!
//! What libpcap does is behind [`Tap`]; without it (`cfg(libpcap)`), [`open`] says how to get it.

mod devices;
#[cfg(libpcap)]
mod libpcap;
mod monitor;
mod options;
pub mod privileges;
mod ring;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::source::{Block, CaptureFacts, LinkType, Packet, Source, Status};
use super::write;
use crate::time::Timestamp;

pub use devices::{Device, devices};
pub use monitor::{Heard, Monitor};
pub use options::{OpenError, Options};

use ring::Ring;

/// How long packets of one interface wait for earlier ones of another.
const HOLD: Duration = Duration::from_millis(25);
/// After so long without packets, there is nothing for now.
const QUIET: Duration = Duration::from_millis(100);
/// How often an interface is asked how many packets it dropped.
const ASK: Duration = Duration::from_millis(500);
/// How long an interface may go on giving packets once it was told to stop.
const LAST: Duration = Duration::from_millis(500);
/// Bytes after which a block is handed on.
const BLOCK: usize = 256 << 10;

/// What an interface did when it was asked for a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// It gave one.
    Packet,
    /// There was none, for a tenth of a second at most.
    Nothing,
    /// There will be no more; why.
    Ended(String),
}

/// Counts of an interface since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets that passed the filter.
    pub received: u64,
    /// Of these, packets for which the kernel had no room.
    pub dropped: u64,
    /// Packets that the interface or its driver dropped.
    pub interface_dropped: u64,
}

/// What became of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// In words.
    pub text: String,
    /// From now on, nothing comes; `false` = all is well.
    pub trouble: bool,
}

/// An interface that is open.
pub trait Tap: Send {
    /// What is known of it.
    fn interface(&self) -> write::Interface;

    /// Waits for the next packet, for a tenth of a second at most, and gives its time, its length on the wire and
    /// its bytes to `take`.
    fn next(&mut self, take: &mut dyn FnMut(Timestamp, u32, &[u8])) -> Next;

    /// What it counted, where it can tell.
    fn counts(&mut self) -> Option<Counts>;

    /// What became of it since it was asked last, such as that it went down, if that is worth a remark.
    fn remark(&mut self) -> Option<Remark> {
        None
    }
}

/// Interfaces that are open, which may have taken rights that are not needed any more.
pub struct Opened {
    taps: Vec<Box<dyn Tap>>,
    options: Options,
}

/// Opens the interfaces that `options` name.
///
/// # Errors
/// Where one cannot be opened, or the filter is not understood.
pub fn open(options: &Options) -> Result<Opened, OpenError> {
    #[cfg(libpcap)]
    return Ok(Opened::new(libpcap::open(options)?, options));
    #[cfg(not(libpcap))]
    {
        let _ = options;
        Err(OpenError::NotBuilt)
    }
}

impl Opened {
    /// Of interfaces that were opened elsewhere.
    #[must_use]
    pub fn new(taps: Vec<Box<dyn Tap>>, options: &Options) -> Self {
        Self { taps, options: options.clone() }
    }

    /// What is known of the interfaces, in the order in which packets name them.
    #[must_use]
    pub fn interfaces(&self) -> Vec<write::Interface> {
        self.taps.iter().map(|tap| tap.interface()).collect()
    }

    /// Begins to listen.
    ///
    /// # Errors
    /// Where a thread cannot be started.
    pub fn start(self) -> io::Result<Live> {
        let Self { taps, options } = self;
        let interfaces: Vec<write::Interface> = taps.iter().map(|tap| tap.interface()).collect();
        let names: Vec<String> = interfaces.iter().map(|interface| interface.name.clone()).collect();
        let monitor = Arc::new(Monitor::new(&names, options.queue_bytes));
        let ring =
            Arc::new(Ring::new(interfaces.iter().map(|interface| interface.link), Arc::clone(&monitor)));
        let mut live = Live {
            lanes: taps.iter().map(|_| Lane::default()).collect(),
            ring,
            monitor,
            facts: CaptureFacts {
                compressed: vec![false; names.len()],
                sources: names,
                ..CaptureFacts::default()
            },
            hold: HOLD,
            started: Instant::now(),
            duration: options.duration,
            left: options.packets,
            stop: Arc::clone(&options.stop),
            threads: Vec::new(),
        };
        for (lane, mut tap) in taps.into_iter().enumerate() {
            let (ring, stop) = (Arc::clone(&live.ring), Arc::clone(&live.stop));
            let thread = thread::Builder::new().name(format!("capture-{lane}"));
            live.threads.push(thread.spawn(move || listen(&mut *tap, lane, &ring, &stop))?);
        }
        Ok(live)
    }
}

/// A thread's work: packets of an interface into the ring.
fn listen(tap: &mut dyn Tap, lane: usize, ring: &Ring, stop: &AtomicBool) {
    let monitor = ring.monitor();
    let mut asked = Instant::now();
    let mut since_asked = 0u32;
    let mut stopping: Option<Instant> = None;
    loop {
        let next = tap.next(&mut |time, wire_len, bytes| ring.push(lane, time, wire_len, bytes));
        if let Next::Ended(why) = &next {
            monitor.ended(lane, why);
            break;
        }
        // What had been captured when it was told to stop is not to be lost.
        if stop.load(Ordering::Relaxed) {
            let since = *stopping.get_or_insert_with(Instant::now);
            if next == Next::Nothing || ring.is_closed() || since.elapsed() > LAST {
                break;
            }
        }
        since_asked += 1;
        if (next == Next::Nothing || since_asked > 1_000) && asked.elapsed() > ASK {
            (asked, since_asked) = (Instant::now(), 0);
            if let Some(counts) = tap.counts() {
                monitor.counted(lane, counts);
            }
            if let Some(remark) = tap.remark() {
                monitor.remark(lane, &remark);
            }
        }
    }
    if let Some(counts) = tap.counts() {
        monitor.counted(lane, counts);
    }
    ring.end(lane);
}

/// Packets as interfaces give them. Ends when it is told to, after as many packets or as long as the options
/// say, or when no interface is left.
pub struct Live {
    lanes: Vec<Lane>,
    ring: Arc<Ring>,
    monitor: Arc<Monitor>,
    facts: CaptureFacts,
    /// [`HOLD`].
    hold: Duration,
    started: Instant,
    duration: Option<Duration>,
    /// Packets that may still come.
    left: Option<u64>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// What was taken from the ring of one interface.
#[derive(Debug, Default)]
struct Lane {
    chunk: Block,
    next: usize,
    /// When the last packet of the chunk came.
    came: Option<Instant>,
    ended: bool,
}

impl Lane {
    fn head(&self) -> Option<&Packet> {
        self.chunk.packets.get(self.next)
    }
}

impl Live {
    /// What is known while it runs, from any thread.
    #[must_use]
    pub fn monitor(&self) -> Arc<Monitor> {
        Arc::clone(&self.monitor)
    }

    /// Fetches what the lanes need that have nothing left.
    fn refill(&mut self) {
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            if lane.head().is_none() && !lane.ended {
                lane.next = 0;
                lane.chunk.packets.clear();
                match self.ring.take(index, &mut lane.chunk) {
                    ring::Taken::Packets(came) => lane.came = Some(came),
                    ring::Taken::Nothing => {}
                    ring::Taken::End => lane.ended = true,
                }
            }
        }
    }

    /// Moves packets to `block`, earliest first, as far as their order is certain. Where it is not yet, returns when
    /// it will be taken for certain.
    fn deliver(&mut self, block: &mut Block, now: Instant) -> Option<Instant> {
        if let [lane] = self.lanes.as_mut_slice() {
            if lane.head().is_some() {
                std::mem::swap(&mut block.bytes, &mut lane.chunk.bytes);
                std::mem::swap(&mut block.packets, &mut lane.chunk.packets);
            }
            return None;
        }
        while block.bytes.len() < BLOCK {
            // A lane that has nothing may still bring what is earlier than all others have.
            let silent = self.lanes.iter().any(|lane| lane.head().is_none() && !lane.ended);
            let heads = self.lanes.iter().enumerate();
            let earliest = heads.filter_map(|(index, lane)| Some((lane.head()?.time, index))).min();
            let (_, index) = earliest?;
            let lane = self.lanes.get_mut(index)?;
            let due = lane.came.map_or(now, |came| came + self.hold);
            if silent && due > now {
                return Some(due);
            }
            let packet = *lane.head()?;
            let offset = block.bytes.len() as u32;
            block.bytes.extend_from_slice(lane.chunk.packet(&packet));
            block.packets.push(Packet { offset, ..packet });
            lane.next += 1;
            if lane.head().is_none() {
                self.refill();
            }
        }
        None
    }

    /// Keeps to the number of packets that was asked for.
    fn count(&mut self, block: &mut Block) {
        if let Some(left) = &mut self.left {
            let room = usize::try_from(*left).unwrap_or(usize::MAX);
            block.packets.truncate(room);
            *left -= block.packets.len() as u64;
            if *left == 0 {
                self.stop.store(true, Ordering::Relaxed);
            }
        }
        self.monitor.took(&block.packets);
        self.facts.bytes_read += block.packets.iter().map(|packet| u64::from(packet.len)).sum::<u64>();
        self.facts.dropped = self.monitor.dropped();
    }

    /// Waits for the threads, whose last counts are then known.
    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.ring.close();
        for thread in self.threads.drain(..) {
            // One that panicked has told why.
            let _ = thread.join();
        }
        self.facts.dropped = self.monitor.dropped();
    }
}

impl Source for Live {
    fn fill(&mut self, block: &mut Block) -> io::Result<Status> {
        block.bytes.clear();
        block.packets.clear();
        // A small block in much room, and there may be thousands of them, would hold all of it.
        block.bytes.shrink_to(0);
        let begun = Instant::now();
        loop {
            let now = Instant::now();
            if self.duration.is_some_and(|duration| now - self.started >= duration) {
                self.stop.store(true, Ordering::Relaxed);
            }
            self.refill();
            let due = self.deliver(block, now);
            if !block.packets.is_empty() {
                self.count(block);
                if self.left == Some(0) {
                    self.end();
                    self.lanes.iter_mut().for_each(|lane| *lane = Lane { ended: true, ..Lane::default() });
                    return Ok(Status::End);
                }
                return Ok(Status::More);
            }
            if self.lanes.iter().all(|lane| lane.ended) {
                self.end();
                return Ok(Status::End);
            }
            let quiet = begun + QUIET;
            if now >= quiet {
                self.facts.dropped = self.monitor.dropped();
                return Ok(Status::Quiet);
            }
            let until = due.map_or(quiet, |due| due.min(quiet));
            self.ring.wait(until.saturating_duration_since(now));
        }
    }

    fn facts(&self) -> &CaptureFacts {
        &self.facts
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.end();
    }
}

/// libpcap's number of a link type to the one that files have.
#[cfg_attr(not(libpcap), allow(dead_code, reason = "only interfaces have such numbers"))]
fn link_type(dlt: i32) -> LinkType {
    match dlt {
        // Raw IP, whose number is the system's own.
        12 | 14 => LinkType(101),
        dlt => LinkType(u16::try_from(dlt).unwrap_or(u16::MAX)),
    }
}

#[cfg(test)]
mod tests;
