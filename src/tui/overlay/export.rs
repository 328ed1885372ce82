//! The form for an export: what, in which format, into which file.

mod draw;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyModifiers};
use ratatui::layout::Rect;

use super::{After, Overlay};
use crate::report::check;
use crate::report::exporter::Format;
use crate::report::payload::PayloadMode;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::editor::Line;
use crate::tui::exporting::{self, Form, Order, Table, Watch, What};
use crate::tui::keys::Key;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::view::ViewId;
use crate::tui::workers::Task;

/// The form.
#[derive(Debug)]
pub struct ExportForm {
    whats: Vec<Offer>,
    forms: Vec<Form>,
    /// Which is chosen: what, form, payload.
    chosen: [usize; 3],
    file: Line,
    field: Field,
    state: State,
    /// Why it was not written.
    remark: Option<(String, Role)>,
    over: bool,
}

/// Something that can be exported.
#[derive(Debug)]
struct Offer {
    what: What,
    label: String,
    /// How much it is.
    extent: String,
    /// The filter that selects it, or why there is none.
    filter: Result<Option<String>, String>,
}

/// A line of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    What,
    Form,
    Payload,
    File,
}

impl Field {
    const ALL: [Self; 4] = [Self::What, Self::Form, Self::Payload, Self::File];

    const fn name(self) -> &'static str {
        match self {
            Self::What => "what",
            Self::Form => "format",
            Self::Payload => "payload",
            Self::File => "file",
        }
    }
}

#[derive(Debug)]
enum State {
    /// It is filled in.
    Open,
    /// There is a file of that name.
    Asks,
    /// It is being written.
    Writes { task: Task<Result<String, String>>, percent: Arc<AtomicU64> },
}

/// How much of payloads can be chosen.
const PAYLOADS: [(PayloadMode, &str); 3] = [
    (PayloadMode::Full, "whole"),
    (PayloadMode::Head(PayloadMode::DEFAULT_HEAD), "first 256 bytes"),
    (PayloadMode::None, "none"),
];

/// What a button is, as a part of the form.
const BUTTON: usize = Field::ALL.len();

/// The interface is told of progress not more often than this.
const OFTEN: Duration = Duration::from_millis(100);

impl ExportForm {
    /// A form for what there is now. `table` is what the view in front shows.
    #[must_use]
    pub fn open(model: &Model, table: Option<Table>) -> Self {
        let offer = |what, label: String| Offer {
            what,
            label,
            extent: exporting::extent(model, what),
            filter: exporting::expression(model, what),
        };
        let shown = offer(What::Shown, "shown".to_owned());
        let narrowed = shown.filter != Ok(None);
        let mut whats = Vec::new();
        whats.extend(narrowed.then_some(shown));
        whats.extend(
            (!model.marks.is_empty()).then(|| offer(What::Marked, format!("{} marked", model.marks.len()))),
        );
        whats.extend(model.conn.map(|conn| offer(What::Conn(conn), format!("conn {conn}"))));
        whats.push(offer(What::All, "all".to_owned()));
        // Without a filter, what is looked at is one connection, or all.
        let of_conn = matches!(model.view, ViewId::Inspect | ViewId::Handshake | ViewId::Follow);
        let first = |offer: &Offer| match offer.what {
            What::Shown | What::Marked | What::All => true,
            What::Conn(_) => of_conn,
        };
        let what = whats.iter().position(first).unwrap_or(0);
        let mut forms: Vec<Form> = Format::ALL.map(Form::Capture).into();
        let mut form = 0;
        if let Some(table) = table {
            form = forms.len();
            forms.push(Form::Table(table));
        }
        if model.view == ViewId::Findings {
            form = forms.len();
            let formats = [check::Format::Markdown, check::Format::Sarif, check::Format::Junit];
            forms.extend(formats.map(Form::Findings));
        }
        let file = forms.get(form).map_or_else(String::new, |form| exporting::file_name(&model.title, form));
        Self {
            whats,
            forms,
            chosen: [what, form, 0],
            file: Line::new(file),
            field: Field::What,
            state: State::Open,
            remark: None,
            over: false,
        }
    }

