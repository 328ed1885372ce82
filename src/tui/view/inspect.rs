//! One message: its frames bit by bit, its payload, its bytes, its packets.

mod facts;
mod frame;
mod hex;
mod payload;
mod rows;
mod screen;
mod spans;
mod wire;

use std::sync::Arc;

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use self::frame::FrameTab;
use self::hex::HexTab;
use self::payload::PayloadTab;
pub use self::screen::InspectView;
use self::wire::WireTab;
use super::ViewId;
use crate::report::words::number;
use crate::tui::action::Action;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::model::{Loaded, Model};
use crate::tui::reopen::{FrameDetail, MessageDetail};
use crate::tui::store::{Conn, Row, State};
use crate::tui::theme::Role;

/// What a tab shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tab {
    #[default]
    Frame,
    Payload,
    Hex,
    Wire,
}

impl Tab {
    const ALL: [Self; 4] = [Self::Frame, Self::Payload, Self::Hex, Self::Wire];

    const fn name(self) -> &'static str {
        match self {
            Self::Frame => "Frame",
            Self::Payload => "Payload",
            Self::Hex => "Hex",
            Self::Wire => "Wire",
        }
    }

    fn step(self, by: usize) -> Self {
        let at = self as usize + by;
        Self::ALL.get(at % Self::ALL.len()).copied().unwrap_or_default()
    }
}

/// Parts of a pane that can be clicked: the tabs first, then what a tab has.
const PARTS: usize = Tab::ALL.len();

/// The message that is shown, and which of its frames.
#[derive(Clone, Debug)]
struct Subject {
    place: usize,
    row: Row,
    detail: Arc<MessageDetail>,
    /// The frame's index among those of the message.
    at: usize,
}

impl Subject {
    fn frame(&self) -> Option<&FrameDetail> {
        self.detail.frames.get(self.at)
    }
}

/// What is shown of the message under the cursor, in a view of its own or beside the list.
#[derive(Debug, Default)]
pub struct Inspector {
    tab: Tab,
    frame: FrameTab,
    payload: PayloadTab,
    hex: HexTab,
    wire: WireTab,
    subject: Option<Subject>,
    /// The payload is below the frame.
    below: bool,
    /// Without a border.
    bare: bool,
}

/// Rows that the payload needs below the frame, the line above it included.
const BELOW: u16 = 5;

/// What is added to the number of the pane for the payload below the frame.
const PAYLOAD: usize = 16;

/// The pane that something is drawn into.
#[derive(Clone, Copy, Debug)]
struct Pane {
    /// Its number, for hits.
    number: usize,
    /// Its cursor is to be seen.
    focused: bool,
}

impl Inspector {
    /// Draws into an area, its border included. Hits are those of pane `pane`.
    pub fn draw(
        &mut self,
        model: &mut Model,
        area: Rect,
        pane: usize,
        focused: bool,
        canvas: &mut Canvas<'_>,
    ) {
        canvas.hit(area, Hit::Pane(pane));
        self.subject = None;
        let Some((place, row)) =
            model.message.and_then(|place| Some((place, *model.store.message(place)?.0)))
        else {
            let inner = canvas.frame(area, "", "", focused);
            return nothing(model, inner, canvas);
        };
        let (state, failed) = match model.shared_detail(place) {
            Loaded::Loading => ("reading the packets again …", None),
            Loaded::Gone => ("", None),
            Loaded::Failed(error) => ("", Some(error.to_string())),
            Loaded::Ready(detail) => {
                let detail = Arc::clone(detail);
                let at = model
                    .frame
                    .and_then(|n| detail.frames.binary_search_by_key(&n, |detail| detail.frame().n).ok());
                self.subject = Some(Subject { place, row, detail, at: at.unwrap_or(0) });
                ("", None)
            }
        };
        let inner = self.border(&row, area, pane, focused, canvas);
        let Some(subject) = self.subject.clone() else {
            let role = if failed.is_some() { Role::Error } else { Role::Dim };
            let gap = model.store.conn(row.conn).is_some_and(Conn::has_gap);
            let gone = match (model.store.state(), &model.reopener) {
                _ if gap => {
                    "what came before it had to make room, and without that it cannot be read any more"
                }
                (State::Reading, Some(_)) => "its packets are not all read yet",
                (_, None) => "there is no capture to read its payload from",
                (_, Some(_)) => "its packets are not where they were: was the capture changed?",
            };
            let text = failed.as_deref().unwrap_or(if state.is_empty() { gone } else { state });
            canvas.put(inner.x + 1, inner.y, inner.width.saturating_sub(2), text, role);
            return facts::of_row(model, &row, inner, canvas);
        };
        match self.tab {
            Tab::Frame => {
                self.frame.draw(model, &subject, inner, pane, canvas);
                self.draw_below(model, &subject, inner, pane, canvas);
            }
            Tab::Payload => {
                let pane = Pane { number: pane, focused: true };
                self.payload.draw(model, &subject, inner, pane, canvas);
            }
            Tab::Hex => {
                self.payload.prepare(model, &subject);
                self.hex.draw(&subject, self.payload.decoded(), inner, pane, canvas);
            }
            Tab::Wire => self.wire.draw(model, &subject, inner, pane, canvas),
        }
    }

