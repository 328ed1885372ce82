//! The reference of keys, from the table of actions: help, palette and docs/keys.md tell the same.

use std::fmt::Write as _;

use super::action::{ACTIONS, Entry, Group};
use super::view::ViewId;

/// The marks of lists, and what they mean: for the help and the reference.
pub const MARKS: [(&str, &str); 16] = [
    (">", "the row under the cursor"),
    ("* ; =", "a bookmark; a note; a mark"),
    ("x ! i", "the worst finding on it: error, warning, note"),
    ("→ ↑", "from the client"),
    ("← ↓", "from the server"),
    ("● ○", "a connection that is open; that ended"),
    ("✗ ?", "an upgrade that was refused; a connection without its handshake"),
    ("z", "compressed"),
    ("─ ┄", "in the ladder: data; a continuation"),
    ("═ ━", "in the ladder: Ping and Pong; Close"),
    ("▾ ▸", "unfolded; folded"),
    ("▲ ▼", "sorted up; down"),
    ("♥", "heartbeats"),
    ("Δ", "the time since the row before"),
    ("…", "cut: there is more"),
    ("␀ ␛ <U+202E>", "characters that are not shown as they are"),
];

/// The views of an action, in words.
#[must_use]
pub fn views(entry: &Entry) -> String {
    let there: Vec<&str> =
        ViewId::ALL.into_iter().filter(|view| entry.views.contains(*view)).map(ViewId::name).collect();
    match there.len() {
        7 => "all".to_owned(),
        4..7 => {
            let lacks: Vec<&str> = ViewId::ALL
                .into_iter()
                .filter(|view| !entry.views.contains(*view))
                .map(ViewId::name)
                .collect();
            format!("all but {}", lacks.join(", "))
        }
        _ => there.join(", "),
    }
}

/// The tables of all actions and marks, in Markdown.
#[must_use]
pub fn markdown() -> String {
    let code = |text: &str| format!("`{}`", text.replace('|', "\\|"));
    let mut out = String::new();
    for group in Group::ALL {
        let _ =
            write!(out, "## {}\n\n| keys | what it does | views | name |\n|---|---|---|---|\n", group.name());
        for entry in ACTIONS.iter().filter(|entry| entry.group == group) {
            let keys: Vec<String> = entry.keys.iter().map(|keys| code(keys)).collect();
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} |",
                keys.join(" "),
                entry.title,
                views(entry),
                code(entry.id)
            );
        }
        out.push('\n');
    }
    out.push_str("## Marks\n\n| mark | meaning |\n|---|---|\n");
    for (mark, meaning) in MARKS {
        let _ = writeln!(out, "| {} | {meaning} |", code(mark));
    }
    out
}
