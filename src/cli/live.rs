//! `wscope live`: messages as they come.

mod interface;

use std::env;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use crate::capture::live::{self, Device, Monitor, OpenError, Options, privileges};
use crate::capture::open;
use crate::capture::record::{Recorded, Recorder, Recording, Rotation};
use crate::capture::source::Source;
use crate::event::Summary;
use crate::file::folder;
use crate::filter::{Filter, Rows};
use crate::item::Dir;
use crate::report::filtered::{Filtered, FilteredSink};
use crate::report::json::{JsonObserver, JsonOptions, JsonSink};
use crate::report::payload::PayloadMode;
use crate::report::txt::{TxtObserver, TxtOptions, TxtSink};
use crate::ws::session::Want;

use super::args::{Live, TimeFormat};
use super::session::{self, Counted, Session};
use super::terminal::{self, Terminal, Text};
use super::words::{self, count, number};
use super::{Outcome, filter, interrupt};

/// What to install where libpcap is missing, and what to do then.
pub(super) const NOT_BUILT: &str = if cfg!(feature = "live") {
    "install libpcap-dev (Debian, Ubuntu), libpcap-devel (Fedora) or libpcap (Arch), then build wscope again"
} else {
    "install libpcap-dev (Debian, Ubuntu), libpcap-devel (Fedora) or libpcap (Arch), then build wscope again \
     with the feature `live`"
};

pub(super) fn run(args: &Live) -> anyhow::Result<Outcome> {
    session::set_color(args.decode.color);
    if args.list {
        return list();
    }
    let ends = Rows::CONNECTION.or(Rows::CLOSING);
    let either = |yes: bool, rows: Rows| if yes { rows } else { Rows::NONE };
    let types = args.records.unwrap_or_default();
    let (rows, but) = if args.json {
        let rows = either(types.connection || types.end, ends)
            .or(either(types.message, Rows::MESSAGE))
            .or(either(types.frame, Rows::FRAME))
            .or(either(types.finding, Rows::FINDING));
        (rows, "which are not printed (see --records)")
    } else {
        (Rows::MESSAGE, "and `live` prints messages (with --json other records too)")
    };
    let filter = filter::read(args.filter.as_deref(), rows, but, args.decode.quiet)?;
    anyhow::ensure!(
        args.write.as_deref() != Some(Path::new("-")),
        "-w writes a file: standard output is for the messages"
    );

    anyhow::ensure!(
        args.keep.is_none() || rotation(args).is_on(),
        "--keep is about the files of --rotate-size or --rotate-time: name one of them"
    );
    if is_interactive(args) {
        return interface::run(args);
    }
    let mut capture = Capture::begin(args)?;
    interrupt::stops(&capture.stop)?;
    capture.greet(args);
    let session = Session::new(
        open::Opened { source: capture.source()?, size: None, growing: true },
        &args.decode,
        // Those that listen have threads of their own.
        Some(1),
    );
    let monitor = Arc::clone(&capture.monitor);
    let quiet = args.decode.quiet;
    let session = session.streaming().live(move || {
        for notice in monitor.notices() {
            if !quiet {
                session::warning(&notice);
            }
        }
    });
    let (summary, outcome, printed) = if args.json {
        json(args, filter.as_ref(), rows, session)?
    } else {
        text(args, filter.as_ref(), session)?
    };
    capture.end(args, &summary, outcome, printed)
}

/// Somebody sits in front of it, and asked for nothing that only lines have.
fn is_interactive(args: &Live) -> bool {
    let of_lines = args.lines
        || args.json
        || args.decode.quiet
        || args.side.is_some()
        || args.time != TimeFormat::default()
        || args.payload != PayloadMode::Full;
    !of_lines && io::stdout().is_terminal() && io::stdin().is_terminal()
}

/// A capture that runs.
struct Capture {
    source: Option<Box<dyn Source>>,
    /// Ends it.
    stop: Arc<AtomicBool>,
    /// Whom root became.
    user: Option<String>,
    monitor: Arc<Monitor>,
    recording: Option<Arc<Mutex<Recording>>>,
    started: Instant,
}

impl Capture {
    /// Opens the interfaces, gives up the rights that this took, creates the file, and listens.
    fn begin(args: &Live) -> anyhow::Result<Self> {
        let options = options(args);
        let opened = live::open(&options).map_err(|error| explain(error, args))?;
        // Before any thread is started, as each has its own rights; and before files are created, so that they belong
        // to the user, and the later ones can be created as the first was.
        let folder = args.write.as_deref().map(folder);
        let user = privileges::give_up(args.user.as_deref(), folder)
            .context("cannot give up the rights that were needed to open the interface")?;
        let recorder = match &args.write {
            Some(path) => {
                let whose = user.as_ref().map_or(String::new(), |user| {
                    format!(" as {user}, whom wscope became (-Z NAME chooses another)")
                });
                let recorder = Recorder::create(path, opened.interfaces(), rotation(args));
                Some(recorder.with_context(|| format!("cannot write {}{whose}", path.display()))?)
            }
            None => None,
        };
        let live = opened.start().context("cannot start a thread")?;
        let monitor = live.monitor();
        let (source, recording): (Box<dyn Source>, _) = match recorder {
            Some(recorder) => {
                let recorded = Recorded::new(live, recorder, Arc::clone(&monitor));
                let recording = recorded.recording();
                (Box::new(recorded), Some(recording))
            }
            None => (Box::new(live), None),
        };
        let started = Instant::now();
        Ok(Self { source: Some(source), stop: options.stop, user, monitor, recording, started })
    }

