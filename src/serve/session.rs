//! One WebSocket of the server: what comes in, what is due, what goes out. No sockets and no clock.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::traffic::Traffic;
use super::{Close, Ended, Options};
use crate::endpoint::{Codec, Endpoint, Event, Failure};
use crate::time::Timestamp;
use crate::ws::fact::Kind;

/// An open WebSocket.
pub(super) struct Session {
    endpoint: Endpoint,
    traffic: Traffic,
    delay: Duration,
    /// Echoes that wait.
    replies: VecDeque<Reply>,
    /// Bytes of their payloads.
    waiting: usize,
    next_tick: Option<Instant>,
    keepalive: Option<Keepalive>,
    close: Option<Close>,
    /// When the peer's Close is no longer waited for.
    patience: Option<Instant>,
    messages: [u64; 2],
    ended: Option<Ended>,
}

struct Reply {
    due: Instant,
    kind: Kind,
    payload: Vec<u8>,
}

/// Pings by the clock.
struct Keepalive {
    every: Duration,
    next: Instant,
    number: u64,
    sent: Instant,
    /// The latest was not answered yet.
    awaited: bool,
    /// Pings since anything was heard.
    unheard: u32,
}

/// What a session needs at each turn.
pub(super) struct World<'a> {
    pub(super) now: Instant,
    pub(super) clock: Timestamp,
    pub(super) codec: &'a mut Codec,
    /// What is to be sent to the client.
    pub(super) out: &'a mut Vec<u8>,
    /// What is to be sent to everybody in the chat.
    pub(super) broadcast: &'a mut Vec<(Kind, Vec<u8>)>,
}

impl Session {
    /// A session that has just been opened; it may speak first.
    pub(super) fn new(
        endpoint: Endpoint,
        traffic: Traffic,
        options: &Options,
        world: &mut World<'_>,
    ) -> Self {
        let every = match &traffic {
            Traffic::Ping(every) => Some(*every),
            _ => options.ping,
        };
        let keepalive = every.map(|every| Keepalive {
            every,
            next: world.now + every,
            number: 0,
            sent: world.now,
            awaited: false,
            unheard: 0,
        });
        let close = match &traffic {
            Traffic::Close(close) => Some(close.clone()),
            _ => options.close.clone(),
        };
        let next_tick = matches!(traffic, Traffic::Ticks(..)).then_some(world.now);
        let mut session = Self {
            endpoint,
            traffic,
            delay: options.delay,
            replies: VecDeque::new(),
            waiting: 0,
            next_tick,
            keepalive,
            close,
            patience: None,
            messages: [0; 2],
            ended: None,
        };
        session.close_if_due(world);
        session
    }

    /// Takes the client's bytes up to the next event. `false` = all were taken, and there is none.
    pub(super) fn receive(&mut self, input: &mut &[u8], world: &mut World<'_>) -> bool {
        if let Some(keepalive) = &mut self.keepalive {
            // An answer may be held up by what is before it.
            keepalive.unheard = 0;
        }
        let Some(event) = self.endpoint.receive(input, world.codec, world.out) else { return false };
        match event {
            Event::Message { kind, payload, .. } => self.message(kind, payload, world),
            Event::Ping(_) => {}
            Event::Pong(payload) => self.pong(&payload, world),
            Event::Closed { code, reason } => {
                self.ended.get_or_insert(Ended::ByClient(code, reason));
            }
            Event::Failed(failure) => {
                self.ended.get_or_insert(Ended::Failed(failure));
            }
        }
        true
    }

    fn message(&mut self, kind: Kind, payload: Vec<u8>, world: &mut World<'_>) {
        let [received, _] = &mut self.messages;
        *received += 1;
        match self.traffic {
            Traffic::Echo | Traffic::Slow(_) if self.delay > Duration::ZERO => {
                self.waiting += payload.len();
                self.replies.push_back(Reply { due: world.now + self.delay, kind, payload });
            }
            Traffic::Echo | Traffic::Slow(_) => self.send(kind, &payload, world),
            Traffic::Chat => world.broadcast.push((kind, payload)),
            Traffic::Close(_) | Traffic::Ticks(..) | Traffic::Ping(_) => {}
        }
        self.close_if_due(world);
    }

    fn pong(&mut self, payload: &[u8], world: &mut World<'_>) {
        let Some(keepalive) = &mut self.keepalive else { return };
        if !keepalive.awaited || payload != keepalive.number.to_string().as_bytes() {
            return;
        }
        keepalive.awaited = false;
        let took = world.now.saturating_duration_since(keepalive.sent).as_secs_f64() * 1e3;
        if matches!(self.traffic, Traffic::Ping(_)) {
            let text = format!("{{\"type\":\"pong\",\"n\":{},\"ms\":{took:.3}}}", keepalive.number);
            self.send(Kind::Text, text.as_bytes(), world);
        }
    }

