//! Text broken into lines of a width.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Breaks `text` at spaces so that each line is at most `width` columns, but the first `first` columns.
/// What has no space is broken anywhere; nothing is left out.
pub(super) fn wrap(text: &str, first: usize, width: usize) -> Vec<String> {
    wrap_words(text.split(' '), first, width)
}

/// The same for words that may hold spaces, at which they are not broken.
pub(super) fn wrap_words<'a>(
    words: impl Iterator<Item = &'a str>,
    first: usize,
    width: usize,
) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut room = first;
    for word in words {
        let Some(line) = lines.last_mut() else { break };
        let space = usize::from(!line.is_empty());
        if line.width() + space + word.width() <= room {
            line.push_str(if space == 1 { " " } else { "" });
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(String::new());
            room = width;
        }
        for c in word.chars() {
            let Some(line) = lines.last_mut() else { break };
            if !line.is_empty() && line.width() + c.width().unwrap_or(0) > room {
                lines.push(c.to_string());
                room = width;
            } else {
                line.push(c);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_out() {
        assert_eq!(wrap("one two three", 7, 5), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij kl", 4, 5), ["abcd", "efghi", "j kl"]);
        assert_eq!(wrap("日本語 x", 4, 4), ["日本", "語 x"]);
        assert_eq!(wrap_words(["no", "a b", "c"].into_iter(), 5, 5), ["no", "a b c"]);
        assert_eq!(wrap("a", 0, 0), ["a"]);
        assert_eq!(wrap("", 4, 4), [""]);
    }
}
