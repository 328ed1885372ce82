//! One WebSocket connection: two directions that share their numbering.

use crate::item::{At, Dir, End, Item};
use crate::limits::Limits;

use super::deflate::{Context, Inflater, Params};
use super::direction::Direction;
use super::fact::Listener;

/// What the observer of a run needs, so that no work is done for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Want {
    /// Payload bytes to keep of each message: 0 = none, `usize::MAX` = as many as the limits allow.
    pub payload: usize,
    /// SHA-256 of every message.
    pub hash: bool,
    /// Payload bytes as on the wire to keep of each frame (0 = none).
    pub frame_bytes: usize,
}

/// What was agreed, and how decoding begins.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setup {
    /// Compression of each direction, by [`Dir::index`].
    pub deflate: [Option<Params>; 2],
    /// The capture begins inside the connection: frame boundaries must be found first, and what
    /// the handshake agreed is not known.
    pub mid_stream: bool,
    /// The handshake is known in part only: compression may have been agreed.
    pub deflate_unknown: bool,
}

/// What a session works with; shared by the sessions of one thread or shard.
pub struct Tools<'a> {
    /// The bounds.
    pub limits: &'a Limits,
    /// What is wanted.
    pub want: Want,
    /// The thread's inflater.
    pub inflater: &'a mut Inflater,
    /// Where payloads are unmasked that need not be kept.
    pub scratch: &'a mut Vec<u8>,
    /// Memory for the payload of the next message that comes in pieces.
    pub spare: &'a mut Vec<u8>,
    /// What the sessions of the shard hold.
    pub budget: &'a mut Budget,
}

/// Bytes that the sessions of one shard hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Kept payload bytes of unfinished messages.
    pub messages: usize,
    /// Inflate history.
    pub history: usize,
}

/// Counts that both directions share.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbering {
    pub(super) frames: u64,
    pub(super) messages: u64,
}

impl Numbering {
    pub(super) fn frame(&mut self) -> u64 {
        self.frames += 1;
        self.frames
    }

    pub(super) fn message(&mut self) -> u64 {
        self.messages += 1;
        self.messages
    }
}

/// One WebSocket connection after its handshake. Bytes in, frames and messages out; it describes and
/// never judges.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Session {
    numbering: Numbering,
    directions: [Direction; 2],
}

impl Session {
    /// A session at the first byte after the handshake, or in the middle ([`Setup::mid_stream`]).
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        let direction = |dir: Dir| {
            let context = if setup.mid_stream || setup.deflate_unknown {
                Some(Context::unknown())
            } else {
                setup.deflate[dir.index()].map(Context::new)
            };
            Direction::new(dir, context, setup.mid_stream)
        };
        Self { numbering: Numbering::default(), directions: [direction(Dir::C2s), direction(Dir::S2c)] }
    }

    /// Takes the next item of one direction.
    #[inline]
    pub fn feed(&mut self, dir: Dir, item: Item<'_>, at: At, tools: &mut Tools<'_>, out: &mut impl Listener) {
        let direction = &mut self.directions[dir.index()];
        match item {
            Item::Data(bytes) => direction.data(bytes, at, &mut self.numbering, tools, out),
            Item::Gap { len, why } => direction.gap(len, why, at, &mut self.numbering, tools, out),
            Item::End(end) => direction.end(end, at, &mut self.numbering, tools, out),
        }
    }

    /// The connection is over: ends what is still open.
    pub fn finish(&mut self, at: At, tools: &mut Tools<'_>, out: &mut impl Listener) {
        for dir in Dir::BOTH {
            self.feed(dir, Item::End(End::Capture), at, tools, out);
        }
    }

    /// How many frames have begun, of both directions together.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.numbering.frames
    }

    /// Bytes that it holds of frames and messages that are open, and of inflate history. `None` where a boundary is
    /// being looked for, or limits cut what later messages need: then it is best begun anew.
    #[must_use]
    pub fn carried(&self) -> Option<[usize; 2]> {
        let [client, server] = &self.directions;
        let ([open, history], [more, other]) = (client.carried()?, server.carried()?);
        Some([open + more, history + other])
    }

    /// Counts what a copy of a session holds in the budget.
    pub fn charge(&self, budget: &mut Budget) {
        for direction in &self.directions {
            direction.charge(budget);
        }
    }

    /// Bytes that it holds in searches for a frame boundary.
    #[inline]
    #[must_use]
    pub fn searched(&self) -> usize {
        self.directions.iter().map(Direction::searched).sum()
    }

    /// Gives back what the session holds of the shard's budget. Call it before dropping a session.
    pub fn release(&mut self, budget: &mut Budget) {
        for direction in &mut self.directions {
            direction.release(budget);
        }
    }
}
