//! The inflater that all directions of a thread share.

use std::sync::atomic::{AtomicU64, Ordering};

use zlib_rs::{Inflate, InflateError, InflateFlush, Status};

use super::context::{Context, Held};
use super::history::{History, last};
use super::walk::{End, walk};
use super::{Exceeded, Fault, Inflated, Params, TAIL};
use crate::limits::Limits;

/// Inflates messages; see the [module](super).
pub struct Inflater {
    inflate: Inflate,
    /// Room for output, always initialised, so that no message pays for clearing it.
    room: Vec<u8>,
    /// How much of the room the last message used.
    used: usize,
    /// What the window holds now.
    state: Held,
}

impl Inflater {
    /// An inflater without output memory; that comes with the first message.
    #[must_use]
    pub fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let inflater = COUNT.fetch_add(1, Ordering::Relaxed);
        Self {
            // Always the largest window: it decodes all smaller ones, and 8 bits are refused.
            inflate: Inflate::new(false, 15),
            room: Vec::new(),
            used: 0,
            state: Held { inflater, messages: 0 },
        }
    }

    /// Bytes of memory that the room for output takes.
    #[must_use]
    pub const fn room_bytes(&self) -> usize {
        self.room.capacity()
    }

    /// What the last message inflated to; empty where it had no bytes.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        self.room.get(..self.used).unwrap_or_default()
    }

    /// Inflates a whole message: the payloads of its frames joined and unmasked, without the four
    /// bytes that the sender cut off (RFC 7692 section 7.2.2).
    ///
    /// After a fault the context is lost, unless nothing is taken over. A message of no bytes is
    /// empty.
    pub fn inflate(&mut self, context: &mut Context, message: &[u8], limits: &Limits) -> Inflated<'_> {
        if message.is_empty() {
            self.used = 0;
            return Inflated { output: &[], fault: None, consumed: 0, final_block: false, exceeded: None };
        }
        let (mut run, mut stop) = self.start(context, message, limits);
        if stop.is_none() {
            stop = self.end(context, message, limits, &mut run);
            self.used = run.made.min(run.limit);
        }
        let output = self.room.get(..self.used).unwrap_or_default();
        let seen = Seen { fault: stop, final_block: run.final_block, exceeded: None, made: None };
        let seen = look_closer(context, message, run.limit, seen);
        match stop {
            None => context.extend(output, run.goes_on.then_some(self.state)),
            Some(_) => context.fail(seen.made),
        }
        let Seen { fault, final_block, exceeded, .. } = seen;
        Inflated { output, fault, consumed: run.consumed, final_block, exceeded }
    }

    /// Inflates what precedes a gap in a message, as far as that is certain. The fault is that of
    /// these bytes, not that the rest is missing, and never the sender's: nothing else is told. The
    /// context is lost, unless nothing is taken over.
    pub fn inflate_prefix(&mut self, context: &mut Context, prefix: &[u8], limits: &Limits) -> Inflated<'_> {
        let (run, stop) = self.start(context, prefix, limits);
        context.lose();
        let output = self.room.get(..self.used).unwrap_or_default();
        let fault = stop.map(unattributed);
        Inflated { output, fault, consumed: run.consumed, final_block: false, exceeded: None }
    }

    /// Inflates the bytes of a message, without an end.
    fn start(&mut self, context: &Context, message: &[u8], limits: &Limits) -> (Run, Option<Fault>) {
        if self.room.len() > KEPT_ROOM && self.used <= KEPT_ROOM {
            self.room.truncate(KEPT_ROOM);
            self.room.shrink_to_fit();
        }
        if context.held() != Some(self.state) {
            self.set_window(context.history(), 0);
        }
        self.state.messages += 1;
        let mut run = Run::new(message.len(), limits);
        let stop = self.blocks(context, message, &mut run).err();
        // The fast path may have made a byte more than is wanted.
        self.used = run.made.min(run.limit);
        (run, stop)
    }

    /// Inflates the blocks of `message`, the last of which may be unfinished.
    fn blocks(&mut self, context: &Context, message: &[u8], run: &mut Run) -> Result<(), Fault> {
        loop {
            self.make_room(run)?;
            let rest = message.get(run.consumed..).unwrap_or_default();
            let step = self.step(rest, run, InflateFlush::NoFlush);
            run.consumed += step.consumed;
            run.made += step.made;
            match step.status {
                Ok(Status::StreamEnd) => {
                    run.final_block = true;
                    run.ended = run.consumed == message.len();
                    if run.ended {
                        return self.make_room(run);
                    }
                    run.restart()?;
                    self.set_window(context.history(), run.made);
                }
                // There was room left, so there is no more output in what was read.
                Ok(_) if run.made < run.room(&self.room) => {
                    return if run.consumed == message.len() { Ok(()) } else { Err(Fault::Broken) };
                }
                Ok(_) => {}
                Err(_) => return Err(Fault::Broken),
            }
        }
    }

    /// Sees whether the message ends where it may: with the header of an empty stored block, the rest
    /// of which the sender cut off. A sender that left it on is understood too.
    fn end(&mut self, context: &Context, message: &[u8], limits: &Limits, run: &mut Run) -> Option<Fault> {
        if run.ended {
            return None;
        }
        // The flush stops at the end of a block. What stops there before the filler has read the
        // tail and no more.
        let [a, b, c, d] = TAIL;
        let tail = self.step(&[a, b, c, d, FILLER], run, InflateFlush::Block);
        if matches!(tail, Step { consumed: 4, made: 0, status: Ok(_) }) {
            run.goes_on = self.at_block(run);
            return None;
        }
        if message.ends_with(&TAIL) {
            self.set_window(context.history(), 0);
            *run = Run::new(message.len(), limits);
            if self.blocks(context, message, run).is_ok() && self.at_block(run) {
                return None;
            }
        }
        Some(Fault::Broken)
    }

    /// Sees whether the inflater stands between two blocks, at a byte boundary, by an empty stored block,
    /// which changes nothing. The flush stops behind it; what is inside a block reads the filler.
    fn at_block(&mut self, run: &mut Run) -> bool {
        let [a, b, c, d] = TAIL;
        let step = self.step(&[0x00, a, b, c, d, FILLER], run, InflateFlush::Block);
        run.final_block |= matches!(step.status, Ok(Status::StreamEnd));
        matches!(step, Step { consumed: 5, made: 0, status: Ok(Status::Ok) })
    }

    /// Makes the window hold what precedes the output from `made` on: the history, then the output
    /// so far.
    fn set_window(&mut self, history: &History, made: usize) {
        self.inflate.reset(false);
        let output = last(self.room.get(..made).unwrap_or_default(), history.window());
        let (older, newer) = history.parts();
        let newer = last(newer, history.window() - output.len());
        let older = last(older, history.window() - output.len() - newer.len());
        for part in [older, newer, output] {
            if !part.is_empty() {
                // It fails for zlib streams only, which have a checksum to compare.
                let _ = self.inflate.set_dictionary(part);
            }
        }
    }

    fn step(&mut self, input: &[u8], run: &Run, flush: InflateFlush) -> Step {
        let end = run.room(&self.room);
        let output = self.room.get_mut(run.made..end).unwrap_or_default();
        let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(input, output, flush);
        Step {
            consumed: (self.inflate.total_in() - read) as usize,
            made: (self.inflate.total_out() - written) as usize,
            status,
        }
    }

    /// Sees to it that there is room for at least one byte more.
    fn make_room(&mut self, run: &mut Run) -> Result<(), Fault> {
        if run.made > run.limit {
            run.made = run.limit;
            return Err(Fault::Limit);
        }
        if run.made == self.room.len() {
            let len = (self.room.len() * 2).max(FIRST_ROOM).min(run.limit + 1);
            self.room.reserve_exact(len - self.room.len());
            self.room.resize(len, 0);
        }
        Ok(())
    }
}

