//! The opening handshake of a connection: request and response, each line with what was found in it, and what was agreed.

mod agreed;
mod draw;
mod page;
mod set;

use std::io;

use ratatui::layout::Rect;

use self::page::{Line, Page, REQUEST, Source};
use self::set::Row;
use super::{View, ViewId, other_conn};
use crate::http::upgrade::Handshake;
use crate::report::words::count;
use crate::tui::action::Action;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::list::{Scroll, Step};
use crate::tui::model::{Effect, Loaded, Model, TimeFormat};
use crate::tui::overlay::find;
use crate::tui::search::Needle;
use crate::tui::theme::Role;
use crate::tui::workers::Task;

/// From this width on, request and response stand beside one another.
const BESIDE: u16 = 100;

/// The view.
#[derive(Debug, Default)]
pub struct HandshakeView {
    page: Option<(Made, Page)>,
    panes: Vec<Pane>,
    /// The part and line under the cursor.
    at: (usize, usize),
    /// The pane with the focus: a part of the page where there is room for all, else the only one.
    focus: usize,
    cut_lines: bool,
    zoomed: bool,
    /// Columns that are scrolled out at the left, where lines are cut.
    left: usize,
    /// What came with a refusal, by connection.
    body: Option<(u32, Task<io::Result<Vec<u8>>>)>,
}

/// Rows and where they are scrolled to.
#[derive(Debug, Default)]
struct Pane {
    rows: Vec<Row>,
    scroll: Scroll,
    area: Rect,
}

/// What a page depends on.
#[derive(Clone, Debug, PartialEq)]
struct Made {
    conn: u32,
    findings: usize,
    reveal: bool,
    time: TimeFormat,
    closed: bool,
    state: State,
}

/// How far reading the handshake has come.
#[derive(Clone, Debug, PartialEq)]
enum State {
    Loading,
    Gone,
    Failed(String),
    /// With the body of a refusal, where it is known.
    Ready(bool),
}

impl HandshakeView {
    /// The page of the current connection, made anew where something changed.
    fn update(&mut self, model: &mut Model) {
        let Some(conn) = model.current_conn() else {
            self.page = None;
            return;
        };
        let (number, findings, closed) = (conn.number, conn.findings.len(), conn.closing.is_some());
        let refused = conn.status.is_some_and(|status| status != 101);
        let captured = conn.deflate.is_some();
        let mut handshake = None;
        let state = match if captured { model.handshake(number) } else { Loaded::Gone } {
            Loaded::Loading => State::Loading,
            Loaded::Gone => State::Gone,
            Loaded::Failed(error) => State::Failed(error.to_string()),
            Loaded::Ready(ready) => {
                if self.page.as_ref().is_none_or(|(made, _)| made.conn != number)
                    || refused
                    || self.stale(findings, closed)
                {
                    handshake = Some(ready.clone());
                }
                State::Ready(false)
            }
        };
        let body = if refused { self.body(model, number, handshake.as_ref()) } else { None };
        let state = if state == State::Ready(false) { State::Ready(body.is_some()) } else { state };
        let (reveal, time) = (model.settings.reveal, model.settings.time);
        let made = Made { conn: number, findings, reveal, time, closed, state };
        if self.page.as_ref().is_some_and(|(old, _)| *old == made) {
            return;
        }
        let page = match &made.state {
            State::Ready(_) => {
                let handshake =
                    handshake.or_else(|| model.handshake(number).ready().cloned()).unwrap_or_default();
                let Some(conn) = model.store.conn(number) else { return };
                Source { model, conn, handshake: &handshake, body: body.as_deref() }.page()
            }
            state => Self::without(model, number, state),
        };
        if self.page.as_ref().is_none_or(|(old, _)| old.conn != number) {
            self.at = (0, 0);
            self.left = 0;
            self.focus = 0;
        }
        self.panes.clear();
        self.page = Some((made, page));
    }

    fn stale(&self, findings: usize, closed: bool) -> bool {
        self.page.as_ref().is_none_or(|(made, _)| made.findings != findings || made.closed != closed)
    }

    /// The page where there is no handshake to be shown.
    fn without(model: &Model, number: u32, state: &State) -> Page {
        let mut page = Page::default();
        let mut say = |text: String, role| page.parts[REQUEST].push(Line::note(text, role));
        match state {
            State::Loading => say("reading the handshake …".to_owned(), Role::Dim),
            State::Failed(error) => say(format!("the handshake cannot be read again: {error}"), Role::Error),
            _ if model.store.conn(number).is_some_and(|conn| conn.deflate.is_none()) => {
                say("no handshake was captured".to_owned(), Role::Warning);
                say("the capture began when this connection was open already".to_owned(), Role::Text);
                let why = "client and server were told apart by their masks; whether compression or a \
                           subprotocol was agreed is not known";
                say(why.to_owned(), Role::Dim);
            }
            _ => say(
                "the handshake is not there: its packets are not what they were".to_owned(),
                Role::Warning,
            ),
        }
        page
    }

