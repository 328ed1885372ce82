//! Conversations for the tests of rules: frames, messages and acknowledgements made by hand.

use std::net::IpAddr;

use crate::http::upgrade::{Handshake, Request, Response};
use crate::item::{At, Dir, End, Missing};
use crate::time::Timestamp;
use crate::ws::fact::{Frame, Kind, Message, Opcode, Out, Trouble};
use crate::ws::header::Header;
use crate::ws::utf8;

use super::Finding;
use super::checker::Checker;
use super::ledger::Told;

pub(super) use Dir::{C2s, S2c};

/// One connection as its checker sees it. Every step is a packet, 1 ms after the last.
pub(super) struct Talk {
    checker: Checker,
    /// The latest packet, and its time in milliseconds.
    packet: u64,
    ms: i64,
    frames: u64,
    messages: u64,
    sent: [u64; 2],
    unacked: [u64; 2],
    /// What is sent is acknowledged at once.
    acks: bool,
    /// The packet of the next frame, where it is told late.
    late: Option<At>,
    found: Vec<Finding>,
}

impl Talk {
    fn with(handshake: Option<&Handshake>) -> Self {
        let mut talk = Self {
            checker: Checker::new(handshake),
            packet: 5,
            ms: 0,
            frames: 0,
            messages: 0,
            sent: [0; 2],
            unacked: [0; 2],
            acks: true,
            late: None,
            found: Vec::new(),
        };
        if handshake.is_none() {
            let at = talk.at();
            let ips = [IpAddr::from([127, 0, 0, 1]); 2];
            talk.checker.opened_inside(at, ips, false, &mut |_| {});
        }
        talk
    }

    /// After the handshake.
    pub(super) fn open() -> Self {
        let response = Response::parse(&b"HTTP/1.1 101 \r\n\r\n"[..], At::default(), At::default());
        Self::with(Some(&Handshake {
            request: Some(Request::default()),
            response: Some(response),
            early_bytes: 0,
        }))
    }

    /// After a handshake of which only the client's half was captured.
    pub(super) fn one_sided() -> Self {
        Self::with(Some(&Handshake { request: Some(Request::default()), ..Handshake::default() }))
    }

    /// From the middle of a connection.
    pub(super) fn inside() -> Self {
        Self::with(None)
    }

    fn at(&self) -> At {
        At { packet: self.packet, time: Timestamp::from_nanos(self.ms * 1_000_000) }
    }

    /// The next packet.
    fn packet(&mut self) -> At {
        self.packet += 1;
        self.ms += 1;
        self.at()
    }

