//! Every small capture, cut at every byte: the whole packets, and a note unless it ends at a record.

use super::{Drained, pcap_file, pcapng_file, read, refused};
use crate::capture::decompress::tests::{gzip, lz4, zstd};
use crate::capture::write;

const PACKETS: [&[u8]; 4] = [b"a packet", b"", b"x", &[5; 61]];

/// Where the records of a file end, and how many packets there are up to there.
fn boundaries(file: &[u8]) -> Vec<(usize, usize)> {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let (mut at, mut packets, mut found) = (0, 0, Vec::new());
    while at < file.len() {
        if file.starts_with(&[0x0a]) {
            packets += usize::from(matches!(word(at), 3 | 6));
            at += word(at + 4);
        } else if at == 0 {
            at = 24;
        } else {
            packets += 1;
            at += 16 + word(at + 8);
        }
        found.push((at, packets));
    }
    found
}

fn check(file: &[u8]) {
    let whole = read(file);
    assert_eq!(whole.damage(), "");
    let boundaries = boundaries(file);
    assert_eq!(boundaries.last(), Some(&(file.len(), whole.packets.len())));
    for cut in 4..file.len() {
        let drained = read(&file[..cut]);
        let (end, packets) =
            boundaries.iter().copied().take_while(|(end, _)| *end <= cut).last().unwrap_or((0, 0));
        assert_eq!(drained.packets, whole.packets[..packets], "cut at {cut}");
        if end == cut {
            assert_eq!(drained.damage(), "", "cut at {cut}");
        } else {
            let have = cut - end;
            assert!(drained.damage().starts_with("x: cut off: the "), "cut at {cut}: {}", drained.damage());
            assert!(
                drained.damage().contains(&format!(" has {have} of its ")),
                "cut at {cut}: {}",
                drained.damage()
            );
        }
    }
}

#[test]
fn pcap_cut_anywhere() {
    let mut file = pcap_file(&PACKETS);
    check(&file);
    // The same records under the modified format's header are longer.
    file[..4].copy_from_slice(&0xa1b2_cd34_u32.to_le_bytes());
    assert_ne!(read(&file).packets.len(), 4);
}

#[test]
fn pcapng_cut_anywhere() {
    let mut file = pcapng_file(&PACKETS);
    write::secrets(&mut file, b"CLIENT_RANDOM 00 11\n");
    file.extend_from_slice(&pcapng_file(&[b"second section"]));
    check(&file);
}

#[test]
fn a_note_about_a_cut_says_where() {
    let file = pcap_file(&PACKETS);
    assert_eq!(
        read(&file[..20]).damage(),
        "x: cut off: the record at byte 0, before any packet, has 20 of its 24 bytes"
    );
    let last = file.len() - 1;
    assert_eq!(
        read(&file[..last]).damage(),
        "x: cut off: the record at byte 81, after packet 3, has 76 of its 77 bytes"
    );
}

#[test]
fn less_than_a_magic_number_is_no_capture() {
    assert_eq!(refused(b""), "x: is an empty file");
    assert_eq!(refused(b"\xd4\xc3\xb2"), "x: is not a capture (it starts with d4 c3 b2)");
    assert_eq!(
        read(&pcap_file(&[])),
        Drained { facts: read(&pcap_file(&[])).facts, blocks: vec![24], packets: vec![] }
    );
}

/// Compressed captures give a beginning of their packets, always with a note.
#[test]
fn compressed_captures_cut_anywhere() {
    let noise: Vec<Vec<u8>> =
        (0..20_u32).map(|index| index.wrapping_mul(0x9e37_79b9).to_le_bytes().repeat(9)).collect();
    let packets: Vec<&[u8]> = noise.iter().map(Vec::as_slice).collect();
    let file = pcap_file(&packets);
    for compressed in [gzip(&file), zstd(&file), lz4(&file), gzip(&zstd(&file)), lz4(&gzip(&file))] {
        let whole = read(&compressed);
        assert_eq!((whole.bytes(), whole.damage()), (packets.clone(), ""));
        assert_eq!(whole.facts.bytes_read, compressed.len() as u64);
        for cut in 4..compressed.len() {
            let Ok(mut opened) = crate::capture::from_bytes(
                "x",
                compressed[..cut].to_vec(),
                &crate::limits::Limits::default(),
            ) else {
                continue;
            };
            let drained = super::drain(&mut *opened.source).unwrap();
            assert_eq!(drained.packets, whole.packets[..drained.packets.len()], "cut at {cut}");
            assert!(drained.damage().starts_with("x: cut off: "), "cut at {cut}: {:?}", drained.damage());
        }
    }
}
