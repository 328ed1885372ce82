//! A capture, or a part of it, into a file of any format: what `wscope export` and the terminal UI do alike.
//!
//! The engine is run by the caller ([`Run`]).

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::csv::{CsvObserver, CsvSink};
use super::filtered::{Filtered, FilteredSink};
use super::har::{HarObserver, HarSink};
use super::json::{JsonObserver, JsonOptions, JsonSink};
use super::md::{MdObserver, MdOptions, MdSink};
use super::output::Shape;
use super::payload::PayloadMode;
use super::pcapng::{CutObserver, CutSink};
use super::select::{RecordTypes, Selection};
use super::txt::{TxtObserver, TxtOptions, TxtSink};
use crate::capture::source::Source;
use crate::event::{Connection, Event};
use crate::filter::{Filter, FilterError, Rows};
use crate::observe::{Observer, Outbox, Sink};
use crate::ws::session::Want;

/// Formats of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// JSON records, a line each.
    #[default]
    Ndjson,
    /// The same records in one document.
    Json,
    /// Messages as rows.
    Csv,
    /// A transcript.
    Txt,
    /// A report in Markdown.
    Md,
    /// An HTTP archive.
    Har,
    /// The packets.
    Pcapng,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 7] =
        [Self::Ndjson, Self::Json, Self::Csv, Self::Txt, Self::Md, Self::Har, Self::Pcapng];

    /// The name, as it is typed; files of the format end in it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Txt => "txt",
            Self::Md => "md",
            Self::Har => "har",
            Self::Pcapng => "pcapng",
        }
    }

    /// What it is, in one line.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Ndjson => "One JSON record a line",
            Self::Json => "The same records in one JSON document",
            Self::Csv => "Messages, a row each",
            Self::Txt => "Messages, a line each, to read",
            Self::Md => "A report in Markdown: connections, then messages and findings, for tickets",
            Self::Har => "HTTP archive with Chrome's `_webSocketMessages`",
            Self::Pcapng => "The packets of the connections, cut out of the capture",
        }
    }

    /// The kinds of rows that it is made of, and what to say where a filter asks for others. `types` are those
    /// of its records, where it has records.
    #[must_use]
    pub fn rows(self, types: RecordTypes) -> (Rows, &'static str) {
        let ends = Rows::CONNECTION.or(Rows::CLOSING);
        let either = |yes: bool, rows: Rows| if yes { rows } else { Rows::NONE };
        match self {
            Self::Ndjson | Self::Json => {
                let rows = either(types.connection || types.end, ends)
                    .or(either(types.message, Rows::MESSAGE))
                    .or(either(types.frame, Rows::FRAME))
                    .or(either(types.finding, Rows::FINDING));
                (rows, "which are not exported (see --records)")
            }
            Self::Csv => (Rows::MESSAGE, "and CSV has messages only"),
            Self::Txt => (Rows::MESSAGE.or(Rows::FINDING).or(ends), "which the transcript does not have"),
            Self::Md => (Rows::MESSAGE.or(Rows::FINDING).or(ends), "which the report does not have"),
            Self::Har => (Rows::MESSAGE.or(ends), "which HAR does not have"),
            // Connections that have such a row.
            Self::Pcapng => (Rows::ALL, ""),
        }
    }

    /// It is JSON.
    #[must_use]
    pub const fn is_json(self) -> bool {
        matches!(self, Self::Ndjson | Self::Json | Self::Har)
    }

    /// It has the records of the JSON formats.
    #[must_use]
    pub const fn has_records(self) -> bool {
        matches!(self, Self::Ndjson | Self::Json)
    }
}

/// Runs the engine over a capture, from its start.
pub trait Run {
    /// What is known when it is over.
    type Done;
    /// What may go wrong.
    type Error: From<io::Error>;

