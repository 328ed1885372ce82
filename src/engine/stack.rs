//! The stack of protocol layers that one TCP connection turned out to carry.

use crate::event::{CloseFrame, Closing, Connection, ConnectionId, Event, How, Totals, Transport};
use crate::http::Held;
use crate::http::extension::DeflateKind;
use crate::http::h1::{Pair, Step};
use crate::http::probe::{Guess, probe};
use crate::http::upgrade::Handshake;
use crate::item::{At, Dir, End, Item};
use crate::packet::segment::Endpoint;
use crate::rules::{Finding, checker};
use crate::ws::deflate::Params;
use crate::ws::fact::{Kind, Out};
use crate::ws::resync::{Expect, Search};
use crate::ws::session::{Session, Setup, Tools};

use crate::observe::Observer;
use super::tell::Teller;

/// Evidence, in bits, for WebSocket frames in a stream without a handshake: at least so much in each
/// direction, so much in both together, and so much in one where the other has no data at all.
const MID_STREAM_BITS: u32 = 12;
const MID_STREAM_BOTH_BITS: u32 = 44;
const MID_STREAM_ALONE_BITS: u32 = 60;

/// The layers above one TCP connection.
#[derive(Debug)]
pub(super) struct Stack {
    layer: Layer,
    /// The presumed client turned out to be the server.
    flipped: bool,
    attempts: u32,
    /// The packet at which the latest connection was opened; `u64::MAX` = none yet.
    opened_at: u64,
    tcp_end: [Option<End>; 2],
}

/// What the connection carries, as far as it is known.
#[derive(Debug)]
enum Layer {
    /// Nothing has been told from the first bytes yet.
    Probe(Box<Probe>),
    /// HTTP/1, perhaps before an upgrade.
    Http(Box<Pair>),
    /// WebSocket.
    WebSocket(Box<Live>),
    /// Not for us.
    Opaque(Carries),
}

/// What a connection carries that is not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carries {
    Nothing,
    Tls,
    Http1,
    Http2,
    Other,
    /// A WebSocket, or an upgrade: it has a record of its own.
    WebSocket,
}

/// The first bytes of both directions, until they tell what this is.
#[derive(Debug, Default)]
struct Probe {
    searches: [Search; 2],
    heads: [Vec<(At, Vec<u8>)>; 2],
    collected: [usize; 2],
    gap: [bool; 2],
}

/// A WebSocket connection that is being decoded.
#[derive(Debug)]
struct Live {
    conn: Connection,
    session: Session,
    seen: Seen,
}

/// What was seen of a connection, for its end record.
#[derive(Debug, Default)]
struct Seen {
    close: [Option<CloseFrame>; 2],
    tcp: [Option<End>; 2],
    totals: [Totals; 2],
    findings: [u64; 3],
    last: At,
    /// The end record is out.
    told: bool,
}

/// What the stack knows of the flow that it stands on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    /// The flow's first packet.
    pub(super) opened: At,
    /// The presumed client and server.
    pub(super) ends: [Endpoint; 2],
    /// The SYN or SYN-ACK was captured.
    pub(super) start_seen: bool,
    /// Packets were captured in this direction of the presumed roles.
    pub(super) heard: [bool; 2],
    /// A port of this flow is to be decoded as WebSocket.
    pub(super) forced: bool,
}

impl Stack {
    pub(super) fn new() -> Self {
        Self {
            layer: Layer::Opaque(Carries::Nothing),
            flipped: false,
            attempts: 0,
            opened_at: u64::MAX,
            tcp_end: [None; 2],
        }
    }

    /// What the connection turned out to carry.
    pub(super) fn carries(&self) -> Carries {
        match &self.layer {
            _ if self.attempts > 0 => Carries::WebSocket,
            Layer::Probe(_) => Carries::Other,
            Layer::Http(_) => Carries::Http1,
            Layer::WebSocket(_) => Carries::WebSocket,
            Layer::Opaque(what) => *what,
        }
    }

    /// The packet at which the WebSocket was opened that is being decoded; `u64::MAX` = there is none.
    /// Connections are numbered in this order.
    pub(super) fn opened_at(&self) -> u64 {
        if self.is_websocket() { self.opened_at } else { u64::MAX }
    }

