//! A terminal as the place where an export goes: nothing in it may act there.

use std::io::{self, IsTerminal as _, Write};

use crate::report::visible::{self, Style};

/// The columns of standard output, where it is a terminal.
pub(super) fn width() -> Option<usize> {
    let size = io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    size.map(|(width, _)| width.0.into())
}

/// What the text is, which decides how a character that must not be seen raw is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// JSON: by its own escapes, so that it stays JSON.
    Json,
    /// Anything else: made visible.
    Plain,
}

/// Passes text on to a terminal.
pub(super) struct Terminal<W> {
    inner: W,
    text: Text,
    /// The first bytes of a code point that a write cut.
    carry: Vec<u8>,
}

impl<W: Write> Terminal<W> {
    pub(super) const fn new(inner: W, text: Text) -> Self {
        Self { inner, text, carry: Vec::new() }
    }
}

impl<W: Write> Write for Terminal<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut joined = std::mem::take(&mut self.carry);
        joined.extend_from_slice(bytes);
        let unfinished = match std::str::from_utf8(&joined) {
            Err(fault) if fault.error_len().is_none() => joined.len() - fault.valid_up_to(),
            _ => 0,
        };
        self.carry = joined.split_off(joined.len() - unfinished);
        let mut out = String::with_capacity(joined.len());
        match self.text {
            Text::Json => visible::json(&String::from_utf8_lossy(&joined), &mut out),
            Text::Plain => visible::append(&joined, Style { ascii: false, multi_line: true }, &mut out),
        }
        self.inner.write_all(out.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: Text, bytes: &[u8], step: usize) -> String {
        let mut out = Vec::new();
        let mut terminal = Terminal::new(&mut out, text);
        for piece in bytes.chunks(step) {
            terminal.write_all(piece).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_stays_json() {
        let line = "{\"text\":\"\u{202e}é\u{9b}2J\u{e0001}\u{7f}\"}\n";
        for step in 1..line.len() {
            let shown = shown(Text::Json, line.as_bytes(), step);
            assert_eq!(shown, "{\"text\":\"\\u202eé\\u009b2J\\udb40\\udc01\\u007f\"}\n");
            let same = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
            assert_eq!(same(&shown), same(line));
        }
    }

    #[test]
    fn other_text_is_made_visible() {
        assert_eq!(shown(Text::Plain, b"a,\x1b[2J\n", 3), "a,␛[2J\n");
    }
}
