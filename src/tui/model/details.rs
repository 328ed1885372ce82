//! What was read again, for as long as it is looked at.

use std::io;
use std::sync::Arc;

use crate::http::upgrade::Handshake;
use crate::tui::reopen::{MessageDetail, Reopener};
use crate::tui::store::{Conn, Store};
use crate::tui::workers::{Task, Workers};

/// How many of each kind are kept, the latest last.
const KEPT: usize = 4;

/// Something that is read in another thread.
#[derive(Debug)]
pub enum Loaded<'a, T> {
    /// It is being read.
    Loading,
    /// It is not there: not read yet, or its packets are not what they were.
    Gone,
    /// It cannot be read.
    Failed(&'a io::Error),
    /// Here it is.
    Ready(&'a T),
}

impl<'a, T> Loaded<'a, T> {
    /// What was read, if it was.
    #[must_use]
    pub fn ready(self) -> Option<&'a T> {
        match self {
            Self::Ready(it) => Some(it),
            _ => None,
        }
    }

    fn of(result: Option<&'a io::Result<Option<T>>>) -> Self {
        match result {
            None => Self::Loading,
            Some(Ok(None)) => Self::Gone,
            Some(Ok(Some(it))) => Self::Ready(it),
            Some(Err(error)) => Self::Failed(error),
        }
    }
}

type Reading<T> = Task<io::Result<Option<T>>>;

/// What was read again, the latest only.
#[derive(Debug, Default)]
pub struct Details {
    messages: Vec<(usize, Reading<Arc<MessageDetail>>)>,
    handshakes: Vec<(u32, Reading<Box<Handshake>>)>,
}

impl Details {
    pub(super) fn message(
        &mut self,
        place: usize,
        store: &Store,
        reopener: Option<&Reopener>,
        workers: &Workers,
    ) -> Loaded<'_, Arc<MessageDetail>> {
        let Some(reopener) = reopener else { return Loaded::Gone };
        let read =
            || {
                let (row, _) = store.message(place)?;
                let (row, packets) = (*row, store.packets(store.conn(row.conn)?));
                let reopener = reopener.clone();
                Some(workers.run(move |cancelled| {
                    Ok(reopener.until(cancelled).message(&packets, &row)?.map(Arc::new))
                }))
            };
        match kept(&mut self.messages, place, read) {
            Some(task) => Loaded::of(task.get()),
            None => Loaded::Gone,
        }
    }

    pub(super) fn handshake(
        &mut self,
        conn: u32,
        store: &Store,
        reopener: Option<&Reopener>,
        workers: &Workers,
    ) -> Loaded<'_, Handshake> {
        let Some(reopener) = reopener else { return Loaded::Gone };
        let read = || {
            let packets = store.packets(store.conn(conn)?);
            let reopener = reopener.clone();
            Some(workers.run(move |cancelled| reopener.until(cancelled).handshake(&packets)))
        };
        match kept(&mut self.handshakes, conn, read).map(Task::get) {
            None | Some(Some(Ok(None))) => Loaded::Gone,
            Some(None) => Loaded::Loading,
            Some(Some(Ok(Some(handshake)))) => Loaded::Ready(handshake),
            Some(Some(Err(error))) => Loaded::Failed(error),
        }
    }

    /// What was not there may be there now: it is asked for again.
    pub(super) fn retry(&mut self, store: &Store) {
        // What is behind a gap is never there again.
        let gap = |place| {
            let conn = store.message(place).and_then(|(row, _)| store.conn(row.conn));
            conn.is_some_and(Conn::has_gap)
        };
        self.messages.retain(|(place, task)| !matches!(task.get(), Some(Ok(None))) || gap(*place));
        self.handshakes.retain(|(_, task)| !matches!(task.get(), Some(Ok(None))));
    }
}

/// What is kept under a key, or is read now; then the oldest goes.
fn kept<K: PartialEq, T>(
    list: &mut Vec<(K, Task<T>)>,
    key: K,
    read: impl FnOnce() -> Option<Task<T>>,
) -> Option<&Task<T>> {
    if let Some(at) = list.iter().position(|(other, _)| *other == key) {
        let found = list.remove(at);
        list.push(found);
    } else {
        let task = read()?;
        if list.len() >= KEPT {
            list.remove(0);
        }
        list.push((key, task));
    }
    list.last().map(|(_, task)| task)
}
