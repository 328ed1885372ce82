//! The filter, as it is typed.

mod complete;

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use self::complete::{Completion, Item, Known, complete, paths};
use super::{After, Overlay};
use crate::filter::{Field, FilterError};
use crate::report::visible;
use crate::report::words::number;
use crate::tui::canvas::{Canvas, Hit, Spans};
use crate::tui::commands;
use crate::tui::editor::Line;
use crate::tui::keys::Key;
use crate::tui::list::{Scroll, Step};
use crate::tui::model::{Loaded, Model};
use crate::tui::theme::Role;
use crossterm::event::{KeyCode, KeyModifiers};

/// Paths into payloads that are larger are not offered, in bytes.
const READ: usize = 64 << 10;

/// Rows of the list at most.
const ROWS: u16 = 12;

/// Filters of before that are shown where nothing was typed.
const RECENT: usize = 4;

/// The line in which a filter is typed, with what may stand in it.
#[derive(Debug)]
pub struct FilterBar {
    line: Line,
    /// What was checked and completed last.
    seen: Option<(String, usize)>,
    checked: Checked,
    completion: Completion,
    /// A row of the list is chosen.
    chosen: bool,
    scroll: Scroll,
    walk: Option<Walk>,
    /// The list is the history.
    recall: bool,
    /// Paths into the payload of a message, by its place.
    paths: Option<(usize, Vec<(String, String)>)>,
}

/// What became of the text as a filter.
#[derive(Debug)]
enum Checked {
    Empty,
    Good { remarks: Vec<String>, normal: String },
    Wrong(Box<FilterError>),
}

/// Going through the history: how far back, and what was typed before.
#[derive(Debug)]
struct Walk {
    back: usize,
    draft: String,
}

impl FilterBar {
    /// With the filter that there is.
    pub(crate) fn open(model: &mut Model) -> Self {
        model.census.want();
        let text = model.filtering.as_ref().map_or("", |filtering| filtering.text());
        let mut bar = Self {
            line: Line::new(text),
            seen: None,
            checked: Checked::Empty,
            completion: Completion::default(),
            chosen: false,
            scroll: Scroll::default(),
            walk: None,
            recall: false,
            paths: None,
        };
        bar.look(model);
        bar
    }

    fn paths(&self) -> &[(String, String)] {
        self.paths.as_ref().map_or(&[], |(_, paths)| paths)
    }

    /// Has the message under the cursor read, for the paths into its payload.
    fn read(&mut self, model: &mut Model) {
        if self.paths.as_ref().map(|(place, _)| *place) == model.message || !self.line.text.contains('.') {
            return;
        }
        let Some(place) = model.message else { return };
        let paths = match model.detail(place) {
            Loaded::Loading => return,
            Loaded::Ready(detail) if detail.message().payload.len() <= READ => {
                paths(detail.message().payload)
            }
            _ => Vec::new(),
        };
        self.paths = Some((place, paths));
    }

    /// Reads what was typed, and finds what may stand there.
    fn look(&mut self, model: &Model) {
        let now = (self.line.text.clone(), self.line.cursor);
        if self.seen.as_ref() != Some(&now) {
            self.checked = check(&now.0, model);
            self.chosen = false;
            self.scroll = Scroll::default();
            self.seen = Some(now);
        }
        // Counts may be others.
        self.completion = if self.recall {
            Completion { range: 0..self.line.text.len(), items: recalled(model, &self.line.text), hint: None }
        } else if self.line.text.trim().is_empty() {
            let mut start = complete("", 0, &known(model, &values(model), self.paths()));
            start.range = 0..self.line.text.len();
            let filters = recent(model).chain(saved(model));
            start.items.splice(0..0, filters);
            start
        } else {
            let values = values(model);
            let known = known(model, &values, self.paths());
            let here = complete(&self.line.text, self.line.cursor, &known);
            match self.fault().filter(|_| here.items.is_empty()) {
                // Something is wrong elsewhere: what may stand there.
                Some(fault) => {
                    let text = self.line.text.get(..fault.start).unwrap_or_default();
                    Completion { range: fault, hint: None, ..complete(text, text.len(), &known) }
                }
                None => here,
            }
        };
    }

    /// The part that is wrong, where it is not what is being typed.
    fn fault(&self) -> Option<std::ops::Range<usize>> {
        match &self.checked {
            Checked::Wrong(error) if error.span.end < self.line.cursor => {
                self.line.text.get(error.span.clone()).map(|_| error.span.clone())
            }
            _ => None,
        }
    }

