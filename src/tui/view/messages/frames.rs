//! Frames, which are not in memory: read again in windows, or those of one message.

use std::collections::BTreeMap;
use std::io;

use crate::item::{At, Dir};
use crate::tui::model::Model;
use crate::tui::reopen::{FrameDetail, MessageDetail};
use crate::tui::store::Row;
use crate::tui::workers::Task;
use crate::ws::fact::{Kind, Opcode};

/// Frames that are read together.
const WINDOW: u64 = 512;

/// Windows that are kept.
const WINDOWS: usize = 8;

/// Messages that are expanded at once.
const OPEN: usize = 32;

/// Messages in front of a fragmented one that are looked at for control frames between its fragments.
const BETWEEN: u32 = 10_000;

/// What a list shows of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameLine {
    /// Its number on the connection.
    pub(super) n: u64,
    pub(super) dir: Dir,
    pub(super) opcode: Opcode,
    pub(super) fin: bool,
    pub(super) rsv: u8,
    pub(super) mask: Option<[u8; 4]>,
    pub(super) len: u64,
    /// Payload bytes that the capture holds.
    pub(super) seen: u64,
    pub(super) last: At,
    /// A control frame between the fragments of the message: the place of its own message.
    pub(super) interleaved: Option<usize>,
}

impl FrameLine {
    fn new(detail: &FrameDetail) -> Self {
        let frame = detail.frame();
        let header = frame.header;
        Self {
            n: frame.n,
            dir: frame.dir,
            opcode: header.opcode,
            fin: header.fin,
            rsv: header.rsv,
            mask: header.mask,
            len: header.len,
            seen: frame.seen,
            last: frame.last,
            interleaved: None,
        }
    }

    /// The opcode in capitals.
    pub(super) fn op(&self) -> String {
        match self.opcode {
            Opcode::CONTINUATION => "CONT".to_owned(),
            Opcode::TEXT => "TEXT".to_owned(),
            Opcode::BINARY => "BIN".to_owned(),
            Opcode::CLOSE => "CLOSE".to_owned(),
            Opcode::PING => "PING".to_owned(),
            Opcode::PONG => "PONG".to_owned(),
            other => format!("0x{:X}", other.value()),
        }
    }

    /// Its bits, and what is missing.
    pub(super) fn facts(&self) -> String {
        let mut facts = format!("fin={}", u8::from(self.fin));
        for (bit, name) in [(4, " rsv1"), (2, " rsv2"), (1, " rsv3")] {
            if self.rsv & bit != 0 {
                facts.push_str(name);
            }
        }
        if let Some([a, b, c, d]) = self.mask {
            facts.push_str(&format!(" mask={a:02x}{b:02x}{c:02x}{d:02x}"));
        }
        facts
    }

    /// How many of its bytes the capture lacks.
    pub(super) const fn missing(&self) -> u64 {
        self.len.saturating_sub(self.seen)
    }
}

type Lines = io::Result<Option<Vec<FrameLine>>>;

/// The frames of a message that is expanded.
#[derive(Debug)]
pub(super) struct Opened {
    task: Option<Task<Lines>>,
    /// Control frames between them, from the rows in memory.
    lines: Option<Result<Vec<FrameLine>, String>>,
    /// Orders them by when they were opened.
    nth: u64,
}

impl Opened {
    /// The frames, once they are read; or why they are not there.
    pub(super) fn lines(&self) -> Option<Result<&[FrameLine], &str>> {
        self.lines.as_ref().map(|lines| lines.as_ref().map(Vec::as_slice).map_err(String::as_str))
    }

    /// Rows that it takes.
    pub(super) fn rows(&self) -> usize {
        match self.lines() {
            Some(Ok(lines)) => lines.len(),
            // What is said instead.
            _ => 1,
        }
    }
}

/// The messages that are expanded, by their places.
#[derive(Debug, Default)]
pub(super) struct Tree {
    opened: BTreeMap<usize, Opened>,
    count: u64,
}

impl Tree {
    pub(super) fn get(&self, place: usize) -> Option<&Opened> {
        self.opened.get(&place)
    }

    pub(super) fn places(&self) -> impl Iterator<Item = (usize, &Opened)> {
        self.opened.iter().map(|(place, opened)| (*place, opened))
    }

    pub(super) fn clear(&mut self) {
        self.opened.clear();
    }

    /// Shows the frames of a message.
    pub(super) fn open(&mut self, model: &Model, place: usize) {
        let Some((row, _)) = model.store.message(place) else { return };
        let Some(conn) = model.store.conn(row.conn) else { return };
        let task = model.reopener.clone().map(|reopener| {
            let (row, packets) = (*row, model.store.packets(conn));
            model.workers.run(move |cancelled| {
                let found = reopener.until(cancelled).message(&packets, &row)?;
                let lines = |found: MessageDetail| found.frames.iter().map(FrameLine::new).collect();
                Ok(found.map(lines))
            })
        });
        let lines = task.is_none().then(|| Err("the frames cannot be read again".to_owned()));
        self.count += 1;
        self.opened.insert(place, Opened { task, lines, nth: self.count });
        if self.opened.len() > OPEN
            && let Some(oldest) =
                self.opened.iter().min_by_key(|(_, opened)| opened.nth).map(|(place, _)| *place)
        {
            self.opened.remove(&oldest);
        }
    }

