//! What the WebSocket layer tells: frames, messages, and what it could not follow.

use crate::item::{At, Dir};

use super::deflate::Exceeded;

/// A frame's opcode, any of the 16 (RFC 6455 section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Opcode(u8);

impl Opcode {
    /// 0x0
    pub const CONTINUATION: Self = Self(0x0);
    /// 0x1
    pub const TEXT: Self = Self(0x1);
    /// 0x2
    pub const BINARY: Self = Self(0x2);
    /// 0x8
    pub const CLOSE: Self = Self(0x8);
    /// 0x9
    pub const PING: Self = Self(0x9);
    /// 0xA
    pub const PONG: Self = Self(0xA);

    /// The low four bits of a frame's first byte.
    #[inline]
    #[must_use]
    pub const fn new(bits: u8) -> Self {
        Self(bits & 0x0f)
    }

    /// 0 to 15.
    #[inline]
    #[must_use]
    pub const fn value(self) -> u8 {
        self.0
    }

    /// Opcodes 0x8 to 0xF.
    #[inline]
    #[must_use]
    pub const fn is_control(self) -> bool {
        self.0 & 0x8 != 0
    }

    /// Not defined by RFC 6455: 0x3 to 0x7 and 0xB to 0xF.
    #[inline]
    #[must_use]
    pub const fn is_reserved(self) -> bool {
        self.0 & 0x7 > 2
    }

    /// `continuation`, `text`, …, `reserved-3`, as the export spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            0x0 => "continuation",
            0x1 => "text",
            0x2 => "binary",
            0x3 => "reserved-3",
            0x4 => "reserved-4",
            0x5 => "reserved-5",
            0x6 => "reserved-6",
            0x7 => "reserved-7",
            0x8 => "close",
            0x9 => "ping",
            0xA => "pong",
            0xB => "reserved-11",
            0xC => "reserved-12",
            0xD => "reserved-13",
            0xE => "reserved-14",
            _ => "reserved-15",
        }
    }
}

/// A frame, told when its last byte (or the last that there is) has been seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame<'a> {
    /// The sender.
    pub dir: Dir,
    /// Counts the frames of the connection from 1, both directions together, by first byte.
    pub n: u64,
    /// The packet with the frame's first byte.
    pub first: At,
    /// The packet with its last byte that was seen.
    pub last: At,
    /// Offset of the first byte in the direction's stream after the handshake.
    pub offset: u64,
    /// The header as decoded.
    pub header: super::header::Header,
    /// Payload bytes that the capture holds; below `header.len` the frame is cut.
    pub seen: u64,
    /// The payload as on the wire (masked, compressed), where [`super::session::Want::frame_bytes`]
    /// asks for it and as far; bytes lost in a gap are left out.
    pub wire: &'a [u8],
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A text message.
    Text,
    /// A binary message.
    Binary,
    /// A Close frame.
    Close,
    /// A Ping frame.
    Ping,
    /// A Pong frame.
    Pong,
}

impl Kind {
    /// `text`, `binary`, `close`, `ping`, `pong`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Close => "close",
            Self::Ping => "ping",
            Self::Pong => "pong",
        }
    }

    /// Text or binary.
    #[inline]
    #[must_use]
    pub const fn is_data(self) -> bool {
        matches!(self, Self::Text | Self::Binary)
    }
}

/// A status code that an endpoint may send (RFC 6455 section 7.4, and the registry that it opened).
#[must_use]
pub const fn close_code_is_known(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Why a message's payload is not all there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Bytes are missing from the capture.
    Missing,
    /// The stream ended, or another message began, before the final fragment.
    Unfinished,
    /// It does not inflate, and that is the sender's doing (RFC 7692 section 7.2.2).
    BrokenDeflate,
    /// It refers to output beyond the window that was agreed ([`Message::exceeded`]), which is not
    /// kept.
    WindowExceeded,
    /// It refers to an earlier message, although the sender agreed not to (RFC 7692 section 7.1.1).
    ContextKept {
        /// How many bytes before its own first byte, 1 to 32,768.
        reach: u16,
    },
    /// It cannot be inflated without earlier messages, or an agreement, that the capture lacks.
    LostContext,
    /// It inflates past a limit and was cut there.
    InflateLimit,
    /// Its compressed form is larger than what we collect.
    TooLarge,
}

