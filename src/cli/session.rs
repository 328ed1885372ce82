//! What every command that reads captures does: open, decode with a progress bar, say what was wrong.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::capture::open::{self, Opened, Opening};
use crate::engine::{self, Config};
use crate::event::Summary;
use crate::filter::Filter;
use crate::limits::Limits;
use crate::observe::{Observer, Sink};
use crate::report::visible::{self, Style};
use crate::tui::files::Files;
use crate::ws::session::Want;

use super::Outcome;
use super::args::{Color, Decode, Input};
use super::interrupt;
use super::words::{count, nothing_found};

/// Below this size, threads cost more than they gain.
const WORTH_THREADS: u64 = 16 << 20;

/// Decodes that take less than this show no progress.
const PATIENCE: Duration = Duration::from_millis(300);

/// Captures that are open, before anything is written: a command that cannot read leaves its output
/// alone.
pub(super) struct Session {
    opened: Opened,
    decode: Decode,
    threads: Option<usize>,
    streams: bool,
    /// Interfaces are captured on.
    live: bool,
    /// What else is done as decoding goes on.
    meanwhile: Option<Box<dyn Fn() + Send + Sync>>,
}

impl Input {
    /// All files that were named.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.read.iter().chain(&self.files).cloned().collect()
    }

    /// Opens them.
    ///
    /// # Errors
    /// Where one of them cannot be read, or is no capture.
    pub(super) fn open(&self) -> anyhow::Result<Session> {
        Session::open(&self.files(), &self.decode, self.threads, &Opening::default())
    }

    /// Opens them, and waits where they end for what is still to be written, until Ctrl-C, if `follow`.
    ///
    /// # Errors
    /// As [`Input::open`], and where Ctrl-C cannot be caught.
    pub(super) fn open_to_follow(&self, follow: bool) -> anyhow::Result<Session> {
        Session::open(&self.files(), &self.decode, self.threads, &opening(follow)?)
    }

    /// As [`Input::open`], so that all can be read once more: what can be read only once is copied to a temporary file.
    ///
    /// # Errors
    /// As [`Input::open`], and where there is no room for the copy.
    pub(super) fn open_to_read_again(&self) -> anyhow::Result<(Session, Files)> {
        let paths = self.files();
        let mut kept = None;
        let session = Session::open_by(&paths, &self.decode, self.threads, |paths| {
            let (files, opened) = Files::open(paths, &Limits::default())?;
            kept = Some(files);
            Ok(opened)
        })?;
        Ok((session, kept.context("no capture was opened")?))
    }
}

/// How to open; `follow` = until Ctrl-C.
fn opening(follow: bool) -> anyhow::Result<Opening> {
    let opening = Opening { follow, ..Opening::default() };
    if follow {
        interrupt::stops(&opening.stop)?;
    }
    Ok(opening)
}

impl Session {
    /// Opens one file, for a command whose output belongs to one connection.
    ///
    /// # Errors
    /// As [`Input::open_to_follow`].
    pub(super) fn of_one(file: &Path, decode: &Decode, follow: bool) -> anyhow::Result<Self> {
        Self::open(&[file.to_owned()], decode, Some(1), &opening(follow)?)
    }

    fn open(
        files: &[PathBuf],
        decode: &Decode,
        threads: Option<usize>,
        opening: &Opening,
    ) -> anyhow::Result<Self> {
        Self::open_by(files, decode, threads, |files| {
            open::open_with(files, opening, &mut |_, input| Ok(input))
        })
    }

    fn open_by(
        files: &[PathBuf],
        decode: &Decode,
        threads: Option<usize>,
        open: impl FnOnce(&[PathBuf]) -> io::Result<Opened>,
    ) -> anyhow::Result<Self> {
        set_color(decode.color);
        anyhow::ensure!(!files.is_empty(), "no capture was named; write its path, or - for standard input");
        let stdin = names_stdin(files);
        anyhow::ensure!(
            !(stdin && io::stdin().is_terminal()),
            "standard input is a terminal: pipe a capture into it, such as `tcpdump -w - | wscope ls -`"
        );
        Ok(Self::new(open(files)?, decode, threads))
    }

    /// Of a capture that is open.
    pub(super) fn new(opened: Opened, decode: &Decode, threads: Option<usize>) -> Self {
        Self { opened, decode: decode.clone(), threads, streams: false, live: false, meanwhile: None }
    }

    /// Decodes in one thread: what an observer writes then comes out as it was written.
    pub(super) fn in_one_thread(mut self) -> Self {
        self.threads = Some(1);
        self
    }

    /// Decodes for a filter: with several workers, the numbers of connections are known only behind the
    /// merge.
    pub(super) fn filtered(self, filter: Option<&Filter>) -> Self {
        if filter.is_some_and(|filter| filter.needs().number) { self.in_one_thread() } else { self }
    }

    /// Standard output is written while decoding goes on: where it is a terminal, what is written
    /// there is progress enough, and a bar would stand in the middle of it.
    pub(super) fn streaming(mut self) -> Self {
        self.streams = true;
        self
    }

    /// Interfaces are captured on; `what` is done after each block, and where packets are waited for ten times a
    /// second.
    pub(super) fn live(mut self, what: impl Fn() + Send + Sync + 'static) -> Self {
        self.live = true;
        self.meanwhile = Some(Box::new(what));
        self
    }

