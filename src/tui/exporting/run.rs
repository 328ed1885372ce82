//! The capture is read again and written, all of it or nothing, as long as somebody waits for it.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::thread;

use super::{Form, Order, Watch};
use crate::audit::collect::{Auditor, Collector, Policy};
use crate::audit::select::Enabled;
use crate::capture::source::{Block, CaptureFacts, Source, Status};
use crate::engine::{self, Config};
use crate::event::Summary;
use crate::filter::{Filter, Rows};
use crate::http::secret;
use crate::observe::{Observer, Sink};
use crate::report::check;
use crate::report::exporter::{Exporter, Format, Run};
use crate::report::filtered::{Filtered, FilteredSink};
use crate::report::words::count;
use crate::rules::Level;
use crate::tui::files::Files;
use crate::ws::session::Want;

/// The exporter of an order; its filter can be true of what is written.
pub(super) fn exporter(order: &Order, files: &Files) -> Result<Exporter, String> {
    let filter = order.filter.as_deref().map(Filter::parse).transpose().map_err(|error| error.message)?;
    let format = match order.form {
        Form::Capture(format) => format,
        Form::Findings(_) | Form::Table(_) => Format::default(),
    };
    let exporter = Exporter {
        format,
        payload: order.payload,
        reveal: order.reveal,
        sources: files.named().iter().map(|file| file.to_string_lossy().into_owned()).collect(),
        filter,
        ..Exporter::default()
    };
    match (&order.form, &exporter.filter) {
        (Form::Findings(_), Some(filter)) => {
            filter.require(Rows::FINDING, "and the report has findings", |_| None)
        }
        _ => exporter.require(|_| None),
    }
    .map_err(|error| error.message)?;
    Ok(exporter)
}

pub(super) fn export(
    exporter: &Exporter,
    files: &Files,
    config: &Config,
    watch: &Watch,
    out: &mut dyn Write,
) -> io::Result<String> {
    let passes = if exporter.format == Format::Pcapng { 2 } else { 1 };
    let open = |pass| Watched::open(files, config, watch, pass, passes);
    let running = Running { source: open(0)?, files, config: of_run(config, exporter.needs_numbers()) };
    let written = exporter.write(running, || Ok(Box::new(open(1)?)), out)?;
    Ok(match exporter.format {
        Format::Pcapng => {
            let connections = count(written.connections, "connection");
            format!("{} of {connections}", count(written.packets, "packet"))
        }
        _ => count(written.messages, "message"),
    })
}

/// Findings that a report holds; the rest is counted in it.
const FINDINGS: usize = 10_000;

pub(super) fn findings(
    format: check::Format,
    filter: Option<&Filter>,
    files: &Files,
    config: &Config,
    watch: &Watch,
    mut out: &mut dyn Write,
) -> io::Result<String> {
    let enabled = Enabled::new(&[], Level::Note);
    let mut auditor = Auditor::new(&enabled, Policy { max_findings: FINDINGS, ..Policy::default() });
    let want = Want { payload: PAYLOAD, ..Want::default() };
    let want = filter.map_or(want, |filter| filter.needs().want(want));
    let numbers = filter.is_some_and(|filter| filter.needs().number);
    let running = Running {
        source: Watched::open(files, config, watch, 0, 1)?,
        files,
        config: of_run(config, numbers),
    };
    let observer = || Filtered::records(Collector::new(&enabled, secret::redacted), filter, Rows::FINDING);
    running.run(want, &observer, &mut FilteredSink::new(&mut auditor, filter))?;
    let sources = files.named().iter().map(|file| file.to_string_lossy().into_owned()).collect();
    let (mut report, _) = auditor.finish(sources);
    if files.spool().is_none() {
        report.locate(&files.paths(), &config.limits)?;
    }
    format.write(&report, &check::Options::default(), &mut out)?;
    Ok(count(report.counts.iter().sum(), "finding"))
}

