//! HTTP heads that never end, and what else waits before a connection is known for what it is.

use crate::measure::{HELD, MIB, alone, decode};
use crate::packets::{SERVER, client, header, open, upgraded};
use crate::support::talk;

#[test]
fn heads_that_never_end() {
    let _alone = alone();
    let lines = b"X-Filler: yes\r\n".repeat(4_000);
    let ask = move |n| {
        let (mut records, mut client, _) = open(client(n), SERVER);
        records.extend(client.send(b"GET / HTTP/1.1\r\nHost: a\r\n"));
        records.extend(client.send(&lines));
        records
    };
    // 60 MB.
    let cost = decode(std::iter::once(header()).chain((0..1_000).map(ask)));
    assert_eq!(cost.summary.tcp_connections, 1_000);
    assert!(cost.peak < HELD, "{}", cost.peak);
}

/// Fields of two bytes take some fifty each once they are told apart.
#[test]
fn heads_of_the_smallest_fields() {
    let _alone = alone();
    let fields = b"a:\n".repeat(3_000);
    let ask = move |n| {
        let (mut records, mut client, mut server) = open(client(n), SERVER);
        let request = String::from_utf8(talk::request("")).unwrap();
        records.extend(client.send(request.strip_suffix("\r\n").unwrap().as_bytes()));
        records.extend(client.send(&fields));
        records.extend(client.send(b"\r\n"));
        server.ack = client.seq;
        records.extend(server.send(&talk::response("")));
        records
    };
    // 29 MB, of 5 MB.
    let cost = decode(std::iter::once(header()).chain((0..500).map(ask)));
    assert_eq!(cost.summary.connections, 500);
    assert!(cost.peak < HELD, "{}", cost.peak);
}

/// Streams without a beginning are kept until it is certain what they are.
#[test]
fn streams_that_may_be_anything() {
    let _alone = alone();
    let piece = vec![0xff; 30_000];
    let send = move |n| {
        let (_, mut client, _) = open(client(n), SERVER);
        client.send(&piece)
    };
    // 30 MB, twice: for the search and for what follows if it succeeds.
    let cost = decode(std::iter::once(header()).chain((0..1_000).map(send)));
    assert!(cost.peak < HELD, "{}", cost.peak);
}

#[test]
fn single_bytes_of_streams_that_may_be_anything() {
    let _alone = alone();
    let send = move |n| {
        let (_, mut client, _) = open(client(n), SERVER);
        (0..30_000).flat_map(|_| client.send(&[0xff])).collect()
    };
    let cost = decode(std::iter::once(header()).chain((0..1).map(send)));
    assert!(cost.peak < 7 * MIB, "{}", cost.peak);
}

/// The start of a request line of which it is not yet certain that it is one, a byte at a time.
#[test]
fn heads_that_may_be_anything() {
    let _alone = alone();
    let line = [b"GET x".to_vec(), vec![b'x'; 7_000]].concat();
    let ask = move |n| {
        let (mut records, mut client, _) = open(client(n), SERVER);
        records.extend(line.iter().flat_map(|byte| client.send(&[*byte])));
        records
    };
    let cost = decode(std::iter::once(header()).chain((0..4).map(ask)));
    assert!(cost.peak < 8 * MIB, "{}", cost.peak);
}

/// Behind a hole frames are looked for. Every fifth place here begins a text frame of the next 16,000 bytes, which are
/// text: reading each of them takes the square of the bytes.
#[test]
fn boundaries_everywhere_behind_a_hole() {
    let _alone = alone();
    let (mut records, mut client, mut server) = upgraded(client(1), SERVER, "");
    client.ack = client.ack.wrapping_add(9);
    server.seq = client.ack;
    records.extend(client.at(client.seq, &[]));
    let lies = [0xc2, 0x81, 0x7e, 0x3e, 0x7e].repeat(280);
    let frames = (0..2_000).map(move |_| server.send(&lies));
    // 2.8 MB.
    let cost = decode([header(), records].into_iter().chain(frames));
    assert!(cost.peak < 8 * MIB, "{}", cost.peak);
}
