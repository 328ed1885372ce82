//! Files that promise more than they hold or become more than they are, fragments, tunnels and lengths below TCP.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use wscope::capture::open::{Opened, from_bytes};
use wscope::capture::source::{Block, LinkType, Status};
use wscope::capture::write;
use wscope::limits::Limits;
use wscope::time::Timestamp;

use crate::measure::{MIB, alone, decode, limits, measured, run};
use crate::packets::{Packet, SERVER, client, header, record, upgraded};
use crate::support::talk::{ACK, frame};

/// An IPv4 packet with another identification, fragment field and payload.
fn fragment(id: u16, offset: u16, more: bool, payload: &[u8]) -> Vec<u8> {
    let whole = Packet { from: client(1), to: SERVER, flags: ACK, seq: 1, ack: 1, payload: &[] }.bytes();
    let mut bytes = [&whole[..34], payload].concat();
    bytes[16..18].copy_from_slice(&(20 + payload.len() as u16).to_be_bytes());
    bytes[18..20].copy_from_slice(&id.to_be_bytes());
    bytes[20..22].copy_from_slice(&((u16::from(more) << 13) | (offset / 8)).to_be_bytes());
    record(&bytes)
}

/// Each says that it is the end of a packet of 64 KiB.
#[test]
fn fragments_of_packets_that_never_end() {
    let _alone = alone();
    let fragments = (0..20_000).map(|n| fragment(n as u16, 65_000, true, &[0; 8]));
    let cost = decode(std::iter::once(header()).chain(fragments));
    assert!(cost.peak < 12 * MIB, "{}", cost.peak);
    assert!(cost.notes().contains("IP fragments were dropped"), "{}", cost.notes());
}

/// Every second eight bytes of a packet, over and over, always other bytes: the first ones stay.
#[test]
fn fragments_that_lie_over_one_another() {
    let _alone = alone();
    let fragments = (0..60).flat_map(|round| (0..4_000).map(move |n| fragment(7, n * 16, true, &[round; 8])));
    let cost = decode(std::iter::once(header()).chain(fragments));
    assert!(cost.peak < 16 * MIB, "{}", cost.peak);
}

/// IP in IP, as deep as a packet goes.
#[test]
fn tunnels_without_end() {
    let _alone = alone();
    let inner = Packet { from: client(1), to: SERVER, flags: ACK, seq: 1, ack: 1, payload: &[] }.bytes();
    let mut bytes = inner[14..].to_vec();
    for _ in 0..3_000 {
        let mut outer = inner[14..34].to_vec();
        outer[2..4].copy_from_slice(&(20 + bytes.len() as u16).to_be_bytes());
        outer[9] = 4;
        bytes = [outer, bytes].concat();
    }
    let packet = record(&[&inner[..14], &bytes].concat());
    let cost = decode(std::iter::once(header()).chain((0..200).map(move |_| packet.clone())));
    assert!(cost.peak < 4 * MIB, "{}", cost.peak);
    assert!(
        cost.notes().contains("200 packets were passed over: tunnels within tunnels"),
        "{}",
        cost.notes()
    );
}

/// A network card may hand over packets that are longer than any on the wire, but not of megabytes: frames of two bytes
/// become hundreds of bytes of output each, before the next packet.
#[test]
fn packets_of_many_megabytes() {
    let _alone = alone();
    let (records, _, server) = upgraded(client(1), SERVER, "");
    let frames = [0x8a, 0x00].repeat(8 * MIB / 2);
    let mut bytes =
        Packet { from: SERVER, to: client(1), flags: ACK, seq: server.seq, ack: server.ack, payload: &[] }
            .bytes();
    // What segmentation in the card leaves there.
    bytes[16..18].copy_from_slice(&[0, 0]);
    bytes.extend(&frames);
    let mut header = header();
    // The snap length.
    header[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
    let cost = decode([header, records, record(&bytes)]);
    assert!((500_000..524_288).contains(&cost.summary.frames), "{}", cost.summary.frames);
    assert!(cost.notes().contains("1 packets were cut short"), "{}", cost.notes());
    assert!(cost.peak < 512 * MIB, "{}", cost.peak);
}

/// Sixteen megabytes of zeros in a few hundred bytes: compressed twice.
#[test]
fn captures_that_grow_a_thousand_times_and_again() {
    let _alone = alone();
    let mut inner = GzEncoder::new(Vec::new(), Compression::best());
    inner.write_all(&header()).unwrap();
    for _ in 0..16 {
        inner.write_all(&vec![0; MIB]).unwrap();
    }
    let mut outer = GzEncoder::new(Vec::new(), Compression::best());
    outer.write_all(&inner.finish().unwrap()).unwrap();
    let bytes = outer.finish().unwrap();
    assert!(bytes.len() < 4 << 10, "{}", bytes.len());
    let cost = run(|| opened(bytes));
    // Empty packets.
    assert_eq!(cost.summary.packets as usize, 16 * MIB / 16);
    assert!(cost.peak < 12 * MIB, "{}", cost.peak);
}

/// zstd frames may ask for a window of any size.
#[test]
fn windows_of_terabytes() {
    let _alone = alone();
    // Magic, no content size, the largest window, then one raw block with the start of a capture.
    let mut zstd = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff];
    let content = header();
    zstd.extend(&((content.len() as u32) << 3 | 1).to_le_bytes()[..3]);
    zstd.extend(content);
    let (peak, _) = measured(|| from_bytes("attack", zstd, &limits()).is_ok());
    assert!(peak < 4 * MIB, "{peak}");
    // lz4: the largest block that the format has.
    let mut lz4 = lz4_flex::frame::FrameEncoder::with_frame_info(
        lz4_flex::frame::FrameInfo::new().block_size(lz4_flex::frame::BlockSize::Max4MB),
        Vec::new(),
    );
    lz4.write_all(&header()).unwrap();
    let lz4 = lz4.finish().unwrap();
    let cost = run(|| opened(lz4));
    assert!(cost.peak < 16 * MIB, "{}", cost.peak);
}

