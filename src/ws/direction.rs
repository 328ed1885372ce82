//! One direction of a WebSocket: the frame reader (RFC 6455 section 5).

mod tell;

use crate::item::{At, Dir, End, Missing};

use super::assembly::Assembly;
use super::deflate::Context;
use super::fact::{Fault, Kind, Listener, Opcode, Out, Trouble};
use super::header::{self, Header};
use super::resync::{Expect, Search};
use super::session::{Budget, Numbering, Tools};

/// For how many headers a boundary that was found again is checked.
const DOUBTFUL_HEADERS: u8 = 64;

/// The reader of one direction. It accepts any bits and tells what it saw.
///
/// What every frame touches stands first, within 64 bytes.
#[derive(Clone, Debug)]
#[repr(C)]
pub(super) struct Direction {
    /// Bytes of the stream before the one to be read next.
    offset: u64,
    /// The data message of which fragments, or a part of a frame, have been seen.
    message: Option<Box<Assembly>>,
    deflate: Option<Box<Context>>,
    dir: Dir,
    partial_len: u8,
    /// A Close was sent.
    closed: bool,
    /// Headers still to come until a boundary that was found again is beyond doubt: before that,
    /// one that no sound endpoint sends means that the search was wrong.
    doubt: u8,
    ended: bool,
    phase: Phase,
    frame: Option<Box<OpenFrame>>,
    /// A header that is not complete yet.
    partial: [u8; header::MAX_LEN],
    /// The packet with the first byte of `partial`, and the number of its frame: frames are counted
    /// by their first byte.
    partial_at: At,
    partial_n: u64,
    /// Inflate history that this direction holds of the shard's budget.
    history: usize,
    /// A limit cut something.
    limited: bool,
}

#[derive(Clone, Debug)]
enum Phase {
    /// At a frame boundary, or inside a header.
    Header,
    /// Inside the payload of `frame`.
    Payload,
    /// Frame boundaries are lost; the search for one is on.
    Lost(Box<Search>),
    /// What follows is no frames.
    NotFrames { skipped: u64, at: At },
}

/// A frame of which not all has been seen.
#[derive(Clone, Debug)]
struct OpenFrame {
    n: u64,
    first: At,
    last: At,
    offset: u64,
    header: Header,
    seen: u64,
    remaining: u64,
    wire: Vec<u8>,
    target: Target,
}

/// Where a frame's payload goes.
#[derive(Clone, Debug)]
enum Target {
    /// To the direction's data message.
    Message,
    /// To a control message of its own.
    Control(Box<Assembly>),
    /// Nowhere: a reserved opcode, or a continuation of nothing.
    Nowhere,
}

impl Direction {
    pub(super) fn new(dir: Dir, context: Option<Context>, lost: bool) -> Self {
        let phase = if lost { Phase::Lost(Box::default()) } else { Phase::Header };
        Self {
            dir,
            phase,
            partial: [0; header::MAX_LEN],
            partial_len: 0,
            partial_at: At::default(),
            partial_n: 0,
            offset: 0,
            frame: None,
            message: None,
            deflate: context.map(Box::new),
            closed: false,
            doubt: 0,
            ended: false,
            history: 0,
            limited: false,
        }
    }

    /// Bytes held in a search for a frame boundary.
    #[inline]
    pub(super) fn searched(&self) -> usize {
        match &self.phase {
            Phase::Lost(search) => search.held(),
            Phase::Header | Phase::Payload | Phase::NotFrames { .. } => 0,
        }
    }

    pub(super) fn release(&mut self, budget: &mut Budget) {
        budget.history -= self.history;
        self.history = 0;
        if let Some(message) = self.message.take() {
            message.release(budget);
        }
        if let Some(Target::Control(control)) = self.frame.take().map(|frame| frame.target) {
            control.release(budget);
        }
    }

