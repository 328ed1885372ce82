//! Random conversations of which every message and every byte's place is known.

use std::collections::BTreeMap;

use flate2::{Compress, Compression, FlushCompress};
use proptest::prelude::*;
use serde_json::Value;

use super::of_type;
use super::talk::{Sent, Talk, Who, frame, request, response};

/// What a message is to be made of.
#[derive(Clone, Debug)]
pub struct Draft {
    pub who: Who,
    kind: u8,
    payload: Vec<u8>,
    key: [u8; 4],
    /// In three fragments, with a pong between them.
    split: bool,
    /// A message that is left as it is although compression was agreed.
    plain: bool,
}

/// Which compression was agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deflate {
    No,
    Takeover,
    NoTakeover,
}

impl Deflate {
    pub const fn header(self) -> &'static str {
        match self {
            Self::No => "",
            Self::Takeover => "Sec-WebSocket-Extensions: permessage-deflate\r\n",
            Self::NoTakeover => {
                "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"
            }
        }
    }
}

/// A message that was sent.
#[derive(Clone, Debug)]
pub struct Said {
    pub who: Who,
    pub kind: &'static str,
    pub payload: Vec<u8>,
    pub compressed: bool,
    /// Its frames: places in the sender's stream behind the handshake of header, payload, end.
    pub frames: Vec<(usize, usize, usize)>,
}

/// A conversation on the wire.
#[derive(Clone, Debug)]
pub struct Conversation {
    pub said: Vec<Said>,
    pub segments: Vec<Sent>,
    /// How many segments are the two handshakes.
    pub handshake: usize,
    /// What each segment carries of its sender's stream behind the handshake.
    pub ranges: Vec<(usize, usize)>,
}

pub fn drafts() -> impl Strategy<Value = Vec<Draft>> {
    let payload = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..40),
        2 => prop::collection::vec(any::<u8>(), 120..300),
        1 => prop::collection::vec(Just(0u8), 0..200),
        1 => "[a-c ]{10,400}".prop_map(String::into_bytes),
    ];
    let who = prop_oneof![Just(Who::Client), Just(Who::Server)];
    let draft = (who, 0..6u8, payload, any::<[u8; 4]>(), any::<bool>(), prop::bool::weighted(0.2))
        .prop_map(|(who, kind, payload, key, split, plain)| Draft { who, kind, payload, key, split, plain });
    prop::collection::vec(draft, 2..40)
}

/// Compresses a message as RFC 7692 section 7.2.1 says.
pub fn deflated(compress: &mut Compress, payload: &[u8]) -> Vec<u8> {
    if payload.is_empty() {
        // RFC 7692 section 7.2.3.6.
        return vec![0];
    }
    let mut out = Vec::with_capacity(payload.len() * 2 + 64);
    let before = compress.total_in();
    loop {
        let done = (compress.total_in() - before) as usize;
        compress.compress_vec(&payload[done..], &mut out, FlushCompress::Sync).unwrap();
        if (compress.total_in() - before) as usize == payload.len() && out.len() < out.capacity() {
            break;
        }
        out.reserve(1024);
    }
    assert!(out.ends_with(&[0, 0, 0xff, 0xff]));
    out.truncate(out.len() - 4);
    out
}

impl Conversation {
    /// Puts drafts on the wire: `size` bytes a segment, each message in segments of its own or not.
    pub fn new(drafts: &[Draft], deflate: Deflate, size: usize, aligned: bool) -> Self {
        let mut talk = Talk::open();
        talk.send(Who::Client, &request(deflate.header()), 1_400).ack(Who::Server);
        talk.send(Who::Server, &response(deflate.header()), 1_400).ack(Who::Client);
        let handshake = talk.segments.len();
        let mut ranges = vec![(0, 0); handshake];
        let mut compress = [0, 1].map(|_| Compress::new(Compression::new(6), false));
        let mut sent = [0usize; 2];
        let mut waiting: [Vec<u8>; 2] = [Vec::new(), Vec::new()];
        let mut said = Vec::new();
        for draft in drafts {
            let n = draft.who as usize;
            if deflate == Deflate::NoTakeover {
                compress[n].reset();
            }
            let start = sent[n] + waiting[n].len();
            let (bytes, messages) = draft.encode(start, (deflate != Deflate::No).then_some(&mut compress[n]));
            waiting[n].extend(bytes);
            said.extend(messages);
            if aligned || waiting[n].len() > 2 * size {
                flush(&mut talk, draft.who, &mut waiting[n], &mut sent[n], size, &mut ranges);
            }
        }
        for who in [Who::Client, Who::Server] {
            let n = who as usize;
            flush(&mut talk, who, &mut waiting[n], &mut sent[n], size, &mut ranges);
        }
        talk.close();
        ranges.resize(talk.segments.len(), (0, 0));
        Self { said, segments: talk.segments, handshake, ranges }
    }

    /// The segments that carry frames.
    pub fn data_segments(&self) -> Vec<usize> {
        (self.handshake..self.segments.len()).filter(|n| !self.segments[*n].payload.is_empty()).collect()
    }

