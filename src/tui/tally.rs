//! Messages counted, in slices between frames: what the figures and the card of a connection show.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::model::Model;
use super::store::{Row, Store};
use crate::filter::{Running, heartbeat};
use crate::item::Dir;
use crate::time::Timestamp;
use crate::ws::fact::Kind;

/// Messages that are counted between two looks at the clock.
const SLICE: usize = 1 << 9;

/// Upper bounds of the classes of sizes, in payload bytes; what is larger is in a class of its own.
pub(super) const SIZES: [u64; 3] = [125, 1 << 10, 1 << 16];

/// Which messages are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Those that are shown, as long as they are the same ones.
    Shown(u64),
    /// Those of a connection.
    Conn(u32),
}

impl Source {
    /// The place of a message, by its index or, on a connection, its number; the next one where that is gone.
    fn place(self, model: &Model, index: usize) -> Option<(usize, usize)> {
        match self {
            Self::Shown(_) => model.shown.unsorted(&model.store, index).map(|place| (index, place)),
            Self::Conn(conn) => {
                let (n, place) = model.store.conn(conn)?.messages.since(index).next()?;
                Some((n, *place as usize))
            }
        }
    }
}

/// Delays, in nanoseconds.
#[derive(Debug)]
pub(super) struct Delays(Option<Histogram<u64>>);

impl Delays {
    fn new() -> Self {
        // Two figures, up to an hour. These bounds are valid.
        Self(Histogram::new_with_max(3_600_000_000_000, 2).ok())
    }

    fn record(&mut self, nanos: i64) {
        if let (Some(histogram), Ok(nanos)) = (&mut self.0, u64::try_from(nanos)) {
            histogram.saturating_record(nanos);
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, Histogram::len)
    }

    /// So many of a hundred are not longer.
    pub(super) fn percentile(&self, percent: f64) -> i64 {
        self.0.as_ref().map_or(0, |histogram| histogram.value_at_percentile(percent) as i64)
    }
}

/// Counts over time.
#[derive(Debug, Default)]
pub(super) struct Bins {
    /// The beginning of the first.
    pub(super) from: i64,
    /// The width of each, in nanoseconds.
    pub(super) width: i64,
    /// Messages of client and server.
    pub(super) counts: Vec<[u32; 2]>,
}

impl Bins {
    /// Bins of a width from a time on.
    pub(super) const fn new(from: Timestamp, width: i64) -> Self {
        Self { from: from.nanos(), width, counts: Vec::new() }
    }

    /// The bin of a time; what lies before the first is in that.
    pub(super) const fn index(&self, time: Timestamp) -> usize {
        let since = time.nanos().saturating_sub(self.from);
        if since <= 0 || self.width <= 0 { 0 } else { (since / self.width) as usize }
    }

    fn add(&mut self, time: Timestamp, dir: Dir, most: usize) {
        let index = self.index(time);
        if index >= most {
            return;
        }
        if index >= self.counts.len() {
            self.counts.resize(index + 1, [0; 2]);
        }
        if let Some(bin) = self.counts.get_mut(index) {
            bin[dir.index()] += 1;
        }
    }
}

/// The narrowest usual width (1, 2, 5, 10, … of a unit; 15, 30, 60 of seconds and minutes) with which a span has
/// at most so many bins, in nanoseconds.
pub(super) fn width(span: i64, most: u16) -> i64 {
    const WIDTHS: [i64; 30] = [
        1_000,
        2_000,
        5_000,
        10_000,
        20_000,
        50_000,
        100_000,
        200_000,
        500_000,
        1_000_000,
        2_000_000,
        5_000_000,
        10_000_000,
        20_000_000,
        50_000_000,
        100_000_000,
        200_000_000,
        500_000_000,
        1_000_000_000,
        2_000_000_000,
        5_000_000_000,
        10_000_000_000,
        30_000_000_000,
        60_000_000_000,
        300_000_000_000,
        900_000_000_000,
        3_600_000_000_000,
        14_400_000_000_000,
        86_400_000_000_000,
        604_800_000_000_000,
    ];
    let most = i64::from(most.max(1));
    let fits = |width: &&i64| span / **width < most;
    WIDTHS.iter().find(fits).copied().unwrap_or_else(|| span / most + 1)
}