    /// What there is room for below the frame: the payload.
    fn draw_below(
        &mut self,
        model: &Model,
        subject: &Subject,
        area: Rect,
        pane: usize,
        canvas: &mut Canvas<'_>,
    ) {
        let taken = self.frame.rows().min(area.height.into()) as u16;
        self.below = taken + BELOW <= area.height && !subject.detail.message().payload.is_empty();
        if !self.below {
            return;
        }
        let area = Rect { y: area.y + taken, height: area.height - taken, ..area };
        canvas.rule(area.x, area.y, area.width);
        let whole = if subject.detail.frames.len() > 1 { " payload of all frames " } else { " payload " };
        canvas.put(area.x + 1, area.y, area.width.saturating_sub(2), whole, Role::Heading);
        let rest = Rect { y: area.y + 1, height: area.height - 1, ..area };
        let pane = Pane { number: pane + PAYLOAD, focused: false };
        self.payload.draw(model, subject, rest, pane, canvas);
    }

    /// The border with its title and tabs; what is inside.
    fn border(&self, row: &Row, area: Rect, pane: usize, focused: bool, canvas: &mut Canvas<'_>) -> Rect {
        if self.bare {
            return area;
        }
        if area.width < 12 || area.height < 4 {
            return canvas.frame(area, "", "", focused);
        }
        let room = usize::from(area.width - 6);
        let id = row.id().to_string();
        let frame = self.subject.as_ref().and_then(|subject| {
            let frame = subject.frame()?.frame().n;
            Some((subject.at + 1, subject.detail.frames.len(), frame))
        });
        let titles = match frame {
            Some((at, of, n)) => [
                format!("{id} · frame {} of {} · {}.f{n}", number(at as u64), number(of as u64), row.conn),
                format!("{id} · f{n} {at}/{of}"),
                id,
            ],
            None => [format!("{id} · no frame"), id.clone(), id],
        };
        let named: Vec<String> = Tab::ALL
            .into_iter()
            .map(
                |tab| if tab == self.tab { format!("[{}]", tab.name()) } else { format!(" {} ", tab.name()) },
            )
            .collect();
        let all: usize = named.iter().map(String::len).sum();
        let shortest = titles.last().map_or(0, |title| title.width());
        let tabs = all + shortest + 4 <= room;
        let taken = if tabs { all } else { named.get(self.tab as usize).map_or(0, String::len) };
        let title = titles.iter().find(|title| title.width() + taken + 4 <= room).map_or("", |title| title);
        let inner = canvas.frame(area, title, "", focused);
        let mut x = area.right().saturating_sub(taken as u16 + 3);
        canvas.put(x, area.y, 1, " ", Role::Dim);
        x += 1;
        for (n, (tab, text)) in Tab::ALL.into_iter().zip(&named).enumerate() {
            if !tabs && tab != self.tab {
                continue;
            }
            let role = if tab == self.tab { Role::On } else { Role::Text };
            let width = canvas.put(x, area.y, text.len() as u16, text, role);
            // Where there is one only, a click goes to the next.
            let part = if tabs { n } else { self.tab.step(1) as usize };
            canvas.hit(Rect::new(x, area.y, width, 1), Hit::Part(pane, part));
            x += width;
        }
        inner
    }

