//! `wscope talk` with servers that are slow, silent or rude: it says what happened, and always ends.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use tungstenite::protocol::CloseFrame;
use tungstenite::{Message, WebSocket, accept};

use super::client::{Ran, begin, end, talk};

/// A server for one connection, and its URL.
fn serve(what: impl FnOnce(TcpStream) + Send + 'static) -> (String, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    (url, thread::spawn(move || what(listener.accept().unwrap().0)))
}

/// Reads until the client ends the stream.
fn listen(mut socket: &TcpStream) {
    let mut room = [0; 4096];
    while !matches!(socket.read(&mut room), Ok(0) | Err(_)) {}
}

/// Reads the request.
fn request(mut socket: &TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        head.extend_from_slice(&byte);
    }
}

/// Talks to such a server.
fn with(what: impl FnOnce(TcpStream) + Send + 'static, args: &[&str], input: &str) -> Ran {
    let (url, server) = serve(what);
    let ran = talk(&url, args, input);
    server.join().unwrap();
    ran
}

/// The next message; Pings and the like do not come.
fn heard(socket: &mut WebSocket<TcpStream>) -> Message {
    socket.read().unwrap()
}

/// What is waited for does not come.
const SOON: [&str; 2] = ["--timeout", "200ms"];
/// Long enough for a handshake on a busy machine.
const LATER: [&str; 2] = ["--timeout", "2s"];
/// Longer than a test may take.
const NEVER: [&str; 2] = ["--timeout", "1h"];

#[test]
fn no_answer_in_time() {
    let why = "error: there is no WebSocket: the server did not answer in time\n";
    let silent = with(|socket| listen(&socket), &SOON, "x\n");
    assert_eq!((silent.code, &*silent.out, &*silent.err), (2, "", why));
    let half = with(
        |mut socket| {
            request(&socket);
            socket.write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: web").unwrap();
            listen(&socket);
        },
        &SOON,
        "x\n",
    );
    assert_eq!((half.code, &*half.err), (2, why));
    // A byte now and then is no answer.
    let trickle = with(
        |mut socket| {
            request(&socket);
            socket.write_all(b"HTTP/1.1 101 Switching Protocols\r\nX: ").unwrap();
            while socket.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(10));
            }
        },
        &SOON,
        "x\n",
    );
    assert_eq!((trickle.code, &*trickle.err), (2, why));
    let (url, server) = serve(|socket| listen(&socket));
    let tls = talk(&url.replace("ws://", "wss://"), &["--insecure", "--timeout", "200ms"], "x\n");
    assert_eq!((tls.code, &*tls.err), (2, why));
    server.join().unwrap();
}

#[test]
fn no_websocket() {
    for (answer, why) in [
        (&b""[..], "the server ended the connection without an answer"),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: web",
            "the server ended the connection without an answer",
        ),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n", "the server answered 403"),
        (b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n", "the server answered 302"),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
              Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            "the Sec-WebSocket-Accept does not answer the key",
        ),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", ""),
    ] {
        let what = move |mut socket: TcpStream| {
            request(&socket);
            socket.write_all(answer).unwrap();
            socket.shutdown(Shutdown::Write).unwrap();
            listen(&socket);
        };
        let ran = with(what, &NEVER, "x\n");
        assert_eq!((ran.code, &*ran.out), (2, ""), "{}", ran.err);
        assert!(ran.err.starts_with(&format!("error: there is no WebSocket: {why}")), "{why}: {}", ran.err);
    }
    // A head without an end.
    let endless = |mut socket: TcpStream| {
        request(&socket);
        while socket.write_all(&[b'x'; 4096]).is_ok() {}
    };
    let ran = with(endless, &NEVER, "x\n");
    assert_eq!(
        (ran.code, &*ran.err),
        (2, "error: there is no WebSocket: the head of the answer is too long\n")
    );
}

#[test]
fn a_close_that_is_not_answered() {
    let why = "the server did not answer the Close in time\n";
    let silent = with(
        |socket| {
            let socket = accept(socket).unwrap();
            listen(socket.get_ref());
        },
        &LATER,
        "x\n",
    );
    assert_eq!((silent.code, &*silent.err), (1, why), "{}", silent.out);
    assert!(silent.out.contains("TEXT") && silent.out.contains("CLOSE"), "{}", silent.out);
    // It may send what it likes meanwhile.
    let chatty = with(
        |socket| {
            let mut socket = accept(socket).unwrap();
            while socket.send(Message::text("and another thing")).is_ok() {}
        },
        &LATER,
        "x\n",
    );
    assert_eq!((chatty.code, &*chatty.err), (1, why));
    assert!(chatty.out.contains("and another thing"), "{}", chatty.out);
}