    /// The beginning of what came with a refusal, once it is read.
    fn body(&mut self, model: &Model, number: u32, handshake: Option<&Handshake>) -> Option<Vec<u8>> {
        if self.body.as_ref().is_none_or(|(conn, _)| *conn != number) {
            let response = handshake?.response.as_ref()?;
            let packets = model.store.packets(model.store.conn(number)?);
            let (reopener, first) = (model.reopener.clone()?, response.first.packet);
            let read = move |_: &_| reopener.refusal(&packets, first);
            self.body = Some((number, model.workers.run(read)));
        }
        let (_, task) = self.body.as_ref()?;
        // Where it cannot be read, the head says enough.
        task.get().map(|body| body.as_ref().map_or_else(|_| Vec::new(), Clone::clone))
    }

    fn line_at(&self, (part, line): (usize, usize)) -> Option<&Line> {
        self.page.as_ref()?.1.parts.get(part)?.get(line)
    }

    /// All lines in order.
    fn lines(&self) -> impl DoubleEndedIterator<Item = ((usize, usize), &Line)> {
        let parts = self.page.iter().flat_map(|(_, page)| page.parts.iter().enumerate());
        parts.flat_map(|(part, lines)| lines.iter().enumerate().map(move |(n, line)| ((part, n), line)))
    }

    /// Puts the cursor on a line.
    fn select(&mut self, at: (usize, usize)) {
        self.at = at;
        let has = |pane: &Pane| pane.rows.iter().position(|row| row.line == Some(at));
        if let Some((n, row)) = self.panes.iter().enumerate().find_map(|(n, pane)| Some((n, has(pane)?))) {
            self.focus = n;
            if let Some(pane) = self.panes.get_mut(n) {
                pane.scroll.select(row);
            }
        }
    }

    /// To the next line, or the one before, of which something is true; from the other end where there is none.
    fn seek(&mut self, on: bool, is: impl Fn(&Line) -> bool) -> bool {
        let fits: Vec<(usize, usize)> = self.lines().filter(|(_, line)| is(line)).map(|(at, _)| at).collect();
        let next = if on {
            fits.iter().find(|at| **at > self.at).or_else(|| fits.first())
        } else {
            fits.iter().rev().find(|at| **at < self.at).or_else(|| fits.last())
        };
        match next {
            Some(at) => {
                self.select(*at);
                true
            }
            None => false,
        }
    }

    fn step(&mut self, model: &mut Model, step: Step) {
        let Some(pane) = self.panes.get_mut(self.focus) else { return };
        pane.scroll.go(step);
        // What is between the parts is passed over.
        if pane.rows.get(pane.scroll.cursor).is_some_and(|row| row.line.is_none()) {
            let up = matches!(step, Step::By(..0) | Step::Halves(..0) | Step::First);
            let cursor = pane.scroll.cursor;
            let other = if up {
                (0..cursor).rev().find(|at| pane.rows.get(*at).is_some_and(|row| row.line.is_some()))
            } else {
                (cursor..pane.rows.len()).find(|at| pane.rows.get(*at).is_some_and(|row| row.line.is_some()))
            };
            let first = || pane.rows.iter().position(|row| row.line.is_some());
            pane.scroll.select(other.or_else(first).unwrap_or(cursor));
        }
        self.follow(model);
    }

    /// The line under the cursor is the one of the row.
    fn follow(&mut self, model: &mut Model) {
        let row = self.panes.get(self.focus).and_then(|pane| pane.rows.get(pane.scroll.cursor));
        if let Some(at) = row.and_then(|row| row.line) {
            self.at = at;
            if let Some(finding) = self.line_at(at).and_then(|line| line.finding) {
                model.finding = Some(finding);
            }
        }
    }
}

impl View for HandshakeView {
    fn status(&self, model: &Model) -> String {
        match model.current_conn() {
            Some(conn) => {
                let found = page::findings(model, conn).count() as u64;
                let found =
                    if found > 0 { format!(" · {}", count(found, "finding")) } else { String::new() };
                format!("connection {} of {}{found}", conn.number, model.store.conns().len())
            }
            None => String::new(),
        }
    }

    fn hints(&self, _: &Model) -> Vec<(Action, &'static str)> {
        vec![
            (Action::NextItem, "next conn"),
            (Action::Open, "messages"),
            (Action::Reveal, "secrets"),
            (Action::NextFinding, "finding"),
            (Action::Find, "find"),
            (Action::CopyText, "copy line"),
            (Action::CopyCommand, "command"),
            (Action::Wrap, "wrap"),
            (Action::Pane, "pane"),
        ]
    }

