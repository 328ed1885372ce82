//! pcapng files built byte by byte.

use pcap_parser::Block as Parsed;
use pcap_parser::pcapng::{parse_block_be, parse_block_le};
use proptest::prelude::*;

use crate::capture::source::LinkType;
use crate::capture::tests::{Drained, drain, pcapng_file, read};
use crate::capture::{from_bytes, write};
use crate::limits::Limits;

/// Writes blocks in either byte order.
#[derive(Clone)]
struct Writer {
    big_endian: bool,
    out: Vec<u8>,
}

impl Writer {
    fn new(big_endian: bool) -> Self {
        let mut writer = Self { big_endian, out: Vec::new() };
        writer.section();
        writer
    }

    fn half(&self, value: u16) -> [u8; 2] {
        if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn word(&self, value: u32) -> [u8; 4] {
        if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn long(&self, value: u64) -> [u8; 8] {
        if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn block(&mut self, kind: u32, parts: &[&[u8]]) -> &mut Self {
        let mut body = parts.concat();
        body.resize(body.len().next_multiple_of(4), 0);
        let len = self.word(body.len() as u32 + 12);
        let kind = self.word(kind);
        self.out.extend([&kind[..], &len, &body, &len].concat());
        self
    }

    fn section(&mut self) -> &mut Self {
        let (magic, version, unknown) = (self.word(0x1a2b_3c4d), self.half(1), self.long(u64::MAX));
        self.block(0x0a0d_0d0a, &[&magic, &version, &[0, 0], &unknown])
    }

    fn option(&self, code: u16, value: &[u8]) -> Vec<u8> {
        let mut option = [&self.half(code)[..], &self.half(value.len() as u16), value].concat();
        option.resize(option.len().next_multiple_of(4), 0);
        option
    }

    fn interface(&mut self, link: u16, snap_length: u32, options: &[&[u8]]) -> &mut Self {
        let (link, snap_length, options) = (self.half(link), self.word(snap_length), options.concat());
        self.block(1, &[&link, &[0, 0], &snap_length, &options])
    }

    fn packet(&mut self, interface: u32, units: u64, bytes: &[u8]) -> &mut Self {
        let len = self.word(bytes.len() as u32);
        let (high, low) = (self.word((units >> 32) as u32), self.word(units as u32));
        let interface = self.word(interface);
        let wire_len = self.word(1500);
        self.block(6, &[&interface, &high, &low, &len, &wire_len, bytes])
    }

    fn read(&self) -> Drained {
        read(&self.out)
    }
}

#[test]
fn interfaces_have_link_types_and_clocks_of_their_own() {
    for big_endian in [false, true] {
        let mut writer = Writer::new(big_endian);
        let nanoseconds = writer.option(9, &[9]);
        let binary = writer.option(9, &[0x80 | 10]);
        let fine = writer.option(9, &[12]);
        let offset = writer.option(14, &writer.long(-7_i64 as u64));
        let comment = writer.option(1, b"a comment of 19 byt");
        let end = writer.option(0, &[]);
        let drained = writer
            .interface(1, 0, &[])
            .interface(113, 96, &[&comment, &nanoseconds, &end, &binary])
            .interface(0, 0, &[&binary])
            .packet(2, 1024 * 3 + 512, b"c")
            .packet(0, 5_000_001, b"a")
            .interface(101, 0, &[&fine, &offset])
            .packet(3, 8_000_000_000_999, b"d")
            .packet(1, 5, b"bb")
            .read();
        assert_eq!(drained.damage(), "");
        assert_eq!(drained.bytes(), [&b"c"[..], b"a", b"d", b"bb"]);
        assert_eq!(drained.nanos(), [3_500_000_000, 5_000_001_000, 1_000_000_000, 5]);
        let links: Vec<u16> = drained.packets.iter().map(|(packet, _)| packet.link.0).collect();
        assert_eq!(links, [0, 1, 101, 113]);
        assert!(drained.packets.iter().all(|(packet, _)| packet.wire_len == 1500));
    }
}

#[test]
fn every_section_has_its_byte_order_and_interfaces() {
    let mut first = Writer::new(true);
    first.interface(1, 0, &[]).interface(2, 0, &[]).packet(1, 1, b"one");
    let mut second = Writer::new(false);
    second.interface(3, 0, &[]).packet(0, 2, b"two");
    let mut third = Writer::new(true);
    third.packet(0, 3, b"three");
    let drained = read(&[first.out, second.out, third.out].concat());
    assert_eq!(drained.bytes(), [b"one", b"two"]);
    assert_eq!(drained.packets[1].0.link, LinkType(3));
    assert_eq!(
        drained.damage(),
        "x: damaged: the block at byte 216, after packet 2, says that its packet is of interface 0, of 0 described"
    );
}

#[test]
fn times_beyond_the_clock_are_clamped() {
    let mut writer = Writer::new(false);
    let seconds = writer.option(9, &[0]);
    let finest = writer.option(9, &[0x7f]);
    let finest_binary = writer.option(9, &[0xff]);
    let early = writer.option(14, &writer.long(i64::MIN as u64));
    let late = writer.option(14, &writer.long(i64::MAX as u64));
    writer.interface(1, 0, &[&seconds]).interface(1, 0, &[&finest]).interface(1, 0, &[&finest_binary]);
    writer.interface(1, 0, &[&early]).interface(1, 0, &[&seconds, &late]);
    for interface in 0..5 {
        writer.packet(interface, u64::MAX, b"");
    }
    assert_eq!(writer.read().nanos(), [i64::MAX, 0, 0, i64::MIN, i64::MAX]);
}

#[test]
fn simple_and_obsolete_packets() {
    for big_endian in [false, true] {
        let mut writer = Writer::new(big_endian);
        let (nine, long) = (writer.word(9), writer.word(99));
        let obsolete =
            [&writer.half(1)[..], &writer.half(0xffff), &[0; 4], &writer.word(70), &writer.word(2), &nine];
        let obsolete = obsolete.concat();
        let drained = writer
            .interface(1, 10, &[])
            .interface(7, 0, &[])
            .block(3, &[&nine, b"nine byte"])
            .block(2, &[&obsolete, b"ok"])
            .block(3, &[&long, b"ten bytes."])
            .block(3, &[&long, b"four"])
            .read();
        assert_eq!(drained.damage(), "");
        assert_eq!(drained.bytes(), [&b"nine byte"[..], b"ok", b"ten bytes.", b"four"]);
        assert_eq!(drained.nanos(), [0, 70_000, 70_000, 70_000]);
        assert_eq!(drained.packets[1].0.link, LinkType(7));
        assert_eq!(drained.packets[2].0.wire_len, 99);
    }
}

#[test]
fn statistics_count_from_the_start_of_the_capture() {
    for big_endian in [false, true] {
        let mut writer = Writer::new(big_endian);
        writer.interface(1, 0, &[]).interface(1, 0, &[]);
        for (interface, by_interface, by_system) in
            [(0, 3, 1), (1, 5, u64::MAX), (0, 10, 1), (9, 100, 100), (0, 2, 0)]
        {
            let options = [
                writer.option(5, &writer.long(by_interface)),
                writer.option(7, &writer.long(by_system)),
                writer.option(0, &[]),
                writer.option(5, &writer.long(1_000)),
            ];
            let interface = writer.word(interface);
            writer.block(5, &[&interface, &[0; 8], &options.concat()]);
        }
        assert_eq!(writer.read().facts.dropped, 11 + 5);
    }
}

#[test]
fn secrets_are_kept_and_unknown_blocks_passed_over() {
    for big_endian in [false, true] {
        let mut writer = Writer::new(big_endian);
        let (tls, ssh) = (writer.word(0x544c_534b), writer.word(0x5353_484b));
        let (len, too_long) = (writer.word(5), writer.word(500));
        let drained = writer
            .interface(1, 0, &[])
            .block(10, &[&tls, &len, b"CLIEN"])
            .block(10, &[&ssh, &len, b"noise"])
            .block(10, &[&tls, &too_long, b"cut"])
            .block(4, &[&[0xff; 7]])
            .block(0x0bad, &[&[0xff; 7]])
            .block(0x4000_0bad, &[&[1; 70], b""])
            .block(0x8000_1234, &[])
            .block(5, &[])
            .packet(0, 1, b"after")
            .read();
        assert_eq!(drained.facts.secrets, [b"CLIEN"]);
        assert_eq!((drained.bytes(), drained.damage()), (vec![&b"after"[..]], ""));
    }
}

#[test]
fn secrets_are_bounded() {
    let mut file = pcapng_file(&[b"one"]);
    for _ in 0..10 {
        write::secrets(&mut file, &[b'x'; 900]);
    }
    let limits = Limits { block_bytes: 1_000, ..Limits::default() };
    let drained = drain(&mut *from_bytes("x", file, &limits).unwrap().source).unwrap();
    assert_eq!((drained.packets.len(), drained.facts.secrets.len()), (1, 4));
    assert_eq!(drained.damage(), "x: holds more TLS secrets than fit; some were left out");
}

#[test]
fn lengths_that_cannot_be_are_damage() {
    let file = pcapng_file(&[b"one", b"two"]);
    let block = 28 + 32;
    let damage = |at: usize, byte: u8| {
        let mut file = file.clone();
        file[at] = byte;
        let drained = read(&file);
        (drained.packets.len(), drained.damage().to_owned())
    };
    let before = "x: damaged: the block at byte 60, before any packet, says ";
    let expected = |rest: &str| (0, format!("{before}{rest}"));
    assert_eq!(damage(block + 4, 8), expected("that it is 8 bytes long, of at least 32"));
    assert_eq!(damage(block + 4, 48), expected("at its start that it is 48 bytes long, and 116 at its end"));
    assert_eq!(damage(block + 20, 200), expected("that it holds a packet of 200 bytes, but has room for 24"));
    assert_eq!(damage(block + 8, 1), expected("that its packet is of interface 1, of 1 described"));
    let (packets, what) = damage(28 + 4, 16);
    assert!(packets == 0 && what.starts_with("x: damaged: the block at byte 28, "), "{what}");
}

proptest! {
    /// Packet blocks are read as pcap-parser reads them, where it reads them at all.
    #[test]
    fn packets_as_pcap_parser_reads_them(
        big_endian: bool, interface in 0..3_u32, units: u64, len in 0..60_u32, wire_len: u32, body: [u8; 40], cut in 0..40_usize,
    ) {
        let mut writer = Writer::new(big_endian);
        let nanoseconds = writer.option(9, &[9]);
        writer.interface(1, 0, &[&nanoseconds]).interface(5, 0, &[&nanoseconds]);
        let start = writer.out.len();
        let fields = [interface, (units >> 32) as u32, units as u32, len, wire_len].map(|field| writer.word(field)).concat();
        writer.block(6, &[&fields, &body[cut..]]);
        let block = &writer.out[start..];
        let parsed = if big_endian { parse_block_be(block) } else { parse_block_le(block) };
        let drained = writer.read();
        match parsed {
            Ok((_, Parsed::EnhancedPacket(parsed))) if interface < 2 => {
                prop_assert_eq!(drained.damage(), "");
                let (packet, bytes) = &drained.packets[0];
                prop_assert_eq!(bytes.as_slice(), &parsed.data[..parsed.caplen as usize]);
                prop_assert_eq!(packet.wire_len, parsed.origlen.max(parsed.caplen));
                prop_assert_eq!(packet.time.nanos(), i64::try_from(units).unwrap_or(i64::MAX));
                prop_assert_eq!(packet.link, LinkType([1, 5][interface as usize]));
            }
            _ => {
                prop_assert!(drained.packets.is_empty());
                prop_assert!(drained.damage().contains("the block at byte "));
            }
        }
    }
}