/// Messages, counted.
#[derive(Debug)]
pub(super) struct Tally {
    source: Source,
    /// Messages that were looked at.
    pub(super) seen: usize,
    /// Messages by kind: text, binary, close, ping, pong.
    pub(super) kinds: [u64; 5],
    /// Data messages of client and server.
    pub(super) messages: [u64; 2],
    /// Their payload bytes.
    pub(super) payload: [u64; 2],
    /// Frames beyond each message's first.
    pub(super) continuations: u64,
    /// Data messages by size: see [`SIZES`].
    pub(super) sizes: [u64; SIZES.len() + 1],
    /// The largest message: payload bytes, and its place in the store.
    pub(super) largest: Option<(u64, usize)>,
    /// Compressed messages, their payload bytes, and these on the wire.
    pub(super) compressed: [u64; 3],
    /// Messages of several frames, and the most frames of one.
    pub(super) fragmented: (u64, u32),
    /// Messages of which a part is missing.
    pub(super) incomplete: u64,
    /// Heartbeats: Pings, Pongs, and messages in their place.
    pub(super) heartbeats: u64,
    /// From Ping to Pong.
    pub(super) rtt: Delays,
    /// From a data message to the first of the other side.
    pub(super) reply: Delays,
    /// The first and the last.
    pub(super) span: Option<(Timestamp, Timestamp)>,
    /// The longest time without a message, and when it began.
    pub(super) silence: Option<(i64, Timestamp)>,
    /// Over time.
    pub(super) bins: Bins,
    running: HashMap<u32, Running, foldhash::fast::RandomState>,
}

impl Tally {
    /// Nothing is counted yet.
    pub(super) fn new(source: Source, bins: Bins) -> Self {
        Self {
            source,
            seen: 0,
            kinds: [0; 5],
            messages: [0; 2],
            payload: [0; 2],
            continuations: 0,
            sizes: [0; SIZES.len() + 1],
            largest: None,
            compressed: [0; 3],
            fragmented: (0, 1),
            incomplete: 0,
            heartbeats: 0,
            rtt: Delays::new(),
            reply: Delays::new(),
            span: None,
            silence: None,
            bins,
            running: HashMap::default(),
        }
    }

    /// What it counts.
    pub(super) const fn source(&self) -> Source {
        self.source
    }

    /// Counts on for about so long. There are at most so many bins; what is beyond them is not in one. Says whether
    /// all is counted.
    pub(super) fn advance(&mut self, model: &Model, most_bins: usize, budget: Duration) -> bool {
        let since = Instant::now();
        loop {
            for _ in 0..SLICE {
                let Some((index, place)) = self.source.place(model, self.seen) else { return true };
                self.take(&model.store, place, most_bins);
                self.seen = index + 1;
            }
            if since.elapsed() >= budget {
                return false;
            }
        }
    }

    fn take(&mut self, store: &Store, place: usize, most_bins: usize) {
        let Some((row, preview)) = store.message(place) else { return };
        let Row { dir, kind, len, wire_len, frames, .. } = *row;
        let time = row.last.time;
        if let Some(count) = self.kinds.get_mut(kind as usize) {
            *count += 1;
        }
        if matches!(kind, Kind::Text | Kind::Binary) {
            self.messages[dir.index()] += 1;
            self.payload[dir.index()] += len;
            let class = SIZES.iter().position(|most| len <= *most).unwrap_or(SIZES.len());
            self.sizes[class] += 1;
            if self.largest.is_none_or(|(largest, _)| len > largest) {
                self.largest = Some((len, place));
            }
        }
        self.continuations += u64::from(frames.saturating_sub(1));
        if row.compressed {
            self.compressed[0] += 1;
            self.compressed[1] += len;
            self.compressed[2] += wire_len;
        }
        if frames > 1 {
            self.fragmented.0 += 1;
            self.fragmented.1 = self.fragmented.1.max(frames);
        }
        self.incomplete += u64::from(row.fault.is_some());
        self.heartbeats += u64::from(heartbeat(kind, preview.as_bytes()));
        let running = self.running.entry(row.conn).or_default();
        let facts = running.message(dir, kind, time, preview.as_bytes());
        if let Some(rtt) = facts.rtt {
            self.rtt.record(rtt);
        }
        if let Some(reply) = facts.reply {
            self.reply.record(reply);
        }
        self.span = Some(match self.span {
            None => (time, time),
            Some((first, last)) => {
                let silence = time.since(last);
                if self.silence.is_none_or(|(longest, _)| silence > longest) {
                    self.silence = Some((silence, last));
                }
                (first.min(time), last.max(time))
            }
        });
        self.bins.add(time, dir, most_bins);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_usual() {
        let second = 1_000_000_000;
        for (span, most, expected) in [
            (0, 100, 1_000),
            (second, 100, 20_000_000),
            (99 * second, 100, second),
            (101 * second, 100, 2 * second),
            (3_600 * second, 100, 60 * second),
            (i64::MAX, 100, i64::MAX / 100 + 1),
        ] {
            assert_eq!(width(span, most), expected, "{span}");
            assert!(span / width(span, most) < i64::from(most));
        }
    }

    #[test]
    fn bins_hold_their_times() {
        let at = Timestamp::from_nanos;
        let mut bins = Bins::new(at(1_000), 10);
        for (nanos, dir) in
            [(1_000, Dir::C2s), (1_009, Dir::S2c), (1_010, Dir::S2c), (990, Dir::C2s), (1_900, Dir::C2s)]
        {
            bins.add(at(nanos), dir, 5);
        }
        assert_eq!(bins.counts, [[2, 1], [0, 1]]);
    }
}