    /// As [`Session::carried`](super::session::Session::carried).
    pub(super) fn carried(&self) -> Option<[usize; 2]> {
        let cut = self.limited && self.deflate.as_ref().is_some_and(|context| context.is_lost());
        if cut || matches!(self.phase, Phase::Lost(_)) {
            return None;
        }
        let frame = self.frame.as_ref().map_or(0, |frame| match &frame.target {
            Target::Control(control) => frame.wire.len() + control.counted(),
            Target::Message | Target::Nowhere => frame.wire.len(),
        });
        let message = self.message.as_ref().map_or(0, |message| message.counted());
        Some([frame + message, self.deflate.as_ref().map_or(0, |context| context.history_bytes())])
    }

    pub(super) fn charge(&self, budget: &mut Budget) {
        budget.history += self.history;
        budget.messages += self.message.as_ref().map_or(0, |message| message.counted());
        if let Some(Target::Control(control)) = self.frame.as_ref().map(|frame| &frame.target) {
            budget.messages += control.counted();
        }
    }

    #[inline]
    pub(super) fn data(
        &mut self,
        bytes: &[u8],
        at: At,
        numbering: &mut Numbering,
        tools: &mut Tools<'_>,
        out: &mut impl Listener,
    ) {
        let rest = self.singles(bytes, at, numbering, tools, out);
        if !rest.is_empty() {
            self.others(rest, at, numbering, tools, out);
        }
    }

    /// Goes on where something else than a [`Single`](super::fact::Single) begins.
    #[inline(never)]
    fn others(
        &mut self,
        mut bytes: &[u8],
        at: At,
        numbering: &mut Numbering,
        tools: &mut Tools<'_>,
        out: &mut impl Listener,
    ) {
        while !bytes.is_empty() && !self.ended {
            match &mut self.phase {
                Phase::Header => {
                    bytes = self.header(bytes, at, numbering, tools, out);
                    bytes = self.singles(bytes, at, numbering, tools, out);
                }
                Phase::Payload => {
                    let remaining = self.frame.as_ref().map_or(0, |frame| frame.remaining);
                    let (chunk, rest) =
                        bytes.split_at(bytes.len().min(usize::try_from(remaining).unwrap_or(usize::MAX)));
                    self.payload(chunk, at, tools, out);
                    bytes = rest;
                    self.end_frame_if_done(numbering, tools, out);
                }
                Phase::Lost(search) => {
                    search.push(bytes, at, tools.limits.resync_bytes);
                    bytes = &[];
                    self.search(false, numbering, tools, out);
                }
                Phase::NotFrames { skipped, .. } => {
                    *skipped += bytes.len() as u64;
                    self.offset += bytes.len() as u64;
                    bytes = &[];
                }
            }
        }
    }

    pub(super) fn gap(
        &mut self,
        len: u64,
        why: Missing,
        at: At,
        numbering: &mut Numbering,
        tools: &mut Tools<'_>,
        out: &mut impl Listener,
    ) {
        let dir = self.dir;
        let remaining = match (&self.phase, &self.frame) {
            (Phase::Payload, Some(frame)) => frame.remaining,
            _ => 0,
        };
        let in_payload = remaining >= len;
        out.tell(Out::Trouble { dir, at, what: Trouble::Gap { len, in_payload, why } });
        if let (Phase::Payload, Some(frame)) = (&self.phase, &mut self.frame) {
            frame.remaining -= len.min(remaining);
            let assembly = match &mut frame.target {
                Target::Message => self.message.as_deref_mut(),
                Target::Control(control) => Some(&mut **control),
                Target::Nowhere => None,
            };
            if let Some(assembly) = assembly {
                assembly.gap(len.min(remaining));
            }
        }
        if in_payload {
            self.offset += len;
            self.end_frame_if_done(numbering, tools, out);
            return;
        }
        match &mut self.phase {
            Phase::Lost(search) => search.gap(len),
            Phase::NotFrames { skipped, .. } => *skipped += len,
            Phase::Header | Phase::Payload => {
                self.lose_sync(Fault::Missing, numbering, tools, out);
                let passed = self.drop_partial(numbering) + len - remaining;
                self.phase = Phase::Lost(Box::new(Search::after_gap(passed, at)));
            }
        }
        self.offset += len;
    }