/// Payload bytes of each message that rules may show as evidence, as `wscope check` has it.
const PAYLOAD: usize = 4_096;

/// Threads that decode; the interface needs the rest.
const THREADS: usize = 4;

/// With several threads, numbers of connections are known behind the observers only.
fn of_run(config: &Config, numbers: bool) -> Config {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    Config { threads: if numbers { 1 } else { cores.min(THREADS) }, ..config.clone() }
}

/// A run that is about to begin.
struct Running<'a> {
    source: Watched,
    files: &'a Files,
    config: Config,
}

impl Run for Running<'_> {
    type Done = Summary;
    type Error = io::Error;

    fn run<O: Observer, S: Sink<O::Record>>(
        mut self,
        want: Want,
        observer: &dyn Fn() -> O,
        sink: &mut S,
    ) -> io::Result<Summary> {
        let config = self.files.config(&Config { want, ..self.config });
        engine::run(&mut self.source, &config, observer, sink, &|_| {})
    }
}

/// A source that tells how far it is, and ends where nobody waits for it any more.
struct Watched {
    source: Box<dyn Source>,
    watch: Watch,
    total: Option<u64>,
    /// This reading, of so many.
    pass: (u64, u64),
}

impl Watched {
    fn open(files: &Files, config: &Config, watch: &Watch, pass: u64, passes: u64) -> io::Result<Self> {
        let cancelled = Arc::clone(&watch.cancelled);
        let opened = files.again(&config.limits, move || !cancelled())?;
        let total = opened.size.filter(|size| *size > 0);
        Ok(Self { source: opened.source, watch: watch.clone(), total, pass: (pass, passes) })
    }
}

impl Source for Watched {
    fn fill(&mut self, block: &mut Block) -> io::Result<Status> {
        self.watch.check()?;
        let status = self.source.fill(block)?;
        if let Some(total) = self.total {
            let percent = (self.source.facts().bytes_read.saturating_mul(100) / total).min(100);
            let (pass, passes) = self.pass;
            (self.watch.progress)((pass * 100 + percent) / passes.max(1));
        }
        Ok(status)
    }

    fn facts(&self) -> &CaptureFacts {
        self.source.facts()
    }
}

/// A writer that fails where nobody waits for what is written.
struct Stoppable<'a, W> {
    inner: W,
    watch: &'a Watch,
}

impl<W: Write> Write for Stoppable<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.watch.check()?;
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Writes a file beside where it is to be, and puts it there when it is whole. Returns its size.
pub(super) fn whole<T>(
    order: &Order,
    watch: &Watch,
    write: impl FnOnce(&mut dyn Write) -> io::Result<T>,
) -> io::Result<(T, u64)> {
    let failed = |error: io::Error| {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "there is no such folder",
            io::ErrorKind::NotADirectory => "part of the path is no folder",
            io::ErrorKind::PermissionDenied => "no permission to write there",
            io::ErrorKind::AlreadyExists => "meanwhile there is such a file",
            io::ErrorKind::StorageFull => "no space is left",
            _ => return io::Error::new(error.kind(), format!("cannot write it: {error}")),
        };
        io::Error::new(error.kind(), why)
    };
    // What a link points to is replaced, not the link.
    let path = fs::canonicalize(&order.path).unwrap_or_else(|_| order.path.clone());
    let mut part = crate::file::part(&path, ".wscope-export").map_err(failed)?;
    let done = {
        let mut out = BufWriter::with_capacity(BUFFER, Stoppable { inner: part.as_file_mut(), watch });
        let done = write(&mut out)?;
        out.flush().map_err(failed)?;
        done
    };
    watch.check()?;
    let bytes = part.as_file().metadata().map_err(failed)?.len();
    let kept = if order.overwrite { part.persist(&path) } else { part.persist_noclobber(&path) };
    kept.map_err(|error| failed(error.error))?;
    Ok((done, bytes))
}

/// Bytes of one write.
const BUFFER: usize = 256 << 10;