impl Default for Inflater {
    fn default() -> Self {
        Self::new()
    }
}

/// What is told of a message besides its output.
struct Seen {
    fault: Option<Fault>,
    final_block: bool,
    exceeded: Option<Exceeded>,
    /// The output that it stands for, where it did not inflate and that is known.
    made: Option<u64>,
}

/// Finds out what the inflater does not tell: why it failed, and whether a reference that it followed
/// is beyond the window.
#[inline]
fn look_closer(context: &Context, message: &[u8], limit: usize, seen: Seen) -> Seen {
    let narrow = context.params().window() < Params::DEFAULT.window();
    if !context.is_certain() {
        return Seen { fault: seen.fault.map(unattributed), final_block: false, ..seen };
    }
    if seen.fault == Some(Fault::Broken) || narrow {
        walk_through(context, message, limit, seen)
    } else {
        seen
    }
}

#[cold]
fn walk_through(context: &Context, message: &[u8], limit: usize, mut seen: Seen) -> Seen {
    let walk = walk(message, limit as u64);
    let exceeded = usize::from(walk.distance) > context.params().window();
    if seen.fault == Some(Fault::Broken) {
        seen.final_block = false;
        // A reference to what there never was is no better than what means nothing.
        if walk.end != End::Sound || !context.reaches(walk.reach) {
            return seen;
        }
        seen.made = Some(walk.made);
        if context.params().no_context_takeover && walk.reach > 0 {
            seen.fault = Some(Fault::ContextKept { reach: walk.reach });
        } else if exceeded {
            seen.fault = Some(Fault::WindowExceeded);
        } else {
            return seen;
        }
        seen.final_block = walk.final_block.is_some();
    } else if matches!(walk.end, End::Broken(_)) {
        return seen;
    }
    if exceeded {
        seen.exceeded = Some(Exceeded { distance: walk.distance, window: context.params().window() as u16 });
    }
    seen
}

