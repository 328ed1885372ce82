//! Lines of JSON that are written by hand, against serde.

use std::io;

use wscope::capture::open::from_bytes;
use wscope::engine::{self, Config};
use wscope::event::{Connection, Event, Summary};
use wscope::limits::Limits;
use wscope::observe::{Observer, Outbox, Sink};
use wscope::report::json::{JsonObserver, JsonOptions, JsonSink};
use wscope::report::payload::PayloadMode;
use wscope::report::record::{self, Record};
use wscope::report::select::RecordTypes;

use super::bytes::Bytes;
use crate::support::talk::{Talk, Who, capture, frame, request, response};

/// Writes each record through its type.
struct Typed {
    payload: PayloadMode,
    hash: bool,
}

impl Observer for Typed {
    type Record = ();

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<()>) {
        let number = conn.number.expect("one thread knows all numbers");
        let record = match event {
            Event::Opened => Record::Connection(Box::new(record::Connection::new(number, conn, false))),
            Event::Message(message) => {
                Record::Message(record::Message::new(number, message, self.payload, self.hash))
            }
            Event::Frame(frame) => Record::Frame(record::Frame::new(number, frame)),
            Event::Finding(finding) => Record::Finding(record::Finding::new(Some(number), finding)),
            Event::Closed(closing) => Record::End(record::End::new(number, closing)),
            Event::Reaction(_) => return,
        };
        out.bytes.extend_from_slice(line(&record).as_bytes());
    }
}

fn line(record: &Record<'_>) -> String {
    serde_json::to_string(record).unwrap() + "\n"
}

/// The lines of all records.
#[derive(Default)]
struct Lines(String);

impl Sink<()> for Lines {
    fn record(&mut self, _: u32, (): (), _: &[u8]) -> io::Result<()> {
        panic!("one thread hands over finished output")
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.push_str(std::str::from_utf8(bytes).expect("JSON is UTF-8"));
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        for finding in &summary.capture_findings {
            self.0.push_str(&line(&Record::Finding(record::Finding::new(finding.conn, finding))));
        }
        self.0.push_str(&line(&Record::Summary(summary.into())));
        Ok(())
    }
}

/// How much of payloads, and four lengths of segments, then frames: a byte for whose, its first byte, its payload.
pub fn json(data: &[u8]) {
    let mut input = Bytes(data);
    let how = input.u8();
    let payload = match how & 3 {
        0 => PayloadMode::None,
        1 => PayloadMode::Head(usize::from(how >> 3)),
        _ => PayloadMode::Full,
    };
    let hash = how & 4 != 0;
    let mut talk = Talk::open();
    let extra = if how & 128 == 0 { "" } else { "Sec-WebSocket-Extensions: permessage-deflate\r\n" };
    talk.send(Who::Client, &request(extra), 1_400).ack(Who::Server);
    talk.send(Who::Server, &response(extra), 1_400).ack(Who::Client);
    while !input.is_empty() {
        let (whose, first) = (input.u8(), input.u8());
        let (who, key) =
            if whose & 1 == 0 { (Who::Client, Some([whose, 2, 3, 4])) } else { (Who::Server, None) };
        talk.send(who, &frame(first, key, input.piece()), 1_400);
    }
    let file = capture(&talk.close().segments);

    let types: RecordTypes = "all".parse().unwrap();
    let types = RecordTypes { capture: false, ..types };
    let options = JsonOptions { payload, types, hash, ..JsonOptions::default() };
    let config = Config { want: options.want(), ..Config::default() };
    let open = || from_bytes("test", file.clone(), &Limits::default()).unwrap();
    let mut sink = JsonSink::new(Vec::new(), &options);
    engine::run(&mut *open().source, &config, &|| JsonObserver::new(&options), &mut sink, &|_| {}).unwrap();
    let written = String::from_utf8(sink.into_inner()).unwrap();
    let mut lines = Lines::default();
    engine::run(&mut *open().source, &config, &|| Typed { payload, hash }, &mut lines, &|_| {}).unwrap();
    for (ours, typed) in written.lines().zip(lines.0.lines()) {
        assert_eq!(ours, typed);
    }
    assert_eq!(written.len(), lines.0.len());
}