    /// Does what is asked, as [`View::act`](super::View::act).
    pub fn act(&mut self, model: &mut Model, action: Action) -> bool {
        match action {
            Action::NextTab => self.tab = self.tab.step(1),
            Action::PreviousTab => self.tab = self.tab.step(Tab::ALL.len() - 1),
            Action::NextItem => step(model, 1),
            Action::PreviousItem => step(model, -1),
            Action::NextFinding => facts::to_finding(model, true),
            Action::PreviousFinding => facts::to_finding(model, false),
            Action::Find => crate::tui::overlay::find::open(model),
            Action::NextMatch | Action::PreviousMatch
                if self.tab != Tab::Payload && !model.find.is_empty() =>
            {
                self.tab = Tab::Payload;
                self.payload.act(model, self.subject.as_ref(), action);
            }
            Action::NextMatch | Action::PreviousMatch
                if model.find.is_empty() && model.view == ViewId::Inspect =>
            {
                model.say("nothing is searched for; / asks what to search for");
            }
            Action::CopyPath => match self.path() {
                Some(path) => model.copy("path", path),
                None => model.say("there is no decoded value under the cursor"),
            },
            _ => return self.act_in_tab(model, action),
        }
        true
    }

    fn act_in_tab(&mut self, model: &mut Model, action: Action) -> bool {
        let Some(subject) = self.subject.clone() else {
            // What needs the payload waits for it.
            return matches!(action, Action::Raw | Action::DecodeAs | Action::Diagram | Action::Wrap);
        };
        match (self.tab, action) {
            (Tab::Frame, Action::Open) => match self.frame.target() {
                frame::Target::Field(field) => {
                    self.hex.go_to(&subject, field);
                    self.tab = Tab::Hex;
                }
                frame::Target::Finding(place) => facts::open_finding(model, place),
                frame::Target::Nothing => model.say("this leads nowhere further"),
            },
            (Tab::Frame | Tab::Wire, Action::Raw | Action::Wrap | Action::DecodeAs)
            | (Tab::Hex, Action::Wrap | Action::DecodeAs) => {
                self.tab = Tab::Payload;
                return self.payload.act(model, Some(&subject), action);
            }
            (Tab::Hex, Action::Open) => match self.hex.field() {
                Some(field) => {
                    self.frame.select(Some(field));
                    self.tab = Tab::Frame;
                }
                None => {
                    self.payload.go_to(self.hex.cursor());
                    self.tab = Tab::Payload;
                }
            },
            (Tab::Payload, _) => return self.payload.act(model, Some(&subject), action),
            (Tab::Frame, _) if self.frame.act(model, &subject, action) => {
                self.hex.follow(&subject, self.frame.field())
            }
            (Tab::Hex, _) if self.hex.act(model, &subject, action) => self.frame.select(self.hex.field()),
            (Tab::Wire, action) if action != Action::Diagram => {
                return self.wire.act(model, &subject, action);
            }
            (_, Action::Diagram) => {
                self.tab = Tab::Frame;
                return self.frame.act(model, &subject, action);
            }
            _ => return false,
        }
        true
    }

    /// The path of the value under the cursor.
    fn path(&self) -> Option<String> {
        match self.tab {
            Tab::Hex => self.hex.path(self.payload.decoded()),
            _ => self.payload.path(),
        }
    }