    fn draw(&mut self, model: &mut Model, area: Rect, canvas: &mut Canvas<'_>) {
        if model.conn.is_none() {
            model.conn = model.store.conns().iter().next().map(|conn| conn.number);
        }
        self.update(model);
        if self.page.is_none() {
            return super::super::empty::draw(model, area, canvas);
        }
        self.layout(area);
        let needle = Needle::new(&model.find);
        let framed = self.panes.len() > 1 && !self.zoomed;
        if self.zoomed && self.panes.len() > 1 {
            return self.draw_pane(self.focus, needle.as_ref(), false, canvas);
        }
        for n in 0..self.panes.len() {
            self.draw_pane(n, needle.as_ref(), framed, canvas);
        }
    }

    fn act(&mut self, model: &mut Model, action: Action) -> bool {
        if let Some(step) = Step::of(action) {
            self.step(model, step);
            return true;
        }
        match action {
            Action::NextItem => other_conn(model, 1),
            Action::PreviousItem => other_conn(model, -1),
            Action::Left => self.left = self.left.saturating_sub(8),
            Action::Right if self.cut_lines => self.left = (self.left + 8).min(4096),
            Action::Right => model.say("long lines are wrapped: w cuts them"),
            Action::Pane | Action::PaneBack => {
                let by = if action == Action::Pane { 1 } else { 2 };
                let part = (0..3)
                    .map(|n| (self.at.0 + by * (n + 1)) % 3)
                    .find(|part| self.line_at((*part, 0)).is_some());
                self.select((part.unwrap_or(0), 0));
            }
            Action::Open => {
                let finding = self.line_at(self.at).and_then(|line| line.finding);
                if let Some(finding) = finding {
                    model.finding = Some(finding);
                    model.effect(Effect::Go(ViewId::Findings));
                } else {
                    model.narrow.conn = model.conn;
                    model.narrowed();
                    model.effect(Effect::Go(ViewId::Messages));
                }
            }
            Action::Find => find::open(model),
            Action::NextMatch | Action::PreviousMatch => match Needle::new(&model.find) {
                Some(needle) => {
                    if !self.seek(action == Action::NextMatch, |line| needle.is_in(line.text().as_bytes())) {
                        model.say(format!("`{}` is not in this handshake", model.find));
                    }
                }
                None => model.say("nothing was searched for: / does"),
            },
            Action::NextFinding | Action::PreviousFinding => {
                if self.seek(action == Action::NextFinding, |line| {
                    line.finding.is_some() && line.verdict.is_some()
                }) || self.seek(action == Action::NextFinding, |line| line.finding.is_some())
                {
                    model.finding = self.line_at(self.at).and_then(|line| line.finding).or(model.finding);
                } else {
                    model.say("no findings in this handshake");
                }
            }
            Action::Wrap => {
                self.cut_lines = !self.cut_lines;
                self.left = 0;
                self.panes.clear();
                model.say(if self.cut_lines { "long lines are cut" } else { "long lines are wrapped" });
            }
            Action::Zoom => {
                self.zoomed = !self.zoomed;
                self.panes.clear();
            }
            Action::Cancel if self.zoomed => {
                self.zoomed = false;
                self.panes.clear();
            }
            Action::CopyId => {
                if let Some(conn) = model.conn {
                    model.copy(format!("id {conn}.h"), format!("{conn}.h"));
                }
            }
            Action::CopyFilter => {
                if let Some(conn) = model.conn {
                    model.copy("filter", format!("conn == {conn}"));
                }
            }
            Action::CopyWireshark => {
                let Some(conn) = model.conn else { return true };
                let heads = model.handshake(conn).ready().map(|handshake| {
                    let request = handshake.request.as_ref().map(|request| request.last.packet);
                    [request, handshake.response.as_ref().map(|response| response.last.packet)]
                });
                let packets = heads.into_iter().flatten().flatten();
                let terms: Vec<String> = packets.map(|packet| format!("frame.number == {packet}")).collect();
                if terms.is_empty() {
                    model.say("no handshake was captured");
                } else {
                    model.copy("Wireshark filter", terms.join(" || "));
                }
            }
            _ => return false,
        }
        true
    }

    fn click(&mut self, model: &mut Model, hit: Hit, double: bool) {
        match hit {
            Hit::Row(pane, at) => {
                self.focus = pane;
                if let Some(pane) = self.panes.get_mut(pane) {
                    pane.scroll.select(at);
                }
                self.follow(model);
                if double {
                    self.act(model, Action::Open);
                }
            }
            Hit::Pane(pane) => self.focus = pane.min(self.panes.len().saturating_sub(1)),
            _ => {}
        }
    }

    fn roll(&mut self, model: &mut Model, pane: usize, by: isize) {
        if let Some(pane) = self.panes.get_mut(pane) {
            pane.scroll.roll(by);
        }
        if pane == self.focus {
            self.follow(model);
        }
    }

    fn line(&self, _: &Model) -> Option<String> {
        self.line_at(self.at).map(Line::text)
    }
}
