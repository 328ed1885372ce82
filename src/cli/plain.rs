//! Output of commands that decode in one thread: the observers write it as it is to be.

use std::io::{self, BufWriter, Write};

use crate::event::Summary;
use crate::observe::Sink;

/// Writes what the observer wrote.
pub(super) struct Plain<W: Write>(BufWriter<W>);

impl<W: Write> Plain<W> {
    pub(super) fn new(out: W) -> Self {
        Self(BufWriter::with_capacity(1 << 16, out))
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write> Sink<()> for Plain<W> {
    fn record(&mut self, _: u32, (): (), _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}

/// What is known of a frame or message, line by line.
pub(super) mod details {
    use crate::report::diagram;
    use crate::report::visible::{self, Style};
    use crate::ws::fact::{Fault, Frame, Message, Utf8};

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
            lines.push(format!("{:<12} {:<12} {:<52} {}", field.name, field.value, field.meaning, field.source));
        }
        lines.push(format!(
            "{:<12} {} bytes before it in its direction, {} of {} payload bytes captured",
            "stream", frame.offset, frame.seen, frame.header.len
        ));
        lines.iter().map(|line| line.trim_end().to_owned()).collect()
    }

    /// Kind, sizes, frames, packets, faults.
    pub(in super::super) fn message(message: &Message<'_>) -> Vec<String> {
        let mut lines = vec![
            format!("kind      {}, {}", message.kind.name(), message.dir.name()),
            format!("packets   {} to {}", message.first.packet, message.last.packet),
            format!("time      {}", message.last.time),
            format!("frames    {}, the first is f{}", message.frames, message.first_frame),
            if message.compressed {
                format!("length    {} bytes, {} on the wire (compressed)", message.len, message.wire_len)
            } else {
                format!("length    {} bytes", message.len)
            },
        ];
        if let Some(code) = message.close_code() {
            let mut reason = String::new();
            visible::append(message.close_reason(), Style::default(), &mut reason);
            lines.push(format!("close     {code} {reason}"));
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
            lines.push(format!("          {}", self::fault(fault)));
        }
        lines
    }

    /// Why a message is not complete.
    fn fault(fault: Fault) -> &'static str {
        match fault {
            Fault::Missing => "incomplete: bytes are missing from the capture",
            Fault::Unfinished => "incomplete: its final fragment never came",
            Fault::BrokenDeflate => "incomplete: it does not inflate",
            Fault::LostContext => "not decodable: it refers to earlier messages that are not in the capture",
            Fault::InflateLimit => "incomplete: it inflates past the limit and was cut there",
            Fault::TooLarge => "not decodable: its compressed form is too large to collect",
        }
    }
}
