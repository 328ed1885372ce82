//! A message that is being put together from fragments and segments.

use sha2::{Digest, Sha256};

use crate::item::At;

use super::deflate::{Context, Exceeded, Inflated};
use super::fact::{Fault, Kind, Limit, Utf8};
use super::mask;
use super::session::{Budget, Tools};
use super::utf8::Utf8Stream;

/// Payload that is looked at but not kept passes through a buffer of this size.
const PIECE: usize = 16 << 10;

/// The memory of a message's payload is used again for another, unless it is larger than this.
const SPARE: usize = 16 << 10;

/// What is kept of a control frame's payload at least: a Close is always told whole.
const CONTROL_KEPT: usize = 4 << 10;

/// A message of which not all has been seen.
#[derive(Clone, Debug)]
pub(super) struct Assembly {
    kind: Kind,
    compressed: bool,
    /// The frame being read carries compressed bytes.
    frame_compressed: bool,
    first: At,
    last: At,
    frames: u64,
    first_frame: u64,
    current_frame: u64,
    wire_len: u64,
    len: u64,
    /// The payload as far as it is kept.
    kept: Vec<u8>,
    /// How much of the payload may be kept.
    keep: usize,
    /// Compressed bytes that wait for the end of the message (or frame).
    input: Vec<u8>,
    utf8: Option<Utf8Stream>,
    utf8_fault: Option<Utf8>,
    hash: Option<Box<Sha256>>,
    final_block: bool,
    exceeded: Option<Exceeded>,
    fault: Option<Fault>,
    limit_told: bool,
    /// What `kept` and `input` have been counted with in the shard's budget.
    counted: usize,
}

/// A message that is over. Without a payload of its own, it is what the inflater put out last.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) kind: Kind,
    pub(super) first: At,
    pub(super) last: At,
    pub(super) frames: u64,
    pub(super) first_frame: u64,
    pub(super) last_frame: u64,
    pub(super) wire_len: u64,
    pub(super) len: u64,
    pub(super) compressed: bool,
    pub(super) final_block: bool,
    pub(super) exceeded: Option<Exceeded>,
    pub(super) fault: Option<Fault>,
    pub(super) payload: Option<Vec<u8>>,
    pub(super) utf8: Option<Utf8>,
    pub(super) sha256: Option<[u8; 32]>,
}

impl Finished {
    /// Gives the memory of the payload back, for the next message.
    pub(super) fn reuse(self, tools: &mut Tools<'_>) {
        if let Some(mut payload) = self.payload
            && (tools.spare.capacity()..=SPARE).contains(&payload.capacity())
        {
            payload.clear();
            *tools.spare = payload;
        }
    }
}

impl Assembly {
    pub(super) fn new(kind: Kind, compressed: bool, first: At, frame: u64, tools: &mut Tools<'_>) -> Self {
        let wanted = if kind.is_data() { tools.want.payload } else { tools.want.payload.max(CONTROL_KEPT) };
        Self {
            kind,
            compressed,
            frame_compressed: false,
            first,
            last: first,
            frames: u64::from(!kind.is_data()),
            first_frame: frame,
            current_frame: frame,
            wire_len: 0,
            len: 0,
            kept: if compressed { Vec::new() } else { std::mem::take(tools.spare) },
            keep: wanted.min(tools.limits.message_bytes),
            input: Vec::new(),
            utf8: (kind == Kind::Text).then(Utf8Stream::default),
            utf8_fault: None,
            hash: tools.want.hash.then(Box::default),
            final_block: false,
            exceeded: None,
            fault: None,
            limit_told: false,
            counted: 0,
        }
    }

    pub(super) const fn compressed(&self) -> bool {
        self.compressed
    }

    /// The next frame of the message begins.
    pub(super) fn begin_frame(&mut self, n: u64, rsv1: bool, at: At, per_frame: bool) {
        self.frames += 1;
        self.current_frame = n;
        self.last = at;
        self.frame_compressed = if per_frame { rsv1 } else { self.compressed };
        self.compressed |= self.frame_compressed;
    }

