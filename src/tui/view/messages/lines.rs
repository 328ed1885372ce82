//! The rows of the list: messages, the frames of those that are expanded, and what a ladder has before and behind.

/// A row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Of the handshake, from 0.
    Head(usize),
    /// A message, by its index among those that are shown.
    Message(usize),
    /// A frame of a message that is expanded: the message's index, and which of its rows.
    Frame(usize, usize),
    /// The end of the connection.
    Tail,
}

/// How rows are made up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lines {
    head: usize,
    messages: usize,
    tail: bool,
    /// The messages that are expanded, by their indices, with the rows of their frames; in order.
    open: Vec<(usize, usize)>,
}

impl Lines {
    pub(super) fn new(head: usize, messages: usize, tail: bool, mut open: Vec<(usize, usize)>) -> Self {
        open.sort_unstable();
        Self { head, messages, tail, open }
    }

    pub(super) fn len(&self) -> usize {
        self.head
            + self.messages
            + self.open.iter().map(|(_, rows)| rows).sum::<usize>()
            + usize::from(self.tail)
    }

    /// What a row is.
    pub(super) fn line(&self, at: usize) -> Option<Line> {
        let Some(at) = at.checked_sub(self.head) else { return Some(Line::Head(at)) };
        let mut extra = 0;
        for (index, rows) in &self.open {
            let first = index + extra + 1;
            if at < first {
                break;
            }
            if at < first + rows {
                return Some(Line::Frame(*index, at - first));
            }
            extra += rows;
        }
        match at - extra {
            index if index < self.messages => Some(Line::Message(index)),
            index if index == self.messages && self.tail => Some(Line::Tail),
            _ => None,
        }
    }

    /// The row of something.
    pub(super) fn at(&self, line: Line) -> usize {
        let rows_before = |index: usize| -> usize {
            self.open.iter().take_while(|(open, _)| *open < index).map(|(_, rows)| rows).sum()
        };
        match line {
            Line::Head(at) => at,
            Line::Message(index) => self.head + index + rows_before(index),
            Line::Frame(index, row) => self.head + index + rows_before(index) + 1 + row,
            Line::Tail => self.len().saturating_sub(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_row_is_one_thing(
            head in 0usize..4,
            messages in 0usize..30,
            tail in any::<bool>(),
            open in proptest::collection::btree_map(0usize..30, 1usize..5, 0..5),
        ) {
            let open: Vec<_> = open.into_iter().filter(|(index, _)| *index < messages).collect();
            let lines = Lines::new(head, messages, tail, open.clone());
            let mut expected: Vec<Line> = (0..head).map(Line::Head).collect();
            for index in 0..messages {
                expected.push(Line::Message(index));
                let rows = open.iter().find(|(other, _)| *other == index).map_or(0, |(_, rows)| *rows);
                expected.extend((0..rows).map(|row| Line::Frame(index, row)));
            }
            expected.extend(tail.then_some(Line::Tail));
            let got: Vec<Line> = (0..lines.len()).filter_map(|at| lines.line(at)).collect();
            prop_assert_eq!(&got, &expected);
            prop_assert_eq!(lines.line(lines.len()), None);
            for (at, line) in expected.into_iter().enumerate() {
                prop_assert_eq!(lines.at(line), at);
            }
        }
    }
}
