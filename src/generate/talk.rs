//! A conversation: the opening handshake, what is said, and how it ends.
//!
//! A talk draws from its own random numbers and knows neither time nor network, so what is said does not
//! depend on what is lost.

use super::amount::Rate;
use super::deflate::{Agreed, Codec};
use super::head;
use super::kind::Kind;
use super::rng::Rng;
use super::text;
use super::truth::Connection;
use super::turn::Turn;
use crate::item::Dir;
use crate::ws::fact::Opcode;
use crate::ws::header::Header;

/// What a talk is to be like.
#[derive(Clone, Debug)]
pub(super) struct Brief {
    pub(super) kind: Kind,
    pub(super) messages: Option<u32>,
    /// The mean time between two messages, in nanoseconds.
    pub(super) gap: i64,
    pub(super) deflate: Option<Agreed>,
    pub(super) refused: Rate,
    /// The most bytes of one message.
    pub(super) largest: u64,
    /// The handshake was before the capture.
    pub(super) open: bool,
}

/// One conversation.
#[derive(Debug)]
pub(super) struct Talk {
    rng: Rng,
    style: Style,
    stage: Stage,
    /// Data messages that are still to be said.
    left: Option<u32>,
    gap: i64,
    largest: u64,
    codec: Option<Codec>,
    head: head::Choice,
    /// Before the request and the response, drawn whether there are any or not.
    pauses: [i64; 2],
    /// The Pings that the one in `owes` has to answer.
    pings: Vec<Vec<u8>>,
    owes: Dir,
    /// Who speaks next, where they take turns.
    next: Dir,
    stream: Option<Stream>,
    close: Close,
    payload: Vec<u8>,
    /// What was said so far.
    pub(super) truth: Connection,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Request,
    Response,
    Talking,
    Closing,
    Answering,
    Over,
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Chat,
    Feed,
    Device,
    Upload,
    Chatty,
    Bulk,
    Deflate,
    Dirty,
    Tiny,
    Fragmented,
}

/// A message that is too long for one turn.
#[derive(Clone, Copy, Debug)]
struct Stream {
    dir: Dir,
    left: u64,
}

#[derive(Clone, Copy, Debug)]
struct Close {
    by: Dir,
    code: Option<u16>,
    reason: &'static str,
}

impl Talk {
    pub(super) fn new(brief: &Brief, mut rng: Rng) -> Self {
        let style = match brief.kind {
            Kind::Mixed => rng.pick(&[Style::Chat, Style::Feed, Style::Device, Style::Upload]),
            Kind::Chatty | Kind::Flows => Style::Chatty,
            Kind::Bulk | Kind::Gro => Style::Bulk,
            Kind::Deflate => Style::Deflate,
            Kind::Dirty => Style::Dirty,
            Kind::Tiny => Style::Tiny,
            Kind::Fragmented => Style::Fragmented,
        };
        let (by, code, reason) = match brief.kind {
            Kind::Mixed => rng.pick(&CLOSES),
            _ => (Dir::C2s, Some(1000), ""),
        };
        let subprotocol = match style {
            Style::Chat => Some("chat.v1"),
            Style::Feed => Some("feed.v2.json"),
            _ => None,
        };
        let status = if rng.chance(brief.refused) { rng.pick(&[401, 403, 404, 503]) } else { 101 };
        let head =
            head::Choice::new(&mut rng, style_path(style), subprotocol, brief.deflate.is_some(), status);
        let pauses = [rng.nanos(50_000, 500_000), rng.nanos(100_000, 3_000_000)];
        let agreed = brief.deflate.clone().filter(|_| status == 101);
        let truth = Connection {
            path: head.path.clone(),
            status,
            subprotocol: subprotocol.filter(|_| status == 101),
            extensions: agreed.as_ref().map(Agreed::response),
            ..Connection::default()
        };
        Self {
            rng,
            style,
            stage: if brief.open { Stage::Talking } else { Stage::Request },
            left: brief.messages,
            gap: brief.gap,
            largest: brief.largest,
            codec: agreed.map(Codec::new),
            head,
            pauses,
            pings: Vec::new(),
            owes: Dir::C2s,
            next: Dir::C2s,
            stream: None,
            close: Close { by, code, reason },
            payload: Vec::new(),
            truth,
        }
    }

