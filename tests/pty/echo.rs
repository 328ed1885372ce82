//! The interface on the traffic of our own server, in a terminal.

use std::net::{TcpListener, TcpStream};
use std::process::Command;

use tungstenite::{Message, client};

use crate::terminal::{Terminal, wscope};

/// The port that it says it is open at.
fn port(terminal: &Terminal) -> u16 {
    terminal.wait("/echo is open. Nobody has connected yet.");
    let text = terminal.arrived(|arrived| arrived.screen.screen().contents());
    let (_, rest) = text.split_once("://127.0.0.1:").unwrap();
    rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

#[test]
fn a_newcomer_sees_a_message_as_it_happens() {
    let folder = tempfile::tempdir().unwrap();
    let recorded = folder.path().join("all.pcapng");
    let mut terminal = wscope(&["echo", "127.0.0.1:0", "--tui", "--record", recorded.to_str().unwrap()]);
    terminal.wait("● LIVE 0/s  0 clients  ring 0%");
    let port = port(&terminal);
    terminal.wait(&format!("echo ws://127.0.0.1:{port}"));
    terminal.wait(&format!("wscope talk ws://127.0.0.1:{port}/echo"));
    terminal.wait(&format!("http://127.0.0.1:{port}/"));
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (mut socket, _) = client(format!("ws://127.0.0.1:{port}/echo"), stream).unwrap();
    terminal.wait("1 client  ring ");
    socket.send(Message::text("hello, newcomer")).unwrap();
    assert_eq!(socket.read().unwrap().to_text().unwrap(), "hello, newcomer");
    terminal.wait("2 messages");
    terminal.send("2");
    terminal.wait("hello, newcomer").wait("▼ tail");
    terminal.send("\r");
    terminal.wait("opcode");
    // The client is told, and the rest is written.
    terminal.send("Q");
    while let Ok(message) = socket.read() {
        assert!(message.is_close(), "{message}");
    }
    assert_eq!(terminal.end().exit_code(), 0);
    terminal.is_restored();
    terminal.wait("1 connection, 1 WebSocket; 1 message in, 1 message out;");
    let shown = Command::new(env!("CARGO_BIN_EXE_wscope")).arg("show").arg(&recorded).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(shown.matches("hello, newcomer").count(), 2, "{shown}");
    assert!(shown.contains("1001"), "{shown}");
}

#[test]
fn what_cannot_be_is_said_before_the_screen_changes() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut terminal = wscope(&["echo", &address, "--tui"]);
    terminal.wait("another program uses that port");
    assert_eq!(terminal.end().exit_code(), 2);
    assert!(!terminal.arrived(|arrived| arrived.bytes.windows(8).any(|bytes| bytes == b"\x1b[?1049h")));
    let output = Command::new(env!("CARGO_BIN_EXE_wscope")).args(["echo", "--tui"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("--tui needs a terminal"), "{error}");
}
