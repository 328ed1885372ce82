//! What keys do in the list of messages.

use super::frames::Windows;
use super::lines::Line;
use super::panes::Split;
use super::seek::{self, Sought};
use super::table::{self, column_of, order_of};
use super::{MessagesView, Mode, Spot};
use crate::place::{Place, What};
use crate::tui::action::Action;
use crate::tui::list::Step;
use crate::tui::model::{Effect, Model};
use crate::tui::view::ViewId;

/// Characters by which `l` scrolls summaries, and how far at most.
const ACROSS: usize = 8;
const FARTHEST: usize = 72;

/// Messages are listed in the order of time.
pub(super) fn in_time(model: &Model) -> bool {
    model.shown.sorted() == (None, false)
}

impl MessagesView {
    /// Does what is asked.
    pub(super) fn step(&mut self, model: &mut Model, action: Action) -> bool {
        // These are the list's and the panes', whatever has the focus.
        match action {
            Action::Pane | Action::PaneBack => {
                let there = self.panes.split(self.area) != Split::Alone;
                if there {
                    self.panes.inspector = !self.panes.inspector;
                } else {
                    model.say("one pane; | shows the inspector too where there is room, Enter alone");
                }
                return true;
            }
            Action::NextItem | Action::PreviousItem => {
                self.neighbour(model, action == Action::NextItem);
                return true;
            }
            Action::Layout => {
                let name = self.panes.next(self.area);
                model.say(name);
                return true;
            }
            Action::Narrower | Action::Wider => {
                let by = if action == Action::Wider { 1 } else { -1 };
                if !self.panes.shift(self.area, self.mode == Mode::Ladder, by) {
                    model.say("one pane: there is no border to move");
                }
                return true;
            }
            Action::Zoom => {
                self.panes.zoom = !self.panes.zoom;
                return true;
            }
            Action::Cancel => return self.cancel(model),
            _ => {}
        }
        if self.panes.inspector && self.inspector.act(model, action) {
            return true;
        }
        if let Some(step) = Step::of(action) {
            self.walk(model, step);
            return true;
        }
        match action {
            Action::Open => match self.spot_at_cursor(model) {
                Spot::Head(_) => model.effect(Effect::Go(ViewId::Handshake)),
                Spot::Tail => model.effect(Effect::Go(ViewId::Conns)),
                Spot::Nothing => model.say("there is no message under the cursor"),
                Spot::Message(_) | Spot::Sub(..) | Spot::Frame(_) => {
                    self.publish(model);
                    model.effect(Effect::Go(ViewId::Inspect));
                }
            },
            Action::Right => self.expand(model),
            Action::Left => self.collapse(model),
            Action::Frames => self.change(model, Mode::Frames),
            Action::Ladder => self.change(model, Mode::Ladder),
            Action::Scope => {
                if self.mode != Mode::Table {
                    self.mode = Mode::Table;
                    self.spot = model.message.map_or(Spot::Nothing, Spot::Message);
                }
                // Which connection is narrowed to is the model's matter.
                return false;
            }
            Action::Mark => self.mark(model),
            Action::Sort => {
                let (by, _) = model.shown.sorted();
                let mut next = by.map_or(table::TIME, column_of);
                for _ in 0..6 {
                    next = (next + 1) % 6;
                    if !model.hides(ViewId::Messages, next) {
                        break;
                    }
                }
                self.sort_to(model, next, false);
            }
            Action::SortReverse => {
                let (by, reversed) = model.shown.sorted();
                self.sort_to(model, by.map_or(table::TIME, column_of), !reversed);
            }
            Action::NextFinding | Action::PreviousFinding => {
                self.next_finding(model, action == Action::NextFinding)
            }
            Action::NextMatch | Action::PreviousMatch => self.next_match(model, action == Action::NextMatch),
            Action::Tail => {
                if self.following {
                    (self.following, self.tails) = (false, false);
                    model.say("the tail is not followed");
                } else if !in_time(model) {
                    model.say("sorted: what is new is not at the end; R brings back the order of time");
                } else if model.store.is_reading() {
                    self.following = true;
                    self.tails = model.live.is_some();
                    model.say("following the tail; going up stops it");
                } else {
                    model.say("all is read: there is no tail to follow; G goes to the last");
                }
            }
            Action::Reset => {
                model.shown.sort(None, false);
                self.tree.clear();
                self.across = 0;
                // What is narrowed is reset too.
                return false;
            }
            Action::CopyId => self.copy_id(model),
            // What is done with a message's content is the inspector's, beside the list or not.
            Action::NextTab
            | Action::PreviousTab
            | Action::Raw
            | Action::DecodeAs
            | Action::Diagram
            | Action::CopyPayload
            | Action::CopyHex
            | Action::CopyJson
            | Action::CopyPath => return self.inspector.act(model, action),
            _ => return false,
        }
        true
    }

