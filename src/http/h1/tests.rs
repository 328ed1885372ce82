//! Scenarios of HTTP/1 connections that lead to WebSocket, or do not.

use super::script::*;
use super::*;

const GET: &str = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
const ASK: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const YES: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const NO: &str = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nno!\n";

/// Is there an upgrade with a valid accept, and what is behind it?
fn accepted(told: &Told) -> (&str, &str) {
    let handshake = told.upgraded.as_ref().unwrap_or_else(|| panic!("no upgrade: {told:?}"));
    assert!(handshake.accept().unwrap().valid);
    (told.behind(Dir::C2s), told.behind(Dir::S2c))
}

fn statuses(told: &Told) -> Vec<Option<u16>> {
    told.refused.iter().map(|h| h.response.as_ref().map(|r| r.status)).collect()
}

#[test]
fn plain_upgrade() {
    let told = play(&[c(ASK), s(format!("{YES}hello")), c("world"), s("!"), Piece::End(Dir::S2c)]);
    assert_eq!(accepted(&told), ("world", "hello!$"));
    let handshake = told.upgraded.as_ref().unwrap();
    assert_eq!(handshake.early_bytes, 0);
    assert_eq!(handshake.request.as_ref().unwrap().first, at(1));
    assert_eq!(handshake.response.as_ref().unwrap().last, at(2));
    assert!(told.refused.is_empty());
}

