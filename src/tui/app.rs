//! The whole interface: header, view, overlays and footer; keys into actions, actions to where they belong.

mod chrome;

use std::collections::HashMap;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::action::Action;
use super::canvas::{self, Canvas, Hit};
use super::feed::Feed;
use super::keys::{Key, Meaning};
use super::model::{Effect, Model};
use super::overlay::columns::ColumnList;
use super::overlay::export::ExportForm;
use super::overlay::{After, Overlay};
use super::store::State;
use super::theme::Role;
use super::view::conns::ConnsView;
use super::view::findings::FindingsView;
use super::view::follow::FollowView;
use super::view::handshake::HandshakeView;
use super::view::inspect::InspectView;
use super::view::messages::MessagesView;
use super::view::stats::StatsView;
use super::view::{View, ViewId};
use crate::filter::nearest;

/// The smallest screen that shows anything.
const SMALLEST: (u16, u16) = (30, 8);

/// Rows for one notch of the wheel.
const NOTCH: isize = 3;

/// Two clicks within this time are one double click.
const DOUBLE: Duration = Duration::from_millis(400);

/// The interface.
#[derive(Debug)]
pub struct App {
    /// What is shown.
    pub model: Model,
    feed: Option<Feed>,
    paused: bool,
    /// What the interfaces remarked, as far as it was shown.
    remarks: Vec<String>,
    views: Views,
    /// Views to go back to.
    back: Vec<ViewId>,
    overlays: Vec<Box<dyn Overlay>>,
    /// Keys of a sequence that is not complete.
    pressed: Vec<Key>,
    hits: Vec<(Rect, Hit)>,
    /// The last click: where, and at what time.
    clicked: Option<(Position, Duration)>,
    dirty: bool,
    /// What was drawn on last.
    screen: Rect,
}

#[derive(Debug, Default)]
struct Views {
    conns: ConnsView,
    messages: MessagesView,
    inspect: InspectView,
    findings: FindingsView,
    stats: StatsView,
    handshake: HandshakeView,
    follow: FollowView,
}

impl Views {
    fn get(&mut self, id: ViewId) -> &mut dyn View {
        match id {
            ViewId::Conns => &mut self.conns,
            ViewId::Messages => &mut self.messages,
            ViewId::Inspect => &mut self.inspect,
            ViewId::Findings => &mut self.findings,
            ViewId::Stats => &mut self.stats,
            ViewId::Handshake => &mut self.handshake,
            ViewId::Follow => &mut self.follow,
        }
    }
}

impl App {
    /// Shows a model, to which `feed` adds.
    #[must_use]
    pub fn new(model: Model, feed: Option<Feed>) -> Self {
        Self {
            model,
            feed,
            paused: false,
            remarks: Vec::new(),
            views: Views::default(),
            back: Vec::new(),
            overlays: Vec::new(),
            pressed: Vec::new(),
            hits: Vec::new(),
            clicked: None,
            dirty: true,
            screen: Rect::ZERO,
        }
    }

    /// Of the lists that are named, shows these columns only, by their names.
    ///
    /// # Errors
    /// Where a list has no such column.
    pub fn show_columns(&mut self, shown: &HashMap<ViewId, Vec<String>>) -> Result<(), String> {
        for (view, shown) in shown {
            let columns = self.views.get(*view).columns();
            let names = || columns.iter().map(|column| column.name);
            if let Some(wrong) = shown.iter().find(|wrong| !names().any(|name| name == *wrong)) {
                let list = view.action().entry().id;
                return Err(match nearest(wrong, names()) {
                    Some(near) => format!("{list} have no column `{wrong}`; did you mean `{near}`?"),
                    None => format!(
                        "{list} have no column `{wrong}`, but {}",
                        names().collect::<Vec<_>>().join(", ")
                    ),
                });
            }
            let hidden = names().enumerate().filter(|(_, name)| !shown.iter().any(|shown| shown == name));
            self.model.hidden.insert(*view, hidden.map(|(n, _)| n).collect());
        }
        Ok(())
    }

