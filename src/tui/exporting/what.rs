//! What is exported, and the filter that says it.

use crate::filter::{Filter, Rows};
use crate::report::words::{count, number};
use crate::tui::filtering;
use crate::tui::model::{Kinds, Model};
use crate::tui::view::ViewId;

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// What filter, chips and scope leave.
    Shown,
    /// A connection.
    Conn(u32),
    /// Everything.
    All,
    /// The messages that are marked.
    Marked,
}

/// Messages that are looked at to name them one by one.
const MOST: usize = 100_000;

/// The filter that selects it; `None` = everything.
///
/// # Errors
/// Where no filter does; the sentence says why.
pub fn expression(model: &Model, what: What) -> Result<Option<String>, String> {
    let text = match what {
        What::All => return Ok(None),
        What::Conn(conn) => format!("conn == {conn}"),
        What::Marked => named(model.marks.iter().filter_map(|place| id(model, *place)).collect()),
        What::Shown => match of_shown(model) {
            None => return Ok(None),
            Some(Ok(terms)) => terms,
            Some(Err(why)) => one_by_one(model, why)?,
        },
    };
    Filter::parse(&text).map_err(|error| format!("no filter says it: {}", error.message))?;
    Ok(Some(text))
}

/// What narrows the list as one filter; `None` where nothing does, or why it cannot be said.
fn of_shown(model: &Model) -> Option<Result<String, &'static str>> {
    let narrow = &model.narrow;
    let mut terms = Vec::new();
    if let Some(filtering) = model.filtering.as_ref().filter(|filtering| filtering.hides()) {
        let (filter, needs) = (filtering.filter(), filtering.filter().needs());
        // An export is to ask it of the same messages as the list does.
        let here = if model.view == ViewId::Findings { Rows::FINDING } else { Rows::NONE };
        if needs.marks || needs.rows.and(Rows::MESSAGE.or(here)).is_empty() {
            return Some(Err("the filter asks for what only lists know"));
        }
        // As it was typed, where that says it all without what is saved here.
        let text = if needs.end {
            filter.at_end(filtering::end(&model.store)).to_string()
        } else if Filter::parse(filtering.text()).is_ok_and(|read| read == *filter) {
            filtering.text().to_owned()
        } else {
            filter.to_string()
        };
        terms.push(format!("({text})"));
    }
    terms.extend(narrow.conn.map(|conn| format!("conn == {conn}")));
    if narrow.kinds != Kinds::All {
        terms.push(format!("op == {}", narrow.kinds.name()));
    }
    terms.extend(narrow.dir.map(|dir| format!("dir == {}", dir.name())));
    if narrow.no_heartbeats {
        terms.push("!heartbeat".to_owned());
    }
    if narrow.findings {
        return Some(Err("no filter says which messages have findings"));
    }
    match &terms[..] {
        [] => None,
        [only] => Some(Ok(only
            .strip_prefix('(')
            .and_then(|text| text.strip_suffix(')'))
            .unwrap_or(only)
            .to_owned())),
        _ => Some(Ok(terms.join(" && "))),
    }
}

/// Every message that is shown, by name; `why` it takes that.
fn one_by_one(model: &Model, why: &str) -> Result<String, String> {
    let shown = model.shown.len(&model.store);
    if !model.settled() {
        return Err("what is shown is not known yet".to_owned());
    }
    if shown == 0 {
        return Err("nothing is shown".to_owned());
    }
    if shown > MOST {
        return Err(format!("{why}, and {} are too many to name", number(shown as u64)));
    }
    let places = (0..shown).filter_map(|index| model.shown.unsorted(&model.store, index));
    let text = named(places.filter_map(|place| id(model, place)).collect());
    // What are not next to one another can be more than a filter may name.
    Filter::parse(&text).map_err(|_| format!("{why}, and {} are too many to name", number(shown as u64)))?;
    Ok(text)
}

fn id(model: &Model, place: usize) -> Option<(u32, u64)> {
    model.store.message(place).map(|(row, _)| (row.conn, row.n.into()))
}

/// A filter for messages by connection and number.
pub(super) fn named(mut ids: Vec<(u32, u64)>) -> String {
    ids.sort_unstable();
    ids.dedup();
    let terms: Vec<String> = ids
        .chunk_by(|one, other| one.0 == other.0)
        .map(|of_conn| {
            let ranges = of_conn.chunk_by(|one, other| one.1 + 1 == other.1);
            let ranges: Vec<String> = ranges
                .filter_map(|range| match (range.first()?.1, range.last()?.1) {
                    (first, last) if first == last => Some(first.to_string()),
                    (first, last) => Some(format!("{first}..{last}")),
                })
                .collect();
            let conn = of_conn.first().map_or(0, |id| id.0);
            format!("conn == {conn} && msg in {{{}}}", ranges.join(", "))
        })
        .collect();
    match &terms[..] {
        [only] => only.clone(),
        _ => terms.iter().map(|term| format!("({term})")).collect::<Vec<_>>().join(" || "),
    }
}

/// How many messages an export of it has, in words.
#[must_use]
pub fn extent(model: &Model, what: What) -> String {
    let all = model.store.kept() as u64;
    match what {
        What::All => {
            format!(
                "{} with {}",
                count(model.store.conns().count() as u64, "connection"),
                count(all, "message")
            )
        }
        What::Shown => {
            format!("{} of {}", number(model.shown.len(&model.store) as u64), count(all, "message"))
        }
        What::Conn(conn) => {
            count(model.store.conn(conn).map_or(0, |conn| conn.messages.count()) as u64, "message")
        }
        What::Marked => count(model.marks.len() as u64, "message"),
    }
}
