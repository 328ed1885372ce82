//! The whole path: a capture in memory through `engine::run`, with one thread and with two.
//!
//! Bytes are those of the capture, items are WebSocket frames.

#[allow(dead_code, reason = "each of the benches uses a part")]
mod workload;

use std::io::{self, Cursor};
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use wscope::engine::{self, Config};
use wscope::event::{Connection, Event, Summary};
use wscope::limits::Limits;
use wscope::observe::{Observer, Outbox, Sink};
use wscope::report::json::{JsonObserver, JsonOptions, JsonSink};

use workload::{Kind, Workload};

/// Bytes of each capture, about.
const BYTES: usize = 4 << 20;

static WORKLOADS: LazyLock<[Workload; 7]> =
    LazyLock::new(|| Kind::ALL.map(|kind| workload::make(kind, BYTES)));

fn main() {
    divan::main();
}

/// An export of everything but frames, as JSON lines with full payloads.
#[divan::bench(args = Kind::ALL, consts = [1, 2], sample_count = 30, sample_size = 1)]
fn json<const THREADS: usize>(bencher: Bencher<'_, '_>, kind: Kind) {
    let options = JsonOptions::default();
    let config = Config { threads: THREADS, want: options.want(), ..Config::default() };
    measure(bencher, kind, &config, &|| JsonObserver::new(&options), &|| JsonSink::new(io::sink(), &options));
}

/// Everything is decoded and validated, and only counted.
#[divan::bench(args = Kind::ALL, consts = [1, 2], sample_count = 30, sample_size = 1)]
fn summary<const THREADS: usize>(bencher: Bencher<'_, '_>, kind: Kind) {
    let config = Config { threads: THREADS, ..Config::default() };
    measure(bencher, kind, &config, &Count::default, &|| Nothing);
}

fn measure<O: Observer, S: Sink<O::Record>>(
    bencher: Bencher<'_, '_>,
    kind: Kind,
    config: &Config,
    observer: &dyn Fn() -> O,
    sink: &dyn Fn() -> S,
) {
    let workload = &WORKLOADS[kind as usize];
    let bencher =
        bencher.counter(BytesCount::new(workload.capture.len())).counter(ItemsCount::new(workload.frames));
    bencher.bench_local(|| {
        let capture = Cursor::new(workload.capture.as_slice());
        let mut opened = wscope::capture::from_reader("bench", capture, &Limits::default()).unwrap();
        let summary = engine::run(&mut *opened.source, config, observer, &mut sink(), &|_| {}).unwrap();
        check(kind, workload, &summary);
    });
}

/// Fast and wrong is worth nothing.
fn check(kind: Kind, workload: &Workload, summary: &Summary) {
    assert_eq!(summary.packets, workload.packets, "{kind:?}");
    if kind != Kind::Dirty {
        assert_eq!((summary.frames, summary.messages), (workload.frames, workload.messages), "{kind:?}");
        // Plain text between two hosts is a warning on each connection.
        assert_eq!(summary.findings[0], 0, "{kind:?}");
    }
}

/// Counts, as a command that prints totals does.
#[derive(Default)]
struct Count {
    frames: u64,
    messages: u64,
    bytes: u64,
}

impl Observer for Count {
    type Record = [u64; 3];

    fn event(&mut self, _: &Connection, event: Event<'_>, out: &mut Outbox<Self::Record>) {
        match event {
            Event::Frame(_) => self.frames += 1,
            Event::Message(message) => {
                self.messages += 1;
                self.bytes += message.len;
            }
            Event::Closed(_) => out.push([self.frames, self.messages, self.bytes]),
            Event::Opened | Event::Finding(_) | Event::Reaction(_) => {}
        }
    }
}

/// Discards.
struct Nothing;

impl<R> Sink<R> for Nothing {
    fn record(&mut self, _: u32, record: R, _: &[u8]) -> io::Result<()> {
        divan::black_box_drop(record);
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}
