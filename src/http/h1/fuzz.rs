//! Properties of [`super::Pair`] that hold for any input.

use proptest::prelude::*;

use super::script::*;
use super::*;

/// A message in one direction; together they make conversations that are right, or nearly so.
fn message() -> impl Strategy<Value = Piece> {
    let text = |texts: &'static [&'static str]| proptest::sample::select(texts);
    prop_oneof![
        text(REQUESTS).prop_map(c),
        text(RESPONSES).prop_map(s),
        (text(REQUESTS), text(REQUESTS)).prop_map(|(a, b)| c([a, b].concat())),
        (text(RESPONSES), text(RESPONSES)).prop_map(|(a, b)| s([a, b].concat())),
    ]
}

const REQUESTS: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\nPOST /x HTTP/1.1\r\nContent-Length: 5\r\n\r\nHTTP/",
    "POST /x HTTP/1.1\nTransfer-Encoding: chunked\n\n3;q\r\nGET\r\n0\r\nA: b\r\n\r\n",
    "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nContent-Length: 3\r\n\r\nabc",
    "CONNECT a:1 HTTP/1.1\r\n\r\n",
    "\u{1}\u{2}",
];
const RESPONSES: &[&str] = &[
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 426\r\nUpgrade: websocket\r\nContent-Length: 1\r\n\r\nx",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\nto the end",
    "\u{1}\u{2}",
];

/// Anything at all, and bits of HTTP among it.
fn anything() -> impl Strategy<Value = Piece> {
    let dir = proptest::sample::select(&Dir::BOTH[..]);
    let some = |piece: fn(Vec<u8>) -> Piece| {
        (message(), 0..200_usize, 0..200_usize).prop_map(move |(message, from, to)| {
            let (Piece::C(data) | Piece::S(data)) = message else { return message };
            let from = from % data.len();
            piece(data[from..(from + to + 1).min(data.len())].to_vec())
        })
    };
    prop_oneof![
        6 => message(),
        2 => some(Piece::C),
        2 => some(Piece::S),
        1 => proptest::collection::vec(any::<u8>(), 1..40).prop_map(Piece::C),
        1 => proptest::collection::vec(any::<u8>(), 1..40).prop_map(Piece::S),
        2 => (dir.clone(), 1..200_u64).prop_map(|(dir, len)| Piece::Gap(dir, len)),
        1 => dir.prop_map(Piece::End),
    ]
}

/// Cuts each piece into segments of the lengths given, over and over.
fn cut(pieces: &[Piece], lens: &[usize]) -> Vec<Piece> {
    let mut lens = lens.iter().copied().cycle();
    let mut out = Vec::new();
    for piece in pieces {
        let (Piece::C(data) | Piece::S(data)) = piece else {
            out.push(piece.clone());
            continue;
        };
        let mut rest = &data[..];
        while !rest.is_empty() {
            let (head, tail) = rest.split_at(lens.next().unwrap().min(rest.len()));
            out.push(if matches!(piece, Piece::C(_)) { c(head) } else { s(head) });
            rest = tail;
        }
    }
    out
}

/// Without packet numbers and times, which depend on the segments.
fn timeless(mut told: Told) -> Told {
    for handshake in told.refused.iter_mut().chain(&mut told.upgraded) {
        if let Some(request) = &mut handshake.request {
            (request.first, request.last) = Default::default();
        }
        if let Some(response) = &mut handshake.response {
            (response.first, response.last) = Default::default();
        }
    }
    told
}

fn memory(pair: &Pair) -> usize {
    let held: usize = pair.held.iter().flatten().map(|hold| hold.cost()).sum();
    held + pair.pending.iter().map(|p| p.cost()).sum::<usize>()
}

proptest! {
    /// However a conversation is cut into segments, the same comes of it.
    ///
    /// Garbage is left out, and HEAD, whose responses would have bodies here: where sync is lost, the edges
    /// of segments are what it is found by.
    #[test]
    fn segmentation_changes_nothing(
        pieces in proptest::collection::vec(message(), 1..14),
        lens in proptest::collection::vec(1..60_usize, 1..6),
    ) {
        let dirty = |data: &[u8]| data.contains(&1) || memchr::memmem::find(data, b"HEAD").is_some();
        let clean = |piece: &Piece| !matches!(piece, Piece::C(data) | Piece::S(data) if dirty(data));
        let pieces: Vec<_> = pieces.into_iter().filter(clean).collect();
        let whole = timeless(play(&pieces));
        prop_assert_eq!(&timeless(play(&cut(&pieces, &lens))), &whole);
        prop_assert_eq!(&timeless(play(&cut(&pieces, &[1]))), &whole);
    }

    /// Nothing panics, and what is kept stays within the limits, whatever comes.
    #[test]
    fn anything_goes(
        pieces in proptest::collection::vec(anything(), 1..60),
        lens in proptest::collection::vec(1..60_usize, 1..6),
        inside in any::<bool>(),
    ) {
        let limits = Limits { before_response: 500, http_head: 400, ..Limits::default() };
        let pair = || if inside { Pair::inside() } else { Pair::new() };
        play_on(pair(), &pieces, &limits);
        play_on(pair(), &cut(&pieces, &lens), &limits);

        let mut pair = pair();
        for (n, piece) in pieces.iter().enumerate() {
            let (dir, item) = piece.item();
            let step = pair.feed(dir, item, at(n as u64), &limits, &mut |_| {});
            prop_assert!(memory(&pair) < 3_000, "{}", memory(&pair));
            if !matches!(step, Step::Continue | Step::Full) {
                return Ok(());
            }
        }
        pair.force_upgrade();
        pair.finish(&mut |_| {});
    }

    /// All bytes behind an upgrade come out once, in order, and those before it do not.
    #[test]
    fn nothing_is_lost_behind_an_upgrade(
        before in proptest::collection::vec(0..3_usize, 0..4),
        client in "[a-z]{0,40}",
        server in "[a-z]{0,40}",
        lens in proptest::collection::vec(1..60_usize, 1..6),
        swapped in any::<bool>(),
    ) {
        let mut pieces = Vec::new();
        for n in &before {
            pieces.extend([c(REQUESTS[0]), s(RESPONSES[*n])]);
        }
        let (ask, yes) = (c([REQUESTS[4], &client].concat()), s([RESPONSES[6], &server].concat()));
        pieces.extend(if swapped { [yes, ask] } else { [ask, yes] });
        let told = play(&cut(&pieces, &lens));
        prop_assert!(told.upgraded.as_ref().is_some_and(|h| h.accept().is_some_and(|a| a.valid)), "{:?}", told);
        prop_assert_eq!(told.behind(Dir::C2s), client);
        prop_assert_eq!(told.behind(Dir::S2c), server);
        prop_assert!(told.refused.is_empty());
    }
}

/// A head in segments of one byte costs no more than its bytes: this would take minutes otherwise.
#[test]
fn linear() {
    let mut pair = Pair::new();
    let limits = Limits { http_head: 8 << 20, ..Limits::default() };
    let head = format!("GET / HTTP/1.1\r\nA: {}\r\nUpgrade: websocket\r\n\r\n", "x".repeat(2 << 20));
    for byte in head.as_bytes().chunks(1) {
        assert!(matches!(pair.feed(Dir::C2s, Item::Data(byte), at(1), &limits, &mut |_| {}), Step::Continue));
    }
    assert!(pair.is_held_back());
}