impl From<super::deflate::Fault> for Fault {
    fn from(fault: super::deflate::Fault) -> Self {
        match fault {
            super::deflate::Fault::Broken => Self::BrokenDeflate,
            super::deflate::Fault::WindowExceeded => Self::WindowExceeded,
            super::deflate::Fault::ContextKept { reach } => Self::ContextKept { reach },
            super::deflate::Fault::LostContext => Self::LostContext,
            super::deflate::Fault::Limit => Self::InflateLimit,
        }
    }
}

/// A message: the fragments of a data message joined, unmasked and inflated; or a control frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Message<'a> {
    /// The sender.
    pub dir: Dir,
    /// Counts the messages of the connection from 1, both directions together, by end.
    pub n: u64,
    /// What it is.
    pub kind: Kind,
    /// The packet with its first byte.
    pub first: At,
    /// The packet with its last byte.
    pub last: At,
    /// How many frames it has.
    pub frames: u64,
    /// The `n` of its first frame.
    pub first_frame: u64,
    /// The `n` of its last frame, of those that were seen.
    pub last_frame: u64,
    /// Payload bytes on the wire, all fragments, without headers.
    pub wire_len: u64,
    /// Payload bytes after inflation, as far as they are known.
    pub len: u64,
    /// Compressed (RSV1 with a deflate extension agreed).
    pub compressed: bool,
    /// A block of it has BFINAL set (RFC 7692 section 7.2.3.4). Told where the message is all there
    /// and inflates, or fails for references alone; not where lost bytes may be the cause.
    pub final_block: bool,
    /// It refers to output beyond the window that was agreed (RFC 7692 section 7.1.2). Such a message
    /// may be complete all the same: references within it are followed up to 32 KiB. Told as
    /// `final_block` is.
    pub exceeded: Option<Exceeded>,
    /// Why a part is missing; `None` = complete.
    pub fault: Option<Fault>,
    /// The payload, as far as it is kept.
    pub payload: &'a [u8],
    /// `payload` as text, where it was checked in one piece: saves its users from checking again.
    pub text: Option<&'a str>,
    /// For text (and for a Close reason): is what there is UTF-8? `None` where it is not text.
    pub utf8: Option<Utf8>,
    /// SHA-256 of the whole payload, where asked for.
    pub sha256: Option<[u8; 32]>,
}

impl Message<'_> {
    /// The status code of a Close that has one (RFC 6455 section 5.5.1).
    #[must_use]
    pub fn close_code(&self) -> Option<u16> {
        let code = self.payload.first_chunk::<2>()?;
        (self.kind == Kind::Close).then(|| u16::from_be_bytes(*code))
    }

    /// The reason of a Close, as bytes.
    #[must_use]
    pub fn close_reason(&self) -> &[u8] {
        if self.kind == Kind::Close { self.payload.get(2..).unwrap_or_default() } else { &[] }
    }

    /// No part is missing.
    #[must_use]
    pub const fn complete(&self) -> bool {
        self.fault.is_none()
    }

    /// `payload` is shorter than `len`: the rest was not kept.
    #[must_use]
    pub const fn cut(&self) -> bool {
        (self.payload.len() as u64) < self.len
    }
}

/// The result of checking UTF-8 over a whole message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Utf8 {
    /// Valid.
    Valid,
    /// Invalid from this byte offset on; `frame` holds that byte.
    Invalid {
        /// Offset in the (inflated) payload of the first byte that cannot be right.
        offset: u64,
        /// The `n` of the frame in which the fault became certain.
        frame: u64,
    },
    /// Valid but for an unfinished code point at the very end.
    CutAtEnd {
        /// Offset of the unfinished code point.
        offset: u64,
    },
    /// Not decidable: bytes are missing.
    Unknown,
}