    /// Takes in what is new, and goes on with what is done in pieces, for about so long.
    pub fn tick(&mut self, budget: Duration) {
        if let Some(feed) = &self.feed {
            if self.paused && self.model.kept_bytes().is_some_and(|(kept, limit)| kept > limit) {
                self.paused = false;
                self.model.say("the ring is full: what came while it was paused is taken in");
            }
            if self.paused {
                feed.hold();
            } else if feed.apply(&mut self.model.store, budget / 2) {
                self.model.retry();
                self.dirty = true;
            }
            self.model.live = feed.pulse();
            for notice in feed.notices() {
                self.model.fail(notice.clone());
                self.remarks.push(notice);
                self.dirty = true;
            }
            self.model.progress = match self.model.store.state() {
                State::Reading => Some(feed.progress()),
                State::Done(_) | State::Failed(_) => None,
            };
        }
        if self.model.more {
            let view = self.views.get(self.model.view);
            self.model.more = view.advance(&mut self.model, budget / 2);
            self.dirty = true;
        }
        self.dirty |= self.model.make_room();
        self.dirty |= self.model.advance(budget / 2);
        if let Some(action) = self.model.later.take() {
            super::yank::run(&mut self.model, action);
            // Done, or not to be done: that is told.
            self.dirty |= self.model.later.is_none();
        }
        while self.overlays.last().is_some_and(|overlay| overlay.is_over()) {
            self.overlays.pop();
            self.dirty = true;
        }
    }

    /// The capture grows for as long as it is shown: lists begin with their ends in sight, and stay there.
    pub fn follow_tails(&mut self) {
        self.views.conns.follow_tail();
        self.views.messages.follow_tails();
    }

    /// Takes in all that is still to come of a capture that was told to end.
    pub fn finish(&mut self) {
        if let Some(feed) = &self.feed {
            feed.finish(&mut self.model.store);
            self.remarks.extend(feed.notices());
        }
    }

    /// What the interfaces remarked.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// There is something to do that does not wait for anybody.
    #[must_use]
    pub fn busy(&self) -> bool {
        !self.model.settled()
    }

    /// The screen is not what it should be; asked once after each change.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// Something was done in another thread: the screen may change.
    pub fn woken(&mut self) {
        self.dirty = true;
    }

    /// An event of the terminal; `now` counts from any fixed moment.
    pub fn event(&mut self, event: Event, now: Duration) {
        self.dirty = true;
        match event {
            Event::Key(KeyEvent { kind: KeyEventKind::Release, .. }) => self.dirty = false,
            Event::Key(key) => self.key(key.into()),
            Event::Mouse(mouse) => self.mouse(mouse, now),
            Event::Paste(text) => {
                if let Some(overlay) = self.overlays.last_mut() {
                    overlay.paste(&mut self.model, &text);
                }
            }
            Event::Resize(..) | Event::FocusGained | Event::FocusLost => {}
        }
        self.settle_effects();
    }

    /// A key was pressed.
    pub fn key(&mut self, key: Key) {
        self.model.notice = None;
        self.model.later = None;
        if key == Key::from(KeyEvent::new(KeyCode::Char('c'), crossterm::event::KeyModifiers::CONTROL)) {
            return self.act(Action::QuitNow);
        }
        if let Some(overlay) = self.overlays.last_mut() {
            let after = overlay.key(&mut self.model, key);
            return self.after(after);
        }
        self.pressed.push(key);
        match self.model.keymap.meaning(self.model.view, &self.pressed) {
            Meaning::Action(action) => {
                self.pressed.clear();
                self.act(action);
            }
            Meaning::Prefix => {}
            Meaning::Nothing => {
                let sequence = std::mem::take(&mut self.pressed);
                let escaped = sequence.len() > 1 && key.code == KeyCode::Esc;
                if !escaped {
                    let keys = super::keys::text(&sequence);
                    self.model.say(format!("{keys} does nothing here; ? shows what does"));
                }
            }
        }
    }

    fn after(&mut self, after: After) {
        match after {
            After::Stay => {}
            After::Close => {
                self.overlays.pop();
            }
            After::Run(action) => {
                self.overlays.pop();
                self.act(action);
            }
            After::RunIn(view, action) => {
                self.overlays.pop();
                self.go(view);
                self.act(action);
            }
        }
    }

