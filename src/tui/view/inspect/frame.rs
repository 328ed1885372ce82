//! The header of a frame: its bits as they were sent, its fields, and what is known of it.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::{PARTS, Subject, facts};
use crate::report::diagram::{self, Drawing};
use crate::report::visible;
use crate::report::words::{count, sign};
use crate::rules::finding::{Evidence, Part};
use crate::tui::action::Action;
use crate::tui::canvas::{Canvas, Hit, Spans};
use crate::tui::list::{Scroll, Step};
use crate::tui::model::Model;
use crate::tui::store::Found;
use crate::tui::theme::Role;
use crate::ws::header::Header;

/// How the bits are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Wide,
    Narrow,
    List,
}

/// What is under the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A field of the header.
    Field(&'static str),
    /// A finding, by its place in the store.
    Finding(usize),
    /// Something that leads nowhere.
    Nothing,
}

/// A line below the diagram.
#[derive(Clone, Debug)]
struct Line {
    target: Target,
    spans: Spans,
    right: String,
}

/// The tab.
#[derive(Debug, Default)]
pub(super) struct FrameTab {
    /// How bits are drawn, where that was chosen.
    form: Option<Form>,
    scroll: Scroll,
    lines: Vec<Line>,
    /// The field under the cursor, so that it stays there.
    field: Option<&'static str>,
    /// The fields of the diagram, in the order of its parts.
    spots: Vec<&'static str>,
    /// Rows of the diagram when it was drawn last.
    diagram: u16,
}

/// Columns of the names of fields and facts, and of the values of fields.
const NAME: usize = 12;
const VALUE: usize = 11;

/// From this width on, values have a column of their own.
const WIDE: usize = 60;

/// Lines of findings that stand before the fields.
const FIRST: usize = 9;

/// Rows that are wanted below the diagram.
const ROWS: usize = 12;

/// The lines that number the bits.
const RULERS: usize = 2;

fn without_rulers(mut drawing: Drawing) -> Drawing {
    drawing.lines.drain(..RULERS.min(drawing.lines.len()));
    for spot in &mut drawing.spots {
        spot.line = spot.line.saturating_sub(RULERS);
    }
    drawing
}

/// `RFC 6455 5.2` as people write it.
fn cited(source: &str) -> String {
    match source.rsplit_once(' ') {
        Some((rfc, section)) if section.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("{rfc} §{section}")
        }
        _ => source.to_owned(),
    }
}

impl FrameTab {
    pub(super) fn draw(
        &mut self,
        model: &Model,
        subject: &Subject,
        area: Rect,
        pane: usize,
        canvas: &mut Canvas<'_>,
    ) {
        let Some(frame) = subject.frame().map(|detail| detail.frame()) else {
            self.lines.clear();
            self.diagram = 1;
            canvas.put(
                area.x + 1,
                area.y,
                area.width.saturating_sub(2),
                "its frames are not there",
                Role::Warning,
            );
            return;
        };
        self.make(model, subject, usize::from(area.width.saturating_sub(2)));
        if let Some(at) =
            self.field.and_then(|field| self.lines.iter().position(|l| l.target == Target::Field(field)))
        {
            self.scroll.cursor = at;
        }
        let drawing = self.drawing(&frame.header, frame.wire, area, model.settings.ascii);
        let height = drawing.lines.len() as u16;
        self.diagram = height;
        let x = area.x + 1;
        self.spots = drawing.spots.iter().map(|spot| spot.field).collect();
        for (y, line) in (area.y..area.bottom()).zip(&drawing.lines) {
            let role = if line.text.starts_with('|') { Role::Text } else { Role::Dim };
            canvas.put(x, y, area.width - 1, &line.text, role);
        }
        let faults = faults(model, subject);
        for (n, spot) in drawing.spots.iter().enumerate() {
            let Some(y) = area.y.checked_add(spot.line as u16).filter(|y| *y < area.bottom()) else {
                continue;
            };
            let wide = (spot.columns.end - spot.columns.start) as u16;
            let place = Rect::new(x + spot.columns.start as u16, y, wide, 1);
            if faults.iter().any(|(field, _)| *field == spot.field) {
                canvas.paint(place, Role::Error);
            }
            if Some(spot.field) == self.field {
                canvas.paint(place, Role::Cursor);
            }
            canvas.hit(place, Hit::Part(pane, PARTS + n));
        }
        let list = Rect::new(area.x, area.y + height, area.width, area.height.saturating_sub(height));
        self.scroll.fit(self.lines.len(), list.height.into());
        for (y, at) in (list.y..list.bottom()).zip(self.scroll.window()) {
            let Some(line) = self.lines.get(at) else { continue };
            let row = Rect::new(list.x, y, list.width, 1);
            let room = list.width.saturating_sub(2);
            canvas.spans(x, y, room, line.spans.iter().map(|(text, role)| (text.as_str(), *role)));
            let taken: usize = line.spans.iter().map(|(text, _)| text.width()).sum();
            if taken + line.right.width() + 1 < usize::from(room) {
                canvas.put_right(x, y, room, &line.right, Role::Dim);
            }
            if at == self.scroll.cursor {
                canvas.paint(row, Role::Cursor);
            }
            canvas.hit(row, Hit::Row(pane, at));
        }
        self.remember();
    }

