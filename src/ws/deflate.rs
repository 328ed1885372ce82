//! Inflates the messages of permessage-deflate (RFC 7692) for an observer, and compresses them for a sender
//! ([`Compressor`]).
//!
//! One [`Inflater`] serves all connections of a thread; each direction has a [`Context`], which keeps
//! the output that later messages may refer to. Before a message the inflater is set back and given
//! that history: faster than one inflater for each direction, which would not fit into the caches,
//! and a third smaller. It works because a message ends at a byte boundary, so that nothing but the
//! history passes from one to the next.
//!
//! An observer may have missed bytes. What refers to missing output is [`Fault::LostContext`], never
//! a guess: with the history empty such a reference reaches too far back, which inflaters detect.
//!
//! What a sender did wrong is found by the walker (`walk`), which puts out nothing. It is asked only
//! where inflating failed, and where the window is below 32 KiB: the inflater's is always that large,
//! so it follows references within a message that the sender must not make. Nothing of this is told
//! where lost bytes, or a handshake that was not seen, may be the cause.

mod compressor;
mod context;
mod history;
mod inflater;
mod walk;

pub use compressor::Compressor;
pub use context::Context;
pub use inflater::Inflater;

/// What was agreed on for one direction (RFC 7692 section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// No message refers to an earlier one.
    pub no_context_takeover: bool,
    /// The binary logarithm of the sender's window in bytes: 8 to 15.
    pub window_bits: u8,
    /// The older `x-webkit-deflate-frame`: every frame is compressed by itself and has its own RSV1.
    pub per_frame: bool,
}

impl Params {
    /// What permessage-deflate without parameters means.
    pub const DEFAULT: Self = Self { no_context_takeover: false, window_bits: 15, per_frame: false };

    /// The window in bytes. Senders that count the bits wrongly are given what the format can hold.
    const fn window(self) -> usize {
        match self.window_bits {
            bits @ 8..=14 => 1 << bits,
            _ => 1 << 15,
        }
    }
}

impl Default for Params {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The bytes that the sender cuts off (RFC 7692 section 7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// Why a message did not inflate to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not DEFLATE data, or ends within a block, or refers to what there never was.
    Broken,
    /// It is sound, but refers to output further back than the window (see [`Inflated::exceeded`]),
    /// which is not kept.
    WindowExceeded,
    /// It is sound, but refers to an earlier message, although no context was to be taken over (RFC
    /// 7692 section 7.1.1).
    ContextKept {
        /// How many bytes before its own first byte, 1 to 32,768.
        reach: u16,
    },
    /// It does not inflate, but may be sound: earlier output, or what was agreed on, is not known.
    LostContext,
    /// Its output goes past [`crate::limits::Limits::inflated_bytes`] or
    /// [`crate::limits::Limits::inflate_ratio`].
    Limit,
}

/// A reference that goes beyond the window that was agreed (RFC 7692 section 7.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exceeded {
    /// The furthest distance of the message's references, in bytes, up to 32,768.
    pub distance: u16,
    /// The window, in bytes.
    pub window: u16,
}

/// What a message inflated to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inflated<'a> {
    /// The output: all of it, or what precedes the fault.
    pub output: &'a [u8],
    /// Why it ends early.
    pub fault: Option<Fault>,
    /// How many bytes of the input were read: all, if there is no fault.
    pub consumed: usize,
    /// A block with BFINAL set was met (RFC 7692 section 7.2.3.4). Not told of broken data, nor where
    /// [`Context::is_certain`] does not hold.
    pub final_block: bool,
    /// A reference exceeds the window. The output may be whole all the same: within a message it is
    /// followed up to 32 KiB. Not told of broken data, nor where [`Context::is_certain`] does not
    /// hold.
    pub exceeded: Option<Exceeded>,
}

#[cfg(test)]
mod tests;
