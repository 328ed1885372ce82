//! Frames that are messages of their own are told in one step where nobody asks for more. That step must tell what
//! the general ones tell.

use std::fmt::Write as _;
use std::io;

use wscope::capture::open::from_bytes;
use wscope::engine::{self, Config};
use wscope::event::{Connection, Event, Summary};
use wscope::limits::Limits;
use wscope::observe::{Observer, Outbox, Sink};
use wscope::ws::session::Want;

/// Writes all events down, but frames. An observer of frames is told them by themselves.
struct Log {
    frames: bool,
}

impl Observer for Log {
    type Record = String;

    fn wants_frames(&self) -> bool {
        self.frames
    }

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<String>) {
        if !matches!(event, Event::Frame(_)) {
            out.push(format!("{:?} {event:?}\n", conn.id));
        }
    }
}

#[derive(Default)]
struct Told(String);

impl Sink<String> for Told {
    fn record(&mut self, _: u32, record: String, _: &[u8]) -> io::Result<()> {
        self.0.push_str(&record);
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        writeln!(self.0, "{summary:?}").map_err(io::Error::other)
    }
}

fn told(bytes: &[u8], limits: &Limits, payload: usize, general: bool) -> String {
    // Nothing is told in one step to who wants frames as they are on the wire.
    let want = Want { payload, hash: false, frame_bytes: usize::from(general) };
    let config = Config { want, limits: limits.clone(), threads: 1, ..Config::default() };
    let mut opened = from_bytes("test", bytes.to_vec(), limits).unwrap();
    let mut sink = Told::default();
    engine::run(&mut *opened.source, &config, &|| Log { frames: general }, &mut sink, &|_| {}).unwrap();
    sink.0
}

/// Compares both ways on a capture.
pub fn compare(bytes: &[u8], limits: &Limits) {
    for payload in [0, 5, usize::MAX] {
        assert_eq!(told(bytes, limits, payload, false), told(bytes, limits, payload, true), "{payload}");
    }
}
