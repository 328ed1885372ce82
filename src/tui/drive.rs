//! The interface without a terminal: keys go in as text, the screen comes out as text. For tests, and for the
//! pictures in the documentation.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::{Event, KeyEvent, MouseEvent};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::app::App;
use super::feed::Feed;
use super::keys::Key;
use super::model::{Effect, Model};
use super::reopen::Reopener;
use super::theme::{Role, Theme};
use super::workers::Workers;
use crate::engine::Config;

/// An interface, and the screen that it draws on.
#[derive(Debug)]
pub struct Driver {
    /// The interface.
    pub app: App,
    /// What the world was asked for so far.
    pub effects: Vec<Effect>,
    buffer: Buffer,
    now: Duration,
}

impl Driver {
    /// Opens captures, and waits until all is read. What takes long is done at once.
    ///
    /// # Errors
    /// Where a file is no capture.
    pub fn open(paths: &[PathBuf], width: u16, height: u16) -> io::Result<Self> {
        let config = Config::default();
        let feed = Feed::start(paths, config.clone(), || {})?;
        let reopener = Reopener::new(feed.files(), &config);
        let name = paths.first().and_then(|path| path.file_name()).unwrap_or_default();
        let model = Model::new(name.to_string_lossy().into_owned(), Workers::inline(), Some(reopener));
        let mut driver = Self::new(App::new(model, Some(feed)), width, height);
        driver.app.settle();
        driver.draw();
        Ok(driver)
    }

    /// Drives an interface.
    #[must_use]
    pub fn new(app: App, width: u16, height: u16) -> Self {
        let buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let mut driver = Self { app, effects: Vec::new(), buffer, now: Duration::ZERO };
        driver.app.model.theme = Theme::distinct();
        driver.draw();
        driver
    }

    /// Presses keys: characters stand for themselves, names in angle brackets for other keys (`<Enter>`,
    /// `<Ctrl-d>`, `<lt>` for `<`). White space stands for nothing; `<Space>` is the key.
    ///
    /// # Panics
    /// Where a name is no key's.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        let mut rest = keys;
        while let Some(c) = rest.chars().next() {
            let named = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
            let (name, after) = match named {
                Some(("lt", after)) => ("<", after),
                Some((name, after)) => (name, after),
                None => rest.split_at(c.len_utf8()),
            };
            rest = after;
            if name.trim().is_empty() {
                continue;
            }
            let key: Key = name.parse().unwrap_or_else(|error| panic!("{keys}: {error}"));
            self.event(Event::Key(KeyEvent::new(key.code, key.modifiers)));
        }
        self
    }

    /// Types text as it is, spaces too.
    pub fn type_text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.event(Event::Key(KeyEvent::new(
                crossterm::event::KeyCode::Char(c),
                crossterm::event::KeyModifiers::NONE,
            )));
        }
        self
    }

    /// An event of the mouse.
    pub fn mouse(&mut self, mouse: MouseEvent) -> &mut Self {
        self.event(Event::Mouse(mouse));
        self
    }

    /// Any event; then what it led to is done, and the screen drawn.
    pub fn event(&mut self, event: Event) {
        self.now += Duration::from_millis(150);
        self.app.event(event, self.now);
        self.draw();
    }

    /// Time goes by, in which nothing happens.
    pub fn wait(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        self
    }

    /// Gives the screen another size.
    pub fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        self.buffer = Buffer::empty(Rect::new(0, 0, width, height));
        self.event(Event::Resize(width, height));
        self
    }

    /// Draws until nothing changes any more.
    pub fn draw(&mut self) {
        loop {
            self.app.tick(Duration::from_millis(50));
            self.effects.extend(self.app.effects());
            self.buffer.reset();
            self.app.draw(&mut self.buffer);
            if !self.app.busy() {
                break;
            }
        }
        // What a view asked for while it was drawn is there now.
        self.buffer.reset();
        self.app.draw(&mut self.buffer);
    }

    /// The screen.
    #[must_use]
    pub const fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// The screen as lines of text, without spaces at their ends.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines(|cell| cell.symbol().to_owned())
    }

    /// The roles of the cells of the screen, a letter each: the same places as in [`Driver::text`]. `a` is the first
    /// of [`Role::ALL`]; upper case under the cursor.
    #[must_use]
    pub fn roles(&self) -> String {
        let theme = Theme::distinct();
        self.lines(|cell| {
            let style = cell.style();
            let reversed = style.add_modifier.contains(ratatui::style::Modifier::REVERSED);
            let role = Role::ALL
                .iter()
                .position(|role| theme.style(*role).fg.is_some() && theme.style(*role).fg == style.fg);
            let letter = match role {
                Some(0) | None if cell.symbol() == " " => ' ',
                Some(at) => char::from(b'a' + at as u8),
                None => '.',
            };
            let letter = if reversed && letter == ' ' { '_' } else { letter };
            (if reversed { letter.to_ascii_uppercase() } else { letter }).to_string()
        })
    }

    fn lines(&self, show: impl Fn(&Cell) -> String) -> String {
        let width = usize::from(self.buffer.area.width).max(1);
        let mut text = String::new();
        for row in self.buffer.content.chunks(width) {
            let (mut line, mut skip) = (String::new(), 0);
            for cell in row {
                if skip == 0 {
                    line.push_str(&show(cell));
                    skip = cell.symbol().width().max(1);
                }
                skip -= 1;
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// A line of the screen, from 0.
    #[must_use]
    pub fn line(&self, y: usize) -> String {
        self.text().lines().nth(y).unwrap_or_default().to_owned()
    }
}
