//! The very bytes that a terminal gets.

use std::time::Duration;

use base64::Engine as _;

use crate::support::hostile;
use crate::terminal::{Start, Terminal, start, wscope};

const ROWS: &str = "127.0.0.1:";

/// The parameters of all sequences `ESC [ … m` that arrived.
fn styles(terminal: &Terminal) -> Vec<String> {
    let bytes = terminal.arrived(|arrived| String::from_utf8(arrived.bytes.clone()).unwrap());
    let sequences = bytes.split("\x1b[").skip(1);
    sequences
        .filter_map(|rest| {
            let (parameters, _) = rest.split_once(|c: char| c.is_ascii_alphabetic())?;
            rest[parameters.len()..].starts_with('m').then(|| parameters.to_owned())
        })
        .collect()
}

#[test]
fn without_colours_the_cursor_stays_visible() {
    for env in [&[("NO_COLOR", "1")][..], &[("TERM", "dumb")]] {
        let terminal = start(&Start { args: &["refused-then-accepted.pcapng"], env, ..Start::default() });
        terminal.wait(ROWS).settle();
        let styles = styles(&terminal);
        let plain = ["", "0", "1", "2", "4", "7", "22", "24", "27"];
        assert!(styles.iter().all(|style| plain.contains(&&**style)), "{env:?}: {styles:?}");
        terminal.arrived(|arrived| {
            let screen = arrived.screen.screen();
            let reversed = |y| (3..100).all(|x| screen.cell(y, x).is_some_and(vt100::Cell::inverse));
            assert!((2..12).any(reversed), "no row is reversed:\n{}", screen.contents());
        });
    }
}

#[test]
fn colours_are_there_otherwise() {
    let terminal = wscope(&["refused-then-accepted.pcapng"]);
    terminal.wait(ROWS).settle();
    assert!(styles(&terminal).iter().any(|style| style.starts_with("38;") || style.starts_with('3')));
    // An empty NO_COLOR is none.
    let terminal = start(&Start {
        args: &["refused-then-accepted.pcapng"],
        env: &[("NO_COLOR", "")],
        ..Start::default()
    });
    terminal.wait(ROWS).settle();
    assert!(styles(&terminal).iter().any(|style| style.starts_with("38;")));
    // Who asks for a theme gets it.
    let args = &["refused-then-accepted.pcapng", "--theme", "high-contrast"];
    let terminal =
        start(&Start { args, env: &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")], ..Start::default() });
    terminal.wait(ROWS).settle();
    assert!(styles(&terminal).iter().any(|style| style.contains("48;2;0;0;0")), "{:?}", styles(&terminal));
}

#[test]
fn ascii_is_ascii() {
    for (args, env) in [
        (&["chat-node-ws.pcapng", "--ascii"][..], &[][..]),
        (&["chat-node-ws.pcapng"], &[("LANG", "C")]),
        (&["chat-node-ws.pcapng"], &[("LC_ALL", "de_DE.ISO-8859-1")]),
    ] {
        let mut terminal = start(&Start { args, env, ..Start::default() });
        terminal.wait(ROWS);
        for key in ["2", "3", "4", "5", "6", "7", "y"] {
            terminal.send(key);
            terminal.settle();
        }
        terminal.arrived(|arrived| assert!(arrived.bytes.is_ascii(), "{env:?}"));
    }
}

#[test]
fn copies_go_through_the_terminal() {
    let mut terminal = wscope(&["chat-node-ws.pcapng"]);
    terminal.wait(ROWS);
    terminal.send("yy");
    terminal.wait("copied: ").wait_until("OSC 52", |arrived| {
        let bytes = String::from_utf8_lossy(&arrived.bytes).into_owned();
        let Some((_, rest)) = bytes.split_once("\x1b]52;c;") else { return false };
        let Some((text, _)) = rest.split_once("\x1b\\") else { return false };
        let text = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
        String::from_utf8(text).unwrap().contains(ROWS)
    });
}

#[test]
fn nothing_is_drawn_while_nothing_happens() {
    let terminal = wscope(&["chat-node-ws.pcapng"]);
    terminal.wait(ROWS).settle();
    assert!(terminal.is_quiet(Duration::from_millis(1200)), "something was drawn");
    // Nor is anything else done.
    let stat = format!("/proc/{}/stat", terminal.pid());
    let used = || -> Option<u64> {
        let stat = std::fs::read_to_string(&stat).ok()?;
        let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
        Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
    };
    let before = used();
    assert!(terminal.is_quiet(Duration::from_millis(500)));
    assert!(used().zip(before).is_none_or(|(after, before)| after - before <= 2), "it is not idle");
}

#[test]
fn nothing_of_a_capture_acts() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), hostile::hostile()).unwrap();
    let mut terminal = wscope(&[file.path().to_str().unwrap()]);
    terminal.wait("Conns").settle();
    for key in ["2", "3", "]", "]", "4", "5", "6", "7", "1", "yi"] {
        terminal.send(key);
        terminal.settle();
    }
    terminal.arrived(|arrived| {
        let bytes = String::from_utf8(arrived.bytes.clone()).unwrap();
        for attack in ["\x1b]0;", "\x1bc", "\x07", "\u{9b}", "\u{202e}"] {
            // The question for the ground ends in a bell.
            let after = bytes.split_once("\x1b[?1049h").unwrap().1;
            assert!(!after.contains(attack), "{attack:?}");
        }
        assert!(arrived.screen.screen().contents().contains("wscope"));
    });
}