    /// Delivers what `observer` makes of everything to `sink`.
    ///
    /// # Errors
    /// Where reading or the sink fails.
    fn run<O: Observer, S: Sink<O::Record>>(
        self,
        want: Want,
        observer: &dyn Fn() -> O,
        sink: &mut S,
    ) -> Result<Self::Done, Self::Error>;
}

/// What is exported, and how.
#[derive(Clone, Debug, Default)]
pub struct Exporter {
    /// The format.
    pub format: Format,
    /// The types of records, where the format has records.
    pub types: RecordTypes,
    /// How much of each payload.
    pub payload: PayloadMode,
    /// The SHA-256 of each message, where the format has records.
    pub hash: bool,
    /// Of which connections.
    pub conns: Selection,
    /// Secrets in URLs are written.
    pub reveal: bool,
    /// The names of the files.
    pub sources: Vec<String>,
    /// Only what it selects, with the begin and end of the connections. In packets: the connections that it selects
    /// as `wscope ls` does.
    pub filter: Option<Filter>,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written<T> {
    /// What the run told.
    pub done: T,
    /// Messages; 0 in packets.
    pub messages: u64,
    /// Connections; those of packets only.
    pub connections: u64,
    /// Packets.
    pub packets: u64,
}

impl Exporter {
    /// Checks that the filter can be true of what the format has. `help` is what to do where it cannot.
    ///
    /// # Errors
    /// Where it cannot.
    pub fn require(&self, help: impl Fn(Rows) -> Option<&'static str>) -> Result<(), FilterError> {
        let Some(filter) = &self.filter else { return Ok(()) };
        let (rows, but) = self.format.rows(self.types);
        filter.require(rows, but, help)?;
        if self.format == Format::Pcapng {
            filter.of_connections()?;
        }
        Ok(())
    }

    /// Connections must have their numbers when they are looked at, which takes decoding in one thread.
    #[must_use]
    pub fn needs_numbers(&self) -> bool {
        self.filter.as_ref().is_some_and(|filter| filter.needs().number)
    }

    /// Writes it to `out`. `again` opens the capture once more: packets are copied in a second reading.
    ///
    /// # Errors
    /// Those of `run` and `again`; where `out` or a temporary file cannot be written; where [`Exporter::require`] has
    /// one.
    pub fn write<R: Run>(
        &self,
        run: R,
        again: impl FnOnce() -> Result<Box<dyn Source>, R::Error>,
        mut out: impl Write,
    ) -> Result<Written<R::Done>, R::Error> {
        let filter = self.filter.as_ref();
        let (rows, _) = self.format.rows(self.types);
        let messages = Arc::<AtomicU64>::default();
        let want = Want { payload: self.payload.bytes(), hash: self.hash, frame_bytes: 0 };
        let more = |want| filter.map_or(want, |filter| filter.needs().want(want));
        let spool = || {
            let failed = |error: io::Error| {
                io::Error::new(error.kind(), format!("cannot make a temporary file: {error}"))
            };
            tempfile::tempfile().map_err(failed)
        };
        let done = match self.format {
            Format::Ndjson | Format::Json => {
                let options = self.json();
                let mut sink = JsonSink::new(out, &options);
                sink.begin()?;
                let inner = || Counting::new(JsonObserver::new(&options), &messages);
                let observer = || Filtered::records(inner(), filter, rows);
                run.run(more(options.want()), &observer, &mut FilteredSink::new(&mut sink, filter))?
            }
            Format::Csv => {
                let mut sink = CsvSink::new(out, self.conns.clone());
                let inner = || Counting::new(CsvObserver::new(self.payload, self.conns.clone()), &messages);
                let observer = || Filtered::records(inner(), filter, rows);
                run.run(more(want), &observer, &mut FilteredSink::new(&mut sink, filter))?
            }
            Format::Txt => {
                let options = TxtOptions {
                    payload: self.payload,
                    conns: self.conns.clone(),
                    reveal: self.reveal,
                    ..TxtOptions::default()
                };
                let mut sink = TxtSink::new(out, &options);
                let inner = || Counting::new(TxtObserver::new(&options), &messages);
                let observer = || Filtered::records(inner(), filter, rows);
                run.run(more(want), &observer, &mut FilteredSink::new(&mut sink, filter))?
            }
            Format::Md => {
                let options = MdOptions {
                    payload: self.payload,
                    conns: self.conns.clone(),
                    reveal: self.reveal,
                    sources: self.sources.clone(),
                    filter: filter.map(ToString::to_string),
                };
                let mut sink = MdSink::new(out, spool()?, &options);
                let inner = || Counting::new(MdObserver::new(&options), &messages);
                let observer = || Filtered::records(inner(), filter, rows);
                run.run(more(want), &observer, &mut FilteredSink::new(&mut sink, filter))?
            }
            Format::Har => {
                let mut sink = HarSink::new(out, spool()?, self.conns.clone(), env!("CARGO_PKG_VERSION"));
                let har = || HarObserver::new(self.payload, self.conns.clone()).revealing(self.reveal);
                let inner = || Counting { data_only: true, ..Counting::new(har(), &messages) };
                let observer = || Filtered::records(inner(), filter, rows);
                run.run(more(want), &observer, &mut FilteredSink::new(&mut sink, filter))?
            }
            Format::Pcapng => {
                let conns = filter.map(Filter::of_connections).transpose().map_err(invalid)?;
                let running = filter.is_some_and(|filter| filter.needs().running);
                let mut sink = CutSink::new(self.conns.clone());
                let observer = || Filtered::connections(CutObserver, conns.as_ref(), running);
                let done = run.run(more(Want::default()), &observer, &mut sink)?;
                sink.copy(&mut *again()?, &mut out)?;
                let (connections, packets) = (sink.connections(), sink.packets());
                return Ok(Written { done, messages: 0, connections, packets });
            }
        };
        Ok(Written { done, messages: messages.load(Ordering::Relaxed), connections: 0, packets: 0 })
    }