    /// Rows that it would like to have, as it was drawn last.
    pub(super) fn rows(&self) -> usize {
        usize::from(self.diagram) + self.lines.len()
    }

    /// The diagram, as chosen, or as there is room for it and for some fields.
    fn drawing(&self, header: &Header, wire: &[u8], area: Rect, ascii: bool) -> Drawing {
        let of = |bits| {
            let drawing = diagram::draw(header, wire, ascii, bits);
            // Where lines are few, the rulers are the first to go.
            if drawing.lines.len() + ROWS > area.height.into() { without_rulers(drawing) } else { drawing }
        };
        let fits = |drawing: &Drawing, columns: u16, rows: usize| {
            area.width > columns && drawing.lines.len() + rows <= area.height.into()
        };
        match self.form {
            Some(Form::List) => Drawing::default(),
            Some(form) => {
                let (bits, columns) = if form == Form::Wide { (32, 65) } else { (16, 33) };
                let drawing = of(bits);
                if fits(&drawing, columns, 2) { drawing } else { Drawing::default() }
            }
            None => {
                let wide = of(32);
                if area.width > 65 {
                    return if fits(&wide, 65, 4) { wide } else { Drawing::default() };
                }
                let narrow = of(16);
                if fits(&narrow, 33, 4) { narrow } else { Drawing::default() }
            }
        }
    }

