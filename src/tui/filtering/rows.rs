//! A filter that asks only for what the store holds: it is asked of the rows in memory.

use std::collections::HashMap;
use std::time::Instant;

use super::asked::{Asked, Kept};
use super::{Answers, SLICE};
use crate::event::{Closing, Connection, How};
use crate::filter::{Brief, Facts, Filter, Pace, Row, What};
use crate::tui::store::{self, Conn, Store};

/// How far it has come.
#[derive(Debug, Default)]
pub(super) struct OfRows {
    /// By number.
    conns: HashMap<u32, Known, foldhash::fast::RandomState>,
    /// Connections of the store that were looked at.
    seen: usize,
    /// The connections that have not ended, or whose end was not asked: their numbers.
    open: Vec<u32>,
    /// Those of them that are still to be asked in this pass.
    todo: Vec<u32>,
    /// Connections, messages and findings when the pass began.
    asked: (usize, usize, usize),
}

/// A connection, as filters know it.
#[derive(Debug)]
struct Known {
    conn: Connection,
    pace: Pace,
    /// Something within it has what is asked of a part.
    had: bool,
}

impl Known {
    fn new(conn: &Conn) -> Self {
        let connection = Connection {
            id: conn.id,
            number: Some(conn.number),
            opened: conn.opened,
            client: conn.client,
            server: conn.server,
            transport: conn.transport,
            handshake: None,
        };
        Self { conn: connection, pace: Pace::default(), had: false }
    }
}

impl OfRows {
    /// Goes on until there is nothing more, or it is late.
    pub(super) fn advance(
        &mut self,
        store: &Store,
        asked: &Asked,
        kept: &Kept,
        out: &mut Answers,
        until: Instant,
    ) {
        for (place, conn) in store.conns().since(self.seen) {
            self.seen = place + 1;
            self.open.push(conn.number);
            let mut known = Known::new(conn);
            known.had = asked.conns.has(&Row::new(&known.conn, What::Connection, Facts::default()));
            self.conns.insert(conn.number, known);
            if self.conns.len().is_multiple_of(SLICE) && Instant::now() >= until {
                return;
            }
        }
        self.seen = store.conns().len();
        let mut messages = store.messages_from(out.messages.len()).peekable();
        while out.messages.len() < store.messages() {
            for (place, row, preview) in messages.by_ref().take(SLICE) {
                let selected = self.message(row, preview, asked, kept);
                out.messages.put(place, selected);
            }
            if messages.peek().is_none() {
                out.messages.fill(store.messages());
            }
            if Instant::now() >= until {
                return;
            }
        }
        for (place, found) in store.findings().since(out.findings.len()) {
            let known = found.conn.and_then(|number| self.conns.get_mut(&number));
            // Findings that are told with the totals know of their connection the number at most.
            let of_totals = found.finding.conn.is_some();
            let row = match &known {
                Some(known) if !of_totals => {
                    Row::new(&known.conn, What::Finding(&found.finding), Facts::default())
                }
                _ => Row::of_capture(&found.finding),
            };
            out.findings.put(place, asked.finding.as_ref().is_some_and(|filter| filter.selects(&row)));
            let has = !of_totals && asked.conns.has(&row);
            if let Some(known) = known {
                known.had |= has;
            }
        }
        out.findings.fill(store.findings().len());
        self.ends(store, asked, out, until);
    }

    /// Connections are gone.
    pub(super) fn forget(&mut self, store: &Store) {
        self.conns.retain(|number, _| store.conn(*number).is_some());
        self.open.retain(|number| store.conn(*number).is_some());
        self.todo.retain(|number| store.conn(*number).is_some());
    }

    fn message(&mut self, row: &store::Row, preview: &str, asked: &Asked, kept: &Kept) -> bool {
        let Some(known) = self.conns.get_mut(&row.conn) else { return false };
        let mut facts =
            if asked.running { known.pace.feed(row.dir, row.kind, row.last.time) } else { Facts::default() };
        if !kept.marked.is_empty() || !kept.noted.is_empty() {
            let id = (row.conn, u64::from(row.n));
            (facts.marked, facts.noted) = (kept.marked.contains(&id), kept.noted.contains(&id));
        }
        let brief = Brief {
            dir: row.dir,
            n: row.n.into(),
            kind: row.kind,
            last: row.last,
            frames: row.frames.into(),
            first_frame: row.first_frame.into(),
            wire_len: row.wire_len,
            len: row.len,
            compressed: row.compressed,
            complete: row.fault.is_none(),
            close_code: row.close_code,
            head: preview.as_bytes(),
        };
        let of = Row::new(&known.conn, What::Brief(&brief), facts);
        let selected = asked.message.as_ref().map_or_else(|| asked.unasked(), |filter| filter.selects(&of));
        if asked.same {
            known.had |= selected;
        } else if !known.had {
            known.had = asked.conns.has(&of);
        }
        selected
    }

    /// Asks connections. Those that have not ended are asked as they are now, again when something is new.
    fn ends(&mut self, store: &Store, asked: &Asked, out: &mut Answers, until: Instant) {
        if self.todo.is_empty() {
            if !self.begins(store) {
                return;
            }
            self.todo = std::mem::take(&mut self.open);
            self.asked = Self::now(store);
        }
        while let Some(number) = self.todo.pop() {
            let (Some(conn), Some(known)) = (store.conn(number), self.conns.get(&number)) else { continue };
            let ask = |closing: &Closing| {
                let end = Row::new(&known.conn, What::Closing(closing), Facts::default());
                asked.conns.selects(&end, known.had)
            };
            let selected = conn.closing.as_deref().map_or_else(|| ask(&so_far(conn)), ask);
            out.conn(number, selected);
            if conn.closing.is_none() {
                self.open.push(number);
            }
            if self.todo.len().is_multiple_of(SLICE) && Instant::now() >= until {
                break;
            }
        }
    }

    /// There is a reason to ask connections.
    fn begins(&self, store: &Store) -> bool {
        let closed = |number: &u32| store.conn(*number).is_some_and(|conn| conn.closing.is_some());
        self.asked != Self::now(store) || self.open.iter().any(closed)
    }

    fn now(store: &Store) -> (usize, usize, usize) {
        (store.conns().len(), store.messages(), store.findings().len())
    }

    /// Everything that the store holds was asked.
    pub(super) fn done(&self, store: &Store, out: &Answers) -> bool {
        out.messages.len() >= store.messages()
            && out.findings.len() >= store.findings().len()
            && self.todo.is_empty()
            && !self.begins(store)
    }
}

/// The end of a connection that goes on, as if the capture ended now.
fn so_far(conn: &Conn) -> Closing {
    Closing {
        at: conn.last(),
        how: Some(How::Open),
        close: [None, None],
        tcp: [None, None],
        totals: *conn.totals(),
        findings: *conn.counts(),
    }
}

/// A filter can be answered so.
pub(super) fn can(filter: &Filter, asked: &Asked) -> bool {
    filter.needs().brief && asked.frame.is_none()
}
