//! From one connection that has findings, or is selected by a filter, to the next.

use super::ConnsView;
use crate::place::{Place, What};
use crate::tui::action::Action;
use crate::tui::model::Model;
use crate::tui::store::Found;

/// What a finding is about.
pub(super) fn place(found: &Found) -> What {
    let finding = &found.finding;
    match (finding.frame, finding.message) {
        (Some(frame), _) => What::Frame(frame),
        (None, Some(message)) => What::Message(message),
        (None, None) => What::Connection,
    }
}

impl ConnsView {
    /// A filter that only highlights selects something of the connection.
    pub(super) fn is_match(&self, model: &Model, conn: u32) -> bool {
        let filtering = model.filtering.as_ref().filter(|filtering| !filtering.hides());
        filtering.is_some_and(|filtering| filtering.conn(conn) == Some(true))
    }

    /// The row of the next connection that is so, or the one before.
    fn next_that(&self, from: Option<usize>, forward: bool, is: impl Fn(u32) -> bool) -> Option<usize> {
        let rows = self.order.iter().enumerate();
        let found = |(_, conn): &(usize, &u32)| is(**conn);
        match (from, forward) {
            (None, _) => None,
            (Some(from), true) => rows.skip(from).find(found),
            (Some(from), false) => rows.take(from + 1).rfind(found),
        }
        .map(|(at, _)| at)
    }

    /// To the next connection with findings, and there to the message that its worst one is on. The one under the
    /// cursor is the first that comes.
    pub(super) fn next_finding(&mut self, model: &mut Model, forward: bool) {
        let here = self.scroll.cursor;
        let from = match (self.found == model.conn && model.conn.is_some(), forward) {
            (false, _) => Some(here),
            (true, true) => here.checked_add(1),
            (true, false) => here.checked_sub(1),
        };
        let has = |number| model.store.conn(number).is_some_and(|conn| conn.counts() != &[0; 3]);
        let Some(at) = self.next_that(from, forward, has) else {
            let which = if forward { "no further connection" } else { "no earlier connection" };
            return model.say(format!("{which} has findings"));
        };
        self.following = false;
        self.scroll.select(at);
        self.select(model);
        self.found = model.conn;
        let Some(conn) = model.current_conn() else { return };
        let found = conn.findings.iter().filter_map(|place| model.store.findings().get(*place as usize));
        // The first of the worst.
        let Some(worst) = found.min_by_key(|found| found.finding.rule.level as usize) else { return };
        let id = Place { conn: conn.number, what: place(worst) };
        let code = worst.finding.rule.code;
        let key = |action| model.keymap.keys(action).next().unwrap_or_default();
        match model.store.place_of_finding(worst) {
            Some(message) => {
                let open = key(Action::Open);
                model.select_message(message);
                model.say(format!("{code} in {id}: {open} goes there"));
            }
            None => {
                let findings = key(Action::Findings);
                model.say(format!("{code} is about all of the connection: {findings} tells more"));
            }
        }
    }

    /// To the next connection that the filter selects.
    pub(super) fn next_match(&mut self, model: &mut Model, forward: bool) {
        let Some(filtering) = &model.filtering else {
            return model.say("no filter: / sets one, Ctrl-t makes it highlight");
        };
        let here = self.scroll.cursor;
        let from = if forward { here.checked_add(1) } else { here.checked_sub(1) };
        let selected = |conn| filtering.conn(conn) == Some(true);
        match self.next_that(from, forward, selected) {
            Some(at) => {
                self.following = false;
                self.scroll.select(at);
                self.select(model);
            }
            None => model.say(if forward { "no further match" } else { "no earlier match" }),
        }
    }
}
