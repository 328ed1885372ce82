//! The terminal's screen: ours while the interface is open, and as it was before in any case afterwards.

use std::cell::RefCell;
use std::io::{self, Write};
use std::panic;
use std::rc::Rc;
use std::sync::mpsc::Sender;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{Command, cursor, event, style};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use terminal_colorsaurus::{QueryOptions, ThemeMode, theme_mode};

use super::News;

/// The terminal is ours. Who writes to it holds this, so that nothing is written after it was given back.
static OURS: Mutex<bool> = Mutex::new(false);

/// Clicks, drags and the wheel, by cells; movements alone are of no use to us.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1002l\x1b[?1000l";

fn ours() -> MutexGuard<'static, bool> {
    OURS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a terminal may take to tell its colours.
const PATIENCE: Duration = Duration::from_millis(100);

/// What a terminal says of its ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Dark.
    Dark,
    /// Light.
    Light,
    /// It does not say.
    Unknown,
}

/// Asks the terminal whether its ground is dark or light.
#[must_use]
pub fn ground() -> Ground {
    let mut options = QueryOptions::default();
    options.timeout = PATIENCE;
    match theme_mode(options) {
        Ok(ThemeMode::Dark) => Ground::Dark,
        Ok(ThemeMode::Light) => Ground::Light,
        Err(_) => Ground::Unknown,
    }
}

/// What is to be written at once.
#[derive(Clone, Debug, Default)]
struct Pending(Rc<RefCell<Vec<u8>>>);

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// A frame goes out when it is whole.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Pending {
    fn command(&self, command: impl Command) {
        let mut text = String::new();
        // A String takes everything.
        let _ = command.write_ansi(&mut text);
        self.0.borrow_mut().extend_from_slice(text.as_bytes());
    }

    /// Writes it to the terminal, if that is still ours.
    fn send(&self) -> io::Result<()> {
        let bytes = std::mem::take(&mut *self.0.borrow_mut());
        let ours = ours();
        if !*ours {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        out.write_all(&bytes)?;
        out.flush()
    }
}

/// The screen. Dropping it restores the terminal.
#[derive(Debug)]
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Pending>>,
    pending: Pending,
}

impl Screen {
    /// Takes the terminal, and sees to it that a panic gives it back before it is told.
    pub(super) fn set_up(mouse: bool, sender: Sender<News>) -> io::Result<Self> {
        let pending = Pending::default();
        let terminal = Terminal::new(CrosstermBackend::new(pending.clone()))?;
        let mut screen = Self { terminal, pending };
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            restore();
            previous(info);
            let _ = sender.send(News::Panicked);
        }));
        screen.enter(mouse)?;
        Ok(screen)
    }

    /// Makes the terminal ours.
    pub(super) fn enter(&mut self, mouse: bool) -> io::Result<()> {
        enable_raw_mode()?;
        *ours() = true;
        let pending = &self.pending;
        pending.command(EnterAlternateScreen);
        pending.command(event::EnableBracketedPaste);
        pending.command(cursor::Hide);
        if mouse {
            self.pending.write_all(MOUSE_ON.as_bytes())?;
        }
        self.clear()
    }

    /// Gives the terminal back.
    pub(super) fn leave(&self) {
        restore();
    }

    /// Forgets what is on the screen, so that all of it is drawn anew.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        // `Terminal::clear` would ask where the cursor is, and take the answer from the keys.
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())?;
        self.pending.send()
    }

    /// Takes the mouse, or leaves it to the terminal.
    pub(super) fn mouse(&mut self, on: bool) -> io::Result<()> {
        self.write(if on { MOUSE_ON } else { MOUSE_OFF }.as_bytes())
    }

    /// Writes something that is no part of the picture.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.pending.write_all(bytes)?;
        self.pending.send()
    }

    /// Draws a frame; terminals that can, show it at once.
    pub(super) fn draw(
        &mut self,
        colors: bool,
        draw: impl FnOnce(&mut Buffer) -> Option<Position>,
    ) -> io::Result<()> {
        // crossterm looks at NO_COLOR for itself, and where it leaves colours out it ends bold and reversed with them. A
        // theme without colours has none to leave out, and one with colours was asked for.
        style::force_color_output(colors);
        self.pending.command(BeginSynchronizedUpdate);
        self.terminal.draw(|frame| {
            let cursor = draw(frame.buffer_mut());
            if let Some(cursor) = cursor {
                frame.set_cursor_position(cursor);
            }
        })?;
        self.pending.command(EndSynchronizedUpdate);
        self.pending.send()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back, if it is ours. There is nobody to tell where that fails.
fn restore() {
    let mut ours = ours();
    if !std::mem::take(&mut *ours) {
        return;
    }
    let pending = Pending::default();
    // A frame may have been cut short.
    pending.command(EndSynchronizedUpdate);
    let _ = pending.0.borrow_mut().write_all(MOUSE_OFF.as_bytes());
    pending.command(event::DisableBracketedPaste);
    pending.command(style::SetAttribute(style::Attribute::Reset));
    pending.command(LeaveAlternateScreen);
    pending.command(cursor::Show);
    let bytes = pending.0.take();
    let mut out = io::stdout().lock();
    let _ = out.write_all(&bytes).and_then(|()| out.flush());
    let _ = disable_raw_mode();
}
