//! `wscope export`: everything, for other programs.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};

use anyhow::Context;

use crate::capture::source::Source;
use crate::event::Summary;
use crate::limits::Limits;
use crate::observe::{Observer, Sink};
use crate::report::PayloadMode;
use crate::report::exporter::{Exporter, Format, Run, Written, is_input};
use crate::tui::files::Files;
use crate::ws::session::Want;

use super::Outcome;
use super::args::Export;
use super::session::{self, Session};
use super::terminal::{Terminal, Text};
use super::words::count;
use super::{filter, interrupt};

pub(super) fn run(args: &Export) -> anyhow::Result<Outcome> {
    if !args.to.has_records() {
        for (given, flag) in [(args.records.is_some(), "--records"), (args.hash, "--hash")] {
            anyhow::ensure!(!given, "{flag} works with --to ndjson and --to json only");
        }
    }
    let packets = args.to == Format::Pcapng;
    anyhow::ensure!(
        !packets || args.payload == PayloadMode::Full,
        "--payload does not work with --to pcapng: packets are copied as they are"
    );
    anyhow::ensure!(
        !packets || args.output.is_some() || !io::stdout().is_terminal(),
        "pcapng is not for a terminal: write it to a file with -o, or pipe it"
    );
    let quiet = args.input.decode.quiet;
    let types = args.records.unwrap_or_default();
    let (rows, but) = args.to.rows(types);
    let exporter = Exporter {
        format: args.to,
        types,
        payload: args.payload,
        hash: args.hash,
        conns: args.conn.clone().unwrap_or_default(),
        reveal: args.reveal,
        sources: args.input.files().iter().map(|file| file.to_string_lossy().into_owned()).collect(),
        filter: filter::read(args.filter.as_deref(), rows, but, quiet)?,
    };
    exporter.require(|_| None)?;
    let streams = matches!(args.to, Format::Ndjson | Format::Csv | Format::Txt);
    anyhow::ensure!(streams || !args.follow, "--follow works with --to ndjson, csv and txt only");
    // First, so that a command that cannot read leaves an older output as it is.
    let (session, files) = if packets {
        let (session, files) = args.input.open_to_read_again()?;
        (session, Some(files))
    } else {
        (args.input.open_to_follow(args.follow)?, None)
    };
    let session = session.filtered(exporter.filter.as_ref());
    let Some(path) = &args.output else {
        let (session, out) = (session.streaming(), io::stdout().lock());
        let written = if io::stdout().is_terminal() {
            let text = if args.to.is_json() { Text::Json } else { Text::Plain };
            export(&exporter, session, files.as_ref(), Terminal::new(out, text))
        } else {
            export(&exporter, session, files.as_ref(), out)
        };
        return Ok(written?.done.1);
    };
    let name = path.display();
    anyhow::ensure!(
        !is_input(path, &args.input.files()),
        "{name} is the capture itself: choose another file"
    );
    let cannot = || format!("cannot write {name}");
    let written = if args.follow {
        // Somebody may read it while it grows.
        let file = File::create(path).with_context(cannot)?;
        export(&exporter, session, files.as_ref(), BufWriter::new(file))
            .with_context(|| format!("{name} is not complete"))?
    } else {
        let mut file = interrupt::whole(path, ".wscope-export")?;
        let remains = file.remains();
        let written = export(&exporter, session, files.as_ref(), BufWriter::new(&mut file))
            .with_context(|| format!("{name} {remains}"))?;
        file.finish().with_context(cannot)?;
        written
    };
    let (summary, outcome) = written.done;
    if !quiet {
        session::closing(&if packets {
            let connections = count(written.connections, "connection");
            format!("wrote {name} with {} of {connections}", count(written.packets, "packet"))
        } else {
            let connections = count(summary.connections, "connection");
            let messages = count(summary.messages, "message");
            format!("wrote {name} from {connections} with {messages}")
        });
    }
    Ok(outcome)
}

fn export(
    exporter: &Exporter,
    session: Session,
    files: Option<&Files>,
    out: impl Write,
) -> anyhow::Result<Written<(Summary, Outcome)>> {
    let again = || -> anyhow::Result<Box<dyn Source>> {
        let files = files.context("the capture cannot be read again")?;
        Ok(files.again(&Limits::default(), || true)?.source)
    };
    exporter.write(session, again, out)
}

impl Run for Session {
    type Done = (Summary, Outcome);
    type Error = anyhow::Error;

    fn run<O: Observer, S: Sink<O::Record>>(
        self,
        want: Want,
        observer: &dyn Fn() -> O,
        sink: &mut S,
    ) -> anyhow::Result<Self::Done> {
        Self::run(self, want, observer, sink)
    }
}