    /// One step out of what is going on.
    fn cancel(&mut self, model: &mut Model) -> bool {
        if model.shown.is_sorting(&model.store) {
            model.shown.sort(None, false);
            model.say("not sorted");
        } else if self.panes.inspector && self.inspector.act(model, Action::Cancel) {
            // It had something to end.
        } else if self.panes.zoom {
            self.panes.zoom = false;
        } else if self.panes.inspector {
            self.panes.inspector = false;
        } else {
            return false;
        }
        true
    }

    fn walk(&mut self, model: &mut Model, step: Step) {
        match step {
            // In another order, what is new is not at the end.
            Step::Last => self.following = model.store.is_reading() && in_time(model),
            Step::First => self.following = false,
            Step::By(by) | Step::Halves(by) => self.following &= by > 0,
        }
        // Rows may have been added since it was drawn.
        self.line_up(model);
        self.scroll.len = self.len(model);
        self.scroll.go(step);
        self.moved(model);
    }

    /// The next message, past the frames of this one.
    fn neighbour(&mut self, model: &mut Model, forward: bool) {
        let step = if forward { 1 } else { -1 };
        let before = self.scroll;
        loop {
            let at = self.scroll.cursor;
            self.walk(model, Step::By(step));
            if self.scroll.cursor == at {
                self.scroll = before;
                self.moved(model);
                return model.say(if forward { "this is the last" } else { "this is the first" });
            }
            if matches!(self.spot, Spot::Message(_) | Spot::Frame(_)) {
                return;
            }
        }
    }

    /// Goes to a message that is shown.
    fn jump(&mut self, model: &mut Model, place: usize) {
        self.following = false;
        let index = model.shown.index_of(&model.store, place);
        self.scroll.select(self.lines.at(Line::Message(index)));
        self.moved(model);
    }

    /// The index of the message under the cursor.
    fn index(&self, model: &Model) -> Option<usize> {
        match self.lines.line(self.scroll.cursor)? {
            Line::Message(index) | Line::Frame(index, _) => Some(index),
            Line::Head(_) => None,
            Line::Tail => Some(model.shown.len(&model.store)),
        }
    }

    fn next_finding(&mut self, model: &mut Model, forward: bool) {
        if self.frames_mode() {
            return self.next_frame_finding(model, forward);
        }
        match seek::finding(model, self.index(model), forward) {
            Some(place) => self.jump(model, place),
            None => {
                let which = if forward { "no further message" } else { "no earlier message" };
                model.say(format!("{which} that is shown has findings; 4 lists all findings"));
            }
        }
    }

    fn next_frame_finding(&mut self, model: &mut Model, forward: bool) {
        let here = self.scroll.cursor as u64 + 1;
        let conn = model.narrow.conn.and_then(|conn| model.store.conn(conn));
        let found = conn.into_iter().flat_map(|conn| &conn.findings);
        let found = found.filter_map(|place| model.store.findings().get(*place as usize)?.finding.frame);
        let next =
            if forward { found.filter(|n| *n > here).min() } else { found.filter(|n| *n < here).max() };
        match next {
            Some(n) => {
                self.scroll.select(n as usize - 1);
                self.moved(model);
            }
            None => model.say("no further frame has findings"),
        }
    }

    fn next_match(&mut self, model: &mut Model, forward: bool) {
        match &model.filtering {
            None => return model.say("no filter: / sets one, Ctrl-t makes it highlight"),
            Some(filtering) if filtering.hides() => {
                // Everything that is shown matches.
                return self.neighbour(model, forward);
            }
            Some(_) if self.frames_mode() => return model.say("frames are not matched; u shows messages"),
            Some(_) => {}
        }
        match seek::matching(model, self.index(model).unwrap_or(0), forward) {
            Sought::Found(place) => self.jump(model, place),
            Sought::None => model.say(if forward { "no further match" } else { "no earlier match" }),
            Sought::SoFar(place) => {
                self.jump(model, place);
                model.say("no match so far; once more goes on from here");
            }
        }
    }

