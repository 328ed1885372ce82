//! Messages into rows of a transcript. A row is a few numbers: its text is made when it is drawn.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use crate::filter::heartbeat;
use crate::item::Dir;
use crate::report::hexdump::WIDTH;
use crate::report::visible;
use crate::tui::model::Kinds;
use crate::tui::reopen::Said;
use crate::tui::workers::{Cancelled, Task, Workers};
use crate::ws::fact::Kind;

/// Rows that are kept of a conversation.
const MOST: usize = 4 << 20;

/// How payloads are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// As text where they are, else in hex.
    #[default]
    Text,
    /// JSON laid out; else as text.
    Json,
    /// In hex.
    Hex,
}

impl Form {
    pub(super) const fn next(self) -> Self {
        match self {
            Self::Text => Self::Json,
            Self::Json => Self::Hex,
            Self::Hex => Self::Text,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "JSON",
            Self::Hex => "hex",
        }
    }
}

/// What rows depend on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) form: Form,
    /// The columns into which long lines are wrapped.
    pub(super) wrap: Option<usize>,
    pub(super) kinds: Kinds,
    pub(super) dir: Option<Dir>,
    pub(super) no_heartbeats: bool,
}

/// What stands in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Who said what, and when.
    Head,
    /// A line of text, or a part of it.
    Text,
    /// A line of JSON, or a part of it: whether it begins inside of a string, and there behind a backslash.
    Json { string: bool, escape: bool },
    /// Bytes in hex.
    Hex,
    /// Code and reason of a Close.
    Close,
}

/// A row: a part of a message's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The message's index.
    pub(super) said: u32,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) indent: u16,
    pub(super) what: What,
}

/// Columns for each level of JSON, and the most levels that are shown.
const INDENT: u16 = 2;
const DEEPEST: u16 = 24;

/// Rows of a chunk of messages.
#[derive(Clone, Debug)]
pub(super) struct Laid {
    /// The index of the first.
    first: usize,
    /// The mark of the last; where there are no rows, of the last before.
    last: (u32, u32),
    rows: Arc<[Row]>,
}

/// Rows of a conversation, laid by a worker chunk by chunk.
#[derive(Debug, Default)]
pub(super) struct Lay {
    plan: Plan,
    laid: Vec<Laid>,
    rows: usize,
    work: Option<(Task<()>, Receiver<Vec<Row>>)>,
    /// There was no room for more.
    pub(super) full: bool,
}

impl Lay {
    /// Takes what was laid, and has the rest laid. `true` = all rows are new.
    pub(super) fn update(&mut self, chunks: &[Arc<[Said]>], plan: Plan, workers: &Workers) -> bool {
        let anew = plan != self.plan || self.laid.len() > chunks.len();
        if anew {
            *self = Self { plan, ..Self::default() };
        }
        self.take();
        if self.work.is_none() && self.laid.len() < chunks.len() && !self.full {
            let first = self.laid.len();
            let before: usize = chunks.iter().take(first).map(|chunk| chunk.len()).sum();
            let todo: Vec<Arc<[Said]>> = chunks.iter().skip(first).cloned().collect();
            let (sender, news) = channel();
            let (wake, room) = (workers.wake(), MOST.saturating_sub(self.rows));
            let task = workers.run(move |cancelled| {
                let (mut said, mut room) = (before, room);
                for chunk in todo {
                    let rows = lay(&chunk, said, &plan, room, cancelled);
                    said += chunk.len();
                    room = room.saturating_sub(rows.len());
                    if cancelled.is() || sender.send(rows).is_err() {
                        return;
                    }
                    wake();
                }
            });
            self.work = Some((task, news));
            self.take();
        }
        anew
    }