    /// Says that it has begun.
    fn greet(&self, args: &Live) {
        if !args.decode.quiet {
            let names = args.interfaces.join(", ");
            let user = self.user.as_ref().map_or(String::new(), |user| format!(" as {user}"));
            session::closing(&format!("listening on {names}{user}; Ctrl-C ends"));
        }
    }

    /// Its packets, once.
    fn source(&mut self) -> anyhow::Result<Box<dyn Source>> {
        self.source.take().context("no source")
    }

    /// What became of it.
    fn end(
        &self,
        args: &Live,
        summary: &Summary,
        outcome: Outcome,
        printed: bool,
    ) -> anyhow::Result<Outcome> {
        let recording = self.recording.as_ref().map(|recording| {
            let recording: &Mutex<Recording> = recording;
            recording.lock().unwrap_or_else(PoisonError::into_inner).clone()
        });
        if !args.decode.quiet {
            for notice in self.monitor.notices() {
                session::warning(&notice);
            }
            self.closing(summary, recording.as_ref());
        }
        if let Some(Recording { failed: Some(failed), missed, .. }) = recording {
            let packets = count(missed, "packet");
            session::error(&format!("{failed}: the last {packets} may not be in the file"));
            return Ok(Outcome::Trouble);
        }
        let failures = self.monitor.failures();
        if !failures.is_empty() {
            if args.decode.quiet {
                session::error(&failures.join("; "));
            }
            return Ok(Outcome::Trouble);
        }
        let early = span(args.duration).is_none_or(|duration| self.started.elapsed() < duration);
        if summary.packets == 0 && early {
            return Ok(Outcome::Interrupted);
        }
        if !printed && outcome == Outcome::Done {
            return Ok(session::nothing_matched(summary, "no message", args.decode.quiet, outcome));
        }
        Ok(outcome)
    }

    /// The summary: connections and messages, packets of each interface, what was dropped and where, the files.
    fn closing(&self, summary: &Summary, recording: Option<&Recording>) {
        session::closing(&format!(
            "{} with {}",
            count(summary.connections, "connection"),
            count(summary.messages, "message"),
        ));
        for heard in self.monitor.heard() {
            let mut line = format!("{}: {} captured", heard.name, count(heard.packets, "packet"));
            let drops = [
                (heard.kernel_dropped, "by the kernel"),
                (heard.interface_dropped, "by the interface"),
                (heard.ring_dropped, "because decoding was behind"),
            ];
            let drops: Vec<String> = drops
                .iter()
                .filter(|(packets, _)| *packets > 0)
                .map(|(packets, by)| format!("{} {by}", number(*packets)))
                .collect();
            if drops.is_empty() {
                line.push_str(", none dropped");
            } else {
                line.push_str(&format!(", {} dropped: {}", number(heard.dropped()), drops.join(", ")));
            }
            session::closing(&line);
        }
        if let Some(recording) = recording {
            let packets = count(recording.packets, "packet");
            let files = match recording.files.as_slice() {
                [file] => file.display().to_string(),
                [first, .., last] => {
                    format!("{} files, {} to {}", recording.files.len(), first.display(), last.display())
                }
                [] => "no file".to_owned(),
            };
            session::closing(&format!("wrote {packets} to {files}"));
        }
    }
}

fn options(args: &Live) -> Options {
    let default = Options::default();
    Options {
        interfaces: args.interfaces.clone(),
        filter: args.bpf.clone().unwrap_or_default(),
        snap_length: args.snaplen.unwrap_or(default.snap_length),
        promiscuous: !args.no_promiscuous,
        buffer_bytes: args.buffer_size,
        immediate: args.immediate,
        queue_bytes: usize::try_from(args.queue).unwrap_or(usize::MAX),
        packets: args.count,
        duration: span(args.duration),
        stop: default.stop,
    }
}

fn rotation(args: &Live) -> Rotation {
    Rotation {
        bytes: args.rotate_size,
        time: span(args.rotate_time),
        keep: args.keep.map(|keep| keep as usize),
    }
}

fn span(nanos: Option<i64>) -> Option<Duration> {
    nanos.map(|nanos| Duration::from_nanos(nanos.unsigned_abs()))
}

/// Whether anything was printed besides what always is.
type Printed = (Summary, Outcome, bool);

