//! What is told of a handshake, line by line.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::agreed;
use crate::http::secret;
use crate::http::upgrade::{Handshake, HeadFault, Header, Headers};
use crate::item::Dir;
use crate::report::visible::{self, shown};
use crate::report::words::{count, number, packets, sign};
use crate::rules::finding::Evidence;
use crate::tui::action::Action;
use crate::tui::model::Model;
use crate::tui::store::{Conn, Found};
use crate::tui::theme::Role;

/// The parts of the page.
pub(super) const REQUEST: usize = 0;
pub(super) const RESPONSE: usize = 1;
pub(super) const AGREED: usize = 2;

/// A line: a name, what stands behind it, and what was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) role: Option<Role>,
    /// `ok`, or the code of what was found.
    pub(super) verdict: Option<(String, Role)>,
    /// The finding, by its place in the store.
    pub(super) finding: Option<u32>,
    /// Name and value are parts of a head: a colon stands between them.
    pub(super) is_field: bool,
    /// It has all of the width, not only that behind the names.
    pub(super) whole: bool,
}

impl Line {
    pub(super) fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), ..Self::default() }
    }

    pub(super) fn note(value: impl Into<String>, role: Role) -> Self {
        Self { value: value.into(), role: Some(role), whole: true, ..Self::default() }
    }

    fn good(self) -> Self {
        Self { verdict: Some(("ok".to_owned(), Role::Good)), ..self }
    }

    /// As it is copied, and searched.
    pub(super) fn text(&self) -> String {
        match (&*self.name, self.is_field) {
            ("", _) => self.value.clone(),
            (name, true) => format!("{name}: {}", self.value),
            (name, false) => format!("{name}  {}", self.value),
        }
    }
}

/// A page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Page {
    pub(super) parts: [Vec<Line>; 3],
    pub(super) titles: [String; 3],
    pub(super) rights: [String; 3],
}

/// Findings of a connection's handshake, with their places in the store.
pub(super) fn findings<'m>(model: &'m Model, conn: &'m Conn) -> impl Iterator<Item = (u32, &'m Found)> {
    let found = |place: &u32| Some((*place, model.store.findings().get(*place as usize)?));
    conn.findings.iter().filter_map(found).filter(|(_, found)| {
        let finding = &found.finding;
        let of_head =
            matches!(finding.rule.family(), 'H' | 'S') || matches!(finding.evidence, Evidence::Line { .. });
        of_head && finding.frame.is_none() && finding.message.is_none()
    })
}

/// What a page is made from.
pub(super) struct Source<'a> {
    pub(super) model: &'a Model,
    pub(super) conn: &'a Conn,
    pub(super) handshake: &'a Handshake,
    /// The beginning of what came with a refusal; `None` = it is not known yet.
    pub(super) body: Option<&'a [u8]>,
}