#[test]
fn tcp_that_ends_too_soon() {
    let why = "TCP ended without a Close of the server\n";
    for breaks in [false, true] {
        let what = move |socket| {
            let mut socket = accept(socket).unwrap();
            assert_eq!(heard(&mut socket), Message::text("x"));
            if breaks {
                // With bytes that were not read, the system resets the connection.
                socket.send(Message::Ping(b"read me"[..].into())).unwrap();
                let waits = |error| matches!(error, ErrorKind::WouldBlock | ErrorKind::TimedOut);
                let mut room = [0];
                socket.get_ref().set_read_timeout(Some(Duration::from_millis(10))).unwrap();
                while socket.get_ref().peek(&mut room).is_err_and(|error| waits(error.kind())) {}
            }
        };
        let ran = with(what, &["--timeout", "1h", "--wait", "1h"], "x\n");
        assert_eq!((ran.code, &*ran.err), (1, why), "{}", ran.out);
        assert!(ran.out.contains("TEXT"), "{}", ran.out);
    }
}

/// Standard input is still open, and nothing comes from it.
#[test]
fn the_server_closes_first() {
    let (url, server) = serve(|socket| {
        let mut socket = accept(socket).unwrap();
        socket.close(Some(CloseFrame { code: 1001.into(), reason: "going".into() })).unwrap();
        assert!(heard(&mut socket).is_close());
        // The server ends TCP, so the client's end of it is the answer.
        drop(socket);
    });
    let mut child = begin(&url, &NEVER);
    let input = child.stdin.take();
    let ran = end(child);
    drop(input);
    assert_eq!((ran.code, &*ran.err), (0, "closed 1001 \"going\"\n"), "{}", ran.out);
    server.join().unwrap();
}

/// What the server still says before its Close is printed.
#[test]
fn input_that_ends_before_the_answers() {
    let ran = with(
        |socket| {
            let mut socket = accept(socket).unwrap();
            assert_eq!(
                (heard(&mut socket), heard(&mut socket)),
                (Message::text("one"), Message::text("two"))
            );
            assert!(heard(&mut socket).is_close());
            // The library would send nothing before its own Close.
            socket.get_mut().write_all(b"\x81\x03ONE\x81\x03TWO\x88\x02\x03\xe8").unwrap();
        },
        &["--timeout", "1h", "--ascii"],
        "one\ntwo\n",
    );
    assert_eq!((ran.code, &*ran.err), (0, "closed 1000\n"), "{}", ran.out);
    let place = |what: &str| ran.out.find(what).unwrap_or_else(|| panic!("{what}: {}", ran.out));
    assert!(place("-> CLOSE") < place("ONE") && place("ONE") < place("TWO"), "{}", ran.out);
}

/// Reads the client's Close: 2 bytes of header, 4 of mask, and the code.
fn request_close(socket: &mut TcpStream) {
    let mut close = [0; 8];
    socket.read_exact(&mut close).unwrap();
    assert_eq!(close[..2], [0x88, 0x82]);
}

/// The server answered the Close and leaves TCP open: it is not waited for for long.
#[test]
fn tcp_that_does_not_end() {
    let ran = with(
        |socket| {
            let mut socket = accept(socket).unwrap();
            assert!(heard(&mut socket).is_close());
            // The answer goes out; to the library it is over then.
            assert!(matches!(socket.flush(), Err(tungstenite::Error::ConnectionClosed)));
            listen(socket.get_ref());
        },
        &LATER,
        "",
    );
    assert_eq!((ran.code, &*ran.err), (0, "closed 1000\n"), "{}", ran.out);
}

/// The first Ctrl-C closes, the second does not wait for the answer.
#[cfg(unix)]
#[test]
fn a_second_ctrl_c() {
    let (tell, closing) = std::sync::mpsc::channel();
    let (url, server) = serve(move |socket| {
        let mut socket = accept(socket).unwrap();
        tell.send(()).unwrap();
        request_close(socket.get_mut());
        tell.send(()).unwrap();
        listen(socket.get_ref());
    });
    let mut child = begin(&url, &NEVER);
    let input = child.stdin.take();
    let id = child.id().to_string();
    for _ in 0..2 {
        closing.recv().unwrap();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    }
    let ran = end(child);
    drop(input);
    assert_eq!((ran.code, &*ran.err), (1, "the server did not answer the Close in time\n"), "{}", ran.out);
    server.join().unwrap();
}

/// A recording says who made it.
#[test]
fn a_recording_of_talk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("talk.pcapng");
    let ran =
        with(|socket| listen(&socket), &[&SOON[..], &["--record", path.to_str().unwrap()]].concat(), "");
    assert_eq!(ran.code, 2);
    let capture = std::fs::read(path).unwrap();
    let holds = |needle: &[u8]| capture.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"Recorded by wscope talk above the sockets") && holds(b"GET / HTTP/1.1"));
}
