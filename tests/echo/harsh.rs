//! Bad input: what is wrong is told, memory is bounded, and the others do not notice.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tungstenite::{Message, WebSocket};
use wscope::serve::{Ended, Notice, Options};

use super::server::{Running, connect, options, raw, request, socket, start};

/// It still answers, at once.
fn is_well(client: &mut WebSocket<TcpStream>) {
    let begin = Instant::now();
    client.send(Message::text("still there?")).unwrap();
    assert_eq!(client.read().unwrap(), Message::text("still there?"));
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

/// What comes back for these bytes behind a handshake.
fn frames(server: &Running, bytes: &[u8]) -> Vec<u8> {
    let mut socket = socket(server.address);
    socket.write_all(&[request("/echo").as_bytes(), bytes].concat()).unwrap();
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    let end = wscope::endpoint::handshake::head_end(&answer).unwrap();
    answer.split_off(end)
}

#[test]
fn garbage() {
    let server = start(options());
    let mut healthy = connect(&server, "/echo");
    let noise: Vec<u8> = (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    assert!(raw(&server, &noise).starts_with("HTTP/1.1 400 "));
    assert!(raw(&server, b"SSH-2.0-OpenSSH_9.6\r\n").starts_with("HTTP/1.1 400 "));
    assert!(raw(&server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").starts_with("HTTP/1.1 40"));
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n", "x".repeat(20_000));
    assert!(raw(&server, long.as_bytes()).starts_with("HTTP/1.1 431 "));
    // A ClientHello where plain text is spoken.
    assert_eq!(raw(&server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), "");
    server.until(|notice| matches!(notice, Notice::Dropped { why, .. } if why.contains("TLS")));
    assert_eq!(raw(&server, b""), "");
    is_well(&mut healthy);
    for (bytes, code) in [
        (&b"\xff\xff\xff\xff\xff\xff\xff\xff"[..], 1002_u16),
        (b"\x81\x05Hello", 1002),
        (b"\x81\x82\x00\x00\x00\x00\xc3\x28", 1007),
        // A frame of 8 EiB.
        (b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", 1009),
        (b"\x82\xff\x00\x00\x00\x00\x01\x00\x00\x01\x00\x00\x00\x00", 1009),
    ] {
        let answer = frames(&server, bytes);
        assert_eq!((answer[0], &answer[2..4]), (0x88, &code.to_be_bytes()[..]), "{bytes:x?}");
    }
    is_well(&mut healthy);
    drop(healthy);
    server.until(|notice| matches!(notice, Notice::Closed { how: Ended::Lost | Ended::Reset, .. }));
}

/// A TLS port is sent all the same, and stays.
#[test]
fn garbage_for_tls() {
    let server = start(Options { tls: Some(wscope::serve::Tls::default()), ..options() });
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", b""] {
        assert!(!raw(&server, bytes).starts_with("HTTP"));
    }
    server.until(|notice| matches!(notice, Notice::Dropped { id: 3, .. }));
}

#[test]
fn half_a_handshake() {
    let server = start(Options { handshake_timeout: Duration::from_millis(150), ..options() });
    let mut half = socket(server.address);
    half.write_all(b"GET /echo HTTP/1.1\r\nHost: x\r\n").unwrap();
    let mut silent = socket(server.address);
    let mut answer = String::new();
    half.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    answer.clear();
    silent.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "");
    // One byte at a time is no excuse.
    let mut slow = socket(server.address);
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(9) && slow.write_all(b"G").is_ok() {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(begin.elapsed() < Duration::from_secs(9));
    is_well(&mut connect(&server, "/echo"));
}

#[test]
fn too_many_clients() {
    let server = start(Options { max_clients: 2, ..options() });
    let (mut first, second) = (connect(&server, "/echo"), connect(&server, "/echo"));
    let answer = raw(&server, request("/echo").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\nRetry-After:"), "{answer}");
    is_well(&mut first);
    drop(second);
    server.until(|notice| matches!(notice, Notice::Closed { .. }));
    is_well(&mut connect(&server, "/echo"));
}

/// A client that sends and never reads is not read from any more.
#[test]
fn a_client_that_does_not_read() {
    let server = start(options());
    let mut healthy = connect(&server, "/echo");
    let mut greedy = socket(server.address);
    greedy.write_all(request("/echo").as_bytes()).unwrap();
    greedy.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    // A masked frame of 64 KiB.
    let frame = [&b"\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00\x01\x02\x03\x04"[..], &[0; 65_536]].concat();
    let mut written = 0_usize;
    let stuck = loop {
        match greedy.write(&frame) {
            Ok(len) => written += len,
            Err(error) => break error.kind(),
        }
        assert!(written < 256 << 20, "it reads on and on");
    };
    assert!(matches!(stuck, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{stuck}");
    is_well(&mut healthy);
}

/// What all messages together may take is less than what these two want.
#[test]
fn memory_is_shared() {
    let server = start(Options { memory: 6 << 20, ..options() });
    let mut healthy = connect(&server, "/echo");
    let header = b"\x82\xff\x00\x00\x00\x00\x00\xa0\x00\x00\x00\x00\x00\x00";
    let mut hungry: Vec<TcpStream> = (0..4)
        .map(|_| {
            let mut socket = socket(server.address);
            socket.write_all(request("/echo").as_bytes()).unwrap();
            socket.write_all(header).unwrap();
            // It may be given up before all is sent.
            let _ = socket.write_all(&vec![0; 3 << 20]);
            socket
        })
        .collect();
    server.until(|notice| matches!(notice, Notice::Closed { how: Ended::ByServer(1013, _), .. }));
    is_well(&mut healthy);
    hungry.clear();
    is_well(&mut healthy);
}

/// As many sockets as there may be, which do nothing.
#[test]
fn idle_sockets() {
    let many = (descriptors().saturating_sub(200) / 2).min(2_000);
    let server = start(options());
    let mut healthy = connect(&server, "/echo");
    let mut idle = Vec::new();
    for n in 0..many {
        let mut socket = socket(server.address);
        if n % 2 == 0 {
            socket.write_all(request("/echo").as_bytes()).unwrap();
        }
        idle.push(socket);
    }
    is_well(&mut healthy);
    // All of them are there: the last WebSocket answers, too.
    let last = idle.iter_mut().step_by(2).next_back().unwrap();
    last.write_all(b"\x89\x80\x00\x00\x00\x00").unwrap();
    let mut answer = vec![0; 4096];
    let mut len = 0;
    while !answer[..len].ends_with(b"\x8a\x00") {
        let more = last.read(&mut answer[len..]).unwrap();
        assert!(more > 0);
        len += more;
    }
    drop(idle);
    is_well(&mut healthy);
    let (totals, _) = server.finish();
    assert_eq!(totals.connections, many as u64 + 1);
}

/// How many files a process may open, as far as that can be known.
pub(super) fn descriptors() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    line.and_then(|line| line.split_whitespace().nth(3)?.parse().ok()).unwrap_or(600)
}

/// The chat's readers are many, so its messages are small; who does not read is closed.
#[test]
fn the_chat_is_bounded() {
    let server = start(options());
    let mut reader = connect(&server, "/chat");
    let mut deaf = socket(server.address);
    deaf.write_all(request("/chat").as_bytes()).unwrap();
    let mut speaker = connect(&server, "/chat");
    let text = "x".repeat(60_000);
    // More than the sockets' buffers hold, and then some.
    for _ in 0..200 {
        speaker.send(Message::text(text.as_str())).unwrap();
        for client in [&mut speaker, &mut reader] {
            assert_eq!(client.read().unwrap().len(), text.len());
        }
    }
    server.until(|notice| matches!(notice, Notice::Closed { how: Ended::ByServer(1013, _), .. }));
    speaker.send(Message::text("x".repeat(65_537))).unwrap();
    let Message::Close(Some(close)) = speaker.read().unwrap() else { panic!() };
    assert_eq!(u16::from(close.code), 1009);
    reader.send(Message::text("still there?")).unwrap();
    assert_eq!(reader.read().unwrap(), Message::text("still there?"));
}
