//! A client for testing: one WebSocket to a server, driven from another thread.
//!
//! [`connect`] opens the TCP connection, [`Talk::run`] speaks over it until it is over. What is said and heard goes to
//! a [`Recorder`], from which it can be read as any capture.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
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
    /// The server was not waited for any longer, and had not sent a Close.
    Silent,
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
    /// It was broken off, on purpose.
    broken: bool,
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
    Ok(Talk { transport, poll, waker, tape, flow, out: Vec::new(), left: 0, eof: false, broken: false })
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
    pub fn run(mut self, options: Options, wishes: &Receiver<Wish>) -> io::Result<End> {
        let result = self.speak(options, wishes);
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

    fn speak(&mut self, options: Options, wishes: &Receiver<Wish>) -> io::Result<End> {
        let mut speech = Speech::new(options);
        self.out = speech.breach.request(&speech.request);
        let mut events = Events::with_capacity(8);
        let mut room = vec![0; READ];
        loop {
            self.drain()?;
            self.leave(&mut speech)?;
            if self.broken {
                return Ok(End::Broken);
            }
            let late = speech.until.is_some_and(|until| until <= Instant::now());
            if self.eof || late {
                self.finish()?;
                return Ok(speech.end(late));
            }
            // What came is told before more is waited for.
            self.tape.flush()?;
            let wait = if speech.again && self.out.is_empty() { Some(Duration::ZERO) } else { speech.wait() };
            speech.again = false;
            match self.poll.poll(&mut events, wait) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            self.hear(&mut speech, &mut room)?;
            speech.obey(wishes, &mut self.out, self.left);
        }
    }

    /// Ends what is over, and says what is due.
    fn leave(&mut self, speech: &mut Speech) -> io::Result<()> {
        let Phase::Open(endpoint) = &mut speech.phase else { return Ok(()) };
        if !endpoint.is_over() {
            if speech.next_ping.is_some_and(|next| next <= Instant::now()) {
                speech.pings += 1;
                endpoint.ping(speech.pings.to_string().as_bytes(), &mut self.out);
                speech.next_ping = speech.ping.map(|every| Instant::now() + every);
            }
            return Ok(());
        }
        if endpoint.resets() {
            self.transport.abort();
            self.tape.put(&mut self.flow, Dir::C2s, Taped::Reset);
            self.broken = true;
            return Ok(());
        }
        // The server is to end TCP first (RFC 6455 section 7.1.1), where there was nothing wrong.
        if endpoint.ends() || speech.breach.ends_first || !matches!(speech.end, Some(End::Closed(..))) {
            let broken = endpoint.ends();
            speech.end.get_or_insert(if broken { End::Broken } else { End::Lost });
            self.finish()?;
        }
        speech.phase = Phase::Leaving;
        speech.until = Some(Instant::now() + speech.patience.min(LINGER));
        Ok(())
    }

    /// Reads what has come.
    fn hear(&mut self, speech: &mut Speech, room: &mut [u8]) -> io::Result<()> {
        // Who sends without a pause is not listened to for ever: there are wishes, and a clock.
        for _ in 0..READS {
            // An answer that waits for room is not to be overtaken by reading.
            if self.out.len() - self.left > FULL {
                break;
            }
            match self.transport.read(room) {
                Ok(0) => {
                    self.eof = true;
                    self.tape.put(&mut self.flow, Dir::S2c, Taped::Fin);
                    return Ok(());
                }
                Ok(len) => {
                    let bytes = room.get(..len).unwrap_or_default();
                    self.tape.put(&mut self.flow, Dir::S2c, Taped::Data(bytes));
                    if speech.take(bytes, &mut self.out) {
                        self.finish()?;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        speech.again = true;
        Ok(())
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

/// What is said and heard, without the socket.
struct Speech {
    request: Request,
    breach: Breach,
    patience: Duration,
    ping: Option<Duration>,
    /// Until there is an endpoint.
    settings: Option<Settings>,
    codec: Codec,
    phase: Phase,
    end: Option<End>,
    /// When the server is no longer waited for.
    until: Option<Instant>,
    next_ping: Option<Instant>,
    pings: u64,
    /// It was left off where too much waited to be sent.
    again: bool,
}

impl Speech {
    fn new(options: Options) -> Self {
        let breach = options.breach.unwrap_or_default();
        let settings = Settings {
            max_message: options.max_message,
            fragment: options.fragment,
            masker: Some(options.masker),
            breach: breach.clone(),
        };
        Self {
            request: options.request.breaching(&breach),
            breach,
            patience: options.patience,
            ping: options.ping,
            settings: Some(settings),
            codec: Codec::new(options.max_message),
            phase: Phase::Head(Vec::new()),
            end: None,
            until: Some(Instant::now() + options.patience),
            next_ping: None,
            pings: 0,
            again: false,
        }
    }

    /// How it ended, when nothing more comes; `late` = since it was not waited for any longer.
    fn end(&mut self, late: bool) -> End {
        self.end.take().unwrap_or(match self.phase {
            Phase::Head(_) if late => End::Refused("the server did not answer in time".into()),
            Phase::Head(_) => End::Refused("the server ended the connection without an answer".into()),
            _ if late => End::Silent,
            _ => End::Lost,
        })
    }

    /// How long there is nothing to do.
    fn wait(&self) -> Option<Duration> {
        let ping = self.next_ping.filter(|_| matches!(self.phase, Phase::Open(_)));
        let due = self.until.into_iter().chain(ping).min();
        due.map(|due| due.saturating_duration_since(Instant::now()) + TICK)
    }

    /// Takes bytes of the server. `true` = there will be no WebSocket.
    fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        let Phase::Head(head) = &mut self.phase else {
            self.frames(bytes, out);
            return false;
        };
        head.extend_from_slice(bytes);
        let answer = match head_end(head) {
            None if head.len() <= MAX_HEAD => return false,
            None => Err("the head of the answer is too long".to_owned()),
            Some(at) => {
                let rest = head.split_off(at);
                let response = Response::parse(&head[..], At::default(), At::default());
                self.request.accept(&response).map(|agreed| (agreed, rest))
            }
        };
        match (answer, self.settings.take()) {
            (Ok((agreed, rest)), Some(settings)) => {
                self.phase = Phase::Open(Box::new(Endpoint::new(Role::Client, agreed, settings)));
                self.next_ping = self.ping.map(|every| Instant::now() + every);
                self.until = None;
                self.frames(&rest, out);
                false
            }
            (answer, _) => {
                self.end = Some(End::Refused(answer.err().unwrap_or_default()));
                self.phase = Phase::Leaving;
                self.until = Some(Instant::now() + self.patience.min(LINGER));
                true
            }
        }
    }

    fn frames(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        let Phase::Open(endpoint) = &mut self.phase else { return };
        while let Some(event) = endpoint.receive(&mut bytes, &mut self.codec, out) {
            match event {
                Event::Closed { code, reason } => self.end = Some(End::Closed(code, reason)),
                Event::Failed(failure) => {
                    self.end = Some(End::Failed(failure.code, failure.reason.into_owned()));
                }
                Event::Message { .. } | Event::Ping(_) | Event::Pong(_) => {}
            }
        }
    }

    /// Does what is wished, as long as not too much waits to be sent, `left` of it being gone.
    fn obey(&mut self, wishes: &Receiver<Wish>, out: &mut Vec<u8>, left: usize) {
        let Phase::Open(endpoint) = &mut self.phase else { return };
        while out.len() - left <= FULL {
            let Ok(wish) = wishes.try_recv() else { return };
            match wish {
                Wish::Send(kind, payload) => endpoint.send(kind, &payload, &mut self.codec, out),
                Wish::Close(code, reason) if endpoint.is_open() => endpoint.close(code, &reason, out),
                Wish::Close(..) => self.until = Some(Instant::now()),
            }
            if !endpoint.is_open() {
                self.until.get_or_insert(Instant::now() + self.patience);
            }
        }
        self.again = true;
    }
}

const SOCKET: Token = Token(0);
const WAKER: Token = Token(1);
/// Bytes read at once.
const READ: usize = 64 << 10;
/// Reads, one after the other, before anything else is looked at.
const READS: usize = 16;
/// Bytes that wait to be sent, above which no more is said.
const FULL: usize = 1 << 20;
/// The largest head of an answer.
const MAX_HEAD: usize = 64 << 10;
/// How long the server may take to end TCP.
const LINGER: Duration = Duration::from_secs(3);
/// Deadlines are to have passed when the loop looks at them.
const TICK: Duration = Duration::from_millis(1);
