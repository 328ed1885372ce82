//! More connections than there is room for, and connections that hold on to all that they can.

use wscope::packet::segment::{Endpoint, FlowKey};

use crate::measure::{HELD, MIB, alone, decode};
use crate::packets::{End, Packet, SERVER, client, header, open, record, upgraded};
use crate::support::talk::{self, SYN};

#[test]
fn half_open_connections() {
    let _alone = alone();
    let syn = |n| Packet { from: client(n), to: SERVER, flags: SYN, seq: 1, ack: 0, payload: &[] }.record();
    let cost = decode(std::iter::once(header()).chain((0..50_000).map(syn)));
    assert_eq!(cost.summary.tcp_connections, 50_000);
    assert!(cost.peak < 8 * MIB, "{}", cost.peak);
}

#[test]
fn upgrades_that_nobody_answers() {
    let _alone = alone();
    let ask = |n| {
        let (mut records, mut client, _) = open(client(n), SERVER);
        records.extend(client.send(&talk::request("")));
        records
    };
    let cost = decode(std::iter::once(header()).chain((0..15_000).map(ask)));
    assert_eq!(cost.summary.tcp_connections, 15_000);
    assert!(cost.peak < 16 * MIB, "{}", cost.peak);
}

fn shard(from: End, to: End) -> u64 {
    let end = |end: End| Endpoint::v4((10 << 24 | end.0).to_be_bytes(), end.1);
    FlowKey::new(end(from), end(to)).0.lot() % 64
}

/// Whoever knows how flows are dealt can put all of them into one place: it has its share of the room and no more, and
/// those that are there are still told whole.
#[test]
fn all_connections_in_one_shard() {
    let _alone = alone();
    let chosen = (0..).map(client).filter(|end| shard(*end, SERVER) == 0).take(5_000);
    let talk = |end| {
        let (mut records, mut client, _) = upgraded(end, SERVER, "");
        records.extend(client.send(&talk::frame(0x81, Some([1; 4]), b"hello")));
        records
    };
    let cost = decode(std::iter::once(header()).chain(chosen.map(talk)));
    assert_eq!((cost.summary.connections, cost.summary.messages), (5_000, 5_000));
    assert!(cost.peak < 8 * MIB, "{}", cost.peak);
}

#[test]
fn segments_that_wait_for_a_hole() {
    let _alone = alone();
    let payload = vec![b'x'; 30_000];
    let wait = move |n| {
        let (mut records, _, server) = upgraded(client(n), SERVER, "");
        records.extend(server.at(server.seq.wrapping_add(7), &payload));
        records
    };
    // 30 MB.
    let cost = decode(std::iter::once(header()).chain((0..1_000).map(wait)));
    assert!(cost.peak < HELD, "{}", cost.peak);
    assert!(cost.notes().contains("TCP connections were dropped: too many bytes"), "{}", cost.notes());
}

/// Each single byte lies in a block of 256 KiB of its own: a copy of it is kept, not the block.
#[test]
fn single_bytes_that_wait_for_a_hole() {
    let _alone = alone();
    let filler = record(&[0xff; 60_000]).repeat(5);
    let (records, _, server) = upgraded(client(1), SERVER, "");
    let pieces =
        (1..150).map(move |n| [server.at(server.seq.wrapping_add(n * 9), b"x"), filler.clone()].concat());
    let cost = decode([header(), records].into_iter().chain(pieces));
    assert!(cost.peak < 8 * MIB, "{}", cost.peak);
}
