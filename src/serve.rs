//! A server for testing: WebSockets that echo, tick and chat, on one thread.
//!
//! [`Server::bind`] opens the port, [`Server::run`] serves until a [`Stopper`] says so. The loop ([`mio`]) moves bytes
//! between sockets and [`crate::endpoint`]s; what a path answers is in `traffic`. All memory is bounded: a
//! client that does not read is not read from, one that does not finish its handshake is dropped, and when the
//! messages of all clients together take too much, the one that wants more has to go.

mod client;
pub mod overheard;
mod page;
pub mod record;
mod run;
mod session;
pub mod talk;
mod tape;
mod tls;
mod traffic;
mod transport;
pub mod trust;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mio::net::TcpListener;
use mio::{Interest, Poll, Token, Waker};
use socket2::SockRef;

use crate::endpoint::breach::Breach;
use crate::endpoint::handshake::Policy;
use crate::endpoint::negotiate::Wanted;
use crate::endpoint::{Codec, Failure, MAX_MESSAGE};
use record::Recorder;
pub use run::Totals;
use tape::Tape;
pub use tls::{Tls, TlsError};

/// How a server behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// What its handshakes agree to.
    pub policy: Policy,
    /// `wss://` instead of `ws://`.
    pub tls: Option<Tls>,
    /// The largest message that is taken, in bytes.
    pub max_message: usize,
    /// Clients at once; more are answered with 503.
    pub max_clients: usize,
    /// How long a client may take for its handshake, TLS's too.
    pub handshake_timeout: Duration,
    /// Bytes of memory for the messages and queues of all clients.
    pub memory: usize,
    /// How long each echo waits.
    pub delay: Duration,
    /// The most payload bytes of a frame that is sent.
    pub fragment: usize,
    /// How often each client is sent a Ping. After two to which it says nothing it is given up.
    pub ping: Option<Duration>,
    /// Close every connection by itself.
    pub close: Option<Close>,
    /// What is to be got wrong on purpose: connections take turns.
    pub breaches: Vec<Breach>,
    /// How long what is recorded may stay in memory.
    pub flush: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            policy: Policy { deflate: Some(Wanted::default()), ..Policy::default() },
            tls: None,
            max_message: MAX_MESSAGE,
            max_clients: 16_384,
            handshake_timeout: Duration::from_secs(10),
            memory: 512 << 20,
            delay: Duration::ZERO,
            fragment: usize::MAX,
            ping: None,
            close: None,
            breaches: Vec::new(),
            flush: Duration::from_millis(500),
        }
    }
}

/// A Close that the server sends by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The status code.
    pub code: u16,
    /// The reason.
    pub reason: String,
    /// After so many messages of the client; 0 = as soon as the connection is open.
    pub after: u64,
}

/// What happens to clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A WebSocket was opened.
    Opened {
        /// Counts TCP connections, from 1.
        id: u64,
        /// The client.
        peer: SocketAddr,
        /// The request's target.
        target: String,
        /// The subprotocol.
        subprotocol: Option<String>,
        /// permessage-deflate was agreed.
        deflate: bool,
        /// The rule that the server breaks, on purpose.
        breaks: Option<&'static str>,
    },
    /// A WebSocket is over.
    Closed {
        /// As in [`Notice::Opened`].
        id: u64,
        /// How it ended.
        how: Ended,
        /// Data messages from the client, and to it.
        messages: [u64; 2],
        /// Bytes from the client, and to it.
        bytes: [u64; 2],
        /// How long it was open.
        lasted: Duration,
    },
    /// A request was answered without a WebSocket.
    Answered {
        /// The TCP connection.
        id: u64,
        /// The client.
        peer: SocketAddr,
        /// The request's target; empty where there was none to be read.
        target: String,
        /// The status.
        status: u16,
        /// Why it is no 101.
        why: String,
    },
    /// A connection ended before there was a request.
    Dropped {
        /// The TCP connection.
        id: u64,
        /// The client.
        peer: SocketAddr,
        /// Why.
        why: String,
    },
    /// Something is wrong with the server itself.
    Trouble(String),
}

/// How a WebSocket ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The client sent a Close first: code and reason.
    ByClient(Option<u16>, String),
    /// The server did.
    ByServer(u16, String),
    /// The client broke the protocol or a limit.
    Failed(Failure),
    /// The TCP connection ended without a Close.
    Lost,
    /// It was broken off.
    Reset,
}

/// A server whose port is open.
pub struct Server {
    options: Options,
    tls: Option<Arc<rustls::ServerConfig>>,
    poll: Poll,
    listener: TcpListener,
    address: SocketAddr,
    stop: Stopper,
    tape: Tape,
    codec: Codec,
}

/// Ends a server from elsewhere.
#[derive(Clone, Debug)]
pub struct Stopper {
    waker: Arc<Waker>,
    asked: Arc<AtomicU32>,
}

impl Stopper {
    /// Asks the server to close all connections and return; the second time, to return at once.
    pub fn stop(&self) {
        self.asked.fetch_add(1, Ordering::SeqCst);
        // Without it the loop sees the wish at its next turn.
        let _ = self.waker.wake();
    }
}

/// Why a server cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The port cannot be opened.
    #[error("cannot listen on {address}: {}", listening(source))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The certificate or the key log does not do.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The system gives no event queue.
    #[error("cannot wait for connections: {0}")]
    System(#[from] io::Error),
}

fn listening(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another program uses that port; port 0 takes a free one".to_owned(),
        io::ErrorKind::PermissionDenied => "ports below 1024 need privileges".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine does not have that address".to_owned(),
        _ => error.to_string(),
    }
}

impl Server {
    /// Opens the port; port 0 takes a free one. `record` = a [`Server::recording`] follows.
    ///
    /// # Errors
    /// Where the port, the certificate or the key log cannot be had.
    pub fn bind(address: SocketAddr, options: Options, record: bool) -> Result<Self, BindError> {
        let tls = options.tls.as_ref().map(|tls| tls.config(address, record)).transpose()?;
        let (tls, secrets) = tls.unzip();
        let mut listener =
            TcpListener::bind(address).map_err(|source| BindError::Listen { address, source })?;
        // Many may come at once, and who finds the queue full waits a second before it tries again.
        SockRef::from(&listener).listen(BACKLOG)?;
        let address = listener.local_addr()?;
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let codec = Codec::new(options.max_message);
        Ok(Self {
            options,
            tls,
            poll,
            listener,
            address,
            stop: Stopper { waker, asked: Arc::default() },
            tape: Tape::new(None, secrets),
            codec,
        })
    }

    /// Writes what goes over its connections to a capture, too.
    #[must_use]
    pub fn recording(mut self, recorder: Recorder) -> Self {
        self.tape.record(recorder);
        self
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it from elsewhere.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        self.stop.clone()
    }

    /// Serves until it is stopped. `notice` is told what happens, as it happens.
    ///
    /// # Errors
    /// Where the recording cannot be written, or the system's event queue fails.
    pub fn run(self, notice: &mut dyn FnMut(Notice)) -> io::Result<Totals> {
        run::Loop::new(self, notice).run()
    }
}

/// Connections that the system holds until they are taken, if it allows for so many.
const BACKLOG: i32 = 4_096;
const LISTENER: Token = Token(usize::MAX - 1);
const WAKER: Token = Token(usize::MAX - 2);