    /// Takes payload bytes of the current frame; `mask` is the key and the phase of the first byte.
    pub(super) fn push(
        &mut self,
        chunk: &[u8],
        mask: Option<([u8; 4], usize)>,
        at: At,
        tools: &mut Tools<'_>,
    ) -> Option<Limit> {
        self.last = at;
        self.wire_len += chunk.len() as u64;
        let limit = if self.frame_compressed {
            self.collect(chunk, mask, tools)
        } else {
            self.plain(chunk, mask, tools)
        };
        let holds = self.kept.len() + self.input.len();
        // Frames that were inflated by themselves are gone from `input`.
        tools.budget.messages = tools.budget.messages + holds - self.counted;
        self.counted = holds;
        limit.filter(|_| !std::mem::replace(&mut self.limit_told, true))
    }

    /// Bytes of the current frame are missing.
    pub(super) fn gap(&mut self, len: u64) {
        self.wire_len += len;
        self.fault = Some(Fault::Missing);
    }

    /// The current frame is over; with a per-frame extension it is inflated now.
    pub(super) fn end_frame(&mut self, context: Option<&mut Context>, tools: &mut Tools<'_>) {
        if let Some(context) = context
            && self.frame_compressed
            && context.params().per_frame
        {
            let input = std::mem::take(&mut self.input);
            let cut = self.fault.is_some();
            let inflated = if cut {
                tools.inflater.inflate_prefix(context, &input, tools.limits)
            } else {
                tools.inflater.inflate(context, &input, tools.limits)
            };
            self.absorb(inflated.output, tools.budget, tools.limits.shard_message_bytes);
            self.note(&inflated);
        }
    }

    /// Notes what was seen besides the output of the message, or of one of its frames.
    fn note(&mut self, inflated: &Inflated<'_>) {
        self.final_block |= inflated.final_block;
        // The furthest of all frames: the window is the same.
        self.exceeded = self.exceeded.max(inflated.exceeded);
        // What ends early for want of bytes is not broken.
        self.fault = self.fault.or(inflated.fault.map(Fault::from));
    }

    /// The message is over; `fault` says why, where its last fragment has not come.
    pub(super) fn finish(
        mut self: Box<Self>,
        fault: Option<Fault>,
        context: Option<&mut Context>,
        tools: &mut Tools<'_>,
    ) -> Finished {
        self.fault = self.fault.or(fault);
        let message_wise =
            self.compressed && context.as_ref().is_some_and(|context| !context.params().per_frame);
        let mut payload = None;
        let mut utf8 = None;
        let mut sha256 = None;
        if message_wise && let Some(context) = context {
            let inflated = if self.fault.is_some() {
                tools.inflater.inflate_prefix(context, &self.input, tools.limits)
            } else {
                tools.inflater.inflate(context, &self.input, tools.limits)
            };
            self.len = inflated.output.len() as u64;
            self.note(&inflated);
            if self.kind == Kind::Text {
                utf8 = Some(if self.fault.is_some() {
                    super::utf8::check_prefix(inflated.output, self.current_frame)
                } else {
                    super::utf8::check(inflated.output, self.current_frame)
                });
            }
            sha256 = tools.want.hash.then(|| sha256_of(inflated.output));
        } else {
            if let Some(stream) = self.utf8.take() {
                utf8 = Some(match (self.utf8_fault, self.fault) {
                    (Some(invalid), _) => invalid,
                    (None, Some(_)) => Utf8::Unknown,
                    (None, None) => {
                        stream.finish().map_or_else(|offset| Utf8::CutAtEnd { offset }, |()| Utf8::Valid)
                    }
                });
            }
            if self.kind == Kind::Close && self.fault.is_none() {
                utf8 = Some(super::utf8::check(self.kept.get(2..).unwrap_or_default(), self.current_frame));
            }
            sha256 = self.hash.take().map(|hash| (*hash).finalize().into()).or(sha256);
            payload = Some(std::mem::take(&mut self.kept));
        }
        tools.budget.messages -= self.counted;
        Finished {
            kind: self.kind,
            first: self.first,
            last: self.last,
            frames: self.frames,
            first_frame: self.first_frame,
            last_frame: self.current_frame,
            wire_len: self.wire_len,
            len: self.len,
            compressed: self.compressed,
            final_block: self.final_block,
            exceeded: self.exceeded,
            fault: self.fault,
            payload,
            utf8,
            sha256,
        }
    }

