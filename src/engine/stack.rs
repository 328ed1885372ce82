//! The stack of protocol layers that one TCP connection turned out to carry.

use crate::event::{Closing, Connection, ConnectionId, Event, Totals, Transport};
use crate::http::Held;
use crate::http::extension::DeflateKind;
use crate::http::h1::{Pair, Step};
use crate::http::probe::{Guess, probe};
use crate::http::upgrade::Handshake;
use crate::item::{At, Dir, End, Item};
use crate::observe::Observer;
use crate::packet::segment::{Endpoint, FlowKey};
use crate::rules::{Finding, checker};
use crate::tcp;
use crate::ws::deflate::Params;
use crate::ws::session::{Session, Setup, Tools};

use super::checkpoint::Checkpoint;
use super::live::{Live, opening};
use super::probe::Probe;
use super::tell::Teller;

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
    /// What was found before there was a connection to tell it of. In a box, as it is rare.
    #[expect(clippy::box_collection)]
    early: Option<Box<Vec<Finding>>>,
}

/// Findings of a handshake that are kept until its connection is told.
const EARLY: usize = 16;

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
    /// Bytes of each direction of the presumed roles that are not acknowledged.
    pub(super) unacked: [u64; 2],
    /// Bytes of each direction of the presumed roles are waited for.
    pub(super) holes: [bool; 2],
    /// A port of this flow is to be decoded as WebSocket.
    pub(super) forced: bool,
}

/// What every step of a stack works with.
pub(super) struct Cx<'c, 't, O: Observer> {
    pub(super) flow: &'c Flow,
    pub(super) tools: &'c mut Tools<'t>,
    pub(super) teller: &'c mut Teller<O>,
}

