//! Both directions of an HTTP/1 connection into WebSocket upgrades (RFC 9112, RFC 6455 section 4).
//!
//! Requests are matched with responses in order; bodies are skipped by count. Client bytes behind an upgrade
//! request are held until its response says whose they are. What is unsure is decided like this:
//!
//! - *A response before its request* (packets swapped in the capture): a 101 waits for the request, and so
//!   does any response where all before was matched and nothing was lost. The wait ends with a complete
//!   request, with bytes from the client that are none, with [`Limits::before_response`] bytes of the server,
//!   after 10 s of capture time, or where a direction ends. Then the response stands alone.
//! - *After a gap* requests and responses may be missing: a 101, or a response that speaks of WebSocket,
//!   answers the upgrade request if there is one (unless its Sec-WebSocket-Accept says otherwise); a new
//!   request settles that all before were answered.
//! - *A gap inside a head*: it goes on in plain text up to an empty line, else it ended in the gap. A 101
//!   that ended so still upgrades, with the gap passed on, since it may hold frames.
//! - *The response to an upgrade request lost whole*: what follows from the server is held. Client bytes
//!   behind the request then decide: masked frames mean that it was accepted, a request that it was not.

mod client;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod script;
mod server;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use super::half::{Half, Head};
use super::held::{Held, Hold};
use super::pending::{Answer, Kind, Pending};
use super::upgrade::{Handshake, Response};
use crate::item::{At, Dir, End, Item, Missing};
use crate::limits::Limits;

/// Both directions of one HTTP/1 connection, up to an upgrade.
#[derive(Debug)]
pub struct Pair {
    client: Half,
    server: Half,
    /// Requests without a final response. Only the last one can be an upgrade or CONNECT.
    pending: VecDeque<Pending>,
    held: [Option<Box<Hold>>; 2],
    ended: [Option<(At, End)>; 2],
    /// Why the server's bytes are held.
    wait: Option<Box<Wait>>,
    /// Requests or responses may have been lost, so that the order says nothing.
    unsure: bool,
    /// A wait for a request was in vain, and none came since.
    alone: bool,
    /// Bytes of each direction since its last head that are missing, or were taken for nothing: where
    /// frames follow, some of them may be among these.
    passed: [u64; 2],
    /// Why bytes of each direction were last missing.
    why: [Missing; 2],
}

/// What the caller is to do after an item.
#[derive(Debug)]
pub enum Step {
    /// All of the item was taken.
    Continue,
    /// WebSocket begins.
    ///
    /// `used` bytes of this data belong to HTTP. The caller feeds `held` to WebSocket, then the rest of this
    /// data. (Of a gap or an end nothing is used: where the caller's item is one, it is fed on too.)
    Upgraded {
        /// What was agreed.
        handshake: Box<Handshake>,
        /// What came before this item and belongs to WebSocket.
        held: Vec<Held>,
        /// Bytes of this data that belong to HTTP.
        used: usize,
    },
    /// A 2xx to CONNECT: something else begins in both directions. The rest as in [`Step::Upgraded`].
    Tunnel {
        /// What came before this item and belongs to the tunnel.
        held: Vec<Held>,
        /// Bytes of this data that belong to HTTP.
        used: usize,
    },
    /// What is held behind an unanswered upgrade request has reached [`Limits::before_response`].
    ///
    /// The item is taken. The caller may decide with [`Pair::force_upgrade`]; where it goes on feeding, what
    /// is beyond becomes a gap.
    Full,
    /// Nothing further will be looked at.
    Opaque(Why),
}

/// Why a connection is no longer followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A 101 to something that is no WebSocket.
    OtherProtocol,
    /// Neither direction is HTTP/1.
    Garbage,
    /// A head is larger than [`Limits::http_head`].
    HeadTooLarge,
}

/// A response whose head is complete.
#[derive(Debug)]
struct Answering {
    response: Response,
    /// A gap swallowed the head's end, and perhaps more.
    open: bool,
}

impl From<Head> for Answering {
    fn from(head: Head) -> Self {
        let Head { bytes, first, last, missing, open } = head;
        Self { response: Response::parse(bytes, first, last).lacking(missing), open }
    }
}

/// Why server bytes are held.
#[derive(Debug)]
enum Wait {
    /// For the request of this response.
    Request(Answering),
    /// For the client to show what a lost response said.
    Answer,
}

/// What happened, before it is told with the place in the caller's item.
enum Outcome {
    Continue,
    Full,
    Upgraded(Box<Handshake>),
    Tunnel,
    Opaque(Why),
}

type Out<'a> = dyn FnMut(Box<Handshake>) + 'a;

