//! `-Y`, and `wscope filter`, which explains one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use crate::filter::{Field, Filter, JSON_LIMIT, Rows};
use crate::report::visible::{self, Style};
use crate::tui::config::{self, Config};

use super::{Outcome, session};

/// Reads what was given with `-Y`, and says how words were read that may have been meant otherwise.
///
/// # Errors
/// Where it is no filter, or one that only the terminal UI can answer.
pub(super) fn parse(text: Option<&str>, quiet: bool) -> anyhow::Result<Option<Filter>> {
    let filter = text.map(understood).transpose()?;
    if let Some(filter) = &filter {
        filter.require_no_interface()?;
    }
    if !quiet {
        filter.iter().flat_map(Filter::remarks).for_each(|remark| session::note(remark));
    }
    Ok(filter)
}

/// Reads a filter, with the saved ones (`@name`) that the user's configuration holds, where it names any.
///
/// # Errors
/// Where it is no filter, or names saved ones and the configuration cannot be used.
fn understood(text: &str) -> anyhow::Result<Filter> {
    let saved =
        if text.contains('@') { Config::load(None, &config::environment)?.filters } else { BTreeMap::new() };
    Ok(Filter::parse_with(text, &|name| saved.get(name).cloned())?)
}

/// As [`parse`], for a command that has rows of the kinds `there`; `but` is what to say where another is
/// asked for.
///
/// # Errors
/// Where it is no filter, or can never be true here.
pub(super) fn read(
    text: Option<&str>,
    there: Rows,
    but: &str,
    quiet: bool,
) -> anyhow::Result<Option<Filter>> {
    let filter = parse(text, quiet)?;
    if let Some(filter) = &filter {
        filter.require(there, but, elsewhere)?;
    }
    Ok(filter)
}

/// Which command has such rows.
fn elsewhere(rows: Rows) -> Option<&'static str> {
    let has = |kind| !rows.and(kind).is_empty();
    Some(if has(Rows::MESSAGE) {
        "`wscope show` selects messages"
    } else if has(Rows::FRAME) {
        "`wscope show --frames` and `wscope export --records all` select frames"
    } else if has(Rows::FINDING) {
        "`wscope export` selects findings, `wscope ls` connections that have them"
    } else {
        "`wscope ls` selects connections"
    })
}

/// Explains how a filter is understood.
pub(super) fn run(text: &str) -> anyhow::Result<Outcome> {
    let filter = understood(text)?;
    let needs = filter.needs();
    let mut out = String::new();
    let mut line = |label: &str, text: &str| {
        let mut shown = String::new();
        visible::append(text.as_bytes(), Style { ascii: false, multi_line: false }, &mut shown);
        let _ = writeln!(out, "{label:<12}{shown}");
    };
    line("read as", &filter.to_string());
    line("true of", &needs.rows.to_string());
    let mut seen: Vec<(&str, Rows)> = Vec::new();
    for used in filter.uses() {
        if !seen.contains(&used) {
            let label = if seen.is_empty() { "looks at" } else { "" };
            let field = used.0.split(['[', ' ']).next().unwrap_or_default();
            let kind = match Field::find(field) {
                Some(info) => info.kind.name(),
                None if used.0.starts_with('.') => "JSON",
                None => "text",
            };
            line(label, &format!("{:<16} {kind:<10} of {}", used.0, used.1));
            seen.push(used);
        }
    }
    let mut wants = Vec::new();
    if needs.json {
        wants.push("text payloads as JSON".to_owned());
    }
    match needs.payload {
        0 => {}
        usize::MAX => wants.push("payloads".to_owned()),
        JSON_LIMIT if needs.json => {}
        bytes => wants.push(format!("the first {} of payloads", super::words::count(bytes as u64, "byte"))),
    }
    if needs.running {
        wants.push("what came before on the connection".to_owned());
    }
    if needs.marks || needs.end {
        wants.push("the terminal UI".to_owned());
    }
    if needs.number {
        wants.push("connection numbers (decodes in one thread)".to_owned());
    }
    line("needs", &if wants.is_empty() { "nothing but headers".to_owned() } else { wants.join(", ") });
    anstream::stdout().lock().write_all(out.as_bytes())?;
    filter.remarks().iter().for_each(|remark| session::note(remark));
    Ok(Outcome::Done)
}
