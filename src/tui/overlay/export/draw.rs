//! The form on the screen.

use std::sync::atomic::Ordering;

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::{BUTTON, ExportForm, Field, PAYLOADS, State};
use crate::report::exporter::Format;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::exporting::Form;
use crate::tui::model::Model;
use crate::tui::overlay::middle;
use crate::tui::theme::Role;

/// Columns of the names of lines, with the sign of the one that is changed.
const NAMES: u16 = 10;

/// The widest that the form gets.
const WIDTH: u16 = 86;

/// A line of the form.
enum Row {
    Field(Field),
    /// Explains the field above.
    About(Field),
    Empty,
    /// A remark, and the button.
    Last,
}

/// Lines, each with how soon it is left out where there is no room: 0 = never, else the highest first.
const ROWS: [(Row, u8); 8] = [
    (Row::Field(Field::What), 0),
    (Row::About(Field::What), 1),
    (Row::Field(Field::Form), 0),
    (Row::About(Field::Form), 2),
    (Row::Field(Field::Payload), 0),
    (Row::Field(Field::File), 0),
    (Row::Empty, 3),
    (Row::Last, 0),
];

impl ExportForm {
    pub(super) fn paint(&self, model: &Model, screen: Rect, canvas: &mut Canvas<'_>) {
        let room = screen.height.saturating_sub(1);
        let area = middle(Rect { height: room, ..screen }, WIDTH, (ROWS.len() as u16 + 2).min(room));
        canvas.clear(area);
        let inner = canvas.frame(area, "export", "", true);
        let left_out = ROWS.len().saturating_sub(inner.height.into());
        let rows = ROWS.iter().filter(|(_, rank)| *rank == 0 || usize::from(*rank) + left_out <= 3);
        for (y, (row, _)) in (inner.y..inner.bottom()).zip(rows) {
            let line = Rect { x: inner.x + 1, y, width: inner.width.saturating_sub(2), height: 1 };
            match row {
                Row::Field(field) => self.field(model, *field, line, canvas),
                Row::About(field) => self.about(*field, line, canvas),
                Row::Empty => {}
                Row::Last => self.last(model, line, left_out == 0, canvas),
            }
        }
    }

    fn field(&self, _: &Model, field: Field, line: Rect, canvas: &mut Canvas<'_>) {
        let focused = self.field == field && matches!(self.state, State::Open);
        let role = if focused { Role::Focus } else { Role::Dim };
        canvas.hit(line, Hit::Row(0, field as usize));
        canvas.put(line.x, line.y, 2, if focused { "›" } else { "" }, Role::Focus);
        canvas.put(line.x + 2, line.y, NAMES - 3, field.name(), role);
        let value = Rect { x: line.x + NAMES, width: line.width.saturating_sub(NAMES), ..line };
        match field {
            Field::What if matches!(self.form(), Some(Form::Table(_))) => {
                canvas.put(value.x + 1, value.y, value.width, "the chart", Role::Dim);
            }
            Field::What => self.chips(field, self.whats.iter().map(|offer| &*offer.label), value, canvas),
            Field::Form => self.chips(field, self.forms.iter().map(Form::name), value, canvas),
            Field::Payload if self.form().is_some_and(Form::has_payloads) => {
                self.chips(field, PAYLOADS.iter().map(|(_, name)| *name), value, canvas);
            }
            Field::Payload => {
                let why = match self.form() {
                    Some(Form::Capture(Format::Pcapng)) => "packets are copied as they are",
                    Some(Form::Findings(_)) => "what rules show as evidence",
                    _ => "not in it",
                };
                canvas.put(value.x + 1, value.y, value.width, why, Role::Dim);
            }
            Field::File if focused => self.file.draw(value.x + 1, value.y, value.width, Role::Text, canvas),
            Field::File => {
                canvas.put(value.x + 1, value.y, value.width, &self.file.text, Role::Text);
            }
        }
    }

