//! A filter before an observer: it runs on the worker's thread, and what it drops is never encoded.

use std::collections::HashSet;

use std::io;

use crate::event::{Connection, ConnectionId, Event, Summary};
use crate::filter::{Connections, Context, Facts, Filter, Row, Rows};
use crate::observe::{Observer, Outbox, Sink};

/// An observer that sees the events which a filter selects.
///
/// The state that it keeps is each connection's own, so what comes out is the same for any number of
/// workers.
#[derive(Debug)]
pub struct Filtered<O> {
    inner: O,
    by: By,
    context: Option<Context>,
    /// Open connections of which something was selected.
    selected: HashSet<ConnectionId>,
}

/// What is selected.
#[derive(Debug)]
enum By {
    /// Everything.
    Nothing,
    /// Records of these kinds, with the begin and end of their connections.
    Records(Box<Filter>, Rows),
    /// Whole connections, told at their end.
    Connections(Box<Connections>),
}

impl<O> Filtered<O> {
    /// `inner` sees the records of the kinds `rows` of which `filter` is true, and the begin and end of
    /// each connection that has one; the begin right before the first of them. Without a filter, it sees
    /// everything.
    pub fn records(inner: O, filter: Option<&Filter>, rows: Rows) -> Self {
        let running = filter.is_some_and(|filter| filter.needs().running);
        let by = filter.map_or(By::Nothing, |filter| By::Records(Box::new(filter.clone()), rows));
        Self::new(inner, by, running)
    }

    /// `inner` sees the begin and end of each connection that `filter` selects as a whole, both when it
    /// ends. `running` = [`crate::filter::Needs::running`]. Without a filter, it sees everything.
    pub fn connections(inner: O, filter: Option<&Connections>, running: bool) -> Self {
        Self::new(
            inner,
            filter.map_or(By::Nothing, |filter| By::Connections(Box::new(filter.clone()))),
            running,
        )
    }

    fn new(inner: O, by: By, running: bool) -> Self {
        Self { inner, by, context: running.then(Context::default), selected: HashSet::new() }
    }
}

impl<O: Observer> Observer for Filtered<O> {
    type Record = O::Record;

    const PACKETS: bool = O::PACKETS;

    fn packets(&mut self, flow: u64, places: &[u8], out: &mut Outbox<O::Record>) {
        self.inner.packets(flow, places, out);
    }

    fn wants_frames(&self) -> bool {
        !matches!(self.by, By::Nothing) || self.inner.wants_frames()
    }

    fn wants_messages(&self) -> bool {
        !matches!(self.by, By::Nothing) || self.inner.wants_messages()
    }

    #[inline]
    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<O::Record>) {
        if matches!(self.by, By::Nothing) {
            self.inner.event(conn, event, out);
        } else {
            self.asked(conn, event, out);
        }
    }
}

impl<O: Observer> Filtered<O> {
    fn asked(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<O::Record>) {
        let facts = self.context.as_mut().map_or_else(Facts::default, |context| context.feed(conn, event));
        let closes = matches!(event, Event::Closed(_));
        let Some(row) = Row::of(conn, event, facts) else {
            // A reaction: of interest where its finding may have been.
            if matches!(self.by, By::Records(..)) && self.selected.contains(&conn.id) {
                self.inner.event(conn, event, out);
            }
            return;
        };
        match &self.by {
            By::Nothing => {}
            By::Records(filter, rows) => {
                let matched = rows.contains(row.kind()) && filter.selects(&row);
                let known = if closes {
                    self.selected.remove(&conn.id)
                } else {
                    matched && !self.selected.insert(conn.id)
                };
                if !(matched || closes && known) {
                    return;
                }
                if !known && !matches!(event, Event::Opened) {
                    self.inner.event(conn, Event::Opened, out);
                }
                self.inner.event(conn, event, out);
            }
            By::Connections(filter) if closes => {
                let had = self.selected.remove(&conn.id);
                if filter.selects(&row, had) {
                    self.inner.event(conn, Event::Opened, out);
                    self.inner.event(conn, event, out);
                }
            }
            By::Connections(filter) => {
                if filter.asks_parts() && !self.selected.contains(&conn.id) && filter.has(&row) {
                    self.selected.insert(conn.id);
                }
            }
        }
    }
}

/// A sink behind a filter: of the findings that are told with the totals, it passes on what the filter
/// selects.
#[derive(Debug)]
pub struct FilteredSink<'a, S> {
    inner: &'a mut S,
    filter: Option<&'a Filter>,
}

impl<'a, S> FilteredSink<'a, S> {
    /// `inner` sees all records, and the findings of the capture that `filter` selects.
    pub const fn new(inner: &'a mut S, filter: Option<&'a Filter>) -> Self {
        Self { inner, filter }
    }
}

impl<R, S: Sink<R>> Sink<R> for FilteredSink<'_, S> {
    fn record(&mut self, conn: u32, record: R, bytes: &[u8]) -> io::Result<()> {
        self.inner.record(conn, record, bytes)
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.inner.bytes(bytes)
    }

    fn pause(&mut self) -> io::Result<()> {
        self.inner.pause()
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let Some(filter) = self.filter else { return self.inner.finish(summary) };
        let mut summary = summary.clone();
        summary.capture_findings.retain(|finding| filter.selects(&Row::of_capture(finding)));
        self.inner.finish(&summary)
    }
}
