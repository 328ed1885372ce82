//! Packets into TCP segments.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use wscope::capture::source::{Block, Packet};
use wscope::item::At;
use wscope::limits::Limits;
use wscope::packet::Decoder;
use wscope::packet::segment::Place;
use wscope::time::Timestamp;

use crate::workload::ETHERNET;
use crate::workload::net::{self, ACK, Below, Ends, Numbers};

const PACKETS: u32 = 1_000;
const PAYLOAD: usize = 200;

/// Ethernet, IPv4, TCP is the fast path; the others take the general way.
#[divan::bench(args = [Below::V4, Below::Vlan, Below::V6, Below::Vxlan])]
fn decode(bencher: Bencher<'_, '_>, below: Below) {
    let block = block(below);
    let mut decoder = Decoder::new(&Limits::default());
    bencher.counter(BytesCount::new(block.bytes.len())).counter(ItemsCount::new(PACKETS)).bench_local(|| {
        let mut segments = 0;
        for (number, packet) in (1..).zip(&block.packets) {
            let place = Place { block: 1, offset: packet.offset };
            let at = At { packet: number, time: packet.time };
            decoder.decode(packet, black_box(block.packet(packet)), place, at, &mut |segment| {
                assert_eq!(segment.payload.len(), PAYLOAD);
                segments += 1;
                black_box(&segment);
            });
        }
        assert_eq!(segments, PACKETS);
    });
}

fn block(below: Below) -> Block {
    let mut block = Block::default();
    for number in 0..PACKETS {
        let ends = Ends { below, hosts: [0x0a00_0001 + number % 50, 0xc0a8_0701], ports: [40_000, 80] };
        let numbers = Numbers { seq: number, ack: 1, flags: ACK };
        let bytes = net::tcp(&ends, (number % 2) as usize, numbers, &[b'x'; PAYLOAD]);
        let (offset, len) = (block.bytes.len() as u32, bytes.len() as u32);
        let time = Timestamp::from_nanos(i64::from(number));
        let (source, file_offset) = (0, u64::from(offset));
        block.packets.push(Packet { offset, len, wire_len: len, link: ETHERNET, source, file_offset, time });
        block.bytes.extend(bytes);
    }
    block
}