    fn offer(&self) -> Option<&Offer> {
        self.whats.get(self.chosen[0])
    }

    fn form(&self) -> Option<&Form> {
        self.forms.get(self.chosen[1])
    }

    /// How many there are to choose from.
    const fn choices(&self, field: Field) -> usize {
        match field {
            Field::What => self.whats.len(),
            Field::Form => self.forms.len(),
            Field::Payload => PAYLOADS.len(),
            Field::File => 1,
        }
    }

    /// Chooses; the file's name follows the form.
    fn choose(&mut self, model: &Model, field: Field, to: usize) {
        self.remark = None;
        let before = self.form().map(|form| (exporting::file_name(&model.title, form), form.ending()));
        if let Some(chosen) = self.chosen.get_mut(field as usize) {
            *chosen = to;
        }
        let Some((form, (usual, ending))) = self.form().zip(before) else { return };
        let name = if self.file.text == usual {
            exporting::file_name(&model.title, form)
        } else if let Some(stem) = self.file.text.strip_suffix(ending) {
            format!("{stem}{}", form.ending())
        } else {
            return;
        };
        self.file.set(name);
    }

    /// The next choice of the line, or the one before.
    fn turn(&mut self, model: &Model, back: bool) {
        let (field, many) = (self.field, self.choices(self.field).max(1));
        let now = self.chosen.get(field as usize).copied().unwrap_or(0);
        let to = if back { (now + many - 1) % many } else { (now + 1) % many };
        self.choose(model, field, to);
    }

    fn go(&mut self, by: isize) {
        let at = (self.field as usize).saturating_add_signed(by).min(Field::ALL.len() - 1);
        self.field = Field::ALL.get(at).copied().unwrap_or(Field::File);
    }

    fn order(&self, model: &Model, overwrite: bool) -> Result<Order, String> {
        let offer = self.offer().ok_or("there is nothing to export")?;
        let form = self.form().ok_or("there is no format")?.clone();
        let filter = match &form {
            Form::Table(_) => None,
            _ => offer.filter.clone()?,
        };
        let name = self.file.text.trim();
        if name.is_empty() {
            return Err("the file needs a name".to_owned());
        }
        let payload = PAYLOADS.get(self.chosen[2]).map_or(PayloadMode::Full, |(mode, _)| *mode);
        Ok(Order {
            form,
            filter,
            payload,
            reveal: model.settings.reveal,
            path: model.folder.join(name),
            overwrite,
        })
    }

    /// Writes the file; asks first where there is one.
    fn write(&mut self, model: &mut Model, overwrite: bool) {
        self.remark = None;
        self.state = State::Open;
        let order = match self
            .order(model, overwrite)
            .and_then(|order| exporting::check(&order, model).map(|()| order))
        {
            Ok(order) => order,
            Err(why) => return self.remark = Some((why, Role::Error)),
        };
        if order.path.is_dir() {
            return self.remark = Some(("that is a folder: add a name".to_owned(), Role::Error));
        }
        if !overwrite && order.path.exists() {
            return self.state = State::Asks;
        }
        let capture =
            model.reopener.as_ref().map(|reopener| (reopener.files().clone(), reopener.config().clone()));
        let percent = Arc::<AtomicU64>::default();
        let progress = progress(Arc::clone(&percent), model.waker());
        let task = model.workers.run(move |cancelled| {
            let cancelled = cancelled.clone();
            let watch = Watch { cancelled: Arc::new(move || cancelled.is()), progress };
            exporting::carry_out(&order, capture.as_ref().map(|(files, config)| (files, config)), &watch)
        });
        self.state = State::Writes { task, percent };
        self.poll(model);
    }

    /// Looks whether the file is written.
    fn poll(&mut self, model: &mut Model) {
        let State::Writes { task, .. } = &self.state else { return };
        let Some(result) = task.get().cloned() else { return };
        self.state = State::Open;
        match result {
            Ok(said) => {
                model.say(said);
                self.over = true;
                // It goes away before the next picture, which is to come soon.
                model.more = true;
            }
            Err(why) => self.remark = Some((why, Role::Error)),
        }
    }

