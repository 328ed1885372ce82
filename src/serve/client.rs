//! One TCP connection: from its first byte to its last.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::record::Flow;
use super::session::{Session, World};
use super::tape::{Tape, Taped};
use super::traffic::Traffic;
use super::transport::Transport;
use super::{Ended, Notice, Options, page};
use crate::endpoint::breach::Breach;
use crate::endpoint::handshake::{self, Refusal};
use crate::endpoint::{Codec, Endpoint, Failure, Role, Settings};
use crate::http::probe::{Guess, probe};
use crate::http::upgrade::Request;
use crate::item::{At, Dir};
use crate::time::Timestamp;
use crate::ws::fact::Kind;

/// A client.
pub(super) struct Client {
    pub(super) id: u64,
    pub(super) peer: SocketAddr,
    pub(super) transport: Transport,
    /// When it is to be looked at again, as the loop knows.
    pub(super) armed: Option<Instant>,
    /// Its memory, as the loop has counted it.
    pub(super) counted: usize,
    phase: Phase,
    /// A head that is not whole, or what could not be taken yet.
    input: Vec<u8>,
    out: Vec<u8>,
    /// How much of `out` has left.
    left: usize,
    readable: bool,
    writable: bool,
    /// The client's stream is over.
    eof: bool,
    /// So much of `out` may leave at once, where other bytes leave one by one: the handshake.
    at_once: usize,
    /// When the next byte may leave, where they leave one by one.
    next_byte: Option<Instant>,
    opened: Instant,
    bytes: [u64; 2],
    flow: Option<Flow>,
    refuse: bool,
}

enum Phase {
    Head,
    Open(Box<Session>),
    /// All is said: the rest leaves, then the client's end is waited for.
    Leaving {
        until: Instant,
        finished: bool,
    },
}

/// What all clients share, for one turn.
pub(super) struct Turn<'a> {
    pub(super) now: Instant,
    pub(super) clock: Timestamp,
    pub(super) options: &'a Options,
    pub(super) codec: &'a mut Codec,
    pub(super) tape: &'a mut Tape,
    /// Room to read into.
    pub(super) room: &'a mut [u8],
    pub(super) broadcast: &'a mut Vec<(Kind, Vec<u8>)>,
    pub(super) notices: &'a mut Vec<Notice>,
}

/// What became of a client in its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pumped {
    /// It waits for its socket or the clock.
    Waits,
    /// It has more to do, but others are to have their turn.
    Again,
    /// It is no more.
    Gone,
}

impl Client {
    /// A client that has just connected. `refuse` = there is no room for it: it is to be told so.
    pub(super) fn new(
        id: u64,
        peer: SocketAddr,
        transport: Transport,
        flow: Option<Flow>,
        now: Instant,
        refuse: bool,
    ) -> Self {
        Self {
            id,
            peer,
            transport,
            armed: None,
            counted: 0,
            phase: Phase::Head,
            input: Vec::new(),
            out: Vec::new(),
            left: 0,
            readable: true,
            writable: true,
            eof: false,
            at_once: 0,
            next_byte: None,
            opened: now,
            bytes: [0; 2],
            flow,
            refuse,
        }
    }

    /// The socket may have become readable or writable.
    pub(super) fn ready(&mut self, readable: bool, writable: bool) {
        self.readable |= readable;
        self.writable |= writable;
    }

    /// Does all that can be done now, up to a fair share.
    pub(super) fn pump(&mut self, turn: &mut Turn<'_>) -> Pumped {
        match self.work(turn) {
            Ok(pumped) => {
                if pumped == Pumped::Gone {
                    self.gone(None, turn);
                }
                pumped
            }
            Err(error) => {
                self.gone(Some(&error), turn);
                Pumped::Gone
            }
        }
    }

    fn work(&mut self, turn: &mut Turn<'_>) -> io::Result<Pumped> {
        if self.writable {
            self.held_back()?;
        }
        for _ in 0..SHARE {
            self.due(turn);
            self.drain(turn)?;
            if self.leave(turn) {
                return Ok(Pumped::Gone);
            }
            if self.is_full() || self.is_behind() {
                return Ok(Pumped::Waits);
            }
            if !self.input.is_empty() && matches!(self.phase, Phase::Open(_)) {
                let input = std::mem::take(&mut self.input);
                self.take(&input, turn);
                continue;
            }
            if !self.readable || self.eof {
                // What was just written may have to leave, or be the last.
                self.drain(turn)?;
                return Ok(if self.leave(turn) { Pumped::Gone } else { Pumped::Waits });
            }
            match self.transport.read(turn.room) {
                Ok(0) => {
                    self.eof = true;
                    turn.tape.put(&mut self.flow, Dir::C2s, Taped::Fin);
                    self.end_of_stream(turn);
                }
                Ok(len) => {
                    let room = std::mem::take(&mut turn.room);
                    let bytes = room.get(..len).unwrap_or_default();
                    self.bytes[0] += len as u64;
                    turn.tape.put(&mut self.flow, Dir::C2s, Taped::Data(bytes));
                    self.take(bytes, turn);
                    turn.room = room;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Pumped::Again)
    }

    /// What TLS holds back.
    fn held_back(&mut self) -> io::Result<()> {
        match self.transport.flush() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.writable = false;
                Ok(())
            }
            result => result,
        }
    }

