//! All that is known of the finding under the cursor.

use std::borrow::Cow;

use textwrap::Options;

use super::rows::{Item, Key, Rows};
use crate::audit::Subject;
use crate::audit::fingerprint::fingerprint;
use crate::audit::report;
use crate::event::{Connection, Transport};
use crate::http::secret;
use crate::report::check::evidence::{self, Line as Drawn};
use crate::report::words::{count, counts, findings, number};
use crate::report::{rulebook, visible};
use crate::rules::Rule;
use crate::rules::finding::Evidence;
use crate::tui::action::Action;
use crate::tui::canvas::Spans;
use crate::tui::model::{Loaded, Model};
use crate::tui::store::Found;
use crate::tui::theme::Role;

/// Columns of the labels at the left.
const LABEL: usize = 16;

/// From this width on, labels stand beside what they label.
const BESIDE: usize = 60;

/// The card of a row, set in lines of a width.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Card {
    pub(super) title: String,
    pub(super) right: String,
    pub(super) lines: Vec<Spans>,
    /// Something of it is still being read.
    pub(super) waits: bool,
}

/// Makes the card of a row.
pub(super) fn make(model: &mut Model, rows: &Rows, item: Item, width: u16) -> Card {
    let mut page = Page { lines: Vec::new(), width: width.max(10).into() };
    match item {
        Item::Finding(place) => match model.store.findings().get(place as usize).cloned() {
            Some(found) => of_finding(model, rows, &found, page),
            None => Card::default(),
        },
        Item::Head(Key::Rule(_, code)) => {
            let Some(rule) = crate::rules::find(code) else { return Card::default() };
            page.text("What it finds", rule.summary, Role::Text);
            page.why(rule);
            page.rule(rule);
            page.same(rows, rule);
            Card { title: title(rule), right: right(rule), lines: page.lines, waits: false }
        }
        Item::Head(Key::Conn(number)) => {
            let Some(conn) = model.store.conn(number) else {
                page.text("", "These findings concern the capture as a whole.", Role::Text);
                return Card { title: "the capture".to_owned(), lines: page.lines, ..Card::default() };
            };
            let (client, server) = (conn.client, conn.server);
            page.text("Ends", &format!("{client} → {server}"), Role::Text);
            if let Some(url) = conn.url.as_deref() {
                let url = if model.settings.reveal { url.to_owned() } else { secret::redacted_text(url) };
                page.text("URL", &url, Role::Text);
            }
            if let Some(total) = rows.of_group(Key::Conn(number)) {
                page.text("Findings", &findings(total.counts), Role::Text);
            }
            Card { title: format!("connection {number}"), lines: page.lines, ..Card::default() }
        }
    }
}

fn title(rule: &Rule) -> String {
    format!("{} {}", rule.code, rule.name)
}

fn right(rule: &Rule) -> String {
    format!("{} · {}", rule.level.name(), rule.source)
}

fn of_finding(model: &mut Model, rows: &Rows, found: &Found, mut page: Page) -> Card {
    let finding = &found.finding;
    let rule = finding.rule;
    page.text("What happened", &finding.text, Role::Text);
    // What is drawn reaches below the labels where it needs to.
    let needed = match &finding.evidence {
        Evidence::Frame { .. } => 65,
        Evidence::Payload { .. } => 75,
        Evidence::None | Evidence::Line { .. } => 0,
    };
    let room = page.room().max(needed).min(page.width.saturating_sub(1));
    let label = Role::of_level(rule.level);
    for line in evidence::draw(&finding.evidence, room, false) {
        let role = if matches!(line, Drawn::Mark { .. }) { label } else { Role::Text };
        page.exact(line.plain(), role, room);
    }
    if finding.more > 0 {
        page.text(
            "",
            &format!("stands for {} that are not told one by one", count(finding.more, "more finding")),
            Role::Dim,
        );
    }
    page.why(rule);
    page.rule(rule);
    if let Some(reaction) = &found.reaction {
        page.text("What followed", reaction, Role::Text);
    }
    page.evidence(model, found);
    page.same(rows, rule);
    let (name, waits) = match named(model, found) {
        Ok(name) => (name, false),
        Err(Unnamed::Waits) => ("(reading the handshake …)".to_owned(), true),
        Err(Unnamed::Failed(why)) => (format!("({why})"), false),
    };
    let key = |action| model.keymap.keys(action).next().unwrap_or_default();
    let text = format!(
        "{} adds {name} to {}; or `wscope check --ignore {}`",
        key(Action::Suppress),
        model.baseline.display(),
        rule.code
    );
    page.text("Suppress", &text, Role::Dim);
    Card { title: title(rule), right: right(rule), lines: page.lines, waits }
}

/// Why a finding has no fingerprint.
pub(super) enum Unnamed {
    /// The handshake is being read.
    Waits,
    /// In words.
    Failed(String),
}

