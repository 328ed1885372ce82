//! What is exported from the interface: what is shown as one filter expression, and the file that is written.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use super::files::Files;
use super::filtering;
use super::model::{Kinds, Model};
use super::view::ViewId;
use crate::audit::collect::{Auditor, Collector, Policy};
use crate::audit::select::Enabled;
use crate::capture::source::{Block, CaptureFacts, Source, Status};
use crate::engine::{self, Config};
use crate::event::Summary;
use crate::filter::{Filter, Rows};
use crate::http::secret;
use crate::observe::{Observer, Sink};
use crate::report::check;
use crate::report::exporter::{Exporter, Format, Run, is_input};
use crate::report::filtered::{Filtered, FilteredSink};
use crate::report::payload::PayloadMode;
use crate::report::words::{count, number, size};
use crate::rules::Level;
use crate::ws::session::Want;

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// What filter, chips and scope leave.
    Shown,
    /// A connection.
    Conn(u32),
    /// Everything.
    All,
    /// The messages that are marked.
    Marked,
}

/// A table that a view made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What a row is, such as `bin`.
    pub row: &'static str,
    /// How many rows.
    pub rows: usize,
    /// As CSV, with a heading.
    pub csv: String,
}

/// The form of what is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// The capture, or a part of it.
    Capture(Format),
    /// Findings, as `wscope check` writes them.
    Findings(check::Format),
    /// What the view shows.
    Table(Table),
}

impl Form {
    /// Its name on a chip.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Capture(format) => format.name(),
            Self::Findings(format) => format.name(),
            Self::Table(_) => "table",
        }
    }

    /// What it is, in one line.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::Capture(format) => format.description().to_owned(),
            Self::Findings(format) => format!("Findings: {}", format.description()),
            Self::Table(table) => format!("{} of the chart, as CSV", count(table.rows as u64, table.row)),
        }
    }

    /// What files of it end in.
    #[must_use]
    pub const fn ending(&self) -> &'static str {
        match self {
            Self::Capture(Format::Pcapng) => "-cut.pcapng",
            Self::Capture(Format::Ndjson) => ".ndjson",
            Self::Capture(Format::Json) => ".json",
            Self::Capture(Format::Csv) => ".csv",
            Self::Capture(Format::Txt) => ".txt",
            Self::Capture(Format::Md) => ".md",
            Self::Capture(Format::Har) => ".har",
            Self::Findings(check::Format::Sarif) => ".sarif",
            Self::Findings(check::Format::Junit) => ".xml",
            Self::Findings(check::Format::Json | check::Format::Gitlab) => "-findings.json",
            Self::Findings(check::Format::Ndjson) => "-findings.ndjson",
            Self::Findings(check::Format::Markdown) => "-findings.md",
            Self::Findings(check::Format::Human | check::Format::Concise | check::Format::Github) => {
                "-findings.txt"
            }
            Self::Table(_) => "-stats.csv",
        }
    }

    /// Payloads are in it, as far as is asked.
    #[must_use]
    pub fn has_payloads(&self) -> bool {
        matches!(self, Self::Capture(format) if *format != Format::Pcapng)
    }
}

