//! Any filter: the captures are decoded once more, in another thread, and the filter is asked on the way.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::Answers;
use super::asked::{Asked, Kept};
use crate::capture::source::{Block, CaptureFacts, Source, Status};
use crate::engine::{self, Config};
use crate::event::{Connection, ConnectionId, Event, Summary};
use crate::filter::{Context, Facts, Needs, Row};
use crate::item::Dir;
use crate::observe::{Observer, Outbox, Sink};
use crate::tui::reopen::Reopener;
use crate::tui::store::{self, Store};
use crate::tui::workers::{Cancelled, Task, Workers};
use crate::ws::session::Want;

/// What is new is sent when it is this old, or has so many answers.
const AGE: Duration = Duration::from_millis(30);
const MOST: usize = 1 << 14;

/// Threads that decode; the interface and its workers need the rest.
const THREADS: usize = 4;

/// A run under way. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Run {
    _task: Task<()>,
    news: Receiver<News>,
    /// How much was sent, and how much of it was taken.
    sent: Arc<AtomicUsize>,
    taken: usize,
    read: Arc<AtomicU64>,
    total: Option<u64>,
    /// Answers are told with what they are of.
    named: bool,
    /// The last message of a connection without beginning that was answered.
    after: HashMap<u32, usize>,
    /// It is over; and what went wrong.
    pub(super) end: Option<Result<(), String>>,
}

/// Answers in the order of the capture: of messages and findings as the store has them, unless some of these are gone.
#[derive(Debug)]
enum News {
    Part(Part),
    Total(u64),
    End(Result<(), String>),
}

#[derive(Debug, Default)]
struct Part {
    /// Which messages these are of, where not every row of the store has an answer.
    of: Vec<Of>,
    messages: Vec<bool>,
    findings: Vec<bool>,
    /// In place of `findings`, each with its connection and its index there.
    found: Vec<(u32, u32, bool)>,
    conns: Vec<(u32, bool)>,
}

/// Names a message.
#[derive(Clone, Copy, Debug)]
struct Of {
    conn: u32,
    n: u64,
    dir: Dir,
    /// The packet with its last byte.
    packet: u64,
}

impl Of {
    /// Its place in the store, behind `after` where its beginning is gone and it cannot be counted.
    fn place(&self, store: &Store, after: &mut HashMap<u32, usize>) -> Option<usize> {
        let messages = &store.conn(self.conn)?.messages;
        let row = |n: usize| {
            let place = *messages.get(n)? as usize;
            store.message(place).map(|(row, _)| (place, row))
        };
        let is_it = |row: &store::Row| row.last.packet == self.packet && row.dir == self.dir;
        if let Some((place, row)) = usize::try_from(self.n - 1).ok().and_then(row)
            && is_it(row)
        {
            return Some(place);
        }
        let (mut low, mut high) = (messages.start(), messages.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if row(middle).is_some_and(|(_, row)| row.last.packet < self.packet) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        let from = low.max(after.get(&self.conn).map_or(0, |n| n + 1));
        let (n, place) =
            (from..from + NEAR).find_map(|n| row(n).filter(|(_, row)| is_it(row)).map(|it| (n, it.0)))?;
        after.insert(self.conn, n);
        Some(place)
    }
}

/// Messages that are looked at for the one that ended in a packet.
const NEAR: usize = 64;

impl Run {
    pub(super) fn start(
        asked: Asked,
        needs: Needs,
        kept: Kept,
        reopener: Reopener,
        workers: &Workers,
    ) -> Self {
        let (sender, news) = channel();
        let (sent, read) = (Arc::<AtomicUsize>::default(), Arc::<AtomicU64>::default());
        let out = Out { sender, sent: Arc::clone(&sent), wake: workers.wake() };
        let bytes = Arc::clone(&read);
        let named = reopener.files().spool().is_some();
        let task = workers.run(move |cancelled| {
            let result = run(&asked, needs, &kept, &reopener, cancelled, &bytes, &out);
            out.send(News::End(result.map_err(|error| error.to_string())));
        });
        Self { _task: task, news, sent, taken: 0, read, total: None, named, after: HashMap::new(), end: None }
    }

