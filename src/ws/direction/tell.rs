//! What a direction tells: frames, messages, and the fast path on which they are one and the same.

use crate::item::At;
use crate::ws::assembly::{Finished, sha256_of};
use crate::ws::fact::{Fault, Frame, Kind, Limit, Message, Opcode, Out, Trouble};
use crate::ws::header::Header;
use crate::ws::session::{Numbering, Tools};
use crate::ws::{mask, utf8};

use super::{Direction, OpenFrame};

impl Direction {
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
        out: &mut impl FnMut(Out<'_>),
    ) {
        let dir = self.dir;
        let offset = self.offset;
        self.offset += header.header_len() as u64 + header.len;
        let wire = payload.get(..tools.want.frame_bytes).unwrap_or(payload);
        let wire = if tools.want.frame_bytes == 0 { &[] } else { wire };
        out(Out::Frame(Frame { dir, n, first, last, offset, header, seen: header.len, wire }));
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
            Some(key) if looked_at => {
                tools.scratch.clear();
                mask::unmask_into(tools.scratch, payload, key, 0);
                tools.scratch
            }
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
        out(Out::Message(message));
        if let Some(limit) = limit {
            out(Out::Trouble { dir, at: last, what: Trouble::Limit(limit) });
        }
        if compressed {
            self.account_history(last, tools, out);
        }
    }

    pub(super) fn tell_frame(&self, frame: &OpenFrame, out: &mut impl FnMut(Out<'_>)) {
        out(Out::Frame(Frame {
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
        out: &mut impl FnMut(Out<'_>),
    ) {
        let payload = match &finished.payload {
            Some(own) => own,
            None => tools.inflater.output(),
        };
        let kept = if finished.kind.is_data() { tools.want.payload } else { usize::MAX };
        out(Out::Message(Message {
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
            out(Out::Trouble { dir: self.dir, at: finished.last, what });
        }
    }

    /// Keeps the shard's sum of inflate history, and drops this direction's where it is too much.
    pub(super) fn account_history(&mut self, at: At, tools: &mut Tools<'_>, out: &mut impl FnMut(Out<'_>)) {
        let Some(context) = &mut self.deflate else { return };
        let now = context.history_bytes();
        tools.budget.history = tools.budget.history - self.history + now;
        self.history = now;
        if now > 0 && tools.budget.history > tools.limits.shard_history_bytes {
            context.drop_history();
            self.limited = true;
            tools.budget.history -= now;
            self.history = 0;
            out(Out::Trouble { dir: self.dir, at, what: Trouble::Limit(Limit::History) });
        }
    }
}