/// The name of a file for what a capture is called.
#[must_use]
pub fn file_name(title: &str, form: &Form) -> String {
    let name =
        Path::new(title).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let whole = [".gz", ".zst", ".lz4"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    let stem = whole.rsplit_once('.').map_or(whole, |(stem, _)| stem);
    let stem = if matches!(stem, "" | "-") { "capture" } else { stem };
    format!("{stem}{}", form.ending())
}

/// Messages that are looked at to name them one by one.
const MOST: usize = 100_000;

/// The filter that selects it; `None` = everything.
///
/// # Errors
/// Where no filter does; the sentence says why.
pub fn expression(model: &Model, what: What) -> Result<Option<String>, String> {
    let text = match what {
        What::All => return Ok(None),
        What::Conn(conn) => format!("conn == {conn}"),
        What::Marked => named(model.marks.iter().filter_map(|place| id(model, *place)).collect()),
        What::Shown => match of_shown(model) {
            None => return Ok(None),
            Some(Ok(terms)) => terms,
            Some(Err(why)) => one_by_one(model, why)?,
        },
    };
    Filter::parse(&text).map_err(|error| format!("no filter says it: {}", error.message))?;
    Ok(Some(text))
}

/// What narrows the list as one filter; `None` where nothing does, or why it cannot be said.
fn of_shown(model: &Model) -> Option<Result<String, &'static str>> {
    let narrow = &model.narrow;
    let mut terms = Vec::new();
    if let Some(filtering) = model.filtering.as_ref().filter(|filtering| filtering.hides()) {
        let (filter, needs) = (filtering.filter(), filtering.filter().needs());
        // An export is to ask it of the same messages as the list does.
        let here = if model.view == ViewId::Findings { Rows::FINDING } else { Rows::NONE };
        if needs.marks || needs.rows.and(Rows::MESSAGE.or(here)).is_empty() {
            return Some(Err("the filter asks for what only lists know"));
        }
        // As it was typed, where that says it all without what is saved here.
        let text = if needs.end {
            filter.at_end(filtering::end(&model.store)).to_string()
        } else if Filter::parse(filtering.text()).is_ok_and(|read| read == *filter) {
            filtering.text().to_owned()
        } else {
            filter.to_string()
        };
        terms.push(format!("({text})"));
    }
    terms.extend(narrow.conn.map(|conn| format!("conn == {conn}")));
    if narrow.kinds != Kinds::All {
        terms.push(format!("op == {}", narrow.kinds.name()));
    }
    terms.extend(narrow.dir.map(|dir| format!("dir == {}", dir.name())));
    if narrow.no_heartbeats {
        terms.push("!heartbeat".to_owned());
    }
    if narrow.findings {
        return Some(Err("no filter says which messages have findings"));
    }
    match &terms[..] {
        [] => None,
        [only] => Some(Ok(only
            .strip_prefix('(')
            .and_then(|text| text.strip_suffix(')'))
            .unwrap_or(only)
            .to_owned())),
        _ => Some(Ok(terms.join(" && "))),
    }
}

/// Every message that is shown, by name; `why` it takes that.
fn one_by_one(model: &Model, why: &str) -> Result<String, String> {
    let shown = model.shown.len(&model.store);
    if !model.settled() {
        return Err("what is shown is not known yet".to_owned());
    }
    if shown == 0 {
        return Err("nothing is shown".to_owned());
    }
    if shown > MOST {
        return Err(format!("{why}, and {} are too many to name", number(shown as u64)));
    }
    let places = (0..shown).filter_map(|index| model.shown.unsorted(&model.store, index));
    let text = named(places.filter_map(|place| id(model, place)).collect());
    // What are not next to one another can be more than a filter may name.
    Filter::parse(&text).map_err(|_| format!("{why}, and {} are too many to name", number(shown as u64)))?;
    Ok(text)
}

fn id(model: &Model, place: usize) -> Option<(u32, u64)> {
    model.store.message(place).map(|(row, _)| (row.conn, row.n.into()))
}

/// A filter for messages by connection and number.
fn named(mut ids: Vec<(u32, u64)>) -> String {
    ids.sort_unstable();
    ids.dedup();
    let terms: Vec<String> = ids
        .chunk_by(|one, other| one.0 == other.0)
        .map(|of_conn| {
            let ranges = of_conn.chunk_by(|one, other| one.1 + 1 == other.1);
            let ranges: Vec<String> = ranges
                .filter_map(|range| match (range.first()?.1, range.last()?.1) {
                    (first, last) if first == last => Some(first.to_string()),
                    (first, last) => Some(format!("{first}..{last}")),
                })
                .collect();
            let conn = of_conn.first().map_or(0, |id| id.0);
            format!("conn == {conn} && msg in {{{}}}", ranges.join(", "))
        })
        .collect();
    match &terms[..] {
        [only] => only.clone(),
        _ => terms.iter().map(|term| format!("({term})")).collect::<Vec<_>>().join(" || "),
    }
}

/// A file to be written.
#[derive(Clone, Debug)]
pub struct Order {
    /// In which form.
    pub form: Form,
    /// Only what this selects.
    pub filter: Option<String>,
    /// How much of each payload.
    pub payload: PayloadMode,
    /// Secrets in URLs are written.
    pub reveal: bool,
    /// The file.
    pub path: PathBuf,
    /// What is there already is replaced.
    pub overwrite: bool,
}

/// Looks after an order that is carried out.
#[derive(Clone)]
pub struct Watch {
    /// Nobody waits for it any more.
    pub cancelled: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Is told how much of it was done, in percent.
    pub progress: Arc<dyn Fn(u64) + Send + Sync>,
}

