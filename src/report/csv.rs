//! CSV (RFC 4180): one row for each message.
//!
//! Fields are quoted where they must be, and never altered: a text that begins with `=` stays what was
//! sent. Whoever opens the file with a spreadsheet that evaluates such fields should import the
//! columns as text.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::output::{Output, Shape, Span, after_number};
use super::payload::{Body, PayloadMode, Shown};
use super::select::Selection;
use crate::event::{Connection, Event, Summary};
use crate::observe::{Observer, Outbox, Sink};
use crate::ws::fact::Message;

/// The columns; they mean what the keys of a message record mean.
pub const COLUMNS: [&str; 16] = [
    "conn",
    "n",
    "dir",
    "time",
    "packet_first",
    "packet_last",
    "kind",
    "frames",
    "wire_len",
    "len",
    "compressed",
    "complete",
    "code",
    "reason",
    "text",
    "base64",
];

/// Encodes messages as rows.
#[derive(Debug)]
pub struct CsvObserver {
    payload: PayloadMode,
    conns: Selection,
    row: Vec<u8>,
}

impl CsvObserver {
    /// An observer of one worker.
    #[must_use]
    pub const fn new(payload: PayloadMode, conns: Selection) -> Self {
        Self { payload, conns, row: Vec::new() }
    }
}

impl Observer for CsvObserver {
    type Record = Span;

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<Span>) {
        let Event::Message(message) = event else { return };
        if conn.number.is_some_and(|number| !self.conns.contains(number)) {
            return;
        }
        self.row.clear();
        // Writing to a `Vec` cannot fail.
        let written = row(message, self.payload, &mut self.row);
        debug_assert!(written.is_ok());
        after_number(conn, &self.row, out);
    }
}

/// Everything but the connection's number, with the comma behind it.
fn row(message: &Message<'_>, payload: PayloadMode, out: &mut Vec<u8>) -> csv::Result<()> {
    let shown = Shown::new(message, payload);
    let (text, base64) = match shown.body {
        Body::Text(text) => (text, String::new()),
        Body::Base64(bytes) => ("", STANDARD.encode(bytes)),
        Body::Nothing => ("", String::new()),
    };
    let mut writer = csv::WriterBuilder::new().buffer_capacity(256).from_writer(out);
    writer.write_record([
        "",
        &message.n.to_string(),
        message.dir.name(),
        &message.last.time.to_string(),
        &message.first.packet.to_string(),
        &message.last.packet.to_string(),
        message.kind.name(),
        &message.frames.to_string(),
        &message.wire_len.to_string(),
        &message.len.to_string(),
        if message.compressed { "true" } else { "false" },
        if message.complete() { "true" } else { "false" },
        &shown.code.map(|code| code.to_string()).unwrap_or_default(),
        &shown.reason,
        text,
        &base64,
    ])?;
    writer.flush()?;
    Ok(())
}

/// Writes the rows of all observers behind a header row.
#[derive(Debug)]
pub struct CsvSink<W: Write> {
    conns: Selection,
    output: Output<W>,
    begun: bool,
}

impl<W: Write> CsvSink<W> {
    /// A sink that writes to `inner`, which needs no buffer.
    pub fn new(inner: W, conns: Selection) -> Self {
        Self { conns, output: Output::new(inner, Shape::Lines, false), begun: false }
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.output.into_inner()
    }

    fn begin(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        self.output.lines(format!("{}\n", COLUMNS.join(",")).as_bytes())
    }
}

impl<W: Write> Sink<Span> for CsvSink<W> {
    fn record(&mut self, conn: u32, span: Span, bytes: &[u8]) -> io::Result<()> {
        self.begin()?;
        if self.conns.contains(conn) { self.output.span(conn, span, bytes) } else { Ok(()) }
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.begin()?;
        self.output.lines(bytes)
    }

    fn pause(&mut self) -> io::Result<()> {
        self.output.flush()
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        self.begin()?;
        self.output.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn export(conns: u32, numbered: bool) -> String {
        let mut sink = CsvSink::new(Vec::new(), Selection::ALL);
        let mut observer = CsvObserver::new(PayloadMode::Full, Selection::ALL);
        sample::run(&mut observer, &mut sink, conns, numbered);
        String::from_utf8(sink.into_inner()).unwrap()
    }

    #[test]
    fn rows() {
        let text = export(1, true);
        let expected = r#"conn,n,dir,time,packet_first,packet_last,kind,frames,wire_len,len,compressed,complete,code,reason,text,base64
1,1,c2s,2026-11-20T10:00:00.000001500Z,7,7,text,1,11,11,false,true,,,"Hello ""you""",
1,2,s2c,2026-11-20T10:00:00.003000000Z,9,11,binary,2,300,4096,true,true,,,,AAH/
1,3,s2c,2026-11-20T10:00:00.000001500Z,7,7,text,1,4,9,false,false,,,=1,
1,4,c2s,2026-11-20T10:00:00.000001500Z,7,7,ping,1,4,4,false,true,,,,G1sySg==
1,5,c2s,2026-11-20T10:00:00.000001500Z,7,7,close,1,6,6,false,true,1000,done,,
"#;
        assert_eq!(text, expected);
        assert_eq!(export(12, true), export(12, false));
    }

    #[test]
    fn any_text_is_read_back() {
        for text in ["a,b", "a\nb", "a\r\n\"b\"", "", " a ", "\0"] {
            let message =
                sample::message(crate::item::Dir::C2s, crate::ws::fact::Kind::Text, text.as_bytes());
            let mut out = b"1".to_vec();
            row(&message, PayloadMode::Full, &mut out).unwrap();
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&out[..]);
            assert_eq!(&reader.records().next().unwrap().unwrap()[14], text);
        }
    }
}
