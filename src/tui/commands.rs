//! Actions that no view has a part in.

use super::action::Action;
use super::model::{Effect, Model, Narrow};
use super::overlay::diff::DiffView;
use super::overlay::filter::FilterBar;
use super::overlay::help::Help;
use super::overlay::notes::{NoteLine, NoteList};
use super::overlay::palette::Palette;
use crate::item::Dir;

/// Does what an action says, on the model alone.
pub(super) fn run(model: &mut Model, action: Action) {
    if super::yank::run(model, action) {
        return;
    }
    match action {
        Action::Kinds => {
            model.narrow.kinds = model.narrow.kinds.next();
            model.say(format!("shown: {}", model.narrow.kinds.name()));
            model.narrowed();
        }
        Action::Direction => {
            model.narrow.dir = match model.narrow.dir {
                None => Some(Dir::C2s),
                Some(Dir::C2s) => Some(Dir::S2c),
                Some(Dir::S2c) => None,
            };
            model.say(match model.narrow.dir {
                None => "shown: both directions",
                Some(Dir::C2s) => "shown: what the client sent",
                Some(Dir::S2c) => "shown: what the server sent",
            });
            model.narrowed();
        }
        Action::Heartbeats => {
            model.narrow.no_heartbeats = !model.narrow.no_heartbeats;
            let hidden = model.narrow.no_heartbeats;
            model.say(if hidden { "heartbeats are hidden" } else { "heartbeats are shown" });
            model.narrowed();
        }
        Action::FindingsOnly => {
            model.narrow.findings = !model.narrow.findings;
            model.say(if model.narrow.findings { "shown: what has findings" } else { "shown: all" });
            model.narrowed();
        }
        Action::Scope => {
            model.narrow.conn = match model.narrow.conn {
                None => model.conn,
                Some(_) => None,
            };
            model.say(match model.narrow.conn {
                None => "shown: all connections".to_owned(),
                Some(conn) => format!("shown: connection {conn}"),
            });
            model.narrowed();
        }
        Action::Filter => {
            let filter = FilterBar::open(model);
            model.effect(Effect::Show(Box::new(filter)));
        }
        Action::Help => {
            let help = Help::open(model);
            model.effect(Effect::Show(Box::new(help)));
        }
        Action::Palette => {
            let palette = Palette::open(model);
            model.effect(Effect::Show(Box::new(palette)));
        }
        Action::Highlight => match &mut model.filtering {
            Some(filtering) => {
                let highlight = filtering.hides();
                filtering.set_highlight(highlight);
                model.say(if highlight {
                    "what the filter selects is highlighted"
                } else {
                    "what the filter does not select is hidden"
                });
                model.narrowed();
            }
            None => model.say("there is no filter; / sets one"),
        },
        Action::Reset => {
            model.filtering = None;
            // The connection is where one is, not what is hidden.
            model.narrow = Narrow { conn: model.narrow.conn, ..Narrow::default() };
            model.hidden.clear();
            model.say("nothing is hidden");
            model.narrowed();
        }
        Action::Diff => diff(model),
        Action::Bookmark => model.toggle_bookmark(),
        Action::NextBookmark => model.next_bookmark(),
        Action::Bookmarks => model.effect(Effect::Show(Box::<NoteList>::default())),
        Action::Note => match model.message.zip(model.current_message()) {
            Some((place, (row, _))) => {
                let text = model.notes.get(row).map_or("", |note| &note.text);
                let line = NoteLine::new(place, text);
                model.effect(Effect::Show(Box::new(line)));
            }
            None => model.say("there is no message under the cursor"),
        },
        other => model.say(format!("“{}” is of no use here", other.entry().title)),
    }
}

/// Filters by a term: alone, without it, or together with the filter that there is.
pub(super) fn filter_by(model: &mut Model, action: Action, term: Option<String>) {
    let Some(term) = term else { return model.say("there is no field here to filter by") };
    let before = model.filtering.as_ref();
    let both = |term: &str| match before {
        None => term.to_owned(),
        Some(filtering) if filtering.filter().is_any() => format!("({}) && {term}", filtering.text()),
        Some(filtering) => format!("{} && {term}", filtering.text()),
    };
    let text = match action {
        Action::FilterNot => both(&format!("!({term})")),
        Action::FilterAnd => both(&term),
        Action::FilterOr => {
            before.map_or_else(|| term.clone(), |filtering| format!("{} || {term}", filtering.text()))
        }
        _ => term,
    };
    match model.apply_filter(&text) {
        Ok(()) => {
            remember(model, &text);
            model.say(format!("filter: {text}"));
        }
        Err(error) => model.fail(error.message),
    }
}

/// Keeps a filter in the history.
pub(super) fn remember(model: &mut Model, text: &str) {
    if let Err(error) = model.history.add(text) {
        model.fail(format!("the history of filters cannot be written: {error}"));
    }
}

/// The two marked messages; the marked one and the one under the cursor; without marks, the one under the cursor and
/// the one of its kind before it.
fn diff(model: &mut Model) {
    let Some(place) = model.message else { return model.say("there is no message under the cursor") };
    let other = match model.marks[..] {
        [.., one, other] => Some([one, other]),
        [one] => Some([one, place]),
        [] => before_of_its_kind(model, place).map(|before| [before, place]),
    };
    match other {
        Some([one, other]) if one != other => {
            model.effect(Effect::Show(Box::new(DiffView::new([one.min(other), one.max(other)]))));
        }
        _ => model.say("there is nothing to compare it with: Space marks a message"),
    }
}

/// Messages that are looked at for one of the same kind.
const FAR: u32 = 10_000;

fn before_of_its_kind(model: &Model, place: usize) -> Option<usize> {
    let (row, _) = model.store.message(place)?;
    let before = (row.n.saturating_sub(FAR).max(1)..row.n).rev();
    let places = before.filter_map(|n| model.store.place_of(row.conn, n.into()));
    places.into_iter().find(|place| {
        model.store.message(*place).is_some_and(|(other, _)| (other.kind, other.dir) == (row.kind, row.dir))
    })
}
