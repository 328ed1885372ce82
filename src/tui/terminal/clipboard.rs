//! Copying: the terminal is asked to do it (OSC 52), which works through SSH too.

use std::io;
use std::process::{Command, Stdio};

use crossterm::Command as _;
use crossterm::clipboard::CopyToClipboard;

use super::screen::Screen;
use crate::report::words::count;
use crate::tui::action::Action;
use crate::tui::keys::Keymap;
use crate::tui::workers::{Task, Workers};

/// Bytes that terminals take; many drop what is longer without a word.
const MOST: usize = 100_000;

/// What stands between us and the terminal.
#[derive(Debug)]
pub(super) struct Clipboard {
    hint: Task<Option<&'static str>>,
}

/// What has to be set for copying to work, where something stands between us and the terminal that may keep it from
/// that. It may take a while: the multiplexer is asked.
#[must_use]
pub fn hint() -> Option<&'static str> {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if set("TMUX") {
        let asked = Command::new("tmux")
            .args(["show-options", "-gqsv", "set-clipboard"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output();
        let on = asked.is_ok_and(|output| output.stdout.trim_ascii() == b"on");
        (!on).then_some("needs `tmux set -s set-clipboard on`")
    } else {
        set("STY").then_some("screen keeps it from the terminal")
    }
}

impl Clipboard {
    pub(super) fn new(workers: &Workers) -> Self {
        Self { hint: workers.run(|_| hint()) }
    }

    /// Copies a text that is called `what`, and gives what to say about that.
    pub(super) fn copy(
        &self,
        screen: &mut Screen,
        keymap: &Keymap,
        what: &str,
        text: &str,
    ) -> io::Result<Result<String, String>> {
        if let Err(refused) = fits(keymap, what, text) {
            return Ok(Err(refused));
        }
        screen.write(sequence(text).as_bytes())?;
        Ok(Ok(said(what, text, self.hint.get().copied().flatten())))
    }
}

/// What asks the terminal to copy a text.
fn sequence(text: &str) -> String {
    let mut sequence = String::new();
    // A String takes everything.
    let _ = CopyToClipboard::to_clipboard_from(text).write_ansi(&mut sequence);
    sequence
}

fn fits(keymap: &Keymap, what: &str, text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err(format!("{what}: there is nothing in it to copy"));
    }
    if text.len() <= MOST {
        return Ok(());
    }
    let export = keymap.keys(Action::Export).next();
    let instead = export.map(|key| format!("; {key} exports to a file")).unwrap_or_default();
    Err(format!("{what}: {} are more than terminals copy{instead}", count(text.len() as u64, "byte")))
}

fn said(what: &str, text: &str, hint: Option<&str>) -> String {
    let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
    format!("copied{hint}: {what}, {}", count(text.len() as u64, "byte"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_is_asked() {
        assert_eq!(sequence("h\x1b€"), "\x1b]52;c;aBvigqw=\x1b\\");
    }

    #[test]
    fn what_is_said() {
        let keymap = Keymap::default();
        assert_eq!(fits(&keymap, "id", "3.m41"), Ok(()));
        assert_eq!(fits(&keymap, "id", &"x".repeat(MOST)), Ok(()));
        assert_eq!(
            fits(&keymap, "payload of 1.m1", &"x".repeat(MOST + 1)),
            Err("payload of 1.m1: 100,001 bytes are more than terminals copy; e exports to a file".to_owned())
        );
        assert!(fits(&keymap, "payload", "").is_err());
        assert_eq!(said("id", "3.m41", None), "copied: id, 5 bytes");
        assert_eq!(said("id", "3", Some("but")), "copied (but): id, 1 byte");
    }
}
