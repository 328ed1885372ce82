//! The conversation of a connection as text.

mod lay;
mod paint;
mod seek;
mod talk;

use ratatui::layout::Rect;

use self::lay::{Form, Lay, Plan, Row, What};
use self::seek::Search;
use self::talk::{MOST, State, Talk};
use super::{View, ViewId, other_conn};
use crate::event::How;
use crate::report::words::{count, number, size};
use crate::tui::action::Action;
use crate::tui::canvas::{Canvas, Hit, Spans};
use crate::tui::list::{Scroll, Step};
use crate::tui::model::{Effect, Kinds, Model};
use crate::tui::overlay::find;
use crate::tui::reopen::Said;
use crate::tui::search::Needle;
use crate::tui::theme::Role;

/// Columns before payloads: whose they are.
const GUTTER: u16 = 2;

/// The least width and height at which there is a border.
const BORDER: (u16, u16) = (60, 8);

/// Columns by which is scrolled sideways, and the farthest.
const SIDEWAYS: usize = 8;
const FARTHEST: usize = 4 << 10;

/// Bytes of a line that are copied.
const COPIED: usize = 100 << 10;

/// The view.
#[derive(Debug, Default)]
pub struct FollowView {
    talk: Option<Talk>,
    lay: Lay,
    scroll: Scroll,
    /// What is under the cursor: the message's index and the place in it, to be found again.
    at: (u32, u32),
    /// The row of `at` is still to be found.
    lost: bool,
    tail: bool,
    form: Form,
    wrap: bool,
    left: usize,
    zoomed: bool,
    search: Option<Search>,
}

impl FollowView {
    fn update(&mut self, model: &mut Model, columns: usize) {
        if self.talk.as_ref().map(|talk| talk.conn) != model.conn {
            self.talk = model.conn.map(|conn| Talk::start(model, conn));
            self.lay = Lay::default();
            self.scroll = Scroll::default();
            (self.at, self.left, self.search) = ((0, 0), 0, None);
            self.point(model);
        }
        let Some(talk) = &mut self.talk else { return };
        talk.poll(model);
        let narrow = &model.narrow;
        let plan = Plan {
            form: self.form,
            wrap: self.wrap.then_some(columns.max(8)),
            kinds: narrow.kinds,
            dir: narrow.dir,
            no_heartbeats: narrow.no_heartbeats,
        };
        self.lost |= self.lay.update(&talk.chunks, plan, &model.workers);
    }

    /// The cursor is to go to the message that is selected, where it is one of this connection.
    fn point(&mut self, model: &Model) {
        let selected = model.current_message().filter(|(row, _)| Some(row.conn) == model.conn);
        if let Some((row, _)) = selected {
            // Until it is read: messages are numbered from 1.
            self.at = (row.n.saturating_sub(1), 0);
            self.lost = true;
        }
    }

    /// Rows, and one for what is to be said behind them.
    fn len(&self) -> usize {
        self.lay.len() + 1
    }

    fn row(&self) -> Option<&Row> {
        self.lay.get(self.scroll.cursor)
    }

    fn said(&self, row: &Row) -> Option<&Said> {
        self.talk.as_ref()?.get(row.said as usize)
    }

    /// What is under the cursor is kept there, and is what is selected.
    fn select(&mut self, model: &mut Model) {
        self.lost = false;
        let Some(row) = self.row().copied() else { return };
        self.at = Lay::mark(&row);
        let n = self.said(&row).map(|said| said.n);
        if let (Some(conn), Some(n)) = (model.conn, n)
            && let Some(place) = model.store.place_of(conn, n)
        {
            model.message = Some(place);
        }
    }

    fn go(&mut self, model: &mut Model, step: Step) {
        self.scroll.len = self.len();
        self.scroll.go(step);
        match step {
            Step::Last => self.tail = model.store.is_reading(),
            Step::By(..0) | Step::Halves(..0) | Step::First => self.tail = false,
            _ => {}
        }
        self.select(model);
    }

