//! The server's direction of a [`Pair`]: responses, and which request each answers.

use super::{Answering, Kind, Out, Outcome, Pair, SWAP_NANOS, Wait, Why};
use crate::http::body::Body;
use crate::http::half::Progress;
use crate::http::pending::{Answer, Pending};
use crate::http::probe::{Guess, http1};
use crate::http::upgrade::Handshake;
use crate::item::{At, Dir, Item};
use crate::limits::Limits;

impl Pair {
    pub(super) fn server_data(
        &mut self,
        data: &[u8],
        at: At,
        limits: &Limits,
        out: &mut Out<'_>,
    ) -> (Outcome, usize) {
        let mut used = 0;
        while let Some(rest) = data.get(used..).filter(|rest| !rest.is_empty()) {
            if let Some(wait) = self.wait.as_deref() {
                match wait {
                    Wait::Answer if http1(rest) == Guess::Response => {
                        // The answer is there after all: what was held is the end of something else.
                        self.wait = None;
                        self.held[Dir::S2c.index()] = None;
                        self.server.lose();
                        continue;
                    }
                    _ => return (self.hold_server(rest, at, limits, out), data.len()),
                }
            }
            match self.server.feed(rest, at, limits.http_head) {
                Progress::All => return (Outcome::Continue, data.len()),
                Progress::TooLarge => return (Outcome::Opaque(Why::HeadTooLarge), data.len()),
                Progress::Body { used: n } => used += n,
                Progress::Head { head, used: n } => {
                    used += n;
                    match self.response(head.into(), true, limits, out) {
                        Outcome::Continue => {}
                        outcome => return (outcome, used),
                    }
                }
                Progress::Garbage { earlier, first } if self.is_held_back() && self.unsure => {
                    self.wait = Some(Box::new(Wait::Answer));
                    self.hold(Dir::S2c, &earlier, first, limits);
                }
                Progress::Garbage { .. } if self.is_strange() => {
                    return (Outcome::Opaque(Why::Garbage), data.len());
                }
                Progress::Garbage { earlier, .. } => {
                    self.unsure = true;
                    self.pass(Dir::S2c, earlier.len() as u64);
                    if earlier.is_empty() {
                        self.pass(Dir::S2c, rest.len() as u64);
                        return (Outcome::Continue, data.len());
                    }
                }
            }
        }
        (Outcome::Continue, data.len())
    }

    /// Server bytes while their meaning is unknown.
    fn hold_server(&mut self, data: &[u8], at: At, limits: &Limits, out: &mut Out<'_>) -> Outcome {
        let room = self.hold(Dir::S2c, data, at, limits);
        match self.wait.as_deref() {
            Some(Wait::Request(head)) if !room || at.time.since(head.response.last.time) > SWAP_NANOS => {
                self.stop_waiting(limits, out)
            }
            Some(Wait::Answer) => match self.weigh_lost_answer(limits, out) {
                Outcome::Continue if !room => Outcome::Full,
                outcome => outcome,
            },
            _ => Outcome::Continue,
        }
    }