    fn json(&self) -> JsonOptions {
        JsonOptions {
            types: self.types,
            payload: self.payload,
            hash: self.hash,
            conns: self.conns.clone(),
            sources: self.sources.clone(),
            reveal: self.reveal,
            shape: if self.format == Format::Json { Shape::Document } else { Shape::Lines },
            ..JsonOptions::default()
        }
    }
}

fn invalid(error: FilterError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

/// Writing to `path` would overwrite one of `files`.
#[must_use]
pub fn is_input(path: &Path, files: &[PathBuf]) -> bool {
    let Ok(output) = fs::canonicalize(path) else { return false };
    files.iter().any(|file| fs::canonicalize(file).is_ok_and(|input| input == output))
}

/// Counts the messages that an observer is told of.
struct Counting<O> {
    inner: O,
    data_only: bool,
    count: Count,
}

/// A count that is added to the whole in the end.
struct Count {
    whole: Arc<AtomicU64>,
    here: u64,
}

impl Drop for Count {
    fn drop(&mut self) {
        self.whole.fetch_add(self.here, Ordering::Relaxed);
    }
}

impl<O> Counting<O> {
    fn new(inner: O, whole: &Arc<AtomicU64>) -> Self {
        Self { inner, data_only: false, count: Count { whole: Arc::clone(whole), here: 0 } }
    }
}

impl<O: Observer> Observer for Counting<O> {
    type Record = O::Record;

    const PACKETS: bool = O::PACKETS;

    fn packets(&mut self, flow: u64, places: &[u8], out: &mut Outbox<O::Record>) {
        self.inner.packets(flow, places, out);
    }

    fn wants_frames(&self) -> bool {
        self.inner.wants_frames()
    }

    fn wants_messages(&self) -> bool {
        self.inner.wants_messages()
    }

    #[inline]
    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<O::Record>) {
        if let Event::Message(message) = event {
            self.count.here += u64::from(!self.data_only || message.kind.is_data());
        }
        self.inner.event(conn, event, out);
    }
}