    const fn after(&self) -> After {
        if self.over { After::Close } else { After::Stay }
    }

    fn cancel(&mut self) {
        self.state = State::Open;
        self.remark = Some(("cancelled: nothing was written".to_owned(), Role::Warning));
    }

    fn keep(&mut self) {
        self.state = State::Open;
        self.field = Field::File;
        self.remark = Some(("it stays as it is: choose another name".to_owned(), Role::Info));
    }
}

/// Keeps the percentage, and wakes the interface now and then.
fn progress(percent: Arc<AtomicU64>, wake: Arc<dyn Fn() + Send + Sync>) -> Arc<dyn Fn(u64) + Send + Sync> {
    let told = Mutex::new(Instant::now());
    Arc::new(move |done| {
        percent.store(done, Ordering::Relaxed);
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() >= OFTEN {
            *told = Instant::now();
            wake();
        }
    })
}

impl Overlay for ExportForm {
    fn hints(&self) -> Vec<(&'static str, &'static str)> {
        match self.state {
            State::Open => {
                let change =
                    if self.field == Field::File { ("", "type the name") } else { ("←→", "choose") };
                vec![("Enter", "write"), ("Esc", "close"), ("↑↓", "move"), change]
            }
            State::Asks => vec![("Enter", "overwrite"), ("Esc", "keep it")],
            State::Writes { .. } => vec![("Esc", "cancel")],
        }
    }

    fn draw(&mut self, model: &mut Model, screen: Rect, canvas: &mut Canvas<'_>) {
        self.poll(model);
        self.paint(model, screen, canvas);
    }

    fn key(&mut self, model: &mut Model, key: Key) -> After {
        match self.state {
            State::Writes { .. } => {
                if matches!(key.code, KeyCode::Esc | KeyCode::Char('q')) {
                    self.cancel();
                }
                return After::Stay;
            }
            State::Asks => {
                match key.code {
                    KeyCode::Enter | KeyCode::Char('y') => self.write(model, true),
                    _ => self.keep(),
                }
                return self.after();
            }
            State::Open => {}
        }
        let writes = self.field == Field::File;
        match key.code {
            KeyCode::Esc => return After::Close,
            KeyCode::Enter => self.write(model, false),
            KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => self.go(-1),
            KeyCode::Up => self.go(-1),
            KeyCode::Down | KeyCode::Tab => self.go(1),
            _ if writes => {
                self.remark = None;
                self.file.key(key);
            }
            KeyCode::Char('q') => return After::Close,
            KeyCode::Char('k') => self.go(-1),
            KeyCode::Char('j') => self.go(1),
            KeyCode::Left | KeyCode::Char('h') => self.turn(model, true),
            KeyCode::Right | KeyCode::Char('l' | ' ') => self.turn(model, false),
            _ => {}
        }
        self.after()
    }

    fn paste(&mut self, _: &mut Model, text: &str) {
        if matches!(self.state, State::Open) {
            self.field = Field::File;
            self.remark = None;
            self.file.insert(text);
        }
    }

    fn click(&mut self, model: &mut Model, hit: Hit, _: bool) -> After {
        match (hit, &self.state) {
            (Hit::Part(BUTTON, 0), State::Open) => self.write(model, false),
            (Hit::Part(BUTTON, 0), State::Asks) => self.write(model, true),
            (Hit::Part(BUTTON, 0), State::Writes { .. }) => self.cancel(),
            (Hit::Part(part, choice), State::Open) => {
                if let Some(field) = Field::ALL.get(part) {
                    self.field = *field;
                    self.choose(model, *field, choice);
                }
            }
            (Hit::Row(_, row), State::Open) => {
                if let Some(field) = Field::ALL.get(row) {
                    self.field = *field;
                }
            }
            _ => {}
        }
        self.after()
    }

    fn roll(&mut self, model: &mut Model, by: isize) {
        if matches!(self.state, State::Open) && self.field != Field::File {
            self.turn(model, by < 0);
        }
    }

    fn is_over(&self) -> bool {
        self.over
    }
}
