//! For people: blocks as a compiler prints them, the evidence drawn, repeats folded.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr as _;

use crate::audit::{Entry, Report};
use crate::report::rulebook::color;
use crate::rules::Level;

use super::Options;
use super::evidence::{self, Line};
use super::group::{self, Block};
use super::words::{self, clean, count, number};
use super::wrap::wrap;

/// The narrowest that lines are wrapped to: a diagram is 70 columns.
const LEAST_WIDTH: usize = 72;

/// The widest: longer lines are hard to read.
const MOST_WIDTH: usize = 120;

/// Places that are named of those that repeat a finding.
const NAMED: usize = 8;

/// Blocks of one rule that are drawn; what follows is told in short.
const IN_FULL: usize = 5;

/// Columns before what stands behind `-->`, `|` and `=`.
const GUTTER: usize = 5;

/// Writes errors and warnings as blocks, notes and what repeats in short, then the summary.
pub(super) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let width = options.width.clamp(LEAST_WIDTH, MOST_WIDTH);
    let quoted = HashSet::new();
    let mut page = Page { report, color: options.color, ascii: options.ascii, width, quoted, out };
    let blocks = group::blocks(report);
    let (notes, faults): (Vec<_>, Vec<_>) =
        blocks.iter().partition(|block| block.first.finding.rule.level == Level::Note);
    let mut told = HashMap::new();
    // The line before is of something told in short, which has no empty line behind it.
    let mut short = false;
    for block in faults.into_iter().chain(notes) {
        let rule = block.first.finding.rule;
        let times: &mut usize = told.entry(rule.code).or_default();
        *times += 1;
        if rule.level == Level::Note || *times > IN_FULL {
            page.short(block)?;
            short = true;
        } else {
            if std::mem::take(&mut short) {
                writeln!(page.out)?;
            }
            page.block(block)?;
            writeln!(page.out)?;
        }
    }
    if short {
        writeln!(page.out)?;
    }
    page.end()
}

struct Page<'a> {
    report: &'a Report,
    color: bool,
    ascii: bool,
    width: usize,
    /// Codes of the rules that were quoted.
    quoted: HashSet<&'static str>,
    out: &'a mut dyn Write,
}