    /// Takes what is new.
    pub(super) fn advance(&mut self, store: &Store, out: &mut Answers, until: Instant) {
        while let Ok(news) = self.news.try_recv() {
            self.taken += 1;
            match news {
                News::Part(part) if part.of.is_empty() && !self.named => {
                    out.messages.extend(part.messages);
                    out.findings.extend(part.findings);
                    for (number, selected) in part.conns {
                        out.conn(number, selected);
                    }
                }
                News::Part(part) => {
                    for (of, selected) in part.of.iter().zip(part.messages) {
                        if let Some(place) = of.place(store, &mut self.after) {
                            out.messages.put(place, selected);
                        }
                    }
                    for (conn, nth, selected) in part.found {
                        let place = store.conn(conn).and_then(|conn| conn.findings.get(nth as usize));
                        if let Some(place) = place {
                            out.findings.put(*place as usize, selected);
                        }
                    }
                    for (number, selected) in part.conns {
                        out.conn(number, selected);
                    }
                }
                News::Total(total) => self.total = Some(total),
                News::End(end) => self.end = Some(end),
            }
            if Instant::now() >= until {
                break;
            }
        }
    }

    /// Some of what is asked may have no answer.
    pub(super) const fn is_named(&self) -> bool {
        self.named
    }

    /// What was sent was taken.
    pub(super) fn done(&self) -> bool {
        self.taken >= self.sent.load(Ordering::Acquire)
    }

    /// The part of the captures that was read, in percent.
    pub(super) fn percent(&self) -> Option<u64> {
        let total = self.total.filter(|total| *total > 0)?;
        Some((self.read.load(Ordering::Relaxed) * 100 / total).min(100))
    }
}

struct Out {
    sender: Sender<News>,
    sent: Arc<AtomicUsize>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Out {
    fn send(&self, news: News) {
        // Who does not wait any more needs none of it.
        if self.sender.send(news).is_ok() {
            self.sent.fetch_add(1, Ordering::Release);
            (self.wake)();
        }
    }
}

fn run(
    asked: &Asked,
    needs: Needs,
    kept: &Kept,
    reopener: &Reopener,
    cancelled: &Cancelled,
    read: &AtomicU64,
    out: &Out,
) -> io::Result<()> {
    let files = reopener.files().now();
    let config = reopener.config();
    let grows = files.grows();
    let waits = cancelled.clone();
    let opened = files.again(&config.limits, move || !waits.is())?;
    if let Some(total) = opened.size {
        out.send(News::Total(total));
    }
    let cores = thread::available_parallelism().map_or(1, usize::from);
    // With several threads, numbers of connections are given behind the observers.
    let threads = if needs.number || grows { 1 } else { cores.min(THREADS) };
    let config = files.config(&Config { want: needs.want(Want::default()), threads, ..config.clone() });
    let mut source = Until { source: opened.source, cancelled };
    let observer = || Asker {
        asked,
        kept,
        context: asked.running.then(Context::default),
        had: HashSet::new(),
        framed: HashMap::new(),
        found: HashMap::new(),
    };
    let named = files.spool().is_some();
    let mut sink = Answering { asked, out, part: Part::default(), sent: None, grows, named };
    let progress = |bytes| read.store(bytes, Ordering::Relaxed);
    let result = engine::run(&mut source, &config, &observer, &mut sink, &progress);
    sink.flush();
    result.map(|_| ())
}

/// A source that ends where nobody waits for it any more.
struct Until<'a> {
    source: Box<dyn Source>,
    cancelled: &'a Cancelled,
}

impl Source for Until<'_> {
    fn fill(&mut self, block: &mut Block) -> io::Result<Status> {
        if self.cancelled.is() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.source.fill(block)
    }

    fn facts(&self) -> &CaptureFacts {
        self.source.facts()
    }
}

/// An answer.
enum Told {
    /// With its number, its sender and the packet with its last byte.
    Message(bool, u64, Dir, u64),
    /// With its index among those of its connection.
    Finding(bool, u32),
    Conn(bool),
}

/// Asks the filter of every event.
struct Asker<'a> {
    asked: &'a Asked,
    kept: &'a Kept,
    context: Option<Context>,
    /// Open connections of which something has what is asked of a part.
    had: HashSet<ConnectionId>,
    /// A frame of the message that goes on was selected: by direction, data and control.
    framed: HashMap<ConnectionId, [[bool; 2]; 2]>,
    /// Findings on open connections.
    found: HashMap<ConnectionId, u32>,
}