impl Source<'_> {
    pub(super) fn page(&self) -> Page {
        let mut page = Page {
            titles: ["request · client → server", "response · server → client", "what was agreed"]
                .map(str::to_owned),
            ..Page::default()
        };
        let upgraded = self.handshake.response.as_ref().is_none_or(|response| response.status == 101);
        if !upgraded {
            "what became of it".clone_into(&mut page.titles[AGREED]);
        }
        let opened = self.conn.opened.time;
        if let Some(request) = &self.handshake.request {
            page.rights[REQUEST] = packets(request.first.packet, request.last.packet);
            let target = if self.model.settings.reveal {
                request.target().to_vec()
            } else {
                secret::url(request.target())
            };
            let start = format!(
                "{} {} HTTP/{}",
                shown(request.method()),
                self.hint(shown(&target)),
                shown(request.version())
            );
            page.parts[REQUEST] =
                self.head(start, request.headers(), Dir::C2s, request.missing, request.faults());
        } else {
            page.parts[REQUEST].push(Line::note("no request was captured", Role::Warning));
            page.parts[REQUEST].push(Line::note("the capture began behind it", Role::Dim));
        }
        if let Some(response) = &self.handshake.response {
            let after = self.handshake.request.as_ref().map_or(opened, |request| request.last.time);
            let delay = crate::time::Delay(response.last.time.since(after));
            page.rights[RESPONSE] =
                format!("{} · +{delay}", packets(response.first.packet, response.last.packet));
            let start = format!(
                "HTTP/{} {} {}",
                shown(response.version()),
                response.status,
                shown(response.reason())
            );
            page.parts[RESPONSE] = self.head(
                start.trim_end().to_owned(),
                response.headers(),
                Dir::S2c,
                response.missing,
                response.faults(),
            );
            if !upgraded {
                self.body(&mut page.parts[RESPONSE]);
            }
        } else {
            page.parts[RESPONSE].push(Line::note("no response was captured", Role::Warning));
            let why = match self.conn.closing.as_deref() {
                Some(_) if self.conn.messages.is_empty() => {
                    "nothing came of this request that the capture holds"
                }
                _ => "frames follow all the same, so it was an upgrade",
            };
            page.parts[RESPONSE].push(Line::note(why, Role::Dim));
        }
        page.parts[AGREED] = agreed::lines(self);
        for (place, found) in findings(self.model, self.conn).filter(|(_, found)| self.part(found) == AGREED)
        {
            page.parts[AGREED].push(alone(place, found));
        }
        page
    }

    /// The part of the page that a finding belongs to.
    fn part(&self, found: &Found) -> usize {
        match found.finding.dir {
            Some(Dir::C2s) if self.handshake.request.is_some() => REQUEST,
            Some(Dir::S2c) if self.handshake.response.is_some() => RESPONSE,
            _ => AGREED,
        }
    }

    /// How a secret can be seen, here.
    fn hint(&self, text: String) -> String {
        let key = self.model.keymap.keys(Action::Reveal).next().unwrap_or_default();
        text.replace(secret::HINT, &format!("{key} shows them"))
    }

    fn head(
        &self,
        start: String,
        headers: Headers<'_>,
        dir: Dir,
        missing: u64,
        faults: &[HeadFault],
    ) -> Vec<Line> {
        let part = if dir == Dir::C2s { REQUEST } else { RESPONSE };
        let mine: Vec<(u32, &Found, Where)> = findings(self.model, self.conn)
            .filter(|(_, found)| self.part(found) == part)
            .map(|(place, found)| (place, found, where_in(&found.finding.evidence, headers)))
            .collect();
        let mut lines = Vec::new();
        let at = |line: Line, here: Where, lines: &mut Vec<Line>, facts: Vec<Line>| {
            let found: Vec<_> = mine.iter().filter(|(.., stands)| *stands == here).collect();
            let worst = found.iter().min_by_key(|(_, found, _)| found.finding.rule.level as usize);
            let verdict = worst.map(|(_, found, _)| {
                let rule = found.finding.rule;
                (format!("{} {}", sign(rule.level), rule.code), Role::of_level(rule.level))
            });
            let finding = worst.map(|(place, ..)| *place);
            lines.push(Line { verdict: verdict.or(line.verdict), finding, ..line });
            lines.extend(facts);
            lines.extend(found.iter().map(|(place, found, _)| below(*place, found)));
        };
        at(Line::note(start, Role::Heading), Where::Start, &mut lines, Vec::new());
        for (n, header) in headers.iter().enumerate() {
            let line = self.field(header);
            let facts = self.facts(header, dir);
            let good = missing == 0 && self.is_checked(header, dir);
            at(if good { line.good() } else { line }, Where::Field(n), &mut lines, facts);
        }
        if missing > 0 {
            let bytes = count(missing, "byte");
            lines.push(Line::note(format!("({bytes} of this head are not in the capture)"), Role::Warning));
        }
        for fault in faults {
            lines.push(Line::note(format!("({})", fault_words(*fault)), Role::Dim));
        }
        let mut rest = mine.iter().filter(|(.., stands)| *stands == Where::Nowhere).peekable();
        lines.extend(rest.peek().map(|_| Line::default()));
        lines.extend(rest.map(|(place, found, _)| alone(*place, found)));
        lines
    }

    fn field(&self, header: Header<'_>) -> Line {
        let masked = secret::field(header.name, header.value).filter(|_| !self.model.settings.reveal);
        let (value, role) = match masked {
            Some(masked) => (self.hint(masked), Some(Role::Dim)),
            None => (shown(header.value), None),
        };
        Line { role, is_field: true, ..Line::new(shown(header.name), value) }
    }

    /// What follows from a field.
    fn facts(&self, header: Header<'_>, dir: Dir) -> Vec<Line> {
        if dir == Dir::C2s && header.is("sec-websocket-key") {
            let text = match BASE64.decode(header.value) {
                Ok(bytes) => format!("{} decoded", count(bytes.len() as u64, "byte")),
                Err(_) => "not base64".to_owned(),
            };
            return vec![Line { whole: false, ..Line::note(text, Role::Dim) }];
        }
        let upgraded = self.handshake.upgraded();
        if dir == Dir::S2c && header.is("sec-websocket-accept") && upgraded {
            return match self.handshake.accept() {
                Some(accept) => {
                    let (words, role) =
                        if accept.valid { ("match", Role::Good) } else { ("no match", Role::Error) };
                    let verdict = Some((words.to_owned(), role));
                    vec![Line {
                        verdict,
                        role: Some(Role::Dim),
                        ..Line::new("  from the key", accept.expected)
                    }]
                }
                None => vec![Line::note("not to be compared: the key is not in the capture", Role::Dim)],
            };
        }
        Vec::new()
    }

    /// Rules look at this field, wherever it stands right.
    fn is_checked(&self, header: Header<'_>, dir: Dir) -> bool {
        let name = String::from_utf8_lossy(header.name).to_ascii_lowercase();
        let both =
            ["upgrade", "connection", "sec-websocket-protocol", "sec-websocket-extensions"].contains(&&*name);
        match dir {
            Dir::C2s => {
                both || ["host", "origin", "sec-websocket-key", "sec-websocket-version"].contains(&&*name)
            }
            Dir::S2c => self.handshake.upgraded() && (both || name == "sec-websocket-accept"),
        }
    }

    /// The beginning of a refusal's body.
    fn body(&self, lines: &mut Vec<Line>) {
        const SHOWN: usize = 12;
        let Some(body) = self.body else { return };
        if body.is_empty() {
            return lines.push(Line::note("(no body)", Role::Dim));
        }
        lines.push(Line::default());
        let mut text = String::new();
        visible::append(body, visible::Style { ascii: false, multi_line: true }, &mut text);
        lines.extend(text.lines().take(SHOWN).map(|line| Line::note(line.trim_end_matches('␍'), Role::Text)));
        if text.lines().nth(SHOWN).is_some() {
            lines.push(Line::note("… (the body goes on)", Role::Dim));
        }
    }
}

