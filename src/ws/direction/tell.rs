//! What a direction tells: frames, messages, and the fast path on which they are one and the same.

use crate::item::At;
use crate::ws::assembly::{Finished, sha256_of};
use crate::ws::fact::{Fault, Frame, Kind, Limit, Listener, Message, Opcode, Out, Single, Trouble};
use crate::ws::header::Header;
use crate::ws::session::{Numbering, Tools};
use crate::ws::{mask, utf8};

use super::{Direction, OpenFrame, Phase};

impl Direction {
    /// Tells frames that are [`Single`], as far as they follow one another at the start of `bytes`; returns what
    /// comes behind them. What they have in common is looked at once, not for each of them.
    #[inline]
    pub(super) fn singles<'b>(
        &mut self,
        mut bytes: &'b [u8],
        at: At,
        numbering: &mut Numbering,
        tools: &mut Tools<'_>,
        out: &mut impl Listener,
    ) -> &'b [u8] {
        let want = tools.want;
        let none = !matches!(self.phase, Phase::Header)
            || self.ended
            || self.partial_len > 0
            || self.closed
            || self.doubt > 0
            || self.message.is_some()
            || want.hash
            || want.frame_bytes > 0
            || self.deflate.as_ref().is_some_and(|context| context.params().per_frame);
        if none {
            return bytes;
        }
        let compresses = self.deflate.is_some();
        while let Some((header, used)) = Header::decode(bytes) {
            let is_text = header.opcode == Opcode::TEXT;
            let is_single =
                header.fin && (is_text || header.opcode == Opcode::BINARY) && !(compresses && header.rsv1());
            let behind = bytes.get(used..).unwrap_or_default();
            let Some((wire, rest)) =
                usize::try_from(header.len).ok().and_then(|len| behind.split_at_checked(len))
            else {
                break;
            };
            if !is_single {
                break;
            }
            let (short, mut is_ascii);
            let plain: &[u8] = if want.payload == 0 && !is_text {
                is_ascii = false;
                &[]
            } else if wire.len() <= mask::SHORT {
                let word = mask::short_word(behind, wire.len(), header.mask);
                is_ascii = word & utf8::NOT_ASCII == 0;
                short = word.to_le_bytes();
                short.get(..wire.len()).unwrap_or_default()
            } else {
                is_ascii = false;
                match header.mask {
                    Some(key) => mask::unmask(tools.scratch, wire, key, 0),
                    None => wire,
                }
            };
            let mut text = None;
            if is_text && want.payload > 0 {
                text = utf8::valid(plain).ok();
                is_ascii = text.is_some();
            }
            if is_text && !is_ascii && !utf8::is_valid(plain) {
                break;
            }
            let (payload, text) = match plain.get(..want.payload) {
                Some(kept) => (kept, None),
                None => (plain, text),
            };
            let offset = self.offset;
            let end = offset + used as u64 + header.len;
            self.offset = end;
            let (dir, n, message) = (self.dir, numbering.frame(), numbering.message());
            out.single(&Single { dir, n, message, at, offset, end, header, payload, text });
            bytes = rest;
        }
        bytes
    }

    /// The fast path: header and payload are in one piece.
    #[inline]
    #[allow(clippy::too_many_arguments, reason = "the hot path: each is a register, a struct is not")]
    pub(super) fn whole(
        &mut self,
        header: Header,
        payload: &[u8],
        n: u64,
        first: At,
        last: At,
        numbering: &mut Numbering,
        tools: &mut Tools<'_>,
        out: &mut impl Listener,
    ) {
        let dir = self.dir;
        let offset = self.offset;
        self.offset += header.header_len() as u64 + header.len;
        let wire = payload.get(..tools.want.frame_bytes).unwrap_or(payload);
        let wire = if tools.want.frame_bytes == 0 { &[] } else { wire };
        out.tell(Out::Frame(Frame { dir, n, first, last, offset, header, seen: header.len, wire }));
        let kind = match header.opcode {
            Opcode::TEXT => Kind::Text,
            Opcode::BINARY => Kind::Binary,
            Opcode::CLOSE => Kind::Close,
            Opcode::PING => Kind::Ping,
            _ => Kind::Pong,
        };
        let compressed = kind.is_data() && header.rsv1() && self.deflate.is_some();
        let looked_at = tools.want.payload > 0 || tools.want.hash || compressed || kind != Kind::Binary;
        let plain: &[u8] = match header.mask {
            Some(key) if looked_at => mask::unmask(tools.scratch, payload, key, 0),
            _ => payload,
        };
        let mut message = Message {
            dir,
            n: numbering.message(),
            kind,
            first,
            last,
            frames: 1,
            first_frame: n,
            last_frame: n,
            wire_len: header.len,
            len: header.len,
            compressed,
            final_block: false,
            exceeded: None,
            fault: None,
            payload: plain,
            text: None,
            utf8: None,
            sha256: None,
        };
        let mut limit = None;
        if compressed && let Some(context) = self.deflate.as_deref_mut() {
            let inflated = tools.inflater.inflate(context, plain, tools.limits);
            message.len = inflated.output.len() as u64;
            message.final_block = inflated.final_block;
            message.exceeded = inflated.exceeded;
            message.fault = inflated.fault.map(Fault::from);
            message.payload = inflated.output;
            if message.fault == Some(Fault::InflateLimit) {
                limit = Some(Limit::Inflated);
            }
        }
        if kind == Kind::Text {
            let (result, text) = utf8::text(message.payload, n);
            (message.utf8, message.text) = match message.fault {
                None => (Some(result), text),
                Some(_) => (Some(utf8::check_prefix(message.payload, n)), None),
            };
        } else if kind == Kind::Close {
            self.closed = true;
            message.utf8 = Some(utf8::check(message.close_reason(), n));
        }
        if tools.want.hash {
            message.sha256 = Some(sha256_of(message.payload));
        }
        if kind.is_data()
            && let Some(kept) = message.payload.get(..tools.want.payload)
        {
            message.payload = kept;
            message.text = None;
        }
        out.tell(Out::Message(message));
        if let Some(limit) = limit {
            out.tell(Out::Trouble { dir, at: last, what: Trouble::Limit(limit) });
        }
        if compressed {
            self.account_history(last, tools, out);
        }
    }

    pub(super) fn tell_frame(&self, frame: &OpenFrame, out: &mut impl Listener) {
        out.tell(Out::Frame(Frame {
            dir: self.dir,
            n: frame.n,
            first: frame.first,
            last: frame.last,
            offset: frame.offset,
            header: frame.header,
            seen: frame.seen,
            wire: &frame.wire,
        }));
    }

    pub(super) fn tell_message(
        &self,
        finished: &Finished,
        numbering: &mut Numbering,
        tools: &Tools<'_>,
        out: &mut impl Listener,
    ) {
        let payload = match &finished.payload {
            Some(own) => own,
            None => tools.inflater.output(),
        };
        let kept = if finished.kind.is_data() { tools.want.payload } else { usize::MAX };
        out.tell(Out::Message(Message {
            dir: self.dir,
            n: numbering.message(),
            kind: finished.kind,
            first: finished.first,
            last: finished.last,
            frames: finished.frames,
            first_frame: finished.first_frame,
            last_frame: finished.last_frame,
            wire_len: finished.wire_len,
            len: finished.len,
            compressed: finished.compressed,
            final_block: finished.final_block,
            exceeded: finished.exceeded,
            fault: finished.fault,
            payload: payload.get(..kept).unwrap_or(payload),
            text: None,
            utf8: finished.utf8,
            sha256: finished.sha256,
        }));
        if finished.fault == Some(Fault::InflateLimit) {
            let what = Trouble::Limit(Limit::Inflated);
            out.tell(Out::Trouble { dir: self.dir, at: finished.last, what });
        }
    }

    /// Keeps the shard's sum of inflate history, and drops this direction's where it is too much.
    pub(super) fn account_history(&mut self, at: At, tools: &mut Tools<'_>, out: &mut impl Listener) {
        let Some(context) = &mut self.deflate else { return };
        let now = context.history_bytes();
        tools.budget.history = tools.budget.history - self.history + now;
        self.history = now;
        if now > 0 && tools.budget.history > tools.limits.shard_history_bytes {
            context.drop_history();
            self.limited = true;
            tools.budget.history -= now;
            self.history = 0;
            out.tell(Out::Trouble { dir: self.dir, at, what: Trouble::Limit(Limit::History) });
        }
    }
}
