//! The columns of the table: what they say of a connection, and what they sort by.

use std::borrow::Cow;

use crate::event::How;
use crate::http::secret;
use crate::packet::segment::Endpoint;
use crate::report::words::{number, sign, size, span};
use crate::rules::Level;
use crate::tui::grid::{Align, Column};
use crate::tui::model::{Model, TimeFormat};
use crate::tui::store::Conn;
use crate::tui::theme::Role;

pub(super) const COLUMNS: [Column; 13] = [
    Column::new("#", 2, 7, Align::Right, 0),
    Column::new("St", 2, 2, Align::Left, 0),
    Column::new("Start", 8, 23, Align::Left, 9),
    Column::new("For", 4, 7, Align::Right, 10),
    Column::new("Client", 9, 25, Align::Left, 3),
    Column::new("Server", 9, 25, Align::Left, 7),
    Column { grows: true, ..Column::new("Host + path", 12, 24, Align::Left, 0) },
    Column::new("Subprotocol", 6, 20, Align::Left, 6),
    Column::new("Deflate", 4, 8, Align::Left, 8),
    Column::new("Msgs ↑/↓", 8, 13, Align::Right, 1),
    Column::new("Bytes ↑/↓", 9, 11, Align::Right, 5),
    Column::new("End", 4, 20, Align::Left, 2),
    Column::new("Find", 4, 6, Align::Right, 0),
];

/// How long it lasted, in nanoseconds.
fn lasted(conn: &Conn) -> i64 {
    conn.last().time.since(conn.opened.time).max(0)
}

/// What connections are sorted by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    None,
    Number(u64),
    Address(Endpoint),
    Text(Cow<'static, str>),
}

/// What a column sorts by.
pub(super) fn key(conn: &Conn, column: usize) -> Key {
    let totals = conn.totals();
    let text = |text: Option<&str>| Key::Text(text.unwrap_or_default().to_owned().into());
    match column {
        1 => Key::Text(state(conn).0.into()),
        3 => Key::Number(lasted(conn).unsigned_abs()),
        4 => Key::Address(conn.client),
        5 => Key::Address(conn.server),
        6 => text(conn.url.as_deref()),
        7 => text(conn.subprotocol.as_deref()),
        8 => Key::Number(conn.deflate.map_or(0, |deflate| 1 + u64::from(deflate))),
        9 => Key::Number(totals.iter().map(|totals| totals.messages).sum()),
        10 => Key::Number(totals.iter().map(|totals| totals.bytes).sum()),
        11 => Key::Text(end(conn).into()),
        12 => Key::Number(conn.counts().iter().rev().enumerate().map(|(n, count)| count << (20 * n)).sum()),
        // They are numbered as they began.
        _ => Key::Number(conn.number.into()),
    }
}

/// The state in one character, and its role.
fn state(conn: &Conn) -> (&'static str, Role) {
    match conn.closing.as_deref() {
        _ if conn.status.is_some_and(|status| status != 101) => ("✗", Role::Error),
        Some(closing) if closing.how.is_none() => ("✗", Role::Error),
        _ if conn.deflate.is_none() => ("?", Role::Warning),
        Some(closing) if !matches!(closing.how, Some(How::Open | How::Idle)) => ("○", Role::Dim),
        _ => ("●", Role::Good),
    }
}

/// Where it was asked for, without scheme and secrets.
pub(in crate::tui::view) fn place(conn: &Conn, reveal: bool) -> String {
    match conn.url.as_deref() {
        Some(url) => {
            let url = if reveal { url.to_owned() } else { secret::redacted_text(url) };
            url.split_once("://").map_or(&*url, |(_, rest)| rest).to_owned()
        }
        None if conn.deflate.is_none() => "(no handshake captured)".to_owned(),
        None if !conn.request => "(no request captured)".to_owned(),
        None => "(no host in the request)".to_owned(),
    }
}

/// How it ended, the close code first.
pub(super) fn end(conn: &Conn) -> String {
    let Some(closing) = conn.closing.as_deref() else { return "open".to_owned() };
    let Some(how) = closing.how else {
        return conn.status.map_or_else(|| "no answer".to_owned(), |status| format!("HTTP {status}"));
    };
    match closing.close.iter().flatten().find_map(|close| close.code) {
        Some(code) if how == How::Clean => code.to_string(),
        Some(code) => format!("{code} {}", how.name()),
        None => how.name().to_owned(),
    }
}

/// The letter of the worst finding.
pub(in crate::tui) fn worst(counts: &[u64; 3]) -> (&'static str, Role) {
    let worst = Level::ALL.into_iter().zip(counts).find(|(_, count)| **count > 0);
    worst.map_or((" ", Role::Text), |(level, _)| (sign(level), Role::of_level(level)))
}

pub(super) fn cell(model: &Model, conn: &Conn, column: usize) -> (String, Role) {
    let unknown = || "?".to_owned();
    let [up, down] = conn.totals();
    match column {
        0 => (conn.number.to_string(), Role::Text),
        1 => {
            let (sign, role) = state(conn);
            (sign.to_owned(), role)
        }
        2 => {
            // There is no row before in every order.
            let format = match model.settings.time {
                TimeFormat::Delta => TimeFormat::Relative,
                other => other,
            };
            (format.write(conn.opened.time, model.origin(), None), Role::Dim)
        }
        3 => (span(lasted(conn)), Role::Dim),
        4 => (conn.client.to_string(), Role::Text),
        5 => (conn.server.to_string(), Role::Text),
        6 => (place(conn, model.settings.reveal), if conn.url.is_some() { Role::Text } else { Role::Dim }),
        7 => match (&conn.subprotocol, conn.deflate) {
            (Some(name), _) => (name.to_string(), Role::Text),
            (None, None) => (unknown(), Role::Dim),
            (None, Some(_)) => ("-".to_owned(), Role::Dim),
        },
        8 => match conn.deflate {
            None => (unknown(), Role::Dim),
            Some(true) => ("on".to_owned(), Role::Text),
            Some(false) => ("-".to_owned(), Role::Dim),
        },
        9 => (format!("{}/{}", number(up.messages), number(down.messages)), Role::Text),
        10 => (format!("{}/{}", size(up.bytes), size(down.bytes)), Role::Text),
        11 => (end(conn), Role::Text),
        12 => {
            let all: u64 = conn.counts().iter().sum();
            let text = if all == 0 { "-".to_owned() } else { number(all) };
            (text, if all == 0 { Role::Dim } else { worst(conn.counts()).1 })
        }
        _ => (String::new(), Role::Text),
    }
}
