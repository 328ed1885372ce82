//! Output of commands that decode in one thread: the observers write it as it is to be.

use std::io::{self, BufWriter, Write};

use crate::event::Summary;
use crate::observe::Sink;

/// Writes what the observer wrote.
pub(super) struct Plain<W: Write> {
    out: BufWriter<W>,
    /// An observer pushed a record: it found something, even if there was nothing to write.
    pub(super) matched: bool,
}

impl<W: Write> Plain<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out: BufWriter::with_capacity(1 << 16, out), matched: false }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Sink<()> for Plain<W> {
    fn record(&mut self, _: u32, (): (), _: &[u8]) -> io::Result<()> {
        self.matched = true;
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    fn pause(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}

/// What is known of a frame or message, line by line.
pub(super) mod details {
    use crate::cli::words;
    use crate::report::visible::{self, Style};
    use crate::report::{close, diagram};
    use crate::ws::fact::{Frame, Message, Utf8};

    /// The bit diagram and the fields.
    pub(in super::super) fn frame(frame: &Frame<'_>, deflate: Option<bool>, ascii: bool) -> Vec<String> {
        let mut lines: Vec<String> = diagram::diagram(&frame.header, frame.wire, ascii)
            .into_iter()
            .map(|line| match line.offset {
                Some(offset) => format!("{offset:>5}  {}", line.text),
                None => format!("       {}", line.text),
            })
            .collect();
        lines.push(String::new());
        for field in diagram::fields(&frame.header, frame.dir, deflate) {
            lines.push(format!(
                "{:<12} {:<12} {:<52} {}",
                field.name, field.value, field.meaning, field.source
            ));
        }
        lines.push(format!(
            "{:<12} {} before it in its direction, {} of {} captured",
            "stream",
            words::count(frame.offset, "byte"),
            words::number(frame.seen),
            words::count(frame.header.len, "payload byte")
        ));
        lines.iter().map(|line| line.trim_end().to_owned()).collect()
    }

    /// Kind, sizes, frames, packets, faults.
    pub(in super::super) fn message(message: &Message<'_>, ascii: bool) -> Vec<String> {
        let mut lines = vec![
            format!("kind      {}, {}", message.kind.name(), message.dir.name()),
            format!("at        {}", words::packets(message.first.packet, message.last.packet)),
            format!("time      {}", message.last.time),
            if message.frames == 1 {
                format!("frames    f{} alone", message.first_frame)
            } else {
                format!("frames    {}, the first is f{}", message.frames, message.first_frame)
            },
            if message.compressed {
                format!(
                    "length    {}, {} on the wire (compressed)",
                    words::count(message.len, "byte"),
                    words::number(message.wire_len)
                )
            } else {
                format!("length    {}", words::count(message.len, "byte"))
            },
        ];
        if let Some(code) = message.close_code() {
            let mut reason = String::new();
            visible::append(message.close_reason(), Style { ascii, multi_line: false }, &mut reason);
            let name = close::name(code).map(|name| format!(" ({name})")).unwrap_or_default();
            lines.push(format!("close     {code}{name} {reason}").trim_end().to_owned());
        }
        match message.utf8 {
            Some(Utf8::Valid) => lines.push("UTF-8     valid".to_owned()),
            Some(Utf8::Invalid { offset, frame }) => {
                lines.push(format!("UTF-8     invalid at byte {offset}, in frame f{frame}"));
            }
            Some(Utf8::CutAtEnd { offset }) => {
                lines.push(format!("UTF-8     ends inside the code point that begins at byte {offset}"));
            }
            Some(Utf8::Unknown) | None => {}
        }
        if let Some(fault) = message.fault {
            lines.push(format!("          {}", crate::report::words::incomplete(fault)));
        }
        lines
    }
}