impl Observer for Asker<'_> {
    type Record = Told;

    fn wants_frames(&self) -> bool {
        self.asked.frame.is_some()
    }

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<Told>) {
        let mut facts =
            self.context.as_mut().map_or_else(Facts::default, |context| context.feed(conn, event));
        if let (Event::Message(message), Some(number)) = (event, conn.number) {
            let id = (number, message.n);
            (facts.marked, facts.noted) = (self.kept.marked.contains(&id), self.kept.noted.contains(&id));
        }
        let Some(row) = Row::of(conn, event, facts) else { return };
        let asked = self.asked;
        let mut has = false;
        match event {
            Event::Frame(frame) => {
                if asked.frame.as_ref().is_some_and(|filter| filter.selects(&row)) {
                    let framed = self.framed.entry(conn.id).or_default();
                    framed[frame.dir.index()][usize::from(frame.header.opcode.is_control())] = true;
                    has = true;
                }
            }
            Event::Message(message) => {
                let selected = match (&asked.message, &asked.frame) {
                    (Some(filter), _) => filter.selects(&row),
                    (None, Some(_)) => self.framed.get_mut(&conn.id).is_some_and(|framed| {
                        let control = usize::from(!message.kind.is_data());
                        std::mem::take(&mut framed[message.dir.index()][control])
                    }),
                    (None, None) => asked.unasked(),
                };
                out.push(Told::Message(selected, message.n, message.dir, message.last.packet));
                has = if asked.same { selected } else { asked.conns.has(&row) };
            }
            Event::Finding(_) => {
                let found = self.found.entry(conn.id).or_default();
                let selected = asked.finding.as_ref().is_some_and(|filter| filter.selects(&row));
                out.push(Told::Finding(selected, *found));
                *found += 1;
                has = asked.conns.has(&row);
            }
            Event::Opened => has = asked.conns.has(&row),
            Event::Closed(_) => {
                self.framed.remove(&conn.id);
                self.found.remove(&conn.id);
                let had = self.had.remove(&conn.id);
                out.push(Told::Conn(asked.conns.selects(&row, had)));
            }
            Event::Reaction(_) => {}
        }
        if has {
            self.had.insert(conn.id);
        }
    }
}

/// Sends answers on.
struct Answering<'a> {
    asked: &'a Asked,
    out: &'a Out,
    part: Part,
    /// When something was sent last.
    sent: Option<Instant>,
    /// What comes next may take long to come: nothing waits for it.
    grows: bool,
    /// Answers are told with what they are of.
    named: bool,
}

impl Answering<'_> {
    fn flush(&mut self) {
        let Part { messages, findings, found, conns, .. } = &self.part;
        if !(messages.is_empty() && findings.is_empty() && found.is_empty() && conns.is_empty()) {
            self.sent = Some(Instant::now());
            self.out.send(News::Part(std::mem::take(&mut self.part)));
        }
    }
}

impl Sink<Told> for Answering<'_> {
    fn record(&mut self, conn: u32, told: Told, _: &[u8]) -> io::Result<()> {
        match told {
            Told::Message(selected, n, dir, packet) => {
                self.part.messages.push(selected);
                if self.named {
                    self.part.of.push(Of { conn, n, dir, packet });
                }
            }
            Told::Finding(selected, nth) if self.named => self.part.found.push((conn, nth, selected)),
            Told::Finding(selected, _) => self.part.findings.push(selected),
            Told::Conn(selected) => self.part.conns.push((conn, selected)),
        }
        if self.part.messages.len() >= MOST {
            self.flush();
        }
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn pause(&mut self) -> io::Result<()> {
        if self.grows || self.sent.is_none_or(|sent| sent.elapsed() >= AGE) {
            self.flush();
        }
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let filter = self.asked.finding.as_ref();
        let selects = |finding| filter.is_some_and(|filter| filter.selects(&Row::of_capture(finding)));
        self.part.findings.extend(summary.capture_findings.iter().map(selects));
        self.flush();
        Ok(())
    }
}
