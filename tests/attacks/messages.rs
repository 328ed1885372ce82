//! Frames and messages that promise or become more than they are, and more findings than anybody reads.

use wscope::audit::collect::{Auditor, Collector, Policy};
use wscope::audit::select::Enabled;
use wscope::capture::open::from_bytes;
use wscope::engine::{self, Config};
use wscope::rules::Level;

use crate::measure::{MIB, alone, decode, limits, measured};
use crate::packets::{SERVER, client, header, upgraded};
use crate::support::conversation::deflated;
use crate::support::talk::{ACK, RST, frame};

const DEFLATE: &str = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

/// A message of 100 KiB that inflates to 100 MiB, again and again: told as far as the limit, one at a time.
#[test]
fn messages_that_inflate_a_thousand_times() {
    let _alone = alone();
    let mut compress = flate2::Compress::new(flate2::Compression::best(), false);
    let bomb = deflated(&mut compress, &vec![0; 100 * MIB]);
    assert!(bomb.len() < 200 << 10, "{}", bomb.len());
    let bomb = frame(0xc2, None, &bomb);
    let (mut records, _, mut server) = upgraded(client(1), SERVER, DEFLATE);
    for piece in bomb.repeat(2).chunks(60_000) {
        records.extend(server.send(piece));
    }
    let cost = decode([header(), records]);
    assert_eq!(cost.summary.messages, 2);
    // Room for 64 MiB that doubles as it grows, and the message as JSON.
    assert!(cost.peak < 400 * MIB, "{}", cost.peak);
}

/// A message of empty fragments, with a ping after each.
#[test]
fn fragments_without_end() {
    let _alone = alone();
    let (mut records, _, mut server) = upgraded(client(1), SERVER, "");
    records.extend(server.send(&frame(0x01, None, b"")));
    let more = [0x00, 0x00, 0x89, 0x00].repeat(15_000);
    let pieces = (0..10).map(move |_| server.send(&more));
    let cost = decode([header(), records].into_iter().chain(pieces));
    assert_eq!(cost.summary.frames, 300_001);
    // What the frames of a block of the capture become as JSON, at one time.
    assert!(cost.peak < 160 * MIB, "{}", cost.peak);
}

/// Half-sent messages on many connections: all of them together have a budget.
#[test]
fn messages_that_never_end() {
    let _alone = alone();
    let payload = vec![7; 60_000];
    let begin = move |n| {
        let (mut records, _, mut server) = upgraded(client(n), SERVER, "");
        records.extend(server.send(&[0x82, 0x7f, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
        records.extend(server.send(&payload));
        records
    };
    let cost = decode(std::iter::once(header()).chain((0..2_000).map(begin)));
    assert_eq!(cost.summary.connections, 2_000);
    // 120 MB, of which 32 MiB may be kept.
    assert!(cost.peak < 64 * MIB, "{}", cost.peak);
}

/// Other bytes for the same place, again and again.
#[test]
fn the_same_bytes_told_otherwise() {
    let _alone = alone();
    let (mut records, _, mut server) = upgraded(client(1), SERVER, "");
    let first = server.seq;
    records.extend(server.send(&frame(0x81, None, &[b'x'; 1_000])));
    let lies = (0..50_000_u32).map(move |n| server.at(first, &[n as u8; 500]));
    let cost = decode([header(), records].into_iter().chain(lies));
    assert_eq!(cost.summary.messages, 1);
    assert!(cost.peak < 8 * MIB, "{}", cost.peak);
}

/// A fault on each of many connections: `wscope check` keeps those that it shows, and counts the rest.
#[test]
fn faults_of_many_connections() {
    let _alone = alone();
    let mut bytes = header();
    for n in 0..10_000 {
        let (records, mut client, mut server) = upgraded(client(n), SERVER, "");
        bytes.extend(records);
        bytes.extend(client.send(&frame(0x81, None, b"not masked")));
        server.ack = client.seq;
        bytes.extend(server.with(RST | ACK));
    }
    let enabled = Enabled::new(&[], Level::Note);
    let policy = Policy { max_findings: 100, ..Policy::default() };
    let mut auditor = Auditor::new(&enabled, policy);
    let observer = || Collector::new(&enabled, <[u8]>::to_vec);
    let config = Config { limits: limits(), ..Config::default() };
    let mut opened = from_bytes("attack", bytes, &limits()).unwrap();
    let (peak, _) = measured(|| {
        engine::run(&mut *opened.source, &config, &observer, &mut auditor, &|_| {}).unwrap();
    });
    let (report, _) = auditor.finish(Vec::new());
    assert!(
        report.entries.len() == 100 && report.hidden > 9_000,
        "{} {}",
        report.entries.len(),
        report.hidden
    );
    assert!(peak < 10 * MIB, "{peak}");
}
