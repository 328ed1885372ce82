//! WebSocket as an endpoint speaks it: the strict protocol of both roles, without I/O.
//!
//! `ws` describes whatever it sees; an endpoint refuses. Bytes go in, bytes come out, and whoever drives it
//! has the sockets and the clock. A server reads a head with [`handshake::answer`], a client writes one with
//! [`client::Request`]; what they agreed on makes an [`Endpoint`] each, which takes the peer's bytes
//! ([`Endpoint::receive`]) and writes its own behind those that are still to be sent.
//!
//! ```
//! use wscope::endpoint::{Agreed, Codec, Endpoint, Event, Role, Settings};
//! use wscope::ws::fact::Kind;
//!
//! let mut codec = Codec::new(1 << 20);
//! let mut server = Endpoint::new(Role::Server, Agreed::default(), Settings::default());
//! let mut out = Vec::new();
//! // RFC 6455 section 5.7: a masked "Hello".
//! let mut input: &[u8] = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
//! let Some(Event::Message { kind, payload, .. }) = server.receive(&mut input, &mut codec, &mut out) else { panic!() };
//! assert_eq!((kind, &payload[..]), (Kind::Text, &b"Hello"[..]));
//! server.send(kind, &payload, &mut codec, &mut out);
//! assert_eq!(out, b"\x81\x05Hello");
//! ```

pub mod breach;
pub mod client;
mod codec;
pub mod handshake;
pub mod negotiate;
mod receive;
mod send;

use breach::{Answer, Breach, Then};

use crate::http::extension::Deflate;
use crate::ws::deflate::{Context, Params};
use crate::ws::fact::Kind;

pub use codec::Codec;
pub use receive::Failure;
use receive::{Part, Receiver};
pub use send::Masker;
use send::Sender;

/// Which end of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Masks what it sends, and must not be sent masked frames.
    Client,
    /// Must be sent masked frames.
    Server,
}

/// What the opening handshake agreed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreed {
    /// permessage-deflate with these parameters.
    pub deflate: Option<Deflate>,
    /// The subprotocol.
    pub subprotocol: Option<String>,
}

impl Agreed {
    /// The compression of what `role` sends.
    fn params(&self, role: Role) -> Option<Params> {
        self.deflate.map(|deflate| match role {
            Role::Client => Params {
                no_context_takeover: deflate.client_no_context_takeover,
                window_bits: deflate.client_max_window_bits,
                per_frame: false,
            },
            Role::Server => Params {
                no_context_takeover: deflate.server_no_context_takeover,
                window_bits: deflate.server_max_window_bits,
                per_frame: false,
            },
        })
    }
}

/// How an endpoint is to behave, within the protocol.
pub struct Settings {
    /// The most payload bytes of one message, compressed or not. What is larger fails the connection (1009).
    pub max_message: usize,
    /// The most payload bytes of a frame that is sent; larger messages go out in fragments.
    pub fragment: usize,
    /// Where a client's masking keys come from. They should be unpredictable (RFC 6455 section 10.3). A server
    /// needs none.
    pub masker: Option<Masker>,
    /// What it gets wrong on purpose.
    pub breach: Breach,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_message: MAX_MESSAGE, fragment: usize::MAX, masker: None, breach: Breach::default() }
    }
}

/// The largest message taken, unless another is set: 16 MiB.
pub const MAX_MESSAGE: usize = 16 << 20;

/// What came from the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A whole message.
    Message {
        /// Text or binary. A text is UTF-8.
        kind: Kind,
        /// The payload, inflated.
        payload: Vec<u8>,
        /// It came compressed.
        compressed: bool,
    },
    /// A Ping; it has been answered.
    Ping(Vec<u8>),
    /// A Pong.
    Pong(Vec<u8>),
    /// A Close; it has been answered, if it had to be. Nothing comes after it.
    Closed {
        /// The status code; `None` = an empty Close.
        code: Option<u16>,
        /// The reason, perhaps empty.
        reason: String,
    },
    /// The peer broke the protocol or a limit. It has been told by a Close (RFC 6455 section 7.1.7), unless one was
    /// sent before; nothing that it sends is read from here on.
    Failed(Failure),
}

/// How far the closing handshake is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// We sent a Close, and wait for the peer's.
    Closing,
    /// Both have closed, or we failed the connection: no byte is read or written.
    Over,
}

/// One end of a WebSocket connection, after its opening handshake.
pub struct Endpoint {
    role: Role,
    state: State,
    receiver: Receiver,
    sender: Sender,
    breach: Breach,
    /// It was over without a Close, since that is what its breach is.
    ends: bool,
    resets: bool,
}

impl Endpoint {
    /// An endpoint of a connection that has just been opened.
    #[must_use]
    pub fn new(role: Role, agreed: Agreed, settings: Settings) -> Self {
        let peer = if role == Role::Server { Role::Client } else { Role::Server };
        let context = agreed.params(peer).map(Context::new);
        let receiver = Receiver::new(role == Role::Server, context, settings.max_message);
        let masker = settings.masker.filter(|_| role == Role::Client);
        let sender = Sender::new(agreed.params(role), settings.fragment, masker);
        Self {
            role,
            state: State::Open,
            receiver,
            sender,
            breach: settings.breach,
            ends: false,
            resets: false,
        }
    }