    /// Bytes of messages that have begun and are still to be sent.
    pub(super) fn promised(&self) -> u64 {
        self.stream.map_or(0, |stream| stream.left)
    }

    /// Says the next turn; `false` where all is said. `closing` = come to an end.
    pub(super) fn say(&mut self, turn: &mut Turn, closing: bool) -> bool {
        match self.stage {
            Stage::Request => {
                turn.begin(Dir::C2s, self.pauses[0]);
                self.head.request(&mut turn.bytes);
                self.stage = Stage::Response;
            }
            Stage::Response => {
                turn.begin(Dir::S2c, self.pauses[1]);
                self.head.response(&mut turn.bytes, self.codec.as_ref().map(Codec::agreed));
                let refused = self.truth.status != 101;
                self.stage = if refused { Stage::Over } else { Stage::Talking };
            }
            Stage::Talking => self.talk(turn, closing),
            Stage::Closing => {
                let Close { by, code, reason } = self.close;
                turn.begin(by, self.rng.nanos(1_000_000, 50_000_000));
                self.close_frame(turn, code, reason);
                let name = if by == Dir::C2s { "client" } else { "server" };
                (self.truth.closed_by, self.truth.close_code) = (Some(name), code);
                self.stage = Stage::Answering;
            }
            Stage::Answering => {
                turn.begin(self.close.by.other(), self.rng.nanos(100_000, 2_000_000));
                self.close_frame(turn, self.close.code, "");
                self.stage = Stage::Over;
            }
            Stage::Over => return false,
        }
        true
    }

    fn talk(&mut self, turn: &mut Turn, closing: bool) {
        if !self.pings.is_empty() {
            turn.begin(self.owes, self.rng.nanos(50_000, 1_000_000));
            for ping in std::mem::take(&mut self.pings) {
                self.frame(turn, true, 0, Opcode::PONG, &ping);
            }
        } else if let Some(stream) = self.stream {
            turn.begin(stream.dir, self.rng.nanos(20_000, 200_000));
            self.go_on(turn, stream);
        } else if closing || self.left == Some(0) {
            self.stage = Stage::Closing;
            self.say(turn, closing);
        } else {
            // Between a fifth and nine fifths of the mean.
            let pause = self.rng.nanos(self.gap / 5, self.gap / 5 * 9);
            let dir = if self.rng.percent(50) { Dir::C2s } else { Dir::S2c };
            turn.begin(dir, pause);
            self.messages(turn);
        }
    }

    /// What the style says next.
    fn messages(&mut self, turn: &mut Turn) {
        match self.style {
            Style::Chat => self.chat(turn),
            Style::Feed => self.feed(turn),
            Style::Device => self.device(turn),
            Style::Upload => self.upload(turn),
            Style::Chatty if self.rng.percent(1) => {
                turn.dir = Dir::S2c;
                self.ping(turn, b"hb");
            }
            Style::Chatty => self.json(turn, 20, 400, 1),
            Style::Bulk => {
                turn.dir = self.alternate();
                self.begin_stream(turn);
            }
            Style::Deflate if self.rng.percent(60) => {
                let len = self.rng.size(100, 4_000);
                self.payload.clear();
                text::trades(&mut self.payload, &mut self.rng, len);
                self.message(turn, Opcode::TEXT, 1);
            }
            Style::Deflate => self.json(turn, 100, 4_000, 1),
            Style::Dirty => {
                for _ in 0..self.rng.range(1, 6).min(self.most()) {
                    let (low, high) = if self.rng.percent(5) { (2_000, 20_000) } else { (20, 400) };
                    self.json(turn, low, high, 1);
                    turn.cut();
                }
                if self.rng.percent(1) {
                    self.ping(turn, b"hb");
                }
            }
            Style::Tiny => {
                let target = self.rng.size(1_000, 6_000);
                let mut left = self.most();
                while turn.bytes.len() < target && left > 0 {
                    self.tiny(turn);
                    left -= 1;
                }
            }
            Style::Fragmented => {
                turn.dir = self.alternate();
                self.json(turn, 500, 20_000, 10);
            }
        }
    }