impl Stack {
    pub(super) fn new() -> Self {
        Self {
            layer: Layer::Opaque(Carries::Nothing),
            flipped: false,
            attempts: 0,
            opened_at: u64::MAX,
            tcp_end: [None; 2],
            early: None,
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

    /// Bytes that it holds besides messages and inflate histories.
    #[inline]
    pub(super) fn held(&self) -> usize {
        match &self.layer {
            Layer::Probe(probe) => probe.held(),
            Layer::Http(pair) => pair.held(),
            Layer::WebSocket(live) => live.held(),
            Layer::Opaque(_) => 0,
        }
    }

    /// There is a connection, or there was.
    pub(super) fn had_connections(&self) -> bool {
        self.attempts > 0
    }

    /// There is no connection and will be none.
    pub(super) fn is_hopeless(&self) -> bool {
        // Behind anything else HTTP may still come.
        let never = matches!(self.layer, Layer::Opaque(Carries::Tls | Carries::Http1 | Carries::Http2));
        self.attempts == 0 && never
    }

    /// What was made of the flow's packets, in bytes of payload, of which a frame costs a few.
    #[inline]
    pub(super) fn work(&self) -> u64 {
        if let Layer::WebSocket(live) = &self.layer { live.work() } else { 0 }
    }

    /// The state of the connection behind the flow's packet at `last`, and its name; `None` where there is none.
    #[cold]
    pub(super) fn state(
        &self,
        key: FlowKey,
        last: At,
        tcp: &tcp::Connection,
        nth: u64,
    ) -> Option<(ConnectionId, Checkpoint)> {
        let Layer::WebSocket(live) = &self.layer else { return None };
        let (session, put) = live.state()?;
        let Connection { id, client, server, .. } = live.conn;
        let (tcp, session, flipped) = (tcp.clone(), session.clone(), self.flipped);
        let state = Checkpoint { key, ends: [client, server], last: [last, put], tcp, session, flipped, nth };
        Some((id, state))
    }

    /// [`Stack::segment`] is of interest.
    #[inline]
    pub(super) fn waits(&self) -> bool {
        matches!(&self.layer, Layer::WebSocket(live) if live.waits())
    }

    /// A segment was taken in, and the flow's facts are fresh.
    pub(super) fn segment<O: Observer>(&mut self, at: At, cx: &mut Cx<'_, '_, O>) {
        let unacked = self.unacked(cx);
        let [client, server] = cx.flow.holes;
        let holes = if self.flipped { [server, client] } else { [client, server] };
        if let Layer::WebSocket(live) = &mut self.layer {
            live.segment(at, unacked, holes, cx.teller);
        }
    }

    fn unacked<O: Observer>(&self, cx: &Cx<'_, '_, O>) -> [u64; 2] {
        let [client, server] = cx.flow.unacked;
        if self.flipped { [server, client] } else { [client, server] }
    }

    /// Takes the next item of one direction of the TCP connection.
    #[inline]
    pub(super) fn item<O: Observer>(&mut self, dir: Dir, item: Item<'_>, at: At, cx: &mut Cx<'_, '_, O>) {
        let dir = if self.flipped { dir.other() } else { dir };
        if let Item::End(end) = item {
            self.tcp_end[dir.index()] = Some(end);
        }
        if let Layer::WebSocket(live) = &mut self.layer {
            live.item(dir, item, at, cx.tools, cx.teller);
        } else {
            self.other(dir, item, at, cx);
        }
    }

    /// A retransmission carried other bytes than the first copy.
    pub(super) fn conflict<O: Observer>(
        &mut self,
        dir: Dir,
        at: At,
        offset: u64,
        len: u64,
        cx: &mut Cx<'_, '_, O>,
    ) {
        let dir = if self.flipped { dir.other() } else { dir };
        let finding = checker::conflict(dir, at, offset, len);
        match &mut self.layer {
            Layer::WebSocket(live) => live.finding(finding, cx.teller),
            // The first few will do.
            Layer::Http(_) if self.early.as_ref().is_none_or(|early| early.len() < EARLY) => {
                self.early.get_or_insert_default().push(finding);
            }
            _ => {}
        }
    }

    /// Out-of-order data was dropped at a limit.
    pub(super) fn out_of_order_limit<O: Observer>(
        &mut self,
        dir: Dir,
        at: At,
        dropped: u64,
        cx: &mut Cx<'_, '_, O>,
    ) {
        let dir = if self.flipped { dir.other() } else { dir };
        if let Layer::WebSocket(live) = &mut self.layer {
            live.finding(checker::out_of_order_limit(dir, at, dropped), cx.teller);
        }
    }

    /// The TCP connection is over, or dropped by us (`evicted`), or the capture ends.
    pub(super) fn finish<O: Observer>(&mut self, at: At, evicted: bool, cx: &mut Cx<'_, '_, O>) {
        match std::mem::replace(&mut self.layer, Layer::Opaque(Carries::Other)) {
            Layer::WebSocket(mut live) => live.finish(at, self.unacked(cx), evicted, cx.tools, cx.teller),
            Layer::Http(pair) => {
                self.layer = Layer::Http(pair);
                self.upgrade_one_sided(at, cx);
                match std::mem::replace(&mut self.layer, Layer::Opaque(Carries::Http1)) {
                    Layer::WebSocket(mut live) => {
                        live.finish(at, self.unacked(cx), evicted, cx.tools, cx.teller)
                    }
                    Layer::Http(mut pair) => {
                        let mut refused = Vec::new();
                        pair.finish(&mut |handshake| refused.push(handshake));
                        for handshake in refused {
                            self.refused(handshake, at, cx);
                        }
                    }
                    _ => {}
                }
            }
            Layer::Probe(probe) => {
                self.layer = Layer::Probe(probe);
                self.mid_stream(true, cx);
                match std::mem::replace(&mut self.layer, Layer::Opaque(Carries::Other)) {
                    Layer::WebSocket(mut live) => {
                        live.finish(at, self.unacked(cx), evicted, cx.tools, cx.teller)
                    }
                    Layer::Opaque(carries) => self.layer = Layer::Opaque(carries),
                    _ => {}
                }
            }
            Layer::Opaque(carries) => self.layer = Layer::Opaque(carries),
        }
    }

    #[cold]
    fn other<O: Observer>(&mut self, dir: Dir, item: Item<'_>, at: At, cx: &mut Cx<'_, '_, O>) {
        match (&mut self.layer, item) {
            (Layer::Opaque(Carries::Nothing), Item::Data(bytes)) => match probe(bytes) {
                // At once, so that most connections need no probe.
                guess @ (Guess::Request | Guess::Response) => self.http_seen(guess, dir, item, at, cx),
                _ => {
                    self.layer = Layer::Probe(Box::default());
                    self.probe(dir, item, at, cx);
                }
            },
            // HTTP behind something else, such as a SOCKS or PROXY preamble.
            (Layer::Opaque(Carries::Other), Item::Data(bytes)) if bytes.starts_with(b"GET ") => {
                self.layer = Layer::Http(Box::new(Pair::inside()));
                self.http(dir, item, at, cx);
            }
            (Layer::Opaque(_), _) | (Layer::WebSocket(_), _) => {}
            (Layer::Probe(_), _) => self.probe(dir, item, at, cx),
            (Layer::Http(_), _) => self.http(dir, item, at, cx),
        }
    }

    fn probe<O: Observer>(&mut self, dir: Dir, item: Item<'_>, at: At, cx: &mut Cx<'_, '_, O>) {
        let Layer::Probe(probe) = &mut self.layer else { return };
        let start_known = cx.flow.start_seen && !probe.gap[dir.index()];
        match item {
            Item::Data(bytes) => {
                let fresh = probe.collected[dir.index()] == 0 || !start_known;
                let guess = if fresh { self::probe(bytes) } else { probe.guess_joined(dir, bytes) };
                match guess {
                    Guess::Request | Guess::Response => self.http_seen(guess, dir, item, at, cx),
                    Guess::Tls => self.layer = Layer::Opaque(Carries::Tls),
                    Guess::Http2 => self.layer = Layer::Opaque(Carries::Http2),
                    Guess::Other if start_known && !cx.flow.forced => {
                        self.layer = Layer::Opaque(Carries::Other)
                    }
                    Guess::NeedMore | Guess::Other => {
                        probe.push(dir, bytes, at, cx.tools.limits.resync_bytes);
                        // Looked at in proportion to the bytes, however small the segments are.
                        if probe.searches[dir.index()].is_due() || probe.is_full(cx.tools.limits.resync_bytes)
                        {
                            self.mid_stream(false, cx);
                        }
                    }
                }
            }
            Item::Gap { len, .. } => {
                probe.miss(dir, len);
            }
            Item::End(_) => {}
        }
    }

    /// HTTP/1 it is, as a request or a response says, which also tells who the client is.
    fn http_seen<O: Observer>(
        &mut self,
        guess: Guess,
        dir: Dir,
        item: Item<'_>,
        at: At,
        cx: &mut Cx<'_, '_, O>,
    ) {
        let sent_by_client = guess == Guess::Request;
        if sent_by_client != (dir == Dir::C2s) {
            self.flip();
        }
        let dir = if sent_by_client { Dir::C2s } else { Dir::S2c };
        self.start_http(dir, item, at, cx);
    }

    /// HTTP/1 it is: what was collected before, then this item.
    fn start_http<O: Observer>(&mut self, dir: Dir, item: Item<'_>, at: At, cx: &mut Cx<'_, '_, O>) {
        let pair = if cx.flow.start_seen { Pair::new() } else { Pair::inside() };
        let layer = std::mem::replace(&mut self.layer, Layer::Http(Box::new(pair)));
        if let (Layer::Probe(probe), true) = (layer, cx.flow.start_seen) {
            let [client, server] = probe.heads;
            for (dir, pieces) in [(Dir::C2s, client), (Dir::S2c, server)] {
                for (at, bytes) in pieces {
                    self.current(dir, Item::Data(&bytes), at, cx);
                }
            }
        }
        self.current(dir, item, at, cx);
    }

    /// Gives an item (with its true direction) to whatever layer is current.
    fn current<O: Observer>(&mut self, dir: Dir, item: Item<'_>, at: At, cx: &mut Cx<'_, '_, O>) {
        match &mut self.layer {
            Layer::WebSocket(live) => live.item(dir, item, at, cx.tools, cx.teller),
            _ => self.other(dir, item, at, cx),
        }
    }

    fn http<O: Observer>(&mut self, dir: Dir, item: Item<'_>, at: At, cx: &mut Cx<'_, '_, O>) {
        let Layer::Http(pair) = &mut self.layer else { return };
        let mut refused = Vec::new();
        let step = pair.feed(dir, item, at, cx.tools.limits, &mut |handshake| refused.push(handshake));
        for handshake in refused {
            self.refused(handshake, at, cx);
        }
        if let (Step::Continue, Layer::Http(pair)) = (&step, &self.layer)
            && pair.is_lost()
        {
            self.layer = Layer::Probe(Box::new(Probe { gap: [true; 2], ..Probe::default() }));
            return self.probe(dir, item, at, cx);
        }
        match step {
            Step::Continue => {}
            Step::Opaque(_) => self.layer = Layer::Opaque(Carries::Http1),
            Step::Full => self.upgrade_one_sided(at, cx),
            Step::Upgraded { handshake, held, used } => {
                self.upgrade(handshake, &held, at, cx);
                self.rest(dir, item, used, at, cx);
            }
            Step::Tunnel { held, used } => {
                self.layer = Layer::Opaque(Carries::Nothing);
                for held in held {
                    self.current(held.dir, held.item(), held.at, cx);
                }
                self.rest(dir, item, used, at, cx);
            }
        }
    }

    /// Where nothing of the other endpoint was captured, an upgrade is taken for accepted.
    fn upgrade_one_sided<O: Observer>(&mut self, at: At, cx: &mut Cx<'_, '_, O>) {
        if cx.flow.heard == [true, true] {
            return;
        }
        if let Layer::Http(pair) = &mut self.layer
            && let Some((handshake, held)) = pair.force_upgrade()
        {
            self.upgrade(handshake, &held, at, cx);
        }
    }

    /// Gives what a layer has left of an item to the layer that follows it.
    fn rest<O: Observer>(&mut self, dir: Dir, item: Item<'_>, used: usize, at: At, cx: &mut Cx<'_, '_, O>) {
        match item {
            Item::Data(bytes) => match bytes.get(used..) {
                None | Some([]) => {}
                Some(rest) => self.current(dir, Item::Data(rest), at, cx),
            },
            Item::Gap { .. } | Item::End(_) => self.current(dir, item, at, cx),
        }
    }

    /// A WebSocket begins.
    fn upgrade<O: Observer>(
        &mut self,
        handshake: Box<Handshake>,
        held: &[Held],
        at: At,
        cx: &mut Cx<'_, '_, O>,
    ) {
        let deflate_unknown = handshake.deflate_unknown();
        let setup = Setup { deflate: agreed(&handshake), mid_stream: false, deflate_unknown };
        self.open(Some(handshake), Transport::Http1, setup, at, cx);
        for held in held {
            self.current(held.dir, held.item(), held.at, cx);
        }
    }

    fn open<O: Observer>(
        &mut self,
        handshake: Option<Box<Handshake>>,
        transport: Transport,
        setup: Setup,
        at: At,
        cx: &mut Cx<'_, '_, O>,
    ) {
        let conn = self.connection(handshake, transport, cx.flow);
        let mut live = Box::new(Live::new(conn, Session::new(&setup), at));
        self.opened_at = cx.teller.packet;
        live.given = cx.teller.opened(&mut live.conn);
        live.opened(at, cx.teller);
        for finding in self.early.take().into_iter().flat_map(|early| *early) {
            live.finding(finding, cx.teller);
        }
        self.layer = Layer::WebSocket(live);
    }

    fn connection(
        &mut self,
        handshake: Option<Box<Handshake>>,
        transport: Transport,
        flow: &Flow,
    ) -> Connection {
        let id = ConnectionId { packet: flow.opened.packet, attempt: self.attempts };
        self.attempts += 1;
        let [client, server] = flow.ends;
        let (client, server) = if self.flipped { (server, client) } else { (client, server) };
        Connection { id, number: None, opened: flow.opened, client, server, transport, handshake }
    }

    /// An upgrade that was refused, or never answered: a connection of its own, over at once.
    fn refused<O: Observer>(&mut self, handshake: Box<Handshake>, at: At, cx: &mut Cx<'_, '_, O>) {
        let mut conn = self.connection(Some(handshake), Transport::Http1, cx.flow);
        cx.teller.opened(&mut conn);
        let mut findings = [0; 3];
        if let Some(opening) = opening(&conn) {
            let early = self.early.take().map(|early| *early).unwrap_or_default();
            checker::refused(&opening, early, &mut |told| {
                if let Some(level) = told.counts() {
                    findings[level as usize] += 1;
                }
                cx.teller.told(&conn, told);
            });
        }
        let tcp = self.tcp_end.map(|end| end.filter(|end| *end != End::Capture));
        let closing =
            Closing { at, how: None, close: [None, None], tcp, totals: [Totals::default(); 2], findings };
        cx.teller.tell(&conn, Event::Closed(&closing));
    }

    /// Tells whether a stream without a known start is WebSocket, from its frames alone.
    fn mid_stream<O: Observer>(&mut self, last_chance: bool, cx: &mut Cx<'_, '_, O>) {
        let Layer::Probe(probe) = &mut self.layer else { return };
        if cx.flow.start_seen && !cx.flow.forced && !probe.gap[0] && !probe.gap[1] {
            return;
        }
        let client = probe.client(cx.flow.forced);
        let Some(client) = client else {
            if last_chance || probe.is_full(cx.tools.limits.resync_bytes) {
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
        let at = pieces.first().map_or(cx.flow.opened, |(_, at, _)| *at);
        let setup = Setup { mid_stream: true, ..Setup::default() };
        self.open(None, Transport::None, setup, at, cx);
        for (dir, at, bytes) in pieces {
            self.current(dir, Item::Data(&bytes), at, cx);
        }
        // A FIN may have come before the frames were recognised.
        for dir in Dir::BOTH {
            if let (Some(end), Layer::WebSocket(live)) = (self.tcp_end[dir.index()], &mut self.layer) {
                live.item(dir, Item::End(end), at, cx.tools, cx.teller);
            }
        }
    }

    /// The roles were presumed wrong: all that is kept by direction changes sides.
    fn flip(&mut self) {
        self.flipped = !self.flipped;
        self.tcp_end.swap(0, 1);
        if let Layer::Probe(probe) = &mut self.layer {
            probe.flip();
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