impl Default for Pair {
    fn default() -> Self {
        Self::new()
    }
}

impl Pair {
    /// A connection seen from its start.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            client: Half::new(Dir::C2s),
            server: Half::new(Dir::S2c),
            pending: VecDeque::new(),
            held: [None, None],
            ended: [None, None],
            wait: None,
            unsure: false,
            alone: false,
            passed: [0; 2],
            why: [Missing::GaveUp; 2],
        }
    }

    /// A connection that was there before the capture: the first response may answer a request not seen.
    #[must_use]
    pub fn inside() -> Self {
        Self { unsure: true, ..Self::new() }
    }

    /// Takes the next item of a direction.
    ///
    /// `out` receives, in order, the handshakes that led to no WebSocket: refused, or never answered while
    /// the connection went on. After a [`Step`] other than `Continue` and `Full` nothing more may be fed.
    pub fn feed(&mut self, dir: Dir, item: Item<'_>, at: At, limits: &Limits, out: &mut Out<'_>) -> Step {
        let (outcome, used) = match item {
            Item::Data(data) => self.data(dir, data, at, limits, out),
            Item::Gap { len, why } => (self.gap(dir, len, why, at, limits, out), 0),
            Item::End(end) => {
                self.ended[dir.index()] = Some((at, end));
                (self.stop_waiting(limits, out), 0)
            }
        };
        match outcome {
            Outcome::Continue => Step::Continue,
            Outcome::Full => Step::Full,
            Outcome::Opaque(why) => Step::Opaque(why),
            Outcome::Tunnel => Step::Tunnel { held: self.take_held(Some((dir, item))), used },
            Outcome::Upgraded(mut handshake) => {
                self.hold_passed(at);
                if let Some(response) = &handshake.response {
                    handshake.early_bytes = self.early_bytes(response.first);
                }
                Step::Upgraded { handshake, held: self.take_held(Some((dir, item))), used }
            }
        }
    }

    /// Bytes that it holds, about.
    #[must_use]
    pub fn held(&self) -> usize {
        let heads: usize = self.pending.iter().map(Pending::cost).sum();
        let held: usize = self.held.iter().flatten().map(|hold| hold.cost()).sum();
        let wait = match self.wait.as_deref() {
            Some(Wait::Request(head)) => head.response.cost(),
            Some(Wait::Answer) | None => 0,
        };
        self.client.held() + self.server.held() + heads + held + wait
    }

    /// Takes what is pending for accepted: for a caller that knows that the other direction was not captured.
    ///
    /// An upgrade request without a response gives a handshake without one; a 101 that waits for its request
    /// gives one without that. Nothing more may be fed after `Some`; `None` changes nothing.
    pub fn force_upgrade(&mut self) -> Option<(Box<Handshake>, Vec<Held>)> {
        let handshake = match self.wait.as_deref() {
            Some(Wait::Request(head)) if Answer::of(&head.response).switches() => {
                Handshake { response: Some(head.response.clone()), ..Handshake::default() }
            }
            _ if self.pending.back().is_some_and(Pending::is_upgrade) => {
                let request = self.pending.pop_back().and_then(Pending::into_request);
                Handshake { request, ..Handshake::default() }
            }
            _ => return None,
        };
        self.wait = None;
        self.hold_passed(At::default());
        Some((Box::new(handshake), self.take_held(None)))
    }

    /// Both directions lost sync: what they carry may be something else by now, which only a fresh look
    /// can tell.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.client.is_lost() && self.server.is_lost() && self.wait.is_none() && !self.is_held_back()
    }

    /// The connection is over: `out` receives the upgrade request that never got a response.
    ///
    /// Where the directions were not ended before ([`Item::End`]), also a 101 whose request never came; call
    /// [`Pair::force_upgrade`] first to get that with its bytes.
    pub fn finish(&mut self, out: &mut Out<'_>) {
        if let Some(Wait::Request(head)) = self.wait.take().map(|wait| *wait)
            && Answer::of(&head.response).switches()
        {
            out(Box::new(Handshake { response: Some(head.response), ..Handshake::default() }));
        }
        self.unanswered(out);
        self.pending.clear();
        self.held = [None, None];
    }

    fn data(
        &mut self,
        dir: Dir,
        data: &[u8],
        at: At,
        limits: &Limits,
        out: &mut Out<'_>,
    ) -> (Outcome, usize) {
        match dir {
            Dir::C2s => self.client_data(data, at, limits, out),
            Dir::S2c => self.server_data(data, at, limits, out),
        }
    }

    fn gap(
        &mut self,
        dir: Dir,
        len: u64,
        why: Missing,
        at: At,
        limits: &Limits,
        out: &mut Out<'_>,
    ) -> Outcome {
        self.why[dir.index()] = why;
        match dir {
            Dir::C2s if self.is_held_back() => self.hold_gap(dir, len, why, at),
            Dir::S2c if self.wait.is_some() => self.hold_gap(dir, len, why, at),
            Dir::C2s => {
                let kept = self.client.gap(len);
                self.unsure |= !kept || self.client.in_head();
                if !kept {
                    // The request may be among the lost bytes, and frames may follow.
                    let outcome = self.stop_waiting(limits, out);
                    if let Outcome::Continue = outcome {
                        self.pass(dir, len);
                    }
                    return outcome;
                }
            }
            Dir::S2c => {
                let kept = self.server.gap(len);
                self.unsure |= !kept || self.server.in_head();
                if !kept {
                    self.pass(dir, len);
                }
            }
        }
        Outcome::Continue
    }

    /// Client bytes have to wait for the response to the last request.
    fn is_held_back(&self) -> bool {
        self.client.in_head() && self.pending.back().is_some_and(Pending::is_last)
    }

    /// Both directions began with something else, and no HTTP was seen since.
    fn is_strange(&self) -> bool {
        self.client.is_strange() && self.server.is_strange()
    }

    /// Holds data; `false` = the limit is reached. What comes after that is held as a gap.
    fn hold(&mut self, dir: Dir, data: &[u8], at: At, limits: &Limits) -> bool {
        let hold = self.held[dir.index()].get_or_insert_default();
        if hold.cost() < limits.before_response {
            hold.data(data, at);
        } else if !data.is_empty() {
            hold.gap(data.len() as u64, Missing::GaveUp, at);
        }
        hold.cost() < limits.before_response
    }

    /// Holds data that was held before, so that there is room for it.
    fn keep(&mut self, dir: Dir, data: &[u8], at: At) {
        self.held[dir.index()].get_or_insert_default().data(data, at);
    }

    fn hold_gap(&mut self, dir: Dir, len: u64, why: Missing, at: At) {
        self.held[dir.index()].get_or_insert_default().gap(len, why, at);
    }

    /// Bytes are passed over that frames may be among.
    fn pass(&mut self, dir: Dir, len: u64) {
        self.passed[dir.index()] = self.passed[dir.index()].saturating_add(len);
    }

    /// What was passed over before an upgrade precedes what is held, as a gap: no frame boundary is
    /// certain behind it.
    fn hold_passed(&mut self, at: At) {
        for dir in Dir::BOTH {
            let passed = std::mem::take(&mut self.passed[dir.index()]);
            if passed == 0 {
                continue;
            }
            let pieces = self.held[dir.index()].take().map(|hold| hold.into_pieces(dir)).unwrap_or_default();
            self.hold_gap(dir, passed, self.why[dir.index()], pieces.first().map_or(at, |piece| piece.at));
            for piece in pieces {
                match piece.item() {
                    Item::Data(data) => self.keep(dir, data, piece.at),
                    Item::Gap { len, why } => self.hold_gap(dir, len, why, piece.at),
                    Item::End(_) => {}
                }
            }
        }
    }

    fn early_bytes(&self, response: At) -> u64 {
        self.held[Dir::C2s.index()].as_deref().map_or(0, |hold| hold.len_before(response.packet))
    }

    /// All that is held, each direction in its order and both as captured; then the ends that were seen,
    /// but for one that is the caller's item.
    fn take_held(&mut self, item: Option<(Dir, Item<'_>)>) -> Vec<Held> {
        let [client, server] = Dir::BOTH.map(|dir| {
            let hold = self.held[dir.index()].take();
            hold.map(|hold| hold.into_pieces(dir)).unwrap_or_default()
        });
        let mut held = Vec::with_capacity(client.len() + server.len());
        let (mut client, mut server) = (client.into_iter().peekable(), server.into_iter().peekable());
        while let (Some(c), Some(s)) = (client.peek(), server.peek()) {
            held.extend(if s.at.packet < c.at.packet { server.next() } else { client.next() });
        }
        held.extend(client.chain(server));
        for dir in Dir::BOTH {
            if let Some((at, end)) = self.ended[dir.index()].take()
                && !matches!(item, Some((this, Item::End(_))) if this == dir)
            {
                held.push(Held::end(dir, at, end));
            }
        }
        held
    }
}

/// Requests without a response that are remembered.
const PIPELINE: usize = 128;
/// Packets of the two directions that are swapped in a capture are closer than this.
const SWAP_NANOS: i64 = 10_000_000_000;
