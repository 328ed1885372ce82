//! More connections than there is room for, and connections that hold on to all that they can.

use wscope::packet::segment::{Endpoint, FlowKey};

use crate::measure::{HELD, MIB, alone, decode};
use crate::packets::{End, Packet, SERVER, client, header, open, upgraded};
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

/// `rounds` segments of `size` bytes on each of `flows` connections behind their handshake, `gap` bytes missing before
/// each of them.
fn beyond_a_hole(flows: usize, rounds: u32, size: usize, gap: u32) -> impl Iterator<Item = Vec<u8>> {
    let opened = (0..flows).map(|n| upgraded(client(n), SERVER, "").0);
    let payload = vec![b'x'; size];
    let rest = (0..rounds).flat_map(move |round| {
        let payload = payload.clone();
        (0..flows).map(move |n| {
            let (_, _, server) = upgraded(client(n), SERVER, "");
            server.at(server.seq.wrapping_add(gap + round * (payload.len() as u32 + gap)), &payload)
        })
    });
    std::iter::once(header()).chain(opened).chain(rest)
}

#[test]
fn segments_that_wait_for_a_hole() {
    let _alone = alone();
    // 120 MB.
    let cost = decode(beyond_a_hole(4_000, 1, 30_000, 7));
    assert!(cost.peak < HELD, "{}", cost.peak);
    assert!(cost.notes().contains("TCP connections were dropped: too many bytes"), "{}", cost.notes());
}

/// A copy of each is kept, not the block of 256 KiB that it lies in.
#[test]
fn single_bytes_that_wait_for_a_hole() {
    let _alone = alone();
    let cost = decode(beyond_a_hole(60, 300, 1, 70));
    assert!(cost.peak < 16 * MIB, "{}", cost.peak);
}
