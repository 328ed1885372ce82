//! Files: pcap and pcapng, compressed or not.

use std::collections::VecDeque;
use std::io::{self, Read};

use wscope::capture::open::{Opened, from_arriving, from_bytes};
use wscope::capture::source::{Block, CaptureFacts, LinkType, Status};
use wscope::limits::Limits;
use wscope::time::Timestamp;

/// Decompressed bytes after which a file has shown what it can do: little input may stand for much output.
const ENOUGH: usize = 4 << 20;

#[derive(Debug, PartialEq)]
struct Packet {
    link: LinkType,
    time: Timestamp,
    wire_len: u32,
    file_offset: u64,
    bytes: Vec<u8>,
}

/// The packets of a source, and what is known of it; the error, where reading failed.
fn read(mut opened: Opened) -> (Vec<Packet>, Result<CaptureFacts, String>) {
    let (mut block, mut packets, mut size) = (Block::default(), Vec::new(), 0);
    loop {
        let status = match opened.source.fill(&mut block) {
            Ok(status) => status,
            Err(error) => return (packets, Err(error.to_string())),
        };
        for packet in &block.packets {
            let bytes = block.packet(packet);
            assert_eq!(bytes.len(), packet.len as usize, "a packet lies in its block");
            assert!(packet.wire_len >= packet.len);
            let &wscope::capture::source::Packet { link, time, wire_len, file_offset, .. } = packet;
            packets.push(Packet { link, time, wire_len, file_offset, bytes: bytes.to_vec() });
        }
        size += block.bytes.len();
        if status == Status::End || size > ENOUGH {
            return (packets, Ok(opened.source.facts().clone()));
        }
    }
}

/// Gives pieces of 1 to 251 bytes, and says now and then that there are no more for the moment.
struct Trickle {
    rest: VecDeque<u8>,
    count: usize,
}

impl Read for Trickle {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.count += 1;
        if self.count.is_multiple_of(3) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let len = 1 + self.count * 37 % 251;
        let len = len.min(out.len());
        self.rest.read(&mut out[..len])
    }
}

/// A file, whole; then as it would come through a pipe.
pub fn container(data: &[u8]) {
    let limits = Limits { block_bytes: 1 << 20, ..Limits::default() };
    let Ok(opened) = from_bytes("file", data.to_vec(), &limits) else { return };
    let (packets, facts) = read(opened);
    let trickle = Trickle { rest: data.iter().copied().collect(), count: 0 };
    let arriving = from_arriving("file", trickle, &limits).expect("it was recognised before");
    let (arrived, arrived_facts) = read(arriving);
    // Where the reading was broken off, one has got further than the other.
    let both = packets.len().min(arrived.len());
    assert_eq!(packets[..both], arrived[..both]);
    if let (Ok(facts), Ok(arrived_facts)) = (facts, arrived_facts)
        && packets.len() == arrived.len()
    {
        // Where the end is cut, more may be coming; and who reads ahead may meet more damage.
        for damage in arrived_facts.damage.iter().filter(|what| !what.contains(": cut off: ")) {
            assert!(facts.damage.contains(damage), "{damage}");
        }
        assert_eq!((facts.secrets, facts.dropped), (arrived_facts.secrets, arrived_facts.dropped));
    }
}
