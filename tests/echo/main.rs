//! `wscope echo`, over real sockets: independent clients, rude ones, many of them, and what it records.

mod client;
mod harsh;
mod paths;
mod patience;
mod program;
mod record;
mod server;
#[path = "../support/mod.rs"]
mod support;
mod talk;
#[path = "../support/tls.rs"]
mod tls;
mod violate;

use server::{connect, options, start};
use tungstenite::{Message, protocol::CloseFrame};
use wscope::endpoint::negotiate::Wanted;
use wscope::serve::{Close, Ended, Options};
use wscope::ws::fact::Kind;

/// tungstenite is another program's idea of the protocol.
#[test]
fn an_independent_client() {
    let server = start(options());
    let mut client = connect(&server, "/echo");
    let large = "päyload ".repeat(200_000);
    for text in ["", "Hello", &large] {
        client.send(Message::text(text)).unwrap();
        assert_eq!(client.read().unwrap(), Message::text(text));
    }
    let bytes: Vec<u8> = (0..70_000_u32).map(|n| n as u8).collect();
    client.send(Message::binary(bytes.clone())).unwrap();
    assert_eq!(client.read().unwrap(), Message::binary(bytes));
    client.send(Message::Ping(b"are you there"[..].into())).unwrap();
    assert_eq!(client.read().unwrap(), Message::Pong(b"are you there"[..].into()));
    client.close(Some(CloseFrame { code: 4001.into(), reason: "bye".into() })).unwrap();
    let Message::Close(Some(close)) = client.read().unwrap() else { panic!() };
    assert_eq!(u16::from(close.code), 4001);
    let (totals, ended) = server.finish();
    assert_eq!(ended, [Ended::ByClient(Some(4001), "bye".into())]);
    assert_eq!((totals.messages, totals.websockets), ([4, 4], 1));
}

/// All parameters, from both sides, in both directions.
#[test]
fn compression_over_sockets() {
    for server_wants in
        ["", "server_no_context_takeover; server_max_window_bits=9", "client_max_window_bits=8"]
    {
        let mut options = options();
        options.policy.deflate = Some(server_wants.parse().unwrap());
        let server = start(options);
        for client_wants in
            ["", "client_no_context_takeover; client_max_window_bits=10", "server_max_window_bits=8"]
        {
            let wanted: Wanted = client_wants.parse().unwrap();
            let mut client = talk::Client::connect(server.address, "/echo", Some(wanted)).unwrap();
            assert!(client.agreed.deflate.is_some());
            for n in 0..40_usize {
                let text = "the same words, and others: ".repeat(n * n) + &n.to_string();
                client.send(Kind::Text, text.as_bytes());
                assert_eq!(
                    client.message(),
                    (Kind::Text, text.into_bytes(), true),
                    "{server_wants}, {client_wants}"
                );
            }
            client.close(1000);
        }
        let (_, ended) = server.finish();
        assert_eq!(ended, vec![Ended::ByClient(Some(1000), String::new()); 3]);
    }
    let mut options = options();
    options.policy.deflate = None;
    let server = start(options);
    let client = talk::Client::connect(server.address, "/echo", Some(Wanted::default())).unwrap();
    assert_eq!(client.agreed.deflate, None);
}

#[test]
fn subprotocols_and_origins() {
    let mut options = options();
    options.policy.subprotocols = vec!["b".into(), "a".into()];
    options.policy.origins = vec!["https://good.example".into()];
    let server = start(options);
    let ask = |lines: &str| {
        let head = server::request("/echo").replace("\r\n\r\n", &format!("\r\n{lines}\r\n"));
        server::raw(&server, head.as_bytes())
    };
    let good = "Origin: https://good.example\r\n";
    assert!(
        ask(&format!("{good}Sec-WebSocket-Protocol: x, a, b\r\n"))
            .contains("\r\nSec-WebSocket-Protocol: a\r\n")
    );
    assert!(!ask(&format!("{good}Sec-WebSocket-Protocol: x\r\n")).contains("Sec-WebSocket-Protocol"));
    assert!(ask("").starts_with("HTTP/1.1 403 "));
    assert!(ask("Origin: https://evil.example\r\n").starts_with("HTTP/1.1 403 "));
}

#[test]
fn fragments_and_delays() {
    let server = start(Options { fragment: 3, delay: std::time::Duration::from_millis(120), ..options() });
    let mut client = talk::Client::connect(server.address, "/", None).unwrap();
    let begin = std::time::Instant::now();
    client.send(Kind::Text, b"eight by");
    client.ping(b"first");
    // Pings are not delayed.
    assert_eq!(client.frame(), (0x8a, b"first".to_vec()));
    assert!(begin.elapsed().as_millis() < 110);
    assert_eq!(client.frame(), (0x01, b"eig".to_vec()));
    assert!(begin.elapsed().as_millis() >= 120);
    assert_eq!((client.frame(), client.frame()), ((0x00, b"ht ".to_vec()), (0x80, b"by".to_vec())));
}

#[test]
fn closes_by_the_server() {
    let close = Close { code: 4005, reason: "enough".into(), after: 2 };
    let server = start(Options { close: Some(close), ..options() });
    let mut client = connect(&server, "/");
    for text in ["one", "two"] {
        client.send(Message::text(text)).unwrap();
        assert_eq!(client.read().unwrap(), Message::text(text));
    }
    let Message::Close(Some(close)) = client.read().unwrap() else { panic!() };
    assert_eq!((u16::from(close.code), close.reason.as_str()), (4005, "enough"));
    assert!(matches!(client.read(), Err(tungstenite::Error::ConnectionClosed)));
    assert_eq!(server.finish().1, [Ended::ByServer(4005, "enough".into())]);
}

/// `--ping`: who answers stays, who does not is given up.
#[test]
fn pings_by_the_clock() {
    let server = start(Options { ping: Some(std::time::Duration::from_millis(60)), ..options() });
    let mut silent = talk::Client::connect(server.address, "/", None).unwrap();
    let mut answering = connect(&server, "/");
    for n in 1..=4 {
        assert_eq!(answering.read().unwrap(), Message::Ping(n.to_string().into_bytes().into()));
        answering.flush().unwrap();
    }
    let frames = [silent.frame(), silent.frame(), silent.frame()];
    assert_eq!(frames[..2], [(0x89, b"1".to_vec()), (0x89, b"2".to_vec())]);
    assert_eq!((frames[2].0, &frames[2].1[..2]), (0x88, &1011_u16.to_be_bytes()[..]));
}
