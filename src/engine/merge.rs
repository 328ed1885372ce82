//! Records of several workers back into capture order.

use std::collections::{HashMap, VecDeque};
use std::io;

use crate::event::ConnectionId;

use super::tell::{Begun, Run};
use crate::observe::{Outbox, Sink};
use crate::rules::security::keys::Book;

/// What a worker made of a block, or of a part of one.
#[derive(Debug)]
pub(super) struct Made<R> {
    pub(super) outbox: Outbox<R>,
    pub(super) runs: Vec<Run>,
    pub(super) begun: Vec<Begun>,
    /// The block ends with it.
    pub(super) last: bool,
}

impl<R> Default for Made<R> {
    fn default() -> Self {
        Self { outbox: Outbox::default(), runs: Vec::new(), begun: Vec::new(), last: true }
    }
}

impl<R> Made<R> {
    pub(super) fn clear(&mut self) {
        self.outbox.bytes.clear();
        self.outbox.records.clear();
        self.runs.clear();
        self.begun.clear();
    }
}

/// What one worker made, as far as it is not delivered.
#[derive(Debug)]
pub(super) struct Lane<R> {
    made: Made<R>,
    /// The records of `made` that are left.
    records: VecDeque<R>,
    begun: VecDeque<Begun>,
    next_run: usize,
    /// How far records and bytes of `made` are delivered.
    done: usize,
    bytes_done: usize,
}

impl<R> Default for Lane<R> {
    fn default() -> Self {
        let (records, begun) = (VecDeque::new(), VecDeque::new());
        Self { made: Made::default(), records, begun, next_run: 0, done: 0, bytes_done: 0 }
    }
}

impl<R> Lane<R> {
    /// Goes on with `made`. All that it had must have been delivered: what is returned can be used again.
    pub(super) fn load(&mut self, mut made: Made<R>) -> Made<R> {
        let records = std::mem::replace(&mut self.records, std::mem::take(&mut made.outbox.records).into());
        let begun = std::mem::replace(&mut self.begun, std::mem::take(&mut made.begun).into());
        let mut old = std::mem::replace(&mut self.made, made);
        (old.outbox.records, old.begun) = (records.into(), begun.into());
        (self.next_run, self.done, self.bytes_done) = (0, 0, 0);
        old.clear();
        old
    }

    /// Nothing more of the block will come.
    pub(super) fn end(&mut self) {
        self.made.last = true;
    }

    /// The next run is in a part of the block that is not here yet.
    fn waits(&self) -> bool {
        self.next_run >= self.made.runs.len() && !self.made.last
    }

    fn run(&self) -> Option<Run> {
        self.made.runs.get(self.next_run).copied()
    }
}

/// Gives connections their numbers and records their order.
#[derive(Debug)]
pub(super) struct Merge {
    /// The keys of all connections.
    pub(super) book: Book,
    numbers: HashMap<ConnectionId, u32, foldhash::fast::RandomState>,
    last_number: u32,
}

impl Merge {
    /// `keys`: how many keys are remembered.
    pub(super) fn new(keys: usize) -> Self {
        Self { book: Book::new(keys), numbers: HashMap::default(), last_number: 0 }
    }

    /// Delivers what all workers made of the same block. `more` loads the next part of what a worker made.
    pub(super) fn deliver<R>(
        &mut self,
        lanes: &mut [Lane<R>],
        mut more: impl FnMut(usize, &mut Lane<R>),
        sink: &mut impl Sink<R>,
    ) -> io::Result<()> {
        loop {
            // The worker that is first, and the packet with which others have their turn.
            let (mut first, mut next) = (None, None);
            for (n, lane) in lanes.iter_mut().enumerate() {
                while lane.waits() {
                    more(n, lane);
                }
                let Some(run) = lane.run() else { continue };
                match first {
                    Some((packet, _)) if packet <= run.packet => {
                        next = Some(next.map_or(run.packet, |next: u64| next.min(run.packet)));
                    }
                    _ => {
                        next = first.map(|(packet, _)| packet);
                        first = Some((run.packet, n));
                    }
                }
            }
            let Some((packet, n)) = first else { return sink.pause() };
            if next == Some(packet) {
                self.tied(packet, lanes, sink)?;
            } else if let Some(lane) = lanes.get_mut(n) {
                self.take(lane, |run| next.is_none_or(|next| run.packet < next), sink)?;
            }
        }
    }

