//! What must hold for any segmentation, order, duplication and loss.

use proptest::collection::vec;
use proptest::prelude::*;

use super::wire::{Packet, Seen, What, Wire};
use crate::item::{Dir, End, Missing};
use crate::packet::segment::Flags;

const ACK: u8 = Flags::ACK;

/// A client stream, how it is cut into segments, and where it starts.
#[derive(Clone, Debug)]
struct Plan {
    stream: Vec<u8>,
    /// Lengths of segments, until the stream is used up.
    lens: Vec<usize>,
    isn: [u32; 2],
    fin_apart: bool,
}

fn plan() -> impl Strategy<Value = Plan> {
    let isn = prop_oneof![Just(u32::MAX), any::<u32>(), (u32::MAX - 400)..=u32::MAX];
    (
        vec(1_u8..=255, 0..400),
        vec(prop_oneof![Just(1_usize), 1_usize..60], 1..60),
        isn,
        any::<u32>(),
        any::<bool>(),
    )
        .prop_map(|(stream, lens, client, server, fin_apart)| Plan {
            stream,
            lens,
            isn: [client, server],
            fin_apart,
        })
}

impl Plan {
    fn wire(&self) -> Wire {
        let mut wire = Wire::new();
        wire.isn = self.isn;
        wire.run("c S -; s S; c");
        wire
    }

    /// The segments' places in the stream.
    fn segments(&self) -> Vec<(usize, usize)> {
        let mut lens = self.lens.iter().cycle();
        let mut segments = Vec::new();
        let mut start = 0;
        while start < self.stream.len() {
            let end = (start + lens.next().unwrap()).min(self.stream.len());
            segments.push((start, end));
            start = end;
        }
        if self.fin_apart || segments.is_empty() {
            segments.push((start, start));
        }
        segments
    }

    /// Bytes `start..end`, with FIN where they end the stream (and `start..end` is a planned segment).
    fn data(&self, start: usize, end: usize) -> Packet {
        Packet {
            client: true,
            seq: self.isn[0].wrapping_add(1).wrapping_add(start as u32),
            ack: self.isn[1].wrapping_add(1),
            flags: ACK,
            payload: self.stream[start..end].to_vec(),
            cut: 0,
            millis: 1,
        }
    }

    fn planned(&self, index: usize, segments: &[(usize, usize)]) -> Packet {
        let (start, end) = segments[index];
        let mut packet = self.data(start, end);
        if index + 1 == segments.len() {
            packet.flags |= Flags::FIN;
        }
        packet
    }

    /// The server acknowledges all before `end`.
    fn ack(&self, end: usize) -> Packet {
        Packet {
            client: false,
            seq: self.isn[1].wrapping_add(1),
            ack: self.isn[0].wrapping_add(1).wrapping_add(end as u32),
            flags: ACK,
            millis: 1,
            ..Packet::default()
        }
    }
}

/// Moves each data packet back by at most `delays` packets. Acknowledgements keep their order.
fn reorder(packets: Vec<Packet>, delays: &[usize]) -> Vec<Packet> {
    let delays = delays.iter().cycle();
    let mut keyed: Vec<_> = packets
        .into_iter()
        .zip(delays)
        .enumerate()
        .map(|(i, (packet, delay))| (i + if packet.client { *delay } else { 2 }, packet))
        .collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, packet)| packet).collect()
}

fn ends(seen: &[Seen], dir: Dir) -> Vec<End> {
    let ends = seen.iter().filter(|seen| seen.dir == dir).filter_map(|seen| match seen.what {
        What::End(end) => Some(end),
        _ => None,
    });
    ends.collect()
}