    fn take(&mut self) {
        let Some((task, news)) = self.work.take() else { return };
        let done = task.get().is_some();
        for rows in news.try_iter() {
            let first = self.rows;
            self.rows += rows.len();
            self.full |= self.rows >= MOST;
            let before = self.laid.last().map_or((0, 0), |laid| laid.last);
            let last = rows.last().map_or(before, Self::mark);
            self.laid.push(Laid { first, last, rows: rows.into() });
        }
        if !done {
            self.work = Some((task, news));
        }
    }

    /// Everything that was read is laid.
    pub(super) fn done(&self, chunks: usize) -> bool {
        self.laid.len() >= chunks || self.full
    }

    /// How many rows there are.
    pub(super) const fn len(&self) -> usize {
        self.rows
    }

    /// A row by its index.
    pub(super) fn get(&self, index: usize) -> Option<&Row> {
        row(&self.laid, index)
    }

    /// A copy for another thread.
    pub(super) fn rows(&self) -> Vec<Laid> {
        self.laid.clone()
    }

    /// The row of a message in which a byte stands, or the next one that is shown; `None` where that is not laid.
    pub(super) fn find(&self, said: u32, byte: u32) -> Option<usize> {
        let wanted = (said, byte);
        let chunk = self.laid.partition_point(|laid| laid.last < wanted);
        let Laid { first, rows, .. } = self.laid.get(chunk)?;
        Some(first + rows.partition_point(|row| Self::mark(row) < wanted)).filter(|at| *at < self.rows)
    }

    /// What [`Lay::find`] finds this row by.
    pub(super) fn mark(row: &Row) -> (u32, u32) {
        (row.said, if row.what == What::Head { 0 } else { row.start + 1 })
    }
}

/// A row of what was laid.
pub(super) fn row(laid: &[Laid], index: usize) -> Option<&Row> {
    // Chunks without rows begin where the next one does: the last of them has the row.
    let chunk = laid.partition_point(|laid| laid.first <= index).checked_sub(1)?;
    let Laid { first, rows, .. } = laid.get(chunk)?;
    rows.get(index - first)
}

/// The rows of some messages, of which the first has the index `said`; no more than `room`.
fn lay(chunk: &[Said], mut index: usize, plan: &Plan, room: usize, cancelled: &Cancelled) -> Vec<Row> {
    let mut rows = Rows { rows: Vec::new(), room, said: 0, wrap: plan.wrap };
    for said in chunk {
        rows.said = u32::try_from(index).unwrap_or(u32::MAX);
        index += 1;
        if cancelled.is() {
            break;
        }
        let shown = plan.kinds.contains(said.kind)
            && plan.dir.is_none_or(|dir| dir == said.dir)
            && !(plan.no_heartbeats && heartbeat(said.kind, &said.payload));
        if shown {
            rows.message(said, plan.form);
        }
    }
    rows.rows
}

struct Rows {
    rows: Vec<Row>,
    room: usize,
    said: u32,
    wrap: Option<usize>,
}

impl Rows {
    fn push(&mut self, start: usize, end: usize, indent: u16, what: What) {
        if self.rows.len() < self.room {
            self.rows.push(Row { said: self.said, start: start as u32, end: end as u32, indent, what });
        }
    }

    fn message(&mut self, said: &Said, form: Form) {
        let payload = &*said.payload;
        self.push(0, 0, 0, What::Head);
        if payload.is_empty() {
            return;
        }
        let readable = || said.kind == Kind::Text || std::str::from_utf8(payload).is_ok_and(visible::is_text);
        if form == Form::Hex {
            self.hex(payload);
        } else if said.close_code().is_some() {
            self.push(0, payload.len(), 0, What::Close);
        } else if form == Form::Json && is_json(payload) {
            self.json(payload);
        } else if readable() {
            self.text(payload);
        } else {
            self.hex(payload);
        }
    }

    fn hex(&mut self, payload: &[u8]) {
        for start in (0..payload.len()).step_by(WIDTH) {
            self.push(start, payload.len().min(start + WIDTH), 0, What::Hex);
        }
    }

