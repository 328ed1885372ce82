//! `wscope export`: everything, for other programs.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::event::Summary;
use crate::report::csv::{CsvObserver, CsvSink};
use crate::report::har::{HarObserver, HarSink};
use crate::report::json::{JsonObserver, JsonOptions, JsonSink};
use crate::report::output::Shape;
use crate::report::txt::{TxtObserver, TxtOptions, TxtSink};
use crate::ws::session::Want;

use super::Outcome;
use super::args::{Export, Format};
use super::session::{self, Session};
use super::terminal::{Terminal, Text};
use super::words::count;

pub(super) fn run(args: &Export) -> anyhow::Result<Outcome> {
    if !matches!(args.to, Format::Ndjson | Format::Json) {
        for (given, flag) in [(args.records.is_some(), "--records"), (args.hash, "--hash")] {
            anyhow::ensure!(!given, "{flag} works with --to ndjson and --to json only");
        }
    }
    // First, so that a command that cannot read leaves an older output as it is.
    let session = args.input.open()?;
    let Some(path) = &args.output else {
        let (session, out) = (session.streaming(), io::stdout().lock());
        let done = if io::stdout().is_terminal() {
            let text = if matches!(args.to, Format::Csv | Format::Txt) { Text::Plain } else { Text::Json };
            export(args, session, Terminal::new(out, text))
        } else {
            export(args, session, out)
        };
        return Ok(done?.1);
    };
    let name = path.display();
    anyhow::ensure!(
        !is_input(path, &args.input.files()),
        "{name} is the capture itself: choose another file"
    );
    let file = File::create(path).with_context(|| format!("cannot write {name}"))?;
    let (summary, outcome) =
        export(args, session, BufWriter::new(file)).with_context(|| format!("{name} is not complete"))?;
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

fn export(args: &Export, session: Session, out: impl Write) -> anyhow::Result<(Summary, Outcome)> {
    let files = args.input.files();
    let conns = args.conn.clone().unwrap_or_default();
    let want = Want { payload: args.payload.bytes(), hash: args.hash, frame_bytes: 0 };
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
            let observer = || JsonObserver::new(&options);
            session.run(options.want(), &observer, &mut sink)
        }
        Format::Csv => {
            let mut sink = CsvSink::new(out, conns.clone());
            let observer = || CsvObserver::new(args.payload, conns.clone());
            session.run(want, &observer, &mut sink)
        }
        Format::Txt => {
            let options =
                TxtOptions { payload: args.payload, conns, reveal: args.reveal, ..TxtOptions::default() };
            let mut sink = TxtSink::new(out, &options);
            session.run(want, &|| TxtObserver::new(&options), &mut sink)
        }
        Format::Har => {
            let spool = tempfile::tempfile().context("cannot make a temporary file")?;
            let mut sink = HarSink::new(out, spool, conns.clone(), env!("CARGO_PKG_VERSION"));
            let observer = || HarObserver::new(args.payload, conns.clone()).revealing(args.reveal);
            session.run(want, &observer, &mut sink)
        }
    }
}
