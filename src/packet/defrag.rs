//! Fragments of IP packets into their payloads, within bounds of bytes and of time.
//!
//! Fragments may come in any order and more than once. Where they overlap, the bytes that came first
//! stay. Fragments that cannot be (ends beyond 64 KiB, or beyond the last fragment) are thrown away
//! and counted. Of a fragment that the snap length cut, what is there is kept: the payload then ends
//! where the first byte is missing, and says how many bytes are.

use std::collections::{BTreeMap, HashMap};

use super::ip::{Addresses, Fragment, Payload};
use super::stats::PacketStats;
use super::transport::Origin;
use crate::capture::source::Numbered;
use crate::limits::Limits;
use crate::time::Timestamp;

/// The fragments that wait for others.
#[derive(Debug)]
pub(super) struct Pool {
    /// The oldest packet first.
    datagrams: BTreeMap<u64, Datagram>,
    serials: HashMap<Key, u64, foldhash::fast::RandomState>,
    next_serial: u64,
    /// Bytes allocated.
    allocated: usize,
    limit: usize,
    patience: i64,
}

/// The payload of an IP packet put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reassembled {
    /// The number of the protocol, as the first fragment says.
    pub(super) protocol: u8,
    /// The bytes that are there.
    pub(super) bytes: Vec<u8>,
    /// How many more there were on the wire.
    pub(super) missing: u32,
    /// The packets that brought it; the last is the one that completed it.
    pub(super) packets: Vec<Numbered>,
}

impl Pool {
    /// An empty pool.
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            datagrams: BTreeMap::new(),
            serials: HashMap::default(),
            next_serial: 0,
            allocated: 0,
            limit: limits.fragment_bytes,
            patience: limits.fragment_nanos,
        }
    }

    /// Takes a fragment; the whole payload where this one completes it.
    pub(super) fn add(
        &mut self,
        key: Key,
        fragment: Fragment,
        part: Payload<'_>,
        origin: &Origin<'_>,
        stats: &mut PacketStats,
    ) -> Option<Reassembled> {
        let time = origin.at.time;
        self.expire(time, stats);
        let serial = *self.serials.entry(key).or_insert_with(|| {
            self.next_serial += 1;
            self.next_serial
        });
        let datagram = self.datagrams.entry(serial).or_insert_with(|| {
            self.allocated += OVERHEAD;
            Datagram { key, since: time, ..Datagram::default() }
        });
        let before = datagram.allocated();
        let valid = datagram.add(fragment, part);
        if valid {
            datagram.packets.extend_from_slice(origin.earlier);
            datagram.packets.push(Numbered { number: origin.at.packet, packet: *origin.packet });
        }
        self.allocated = self.allocated - before + datagram.allocated();
        stats.fragments_invalid += u64::from(!valid);

        let complete = datagram.is_complete();
        let empty = datagram.held.is_empty();
        let done = (complete || empty).then(|| self.remove(serial)).flatten();
        while self.allocated > self.limit {
            let Some((&oldest, _)) = self.datagrams.first_key_value() else { break };
            self.remove(oldest);
            stats.fragments_over_limit += 1;
        }
        stats.fragment_bytes = self.allocated as u64;
        if !complete {
            return None;
        }
        stats.reassembled += 1;
        done.map(Datagram::finish)
    }

    /// Gives up what has waited too long. The oldest are first, whatever the capture's clock did since.
    fn expire(&mut self, now: Timestamp, stats: &mut PacketStats) {
        while let Some((&oldest, datagram)) = self.datagrams.first_key_value()
            && now.since(datagram.since) > self.patience
        {
            self.remove(oldest);
            stats.fragments_timed_out += 1;
        }
    }

    fn remove(&mut self, serial: u64) -> Option<Datagram> {
        let datagram = self.datagrams.remove(&serial)?;
        self.serials.remove(&datagram.key);
        self.allocated -= datagram.allocated() + OVERHEAD;
        Some(datagram)
    }
}

/// What the fragments of one packet have in common (RFC 791 section 3.2, RFC 8200 section 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    addresses: Addresses,
    id: u32,
    /// IPv4's protocol; for IPv6 only the first fragment's counts, so it is no part of the key.
    protocol: Option<u8>,
}

