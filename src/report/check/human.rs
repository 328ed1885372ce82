//! For people: blocks as a compiler prints them, the evidence drawn, repeats folded.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr as _;

use crate::audit::{Entry, Report};
use crate::rules::Level;

use super::Options;
use super::evidence::{self, Line};
use super::group::{self, Block};
use super::words::{self, clean, count, number};
use super::wrap::{wrap, wrap_words};

/// The narrowest that lines are wrapped to: a diagram is 70 columns.
const LEAST_WIDTH: usize = 72;

/// The widest: longer lines are hard to read.
const MOST_WIDTH: usize = 120;

/// Places that are named of those that repeat a finding.
const NAMED: usize = 8;

/// Columns before what stands behind `-->`, `|` and `=`.
const GUTTER: usize = 5;

/// Writes errors and warnings as blocks, notes as lines, then the summary.
pub(super) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let width = options.width.clamp(LEAST_WIDTH, MOST_WIDTH);
    let mut page = Page { report, color: options.color, ascii: options.ascii, width, out };
    let blocks = group::blocks(report);
    let (notes, faults): (Vec<_>, Vec<_>) =
        blocks.iter().partition(|block| block.first.finding.rule.level == Level::Note);
    for block in faults {
        page.block(block)?;
        writeln!(page.out)?;
    }
    for note in &notes {
        page.note(note)?;
    }
    if !notes.is_empty() {
        writeln!(page.out)?;
    }
    page.end()
}

struct Page<'a> {
    report: &'a Report,
    color: bool,
    ascii: bool,
    width: usize,
    out: &'a mut dyn Write,
}