    /// Bytes that are counted in the budget.
    pub(super) const fn counted(&self) -> usize {
        self.counted
    }

    /// Gives back what is counted in the budget.
    pub(super) fn release(self: Box<Self>, budget: &mut Budget) {
        budget.messages -= self.counted;
    }

    /// Compressed bytes wait; those behind a hole are of no use.
    fn collect(
        &mut self,
        chunk: &[u8],
        mask: Option<([u8; 4], usize)>,
        tools: &mut Tools<'_>,
    ) -> Option<Limit> {
        if self.fault.is_some() {
            return None;
        }
        if self.input.len() + chunk.len() > tools.limits.deflate_input
            || tools.budget.messages + chunk.len() > tools.limits.shard_message_bytes
        {
            self.fault = Some(Fault::TooLarge);
            return Some(Limit::DeflateInput);
        }
        append(&mut self.input, chunk, mask);
        None
    }

    /// Bytes that are payload as they are.
    fn plain(
        &mut self,
        chunk: &[u8],
        mask: Option<([u8; 4], usize)>,
        tools: &mut Tools<'_>,
    ) -> Option<Limit> {
        let over_budget = tools.budget.messages + chunk.len() > tools.limits.shard_message_bytes;
        if over_budget {
            self.keep = self.keep.min(self.kept.len());
        }
        if self.kept.len() + chunk.len() <= self.keep {
            let start = self.kept.len();
            append(&mut self.kept, chunk, mask);
            self.len += chunk.len() as u64;
            let Self { kept, utf8, hash, utf8_fault, .. } = self;
            let new = kept.get(start..).unwrap_or_default();
            look(new, utf8.as_mut(), utf8_fault, hash.as_deref_mut(), self.current_frame, self.fault);
            return None;
        }
        let looked_at = self.utf8.is_some() || self.hash.is_some() || self.kept.len() < self.keep;
        if looked_at {
            let mut mask = mask;
            for piece in chunk.chunks(PIECE) {
                let plain = match mask {
                    Some((key, phase)) => mask::unmask(tools.scratch, piece, key, phase),
                    None => piece,
                };
                mask = mask.map(|(key, phase)| (key, (phase + piece.len()) & 3));
                self.absorb(plain, tools.budget, usize::MAX);
            }
        } else {
            self.len += chunk.len() as u64;
        }
        let by_limit = over_budget || self.keep == tools.limits.message_bytes;
        (by_limit && self.len > self.kept.len() as u64).then_some(Limit::MessageBytes)
    }

    /// Takes payload bytes in the clear: keeps what fits, checks and hashes all.
    fn absorb(&mut self, bytes: &[u8], budget: &Budget, budget_limit: usize) {
        self.len += bytes.len() as u64;
        let room = self.keep.saturating_sub(self.kept.len());
        let room = room.min(budget_limit.saturating_sub(budget.messages));
        self.kept.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        let Self { utf8, hash, utf8_fault, current_frame, fault, .. } = self;
        look(bytes, utf8.as_mut(), utf8_fault, hash.as_deref_mut(), *current_frame, *fault);
    }
}

/// Checks and hashes payload bytes in the clear.
fn look(
    bytes: &[u8],
    utf8: Option<&mut Utf8Stream>,
    utf8_fault: &mut Option<Utf8>,
    hash: Option<&mut Sha256>,
    frame: u64,
    fault: Option<Fault>,
) {
    if let Some(hash) = hash {
        hash.update(bytes);
    }
    // Behind a hole no byte's place in a code point is known.
    if let Some(utf8) = utf8
        && utf8_fault.is_none()
        && fault.is_none()
        && let Err(offset) = utf8.push(bytes)
    {
        *utf8_fault = Some(Utf8::Invalid { offset, frame });
    }
}

fn append(out: &mut Vec<u8>, chunk: &[u8], mask: Option<([u8; 4], usize)>) {
    match mask {
        Some((key, phase)) => mask::unmask_into(out, chunk, key, phase),
        None => out.extend_from_slice(chunk),
    }
}

/// SHA-256 of a payload in one piece.
pub(super) fn sha256_of(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
