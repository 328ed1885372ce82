//! `wscope ls`: the connections, a line each.

use std::io;

use crate::observe::{Observer, Outbox, Sink};
use crate::event::{Closing, Connection, Event, How, Summary};
use crate::item::Dir;
use crate::report::json::{JsonObserver, JsonOptions, JsonSink};
use crate::report::select::{RecordTypes, Selection};
use crate::report::visible;
use crate::ws::session::Want;

use super::Outcome;
use super::args::Ls;
use super::session;
use super::table::{Align, Table};

/// Longer host and path combinations are cut in the middle of the table.
const PATH_WIDTH: usize = 48;

pub(super) fn run(args: &Ls) -> anyhow::Result<Outcome> {
    session::set_color(args.input.decode.color);
    let files = args.input.files();
    let conns = args.conn.clone().unwrap_or_default();
    if args.json {
        let options = JsonOptions {
            types: RecordTypes { connection: true, end: true, ..RecordTypes::NONE },
            conns,
            ..JsonOptions::default()
        };
        let mut sink = JsonSink::new(io::stdout().lock(), &options);
        let (_, outcome) =
            session::decode(&files, &args.input.decode, options.want(), &|| JsonObserver::new(&options), &mut sink)?;
        return Ok(outcome);
    }
    let mut rows = Rows { conns, rows: Vec::new() };
    let (summary, outcome) =
        session::decode(&files, &args.input.decode, Want::default(), &|| Lister, &mut rows)?;
    rows.write(&mut anstream::stdout().lock())?;
    if !args.input.decode.quiet {
        session::note(&closing_line(&summary));
    }
    Ok(outcome)
}

fn closing_line(summary: &Summary) -> String {
    if summary.connections == 0 {
        return session::nothing_found(summary);
    }
    let [errors, warnings, notes] = summary.findings;
    format!(
        "{} connections, {} messages, {} frames in {} packets; findings: {errors} errors, {warnings} warnings, {notes} notes",
        summary.connections, summary.messages, summary.frames, summary.packets
    )
}

/// Makes a row of each connection that ended.
struct Lister;

impl Observer for Lister {
    type Record = Box<Row>;

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<Self::Record>) {
        if let Event::Closed(closing) = event {
            out.push(Box::new(Row::new(conn, closing)));
        }
    }
}

/// A connection as the table shows it.
#[derive(Debug)]
struct Row {
    state: char,
    client: String,
    server: String,
    path: String,
    subprotocol: String,
    compression: &'static str,
    messages: [u64; 2],
    bytes: [u64; 2],
    end: String,
    findings: u64,
}

impl Row {
    fn new(conn: &Connection, closing: &Closing) -> Self {
        let handshake = conn.handshake.as_deref();
        let unknown = handshake.is_none();
        let path = handshake.and_then(|handshake| handshake.url(false)).map_or_else(
            || if unknown { "(no handshake captured)".to_owned() } else { "(no request captured)".to_owned() },
            |url| clean(url.split_once("://").map_or(&*url, |(_, rest)| rest)),
        );
        let subprotocol = handshake.and_then(|handshake| handshake.subprotocol());
        let state = match closing.how {
            None => '✗',
            _ if unknown => '?',
            Some(How::Open | How::Idle) => '●',
            Some(_) => '○',
        };
        let end = match closing.how {
            None => match handshake.and_then(|handshake| handshake.response.as_ref()) {
                Some(response) => format!("HTTP {}", response.status),
                None => "no answer".to_owned(),
            },
            Some(how) => {
                let code = Dir::BOTH.into_iter().find_map(|dir| closing.close[dir.index()].as_ref()?.code);
                code.map_or_else(|| how.name().to_owned(), |code| format!("{code} {}", how.name()))
            }
        };
        Self {
            state,
            client: conn.client.to_string(),
            server: conn.server.to_string(),
            path: visible::fit(&path, PATH_WIDTH, false),
            subprotocol: subprotocol.map_or_else(
                || if unknown { "?" } else { "-" }.to_owned(),
                |name| clean(&name),
            ),
            compression: match handshake.filter(|_| closing.how.is_some()) {
                Some(handshake) if handshake.deflate().is_some() => "on",
                Some(_) => "-",
                None => "?",
            },
            messages: closing.totals.map(|totals| totals.messages),
            bytes: closing.totals.map(|totals| totals.bytes),
            end,
            findings: closing.findings.iter().sum(),
        }
    }
}

/// Collects the rows, to write them in order of their numbers.
struct Rows {
    conns: Selection,
    rows: Vec<(u32, Box<Row>)>,
}

impl Sink<Box<Row>> for Rows {
    fn record(&mut self, conn: u32, record: Box<Row>, _: &[u8]) -> io::Result<()> {
        if self.conns.contains(conn) {
            self.rows.push((conn, record));
        }
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        self.rows.sort_by_key(|(conn, _)| *conn);
        Ok(())
    }
}

impl Rows {
    fn write(self, out: &mut impl io::Write) -> io::Result<()> {
        use Align::{Left, Right};
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut table = Table::new([
            ("#", Right),
            ("St", Left),
            ("Client", Left),
            ("Server", Left),
            ("Host + path", Left),
            ("Sub-proto", Left),
            ("PMD", Left),
            ("Msgs ↑/↓", Right),
            ("Bytes ↑/↓", Right),
            ("End", Left),
            ("Find", Right),
        ]);
        for (conn, row) in self.rows {
            let [up, down] = row.messages;
            let [sent, received] = row.bytes.map(size);
            table.push([
                conn.to_string(),
                row.state.to_string(),
                row.client,
                row.server,
                row.path,
                row.subprotocol,
                row.compression.to_owned(),
                format!("{up}/{down}"),
                format!("{sent}/{received}"),
                row.end,
                if row.findings == 0 { String::new() } else { row.findings.to_string() },
            ]);
        }
        table.write(out)
    }
}

fn clean(text: &str) -> String {
    let mut shown = String::new();
    visible::visible(text.as_bytes(), &mut shown);
    shown
}

/// A size to read: three figures and a unit of 1,000.
pub(super) fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["", "k", "M", "G"] {
        if value < 999.5 {
            return match unit {
                "" => bytes.to_string(),
                _ if value < 9.95 => format!("{value:.1}{unit}"),
                _ => format!("{value:.0}{unit}"),
            };
        }
        value /= 1000.0;
    }
    format!("{value:.1}T")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let shown: Vec<String> = [0, 999, 1_000, 9_949, 12_345, 999_499, 999_500, 5_000_000_000].map(size).into();
        assert_eq!(shown, ["0", "999", "1.0k", "9.9k", "12k", "999k", "1.0M", "5.0G"]);
    }
}