/// Millions of options of a description, none of which is wanted.
#[test]
fn descriptions_of_nothing_but_options() {
    let _alone = alone();
    let mut file = Vec::new();
    write::section(&mut file);
    write::interface(&mut file, LinkType(1));
    for kind in [1_u32, 5] {
        write::block(&mut file, kind, |body| {
            body.extend([1, 0, 0, 0, 0, 0, 0, 0]);
            body.extend([9, 0, 0, 0].repeat(2 * MIB));
        });
    }
    let size = file.len();
    let cost = run(|| opened(file));
    assert!(cost.peak < 2 * size, "{} of {size}", cost.peak);
}

/// Secrets without a byte, a description without a name, statistics of nothing: each takes little, and there may be many.
#[test]
fn blocks_of_nothing() {
    let _alone = alone();
    let mut file = Vec::new();
    write::section(&mut file);
    for _ in 0..70_000 {
        write::interface(&mut file, LinkType(1));
    }
    let cost = run(|| opened(file.clone()));
    assert!(cost.peak < 12 * MIB, "{}", cost.peak);
    assert!(cost.notes().contains("describes one interface more than 65536"), "{}", cost.notes());

    let mut secrets = Vec::new();
    write::section(&mut secrets);
    for _ in 0..500_000 {
        write::secrets(&mut secrets, b"");
    }
    let small = Limits { block_bytes: MIB, ..limits() };
    let mut opened = from_bytes("attack", secrets, &small).unwrap();
    let (peak, secrets) = measured(|| {
        let mut block = Block::default();
        while opened.source.fill(&mut block).unwrap() != Status::End {}
        opened.source.facts().secrets.len()
    });
    assert!(peak < 8 * MIB && secrets < 100_000, "{peak}, {secrets}");
}

/// Lengths of records and blocks that are not there.
#[test]
fn lengths_of_gigabytes() {
    let _alone = alone();
    for len in [20 << 20, u32::MAX] {
        let mut pcap = header();
        pcap[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
        pcap.extend([[0; 8], [0; 8]].concat());
        pcap[32..36].copy_from_slice(&len.to_le_bytes());
        let cost = run(|| opened(pcap));
        assert!(cost.peak < 2 * MIB && cost.notes().contains("damaged"), "{} {}", cost.peak, cost.notes());
        let mut pcapng = Vec::new();
        write::section(&mut pcapng);
        pcapng.extend(0x0bad_u32.to_le_bytes());
        pcapng.extend(len.to_le_bytes());
        pcapng.extend([0; 100]);
        let cost = run(|| opened(pcapng));
        assert!(cost.peak < 2 * MIB && cost.notes().contains("damaged"), "{} {}", cost.peak, cost.notes());
    }
}

/// Packets that say they were of four gigabytes on the wire.
#[test]
fn snap_lengths_that_lie() {
    let _alone = alone();
    let (mut records, _, mut server) = upgraded(client(1), SERVER, "");
    let text = frame(0x81, None, b"hello");
    for _ in 0..1_000 {
        let packet = Packet {
            from: SERVER,
            to: client(1),
            flags: ACK,
            seq: server.seq,
            ack: server.ack,
            payload: &text,
        };
        let mut bytes = packet.bytes();
        bytes[16..18].copy_from_slice(&[0, 0]);
        write::pcap_packet(&mut records, Timestamp::from_nanos(1), u32::MAX, &bytes);
        server.seq = server.seq.wrapping_add(text.len() as u32);
    }
    let cost = decode([header(), records]);
    assert!(cost.summary.messages >= 1, "{:?}", cost.summary);
    assert!(cost.peak < 8 * MIB, "{}", cost.peak);
}

fn opened(bytes: Vec<u8>) -> Opened {
    from_bytes("attack", bytes, &limits()).unwrap()
}
