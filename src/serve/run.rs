//! The loop: who is ready, who is due, who is new.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mio::{Events, Interest, Token};
use rustls::{Connection, ServerConnection};

use super::client::{Client, Pumped, Turn};
use super::transport::Transport;
use super::{LISTENER, Notice, Server};
use crate::time::Timestamp;
use crate::ws::fact::Kind;

/// What a server did, all in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// TCP connections.
    pub connections: u64,
    /// WebSockets.
    pub websockets: u64,
    /// Data messages from clients, and to them.
    pub messages: [u64; 2],
    /// Bytes from clients, and to them.
    pub bytes: [u64; 2],
    /// Packets recorded, where they are.
    pub packets: Option<u64>,
}

pub(super) struct Loop<'n> {
    server: Server,
    notice: &'n mut dyn FnMut(Notice),
    /// By token.
    clients: Vec<Option<Client>>,
    free: Vec<usize>,
    count: usize,
    /// Who is to be looked at, and when.
    timers: BTreeSet<(Instant, usize)>,
    /// Who has more to do.
    ready: Vec<usize>,
    chat: HashSet<usize>,
    held: usize,
    room: Vec<u8>,
    /// Kept to be given back when there are no more file descriptors.
    reserve: Option<File>,
    accepting: bool,
    /// When accepting is tried again after the system refused it.
    retry: Option<Instant>,
    warned: Option<Instant>,
    flushed: Instant,
    stopping: Option<Instant>,
    totals: Totals,
    notices: Vec<Notice>,
}

impl<'n> Loop<'n> {
    pub(super) fn new(server: Server, notice: &'n mut dyn FnMut(Notice)) -> Self {
        Self {
            server,
            notice,
            clients: Vec::new(),
            free: Vec::new(),
            count: 0,
            timers: BTreeSet::new(),
            ready: Vec::new(),
            chat: HashSet::new(),
            held: 0,
            room: vec![0; READ],
            reserve: reserve(),
            accepting: true,
            retry: None,
            warned: None,
            flushed: Instant::now(),
            stopping: None,
            totals: Totals::default(),
            notices: Vec::new(),
        }
    }

