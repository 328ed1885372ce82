//! A terminal in memory, and the program in it.

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;

use crate::support;

/// Only what hangs takes so long.
const DEADLINE: Duration = Duration::from_secs(60);

/// What arrived from the program.
pub(crate) struct Arrived {
    pub(crate) screen: vt100::Parser,
    pub(crate) bytes: Vec<u8>,
    ended: bool,
    /// The reader lets go of the terminal after what comes next.
    leave: bool,
}

pub(crate) struct Terminal {
    reader: Option<thread::JoinHandle<()>>,
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    arrived: Arc<(Mutex<Arrived>, Condvar)>,
    began: Instant,
    /// The home of its user, where no configuration is.
    _home: TempDir,
}

/// How the program is started.
pub(crate) struct Start<'a> {
    pub(crate) args: &'a [&'a str],
    pub(crate) env: &'a [(&'a str, &'a str)],
    pub(crate) size: (u16, u16),
    /// Run this in a shell instead; `$WSCOPE` is the program.
    pub(crate) shell: Option<&'a str>,
}

impl Default for Start<'_> {
    fn default() -> Self {
        Self { args: &[], env: &[], size: (120, 36), shell: None }
    }
}

/// The program on these arguments, in the folder of our captures.
pub(crate) fn wscope(args: &[&str]) -> Terminal {
    start(&Start { args, ..Start::default() })
}

pub(crate) fn start(start: &Start<'_>) -> Terminal {
    let home = tempfile::tempdir().unwrap();
    let pair = native_pty_system().openpty(size(start.size)).unwrap();
    let program = env!("CARGO_BIN_EXE_wscope");
    let mut command = match start.shell {
        None => CommandBuilder::new(program),
        Some(script) => {
            let mut command = CommandBuilder::new("bash");
            command.args(["--norc", "--noprofile"]);
            if script.is_empty() {
                command.arg("-i");
            } else {
                command.args(["-c", script]);
            }
            command
        }
    };
    command.env_clear();
    if start.shell.is_none() {
        command.args(start.args);
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let home_path = home.path().to_str().unwrap();
    for (name, value) in [
        ("PATH", &*path),
        ("HOME", home_path),
        ("XDG_CONFIG_HOME", home_path),
        ("XDG_STATE_HOME", home_path),
        ("TERM", "xterm-256color"),
        ("LANG", "C.UTF-8"),
        ("PS1", "$ "),
        ("WSCOPE", program),
    ] {
        command.env(name, value);
    }
    for (name, value) in start.env {
        command.env(name, value);
    }
    command.cwd(support::gallery());
    let began = Instant::now();
    let child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let writer = pair.master.take_writer().unwrap();
    let mut reader = pair.master.try_clone_reader().unwrap();
    let (width, height) = start.size;
    let screen = vt100::Parser::new(cells(height), cells(width), 0);
    let arrived = Arc::new((
        Mutex::new(Arrived { screen, bytes: Vec::new(), ended: false, leave: false }),
        Condvar::new(),
    ));
    let shared = Arc::clone(&arrived);
    let reader = thread::spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            let count = reader.read(&mut buffer).unwrap_or(0);
            let mut arrived = shared.0.lock().unwrap();
            arrived.screen.process(&buffer[..count]);
            arrived.bytes.extend_from_slice(&buffer[..count]);
            arrived.ended = count == 0;
            shared.1.notify_all();
            if count == 0 || arrived.leave {
                break;
            }
        }
    });
    Terminal {
        reader: Some(reader),
        child,
        master: Some(pair.master),
        writer: Some(writer),
        arrived,
        began,
        _home: home,
    }
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

