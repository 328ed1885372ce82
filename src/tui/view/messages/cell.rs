//! A message in a few words, for table and ladder.

use crate::filter::heartbeat;
use crate::report::close;
use crate::report::words::{count, number, sign, size};
use crate::rules::Level;
use crate::tui::canvas::Spans;
use crate::tui::model::Model;
use crate::tui::store::Row;
use crate::tui::theme::Role;
use crate::ws::fact::{Fault, Kind};

/// The kind in capitals.
pub(super) const fn op(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "TEXT",
        Kind::Binary => "BIN",
        Kind::Close => "CLOSE",
        Kind::Ping => "PING",
        Kind::Pong => "PONG",
    }
}

/// A length in at most five columns.
pub(super) fn len(len: u64) -> String {
    if len < 10_000 { number(len) } else { size(len) }
}

/// The letter of a finding, and its role.
pub(super) const fn letter(level: Level) -> (&'static str, Role) {
    (sign(level), Role::of_level(level))
}

/// The letter of the worst finding on a message.
pub(super) fn worst(model: &Model, row: &Row) -> Option<(&'static str, Role)> {
    let found = model.store.findings_on(row);
    found.map(|(_, found)| found.finding.rule.level).min_by_key(|level| *level as usize).map(letter)
}

/// What is wrong with a payload, in a word or two for a list; its role says whose doing that is, the sender's or the
/// capture's. All of it is said by [`fault`](crate::report::words::fault).
pub(super) const fn fault(fault: Fault) -> (&'static str, Role) {
    match fault {
        Fault::Missing => ("bytes missing", Role::Warning),
        Fault::Unfinished => ("unfinished", Role::Warning),
        Fault::BrokenDeflate => ("does not inflate", Role::Error),
        Fault::WindowExceeded => ("beyond its window", Role::Error),
        Fault::ContextKept { .. } => ("context kept", Role::Error),
        Fault::LostContext => ("not decodable", Role::Warning),
        Fault::InflateLimit => ("inflates too far", Role::Warning),
        Fault::TooLarge => ("too large", Role::Warning),
    }
}

/// What a message is about: what is wrong with it, how it came, and how its payload begins.
pub(super) fn summary(row: &Row, preview: &str) -> Spans {
    let mut spans = Spans::new();
    if let Some(why) = row.fault {
        let (text, role) = fault(why);
        spans.push((text.to_owned(), role));
        let more = row.len > 0 || row.frames > 1 || row.kind == Kind::Close;
        spans.push((if more { " · " } else { "" }.to_owned(), Role::Dim));
    }
    if row.invalid_utf8 {
        spans.push(("not UTF-8".to_owned(), Role::Error));
        spans.push((" · ".to_owned(), Role::Dim));
    }
    if row.frames > 1 {
        spans.push((format!("{} · ", count(row.frames.into(), "frame")), Role::Dim));
    }
    let dim = heartbeat(row.kind, preview.as_bytes());
    let role = if dim { Role::Dim } else { Role::Text };
    match row.kind {
        Kind::Close => {
            match row.close_code {
                Some(code) => {
                    let name = close::name(code).map_or(String::new(), |name| format!(" {name}"));
                    spans.push((format!("{code}{name}"), role));
                }
                None => spans.push(("no code".to_owned(), Role::Dim)),
            }
            if !preview.is_empty() {
                spans.push((format!(" \"{preview}\""), role));
            }
        }
        _ if row.len == 0 && row.fault.is_none() => spans.push(("(empty)".to_owned(), Role::Dim)),
        _ => {
            // A preview that is full is not all there is.
            let cut = row.len > preview.len() as u64 && row.kind != Kind::Binary
                || row.kind == Kind::Binary && row.len > preview.len().div_ceil(3) as u64;
            let more = if cut && !preview.is_empty() { "…" } else { "" };
            spans.push((format!("{}{more}", preview.trim_end()), role));
        }
    }
    spans
}

/// The text of spans.
pub(super) fn text(spans: &Spans) -> String {
    spans.iter().map(|(text, _)| text.as_str()).collect()
}

/// Spans without their first characters, for a list that is scrolled to the right.
pub(super) fn scrolled(mut spans: Spans, mut by: usize) -> Spans {
    let scrolled = by > 0;
    for (text, _) in &mut spans {
        let cut = text.char_indices().nth(by).map_or(text.len(), |(at, _)| at);
        by -= text.get(..cut).map_or(0, |head| head.chars().count());
        *text = text.split_off(cut);
    }
    if scrolled {
        spans.insert(0, ("…".to_owned(), Role::Dim));
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_short() {
        assert_eq!([0, 318, 9_999, 71_204, 9_400_000].map(len), ["0", "318", "9,999", "71k", "9.4M"]);
    }

    #[test]
    fn scrolling_takes_from_the_left() {
        let spans = || vec![("3 frames · ".to_owned(), Role::Dim), ("día".to_owned(), Role::Text)];
        assert_eq!(text(&scrolled(spans(), 0)), "3 frames · día");
        assert_eq!(text(&scrolled(spans(), 13)), "…a");
        assert_eq!(text(&scrolled(spans(), 99)), "…");
    }
}
