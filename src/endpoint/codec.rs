//! Compression for all endpoints of a thread: one inflater, and a few compressors.

use std::sync::atomic::{AtomicU64, Ordering};

use super::receive::Failure;
use crate::limits::Limits;
use crate::ws::deflate::{Compressor, Context, Fault, Inflater, Params};

/// What endpoints of one thread share for permessage-deflate.
///
/// An inflater needs no more than a connection's last 32 KiB, which its endpoint keeps. A compressor takes 300 KiB, so
/// those that were not used for the longest time are given to others: the connection that lost its own
/// goes on with an empty one, which is always right, for a sender need not refer to earlier messages.
pub struct Codec {
    inflater: Inflater,
    limits: Limits,
    /// The most recently used is the last.
    compressors: Vec<Lent>,
}

/// A compressor, and whose history it holds.
struct Lent {
    owner: Owner,
    window_bits: u8,
    compressor: Compressor,
}

/// Names a sender to the compressors of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner(u64);

impl Owner {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        Self(COUNT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Codec {
    /// For messages that inflate to at most `max_message` bytes.
    #[must_use]
    pub fn new(max_message: usize) -> Self {
        let limits = Limits { inflated_bytes: max_message, inflate_ratio: u64::MAX, ..Limits::default() };
        Self { inflater: Inflater::new(), limits, compressors: Vec::new() }
    }

    /// Inflates a message, as strictly as RFC 7692 allows.
    pub(super) fn inflate(&mut self, context: &mut Context, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let inflated = self.inflater.inflate(context, message, &self.limits);
        match (inflated.fault, inflated.exceeded) {
            (None, None) => Ok(inflated.output.to_vec()),
            (Some(Fault::Limit), _) => Err(Failure::too_big(self.limits.inflated_bytes)),
            (Some(Fault::WindowExceeded), _) | (None, Some(_)) => Err(Failure::new(
                1007,
                "the compressed message refers to bytes beyond the window that was agreed",
            )),
            (Some(Fault::ContextKept { .. }), _) => Err(Failure::new(
                1007,
                "the compressed message refers to an earlier one, though no context is taken over",
            )),
            (Some(Fault::Broken | Fault::LostContext), _) => {
                Err(Failure::new(1007, "the compressed message cannot be inflated"))
            }
        }
    }

    /// Compresses a message for its sender, behind what `out` holds.
    pub(super) fn deflate(&mut self, owner: Owner, params: Params, message: &[u8], out: &mut Vec<u8>) {
        let mut lent = match self.compressors.iter().position(|lent| lent.owner == owner) {
            Some(at) => self.compressors.remove(at),
            None => self.lend(owner, params),
        };
        if params.no_context_takeover {
            lent.compressor.reset();
        }
        lent.compressor.compress(message, true, out);
        self.compressors.push(lent);
    }

    /// A compressor without history.
    fn lend(&mut self, owner: Owner, params: Params) -> Lent {
        if self.compressors.len() >= COMPRESSORS {
            let oldest = self.compressors.remove(0);
            if oldest.window_bits == params.window_bits {
                let mut compressor = oldest.compressor;
                compressor.reset();
                return Lent { owner, compressor, ..oldest };
            }
        }
        let compressor = Compressor::new(LEVEL, params.window_bits);
        Lent { owner, window_bits: params.window_bits, compressor }
    }
}

/// Compressors at once: some 20 MiB.
const COMPRESSORS: usize = 64;
/// zlib's level: traffic is to be compressed, and fast.
const LEVEL: u8 = 3;