/// Nothing follows the one end of a direction.
fn well_formed(wire: &Wire) -> Result<(), TestCaseError> {
    for dir in Dir::BOTH {
        let items: Vec<&What> = wire
            .seen
            .iter()
            .filter(|seen| seen.dir == dir && !matches!(seen.what, What::Conflict(..) | What::Limit(_)))
            .map(|seen| &seen.what)
            .collect();
        let end = items.iter().position(|what| matches!(what, What::End(_)));
        prop_assert!(end.is_none_or(|end| end + 1 == items.len()), "{items:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_duplication_gives_the_stream(
        plan in plan(),
        delays in vec(0_usize..40, 1..50),
        copies in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1_usize..120), 0..30),
        acks in vec(any::<bool>(), 1..20),
    ) {
        let segments = plan.segments();
        let mut packets: Vec<Packet> = (0..segments.len()).map(|i| plan.planned(i, &segments)).collect();
        for (at, start, len) in copies {
            if !plan.stream.is_empty() {
                let start = start.index(plan.stream.len());
                let copy = plan.data(start, (start + len).min(plan.stream.len()));
                packets.insert(at.index(packets.len() + 1), copy);
            }
        }
        let mut wire = plan.wire();
        for (packet, ack) in reorder(packets, &delays).iter().zip(acks.iter().cycle()) {
            wire.send(packet);
            if *ack {
                let there = wire.stream(Dir::C2s).len();
                wire.send(&plan.ack(there));
            }
        }
        let stream: Vec<Option<u8>> = plan.stream.iter().copied().map(Some).collect();
        prop_assert_eq!(wire.stream(Dir::C2s), stream);
        prop_assert_eq!(ends(&wire.seen, Dir::C2s), [End::Fin]);
        prop_assert!(!wire.seen.iter().any(|seen| matches!(seen.what, What::Conflict(..) | What::Limit(_))));
        prop_assert_eq!(wire.connection.as_ref().unwrap().held_of(Dir::C2s), (0, 0));
        well_formed(&wire)?;
    }

    #[test]
    fn what_the_capture_lost_is_a_gap_in_its_place(
        plan in plan(),
        fates in vec(prop_oneof![3 => Just(0_u32), 1 => Just(u32::MAX), 1 => 1_u32..60], 1..60),
        acks in vec(any::<bool>(), 1..20),
        delays in vec(0_usize..4, 1..50),
    ) {
        let segments = plan.segments();
        let mut packets = Vec::new();
        let mut expected: Vec<Option<u8>> = plan.stream.iter().copied().map(Some).collect();
        let fates = fates.iter().cycle();
        for (i, (fate, ack)) in fates.zip(acks.iter().cycle()).take(segments.len()).enumerate() {
            let (_, end) = segments[i];
            let mut packet = plan.planned(i, &segments);
            let lost = (*fate as usize).min(packet.payload.len());
            expected[end - lost..end].fill(None);
            packet.payload.truncate(packet.payload.len() - lost);
            packet.cut = lost as u32;
            if *fate != u32::MAX || packet.flags & Flags::FIN != 0 {
                packets.push(packet);
            }
            if *ack {
                packets.push(plan.ack(end));
            }
        }
        packets.push(plan.ack(plan.stream.len() + 1));
        let mut wire = plan.wire();
        for packet in reorder(packets, &delays) {
            wire.send(&packet);
        }
        wire.finish();
        prop_assert_eq!(wire.stream(Dir::C2s), expected);
        prop_assert_eq!(ends(&wire.seen, Dir::C2s), [End::Fin]);
        for seen in &wire.seen {
            prop_assert!(matches!(
                seen.what,
                What::Data(_) | What::End(_) | What::Gap(_, Missing::Lost | Missing::Cut)
            ), "{:?}", seen);
        }
        well_formed(&wire)?;
    }

    #[test]
    fn the_first_copy_counts(
        copies in vec((1_usize..60, 2_usize..20, vec(0_u8..2, 20)), 0..30),
        last in vec(0_u8..2, 80),
        hold in any::<bool>(),
    ) {
        let mut wire = Wire::new();
        wire.run("c S -; s S; c");
        let mut model: Vec<Option<u8>> = vec![None; 80];
        let mut all = copies;
        all.push((0, 80, last));
        for (mut start, len, bytes) in all {
            // While byte 0 is missing, all is queued and nothing escapes; else the history forgets.
            if !hold && start < 30 {
                start = start.saturating_sub(1);
            }
            let bytes = &bytes[..len.min(bytes.len())];
            wire.seen.retain(|seen| !matches!(seen.what, What::Conflict(..)));
            let mut packet = Packet::parse("c a0", wire.isn);
            packet.seq = packet.seq.wrapping_add(start as u32);
            packet.payload = bytes.to_vec();
            wire.send(&packet);
            let differing: Vec<usize> = (start..start + bytes.len())
                .filter(|&i| model[i].is_some_and(|first| first != bytes[i - start]))
                .collect();
            for (i, byte) in (start..).zip(bytes) {
                model[i].get_or_insert(*byte);
            }
            let conflict = wire.seen.iter().find_map(|seen| match seen.what {
                What::Conflict(offset, len) => Some((offset as usize, len as usize)),
                _ => None,
            });
            if let Some((offset, len)) = conflict {
                prop_assert!(differing.contains(&offset) && differing.contains(&(offset + len - 1)));
            }
            if hold {
                let exact = differing.first().map(|first| (*first, differing.last().unwrap() - first + 1));
                prop_assert_eq!(conflict, exact);
            }
        }
        prop_assert_eq!(wire.stream(Dir::C2s), model);
    }

    #[test]
    fn garbage_is_survived_within_the_limits(
        packets in vec(
            (any::<bool>(), prop_oneof![0_u32..200, any::<u32>()], prop_oneof![0_u32..200, any::<u32>()],
             prop_oneof![3 => Just(ACK), 1 => any::<u8>()], vec(any::<u8>(), 0..40),
             prop_oneof![4 => Just(0_u32), 1 => 0_u32..40, 1 => any::<u32>()], -2_000_i64..5_000),
            0..80,
        ),
        bytes in 0_usize..3_000,
        count in 0_usize..20,
    ) {
        let mut wire = Wire::new();
        wire.limits.out_of_order_bytes = bytes;
        wire.limits.out_of_order_segments = count;
        for (client, seq, ack, flags, payload, cut, millis) in packets {
            wire.send(&Packet { client, seq, ack, flags, payload, cut, millis });
            for dir in Dir::BOTH {
                let (held, pieces) = wire.connection.as_ref().unwrap().held_of(dir);
                // One more where a copy splits what was cut in two.
                prop_assert!(pieces <= count + 1, "{pieces} {count}");
                prop_assert!(held <= bytes + 200, "{held} {bytes}");
            }
        }
        wire.finish();
        well_formed(&wire)?;
        if let Some(connection) = &wire.connection {
            prop_assert!(connection.closed());
        }
    }

    #[test]
    fn tiny_segments_cannot_pin_memory(bytes in 0_usize..20_000, step in 2_u32..5) {
        let mut wire = Wire::new();
        wire.limits.out_of_order_bytes = bytes;
        wire.run("c S -; s S; c");
        for i in 0..400 {
            let mut packet = Packet::parse("c =x", wire.isn);
            packet.seq = packet.seq.wrapping_add(1 + i * step);
            wire.send(&packet);
            let (held, pieces) = wire.connection.as_ref().unwrap().held_of(Dir::C2s);
            prop_assert!(held <= bytes && pieces * 64 <= bytes, "{held} {pieces} {bytes}");
        }
    }
}