    /// Delivers the runs of several workers for the same packet, by connection. One worker's runs are in order, and
    /// stay so: what has no number, such as the packets of a flow, stays behind what its worker has before it.
    fn tied<R>(&mut self, packet: u64, lanes: &mut [Lane<R>], sink: &mut impl Sink<R>) -> io::Result<()> {
        let mut keyed = Vec::new();
        for (n, lane) in lanes.iter().enumerate() {
            let mut floor = (0, None);
            for run in lane.made.runs.iter().skip(lane.next_run).take_while(|run| run.packet == packet) {
                let number = run.number.or_else(|| self.numbers.get(&run.conn).copied());
                let number = number.or_else(|| run.opens.then_some(u32::MAX));
                floor = number.map_or(floor, |number| (number, Some(run.conn))).max(floor);
                keyed.push((floor, n));
            }
        }
        keyed.sort_by_key(|(key, _)| *key);
        for (_, n) in keyed {
            let Some(lane) = lanes.get_mut(n) else { continue };
            let mut once = true;
            self.take(lane, |_| std::mem::take(&mut once), sink)?;
        }
        Ok(())
    }

    /// Delivers the next runs of a worker, as long as `goes_on`. Text of several goes out in one piece.
    fn take<R>(
        &mut self,
        lane: &mut Lane<R>,
        mut goes_on: impl FnMut(&Run) -> bool,
        sink: &mut impl Sink<R>,
    ) -> io::Result<()> {
        let bytes = &*lane.made.outbox.bytes;
        let text = |from: usize, to: usize| bytes.get(from..to).filter(|text| !text.is_empty());
        let mut from = lane.bytes_done;
        while let Some(run) = lane.made.runs.get(lane.next_run)
            && goes_on(run)
        {
            lane.next_run += 1;
            if run.number.is_some() && run.end == lane.done && !run.opens && !run.closes {
                lane.bytes_done = run.bytes_end;
                continue;
            }
            if run.number.is_some() {
                lane.bytes_done = run.bytes_end;
            }
            if let Some(text) = text(from, lane.bytes_done) {
                sink.bytes(text)?;
            }
            let number = self.number(run, lane.begun.pop_front_if(|_| run.opens));
            for record in lane.records.drain(..(run.end - lane.done).min(lane.records.len())) {
                sink.record(number, record, bytes)?;
            }
            lane.done = run.end;
            lane.bytes_done = run.bytes_end;
            from = run.bytes_end;
        }
        text(from, lane.bytes_done).map_or(Ok(()), |text| sink.bytes(text))
    }

    fn number(&mut self, run: &Run, begun: Option<Begun>) -> u32 {
        let mut number = run.number;
        if run.opens && number.is_none() {
            self.last_number += 1;
            number = Some(self.last_number);
            if !run.closes {
                self.numbers.insert(run.conn, self.last_number);
            }
        } else if run.closes {
            let known = self.numbers.remove(&run.conn);
            number = number.or(known);
        }
        let number = number.or_else(|| self.numbers.get(&run.conn).copied()).unwrap_or_default();
        if let Some(Begun { key, given }) = begun {
            if let Some(given) = given {
                given.set(number);
            }
            if let Some(key) = key {
                self.book.enter(&key, number, run.conn.packet);
            }
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tell::Given;
    use crate::event::Summary;

    /// What reached the sink.
    #[derive(Default)]
    struct Log(Vec<String>);

    impl Sink<&'static str> for Log {
        fn record(&mut self, conn: u32, record: &'static str, _: &[u8]) -> io::Result<()> {
            self.0.push(format!("{conn}:{record}"));
            Ok(())
        }

        fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.0.push(String::from_utf8_lossy(bytes).into_owned());
            Ok(())
        }

        fn pause(&mut self) -> io::Result<()> {
            self.0.push("|".to_owned());
            Ok(())
        }

        fn finish(&mut self, _: &Summary) -> io::Result<()> {
            Ok(())
        }
    }

    fn id(packet: u64) -> ConnectionId {
        ConnectionId { packet, attempt: 0 }
    }

    impl Made<&'static str> {
        /// A run of one record, of a connection without a number.
        fn record(mut self, packet: u64, conn: u64, record: &'static str) -> Self {
            self.outbox.records.push(record);
            self.run(packet, conn, None)
        }

