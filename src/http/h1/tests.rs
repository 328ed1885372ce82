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
fn accepted<'a>(told: &'a Told) -> (&'a str, &'a str) {
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