    /// Takes bytes of the client.
    fn take(&mut self, bytes: &[u8], turn: &mut Turn<'_>) {
        match &mut self.phase {
            Phase::Leaving { .. } => {}
            Phase::Head => {
                self.input.extend_from_slice(bytes);
                self.head(turn);
            }
            Phase::Open(session) => {
                let mut rest = bytes;
                let start = self.left;
                loop {
                    if self.out.len() - start > FULL || session.is_behind() {
                        self.input.extend_from_slice(rest);
                        return;
                    }
                    if !session.receive(&mut rest, &mut world(turn, &mut self.out)) {
                        return;
                    }
                }
            }
        }
    }

    /// Looks at what may be a head.
    fn head(&mut self, turn: &mut Turn<'_>) {
        let Some(end) = handshake::head_end(&self.input) else {
            let refusal = match probe(&self.input) {
                Guess::Tls => {
                    return self.drop_client("it speaks TLS, and this port does not (see --tls)", turn);
                }
                Guess::Request | Guess::NeedMore if self.input.len() <= MAX_HEAD => return,
                Guess::Request | Guess::NeedMore => Refusal::new(431, "the head is too long"),
                _ => Refusal::new(400, "this is no HTTP/1.1 request"),
            };
            return self.refuse(&refusal, "", turn);
        };
        let input = std::mem::take(&mut self.input);
        let (head, rest) = input.split_at(end);
        let request = Request::parse(head, At::default(), At::default());
        self.request(&request, turn);
        if !rest.is_empty() {
            self.take(rest, turn);
        }
    }

    fn request(&mut self, request: &Request, turn: &mut Turn<'_>) {
        let target = String::from_utf8_lossy(request.target()).into_owned();
        if self.refuse {
            return self.refuse(&Refusal::new(503, "there are too many clients"), &target, turn);
        }
        if !handshake::is_upgrade(request) {
            let page = page::answer(request, &target);
            self.out.extend_from_slice(&page.bytes);
            turn.notices.push(Notice::Answered {
                id: self.id,
                peer: self.peer,
                target,
                status: page.status,
                why: page.why.into_owned(),
            });
            return self.say_goodbye(turn.now);
        }
        let traffic = match Traffic::of(&target) {
            Some(Ok(traffic)) => traffic,
            Some(Err(why)) => return self.refuse(&Refusal { status: 400, why: why.into() }, &target, turn),
            None => return self.refuse(&Refusal::new(404, "there is no such path"), &target, turn),
        };
        let breach = breach(self.id, &turn.options.breaches);
        let (agreed, head) = match handshake::answer_with(request, &turn.options.policy, breach) {
            Ok(answer) => answer,
            Err(refusal) => return self.refuse(&refusal, &target, turn),
        };
        self.out.extend_from_slice(&head);
        self.at_once = self.out.len();
        turn.notices.push(Notice::Opened {
            id: self.id,
            peer: self.peer,
            target,
            subprotocol: agreed.subprotocol.clone(),
            deflate: agreed.deflate.is_some(),
            breaks: breach.map(|breach| breach.code),
        });
        let max_message = match traffic {
            Traffic::Chat => turn.options.max_message.min(CHAT_MESSAGE),
            _ => turn.options.max_message,
        };
        let settings = Settings {
            max_message,
            fragment: turn.options.fragment,
            masker: None,
            breach: breach.cloned().unwrap_or_default(),
        };
        let endpoint = Endpoint::new(Role::Server, agreed, settings);
        self.opened = turn.now;
        let session = Session::new(endpoint, traffic, turn.options, &mut world(turn, &mut self.out));
        self.phase = Phase::Open(Box::new(session));
    }

    fn refuse(&mut self, refusal: &Refusal, target: &str, turn: &mut Turn<'_>) {
        self.out.extend_from_slice(&page::refusal(refusal));
        turn.notices.push(Notice::Answered {
            id: self.id,
            peer: self.peer,
            target: target.to_owned(),
            status: refusal.status,
            why: refusal.why.clone().into_owned(),
        });
        self.say_goodbye(turn.now);
    }

