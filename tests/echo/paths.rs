//! What the paths answer.

use std::time::{Duration, Instant};

use tungstenite::Message;
use wscope::serve::Notice;

use super::server::{connect, options, raw, request, start};

#[test]
fn feeds() {
    let server = start(options());
    let mut time = connect(&server, "/time?every=10ms");
    let texts: Vec<String> = (0..3).map(|_| time.read().unwrap().into_text().unwrap().to_string()).collect();
    assert!(texts.is_sorted() && texts[0].starts_with("20") && texts[0].ends_with('Z'), "{texts:?}");
    let mut json = connect(&server, "/json?every=5ms");
    for n in 1..5 {
        let trade: serde_json::Value = serde_json::from_str(json.read().unwrap().to_text().unwrap()).unwrap();
        assert_eq!((trade["type"].as_str(), trade["seq"].as_i64()), (Some("trade"), Some(n)));
    }
    let mut binary = connect(&server, "/binary?every=5ms&size=1000");
    let (first, second) = (binary.read().unwrap().into_data(), binary.read().unwrap().into_data());
    assert_eq!(
        (first.len(), &first[..8], &second[..8]),
        (1000, &0_u64.to_be_bytes()[..], &1_u64.to_be_bytes()[..])
    );
    let mut ping = connect(&server, "/ping?every=20ms");
    assert_eq!(ping.read().unwrap(), Message::Ping(b"1"[..].into()));
    let Message::Text(text) = ping.read().unwrap() else { panic!() };
    assert!(text.starts_with(r#"{"type":"pong","n":1,"ms":"#), "{text}");
}

#[test]
fn the_chat_reaches_everybody_in_it() {
    let server = start(options());
    let mut others = [connect(&server, "/chat"), connect(&server, "/chat")];
    let mut elsewhere = connect(&server, "/echo");
    let mut speaker = connect(&server, "/chat");
    for text in ["hello", "everybody"] {
        speaker.send(Message::text(text)).unwrap();
    }
    for client in others.iter_mut().chain([&mut speaker]) {
        assert_eq!(client.read().unwrap(), Message::text("hello"));
        assert_eq!(client.read().unwrap(), Message::text("everybody"));
    }
    elsewhere.send(Message::text("only me")).unwrap();
    assert_eq!(elsewhere.read().unwrap(), Message::text("only me"));
}

#[test]
fn closes_by_path() {
    let server = start(options());
    for (path, code, reason) in
        [("/close?code=1011&reason=not%20today", 1011, "not today"), ("/close", 1000, "")]
    {
        let mut client = connect(&server, path);
        let Message::Close(Some(close)) = client.read().unwrap() else { panic!() };
        assert_eq!((u16::from(close.code), close.reason.as_str()), (code, reason));
    }
}

#[test]
fn slow_comes_by_bytes() {
    let server = start(options());
    let mut client = connect(&server, "/slow?every=10ms");
    let begin = Instant::now();
    client.send(Message::text("0123456789")).unwrap();
    assert_eq!(client.read().unwrap(), Message::text("0123456789"));
    // Two bytes of header, ten of payload.
    assert!(begin.elapsed() >= Duration::from_millis(110), "{:?}", begin.elapsed());
}

#[test]
fn requests_that_are_no_websocket() {
    let server = start(options());
    let get = |target: &str| raw(&server, format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
    let page = get("/");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("<title>wscope echo</title>"), "{page}");
    for (target, status) in [("/echo", "426"), ("/nothing", "404")] {
        assert!(get(target).starts_with(&format!("HTTP/1.1 {status} ")), "{target}");
    }
    assert!(get("/echo").contains("\r\nSec-WebSocket-Version: 13\r\n"));
    assert!(
        raw(&server, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
            .starts_with("HTTP/1.1 405 ")
    );
    for (target, status) in [("/nothing", "404"), ("/close?code=1006", "400"), ("/time?every=never", "400")] {
        assert!(
            raw(&server, request(target).as_bytes()).starts_with(&format!("HTTP/1.1 {status} ")),
            "{target}"
        );
    }
    server
        .until(|notice| matches!(notice, Notice::Answered { status: 400, why, .. } if why.contains("every")));
}