impl Page<'_> {
    fn block(&mut self, block: &Block<'_>) -> io::Result<()> {
        let entry = block.first;
        let rule = entry.finding.rule;
        let level = level(rule.level);
        self.title(rule.level, rule.code, &words::named_text(entry, self.ascii))?;
        self.hang("-->", &self.place(entry))?;
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
        self.field("rule", &self.rule(entry))?;
        self.help(entry)
    }

    /// `error[F004] client-unmasked: …`.
    fn title(&mut self, rule_level: Level, code: &str, text: &str) -> io::Result<()> {
        let head = format!("{}[{code}]", rule_level.name());
        let lines = wrap(text, self.width - head.width() - 1, self.width - GUTTER);
        let (head, bold) = (self.paint(&head, level(rule_level).bold()), Style::new().bold());
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

    /// Where it is: `chat.pcapng: connection 2 (URL, client → server), 2.f780, packet 9882, 31.992 s`, in
    /// phrases that stay together.
    fn place(&self, entry: &Entry) -> Vec<String> {
        let mut phrases = vec![clean(&words::source(self.report, entry), self.ascii) + ":"];
        if let Some(subject) = &entry.subject {
            let arrow = if self.ascii { "->" } else { "→" };
            let ends = format!("{} {arrow} {}),", subject.client, subject.server);
            phrases.push(format!("connection {}", subject.conn));
            match &subject.url {
                Some(url) => phrases.extend([format!("({},", clean(url, self.ascii)), ends]),
                None => phrases.push(format!("({ends}")),
            }
        }
        if let (None, Some(conn)) = (&entry.subject, entry.finding.conn) {
            phrases.push(format!("connection {conn},"));
        }
        phrases.extend(entry.place().filter(|place| place.contains('.')).map(|place| place + ","));
        if let Some(at) = entry.finding.at {
            phrases.push(format!("packet {},", at.packet));
            if let Some(start) = self.report.start {
                phrases.push(format!("{:.3} s", at.time.since(start.time) as f64 / 1e9));
            }
        }
        if let Some(last) = phrases.last_mut() {
            last.truncate(last.trim_end_matches([',', ':']).len());
        }
        phrases
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

    fn rule(&self, entry: &Entry) -> String {
        let rule = entry.finding.rule;
        match (rule.source, rule.quote) {
            ("practice", _) => format!("good practice: {}", clean(rule.summary, self.ascii)),
            (source, "") => source.to_owned(),
            (source, quote) => format!("{source}: \"{}\"", clean(quote, self.ascii)),
        }
    }

    /// Commands that tell more, as they can be typed: on one line where they fit.
    fn help(&mut self, entry: &Entry) -> io::Result<()> {
        let mut commands = vec![format!("wscope rule {}", entry.finding.rule.code)];
        if let ([source], Some(place)) = (&self.report.sources[..], entry.place())
            && let Some(file) = shell_word(source)
        {
            commands.push(format!("wscope inspect {file} {place}"));
        }
        let line = commands.join(if self.ascii { " | " } else { " · " });
        if GUTTER + "help: ".len() + line.width() <= self.width {
            return self.field("help", &line);
        }
        commands.iter().try_for_each(|command| self.field("help", command))
    }

    fn note(&mut self, block: &Block<'_>) -> io::Result<()> {
        let entry = block.first;
        let mut text = words::line(self.report, entry, self.ascii);
        if let Some(others) = block.others() {
            text.push_str(&format!(" ({others})"));
        }
        let lines = wrap(&text, self.width, self.width - GUTTER);
        for (place, line) in lines.iter().enumerate() {
            let indent = if place == 0 { 0 } else { GUTTER };
            // The level stands in the first line, but for names that are longer than that.
            let line = match line.split_once(": note ") {
                Some((before, after)) if place == 0 => {
                    format!("{before}: {} {after}", self.paint("note", level(Level::Note)))
                }
                _ => line.clone(),
            };
            writeln!(self.out, "{:indent$}{line}", "")?;
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        for unused in &self.report.unused {
            let text = format!("warning: {}", clean(unused, self.ascii));
            for (place, line) in wrap(&text, self.width, self.width - GUTTER).into_iter().enumerate() {
                match line.strip_prefix("warning:") {
                    Some(rest) if place == 0 => {
                        let warning = self.paint("warning:", level(Level::Warning).bold());
                        writeln!(self.out, "{warning}{rest}")?;
                    }
                    _ => writeln!(self.out, "{:indent$}{line}", "", indent = GUTTER * place.min(1))?,
                }
            }
        }
        if let Some(hidden) = words::hidden(self.report) {
            writeln!(self.out, "{hidden}")?;
        }
        if let Some(all_well) = words::all_well(self.report) {
            return writeln!(self.out, "{all_well}");
        }
        let (seen, set_aside) = (words::seen(self.report), words::set_aside(self.report));
        let plain = format!("{seen}: {}{set_aside}", words::counts(self.report));
        let levels: Vec<String> = words::levels(self.report)
            .into_iter()
            .map(|(of, words)| self.paint(&words, level(of).bold()))
            .collect();
        let counts = if levels.is_empty() { words::counts(self.report) } else { levels.join(", ") };
        let space = if plain.width() > self.width { "\n    " } else { "" };
        writeln!(self.out, "{seen}: {counts}{space}{set_aside}")
    }

    /// `   = note: …`, wrapped below its text.
    fn field(&mut self, name: &str, text: &str) -> io::Result<()> {
        let colon = if name == "also on" { " " } else { ": " };
        let head = format!("{name}{colon}");
        let indent = GUTTER + head.width();
        let lines = wrap(text, self.width - indent, self.width - indent);
        for (place, line) in lines.iter().enumerate() {
            if place == 0 {
                let (sign, head) =
                    (self.paint("=", gutter()), self.paint(head.trim_end(), Style::new().bold()));
                writeln!(self.out, "   {sign} {head} {line}")?;
            } else {
                writeln!(self.out, "{:indent$}{line}", "")?;
            }
        }
        Ok(())
    }

    /// `  --> …`, wrapped below its text.
    fn hang(&mut self, sign: &str, phrases: &[String]) -> io::Result<()> {
        let sign = self.paint(sign, gutter());
        let lines = wrap_words(phrases.iter().map(String::as_str), self.width - 6, self.width - 6);
        for (place, line) in lines.iter().enumerate() {
            if place == 0 {
                writeln!(self.out, "  {sign} {line}")?;
            } else {
                writeln!(self.out, "      {line}")?;
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

/// The colour of a level.
const fn level(level: Level) -> Style {
    let color = match level {
        Level::Error => AnsiColor::Red,
        Level::Warning => AnsiColor::Yellow,
        Level::Note => AnsiColor::Cyan,
    };
    color.on_default()
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