    fn expand(&mut self, model: &mut Model) {
        if let Spot::Message(place) = self.spot_at_cursor(model)
            && let Some((row, _)) = model.store.message(place)
            && row.frames > 1
        {
            if self.tree.get(place).is_none() {
                self.tree.open(model, place);
            } else {
                self.walk(model, Step::By(1));
            }
            return;
        }
        if !self.cut {
            model.say("one frame, and nothing is cut off at the right");
        } else if self.across < FARTHEST {
            self.across += ACROSS;
        } else {
            model.say("longer texts are in the inspector: Enter");
        }
    }

    fn collapse(&mut self, model: &mut Model) {
        match self.spot_at_cursor(model) {
            Spot::Sub(place, _) => {
                self.tree.close(place);
                self.line_up(model);
                self.jump(model, place);
            }
            Spot::Message(place) if self.across == 0 && self.tree.get(place).is_some() => {
                self.tree.close(place)
            }
            _ if self.across > 0 => self.across -= ACROSS,
            _ => model.say("nothing to collapse here"),
        }
    }

    /// Lists otherwise; the same again goes back to the table.
    fn change(&mut self, model: &mut Model, mode: Mode) {
        if self.mode == mode {
            self.mode = Mode::Table;
            self.spot = model.message.map_or(Spot::Nothing, Spot::Message);
            return;
        }
        let name = if mode == Mode::Ladder { "a ladder" } else { "frames" };
        if model.narrow.conn.is_none() {
            let Some(conn) = model.conn else { return model.say("there is no connection to show") };
            model.narrow.conn = Some(conn);
            model.narrowed();
            model.say(format!("{name} of connection {conn}; c goes back to all connections"));
        }
        if mode == Mode::Ladder && !in_time(model) {
            model.shown.sort(None, false);
            model.say("a ladder is in the order of time");
        }
        let narrowed = !model.narrow.hides_nothing() || model.filtering.is_some();
        if mode == Mode::Frames && narrowed {
            model.say("all frames are shown: filter and chips are for messages");
        }
        self.mode = mode;
        self.arrives = true;
        self.following = false;
        let frame = model.frame;
        self.spot = match (mode, model.current_message()) {
            (Mode::Frames, Some((row, _))) => Spot::Frame(frame.unwrap_or(row.first_frame.into())),
            _ => model.message.map_or(Spot::Nothing, Spot::Message),
        };
        // The selection is not somebody else's.
        self.published = (model.narrow.conn, model.message, model.frame);
        if let (Mode::Frames, Some(conn)) = (mode, model.narrow.conn)
            && Windows::total(model, conn) == 0
        {
            model.say("this connection has no frames");
        }
    }

    fn mark(&mut self, model: &mut Model) {
        let Some(place) = model.message else { return model.say("there is no message to mark") };
        match model.marks.iter().position(|marked| *marked == place) {
            Some(at) => {
                model.marks.remove(at);
            }
            None => model.marks.push(place),
        }
        match model.marks.len() {
            0 => model.say("nothing is marked"),
            1 => model.say("1 message is marked; mark another, and d shows the differences"),
            2 => model.say("2 messages are marked; d shows the differences"),
            many => model.say(format!("{many} messages are marked")),
        }
    }

    /// A heading was clicked.
    pub(super) fn sort_by(&mut self, model: &mut Model, column: usize) {
        let (by, reversed) = model.shown.sorted();
        let same = by.map_or(table::TIME, column_of) == column;
        self.sort_to(model, column, same && !reversed);
    }

    fn sort_to(&mut self, model: &mut Model, column: usize, reversed: bool) {
        if self.mode != Mode::Table {
            let what = if self.mode == Mode::Ladder { "a ladder is" } else { "frames are" };
            return model.say(format!("{what} in the order of time"));
        }
        self.following = false;
        model.shown.sort(order_of(column), reversed);
        let name = table::COLUMNS.get(column).map_or("", |column| column.name);
        let name = if name == "Δ" { "the time since the message before" } else { name };
        model.say(format!("sorted by {name}{}", if reversed { ", reversed" } else { "" }));
    }

    fn copy_id(&self, model: &mut Model) {
        let id = match (self.spot_at_cursor(model), model.current_message()) {
            (Spot::Frame(n), _) => model.narrow.conn.map(|conn| Place { conn, what: What::Frame(n) }),
            (Spot::Sub(..), Some((row, _))) if model.frame.is_some() => {
                model.frame.map(|n| Place { conn: row.conn, what: What::Frame(n) })
            }
            (_, Some((row, _))) => Some(row.id()),
            _ => None,
        };
        match id {
            Some(id) => model.copy(format!("id {id}"), id.to_string()),
            None => model.say("there is no message under the cursor"),
        }
    }
}
