//! Frames and messages as tungstenite reads them, which ends at the first fault; we go on.

use std::io::{self, Cursor, Read, Write};

use proptest::prelude::*;
use serde_json::Value;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};
use wscope::ws::header::{self, Header};

use crate::support::conversation::{Conversation, Deflate, drafts};
use crate::support::talk::{Sent, Who, capture, frame};
use crate::support::{cases, export_bytes, of_type, records};

/// A kind and a payload.
type Told = (String, Vec<u8>);

/// What one side sent, and nobody to answer.
struct Heard(Cursor<Vec<u8>>);

impl Read for Heard {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What tungstenite reads of what `who` sent, and whether it read to the end.
fn theirs(who: Who, bytes: Vec<u8>) -> (Vec<Told>, bool) {
    let role = if who == Who::Client { Role::Server } else { Role::Client };
    let mut socket =
        WebSocket::from_raw_socket(Heard(Cursor::new(bytes)), role, Some(WebSocketConfig::default()));
    let mut told = Vec::new();
    loop {
        let (kind, payload) = match socket.read() {
            Ok(Message::Text(text)) => ("text", text.as_bytes().to_vec()),
            Ok(Message::Binary(bytes)) => ("binary", bytes.to_vec()),
            Ok(Message::Ping(bytes)) => ("ping", bytes.to_vec()),
            Ok(Message::Pong(bytes)) => ("pong", bytes.to_vec()),
            // What it would answer to a code that must not be sent, instead of that.
            Ok(Message::Close(Some(close))) if close.reason.as_str() == "Protocol violation" => {
                return (told, false);
            }
            Ok(Message::Close(None)) => ("close", Vec::new()),
            Ok(Message::Close(Some(close))) => {
                ("close", [&u16::from(close.code).to_be_bytes()[..], close.reason.as_bytes()].concat())
            }
            Ok(Message::Frame(_)) => unreachable!("only written"),
            Err(
                Error::Io(_)
                | Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake),
            ) => {
                return (told, true);
            }
            Err(_) => return (told, false),
        };
        told.push((kind.to_owned(), payload));
    }
}

/// The whole messages of one side in an export.
fn ours(export: &[Value], who: Who) -> Vec<Told> {
    use base64::Engine as _;
    let dir = if who == Who::Client { "c2s" } else { "s2c" };
    let messages = of_type(export, "message").into_iter();
    let whole = messages.filter(|message| message["dir"] == dir && message["complete"] == true);
    whole
        .map(|message| {
            let payload = match (&message["text"], &message["base64"], message["code"].as_u64()) {
                (Value::String(text), _, _) => text.clone().into_bytes(),
                (_, Value::String(base64), _) => {
                    base64::engine::general_purpose::STANDARD.decode(base64).unwrap()
                }
                (_, _, Some(code)) => {
                    let reason = message["reason"].as_str().unwrap_or_default();
                    [&(code as u16).to_be_bytes()[..], reason.as_bytes()].concat()
                }
                _ => Vec::new(),
            };
            (message["kind"].as_str().unwrap().to_owned(), payload)
        })
        .collect()
}

/// What one side sent behind the handshake.
fn stream(segments: &[Sent], handshake: usize, who: Who) -> Vec<u8> {
    segments[handshake..]
        .iter()
        .filter(|sent| sent.who == who)
        .flat_map(|sent| sent.payload.clone())
        .collect()
}

fn compare(talk: &Conversation) -> Result<(), TestCaseError> {
    let export = records(&export_bytes(&capture(&talk.segments), 1));
    for who in [Who::Client, Who::Server] {
        let (theirs, to_the_end) = theirs(who, stream(&talk.segments, talk.handshake, who));
        let ours = ours(&export, who);
        prop_assert_eq!(ours.get(..theirs.len()), Some(&theirs[..]));
        if to_the_end {
            prop_assert_eq!(ours.len(), theirs.len());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(150), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn messages_of_conversations(drafts in drafts(), size in 1..300_usize, aligned: bool) {
        compare(&Conversation::new(&drafts, Deflate::No, size, aligned))?;
    }

    /// A few bits of a few bytes are others. The first of them is where tungstenite gives up, mostly.
    #[test]
    fn messages_of_conversations_with_faults(
        drafts in drafts(), size in 1..300_usize, aligned: bool,
        faults in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..8_u8), 1..4),
    ) {
        let mut talk = Conversation::new(&drafts, Deflate::No, size, aligned);
        let data = talk.data_segments();
        for (segment, byte, bit) in faults {
            let payload = &mut talk.segments[data[segment.index(data.len())]].payload;
            let at = byte.index(payload.len());
            payload[at] ^= 1 << bit;
        }
        compare(&talk)?;
    }

    /// Also closes, with all codes and reasons.
    #[test]
    fn closes(who in prop_oneof![Just(Who::Client), Just(Who::Server)], code: u16, reason in prop::collection::vec(any::<u8>(), 0..30), key: [u8; 4]) {
        let mut talk = Conversation::new(&[], Deflate::No, 100, false);
        let payload = [&code.to_be_bytes()[..], &reason].concat();
        let close = frame(0x88, (who == Who::Client).then_some(key), &payload);
        let mut sent = crate::support::talk::Talk::open();
        sent.send(Who::Client, &crate::support::talk::request(""), 1_400).send(Who::Server, &crate::support::talk::response(""), 1_400);
        talk.handshake = sent.segments.len();
        sent.send(who, &close, 1_400).close();
        talk.segments = sent.segments;
        compare(&talk)?;
    }

    /// tungstenite refuses reserved opcodes; all else of a header it reads as we do.
    #[test]
    fn headers(bytes in prop::collection::vec(any::<u8>(), 0..2 * header::MAX_LEN)) {
        let ours = Header::decode(&bytes);
        match FrameHeader::parse(&mut Cursor::new(&bytes)) {
            Ok(Some((theirs, len))) => {
                let (ours, _) = ours.unwrap();
                let rsv = u8::from(theirs.rsv1) << 2 | u8::from(theirs.rsv2) << 1 | u8::from(theirs.rsv3);
                prop_assert_eq!((ours.fin, ours.rsv, ours.mask, ours.len), (theirs.is_final, rsv, theirs.mask, len));
                prop_assert_eq!(ours.opcode.value(), u8::from(theirs.opcode));
            }
            Ok(None) => prop_assert!(ours.is_none()),
            Err(_) => prop_assert!(bytes[0] & 0x07 > 2, "{:?}", bytes),
        }
    }
}
