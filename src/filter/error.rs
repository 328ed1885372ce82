//! What is wrong with a filter, shown with a caret below the part at fault.

use std::fmt;
use std::ops::Range;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A filter that is none. Its text has several lines:
///
/// ```text
/// unknown opcode `txt`
///   | op == txt
///   |       ^^^ did you mean `text`?
///   = help: `wscope fields op` lists values
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// The whole expression.
    pub text: String,
    /// The part at fault, in bytes of `text`.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it, in a few words, to stand behind the caret.
    pub label: Option<String>,
    /// What else helps.
    pub help: Option<String>,
}

/// Columns of the expression that are shown.
const COLUMNS: usize = 96;

impl FilterError {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { text: String::new(), span, message: message.into(), label: None, help: None }
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The label `did you mean …?`, where there is such a name.
    pub(super) fn meant(mut self, near: Option<&str>) -> Self {
        self.label = near.map(|near| format!("did you mean `{near}`?"));
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn of(mut self, text: &str) -> Self {
        text.clone_into(&mut self.text);
        self
    }

    /// The part of the expression that is shown, and the columns of the span in it: first and width.
    fn window(&self) -> (String, usize, usize) {
        let plain = |text: &str| -> String {
            text.chars().map(|c| if c.is_control() || c.width().is_none() { ' ' } else { c }).collect()
        };
        let part = |range: Range<usize>| plain(self.text.get(range).unwrap_or_default());
        let (start, end) = (self.span.start.min(self.text.len()), self.span.end.min(self.text.len()));
        let (mut before, fault, mut after) = (part(0..start), part(start..end), part(end..self.text.len()));
        let room = COLUMNS.saturating_sub(fault.width().min(COLUMNS / 2)) / 2;
        if before.width() > room {
            let kept: String = keep(before.chars().rev(), room).chars().rev().collect();
            before = format!("…{kept}");
        }
        if after.width() > room {
            after = format!("{}…", keep(after.chars(), room));
        }
        let shown =
            if fault.width() > COLUMNS { format!("{}…", keep(fault.chars(), COLUMNS)) } else { fault };
        (format!("{before}{shown}{after}"), before.width(), shown.width().max(1))
    }
}

/// The first characters, as many as fit into `width` columns.
fn keep(chars: impl Iterator<Item = char>, width: usize) -> String {
    let mut left = width;
    chars
        .take_while(|c| {
            let fits = c.width().unwrap_or(0) <= left;
            left = left.saturating_sub(c.width().unwrap_or(0));
            fits
        })
        .collect()
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column, width) = self.window();
        writeln!(f, "{}", self.message)?;
        writeln!(f, "  | {}", line.trim_end())?;
        write!(f, "  | {}{}", " ".repeat(column), "^".repeat(width))?;
        if let Some(label) = &self.label {
            write!(f, " {label}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  = help: {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for FilterError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_below_the_fault() {
        let error =
            FilterError::new(6..9, "unknown opcode `txt`").meant(Some("text")).help("look").of("op == txt");
        assert_eq!(
            error.to_string(),
            "unknown opcode `txt`\n  | op == txt\n  |       ^^^ did you mean `text`?\n  = help: look"
        );
        // Wide and control characters before it.
        let text = "漢\t== x";
        let error = FilterError::new(text.len() - 1..text.len(), "no").of(text);
        assert_eq!(error.to_string(), "no\n  | 漢 == x\n  |       ^");
        // At the very end.
        assert_eq!(FilterError::new(2..2, "no").of("op").to_string(), "no\n  | op\n  |   ^");
    }

    #[test]
    fn long_expressions_are_shown_in_part() {
        let text = format!("{} bad {}", "a ".repeat(500), "b ".repeat(500));
        let shown = FilterError::new(1_001..1_004, "no").of(&text).to_string();
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines.iter().all(|line| line.width() < 110), "{shown}");
        let column = lines[2].find('^').unwrap();
        assert_eq!(lines[1].chars().skip(column).take(3).collect::<String>(), "bad");
    }
}
