//! The messages of a connection, read in a worker and kept while they are looked at.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::tui::model::Model;
use crate::tui::reopen::{Part, Said, Told};
use crate::tui::workers::Task;

/// Payload bytes that are kept of a conversation.
pub(super) const MOST: usize = 64 << 20;

/// A conversation as far as it was read.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) conn: u32,
    /// The messages in order.
    pub(super) chunks: Vec<Arc<[Said]>>,
    /// The index of the first message of each chunk.
    starts: Vec<usize>,
    messages: usize,
    bytes: usize,
    pub(super) state: State,
    reading: Option<Reading>,
    /// How many messages the connection had when reading began last.
    tried: usize,
    /// When reading ended last, and how long it took.
    rest: (Instant, Duration),
}

/// How far reading has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Reading,
    All,
    /// There is more than is kept.
    Cut,
    Failed(String),
    /// There is nothing to read from.
    Gone,
}

#[derive(Debug)]
struct Reading {
    task: Task<io::Result<Told>>,
    news: Receiver<Vec<Said>>,
    since: Instant,
}

impl Talk {
    /// Begins to read a connection.
    pub(super) fn start(model: &Model, conn: u32) -> Self {
        let mut talk = Self {
            conn,
            chunks: Vec::new(),
            starts: Vec::new(),
            messages: 0,
            bytes: 0,
            state: State::Gone,
            reading: None,
            tried: 0,
            rest: (Instant::now(), Duration::ZERO),
        };
        talk.read(model);
        talk
    }

    fn read(&mut self, model: &Model) {
        let (Some(conn), Some(reopener)) = (model.store.conn(self.conn), model.reopener.clone()) else {
            return;
        };
        self.tried = conn.messages.len();
        let packets = model.store.packets(conn);
        let part = Part { after: self.last(), most: MOST.saturating_sub(self.bytes) };
        let (sender, news) = channel();
        let wake = model.workers.wake();
        let task = model.workers.run(move |cancelled| {
            reopener.conversation(&packets, part, cancelled, |said| {
                // Where nobody listens any more, `cancelled` ends it.
                let _ = sender.send(said);
                wake();
            })
        });
        self.state = State::Reading;
        self.reading = Some(Reading { task, news, since: Instant::now() });
    }

    /// Takes what was read, and goes on reading where there is more by now.
    pub(super) fn poll(&mut self, model: &Model) {
        if let Some(reading) = self.reading.take() {
            // Asked first: what was sent before the end is there then.
            let end = reading.task.get().map(|end| end.as_ref().map_err(ToString::to_string).copied());
            for said in reading.news.try_iter() {
                self.starts.push(self.messages);
                self.messages += said.len();
                self.bytes += said.iter().map(|said| said.payload.len() + size_of::<Said>()).sum::<usize>();
                self.chunks.push(said.into());
            }
            match end {
                None => self.reading = Some(reading),
                Some(end) => {
                    self.rest = (Instant::now(), reading.since.elapsed());
                    self.state = match end {
                        Ok(Told::All) => State::All,
                        Ok(Told::Cut) => State::Cut,
                        Err(error) => State::Failed(error),
                    };
                }
            }
        }
        let has = model.store.conn(self.conn).map_or(0, |conn| conn.messages.len());
        let (since, took) = self.rest;
        // Reading begins with the first packet each time: it has its share of the time, and no more.
        if self.state == State::All && has > self.tried && since.elapsed() > took * 4 {
            self.read(model);
        }
    }

    /// How many messages there are.
    pub(super) const fn messages(&self) -> usize {
        self.messages
    }

    /// A message by its index, from 0.
    pub(super) fn get(&self, index: usize) -> Option<&Said> {
        let chunk = self.starts.partition_point(|start| *start <= index).checked_sub(1)?;
        self.chunks.get(chunk)?.get(index - self.starts.get(chunk)?)
    }

    /// The index of the message with this number, or of the next one.
    pub(super) fn index_of(&self, n: u64) -> usize {
        let chunk = self.chunks.partition_point(|chunk| chunk.last().is_some_and(|said| said.n < n));
        let inside = self.chunks.get(chunk).map_or(0, |chunk| chunk.partition_point(|said| said.n < n));
        self.starts.get(chunk).map_or(self.messages, |start| start + inside)
    }

    /// The number of the last message.
    fn last(&self) -> u64 {
        self.chunks.last().and_then(|chunk| chunk.last()).map_or(0, |said| said.n)
    }
}
