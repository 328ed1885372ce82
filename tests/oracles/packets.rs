//! Capture files as libpcap reads them, which knows one link type a file and ends at the first fault.

use std::path::Path;

use libpcap::{Capture, Error, Precision};
use wscope::capture::open::open;
use wscope::capture::source::{Block, Status};
use wscope::limits::Limits;

use crate::support::{captures_in, gallery, shared};

/// Time in nanoseconds, bytes on the wire, and the bytes.
type Packet = (i64, u32, Vec<u8>);

fn ours(path: &Path) -> Option<Vec<Packet>> {
    let mut opened = open(&[path], &Limits::default()).ok()?;
    let mut packets = Vec::new();
    let mut block = Block::default();
    loop {
        let status = opened.source.fill(&mut block).unwrap();
        packets
            .extend(block.packets.iter().map(|it| (it.time.nanos(), it.wire_len, block.packet(it).to_vec())));
        if status == Status::End {
            return Some(packets);
        }
    }
}

/// What libpcap reads, and why it ended.
fn theirs(path: &Path) -> Result<(Vec<Packet>, Option<String>), Error> {
    let mut capture = Capture::from_file_with_precision(path, Precision::Nano)?;
    let mut packets = Vec::new();
    loop {
        match capture.next_packet() {
            Ok(packet) => {
                let time = packet.header.ts;
                let nanos = i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_usec);
                let nanos = nanos.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
                packets.push((nanos, packet.header.len, packet.data.to_vec()));
            }
            Err(Error::NoMorePackets) => return Ok((packets, None)),
            Err(error) => return Ok((packets, Some(error.to_string()))),
        }
    }
}

/// The same packet, but for what libpcap makes of what files should not hold.
fn same(ours: &Packet, theirs: &Packet) -> bool {
    let ((time, wire, bytes), (their_time, their_wire, their_bytes)) = (ours, theirs);
    // Packets without a time have that of the packet before them here, and none there. A fraction of a second of 2^31
    // units and more is negative there.
    let same_time = [0, 1 << 32, 1_000 << 32].contains(&(time - their_time)) || *their_time == 0;
    // Packets that are longer than their file's snap length are cut there, and those that are longer than they were on
    // the wire stay so.
    same_time && *wire == (*their_wire).max(bytes.len() as u32) && bytes.starts_with(their_bytes)
}

#[test]
fn packets_are_those_of_libpcap() {
    let mut files = captures_in(&gallery());
    files.extend(shared().map(|folder| captures_in(&folder)).unwrap_or_default());
    let (mut compared, mut packets, mut different) = (0, 0, Vec::new());
    for path in &files {
        let Ok((theirs, ended)) = theirs(path) else { continue };
        let Some(ours) = ours(path) else {
            different.push(format!("{}: only libpcap reads it", path.display()));
            continue;
        };
        compared += 1;
        packets += theirs.len();
        let first = ours.iter().zip(&theirs).position(|(ours, theirs)| !same(ours, theirs));
        if let Some(n) = first {
            let ((time, wire, bytes), (their_time, their_wire, their_bytes)) = (&ours[n], &theirs[n]);
            different.push(format!(
                "{}: packet {}: time {time} and {their_time}, {wire} and {their_wire} bytes on the wire, {} and {} there, same: {}",
                path.display(), n + 1, bytes.len(), their_bytes.len(), bytes == their_bytes
            ));
        } else if ours.len() < theirs.len() || ended.is_none() && ours.len() != theirs.len() {
            different.push(format!(
                "{}: {} packets and {}: {ended:?}",
                path.display(),
                ours.len(),
                theirs.len()
            ));
        }
    }
    eprintln!("{compared} captures with {packets} packets compared");
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(compared >= 30, "{compared}");
}