    /// What can be chosen, side by side; where there is no room for that, what is.
    fn chips<'t>(
        &self,
        field: Field,
        labels: impl Iterator<Item = &'t str> + Clone,
        area: Rect,
        canvas: &mut Canvas<'_>,
    ) {
        let chosen = self.chosen.get(field as usize).copied().unwrap_or(0);
        let width: usize = labels.clone().map(|label| label.width() + 2).sum();
        if width > usize::from(area.width) {
            let label = labels.clone().nth(chosen).unwrap_or_default();
            let mut x = area.x;
            for (text, role) in [("‹", Role::Key), (&*format!(" {label} "), Role::On), ("›", Role::Key)] {
                x += canvas.put(x, area.y, area.right().saturating_sub(x), text, role);
            }
            let next = (chosen + 1) % self.choices(field).max(1);
            canvas.hit(Rect { width: x - area.x, ..area }, Hit::Part(field as usize, next));
            return;
        }
        let mut x = area.x;
        for (at, label) in labels.enumerate() {
            let role = if at == chosen { Role::On } else { Role::Text };
            let taken = canvas.put(x, area.y, area.right().saturating_sub(x), &format!(" {label} "), role);
            canvas.hit(Rect { x, width: taken, ..area }, Hit::Part(field as usize, at));
            x += taken;
        }
    }

    fn about(&self, field: Field, line: Rect, canvas: &mut Canvas<'_>) {
        let (x, width) = (line.x + NAMES + 1, line.width.saturating_sub(NAMES + 1));
        match (field, self.form(), self.offer()) {
            (Field::What, Some(Form::Table(_)), _) => {}
            (Field::What, _, Some(offer)) => match &offer.filter {
                Ok(None) => {
                    canvas.put(x, line.y, width, &offer.extent, Role::Dim);
                }
                Ok(Some(filter)) => {
                    let spans = [(&*offer.extent, Role::Dim), (": ", Role::Dim), (&**filter, Role::Match)];
                    canvas.spans(x, line.y, width, spans);
                }
                Err(why) => {
                    canvas.put(x, line.y, width, &format!("cannot be exported: {why}"), Role::Warning);
                }
            },
            (_, Some(form), _) => {
                canvas.put(x, line.y, width, &form.description(), Role::Dim);
            }
            _ => {}
        }
    }

    /// `above`: the line above is empty, and may be used.
    fn last(&self, model: &Model, line: Rect, above: bool, canvas: &mut Canvas<'_>) {
        let (text, role, button) = match &self.state {
            State::Open => match &self.remark {
                Some((text, role)) => (text.clone(), *role, " write "),
                None => (self.secrets(model).to_owned(), Role::Dim, " write "),
            },
            State::Asks => ("this file exists already".to_owned(), Role::Warning, " overwrite "),
            State::Writes { percent, .. } => {
                (format!("writing: {}%", percent.load(Ordering::Relaxed).min(100)), Role::Info, " cancel ")
            }
        };
        let taken = (button.width() as u16).min(line.width);
        // A sentence that must be read comes before a button.
        let beside = line.width.saturating_sub(taken + 1);
        let fits = text.width() <= usize::from(beside);
        let wrapped = textwrap::wrap(&text, usize::from(beside.max(1)));
        let room = if role == Role::Dim || fits || above && wrapped.len() == 2 { beside } else { line.width };
        match &wrapped[..] {
            [first, second] if above => {
                canvas.put(line.x, line.y - 1, room, first, role);
                canvas.put(line.x, line.y, room, second, role);
            }
            _ => {
                canvas.put(line.x, line.y, room, &text, role);
            }
        }
        if room < line.width {
            let x = line.right() - taken;
            canvas.put(x, line.y, taken, button, Role::On);
            canvas.hit(Rect { x, width: taken, ..line }, Hit::Part(BUTTON, 0));
        }
    }

    /// What becomes of secrets.
    fn secrets(&self, model: &Model) -> &'static str {
        match self.form() {
            Some(Form::Capture(Format::Pcapng)) => "Secrets stay in the packets.",
            Some(Form::Capture(Format::Csv) | Form::Table(_)) => "",
            Some(Form::Capture(_)) if model.settings.reveal => "Secrets in URLs are written as they are.",
            Some(Form::Capture(_)) => "Secrets in URLs are masked (V in the views shows them).",
            Some(Form::Findings(_)) | None => "Secrets are masked.",
        }
    }
}
