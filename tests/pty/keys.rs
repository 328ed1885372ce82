//! Keys, the mouse, and other sizes.

use std::time::Duration;

use crate::terminal::{Start, start, wscope};

const ROWS: &str = "127.0.0.1:";

#[test]
fn the_first_rows_come_soon() {
    let terminal = wscope(&["chat-node-ws.pcapng"]);
    terminal.wait(ROWS);
    // Some 0.15 s on a machine that has nothing else to do; this one answers no questions about its ground.
    assert!(terminal.elapsed() < Duration::from_secs(10), "{:?}", terminal.elapsed());
    terminal.arrived(|arrived| {
        let screen = arrived.screen.screen();
        assert!(screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::ButtonMotion);
    });
    assert!(!terminal.modes().contains("ICANON"), "{}", terminal.modes());
}

#[test]
fn keys_go_through_the_views_and_out() {
    let mut terminal = wscope(&["chat-node-ws.pcapng"]);
    terminal.wait(ROWS).wait("help");
    for (key, view) in [("2", "Messages"), ("4", "Findings"), ("6", "Handshake"), ("1", "Conns")] {
        terminal.send(key);
        let n: usize = key.parse().unwrap();
        terminal.wait_until(view, |arrived| {
            // The tab of the view in front is reversed.
            let screen = arrived.screen.screen();
            let header = screen.rows(0, 120).next().unwrap();
            let at = header.find(&format!(" {n} {view}")).unwrap_or_default() as u16;
            screen.cell(0, at + 1).is_some_and(vt100::Cell::inverse)
        });
    }
    terminal.send("Q");
    assert_eq!(terminal.end().exit_code(), 0);
    terminal.is_restored();
}

#[test]
fn unknown_keys_are_told() {
    let mut terminal = wscope(&["chat-node-ws.pcapng"]);
    terminal.wait(ROWS);
    terminal.send("~");
    terminal.wait("~ does nothing here");
}

#[test]
fn clicks_and_the_wheel() {
    let mut terminal = wscope(&["close-codes.pcapng"]);
    terminal.wait(ROWS).wait("Messages");
    let column = terminal.arrived(|arrived| {
        let screen = arrived.screen.screen();
        screen.rows(0, 120).next().unwrap().find("Messages").unwrap() + 1
    });
    // A press and a release on a tab, as xterm tells them; the wheel above it does no harm.
    terminal.send(&format!("\x1b[<65;{column};9M\x1b[<0;{column};1M\x1b[<0;{column};1m"));
    terminal.wait_until("the messages", |arrived| {
        arrived.screen.screen().cell(0, column as u16 - 1).is_some_and(vt100::Cell::inverse)
    });
    terminal.send("%");
    terminal.wait("mouse: left to the terminal").wait_until("the mouse being left", |arrived| {
        arrived.screen.screen().mouse_protocol_mode() == vt100::MouseProtocolMode::None
    });
}

#[test]
fn other_sizes() {
    let mut terminal = wscope(&["chat-node-ws.pcapng"]);
    terminal.wait(ROWS).wait("Stats");
    terminal.resize(80, 24);
    terminal.wait_until("the narrow header", |arrived| {
        let contents = arrived.screen.screen().contents();
        // All views, without the program's name.
        contents.starts_with(" 1 Conns 2 Messages 3 Inspect") && !contents.contains("wscope")
    });
    terminal.resize(20, 5);
    terminal.wait("needs 30x8");
    terminal.resize(130, 40);
    terminal.wait("Stats").wait(ROWS);
    terminal.send("q");
    assert_eq!(terminal.end().exit_code(), 0);
}

#[test]
fn a_capture_from_a_pipe_leaves_the_keys_to_the_terminal() {
    let mut terminal = start(&Start {
        shell: Some("cat refused-then-accepted.pcapng | \"$WSCOPE\" -; echo ended $?"),
        ..Start::default()
    });
    terminal.wait(ROWS).wait("standard input");
    terminal.send("q");
    terminal.wait("ended 0");
}

#[test]
fn where_it_begins() {
    let terminal = wscope(&["chat-node-ws.pcapng", "--view", "findings", "-Y", "op == text"]);
    terminal.wait("op == text");
    let tab = |arrived: &crate::terminal::Arrived, name: &str| {
        let screen = arrived.screen.screen();
        let at = screen.rows(0, 120).next().unwrap().find(name).unwrap_or_default() as u16;
        screen.cell(0, at).is_some_and(vt100::Cell::inverse)
    };
    terminal.wait_until("the findings", |arrived| tab(arrived, "Findings"));
    let terminal = wscope(&["chat-node-ws.pcapng", "--at", "1.m2"]);
    terminal.wait_until("the messages", |arrived| tab(arrived, "Messages"));
    let terminal = wscope(&["chat-node-ws.pcapng", "--at", "99"]);
    terminal.wait("there is no connection 99");
}

/// A terminal that tells its ground gets the theme for it; a terminal that tells late is not taken for a typist.
#[test]
fn the_ground() {
    let light = "\x1b]10;rgb:0000/0000/0000\x07\x1b]11;rgb:ffff/ffff/ffff\x07\x1b[?62c";
    let mut terminal = wscope(&["refused-then-accepted.pcapng"]);
    terminal.wait_until("the question", |arrived| arrived.bytes.windows(4).any(|four| four == b"\x1b]11"));
    terminal.send(light);
    terminal.wait(ROWS);
    terminal.send("T");
    terminal.wait("theme: ");
    // It came in time, or it did not: then the theme is dark, and no key was pressed by it.
    let text = terminal.text();
    assert!(text.contains("theme: light") || text.contains("theme: high-contrast"), "{text}");
    let mut terminal = wscope(&["refused-then-accepted.pcapng", "--theme", "dark"]);
    terminal.wait(ROWS);
    terminal.send("\x1b]11;rgb:1111/2222/7777\x07");
    terminal.send("T");
    terminal.wait("theme: light");
    assert!(terminal.text().contains("1 Conns"));
}

/// A bookmark is there again when the capture is opened again.
#[test]
fn bookmarks_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("a.pcapng");
    std::fs::copy(crate::support::gallery().join("chat-node-ws.pcapng"), &capture).unwrap();
    let name = capture.to_str().unwrap();
    let mut terminal = wscope(&[name]);
    terminal.wait(ROWS);
    terminal.send("2m");
    terminal.wait("bookmark set");
    let kept = std::fs::read_to_string(folder.path().join("a.pcapng.wscope.json")).unwrap();
    assert!(kept.contains("1.m1"), "{kept}");
    let mut terminal = wscope(&[name]);
    terminal.wait(ROWS);
    terminal.send("M");
    terminal.wait("* 1.m1");
}