    /// A WebSocket is being decoded: this flow is worth more than others.
    pub(super) fn is_websocket(&self) -> bool {
        matches!(self.layer, Layer::WebSocket(_))
    }

    /// Takes the next item of one direction of the TCP connection.
    #[inline]
    pub(super) fn item<O: Observer>(
        &mut self,
        dir: Dir,
        item: Item<'_>,
        at: At,
        flow: &Flow,
        tools: &mut Tools<'_>,
        teller: &mut Teller<O>,
    ) {
        let dir = if self.flipped { dir.other() } else { dir };
        if let Item::End(end) = item {
            self.tcp_end[dir.index()] = Some(end);
        }
        if let Layer::WebSocket(live) = &mut self.layer {
            live.item(dir, item, at, tools, teller);
        } else {
            self.other(dir, item, at, flow, tools, teller);
        }
    }

    /// A retransmission carried other bytes than the first copy.
    pub(super) fn conflict<O: Observer>(
        &mut self,
        dir: Dir,
        at: At,
        offset: u64,
        len: u64,
        teller: &mut Teller<O>,
    ) {
        let dir = if self.flipped { dir.other() } else { dir };
        if let Layer::WebSocket(live) = &mut self.layer {
            live.seen.finding(&live.conn, &checker::conflict(dir, at, offset, len), teller);
        }
    }

    /// Out-of-order data was dropped at a limit.
    pub(super) fn out_of_order_limit<O: Observer>(
        &mut self,
        dir: Dir,
        at: At,
        dropped: u64,
        teller: &mut Teller<O>,
    ) {
        let dir = if self.flipped { dir.other() } else { dir };
        if let Layer::WebSocket(live) = &mut self.layer {
            live.seen.finding(&live.conn, &checker::out_of_order_limit(dir, at, dropped), teller);
        }
    }

    /// The TCP connection is over, or dropped by us (`evicted`), or the capture ends.
    pub(super) fn finish<O: Observer>(
        &mut self,
        at: At,
        evicted: bool,
        flow: &Flow,
        tools: &mut Tools<'_>,
        teller: &mut Teller<O>,
    ) {
        match std::mem::replace(&mut self.layer, Layer::Opaque(Carries::Other)) {
            Layer::WebSocket(mut live) => live.finish(at, evicted, tools, teller),
            Layer::Http(pair) => {
                self.layer = Layer::Http(pair);
                self.upgrade_one_sided(at, flow, tools, teller);
                match std::mem::replace(&mut self.layer, Layer::Opaque(Carries::Http1)) {
                    Layer::WebSocket(mut live) => live.finish(at, evicted, tools, teller),
                    Layer::Http(mut pair) => {
                        let mut refused = Vec::new();
                        pair.finish(&mut |handshake| refused.push(handshake));
                        for handshake in refused {
                            self.refused(handshake, at, flow, teller);
                        }
                    }
                    _ => {}
                }
            }
            Layer::Probe(probe) => {
                self.layer = Layer::Probe(probe);
                self.mid_stream(true, flow, tools, teller);
                match std::mem::replace(&mut self.layer, Layer::Opaque(Carries::Other)) {
                    Layer::WebSocket(mut live) => live.finish(at, evicted, tools, teller),
                    Layer::Opaque(carries) => self.layer = Layer::Opaque(carries),
                    _ => {}
                }
            }
            Layer::Opaque(carries) => self.layer = Layer::Opaque(carries),
        }
    }

    #[cold]
    fn other<O: Observer>(
        &mut self,
        dir: Dir,
        item: Item<'_>,
        at: At,
        flow: &Flow,
        tools: &mut Tools<'_>,
        teller: &mut Teller<O>,
    ) {
        match (&mut self.layer, item) {
            (Layer::Opaque(Carries::Nothing), Item::Data(_)) => {
                self.layer = Layer::Probe(Box::default());
                self.probe(dir, item, at, flow, tools, teller);
            }
            // HTTP behind something else, such as a SOCKS or PROXY preamble.
            (Layer::Opaque(Carries::Other), Item::Data(bytes)) if bytes.starts_with(b"GET ") => {
                self.layer = Layer::Http(Box::new(Pair::inside()));
                self.http(dir, item, at, flow, tools, teller);
            }
            (Layer::Opaque(_), _) | (Layer::WebSocket(_), _) => {}
            (Layer::Probe(_), _) => self.probe(dir, item, at, flow, tools, teller),
            (Layer::Http(_), _) => self.http(dir, item, at, flow, tools, teller),
        }
    }

