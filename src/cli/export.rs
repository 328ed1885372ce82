//! `wscope export`: everything, for other programs.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context;

use crate::engine::observe::{Observer, Sink};
use crate::event::Summary;
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