    fn make(&mut self, model: &Model, subject: &Subject, width: usize) {
        let Some(frame) = subject.frame().map(|detail| detail.frame()) else { return };
        let deflate = model.store.conn(subject.row.conn).and_then(|conn| conn.deflate);
        let faults = faults(model, subject);
        self.lines.clear();
        // What is wrong is what one came for; where it is much, the fields are not to be pushed out of sight.
        let found = findings(model, subject, width);
        let first = found.iter().map(Vec::len).sum::<usize>() <= FIRST || found.len() == 1;
        if first {
            self.lines.extend(found.iter().flatten().cloned());
        } else if let Some(one) = found.first() {
            self.lines.extend_from_slice(one);
            let more = format!("  and {} below", count(found.len() as u64 - 1, "more finding"));
            let target = one.first().map_or(Target::Nothing, |line| line.target);
            self.lines.push(Line { target, spans: vec![(more, Role::Dim)], right: String::new() });
        }
        if let Some(note) = model.notes.get(&subject.row).filter(|note| !note.text.is_empty()) {
            let spans = vec![(format!("; {}", note.text), Role::Key)];
            self.lines.push(Line { target: Target::Nothing, spans, right: "note".to_owned() });
        }
        let mut fields = diagram::fields(&frame.header, frame.dir, deflate);
        if frame.header.len > 0 {
            let masked = frame.header.mask.is_some();
            let meaning = match (masked, frame.header.rsv1()) {
                (true, true) => "masked, compressed",
                (true, false) => "masked",
                (false, true) => "compressed",
                (false, false) => "as it is",
            };
            let begin = frame.wire.get(..4).unwrap_or(frame.wire);
            let mut value: Vec<String> = begin.iter().map(|byte| format!("{byte:02x}")).collect();
            if frame.wire.len() > 4 {
                value.push("…".to_owned());
            }
            let (name, source) = ("payload", "RFC 6455 5.2");
            let meaning = format!("{meaning}, from byte {} of the frame on", frame.header.header_len());
            fields.push(diagram::Field { name, value: value.join(" "), meaning, source });
        }
        for field in fields {
            let fault = faults.iter().find(|(name, _)| *name == field.name);
            let role = if fault.is_some() { Role::Error } else { Role::Text };
            let of_value = if fault.is_some() { Role::Error } else { Role::Number };
            let (name, value) = if width >= WIDE {
                (format!("{:NAME$}", field.name), format!("{:VALUE$} ", field.value))
            } else {
                let left = (NAME + 1).saturating_sub(field.name.len() + 1);
                (format!("{} ", field.name), format!("{:left$} ", field.value))
            };
            let mut spans = vec![(name, Role::Name), (value, of_value), (field.meaning, role)];
            if let Some((_, code)) = fault {
                spans.insert(2, (format!("{code} "), Role::Error));
            }
            let right = cited(field.source);
            self.lines.push(Line { target: Target::Field(field.name), spans, right });
        }
        let facts = facts::of_frame(subject).into_iter().chain(facts::of_message(model, &subject.row));
        for (name, text, role) in facts {
            let spans = vec![(format!("{name:NAME$}"), Role::Name), (text, role)];
            self.lines.push(Line { target: Target::Nothing, spans, right: String::new() });
        }
        if !first {
            self.lines.extend(found.into_iter().skip(1).flatten());
        }
    }

    /// The field under the cursor is that which is highlighted.
    fn remember(&mut self) {
        self.field = match self.target() {
            Target::Field(field) => Some(field),
            _ => None,
        };
    }

    /// What is under the cursor.
    pub(super) fn target(&self) -> Target {
        self.lines.get(self.scroll.cursor).map_or(Target::Nothing, |line| line.target)
    }

    /// The field under the cursor.
    pub(super) const fn field(&self) -> Option<&'static str> {
        self.field
    }

    /// Puts the cursor on a field.
    pub(super) fn select(&mut self, field: Option<&'static str>) {
        if field.is_some() {
            self.field = field;
        }
    }

    pub(super) fn act(&mut self, model: &mut Model, subject: &Subject, action: Action) -> bool {
        if let Some(step) = Step::of(action) {
            self.scroll.go(step);
            self.remember();
            return true;
        }
        match action {
            Action::Left => go(model, subject, subject.at.checked_sub(1)),
            Action::Right => go(model, subject, subject.at.checked_add(1)),
            Action::Diagram => {
                let (form, name) = match self.form {
                    None => (Some(Form::Wide), "32 bits a row"),
                    Some(Form::Wide) => (Some(Form::Narrow), "16 bits a row"),
                    Some(Form::Narrow) => (Some(Form::List), "no diagram"),
                    Some(Form::List) => (None, "as there is room"),
                };
                self.form = form;
                model.say(format!("diagram: {name}"));
            }
            _ => return false,
        }
        true
    }

    pub(super) fn click(&mut self, hit: Hit) {
        match hit {
            Hit::Row(_, at) => {
                self.scroll.select(at);
                self.remember();
            }
            Hit::Part(_, part) => {
                self.field = part.checked_sub(PARTS).and_then(|n| self.spots.get(n)).copied();
            }
            _ => {}
        }
    }

    pub(super) fn roll(&mut self, by: isize) {
        self.scroll.roll(by);
        self.remember();
    }

    pub(super) fn line(&self) -> Option<String> {
        let line = self.lines.get(self.scroll.cursor)?;
        Some(line.spans.iter().map(|(text, _)| text.as_str()).collect::<String>().trim_end().to_owned())
    }
}