    /// Hides them.
    pub(super) fn close(&mut self, place: usize) {
        self.opened.remove(&place);
    }

    /// Takes what was read.
    pub(super) fn poll(&mut self, model: &Model) {
        for (place, opened) in &mut self.opened {
            if opened.lines.is_some() {
                continue;
            }
            opened.lines = match opened.task.as_ref().and_then(Task::get) {
                None => None,
                Some(Err(error)) => Some(Err(error.to_string())),
                Some(Ok(None)) => Some(Err("its packets are not what they were".to_owned())),
                Some(Ok(Some(own))) => Some(Ok(with_interleaved(model, *place, own.clone()))),
            };
            if opened.lines.is_some() {
                opened.task = None;
            }
        }
    }
}

/// The frames of a message, and the control frames of the same sender that stand between them.
fn with_interleaved(model: &Model, place: usize, mut lines: Vec<FrameLine>) -> Vec<FrameLine> {
    let (Some((row, _)), Some(first), Some(last)) =
        (model.store.message(place), lines.first().map(|line| line.n), lines.last().map(|line| line.n))
    else {
        return lines;
    };
    let Some(conn) = model.store.conn(row.conn) else { return lines };
    let earlier = (row.n.saturating_sub(BETWEEN).max(1)..row.n).rev();
    let between = earlier.map_while(|n| {
        let place = *conn.messages.get(n as usize - 1)? as usize;
        let (other, _) = model.store.message(place)?;
        Some((place, other))
    });
    for (place, other) in between {
        let n = u64::from(other.first_frame);
        if other.dir == row.dir && other.kind.is_data() {
            // The data message before: nothing earlier stands between.
            break;
        }
        if other.dir == row.dir && (first..last).contains(&n) {
            lines.push(control(other, place));
        }
    }
    lines.sort_by_key(|line| line.n);
    lines
}

/// The only frame of a control message.
fn control(row: &Row, place: usize) -> FrameLine {
    let opcode = match row.kind {
        Kind::Close => Opcode::CLOSE,
        Kind::Ping => Opcode::PING,
        Kind::Pong => Opcode::PONG,
        Kind::Text => Opcode::TEXT,
        Kind::Binary => Opcode::BINARY,
    };
    FrameLine {
        n: row.first_frame.into(),
        dir: row.dir,
        opcode,
        fin: true,
        rsv: 0,
        mask: None,
        len: row.wire_len,
        seen: row.wire_len,
        last: row.last,
        interleaved: Some(place),
    }
}

/// What is read of a window.
#[derive(Debug)]
struct Window {
    conn: u32,
    number: u64,
    /// How many frames the connection had when it was asked for.
    total: u64,
    task: Task<io::Result<Vec<FrameLine>>>,
}

/// All frames of a connection, in windows.
#[derive(Debug, Default)]
pub(super) struct Windows {
    kept: Vec<Window>,
}

impl Windows {
    /// How many frames a connection has, as far as is known.
    pub(super) fn total(model: &Model, conn: u32) -> u64 {
        model.store.conn(conn).map_or(0, |conn| conn.totals().iter().map(|totals| totals.frames).sum())
    }

    /// Frames are asked for as they are drawn: has these read, where they are not there.
    pub(super) fn want(&mut self, model: &Model, conn: u32, first: u64, last: u64) {
        let total = Self::total(model, conn);
        for number in first.saturating_sub(1) / WINDOW..=last.saturating_sub(1) / WINDOW {
            if let Some(at) =
                self.kept.iter().position(|window| (window.conn, window.number) == (conn, number))
            {
                let window = self.kept.remove(at);
                let done = window.task.get();
                let full =
                    |lines: &Vec<FrameLine>| lines.last().is_some_and(|line| line.n == (number + 1) * WINDOW);
                let stale = window.total != total && done.is_some_and(|done| !done.as_ref().is_ok_and(full));
                if !stale {
                    self.kept.push(window);
                    continue;
                }
            }
            let (Some(reopener), Some(of)) = (model.reopener.clone(), model.store.conn(conn)) else { return };
            let packets = model.store.packets(of);
            let range = number * WINDOW + 1..=(number + 1) * WINDOW;
            let task = model.workers.run(move |cancelled| {
                let frames = reopener.until(cancelled).frames(&packets, range, false)?;
                Ok(frames.iter().map(FrameLine::new).collect())
            });
            if self.kept.len() >= WINDOWS {
                self.kept.remove(0);
            }
            self.kept.push(Window { conn, number, total, task });
        }
    }

    /// A frame, once it is read; or why it is not there.
    pub(super) fn get(&self, conn: u32, n: u64) -> Option<Result<&FrameLine, String>> {
        let number = n.checked_sub(1)? / WINDOW;
        let window = self.kept.iter().find(|window| (window.conn, window.number) == (conn, number))?;
        match window.task.get()? {
            Ok(lines) => {
                let at = lines.binary_search_by_key(&n, |line| line.n).ok();
                Some(at.and_then(|at| lines.get(at)).ok_or_else(|| "not read yet".to_owned()))
            }
            Err(error) => Some(Err(error.to_string())),
        }
    }
}
