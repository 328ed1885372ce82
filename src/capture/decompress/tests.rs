//! Compressed captures: several frames, padding, damage.

use std::io::Write;

use crate::capture::tests::{pcap_file, read, refused};

pub(in crate::capture) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(in crate::capture) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

pub(in crate::capture) fn lz4(bytes: &[u8]) -> Vec<u8> {
    let small = lz4_flex::frame::FrameInfo::new().block_size(lz4_flex::frame::BlockSize::Max64KB);
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(small, Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const SKIPPABLE: &[u8] = b"\x5a\x2a\x4d\x18\x03\0\0\0abc";

#[test]
fn frames_follow_one_another() {
    let file = pcap_file(&[b"one", b"two", &[3; 5000]]);
    let whole = read(&file);
    for compress in [gzip, zstd, lz4] {
        for split in [0, 10, 24, 41, file.len()] {
            let mut frames = compress(&file[..split]);
            frames.extend(compress(&file[split..]));
            frames.extend(compress(b""));
            let drained = read(&frames);
            assert_eq!(drained.damage(), "");
            assert_eq!(drained.packets, whole.packets);
        }
    }
}

#[test]
fn cut_frames_give_all_but_their_last_block() {
    let noise: Vec<u8> =
        (0..1_000_000_u32).map(|index| (index.wrapping_mul(0x9e37_79b9) >> 24) as u8).collect();
    let packets: Vec<&[u8]> = noise.chunks(500).collect();
    for compress in [gzip, zstd, lz4] {
        let compressed = compress(&pcap_file(&packets));
        let whole = read(&compressed);
        assert_eq!(whole.bytes(), packets);
        let cut = compressed.len() * 3 / 4;
        let drained = read(&compressed[..cut]);
        assert!(drained.packets.len() > packets.len() / 2, "{} packets", drained.packets.len());
        assert_eq!(drained.packets, whole.packets[..drained.packets.len()]);
        assert!(drained.damage().starts_with("x: cut off: "), "{}", drained.damage());
    }
}

#[test]
fn skippable_frames_are_passed_over() {
    let file = pcap_file(&[b"one"]);
    for (compress, at_start) in [(zstd as fn(&[u8]) -> Vec<u8>, true), (lz4, false)] {
        let start = if at_start { SKIPPABLE } else { b"" };
        let frames = [start, &compress(&file[..30]), SKIPPABLE, &compress(&file[30..]), SKIPPABLE].concat();
        let drained = read(&frames);
        assert_eq!((drained.damage(), drained.packets.len()), ("", 1));
        let cut = read(&frames[..frames.len() - 1]);
        assert_eq!(cut.packets.len(), 1);
        assert!(cut.damage().starts_with("x: cut off: "), "{}", cut.damage());
    }
}

#[test]
fn padding_is_nothing_and_other_trailing_bytes_are_a_note() {
    let file = gzip(&pcap_file(&[b"one"]));
    assert_eq!(read(&[&file[..], &[0; 70_000]].concat()).damage(), "");
    let drained = read(&[&file[..], b"more"].concat());
    assert_eq!(drained.packets.len(), 1);
    assert_eq!(
        drained.damage(),
        "x: damaged: the gzip data cannot be decompressed further: it is followed by something else"
    );
}

#[test]
fn wrong_checksums_are_a_note() {
    let file = pcap_file(&[b"one", b"two"]);
    for compress in [gzip, zstd] {
        let mut compressed = compress(&file);
        // The checksum, or for gzip the length after it.
        *compressed.last_mut().unwrap() ^= 1;
        let drained = read(&compressed);
        assert_eq!(drained.packets.len(), 2);
        assert!(drained.damage().starts_with("x: damaged: the "), "{}", drained.damage());
    }
}

#[test]
fn what_is_inside_is_recognised_too() {
    let capture = pcap_file(&[b"one"]);
    assert_eq!(read(&zstd(&lz4(&capture))).packets.len(), 1);
    assert_eq!(refused(&gzip(&gzip(&gzip(&capture)))), "x: is compressed more than 2 times");
    assert_eq!(refused(&lz4(b"hello")), "x: what its lz4 data holds is text, not a capture");
    assert_eq!(refused(&gzip(b"")), "x: what its gzip data holds is an empty file");
}
