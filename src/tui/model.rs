//! What all views share: the capture's rows, what is selected and what is hidden, what was read again.

mod details;
mod narrow;
mod order;
mod places;
mod shown;
mod times;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use details::{Details, Loaded};
pub use narrow::{Kinds, Narrow};
pub use order::By;
pub use shown::Shown;
pub use times::TimeFormat;

use self::shown::Made;
use super::action::Action;
use super::census::Census;
use super::feed::{Progress, Pulse};
use super::filtering::{Filtering, Kept};
use super::history::History;
use super::keys::Keymap;
use super::notes::{Note, Notes};
use super::overlay::Overlay;
use super::reopen::{MessageDetail, Reopener};
use super::store::{Conn, Found, Row, Store};
use super::theme::Theme;
use super::view::ViewId;
use super::workers::Workers;
use crate::filter::{Filter, FilterError};
use crate::http::upgrade::Handshake;
use crate::item::Dir;
use crate::place::{Place, What};
use crate::time::Timestamp;

/// Something that the world outside the model is asked for.
#[derive(Debug)]
pub enum Effect {
    /// End the program.
    Quit,
    /// Put text into the clipboard; `what` names it in the notice that says so.
    Copy {
        /// Such as `payload of 3.m41`.
        what: String,
        /// The text.
        text: String,
    },
    /// Stop until the shell continues the program.
    Suspend,
    /// Draw the whole screen anew.
    Redraw,
    /// Take the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Go to a view.
    Go(ViewId),
    /// Lay something above the view.
    Show(Box<dyn Overlay>),
}

/// A sentence in the footer, until the next key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The sentence.
    pub text: String,
    /// Something failed.
    pub error: bool,
}

/// How things are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// How times are written.
    pub time: TimeFormat,
    /// Secrets are shown.
    pub reveal: bool,
    /// Clicks are ours.
    pub mouse: bool,
    /// Only ASCII is drawn.
    pub ascii: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { time: TimeFormat::default(), reveal: false, mouse: true, ascii: false }
    }
}

/// What all views share.
#[derive(Debug)]
pub struct Model {
    /// The capture's rows.
    pub store: Store,
    /// What the capture is called.
    pub title: String,
    /// How much was read; `None` where nothing is being read.
    pub progress: Option<Progress>,
    /// How a capture grows; `None` where it is one that does not.
    pub live: Option<Pulse>,
    /// Threads for what takes long.
    pub workers: Workers,
    /// Reads payloads again; `None` where there is nothing to read.
    pub reopener: Option<Reopener>,
    /// How things are shown.
    pub settings: Settings,
    /// What keys do.
    pub keymap: Keymap,
    /// Colours.
    pub theme: Theme,
    /// The themes that are gone through.
    pub themes: Vec<Theme>,
    /// Saved filters (`@name`), by their names.
    pub saved: BTreeMap<String, String>,
    /// The view in front.
    pub view: ViewId,
    /// The connection under the cursor, by its number.
    pub conn: Option<u32>,
    /// The message under the cursor, by its place in the store.
    pub message: Option<usize>,
    /// It is no more than the first of a connection that was chosen.
    pub unchosen: bool,
    /// The frame of that message that is looked at, by its number; `None` = its first.
    pub frame: Option<u64>,
    /// What is searched for in texts; empty = nothing.
    pub find: String,
    /// What is hidden besides the filter.
    pub narrow: Narrow,
    /// The filter, where there is one.
    pub filtering: Option<Filtering>,
    /// The messages that are left, in their order.
    pub shown: Shown,
    /// What was read again.
    pub details: Details,
    /// The places of messages that are marked, in the order of marking.
    pub marks: Vec<usize>,
    /// Bookmarks and notes.
    pub notes: Notes,
    /// Where exports go that name no other folder; empty = the current one.
    pub folder: PathBuf,
    /// The columns that are hidden, by view.
    pub hidden: HashMap<ViewId, Vec<usize>>,
    /// The finding that was selected last, by its place in the store.
    pub finding: Option<u32>,
    /// The file to which findings are added that are known.
    pub baseline: PathBuf,
    /// The filters that were used before.
    pub history: History,
    /// The values of fields, counted while a filter is written.
    pub census: Census,
    /// What was run from the palette, the latest last.
    pub recent: Vec<Action>,
    /// What the view in front is used for most: its footer.
    pub hints: Vec<Action>,
    /// Said in the footer.
    pub notice: Option<Notice>,
    /// What was asked for and waits for something to be read; it is tried again until the next key.
    pub later: Option<Action>,
    /// What is being done cannot be done before something is read.
    pub(super) waiting: bool,
    /// A view that was drawn has more to count: it is to be drawn again soon.
    pub more: bool,
    effects: Vec<Effect>,
}

