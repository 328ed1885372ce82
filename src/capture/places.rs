//! Where the packets of one flow lie, in as few bytes as can be: what is needed to read them again.
//!
//! Each packet is told by its difference from the one before, in variable-length integers (7 bits a byte,
//! least significant first). Most packets of a flow are of the same source and link type, were not cut, and
//! come soon after one another: some ten bytes each.

use super::source::{LinkType, Numbered, Packet};
use crate::time::Timestamp;

/// What differences start from.
const NOTHING: Numbered = Numbered {
    number: 0,
    packet: Packet {
        offset: 0,
        len: 0,
        wire_len: 0,
        link: LinkType(0),
        source: 0,
        file_offset: 0,
        time: Timestamp::from_nanos(0),
    },
};

/// The first number of an entry, besides the difference of packet numbers in its upper bits: source, link
/// type and length on the wire follow.
const ALL: u64 = 1;
/// The first number of an entry: the difference of times is in microseconds.
const MICROS: u64 = 2;

/// Writes places, a heap at a time. All heaps of a flow together, in order, are for [`read`].
#[derive(Debug)]
pub struct Writer {
    last: Numbered,
    bytes: Vec<u8>,
}

impl Default for Writer {
    fn default() -> Self {
        Self { last: NOTHING, bytes: Vec::new() }
    }
}

impl Writer {
    /// Adds a packet. One that was added last is not added again.
    pub fn push(&mut self, next: &Numbered) {
        let Self { last: Numbered { number, packet: last }, bytes } = self;
        if next.number == *number {
            return;
        }
        let packet = &next.packet;
        let all = packet.source != last.source || packet.link != last.link || packet.wire_len != packet.len;
        let nanos = packet.time.nanos().wrapping_sub(last.time.nanos());
        let micros = nanos % 1_000 == 0;
        let head = zigzag(next.number.wrapping_sub(*number) as i64) << 2;
        put(bytes, head | if all { ALL } else { 0 } | if micros { MICROS } else { 0 });
        put(bytes, zigzag(packet.file_offset.wrapping_sub(last.file_offset) as i64));
        put(bytes, packet.len.into());
        put(bytes, zigzag(if micros { nanos / 1_000 } else { nanos }));
        if all {
            put(bytes, packet.source.into());
            put(bytes, packet.link.0.into());
            put(bytes, packet.wire_len.into());
        }
        self.last = Numbered { packet: Packet { offset: 0, ..*packet }, ..*next };
    }

    /// What was written since the last [`Writer::clear`].
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets what was written; what follows continues it all the same.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }
}

/// Reads places, all heaps of a flow in order. What comes is what was added, in the same order:
/// [`Packet::offset`] is 0.
pub fn read(bytes: &[u8]) -> impl Iterator<Item = Numbered> {
    let (mut rest, mut reader) = (bytes, Reader::default());
    std::iter::from_fn(move || reader.next(&mut rest))
}

/// Reads places a heap at a time, those of a flow in order.
#[derive(Debug)]
pub struct Reader {
    last: Numbered,
}

impl Default for Reader {
    fn default() -> Self {
        Self { last: NOTHING }
    }
}

impl Reader {
    /// The next packet of a heap, which is shortened by its entry; `None` at the end.
    pub fn next(&mut self, heap: &mut &[u8]) -> Option<Numbered> {
        self.last = entry(heap, &self.last)?;
        Some(self.last)
    }
}

/// The next entry; `None` at the end.
fn entry(rest: &mut &[u8], last: &Numbered) -> Option<Numbered> {
    let head = take(rest)?;
    let number = last.number.wrapping_add(unzigzag(head >> 2) as u64);
    let Packet { file_offset, time, .. } = last.packet;
    let file_offset = file_offset.wrapping_add(unzigzag(take(rest)?) as u64);
    let len = take(rest)? as u32;
    let delta = unzigzag(take(rest)?);
    let nanos = if head & MICROS == 0 { delta } else { delta.wrapping_mul(1_000) };
    let time = Timestamp::from_nanos(time.nanos().wrapping_add(nanos));
    let mut packet = Packet { len, wire_len: len, file_offset, time, ..last.packet };
    if head & ALL != 0 {
        packet.source = take(rest)? as u16;
        packet.link = LinkType(take(rest)? as u16);
        packet.wire_len = take(rest)? as u32;
    }
    Some(Numbered { number, packet })
}

/// Signed numbers near 0 as small unsigned ones.
const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

const fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            break;
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbered() -> impl Strategy<Value = Numbered> {
        // A number has two bits less than its neighbours: packets are counted.
        let number = 1..1_u64 << 60;
        (number, any::<(u32, u32, u16, u16, u64, i64)>(), any::<bool>()).prop_map(
            |(number, (len, more, link, source, file_offset, time), plain)| {
                let wire_len = if plain { len } else { len.saturating_add(more) };
                let (link, source) = (LinkType(link % 3), source % 3);
                let time = Timestamp::from_nanos(if plain { time / 2_000 * 1_000 } else { time });
                let packet = Packet { offset: 0, len, wire_len, link, source, file_offset, time };
                Numbered { number, packet }
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(mut packets in prop::collection::vec(numbered(), 0..20), heap in 1..5_usize) {
            packets.dedup_by_key(|packet| packet.number);
            let mut writer = Writer::default();
            let (mut bytes, mut heaps) = (Vec::new(), Vec::new());
            for heap in packets.chunks(heap) {
                heap.iter().for_each(|packet| writer.push(packet));
                heap.iter().rev().take(1).for_each(|packet| writer.push(packet));
                bytes.extend_from_slice(writer.bytes());
                heaps.push(writer.bytes().to_vec());
                writer.clear();
            }
            prop_assert_eq!(read(&bytes).collect::<Vec<_>>(), &packets[..]);
            let (mut reader, mut found) = (Reader::default(), Vec::new());
            for mut heap in heaps.iter().map(|heap| &heap[..]) {
                found.extend(std::iter::from_fn(|| reader.next(&mut heap)));
            }
            prop_assert_eq!(found, packets);
        }

        #[test]
        fn anything_is_read(bytes: Vec<u8>) {
            prop_assert!(read(&bytes).count() <= bytes.len());
        }
    }

    #[test]
    fn a_packet_takes_few_bytes() {
        let mut writer = Writer::default();
        for number in 1..=100_u64 {
            let time = Timestamp::from_nanos(1_800_000_000_000_000_000 + number as i64 * 20_000_000);
            let packet =
                Packet { len: 1_200, wire_len: 1_200, file_offset: number * 200_000, time, ..NOTHING.packet };
            writer.push(&Numbered { number: number * 1_000, packet });
        }
        assert!(writer.bytes().len() < 1_120, "{}", writer.bytes().len());
    }
}