    /// Sends a message of the server's own, or of another client.
    pub(super) fn send(&mut self, kind: Kind, payload: &[u8], world: &mut World<'_>) {
        if self.endpoint.is_open() {
            let [_, sent] = &mut self.messages;
            *sent += 1;
            self.endpoint.send(kind, payload, world.codec, world.out);
            if !self.endpoint.is_open() {
                // It closed in its own way, on purpose.
                self.patience.get_or_insert(world.now + PATIENCE);
            }
        }
    }

    /// Does what is due. `full` = what was sent before is still to leave: only what cannot wait is done.
    pub(super) fn tick(&mut self, full: bool, world: &mut World<'_>) {
        if self.patience.is_some_and(|patience| patience <= world.now) {
            self.endpoint.fail(&Failure::new(1006, ""), world.out);
        }
        while !full && self.replies.front().is_some_and(|reply| reply.due <= world.now) {
            let Some(reply) = self.replies.pop_front() else { break };
            self.waiting -= reply.payload.len();
            self.send(reply.kind, &reply.payload, world);
            self.close_if_due(world);
        }
        if let (Traffic::Ticks(every, tick), Some(next)) = (&mut self.traffic, &mut self.next_tick)
            && *next <= world.now
        {
            // What was missed is left out.
            *next = (*next + *every).max(world.now);
            if !full {
                let (kind, payload) = tick.next(world.clock);
                self.send(kind, &payload, world);
            }
        }
        self.ping(full, world);
    }

    fn ping(&mut self, full: bool, world: &mut World<'_>) {
        let Some(keepalive) = &mut self.keepalive else { return };
        if keepalive.next > world.now {
            return;
        }
        keepalive.next = (keepalive.next + keepalive.every).max(world.now);
        if keepalive.unheard >= UNHEARD {
            return self.fail(&Failure::new(1011, "two Pings were not answered"), world.out);
        }
        // While it is not read from, nothing can be heard.
        if !full {
            keepalive.unheard += 1;
            keepalive.number += 1;
            (keepalive.sent, keepalive.awaited) = (world.now, true);
            self.endpoint.ping(keepalive.number.to_string().as_bytes(), world.out);
        }
    }

    fn close_if_due(&mut self, world: &mut World<'_>) {
        let [received, _] = self.messages;
        if let Some(close) = self.close.take_if(|close| received >= close.after && self.replies.is_empty()) {
            self.close(close.code, &close.reason, world);
        }
    }

    /// Begins the closing handshake.
    pub(super) fn close(&mut self, code: u16, reason: &str, world: &mut World<'_>) {
        if self.endpoint.is_open() {
            self.endpoint.close(Some(code), reason, world.out);
            self.ended = Some(Ended::ByServer(code, reason.to_owned()));
            self.patience = Some(world.now + PATIENCE);
        }
    }

    /// Gives the connection up, with a Close.
    pub(super) fn fail(&mut self, failure: &Failure, out: &mut Vec<u8>) {
        self.endpoint.fail(failure, out);
        self.replies.clear();
        self.waiting = 0;
        self.ended.get_or_insert(Ended::ByServer(failure.code, failure.reason.clone().into_owned()));
    }

    /// The client can say nothing more that would matter.
    pub(super) const fn is_over(&self) -> bool {
        self.endpoint.is_over()
    }

    /// TCP is to be broken off.
    pub(super) const fn resets(&self) -> bool {
        self.endpoint.resets()
    }

    /// It is in the chat.
    pub(super) const fn is_chat(&self) -> bool {
        matches!(self.traffic, Traffic::Chat)
    }

    /// So much time is to pass between two bytes.
    pub(super) const fn pace(&self) -> Option<Duration> {
        match self.traffic {
            Traffic::Slow(pace) => Some(pace),
            _ => None,
        }
    }

    /// When something is due; where what was sent is still to leave, only what cannot wait.
    pub(super) fn deadline(&self, full: bool) -> Option<Instant> {
        let reply = self.replies.front().map(|reply| reply.due).filter(|_| !full);
        let ping = self.keepalive.as_ref().map(|keepalive| keepalive.next);
        [reply, ping, self.next_tick, self.patience].into_iter().flatten().min()
    }

    /// So many bytes of echoes wait that no more is to be read.
    pub(super) fn is_behind(&self) -> bool {
        self.waiting > BEHIND || self.replies.len() > BEHIND_REPLIES
    }

    /// Bytes of memory that it takes.
    pub(super) fn held(&self) -> usize {
        self.endpoint.held() + self.waiting + self.replies.capacity() * size_of::<Reply>()
    }

    /// Data messages from the client, and to it.
    pub(super) const fn messages(&self) -> [u64; 2] {
        self.messages
    }

    /// How it ended, as far as it said so.
    pub(super) fn ended(self) -> Option<Ended> {
        self.ended
    }
}

/// How long a client may take to answer a Close.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pings after which a client that says nothing is given up.
const UNHEARD: u32 = 2;
/// Payload bytes of echoes that may wait.
const BEHIND: usize = 1 << 20;
/// Echoes that may wait.
const BEHIND_REPLIES: usize = 4_096;