    /// Puts an item of the list into the line.
    fn take(&mut self, model: &Model, at: usize) {
        let Some(item) = self.completion.items.get(at) else { return };
        let (range, insert) = (self.completion.range.clone(), item.insert.clone());
        let before = self.line.text.get(..range.start).unwrap_or_default();
        let behind = self.line.text.get(range.end..).unwrap_or_default();
        let insert = if behind.starts_with(' ') { insert.trim_end() } else { &insert };
        let cursor = before.len() + insert.len();
        self.line.text = [before, insert, behind].concat();
        self.line.cursor = cursor;
        self.recall = false;
        self.walk = None;
        self.look(model);
    }

    fn walk(&mut self, model: &Model, older: bool) {
        let back = self.walk.as_ref().map_or(0, |walk| walk.back);
        let back = if older { back + 1 } else { back.saturating_sub(1) };
        let text = match back {
            0 => self.walk.take().map(|walk| walk.draft),
            _ => model.history.latest().nth(back - 1).map(str::to_owned),
        };
        let Some(text) = text else { return };
        if back > 0 {
            let draft = self.walk.take().map_or_else(|| self.line.text.clone(), |walk| walk.draft);
            self.walk = Some(Walk { back, draft });
        }
        self.line.set(text);
        self.look(model);
    }

    fn choose(&mut self, step: Step) {
        if self.chosen {
            self.scroll.go(step);
        } else {
            self.chosen = !self.completion.items.is_empty();
        }
    }

    /// Filters by what was typed.
    fn apply(&mut self, model: &mut Model, highlight: bool) -> After {
        let text = self.line.text.trim().to_owned();
        match model.apply_filter(&text) {
            Ok(()) => {
                if let Some(filtering) = &mut model.filtering
                    && highlight
                {
                    filtering.set_highlight(true);
                    model.narrowed();
                }
                if text.is_empty() {
                    model.say("nothing is filtered");
                } else {
                    commands::remember(model, &text);
                }
                After::Close
            }
            Err(error) => {
                // `text` begins where the line does not begin with spaces.
                let blank = self.line.text.len() - self.line.text.trim_start().len();
                self.line.cursor = (blank + error.span.end).min(self.line.text.len());
                self.line.cursor = self.line.text.floor_char_boundary(self.line.cursor);
                self.look(model);
                After::Stay
            }
        }
    }

    /// What is said about the text: lines with their roles.
    fn said(&self, width: u16) -> Spans {
        let wrap = |text: &str, role: Role| {
            let lines = textwrap::wrap(text, usize::from(width.max(10)));
            lines.into_iter().map(|line| (line.into_owned(), role)).collect::<Vec<_>>()
        };
        match &self.checked {
            Checked::Empty => Vec::new(),
            Checked::Good { remarks, normal } => {
                let mut lines: Vec<_> =
                    remarks.iter().flat_map(|remark| wrap(remark, Role::Warning)).collect();
                if lines.is_empty() && normal != self.line.text.trim() {
                    lines.extend(wrap(&format!("read as {normal}"), Role::Dim).into_iter().take(2));
                }
                lines
            }
            Checked::Wrong(error) => {
                // What is not complete yet is not wrong yet; where it can be completed, the list says how.
                let typing = error.span.start >= self.line.text.trim_end().len();
                if typing && !self.completion.items.is_empty() {
                    return Vec::new();
                }
                let role = if typing { Role::Dim } else { Role::Error };
                let mut text = error.message.clone();
                if let Some(label) = &error.label {
                    text = format!("{text}: {label}");
                }
                let shown = |text: &str| visible_width(text);
                let start = error.span.start.min(self.line.text.len());
                let before = shown(self.line.text.get(..start).unwrap_or_default());
                let at = before.saturating_sub(scrolled(&self.line, width));
                let fault = self.line.text.get(error.span.clone()).unwrap_or_default();
                let carets = shown(fault).max(1).min(usize::from(width).saturating_sub(at));
                let caret = if typing { String::new() } else { "^".repeat(carets) };
                let mut lines = Vec::new();
                if caret.is_empty() {
                    lines.extend(wrap(&text, role));
                } else if at + carets + 1 + text.width() <= usize::from(width) {
                    lines.push((format!("{}{caret} {text}", " ".repeat(at)), role));
                } else {
                    lines.push((format!("{}{caret}", " ".repeat(at)), role));
                    lines.extend(wrap(&text, role));
                }
                // What commands list is listed here.
                let help = error
                    .help
                    .iter()
                    .flat_map(|help| help.split("; "))
                    .filter(|help| !help.contains("`wscope"));
                if self.completion.hint.is_none() {
                    lines.extend(help.flat_map(|help| wrap(help, Role::Dim)));
                }
                lines
            }
        }
    }

