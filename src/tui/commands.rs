//! Actions that no view has a part in.

use super::action::Action;
use super::model::Model;
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
            // The connection is where one is, not what is hidden.
            model.narrow = super::model::Narrow { conn: model.narrow.conn, ..Default::default() };
            model.say("nothing is hidden");
            model.narrowed();
        }
        other => model.say(format!("{} is of no use here", other.entry().id)),
    }
}