/// A finding in words, for below what it was found in.
fn below(place: u32, found: &Found) -> Line {
    let rule = found.finding.rule;
    let text = format!("{} {}: {}", rule.code, rule.name, found.finding.text);
    Line { finding: Some(place), ..Line::note(text, Role::of_level(rule.level)) }
}

/// A finding that is about no line.
fn alone(place: u32, found: &Found) -> Line {
    let rule = found.finding.rule;
    let verdict = Some((format!("{} {}", sign(rule.level), rule.code), Role::of_level(rule.level)));
    let text = format!("{}: {}", rule.name, found.finding.text);
    Line { finding: Some(place), verdict, ..Line::note(text, Role::of_level(rule.level)) }
}

/// Where in a head something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    Start,
    Field(usize),
    Nowhere,
}

fn where_in(evidence: &Evidence, headers: Headers<'_>) -> Where {
    let Evidence::Line { line, .. } = evidence else { return Where::Nowhere };
    let colon = memchr::memchr(b':', line).unwrap_or(line.len());
    let name = line.get(..colon).unwrap_or_default().trim_ascii();
    if name.is_empty() || name.contains(&b' ') {
        // A target may hold a colon; a field's name holds no space.
        return Where::Start;
    }
    let value = line.get(colon + 1..).unwrap_or_default().trim_ascii();
    let named = |header: &Header<'_>| header.name.trim_ascii().eq_ignore_ascii_case(name);
    let same = headers.iter().position(|header| named(&header) && header.value == value);
    same.or_else(|| headers.iter().position(|header| named(&header))).map_or(Where::Nowhere, Where::Field)
}

const fn fault_words(fault: HeadFault) -> &'static str {
    match fault {
        HeadFault::StartLine => "the first line has another shape",
        HeadFault::Field => "a line is no field",
        HeadFault::SpaceBeforeColon => "white space before a colon",
        HeadFault::ObsFold => "a value goes on in the next line",
        HeadFault::BareCr => "a CR without LF, or a NUL",
        HeadFault::BareLf => "a line ends in LF alone",
    }
}

/// A number of bits as a window of deflate.
pub(super) fn window(bits: u8) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(text, "{bits}-bit window ({} bytes)", number(1 << bits));
    text
}