    /// As [`View::click`](super::View::click).
    pub fn click(&mut self, model: &mut Model, hit: Hit, double: bool) {
        if let Hit::Part(_, part) = hit
            && let Some(tab) = Tab::ALL.get(part)
        {
            self.tab = *tab;
            return;
        }
        let Some(subject) = self.subject.clone() else { return };
        match self.tab {
            Tab::Frame if matches!(hit, Hit::Row(pane, _) if pane >= PAYLOAD) => {
                self.tab = Tab::Payload;
                self.payload.click(hit, double);
            }
            Tab::Frame => {
                self.frame.click(hit);
                self.hex.follow(&subject, self.frame.field());
                if double {
                    self.act(model, Action::Open);
                }
            }
            Tab::Payload => self.payload.click(hit, double),
            Tab::Hex => {
                self.hex.click(hit);
                self.frame.select(self.hex.field());
            }
            Tab::Wire => self.wire.click(hit),
        }
    }

    /// As [`View::roll`](super::View::roll).
    pub fn roll(&mut self, by: isize) {
        match self.tab {
            // All of the frame is in sight then.
            Tab::Frame if self.below => self.payload.roll(by),
            Tab::Frame => self.frame.roll(by),
            Tab::Payload => self.payload.roll(by),
            Tab::Hex => self.hex.roll(by),
            Tab::Wire => self.wire.roll(by),
        }
    }

    /// As [`View::line`](super::View::line).
    #[must_use]
    pub fn line(&self) -> Option<String> {
        match self.tab {
            Tab::Frame => self.frame.line(),
            Tab::Payload => self.payload.line(),
            Tab::Hex => self.hex.line(self.subject.as_ref()?),
            Tab::Wire => self.wire.line(),
        }
    }

    /// As [`View::hints`](super::View::hints).
    #[must_use]
    pub fn hints(&self) -> Vec<(Action, &'static str)> {
        let mut hints = match self.tab {
            Tab::Frame => {
                let many = self.subject.as_ref().is_some_and(|subject| subject.detail.frames.len() > 1);
                let mut hints = vec![(Action::Open, "bytes"), (Action::Diagram, "diagram")];
                if many {
                    hints.insert(0, (Action::Right, "next frame"));
                }
                hints
            }
            Tab::Payload => vec![
                (Action::Find, "find"),
                (Action::Raw, "raw"),
                (Action::DecodeAs, "decode as"),
                (Action::Wrap, "wrap"),
                (Action::CopyPath, "path"),
            ],
            Tab::Hex => vec![(Action::Raw, self.hex.next_mode())],
            Tab::Wire => vec![(Action::CopyWireshark, "Wireshark filter")],
        };
        hints.insert(0, (Action::NextTab, "tab"));
        hints.insert(1, (Action::NextItem, "next message"));
        hints.push((Action::NextFinding, "finding"));
        hints.push((Action::CopyPayload, "copy"));
        hints
    }
}

/// Why there is no message.
fn nothing(model: &Model, area: Rect, canvas: &mut Canvas<'_>) {
    let text = match (model.store.kept(), model.store.state()) {
        (0, State::Reading) => "reading; no message yet",
        (0, State::Failed(_)) => "reading broke off before the first message",
        (0, State::Done(_)) => "there is no message in this capture",
        _ if model.current_conn().is_some_and(|conn| conn.messages.is_empty()) => {
            "this connection has no message"
        }
        _ if model.shown.len(&model.store) == 0 => {
            "no message is shown: what narrows the list hides all; R shows them"
        }
        _ => "no message is chosen: press J for the first, or 2 for the list",
    };
    canvas.put(area.x + 1, area.y, area.width.saturating_sub(2), text, Role::Dim);
}

/// To the next message of those that are shown, or the one before.
fn step(model: &mut Model, by: isize) {
    let len = model.shown.len(&model.store);
    let at = model.message.map(|place| model.shown.index_of(&model.store, place));
    let next = match at {
        None => Some(0),
        // Where the message is not shown itself, the index is that of the next one.
        Some(at) if by > 0 && model.shown.get(&model.store, at) != model.message => Some(at),
        Some(at) => at.checked_add_signed(by),
    };
    match next.filter(|next| *next < len).and_then(|next| model.shown.get(&model.store, next)) {
        Some(place) => model.select_message(place),
        None => model.say(if by > 0 {
            "this is the last message shown"
        } else {
            "this is the first message shown"
        }),
    }
}
