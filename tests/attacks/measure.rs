//! What a capture costs: bytes of memory at the worst moment, and time.

use std::io::{self, Cursor, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};

use peak_alloc::PeakAlloc;
use wscope::capture::open::{Opened, from_reader};
use wscope::engine::{self, Config};
use wscope::event::Summary;
use wscope::limits::Limits;
use wscope::report::json::{JsonObserver, JsonOptions, JsonSink};
use wscope::report::select::RecordTypes;

/// Counts all bytes of this program.
#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// The allocator counts for the whole program, so one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Seconds of processor time. No attack takes a fourth of it, without optimisation; only work that grows faster than the
/// capture takes more. Time on the wall would tell of the machine.
const PATIENCE: f64 = 30.0;

pub(crate) const MIB: usize = 1 << 20;

/// The bounds, a part of the usual ones where they are for all connections: as much is shown with as many bytes fewer.
pub(crate) fn limits() -> Limits {
    let usual = Limits::default();
    Limits {
        connections: usual.connections / PART,
        out_of_order_bytes: usual.out_of_order_bytes / PART,
        shard_message_bytes: MIB / 2,
        shard_history_bytes: usual.shard_history_bytes / PART,
        shard_held_bytes: MIB / 8,
        ..usual
    }
}

const PART: usize = 32;

/// Bytes that all connections together may hold besides messages and histories, and as much again for all else.
pub(crate) const HELD: usize = 16 * MIB;

/// What decoding cost.
#[derive(Debug)]
pub(crate) struct Cost {
    /// Bytes of heap at the worst moment, above those there were before.
    pub(crate) peak: usize,
    pub(crate) summary: Summary,
}

impl Cost {
    /// `text` of the findings on the whole capture.
    pub(crate) fn notes(&self) -> String {
        self.summary.capture_findings.iter().map(|finding| format!("{}\n", finding.text)).collect()
    }
}

pub(crate) fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What `run` takes of the heap at the worst moment, and what it gives. Panics where it takes longer than [`PATIENCE`].
pub(crate) fn measured<T>(run: impl FnOnce() -> T) -> (usize, T) {
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let begun = processor_time();
    let result = run();
    let peak = HEAP.peak_usage().saturating_sub(before);
    let took = processor_time() - begun;
    eprintln!("{:.1} MiB, {took:.1} s", peak as f64 / MIB as f64);
    assert!(took < PATIENCE, "took {took} s");
    (peak, result)
}

/// Seconds that this process has run on a processor, where Linux tells: the 14th and 15th field of `stat`, in hundredths.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    fields.map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

/// Decodes a capture that is made while it is read, and writes every record of it nowhere.
pub(crate) fn decode<I>(pieces: I) -> Cost
where
    I: IntoIterator<Item = Vec<u8>>,
    I::IntoIter: Send + 'static,
{
    let pieces = Stream { pieces: pieces.into_iter(), piece: Cursor::default() };
    run(|| from_reader("attack", pieces, &limits()).unwrap())
}

/// Decodes what is opened.
pub(crate) fn run(open: impl FnOnce() -> Opened) -> Cost {
    let options = JsonOptions { types: "all".parse::<RecordTypes>().unwrap(), ..JsonOptions::default() };
    let config = Config { limits: limits(), want: options.want(), threads: 1, ..Config::default() };
    let (peak, summary) = measured(|| {
        let mut opened = open();
        let mut sink = JsonSink::new(io::sink(), &options);
        sink.begin().unwrap();
        let observer = || JsonObserver::new(&options);
        engine::run(&mut *opened.source, &config, &observer, &mut sink, &|_| {}).unwrap()
    });
    Cost { peak, summary }
}

/// Pieces as one input.
struct Stream<I> {
    pieces: I,
    piece: Cursor<Vec<u8>>,
}

impl<I: Iterator<Item = Vec<u8>>> Read for Stream<I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.piece.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            match self.pieces.next() {
                Some(piece) => self.piece = Cursor::new(piece),
                None => return Ok(0),
            }
        }
    }
}
