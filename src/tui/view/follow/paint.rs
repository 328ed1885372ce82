//! A row of a transcript as it is seen.

use super::lay::{Row, What};
use crate::report::words::{arrow, count};
use crate::report::{close, hexdump, visible, words};
use crate::tui::canvas::Spans;
use crate::tui::reopen::Said;
use crate::tui::theme::Role;

/// The row that says who said what; `time` is when.
pub(super) fn head(said: &Said, conn: u32, time: &str) -> Spans {
    let role = Role::of_sender(said.dir);
    let arrow = arrow(said.dir);
    let mut spans = vec![(format!("{arrow} {conn}.m{}", said.n), role)];
    if !time.is_empty() {
        spans.push((format!("  {time}"), Role::Dim));
    }
    let z = if said.compressed { ", compressed" } else { "" };
    spans.push((format!("  {}, {}{z}", said.kind.name(), count(said.len, "byte")), role));
    if let Some(fault) = said.fault {
        spans.push((format!("  ({})", words::fault(fault)), Role::Warning));
    } else if (said.payload.len() as u64) < said.len {
        spans.push(("  (its end is not kept)".to_owned(), Role::Warning));
    }
    spans
}

/// What stands in a row, at most so many columns of it.
pub(super) fn body(row: &Row, said: &Said, columns: usize) -> Spans {
    let bytes = said.payload.get(row.start as usize..row.end as usize).unwrap_or_default();
    // No character that is seen has more than four bytes.
    let bytes = bytes.get(..(columns + 1).saturating_mul(4)).unwrap_or(bytes);
    let mut spans = match row.what {
        What::Head => Vec::new(),
        What::Text => vec![(visible::shown(bytes), Role::Text)],
        What::Json { string, escape } => json(bytes, string, escape),
        What::Hex => {
            let line = hexdump::line(row.start.into(), bytes);
            // Offsets of eight figures are for what needs them: 80 columns are just enough without.
            let short = if said.payload.len() <= 1 << 16 { line.strip_prefix("0000") } else { None };
            vec![(short.unwrap_or(&line).to_owned(), Role::Text)]
        }
        What::Close => {
            let code = said.close_code().unwrap_or_default();
            let name = close::name(code).map(|name| format!(" ({name})")).unwrap_or_default();
            let reason = said.payload.get(2..).unwrap_or_default();
            let space = if reason.is_empty() { "" } else { " " };
            vec![
                (format!("{code}{name}"), Role::Number),
                (format!("{space}{}", visible::shown(reason)), Role::Text),
            ]
        }
    };
    if row.indent > 0 {
        spans.insert(0, (" ".repeat(row.indent.into()), Role::Text));
    }
    spans
}

/// A part of JSON in pieces; `string` = it begins inside of one, and there behind a backslash where `escape`.
fn json(bytes: &[u8], mut string: bool, mut escape: bool) -> Spans {
    let mut spans: Spans = Vec::new();
    let mut piece: Vec<u8> = Vec::new();
    let push = |piece: &mut Vec<u8>, role: Role, spans: &mut Spans| {
        if !piece.is_empty() {
            spans.push((visible::shown(piece), role));
            piece.clear();
        }
    };
    for (at, &byte) in bytes.iter().enumerate() {
        if string {
            piece.push(byte);
            match byte {
                _ if escape => escape = false,
                b'\\' => escape = true,
                b'"' => {
                    string = false;
                    let behind = bytes.get(at + 1..).unwrap_or_default().trim_ascii_start();
                    let role = if behind.first() == Some(&b':') { Role::Name } else { Role::String };
                    push(&mut piece, role, &mut spans);
                }
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => {
                push(&mut piece, Role::Number, &mut spans);
                piece.push(byte);
                string = true;
            }
            b' ' | b'\t' | b'\n' | b'\r' => push(&mut piece, Role::Number, &mut spans),
            b'{' | b'}' | b'[' | b']' | b',' | b':' => {
                push(&mut piece, Role::Number, &mut spans);
                let text = if byte == b':' { ": ".to_owned() } else { char::from(byte).to_string() };
                spans.push((text, Role::Dim));
            }
            _ => piece.push(byte),
        }
    }
    push(&mut piece, if string { Role::String } else { Role::Number }, &mut spans);
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(text: &str, string: bool) -> Spans {
        json(text.as_bytes(), string, false)
    }

    #[test]
    fn json_has_roles() {
        let expected = [("\"a\"", Role::Name), (": ", Role::Dim), ("-1.5e3", Role::Number), (",", Role::Dim)];
        assert_eq!(roles("\"a\" :-1.5e3,", false), expected.map(|(text, role)| (text.to_owned(), role)));
        let expected = [("b\\\"c\"", Role::String), (",", Role::Dim)];
        assert_eq!(roles("b\\\"c\",", true), expected.map(|(text, role)| (text.to_owned(), role)));
        assert_eq!(roles("\"\x1b[2J", false), [("\"␛[2J".to_owned(), Role::String)]);
    }
}
