//! The reference of the filter language's fields, from the table that its type checker uses.

use std::fmt::Write as _;

use crate::filter::{FIELDS, Info, Type};

/// What is no field and yet can be asked for: how it is written, its type, of what, and what it is.
pub const OTHERS: [[&str; 5]; 2] = [
    [
        "header[\"Name\"]",
        "text",
        "everything",
        "a header of the handshake, of either half",
        "header[\"X-Room\"] == blue",
    ],
    [
        ".key[0].key",
        "JSON",
        "messages",
        "a place in a text payload that is JSON; [] is any element",
        ".items[].price > 61000",
    ],
];

/// A field's page, for a terminal.
#[must_use]
pub fn page(info: &Info) -> String {
    let mut out = format!("{}  {}\n\n", info.name, info.what);
    let mut line = |label: &str, text: &str| {
        let _ = writeln!(out, "{label:<10}{text}");
    };
    line("type", info.kind.name());
    line("of", &info.rows.to_string());
    if !info.aliases.is_empty() {
        line("also", &info.aliases.join(", "));
    }
    line("operators", operators(info.kind));
    line("values", &info.kind.values());
    line("example", info.example);
    out
}

/// The operators that a type takes.
#[must_use]
pub const fn operators(kind: Type) -> &'static str {
    match kind {
        Type::Bool => "by itself, == !=",
        Type::Int | Type::Decimal | Type::Span | Type::Instant => "== != < <= > >= in {a, b..c}",
        Type::Scale(_) => "== != < <= > >= in {a, b}",
        Type::Text | Type::Bytes => "== != contains ~ !~ =~ in {a, b}, parts as in name[0:2]",
        Type::Address | Type::Opcode | Type::Word(_) | Type::Rule => "== != in {a, b}",
    }
}

/// The table of all fields, in Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut out =
        "| field | also | type | of | what it is | example |\n|---|---|---|---|---|---|\n".to_owned();
    let code = |text: &str| format!("`{}`", text.replace('|', "\\|"));
    for info in FIELDS {
        let aliases: Vec<String> = info.aliases.iter().map(|alias| code(alias)).collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            code(info.name),
            aliases.join(" "),
            info.kind.name(),
            info.rows,
            info.what,
            code(info.example)
        );
    }
    for [name, kind, rows, what, example] in OTHERS {
        let _ = writeln!(out, "| {} | | {kind} | {rows} | {what} | {} |", code(name), code(example));
    }
    out
}