    fn probe<O: Observer>(
        &mut self,
        mut dir: Dir,
        item: Item<'_>,
        at: At,
        flow: &Flow,
        tools: &mut Tools<'_>,
        teller: &mut Teller<O>,
    ) {
        let Layer::Probe(probe) = &mut self.layer else { return };
        let start_known = flow.start_seen && !probe.gap[dir.index()];
        match item {
            Item::Data(bytes) => {
                let fresh = probe.collected[dir.index()] == 0 || !start_known;
                let guess = if fresh { self::probe(bytes) } else { probe.guess_joined(dir, bytes) };
                match guess {
                    Guess::Request | Guess::Response => {
                        if (guess == Guess::Request) != (dir == Dir::C2s) {
                            self.flip();
                            dir = dir.other();
                        }
                        self.start_http(dir, item, at, flow, tools, teller);
                    }
                    Guess::Tls => self.layer = Layer::Opaque(Carries::Tls),
                    Guess::Http2 => self.layer = Layer::Opaque(Carries::Http2),
                    Guess::Other if start_known && !flow.forced => self.layer = Layer::Opaque(Carries::Other),
                    Guess::NeedMore | Guess::Other => {
                        probe.push(dir, bytes, at, tools.limits.resync_bytes);
                        // Looked at in proportion to the bytes, however small the segments are.
                        if probe.searches[dir.index()].is_due() || probe.is_full(tools.limits.resync_bytes) {
                            self.mid_stream(false, flow, tools, teller);
                        }
                    }
                }
            }
            Item::Gap { len, .. } => {
                probe.gap[dir.index()] = true;
                probe.searches[dir.index()].gap(len);
                probe.heads[dir.index()].clear();
            }
            Item::End(_) => {}
        }
    }

    /// HTTP/1 it is: what was collected before, then this item.
    fn start_http<O: Observer>(
        &mut self,
        dir: Dir,
        item: Item<'_>,
        at: At,
        flow: &Flow,
        tools: &mut Tools<'_>,
        teller: &mut Teller<O>,
    ) {
        let pair = if flow.start_seen { Pair::new() } else { Pair::inside() };
        let layer = std::mem::replace(&mut self.layer, Layer::Http(Box::new(pair)));
        if let (Layer::Probe(probe), true) = (layer, flow.start_seen) {
            let [client, server] = probe.heads;
            for (dir, pieces) in [(Dir::C2s, client), (Dir::S2c, server)] {
                for (at, bytes) in pieces {
                    self.current(dir, Item::Data(&bytes), at, flow, tools, teller);
                }
            }
        }
        self.current(dir, item, at, flow, tools, teller);
    }

    /// Gives an item (with its true direction) to whatever layer is current.
    fn current<O: Observer>(
        &mut self,
        dir: Dir,
        item: Item<'_>,
        at: At,
        flow: &Flow,
        tools: &mut Tools<'_>,
        teller: &mut Teller<O>,
    ) {
        match &mut self.layer {
            Layer::WebSocket(live) => live.item(dir, item, at, tools, teller),
            _ => self.other(dir, item, at, flow, tools, teller),
        }
    }

    fn http<O: Observer>(
        &mut self,
        dir: Dir,
        item: Item<'_>,
        at: At,
        flow: &Flow,
        tools: &mut Tools<'_>,
        teller: &mut Teller<O>,
    ) {
        let Layer::Http(pair) = &mut self.layer else { return };
        let mut refused = Vec::new();
        let step = pair.feed(dir, item, at, tools.limits, &mut |handshake| refused.push(handshake));
        for handshake in refused {
            self.refused(handshake, at, flow, teller);
        }
        if let (Step::Continue, Layer::Http(pair)) = (&step, &self.layer)
            && pair.is_lost()
        {
            self.layer = Layer::Probe(Box::new(Probe { gap: [true; 2], ..Probe::default() }));
            return self.probe(dir, item, at, flow, tools, teller);
        }
        match step {
            Step::Continue => {}
            Step::Opaque(_) => self.layer = Layer::Opaque(Carries::Http1),
            Step::Full => self.upgrade_one_sided(at, flow, tools, teller),
            Step::Upgraded { handshake, held, used } => {
                self.upgrade(handshake, &held, at, flow, tools, teller);
                self.rest(dir, item, used, at, flow, tools, teller);
            }
            Step::Tunnel { held, used } => {
                self.layer = Layer::Opaque(Carries::Nothing);
                for held in held {
                    self.current(held.dir, held.item(), held.at, flow, tools, teller);
                }
                self.rest(dir, item, used, at, flow, tools, teller);
            }
        }
    }