/// The fingerprint of a finding, as `wscope check` makes it: with path and subprotocol of the handshake.
pub(super) fn named(model: &mut Model, found: &Found) -> Result<String, Unnamed> {
    // What is told at the end belongs to no connection for this, even where it names one.
    let number = found.conn.filter(|_| found.finding.nth > 0);
    let Some(conn) = number.and_then(|number| model.store.conn(number)) else {
        return Ok(fingerprint(&found.finding, None));
    };
    let mut connection = Connection {
        id: conn.id,
        number,
        opened: conn.opened,
        client: conn.client,
        server: conn.server,
        transport: conn.transport,
        handshake: None,
    };
    if connection.transport != Transport::None {
        let number = conn.number;
        connection.handshake = Some(Box::new(match model.handshake(number) {
            Loaded::Ready(handshake) => handshake.clone(),
            Loaded::Loading => return Err(Unnamed::Waits),
            Loaded::Gone => return Err(Unnamed::Failed("the handshake cannot be read again".to_owned())),
            Loaded::Failed(error) => return Err(Unnamed::Failed(error.to_string())),
        }));
    }
    Ok(fingerprint(&found.finding, Some(&Subject::new(&connection, secret::redacted))))
}

/// Lines in the making.
struct Page {
    lines: Vec<Spans>,
    width: usize,
}

impl Page {
    /// Columns before the text.
    const fn indent(&self) -> usize {
        if self.width >= BESIDE { LABEL } else { 1 }
    }

    const fn room(&self) -> usize {
        self.width - self.indent()
    }

    /// A label, and text that is wrapped.
    fn text(&mut self, label: &str, text: &str, role: Role) {
        // Before it is measured: what the capture holds may be wider than it seems.
        let shown = visible::shown(text.as_bytes());
        let wrapped = textwrap::wrap(&shown, Options::new(self.room()).break_words(true));
        self.labelled(label, wrapped, role);
    }

    fn labelled<'t>(&mut self, label: &str, texts: impl IntoIterator<Item = Cow<'t, str>>, role: Role) {
        let beside = self.width >= BESIDE;
        if !beside && !label.is_empty() {
            self.lines.push(vec![(label.to_owned(), Role::Heading)]);
        }
        for (n, text) in texts.into_iter().enumerate() {
            let label = if beside && n == 0 { label } else { "" };
            let indent = self.indent();
            self.lines.push(vec![(format!("{label:indent$}"), Role::Heading), (text.into_owned(), role)]);
        }
    }

    /// A line of a drawing that has so much room, as it is.
    fn exact(&mut self, text: String, role: Role, room: usize) {
        let indent = self.width.saturating_sub(room).min(LABEL);
        self.lines.push(vec![(" ".repeat(indent), Role::Text), (text, role)]);
    }

    fn why(&mut self, rule: &Rule) {
        if let Some(first) = rulebook::paragraphs(rule).first() {
            self.text("Why it matters", first, Role::Text);
        }
    }

    fn rule(&mut self, rule: &Rule) {
        let text = match rule.source {
            "practice" => "good practice".to_owned(),
            "capture" => "a note on the capture".to_owned(),
            source if rule.quote.is_empty() => source.to_owned(),
            source => format!("\"{}\" ({source})", rule.quote),
        };
        self.text("The rule", &text, Role::Text);
    }

    /// Where it is, and the bytes of the header.
    fn evidence(&mut self, model: &Model, found: &Found) {
        let finding = &found.finding;
        let mut facts = Vec::new();
        facts.extend(found.conn.map(|conn| report::place(finding, conn)));
        facts.extend(finding.dir.map(|dir| match dir {
            crate::item::Dir::C2s => "client → server".to_owned(),
            crate::item::Dir::S2c => "server → client".to_owned(),
        }));
        if let Some(at) = finding.at {
            facts.push(format!("packet {}", number(at.packet)));
            if let Some(origin) = model.origin() {
                facts.push(format!("{:.6} s", at.time.since(origin) as f64 / 1e9));
            }
        }
        facts.extend(finding.offset.map(|offset| format!("byte {} of the stream", number(offset))));
        if let Evidence::Frame { header, .. } = &finding.evidence {
            let mut bytes = Vec::new();
            header.encode(&mut bytes);
            let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            facts.push(format!("header {}", hex.join(" ")));
        }
        if !facts.is_empty() {
            self.text("Evidence", &facts.join(" · "), Role::Text);
        }
    }

    /// How often that rule was broken.
    fn same(&mut self, rows: &Rows, rule: &Rule) {
        let Some(total) = rows.of_rule(rule) else { return };
        let conns = total.conns.len() as u64;
        let times = match total.findings() {
            1 => "this once in the capture".to_owned(),
            many if conns > 1 => format!("{} times on {}", number(many), counts([(conns, "connection")], "")),
            many => format!("{} times in the capture", number(many)),
        };
        self.text("Same rule", &times, Role::Text);
    }
}
