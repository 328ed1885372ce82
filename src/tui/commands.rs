//! Actions that no view has a part in.

use super::action::Action;
use super::model::{Effect, Model, Narrow};
use super::overlay::diff::DiffView;
use super::overlay::notes::{NoteLine, NoteList};
use crate::item::Dir;

/// Does what an action says, on the model alone.
pub(super) fn run(model: &mut Model, action: Action) {
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
        Action::Reset => {
            model.filtering = None;
            model.narrow = Narrow::default();
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
        other => model.say(format!("{} is of no use here", other.entry().id)),
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
    let places = before.filter_map(|n| model.place_of(row.conn, n.into()));
    places.into_iter().find(|place| {
        model.store.message(*place).is_some_and(|(other, _)| (other.kind, other.dir) == (row.kind, row.dir))
    })
}
