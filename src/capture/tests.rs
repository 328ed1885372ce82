//! Tests of all formats at once: cut files, arbitrary bytes, block boundaries, real captures.

mod cut;
pub(super) mod real;

use std::io::{self, Read};

use proptest::prelude::*;

use super::source::{Block, CaptureFacts, LinkType, Packet, Source, Status};
use super::{from_bytes, from_reader, write};
use crate::limits::Limits;
use crate::time::Timestamp;

pub(super) const ETHERNET: LinkType = LinkType(1);

/// Everything that a source gives: packets with their bytes, facts, and the sizes of its blocks.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Drained {
    pub(super) packets: Vec<(Packet, Vec<u8>)>,
    pub(super) facts: CaptureFacts,
    pub(super) blocks: Vec<usize>,
}

impl Drained {
    pub(super) fn damage(&self) -> &str {
        assert!(self.facts.damage.len() <= 1, "{:?}", self.facts.damage);
        self.facts.damage.first().map_or("", String::as_str)
    }

    pub(super) fn nanos(&self) -> Vec<i64> {
        self.packets.iter().map(|(packet, _)| packet.time.nanos()).collect()
    }

    pub(super) fn bytes(&self) -> Vec<&[u8]> {
        self.packets.iter().map(|(_, bytes)| bytes.as_slice()).collect()
    }
}

pub(super) fn drain(source: &mut dyn Source) -> io::Result<Drained> {
    let mut drained = Drained::default();
    let mut block = Block::default();
    loop {
        let status = source.fill(&mut block)?;
        drained.blocks.push(block.bytes.len());
        for packet in &block.packets {
            assert!(packet.wire_len >= packet.len);
            let bytes = block.packet(packet);
            assert_eq!(bytes.len(), packet.len as usize);
            drained.packets.push((Packet { offset: 0, ..*packet }, bytes.to_vec()));
        }
        if status == Status::End {
            break;
        }
    }
    drained.facts = source.facts().clone();
    assert_eq!(source.fill(&mut block)?, Status::End);
    assert!(block.packets.is_empty());
    Ok(drained)
}

pub(super) fn read(bytes: &[u8]) -> Drained {
    let mut opened = from_bytes("x", bytes.to_vec(), &Limits::default()).unwrap();
    drain(&mut *opened.source).unwrap()
}

/// The message of what [`from_bytes`] refuses.
pub(super) fn refused(bytes: &[u8]) -> String {
    match from_bytes("x", bytes.to_vec(), &Limits::default()) {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    }
}

/// A pcap file of packets whose times are 1, 2, 3… nanoseconds.
pub(super) fn pcap_file(packets: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    write::pcap_header(&mut out, ETHERNET);
    for (index, packet) in packets.iter().enumerate() {
        write::pcap_packet(&mut out, Timestamp::from_nanos(index as i64 + 1), packet.len() as u32, packet);
    }
    out
}

/// A pcapng file of packets whose times are 1, 2, 3… nanoseconds.
pub(super) fn pcapng_file(packets: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    write::section(&mut out);
    write::interface(&mut out, ETHERNET);
    for (index, packet) in packets.iter().enumerate() {
        write::packet(
            &mut out,
            0,
            Timestamp::from_nanos(index as i64 + 1),
            packet.len() as u32,
            packet,
            "a comment",
        );
    }
    out
}

/// Gives its bytes in pieces of the given sizes, again and again.
struct Pieces {
    bytes: io::Cursor<Vec<u8>>,
    sizes: Vec<usize>,
    next: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.next % self.sizes.len()].min(buffer.len());
        self.next += 1;
        self.bytes.read(&mut buffer[..size])
    }
}

fn in_pieces(bytes: Vec<u8>, sizes: Vec<usize>) -> Drained {
    let input = Pieces { bytes: io::Cursor::new(bytes), sizes, next: 0 };
    let mut source = from_reader("x", input, &Limits::default()).unwrap().source;
    drain(&mut *source).unwrap()
}