    pub(super) fn end(
        &mut self,
        end: End,
        at: At,
        numbering: &mut Numbering,
        tools: &mut Tools<'_>,
        out: &mut impl Listener,
    ) {
        if self.ended {
            return;
        }
        if matches!(self.phase, Phase::Lost(_)) {
            self.search(true, numbering, tools, out);
        }
        self.ended = true;
        let fault = if end == End::Capture { Fault::Missing } else { Fault::Unfinished };
        self.lose_sync(fault, numbering, tools, out);
        let dir = self.dir;
        match std::mem::replace(&mut self.phase, Phase::Header) {
            Phase::Lost(search) if search.skipped() > 0 => {
                let what = Trouble::OutOfSync { skipped: search.skipped() };
                out.tell(Out::Trouble { dir, at: search.since().unwrap_or(at), what });
            }
            Phase::NotFrames { skipped, at } if skipped > 0 => {
                out.tell(Out::Trouble { dir, at, what: Trouble::NotFrames { skipped } });
            }
            Phase::Header if self.partial_len > 0 => {
                let what = Trouble::PartialHeader { bytes: self.partial_len };
                out.tell(Out::Trouble { dir, at: self.partial_at, what });
            }
            _ => {}
        }
    }

    /// Reads a header at a frame boundary; returns what follows it. A frame that is whole in `bytes`
    /// and a message of its own is told from here, without being copied together.
    #[inline]
    fn header<'b>(
        &mut self,
        bytes: &'b [u8],
        at: At,
        numbering: &mut Numbering,
        tools: &mut Tools<'_>,
        out: &mut impl Listener,
    ) -> &'b [u8] {
        let (header, rest, first) = if self.partial_len == 0 {
            match Header::decode(bytes) {
                Some((header, used)) => (header, bytes.get(used..).unwrap_or_default(), at),
                None => return self.stash(bytes, at, numbering),
            }
        } else {
            let before = usize::from(self.partial_len);
            let mut joined = self.partial;
            let room = joined.get_mut(before..).unwrap_or_default();
            let taken = room.len().min(bytes.len());
            for (slot, byte) in room.iter_mut().zip(bytes) {
                *slot = *byte;
            }
            match Header::decode(joined.get(..before + taken).unwrap_or_default()) {
                Some((header, used)) => {
                    (header, bytes.get(used - before..).unwrap_or_default(), self.partial_at)
                }
                None => return self.stash(bytes, at, numbering),
            }
        };
        if (self.closed || self.doubt > 0) && self.is_unlikely(&header) {
            if !self.closed {
                return self.doubt_was_right(bytes, first, numbering, tools, out);
            }
            // RFC 6455 section 5.5.1: nothing follows a Close. What is here was never framed.
            let skipped = self.drop_partial(numbering);
            self.phase = Phase::NotFrames { skipped, at: first };
            return bytes;
        }
        let n = if self.partial_len == 0 { numbering.frame() } else { self.partial_n };
        self.partial_len = 0;
        let whole = usize::try_from(header.len).ok().and_then(|len| rest.split_at_checked(len));
        if let Some((payload, rest)) = whole
            && header.fin
            && self.told_at_once(&header)
        {
            self.whole(header, payload, n, first, at, numbering, tools, out);
            return rest;
        }
        self.open_frame(header, n, first, at, numbering, tools, out);
        rest
    }

    /// The beginning of a header is none, or its rest is missing. Its number is given again, unless a
    /// frame of the other direction came since.
    fn drop_partial(&mut self, numbering: &mut Numbering) -> u64 {
        if self.partial_len > 0 && numbering.frames == self.partial_n {
            numbering.frames -= 1;
        }
        u64::from(std::mem::take(&mut self.partial_len))
    }

    /// No sound endpoint sends such a header here.
    #[cold]
    fn is_unlikely(&mut self, header: &Header) -> bool {
        self.doubt = self.doubt.saturating_sub(1);
        !Expect::after(self.dir, self.deflate.is_some()).allows(header)
    }

    /// What was taken for a boundary was none, or no longer leads to one: the search goes on.
    #[cold]
    fn doubt_was_right<'b>(
        &mut self,
        bytes: &'b [u8],
        first: At,
        numbering: &mut Numbering,
        tools: &mut Tools<'_>,
        out: &mut impl Listener,
    ) -> &'b [u8] {
        self.doubt = 0;
        self.lose_sync(Fault::Missing, numbering, tools, out);
        let passed = self.drop_partial(numbering);
        self.offset += passed;
        self.phase = Phase::Lost(Box::new(Search::after_gap(passed, first)));
        bytes
    }

    fn stash<'b>(&mut self, bytes: &[u8], at: At, numbering: &mut Numbering) -> &'b [u8] {
        let before = usize::from(self.partial_len);
        if before == 0 {
            self.partial_at = at;
            self.partial_n = numbering.frame();
        }
        for (slot, byte) in self.partial.iter_mut().skip(before).zip(bytes) {
            *slot = *byte;
        }
        self.partial_len += bytes.len() as u8;
        &[]
    }

    /// A final frame that is a message of its own: unfragmented data, or control.
    fn told_at_once(&self, header: &Header) -> bool {
        match header.opcode {
            Opcode::TEXT | Opcode::BINARY => {
                self.message.is_none()
                    && !self.deflate.as_ref().is_some_and(|context| context.params().per_frame)
            }
            Opcode::CLOSE | Opcode::PING | Opcode::PONG => true,
            _ => false,
        }
    }

    /// A frame that is not whole yet, or a part of a larger message.
    #[allow(
        clippy::too_many_arguments,
        reason = "a header with its place, and the three contexts of every step"
    )]
    fn open_frame(
        &mut self,
        header: Header,
        n: u64,
        first: At,
        last: At,
        numbering: &mut Numbering,
        tools: &mut Tools<'_>,
        out: &mut impl Listener,
    ) {
        let offset = self.offset;
        self.offset += header.header_len() as u64;
        let target = match header.opcode {
            Opcode::TEXT | Opcode::BINARY => {
                // RFC 6455 section 5.4 forbids it, but the boundary is certain: the older message ends here.
                self.end_message(Some(Fault::Unfinished), numbering, tools, out);
                let kind = if header.opcode == Opcode::TEXT { Kind::Text } else { Kind::Binary };
                let compressed = header.rsv1() && self.deflate.is_some();
                self.message = Some(Box::new(Assembly::new(kind, compressed, first, n, tools)));
                Target::Message
            }
            Opcode::CONTINUATION if self.message.is_some() => Target::Message,
            Opcode::CLOSE => Target::Control(Box::new(Assembly::new(Kind::Close, false, first, n, tools))),
            Opcode::PING => Target::Control(Box::new(Assembly::new(Kind::Ping, false, first, n, tools))),
            Opcode::PONG => Target::Control(Box::new(Assembly::new(Kind::Pong, false, first, n, tools))),
            _ => Target::Nowhere,
        };
        if let (Target::Message, Some(message)) = (&target, &mut self.message) {
            let per_frame = self.deflate.as_ref().is_some_and(|context| context.params().per_frame);
            message.begin_frame(n, header.rsv1(), last, per_frame);
        }
        let frame = OpenFrame {
            n,
            first,
            last,
            offset,
            header,
            seen: 0,
            remaining: header.len,
            wire: Vec::new(),
            target,
        };
        if header.len >> 63 == 1 {
            // RFC 6455 section 5.2: the top bit must be 0. Such a length cannot be believed.
            self.frame = Some(Box::new(frame));
            self.lose_sync(Fault::Missing, numbering, tools, out);
            self.phase = Phase::Lost(Box::new(Search::after_gap(0, first)));
            return;
        }
        self.frame = Some(Box::new(frame));
        self.phase = Phase::Payload;
        self.end_frame_if_done(numbering, tools, out);
    }

    fn payload(&mut self, chunk: &[u8], at: At, tools: &mut Tools<'_>, out: &mut impl Listener) {
        let Some(frame) = self.frame.as_deref_mut() else { return };
        // Bytes skipped by a gap count for the mask's phase.
        let position = frame.header.len - frame.remaining;
        frame.last = at;
        frame.seen += chunk.len() as u64;
        frame.remaining -= chunk.len() as u64;
        self.offset += chunk.len() as u64;
        let room = tools.want.frame_bytes.saturating_sub(frame.wire.len());
        frame.wire.extend_from_slice(chunk.get(..room).unwrap_or(chunk));
        let assembly = match &mut frame.target {
            Target::Message => self.message.as_deref_mut(),
            Target::Control(control) => Some(&mut **control),
            Target::Nowhere => None,
        };
        let Some(assembly) = assembly else { return };
        let mask = frame.header.mask.map(|key| (key, position as usize & 3));
        if let Some(limit) = assembly.push(chunk, mask, at, tools) {
            self.limited = true;
            out.tell(Out::Trouble { dir: self.dir, at, what: Trouble::Limit(limit) });
        }
    }

    fn end_frame_if_done(
        &mut self,
        numbering: &mut Numbering,
        tools: &mut Tools<'_>,
        out: &mut impl Listener,
    ) {
        if self.frame.as_ref().is_some_and(|frame| frame.remaining == 0) {
            self.end_frame(numbering, tools, out);
        }
    }

    /// The open frame is over; so is its message where it was the last one.
    fn end_frame(&mut self, numbering: &mut Numbering, tools: &mut Tools<'_>, out: &mut impl Listener) {
        let Some(frame) = self.frame.take() else { return };
        let frame = *frame;
        self.phase = Phase::Header;
        self.tell_frame(&frame, out);
        match frame.target {
            Target::Message => {
                if let Some(message) = &mut self.message {
                    message.end_frame(self.deflate.as_deref_mut(), tools);
                }
                if frame.header.fin {
                    self.end_message(None, numbering, tools, out);
                }
            }
            Target::Control(control) => {
                self.closed |= frame.header.opcode == Opcode::CLOSE;
                let finished = control.finish(None, None, tools);
                self.tell_message(&finished, numbering, tools, out);
                finished.reuse(tools);
            }
            Target::Nowhere => {}
        }
    }

    /// The frame and the message that are open will not be completed.
    fn lose_sync(
        &mut self,
        fault: Fault,
        numbering: &mut Numbering,
        tools: &mut Tools<'_>,
        out: &mut impl Listener,
    ) {
        if let Some(frame) = self.frame.take() {
            let frame = *frame;
            self.tell_frame(&frame, out);
            if let Target::Control(control) = frame.target {
                self.closed |= frame.header.opcode == Opcode::CLOSE;
                let finished = control.finish(Some(fault), None, tools);
                self.tell_message(&finished, numbering, tools, out);
            }
        }
        self.end_message(Some(fault), numbering, tools, out);
        if let (Fault::Missing, Some(context)) = (fault, &mut self.deflate) {
            context.lose();
        }
    }

    fn end_message(
        &mut self,
        fault: Option<Fault>,
        numbering: &mut Numbering,
        tools: &mut Tools<'_>,
        out: &mut impl Listener,
    ) {
        let Some(message) = self.message.take() else { return };
        let compressed = message.compressed();
        let finished = message.finish(fault, self.deflate.as_deref_mut(), tools);
        let at = finished.last;
        self.tell_message(&finished, numbering, tools, out);
        finished.reuse(tools);
        if compressed {
            self.account_history(at, tools, out);
        }
    }

    /// Looks for a certain frame boundary in what was collected, and reads on from there.
    fn search(
        &mut self,
        last_chance: bool,
        numbering: &mut Numbering,
        tools: &mut Tools<'_>,
        out: &mut impl Listener,
    ) {
        let Phase::Lost(search) = &mut self.phase else { return };
        if !last_chance && !search.is_due() {
            return;
        }
        let expect = Expect::after(self.dir, self.deflate.is_some());
        let Some(found) = search.find(&expect, last_chance) else { return };
        let Phase::Lost(search) = std::mem::replace(&mut self.phase, Phase::Header) else { return };
        let (skipped, pieces) = search.found(found);
        self.offset += skipped.in_data;
        self.doubt = DOUBTFUL_HEADERS;
        if skipped.total > 0
            && let Some((at, _)) = pieces.first()
        {
            let what = Trouble::Resynchronised { skipped: skipped.total };
            out.tell(Out::Trouble { dir: self.dir, at: *at, what });
        }
        for (at, bytes) in pieces {
            self.data(&bytes, at, numbering, tools, out);
        }
    }
}