    /// Where nothing of the other endpoint was captured, an upgrade is taken for accepted.
    fn upgrade_one_sided<O: Observer>(
        &mut self,
        at: At,
        flow: &Flow,
        tools: &mut Tools<'_>,
        teller: &mut Teller<O>,
    ) {
        if flow.heard == [true, true] {
            return;
        }
        if let Layer::Http(pair) = &mut self.layer
            && let Some((handshake, held)) = pair.force_upgrade()
        {
            self.upgrade(handshake, &held, at, flow, tools, teller);
        }
    }

    /// Gives what a layer has left of an item to the layer that follows it.
    #[allow(clippy::too_many_arguments, reason = "an item with its place, and the three contexts of every step")]
    fn rest<O: Observer>(
        &mut self,
        dir: Dir,
        item: Item<'_>,
        used: usize,
        at: At,
        flow: &Flow,
        tools: &mut Tools<'_>,
        teller: &mut Teller<O>,
    ) {
        match item {
            Item::Data(bytes) => match bytes.get(used..) {
                None | Some([]) => {}
                Some(rest) => self.current(dir, Item::Data(rest), at, flow, tools, teller),
            },
            Item::Gap { .. } | Item::End(_) => self.current(dir, item, at, flow, tools, teller),
        }
    }

    /// A WebSocket begins.
    fn upgrade<O: Observer>(
        &mut self,
        handshake: Box<Handshake>,
        held: &[Held],
        at: At,
        flow: &Flow,
        tools: &mut Tools<'_>,
        teller: &mut Teller<O>,
    ) {
        let deflate_unknown = handshake.deflate_unknown();
        let setup = Setup { deflate: agreed(&handshake), mid_stream: false, deflate_unknown };
        self.open(Some(handshake), Transport::Http1, setup, at, flow, teller);
        for held in held {
            self.current(held.dir, held.item(), held.at, flow, tools, teller);
        }
    }

    fn open<O: Observer>(
        &mut self,
        handshake: Option<Box<Handshake>>,
        transport: Transport,
        setup: Setup,
        at: At,
        flow: &Flow,
        teller: &mut Teller<O>,
    ) {
        let mut live = Box::new(Live {
            conn: self.connection(handshake, transport, flow),
            session: Session::new(&setup),
            seen: Seen { last: at, ..Seen::default() },
        });
        self.opened_at = teller.packet;
        teller.opened(&mut live.conn);
        if setup.mid_stream {
            live.seen.finding(&live.conn, &checker::no_handshake(at), teller);
        }
        self.layer = Layer::WebSocket(live);
    }

    fn connection(&mut self, handshake: Option<Box<Handshake>>, transport: Transport, flow: &Flow) -> Connection {
        let id = ConnectionId { packet: flow.opened.packet, attempt: self.attempts };
        self.attempts += 1;
        let [client, server] = flow.ends;
        let (client, server) = if self.flipped { (server, client) } else { (client, server) };
        Connection { id, number: None, opened: flow.opened, client, server, transport, handshake }
    }

    /// An upgrade that was refused, or never answered: a connection of its own, over at once.
    fn refused<O: Observer>(
        &mut self,
        handshake: Box<Handshake>,
        at: At,
        flow: &Flow,
        teller: &mut Teller<O>,
    ) {
        let mut conn = self.connection(Some(handshake), Transport::Http1, flow);
        teller.opened(&mut conn);
        let tcp = self.tcp_end.map(|end| end.filter(|end| *end != End::Capture));
        let closing = Closing { at, how: None, close: [None, None], tcp, totals: [Totals::default(); 2], findings: [0; 3] };
        teller.tell(&conn, Event::Closed(&closing));
    }

