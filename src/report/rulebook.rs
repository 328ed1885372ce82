//! The pages of rules: for the terminal, as Markdown, as JSON. All of it follows from the declarations.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use schemars::JsonSchema;
use serde::Serialize;

use crate::item::Dir;
use crate::report::hexdump;
use crate::rules::{Level, Rule, all};
use crate::script::Script;

/// Where the labels of a page end.
const LABEL: usize = 12;

/// The widest that text is set, in columns.
const WIDEST: usize = 100;

/// Columns in which a summary can be wrapped; in fewer it is left to the terminal.
const LEAST_SUMMARY: usize = 20;

/// Families in the order of the catalogue: letter, name, what it is about.
const FAMILIES: [(char, &str, &str); 8] = [
    ('H', "opening handshake", "Opening handshake over HTTP/1.1 (RFC 6455 section 4)"),
    ('F', "framing", "Framing (RFC 6455 section 5)"),
    ('T', "text", "Text (RFC 6455 sections 5.6 and 8.1)"),
    ('C', "closing", "Closing (RFC 6455 sections 5.5.1 and 7)"),
    ('K', "keep-alive", "Keep-alive (RFC 6455 sections 5.5.2 and 5.5.3)"),
    ('D', "permessage-deflate", "permessage-deflate (RFC 7692)"),
    ('S', "security", "Security"),
    ('N', "capture", "The capture itself"),
];

/// The name of a rule's family.
#[must_use]
pub fn family(rule: &Rule) -> &'static str {
    let family = FAMILIES.iter().find(|(letter, ..)| *letter == rule.family());
    family.map_or("other", |(_, name, _)| name)
}

/// The colour of a level.
#[must_use]
pub const fn color(level: Level) -> Style {
    let color = match level {
        Level::Error => AnsiColor::Red,
        Level::Warning => AnsiColor::Yellow,
        Level::Note => AnsiColor::Cyan,
    };
    color.on_default()
}

/// The address of the section that a rule's source names (`RFC 6455 5.1`); `None` where no RFC is named.
#[must_use]
pub fn source_url(rule: &Rule) -> Option<String> {
    let mut words = rule.source.strip_prefix("RFC ")?.split([' ', ',']).filter(|word| !word.is_empty());
    let number = words.next().filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?;
    let page = format!("https://www.rfc-editor.org/rfc/rfc{number}");
    let is_section = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    Some(match words.next().filter(is_section) {
        Some(section) => format!("{page}#section-{section}"),
        None => page,
    })
}

