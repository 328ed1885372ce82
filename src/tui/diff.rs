//! Two messages, line by line.

use std::time::{Duration, Instant};

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

use super::reopen::MessageDetail;
use crate::decode::{self, Decoded, Format, Kind};
use crate::report::hexdump;
use crate::report::visible::shown;

/// After that, the rest is compared coarsely.
const PATIENCE: Duration = Duration::from_secs(2);

/// Lines that are compared of a message.
const LINES: usize = 200_000;

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Both have it.
    Same,
    /// They have it differently.
    Changed,
    /// Only the first has it.
    Removed,
    /// Only the second has it.
    Added,
}

/// A line of both messages; `None` where one has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// What became of it.
    pub change: Change,
    /// The line of the first.
    pub left: Option<usize>,
    /// The line of the second.
    pub right: Option<usize>,
}

/// Two messages compared.
#[derive(Debug)]
pub struct Diff {
    /// The lines of both.
    pub lines: [Vec<String>; 2],
    /// The lines beside each other.
    pub rows: Vec<Row>,
    /// The lines below each other: of what changed, first those of the first message, then those of the second.
    pub below: Vec<Row>,
    /// How many lines changed, were removed, were added.
    pub counts: [usize; 3],
    /// What they were compared as.
    pub formats: [&'static str; 2],
}

impl Diff {
    /// Compares the payloads of two messages.
    #[must_use]
    pub fn new(left: &MessageDetail, right: &MessageDetail) -> Self {
        let (left, right) = (lines(left), lines(right));
        let rows = rows(&left.1, &right.1);
        let below = below(&rows);
        let count = |change| rows.iter().filter(|row| row.change == change).count();
        let counts = [Change::Changed, Change::Removed, Change::Added].map(count);
        Self { counts, formats: [left.0, right.0], lines: [left.1, right.1], rows, below }
    }

    /// As a patch: `-` and `+` before what differs.
    #[must_use]
    pub fn patch(&self) -> String {
        let mut patch = String::new();
        for row in &self.below {
            let sign = match row.change {
                Change::Removed => '-',
                Change::Added => '+',
                Change::Same | Change::Changed => ' ',
            };
            let [left, right] = self.texts(row);
            patch.push_str(&format!("{sign} {}\n", left.or(right).unwrap_or_default()));
        }
        patch
    }

