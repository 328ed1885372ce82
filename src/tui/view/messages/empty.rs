//! What stands where no message is shown: why, and what helps.

use crate::report::words::{count, number};
use crate::tui::action::Action;
use crate::tui::model::{Kinds, Model};
use crate::tui::theme::Role;

/// Says why there is nothing, in lines.
pub(in crate::tui::view) fn lines(model: &Model) -> Vec<(String, Role)> {
    let key = |action| model.keymap.keys(action).next().unwrap_or_default();
    let reading = model.store.is_reading();
    let all = match model.narrow.conn.map(|conn| model.store.conn(conn)) {
        Some(Some(conn)) => conn.messages.count(),
        Some(None) => 0,
        None => model.store.kept(),
    };
    if all == 0 {
        return nothing(model, reading);
    }
    if !model.listed() {
        return vec![("looking for messages that match…".to_owned(), Role::Dim)];
    }
    let mut lines = vec![(format!("none of {} is shown:", count(all as u64, "message")), Role::Text)];
    let mut because =
        |text: String, action: Action| lines.push((format!("  {text}  ({})", key(action)), Role::Text));
    if let Some(filtering) = model.filtering.as_ref().filter(|filtering| filtering.hides()) {
        because(format!("the filter  {}", filtering.text()), Action::Filter);
    }
    if model.narrow.kinds != Kinds::All {
        because(format!("only {} messages", model.narrow.kinds.name()), Action::Kinds);
    }
    if let Some(dir) = model.narrow.dir {
        let who = if dir.index() == 0 { "client" } else { "server" };
        because(format!("only what the {who} sent"), Action::Direction);
    }
    if model.narrow.no_heartbeats {
        because("heartbeats are hidden".to_owned(), Action::Heartbeats);
    }
    if model.narrow.findings {
        because("only what has findings".to_owned(), Action::FindingsOnly);
    }
    lines.push((String::new(), Role::Text));
    lines.push((format!("{} shows all {}", key(Action::Reset), number(all as u64)), Role::Heading));
    lines
}

/// There is no message at all.
fn nothing(model: &Model, reading: bool) -> Vec<(String, Role)> {
    let key = |action| model.keymap.keys(action).next().unwrap_or_default();
    let Some(conn) = model.narrow.conn.and_then(|conn| model.store.conn(conn)) else {
        let so_far = if reading { " so far" } else { "" };
        let conns = count(model.store.conns().count() as u64, "connection");
        return vec![(format!("no message on {conns}{so_far}"), Role::Text)];
    };
    let number = conn.number;
    let why = match (conn.status, conn.request) {
        (Some(status), _) if status != 101 => format!("the server refused the upgrade with status {status}"),
        (None, true)
            if conn.deflate.is_some() && conn.closing.as_ref().is_some_and(|end| end.how.is_none()) =>
        {
            "the request was never answered".to_owned()
        }
        _ if reading => "the handshake is all that came so far".to_owned(),
        (Some(_), _) => "the handshake is all that was captured".to_owned(),
        (None, _) => "none of its frames is whole".to_owned(),
    };
    vec![
        (format!("connection {number} has no messages: {why}"), Role::Text),
        (String::new(), Role::Text),
        (format!("{} shows its handshake", key(Action::Handshake)), Role::Heading),
        (format!("{} shows the messages of all connections", key(Action::Scope)), Role::Heading),
    ]
}
