//! Text from a capture made fit for a terminal: nothing in it may act, hide or turn around.
//!
//! A payload can hold escape sequences that rewrite the screen, marks that reverse the order of what
//! follows, and characters that cannot be seen. All of them are shown, as what they are.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// How text is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Only ASCII: `\x1b` rather than a picture of it, `->` rather than an arrow.
    pub ascii: bool,
    /// Line ends stay what they are, rather than being shown too.
    pub multi_line: bool,
}

/// Appends `bytes` to `out` so that a terminal can show them on one line: control characters as the
/// pictures of them (`␛`, `␊`), format and direction marks as `<U+202E>`, what is not UTF-8 as `<ff>`.
pub fn visible(bytes: &[u8], out: &mut String) {
    append(bytes, Style::default(), out);
}

/// As [`visible`], by itself.
#[must_use]
pub fn shown(bytes: &[u8]) -> String {
    let mut out = String::new();
    visible(bytes, &mut out);
    out
}

/// As [`visible`], in the style asked for.
pub fn append(bytes: &[u8], style: Style, out: &mut String) {
    pieces(bytes, style, |piece| {
        out.push_str(piece);
        true
    });
}

/// As [`append`], but no more than `width` columns; what is cut ends in `…`.
///
/// Time and memory follow the width, not the length of `bytes`.
pub fn append_within(bytes: &[u8], style: Style, width: usize, out: &mut String) {
    let mut fitter = Fitter::new(width, ellipsis(style.ascii), out.len());
    let whole = pieces(bytes, style, |piece| fitter.push(piece, out));
    fitter.end(whole, out);
}

/// The text has no control characters but those that lay it out.
#[must_use]
pub fn is_text(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// Appends JSON (or a part of it) to `out` so that a terminal can show it and a parser reads the same:
/// what must not be seen raw gets JSON's own escape. It can stand in strings only, or it is no JSON.
pub fn json(text: &str, out: &mut String) {
    for c in text.chars() {
        if c == '\n' || matches!(of_char(c, Style::default()), Shown::AsIs) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
}

/// The characters of a text, and the bytes that are of none: how many bytes each has, and the columns that it takes as it
/// is shown.
pub fn widths(bytes: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    let mut shown = String::new();
    let chars = bytes.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid().chars().map(Some);
        valid.chain(chunk.invalid().iter().map(|_| None))
    });
    chars.map(move |c| match c {
        Some(' '..='~') => (1, 1),
        Some(c) => {
            shown.clear();
            visible(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut shown);
            (c.len_utf8(), shown.width())
        }
        // As `\xff`.
        None => (1, 4),
    })
}

/// Text that is fit for a terminal already, cut to `width` columns.
#[must_use]
pub fn fit(text: &str, width: usize, ascii: bool) -> String {
    let mut out = String::new();
    let mut fitter = Fitter::new(width, ellipsis(ascii), 0);
    let mut utf8 = [0; 4];
    let whole = text.chars().all(|c| fitter.push(c.encode_utf8(&mut utf8), &mut out));
    fitter.end(whole, &mut out);
    out
}

const fn ellipsis(ascii: bool) -> &'static str {
    if ascii { "..." } else { "…" }
}

/// Tells `take` the pieces one by one, until it has enough. Returns whether it took them all.
fn pieces(bytes: &[u8], style: Style, mut take: impl FnMut(&str) -> bool) -> bool {
    let mut utf8 = [0; 4];
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let goes_on = match of_char(c, style) {
                Shown::AsIs => take(c.encode_utf8(&mut utf8)),
                Shown::Picture(picture) => take(picture.encode_utf8(&mut utf8)),
                Shown::Escape(escape) => take(&escape),
            };
            if !goes_on {
                return false;
            }
        }
        for byte in chunk.invalid() {
            let escape = if style.ascii { format!("\\x{byte:02x}") } else { format!("<{byte:02x}>") };
            if !take(&escape) {
                return false;
            }
        }
    }
    true
}

enum Shown {
    AsIs,
    Picture(char),
    Escape(String),
}

fn of_char(c: char, style: Style) -> Shown {
    match c {
        '\n' if style.multi_line => Shown::AsIs,
        ' '..='~' => Shown::AsIs,
        '\0'..='\x1f' | '\x7f' if style.ascii => Shown::Escape(match c {
            '\n' => "\\n".to_owned(),
            '\r' => "\\r".to_owned(),
            '\t' => "\\t".to_owned(),
            _ => format!("\\x{:02x}", u32::from(c)),
        }),
        // The control pictures stand in the order of the controls.
        '\0'..='\x1f' => Shown::Picture(char::from_u32(0x2400 + u32::from(c)).unwrap_or('␦')),
        '\x7f' => Shown::Picture('␡'),
        _ if style.ascii => Shown::Escape(format!("\\u{{{:x}}}", u32::from(c))),
        _ if c.is_control() || unseen(c) => Shown::Escape(format!("<U+{:04X}>", u32::from(c))),
        _ => Shown::AsIs,
    }
}

