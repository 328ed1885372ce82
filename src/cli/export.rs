//! `wscope export`: everything, for other programs.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use anyhow::Context;

use crate::report::csv::{CsvObserver, CsvSink};
use crate::report::har::{HarObserver, HarSink};
use crate::report::json::{JsonObserver, JsonOptions, JsonSink};
use crate::report::output::Shape;
use crate::report::txt::{TxtObserver, TxtOptions, TxtSink};
use crate::ws::session::Want;

use super::Outcome;
use super::args::{Export, Format};
use super::session;

pub(super) fn run(args: &Export) -> anyhow::Result<Outcome> {
    session::set_color(args.input.decode.color);
    match &args.output {
        Some(path) => {
            let name = path.display();
            let file = File::create(path).with_context(|| format!("cannot write {name}"))?;
            let outcome = export(args, BufWriter::new(file)).with_context(|| format!("writing {name}"));
            if outcome.is_err() {
                session::note(&format!("{name} holds what was written before the error"));
            }
            outcome
        }
        None => export(args, io::stdout().lock()),
    }
}

fn export(args: &Export, out: impl Write) -> anyhow::Result<Outcome> {
    let files = args.input.files();
    let decode = &args.input.decode;
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
                shape: if args.to == Format::Json { Shape::Document } else { Shape::Lines },
                ..JsonOptions::default()
            };
            let mut sink = JsonSink::new(out, &options);
            sink.begin()?;
            let observer = || JsonObserver::new(&options);
            Ok(session::decode(&files, decode, options.want(), &observer, &mut sink)?.1)
        }
        Format::Csv => {
            let mut sink = CsvSink::new(out, conns.clone());
            let observer = || CsvObserver::new(args.payload, conns.clone());
            Ok(session::decode(&files, decode, want, &observer, &mut sink)?.1)
        }
        Format::Txt => {
            let options = TxtOptions { payload: args.payload, conns, ..TxtOptions::default() };
            let mut sink = TxtSink::new(out, &options);
            Ok(session::decode(&files, decode, want, &|| TxtObserver::new(&options), &mut sink)?.1)
        }
        Format::Har => {
            let spool = tempfile::tempfile().context("cannot make a temporary file")?;
            let mut sink = HarSink::new(out, spool, conns.clone(), env!("CARGO_PKG_VERSION"));
            let observer = || HarObserver::new(args.payload, conns.clone());
            Ok(session::decode(&files, decode, want, &observer, &mut sink)?.1)
        }
    }
}