    /// To a message, by its number.
    fn go_to(&mut self, model: &mut Model, n: u64) {
        let Some(talk) = &self.talk else { return };
        self.at = (u32::try_from(talk.index_of(n)).unwrap_or(u32::MAX), 0);
        self.tail = false;
        match self.lay.find(self.at.0, 0) {
            Some(row) => {
                self.scroll.len = self.len();
                self.scroll.select(row);
                self.select(model);
            }
            None => self.lost = true,
        }
    }

    /// To the next message with a finding, or the one before.
    fn finding(&mut self, model: &mut Model, on: bool) {
        let Some(conn) = model.current_conn() else { return };
        let n = self.row().and_then(|row| self.said(row)).map_or(0, |said| said.n);
        let found = conn.findings.iter().filter_map(|place| model.store.findings().get(*place as usize));
        let mut with: Vec<u64> = found
            .filter_map(|found| model.store.message(model.store.place_of_finding(found)?))
            .map(|(row, _)| row.n.into())
            .collect();
        with.sort_unstable();
        let next = if on {
            with.iter().find(|other| **other > n)
        } else {
            with.iter().rev().find(|other| **other < n)
        };
        match next {
            Some(n) => self.go_to(model, *n),
            None => {
                let way = if on { "further down" } else { "further up" };
                model.say(format!("no finding {way} on this connection"));
            }
        }
    }

    fn spans(&self, model: &Model, row: &Row, columns: usize) -> Spans {
        let (Some(said), Some(talk)) = (self.said(row), &self.talk) else { return Vec::new() };
        if row.what != What::Head {
            return paint::body(row, said, columns);
        }
        let before =
            (row.said as usize).checked_sub(1).and_then(|before| talk.get(before)).map(|said| said.at.time);
        let time = model.settings.time.write(said.at.time, model.origin(), before);
        let mut spans = paint::head(said, talk.conn, &time);
        let place = model.store.place_of(talk.conn, said.n);
        let found = place.and_then(|place| model.store.message(place));
        for (_, found) in found.iter().flat_map(|(row, _)| model.store.findings_on(row)).take(3) {
            let rule = found.finding.rule;
            let role = Role::of_level(rule.level);
            spans.push((format!("  {}", rule.code), role));
        }
        spans
    }

    /// What is to be said behind the last row.
    fn end(&self, model: &Model) -> (String, Role) {
        let Some(talk) = &self.talk else { return (String::new(), Role::Dim) };
        let kept = || size(MOST as u64);
        match &talk.state {
            State::Gone => ("the payloads cannot be read again".to_owned(), Role::Warning),
            State::Failed(error) => (format!("the rest cannot be read: {error}"), Role::Error),
            State::Reading => {
                (format!("reading … {} so far", count(talk.messages() as u64, "message")), Role::Info)
            }
            _ if !self.lay.done(talk.chunks.len()) => ("laying it out …".to_owned(), Role::Info),
            _ if self.lay.full => (
                format!("… the rest is not shown: {} lines are the most", number(self.lay.len() as u64)),
                Role::Warning,
            ),
            State::Cut => (
                format!("… the rest is not shown: {} bytes of a conversation are kept", kept()),
                Role::Warning,
            ),
            State::All => end_of(model, self.lay.len() == 0, talk.messages()),
        }
    }

    fn chips(&self, model: &Model) -> String {
        let narrow = &model.narrow;
        let mut chips = vec![self.form.name()];
        if narrow.kinds != Kinds::All {
            chips.push(narrow.kinds.name());
        }
        chips.extend(narrow.dir.map(|dir| match dir {
            crate::item::Dir::C2s => "only →",
            crate::item::Dir::S2c => "only ←",
        }));
        if narrow.no_heartbeats {
            chips.push("♥ hidden");
        }
        // A conversation is whole: what is filtered elsewhere has its context here.
        if model.filtering.as_ref().is_some_and(|filtering| filtering.hides()) {
            chips.push("not filtered");
        }
        if self.wrap {
            chips.push("wrapped");
        }
        if self.tail {
            chips.push("following");
        }
        chips.join(" · ")
    }
}