    fn drop_client(&mut self, why: &str, turn: &mut Turn<'_>) {
        turn.notices.push(Notice::Dropped { id: self.id, peer: self.peer, why: why.to_owned() });
        self.say_goodbye(turn.now);
    }

    /// Nothing that the client says matters any more.
    fn say_goodbye(&mut self, now: Instant) {
        self.input = Vec::new();
        self.phase = Phase::Leaving { until: now + LINGER, finished: false };
    }

    /// The client says nothing more.
    fn end_of_stream(&mut self, turn: &mut Turn<'_>) {
        match &self.phase {
            Phase::Head => {
                let why = if self.transport.is_handshaking() {
                    "it left within the TLS handshake"
                } else if self.input.is_empty() {
                    "it left without a request"
                } else {
                    "it left within its request"
                };
                self.drop_client(why, turn);
            }
            Phase::Open(_) => self.over(Ended::Lost, turn),
            Phase::Leaving { .. } => {}
        }
    }

    /// The WebSocket is over; what is still to be sent may leave.
    fn over(&mut self, otherwise: Ended, turn: &mut Turn<'_>) {
        let phase =
            std::mem::replace(&mut self.phase, Phase::Leaving { until: turn.now + LINGER, finished: false });
        self.input = Vec::new();
        if let Phase::Open(session) = phase {
            let [received, sent] = self.bytes;
            turn.notices.push(Notice::Closed {
                id: self.id,
                messages: session.messages(),
                how: session.ended().unwrap_or(otherwise),
                bytes: [received, sent + (self.out.len() - self.left) as u64],
                lasted: turn.now.saturating_duration_since(self.opened),
            });
        }
    }

    /// Does what the clock says.
    fn due(&mut self, turn: &mut Turn<'_>) {
        let full = self.is_full();
        match &mut self.phase {
            Phase::Head if self.opened + turn.options.handshake_timeout <= turn.now => {
                if self.transport.is_handshaking() || self.input.is_empty() {
                    self.drop_client("it sent no request in time", turn);
                } else {
                    self.refuse(&Refusal::new(408, "the request took too long"), "", turn);
                }
            }
            Phase::Open(session) if session.deadline(full).is_some_and(|deadline| deadline <= turn.now) => {
                session.tick(full, &mut world(turn, &mut self.out));
            }
            _ => {}
        }
    }