    /// Does something.
    pub fn act(&mut self, action: Action) {
        if self.views.get(self.model.view).act(&mut self.model, action) {
            return;
        }
        if let Some(view) = ViewId::ALL.into_iter().find(|view| view.action() == action) {
            self.go(view);
            if view == ViewId::Conns {
                // That is the top: there is nothing further out.
                self.back.clear();
            }
            return;
        }
        match action {
            Action::Back | Action::Cancel => match self.back.pop() {
                Some(view) => self.enter(view),
                None if action == Action::Back => self.model.effect(Effect::Quit),
                None => {}
            },
            Action::Quit | Action::QuitNow => self.model.effect(Effect::Quit),
            Action::Pause if !self.paused && !self.model.store.is_reading() => {
                self.model.say("all is read: there is nothing to pause");
            }
            Action::Pause => {
                self.paused = !self.paused;
                self.model.say(if self.paused { "paused; reading goes on" } else { "goes on" });
            }
            Action::Time => {
                self.model.settings.time = self.model.settings.time.next();
                let name = self.model.settings.time.name();
                self.model.say(format!("times: {name}"));
            }
            Action::Reveal => {
                self.model.settings.reveal = !self.model.settings.reveal;
                let shown = self.model.settings.reveal;
                self.model.say(if shown { "secrets are shown" } else { "secrets are masked" });
            }
            Action::Theme => {
                let themes = &self.model.themes;
                let at = themes.iter().position(|theme| theme.name == self.model.theme.name);
                let next = themes.get(at.map_or(0, |at| (at + 1) % themes.len())).cloned();
                if let Some(theme) = next {
                    self.model.say(format!("theme: {}", theme.name));
                    self.model.theme = theme;
                }
            }
            Action::Mouse => {
                let on = !self.model.settings.mouse;
                self.model.settings.mouse = on;
                self.model.effect(Effect::Mouse(on));
                self.model.say(if on { "mouse: on" } else { "mouse: left to the terminal" });
            }
            Action::Redraw => self.model.effect(Effect::Redraw),
            Action::Suspend => self.model.effect(Effect::Suspend),
            Action::CopyText => match self.views.get(self.model.view).line(&self.model) {
                Some(line) => self.model.copy("what is shown", line),
                None => self.model.say("there is nothing to copy here"),
            },
            Action::FilterBy | Action::FilterNot | Action::FilterAnd | Action::FilterOr => {
                let field = self.views.get(self.model.view).field(&self.model);
                super::commands::filter_by(&mut self.model, action, field);
            }
            Action::Columns => match self.views.get(self.model.view).columns() {
                [] => self.model.say("there are no columns here"),
                columns => self.overlays.push(Box::new(ColumnList::new(self.model.view, columns))),
            },
            Action::Export => {
                let table = self.views.get(self.model.view).table(&self.model);
                self.overlays.push(Box::new(ExportForm::open(&self.model, table)));
            }
            _ => super::commands::run(&mut self.model, action),
        }
    }

    /// Goes to a view; `back` returns.
    fn go(&mut self, view: ViewId) {
        if view == self.model.view {
            return;
        }
        self.back.retain(|other| *other != view);
        self.back.push(self.model.view);
        self.enter(view);
    }

    fn enter(&mut self, view: ViewId) {
        self.model.view = view;
        self.views.get(view).enter(&mut self.model);
        // A view lays itself out while it is drawn: keys that come before the next frame find it ready.
        if !self.screen.is_empty() {
            self.draw(&mut Buffer::empty(self.screen));
        }
    }

    /// Effects that are the interface's own; the others stay for the world.
    fn settle_effects(&mut self) {
        for effect in self.model.effects() {
            match effect {
                Effect::Go(view) => self.go(view),
                Effect::Show(overlay) => self.overlays.push(overlay),
                other => self.model.effect(other),
            }
        }
    }

    /// What the world is asked for.
    pub fn effects(&mut self) -> Vec<Effect> {
        self.settle_effects();
        self.model.effects()
    }