    /// The messages that must be told unchanged where these parts of each stream are missing: all their
    /// bytes are there, no header before them is missing, nor the output that they refer to.
    pub fn certain(&self, missing: &[Vec<(usize, usize)>; 2], deflate: Deflate) -> Vec<&Said> {
        let lost = |n: usize, from: usize, to: usize| missing[n].iter().any(|(a, b)| *a < to && from < *b);
        // The first header of each direction that is not there whole.
        let mut unframed = [usize::MAX; 2];
        for message in &self.said {
            let n = message.who as usize;
            for (header, payload, _) in message.frames.iter().filter(|(from, to, _)| lost(n, *from, *to)) {
                unframed[n] = unframed[n].min(*header).min(*payload);
            }
        }
        let mut context = [true; 2];
        let mut certain = Vec::new();
        for message in &self.said {
            let n = message.who as usize;
            let whole =
                message.frames.iter().all(|(from, _, to)| *from < unframed[n] && !lost(n, *from, *to));
            let depends = message.compressed && deflate == Deflate::Takeover;
            if whole && (!depends || context[n]) {
                certain.push(message);
            }
            context[n] &= whole || !message.compressed;
        }
        certain
    }
}

fn flush(
    talk: &mut Talk,
    who: Who,
    waiting: &mut Vec<u8>,
    sent: &mut usize,
    size: usize,
    ranges: &mut Vec<(usize, usize)>,
) {
    for piece in waiting.chunks(size) {
        talk.send(who, piece, size);
        ranges.push((*sent, *sent + piece.len()));
        *sent += piece.len();
    }
    waiting.clear();
    talk.ack(if who == Who::Client { Who::Server } else { Who::Client });
    ranges.push((0, 0));
}

impl Draft {
    fn encode(&self, start: usize, compress: Option<&mut Compress>) -> (Vec<u8>, Vec<Said>) {
        let key = (self.who == Who::Client).then_some(self.key);
        let text: Vec<u8> = self.payload.iter().map(|byte| b' ' + byte % 64).collect();
        let (opcode, kind, payload) = match self.kind {
            0 => (9, "ping", self.payload.get(..125).unwrap_or(&self.payload).to_vec()),
            1 | 2 => (2, "binary", self.payload.clone()),
            _ => (1, "text", text),
        };
        let compress = compress.filter(|_| opcode < 8 && !self.plain);
        let compressed = compress.is_some();
        let wire = compress.map_or_else(|| payload.clone(), |compress| deflated(compress, &payload));
        let first = opcode | if compressed { 0x40 } else { 0 };
        let mut bytes = Vec::new();
        let mut add = |first: u8, payload: &[u8]| {
            let frame = frame(first, key, payload);
            let header = start + bytes.len();
            bytes.extend(&frame);
            (header, start + bytes.len() - payload.len(), start + bytes.len())
        };
        let said =
            |kind, payload, compressed, frames| Said { who: self.who, kind, payload, compressed, frames };
        if !self.split || opcode == 9 {
            let frames = vec![add(0x80 | first, &wire)];
            return (bytes, vec![said(kind, payload, compressed, frames)]);
        }
        let (head, tail) = wire.split_at(wire.len() / 2);
        let mut frames = vec![add(first, head)];
        let pong = said("pong", b"between".to_vec(), false, vec![add(0x8a, b"between")]);
        frames.push(add(0x00, b""));
        frames.push(add(0x80, tail));
        (bytes, vec![pong, said(kind, payload, compressed, frames)])
    }
}

/// Messages by sender, kind and payload, and how often there is each.
pub type Told = BTreeMap<(String, String, Vec<u8>), usize>;

/// The complete messages of an export.
pub fn told(export: &[Value]) -> Told {
    use base64::Engine;
    let mut told = Told::new();
    for message in of_type(export, "message") {
        if message["complete"] != true {
            continue;
        }
        let payload = match (&message["text"], &message["base64"]) {
            (Value::String(text), _) => text.clone().into_bytes(),
            (_, Value::String(base64)) => base64::engine::general_purpose::STANDARD.decode(base64).unwrap(),
            _ => Vec::new(),
        };
        let word = |key: &str| message[key].as_str().unwrap().to_owned();
        *told.entry((word("dir"), word("kind"), payload)).or_default() += 1;
    }
    told
}

/// Messages as sent.
pub fn sent<'a>(said: impl IntoIterator<Item = &'a Said>) -> Told {
    let mut told = Told::new();
    for message in said {
        let dir = if message.who == Who::Client { "c2s" } else { "s2c" };
        *told.entry((dir.to_owned(), message.kind.to_owned(), message.payload.clone())).or_default() += 1;
    }
    told
}

/// A message that `more` has oftener than `less`.
pub fn first_extra(more: &Told, less: &Told) -> Option<(String, String, Vec<u8>)> {
    more.iter()
        .find(|(message, count)| less.get(*message).is_none_or(|have| have < *count))
        .map(|(m, _)| m.clone())
}