    fn check(&mut self, step: impl FnOnce(&mut Checker, &mut dyn FnMut(Told<'_>))) -> &mut Self {
        let found = &mut self.found;
        step(&mut self.checker, &mut |told| {
            if let Told::Finding(finding) = told {
                found.push(finding.clone());
            }
        });
        self
    }

    /// Acknowledgements are of interest.
    pub(super) fn waits(&self) -> bool {
        self.checker.waits()
    }

    /// What the engine does after a packet.
    fn segment(&mut self) -> &mut Self {
        if self.acks {
            self.unacked = [0; 2];
        }
        let (at, unacked) = (self.at(), self.unacked);
        if self.checker.waits() {
            self.check(|checker, mut tell| checker.segment(at, unacked, [false; 2], &mut tell));
        }
        self
    }

    /// A whole frame, with these first bits.
    pub(super) fn raw(&mut self, dir: Dir, first: u8, payload: &[u8]) -> &mut Self {
        self.tell(dir, first, payload);
        self.segment()
    }

    /// A whole frame; what it acknowledges is not known yet.
    fn tell(&mut self, dir: Dir, first: u8, payload: &[u8]) -> &mut Self {
        let now = self.packet();
        let at = self.late.take().unwrap_or(now);
        let header = Header {
            fin: first & 0x80 != 0,
            rsv: first >> 4 & 7,
            opcode: Opcode::new(first),
            mask: (dir == C2s).then(|| (self.frames as u32).wrapping_mul(0x9e37_79b9).to_be_bytes()),
            len7: payload.len().min(126) as u8,
            len: payload.len() as u64,
        };
        self.frames += 1;
        let offset = self.sent[dir.index()];
        let len = header.header_len() as u64 + header.len;
        self.sent[dir.index()] += len;
        self.unacked[dir.index()] += len;
        let n = self.frames;
        let seen = header.len;
        let frame = Frame { dir, n, first: at, last: at, offset, header, seen, wire: b"" };
        self.check(|checker, mut tell| checker.take(&Out::Frame(frame), &mut tell));
        let kind = match header.opcode {
            Opcode::TEXT => Kind::Text,
            Opcode::CLOSE => Kind::Close,
            Opcode::PING => Kind::Ping,
            Opcode::PONG => Kind::Pong,
            _ => Kind::Binary,
        };
        self.messages += 1;
        let message = Message {
            dir,
            n: self.messages,
            kind,
            first: at,
            last: at,
            frames: 1,
            first_frame: n,
            last_frame: n,
            wire_len: header.len,
            len: header.len,
            compressed: false,
            fault: None,
            payload,
            text: None,
            utf8: (kind == Kind::Close).then(|| utf8::check(payload.get(2..).unwrap_or_default(), n)),
            sha256: None,
            final_block: false,
            exceeded: None,
        };
        self.check(|checker, mut tell| checker.take(&Out::Message(message), &mut tell))
    }

    pub(super) fn text(&mut self, dir: Dir) -> &mut Self {
        self.raw(dir, 0x81, b"Hello")
    }

    pub(super) fn ping(&mut self, dir: Dir, payload: &str) -> &mut Self {
        self.raw(dir, 0x89, payload.as_bytes())
    }

    pub(super) fn pong(&mut self, dir: Dir, payload: &str) -> &mut Self {
        self.raw(dir, 0x8a, payload.as_bytes())
    }

    /// A Close; 0 = without a code.
    pub(super) fn close(&mut self, dir: Dir, code: u16) -> &mut Self {
        let payload = code.to_be_bytes();
        self.raw(dir, 0x88, if code == 0 { b"" } else { &payload })
    }

    /// Time passes without a packet.
    pub(super) fn wait(&mut self, ms: i64) -> &mut Self {
        self.ms += ms;
        self
    }

    /// From here on what is sent is not acknowledged, or again at once.
    pub(super) fn acks(&mut self, acks: bool) -> &mut Self {
        self.acks = acks;
        self
    }

    /// The next frame was captured `packets` packets, and as many milliseconds, before this one.
    pub(super) fn late(&mut self, packets: u64) -> &mut Self {
        let time = Timestamp::from_nanos((self.ms + 1 - packets as i64) * 1_000_000);
        self.late = Some(At { packet: self.packet + 1 - packets, time });
        self
    }

    fn trouble(&mut self, dir: Dir, what: Trouble) -> &mut Self {
        let at = self.packet();
        self.check(|checker, mut tell| checker.take(&Out::Trouble { dir, at, what }, &mut tell));
        self.found.retain(|finding| finding.rule.family() != 'N');
        self.segment()
    }

    /// Bytes of a direction are missing, over a frame boundary.
    pub(super) fn gap(&mut self, dir: Dir) -> &mut Self {
        self.trouble(dir, Trouble::Gap { len: 9, in_payload: false, why: Missing::Lost })
    }

    /// Frame boundaries are found again.
    pub(super) fn found(&mut self, dir: Dir) -> &mut Self {
        self.trouble(dir, Trouble::Resynchronised { skipped: 9 })
    }

    pub(super) fn not_frames(&mut self, dir: Dir, skipped: u64) -> &mut Self {
        self.trouble(dir, Trouble::NotFrames { skipped })
    }

    /// Part of a frame header.
    pub(super) fn partial(&mut self, dir: Dir, bytes: u8) -> &mut Self {
        self.trouble(dir, Trouble::PartialHeader { bytes })
    }

    fn end(&mut self, dir: Dir, end: End) -> &mut Self {
        let at = self.at();
        self.check(|checker, mut tell| checker.end(dir, end, at, &mut tell))
    }

    pub(super) fn fin(&mut self, dir: Dir) -> &mut Self {
        self.packet();
        self.end(dir, End::Fin).segment()
    }

    pub(super) fn reset(&mut self, dir: Dir) -> &mut Self {
        self.packet();
        self.end(dir, End::Reset).end(dir.other(), End::ResetByPeer).segment()
    }

    /// The connection is over, or the capture: what was found.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        let (at, unacked) = (self.at(), self.unacked);
        self.check(|checker, mut tell| checker.finish(at, unacked, &mut tell));
        self.found
    }
}

/// What a conversation is about, how it begins and goes on, and the rules that fire.
type Case = (&'static str, fn() -> Talk, fn(&mut Talk), &'static [&'static str]);

/// Runs conversations, and says where other rules fire than those listed.
pub(super) fn expect(table: &[Case]) {
    for (what, start, steps, codes) in table {
        let mut talk = start();
        steps(&mut talk);
        let found = talk.finish();
        let fired: Vec<&str> = found.iter().map(|finding| finding.rule.code).collect();
        assert_eq!(&fired, codes, "{what}: {:#?}", found.iter().map(|f| &f.text).collect::<Vec<_>>());
    }
}
