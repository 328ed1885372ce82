//! The filter of the views, at work.

use std::time::Duration;

use super::store::Store;
use crate::filter::Filter;

/// A filter, and what it selects as far as that is known.
#[derive(Debug)]
pub struct Filtering {
    filter: Filter,
    text: String,
    highlight: bool,
}

impl Filtering {
    /// Begins to ask a filter of what the store holds.
    #[must_use]
    pub fn start(text: String, filter: Filter) -> Self {
        Self { filter, text, highlight: false }
    }

    /// As it was typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it does not select is hidden; else what it selects is highlighted.
    #[must_use]
    pub const fn hides(&self) -> bool {
        !self.highlight
    }

    /// It selects a message, by its place in the store; `None` = not known yet.
    #[must_use]
    pub fn message(&self, _place: usize) -> Option<bool> {
        let _ = &self.filter;
        Some(true)
    }

    /// Goes on for about so long, and says whether more is known.
    pub fn advance(&mut self, _store: &Store, _budget: Duration) -> bool {
        false
    }

    /// It was asked of everything that the store holds.
    #[must_use]
    pub fn done(&self, _store: &Store) -> bool {
        true
    }
}
