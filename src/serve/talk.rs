//! A client for testing: one WebSocket to a server, driven from another thread.
//!
//! [`connect`] opens the TCP connection, [`Talk::run`] speaks over it until it is over. What is said and heard goes to
//! a [`Recorder`], from which it can be read as any capture.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token, Waker};

use super::record::{Flow, Recorder};
use super::tape::{Tape, Taped};
use super::transport::Transport;
use super::trust::Trust;
use crate::endpoint::breach::Breach;
use crate::endpoint::client::Request;
use crate::endpoint::handshake::head_end;
use crate::endpoint::{Codec, Endpoint, Event, Masker, Role, Settings};
use crate::http::upgrade::Response;
use crate::item::{At, Dir};
use crate::ws::fact::Kind;

/// How a client behaves.
pub struct Options {
    /// What it asks for.
    pub request: Request,
    /// Where its masking keys come from.
    pub masker: Masker,
    /// The most payload bytes of a frame that it sends.
    pub fragment: usize,
    /// The largest message that it takes, in bytes.
    pub max_message: usize,
    /// How often it sends a Ping.
    pub ping: Option<Duration>,
    /// How long the server may take for its handshake, and to answer a Close.
    pub patience: Duration,
    /// What it gets wrong on purpose.
    pub breach: Option<Breach>,
}

/// What it is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Send a message.
    Send(Kind, Vec<u8>),
    /// Begin the closing handshake; a second one ends it at once.
    Close(Option<u16>, String),
}

/// How a conversation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Both sent a Close; the code is the server's.
    Closed(Option<u16>, String),
    /// There was no WebSocket, for this reason.
    Refused(String),
    /// The server broke the protocol, and was told so.
    Failed(u16, String),
    /// TCP ended without the server's Close.
    Lost,
    /// The client ended it, since it was to get that wrong.
    Broken,
}

/// A connection that has been opened.
pub struct Talk {
    transport: Transport,
    poll: Poll,
    waker: Arc<Waker>,
    tape: Tape,
    flow: Option<Flow>,
    out: Vec<u8>,
    left: usize,
    eof: bool,
}

/// Connects to the first of the addresses that answers; `tls` = `wss://`.
///
/// # Errors
/// Where the server cannot be reached, or the system gives no event queue.
pub fn connect(
    addresses: &[SocketAddr],
    tls: Option<&Trust>,
    patience: Duration,
    recorder: Recorder,
) -> io::Result<Talk> {
    let mut failed = io::Error::new(ErrorKind::NotFound, "it has no address");
    let connected = addresses.iter().find_map(|address| {
        TcpStream::connect_timeout(address, patience).map_err(|error| failed = error).ok()
    });
    let Some(socket) = connected else { return Err(failed) };
    socket.set_nonblocking(true)?;
    let (ours, theirs) = (socket.local_addr()?, socket.peer_addr()?);
    let (connection, secrets) = tls.map(Trust::connection).transpose()?.unzip();
    let mut transport = Transport::new(mio::net::TcpStream::from_std(socket), connection);
    let poll = Poll::new()?;
    poll.registry().register(&mut transport.socket, SOCKET, Interest::READABLE | Interest::WRITABLE)?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
    let mut tape = Tape::new(Some(recorder), secrets);
    let flow = tape.open(ours, theirs, u64::from(ours.port()));
    Ok(Talk { transport, poll, waker, tape, flow, out: Vec::new(), left: 0, eof: false })
}

/// What a conversation is in the middle of.
enum Phase {
    /// The server's head is waited for; so much of it has come.
    Head(Vec<u8>),
    Open(Box<Endpoint>),
    /// All is said.
    Leaving,
}