    /// A response's head is complete. `wait` = its request may still come.
    pub(super) fn response(
        &mut self,
        head: Answering,
        wait: bool,
        limits: &Limits,
        out: &mut Out<'_>,
    ) -> Outcome {
        self.passed[Dir::S2c.index()] = 0;
        let answer = Answer::of(&head.response);
        if answer.is_interim() {
            self.server.expect(Body::NONE);
            return Outcome::Continue;
        }
        let may_come =
            wait && !self.alone && self.ended[Dir::C2s.index()].is_none() && !self.client.is_lost();
        if self.pending.is_empty() && may_come && (answer.status == 101 || !self.unsure) {
            self.wait = Some(Box::new(Wait::Request(head)));
            return Outcome::Continue;
        }
        let Answering { response, open } = head;
        if answer.status == 101
            && let Some(request) = self.client.take_cut_head()
        {
            // The rest of its request is in a gap, and perhaps more.
            let missing = request.missing;
            self.request(request, limits);
            self.unsure = true;
            self.pass(Dir::C2s, missing);
        }
        let pending = self.answered(answer);
        if answer.status == 101 {
            // Where a head was cut, its sign of WebSocket may have been too: nearly every 101 is one.
            let cut = response.missing > 0 || pending.as_ref().is_some_and(Pending::is_cut);
            if !answer.websocket && !cut && !pending.as_ref().is_some_and(Pending::is_upgrade) {
                return Outcome::Opaque(Why::OtherProtocol);
            }
            if open {
                self.hold_gap(Dir::S2c, response.missing, self.why[Dir::S2c.index()], response.last);
            }
            self.hold_partial(limits);
            let request = pending.and_then(Pending::into_request);
            let mut handshake = Box::new(Handshake { request, response: Some(response), early_bytes: 0 });
            if self.unsure && handshake.accept().is_some_and(|a| a.actual.is_some() && !a.valid) {
                // More likely that the request is lost than that this server is wrong.
                handshake.request = None;
            }
            return Outcome::Upgraded(handshake);
        }
        if open {
            self.server.lose();
            self.unsure = true;
        } else {
            let bodiless = pending.as_ref().is_some_and(|p| p.kind == Kind::Head) || answer.is_bodiless();
            self.server.expect(if bodiless { Body::NONE } else { Body::of_response(response.headers()) });
        }
        let Some(pending) = pending else { return Outcome::Continue };
        match pending.kind {
            Kind::Connect if matches!(answer.status, 200..=299) => return Outcome::Tunnel,
            Kind::Plain | Kind::Head => return Outcome::Continue,
            Kind::Upgrade { attempt: true } => out(Box::new(Handshake {
                early_bytes: self.early_bytes(response.first),
                request: pending.into_request(),
                response: Some(response),
            })),
            Kind::Connect | Kind::Upgrade { .. } => {}
        }
        self.release_client(limits, out)
    }

    /// Which request a final response, or a 101, answers.
    fn answered(&mut self, answer: Answer) -> Option<Pending> {
        let upgrade = self.pending.back().is_some_and(Pending::is_upgrade);
        if upgrade && (answer.status == 101 || (self.unsure && answer.websocket)) {
            let pending = self.pending.pop_back();
            self.pending.clear();
            return pending;
        }
        self.pending.pop_front()
    }

    /// The wait for a request is over without one.
    pub(super) fn stop_waiting(&mut self, limits: &Limits, out: &mut Out<'_>) -> Outcome {
        match self.wait.as_deref() {
            Some(Wait::Request(_)) => {
                self.alone = true;
                self.resume_server(limits, out)
            }
            Some(Wait::Answer) | None => Outcome::Continue,
        }
    }

    /// Goes on with the response that waited, and the server bytes behind it.
    pub(super) fn resume_server(&mut self, limits: &Limits, out: &mut Out<'_>) -> Outcome {
        let head = match self.wait.take().map(|wait| *wait) {
            Some(Wait::Request(head)) => head,
            wait => {
                self.wait = wait.map(Box::new);
                return Outcome::Continue;
            }
        };
        let hold = self.held[Dir::S2c.index()].take();
        let mut outcome = self.response(head, false, limits, out);
        for piece in hold.into_iter().flat_map(|hold| hold.into_pieces(Dir::S2c)) {
            match (&outcome, piece.item()) {
                (Outcome::Continue, Item::Data(data)) => {
                    let (next, used) = self.server_data(data, piece.at, limits, out);
                    // What is full was so before, and the caller was told.
                    outcome = if let Outcome::Full = next { Outcome::Continue } else { next };
                    if !matches!(outcome, Outcome::Continue) {
                        self.keep(Dir::S2c, data.get(used..).unwrap_or_default(), piece.at);
                    }
                }
                (Outcome::Continue, Item::Gap { len, why }) => {
                    outcome = self.gap(Dir::S2c, len, why, piece.at, limits, out);
                }
                (_, Item::Data(data)) => self.keep(Dir::S2c, data, piece.at),
                (_, Item::Gap { len, why }) => self.hold_gap(Dir::S2c, len, why, piece.at),
                (_, Item::End(_)) => {}
            }
        }
        outcome
    }
}