#[test]
fn traffic_before() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n4;x=\"y\"\r\nHTTP\r\n0010\r\n/1.1 101 x\r\n\r\n12\r\n0\r\nSome: trailer\r\n\r\n";
    let told = play(&[
        c(GET),
        s("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"),
        s("llo"),
        c("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nGET / HT"),
        s("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
        c(format!("{GET}HEAD / HTTP/1.1\r\n\r\n{GET}{ASK}")),
        s(chunked),
        s(
            "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
        ),
        s("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
        s(format!("{YES}hello")),
    ]);
    assert_eq!(accepted(&told), ("", "hello"));
}

#[test]
fn no_body_length_ends_with_the_connection() {
    let told = play(&[c(GET), s("HTTP/1.0 200 OK\r\n\r\n"), s(YES), Piece::End(Dir::S2c)]);
    assert_eq!(told, Told::default());
}

#[test]
fn refused_then_accepted() {
    let told = play(&[c(ASK), s(NO), c(ASK), s(YES), c("a")]);
    assert_eq!(accepted(&told), ("a", ""));
    assert_eq!(statuses(&told), [Some(401)]);
    assert_eq!(told.refused[0].request.as_ref().unwrap().first, at(1));
    assert_eq!(told.refused[0].response.as_ref().unwrap().first, at(2));
    assert_eq!(told.upgraded.as_ref().unwrap().request.as_ref().unwrap().first, at(3));
}

#[test]
fn refusals_of_all_kinds() {
    for status in ["200 OK", "302 Found", "400", "404 Not Found", "426 Upgrade Required", "503 Busy"] {
        let told =
            play(&[c(ASK), s(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")), c(ASK), s(YES)]);
        assert_eq!(accepted(&told), ("", ""));
        assert_eq!(statuses(&told), [status[..3].parse().ok()]);
    }
}

#[test]
fn held_bytes_of_a_refused_request_are_the_next_requests() {
    let told =
        play(&[c(format!("{ASK}{ASK}")), c(format!("{GET}{ASK}ear")), c("ly"), s(NO), s(NO), s(NO), s(YES)]);
    assert_eq!(accepted(&told), ("early", ""));
    assert_eq!(statuses(&told), [Some(401), Some(401)]);
    let handshake = told.upgraded.as_ref().unwrap();
    assert_eq!(handshake.early_bytes, 5);
    assert_eq!(handshake.request.as_ref().unwrap().last, at(2));
}

#[test]
fn held_bytes_of_an_accepted_request_are_early() {
    let told =
        play(&[c(ASK), c("one"), Piece::Gap(Dir::C2s, 9), c("two"), Piece::End(Dir::C2s), s(YES), s("x")]);
    assert_eq!(accepted(&told), ("one~two$", "x"));
    assert_eq!(told.upgraded.as_ref().unwrap().early_bytes, 6);
}

#[test]
fn a_body_of_an_upgrade_request_is_skipped() {
    let ask = ASK.replace("GET", "POST").replace("\r\n\r\n", "\r\nContent-Length: 3\r\n\r\n");
    let told = play(&[c(format!("{ask}ab")), c("cframes"), s(YES)]);
    assert_eq!(accepted(&told), ("frames", ""));
}

#[test]
fn tunnel() {
    let connect = "CONNECT server:80 HTTP/1.1\r\nHost: server:80\r\n\r\n";
    let told = play(&[c(connect), c("early"), s("HTTP/1.1 200 Connection established\r\n\r\nx"), c("more")]);
    assert!(told.tunnel);
    assert_eq!((told.behind(Dir::C2s), told.behind(Dir::S2c)), ("earlymore", "x"));

    let told =
        play(&[c(format!("{connect}{ASK}")), s("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"), s(YES)]);
    assert!(!told.tunnel);
    assert_eq!(accepted(&told), ("", ""));
}

#[test]
fn absolute_target() {
    let told = play(&[c(ASK.replace("/chat", "http://Example.com:81/chat?x")), s(YES)]);
    assert_eq!(told.upgraded.unwrap().url(false).as_deref(), Some("ws://Example.com:81/chat?x"));
}

#[test]
fn other_protocols() {
    let h2c = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    let told = play(&[c(h2c), s("HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\nPRI"), c("PRI")]);
    assert_eq!(told.opaque, Some(Why::OtherProtocol));
    let told = play(&[s("\x16\x03\x03"), c("\x16")]);
    assert_eq!(told.opaque, Some(Why::Garbage));
}

#[test]
fn bad_101s_still_upgrade() {
    let told = play(&[c(ASK), s("HTTP/1.1 101\r\n\r\nx")]);
    assert_eq!(told.behind(Dir::S2c), "x");
    assert!(told.upgraded.unwrap().upgraded());

    let only_version = "GET / HTTP/1.1\r\nSec-WebSocket-Version: 13\r\n\r\n";
    assert!(play(&[c(only_version), s("HTTP/1.1 101 x\r\n\r\n")]).upgraded.is_some());
    let told = play(&[c(only_version), s(NO)]);
    assert!(told.refused.is_empty());

    // The response alone speaks of WebSocket, and the client sends frames.
    let told = play(&[c(GET), c("\x01\x02"), s(format!("{YES}x"))]);
    let handshake = told.upgraded.as_ref().unwrap();
    assert_eq!(handshake.request.as_ref().unwrap().target(), b"/x");
    assert_eq!(told.behind(Dir::S2c), "x");
}

#[test]
fn response_captured_before_its_request() {
    let told = play(&[
        s(format!("{YES}he")),
        s("llo"),
        c(&ASK[..50]),
        s("!"),
        c(format!("{}wo", &ASK[50..])),
        c("rld"),
    ]);
    assert_eq!(accepted(&told), ("world", "hello!"));
    let handshake = told.upgraded.as_ref().unwrap();
    assert_eq!((handshake.early_bytes, handshake.response.as_ref().unwrap().last), (0, at(1)));

    let told = play(&[s(NO), c(ASK), s(YES), c(ASK)]);
    assert_eq!(accepted(&told), ("", ""));
    assert_eq!(statuses(&told), [Some(401)]);

    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let told = play(&[c(GET), s(ok), s(format!("{ok}{NO}")), c(format!("{GET}{ASK}{ASK}")), s(YES)]);
    assert_eq!(accepted(&told), ("", ""));
    assert_eq!(statuses(&told), [Some(401)]);
}

#[test]
fn server_direction_only() {
    let told = play(&[s(format!("{YES}he")), s("llo"), Piece::End(Dir::S2c)]);
    assert_eq!(told.behind(Dir::S2c), "hello$");
    assert!(told.upgraded.as_ref().unwrap().request.is_none());

    // Frames of the client, whose request was not captured.
    let told = play(&[s(format!("{YES}he")), c([0x81, 0x80]), s("llo")]);
    assert_eq!((&told.behind[0][..], told.behind(Dir::S2c)), (&[0x81, 0x80][..], "hello"));

    let limits = Limits { before_response: 100, ..Limits::default() };
    let told = play_on(Pair::new(), &[s(YES), s([b'x'; 200]), s("y")], &limits);
    assert_eq!(told.behind(Dir::S2c).len(), 201);

    let told =
        play(&[s("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"), s(YES), s("x"), Piece::End(Dir::S2c)]);
    assert_eq!(told.behind(Dir::S2c), "x$");

    let mut pair = Pair::new();
    assert!(matches!(
        pair.feed(Dir::S2c, Item::Data(YES.as_bytes()), at(1), &Limits::default(), &mut |_| {}),
        Step::Continue
    ));
    let late = At { packet: 2, time: crate::time::Timestamp::from_nanos(20_000_000_000) };
    let step = pair.feed(Dir::S2c, Item::Data(b"x"), late, &Limits::default(), &mut |_| {});
    assert!(matches!(step, Step::Upgraded { used: 1, held, .. } if held.len() == 1));
}

#[test]
fn client_direction_only() {
    let limits = Limits { before_response: 150, ..Limits::default() };
    let mut pair = Pair::new();
    let mut feed = |n, data: &[u8]| pair.feed(Dir::C2s, Item::Data(data), at(n), &limits, &mut |_| {});
    assert!(matches!(feed(1, ASK.as_bytes()), Step::Continue));
    assert!(matches!(feed(2, &[1; 50]), Step::Continue));
    assert!(matches!(feed(3, &[2; 50]), Step::Full));
    assert!(matches!(feed(4, &[3; 50]), Step::Full));
    let (handshake, held) = pair.force_upgrade().unwrap();
    assert!(handshake.response.is_none());
    // Early they would be had they come before a response; none was captured.
    assert_eq!(handshake.early_bytes, 0);
    let items: Vec<_> = held.iter().map(|h| (h.at, h.item())).collect();
    assert_eq!(
        items,
        [
            (at(2), Item::Data(&[1; 50])),
            (at(3), Item::Data(&[2; 50])),
            (at(4), Item::Gap { len: 50, why: Missing::GaveUp })
        ]
    );
    assert!(Pair::new().force_upgrade().is_none());
}

#[test]
fn never_answered() {
    assert_eq!(statuses(&play(&[c(ASK), c("x")])), [None]);
    assert_eq!(statuses(&play(&[c(ASK), s(&YES[..40]), Piece::End(Dir::S2c)])), [None]);
    assert_eq!(play(&[c(GET), c(&ASK[..60])]), Told::default());
}

#[test]
fn gap_in_a_body() {
    let told = play(&[
        c("POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc"),
        Piece::Gap(Dir::C2s, 97),
        s("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab"),
        Piece::Gap(Dir::S2c, 7),
        c(ASK),
        s(format!("c{YES}x")),
    ]);
    assert_eq!(accepted(&told), ("", "x"));
    let told = play(&[
        c(GET),
        s("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100\r\nab"),
        Piece::Gap(Dir::S2c, 253),
        s("c\r\n0\r\n\r\n"),
        c(ASK),
        s(YES),
    ]);
    assert_eq!(accepted(&told), ("", ""));
}

#[test]
fn gap_over_heads() {
    // Requests and responses are lost; both directions start anew at a segment.
    let told = play(&[
        c(GET),
        s("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab"),
        Piece::Gap(Dir::S2c, 700),
        s("the end of some body HTTP/1.1 101"),
        Piece::Gap(Dir::C2s, 300),
        c("\r\nCookie: x\r\n\r\n"),
        c(ASK),
        s(format!("{YES}x")),
    ]);
    assert_eq!(accepted(&told), ("", "x"));
    // The same a byte at a time.
    let mut pieces = vec![c(GET), Piece::Gap(Dir::S2c, 700), Piece::Gap(Dir::C2s, 300)];
    pieces.extend(format!("lost\r\n{ASK}").bytes().map(|b| c([b])));
    pieces.extend(format!("lost\r\n{YES}x").bytes().map(|b| s([b])));
    assert_eq!(accepted(&play(&pieces)), ("", "x"));
}

#[test]
fn a_lost_response_shifts_nothing() {
    let told = play(&[
        c(GET),
        Piece::Gap(Dir::S2c, 700),
        c(ASK),
        s("HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n"),
        c(ASK),
        s(YES),
    ]);
    assert_eq!(accepted(&told), ("", ""));
    assert_eq!(statuses(&told), [Some(426)]);
}

#[test]
fn gap_in_the_head_of_the_101() {
    // Its end is there.
    let told = play(&[c(ASK), s(&YES[..50]), Piece::Gap(Dir::S2c, 20), s(format!("{}x", &YES[70..]))]);
    assert_eq!(told.behind(Dir::S2c), "x");
    let response = told.upgraded.unwrap().response.unwrap();
    assert!(response.missing > 20);
    assert_eq!(response.header("Sec-WebSocket-Accept").next(), Some(&b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="[..]));
    // Its end is not.
    let told = play(&[c(ASK), s(&YES[..50]), Piece::Gap(Dir::S2c, 500), s([0x81, 1, b'x'])]);
    assert_eq!(told.behind[1], [b'~', 0x81, 1, b'x']);
    assert!(told.upgraded.unwrap().response.unwrap().missing >= 500);
}

#[test]
fn gap_in_the_head_of_the_request() {
    let told = play(&[c(&ASK[..60]), Piece::Gap(Dir::C2s, 10), c(&ASK[70..]), s(YES)]);
    assert!(told.upgraded.unwrap().request.unwrap().missing >= 10);
    let told = play(&[c(&ASK[..60]), Piece::Gap(Dir::C2s, 100), c(ASK), s(YES)]);
    assert_eq!(accepted(&told), ("", ""));
}

#[test]
fn the_101_is_lost() {
    let frame = [0x81, 0x80, 1, 2, 3, 4];
    let server = [c(ASK), Piece::Gap(Dir::S2c, 129), s([0x81, 1, b'x'])];
    // Frames of the client say that there was one.
    let told = play(&[&server[..], &[c(frame), s("y")]].concat());
    // What was lost with it may have been frames: where the next one begins is not certain.
    assert_eq!((&told.behind[0][..], &told.behind[1][..]), (&frame[..], &[b'~', 0x81, 1, b'x', b'y'][..]));
    assert!(told.upgraded.unwrap().response.is_none());
    // Another request says that there was none.
    let told = play(&[&server[..], &[c(ASK), s(YES)]].concat());
    assert_eq!(accepted(&told), ("", ""));
    assert_eq!(statuses(&told), [None]);
    // The response was not lost after all.
    let told = play(&[c(ASK), Piece::Gap(Dir::S2c, 129), s("rubbish"), s(YES), c("x")]);
    assert_eq!(accepted(&told), ("x", ""));
}

#[test]
fn inside_a_connection() {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let told = play_on(Pair::inside(), &[s(ok), c(ASK), s(NO), c(ASK), s(YES)], &Limits::default());
    assert_eq!(accepted(&told), ("", ""));
    assert_eq!(statuses(&told), [Some(401)]);
    let told = play_on(Pair::inside(), &[s("the end; of a body"), c(ASK), s(YES)], &Limits::default());
    assert_eq!(accepted(&told), ("", ""));
    let told =
        play_on(Pair::inside(), &[s("\x01"), s(ok), c("\nof a body"), c(ASK), s(YES)], &Limits::default());
    assert_eq!(accepted(&told), ("", ""));
}

#[test]
fn a_request_lost_is_not_replaced_by_an_earlier_one() {
    let other = ASK.replace("dGhl", "AAAA");
    let told = play(&[c(&other), Piece::Gap(Dir::S2c, 100), Piece::Gap(Dir::C2s, 100), s(YES), c("x")]);
    assert_eq!(told.behind(Dir::C2s), "~x");
    assert!(told.upgraded.unwrap().request.is_none());
    // Nothing was lost: the server is wrong.
    assert!(!play(&[c(&other), s(YES)]).upgraded.unwrap().accept().unwrap().valid);
}

#[test]
fn head_too_large() {
    let limits = Limits { http_head: 100, ..Limits::default() };
    let told = play_on(Pair::new(), &[c(ASK)], &limits);
    assert_eq!(told.opaque, Some(Why::HeadTooLarge));
}

#[test]
fn small_when_idle() {
    assert!(size_of::<Pair>() <= 256, "{}", size_of::<Pair>());
}

#[test]
fn a_wait_that_was_in_vain_leaves_nothing_behind() {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let told = play(&[s(ok), c("no request"), c("\n"), s(ok), c(ASK), c("a"), s(format!("{YES}b"))]);
    assert_eq!(accepted(&told), ("a", "b"));
}

#[test]
fn a_late_request_after_a_plain_answer_that_stood_alone() {
    let limits = Limits { before_response: 20, ..Limits::default() };
    let ok = format!("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", "x".repeat(100));
    let told = play_on(Pair::new(), &[s(&ok), s(&ok), c(ASK), s(YES), c("x")], &limits);
    assert_eq!(accepted(&told), ("x", ""));
}

#[test]
fn many_pipelined_requests() {
    let mut pieces: Vec<_> = (0..300).map(|_| c(GET)).collect();
    pieces.extend([c(ASK), s(YES)]);
    assert_eq!(accepted(&play(&pieces)), ("", ""));
}

#[test]
fn force_upgrade_of_a_101_without_its_request() {
    let mut pair = Pair::new();
    let limits = Limits::default();
    for (n, data) in [YES, "x", "y"].into_iter().enumerate() {
        let step = pair.feed(Dir::S2c, Item::Data(data.as_bytes()), at(n as u64), &limits, &mut |_| {});
        assert!(matches!(step, Step::Continue));
    }
    let (handshake, held) = pair.force_upgrade().unwrap();
    assert!(handshake.upgraded() && handshake.request.is_none());
    assert_eq!(held.iter().map(Held::item).collect::<Vec<_>>(), [Item::Data(b"x"), Item::Data(b"y")]);

    let mut pair = Pair::new();
    pair.feed(Dir::S2c, Item::Data(YES.as_bytes()), at(1), &limits, &mut |_| {});
    let mut told = Vec::new();
    pair.finish(&mut |h| told.push(h));
    assert_eq!(told.len(), 1);
}