/// The findings on this message, the worst first, each with its text on as many lines as that takes.
fn findings(model: &Model, subject: &Subject, width: usize) -> Vec<Vec<Line>> {
    let mut all: Vec<_> = model.store.findings_on(&subject.row).collect();
    all.sort_by_key(|(_, found)| found.finding.rule.level as usize);
    let lines = |(place, found): (usize, &Found)| {
        let finding = &found.finding;
        let (sign, role) = (sign(finding.rule.level), Role::of_level(finding.rule.level));
        let other = subject.frame().map(|detail| detail.frame().n);
        let of = finding
            .frame
            .filter(|frame| Some(*frame) != other)
            .map_or(String::new(), |n| format!(" in f{n}"));
        let target = Target::Finding(place);
        let spans =
            vec![(format!("{sign} {} {}", finding.rule.code, finding.rule.name), role), (of, Role::Dim)];
        let right = cited(finding.rule.source);
        let mut lines = vec![Line { target, spans, right }];
        let text = visible::shown(finding.text.as_bytes());
        let reaction = found.reaction.as_deref().map(|reaction| format!("then {reaction}"));
        for (text, role) in [(Some(text), Role::Text), (reaction, Role::Dim)] {
            for line in text.iter().flat_map(|text| textwrap::wrap(text, width.saturating_sub(2).max(10))) {
                let spans = vec![(format!("  {line}"), role)];
                lines.push(Line { target, spans, right: String::new() });
            }
        }
        lines
    };
    all.into_iter().map(lines).collect()
}

/// To another frame of the message.
fn go(model: &mut Model, subject: &Subject, at: Option<usize>) {
    match at.and_then(|at| subject.detail.frames.get(at)) {
        Some(frame) => model.frame = Some(frame.frame().n),
        None if subject.detail.frames.len() <= 1 => {
            model.say("the message has one frame; J goes to the next message")
        }
        None => model.say("the message has no frame there"),
    }
}

/// Fields that findings are about, with the codes of their rules.
fn faults(model: &Model, subject: &Subject) -> Vec<(&'static str, &'static str)> {
    let Some(frame) = subject.frame().map(|detail| detail.frame()) else { return Vec::new() };
    let mut faults = Vec::new();
    for (_, found) in model.store.findings_on(&subject.row) {
        let finding = &found.finding;
        let here = finding.frame.is_none_or(|n| n == frame.n);
        let part = match &finding.evidence {
            Evidence::Frame { part, .. } if here => *part,
            Evidence::Payload { .. } if here => Part::Payload,
            _ => continue,
        };
        let names: &[&str] = match part {
            Part::Fin => &["FIN"],
            Part::Rsv => &["RSV1", "RSV2", "RSV3"],
            Part::Opcode => &["opcode"],
            Part::Mask => &["MASK"],
            Part::Length | Part::ExtendedLength => &["length"],
            Part::Key => &["masking key"],
            Part::Payload => &["payload"],
        };
        let bits = frame.header.rsv;
        let set = |name: &str| match name {
            "RSV1" => bits & 4 != 0,
            "RSV2" => bits & 2 != 0,
            "RSV3" => bits & 1 != 0,
            _ => true,
        };
        let named: Vec<&'static str> =
            FIELDS.into_iter().filter(|name| names.contains(name) && set(name)).collect();
        faults.extend(named.into_iter().map(|name| (name, finding.rule.code)));
    }
    faults
}

/// The names of all fields.
const FIELDS: [&str; 9] =
    ["FIN", "RSV1", "RSV2", "RSV3", "opcode", "MASK", "length", "masking key", "payload"];