    fn chat(&mut self, turn: &mut Turn) {
        if self.rng.percent(8) {
            turn.dir = Dir::S2c;
            let payload = self.rng.u64().to_be_bytes();
            return self.ping(turn, &payload);
        }
        // A line, and, where it is the client's, often what it comes back as.
        let len = self.rng.size(8, 160);
        self.payload.clear();
        text::chat(&mut self.payload, &mut self.rng, len);
        self.message(turn, Opcode::TEXT, 1);
    }

    fn feed(&mut self, turn: &mut Turn) {
        if self.truth.c2s.messages == 0 {
            turn.dir = Dir::C2s;
            self.payload.clear();
            let subscription = br#"{"op":"subscribe","channels":["trades"],"symbols":["BTC-USD","ETH-USD"]}"#;
            self.payload.extend_from_slice(subscription);
            return self.message(turn, Opcode::TEXT, 1);
        }
        turn.dir = Dir::S2c;
        for _ in 0..self.rng.range(1, 6).min(self.most()) {
            let len = self.rng.size(150, 2_400);
            self.payload.clear();
            text::trades(&mut self.payload, &mut self.rng, len);
            self.message(turn, Opcode::TEXT, 1);
            turn.cut();
        }
        if self.rng.percent(10) {
            self.ping(turn, b"");
        }
    }

    fn device(&mut self, turn: &mut Turn) {
        turn.dir = if self.rng.percent(75) { Dir::C2s } else { Dir::S2c };
        if turn.dir == Dir::S2c {
            return self.json(turn, 20, 60, 1);
        }
        let len = self.rng.size(8, 300);
        self.payload.clear();
        self.rng.fill(&mut self.payload, len);
        self.message(turn, Opcode::BINARY, 1);
    }

    fn upload(&mut self, turn: &mut Turn) {
        turn.dir = self.alternate();
        if turn.dir == Dir::S2c {
            return self.json(turn, 20, 80, 1);
        }
        let fragments = self.rng.size(2, 8);
        if self.rng.percent(50) {
            return self.json(turn, 800, 12_000, fragments);
        }
        let len = self.rng.size(800, 12_000);
        self.payload.clear();
        self.rng.fill(&mut self.payload, len);
        self.message(turn, Opcode::BINARY, fragments);
    }

    fn tiny(&mut self, turn: &mut Turn) {
        let len = self.rng.size(1, 16);
        self.payload.clear();
        self.rng.fill(&mut self.payload, len);
        let opcode = self.rng.pick(&[Opcode::TEXT, Opcode::BINARY]);
        if opcode == Opcode::TEXT {
            self.payload.iter_mut().for_each(|byte| *byte = b'!' + *byte % 90);
        }
        self.message(turn, opcode, 1);
    }

    fn json(&mut self, turn: &mut Turn, low: usize, high: usize, fragments: usize) {
        let len = self.rng.size(low, high);
        self.payload.clear();
        text::json(&mut self.payload, &mut self.rng, len);
        self.message(turn, Opcode::TEXT, fragments);
    }

    /// Says `self.payload`.
    fn message(&mut self, turn: &mut Turn, opcode: Opcode, fragments: usize) {
        let payload = std::mem::take(&mut self.payload);
        let mut codec = self.codec.take();
        // Binary messages are random: compression would only make them larger.
        let compressed = codec.is_some() && opcode == Opcode::TEXT && payload.len() >= WORTH_COMPRESSING;
        if compressed && let Some(codec) = &mut codec {
            codec.begin(turn.dir);
        }
        let (mut at, begin) = (0, turn.bytes.len());
        for n in 0..fragments {
            let last = n + 1 == fragments;
            let mean = ((payload.len() - at) / (fragments - n)).max(1);
            let end = if last { payload.len() } else { at + self.rng.size(mean / 2, mean + mean / 2) };
            let part = payload.get(at..end.min(payload.len())).unwrap_or_default();
            at += part.len();
            let opcode = if n == 0 { opcode } else { Opcode::CONTINUATION };
            match codec.as_mut().filter(|_| compressed) {
                Some(codec) => {
                    let part = codec.compress(turn.dir, part, last);
                    self.frame(turn, last, if n == 0 { 4 } else { 0 }, opcode, &part);
                }
                None => self.frame(turn, last, 0, opcode, part),
            }
            if !last {
                if self.rng.percent(50) {
                    turn.cut();
                }
                if self.rng.percent(20) {
                    let payload = self.rng.u64().to_be_bytes();
                    self.ping(turn, &payload);
                }
            }
        }
        turn.messages.push(begin..turn.bytes.len());
        let side = self.truth.side(turn.dir);
        side.messages += 1;
        side.compressed += u64::from(compressed);
        side.message_bytes += payload.len() as u64;
        self.said();
        self.payload = payload;
        self.codec = codec;
    }

