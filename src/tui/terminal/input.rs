//! What comes in: keys and the mouse, signals, and the end of the terminal. Each has a thread that waits for it.

use std::io;
use std::sync::mpsc::Sender;
use std::thread;

use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};

use super::News;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The end of the program.
    End,
    /// To stop until it is continued.
    Stop,
    /// To go on.
    Continue,
}

/// Starts the threads.
pub(super) fn start(sender: &Sender<News>) -> io::Result<()> {
    let (keys, signals, end) = (sender.clone(), sender.clone(), sender.clone());
    spawn("keys", move || read(&keys))?;
    #[cfg(unix)]
    {
        let registered = signal_hook::iterator::Signals::new(unix::SIGNALS)?;
        spawn("signals", move || unix::signals(registered, &signals))?;
        spawn("terminal", move || unix::wait_for_the_end(&end))?;
    }
    #[cfg(not(unix))]
    drop((signals, end));
    Ok(())
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map(drop)
}

fn read(sender: &Sender<News>) {
    let mut late = Late::default();
    loop {
        match event::read() {
            Ok(event) => {
                if late.swallows(&event) {
                    continue;
                }
                if sender.send(News::Event(event)).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => {
                let _ = sender.send(News::Gone);
                return;
            }
        }
    }
}

/// Answers of the terminal that come after nobody waits for them any more: how its ground is coloured. To be typed,
/// they would be `Alt-]`, `11;rgb:ffff/ffff/ffff` and `Alt-\` or Ctrl-g.
#[derive(Debug, Default)]
struct Late {
    /// Keys of an answer so far.
    keys: usize,
}

/// Keys of an answer at most.
const ANSWER: usize = 40;

impl Late {
    fn swallows(&mut self, event: &Event) -> bool {
        let Event::Key(key) = event else { return false };
        let alt = key.modifiers == KeyModifiers::ALT;
        if key.kind == KeyEventKind::Release {
            return false;
        }
        if self.keys == 0 {
            let begins = alt && key.code == KeyCode::Char(']');
            self.keys = usize::from(begins);
            return begins;
        }
        let ends = (alt && key.code == KeyCode::Char('\\'))
            || (key.modifiers == KeyModifiers::CONTROL && key.code == KeyCode::Char('g'));
        let part = matches!(key.code, KeyCode::Char(c) if c.is_ascii_hexdigit() || ";:/rgba?".contains(c))
            && key.modifiers.is_empty();
        if ends || !part || self.keys >= ANSWER {
            self.keys = 0;
            // What is no part of an answer was typed.
            return ends;
        }
        self.keys += 1;
        true
    }
}

#[cfg(unix)]
pub(super) use unix::{meaning, stop, suspend};

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::{self, IsTerminal as _};
    use std::os::fd::{AsFd as _, BorrowedFd};
    use std::sync::mpsc::Sender;

    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::process::{Signal, getpid, getsid, kill_current_process_group};
    use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    use super::{Meaning, News};

    pub(super) const SIGNALS: [i32; 6] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT];

    /// What a signal asks for.
    pub(in super::super) const fn meaning(signal: i32) -> Meaning {
        match signal {
            SIGTSTP => Meaning::Stop,
            SIGCONT => Meaning::Continue,
            _ => Meaning::End,
        }
    }

    pub(super) fn signals(mut signals: Signals, sender: &Sender<News>) {
        for signal in signals.forever() {
            if sender.send(News::Signal(signal)).is_err() {
                return;
            }
        }
    }

    /// Asks all of the job to stop, as the terminal does at Ctrl-z where it is not ours.
    pub(in super::super) fn suspend() -> Result<(), &'static str> {
        // Who began the session has no shell to go back to.
        if getsid(None).is_ok_and(|session| session == getpid()) {
            return Err("there is no shell to go back to");
        }
        kill_current_process_group(Signal::TSTP).map_err(|_| "the shell cannot be gone back to")
    }

    /// Stops, and returns when the process is continued.
    pub(in super::super) fn stop() {
        let _ = emulate_default_handler(SIGTSTP);
    }

    /// Waits until the terminal is hung up. Not all systems tell, but then a signal or a failed write does.
    pub(super) fn wait_for_the_end(sender: &Sender<News>) {
        let stdin = io::stdin();
        // Standard input may be a capture.
        let tty = if stdin.is_terminal() { None } else { File::open("/dev/tty").ok() };
        let fd: BorrowedFd<'_> = tty.as_ref().map_or_else(|| stdin.as_fd(), |tty| tty.as_fd());
        loop {
            let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::empty())];
            match poll(&mut fds, None) {
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
                Ok(_) => {
                    let told = fds.first().map_or(PollFlags::empty(), PollFd::revents);
                    if told.intersects(PollFlags::HUP | PollFlags::ERR) {
                        let _ = sender.send(News::Gone);
                    }
                    return;
                }
            }
        }
    }
}

#[cfg(not(unix))]
pub(super) use elsewhere::{meaning, stop, suspend};

/// Where there are no such signals.
#[cfg(not(unix))]
mod elsewhere {
    use super::Meaning;

    pub(in super::super) const fn meaning(_: i32) -> Meaning {
        Meaning::End
    }

    pub(in super::super) fn suspend() -> Result<(), &'static str> {
        Err("programs cannot be suspended here")
    }

    pub(in super::super) fn stop() {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyEvent;

    fn left(keys: &[(KeyCode, KeyModifiers)]) -> String {
        let mut late = Late::default();
        let typed = keys
            .iter()
            .filter(|(code, modifiers)| !late.swallows(&Event::Key(KeyEvent::new(*code, *modifiers))));
        typed.map(|(code, _)| code.to_string()).collect()
    }

    fn plain(text: &str) -> Vec<(KeyCode, KeyModifiers)> {
        text.chars().map(|c| (KeyCode::Char(c), KeyModifiers::NONE)).collect()
    }

    #[test]
    fn late_answers_are_not_typed() {
        let begin = (KeyCode::Char(']'), KeyModifiers::ALT);
        for end in [(KeyCode::Char('\\'), KeyModifiers::ALT), (KeyCode::Char('g'), KeyModifiers::CONTROL)] {
            let keys = [&[begin][..], &plain("11;rgb:1e1e/1e1e/2e2e"), &[end], &plain("jq")].concat();
            assert_eq!(left(&keys), "jq");
        }
        // Somebody did type Alt-].
        assert_eq!(left(&[&[begin][..], &plain("jk")].concat()), "jk");
        assert_eq!(left(&plain("]1;rgb")), "]1;rgb");
        // No more than an answer has.
        assert!(left(&[&[begin][..], &plain(&"1".repeat(99))].concat()).len() > 50);
    }
}
