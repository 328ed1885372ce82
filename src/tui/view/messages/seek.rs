//! Finding the next message of some sort in the list.

use super::is_match;
use crate::tui::model::Model;

/// Messages that one key looks at; then it says so, and goes on from there when it is pressed again.
const MOST: usize = 400_000;

/// What a search came to.
pub(super) enum Sought {
    /// The place of a message.
    Found(usize),
    /// There is no further one.
    None,
    /// None so far; it goes on from this place.
    SoFar(usize),
}

/// The next message with findings behind an index, or the last before it.
pub(super) fn finding(model: &Model, from: Option<usize>, forward: bool) -> Option<usize> {
    let store = &model.store;
    let one = model.narrow.conn.and_then(|conn| store.conn(conn));
    let of_one = one.into_iter().flat_map(|conn| &conn.findings).map(|place| *place as usize);
    let of_all = if one.is_some() { 0..0 } else { 0..store.findings().len() };
    let mut best: Option<(usize, usize)> = None;
    let mut before = None;
    for found in of_one.chain(of_all).filter_map(|at| store.findings().get(at)) {
        let Some(place) = model.store.place_of_finding(found).filter(|place| before != Some(*place)) else {
            continue;
        };
        before = Some(place);
        let index = model.shown.index_of(store, place);
        let ahead = match from {
            None => true,
            Some(from) if forward => index > from,
            Some(from) => index < from,
        };
        let nearer = best.is_none_or(|(other, _)| if forward { index < other } else { index > other });
        if ahead && nearer && model.shown.get(store, index) == Some(place) {
            best = Some((index, place));
        }
    }
    best.map(|(_, place)| place)
}

/// The next message that a filter selects which only highlights.
pub(super) fn matching(model: &Model, from: usize, forward: bool) -> Sought {
    let mut index = from;
    for _ in 0..MOST {
        let next = if forward { index.checked_add(1) } else { index.checked_sub(1) };
        let Some((next, place)) = next.and_then(|next| Some((next, model.shown.get(&model.store, next)?)))
        else {
            return Sought::None;
        };
        if is_match(model, place) {
            return Sought::Found(place);
        }
        index = next;
    }
    model.shown.get(&model.store, index).map_or(Sought::None, Sought::SoFar)
}
