//! Markdown as GitHub renders it, for the summary of a step or a comment.

use std::io::{self, Write};

use crate::audit::Report;
use crate::report::rulebook;

use super::group::{self, Block};
use super::words::{self, clean};
use super::{Options, evidence};

/// Blocks in the table at most: GitHub refuses a summary above 1 MiB.
const ROWS: usize = 200;

/// Columns that the drawings take.
const DRAWN: usize = 100;

/// Writes the verdict, a table, and the evidence, folded.
pub(super) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## wscope check: {}\n", words::verdict(report))?;
    let sources: Vec<String> = report.sources.iter().map(|name| code(name, options.ascii)).collect();
    if report.summary.connections == 0 {
        writeln!(out, "{}: no WebSocket connection found.", sources.join(", "))?;
    } else {
        let rules = words::count(report.rules.len() as u64, "rule");
        writeln!(out, "{}: {}, {rules} checked.", sources.join(", "), words::seen(report))?;
    }
    let blocks = group::blocks(report);
    if !blocks.is_empty() {
        table(report, &blocks, options, out)?;
    }
    if blocks.len() > ROWS {
        let left_out = words::count((blocks.len() - ROWS) as u64, "more kind");
        writeln!(out, "\n+{left_out} of findings, not shown")?;
    }
    if let Some(hidden) = words::hidden(report) {
        writeln!(out, "\n{hidden}")?;
    }
    if !report.unused.is_empty() {
        writeln!(out)?;
        for unused in &report.unused {
            writeln!(out, "- **warning** {}", text(unused, options.ascii))?;
        }
    }
    details(&blocks, options, out)
}

fn table(report: &Report, blocks: &[Block<'_>], options: &Options, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n| Level | Rule | Place | What | What the peer did |")?;
    writeln!(out, "|---|---|---|---|---|")?;
    for block in blocks.iter().take(ROWS) {
        let entry = block.first;
        let rule = entry.finding.rule;
        let name = format!("{} {}", rule.code, rule.name);
        let named = rulebook::source_url(rule).map_or_else(|| name.clone(), |url| format!("[{name}]({url})"));
        let mut place = match entry.place() {
            Some(place) => format!("`{place}`"),
            None => String::new(),
        };
        if let Some(at) = entry.finding.at {
            place.push_str(&format!(" packet {}", at.packet));
        }
        if report.sources.len() > 1 {
            place.push_str(&format!(" of {}", code(&words::source(report, entry), options.ascii)));
        }
        let mut what = text(&entry.finding.text, options.ascii);
        if let Some(others) = block.others() {
            what.push_str(&format!(" ({others})"));
        }
        let reaction = entry.reaction.as_deref().map(|reaction| text(reaction, options.ascii));
        writeln!(
            out,
            "| {} | {named} | {} | {what} | {} |",
            rule.level.name(),
            place.trim(),
            reaction.unwrap_or_default()
        )?;
    }
    Ok(())
}

fn details(blocks: &[Block<'_>], options: &Options, out: &mut dyn Write) -> io::Result<()> {
    for block in blocks.iter().take(ROWS) {
        let entry = block.first;
        let rule = entry.finding.rule;
        let drawn = evidence::draw(&entry.finding.evidence, DRAWN, options.ascii);
        if drawn.is_empty() && entry.subject.is_none() {
            continue;
        }
        let place = entry.place().unwrap_or_default();
        let summary = format!("{} {} {place}", rule.code, rule.name);
        writeln!(out, "\n<details><summary>{}</summary>\n", summary.trim())?;
        if let Some(subject) = &entry.subject {
            let url = subject.url.as_ref().map(|url| code(url, options.ascii) + ", ").unwrap_or_default();
            let arrow = if options.ascii { "to" } else { "→" };
            let (client, server) = (subject.client.to_string(), subject.server.to_string());
            writeln!(out, "Connection {}: {url}`{client}` {arrow} `{server}`\n", subject.conn)?;
        }
        if !drawn.is_empty() {
            writeln!(out, "<pre>")?;
            for line in drawn {
                writeln!(out, "{}", html(&line.plain()))?;
            }
            writeln!(out, "</pre>\n")?;
        }
        if !rule.quote.is_empty() {
            writeln!(out, "> {}: {}\n", rule.source, text(rule.quote, options.ascii))?;
        }
        writeln!(out, "</details>")?;
    }
    Ok(())
}

/// Text in which nothing is markup, a link, a mention or a formula: what could be becomes an entity.
pub(in crate::report) fn text(text: &str, ascii: bool) -> String {
    let clean = clean(text, ascii);
    let mut out = String::with_capacity(clean.len());
    for c in clean.chars() {
        // A bare `www.` becomes a link.
        let link = c == '.'
            && out.len() >= 3
            && out.get(out.len() - 3..).is_some_and(|end| end.eq_ignore_ascii_case("www"));
        if link || c.is_ascii_punctuation() && !",.;()'/=%-+?".contains(c) {
            out.push_str(&format!("&#{};", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// Text as code.
pub(in crate::report) fn code(text: &str, ascii: bool) -> String {
    // Markdown is read between HTML tags, but not in entities.
    format!("<code>{}</code>", self::text(text, ascii))
}

/// Text between HTML tags.
fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_markup() {
        let hostile = "<img src=x> [a](http://b) `c` *d* _e_ |f| @g $h$ www.i.j ~~k~~ \\ \x1b #1 !";
        let shown = text(hostile, false);
        assert!(
            !shown.contains(['<', '>', '[', ']', '`', '*', '_', '|', '@', '$', '~', '\\', '\x1b', '!', ':'])
        );
        assert!(!shown.contains("www."), "{shown}");
        assert!(shown.contains("www&#46;i.j"), "{shown}");
        assert_eq!(html("<a> & </pre>"), "&lt;a&gt; &amp; &lt;/pre&gt;");
    }
}
