//! Fragments of IP packets into their payloads, within bounds of bytes and of time.
//!
//! Fragments may come in any order and more than once. Where they overlap, the bytes that came first
//! stay. Fragments that cannot be (ends beyond 64 KiB, or beyond the last fragment) are thrown away
//! and counted. Of a fragment that the snap length cut, what is there is kept: the payload then ends
//! where the first byte is missing, and says how many bytes are.

use std::collections::{BTreeMap, HashMap};

use super::ip::{Addresses, Fragment, Payload};
use super::stats::PacketStats;
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
        time: Timestamp,
        stats: &mut PacketStats,
    ) -> Option<Reassembled> {
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
        Reassembled { protocol: self.protocol, bytes: self.bytes, missing: length - there }
    }

    fn allocated(&self) -> usize {
        self.bytes.capacity() + self.held.capacity() * size_of::<Range>()
    }
}

/// The longest payload of an IP packet that is not a jumbogram; fragments cannot make longer ones.
const MAX_LENGTH: u32 = 65_535;

/// What a waiting packet costs besides its bytes, in both maps, roughly.
const OVERHEAD: usize = 2 * size_of::<Datagram>();
