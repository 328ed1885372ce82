//! What lies at a packet's place is the packet.

use std::fs;
use std::io::Read;

use super::*;
use crate::capture::decompress::Raw;
use crate::capture::decompress::tests::{gzip, lz4, zstd};
use crate::capture::sniff::{Content, content};
use crate::capture::source::{CaptureFacts, Packet};
use crate::capture::tests::real::{corpus, files};
use crate::capture::tests::{Drained, drain, pcap_file, pcapng_file};

/// A file's bytes, decompressed as often as it is compressed, and whether it is.
fn decompressed(path: &Path) -> (Vec<u8>, bool) {
    let mut bytes = fs::read(path).unwrap();
    let mut compressed = false;
    while let Content::Compressed(compression) = content(&bytes) {
        let mut plain = Vec::new();
        let mut decoder =
            compression.decoder(Box::new(io::Cursor::new(bytes)), &std::sync::Arc::new(Raw::default()));
        // What is damaged gives its beginning.
        decoder.read_to_end(&mut plain).ok();
        (bytes, compressed) = (plain, true);
    }
    (bytes, compressed)
}

fn drained(paths: &[PathBuf]) -> Drained {
    drain(&mut *open(paths, &Limits::default()).unwrap().source).unwrap()
}

/// Checks every packet's place, by itself and by [`locate`]. Returns how many packets there are.
fn check(paths: &[PathBuf]) -> usize {
    let plain: Vec<(Vec<u8>, bool)> = paths.iter().map(|path| decompressed(path)).collect();
    let drained = drained(paths);
    assert_eq!(drained.facts.compressed, plain.iter().map(|(_, compressed)| *compressed).collect::<Vec<_>>());
    // From the last to the first: they need not be sorted.
    let numbers: Vec<u64> = (1..=drained.packets.len() as u64).rev().collect();
    let located = locate(paths, &Limits::default(), &numbers).unwrap();
    assert_eq!(located.len(), numbers.len());
    for (number, ((packet, bytes), found)) in drained.packets.iter().zip(located.iter().rev()).enumerate() {
        let (file, compressed) = &plain[usize::from(packet.source)];
        let start = usize::try_from(packet.file_offset).unwrap();
        assert!(file[start..].starts_with(bytes), "{paths:?} packet {number} at {start}");
        let expected = Located {
            source: packet.source,
            file_offset: packet.file_offset,
            len: packet.len,
            link: packet.link,
            time: packet.time,
            compressed: *compressed,
        };
        assert_eq!(*found, Some(expected), "{paths:?} packet {number}");
    }
    drained.packets.len()
}

/// A folder with these files in it, named by their places.
fn folder(files: &[&[u8]]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let path = |(number, bytes): (usize, &&[u8])| {
        let path = folder.path().join(number.to_string());
        fs::write(&path, bytes).unwrap();
        path
    };
    let paths = files.iter().enumerate().map(path).collect();
    (folder, paths)
}

/// Packets that all differ, over several blocks.
fn many() -> Vec<Vec<u8>> {
    (0..900_u32).map(|n| n.wrapping_mul(0x9e37_79b9).to_le_bytes().repeat(n as usize % 400 + 1)).collect()
}

#[test]
fn in_every_format_alone_and_merged() {
    let packets = many();
    let packets: Vec<&[u8]> = packets.iter().map(Vec::as_slice).collect();
    let (classic, new) = (pcap_file(&packets), pcapng_file(&packets));
    let files: [&[u8]; 8] = [
        &classic,
        &new,
        &gzip(&classic),
        &gzip(&new),
        &zstd(&classic),
        &lz4(&new),
        &gzip(&zstd(&new)),
        &[gzip(&classic[..3_000]), gzip(&classic[3_000..])].concat(),
    ];
    let (_folder, paths) = folder(&files);
    for path in &paths {
        assert_eq!(check(std::slice::from_ref(path)), packets.len());
    }
    assert!(drained(&paths[..1]).blocks.len() > 2);
    assert_eq!(check(&paths), 8 * packets.len());
}

#[test]
fn in_real_captures() {
    let Some(root) = corpus() else { return };
    let mut good = Vec::new();
    let mut packets = 0;
    for path in files(&root) {
        if open(&[&path], &Limits::default()).is_ok() {
            packets += check(std::slice::from_ref(&path));
            good.push(path);
        }
    }
    eprintln!("{packets} packets of {} captures located", good.len());
    assert!(good.len() > 100);
    for some in good.chunks(7) {
        check(some);
    }
}

#[test]
fn numbers_that_no_packet_has() {
    let (_folder, paths) = folder(&[&pcap_file(&[b"one", b"two"])]);
    let find = |numbers: &[u64]| -> Vec<Option<u64>> {
        let located = locate(&paths, &Limits::default(), numbers).unwrap();
        located.iter().map(|found| found.map(|found| found.file_offset)).collect()
    };
    assert_eq!(find(&[3, 2, 0, u64::MAX, 2, 1]), [None, Some(59), None, None, Some(59), Some(40)]);
    assert_eq!(find(&[]), []);
    assert_eq!(find(&[0]), [None]);
}

/// Gives one packet a block, and counts the blocks.
struct Counting(u64, CaptureFacts);

impl Source for Counting {
    fn fill(&mut self, block: &mut Block) -> io::Result<Status> {
        self.0 += 1;
        let (link, time) = (LinkType(1), Timestamp::from_nanos(0));
        let packet =
            Packet { offset: 0, len: 0, wire_len: 0, link, source: 0, file_offset: self.0 * 100, time };
        block.packets = vec![packet];
        Ok(if self.0 == 9 { Status::End } else { Status::More })
    }

    fn facts(&self) -> &CaptureFacts {
        &self.1
    }
}

#[test]
fn reading_stops_with_the_last_packet_wanted() {
    for (packets, blocks) in [(&[2, 3, 1][..], 3), (&[9], 9), (&[1, 10], 9), (&[0], 0)] {
        let mut source = Counting(0, CaptureFacts::default());
        let found = find(&mut source, packets).unwrap();
        assert_eq!(source.0, blocks, "{packets:?}");
        assert_eq!(
            found[0].map(|found| found.file_offset / 100),
            packets.first().copied().filter(|n| *n > 0)
        );
    }
}

#[test]
fn what_cannot_be_read_twice_has_no_places() {
    let (folder, paths) = folder(&[&pcap_file(&[b"one"])]);
    for other in [PathBuf::from("-"), folder.path().to_owned(), PathBuf::from("/dev/null")] {
        let files = [paths[0].clone(), other];
        assert_eq!(locate(&files, &Limits::default(), &[1, 2]).unwrap(), [None, None], "{files:?}");
    }
    let missing = [folder.path().join("missing")];
    let error = locate(&missing, &Limits::default(), &[1]).unwrap_err();
    assert_eq!(error.to_string(), format!("{}: there is no such file", missing[0].display()));
}

#[test]
fn files_that_changed_have_no_places() {
    let file = pcapng_file(&[b"one", b"two", b"three"]);
    let (_folder, paths) = folder(&[&file, &file]);
    for changed in [&b""[..], b"a text", &file[..10], &file[..40]] {
        fs::write(&paths[0], changed).unwrap();
        let found = locate(&paths[..1], &Limits::default(), &[1, 3]).unwrap();
        assert_eq!(found, [None, None], "{changed:?}");
    }
    for cut in 0..file.len() {
        fs::write(&paths[0], &file[..cut]).unwrap();
        let found = locate(&paths, &Limits::default(), &[1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!(found.last(), Some(&None), "cut at {cut}");
    }
}
