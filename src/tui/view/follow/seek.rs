//! Searching a transcript, in a worker.

use std::sync::Arc;

use super::FollowView;
use super::lay::{self, Laid, What};
use super::talk::State;
use crate::tui::model::Model;
use crate::tui::reopen::Said;
use crate::tui::search::Needle;
use crate::tui::workers::{Cancelled, Task};

/// A search that goes on.
#[derive(Debug)]
pub(super) struct Search {
    task: Task<Option<usize>>,
    words: String,
    from: usize,
    on: bool,
}

impl FollowView {
    pub(super) fn search(&mut self, model: &mut Model, on: bool) {
        if model.find.is_empty() {
            return model.say("nothing was searched for: / does");
        }
        let words = model.find.clone();
        let (Some(needle), Some(talk)) = (Needle::new(&words), &self.talk) else { return };
        let (chunks, laid, len) = (talk.chunks.clone(), self.lay.rows(), self.lay.len());
        let from = self.scroll.cursor;
        let task =
            model.workers.run(move |cancelled| seek(&chunks, &laid, len, from, on, &needle, cancelled));
        self.search = Some(Search { task, words, from, on });
        self.searched(model);
    }

    /// Goes to what was found, once it is.
    pub(super) fn searched(&mut self, model: &mut Model) {
        let Some(search) = self.search.take() else { return };
        match search.task.get() {
            None => {
                model.say(format!("searching for `{}` … Esc leaves it", search.words));
                self.search = Some(search);
            }
            Some(Some(row)) => {
                let around = if search.on { *row <= search.from } else { *row >= search.from };
                let row = *row;
                if around {
                    model.say(if search.on { "on from the top" } else { "on from the end" });
                } else if model.notice.as_ref().is_some_and(|notice| notice.text.starts_with("searching")) {
                    model.notice = None;
                }
                self.tail = false;
                self.scroll.len = self.len();
                self.scroll.select(row);
                self.select(model);
            }
            Some(None) => {
                let all = self
                    .talk
                    .as_ref()
                    .is_some_and(|talk| talk.state != State::Reading && self.lay.done(talk.chunks.len()));
                let so_far = if all { "" } else { " so far" };
                model.say(format!("`{}` is not in what is shown{so_far}", search.words));
            }
        }
    }
}

/// The next row that holds what is searched for, around the end.
fn seek(
    chunks: &[Arc<[Said]>],
    laid: &[Laid],
    len: usize,
    from: usize,
    on: bool,
    needle: &Needle,
    cancelled: &Cancelled,
) -> Option<usize> {
    let mut starts = Vec::with_capacity(chunks.len());
    let mut all = 0;
    for chunk in chunks {
        starts.push(all);
        all += chunk.len();
    }
    let said = |index: usize| {
        let chunk = starts.partition_point(|start| *start <= index).checked_sub(1)?;
        chunks.get(chunk)?.get(index - starts.get(chunk)?)
    };
    (1..=len).map(|step| if on { (from + step) % len } else { (from + 2 * len - step) % len }).find(|at| {
        if at % 1024 == 0 && cancelled.is() {
            return true;
        }
        let Some(row) = lay::row(laid, *at) else { return false };
        let Some(said) = said(row.said as usize) else { return false };
        let goes_on =
            lay::row(laid, at + 1).is_some_and(|next| next.said == row.said && next.start == row.end);
        let reach = if goes_on { needle.reach() } else { 0 };
        let end = (row.end as usize).saturating_add(reach).min(said.payload.len());
        let part = said.payload.get(row.start as usize..end).unwrap_or_default();
        row.what != What::Head && begins_in(needle, part, (row.end - row.start) as usize)
    })
}

/// It stands there, and begins before `len`.
fn begins_in(needle: &Needle, part: &[u8], len: usize) -> bool {
    needle.first(part).is_some_and(|at| at < len)
}
