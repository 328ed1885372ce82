//! `wscope export`: everything, for other programs.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::event::Summary;
use crate::filter::{Filter, Rows};
use crate::report::csv::{CsvObserver, CsvSink};
use crate::report::filtered::{Filtered, FilteredSink};
use crate::report::har::{HarObserver, HarSink};
use crate::report::json::{JsonObserver, JsonOptions, JsonSink};
use crate::report::output::Shape;
use crate::report::txt::{TxtObserver, TxtOptions, TxtSink};
use crate::ws::session::Want;

use super::Outcome;
use super::args::{Export, Format};
use super::filter;
use super::session::{self, Session};
use super::terminal::{Terminal, Text};
use super::words::count;

pub(super) fn run(args: &Export) -> anyhow::Result<Outcome> {
    if !matches!(args.to, Format::Ndjson | Format::Json) {
        for (given, flag) in [(args.records.is_some(), "--records"), (args.hash, "--hash")] {
            anyhow::ensure!(!given, "{flag} works with --to ndjson and --to json only");
        }
    }
    let (rows, but) = records(args);
    let filter = filter::read(args.filter.as_deref(), rows, but, args.input.decode.quiet)?;
    let streams = matches!(args.to, Format::Ndjson | Format::Csv | Format::Txt);
    anyhow::ensure!(streams || !args.follow, "--follow works with --to ndjson, csv and txt only");
    // First, so that a command that cannot read leaves an older output as it is.
    let session = args.input.open_to_follow(args.follow)?.filtered(filter.as_ref());
    let Some(path) = &args.output else {
        let (session, out) = (session.streaming(), io::stdout().lock());
        let done = if io::stdout().is_terminal() {
            let text = if matches!(args.to, Format::Csv | Format::Txt) { Text::Plain } else { Text::Json };
            export(args, filter.as_ref(), session, Terminal::new(out, text))
        } else {
            export(args, filter.as_ref(), session, out)
        };
        return Ok(done?.1);
    };
    let name = path.display();
    anyhow::ensure!(
        !is_input(path, &args.input.files()),
        "{name} is the capture itself: choose another file"
    );
    let file = File::create(path).with_context(|| format!("cannot write {name}"))?;
    let (summary, outcome) = export(args, filter.as_ref(), session, BufWriter::new(file))
        .with_context(|| format!("{name} is not complete"))?;
    if !args.input.decode.quiet {
        let connections = count(summary.connections, "connection");
        let messages = count(summary.messages, "message");
        session::closing(&format!("wrote {name} from {connections} with {messages}"));
    }
    Ok(outcome)
}

/// Writing to `path` would overwrite one of `files`.
pub(super) fn is_input(path: &Path, files: &[PathBuf]) -> bool {
    let Ok(output) = fs::canonicalize(path) else { return false };
    files.iter().any(|file| fs::canonicalize(file).is_ok_and(|input| input == output))
}

/// The kinds of records that are written, and what to say where a filter asks for others.
fn records(args: &Export) -> (Rows, &'static str) {
    let ends = Rows::CONNECTION.or(Rows::CLOSING);
    let either = |yes: bool, rows: Rows| if yes { rows } else { Rows::NONE };
    match args.to {
        Format::Ndjson | Format::Json => {
            let types = args.records.unwrap_or_default();
            let rows = either(types.connection || types.end, ends)
                .or(either(types.message, Rows::MESSAGE))
                .or(either(types.frame, Rows::FRAME))
                .or(either(types.finding, Rows::FINDING));
            (rows, "which are not exported (see --records)")
        }
        Format::Csv => (Rows::MESSAGE, "and CSV has messages only"),
        Format::Txt => (Rows::MESSAGE.or(Rows::FINDING).or(ends), "which the transcript does not have"),
        Format::Har => (Rows::MESSAGE.or(ends), "which HAR does not have"),
    }
}

fn export(
    args: &Export,
    filter: Option<&Filter>,
    session: Session,
    out: impl Write,
) -> anyhow::Result<(Summary, Outcome)> {
    let (rows, _) = records(args);
    let files = args.input.files();
    let conns = args.conn.clone().unwrap_or_default();
    let want = Want { payload: args.payload.bytes(), hash: args.hash, frame_bytes: 0 };
    let more = |want| filter.map_or(want, |filter| filter.needs().want(want));
    let want = more(want);
    match args.to {
        Format::Ndjson | Format::Json => {
            let options = JsonOptions {
                types: args.records.unwrap_or_default(),
                payload: args.payload,
                hash: args.hash,
                conns,
                sources: files.iter().map(|file| file.to_string_lossy().into_owned()).collect(),
                reveal: args.reveal,
                shape: if args.to == Format::Json { Shape::Document } else { Shape::Lines },
                ..JsonOptions::default()
            };
            let mut sink = JsonSink::new(out, &options);
            sink.begin()?;
            let observer = || Filtered::records(JsonObserver::new(&options), filter, rows);
            session.run(more(options.want()), &observer, &mut FilteredSink::new(&mut sink, filter))
        }
        Format::Csv => {
            let mut sink = CsvSink::new(out, conns.clone());
            let observer = || Filtered::records(CsvObserver::new(args.payload, conns.clone()), filter, rows);
            session.run(want, &observer, &mut FilteredSink::new(&mut sink, filter))
        }
        Format::Txt => {
            let options =
                TxtOptions { payload: args.payload, conns, reveal: args.reveal, ..TxtOptions::default() };
            let mut sink = TxtSink::new(out, &options);
            let observer = || Filtered::records(TxtObserver::new(&options), filter, rows);
            session.run(want, &observer, &mut FilteredSink::new(&mut sink, filter))
        }
        Format::Har => {
            let spool = tempfile::tempfile().context("cannot make a temporary file")?;
            let mut sink = HarSink::new(out, spool, conns.clone(), env!("CARGO_PKG_VERSION"));
            let har = || HarObserver::new(args.payload, conns.clone()).revealing(args.reveal);
            let observer = || Filtered::records(har(), filter, rows);
            session.run(want, &observer, &mut FilteredSink::new(&mut sink, filter))
        }
    }
}