impl Model {
    /// Nothing is there yet.
    #[must_use]
    pub fn new(title: String, workers: Workers, reopener: Option<Reopener>) -> Self {
        Self {
            store: Store::default(),
            title,
            progress: None,
            live: None,
            workers,
            reopener,
            settings: Settings::default(),
            keymap: Keymap::default(),
            theme: Theme::DARK,
            themes: Theme::ALL.to_vec(),
            saved: BTreeMap::new(),
            view: ViewId::Conns,
            conn: None,
            message: None,
            unchosen: true,
            frame: None,
            find: String::new(),
            narrow: Narrow::default(),
            filtering: None,
            shown: Shown::default(),
            details: Details::default(),
            marks: Vec::new(),
            notes: Notes::default(),
            folder: PathBuf::new(),
            hidden: HashMap::new(),
            finding: None,
            baseline: PathBuf::from("wscope-baseline.json"),
            history: History::default(),
            census: Census::default(),
            recent: Vec::new(),
            hints: Vec::new(),
            notice: None,
            later: None,
            waiting: false,
            more: false,
            effects: Vec::new(),
        }
    }

    /// Asks the world for something.
    pub fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// What the world was asked for since the last call.
    pub fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Says something in the footer.
    pub fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), error: false });
    }

    /// Says that something failed.
    pub fn fail(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), error: true });
    }

    /// Puts text into the clipboard.
    pub fn copy(&mut self, what: impl Into<String>, text: impl Into<String>) {
        self.effect(Effect::Copy { what: what.into(), text: text.into() });
    }

    /// The connection under the cursor.
    #[must_use]
    pub fn current_conn(&self) -> Option<&Conn> {
        self.store.conn(self.conn?)
    }

    /// The message under the cursor, and its preview.
    #[must_use]
    pub fn current_message(&self) -> Option<(&Row, &str)> {
        self.store.message(self.message?)
    }

    /// Puts the cursor on a connection, and on its first message where it is on one of another.
    pub fn select_conn(&mut self, number: u32) {
        self.conn = Some(number);
        let on_it = self.current_message().is_some_and(|(row, _)| row.conn == number);
        if !on_it {
            self.message = self.place_of(number, 1);
            self.unchosen = true;
            self.frame = None;
        }
    }

    /// Puts the cursor on a message, and on its connection.
    pub fn select_message(&mut self, place: usize) {
        if let Some((row, _)) = self.store.message(place) {
            if self.message != Some(place) {
                self.frame = None;
            }
            self.conn = Some(row.conn);
            self.message = Some(place);
            self.unchosen = false;
            self.frame = None;
        }
    }

    /// The place of a connection's message, by its number from 1.
    #[must_use]
    pub fn place_of(&self, conn: u32, message: u64) -> Option<usize> {
        let n = usize::try_from(message).ok()?.checked_sub(1)?;
        self.store.conn(conn)?.messages.get(n).map(|place| *place as usize)
    }

    /// Puts the cursor on what an id names, and goes to the view that shows it. Says so where there is no such thing.
    pub fn go(&mut self, place: Place) {
        let Some(conn) = self.store.conn(place.conn) else {
            return self.fail(format!("there is no connection {}", place.conn));
        };
        let number = conn.number;
        let view = match place.what {
            What::Connection => ViewId::Conns,
            What::Handshake => ViewId::Handshake,
            What::Message(n) => match self.place_of(number, n) {
                Some(message) => {
                    self.select_message(message);
                    ViewId::Messages
                }
                None => return self.fail(format!("connection {number} has no message {n}")),
            },
            What::Frame(n) => match self.message_of_frame(number, n) {
                Some(message) => {
                    self.select_message(message);
                    self.frame = Some(n);
                    ViewId::Inspect
                }
                None => return self.fail(format!("no message of connection {number} has frame {n}")),
            },
        };
        self.conn = Some(number);
        self.effect(Effect::Go(view));
    }

    /// The place of the message with this frame.
    #[must_use]
    pub fn message_of_frame(&self, conn: u32, frame: u64) -> Option<usize> {
        places::of_frame(&self.store, conn, frame, None)
    }

    /// As [`Model::message_of_frame`], of a sender.
    #[must_use]
    pub fn message_of_frame_from(&self, conn: u32, frame: u64, dir: Dir) -> Option<usize> {
        places::of_frame(&self.store, conn, frame, Some(dir))
    }

    /// The message before another on its connection.
    #[must_use]
    pub fn before(&self, row: &Row) -> Option<&Row> {
        places::before(&self.store, row)
    }

    /// The place of the message that a finding is on.
    #[must_use]
    pub fn place_of_finding(&self, found: &Found) -> Option<usize> {
        shown::place_of(&self.store, found)
    }

    /// The findings on a message or its frames.
    pub fn findings_on<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = &'a Found> + 'a {
        shown::findings_on(&self.store, row)
    }

    /// The time of the first packet of the first connection: times are relative to it.
    #[must_use]
    pub fn origin(&self) -> Option<Timestamp> {
        self.store.conn(1).map(|conn| conn.opened.time)
    }

    /// The message under the cursor with its payload.
    pub fn current_detail(&mut self) -> Loaded<'_, MessageDetail> {
        match self.message {
            Some(place) => self.detail(place),
            None => Loaded::Gone,
        }
    }

    /// A message with its payload.
    pub fn detail(&mut self, place: usize) -> Loaded<'_, MessageDetail> {
        match self.shared_detail(place) {
            Loaded::Loading => Loaded::Loading,
            Loaded::Gone => Loaded::Gone,
            Loaded::Failed(error) => Loaded::Failed(error),
            Loaded::Ready(detail) => Loaded::Ready(detail),
        }
    }

    /// As [`Model::detail`], to be given to another thread.
    pub fn shared_detail(&mut self, place: usize) -> Loaded<'_, Arc<MessageDetail>> {
        self.details.message(place, &self.store, self.reopener.as_ref(), &self.workers)
    }

    /// The opening handshake of a connection.
    pub fn handshake(&mut self, conn: u32) -> Loaded<'_, Handshake> {
        self.details.handshake(conn, &self.store, self.reopener.as_ref(), &self.workers)
    }

    /// Goes on with what is done in pieces, for about so long. Says whether something changed.
    pub fn advance(&mut self, budget: Duration) -> bool {
        let mut changed = self.census.advance(&self.store, budget / 4);
        if self
            .filtering
            .as_ref()
            .is_some_and(|filtering| filtering.asks_marks() && *filtering.kept() != self.kept())
        {
            self.filter_again();
        }
        if let Some(filtering) = &mut self.filtering {
            changed |= filtering.advance(&self.store, budget / 2);
        }
        let (made, shown) = self.made();
        changed |= shown.advance(made, budget / 2);
        changed | self.more
    }

    /// Reads a filter, in which saved filters may be named.
    ///
    /// # Errors
    /// Where it is none.
    pub fn read_filter(&self, text: &str) -> Result<Filter, FilterError> {
        Filter::parse_with(text, &|name| self.saved.get(name).cloned())
    }

    /// Filters by an expression; by nothing where it is empty. How words were read that may have been meant otherwise is said.
    ///
    /// # Errors
    /// Where it is no filter, or nothing can have all that it asks. All stays as it was then.
    pub fn apply_filter(&mut self, text: &str) -> Result<(), FilterError> {
        let text = text.trim();
        if text.is_empty() {
            self.filtering = None;
        } else {
            let filter = self.read_filter(text)?;
            if let Some(remark) = filter.remarks().first() {
                self.say(remark.clone());
            }
            self.filtering = Some(self.filtering_by(text.to_owned(), filter)?);
        }
        self.narrowed();
        Ok(())
    }

    fn filtering_by(&self, text: String, filter: Filter) -> Result<Filtering, FilterError> {
        Filtering::start(text, filter, &self.store, (self.reopener.as_ref(), &self.workers), self.kept())
    }

    /// What `marked` and `note` ask for.
    fn kept(&self) -> Kept {
        let id = |place: &usize| self.store.message(*place).map(|(row, _)| (row.conn, u64::from(row.n)));
        let bookmarks = self.notes.iter().filter(|(_, note)| note.bookmark).map(|(id, _)| id);
        Kept {
            marked: self.marks.iter().filter_map(id).chain(bookmarks).collect(),
            noted: self.notes.iter().filter(|(_, note)| !note.text.is_empty()).map(|(id, _)| id).collect(),
        }
    }

    /// Asks the filter anew: marks or notes are others now.
    fn filter_again(&mut self) {
        let Some(before) = self.filtering.take() else { return };
        if let Ok(mut filtering) = self.filtering_by(before.text().to_owned(), before.filter().clone()) {
            filtering.set_highlight(!before.hides());
            self.filtering = Some(filtering);
        }
        self.narrowed();
    }

    /// What narrows the list changed: it is made anew.
    pub fn narrowed(&mut self) {
        let (made, shown) = self.made();
        shown.restart(made);
    }

    /// The list of messages, and what it is made of.
    const fn made(&mut self) -> (Made<'_>, &mut Shown) {
        let Self { store, narrow, filtering, workers, shown, .. } = self;
        (Made { store, narrow, filtering: filtering.as_ref(), workers }, shown)
    }

    const fn made_of(&self) -> Made<'_> {
        let Self { store, narrow, filtering, workers, .. } = self;
        Made { store, narrow, filtering: filtering.as_ref(), workers }
    }

    /// The list of messages holds all that it should.
    #[must_use]
    pub fn listed(&self) -> bool {
        self.shown.complete(self.made_of())
    }

    /// Everything that takes pieces is done.
    #[must_use]
    pub fn settled(&self) -> bool {
        self.filtering.as_ref().is_none_or(|filtering| filtering.done(&self.store))
            && self.shown.done(self.made_of())
            && self.census.done(&self.store)
            && !self.more
    }

    /// A column of a view is hidden.
    #[must_use]
    pub fn hides(&self, view: ViewId, column: usize) -> bool {
        self.hidden.get(&view).is_some_and(|hidden| hidden.contains(&column))
    }

    /// Sets a bookmark on the message under the cursor, or takes it away.
    pub fn toggle_bookmark(&mut self) {
        let Some((row, _)) = self.message.and_then(|place| self.store.message(place)) else {
            return self.say("there is no message under the cursor");
        };
        let row = *row;
        self.notes.change(&row, |note| note.bookmark = !note.bookmark);
        let set = self.notes.get(&row).is_some_and(|note| note.bookmark);
        self.say(if set { "bookmark set; ' goes to the next" } else { "bookmark taken away" });
        self.save_notes();
    }

    /// Writes a note on a message; an empty one takes it away.
    pub fn set_note(&mut self, place: usize, text: &str) {
        if let Some((row, _)) = self.store.message(place) {
            self.notes.change(row, |note| text.clone_into(&mut note.text));
            self.save_notes();
        }
    }

    /// Takes bookmark and note of a message away.
    pub fn forget_note(&mut self, place: usize) {
        if let Some((row, _)) = self.store.message(place) {
            self.notes.change(row, |note| *note = Note::default());
            self.save_notes();
        }
    }

    fn save_notes(&mut self) {
        if let Err(error) = self.notes.save() {
            self.fail(format!("notes are not kept: {error}"));
        }
    }

    /// Puts the cursor on the next message with a bookmark, from the first again behind the last.
    pub fn next_bookmark(&mut self) {
        let now =
            self.message.and_then(|place| self.store.message(place)).map(|(row, _)| (row.conn, row.n.into()));
        let marked = || self.notes.iter().filter(|(_, note)| note.bookmark).map(|(id, _)| id);
        let next = marked().find(|id| now.is_none_or(|now| *id > now)).or_else(|| marked().next());
        match next.and_then(|(conn, n)| self.place_of(conn, n)) {
            Some(place) => self.select_message(place),
            None => self.say("there is no bookmark: m sets one"),
        }
    }

    /// Sets the filter, or says what is wrong with it.
    pub fn filter(&mut self, text: &str) {
        if let Err(error) = self.apply_filter(text) {
            self.fail(error.to_string());
        }
    }

    /// Wakes the interface.
    #[must_use]
    pub fn waker(&self) -> Arc<dyn Fn() + Send + Sync> {
        self.workers.wake()
    }
}
