//! A message into its line of JSON.

use std::io::{self, Cursor};

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use wscope::capture;
use wscope::engine::{self, Config};
use wscope::event::{Connection, Event};
use wscope::limits::Limits;
use wscope::observe::{Observer, Outbox};
use wscope::report::json::{JsonObserver, JsonOptions, JsonSink};
use wscope::ws::fact::{Kind as MessageKind, Message, Utf8};

use crate::workload::rng::Rng;
use crate::workload::{self, Kind, text};

/// Lines written each time: so many that the run around them does not count.
const LINES: u64 = 100_000;
/// Output is thrown away when it is as large as that of a block usually is.
const BATCH: usize = 512 << 10;

/// Bytes are those of the payload.
#[divan::bench(args = [16, 150], sample_count = 20, sample_size = 1)]
fn message(bencher: Bencher<'_, '_>, len: usize) {
    let workload = workload::make(Kind::Chatty, 64 << 10);
    let capture: &'static [u8] = workload.capture.leak();
    let mut text = text::json(&mut Rng::new(4), len);
    while text.len() < len {
        text.push(' ');
    }
    let options = JsonOptions::default();
    let config = Config { want: options.want(), ..Config::default() };
    let observer = || Again { inner: JsonObserver::new(&options), text: text.clone(), done: false };
    let bencher = bencher.counter(BytesCount::new(text.len() as u64 * LINES)).counter(ItemsCount::new(LINES));
    bencher.bench_local(|| {
        let opened = capture::from_reader("bench", Cursor::new(capture), &Limits::default());
        let mut sink = JsonSink::new(io::sink(), &options);
        engine::run(&mut *opened.unwrap().source, &config, &observer, &mut sink, &|_| {}).unwrap()
    });
}

/// Writes one line over and over where the first message is told: only the engine makes an [`Outbox`].
struct Again {
    inner: JsonObserver,
    text: String,
    done: bool,
}

impl Observer for Again {
    type Record = <JsonObserver as Observer>::Record;

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<Self::Record>) {
        let Event::Message(first) = event else { return };
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        let len = self.text.len() as u64;
        let payload = self.text.as_bytes();
        for n in 1..=LINES {
            let (kind, utf8) = (MessageKind::Text, Some(Utf8::Valid));
            let message = Message { n, kind, wire_len: len, len, payload, utf8, ..*first };
            self.inner.event(conn, Event::Message(&message), out);
            if out.bytes.len() > BATCH {
                out.bytes.clear();
            }
        }
    }
}
