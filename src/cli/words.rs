//! Numbers, spans and sizes in words, and words that were meant.

pub(super) use crate::report::words::{count, findings, nothing_found, number, packets, size, span};

/// The name that was probably meant: the same letters in another order, or one of them left out, doubled
/// or wrong.
pub(super) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = names.into_iter().map(|other| (strsim::damerau_levenshtein(name, other), other));
    let (distance, near) = scored.min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + near.len() / 5 || near.starts_with(name) && name.len() > 1).then_some(near)
}
