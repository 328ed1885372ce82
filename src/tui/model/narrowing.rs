//! What narrows the list of messages is set and taken away.

use super::shown::Made;
use super::{Model, Shown};
use crate::filter::{Filter, FilterError};
use crate::tui::filtering::{Filtering, Kept};

impl Model {
    /// Reads a filter, in which saved filters may be named.
    ///
    /// # Errors
    /// Where it is none.
    pub fn read_filter(&self, text: &str) -> Result<Filter, FilterError> {
        Filter::parse_with(text, &|name| self.saved.get(name).cloned())
    }

    /// Sets the filter, or says what is wrong with it.
    pub fn filter(&mut self, text: &str) {
        if let Err(error) = self.apply_filter(text) {
            self.fail(error.to_string());
        }
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
    pub(super) fn kept(&self) -> Kept {
        let id = |place: &usize| self.store.message(*place).map(|(row, _)| (row.conn, u64::from(row.n)));
        let bookmarks = self.notes.iter().filter(|(_, note)| note.bookmark).map(|(id, _)| id);
        Kept {
            marked: self.marks.iter().filter_map(id).chain(bookmarks).collect(),
            noted: self.notes.iter().filter(|(_, note)| !note.text.is_empty()).map(|(id, _)| id).collect(),
        }
    }

    /// Asks the filter anew: marks or notes are others now.
    pub(super) fn filter_again(&mut self) {
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
    pub(super) const fn made(&mut self) -> (Made<'_>, &mut Shown) {
        let Self { store, narrow, filtering, workers, shown, .. } = self;
        (Made { store, narrow, filtering: filtering.as_ref(), workers }, shown)
    }

    pub(super) const fn made_of(&self) -> Made<'_> {
        let Self { store, narrow, filtering, workers, .. } = self;
        Made { store, narrow, filtering: filtering.as_ref(), workers }
    }

    /// The list of messages holds all that it should.
    #[must_use]
    pub fn listed(&self) -> bool {
        self.shown.complete(self.made_of())
    }
}