impl Page<'_> {
    fn block(&mut self, block: &Block<'_>) -> io::Result<()> {
        let entry = block.first;
        let rule = entry.finding.rule;
        let level = color(rule.level);
        self.title(rule.level, rule.code, &words::named_text(entry, self.ascii))?;
        self.place(entry, None)?;
        self.connection(entry)?;
        let drawn = evidence::draw(&entry.finding.evidence, self.width - GUTTER, self.ascii);
        if !drawn.is_empty() {
            self.bar("", None)?;
            for line in drawn {
                let text = line.plain();
                self.bar(&text, matches!(line, Line::Mark { .. }).then_some(level))?;
            }
            self.bar("", None)?;
        }
        if let Some(reaction) = &entry.reaction {
            self.field("note", &clean(reaction, self.ascii))?;
        }
        for (name, text) in [("also", self.also(block)), ("also on", self.elsewhere(block))] {
            if let Some(text) = text {
                self.field(name, &text)?;
            }
        }
        let rule = self.rule(entry);
        self.field("rule", &rule)?;
        self.help(entry)
    }

    /// `error[F004] client-unmasked: …`.
    fn title(&mut self, rule_level: Level, code: &str, text: &str) -> io::Result<()> {
        let head = format!("{}[{code}]", rule_level.name());
        let lines = wrap(text, self.width - head.width() - 1, self.width - GUTTER);
        let (head, bold) = (self.paint(&head, color(rule_level).bold()), Style::new().bold());
        for (place, line) in lines.iter().enumerate() {
            let line = self.paint(line, bold);
            if place == 0 {
                writeln!(self.out, "{head} {line}")?;
            } else {
                writeln!(self.out, "{:GUTTER$}{line}", "")?;
            }
        }
        Ok(())
    }

    /// Where it is: `--> chat.pcapng: 2.f780, packet 9882, 31.992 s`. What is behind the file's name stands on
    /// the next line where it does not fit, so that the name can be copied.
    fn place(&mut self, entry: &Entry, others: Option<&str>) -> io::Result<()> {
        let sign = self.paint("-->", gutter());
        let source = match words::source(self.report, entry) {
            source if source == "-" => "standard input".to_owned(),
            source => clean(&source, self.ascii),
        };
        let mut facts: Vec<String> = entry.place().into_iter().collect();
        if let Some(at) = entry.finding.at {
            facts.push(format!("packet {}", at.packet));
            if let Some(start) = self.report.start {
                facts.push(format!("{:.3} s", at.time.since(start.time) as f64 / 1e9));
            }
        }
        let mut facts = facts.join(", ");
        if let Some(others) = others {
            facts.push_str(&format!(" ({others})"));
        }
        let facts = facts.trim_start();
        if facts.is_empty() {
            writeln!(self.out, "  {sign} {source}")
        } else if 6 + source.width() + 2 + facts.width() <= self.width {
            writeln!(self.out, "  {sign} {source}: {facts}")
        } else {
            writeln!(self.out, "  {sign} {source}\n      {facts}")
        }
    }

    /// Which connection that is: `connection 2: URL, client → server`, the ends below where they do not fit.
    fn connection(&mut self, entry: &Entry) -> io::Result<()> {
        let Some(subject) = &entry.subject else { return Ok(()) };
        let arrow = if self.ascii { "->" } else { "→" };
        let mut line = format!("connection {}:", subject.conn);
        let ends = format!("{} {arrow} {}", subject.client, subject.server);
        if let Some(url) = &subject.url {
            line.push_str(&format!(" {},", clean(url, self.ascii)));
        }
        let space = if 7 + line.width() + ends.width() <= self.width { " " } else { "\n      " };
        writeln!(self.out, "      {line}{space}{ends}")
    }

    /// The repeats on the same connection.
    fn also(&self, block: &Block<'_>) -> Option<String> {
        let places: Vec<String> = block
            .also
            .iter()
            .filter_map(|entry| match (&entry.finding.frame, &entry.finding.message, entry.finding.at) {
                (None, None, Some(at)) => Some(format!("packet {}", at.packet)),
                _ => entry.place(),
            })
            .collect();
        self.list(&places, block.more)
    }

    /// The connections with the same fault.
    fn elsewhere(&self, block: &Block<'_>) -> Option<String> {
        let list = self.list(&block.conns, 0)?;
        let conns = count(block.conns.len() as u64, "more connection");
        let findings = match block.elsewhere {
            many if many > block.conns.len() as u64 => format!(" ({})", count(many, "finding")),
            _ => String::new(),
        };
        Some(format!("{conns}{findings}: {list}"))
    }

    fn list<T: ToString>(&self, items: &[T], more: u64) -> Option<String> {
        let (named, left_out) = group::some(items, NAMED);
        let more = more + left_out;
        match (named.is_empty(), more) {
            (true, 0) => None,
            (true, _) => Some(format!("+{} more", number(more))),
            (false, 0) => Some(named),
            (false, _) => {
                let dots = if self.ascii { "..." } else { "…" };
                Some(format!("{named}, {dots} (+{} more)", number(more)))
            }
        }
    }

    /// Its source, and its words where they were not told before.
    fn rule(&mut self, entry: &Entry) -> String {
        let rule = entry.finding.rule;
        let first = self.quoted.insert(rule.code);
        match (rule.source, rule.quote) {
            ("practice", _) if first => format!("good practice: {}", clean(rule.summary, self.ascii)),
            ("practice", _) => "good practice".to_owned(),
            (source, quote) if first && !quote.is_empty() => {
                format!("{source}: \"{}\"", clean(quote, self.ascii))
            }
            (source, _) => source.to_owned(),
        }
    }

    /// Commands that tell more, as they can be typed: on one line where they fit, else each on its own.
    fn help(&mut self, entry: &Entry) -> io::Result<()> {
        let mut commands = vec![format!("wscope rule {}", entry.finding.rule.code)];
        if let ([source], Some(place)) = (&self.report.sources[..], entry.place())
            && let Some(file) = shell_word(source)
        {
            commands.push(format!("wscope inspect {file} {place}"));
        }
        let line = commands.join(if self.ascii { " | " } else { " · " });
        if GUTTER + "help: ".len() + line.width() <= self.width {
            commands = vec![line];
        }
        self.lines("help:", &commands)
    }

    /// What and where, in two lines.
    fn short(&mut self, block: &Block<'_>) -> io::Result<()> {
        let rule = block.first.finding.rule;
        self.title(rule.level, rule.code, &words::named_text(block.first, self.ascii))?;
        self.place(block.first, block.others().as_deref())
    }

    fn end(&mut self) -> io::Result<()> {
        for unused in &self.report.unused {
            let text = format!("warning: {}", clean(unused, self.ascii));
            for (place, line) in wrap(&text, self.width, self.width - GUTTER).into_iter().enumerate() {
                match line.strip_prefix("warning:") {
                    Some(rest) if place == 0 => {
                        let warning = self.paint("warning:", color(Level::Warning).bold());
                        writeln!(self.out, "{warning}{rest}")?;
                    }
                    _ => writeln!(self.out, "{:indent$}{line}", "", indent = GUTTER * place.min(1))?,
                }
            }
        }
        if let Some(hidden) = words::hidden(self.report) {
            writeln!(self.out, "{hidden}: --max-findings N shows more")?;
        }
        if let Some(all_well) = words::all_well(self.report) {
            let found_any = self.report.summary.connections > 0;
            let style = if found_any { AnsiColor::Green.on_default().bold() } else { Style::new() };
            return writeln!(self.out, "{}", self.paint(&all_well, style));
        }
        let set_aside = words::set_aside(self.report);
        let counts = format!("{}: {}", words::seen(self.report), words::counts(self.report));
        let space = if counts.width() + set_aside.width() > self.width { "\n    " } else { "" };
        // In the colour of the worst.
        let style = words::levels(self.report).first().map_or(Style::new(), |(worst, _)| color(*worst));
        writeln!(self.out, "{}", self.paint(&format!("{counts}{space}{set_aside}"), style.bold()))
    }

    /// `   = note: …`, wrapped below its text.
    fn field(&mut self, name: &str, text: &str) -> io::Result<()> {
        let colon = if name == "also on" { "" } else { ":" };
        let head = format!("{name}{colon}");
        let room = self.width - GUTTER - head.width() - 1;
        self.lines(&head, &wrap(text, room, room))
    }

    /// The same with lines that stay as they are.
    fn lines(&mut self, head: &str, lines: &[String]) -> io::Result<()> {
        let indent = GUTTER + head.width() + 1;
        for (place, line) in lines.iter().enumerate() {
            if place == 0 {
                let (sign, head) = (self.paint("=", gutter()), self.paint(head, Style::new().bold()));
                writeln!(self.out, "   {sign} {head} {line}")?;
            } else {
                writeln!(self.out, "{:indent$}{line}", "")?;
            }
        }
        Ok(())
    }

    /// `   | …`, a line of the drawing.
    fn bar(&mut self, text: &str, style: Option<Style>) -> io::Result<()> {
        let bar = self.paint("|", gutter());
        if text.is_empty() {
            return writeln!(self.out, "   {bar}");
        }
        match style {
            Some(style) => {
                let marks = text.trim_start();
                let indent = text.len() - marks.len();
                writeln!(self.out, "   {bar} {:indent$}{}", "", self.paint(marks, style.bold()))
            }
            None => writeln!(self.out, "   {bar} {text}"),
        }
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// The colour of what frames the text.
const fn gutter() -> Style {
    AnsiColor::Blue.on_default().bold()
}

/// A file's name as a shell takes it; `None` where that cannot be shown on a line, and for standard input.
fn shell_word(name: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/+@%=,".contains(c);
    if name == "-" || name.is_empty() || clean(name, false) != name || name.contains('\'') {
        None
    } else if name.starts_with('-') {
        Some(format!("'./{name}'"))
    } else if name.chars().all(plain) {
        Some(name.to_owned())
    } else {
        Some(format!("'{name}'"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_as_they_can_be_typed() {
        for (name, expected) in [
            ("a/chat-1.pcapng", Some("a/chat-1.pcapng")),
            ("a b$(x).pcap", Some("'a b$(x).pcap'")),
            ("-x.pcap", Some("'./-x.pcap'")),
            ("it's.pcap", None),
            ("a\x1b.pcap", None),
            ("-", None),
        ] {
            assert_eq!(shell_word(name).as_deref(), expected, "{name}");
        }
    }
}
