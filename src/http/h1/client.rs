//! The client's direction of a [`Pair`]: requests, and bytes that wait for what they are.

use super::{Kind, Out, Outcome, PIPELINE, Pair, Wait, Why};
use crate::http::half::{Head, Progress};
use crate::http::held::Hold;
use crate::http::pending::Pending;
use crate::http::probe::{Guess, http1};
use crate::http::upgrade::Handshake;
use crate::item::{At, Dir, Item};
use crate::limits::Limits;

impl Pair {
    pub(super) fn client_data(
        &mut self,
        data: &[u8],
        at: At,
        limits: &Limits,
        out: &mut Out<'_>,
    ) -> (Outcome, usize) {
        let mut used = 0;
        loop {
            if self.wait.is_some() && !self.pending.is_empty() && self.client.in_head() {
                match self.resume_server(limits, out) {
                    Outcome::Continue => {}
                    outcome => return (outcome, used),
                }
            }
            let Some(rest) = data.get(used..).filter(|rest| !rest.is_empty()) else { break };
            if self.is_held_back() {
                let room = self.hold(Dir::C2s, rest, at, limits);
                return match self.weigh_lost_answer(limits, out) {
                    Outcome::Continue if !room => (Outcome::Full, data.len()),
                    outcome => (outcome, data.len()),
                };
            }
            match self.client.feed(rest, at, limits.http_head) {
                Progress::All => return (Outcome::Continue, data.len()),
                Progress::TooLarge => return (Outcome::Opaque(Why::HeadTooLarge), data.len()),
                Progress::Body { used: n } => used += n,
                Progress::Head { head, used: n } => {
                    used += n;
                    let (open, missing) = (head.open, head.missing);
                    self.request(head, limits);
                    if open {
                        self.unsure = true;
                        self.pass(Dir::C2s, missing);
                        // What follows an upgrade request waits for its response, cut or not.
                        if !self.is_held_back() {
                            self.client.lose();
                            self.pass(Dir::C2s, (data.len() - used) as u64);
                            return (Outcome::Continue, data.len());
                        }
                    }
                }
                Progress::Garbage { earlier, first } => {
                    return self.client_garbage(&earlier, first, data, used, at, limits, out);
                }
            }
        }
        (Outcome::Continue, data.len())
    }

    /// The client sends something that is no request.
    #[expect(clippy::too_many_arguments, reason = "the place in the item and all that `client_data` has")]
    fn client_garbage(
        &mut self,
        earlier: &[u8],
        first: At,
        data: &[u8],
        used: usize,
        at: At,
        limits: &Limits,
        out: &mut Out<'_>,
    ) -> (Outcome, usize) {
        if self.wait.is_some() {
            // The request that the server's response waits for will not come: these may be frames.
            self.hold(Dir::C2s, earlier, first, limits);
            return match self.stop_waiting(limits, out) {
                Outcome::Continue => {
                    self.held[Dir::C2s.index()] = None;
                    self.pass(Dir::C2s, (earlier.len() + data.len() - used) as u64);
                    (Outcome::Continue, data.len())
                }
                outcome => (outcome, used),
            };
        }
        if self.is_strange() {
            return (Outcome::Opaque(Why::Garbage), data.len());
        }
        self.unsure = true;
        if earlier.is_empty() {
            self.pass(Dir::C2s, (data.len() - used) as u64);
            return (Outcome::Continue, data.len());
        }
        self.pass(Dir::C2s, earlier.len() as u64);
        // What looked like a beginning was none; this segment may be one.
        self.client_data(data, at, limits, out)
    }

    /// A request's head is complete.
    pub(super) fn request(&mut self, head: Head, limits: &Limits) {
        let pending = Pending::new(head);
        if self.unsure && self.wait.is_none() {
            // Clients wait for their answers, as a rule; counting on it beats a wrong order for good.
            self.pending.clear();
            self.unsure = false;
        }
        if self.pending.len() >= PIPELINE {
            self.pending.pop_front();
            self.unsure = true;
        }
        // Of a request that is not the last, little more than its place matters.
        let mut room = limits.http_head;
        for earlier in self.pending.iter_mut().rev() {
            match room.checked_sub(earlier.cost()) {
                Some(left) => room = left,
                None => earlier.forget(),
            }
        }
        self.alone = false;
        self.passed[Dir::C2s.index()] = 0;
        self.client.expect(pending.body);
        if self.pending.is_empty() {
            // Mostly there is one.
            self.pending.reserve_exact(1);
        }
        self.pending.push_back(pending);
    }

    /// What was held behind a request turns out to be the next requests.
    pub(super) fn release_client(&mut self, limits: &Limits, out: &mut Out<'_>) -> Outcome {
        let Some(hold) = self.held[Dir::C2s.index()].take() else { return Outcome::Continue };
        for piece in hold.into_pieces(Dir::C2s) {
            let outcome = match piece.item() {
                Item::Data(data) => self.client_data(data, piece.at, limits, out).0,
                Item::Gap { len, why } => self.gap(Dir::C2s, len, why, piece.at, limits, out),
                Item::End(_) => Outcome::Continue,
            };
            if let Outcome::Opaque(_) = outcome {
                return outcome;
            }
        }
        Outcome::Continue
    }

    /// The answer to an upgrade request is lost: what does the client make of it?
    pub(super) fn weigh_lost_answer(&mut self, limits: &Limits, out: &mut Out<'_>) -> Outcome {
        if !matches!(self.wait.as_deref(), Some(Wait::Answer)) {
            return Outcome::Continue;
        }
        let client = self.held[Dir::C2s.index()].as_deref().map_or(&[][..], Hold::bytes);
        // A frame of a client: RSV2 and RSV3 clear, an opcode that is defined, masked (RFC 6455 section 5.2).
        let frames = matches!(client, [first, second, ..]
            if first & 0x30 == 0 && matches!(first & 0x0f, 0..=2 | 8..=10) && second & 0x80 != 0);
        if frames && self.pending.back().is_some_and(Pending::is_upgrade) {
            self.wait = None;
            let request = self.pending.pop_back().and_then(Pending::into_request);
            return Outcome::Upgraded(Box::new(Handshake { request, ..Handshake::default() }));
        }
        if http1(client) == Guess::Request {
            self.wait = None;
            self.held[Dir::S2c.index()] = None;
            self.server.lose();
            self.unanswered(out);
            self.pending.clear();
            return self.release_client(limits, out);
        }
        Outcome::Continue
    }

    pub(super) fn unanswered(&mut self, out: &mut Out<'_>) {
        if let Some(pending) = self.pending.pop_back()
            && pending.kind == (Kind::Upgrade { attempt: true })
        {
            out(Box::new(Handshake { request: pending.into_request(), ..Handshake::default() }));
        }
    }

    /// A 101 came while the client was in something that looked like another head.
    pub(super) fn hold_partial(&mut self, limits: &Limits) {
        if let Some((bytes, first)) = self.client.take_partial() {
            if http1(&bytes) == Guess::Request {
                // No frame begins like this; what follows it may be one.
                return self.pass(Dir::C2s, bytes.len() as u64);
            }
            self.hold(Dir::C2s, &bytes, first, limits);
        }
    }
}