    /// Tells whether a stream without a known start is WebSocket, from its frames alone.
    fn mid_stream<O: Observer>(
        &mut self,
        last_chance: bool,
        flow: &Flow,
        tools: &mut Tools<'_>,
        teller: &mut Teller<O>,
    ) {
        let Layer::Probe(probe) = &mut self.layer else { return };
        if flow.start_seen && !flow.forced && !probe.gap[0] && !probe.gap[1] {
            return;
        }
        let expect = Expect { masked: None, rsv1: true };
        let best = [0, 1].map(|n| probe.searches[n].best_start(&expect));
        let client = match best {
            [Some((a, a_masked)), Some((b, b_masked))]
                if a.min(b) >= MID_STREAM_BITS && a + b >= MID_STREAM_BOTH_BITS && a_masked != b_masked =>
            {
                Some(if a_masked { Dir::C2s } else { Dir::S2c })
            }
            [Some((bits, masked)), None] if bits >= MID_STREAM_ALONE_BITS && probe.searches[1].is_empty() => {
                Some(if masked { Dir::C2s } else { Dir::S2c })
            }
            [None, Some((bits, masked))] if bits >= MID_STREAM_ALONE_BITS && probe.searches[0].is_empty() => {
                Some(if masked { Dir::S2c } else { Dir::C2s })
            }
            [Some((_, true)), _] | [_, Some((_, false))] if flow.forced => Some(Dir::C2s),
            [Some((_, false)), _] | [_, Some((_, true))] if flow.forced => Some(Dir::S2c),
            _ => None,
        };
        let Some(client) = client else {
            if last_chance || probe.is_full(tools.limits.resync_bytes) {
                self.layer = Layer::Opaque(Carries::Other);
            }
            return;
        };
        if client == Dir::S2c {
            self.flip();
        }
        let Layer::Probe(probe) = std::mem::replace(&mut self.layer, Layer::Opaque(Carries::Other)) else {
            return;
        };
        let pieces = probe.in_order();
        let at = pieces.first().map_or(flow.opened, |(_, at, _)| *at);
        let setup = Setup { mid_stream: true, ..Setup::default() };
        self.open(None, Transport::None, setup, at, flow, teller);
        for (dir, at, bytes) in pieces {
            self.current(dir, Item::Data(&bytes), at, flow, tools, teller);
        }
        // A FIN may have come before the frames were recognised.
        for dir in Dir::BOTH {
            if let (Some(end), Layer::WebSocket(live)) = (self.tcp_end[dir.index()], &mut self.layer) {
                live.item(dir, Item::End(end), at, tools, teller);
            }
        }
    }

    /// The roles were presumed wrong: all that is kept by direction changes sides.
    fn flip(&mut self) {
        self.flipped = !self.flipped;
        self.tcp_end.swap(0, 1);
        if let Layer::Probe(probe) = &mut self.layer {
            probe.searches.swap(0, 1);
            probe.heads.swap(0, 1);
            probe.collected.swap(0, 1);
            probe.gap.swap(0, 1);
        }
    }
}

impl Probe {
    fn push(&mut self, dir: Dir, bytes: &[u8], at: At, limit: usize) {
        let n = dir.index();
        self.searches[n].push(bytes, at, limit);
        self.collected[n] += bytes.len();
        if self.collected[n] <= limit {
            self.heads[n].push((at, bytes.to_vec()));
        }
    }

    /// One direction has brought so much that frames would have been recognised.
    fn is_full(&self, limit: usize) -> bool {
        self.collected.iter().any(|bytes| *bytes > limit)
    }

    /// What the direction's bytes so far and these look like.
    fn guess_joined(&self, dir: Dir, bytes: &[u8]) -> Guess {
        let mut joined: Vec<u8> = self.heads[dir.index()].iter().flat_map(|(_, bytes)| bytes).copied().collect();
        joined.extend_from_slice(bytes);
        probe(&joined)
    }