fn size((cols, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    /// Waits until something holds of what arrived.
    pub(crate) fn wait_until(&self, what: &str, holds: impl Fn(&Arrived) -> bool) -> &Self {
        let (lock, changed) = &*self.arrived;
        let since = Instant::now();
        let mut arrived = lock.lock().unwrap();
        while !holds(&arrived) {
            let left = DEADLINE.saturating_sub(since.elapsed());
            let shown = || arrived.screen.screen().contents();
            assert!(!left.is_zero(), "waited in vain for {what}:\n{}", shown());
            assert!(!arrived.ended, "it ended before {what}:\n{}", shown());
            arrived = changed.wait_timeout(arrived, left).unwrap().0;
        }
        drop(arrived);
        self
    }

    /// Waits until a text is on the screen.
    pub(crate) fn wait(&self, text: &str) -> &Self {
        self.wait_until(&format!("`{text}`"), |arrived| arrived.screen.screen().contents().contains(text))
    }

    /// Waits until a text is not on the screen any more.
    pub(crate) fn wait_gone(&self, text: &str) -> &Self {
        self.wait_until(&format!("the end of `{text}`"), |arrived| {
            !arrived.screen.screen().contents().contains(text)
        })
    }

    /// Sends bytes, as keys and clicks are.
    pub(crate) fn send(&mut self, bytes: &str) -> &mut Self {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(bytes.as_bytes()).unwrap();
        writer.flush().unwrap();
        self
    }

    pub(crate) fn resize(&mut self, width: u16, height: u16) {
        self.arrived.0.lock().unwrap().screen.screen_mut().set_size(cells(height), cells(width));
        self.master.as_ref().unwrap().resize(size((width, height))).unwrap();
    }

    /// What arrived so far.
    pub(crate) fn arrived<T>(&self, look: impl FnOnce(&Arrived) -> T) -> T {
        look(&self.arrived.0.lock().unwrap())
    }

    /// The screen as text.
    pub(crate) fn text(&self) -> String {
        self.arrived(|arrived| arrived.screen.screen().contents())
    }

    /// Nothing arrives for so long.
    pub(crate) fn is_quiet(&self, time: Duration) -> bool {
        let before = self.arrived(|arrived| arrived.bytes.len());
        thread::sleep(time);
        before == self.arrived(|arrived| arrived.bytes.len())
    }

    /// Waits until nothing arrives for a while.
    pub(crate) fn settle(&self) -> &Self {
        let since = Instant::now();
        while !self.is_quiet(Duration::from_millis(300)) {
            assert!(since.elapsed() < DEADLINE, "it never ends to draw");
        }
        self
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The terminal is closed, with all that is in it.
    pub(crate) fn hang_up(&mut self) {
        // Whoever reads holds the terminal, too: an answer to a key lets go of it.
        self.arrived.0.lock().unwrap().leave = true;
        self.send("~");
        self.reader.take().unwrap().join().unwrap();
        self.writer = None;
        self.master = None;
    }

    /// Sends the program a signal.
    pub(crate) fn kill(&self, signal: &str) {
        let pid = self.pid().to_string();
        let killed = std::process::Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(killed.success());
    }

    /// Waits for the end of the program.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(since.elapsed() < DEADLINE, "it does not end:\n{}", self.text());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The modes of the line discipline, such as `ICANON`.
    pub(crate) fn modes(&self) -> String {
        format!("{:?}", self.master.as_ref().unwrap().get_termios().unwrap().local_flags)
    }

    /// Asserts that the terminal is as a shell expects it.
    pub(crate) fn is_restored(&self) {
        self.is_left();
        let modes = self.modes();
        assert!(modes.contains("ICANON") && modes.contains("ECHO") && modes.contains("ISIG"), "{modes}");
        // A shell asks for that itself.
        assert!(!self.arrived(|arrived| arrived.screen.screen().bracketed_paste()), "pastes are bracketed");
    }

    /// Asserts that the screen is as a shell expects it; what is typed, a shell may edit itself.
    pub(crate) fn is_left(&self) {
        self.wait_until("the end of the alternate screen", |arrived| {
            !arrived.screen.screen().alternate_screen()
        });
        self.arrived(|arrived| {
            let screen = arrived.screen.screen();
            assert!(!screen.hide_cursor(), "the cursor is hidden");
            assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        });
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
