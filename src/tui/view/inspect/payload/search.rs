//! What is searched for in the payload.

use std::sync::Arc;

use super::{Matches, PayloadTab, QUICK};
use crate::decode::Decoded;
use crate::tui::model::Model;
use crate::tui::search::Needle;
use crate::tui::workers::Later;

/// Matches that are found at most.
const MATCHES: usize = 100_000;

impl PayloadTab {
    /// Has the payload searched for what is wanted, if that was not done.
    pub(super) fn search(&mut self, model: &Model, decoded: &Arc<Decoded>) {
        let Some(of) = self.of else { return };
        if model.find.is_empty() {
            (self.found, self.found_of, self.at_match) = (Arc::default(), None, None);
            (self.finding, self.seeking) = (Later::default(), None);
            return;
        }
        let wanted = (of, model.find.clone());
        if self.found_of.as_ref() == Some(&wanted) {
            return;
        }
        let (shared, what) = (Arc::clone(decoded), model.find.clone());
        let work = move || Arc::new(find(&shared.text, &what));
        let small = decoded.text.len() <= QUICK;
        let done = self.finding.get(wanted.clone(), small, &model.workers, work);
        if let Some(found) = done {
            (self.found, self.found_of, self.at_match) = (found, Some(wanted), None);
            if let Some(on) = self.seeking.take() {
                self.jump(decoded, on);
            }
        }
    }

    /// Goes to the next match, or the one before.
    pub(super) fn seek(&mut self, model: &mut Model, on: bool) {
        if model.find.is_empty() {
            return model.say("nothing is searched for; / asks what to search for");
        }
        let Some(decoded) = self.decoded.clone() else {
            // It is gone to when it is decoded, and found.
            self.seeking = Some(on);
            return model.say("searching …");
        };
        self.search(model, &decoded);
        if self.found_of.as_ref().is_none_or(|(of, what)| Some(*of) != self.of || *what != model.find) {
            // It is gone to when it is found.
            self.seeking = Some(on);
            return model.say("searching …");
        }
        if self.found.is_empty() {
            let what = model.find.clone();
            return model.say(format!("`{what}` is not in this payload"));
        }
        if self.jump(&decoded, on) {
            model.say(if on { "from the top again" } else { "from the end again" });
        }
    }

    /// Goes to the next match, or the one before. Returns whether that was around the end.
    fn jump(&mut self, decoded: &Decoded, on: bool) -> bool {
        let Some(last) = self.found.len().checked_sub(1) else { return false };
        let from = match &self.rows.get(self.scroll.cursor) {
            Some(row) => row.start as usize,
            None => self.scroll.cursor * self.hex.max(1),
        };
        let next = match (self.at_match, on) {
            (Some(at), true) => {
                if at < last {
                    at + 1
                } else {
                    0
                }
            }
            (Some(at), false) => at.checked_sub(1).unwrap_or(last),
            // A key stands before the value that the row begins with.
            (None, true) => {
                let key = self.node().and_then(|place| decoded.tree.as_ref()?.get(place));
                let from =
                    key.map_or(from, |node| if node.key.is_empty() { from } else { node.key.start as usize });
                let at = self.found.partition_point(|(start, _)| (*start as usize) < from);
                if at > last { 0 } else { at }
            }
            (None, false) => self
                .found
                .partition_point(|(start, _)| (*start as usize) < from)
                .checked_sub(1)
                .unwrap_or(last),
        };
        let around = last > 0 && self.at_match.is_some_and(|at| if on { next <= at } else { next >= at });
        self.at_match = Some(next);
        let Some((start, _)) = self.found.get(next) else { return false };
        // What holds it is unfolded.
        if let Some(tree) = &decoded.tree {
            let mut at = tree.at(*start as usize);
            while let Some(node) = at.and_then(|place| tree.get(place)) {
                let parent = (node.depth > 0).then_some(node.parent);
                if parent.is_some_and(|parent| self.folds.remove(&parent)) {
                    self.version += 1;
                }
                at = parent;
            }
        }
        self.wanted = Some(*start as usize);
        around
    }
}

/// Where a text holds another, whatever the case.
fn find(text: &[u8], what: &str) -> Matches {
    let found = Needle::new(what)
        .into_iter()
        .flat_map(|needle| needle.places(text).take(MATCHES).collect::<Vec<_>>());
    found.map(|found| (found.start as u32, found.end as u32)).collect()
}