    /// Sends what there is to be sent.
    fn drain(&mut self, turn: &mut Turn<'_>) -> io::Result<()> {
        let pace = match &self.phase {
            Phase::Open(session) => session.pace(),
            _ => None,
        };
        while self.writable && self.left < self.out.len() {
            let mut bytes = self.out.get(self.left..).unwrap_or_default();
            if self.left < self.at_once {
                bytes = bytes.get(..self.at_once - self.left).unwrap_or(bytes);
            } else if let Some(pace) = pace {
                if self.next_byte.is_some_and(|next| next > turn.now) {
                    break;
                }
                self.next_byte = Some(turn.now + pace);
                bytes = bytes.get(..1).unwrap_or_default();
            }
            match self.transport.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(len) => {
                    turn.tape.put(
                        &mut self.flow,
                        Dir::S2c,
                        Taped::Data(bytes.get(..len).unwrap_or_default()),
                    );
                    self.left += len;
                    self.bytes[1] += len as u64;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if self.left == self.out.len() {
            (self.left, self.at_once) = (0, 0);
            self.out.clear();
            if self.out.capacity() > KEPT {
                self.out = Vec::new();
            }
        } else if self.left > FULL && self.left > self.out.len() / 2 {
            self.out.drain(..self.left);
            (self.left, self.at_once) = (0, 0);
        }
        Ok(())
    }

    /// Ends what is over. `true` = the client is gone.
    fn leave(&mut self, turn: &mut Turn<'_>) -> bool {
        if let Phase::Open(session) = &self.phase
            && session.is_over()
        {
            let resets = session.resets();
            self.over(Ended::Lost, turn);
            if resets {
                self.transport.abort();
                return true;
            }
        }
        let Phase::Leaving { until, finished } = &mut self.phase else { return false };
        if !*finished && self.out.is_empty() {
            *finished = true;
            self.transport.finish();
            turn.tape.put(&mut self.flow, Dir::S2c, Taped::Fin);
        }
        *finished && self.eof || *until <= turn.now
    }

    /// The last things that are to be done.
    fn gone(&mut self, error: Option<&io::Error>, turn: &mut Turn<'_>) {
        match &self.phase {
            Phase::Head => {
                let why = match error {
                    None => "the server stops".to_owned(),
                    Some(error) if error.kind() == ErrorKind::InvalidData => format!("no TLS: {error}"),
                    Some(error) => error.to_string(),
                };
                turn.notices.push(Notice::Dropped { id: self.id, peer: self.peer, why });
            }
            Phase::Open(_) => self.over(Ended::Reset, turn),
            Phase::Leaving { .. } => {}
        }
        match error.map(io::Error::kind) {
            Some(ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe) => {
                turn.tape.put(&mut self.flow, Dir::C2s, Taped::Reset);
            }
            // Its FIN was the last thing that the server had to say.
            None if matches!(self.phase, Phase::Leaving { finished: true, .. }) => {}
            _ => turn.tape.put(&mut self.flow, Dir::S2c, Taped::Reset),
        }
    }

    /// Sends a message of another client. If it does not read what it was sent before, it is given up.
    pub(super) fn deliver(&mut self, kind: Kind, payload: &[u8], turn: &mut Turn<'_>) {
        let Phase::Open(session) = &mut self.phase else { return };
        if self.out.len() - self.left > CHAT_QUEUE {
            return session.fail(&Failure::new(1013, "this client reads too slowly"), &mut self.out);
        }
        session.send(kind, payload, &mut world(turn, &mut self.out));
    }

    /// The memory of all clients is used up, and this one wanted more of it.
    pub(super) fn give_up(&mut self, turn: &mut Turn<'_>) {
        if let Phase::Open(session) = &mut self.phase {
            session.fail(&Failure::new(1013, "the server has no memory for this message"), &mut self.out);
        }
        self.input = Vec::new();
        if self.out.len() - self.left > FULL {
            // It does not read what it was sent, either: nothing can be told to it.
            self.out = Vec::new();
            (self.left, self.at_once) = (0, 0);
            self.over(Ended::Reset, turn);
        }
    }

    /// The server stops.
    pub(super) fn stop(&mut self, turn: &mut Turn<'_>) {
        match &mut self.phase {
            Phase::Open(session) => session.close(1001, "the server stops", &mut world(turn, &mut self.out)),
            Phase::Head => self.say_goodbye(turn.now),
            Phase::Leaving { .. } => {}
        }
    }

    /// The server does not wait any longer.
    pub(super) fn hang_up(&mut self, turn: &mut Turn<'_>) {
        self.gone(None, turn);
    }

    /// It is in the chat.
    pub(super) fn is_chat(&self) -> bool {
        matches!(&self.phase, Phase::Open(session) if session.is_chat())
    }

    /// When it is to be looked at, though its socket may say nothing.
    pub(super) fn deadline(&self, options: &Options) -> Option<Instant> {
        let byte = self.next_byte.filter(|_| self.left < self.out.len());
        let other = match &self.phase {
            Phase::Head => Some(self.opened + options.handshake_timeout),
            Phase::Open(session) => session.deadline(self.is_full()),
            Phase::Leaving { until, .. } => Some(*until),
        };
        byte.into_iter().chain(other).min()
    }

    /// Bytes of memory that it takes, beyond those that all take.
    pub(super) fn held(&self) -> usize {
        let session = match &self.phase {
            Phase::Open(session) => session.held(),
            _ => 0,
        };
        self.input.capacity() + self.out.capacity() + session
    }

    const fn is_full(&self) -> bool {
        self.out.len() - self.left > FULL
    }

    fn is_behind(&self) -> bool {
        matches!(&self.phase, Phase::Open(session) if session.is_behind())
    }
}

/// What is to be got wrong on a connection.
fn breach(id: u64, breaches: &[Breach]) -> Option<&Breach> {
    let turn = id.saturating_sub(1) as usize;
    breaches.get(turn.checked_rem(breaches.len())?)
}

fn world<'a>(turn: &'a mut Turn<'_>, out: &'a mut Vec<u8>) -> World<'a> {
    World { now: turn.now, clock: turn.clock, codec: turn.codec, out, broadcast: turn.broadcast }
}

/// Reads in one turn.
const SHARE: usize = 16;
/// Bytes that wait to be sent, above which nothing is read.
const FULL: usize = 256 << 10;
/// Bytes that wait to be sent to a client of the chat, above which it is given up.
const CHAT_QUEUE: usize = 1 << 20;
/// The largest message of the chat: all there are sent it.
const CHAT_MESSAGE: usize = 64 << 10;
/// Room for output that a client keeps.
const KEPT: usize = 4 << 10;
/// The largest request head.
const MAX_HEAD: usize = 16 << 10;
/// How long the last bytes may take, and the client's end.
const LINGER: Duration = Duration::from_secs(3);