    /// What both directions collected, in capture order.
    fn in_order(self) -> Vec<(Dir, At, Vec<u8>)> {
        let [client, server] = self.heads;
        let mut pieces: Vec<_> = client
            .into_iter()
            .map(|(at, bytes)| (Dir::C2s, at, bytes))
            .chain(server.into_iter().map(|(at, bytes)| (Dir::S2c, at, bytes)))
            .collect();
        pieces.sort_by_key(|(_, at, _)| at.packet);
        pieces
    }
}

impl Live {
    #[inline]
    fn item<O: Observer>(
        &mut self,
        dir: Dir,
        item: Item<'_>,
        at: At,
        tools: &mut Tools<'_>,
        teller: &mut Teller<O>,
    ) {
        let Self { conn, session, seen } = self;
        if seen.told {
            return;
        }
        if let Item::End(end) = item {
            seen.tcp[dir.index()].get_or_insert(end);
        }
        seen.last = at;
        session.feed(dir, item, at, tools, &mut |out| seen.take(conn, out, teller));
        if seen.tcp.iter().all(|end| end.is_some_and(|end| end != End::Capture)) {
            self.finish(at, false, tools, teller);
        }
    }

    fn finish<O: Observer>(&mut self, at: At, evicted: bool, tools: &mut Tools<'_>, teller: &mut Teller<O>) {
        let Self { conn, session, seen } = self;
        if seen.told {
            return;
        }
        session.finish(seen.last, tools, &mut |out| seen.take(conn, out, teller));
        session.release(tools.budget);
        seen.told = true;
        let tcp = seen.tcp.map(|end| end.filter(|end| *end != End::Capture));
        let over = tcp.iter().any(Option::is_some);
        let reset = tcp.iter().any(|end| matches!(end, Some(End::Reset | End::ResetByPeer)));
        let how = match (&seen.close, over) {
            ([Some(_), Some(_)], _) => How::Clean,
            _ if reset => How::Reset,
            ([Some(_), None], true) => How::ClientClosed,
            ([None, Some(_)], true) => How::ServerClosed,
            ([None, None], true) => How::FinWithoutClose,
            _ if evicted => How::Idle,
            _ => How::Open,
        };
        let at = if over { at } else { seen.last };
        let close = std::mem::take(&mut seen.close);
        let closing = Closing { at, how: Some(how), close, tcp, totals: seen.totals, findings: seen.findings };
        teller.tell(conn, Event::Closed(&closing));
    }
}

impl Seen {
    fn finding<O: Observer>(&mut self, conn: &Connection, finding: &Finding, teller: &mut Teller<O>) {
        self.findings[finding.rule.level as usize] += 1;
        teller.finding(conn, finding);
    }

    #[inline]
    fn take<O: Observer>(&mut self, conn: &Connection, out: Out<'_>, teller: &mut Teller<O>) {
        match out {
            Out::Frame(frame) => {
                let totals = &mut self.totals[frame.dir.index()];
                totals.frames += 1;
                totals.bytes += frame.header.header_len() as u64 + frame.seen;
                teller.counts.frames += 1;
                teller.tell(conn, Event::Frame(&frame));
            }
            Out::Message(message) => {
                if message.kind.is_data() {
                    let totals = &mut self.totals[message.dir.index()];
                    totals.messages += 1;
                    totals.payload += message.len;
                    teller.counts.messages += 1;
                } else if message.kind == Kind::Close {
                    self.close[message.dir.index()].get_or_insert_with(|| CloseFrame {
                        code: message.close_code(),
                        reason: String::from_utf8_lossy(message.close_reason()).into_owned(),
                    });
                }
                teller.tell(conn, Event::Message(&message));
            }
            Out::Trouble { dir, at, what } => {
                if let Some(finding) = checker::trouble(dir, at, what) {
                    self.finding(conn, &finding, teller);
                }
            }
        }
    }
}

/// The compression that a handshake agreed on, by direction.
fn agreed(handshake: &Handshake) -> [Option<Params>; 2] {
    let Some(deflate) = handshake.deflate() else { return [None, None] };
    let per_frame = deflate.kind == DeflateKind::WebkitDeflateFrame;
    let params = |no_context_takeover, window_bits| Params { no_context_takeover, window_bits, per_frame };
    [
        Some(params(deflate.client_no_context_takeover, deflate.client_max_window_bits)),
        Some(params(deflate.server_no_context_takeover, deflate.server_max_window_bits)),
    ]
}
