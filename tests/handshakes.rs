//! HTTP as it happens before a WebSocket, from packets.

mod support;

use serde_json::Value;
use support::talk::{Sent, Talk, Who, capture, frame, request, response};
use support::{export_bytes, of_type, records};

const KEY: [u8; 4] = [1, 2, 3, 4];
const UNAUTHORISED: &[u8] = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nnope";

fn exported(segments: &[Sent]) -> Vec<Value> {
    let bytes = capture(segments);
    let one = export_bytes(&bytes, 1);
    assert_eq!(export_bytes(&bytes, 3), one);
    records(&one)
}

fn texts(export: &[Value]) -> Vec<(u64, &str)> {
    of_type(export, "message")
        .into_iter()
        .map(|m| (m["conn"].as_u64().unwrap(), m["text"].as_str().unwrap_or("-")))
        .collect()
}

fn statuses(export: &[Value]) -> Vec<&Value> {
    of_type(export, "connection").into_iter().map(|c| &c["handshake"]["response"]["status"]).collect()
}

/// A word from each side, then the end.
fn greet(talk: &mut Talk) {
    talk.send(Who::Client, &frame(0x81, Some(KEY), b"hello"), 1_400).ack(Who::Server);
    talk.send(Who::Server, &frame(0x81, None, b"welcome"), 1_400).ack(Who::Client).close();
}

/// The client sends the first, the server the second; then both greet.
fn after(asks: &[u8], answers: &[u8], size: usize) -> Vec<Value> {
    let mut talk = Talk::open();
    talk.send(Who::Client, asks, size).ack(Who::Server);
    talk.send(Who::Server, answers, size).ack(Who::Client);
    greet(&mut talk);
    exported(&talk.segments)
}

#[test]
fn refused_then_accepted_on_one_connection() {
    let mut talk = Talk::open();
    talk.send(Who::Client, &request(""), 1_400).ack(Who::Server);
    talk.send(Who::Server, UNAUTHORISED, 1_400).ack(Who::Client);
    talk.send(Who::Client, &request("Authorization: Basic eA==\r\n"), 1_400).ack(Who::Server);
    talk.send(Who::Server, &response(""), 1_400).ack(Who::Client);
    greet(&mut talk);
    let export = exported(&talk.segments);
    assert_eq!(statuses(&export), [401, 101]);
    assert_eq!(texts(&export), [(2, "hello"), (2, "welcome")]);
    let order: Vec<_> = export
        .iter()
        .filter(|r| ["connection", "end"].contains(&r["type"].as_str().unwrap()))
        .map(|r| (r["type"].as_str().unwrap(), r["conn"].as_u64().unwrap()))
        .collect();
    assert_eq!(order, [("connection", 1), ("end", 1), ("connection", 2), ("end", 2)]);
    let ends = of_type(&export, "end");
    assert_eq!(ends[0]["packet"], 6, "{}", ends[0]);
    assert_eq!(ends[1]["how"], "fin-without-close");
}

#[test]
fn pipelined_requests() {
    let plain = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    for size in [7, 1_400] {
        let export =
            after(&[&plain[..], plain, &request("")].concat(), &[&ok[..], ok, &response("")].concat(), size);
        assert_eq!(statuses(&export), [101]);
        assert_eq!(texts(&export), [(1, "hello"), (1, "welcome")]);
    }
}

#[test]
fn through_a_proxy() {
    let connect = b"CONNECT server.example.com:80 HTTP/1.1\r\nHost: server.example.com:80\r\n\r\n";
    let mut talk = Talk::open();
    talk.send(Who::Client, connect, 1_400).ack(Who::Server);
    talk.send(Who::Server, b"HTTP/1.1 200 Connection established\r\n\r\n", 1_400).ack(Who::Client);
    talk.send(Who::Client, &request(""), 1_400).ack(Who::Server);
    talk.send(Who::Server, &response(""), 1_400).ack(Who::Client);
    greet(&mut talk);
    assert_eq!(texts(&exported(&talk.segments)), [(1, "hello"), (1, "welcome")]);
}

#[test]
fn a_target_in_absolute_form() {
    let ask =
        String::from_utf8(request("")).unwrap().replace("GET /chat", "GET http://server.example.com/chat");
    let export = after(ask.as_bytes(), &response(""), 1_400);
    assert_eq!(of_type(&export, "connection")[0]["url"], "ws://server.example.com/chat");
    assert_eq!(texts(&export), [(1, "hello"), (1, "welcome")]);
}

#[test]
fn the_client_does_not_wait() {
    let early = [request(""), frame(0x81, Some(KEY), b"early"), frame(0x82, Some(KEY), &[7; 300])].concat();
    for size in [1, 50, 1_400] {
        let export = after(&early, &response(""), size);
        let said: Vec<_> =
            of_type(&export, "message").into_iter().map(|m| m["len"].as_u64().unwrap()).collect();
        assert_eq!(said, [5, 300, 5, 7], "{size}");
        assert_eq!(of_type(&export, "message")[0]["text"], "early");
    }
}