/// The fault where it may not be the sender's.
fn unattributed(fault: Fault) -> Fault {
    if fault == Fault::Broken { Fault::LostContext } else { fault }
}

/// Room for output at first.
const FIRST_ROOM: usize = 64 << 10;
/// Room for output that is kept once messages are not larger.
const KEPT_ROOM: usize = 1 << 20;
/// Output that is free of the ratio limit: small messages may well consist of zeros.
const FREE_OF_RATIO: u64 = 1 << 20;
/// What follows the tail: read only by a block that does not end there.
const FILLER: u8 = 0;

/// How far a message is.
struct Run {
    consumed: usize,
    made: usize,
    /// The most that it may make.
    limit: usize,
    final_block: bool,
    /// Its last block is final, and nothing follows.
    ended: bool,
    /// The inflater is where the next message of the direction begins.
    goes_on: bool,
    restarts: usize,
}

impl Run {
    fn new(len: usize, limits: &Limits) -> Self {
        let ratio = (len as u64).saturating_mul(limits.inflate_ratio).max(FREE_OF_RATIO);
        let limit = limits.inflated_bytes.min(usize::try_from(ratio).unwrap_or(usize::MAX));
        Self {
            consumed: 0,
            made: 0,
            limit: limit.min(isize::MAX as usize - 1),
            final_block: false,
            ended: false,
            goes_on: false,
            restarts: 0,
        }
    }

    /// How much of the room may be used: one byte above the limit tells that it is passed.
    fn room(&self, room: &[u8]) -> usize {
        room.len().min(self.limit + 1)
    }

    /// Going on after a final block means to copy a window. Messages of nothing but empty final
    /// blocks would make that 16,000 times their own size, so it is bounded by the output.
    fn restart(&mut self) -> Result<(), Fault> {
        self.restarts += 1;
        if self.restarts > 256 + self.made / 1024 { Err(Fault::Limit) } else { Ok(()) }
    }
}

struct Step {
    consumed: usize,
    made: usize,
    status: Result<Status, InflateError>,
}
