//! Real captures of many links and tunnels: how many segments each holds.

use std::path::{Path, PathBuf};

use super::walker::walk;
use crate::item::At;
use crate::limits::Limits;
use crate::packet::segment::Place;
use crate::packet::{Decoder, PacketStats};

/// Segments, bytes of TCP payload on the wire, and what became of the packets.
fn count(path: &Path) -> (u64, u64, PacketStats) {
    let mut decoder = Decoder::new(&Limits::default());
    let (mut number, mut segments, mut payload) = (0, 0, 0);
    walk(path, |packet, bytes| {
        number += 1;
        let at = At { packet: number, time: packet.time };
        decoder.decode(&packet, bytes, Place { block: 1, offset: 0 }, at, &mut |segment| {
            segments += 1;
            payload += segment.payload.len() as u64 + u64::from(segment.cut);
        });
    });
    (segments, payload, decoder.stats().clone())
}

/// The directory of captures, where there is one.
fn shared() -> Option<PathBuf> {
    let path = std::env::var_os("WSCOPE_SHARED_CAPTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/captures"), PathBuf::from);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: there are no shared captures at {} (set WSCOPE_SHARED_CAPTURES)", path.display());
    None
}
#[test]
#[ignore]
fn print_all() {
    let Some(root) = shared() else { return };
    for directory in ["link", "tcp", "websocket", "made", "pcapng", "tls-h2"] {
        let Ok(entries) = std::fs::read_dir(root.join(directory)) else { continue };
        let mut paths: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
        paths.sort();
        for path in paths.iter().filter(|p| p.is_file()) {
            let (segments, payload, stats) = count(path);
            println!(
                "ROW\t{}\t{segments}\t{payload}\t{stats:?}",
                path.strip_prefix(&root).unwrap().display()
            );
        }
    }
}