    /// The lines of a row.
    #[must_use]
    pub fn texts(&self, row: &Row) -> [Option<&str>; 2] {
        let [left, right] = &self.lines;
        [row.left.and_then(|at| left.get(at)), row.right.and_then(|at| right.get(at))]
            .map(|line| line.map(String::as_str))
    }
}

/// The place of the next difference behind one, or of the one before it. Rows that follow one another are one
/// difference.
#[must_use]
pub fn next(rows: &[Row], from: usize, forward: bool) -> Option<usize> {
    let differs = |at: usize| rows.get(at).is_some_and(|row| row.change != Change::Same);
    let begins = |at: &usize| differs(*at) && !at.checked_sub(1).is_some_and(differs);
    if forward { (from + 1..rows.len()).find(begins) } else { (0..from).rev().find(begins) }
}

/// Rows with one line each.
fn below(rows: &[Row]) -> Vec<Row> {
    let mut below = Vec::with_capacity(rows.len());
    for run in rows.chunk_by(|one, other| (one.change == Change::Same) == (other.change == Change::Same)) {
        if run.first().is_some_and(|row| row.change == Change::Same) {
            below.extend_from_slice(run);
            continue;
        }
        let left = run.iter().filter(|row| row.left.is_some());
        below.extend(left.map(|row| Row { change: Change::Removed, right: None, ..*row }));
        let right = run.iter().filter(|row| row.right.is_some());
        below.extend(right.map(|row| Row { change: Change::Added, left: None, ..*row }));
    }
    below
}

/// A message as lines, and what they are.
fn lines(detail: &MessageDetail) -> (&'static str, Vec<String>) {
    let message = detail.message();
    let decoded = decode::decode(message.payload, detail.hint(), None);
    let mut lines = match (&decoded.tree, decoded.format) {
        (Some(_), _) => tree(&decoded),
        (None, Format::Hex) => hexdump::lines(0, &decoded.text).take(LINES).collect(),
        (None, _) => decoded.text.split(|byte| *byte == b'\n').take(LINES).map(shown).collect(),
    };
    lines.truncate(LINES);
    (decoded.name, lines)
}

/// Values one a line, indented, with closing brackets.
fn tree(decoded: &Decoded) -> Vec<String> {
    let Some(tree) = &decoded.tree else { return Vec::new() };
    let (mut lines, mut open) = (Vec::new(), Vec::new());
    let indent = |depth: usize| "  ".repeat(depth.min(100));
    for (place, node) in tree.nodes().iter().enumerate().take(LINES) {
        while let Some((end, close, depth)) = open.last().copied() {
            if end > place as u32 {
                break;
            }
            lines.push(format!("{}{close}", indent(depth)));
            open.pop();
        }
        let depth = usize::from(node.depth);
        let key = shown(node.key.of(&decoded.text));
        let key = if key.is_empty() { key } else { format!("{key}: ") };
        let (begin, end) = if node.kind == Kind::Array { ("[", "]") } else { ("{", "}") };
        if !node.kind.holds() {
            lines.push(format!("{}{key}{}", indent(depth), shown(node.value.of(&decoded.text))));
        } else if node.len == 0 {
            lines.push(format!("{}{key}{begin}{end}", indent(depth)));
        } else {
            lines.push(format!("{}{key}{begin}", indent(depth)));
            open.push((node.end, end, depth));
        }
    }
    for (_, close, depth) in open.into_iter().rev() {
        lines.push(format!("{}{close}", indent(depth)));
    }
    lines
}

fn rows(left: &[String], right: &[String]) -> Vec<Row> {
    let deadline = Instant::now() + PATIENCE;
    let ops = capture_diff_slices_deadline(Algorithm::Patience, left, right, Some(deadline));
    let mut rows = Vec::with_capacity(left.len().max(right.len()));
    for op in ops {
        match op {
            DiffOp::Equal { old_index, new_index, len } => rows.extend((0..len).map(|n| Row {
                change: Change::Same,
                left: Some(old_index + n),
                right: Some(new_index + n),
            })),
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                rows.extend((0..old_len.max(new_len)).map(|n| {
                    let (left, right) =
                        ((n < old_len).then_some(old_index + n), (n < new_len).then_some(new_index + n));
                    let change = match (left, right) {
                        (Some(_), Some(_)) => Change::Changed,
                        (Some(_), None) => Change::Removed,
                        _ => Change::Added,
                    };
                    Row { change, left, right }
                }));
            }
            DiffOp::Delete { old_index, old_len, .. } => rows.extend((0..old_len).map(|n| Row {
                change: Change::Removed,
                left: Some(old_index + n),
                right: None,
            })),
            DiffOp::Insert { new_index, new_len, .. } => rows.extend((0..new_len).map(|n| Row {
                change: Change::Added,
                left: None,
                right: Some(new_index + n),
            })),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Dir;
    use crate::report::sample;
    use crate::ws::fact;

    fn detail(kind: fact::Kind, payload: &[u8]) -> MessageDetail {
        MessageDetail::new(&sample::message(Dir::S2c, kind, payload), Vec::new())
    }

    fn diff(left: &str, right: &str) -> Diff {
        let of = |text: &str| detail(fact::Kind::Text, text.as_bytes());
        Diff::new(&of(left), &of(right))
    }

    #[test]
    fn values_are_compared() {
        let diff = diff(
            r#"{"type":"order","status":"open","filled":0,"tags":[]}"#,
            r#"{"type":"order","status":"filled","filled":1.25,"tags":[],"fee":{"ccy":"USDT"}}"#,
        );
        assert_eq!(diff.formats, ["JSON", "JSON"]);
        let expected = r#"  {
    "type": "order"
-   "status": "open"
-   "filled": 0
+   "status": "filled"
+   "filled": 1.25
    "tags": []
+   "fee": {
+     "ccy": "USDT"
+   }
  }
"#;
        assert_eq!(diff.patch(), expected);
        assert_eq!(diff.counts, [2, 0, 3]);
        let next = |from, forward| next(&diff.rows, from, forward);
        assert_eq!(
            (next(0, true), next(2, true), next(5, false), next(5, true)),
            (Some(2), Some(5), Some(2), None)
        );
    }

    #[test]
    fn text_and_bytes_are_compared() {
        let lines = diff("one\ntwo\nthree", "one\nthree");
        assert_eq!((lines.counts, lines.formats), ([0, 1, 0], ["text", "text"]));
        let bytes =
            Diff::new(&detail(fact::Kind::Binary, &[0xff; 20]), &detail(fact::Kind::Binary, &[0xff; 21]));
        assert_eq!((bytes.counts, bytes.formats), ([1, 0, 0], ["hex", "hex"]));
        let same = diff("\u{1b}[2J", "\u{1b}[2J");
        assert_eq!(same.patch(), "  ␛[2J\n");
    }
}
