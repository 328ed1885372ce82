//! A line of text that is being typed.

use crossterm::event::{KeyCode, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::canvas::Canvas;
use super::keys::Key;
use super::theme::Role;
use crate::report::visible;

/// A line of text with a cursor. What a user sees as one character is one step of the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The text, without controls.
    pub text: String,
    /// Where the cursor stands: a byte offset, between two characters.
    pub cursor: usize,
}

impl Line {
    /// The cursor stands at the end.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let mut line = Self::default();
        line.insert(&text.into());
        line
    }

    /// Replaces all of it; the cursor goes to the end.
    pub fn set(&mut self, text: impl Into<String>) {
        *self = Self::new(text);
    }

    /// The text before the cursor, and behind it.
    #[must_use]
    pub fn halves(&self) -> (&str, &str) {
        self.text.split_at_checked(self.cursor).unwrap_or((&self.text, ""))
    }

    /// Puts text where the cursor is. Line ends become spaces; other controls are left out.
    pub fn insert(&mut self, text: &str) {
        let line_end = |c| matches!(c, '\n' | '\t');
        let clean: String =
            text.chars().map(|c| if line_end(c) { ' ' } else { c }).filter(|c| !c.is_control()).collect();
        let (before, behind) = self.halves();
        let cursor = before.len() + clean.len();
        self.text = [before, &clean, behind].concat();
        self.cursor = cursor;
    }

    /// Does what a key says. Returns whether it is one of a line: typing, moving, deleting.
    pub fn key(&mut self, key: Key) -> bool {
        if let Some(c) = key.typed() {
            self.insert(c.encode_utf8(&mut [0; 4]));
            return true;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let by_word = control || alt;
        match key.code {
            KeyCode::Left if by_word => self.cursor = self.word_left(),
            KeyCode::Right if by_word => self.cursor = self.word_right(),
            KeyCode::Left => self.cursor = self.left(),
            KeyCode::Right => self.cursor = self.right(),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            KeyCode::Backspace if by_word => self.cut(self.word_left(), self.cursor),
            KeyCode::Backspace => self.cut(self.left(), self.cursor),
            KeyCode::Delete => self.cut(self.cursor, self.right()),
            KeyCode::Char('b') if alt => self.cursor = self.word_left(),
            KeyCode::Char('f') if alt => self.cursor = self.word_right(),
            KeyCode::Char('d') if alt => self.cut(self.cursor, self.word_right()),
            KeyCode::Char(c) if control => match c {
                'a' => self.cursor = 0,
                'e' => self.cursor = self.text.len(),
                'b' => self.cursor = self.left(),
                'f' => self.cursor = self.right(),
                'd' => self.cut(self.cursor, self.right()),
                'h' => self.cut(self.left(), self.cursor),
                'k' => self.cut(self.cursor, self.text.len()),
                'u' => self.cut(0, self.cursor),
                'w' => self.cut(self.word_left(), self.cursor),
                _ => return false,
            },
            _ => return false,
        }
        true
    }

    /// Takes away a part; the cursor goes to where it was.
    fn cut(&mut self, from: usize, to: usize) {
        let before = self.text.get(..from).unwrap_or_default();
        let behind = self.text.get(to..).unwrap_or_default();
        self.text = [before, behind].concat();
        self.cursor = from;
    }

    fn left(&self) -> usize {
        self.halves().0.grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn right(&self) -> usize {
        let next = self.halves().1.graphemes(true).next().map_or(0, str::len);
        self.cursor + next
    }

    /// Back over spaces, then over what is none.
    fn word_left(&self) -> usize {
        let before = self.halves().0.trim_end();
        before.rfind(char::is_whitespace).map_or(0, |at| {
            at + before.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
        })
    }

    fn word_right(&self) -> usize {
        let behind = self.halves().1;
        let spaces = behind.len() - behind.trim_start().len();
        let word = behind.trim_start().find(char::is_whitespace).unwrap_or(behind.len() - spaces);
        self.cursor + spaces + word
    }

    /// Draws it into `width` columns, with the terminal's cursor. A line that is longer shows where the cursor is.
    pub fn draw(&self, x: u16, y: u16, width: u16, role: Role, canvas: &mut Canvas<'_>) {
        if width == 0 {
            return;
        }
        let shown = |text: &str| visible::shown(text.as_bytes());
        let (before, behind) = self.halves();
        let mut before = shown(before);
        let cut = before.width() >= usize::from(width);
        while before.width() + usize::from(cut) >= usize::from(width) && !before.is_empty() {
            let first = before.graphemes(true).next().map_or(0, str::len);
            before.drain(..first);
        }
        let mut at = x;
        if cut && width > 1 {
            at += canvas.put(at, y, 1, "…", Role::Dim);
        }
        at += canvas.put(at, y, width - (at - x), &before, role);
        canvas.cursor(at, y);
        canvas.put(at, y, width - (at - x), &shown(behind), role);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn press(line: &mut Line, keys: &str) {
        for key in keys.split_whitespace() {
            assert!(line.key(key.parse().unwrap()), "{key}");
        }
    }

    #[test]
    fn a_line_is_edited() {
        let mut line = Line::new("op == text");
        press(&mut line, "Ctrl-w p i n g");
        assert_eq!((&*line.text, line.cursor), ("op == ping", 10));
        press(&mut line, "Ctrl-a Del Del x Right Right Backspace");
        assert_eq!((&*line.text, line.cursor), ("x = ping", 2));
        press(&mut line, "Ctrl-Right Ctrl-k");
        assert_eq!(line.text, "x =");
        press(&mut line, "Ctrl-u");
        assert_eq!(line, Line::default());
        press(&mut line, "Backspace Del Left Right Ctrl-w Alt-d");
        assert_eq!(line, Line::default());
        assert!(!line.key("Enter".parse().unwrap()));
        assert!(!line.key("Ctrl-r".parse().unwrap()));
        line.insert("a\nb\x1b[2J");
        assert_eq!(line.text, "a b[2J");
    }

    #[test]
    fn what_is_seen_as_one_is_one() {
        let mut line = Line::new("日e\u{301}👩\u{200d}🚀");
        press(&mut line, "Left Left Left");
        assert_eq!(line.cursor, 0);
        press(&mut line, "Right Right Backspace");
        assert_eq!(line.text, "日👩\u{200d}🚀");
    }

    proptest! {
        #[test]
        fn the_cursor_stands_between_characters(
            text in "\\PC{0,12}",
            keys in prop::collection::vec(prop::sample::select(vec![
                "Left", "Right", "Ctrl-Left", "Ctrl-Right", "Home", "End", "Backspace", "Del", "Ctrl-w",
                "Alt-d", "Ctrl-k", "Ctrl-u", "漢", "x", "Space",
            ]), 0..20),
        ) {
            let mut line = Line::new(text);
            for key in keys {
                prop_assert!(line.key(key.parse().unwrap()));
                prop_assert!(line.text.is_char_boundary(line.cursor), "{line:?}");
            }
        }
    }
}
