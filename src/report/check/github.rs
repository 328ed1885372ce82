//! Workflow commands of GitHub Actions, which become annotations of the run.
//!
//! A step shows only the first ten of each level, so repeats are folded into one.

use std::io::{self, Write};

use crate::audit::Report;
use crate::rules::Level;

use super::group::{self, Block};
use super::{Options, words};

/// Writes an annotation a block.
pub(super) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    for block in group::blocks(report) {
        let rule = block.first.finding.rule;
        let command = match rule.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let file = words::clean(&words::source(report, block.first), options.ascii);
        let title = format!("{} {}", rule.code, rule.name);
        let message = message(&block, options.ascii);
        writeln!(out, "::{command} title={},file={}::{}", property(&title), property(&file), data(&message))?;
    }
    for unused in &report.unused {
        let text = words::clean(unused, options.ascii);
        writeln!(out, "::warning title=wscope check::{}", data(&text))?;
    }
    if let Some(hidden) = words::hidden(report) {
        writeln!(out, "{hidden}")?;
    }
    match words::all_well(report) {
        Some(all_well) => writeln!(out, "{all_well}"),
        None => {
            let (seen, counts) = (words::seen(report), words::counts(report));
            writeln!(out, "{seen}: {counts}{}", words::set_aside(report))
        }
    }
}

fn message(block: &Block<'_>, ascii: bool) -> String {
    let entry = block.first;
    let mut message = match (entry.place(), entry.finding.at) {
        (Some(place), Some(at)) => format!("{place} (packet {}): ", at.packet),
        (Some(place), None) => format!("{place}: "),
        (None, _) => String::new(),
    };
    message.push_str(&words::clean(&entry.finding.text, ascii));
    if let Some(reaction) = &entry.reaction {
        message.push_str(&format!("\n{}", words::clean(reaction, ascii)));
    }
    if let Some(others) = block.others() {
        message.push_str(&format!("\n{others}"));
    }
    message
}

/// The text behind `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_or_begins_another() {
        assert_eq!(data("100%\r\n::error::x"), "100%25%0D%0A::error::x");
        assert_eq!(property("a:b,c%"), "a%3Ab%2Cc%25");
    }
}