impl Key {
    /// The key of an IPv4 fragment.
    pub(super) const fn v4(addresses: Addresses, id: u32, protocol: u8) -> Self {
        Self { addresses, id, protocol: Some(protocol) }
    }

    /// The key of an IPv6 fragment.
    pub(super) const fn v6(addresses: Addresses, id: u32) -> Self {
        Self { addresses, id, protocol: None }
    }
}

impl Default for Key {
    fn default() -> Self {
        Self::v6(Addresses { source: [0; 16], destination: [0; 16] }, 0)
    }
}

/// The fragments of one packet so far.
#[derive(Debug, Default)]
struct Datagram {
    key: Key,
    /// When its first fragment to come came.
    since: Timestamp,
    /// As the fragment at offset 0 says, or the first to come.
    protocol: u8,
    bytes: Vec<u8>,
    /// What fragments have covered, in order, neither overlapping nor touching.
    held: Vec<Range>,
    /// The payload's length, once the last fragment has come.
    length: Option<u32>,
    /// Where the first byte is that a fragment covers, but the capture cut off.
    hole: Option<u32>,
    /// What it came with.
    packets: Vec<Numbered>,
}

/// From (inclusive), to (exclusive).
type Range = (u32, u32);

impl Datagram {
    /// Takes a fragment; false where it cannot be one.
    fn add(&mut self, fragment: Fragment, part: Payload<'_>) -> bool {
        let Ok(mut length) = u32::try_from(part.bytes.len()) else { return false };
        length = length.saturating_add(part.missing);
        if fragment.more {
            // All but the last must be multiples of eight bytes; receivers drop what is beyond.
            length &= !7;
        }
        let (start, end) = (fragment.offset, fragment.offset.saturating_add(length));
        if length == 0 || end > MAX_LENGTH || self.length.is_some_and(|known| end > known) {
            return false;
        }
        if !fragment.more {
            // A last fragment that contradicts an earlier one, or what lies beyond its end.
            let beyond = self.held.last().is_some_and(|&(_, to)| to > end);
            if beyond || self.length.is_some_and(|known| known != end) {
                return false;
            }
            self.length = Some(end);
        }
        if start == 0 || self.held.is_empty() {
            self.protocol = part.protocol;
        }
        if self.bytes.len() < end as usize {
            self.bytes.resize(end as usize, 0);
        }
        self.cover(start, end, part.bytes);
        true
    }

    /// Copies what is new of a fragment and remembers that it came.
    fn cover(&mut self, start: u32, end: u32, part: &[u8]) {
        let first = self.held.partition_point(|&(_, to)| to < start);
        let (mut last, mut position, mut union) = (first, start, (start, end));
        while let Some(&(from, to)) = self.held.get(last)
            && from <= end
        {
            self.copy(position, from, start, part);
            position = position.max(to);
            union = (union.0.min(from), union.1.max(to));
            last += 1;
        }
        self.copy(position, end, start, part);
        self.held.splice(first..last, [union]);
    }

    /// Copies the bytes `from..to` of the payload out of a fragment that begins at `start`.
    fn copy(&mut self, from: u32, to: u32, start: u32, part: &[u8]) {
        if from >= to {
            return;
        }
        let there = to.min(start.saturating_add(part.len() as u32)).max(from);
        let source = part.get((from - start) as usize..(there - start) as usize);
        let target = self.bytes.get_mut(from as usize..there as usize);
        if let (Some(source), Some(target)) = (source, target) {
            target.copy_from_slice(source);
        }
        if there < to {
            self.hole = Some(self.hole.map_or(there, |hole| hole.min(there)));
        }
    }

    fn is_complete(&self) -> bool {
        self.length.is_some_and(|length| self.held.as_slice() == [(0, length)])
    }

    fn finish(mut self) -> Reassembled {
        let length = self.bytes.len() as u32;
        let there = self.hole.unwrap_or(length).min(length);
        self.bytes.truncate(there as usize);
        Reassembled {
            protocol: self.protocol,
            bytes: self.bytes,
            missing: length - there,
            packets: self.packets,
        }
    }