    fn mouse(&mut self, mouse: MouseEvent, now: Duration) {
        let at = Position::new(mouse.column, mouse.row);
        let under = self.hits.iter().rev().filter(|(area, _)| area.contains(at)).map(|(_, hit)| *hit);
        let wheel = match mouse.kind {
            MouseEventKind::ScrollDown => Some(NOTCH),
            MouseEventKind::ScrollUp => Some(-NOTCH),
            _ => None,
        };
        if let Some(by) = wheel {
            if let Some(overlay) = self.overlays.last_mut() {
                return overlay.roll(&mut self.model, by);
            }
            let pane = under.into_iter().find_map(|hit| match hit {
                Hit::Pane(pane) => Some(pane),
                _ => None,
            });
            return self.views.get(self.model.view).roll(&mut self.model, pane.unwrap_or(0), by);
        }
        if mouse.kind != MouseEventKind::Down(MouseButton::Left) {
            self.dirty = false;
            return;
        }
        let hit = under.into_iter().next();
        let double =
            self.clicked.is_some_and(|(before, time)| before == at && now.saturating_sub(time) < DOUBLE);
        self.clicked = if double { None } else { Some((at, now)) };
        let Some(hit) = hit else { return };
        self.model.notice = None;
        self.model.later = None;
        if let Some(overlay) = self.overlays.last_mut() {
            let after = overlay.click(&mut self.model, hit, double);
            return self.after(after);
        }
        match hit {
            Hit::Act(action) => self.act(action),
            Hit::View(view) => self.act(view.action()),
            other => self.views.get(self.model.view).click(&mut self.model, other, double),
        }
    }

    /// Draws everything. Returns where the terminal's cursor stands, if it is to be seen.
    pub fn draw(&mut self, buffer: &mut Buffer) -> Option<Position> {
        let screen = buffer.area;
        self.screen = screen;
        self.model.more = false;
        let mut hits = std::mem::take(&mut self.hits);
        hits.clear();
        let mut cursor = None;
        let theme = self.model.theme.clone();
        // The theme may have a ground of its own.
        buffer.set_style(screen, theme.style(Role::Text));
        let mut canvas = Canvas::new(buffer, &theme, &mut hits, &mut cursor);
        if screen.width < SMALLEST.0 || screen.height < SMALLEST.1 {
            let (width, height) = SMALLEST;
            canvas.put(
                screen.x,
                screen.y,
                screen.width,
                &format!("needs {width}x{height}; q quits"),
                Role::Text,
            );
        } else {
            self.draw_chrome(screen, &mut canvas);
        }
        self.hits = hits;
        if self.model.settings.ascii {
            canvas::ascii(buffer);
        }
        cursor
    }

    fn draw_chrome(&mut self, screen: Rect, canvas: &mut Canvas<'_>) {
        let view = self.views.get(self.model.view);
        let body = Rect::new(screen.x, screen.y + 2, screen.width, screen.height - 3);
        // First the view: only then it knows what it shows.
        view.draw(&mut self.model, body, canvas);
        let (status, hints) = (view.status(&self.model), view.hints(&self.model));
        self.model.hints = hints.iter().map(|(action, _)| *action).collect();
        chrome::header(&self.model, self.paused, screen, canvas);
        chrome::second_line(&self.model, &status, screen, canvas);
        for overlay in &mut self.overlays {
            overlay.draw(&mut self.model, screen, canvas);
        }
        let footer = Rect::new(screen.x, screen.bottom() - 1, screen.width, 1);
        match self.overlays.last() {
            Some(overlay) => chrome::overlay_footer(&overlay.hints(), footer, canvas),
            None if !self.pressed.is_empty() => {
                chrome::sequence_footer(&self.model, &self.pressed, screen, canvas)
            }
            None => chrome::footer(&self.model, &hints, self.back.is_empty(), footer, canvas),
        }
    }

    /// Views to go back to, and overlays: how many times `Cancel` does something.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.back.len() + self.overlays.len()
    }

    /// All is read and done.
    #[must_use]
    pub fn settled(&self) -> bool {
        !self.model.store.is_reading() && self.model.settled()
    }

    /// Waits until all is read and done: for tests and pictures.
    pub fn settle(&mut self) {
        if let Some(feed) = &self.feed {
            feed.finish(&mut self.model.store);
            self.model.progress = None;
        }
        self.model.more = false;
        while !self.model.settled() {
            self.model.advance(Duration::from_millis(50));
        }
        self.model.advance(Duration::from_millis(50));
    }
}