    fn draw_list(&mut self, area: Rect, canvas: &mut Canvas<'_>) {
        self.scroll.fit(self.completion.items.len(), area.height.into());
        let narrow = self.completion.items.iter().filter(|item| !item.wide);
        let widest = narrow.map(|item| item.label.width()).max().unwrap_or(0);
        let label_width = (widest as u16).clamp(8, 22).min(area.width / 2);
        let full = label_width >= area.width.saturating_sub(20);
        for (y, at) in (area.y..area.bottom()).zip(self.scroll.window()) {
            let Some(item) = self.completion.items.get(at) else { continue };
            let row = Rect::new(area.x, y, area.width, 1);
            let count = item.count.map(number).unwrap_or_default();
            let mut x = row.x + 1;
            if item.wide {
                let tag = if area.width < 40 { "" } else { &*item.what };
                let room = (row.width - 2).saturating_sub(tag.width() as u16 + 2);
                canvas.put(x, y, room, &item.label, Role::Text);
                canvas.put_right(row.x, y, row.width - 1, tag, Role::Dim);
            }
            let taken = if item.what.is_empty() || full { row.width - 2 } else { label_width };
            let label_room =
                taken.saturating_sub(if taken > label_width { count.width() as u16 + 1 } else { 0 });
            if !item.wide {
                canvas.put(x, y, label_room, &item.label, Role::Name);
                x += label_width + 2;
                let room = (row.right() - 1).saturating_sub(x);
                let count_width = (count.width() as u16).min(room);
                if !full {
                    canvas.put(x, y, room.saturating_sub(count_width + 1), &item.what, Role::Dim);
                }
                canvas.put_right(row.x, y, row.width - 1, &count, Role::Number);
            }
            if self.chosen && at == self.scroll.cursor {
                canvas.paint(row, Role::Cursor);
            }
            canvas.hit(row, Hit::Row(0, at));
        }
    }
}

/// Columns of a text as it is shown.
fn visible_width(text: &str) -> usize {
    visible::shown(text.as_bytes()).width()
}

/// Columns of a line that lie to the left of what is shown of it.
fn scrolled(line: &Line, width: u16) -> usize {
    let before = visible_width(line.halves().0);
    let room = usize::from(width);
    if before >= room { before + 2 - room } else { 0 }
}

fn check(text: &str, model: &Model) -> Checked {
    if text.trim().is_empty() {
        return Checked::Empty;
    }
    let read = model.read_filter(text).and_then(|filter| filter.of_connections().map(|_| filter));
    match read {
        Ok(filter) => Checked::Good { remarks: filter.remarks().to_vec(), normal: filter.to_string() },
        Err(error) => Checked::Wrong(Box::new(error)),
    }
}

fn values(model: &Model) -> impl Fn(Field) -> Option<Vec<(String, u64)>> + '_ {
    |field| model.census.values(field, &model.store)
}

fn known<'a>(
    model: &'a Model,
    values: &'a dyn Fn(Field) -> Option<Vec<(String, u64)>>,
    paths: &'a [(String, String)],
) -> Known<'a> {
    Known { values, saved: &model.saved, paths }
}

fn whole(text: &str, what: &str) -> Item {
    Item { label: text.to_owned(), insert: text.to_owned(), what: what.to_owned(), count: None, wide: true }
}

fn recent(model: &Model) -> impl Iterator<Item = Item> + '_ {
    model.history.latest().take(RECENT).map(|text| whole(text, "recent"))
}

fn saved(model: &Model) -> impl Iterator<Item = Item> + '_ {
    model.saved.iter().map(|(name, text)| Item {
        label: format!("@{name}"),
        insert: format!("@{name} "),
        what: text.clone(),
        count: None,
        wide: false,
    })
}

fn recalled(model: &Model, query: &str) -> Vec<Item> {
    let query = query.trim().to_lowercase();
    let matching = model.history.latest().filter(|text| text.to_lowercase().contains(&query));
    matching.map(|text| whole(text, "")).collect()
}

