//! The interface on a terminal: one loop that waits for keys, for news of other threads and for signals, and draws
//! when something changed.
//!
//! Nothing is drawn, and no time is taken, while nothing happens. However the program ends, by a key, an error, a
//! panic or a signal, the terminal is as it was before.

mod clipboard;
mod input;
mod screen;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use crossterm::event::Event;

use self::clipboard::Clipboard;
use self::screen::Screen;
use super::app::App;
use super::model::Effect;
use crate::place::{Place, What};

pub use clipboard::hint as clipboard_hint;
pub use screen::{Ground, ground};

/// The time between frames that show what was worked on.
const FRAME: Duration = Duration::from_millis(16);

/// From a key to the next frame, at most: what a frame and a slice of work take comes on top.
const KEY: Duration = Duration::from_millis(6);

/// The time between frames that only show that more was read.
const GROWTH: Duration = Duration::from_millis(66);

/// The time in which the first rows may come before the first frame.
const FIRST: Duration = Duration::from_millis(60);

/// Work is done in slices of this time, between looks at the keyboard.
const SLICE: Duration = Duration::from_millis(8);

/// While something is read, what is shown of it is not older than this.
const TICK: Duration = Duration::from_secs(1);

/// What the loop waits for.
#[derive(Debug)]
enum News {
    /// A key, the mouse, another size.
    Event(Event),
    /// Another thread has something.
    Woken,
    /// A signal, by its number.
    Signal(i32),
    /// The terminal is gone.
    Gone,
    /// A thread panicked; the terminal was restored, and what it said printed.
    Panicked,
}

/// How the interface ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its user quit.
    Quit,
    /// A signal ended it, by its number.
    Signal(i32),
    /// The terminal is gone.
    Gone,
    /// Something panicked, which was told.
    Panicked,
}

impl End {
    /// Ends the process as it was asked to: by the signal that ended the interface, so that a shell can tell.
    /// Returns where it was not a signal.
    pub fn pass_on(self) {
        #[cfg(unix)]
        {
            let signal = match self {
                Self::Signal(signal) => signal,
                Self::Gone => signal_hook::consts::SIGHUP,
                Self::Quit | Self::Panicked => return,
            };
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    }
}

/// Waits for what happens. It is there before the [`App`], whose threads wake it.
#[derive(Debug)]
pub struct Runtime {
    sender: Sender<News>,
    news: Receiver<News>,
    woken: Arc<AtomicBool>,
}

impl Default for Runtime {
    fn default() -> Self {
        let (sender, news) = channel();
        Self { sender, news, woken: Arc::default() }
    }
}

impl Runtime {
    /// To be called, in any thread, when there is something new.
    pub fn waker(&self) -> impl Fn() + Clone + Send + Sync + 'static {
        let (sender, woken) = (self.sender.clone(), Arc::clone(&self.woken));
        move || {
            // Once is enough until it was heard.
            if !woken.swap(true, Ordering::AcqRel) {
                let _ = sender.send(News::Woken);
            }
        }
    }

    /// Shows an interface until it ends; at `place`, as soon as that is read.
    ///
    /// # Errors
    /// Where the terminal cannot be set up or written to.
    pub fn run(self, app: &mut App, place: Option<Place>) -> io::Result<End> {
        let screen = Screen::set_up(app.model.settings.mouse, self.sender.clone())?;
        input::start(&self.sender)?;
        let clipboard = Clipboard::new(&app.model.workers);
        let now = Instant::now();
        let end = Loop {
            news: self.news,
            woken: self.woken,
            app,
            screen,
            clipboard,
            place,
            began: now,
            drawn: None,
            due: Some(now + FIRST),
        }
        .run();
        match end {
            // It cannot be written to because it is not there any more.
            Err(error) if gone(&error) => Ok(End::Gone),
            end => end,
        }
    }
}

fn gone(error: &io::Error) -> bool {
    const EIO: i32 = 5;
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof)
        || error.raw_os_error() == Some(EIO)
}

struct Loop<'a> {
    news: Receiver<News>,
    woken: Arc<AtomicBool>,
    app: &'a mut App,
    screen: Screen,
    clipboard: Clipboard,
    /// Where to go when it is read.
    place: Option<Place>,
    began: Instant,
    /// When the last frame was begun.
    drawn: Option<Instant>,
    /// When the next frame is to be drawn; `None` = the screen is as it should be.
    due: Option<Instant>,
}