#[test]
fn blocks_do_not_depend_on_how_bytes_arrive() {
    let big = vec![7; 150_000];
    let packets: Vec<&[u8]> = (0..40).map(|index| &big[..index * 3_700]).collect();
    for file in [pcap_file(&packets), pcapng_file(&packets)] {
        let whole = read(&file);
        assert_eq!(whole.bytes(), packets);
        assert!(whole.blocks.len() > 5);
        for sizes in [vec![1_000_000], vec![65_536], vec![1, 4_000, 17], vec![999]] {
            assert_eq!(in_pieces(file.clone(), sizes), whole);
        }
    }
}

#[test]
fn a_record_larger_than_a_block_makes_it_grow() {
    let huge = vec![9; 700_000];
    let packets: [&[u8]; 3] = [b"before", &huge, b"after"];
    let mut file = Vec::new();
    write::pcap_header(&mut file, ETHERNET);
    file[16..20].copy_from_slice(&1_000_000_u32.to_le_bytes());
    for packet in packets {
        write::pcap_packet(&mut file, Timestamp::from_nanos(0), 0, packet);
    }
    for file in [file, pcapng_file(&packets)] {
        let drained = read(&file);
        assert_eq!(drained.bytes(), packets);
        assert_eq!(drained.damage(), "");
    }
}

#[test]
fn a_record_larger_than_the_limit_is_damage() {
    let huge = vec![9; 300_000];
    let file = pcapng_file(&[b"before", &huge, b"after"]);
    let limits = Limits { block_bytes: 200_000, ..Limits::default() };
    let drained = drain(&mut *from_bytes("x", file, &limits).unwrap().source).unwrap();
    assert_eq!(drained.bytes(), [b"before"]);
    assert_eq!(
        drained.damage(),
        "x: damaged: the block at byte 120, after packet 1, says that it is 300052 bytes long (limit 200000)"
    );
}

#[test]
fn what_cannot_be_read_is_an_error_after_what_could() {
    struct Failing(bool);
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            self.0 = !self.0;
            Err(if self.0 {
                io::ErrorKind::Interrupted.into()
            } else {
                io::Error::other("the disk is on fire")
            })
        }
    }
    let file = pcap_file(&[b"one", b"two"]);
    for file in [file.clone(), super::decompress::tests::gzip(&file), super::decompress::tests::lz4(&file)] {
        let cut = file.len() - 1;
        let input = io::Cursor::new(file[..cut].to_vec()).chain(Failing(false));
        let mut source = from_reader("x", input, &Limits::default()).unwrap().source;
        let mut block = Block::default();
        assert_eq!(source.fill(&mut block).unwrap(), Status::More);
        assert_eq!(source.fill(&mut block).unwrap_err().to_string(), "x: the disk is on fire");
        assert_eq!(source.fill(&mut block).unwrap(), Status::End);
        assert_eq!(source.facts().damage, [""; 0]);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(start in 0..8_usize, mut bytes: Vec<u8>) {
        let starts: [&[u8]; 8] = [
            b"", b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a",
            b"\x0a\x0d\x0d\x0a\0\0\0\x1c\x1a\x2b\x3c\x4d", b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18",
        ];
        bytes.splice(0..0, starts[start].iter().copied());
        if let Ok(mut opened) = from_bytes("x", bytes, &Limits::default()) {
            drain(&mut *opened.source).unwrap();
        }
    }

    #[test]
    fn damaged_captures_never_panic(
        which in 0..5_usize, flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let packets: [&[u8]; 4] = [b"one", b"", b"three", &[3; 300]];
        let mut file = match which {
            0 => pcap_file(&packets),
            1 => pcapng_file(&packets),
            2 => super::decompress::tests::gzip(&pcap_file(&packets)),
            3 => super::decompress::tests::zstd(&pcapng_file(&packets)),
            _ => super::decompress::tests::lz4(&pcapng_file(&packets)),
        };
        for (index, byte) in flips {
            let at = index.index(file.len());
            file[at] = byte;
        }
        if let Ok(mut opened) = from_bytes("x", file, &Limits::default()) {
            drain(&mut *opened.source).unwrap();
        }
    }
}