/// The explanation in paragraphs, each on one line.
#[must_use]
pub fn paragraphs(rule: &Rule) -> Vec<String> {
    let lines = rule.explanation.lines().map(str::trim);
    let mut paragraphs = vec![String::new()];
    for line in lines {
        match paragraphs.last_mut() {
            Some(last) if !line.is_empty() => {
                if !last.is_empty() {
                    last.push(' ');
                }
                last.push_str(line);
            }
            _ => paragraphs.push(String::new()),
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

/// The page of a rule, for a terminal of this width.
#[must_use]
pub fn page(rule: &Rule, width: usize) -> String {
    let width = width.min(WIDEST);
    let (bold, level) = (Style::new().bold(), color(rule.level).bold());
    let mut out = format!(
        "{bold}{} {}{bold:#}  {level}{}{level:#}  {}\n{}\n",
        rule.code,
        rule.name,
        rule.level.name(),
        rule.source,
        rule.summary
    );
    for paragraph in paragraphs(rule) {
        out.push('\n');
        out.push_str(&textwrap::fill(&paragraph, width));
        out.push('\n');
    }
    out.push('\n');
    if !rule.quote.is_empty() {
        labelled(&mut out, "The rule", &format!("\"{}\"", rule.quote), width);
    }
    if let Some(url) = source_url(rule) {
        labelled(&mut out, "Read it at", &url, width);
    }
    labelled(&mut out, "A receiver", rule.reaction, width);
    labelled(
        &mut out,
        "Suppress",
        &format!("wscope check --ignore {}, or [[suppress]] in wscope.toml", rule.code),
        width,
    );
    labelled(
        &mut out,
        "Examples",
        "c: what the client sends, s: what the server sends, as bytes below",
        width,
    );
    examples(&mut out, "It fires on", rule.bad);
    examples(&mut out, "It is silent on", rule.good);
    out
}

fn labelled(out: &mut String, label: &str, text: &str, width: usize) {
    let indent = " ".repeat(LABEL);
    let options = textwrap::Options::new(width).initial_indent(&indent).subsequent_indent(&indent);
    let wrapped = textwrap::fill(text, options);
    // The label stands in the indentation of the first line.
    let _ = writeln!(out, "{label:LABEL$}{}", wrapped.get(LABEL..).unwrap_or_default());
}

fn examples(out: &mut String, title: &str, scripts: &[&str]) {
    for script in scripts {
        let _ = writeln!(out, "\n{title}");
        for line in script.lines() {
            let _ = writeln!(out, "    {line}");
        }
        for line in bytes(script) {
            let _ = writeln!(out, "        {line}");
        }
    }
}

/// What a script sends besides handshakes, as a hex dump; long steps are cut.
fn bytes(script: &str) -> Vec<String> {
    const SHOWN: usize = 32;
    let Ok(script) = Script::parse(script) else { return Vec::new() };
    let mut lines = Vec::new();
    for (side, bytes) in script.payloads() {
        let arrow = if side == Dir::C2s { "c" } else { "s" };
        let shown = bytes.get(..SHOWN).unwrap_or(&bytes);
        for (n, row) in hexdump::lines(0, shown).enumerate() {
            // The offset says nothing here.
            let row = row.get(10..).unwrap_or_default();
            let arrow = if n == 0 { arrow } else { " " };
            lines.push(format!("{arrow}  {row}").trim_end().to_owned());
        }
        if bytes.len() > SHOWN {
            lines.push(format!("   ({} bytes in all)", bytes.len()));
        }
    }
    lines
}

/// The rules in a list, for a terminal of this width; without one, a line each.
#[must_use]
pub fn list(rules: &[&Rule], width: Option<usize>) -> String {
    let mut out = String::new();
    let widest = rules.iter().map(|rule| rule.name.len()).max().unwrap_or_default();
    let bold = Style::new().bold();
    for (family, _, title) in FAMILIES {
        let members: Vec<_> = rules.iter().filter(|rule| rule.family() == family).collect();
        if members.is_empty() {
            continue;
        }
        let blank = if out.is_empty() { "" } else { "\n" };
        let _ = writeln!(out, "{blank}{bold}{title}{bold:#}");
        for rule in members {
            let level = color(rule.level).bold();
            let head = format!("  {}  {:widest$}  {:7}  ", rule.code, rule.name, rule.level.name());
            let lines = match width {
                Some(width) if head.len() + LEAST_SUMMARY <= width => {
                    textwrap::wrap(rule.summary, width - head.len())
                }
                _ => vec![rule.summary.into()],
            };
            for (n, line) in lines.iter().enumerate() {
                if n == 0 {
                    let (code, name, rule_level) = (rule.code, rule.name, rule.level.name());
                    let _ = writeln!(out, "  {code}  {name:widest$}  {level}{rule_level:7}{level:#}  {line}");
                } else {
                    let _ = writeln!(out, "{:1$}{line}", "", head.len());
                }
            }
        }
    }
    out
}

/// The section of a rule in a Markdown document.
#[must_use]
pub fn markdown(rule: &Rule) -> String {
    let mut out = format!("### {} {}\n\n", rule.code, rule.name);
    let source = match source_url(rule) {
        Some(url) => format!("[{}]({url})", rule.source),
        None => rule.source.to_owned(),
    };
    let _ = writeln!(out, "**{}** · {source} · {}", rule.level.name(), rule.summary);
    for paragraph in paragraphs(rule) {
        let _ = writeln!(out, "\n{}", textwrap::fill(&paragraph, WIDEST));
    }
    if !rule.quote.is_empty() {
        let quote = textwrap::fill(
            rule.quote,
            textwrap::Options::new(WIDEST).initial_indent("> ").subsequent_indent("> "),
        );
        let _ = writeln!(out, "\n{quote}");
    }
    let _ = writeln!(out, "\n{}", textwrap::fill(&format!("*A receiver:* {}", rule.reaction), WIDEST));
    for (title, scripts) in [("Fires on", rule.bad), ("Silent on", rule.good)] {
        let _ = writeln!(out, "\n{title}:\n\n```text");
        for (n, script) in scripts.iter().enumerate() {
            if n > 0 {
                out.push('\n');
            }
            let _ = writeln!(out, "{script}");
            for line in bytes(script) {
                let _ = writeln!(out, "    {line}");
            }
        }
        out.push_str("```\n");
    }
    out
}

/// What GitHub makes of a heading, to link to it.
fn anchor(heading: &str) -> String {
    let heading = heading.to_lowercase();
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// A document of all rules in Markdown.
#[must_use]
pub fn document() -> String {
    let rules: Vec<&Rule> = all().collect();
    let count = |level: Level| rules.iter().filter(|rule| rule.level == level).count();
    let mut out = format!(
        "# Rules\n\n\
         What `wscope check` looks for: {} rules, of which {} are errors (a MUST or MUST NOT was broken, seen \
         with\ncertainty), {} warnings (a SHOULD was broken, or a security risk) and {} notes (allowed, but worth \
         knowing).\nWhere the capture lacks the bytes, a rule that would need them stays silent.\n\n\
         This page is made from the declarations in `src/rules/`, as `wscope rule --all --format markdown` prints\n\
         it. The examples are [scripts](../src/script.rs) that the tests run: `c` is what the client sends, `s` what the\n\
         server sends, below each stand the bytes.\n\n",
        rules.len(),
        count(Level::Error),
        count(Level::Warning),
        count(Level::Note)
    );
    for (family, _, title) in FAMILIES {
        let members = rules.iter().filter(|rule| rule.family() == family).count();
        if members > 0 {
            let title = format!("{family}: {title}");
            let _ = writeln!(out, "- [{title}](#{}): {members}", anchor(&title));
        }
    }
    out.push('\n');
    for (family, _, title) in FAMILIES {
        let members: Vec<_> = rules.iter().filter(|rule| rule.family() == family).collect();
        if members.is_empty() {
            continue;
        }
        let _ = writeln!(
            out,
            "## {family}: {title}\n\n| code | name | level | source | fires when |\n|---|---|---|---|---|"
        );
        for rule in &members {
            let anchor = anchor(&format!("{} {}", rule.code, rule.name));
            let _ = writeln!(
                out,
                "| [{}](#{anchor}) | {} | {} | {} | {} |",
                rule.code,
                rule.name,
                rule.level.name(),
                rule.source,
                rule.summary
            );
        }
        for rule in members {
            let _ = write!(out, "\n{}", markdown(rule));
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// A rule in the JSON catalogue.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RuleRecord {
    /// A letter and three digits; never reused.
    pub code: &'static str,
    /// The pattern that it finds.
    pub name: &'static str,
    /// `error`, `warning` or `note`.
    pub level: &'static str,
    /// Where it is written: `RFC 6455 5.1`.
    pub source: &'static str,
    /// Where that can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The words of the source.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub quote: &'static str,
    /// One line.
    pub summary: &'static str,
    /// What it means and why it matters.
    pub explanation: String,
    /// What a receiver does about it.
    pub reaction: &'static str,
    /// Scripts on which it fires.
    pub bad: &'static [&'static str],
    /// Scripts on which it is silent.
    pub good: &'static [&'static str],
}

impl From<&'static Rule> for RuleRecord {
    fn from(rule: &'static Rule) -> Self {
        Self {
            code: rule.code,
            name: rule.name,
            level: rule.level.name(),
            source: rule.source,
            url: source_url(rule),
            quote: rule.quote,
            summary: rule.summary,
            explanation: paragraphs(rule).join("\n\n"),
            reaction: rule.reaction,
            bad: rule.bad,
            good: rule.good,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::find;

    #[test]
    fn a_page_has_all_that_the_declaration_says() {
        let rule = find("client-unmasked").unwrap();
        let page = page(rule, 80);
        for part in [
            "F004 client-unmasked",
            "RFC 6455 5.1",
            "\"a client MUST mask all frames that it sends to the server\"",
            "https://www.rfc-editor.org/rfc/rfc6455#section-5.1",
            "c 81 05 'Hello'",
            "81 05 48 65 6c 6c 6f",
            "--ignore F004",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
        let lines = page.lines().filter(|line| !line.starts_with("    "));
        assert!(
            lines.clone().all(|line| anstream::adapter::strip_str(line).to_string().len() <= 80),
            "{page}"
        );
    }

    #[test]
    fn sources_have_addresses() {
        for rule in all() {
            let rfc = rule.source.starts_with("RFC");
            assert_eq!(source_url(rule).is_some(), rfc, "{} {}", rule.code, rule.source);
        }
        let whole = Rule { source: "RFC 9112", ..copy() };
        assert_eq!(source_url(&whole).as_deref(), Some("https://www.rfc-editor.org/rfc/rfc9112"));
        let two = Rule { source: "RFC 6455 4.2.2, 4.4", ..copy() };
        assert!(source_url(&two).is_some_and(|url| url.ends_with("#section-4.2.2")));
    }

    #[test]
    fn sources_lead_to_their_sections() {
        let rule = |source| Rule { source, ..copy() };
        for (source, expected) in [
            ("RFC 6455 5.1", Some("https://www.rfc-editor.org/rfc/rfc6455#section-5.1")),
            ("RFC 7692 7.1.2.2", Some("https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2.2")),
            ("RFC 6455 4.2.2, 4.4", Some("https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2")),
            ("RFC 9112", Some("https://www.rfc-editor.org/rfc/rfc9112")),
            ("practice", None),
            ("capture", None),
        ] {
            assert_eq!(source_url(&rule(source)).as_deref(), expected, "{source}");
        }
        for rule in all().filter(|rule| rule.source.starts_with("RFC")) {
            let whole = rule.source.split(' ').count() == 2;
            assert!(
                source_url(rule).is_some_and(|url| whole != url.contains("#section-")),
                "{}",
                rule.source
            );
        }
    }

    fn copy() -> Rule {
        let rule = find("F004").unwrap();
        Rule { bad: rule.bad, good: rule.good, ..*rule }
    }

    #[test]
    fn a_list_fits() {
        let rules: Vec<&Rule> = all().collect();
        let plain = |width| anstream::adapter::strip_str(&list(&rules, width)).to_string();
        for width in [80, 120] {
            let long = plain(Some(width)).lines().find(|line| line.len() > width).map(str::to_owned);
            assert_eq!(long, None, "{width}");
        }
        assert!(plain(None).lines().filter(|line| line.starts_with("  ")).count() == rules.len());
        // In 40 columns there is no room.
        assert_eq!(plain(Some(40)), plain(None));
    }

    #[test]
    fn links_within_the_document_lead_somewhere() {
        let document = document();
        let headings: Vec<String> = document
            .lines()
            .filter(|line| line.starts_with("##"))
            .map(|line| anchor(line.trim_start_matches('#').trim_start()))
            .collect();
        let links: Vec<&str> =
            document.split("](#").skip(1).filter_map(|rest| rest.split(')').next()).collect();
        assert!(links.len() > all().count());
        for link in links {
            assert_eq!(headings.iter().filter(|heading| *heading == link).count(), 1, "{link}");
        }
        assert_eq!(anchor("H: Over HTTP/1.1 (RFC 6455 section 4)"), "h-over-http11-rfc-6455-section-4");
    }
}
