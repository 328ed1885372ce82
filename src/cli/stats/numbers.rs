//! What `wscope stats` counts.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use crate::time::Timestamp;
use crate::ws::fact::Message;

/// Upper ends of the size classes, and their names.
pub(super) const SIZES: [(u64, &str); 5] =
    [(125, "0 to 125"), (1_000, "to 1 k"), (65_535, "to 64 k"), (1 << 20, "to 1 M"), (u64::MAX, "over 1 M")];

/// Sums over messages and frames. Adding two gives the numbers of both.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub(super) kinds: [BTreeMap<&'static str, u64>; 2],
    pub(super) opcodes: BTreeMap<&'static str, u64>,
    pub(super) sizes: [u64; SIZES.len()],
    pub(super) largest: u64,
    pub(super) payload: [u64; 2],
    pub(super) masked: [u64; 2],
    pub(super) frames: [u64; 2],
    pub(super) fragmented: u64,
    pub(super) most_fragments: u64,
    pub(super) compressed: u64,
    pub(super) compressed_wire: u64,
    pub(super) compressed_payload: u64,
    pub(super) incomplete: u64,
    pub(super) close_codes: BTreeMap<u16, u64>,
    pub(super) rtt: Nanos,
    pub(super) handshake: Nanos,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    pub(super) series: BTreeMap<i64, [[u64; 2]; 2]>,
}

/// Durations in nanoseconds. A few are kept as they are, since a histogram takes kilobytes; many to
/// three significant figures.
#[derive(Debug, Default)]
pub(super) struct Nanos {
    few: Vec<i64>,
    many: Option<Box<Histogram<u64>>>,
}

/// As many durations as are kept one by one.
const FEW: usize = 1_000;

impl Nanos {
    pub(super) fn record(&mut self, nanos: i64) {
        self.few.push(nanos);
        if self.few.len() > FEW {
            self.many = self.histogram().map(Box::new);
            self.few.clear();
        }
    }

    fn add(&mut self, other: &Self) {
        if let Some(many) = &other.many {
            let mut sum = self.histogram();
            if let Some(sum) = &mut sum {
                // It grows on demand, so adding cannot fail.
                let _ = sum.add(many.as_ref());
            }
            self.many = sum.map(Box::new);
            self.few.clear();
        }
        other.few.iter().for_each(|nanos| self.record(*nanos));
    }

    /// All of them; `None` where there are none.
    pub(super) fn histogram(&self) -> Option<Histogram<u64>> {
        let mut all = match &self.many {
            Some(many) => Histogram::clone(many),
            None if self.few.is_empty() => return None,
            None => Histogram::new(3).ok()?,
        };
        for nanos in &self.few {
            // It grows on demand, so any value fits; `saturating_record` would cut at what it has now.
            let _ = all.record(u64::try_from(*nanos).unwrap_or(0));
        }
        Some(all)
    }
}

impl Numbers {
    pub(super) fn message(&mut self, message: &Message<'_>, every: Option<i64>) {
        let dir = message.dir.index();
        let time = message.last.time;
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        *self.kinds[dir].entry(message.kind.name()).or_default() += 1;
        self.incomplete += u64::from(!message.complete());
        if let Some(code) = message.close_code() {
            *self.close_codes.entry(code).or_default() += 1;
        }
        if let Some(every) = every {
            let [count, bytes] =
                &mut self.series.entry(time.nanos().div_euclid(every) * every).or_default()[dir];
            *count += 1;
            *bytes += message.len;
        }
        if !message.kind.is_data() {
            return;
        }
        self.payload[dir] += message.len;
        self.largest = self.largest.max(message.len);
        if let Some(class) = SIZES.iter().position(|(upper, _)| message.len <= *upper) {
            self.sizes[class] += 1;
        }
        self.fragmented += u64::from(message.frames > 1);
        self.most_fragments = self.most_fragments.max(message.frames);
        if message.compressed {
            self.compressed += 1;
            self.compressed_wire += message.wire_len;
            self.compressed_payload += message.len;
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        for dir in 0..2 {
            for (kind, count) in &other.kinds[dir] {
                *self.kinds[dir].entry(kind).or_default() += count;
            }
            self.payload[dir] += other.payload[dir];
            self.masked[dir] += other.masked[dir];
            self.frames[dir] += other.frames[dir];
        }
        for (opcode, count) in &other.opcodes {
            *self.opcodes.entry(opcode).or_default() += count;
        }
        for (code, count) in &other.close_codes {
            *self.close_codes.entry(*code).or_default() += count;
        }
        for (sum, count) in self.sizes.iter_mut().zip(other.sizes) {
            *sum += count;
        }
        for (bin, both) in &other.series {
            let sums = self.series.entry(*bin).or_default();
            for (sum, count) in sums.iter_mut().flatten().zip(both.iter().flatten()) {
                *sum += count;
            }
        }
        self.largest = self.largest.max(other.largest);
        self.fragmented += other.fragmented;
        self.most_fragments = self.most_fragments.max(other.most_fragments);
        self.compressed += other.compressed;
        self.compressed_wire += other.compressed_wire;
        self.compressed_payload += other.compressed_payload;
        self.incomplete += other.incomplete;
        self.rtt.add(&other.rtt);
        self.handshake.add(&other.handshake);
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = [self.last, other.last].into_iter().flatten().max();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_spans_are_not_cut_and_none_is_lost() {
        let mut all = Nanos::default();
        for part in 0..5 {
            let mut nanos = Nanos::default();
            for value in 0..700 * part {
                nanos.record(value * 1_000_000);
            }
            nanos.record(5_000_000_000);
            nanos.record(-1);
            all.add(&nanos);
        }
        let histogram = all.histogram().unwrap();
        assert_eq!(histogram.len(), 7_000 + 10);
        assert!((5_000_000_000..5_010_000_000).contains(&histogram.max()), "{}", histogram.max());
        assert!(Nanos::default().histogram().is_none());
    }
}