/// The end of the connection; or why there is nothing of it.
fn end_of(model: &Model, empty: bool, messages: usize) -> (String, Role) {
    let Some(conn) = model.current_conn() else { return (String::new(), Role::Dim) };
    if empty && messages > 0 {
        let key = model.keymap.keys(Action::Reset).next().unwrap_or_default();
        return (
            format!("all {} are hidden: {key} shows them", count(messages as u64, "message")),
            Role::Text,
        );
    }
    let none = if empty { "no messages: " } else { "" };
    let how = match (conn.closing.as_deref(), conn.status) {
        (_, Some(status)) if status != 101 => format!("the upgrade was refused with {status}"),
        (None, _) if model.store.is_reading() => "the capture is still being read".to_owned(),
        (None, _) => "the capture ends here".to_owned(),
        (Some(closing), _) => match closing.how {
            None => "the upgrade was never answered".to_owned(),
            Some(How::Open) => "the capture ends while the connection is open".to_owned(),
            Some(How::Idle) => "nothing was heard of it any more".to_owned(),
            Some(How::Clean) => "closed by both".to_owned(),
            Some(How::ServerClosed) => "closed by the server alone".to_owned(),
            Some(How::ClientClosed) => "closed by the client alone".to_owned(),
            Some(How::Reset) => "reset".to_owned(),
            Some(How::FinWithoutClose) => "ended without a Close".to_owned(),
        },
    };
    (format!("── {none}{how}"), Role::Dim)
}

impl View for FollowView {
    fn status(&self, model: &Model) -> String {
        let Some(conn) = model.conn else { return String::new() };
        let messages = self.talk.as_ref().map_or(0, Talk::messages);
        let of = model.store.conns().len();
        format!("connection {conn} of {of} · {}", count(messages as u64, "message"))
    }

    fn hints(&self, _: &Model) -> Vec<(Action, &'static str)> {
        vec![
            (Action::Open, "inspect"),
            (Action::Raw, "text/JSON/hex"),
            (Action::Direction, "sides"),
            (Action::Find, "find"),
            (Action::Wrap, "wrap"),
            (Action::NextItem, "next conn"),
            (Action::Heartbeats, "heartbeats"),
            (Action::Kinds, "kinds"),
            (Action::Zoom, "no borders"),
            (Action::Tail, "tail"),
        ]
    }

    fn draw(&mut self, model: &mut Model, area: Rect, canvas: &mut Canvas<'_>) {
        if model.conn.is_none() {
            model.conn = model.store.conns().iter().next().map(|conn| conn.number);
        }
        let Some(conn) = model.current_conn() else { return super::super::empty::draw(model, area, canvas) };
        let title = format!("connection {} · {} → {}", conn.number, conn.client, conn.server);
        canvas.hit(area, Hit::Pane(0));
        let framed = !self.zoomed && area.width >= BORDER.0 && area.height >= BORDER.1;
        let inner = if framed {
            let inner = canvas.frame(area, &title, &self.chips(model), true);
            Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
        } else {
            area
        };
        let gutter = if self.zoomed { 0 } else { GUTTER };
        let columns = inner.width.saturating_sub(gutter);
        self.update(model, columns.into());
        self.searched(model);
        if self.lost
            && let Some(row) = self.lay.find(self.at.0, self.at.1)
        {
            self.scroll.cursor = row;
            self.lost = false;
        }
        self.scroll.fit(self.len(), inner.height.into());
        if self.tail {
            self.scroll.go(Step::Last);
        }
        let needle = Needle::new(&model.find);
        for (y, at) in (inner.y..inner.bottom()).zip(self.scroll.window()) {
            let line = Rect::new(inner.x, y, inner.width, 1);
            match self.lay.get(at) {
                Some(row) => {
                    let is_head = row.what == What::Head;
                    let (indent, left) = if is_head { (0, 0) } else { (gutter, self.left) };
                    let spans = self.spans(model, row, left + usize::from(columns));
                    if !is_head && gutter > 0 {
                        let role = self.said(row).map_or(Role::Dim, |said| Role::of_sender(said.dir));
                        canvas.put(inner.x, y, 1, "│", role);
                    }
                    let room = inner.width.saturating_sub(indent);
                    canvas.scrolled(&spans, (inner.x + indent, y, room), left, needle.as_ref());
                }
                None => {
                    let (text, role) = self.end(model);
                    canvas.put(inner.x, y, inner.width, &text, role);
                }
            }
            if at == self.scroll.cursor {
                canvas.paint(line, Role::Cursor);
            }
            canvas.hit(line, Hit::Row(0, at));
        }
    }

