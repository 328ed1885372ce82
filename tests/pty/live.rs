//! An interface that is listened to, in a terminal. Without the rights to, nothing is tested.

use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;

use tungstenite::{Message, accept, client};

use crate::terminal::{Start, start, wscope};

/// Loopback can be listened to.
fn can_capture() -> bool {
    let program = env!("CARGO_BIN_EXE_wscope");
    let tried =
        Command::new(program).args(["live", "-i", "lo", "--lines", "--duration", "1ms"]).output().unwrap();
    let can = tried.status.success();
    if !can {
        eprintln!("not tested: {}", String::from_utf8_lossy(&tried.stderr));
    }
    can
}

#[test]
fn what_comes_is_shown_and_summed_up() {
    if !can_capture() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let filter = format!("tcp port {port}");
    let folder = tempfile::tempdir().unwrap();
    let written = folder.path().join("all.pcapng");
    let mut terminal =
        wscope(&["live", "-i", "lo", "-f", &filter, "--immediate", "-w", written.to_str().unwrap()]);
    terminal.wait("● LIVE 0/s  drop 0").wait(&format!("live: lo {filter}")).wait("no WebSocket yet");
    let server = thread::spawn(move || {
        let mut socket = accept(listener.accept().unwrap().0).unwrap();
        while let Ok(message) = socket.read() {
            if message.is_text() {
                socket.send(message).unwrap();
            }
        }
    });
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (mut socket, _) = client(format!("ws://127.0.0.1:{port}/talk"), stream).unwrap();
    let mut say = |text: &str| {
        socket.send(Message::text(text)).unwrap();
        assert_eq!(socket.read().unwrap().to_text().unwrap(), text);
    };
    say("hello");
    terminal.wait("/talk");
    terminal.send("2");
    terminal.wait("hello").wait("▼ tail");
    terminal.send("p");
    terminal.wait("‖ PAUSED");
    say("while it was paused");
    terminal.wait("‖ PAUSED +2 new");
    terminal.send("p");
    terminal.wait("while it was paused").wait("● LIVE");
    // It is there to be read again while the capture goes on.
    terminal.send("\r");
    terminal.wait("Payload");
    terminal.send("Q");
    assert_eq!(terminal.end().exit_code(), 0);
    terminal.is_restored();
    terminal.wait_until("the summary", |arrived| {
        let text = arrived.screen.screen().contents();
        text.contains("1 connection with 4 messages")
            && text.contains("none dropped")
            && text.contains("wrote ")
    });
    let shown = Command::new(env!("CARGO_BIN_EXE_wscope")).arg("show").arg(&written).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(shown.matches("while it was paused").count(), 2, "{shown}");
    drop(socket);
    server.join().unwrap();
}

#[test]
fn lines_are_printed_where_they_are_asked_for() {
    if !can_capture() {
        return;
    }
    let terminal = wscope(&["live", "-i", "lo", "-f", "tcp port 9", "--lines"]);
    terminal.wait("listening on lo");
    assert!(!terminal.arrived(|arrived| arrived.screen.screen().alternate_screen()));
    terminal.kill("-INT");
}

#[test]
fn a_file_that_grows_is_followed() {
    let mut terminal = start(&Start {
        shell: Some(
            "T=$(mktemp); head -c 2000 chat-node-ws.pcapng > $T; \
             (sleep 1; tail -c +2001 chat-node-ws.pcapng >> $T) & \"$WSCOPE\" $T --follow; echo ended $?; rm $T",
        ),
        ..Start::default()
    });
    terminal.wait("● LIVE ");
    let all = wscope(&["chat-node-ws.pcapng"]);
    all.wait(" messages");
    all.settle();
    let second = all.arrived(|arrived| arrived.screen.screen().rows(1, 120).nth(1).unwrap());
    let (_, counts) = second.split_once("chat-node-ws.pcapng").unwrap();
    terminal.wait(counts.trim());
    terminal.send("Q");
    terminal.wait("ended 0");
}