/// Format characters (general category Cf), line and paragraph separators, and whatever else is by
/// nature not seen.
const fn unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
        | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Takes pieces as long as they fit.
struct Fitter {
    width: usize,
    ellipsis: &'static str,
    used: usize,
    /// Where text must end for the ellipsis to fit behind it.
    before_ellipsis: usize,
}

impl Fitter {
    const fn new(width: usize, ellipsis: &'static str, start: usize) -> Self {
        Self { width, ellipsis, used: 0, before_ellipsis: start }
    }

    fn push(&mut self, piece: &str, out: &mut String) -> bool {
        // The sum over characters is never less than the width of the whole, but for the selector
        // that makes an emoji of the character before it.
        let wide = |c: char| if c == '\u{fe0f}' { 1 } else { c.width().unwrap_or(0) };
        let width: usize = piece.chars().map(wide).sum();
        if self.used + width > self.width {
            return false;
        }
        self.used += width;
        out.push_str(piece);
        if self.used + self.ellipsis.width() <= self.width {
            self.before_ellipsis = out.len();
        }
        true
    }

    fn end(self, whole: bool, out: &mut String) {
        if !whole {
            out.truncate(self.before_ellipsis);
            if self.ellipsis.width() <= self.width {
                out.push_str(self.ellipsis);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn show(bytes: &[u8], style: Style) -> String {
        let mut out = String::new();
        append(bytes, style, &mut out);
        out
    }

    #[test]
    fn what_acts_is_shown() {
        let plain = Style::default();
        assert_eq!(show(b"\x1b[31mred\t\0\r\n\x7f", plain), "␛[31mred␉␀␍␊␡");
        assert_eq!(show("a\u{202e}b\u{85}\u{feff}c".as_bytes(), plain), "a<U+202E>b<U+0085><U+FEFF>c");
        assert_eq!(show(b"ok\xff\xc3", plain), "ok<ff><c3>");
        assert_eq!(show("é 日本 🦀".as_bytes(), plain), "é 日本 🦀");
        assert_eq!(show(b"a\nb\x1b", Style { multi_line: true, ..plain }), "a\nb␛");
        let ascii = Style { ascii: true, ..plain };
        assert_eq!(show("\x1b[2J\n\té\u{202e}".as_bytes(), ascii), r"\x1b[2J\n\t\u{e9}\u{202e}");
        assert_eq!(show(b"\xff", ascii), r"\xff");
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(fit("abcdef", 6, false), "abcdef");
        assert_eq!(fit("abcdefg", 6, false), "abcde…");
        assert_eq!(fit("abcdefg", 6, true), "abc...");
        assert_eq!(fit("日本語", 5, false), "日本…");
        assert_eq!(fit("日本語", 4, false), "日…");
        assert_eq!(fit("日本語", 0, false), "");
        let mut out = "> ".to_owned();
        append_within(b"\x1b\x1b\xff\xff", Style::default(), 6, &mut out);
        assert_eq!(out, "> ␛␛…");
    }

    proptest! {
        #[test]
        fn nothing_that_acts_comes_through(
            text in "([\\p{Cf}\\p{Cc}\\p{Zl}\\p{Zp}]|.){0,40}",
            junk in prop::collection::vec(any::<u8>(), 0..20),
            width in 0usize..40,
        ) {
            let cf = text.chars().filter(|&c| !c.is_control() && unseen(c)).collect::<Vec<_>>();
            let bytes = [text.as_bytes(), &junk[..]].concat();
            for multi_line in [false, true] {
                let out = show(&bytes, Style { multi_line, ascii: false });
                prop_assert!(!out.chars().any(|c| c.is_control() && !(multi_line && c == '\n') || unseen(c)));
                prop_assert!(!out.contains(&cf[..]));
                let ascii = show(&bytes, Style { multi_line, ascii: true });
                prop_assert!(ascii.chars().all(|c| (' '..='~').contains(&c) || multi_line && c == '\n'));
            }
            let mut cut = String::new();
            append_within(&bytes, Style::default(), width, &mut cut);
            prop_assert!(cut.width() <= width, "{cut:?} is {} wide", cut.width());
        }

        /// The pattern's tables know the categories better than we do.
        #[test]
        fn no_format_character_is_forgotten(format in "[\\p{Cf}\\p{Zl}\\p{Zp}]{64}") {
            for c in format.chars() {
                prop_assert!(unseen(c), "U+{:04X}", u32::from(c));
            }
        }
    }
}