    fn text(&mut self, payload: &[u8]) {
        let mut start = 0;
        while start < payload.len() && self.rows.len() < self.room {
            let rest = payload.get(start..).unwrap_or_default();
            let line = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            self.line(payload, start, start + line, 0, |_, _| What::Text);
            start += line + 1;
        }
    }

    /// A line, in several rows where it is to be wrapped. `what` is told which part of it a row has.
    fn line(
        &mut self,
        payload: &[u8],
        start: usize,
        end: usize,
        indent: u16,
        mut what: impl FnMut(usize, usize) -> What,
    ) {
        let Some(width) = self.wrap else {
            return self.push(start, end, indent, what(start, end));
        };
        let room = width.saturating_sub(indent.into()).max(8);
        let (mut from, mut used, mut at) = (start, 0, start);
        let line = payload.get(start..end).unwrap_or_default();
        for (len, wide) in visible::widths(line) {
            if used + wide > room && at > from {
                let part = what(from, at);
                self.push(from, at, indent, part);
                (from, used) = (at, 0);
                if self.rows.len() >= self.room {
                    return;
                }
            }
            at += len;
            used += wide;
        }
        let part = what(from, end);
        self.push(from, end, indent, part);
    }

    /// JSON, in the words of the payload: only where lines begin is ours.
    fn json(&mut self, payload: &[u8]) {
        let mut depth: u16 = 0;
        // The line that is being put together: where it begins, how deep, where it ends so far.
        let mut line: Option<(usize, u16)> = None;
        let (mut at, mut end) = (0, 0);
        while let Some(byte) = payload.get(at) {
            if self.rows.len() >= self.room {
                return;
            }
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => at += 1,
                b'}' | b']' => {
                    self.json_line(payload, line.take(), end);
                    depth = depth.saturating_sub(1);
                    line = Some((at, depth));
                    at += 1;
                    end = at;
                }
                _ => {
                    let begin = *line.get_or_insert((at, depth));
                    match byte {
                        b'"' => at = string_end(payload, at),
                        b'{' | b'[' => {
                            let next = at
                                + 1
                                + payload
                                    .get(at + 1..)
                                    .map_or(0, |rest| rest.len() - rest.trim_ascii_start().len());
                            if matches!(payload.get(next), Some(b'}' | b']')) {
                                at = next + 1;
                            } else {
                                at += 1;
                                self.json_line(payload, Some(begin), at);
                                line = None;
                                depth = depth.saturating_add(1);
                            }
                        }
                        b',' => {
                            at += 1;
                            self.json_line(payload, Some(begin), at);
                            line = None;
                        }
                        _ => at += 1,
                    }
                    end = at;
                }
            }
        }
        self.json_line(payload, line, end);
    }

    fn json_line(&mut self, payload: &[u8], line: Option<(usize, u16)>, end: usize) {
        let Some((start, depth)) = line else { return };
        let (mut string, mut escape) = (false, false);
        // A column is for the space behind the colon.
        let wrap = self.wrap;
        self.wrap = wrap.map(|width| width.saturating_sub(1));
        self.line(payload, start, end, depth.min(DEEPEST) * INDENT, |from, to| {
            let what = What::Json { string, escape };
            for byte in payload.get(from..to).unwrap_or_default() {
                match byte {
                    _ if escape => escape = false,
                    b'\\' if string => escape = true,
                    b'"' => string = !string,
                    _ => {}
                }
            }
            what
        });
        self.wrap = wrap;
    }
}

/// It is an object or a list as JSON.
fn is_json(payload: &[u8]) -> bool {
    matches!(payload.trim_ascii_start().first(), Some(b'{' | b'['))
        && serde_json::from_slice::<serde::de::IgnoredAny>(payload).is_ok()
}

/// Where a string ends that begins at `at`.
fn string_end(payload: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while let Some(byte) = payload.get(end) {
        match byte {
            b'"' => return end + 1,
            b'\\' => end += 2,
            _ => end += 1,
        }
    }
    payload.len()
}

#[cfg(test)]
mod tests;
