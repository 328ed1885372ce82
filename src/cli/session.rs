//! What every command that reads captures does: open, decode with a progress bar, say what was wrong.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::capture;
use crate::observe::{Observer, Sink};
use crate::engine::{self, Config};
use crate::event::Summary;
use crate::limits::Limits;
use crate::ws::session::Want;

use super::Outcome;
use super::args::{Color, Decode, Input};

/// Below this size, threads cost more than they gain.
const WORTH_THREADS: u64 = 16 << 20;

/// Decodes that take less than this show no progress.
const PATIENCE: Duration = Duration::from_millis(300);

impl Input {
    /// All files that were named.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.decode.read.iter().chain(&self.files).cloned().collect()
    }
}

/// Decodes `files`; what is wrong with them goes to standard error.
///
/// # Errors
/// Where nothing can be read, or the output cannot be written.
pub(super) fn decode<O: Observer, S: Sink<O::Record>>(
    files: &[PathBuf],
    args: &Decode,
    want: Want,
    observer: &dyn Fn() -> O,
    sink: &mut S,
) -> anyhow::Result<(Summary, Outcome)> {
    anyhow::ensure!(!files.is_empty(), "no capture was named (`-` reads standard input)");
    let stdin = files.iter().any(|file| file.as_os_str() == "-");
    anyhow::ensure!(
        !(stdin && io::stdin().is_terminal()),
        "standard input is a terminal: pipe a capture into it, such as `tcpdump -w - | wscope ls -`"
    );
    let limits = Limits::default();
    let mut opened = capture::open::open(files, &limits)?;
    let threads = args.threads.unwrap_or_else(|| default_threads(opened.size));
    let config = Config { limits, want, threads, decode_as: args.decode_as.clone() };
    let bar = progress_bar(args.quiet, opened.size);
    let progress = |bytes| {
        if bar.elapsed() > PATIENCE {
            bar.set_position(bytes);
        }
    };
    let result = engine::run(&mut *opened.source, &config, observer, sink, &progress);
    bar.finish_and_clear();
    let summary = result.context("cannot go on")?;
    for damage in &summary.damage {
        warning(damage);
    }
    for (link, packets) in &summary.unknown_links {
        warning(&format!("{packets} packets of link type {link} were passed over: it is not decoded"));
    }
    let bad = args.strict && !summary.damage.is_empty();
    Ok((summary, if bad { Outcome::Trouble } else { Outcome::Done }))
}

fn default_threads(size: Option<u64>) -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    if cores < 2 || size.is_some_and(|size| size < WORTH_THREADS) { 1 } else { cores.min(4) }
}

fn progress_bar(quiet: bool, size: Option<u64>) -> ProgressBar {
    if quiet || !io::stderr().is_terminal() {
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

/// What a capture without a WebSocket holds instead.
pub(super) fn nothing_found(summary: &Summary) -> String {
    let carried = &summary.carried;
    let parts: Vec<String> = [
        (carried.tls, "TLS without keys"),
        (carried.http1, "HTTP/1 without an upgrade"),
        (carried.http2, "HTTP/2, not decoded yet"),
        (carried.other, "something else"),
        (carried.empty, "no data"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    if summary.packets == 0 {
        "no WebSocket found: the capture holds no packets".to_owned()
    } else if parts.is_empty() {
        format!("no WebSocket found: {} packets, none of them TCP", summary.packets)
    } else {
        let connections = summary.tcp_connections;
        let s = if connections == 1 { "" } else { "s" };
        format!("no WebSocket found in {connections} TCP connection{s}: {}", parts.join(", "))
    }
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

fn say(what: &str, color: anstyle::AnsiColor, text: &str) {
    let style = color.on_default().bold();
    // With standard error gone there is nobody to tell.
    let _ = writeln!(anstream::stderr().lock(), "{style}{what}{style:#}: {text}");
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