#[test]
fn both_sides_in_the_same_breath() {
    let answer = [response(""), frame(0x81, None, b"first"), frame(0x89, None, b"")].concat();
    for size in [1, 3, 129, 1_400] {
        let export = after(&request(""), &answer, size);
        assert_eq!(texts(&export), [(1, "first"), (1, ""), (1, "hello"), (1, "welcome")], "{size}");
    }
}

#[test]
fn names_and_lines_as_they_come() {
    let odd = |bytes: Vec<u8>| {
        String::from_utf8(bytes)
            .unwrap()
            .replace("Upgrade: websocket", "uPGRADE:   WebSocket  ")
            .replace("Connection: Upgrade", "CONNECTION: keep-alive\r\nconnection:\tupgrade")
            .replace("Sec-WebSocket-", "sEC-wEBsOCKET-")
            .into_bytes()
    };
    let extra = "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b, c\r\n";
    let export = after(&odd(request(extra)), &odd(response("Sec-WebSocket-Protocol: b\r\n")), 1_400);
    let connection = of_type(&export, "connection")[0];
    assert_eq!(connection["subprotocol"], "b");
    assert_eq!(connection["handshake"]["accept"]["valid"], true);
    assert_eq!(texts(&export), [(1, "hello"), (1, "welcome")]);
}

#[test]
fn a_101_that_lacks_headers_or_answers_wrongly() {
    let lf = String::from_utf8(response("")).unwrap().replace("\r\n", "\n");
    for answer in [
        &b"HTTP/1.1 101 Switching Protocols\r\n\r\n"[..],
        b"HTTP/1.1 101\r\n\r\n",
        b"HTTP/1.0 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nContent-Length: 5\r\n\r\n",
        lf.as_bytes(),
    ] {
        let export = after(&request(""), answer, 1_400);
        assert_eq!(texts(&export), [(1, "hello"), (1, "welcome")], "{}", String::from_utf8_lossy(answer));
    }
}

#[test]
fn refused_or_never_answered() {
    let mut talk = Talk::open();
    talk.send(Who::Client, &request(""), 1_400).ack(Who::Server);
    talk.send(Who::Server, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 1_400)
        .ack(Who::Client)
        .close();
    let export = exported(&talk.segments);
    assert_eq!(statuses(&export), [403]);
    let end = of_type(&export, "end")[0];
    assert_eq!((&end["conn"], &end["totals"]["c2s"]["frames"]), (&1.into(), &0.into()));

    for close in [true, false] {
        let mut talk = Talk::open();
        talk.send(Who::Client, &request(""), 1_400).ack(Who::Server);
        if close {
            talk.close();
        }
        let export = exported(&talk.segments);
        assert_eq!(of_type(&export, "connection").len(), 1, "{export:?}");
        assert_eq!(of_type(&export, "connection")[0]["handshake"].get("response"), None);
        assert_eq!(of_type(&export, "end").len(), 1);
        assert_eq!(of_type(&export, "frame").len(), 0);
    }
}

#[test]
fn no_upgrade_is_no_connection() {
    let plain = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut talk = Talk::open();
    talk.send(Who::Client, plain, 1_400).ack(Who::Server);
    // A body that looks like frames, and like a handshake.
    let body = [frame(0x81, None, b"hello"), response(""), frame(0x81, None, b"hello")].concat();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    talk.send(Who::Server, head.as_bytes(), 1_400).send(Who::Server, &body, 100).ack(Who::Client);
    talk.send(Who::Client, plain, 1_400).ack(Who::Server);
    talk.send(Who::Server, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n\x81\x05hello", 1_400);
    talk.ack(Who::Client).close();
    assert_eq!(of_type(&exported(&talk.segments), "connection").len(), 0);
}

#[test]
fn directions_swapped_in_the_capture() {
    let mut talk = Talk::open();
    talk.send(Who::Client, &request(""), 1_400);
    talk.send(Who::Server, &response(""), 1_400);
    talk.send(Who::Client, &frame(0x81, Some(KEY), b"hello"), 1_400);
    talk.send(Who::Server, &frame(0x81, None, b"welcome"), 1_400);
    talk.ack(Who::Client).close();
    for (a, b) in [(3, 4), (4, 5), (5, 6), (3, 6)] {
        let mut segments = talk.segments.clone();
        segments.swap(a, b);
        let mut said =
            texts(&exported(&segments)).into_iter().map(|(n, text)| (n, text.to_owned())).collect::<Vec<_>>();
        said.sort();
        assert_eq!(said, [(1, "hello".to_owned()), (1, "welcome".to_owned())], "{a} and {b}");
    }
}
