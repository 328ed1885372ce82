//! What all views share: the capture's rows, what is selected and what is hidden, what was read again.

mod bookmarks;
mod details;
mod narrow;
mod narrowing;
mod order;
mod selected;
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

use super::action::Action;
use super::census::Census;
use super::feed::{Progress, Pulse};
use super::filtering::Filtering;
use super::history::History;
use super::keys::Keymap;
use super::notes::Notes;
use super::overlay::Overlay;
use super::reopen::Reopener;
use super::ring::Ring;
use super::store::Store;
use super::theme::Theme;
use super::view::ViewId;
use super::workers::Workers;
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
    /// What is said while nothing came; empty = what is said of any capture.
    pub welcome: Vec<String>,
    /// How much was read; `None` where nothing is being read.
    pub progress: Option<Progress>,
    /// How a capture grows; `None` where it is one that does not.
    pub live: Option<Pulse>,
    /// Where not all of it is kept: how much is.
    pub ring: Option<Ring>,
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
            welcome: Vec::new(),
            progress: None,
            live: None,
            ring: None,
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

    /// The time of the first packet of the first connection: times are relative to it.
    #[must_use]
    pub fn origin(&self) -> Option<Timestamp> {
        self.store.origin()
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

    /// Wakes the interface.
    #[must_use]
    pub fn waker(&self) -> Arc<dyn Fn() + Send + Sync> {
        self.workers.wake()
    }
}
