//! The peer's bytes into messages, or into the first fault: RFC 6455 sections 5 to 8 to the letter.

use std::borrow::Cow;

use super::codec::Codec;
use crate::ws::deflate::Context;
use crate::ws::fact::{Kind, Opcode, close_code_is_known};
use crate::ws::header::{Header, MAX_LEN};
use crate::ws::mask::unmask_into;
use crate::ws::utf8::Utf8Stream;

/// Why a connection is failed: what the Close says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The status code (RFC 6455 section 7.4.1).
    pub code: u16,
    /// What is wrong, for people.
    pub reason: Cow<'static, str>,
}

impl Failure {
    /// A failure with its code and reason.
    #[must_use]
    pub const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason: Cow::Borrowed(reason) }
    }

    /// The message is larger than the limit, in bytes.
    pub(super) fn too_big(limit: usize) -> Self {
        Self { code: 1009, reason: Cow::Owned(format!("the message is larger than {limit} bytes")) }
    }
}

const fn protocol(reason: &'static str) -> Failure {
    Failure::new(1002, reason)
}

/// What is whole.
pub(super) enum Part {
    Message { kind: Kind, payload: Vec<u8>, compressed: bool },
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close { code: Option<u16>, reason: String },
}

/// The receiving half.
pub(super) struct Receiver {
    /// Frames must be masked; else they must not be.
    masked: bool,
    context: Option<Context>,
    max_message: usize,
    /// The first bytes of a header that is not whole.
    head: [u8; MAX_LEN],
    head_len: usize,
    frame: Option<Frame>,
    control: Vec<u8>,
    message: Option<Message>,
}

/// A frame of which payload is still to come.
struct Frame {
    header: Header,
    /// Payload bytes that were taken.
    taken: u64,
}

/// A data message that is not whole.
struct Message {
    kind: Kind,
    compressed: bool,
    payload: Vec<u8>,
    utf8: Utf8Stream,
}

impl Receiver {
    pub(super) const fn new(masked: bool, context: Option<Context>, max_message: usize) -> Self {
        Self {
            masked,
            context,
            max_message,
            head: [0; MAX_LEN],
            head_len: 0,
            frame: None,
            control: Vec::new(),
            message: None,
        }
    }

    /// Bytes of memory that it holds.
    pub(super) fn held(&self) -> usize {
        self.message.as_ref().map_or(0, |message| message.payload.capacity())
            + self.context.as_ref().map_or(0, Context::history_bytes)
    }

    /// Gives back what it holds.
    pub(super) fn clear(&mut self) {
        self.message = None;
        self.context = None;
        self.control = Vec::new();
    }

    /// Takes bytes off the front, up to the end of the next message or control frame.
    pub(super) fn take(&mut self, input: &mut &[u8], codec: &mut Codec) -> Result<Option<Part>, Failure> {
        loop {
            let Some(frame) = &mut self.frame else {
                let Some(header) = self.header(input)? else { return Ok(None) };
                self.begin(&header)?;
                self.frame = Some(Frame { header, taken: 0 });
                continue;
            };
            let left = frame.header.len - frame.taken;
            let len = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
            let (piece, rest) = input.split_at(len);
            *input = rest;
            let (header, phase) = (frame.header, frame.taken as usize & 3);
            frame.taken += len as u64;
            let whole = frame.taken == frame.header.len;
            if !piece.is_empty() {
                self.payload(&header, piece, phase)?;
            }
            if !whole {
                return Ok(None);
            }
            self.frame = None;
            if let Some(part) = self.end(&header, codec)? {
                return Ok(Some(part));
            }
        }
    }

    /// Reads a header byte by byte only where it is cut.
    fn header(&mut self, input: &mut &[u8]) -> Result<Option<Header>, Failure> {
        if self.head_len == 0
            && let Some((header, used)) = Header::decode(input)
        {
            self.judge(input.first().zip(input.get(1)))?;
            *input = input.get(used..).unwrap_or_default();
            return Ok(Some(header));
        }
        while let Some((byte, rest)) = input.split_first() {
            *input = rest;
            if let Some(slot) = self.head.get_mut(self.head_len) {
                *slot = *byte;
            }
            self.head_len += 1;
            let so_far = self.head.get(..self.head_len).unwrap_or_default();
            if self.head_len == 2 {
                self.judge(so_far.first().zip(so_far.get(1)))?;
            }
            if let Some((header, _)) = Header::decode(so_far) {
                self.head_len = 0;
                return Ok(Some(header));
            }
        }
        Ok(None)
    }

