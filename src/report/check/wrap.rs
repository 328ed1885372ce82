//! Text broken into lines of a width.

use unicode_width::UnicodeWidthStr as _;

/// Breaks `text` at spaces so that each line is at most `width` columns, but the first `first` columns.
/// A word that is longer stays whole, so that it can be copied: a terminal breaks it better.
pub(super) fn wrap(text: &str, first: usize, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut room = first;
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.width() + 1 + word.width() <= room {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
            room = width;
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
        assert_eq!(wrap("ab abcdefghij kl", 4, 5), ["ab", "abcdefghij", "kl"]);
        assert_eq!(wrap("日本語 x y", 4, 4), ["日本語", "x y"]);
        assert_eq!(wrap("a", 0, 0), ["a"]);
        assert_eq!(wrap("", 4, 4), [""]);
    }
}
