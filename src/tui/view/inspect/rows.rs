//! A decoded payload as rows of a screen: what is folded is left out, long lines are wrapped where that is wanted.

use std::collections::HashSet;

use unicode_width::UnicodeWidthStr as _;

use crate::decode::{Decoded, Node, Tree};
use crate::report::visible;

/// The most rows.
const MOST: usize = 1_000_000;

/// Of a row that belongs to no value.
pub(super) const NO_NODE: u32 = u32::MAX;

/// A row: a part of the text, of a value or of none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The value, or [`NO_NODE`].
    pub(super) node: u32,
    /// Where in the text it begins.
    pub(super) start: u32,
    /// Where it ends.
    pub(super) end: u32,
}

/// Columns of indentation at a depth; what is deeper is not further to the right.
pub(super) fn indent(depth: u16) -> usize {
    2 * usize::from(depth.min(20))
}

/// The key of a value as it is shown, with what parts it from the value.
pub(super) fn key(node: &Node, tree: &Tree, text: &[u8]) -> String {
    let mut shown = String::new();
    if !node.key.is_empty() {
        let key = node.key.of(text);
        let bare = key.strip_prefix(b"\"").and_then(|key| key.strip_suffix(b"\"")).filter(|key| {
            key.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_')
                && key.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-$".contains(byte))
        });
        visible::append_within(bare.unwrap_or(key), visible::Style::default(), 60, &mut shown);
        shown.push_str(": ");
    } else if node.depth > 0 && tree.get(node.parent).is_some() {
        shown = format!("[{}] ", node.index);
    }
    shown
}

/// Lays out a payload. `wrap` is the width at which lines go on in the next row.
pub(super) fn layout(decoded: &Decoded, folds: &HashSet<u32>, wrap: Option<usize>) -> Vec<Row> {
    let mut rows = Vec::new();
    let Some(tree) = &decoded.tree else {
        let mut start = 0;
        for line in decoded.text.split_inclusive(|byte| *byte == b'\n') {
            if rows.len() >= MOST {
                break;
            }
            let body = line.strip_suffix(b"\n").unwrap_or(line);
            let body = body.strip_suffix(b"\r").filter(|_| body.len() < line.len()).unwrap_or(body);
            parts(body, start, NO_NODE, wrap.unwrap_or(usize::MAX), wrap.unwrap_or(usize::MAX), &mut rows);
            start += line.len();
        }
        return rows;
    };
    let mut at = 0;
    while let Some(node) = tree.get(at) {
        let (start, end) = (node.value.start, node.value.end);
        match wrap {
            Some(width) if !node.kind.holds() => {
                let before = indent(node.depth) + 2;
                let first = width.saturating_sub(before + key(node, tree, &decoded.text).width());
                let others = width.saturating_sub(before + 2);
                parts(node.value.of(&decoded.text), start as usize, at, first, others, &mut rows);
            }
            _ => rows.push(Row { node: at, start, end }),
        }
        at = if folds.contains(&at) { node.end } else { at + 1 };
    }
    rows
}

/// The most columns that a byte takes when it is shown: `<U+202E>` is of three.
const WIDEST: usize = 4;

/// Cuts a text into rows of so many columns.
fn parts(text: &[u8], start: usize, node: u32, first: usize, others: usize, rows: &mut Vec<Row>) {
    let (first, others) = (first.max(8), others.max(8));
    let mut push = |from: usize, to: usize| {
        rows.push(Row { node, start: (start + from) as u32, end: (start + to) as u32 });
    };
    if text.len().saturating_mul(WIDEST) <= first {
        return push(0, text.len());
    }
    if first == usize::MAX {
        return push(0, text.len());
    }
    let (mut from, mut at, mut taken, mut room) = (0, 0, 0, first);
    for (len, wide) in visible::widths(text) {
        if taken + wide > room {
            push(from, at);
            (from, taken, room) = (at, 0, others);
        }
        taken += wide;
        at += len;
    }
    push(from, at);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Hint, decode};

    fn of(text: &str) -> Decoded {
        decode(text.as_bytes(), Hint { text: true, ..Hint::default() }, None)
    }

    fn shown(decoded: &Decoded, rows: &[Row]) -> Vec<String> {
        let part = |row: &Row| decoded.text[row.start as usize..row.end as usize].to_vec();
        rows.iter().map(|row| String::from_utf8(part(row)).unwrap()).collect()
    }

    #[test]
    fn lines_are_rows() {
        let text = of("one\r\n\ntwo three four five\nend");
        assert_eq!(
            shown(&text, &layout(&text, &HashSet::new(), None)),
            ["one", "", "two three four five", "end"]
        );
        let wrapped = layout(&text, &HashSet::new(), Some(10));
        assert_eq!(shown(&text, &wrapped), ["one", "", "two three ", "four five", "end"]);
        let wide = of("日本語日本語");
        assert_eq!(shown(&wide, &layout(&wide, &HashSet::new(), Some(9))), ["日本語日", "本語"]);
    }

    #[test]
    fn what_is_folded_is_left_out() {
        let tree = of(r#"{"a":[1,[2,3]],"b":"0123456789012345678901234567890"}"#);
        let rows = layout(&tree, &HashSet::from([1]), None);
        assert_eq!(rows.iter().map(|row| row.node).collect::<Vec<_>>(), [0, 1, 6]);
        let rows = layout(&tree, &HashSet::from([3]), Some(24));
        assert_eq!(rows.iter().map(|row| row.node).collect::<Vec<_>>(), [0, 1, 2, 3, 6, 6]);
        assert_eq!(shown(&tree, &rows[4..]).concat(), "\"0123456789012345678901234567890\"");
    }
}
