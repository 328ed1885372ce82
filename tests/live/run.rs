//! The program while it runs.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The program, to be run.
pub(crate) fn wscope(args: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("wscope"));
    command.args(args);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM", "SUDO_UID", "SUDO_GID"] {
        command.env_remove(name);
    }
    command
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: i32,
}

/// Runs it to its end.
pub(crate) fn run(args: &[&str]) -> Ran {
    finished(&mut wscope(args))
}

pub(crate) fn finished(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().unwrap_or(-1),
    }
}

/// The program while it runs; its output is read as it comes.
pub(crate) struct Running {
    pub(crate) child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
    seen_out: String,
    seen_err: String,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = lines(child.stdout.take().unwrap());
        let err = lines(child.stderr.take().unwrap());
        Self { child, out, err, seen_out: String::new(), seen_err: String::new() }
    }

    /// The next line of standard output; it must come while the program runs.
    pub(crate) fn line(&mut self) -> String {
        let line =
            self.out.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no line came; {}", self.rest()));
        self.seen_out.push_str(&line);
        line
    }

    /// Waits for a line of standard error that holds `what`.
    pub(crate) fn says(&mut self, what: &str) {
        while !self.seen_err.contains(what) {
            let line = self.err.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("it does not say {what}, but {}", self.seen_err));
            self.seen_err.push_str(&line);
        }
    }

    /// Ctrl-C.
    pub(crate) fn interrupt(&self) {
        assert!(
            Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap().success()
        );
    }

    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Ran {
        let since = Instant::now();
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code().unwrap_or(-1);
            }
            if since.elapsed() > PATIENCE {
                self.child.kill().unwrap();
                panic!("it does not end");
            }
            thread::sleep(Duration::from_millis(10));
        };
        self.rest();
        Ran { out: self.seen_out.clone(), err: self.seen_err.clone(), code }
    }

    pub(crate) fn stop(self) -> Ran {
        self.interrupt();
        self.finish()
    }

    fn rest(&mut self) -> String {
        if self.child.try_wait().unwrap().is_some() {
            self.seen_out.extend(self.out.iter());
            self.seen_err.extend(self.err.iter());
        }
        format!("it printed {} and said {}", self.seen_out, self.seen_err)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has mostly ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(input: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut input = BufReader::new(input);
        loop {
            let mut line = String::new();
            if input.read_line(&mut line).unwrap_or(0) == 0 || sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Begins to capture, and waits until it listens.
pub(crate) fn live(args: &[&str]) -> Running {
    let mut running = Running::start(&mut wscope(&[&["live"], args].concat()));
    running.says("listening on");
    running
}

/// Whether this machine lets us capture on loopback; says why not.
pub(crate) fn can_capture() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    let can = *CAN.get_or_init(|| {
        let ran = run(&["live", "-i", "lo", "--duration", "1ms"]);
        if ran.code != 0 {
            eprintln!("{}", ran.err);
        }
        ran.code == 0
    });
    if !can {
        eprintln!("skipped: capturing on lo needs libpcap and the rights to (run as root)");
    }
    can
}