    fn begin_stream(&mut self, turn: &mut Turn) {
        let len = self.rng.range(self.largest / 16, self.largest);
        let mask = (turn.dir == Dir::C2s).then(|| self.rng.key());
        Header::shortest(true, 0, Opcode::BINARY, mask, len as usize).encode(&mut turn.bytes);
        let side = self.truth.side(turn.dir);
        side.frame(Opcode::BINARY, len as usize);
        side.messages += 1;
        side.message_bytes += len;
        self.said();
        self.go_on(turn, Stream { dir: turn.dir, left: len });
    }

    /// Random bytes are as random when they are masked, so they are not.
    fn go_on(&mut self, turn: &mut Turn, stream: Stream) {
        let len = stream.left.min(LONGEST_TURN);
        self.rng.fill(&mut turn.bytes, len as usize);
        let left = stream.left - len;
        self.stream = (left > 0).then_some(Stream { left, ..stream });
        if left == 0 {
            turn.messages.push(0..turn.bytes.len());
        } else {
            turn.unfinished = Some(0);
        }
    }

    fn ping(&mut self, turn: &mut Turn, payload: &[u8]) {
        self.frame(turn, true, 0, Opcode::PING, payload);
        self.owes = turn.dir.other();
        self.pings.push(payload.to_vec());
    }

    fn close_frame(&mut self, turn: &mut Turn, code: Option<u16>, reason: &str) {
        let mut payload = code.map(u16::to_be_bytes).map(Vec::from).unwrap_or_default();
        payload.extend_from_slice(reason.as_bytes());
        self.frame(turn, true, 0, Opcode::CLOSE, &payload);
    }

    fn frame(&mut self, turn: &mut Turn, fin: bool, rsv: u8, opcode: Opcode, payload: &[u8]) {
        let mask = (turn.dir == Dir::C2s).then(|| self.rng.key());
        Header::shortest(fin, rsv, opcode, mask, payload.len()).frame(payload, &mut turn.bytes);
        self.truth.side(turn.dir).frame(opcode, payload.len());
    }

    fn said(&mut self) {
        self.left = self.left.map(|left| left.saturating_sub(1));
    }

    /// How many messages may still be said.
    fn most(&self) -> u64 {
        self.left.map_or(u64::MAX, u64::from)
    }

    fn alternate(&mut self) -> Dir {
        self.next = self.next.other();
        self.next.other()
    }
}

fn style_path(style: Style) -> &'static str {
    match style {
        Style::Chat => "/chat",
        Style::Feed => "/feed",
        Style::Device => "/devices",
        Style::Upload => "/upload",
        _ => "/ws",
    }
}

/// How conversations end: by whom, with what code and reason.
const CLOSES: [(Dir, Option<u16>, &str); 8] = [
    (Dir::C2s, Some(1000), ""),
    (Dir::C2s, Some(1000), "bye"),
    (Dir::C2s, Some(1001), ""),
    (Dir::S2c, Some(1000), "done"),
    (Dir::S2c, Some(1001), "server is going away"),
    (Dir::S2c, Some(1008), "policy"),
    (Dir::S2c, Some(4000), "session expired"),
    (Dir::C2s, None, ""),
];

/// Shorter texts go as they are.
const WORTH_COMPRESSING: usize = 64;

/// The most bytes of a message that are made at once: full segments of 1,448 and of 65,160 bytes.
const LONGEST_TURN: u64 = 180 * 1_448;
