//! A WebSocket connection from its first frame to its end record.

use crate::event::{CloseFrame, Closing, Connection, Event, How, Totals};
use crate::http::upgrade::Handshake;
use crate::item::{At, Dir, End, Item};
use crate::observe::Observer;
use crate::rules::Finding;
use crate::rules::checker::Checker;
use crate::rules::facts::Opening;
use crate::rules::ledger::Told;
use crate::ws::fact::{Kind, Listener, Out, Single};
use crate::ws::session::{Session, Tools};

use super::checkpoint::EACH;
use super::tell::{Given, Teller};

/// A WebSocket connection that is being decoded.
///
/// What most frames touch lies together.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Live {
    pub(super) conn: Connection,
    /// Where the connection's number will be, until it is known.
    pub(super) given: Option<Given>,
    seen: Seen,
    /// Bytes of the handshake.
    handshake: usize,
    session: Session,
    checker: Checker,
}

/// What was seen of a connection, for its end record.
#[derive(Debug, Default)]
#[repr(C)]
struct Seen {
    close: [Option<CloseFrame>; 2],
    tcp: [Option<End>; 2],
    findings: [u64; 3],
    /// The end record is out.
    told: bool,
    last: At,
    totals: [Totals; 2],
}

impl Live {
    pub(super) fn new(conn: Connection, session: Session, at: At) -> Self {
        let checker = Checker::new(conn.handshake.as_deref());
        let handshake = conn.handshake.as_deref().map_or(0, Handshake::held);
        Self { conn, given: None, seen: Seen { last: at, ..Seen::default() }, handshake, session, checker }
    }

    /// Bytes that it holds besides messages and inflate histories.
    #[inline]
    pub(super) fn held(&self) -> usize {
        self.handshake + self.session.searched()
    }

    /// The connection's record is out: what is to be said of how it began.
    pub(super) fn opened<O: Observer>(&mut self, at: At, teller: &mut Teller<O>) {
        let Self { conn, checker, seen, .. } = self;
        match opening(conn) {
            Some(opening) => checker.opened(&opening, &mut |told| seen.told(conn, told, teller)),
            None => {
                let ips = [conn.client.ip(), conn.server.ip()];
                checker.opened_inside(at, ips, false, &mut |told| seen.told(conn, told, teller));
            }
        }
    }

    /// A layer below found something.
    pub(super) fn finding<O: Observer>(&mut self, finding: Finding, teller: &mut Teller<O>) {
        let Self { conn, checker, seen, .. } = self;
        checker.found(finding, &mut |told| seen.told(conn, told, teller));
    }

    #[inline]
    pub(super) fn item<O: Observer>(
        &mut self,
        dir: Dir,
        item: Item<'_>,
        at: At,
        tools: &mut Tools<'_>,
        teller: &mut Teller<O>,
    ) {
        let Self { conn, given, session, checker, seen, .. } = self;
        if seen.told {
            return;
        }
        if let Some(number) = given.as_ref().and_then(Given::get) {
            conn.number = Some(number);
            *given = None;
        }
        if let Item::End(end) = item {
            seen.tcp[dir.index()].get_or_insert(end);
            checker.end(dir, end, at, &mut |told| seen.told(conn, told, teller));
        }
        seen.last = at;
        session.feed(dir, item, at, tools, &mut Ears { conn, checker, seen, teller });
    }

    /// Payload bytes of its messages, and what its frames cost besides.
    #[inline]
    pub(super) fn work(&self) -> u64 {
        let [client, server] = &self.seen.totals;
        client.payload + server.payload + EACH * (client.frames + server.frames)
    }

    /// Where frames and messages are, and where something was last put out; `None` where it is over.
    pub(super) fn state(&self) -> Option<(&Session, At)> {
        (!self.seen.told).then_some((&self.session, self.seen.last))
    }

    /// Acknowledgements are of interest.
    #[inline]
    pub(super) fn waits(&self) -> bool {
        self.checker.waits()
    }

    /// A segment was taken in; `unacked` is what each direction has sent without an acknowledgement, `holes` says
    /// where bytes are waited for.
    pub(super) fn segment<O: Observer>(
        &mut self,
        at: At,
        unacked: [u64; 2],
        holes: [bool; 2],
        teller: &mut Teller<O>,
    ) {
        let Self { conn, checker, seen, .. } = self;
        if !seen.told {
            checker.segment(at, unacked, holes, &mut |told| seen.told(conn, told, teller));
        }
    }

    pub(super) fn finish<O: Observer>(
        &mut self,
        at: At,
        unacked: [u64; 2],
        evicted: bool,
        tools: &mut Tools<'_>,
        teller: &mut Teller<O>,
    ) {
        let Self { conn, session, checker, seen, .. } = self;
        if seen.told {
            return;
        }
        session.finish(seen.last, tools, &mut Ears { conn, checker, seen, teller });
        session.release(tools.budget);
        checker.finish(at, unacked, &mut |told| seen.told(conn, told, teller));
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
        let closing =
            Closing { at, how: Some(how), close, tcp, totals: seen.totals, findings: seen.findings };
        teller.tell(conn, Event::Closed(&closing));
    }
}

/// What the rules on a handshake look at; `None` where there was none.
pub(super) fn opening(conn: &Connection) -> Option<Opening<'_>> {
    let handshake: &Handshake = conn.handshake.as_deref()?;
    Some(Opening::new(handshake, [conn.client.ip(), conn.server.ip()], false))
}

/// What a session tells goes to the counts, the observer and the rules, in this order.
struct Ears<'a, O: Observer> {
    conn: &'a Connection,
    checker: &'a mut Checker,
    seen: &'a mut Seen,
    teller: &'a mut Teller<O>,
}

impl<O: Observer> Listener for Ears<'_, O> {
    #[inline]
    fn tell(&mut self, out: Out<'_>) {
        self.seen.take(self.conn, self.checker, &out, self.teller);
    }

    #[inline(always)]
    fn single(&mut self, single: &Single<'_>) {
        let Self { conn, checker, seen, teller } = self;
        if teller.frames || !checker.single(single) {
            self.tell(Out::Frame(single.frame()));
            self.tell(Out::Message(single.message()));
            return;
        }
        let payload = single.header.len;
        seen.totals[single.dir.index()].add(&Totals {
            frames: 1,
            messages: 1,
            bytes: single.end - single.offset,
            payload,
        });
        teller.counts.frames += 1;
        teller.counts.messages += 1;
        if teller.messages {
            teller.tell(conn, Event::Message(&single.message()));
        }
    }
}

impl Seen {
    #[cold]
    fn told<O: Observer>(&mut self, conn: &Connection, told: Told<'_>, teller: &mut Teller<O>) {
        if let Some(level) = told.counts() {
            self.findings[level as usize] += 1;
        }
        teller.told(conn, told);
    }

    #[inline]
    fn take<O: Observer>(
        &mut self,
        conn: &Connection,
        checker: &mut Checker,
        out: &Out<'_>,
        teller: &mut Teller<O>,
    ) {
        match out {
            Out::Frame(frame) => {
                let totals = &mut self.totals[frame.dir.index()];
                totals.frames += 1;
                totals.bytes += frame.header.header_len() as u64 + frame.seen;
                teller.counts.frames += 1;
                if teller.frames {
                    teller.tell(conn, Event::Frame(frame));
                }
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
                if teller.messages {
                    teller.tell(conn, Event::Message(message));
                }
            }
            Out::Trouble { .. } => {}
        }
        checker.take(out, &mut |told| self.told(conn, told, teller));
    }
}
