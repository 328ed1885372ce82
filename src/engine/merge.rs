//! Records of several workers back into capture order.

use std::collections::HashMap;
use std::io;

use crate::event::ConnectionId;

use super::tell::Run;
use crate::observe::{Outbox, Sink};
use crate::rules::security::keys::{Book, Key};

/// What a worker made of one batch.
#[derive(Debug)]
pub(super) struct Made<R> {
    pub(super) outbox: Outbox<R>,
    pub(super) runs: Vec<Run>,
    pub(super) keys: Vec<(ConnectionId, Key)>,
}

/// Gives connections their numbers and records their order.
#[derive(Debug)]
pub(super) struct Merge {
    /// The keys of all connections.
    pub(super) book: Book,
    numbers: HashMap<ConnectionId, u32, foldhash::fast::RandomState>,
    last_number: u32,
    tied: Vec<(usize, usize)>,
}

impl Merge {
    /// `keys`: how many keys are remembered.
    pub(super) fn new(keys: usize) -> Self {
        Self { book: Book::new(keys), numbers: HashMap::default(), last_number: 0, tied: Vec::new() }
    }

    /// Delivers what all workers made of the same batch.
    pub(super) fn deliver<R>(&mut self, made: &mut [Made<R>], sink: &mut impl Sink<R>) -> io::Result<()> {
        let mut next_run = vec![0; made.len()];
        let mut records: Vec<_> = Vec::with_capacity(made.len());
        let mut bytes: Vec<&[u8]> = Vec::with_capacity(made.len());
        let mut runs: Vec<&[Run]> = Vec::with_capacity(made.len());
        let mut keys = Vec::with_capacity(made.len());
        for Made { outbox, runs: its_runs, keys: its_keys } in made.iter_mut() {
            let Outbox { bytes: its_bytes, records: its_records, .. } = outbox;
            records.push((0, its_records.drain(..)));
            bytes.push(its_bytes);
            runs.push(its_runs);
            keys.push(its_keys.drain(..).peekable());
        }
        let run_of = |worker: usize, n: usize| runs.get(worker).and_then(|runs| runs.get(n)).copied();
        loop {
            let heads = next_run
                .iter()
                .enumerate()
                .filter_map(|(worker, n)| Some((run_of(worker, *n)?.packet, worker)));
            let Some((packet, _)) = heads.min() else { return sink.pause() };
            self.tied.clear();
            let mut workers = 0;
            for (worker, next) in next_run.iter_mut().enumerate() {
                let before = *next;
                while run_of(worker, *next).is_some_and(|run| run.packet == packet) {
                    self.tied.push((worker, *next));
                    *next += 1;
                }
                workers += u32::from(*next > before);
            }
            let mut tied = std::mem::take(&mut self.tied);
            if workers > 1 {
                // One worker's runs are in order, and stay so; those of several are ordered by connection. What
                // has no number, such as the packets of a flow, stays behind what its worker has before it.
                let mut before = (usize::MAX, (0, None));
                let mut keyed: Vec<_> = tied
                    .iter()
                    .map(|(worker, n)| {
                        let floor = if before.0 == *worker { before.1 } else { (0, None) };
                        let run = run_of(*worker, *n);
                        let number = run.and_then(|run| self.numbers.get(&run.conn).copied());
                        let number = number.or_else(|| run.filter(|run| run.opens).map(|_| u32::MAX));
                        let own = number.map_or(floor, |number| (number, run.map(|run| run.conn)));
                        before = (*worker, own.max(floor));
                        (before.1, (*worker, *n))
                    })
                    .collect();
                keyed.sort_by_key(|(key, _)| *key);
                tied.clear();
                tied.extend(keyed.into_iter().map(|(_, run)| run));
            }
            for (worker, n) in &tied {
                let (Some(run), Some((done, records))) = (run_of(*worker, *n), records.get_mut(*worker))
                else {
                    continue;
                };
                let number = self.number(&run);
                if run.opens
                    && let Some(keys) = keys.get_mut(*worker)
                    && let Some((id, key)) = keys.next_if(|(id, _)| *id == run.conn)
                {
                    self.book.enter(&key, number, id.packet);
                }
                let bytes = bytes.get(*worker).copied().unwrap_or_default();
                for record in records.by_ref().take(run.end - *done) {
                    sink.record(number, record, bytes)?;
                }
                *done = run.end;
            }
            self.tied = tied;
        }
    }

    fn number(&mut self, run: &Run) -> u32 {
        if let Some(number) = run.number {
            return number;
        }
        if run.opens {
            self.last_number += 1;
            if !run.closes {
                self.numbers.insert(run.conn, self.last_number);
            }
            return self.last_number;
        }
        let number =
            if run.closes { self.numbers.remove(&run.conn) } else { self.numbers.get(&run.conn).copied() };
        number.unwrap_or_default()
    }
}
