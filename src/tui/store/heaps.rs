//! The places of a flow's packets, in heaps, so that none is ever moved.

use crate::capture::places::{self, Reader, Writer};

/// Bytes of a heap that are not exceeded.
const HEAP: usize = 64 << 10;

/// Packets at the beginning of a flow that stay when others go: the handshake is in them.
const HEAD: usize = 64;

/// Nanoseconds of a year.
const YEAR: u64 = 365 * 86_400 * 1_000_000_000;

/// Heaps of places. Only the last is added to.
#[derive(Debug, Default)]
pub(super) struct Heaps {
    heaps: Vec<Vec<u8>>,
    /// Connections of the flow.
    pub(super) conns: u32,
    /// Bytes of the packets, where that is counted.
    pub(super) packets: u64,
    reader: Reader,
    /// What came first went with an earlier connection of the flow: what comes now cannot be read without it.
    lost: bool,
    /// The last packet of the handshake, where packets behind it went: then as many as are in the head stay.
    head: Option<u64>,
}

impl Heaps {
    /// Adds places of flow `flow`; `counted`: returns the bytes of their packets, and takes no places without those before.
    pub(super) fn extend(&mut self, flow: u64, bytes: &[u8], counted: bool) -> u64 {
        if counted && self.heaps.is_empty() {
            // A flow is called as its first packet. What is not the first may look like it, but then its time is a
            // difference, not a date.
            let first = places::read(bytes).next();
            self.lost |= first
                .is_none_or(|first| first.number != flow || first.packet.time.nanos().unsigned_abs() < YEAR);
        }
        if self.lost {
            return 0;
        }
        match self.heaps.last_mut() {
            Some(last) if last.len() + bytes.len() <= HEAP => last.extend_from_slice(bytes),
            _ => self.heaps.push(bytes.to_vec()),
        }
        if !counted {
            return 0;
        }
        let (mut rest, mut sum) = (bytes, 0);
        while let Some(packet) = self.reader.next(&mut rest) {
            sum += u64::from(packet.packet.len);
        }
        self.packets += sum;
        sum
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<u8> {
        self.heaps.concat()
    }

    /// Lets go of packets before number `from`, but for those up to number `head`, in which the handshake is. Returns the
    /// places of those that went.
    pub(super) fn trim(&mut self, head: u64, from: u64) -> Vec<u8> {
        let head = *self.head.get_or_insert(head);
        let all = self.all();
        let (mut writer, mut gone, mut kept) = (Writer::default(), Writer::default(), 0);
        let mut packets = places::read(&all).enumerate().peekable();
        while let Some((n, packet)) = packets.next() {
            let len = u64::from(packet.packet.len);
            // What comes is told by its difference from the last: that stays in any case.
            if packet.number >= from || n < HEAD && packet.number <= head || packets.peek().is_none() {
                writer.push(&packet);
                kept += len;
            } else {
                gone.push(&packet);
            }
        }
        drop(packets);
        self.heaps = vec![writer.bytes().to_vec()];
        self.packets = kept;
        gone.bytes().to_vec()
    }

    /// Bytes of memory, as allocated.
    pub(super) fn bytes(&self) -> usize {
        self.heaps.iter().map(Vec::capacity).sum::<usize>() + self.heaps.capacity() * size_of::<Vec<u8>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::source::{LinkType, Numbered, Packet};
    use crate::time::Timestamp;

    fn packet(number: u64) -> Numbered {
        let packet = Packet {
            offset: 0,
            len: 100,
            wire_len: 100,
            link: LinkType(1),
            source: 0,
            file_offset: number * 1_000,
            time: Timestamp::from_nanos(1_800_000_000_000_000_000 + number as i64 * 1_000_000),
        };
        Numbered { number, packet }
    }

    #[test]
    fn the_handshake_and_what_came_later_stay() {
        let (mut writer, mut heaps) = (Writer::default(), Heaps::default());
        let mut add = |heaps: &mut Heaps, numbers: std::ops::RangeInclusive<u64>| {
            numbers.for_each(|number| writer.push(&packet(number)));
            let sum = heaps.extend(1, writer.bytes(), true);
            writer.clear();
            sum
        };
        let numbers = |bytes: &[u8]| places::read(bytes).map(|packet| packet.number).collect::<Vec<_>>();
        assert_eq!(add(&mut heaps, 1..=50), 5_000);
        let went = heaps.trim(4, 20);
        assert_eq!(numbers(&went), (5..20).collect::<Vec<_>>());
        assert_eq!(heaps.packets, 3_500);
        // What comes later is read on.
        add(&mut heaps, 51..=60);
        // All went but the last, by which the next is told.
        heaps.trim(9, 100);
        add(&mut heaps, 61..=62);
        assert_eq!(numbers(&heaps.all()), [1, 2, 3, 4, 60, 61, 62]);
        assert!(places::read(&heaps.all()).all(|it| it == packet(it.number)));
        assert_eq!(heaps.packets, 700);
        // Without what came before, it cannot be told what they are.
        let mut later = Heaps::default();
        assert_eq!(add(&mut later, 63..=65), 0);
        assert_eq!((later.all(), later.packets), (Vec::new(), 0));
    }
}