    pub(super) fn run(mut self) -> io::Result<Totals> {
        let mut events = Events::with_capacity(1_024);
        loop {
            match self.server.poll.poll(&mut events, self.patience()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            let mut turns = std::mem::take(&mut self.ready);
            for event in &events {
                match event.token() {
                    LISTENER => self.accepting = true,
                    Token(at) => {
                        if let Some(client) = self.clients.get_mut(at).and_then(Option::as_mut) {
                            // Broken sockets tell by reading what is wrong with them.
                            let readable = event.is_readable() || event.is_read_closed() || event.is_error();
                            client.ready(readable, event.is_writable());
                            turns.push(at);
                        }
                    }
                }
            }
            let now = Instant::now();
            while let Some(&(due, at)) = self.timers.first()
                && due <= now
            {
                self.timers.pop_first();
                if let Some(client) = self.clients.get_mut(at).and_then(Option::as_mut) {
                    client.armed = None;
                    turns.push(at);
                }
            }
            self.accept(now, &mut turns);
            turns.sort_unstable();
            turns.dedup();
            for at in turns {
                self.pump(at, now);
            }
            self.tell();
            if self.server.tape.is_dirty() && self.flushed.elapsed() > self.server.options.flush {
                self.server.tape.flush()?;
                self.flushed = Instant::now();
            }
            if self.is_done(now) {
                break;
            }
        }
        self.tell();
        self.server.tape.flush()?;
        self.totals.packets = self.server.tape.packets();
        Ok(self.totals)
    }

    /// How long nothing needs to be done.
    fn patience(&self) -> Option<Duration> {
        if !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        let flush = self.server.tape.is_dirty().then(|| self.flushed + self.server.options.flush);
        let timer = self.timers.first().map(|(due, _)| *due);
        let next = [flush, timer, self.retry, self.stopping].into_iter().flatten().min();
        // A little late rather than many times too early.
        next.map(|next| next.saturating_duration_since(Instant::now()) + Duration::from_micros(50))
    }

    /// Takes what waits at the port.
    fn accept(&mut self, now: Instant, turns: &mut Vec<usize>) {
        if self.retry.take_if(|retry| *retry <= now).is_some() {
            self.accepting = true;
        }
        while self.accepting && self.stopping.is_none() {
            match self.server.listener.accept() {
                Ok((socket, peer)) => {
                    self.totals.connections += 1;
                    let over = self.count.saturating_sub(self.server.options.max_clients);
                    // Beyond those that are told, there are those that there is no time to tell.
                    if over >= REFUSED_AT_ONCE {
                        self.warn(now, "there are too many clients to refuse them politely");
                        continue;
                    }
                    let tls = self.server.tls.as_ref();
                    let tls =
                        tls.map(|config| ServerConnection::new(Arc::clone(config)).map(Connection::from));
                    let Ok(tls) = tls.transpose() else { continue };
                    let transport = Transport::new(socket, tls);
                    let id = self.totals.connections;
                    let local = transport.socket.local_addr().unwrap_or(self.server.address);
                    let flow = self.server.tape.open(peer, local, id);
                    let refuse = self.count >= self.server.options.max_clients;
                    turns.extend(self.add(Client::new(id, peer, transport, flow, now, refuse)));
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => self.accepting = false,
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset => {}
                    _ => self.no_room(&error, now),
                },
            }
        }
    }

    /// The system gives no more sockets: those that wait are hung up on, with the one that was kept for this.
    fn no_room(&mut self, error: &io::Error, now: Instant) {
        self.warn(
            now,
            &format!(
                "cannot take more connections: {error} (`ulimit -n` sets how many files a program may open)"
            ),
        );
        if self.reserve.take().is_none() || self.server.listener.accept().is_err() {
            self.accepting = false;
            self.retry = Some(now + RETRY);
        }
        self.reserve = reserve();
    }

    fn warn(&mut self, now: Instant, what: &str) {
        if self.warned.is_none_or(|warned| warned + QUIET <= now) {
            self.warned = Some(now);
            self.notices.push(Notice::Trouble(what.to_owned()));
        }
    }

    fn add(&mut self, mut client: Client) -> Option<usize> {
        let at = self.free.pop().unwrap_or(self.clients.len());
        let interest = Interest::READABLE | Interest::WRITABLE;
        if self.server.poll.registry().register(&mut client.transport.socket, Token(at), interest).is_err() {
            self.free.push(at);
            return None;
        }
        if at == self.clients.len() {
            self.clients.push(None);
        }
        if let Some(slot) = self.clients.get_mut(at) {
            *slot = Some(client);
        }
        self.count += 1;
        Some(at)
    }

    /// A client's turn, and what follows from it for others.
    fn pump(&mut self, at: usize, now: Instant) {
        let mut broadcast = Vec::new();
        self.with(at, now, &mut broadcast, |client, turn| client.pump(turn));
        for (kind, payload) in broadcast {
            let everybody: Vec<usize> = self.chat.iter().copied().collect();
            for at in everybody {
                self.with(at, now, &mut Vec::new(), |client, turn| {
                    client.deliver(kind, &payload, turn);
                    // It is sent in its next turn.
                    Pumped::Again
                });
            }
        }
    }

    /// Lets a client do something, and takes note of what it has become.
    fn with(
        &mut self,
        at: usize,
        now: Instant,
        broadcast: &mut Vec<(Kind, Vec<u8>)>,
        work: impl FnOnce(&mut Client, &mut Turn<'_>) -> Pumped,
    ) {
        let Some(client) = self.clients.get_mut(at).and_then(Option::as_mut) else { return };
        let mut turn = Turn {
            now,
            clock: clock(),
            options: &self.server.options,
            codec: &mut self.server.codec,
            tape: &mut self.server.tape,
            room: &mut self.room,
            broadcast,
            notices: &mut self.notices,
        };
        let mut pumped = work(client, &mut turn);
        let before = client.counted;
        let mut counted = client.held();
        let memory = self.server.options.memory;
        // Who has no more than a fair share is not to suffer from those who have.
        let share = (memory / self.count.max(1)).max(FAIR);
        let used_up = self.held - before + counted > memory;
        if pumped != Pumped::Gone && used_up && counted > before.max(share) {
            client.give_up(&mut turn);
            counted = client.held();
            pumped = Pumped::Again;
        }
        client.counted = counted;
        self.held = self.held - before + counted;
        if client.is_chat() {
            self.chat.insert(at);
        } else if !self.chat.is_empty() {
            self.chat.remove(&at);
        }
        let deadline = if pumped == Pumped::Gone { None } else { client.deadline(&self.server.options) };
        if client.armed != deadline {
            if let Some(armed) = client.armed {
                self.timers.remove(&(armed, at));
            }
            client.armed = deadline;
            self.timers.extend(deadline.map(|deadline| (deadline, at)));
        }
        match pumped {
            Pumped::Waits => {}
            Pumped::Again => self.ready.push(at),
            Pumped::Gone => self.remove(at),
        }
    }

    fn remove(&mut self, at: usize) {
        if let Some(mut client) = self.clients.get_mut(at).and_then(Option::take) {
            // Closing the socket ends its registration as well.
            let _ = self.server.poll.registry().deregister(&mut client.transport.socket);
            self.held -= client.counted;
            self.chat.remove(&at);
            self.free.push(at);
            self.count -= 1;
        }
    }

    /// Passes on what there is to be told.
    fn tell(&mut self) {
        for notice in self.notices.drain(..) {
            match &notice {
                Notice::Opened { .. } => self.totals.websockets += 1,
                Notice::Closed { messages: [received, sent], bytes: [from, to], .. } => {
                    let [all_received, all_sent] = &mut self.totals.messages;
                    (*all_received, *all_sent) = (*all_received + received, *all_sent + sent);
                    let [all_from, all_to] = &mut self.totals.bytes;
                    (*all_from, *all_to) = (*all_from + from, *all_to + to);
                }
                _ => {}
            }
            (self.notice)(notice);
        }
    }

    /// Whether the loop ends; where that is asked for, all clients are told first.
    fn is_done(&mut self, now: Instant) -> bool {
        let asked = self.server.stop.asked.load(Ordering::SeqCst);
        if asked == 0 {
            return false;
        }
        if self.stopping.is_none() {
            self.stopping = Some(now + FAREWELL);
            let _ = self.server.poll.registry().deregister(&mut self.server.listener);
            for at in 0..self.clients.len() {
                self.with(at, now, &mut Vec::new(), |client, turn| {
                    client.stop(turn);
                    Pumped::Again
                });
            }
        }
        let over = asked > 1 || self.count == 0 || self.stopping.is_some_and(|until| until <= now);
        if over {
            for at in 0..self.clients.len() {
                self.with(at, now, &mut Vec::new(), |client, turn| {
                    client.hang_up(turn);
                    Pumped::Gone
                });
            }
        }
        over
    }
}

fn clock() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(now.as_nanos()).unwrap_or(i64::MAX))
}

/// A file that is open for nothing but its descriptor.
fn reserve() -> Option<File> {
    File::open(if cfg!(windows) { "NUL" } else { "/dev/null" }).ok()
}

/// Bytes of memory that every client may have.
const FAIR: usize = 128 << 10;
/// Bytes read at a time.
const READ: usize = 64 << 10;
/// Clients above the limit that are told so at the same time.
const REFUSED_AT_ONCE: usize = 64;
/// How long clients may take to answer the last Close.
const FAREWELL: Duration = Duration::from_secs(2);
/// When accepting is tried again.
const RETRY: Duration = Duration::from_millis(100);
/// How long the same trouble is not told again.
const QUIET: Duration = Duration::from_secs(5);