impl Overlay for FilterBar {
    fn hints(&self) -> Vec<(&'static str, &'static str)> {
        if self.recall {
            return vec![("Enter", "take"), ("Ctrl-r", "older"), ("Esc", "leave the history")];
        }
        let enter = if self.chosen { "take" } else { "filter" };
        vec![
            ("Enter", enter),
            ("Esc", "leave"),
            ("Tab", "complete"),
            ("Ctrl-r", "history"),
            ("Ctrl-t", "highlight"),
            ("↓", "choose"),
        ]
    }

    fn draw(&mut self, model: &mut Model, screen: Rect, canvas: &mut Canvas<'_>) {
        self.read(model);
        self.look(model);
        let top = Rect::new(screen.x, screen.y + 1, screen.width, 1);
        canvas.clear(top);
        let sign = if self.recall { "history / " } else { "/ " };
        let taken = canvas.put(top.x + 1, top.y, top.width / 2, sign, Role::Key) + 1;
        let width = top.width.saturating_sub(taken + 1);
        self.line.draw(top.x + taken, top.y, width, Role::Text, canvas);
        let mut said = if self.recall { Vec::new() } else { self.said(width) };
        if let Some(hint) = &self.completion.hint {
            said.extend(
                textwrap::wrap(hint, usize::from(width)).into_iter().map(|l| (l.into_owned(), Role::Dim)),
            );
        }
        if self.recall && self.completion.items.is_empty() {
            said.push(("no filter of before is like this".to_owned(), Role::Dim));
        }
        let room = screen.height.saturating_sub(3);
        said.truncate(usize::from(room.saturating_sub(1)));
        let rows = (self.completion.items.len() as u16).min(ROWS).min(room.saturating_sub(said.len() as u16));
        let height = said.len() as u16 + rows;
        let panel = Rect::new(screen.x, top.bottom(), screen.width, (height + 1).min(room));
        canvas.clear(panel);
        canvas.hit(panel, Hit::Pane(0));
        for (y, (text, role)) in (panel.y..panel.bottom()).zip(&said) {
            canvas.put(panel.x + 3, y, width, text, *role);
        }
        let list = Rect::new(panel.x + 2, panel.y + said.len() as u16, panel.width.saturating_sub(2), rows);
        self.draw_list(list, canvas);
        if panel.height > height {
            canvas.rule(panel.x, panel.bottom() - 1, panel.width);
        }
    }

    fn key(&mut self, model: &mut Model, key: Key) -> After {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc if self.recall => (self.recall, self.chosen) = (false, false),
            KeyCode::Esc if self.chosen => self.chosen = false,
            KeyCode::Esc => return After::Close,
            KeyCode::Enter if self.chosen || self.recall => self.take(model, self.scroll.cursor),
            KeyCode::Enter => return self.apply(model, false),
            KeyCode::Char('t') if control => return self.apply(model, true),
            KeyCode::Char('r') if control => {
                if self.recall {
                    self.scroll.go(Step::By(1));
                }
                self.recall = true;
                self.chosen = true;
            }
            KeyCode::Tab => {
                let at = if self.chosen { self.scroll.cursor } else { 0 };
                self.take(model, at);
            }
            KeyCode::Down if self.walk.is_some() && !self.chosen => self.walk(model, false),
            KeyCode::Down => self.choose(Step::By(1)),
            KeyCode::PageDown => self.choose(Step::Halves(2)),
            KeyCode::PageUp => self.choose(Step::Halves(-2)),
            KeyCode::Up if self.chosen && self.scroll.cursor > 0 => self.scroll.go(Step::By(-1)),
            KeyCode::Up if self.chosen && !self.recall => self.chosen = false,
            KeyCode::Up if !self.recall => self.walk(model, true),
            _ => {
                if self.line.key(key) {
                    self.walk = None;
                }
            }
        }
        let recall = self.recall;
        self.look(model);
        self.chosen |= recall;
        After::Stay
    }

    fn paste(&mut self, model: &mut Model, text: &str) {
        self.line.insert(text);
        self.look(model);
    }

    fn click(&mut self, model: &mut Model, hit: Hit, _double: bool) -> After {
        match hit {
            Hit::Row(_, at) => self.take(model, at),
            Hit::Pane(_) => {}
            // What lies beside it: as Esc.
            _ => return After::Close,
        }
        After::Stay
    }

    fn roll(&mut self, _model: &mut Model, by: isize) {
        self.scroll.roll(by);
    }
}
