//! `wscope follow`: what was said on one connection.

use std::io::{self, IsTerminal};

use serde_json::Value;

use crate::event::{Connection, Event};
use crate::filter::Rows;
use crate::item::Dir;
use crate::observe::{Observer, Outbox};
use crate::report::filtered::Filtered;
use crate::report::select::Selection;
use crate::report::visible::{self, Style};
use crate::report::{close, hexdump};
use crate::ws::fact::{Kind, Message};
use crate::ws::session::Want;

use super::Outcome;
use super::args::{Follow, Form};
use super::filter;
use super::plain::Plain;
use super::session::{self, Session};
use super::show::{Payloads, message_place};
use super::words::count;

pub(super) fn run(args: &Follow) -> anyhow::Result<Outcome> {
    let filter = filter::read(
        args.filter.as_deref(),
        Rows::MESSAGE,
        "and `follow` prints messages",
        args.decode.quiet,
    )?;
    let session = Session::of_one(&args.file, &args.decode, args.waits)?.streaming();
    let conns: Selection = args.conn.to_string().parse().map_err(anyhow::Error::msg)?;
    let want = Want { payload: usize::MAX, ..Want::default() };
    let side = args.side.map(Dir::from);
    let (summary, outcome, matched) = match args.form {
        Form::Raw => {
            let visible = io::stdout().is_terminal();
            let payloads = || Payloads { conns: conns.clone(), side, visible, ascii: args.ascii };
            let observer = || Filtered::records(payloads(), filter.as_ref(), Rows::MESSAGE);
            let mut sink = Plain::new(io::stdout().lock());
            let (summary, outcome) = session.run(want, &observer, &mut sink)?;
            sink.flush()?;
            (summary, outcome, sink.matched)
        }
        form => {
            let transcript = || Transcript { conn: args.conn, side, form, ascii: args.ascii };
            let observer = || Filtered::records(transcript(), filter.as_ref(), Rows::MESSAGE);
            let mut sink = Plain::new(anstream::stdout().lock());
            let (summary, outcome) = session.run(want, &observer, &mut sink)?;
            sink.flush()?;
            (summary, outcome, sink.matched)
        }
    };
    if u64::from(args.conn) > summary.connections {
        session::error(&no_connection(args.conn, summary.connections));
        return Ok(Outcome::Trouble);
    }
    if !matched && !args.decode.quiet {
        let side = args
            .side
            .map_or("", |side| if Dir::from(side) == Dir::C2s { " of the client" } else { " of the server" });
        let that = if filter.is_some() { " that match the filter" } else { "" };
        session::note(&format!("connection {} has no messages{side}{that} to show", args.conn));
    }
    Ok(outcome)
}

/// What to say where a connection is asked for that is not there.
pub(super) fn no_connection(conn: u32, connections: u64) -> String {
    match connections {
        0 => format!("there is no connection {conn}: the capture holds no WebSocket"),
        1 => format!("there is no connection {conn}: the capture holds only connection 1"),
        n => format!("there is no connection {conn}: the capture holds 1 to {n}; `wscope ls` lists them"),
    }
}

/// A head line for each message, then its payload.
struct Transcript {
    conn: u32,
    side: Option<Dir>,
    form: Form,
    ascii: bool,
}

impl Observer for Transcript {
    type Record = ();

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<()>) {
        let Event::Message(message) = event else { return };
        if conn.number == Some(self.conn) && self.side.is_none_or(|side| side == message.dir) {
            let text = self.text(conn, message);
            if !text.is_empty() {
                out.push(());
            }
            out.bytes.extend_from_slice(text.as_bytes());
        }
    }
}

impl Transcript {
    fn text(&self, conn: &Connection, message: &Message<'_>) -> String {
        let style = Style { ascii: self.ascii, multi_line: true };
        if self.form == Form::Json {
            return if message.kind.is_data() { json(message.payload) } else { String::new() };
        }
        let (arrow, color) = match (message.dir, self.ascii) {
            (Dir::C2s, false) => ("→", anstyle::AnsiColor::Cyan),
            (Dir::S2c, false) => ("←", anstyle::AnsiColor::Green),
            (Dir::C2s, true) => ("->", anstyle::AnsiColor::Cyan),
            (Dir::S2c, true) => ("<-", anstyle::AnsiColor::Green),
        };
        let color = color.on_default();
        let mut text = format!(
            "{color}{arrow} {} {} {}, {}{}{color:#}\n",
            message_place(conn, message),
            message.last.time,
            message.kind.name(),
            count(message.len, "byte"),
            if message.complete() { "" } else { ", incomplete" }
        );
        if message.payload.is_empty() {
            return text;
        }
        let readable = matches!(message.kind, Kind::Text)
            || std::str::from_utf8(message.payload).is_ok_and(visible::is_text);
        match message.close_code() {
            Some(code) => {
                let name = close::name(code).map(|name| format!("({name}) ")).unwrap_or_default();
                text.push_str(&format!("{code} {name}"));
                visible::append(message.close_reason(), style, &mut text);
            }
            None if self.form == Form::Text && readable => visible::append(message.payload, style, &mut text),
            None => text.push_str(&hexdump::lines(0, message.payload).collect::<Vec<_>>().join("\n")),
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    }
}

/// A payload as JSON: laid out where it is JSON, else as a string. JSON's own escapes keep control
/// characters from a terminal; what they let pass (format characters) is escaped too.
pub(super) fn json(payload: &[u8]) -> String {
    let value = serde_json::from_slice::<Value>(payload)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(payload).into_owned()));
    let laid_out = serde_json::to_string_pretty(&value).unwrap_or_default();
    let mut text = String::with_capacity(laid_out.len() + 1);
    visible::json(&laid_out, &mut text);
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_json_and_harmless() {
        let hostile = "{\"a\":\"\u{202e}evil\\u001b[2J\u{e0001}\"}";
        let shown = json(hostile.as_bytes());
        assert!(shown.chars().all(|c| c == '\n' || c.is_ascii_graphic() || c == ' '), "{shown}");
        assert_eq!(
            serde_json::from_str::<Value>(&shown).unwrap(),
            serde_json::from_str::<Value>(hostile).unwrap()
        );
        assert_eq!(json(b"plain"), "\"plain\"\n");
    }
}