impl Talk {
    /// What wakes it, after a wish was sent.
    #[must_use]
    pub fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// Speaks until it is over. When nobody can send wishes any more, it listens on.
    ///
    /// # Errors
    /// Where the recording cannot be written, or the connection breaks.
    pub fn run(mut self, mut options: Options, wishes: &Receiver<Wish>) -> io::Result<End> {
        let result = self.speak(&mut options, wishes);
        if let Err(error) = &result
            && matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
        {
            self.tape.put(&mut self.flow, Dir::S2c, Taped::Reset);
        }
        self.tape.flush()?;
        match result {
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
                Ok(End::Lost)
            }
            result => result,
        }
    }

    fn speak(&mut self, options: &mut Options, wishes: &Receiver<Wish>) -> io::Result<End> {
        let breach = options.breach.take().unwrap_or_default();
        let request = options.request.breaching(&breach);
        self.out = breach.request(&request);
        let masker = std::mem::replace(&mut options.masker, Box::new(|| [0; 4]));
        let settings = Settings {
            max_message: options.max_message,
            fragment: options.fragment,
            masker: Some(masker),
            breach: breach.clone(),
        };
        let mut settings = Some(settings);
        let mut codec = Codec::new(options.max_message);
        let mut phase = Phase::Head(Vec::new());
        let mut end = None;
        let mut until = Some(Instant::now() + options.patience);
        let mut next_ping = None;
        let mut number = 0_u64;
        let mut events = Events::with_capacity(8);
        let mut room = vec![0; READ];
        // It was left off where too much waited to be sent.
        let mut again = false;
        loop {
            self.drain()?;
            if let Phase::Open(endpoint) = &mut phase {
                if endpoint.is_over() {
                    if endpoint.resets() {
                        self.transport.abort();
                        self.tape.put(&mut self.flow, Dir::C2s, Taped::Reset);
                        return Ok(End::Broken);
                    }
                    // The server is to end TCP first (RFC 6455 section 7.1.1), where there was nothing wrong.
                    if endpoint.ends() || breach.ends_first || !matches!(end, Some(End::Closed(..))) {
                        end.get_or_insert(if endpoint.ends() { End::Broken } else { End::Lost });
                        self.finish()?;
                    }
                    phase = Phase::Leaving;
                    until = Some(Instant::now() + options.patience.min(LINGER));
                } else if next_ping.is_some_and(|next| next <= Instant::now()) {
                    number += 1;
                    endpoint.ping(number.to_string().as_bytes(), &mut self.out);
                    next_ping = options.ping.map(|every| Instant::now() + every);
                }
            }
            if self.eof {
                self.finish()?;
                return Ok(end.unwrap_or(match phase {
                    Phase::Head(_) => {
                        End::Refused("the server ended the connection without an answer".into())
                    }
                    _ => End::Lost,
                }));
            }
            if until.is_some_and(|until| until <= Instant::now()) {
                self.finish()?;
                return Ok(end.unwrap_or(match phase {
                    Phase::Head(_) => End::Refused("the server did not answer in time".into()),
                    _ => End::Lost,
                }));
            }
            // What came is told before more is waited for.
            self.tape.flush()?;
            let now = Instant::now();
            let go_on = again && self.out.is_empty();
            let due = until.into_iter().chain(next_ping.filter(|_| matches!(phase, Phase::Open(_)))).min();
            let wait = due.map(|due| due.saturating_duration_since(now) + TICK);
            again = false;
            match self.poll.poll(&mut events, if go_on { Some(Duration::ZERO) } else { wait }) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            loop {
                let len = match self.transport.read(&mut room) {
                    Ok(0) => {
                        self.eof = true;
                        self.tape.put(&mut self.flow, Dir::S2c, Taped::Fin);
                        break;
                    }
                    Ok(len) => len,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error),
                };
                let bytes = room.get(..len).unwrap_or_default();
                self.tape.put(&mut self.flow, Dir::S2c, Taped::Data(bytes));
                let mut rest = bytes.to_vec();
                if let Phase::Head(head) = &mut phase {
                    head.extend_from_slice(bytes);
                    let Some(at) = head_end(head) else {
                        if head.len() > MAX_HEAD {
                            return Ok(End::Refused("the head of the answer is too long".into()));
                        }
                        continue;
                    };
                    rest = head.split_off(at);
                    let response = Response::parse(head, At::default(), At::default());
                    match (request.accept(&response), settings.take()) {
                        (Ok(agreed), Some(settings)) => {
                            let endpoint = Endpoint::new(Role::Client, agreed, settings);
                            phase = Phase::Open(Box::new(endpoint));
                            next_ping = options.ping.map(|every| Instant::now() + every);
                            until = None;
                        }
                        (Err(why), _) => {
                            end = Some(End::Refused(why));
                            phase = Phase::Leaving;
                            self.finish()?;
                            until = Some(Instant::now() + options.patience.min(LINGER));
                        }
                        (Ok(_), None) => {}
                    }
                }
                if let Phase::Open(endpoint) = &mut phase {
                    let mut rest = &*rest;
                    while let Some(event) = endpoint.receive(&mut rest, &mut codec, &mut self.out) {
                        match event {
                            Event::Closed { code, reason } => end = Some(End::Closed(code, reason)),
                            Event::Failed(failure) => {
                                end = Some(End::Failed(failure.code, failure.reason.into_owned()));
                            }
                            Event::Message { .. } | Event::Ping(_) | Event::Pong(_) => {}
                        }
                    }
                    // An answer that waits for room is not to be overtaken by reading.
                    if self.out.len() - self.left > FULL {
                        again = true;
                        break;
                    }
                }
            }
            while let Phase::Open(endpoint) = &mut phase {
                if self.out.len() - self.left > FULL {
                    again = true;
                    break;
                }
                match wishes.try_recv() {
                    Ok(Wish::Send(kind, payload)) => {
                        endpoint.send(kind, &payload, &mut codec, &mut self.out);
                        if !endpoint.is_open() {
                            until.get_or_insert(Instant::now() + options.patience);
                        }
                    }
                    Ok(Wish::Close(code, reason)) if endpoint.is_open() => {
                        endpoint.close(code, &reason, &mut self.out);
                        until = Some(Instant::now() + options.patience);
                    }
                    Ok(Wish::Close(..)) => until = Some(Instant::now()),
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                }
            }
        }
    }

    /// Sends what there is to be sent.
    fn drain(&mut self) -> io::Result<()> {
        match self.transport.flush() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            result => result?,
        }
        while self.left < self.out.len() {
            let bytes = self.out.get(self.left..).unwrap_or_default();
            match self.transport.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(len) => {
                    let sent = bytes.get(..len).unwrap_or_default();
                    self.tape.put(&mut self.flow, Dir::C2s, Taped::Data(sent));
                    self.left += len;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.left = 0;
        self.out.clear();
        Ok(())
    }

    /// Ends the stream towards the server, once.
    fn finish(&mut self) -> io::Result<()> {
        let drained = self.drain();
        self.transport.finish();
        self.tape.put(&mut self.flow, Dir::C2s, Taped::Fin);
        match drained {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            drained => drained,
        }
    }
}

const SOCKET: Token = Token(0);
const WAKER: Token = Token(1);
/// Bytes read at once.
const READ: usize = 64 << 10;
/// Bytes that wait to be sent, above which no more is said.
const FULL: usize = 1 << 20;
/// The largest head of an answer.
const MAX_HEAD: usize = 64 << 10;
/// How long the server may take to end TCP.
const LINGER: Duration = Duration::from_secs(3);
/// Deadlines are to have passed when the loop looks at them.
const TICK: Duration = Duration::from_millis(1);
