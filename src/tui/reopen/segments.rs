//! The TCP segments of a connection, decoded once more.

use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::Reopener;
use super::picked::Picked;
use crate::capture::places;
use crate::capture::source::{Block, Source as _, Status};
use crate::item::{At, Dir};
use crate::packet::Decoder;
use crate::packet::segment::{Flags, FlowKey, Place, Segment};
use crate::tui::store::Packets;

/// Packets at the beginning of a flow that tell where its sequence numbers start.
const BEGIN: usize = 16;

/// A TCP segment, without its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The packet.
    pub at: At,
    /// The sender.
    pub dir: Dir,
    /// The sequence number of its first byte, as on the wire.
    pub seq: u32,
    /// The acknowledgement number, as on the wire.
    pub ack: u32,
    /// Its flags.
    pub flags: Flags,
    /// Bytes of payload that the capture holds.
    pub len: u32,
    /// Bytes of payload behind them that the snap length cut off.
    pub cut: u32,
}

/// Where the sequence numbers of both directions begin: at the SYN, else just before the first byte that was
/// seen. `None` where that is not known.
pub type Begins = [Option<u32>; 2];

impl Reopener {
    /// Tells `each` the segments in the packets with these numbers, and in so many packets of the flow before and
    /// behind them, with their payload, until it has enough.
    ///
    /// # Errors
    /// Where a file cannot be read any more.
    pub fn segments(
        &self,
        packets: &Packets,
        numbers: &RangeInclusive<u64>,
        around: usize,
        mut each: impl FnMut(&Sent, &[u8]) -> bool,
    ) -> io::Result<Begins> {
        let limits = &self.config.limits;
        let [client, server] = packets.ends;
        let (flow, client_is_low) = FlowKey::new(client, server);
        let numbers = &widened(packets, numbers, around);
        let mut source = Picked::some(&self.files, limits, packets, Arc::default(), |place, number| {
            place < BEGIN || numbers.contains(&number)
        });
        let (mut decoder, mut block) = (Decoder::new(limits), Block::default());
        let (mut begins, mut goes_on): (Begins, bool) = ([None; 2], true);
        loop {
            let status = source.fill(&mut block)?;
            for (packet, number) in block.packets.iter().zip(&block.numbers) {
                let at = At { packet: *number, time: packet.time };
                let mut take = |segment: Segment<'_>| {
                    if segment.key != flow {
                        return;
                    }
                    let dir = if segment.from_low == client_is_low { Dir::C2s } else { Dir::S2c };
                    let Segment { seq, ack, flags, payload, cut, .. } = segment;
                    // A SYN has a number of its own, and so has what stands for one that was not captured.
                    let begin = if flags.syn() { seq } else { seq.wrapping_sub(1) };
                    begins[dir.index()].get_or_insert(begin);
                    if numbers.contains(&at.packet) && goes_on {
                        let sent = Sent { at, dir, seq, ack, flags, len: payload.len() as u32, cut };
                        goes_on = each(&sent, payload);
                    }
                };
                decoder.decode(packet, block.packet(packet), Place::default(), at, &mut take);
            }
            if status == Status::End || !goes_on {
                return Ok(begins);
            }
        }
    }
}

/// The numbers of the flow's packets from so many before a range to so many behind it.
fn widened(packets: &Packets, numbers: &RangeInclusive<u64>, by: usize) -> RangeInclusive<u64> {
    let mut all: Vec<u64> = places::read(&packets.places).map(|packet| packet.number).collect();
    all.sort_unstable();
    let first = all.partition_point(|number| number < numbers.start()).saturating_sub(by);
    let last = all.partition_point(|number| number <= numbers.end()).saturating_add(by).saturating_sub(1);
    let number = |at: usize, other: u64| all.get(at).copied().unwrap_or(other);
    let end = all.last().copied().unwrap_or_default();
    number(first, *numbers.start()).min(*numbers.start())..=number(last, end).max(*numbers.end())
}