    fn allocated(&self) -> usize {
        self.bytes.capacity()
            + self.held.capacity() * size_of::<Range>()
            + self.packets.capacity() * size_of::<Numbered>()
    }
}

/// The longest payload of an IP packet that is not a jumbogram; fragments cannot make longer ones.
const MAX_LENGTH: u32 = 65_535;

/// What a waiting packet costs besides its bytes, in both maps, roughly.
const OVERHEAD: usize = 2 * size_of::<Datagram>();

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::item::At;
    use crate::packet::segment::Place;

    const KEY: Key = Key::v6(Addresses { source: [1; 16], destination: [2; 16] }, 3);

    fn key(id: u32) -> Key {
        Key { id, ..KEY }
    }

    struct Test {
        pool: Pool,
        stats: PacketStats,
        now: i64,
    }

    impl Test {
        fn new() -> Self {
            Self { pool: Pool::new(&Limits::default()), stats: PacketStats::default(), now: 0 }
        }

        fn limited(bytes: usize) -> Self {
            let limits = Limits { fragment_bytes: bytes, ..Limits::default() };
            Self { pool: Pool::new(&limits), ..Self::new() }
        }

        fn add(&mut self, key: Key, offset: u32, more: bool, bytes: &[u8]) -> Option<Reassembled> {
            self.add_cut(key, offset, more, bytes, 0)
        }

        fn add_cut(
            &mut self,
            key: Key,
            offset: u32,
            more: bool,
            bytes: &[u8],
            missing: u32,
        ) -> Option<Reassembled> {
            let fragment = Fragment { id: key.id, offset, more };
            // Only the first fragment's protocol counts.
            let protocol = if offset == 0 { 6 } else { 99 };
            let part = Payload { protocol, bytes, missing, fragment: Some(fragment) };
            let packet = crate::packet::testing::captured(1, bytes, bytes.len(), self.now);
            let at = At { packet: 1, time: packet.time };
            let origin = Origin { bytes, place: Place::default(), at, packet: &packet, earlier: &[] };
            let mut result = self.pool.add(key, fragment, part, &origin, &mut self.stats);
            let sum: usize = self.pool.datagrams.values().map(|d| d.allocated() + OVERHEAD).sum();
            assert_eq!(self.pool.allocated, sum);
            assert_eq!(self.pool.datagrams.len(), self.pool.serials.len());
            assert!(sum <= self.pool.limit);
            if let Some(whole) = &mut result {
                assert!(whole.packets.drain(..).count() > 0);
            }
            result
        }
    }

    fn whole(bytes: &[u8]) -> Option<Reassembled> {
        Some(Reassembled { protocol: 6, bytes: bytes.to_vec(), missing: 0, packets: Vec::new() })
    }

    #[test]
    fn any_order_and_duplicates() {
        let mut test = Test::new();
        assert_eq!(test.add(KEY, 16, false, b"end"), None);
        assert_eq!(test.add(KEY, 16, false, b"end"), None);
        assert_eq!(test.add(KEY, 0, true, b"01234567"), None);
        assert_eq!(test.add(key(4), 8, true, b"other!!!"), None);
        assert_eq!(test.add(KEY, 8, true, b"89abcdef"), whole(b"0123456789abcdefend"));
        assert_eq!((test.stats.reassembled, test.pool.datagrams.len()), (1, 1));
    }

    #[test]
    fn the_bytes_that_came_first_stay() {
        let mut test = Test::new();
        test.add(KEY, 8, true, b"BBBBBBBB");
        test.add(KEY, 0, true, b"AAAAAAAAxxxxxxxxCCCCCCCC");
        assert_eq!(test.add(KEY, 16, false, b"yyyyyyyyD"), whole(b"AAAAAAAABBBBBBBBCCCCCCCCD"));
    }

    #[test]
    fn what_cannot_be_is_thrown_away() {
        let mut test = Test::new();
        assert_eq!(test.add(KEY, 65_528, false, &[0; 8]), None);
        assert_eq!(test.add(KEY, 0, true, &[0; 7]), None);
        assert_eq!(test.add(KEY, 0, true, &[]), None);
        assert_eq!((test.stats.fragments_invalid, test.pool.allocated), (3, 0));
        // Two ends, and something beyond the end.
        test.add(KEY, 8, false, b"end");
        test.add(KEY, 8, false, b"another");
        test.add(KEY, 8, false, b"e");
        test.add(KEY, 16, true, b"beyond..");
        assert_eq!(test.stats.fragments_invalid, 6);
        assert_eq!(test.add(KEY, 0, true, b"01234567"), whole(b"01234567end"));
        // Teardrop: the last fragment ends within the first.
        test.add(KEY, 0, true, &[b'a'; 40]);
        assert_eq!(test.add(KEY, 24, false, b"tiny"), None);
        assert_eq!(test.stats.fragments_invalid, 7);
    }

    #[test]
    fn the_longest() {
        let mut test = Test::new();
        assert_eq!(test.add(KEY, 65_528, false, &[7; 7]), None);
        assert_eq!(test.add(KEY, 0, true, &[7; 65_528]), whole(&[7; 65_535]));
    }

    #[test]
    fn cut_fragments_give_what_comes_before_the_cut() {
        let mut test = Test::new();
        test.add_cut(KEY, 0, true, b"0123456789", 14);
        let result = test.add_cut(KEY, 24, false, b"abcd", 4);
        assert_eq!(
            result,
            Some(Reassembled {
                protocol: 6,
                bytes: b"0123456789".to_vec(),
                missing: 22,
                packets: Vec::new()
            })
        );
        // A retransmission does not fill the hole: the first to come stays.
        test.add_cut(KEY, 8, false, b"ab", 2);
        let result = test.add(KEY, 0, true, b"01234567");
        assert_eq!(
            result,
            Some(Reassembled { protocol: 6, bytes: b"01234567ab".to_vec(), missing: 2, packets: Vec::new() })
        );
    }

    #[test]
    fn patience_ends() {
        let mut test = Test::new();
        test.add(KEY, 0, true, b"01234567");
        test.now = Limits::default().fragment_nanos;
        test.add(key(4), 0, true, b"01234567");
        test.now += 1;
        assert_eq!(test.add(KEY, 8, false, b"late"), None);
        assert_eq!((test.stats.fragments_timed_out, test.pool.datagrams.len()), (1, 2));
        // A clock that goes back gives nothing up.
        test.now = 0;
        assert!(test.add(key(4), 8, false, b"end").is_some());
    }

    #[test]
    fn the_oldest_go_first() {
        let mut test = Test::limited(10_000);
        for id in 0..100 {
            test.add(key(id), 0, true, &[0; 800]);
        }
        assert!(test.stats.fragments_over_limit > 80);
        assert!(test.add(key(99), 800, false, b"end").is_some());
        assert!(test.add(key(0), 800, false, b"end").is_none());
        // Larger than everything allowed.
        assert!(test.add(key(200), 60_000, true, &[0; 8]).is_none());
        assert_eq!(test.pool.allocated, 0);
    }

    proptest! {
        #[test]
        fn arbitrary_fragments_stay_within_bounds(
            fragments in prop::collection::vec((0_u32..4, 0_u32..8_192, any::<bool>(), 0_usize..2_000), 0..200),
        ) {
            let mut test = Test::limited(100_000);
            for (id, offset, more, length) in fragments {
                test.add(key(id), offset * 8, more, &vec![0; length]);
            }
        }

        #[test]
        fn shuffled_fragments_give_the_packet(
            bytes in prop::collection::vec(any::<u8>(), 1..600),
            order in Just((0_u32..75).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let mut test = Test::new();
            let mut result = None;
            for offset in order.into_iter().map(|index| index * 8) {
                let start = offset as usize;
                if start < bytes.len() {
                    let end = bytes.len().min(start + 8);
                    prop_assert!(result.is_none());
                    result = test.add(KEY, offset, end < bytes.len(), &bytes[start..end]);
                }
            }
            prop_assert_eq!(result, whole(&bytes));
        }
    }
}