        /// A run of text, of a connection that has its number.
        fn text(mut self, packet: u64, conn: u64, number: u32, text: &str) -> Self {
            self.outbox.bytes.extend_from_slice(text.as_bytes());
            self.run(packet, conn, Some(number))
        }

        fn run(mut self, packet: u64, conn: u64, number: Option<u32>) -> Self {
            let (end, bytes_end) = (self.outbox.records.len(), self.outbox.bytes.len());
            let (opens, closes) = (false, false);
            self.runs.push(Run { packet, conn: id(conn), number, opens, closes, end, bytes_end });
            self
        }

        fn opens(mut self, given: &Given) -> Self {
            self.runs.last_mut().unwrap().opens = true;
            self.begun.push(Begun { key: None, given: Some(given.clone()) });
            self
        }

        fn closes(mut self) -> Self {
            self.runs.last_mut().unwrap().closes = true;
            self
        }
    }

    /// Delivers a block of two workers, each of which comes in these parts.
    fn deliver(merge: &mut Merge, parts: [Vec<Made<&'static str>>; 2]) -> String {
        let mut log = Log::default();
        let mut lanes = [Lane::default(), Lane::default()];
        let mut parts = parts.map(|parts| {
            let count = parts.len();
            let mut rest: VecDeque<_> = parts.into();
            rest.iter_mut().take(count - 1).for_each(|part| part.last = false);
            rest
        });
        for (lane, parts) in lanes.iter_mut().zip(&mut parts) {
            lane.load(parts.pop_front().unwrap());
        }
        let more = |n: usize, lane: &mut Lane<_>| _ = lane.load(parts[n].pop_front().unwrap());
        merge.deliver(&mut lanes, more, &mut log).unwrap();
        log.0.join(" ")
    }

    #[test]
    fn packets_are_in_order_and_text_of_one_worker_stays_together() {
        let mut merge = Merge::new(10);
        let (first, second) = (Given::default(), Given::default());
        let a = Made::default().record(3, 1, "opened").opens(&first).record(6, 1, "late");
        let b = Made::default().record(4, 2, "opened").opens(&second).record(5, 2, "early");
        assert_eq!(deliver(&mut merge, [vec![a], vec![b]]), "1:opened 2:opened 2:early 1:late |");
        assert_eq!((first.get(), second.get()), (Some(1), Some(2)));
        let a = Made::default().text(7, 1, 1, "a").text(8, 1, 1, "b").text(11, 1, 1, "c").closes();
        let b = Made::default().text(9, 2, 2, "d").text(10, 2, 2, "e").record(12, 2, "f").closes();
        assert_eq!(deliver(&mut merge, [vec![a], vec![b]]), "ab de c 2:f |");
        assert!(merge.numbers.is_empty());
    }

    #[test]
    fn parts_of_a_block_make_no_difference() {
        let given = [Given::default(), Given::default()];
        let mut merge = Merge::new(10);
        let opened = |conn, given| Made::default().record(conn, conn, "opened").opens(given);
        deliver(&mut merge, [vec![opened(1, &given[0])], vec![opened(2, &given[1])]]);
        let a = vec![
            Made::default().text(3, 1, 1, "a"),
            Made::default(),
            Made::default().text(7, 1, 1, "b").text(9, 1, 1, "c"),
        ];
        let b =
            vec![Made::default().text(4, 2, 2, "d").record(5, 2, "e"), Made::default().text(8, 2, 2, "f")];
        assert_eq!(deliver(&mut merge, [a, b]), "a d 2:e b f c |");
    }

    /// Several flows may have segments in one packet, and all end with the capture.
    #[test]
    fn what_belongs_to_one_packet_goes_by_connection() {
        let given = [Given::default(), Given::default(), Given::default()];
        let mut merge = Merge::new(10);
        let a = Made::default().record(1, 1, "o").opens(&given[0]).record(3, 3, "o").opens(&given[2]);
        let b = Made::default().record(2, 2, "o").opens(&given[1]);
        deliver(&mut merge, [vec![a], vec![b]]);
        let a = Made::default().text(9, 1, 1, "a").record(9, 3, "c").text(10, 1, 1, "d");
        let b = Made::default().record(9, 2, "b").text(11, 2, 2, "e");
        assert_eq!(deliver(&mut merge, [vec![a], vec![b]]), "a 2:b 3:c d e |");
    }
}