fn text(args: &Live, filter: Option<&Filter>, session: Session) -> anyhow::Result<Printed> {
    let options = TxtOptions {
        ascii: args.ascii,
        time: args.time.into(),
        payload: args.payload,
        width: terminal::width(),
        messages_only: true,
        dir: args.side.map(Dir::from),
        ..TxtOptions::default()
    };
    let want = Want { payload: usize::MAX, hash: false, frame_bytes: 0 };
    let want = filter.map_or(want, |filter| filter.needs().want(want));
    let observer = || Filtered::records(TxtObserver::new(&options), filter, Rows::MESSAGE);
    let mut out = Counted::new(io::stdout().lock());
    let mut sink = TxtSink::new(&mut out, &options);
    let (summary, outcome) = session.run(want, &observer, &mut sink)?;
    drop(sink);
    Ok((summary, outcome, out.bytes > 0))
}

fn json(args: &Live, filter: Option<&Filter>, rows: Rows, session: Session) -> anyhow::Result<Printed> {
    let options = JsonOptions {
        types: args.records.unwrap_or_default(),
        payload: args.payload,
        sources: args.interfaces.clone(),
        reveal: args.reveal,
        ..JsonOptions::default()
    };
    let out = io::stdout().lock();
    if io::stdout().is_terminal() {
        records(Terminal::new(out, Text::Json), &options, filter, rows, session)
    } else {
        records(out, &options, filter, rows, session)
    }
}

fn records(
    out: impl Write,
    options: &JsonOptions,
    filter: Option<&Filter>,
    rows: Rows,
    session: Session,
) -> anyhow::Result<Printed> {
    let mut out = Counted::new(out);
    let mut sink = JsonSink::new(&mut out, options);
    sink.begin()?;
    let want = filter.map_or(options.want(), |filter| filter.needs().want(options.want()));
    let observer = || Filtered::records(JsonObserver::new(options), filter, rows);
    let (summary, outcome) = session.run(want, &observer, &mut FilteredSink::new(&mut sink, filter))?;
    // The first and the last record say nothing of what was asked for.
    let printed = summary.messages > 0;
    Ok((summary, outcome, printed))
}

/// `-D`.
fn list() -> anyhow::Result<Outcome> {
    let devices = match live::devices() {
        Err(OpenError::NotBuilt) => return Err(anyhow!("{}: {NOT_BUILT}", OpenError::NotBuilt)),
        devices => devices?,
    };
    let mut out = anstream::stdout().lock();
    let width = |text: fn(&Device) -> String| {
        devices.iter().map(|device| text(device).chars().count()).max().unwrap_or(0)
    };
    let names = width(|device| device.name.clone());
    let states = width(state);
    for device in &devices {
        let addresses: Vec<String> = device.addresses.iter().map(ToString::to_string).collect();
        let mut line = format!("{:names$}  {:states$}  {}", device.name, state(device), addresses.join(" "));
        if let Some(description) = &device.description {
            line.push_str(&format!("  ({description})"));
        }
        writeln!(out, "{}", session::harmless(line.trim_end()))?;
    }
    if devices.is_empty() {
        session::note("there is no interface that can be listened to");
    }
    Ok(Outcome::Done)
}

fn state(device: &Device) -> String {
    device.state.join(", ")
}

/// An error with what to do about it.
fn explain(error: OpenError, args: &Live) -> anyhow::Error {
    match &error {
        OpenError::NotBuilt => anyhow!("{error}: {NOT_BUILT}"),
        OpenError::Unknown { name } => {
            let known: Vec<String> =
                live::devices().unwrap_or_default().into_iter().map(|device| device.name).collect();
            let near = words::nearest(name, known.iter().map(String::as_str));
            match near {
                Some(near) => anyhow!("{error}; did you mean `{near}`? `wscope live -D` lists them"),
                None if known.is_empty() => anyhow!("{error}"),
                None => anyhow!("{error}; there are {}", known.join(", ")),
            }
        }
        OpenError::Permission { .. } => anyhow!("{error}\n{}", permission_help()),
        OpenError::Down { name } => anyhow!("{error}: `ip link set {name} up` brings it up"),
        OpenError::Filter { at: Some((start, end)), .. } => {
            let filter = args.bpf.as_deref().unwrap_or_default();
            let before = filter.get(..*start).unwrap_or_default().chars().count();
            let carets = filter.get(*start..*end).unwrap_or_default().chars().count().max(1);
            anyhow!(
                "{error}\n  | {filter}\n  | {:before$}{:^<carets$}\n  = help: -f takes what tcpdump takes, such as \
                 'tcp port 8080'; -Y filters messages",
                "",
                ""
            )
        }
        _ => anyhow!(error),
    }
}

/// How to get the rights to capture.
pub(super) fn permission_help() -> String {
    let program = env::current_exe().map_or_else(|_| "wscope".to_owned(), |path| path.display().to_string());
    format!(
        "  = help: give it to the program once: sudo setcap cap_net_raw,cap_net_admin=eip {program}\n  = help: or run it \
         once with sudo; the rights are given up as soon as the interface is open"
    )
}
