//! Searching a text for words.

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

/// Words that are searched for, in upper or lower case.
#[derive(Clone, Debug)]
pub struct Needle {
    regex: Regex,
    /// Bytes of the words.
    len: usize,
}

impl Needle {
    /// `None` where there is nothing to search for.
    #[must_use]
    pub fn new(words: &str) -> Option<Self> {
        if words.is_empty() {
            return None;
        }
        // Without classes of Unicode it would be bytes whose case is ignored.
        let regex = RegexBuilder::new(&regex::escape(words)).case_insensitive(true).build().ok()?;
        Some(Self { regex, len: words.len() })
    }

    /// The bytes hold it.
    #[must_use]
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        self.regex.is_match(bytes)
    }

    /// Where it stands first.
    #[must_use]
    pub fn first(&self, bytes: &[u8]) -> Option<usize> {
        self.regex.find(bytes).map(|found| found.start())
    }

    /// How far behind the end of a line one may go on that begins in it. (A character in the other case may be longer.)
    #[must_use]
    pub const fn reach(&self) -> usize {
        self.len.saturating_mul(2)
    }

    /// Where it stands.
    pub fn places(&self, text: &[u8]) -> impl Iterator<Item = Range<usize>> {
        self.regex.find_iter(text).map(|found| found.range())
    }
}

/// Cuts pieces of a text where marked ranges begin and end: each piece with its text, and whether it is marked. `pieces` follow
/// one another from the text's start; what is behind them is left out.
pub fn cut<'t, R: Copy>(
    text: &'t str,
    pieces: &[(usize, R)],
    marked: &[Range<usize>],
) -> Vec<(&'t str, R, bool)> {
    let mut out = Vec::new();
    let mut from = 0;
    for &(end, role) in pieces {
        while from < end {
            let inside = marked.iter().find(|range| range.contains(&from));
            let next = match inside {
                Some(range) => range.end,
                None => {
                    marked.iter().map(|range| range.start).filter(|start| *start > from).min().unwrap_or(end)
                }
            }
            .min(end);
            out.extend(text.get(from..next).map(|part| (part, role, inside.is_some())));
            from = next;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_case() {
        let needle = Needle::new("a.É").unwrap();
        assert!(needle.is_in("xA.é".as_bytes()) && needle.is_in(b"\xff a.\xc3\x89") && !needle.is_in(b"abE"));
        assert!(needle.places("a.é A.É".as_bytes()).eq([0..4, 5..9]));
        assert!(Needle::new("").is_none());
    }

    #[test]
    fn pieces_are_cut_at_marks() {
        let pieces = [(3, 'k'), (8, 's')];
        assert_eq!(
            cut("abcdefgh", &pieces, &[2..4, 6..7]),
            [
                ("ab", 'k', false),
                ("c", 'k', true),
                ("d", 's', true),
                ("ef", 's', false),
                ("g", 's', true),
                ("h", 's', false)
            ]
        );
        assert_eq!(cut("abc", &[(3, 'k')], &[]), [("abc", 'k', false)]);
        assert_eq!(cut::<char>("abc", &[], std::slice::from_ref(&(0..1))), []);
    }
}