    /// Judges a header by its first two bytes, which hold all but the length and the key.
    fn judge(&self, bytes: Option<(&u8, &u8)>) -> Result<(), Failure> {
        let Some((&first, &second)) = bytes else { return Ok(()) };
        let opcode = Opcode::new(first);
        let (fin, rsv, len7) = (first & 0x80 != 0, first >> 4 & 7, second & 0x7f);
        let data = matches!(opcode, Opcode::TEXT | Opcode::BINARY);
        if opcode.is_reserved() {
            return Err(protocol("the opcode is reserved"));
        }
        if rsv & 3 != 0 || rsv != 0 && self.context.is_none() {
            return Err(protocol("a reserved bit is set, and no extension that uses it was agreed"));
        }
        if rsv != 0 && !data {
            return Err(protocol("RSV1 is set on a frame that does not begin a message"));
        }
        if (second & 0x80 != 0) != self.masked {
            return Err(protocol(if self.masked {
                "the frame is not masked"
            } else {
                "the frame is masked, which a server must not do"
            }));
        }
        if opcode.is_control() {
            if !fin {
                return Err(protocol("a control frame is fragmented"));
            }
            if len7 > 125 {
                return Err(protocol("a control frame has more than 125 bytes"));
            }
        } else if data && self.message.is_some() {
            return Err(protocol("a message begins inside another"));
        } else if opcode == Opcode::CONTINUATION && self.message.is_none() {
            return Err(protocol("a continuation without a message to continue"));
        }
        Ok(())
    }

    /// A frame begins: its length is known now.
    fn begin(&mut self, header: &Header) -> Result<(), Failure> {
        if header.len >> 63 != 0 {
            return Err(protocol("the highest bit of the length is set"));
        }
        if !header.minimal() {
            return Err(protocol("the length is not in its shortest form"));
        }
        if header.opcode.is_control() {
            self.control.clear();
            return Ok(());
        }
        let so_far = self.message.as_ref().map_or(0, |message| message.payload.len());
        if header.len > self.max_message.saturating_sub(so_far) as u64 {
            return Err(Failure::too_big(self.max_message));
        }
        if header.opcode != Opcode::CONTINUATION {
            self.message = Some(Message {
                kind: if header.opcode == Opcode::TEXT { Kind::Text } else { Kind::Binary },
                compressed: header.rsv1(),
                payload: Vec::new(),
                utf8: Utf8Stream::default(),
            });
        }
        Ok(())
    }

    /// Bytes of a payload; `phase` is where in the key they begin.
    fn payload(&mut self, header: &Header, piece: &[u8], phase: usize) -> Result<(), Failure> {
        let control = header.opcode.is_control();
        let into = match &mut self.message {
            _ if control => &mut self.control,
            Some(message) => &mut message.payload,
            None => return Ok(()),
        };
        let start = into.len();
        // What was announced is made room for only as it comes.
        match header.mask {
            Some(key) => unmask_into(into, piece, key, phase),
            None => into.extend_from_slice(piece),
        }
        match &mut self.message {
            Some(message) if !control && message.kind == Kind::Text && !message.compressed => {
                let piece = message.payload.get(start..).unwrap_or_default();
                message.utf8.push(piece).map_err(not_utf8)
            }
            _ => Ok(()),
        }
    }

    /// A frame is whole.
    fn end(&mut self, header: &Header, codec: &mut Codec) -> Result<Option<Part>, Failure> {
        if header.opcode.is_control() {
            let payload = std::mem::take(&mut self.control);
            return match header.opcode {
                Opcode::PING => Ok(Some(Part::Ping(payload))),
                Opcode::PONG => Ok(Some(Part::Pong(payload))),
                _ => close(&payload).map(Some),
            };
        }
        if !header.fin {
            return Ok(None);
        }
        let Some(Message { kind, compressed, mut payload, mut utf8 }) = self.message.take() else {
            return Ok(None);
        };
        if compressed && let Some(context) = &mut self.context {
            payload = codec.inflate(context, &payload)?;
            // The codec's limit is that of all connections.
            if payload.len() > self.max_message {
                return Err(Failure::too_big(self.max_message));
            }
            if kind == Kind::Text {
                utf8.push(&payload).map_err(not_utf8)?;
            }
        }
        if kind == Kind::Text {
            utf8.finish().map_err(not_utf8)?;
        }
        Ok(Some(Part::Message { kind, payload, compressed }))
    }
}

fn not_utf8(offset: u64) -> Failure {
    Failure { code: 1007, reason: Cow::Owned(format!("the text is not UTF-8 at byte {offset}")) }
}

/// A Close's payload (RFC 6455 sections 5.5.1 and 7.4).
fn close(payload: &[u8]) -> Result<Part, Failure> {
    if payload.is_empty() {
        return Ok(Part::Close { code: None, reason: String::new() });
    }
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return Err(protocol("the Close has a payload of one byte"));
    };
    let code = u16::from_be_bytes(*code);
    if !close_code_is_known(code) {
        return Err(protocol("the code of the Close may not be sent"));
    }
    match std::str::from_utf8(reason) {
        Ok(reason) => Ok(Part::Close { code: Some(code), reason: reason.to_owned() }),
        Err(_) => Err(Failure::new(1007, "the reason of the Close is not UTF-8")),
    }
}