    fn act(&mut self, model: &mut Model, action: Action) -> bool {
        if let Some(step) = Step::of(action) {
            self.go(model, step);
            return true;
        }
        match action {
            Action::NextItem => other_conn(model, 1),
            Action::PreviousItem => other_conn(model, -1),
            Action::Open => match self.row() {
                Some(_) => {
                    self.select(model);
                    model.effect(Effect::Go(ViewId::Inspect));
                }
                None => model.say("no message is under the cursor"),
            },
            Action::Left => self.left = self.left.saturating_sub(SIDEWAYS),
            Action::Right if self.wrap => model.say("long lines are wrapped: w cuts them"),
            Action::Right => self.left = (self.left + SIDEWAYS).min(FARTHEST),
            Action::Raw => {
                self.form = self.form.next();
                model.say(match self.form {
                    Form::Text => "payloads as text; in hex where they are none",
                    Form::Json => "JSON laid out; what is none as text",
                    Form::Hex => "payloads in hex",
                });
            }
            Action::Wrap => {
                self.wrap = !self.wrap;
                self.left = 0;
                model.say(if self.wrap { "long lines are wrapped" } else { "long lines are cut: l scrolls" });
            }
            Action::Zoom => self.zoomed = !self.zoomed,
            Action::Cancel if self.search.is_some() => self.search = None,
            Action::Cancel if self.zoomed => self.zoomed = false,
            Action::Tail => {
                self.tail = !self.tail;
                model.say(if self.tail { "following the tail" } else { "not following the tail" });
            }
            Action::Find => find::open(model),
            Action::NextMatch => self.search(model, true),
            Action::PreviousMatch => self.search(model, false),
            Action::NextFinding => self.finding(model, true),
            Action::PreviousFinding => self.finding(model, false),
            Action::Pane | Action::PaneBack => model.say("there is one pane here"),
            Action::CopyId => {
                let said = self.row().and_then(|row| self.said(row)).map(|said| said.n);
                match (model.conn, said) {
                    (Some(conn), Some(n)) => model.copy(format!("id {conn}.m{n}"), format!("{conn}.m{n}")),
                    _ => model.say("no message is under the cursor"),
                }
            }
            Action::CopyFilter => {
                if let Some(conn) = model.conn {
                    model.copy("filter", format!("conn == {conn}"));
                }
            }
            Action::Reset => {
                (self.form, self.wrap, self.left) = (Form::Text, false, 0);
                // What is narrowed is reset too.
                return false;
            }
            _ => return false,
        }
        true
    }

    fn click(&mut self, model: &mut Model, hit: Hit, double: bool) {
        if let Hit::Row(_, at) = hit {
            self.tail = false;
            self.scroll.select(at);
            self.select(model);
            if double {
                self.act(model, Action::Open);
            }
        }
    }

    fn roll(&mut self, model: &mut Model, _: usize, by: isize) {
        self.tail &= by > 0;
        self.scroll.roll(by);
        self.select(model);
    }

    fn enter(&mut self, model: &mut Model) {
        let mine = self.talk.as_ref().is_some_and(|talk| Some(talk.conn) == model.conn);
        // Back from a message: the cursor is where it was, unless another one was selected.
        let same = self.row().and_then(|row| self.said(row)).is_some_and(|said| {
            model
                .current_message()
                .is_some_and(|(row, _)| Some(row.conn) == model.conn && u64::from(row.n) == said.n)
        });
        if mine && !same {
            self.point(model);
        }
    }

    fn line(&self, model: &Model) -> Option<String> {
        let spans = self.spans(model, self.row()?, COPIED);
        Some(spans.into_iter().map(|(text, _)| text).collect())
    }
}