    /// Which end it is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Nothing more is read or written: what is left is to end the TCP connection, the server first (RFC 6455
    /// section 7.1.1).
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// It may send messages.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// It ends TCP without a Close, on purpose.
    #[must_use]
    pub const fn ends(&self) -> bool {
        self.ends
    }

    /// It breaks TCP off, on purpose.
    #[must_use]
    pub const fn resets(&self) -> bool {
        self.resets
    }

    /// Bytes of memory that unfinished messages and compression history take.
    #[must_use]
    pub fn held(&self) -> usize {
        self.receiver.held()
    }

    /// Takes bytes of the peer off the front of `input`, up to the next event. `None` = all were taken, and there is
    /// none. What has to be answered at once (Ping, Close, a fault) is answered in `out`.
    ///
    /// The events, and what is written to `out`, are the same however the bytes are cut.
    pub fn receive(&mut self, input: &mut &[u8], codec: &mut Codec, out: &mut Vec<u8>) -> Option<Event> {
        if self.is_over() {
            *input = &[];
            return None;
        }
        let part = match self.receiver.take(input, codec) {
            Ok(part) => part?,
            Err(failure) => {
                *input = &[];
                self.fail(&failure, out);
                return Some(Event::Failed(failure));
            }
        };
        Some(match part {
            Part::Message { kind, payload, compressed } => Event::Message { kind, payload, compressed },
            Part::Ping(payload) => {
                if self.is_open() {
                    self.answer_ping(&payload, out);
                }
                Event::Ping(payload)
            }
            Part::Pong(payload) => Event::Pong(payload),
            Part::Close { code, reason } => {
                *input = &[];
                if self.is_open() {
                    self.answer_close(code, out);
                }
                self.over();
                Event::Closed { code, reason }
            }
        })
    }

    /// Sends a text or binary message, compressed where that was agreed, in fragments where they are set. After a
    /// Close was sent, nothing is.
    pub fn send(&mut self, kind: Kind, payload: &[u8], codec: &mut Codec, out: &mut Vec<u8>) {
        if self.is_open() {
            self.breach(out);
        }
        if self.is_open() {
            self.sender.message(kind, payload, codec, out);
        }
    }

    /// Sends a Ping. What is beyond its 125 bytes is left out.
    pub fn ping(&mut self, payload: &[u8], out: &mut Vec<u8>) {
        if self.is_open() {
            self.sender.control(Kind::Ping, payload, out);
        }
    }

    /// Sends a Close, and goes on reading until the peer's. A reason that is too long is cut; without a code there is
    /// none.
    pub fn close(&mut self, code: Option<u16>, reason: &str, out: &mut Vec<u8>) {
        if self.is_open() {
            self.sender.close(code, reason, out);
            self.state = State::Closing;
        }
    }

    /// Fails the connection for a reason of the driver's own: a Close, and nothing is read from here on.
    pub fn fail(&mut self, failure: &Failure, out: &mut Vec<u8>) {
        if self.is_open() {
            self.sender.close(Some(failure.code), &failure.reason, out);
        }
        self.over();
    }

    /// Says, ahead of the first message, what breaks the protocol.
    fn breach(&mut self, out: &mut Vec<u8>) {
        let then = std::mem::take(&mut self.breach.then);
        let say = std::mem::take(&mut self.breach.say);
        if self.breach.compressed && !self.sender.compresses() {
            return;
        }
        out.extend_from_slice(&say);
        match then {
            Then::GoesOn => {}
            Then::Closing => self.state = State::Closing,
            Then::Ends => {
                self.ends = true;
                self.over();
            }
            Then::Resets => {
                self.resets = true;
                self.over();
            }
        }
    }

    fn answer_ping(&mut self, payload: &[u8], out: &mut Vec<u8>) {
        let payload = match self.breach.pong {
            Answer::Right => payload,
            Answer::Never => return,
            Answer::Empty => {
                self.breach.pong = Answer::Right;
                if payload.is_empty() { b"?".as_slice() } else { b"".as_slice() }
            }
        };
        self.sender.control(Kind::Pong, payload, out);
    }

    /// The Close that answers one: with its code, unless only the other role may send that (1010 is a client's, 1011
    /// a server's; RFC 6455 section 7.4.1).
    fn answer_close(&mut self, code: Option<u16>, out: &mut Vec<u8>) {
        let code = match (code, self.role) {
            _ if self.breach.close == Answer::Never => return,
            (Some(_), _) if self.breach.close == Answer::Empty => None,
            (Some(1010), Role::Server) | (Some(1011), Role::Client) => Some(1000),
            (code, _) => code,
        };
        self.sender.close(code, "", out);
    }

    fn over(&mut self) {
        self.state = State::Over;
        self.receiver.clear();
    }
}

#[cfg(test)]
mod tests;