    /// Decodes; what is wrong with the captures goes to standard error.
    ///
    /// # Errors
    /// Where reading ends before the capture does, or the output cannot be written.
    pub(super) fn run<O: Observer, S: Sink<O::Record>>(
        mut self,
        want: Want,
        observer: &dyn Fn() -> O,
        sink: &mut S,
    ) -> anyhow::Result<(Summary, Outcome)> {
        let threads = self.threads.unwrap_or_else(|| default_threads(self.opened.size));
        let decode_as = self.decode.decode_as.clone();
        let config = Config { want, threads, decode_as, ..Config::default() };
        let hidden = self.decode.quiet || self.streams && io::stdout().is_terminal();
        let bar = progress_bar(hidden, self.opened.size);
        let meanwhile = self.meanwhile.take();
        let progress = |bytes| {
            if let Some(meanwhile) = &meanwhile {
                meanwhile();
            }
            if bar.elapsed() > PATIENCE {
                bar.set_position(bytes);
            }
        };
        let mut sink = Watched { sink, shows: self.opened.growing, failed: false };
        let result = engine::run(&mut *self.opened.source, &config, observer, &mut sink, &progress);
        bar.finish_and_clear();
        let what = if sink.failed { "cannot write the output" } else { "cannot read on" };
        let summary = result.context(what)?;
        for damage in &summary.damage {
            warning(damage);
        }
        // A live capture tells it itself, for each interface.
        if summary.dropped_packets > 0 && !self.live && !self.decode.quiet {
            let dropped = count(summary.dropped_packets, "packet");
            warning(&format!(
                "the capture says that {dropped} could not be captured: gaps may come from that"
            ));
        }
        for (link, packets) in &summary.unknown_links {
            let (packets, were) = (count(*packets, "packet"), if *packets == 1 { "was" } else { "were" });
            warning(&format!("{packets} of link type {link} {were} passed over: it is not decoded"));
        }
        let bad = self.decode.strict && !summary.damage.is_empty();
        Ok((summary, if bad { Outcome::Trouble } else { Outcome::Done }))
    }
}

/// Tells an output that cannot be written from an input that cannot be read.
struct Watched<'a, S> {
    sink: &'a mut S,
    /// At a pause, what there is is written: more may be long in coming.
    shows: bool,
    failed: bool,
}

impl<S> Watched<'_, S> {
    fn watch(&mut self, result: io::Result<()>) -> io::Result<()> {
        self.failed |= result.is_err();
        result
    }
}

impl<R, S: Sink<R>> Sink<R> for Watched<'_, S> {
    fn record(&mut self, conn: u32, record: R, bytes: &[u8]) -> io::Result<()> {
        let result = self.sink.record(conn, record, bytes);
        self.watch(result)
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let result = self.sink.bytes(bytes);
        self.watch(result)
    }

    fn pause(&mut self) -> io::Result<()> {
        let result = if self.shows { self.sink.pause() } else { Ok(()) };
        self.watch(result)
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let result = self.sink.finish(summary);
        self.watch(result)
    }
}

/// A writer that counts, so that a command can tell whether it found anything.
pub(super) struct Counted<W> {
    inner: W,
    /// Bytes written.
    pub(super) bytes: u64,
}

impl<W> Counted<W> {
    pub(super) const fn new(inner: W) -> Self {
        Self { inner, bytes: 0 }
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// One of the files is standard input.
pub(super) fn names_stdin(files: &[PathBuf]) -> bool {
    files.iter().any(|file| file.as_os_str() == "-")
}

/// Threads for so many bytes; `None` = nobody knows how many.
pub(super) fn default_threads(size: Option<u64>) -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    if cores < 2 || size.is_some_and(|size| size < WORTH_THREADS) { 1 } else { cores.min(4) }
}

fn progress_bar(hidden: bool, size: Option<u64>) -> ProgressBar {
    if hidden || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = if size.is_some() {
        "{wide_bar} {bytes}/{total_bytes}  {bytes_per_sec}  {eta}"
    } else {
        "{spinner} {bytes}  {bytes_per_sec}"
    };
    let bar = ProgressBar::with_draw_target(size, ProgressDrawTarget::stderr_with_hz(10));
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// What became of a command that looked for something and did not find it.
pub(super) fn nothing_matched(summary: &Summary, what: &str, quiet: bool, outcome: Outcome) -> Outcome {
    if !quiet {
        note(&if summary.connections == 0 {
            nothing_found(summary)
        } else {
            format!(
                "{what} was selected; the capture holds {} and {}",
                count(summary.connections, "connection"),
                count(summary.messages, "message")
            )
        });
    }
    if outcome == Outcome::Done && quiet { Outcome::Nothing } else { outcome }
}

/// Prints an error to standard error.
pub(super) fn error(text: &str) {
    say("error", anstyle::AnsiColor::Red, text);
}

/// Prints a warning to standard error.
pub(super) fn warning(text: &str) {
    say("warning", anstyle::AnsiColor::Yellow, text);
}

/// Prints a remark to standard error.
pub(super) fn note(text: &str) {
    say("note", anstyle::AnsiColor::Cyan, text);
}

/// Prints the line that sums a command up to standard error.
pub(super) fn closing(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{}", harmless(text));
}

fn say(what: &str, color: anstyle::AnsiColor, text: &str) {
    let style = color.on_default().bold();
    // With standard error gone there is nobody to tell.
    let _ = writeln!(anstream::stderr().lock(), "{style}{what}{style:#}: {}", harmless(text));
}

/// File names are in it, and these may hold anything.
pub(super) fn harmless(text: &str) -> String {
    let mut shown = String::new();
    visible::append(text.as_bytes(), Style { ascii: false, multi_line: true }, &mut shown);
    shown
}

/// Sets when colours are used, for both streams.
pub(super) fn set_color(color: Color) {
    match color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}