impl Loop<'_> {
    fn run(mut self) -> io::Result<End> {
        // There may be something to do at once.
        let mut more = true;
        loop {
            if let Some(end) = self.hear(more)? {
                return Ok(end);
            }
            // Who waits for a frame does not wait for more.
            let waits = self.drawn.is_some() && self.due.is_some_and(|due| due <= Instant::now());
            self.app.tick(if waits { SLICE / 4 } else { SLICE });
            more = self.app.take_dirty();
            if more {
                let reading = self.app.model.store.is_reading();
                self.draw_within(if reading { GROWTH } else { FRAME });
            }
            self.go();
            if let Some(end) = self.effects()? {
                return Ok(end);
            }
            if self.due.is_some_and(|due| due <= Instant::now()) {
                self.draw()?;
            }
        }
    }

    /// Waits until something happens, and takes in all that has. Where there is `more` to do, it does not wait.
    fn hear(&mut self, more: bool) -> io::Result<Option<End>> {
        let reading = self.app.model.store.is_reading();
        let until_due = self.due.map(|due| due.saturating_duration_since(Instant::now()));
        let patience = match (more, self.app.busy() && !reading) {
            (true, _) => Some(Duration::ZERO),
            // Others work for it: they wake us, but slices may be waiting for what they do.
            (false, true) => Some(FRAME),
            (false, false) => reading.then_some(TICK),
        };
        let wait = [until_due, patience].into_iter().flatten().min();
        let mut next = match wait {
            None => self.news.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(wait) => self.news.recv_timeout(wait),
        };
        if matches!(next, Err(RecvTimeoutError::Timeout)) && wait == Some(TICK) {
            self.draw_within(FRAME);
        }
        while let Ok(news) = next {
            if let Some(end) = self.take(news)? {
                return Ok(Some(end));
            }
            next = self.news.try_recv().map_err(|_| RecvTimeoutError::Timeout);
        }
        Ok(None)
    }

    fn take(&mut self, news: News) -> io::Result<Option<End>> {
        match news {
            News::Event(event) => {
                #[cfg(debug_assertions)]
                self.panic_where_asked(&event);
                if matches!(event, Event::Key(_)) {
                    // Whoever goes somewhere is not taken elsewhere.
                    self.place = None;
                }
                self.app.event(event, self.began.elapsed());
                if self.app.take_dirty() {
                    self.draw_within(KEY);
                }
                return self.effects();
            }
            News::Woken => {
                self.woken.store(false, Ordering::Release);
                self.app.woken();
            }
            News::Signal(signal) => return self.signal(signal),
            News::Gone => return Ok(Some(End::Gone)),
            News::Panicked => return Ok(Some(End::Panicked)),
        }
        Ok(None)
    }

    /// A frame is drawn so soon after the last one, or now if that is longer ago.
    fn draw_within(&mut self, time: Duration) {
        let due = self.drawn.map_or_else(Instant::now, |drawn| drawn + time);
        // The first one waits for what is there at once.
        let first =
            if self.drawn.is_none() && self.app.model.store.conns().is_empty() { self.due } else { None };
        self.due = Some(first.unwrap_or_else(|| self.due.map_or(due, |earlier| earlier.min(due))));
    }

    fn draw(&mut self) -> io::Result<()> {
        self.drawn = Some(Instant::now());
        self.due = None;
        let app = &mut *self.app;
        self.screen.draw(app.model.theme.has_colors(), |buffer| app.draw(buffer))?;
        // What was asked for while drawing.
        if self.app.take_dirty() {
            self.draw_within(FRAME);
        }
        Ok(())
    }

    /// Does what the interface asks for.
    fn effects(&mut self) -> io::Result<Option<End>> {
        for effect in self.app.effects() {
            match effect {
                Effect::Quit => return Ok(Some(End::Quit)),
                Effect::Copy { what, text } => {
                    let said = self.clipboard.copy(&mut self.screen, &self.app.model.keymap, &what, &text)?;
                    match said {
                        Ok(said) => self.app.model.say(said),
                        Err(said) => self.app.model.fail(said),
                    }
                }
                Effect::Mouse(on) => self.screen.mouse(on)?,
                Effect::Redraw => self.screen.clear()?,
                Effect::Suspend => {
                    if let Err(why) = input::suspend() {
                        self.app.model.fail(why);
                    }
                }
                // They are the interface's own.
                Effect::Go(_) | Effect::Show(_) => continue,
            }
            self.draw_within(FRAME);
        }
        Ok(None)
    }

    fn signal(&mut self, signal: i32) -> io::Result<Option<End>> {
        match input::meaning(signal) {
            input::Meaning::End => return Ok(Some(End::Signal(signal))),
            input::Meaning::Stop => {
                self.screen.leave();
                input::stop();
                self.screen.enter(self.app.model.settings.mouse)?;
            }
            // Somebody else stopped us, and may have left the terminal as it should be for a shell.
            input::Meaning::Continue => {
                self.screen.leave();
                self.screen.enter(self.app.model.settings.mouse)?;
            }
        }
        self.draw_within(Duration::ZERO);
        Ok(None)
    }

    /// Goes where the interface is to begin, when it is read.
    fn go(&mut self) {
        let Some(place) = self.place else { return };
        let store = &self.app.model.store;
        let reading = store.is_reading();
        let read = store.conn(place.conn).is_some_and(|conn| match place.what {
            What::Connection | What::Handshake => true,
            What::Message(n) => conn.messages.len() as u64 >= n,
            What::Frame(n) => {
                let last = conn.messages.len().checked_sub(1).and_then(|at| conn.messages.get(at));
                last.and_then(|last| store.message(*last as usize))
                    .is_some_and(|(row, _)| u64::from(row.first_frame) + u64::from(row.frames) > n)
            }
        });
        if read || !reading {
            self.place = None;
            self.app.model.go(place);
            self.app.model.narrowed();
            self.draw_within(FRAME);
        } else if self.app.model.notice.is_none() {
            self.app.model.say(format!("looking for {place}"));
        }
    }

    /// Panics in this thread at F24 and in another at F23, for tests of what a panic leaves behind.
    #[cfg(debug_assertions)]
    fn panic_where_asked(&self, event: &Event) {
        use crossterm::event::KeyCode;
        let Event::Key(key) = event else { return };
        assert!(key.code != KeyCode::F(24), "F24 asks for it");
        if key.code == KeyCode::F(23) {
            drop(std::thread::Builder::new().name("test".to_owned()).spawn(|| panic!("F23 asks for it")));
        }
    }
}