impl Watch {
    fn check(&self) -> io::Result<()> {
        if (self.cancelled)() { Err(io::Error::other("cancelled")) } else { Ok(()) }
    }
}

/// Checks what can be told before anything is done.
///
/// # Errors
/// Why it cannot be carried out, in a sentence.
pub fn check(order: &Order, model: &Model) -> Result<(), String> {
    if matches!(order.form, Form::Table(_)) {
        return Ok(());
    }
    let Some(reopener) = &model.reopener else { return Err("there is no file to export from".to_owned()) };
    if is_input(&order.path, reopener.files().named()) {
        return Err("that is the capture itself: choose another name".to_owned());
    }
    if reopener.files().so_far().grows() {
        return Err("it must be read to its end before it can be read again".to_owned());
    }
    exporter(order, reopener.files()).map(|_| ())
}

/// Writes the file, all of it or nothing, and returns what to say of it.
///
/// # Errors
/// Why that failed, in a sentence.
pub fn carry_out(order: &Order, capture: Option<(&Files, &Config)>, watch: &Watch) -> Result<String, String> {
    // Of what still grows, all passes see the same.
    let capture = capture.map(|(files, config)| (files.so_far(), config));
    let written = match (&order.form, capture.as_ref().map(|(files, config)| (files, *config))) {
        (Form::Table(table), _) => whole(order, watch, |out| {
            out.write_all(table.csv.as_bytes())?;
            Ok(count(table.rows as u64, table.row))
        }),
        (_, None) => return Err("there is no file to export from".to_owned()),
        (Form::Capture(_), Some((files, config))) => {
            let exporter = exporter(order, files)?;
            whole(order, watch, |out| export(&exporter, files, config, watch, out))
        }
        (Form::Findings(format), Some((files, config))) => {
            let filter = exporter(order, files)?.filter;
            whole(order, watch, |out| findings(*format, filter.as_ref(), files, config, watch, out))
        }
    };
    let (what, bytes) = written.map_err(|error| error.to_string())?;
    let name = order.path.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!("wrote {name}: {what}, {}B", size(bytes)))
}

/// The exporter of an order; its filter can be true of what is written.
fn exporter(order: &Order, files: &Files) -> Result<Exporter, String> {
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

fn export(
    exporter: &Exporter,
    files: &Files,
    config: &Config,
    watch: &Watch,
    out: &mut dyn Write,
) -> io::Result<String> {
    let passes = if exporter.format == Format::Pcapng { 2 } else { 1 };
    let open = |pass| Watched::open(files, config, watch, pass, passes);
    let running = Running { source: open(0)?, config: of_run(config, exporter.needs_numbers()) };
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

fn findings(
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
    let running =
        Running { source: Watched::open(files, config, watch, 0, 1)?, config: of_run(config, numbers) };
    let observer = || Filtered::records(Collector::new(&enabled, secret::redacted), filter, Rows::FINDING);
    running.run(want, &observer, &mut FilteredSink::new(&mut auditor, filter))?;
    let sources = files.named().iter().map(|file| file.to_string_lossy().into_owned()).collect();
    let (mut report, _) = auditor.finish(sources);
    report.locate(&files.paths(), &config.limits)?;
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
struct Running {
    source: Watched,
    config: Config,
}

impl Run for Running {
    type Done = Summary;
    type Error = io::Error;

    fn run<O: Observer, S: Sink<O::Record>>(
        mut self,
        want: Want,
        observer: &dyn Fn() -> O,
        sink: &mut S,
    ) -> io::Result<Summary> {
        let config = Config { want, ..self.config };
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
fn whole<T>(
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
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".wscope-export");
    // Others may read it as any file, unlike what is usual for temporary ones.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut part = builder.tempfile_in(folder).map_err(failed)?;
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

/// How many messages an export of it has, in words.
#[must_use]
pub fn extent(model: &Model, what: What) -> String {
    let all = model.store.messages() as u64;
    match what {
        What::All => {
            format!(
                "{} with {}",
                count(model.store.conns().len() as u64, "connection"),
                count(all, "message")
            )
        }
        What::Shown => {
            format!("{} of {}", number(model.shown.len(&model.store) as u64), count(all, "message"))
        }
        What::Conn(conn) => {
            count(model.store.conn(conn).map_or(0, |conn| conn.messages.len()) as u64, "message")
        }
        What::Marked => count(model.marks.len() as u64, "message"),
    }
}

#[cfg(test)]
mod tests;