/// What a session says of itself, besides frames and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Bytes of the stream are missing from the capture.
    Gap {
        /// How many.
        len: u64,
        /// Within a payload of known length: framing goes on.
        in_payload: bool,
        /// Why.
        why: crate::item::Missing,
    },
    /// Frame boundaries were lost and found again.
    Resynchronised {
        /// Bytes passed over.
        skipped: u64,
    },
    /// Frame boundaries were lost and not found again before the stream ended.
    OutOfSync {
        /// Bytes passed over.
        skipped: u64,
    },
    /// Bytes that are no frame follow a Close, or a length's top bit made the boundary uncertain.
    NotFrames {
        /// Bytes passed over.
        skipped: u64,
    },
    /// The stream ended inside a frame header.
    PartialHeader {
        /// Bytes of the header that came.
        bytes: u8,
    },
    /// A limit was reached.
    Limit(Limit),
}

/// The limits of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// A message's payload was not kept whole.
    MessageBytes,
    /// A compressed message was too large to collect.
    DeflateInput,
    /// A message inflated past the size or ratio limit.
    Inflated,
    /// The history of a direction was dropped: too many compressed connections at once.
    History,
}

/// A data frame that is a message of its own, uncompressed and valid, and came in one packet: what most frames are.
/// It stands for a [`Frame`] and the [`Message`] after it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Single<'a> {
    /// The sender.
    pub dir: Dir,
    /// As [`Frame::n`].
    pub n: u64,
    /// As [`Message::n`].
    pub message: u64,
    /// The packet.
    pub at: At,
    /// As [`Frame::offset`].
    pub offset: u64,
    /// Offset behind its last byte.
    pub end: u64,
    /// The header as decoded: a final text or binary frame.
    pub header: super::header::Header,
    /// As [`Message::payload`].
    pub payload: &'a [u8],
    /// As [`Message::text`].
    pub text: Option<&'a str>,
}

impl<'a> Single<'a> {
    /// The frame; nothing is kept of it as it was on the wire.
    #[inline]
    #[must_use]
    pub const fn frame(&self) -> Frame<'a> {
        let Self { dir, n, at, offset, header, .. } = *self;
        Frame { dir, n, first: at, last: at, offset, header, seen: header.len, wire: &[] }
    }

    /// The message.
    #[inline]
    #[must_use]
    pub fn message(&self) -> Message<'a> {
        let Self { dir, n, message, at, header, payload, text, .. } = *self;
        let is_text = header.opcode == Opcode::TEXT;
        Message {
            dir,
            n: message,
            kind: if is_text { Kind::Text } else { Kind::Binary },
            first: at,
            last: at,
            frames: 1,
            first_frame: n,
            last_frame: n,
            wire_len: header.len,
            len: header.len,
            compressed: false,
            final_block: false,
            exceeded: None,
            fault: None,
            payload,
            text,
            utf8: is_text.then_some(Utf8::Valid),
            sha256: None,
        }
    }
}

/// Takes what the WebSocket layer tells.
pub trait Listener {
    /// Takes anything but what [`Listener::single`] is given.
    fn tell(&mut self, out: Out<'_>);

    /// Takes a frame and its message at once.
    #[inline]
    fn single(&mut self, single: &Single<'_>) {
        self.tell(Out::Frame(single.frame()));
        self.tell(Out::Message(single.message()));
    }
}

/// What the WebSocket layer emits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Out<'a> {
    /// A frame is over.
    Frame(Frame<'a>),
    /// A message is over.
    Message(Message<'a>),
    /// Something to note.
    Trouble {
        /// The direction.
        dir: Dir,
        /// Where.
        at: At,
        /// What.
        what: Trouble,
    },
}
