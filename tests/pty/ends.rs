//! However it ends, the terminal is as it was.

use std::time::{Duration, Instant};

use crate::terminal::{Start, start, wscope};

const ROWS: &str = "127.0.0.1:";

#[test]
fn signals_end_it() {
    for (signal, name) in [("-TERM", "Terminated"), ("-INT", "Interrupt"), ("-HUP", "Hangup")] {
        let mut terminal = wscope(&["chat-node-ws.pcapng"]);
        terminal.wait(ROWS);
        terminal.kill(signal);
        let status = terminal.end();
        assert!(!status.success(), "{signal}");
        assert!(status.signal().is_none_or(|told| told.starts_with(name)), "{signal}: {status:?}");
        terminal.is_restored();
    }
}

#[test]
fn ctrl_c_ends_it() {
    let mut terminal = wscope(&["chat-node-ws.pcapng"]);
    terminal.wait(ROWS);
    terminal.send("\x03");
    assert_eq!(terminal.end().exit_code(), 0);
    terminal.is_restored();
}

/// The terminal's window is closed.
#[test]
fn it_ends_with_its_terminal() {
    let mut terminal = wscope(&["chat-node-ws.pcapng"]);
    terminal.wait(ROWS);
    let since = Instant::now();
    terminal.hang_up();
    terminal.end();
    // Within a second, on a machine that does nothing else.
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}

/// Nobody tells it by a signal: it is not in the session of the terminal.
#[test]
fn it_ends_with_a_terminal_that_sends_no_signal() {
    let script = "trap '' HUP; setsid \"$WSCOPE\" chat-node-ws.pcapng < /dev/tty & echo pid=$!= ; wait";
    if std::process::Command::new("setsid").arg("true").status().is_err() {
        return;
    }
    let mut terminal =
        start(&Start { shell: Some(script), env: &[("WSCOPE_THEME", "dark")], ..Start::default() });
    terminal.wait(ROWS);
    let before = terminal.arrived(|arrived| String::from_utf8_lossy(&arrived.bytes).into_owned());
    let pid = before.split("pid=").nth(1).and_then(|rest| rest.split('=').next()).unwrap().to_owned();
    let alive = || {
        std::process::Command::new("kill")
            .args(["-0", &pid])
            .stderr(std::process::Stdio::null())
            .status()
            .unwrap()
            .success()
    };
    assert!(alive());
    let since = Instant::now();
    terminal.hang_up();
    while alive() {
        assert!(since.elapsed() < Duration::from_secs(20), "it outlives its terminal");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Only builds for development panic at a key.
#[test]
#[cfg(debug_assertions)]
fn panics_are_told_on_a_restored_terminal() {
    // F24 in its own thread, F23 in another, as kitty writes them.
    for (key, words) in [("\x1b[57387u", "F24 asks for it"), ("\x1b[57386u", "F23 asks for it")] {
        let mut terminal = wscope(&["chat-node-ws.pcapng"]);
        terminal.wait(ROWS);
        terminal.send(key);
        assert_eq!(terminal.end().exit_code(), 101);
        terminal.wait_until(words, |arrived| {
            !arrived.screen.screen().alternate_screen() && arrived.screen.screen().contents().contains(words)
        });
        terminal.is_restored();
    }
}

#[test]
fn it_goes_to_the_shell_and_comes_back() {
    let mut terminal = start(&Start { shell: Some(""), ..Start::default() });
    terminal.wait("$ ");
    terminal.send("\"$WSCOPE\" chat-node-ws.pcapng\r");
    terminal.wait(ROWS).wait("Conns");
    for _ in 0..2 {
        terminal.send("\x1a");
        // What is typed before the shell reads again is lost.
        terminal.wait_until("the prompt", |arrived| {
            let screen = arrived.screen.screen();
            !screen.alternate_screen() && screen.contents().trim_end().ends_with("\n$")
        });
        terminal.wait("Stopped").is_left();
        terminal.send("fg\r");
        terminal.wait_until("the interface", |arrived| {
            let screen = arrived.screen.screen();
            screen.alternate_screen() && screen.contents().contains(ROWS)
        });
        terminal.send("~");
        terminal.wait("~ does nothing here");
        terminal.send("j");
        terminal.wait_gone("~ does nothing here");
    }
    terminal.send("q");
    terminal.wait_until("the shell", |arrived| {
        let screen = arrived.screen.screen();
        !screen.alternate_screen() && screen.contents().trim_end().ends_with("\n$")
    });
    terminal.send("echo code=$?\r");
    terminal.wait("code=0");
}

/// It is all that runs in its terminal: stopped, nobody could continue it.
#[test]
fn without_a_shell_it_stays() {
    let mut terminal = wscope(&["chat-node-ws.pcapng"]);
    terminal.wait(ROWS);
    terminal.send("\x1a");
    terminal.wait("there is no shell to go back to");
}

#[test]
fn what_cannot_be_opened_leaves_the_screen_alone() {
    for (args, words) in [
        (&["no-such-file.pcap"][..], "no-such-file.pcap"),
        (&["README.md"], "README.md"),
        (&["chat-node-ws.pcapng", "-Y", "op == txt"], "did you mean `text`?"),
        (&["chat-node-ws.pcapng", "--theme", "drak"], "did you mean `dark`?"),
        (&["chat-node-ws.pcapng", "--config", "no-such.toml"], "no-such.toml"),
        (&["-"], "standard input is a terminal"),
    ] {
        let mut terminal = wscope(args);
        assert_eq!(terminal.end().exit_code(), 2, "{args:?}");
        terminal.wait("error: ").wait(words);
        let asked = terminal.arrived(|arrived| arrived.bytes.windows(8).any(|bytes| bytes == b"\x1b[?1049h"));
        assert!(!asked, "{args:?}");
    }
}

#[test]
fn without_a_terminal_it_lists() {
    let mut terminal = start(&Start {
        shell: Some("\"$WSCOPE\" chat-node-ws.pcapng | cat; echo ended"),
        ..Start::default()
    });
    terminal.wait("ended");
    assert!(terminal.text().contains("Host + path"), "{}", terminal.text());
    terminal.end();
}
