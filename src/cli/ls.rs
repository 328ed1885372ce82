//! `wscope ls`: the connections, a line each.

use std::io;

use crate::event::{Closing, Connection, Event, How, Summary};
use crate::filter::Filter;
use crate::http::secret;
use crate::item::Dir;
use crate::observe::{Observer, Outbox, Sink};
use crate::report::close;
use crate::report::filtered::Filtered;
use crate::report::json::{JsonObserver, JsonOptions, JsonSink};
use crate::report::select::{RecordTypes, Selection};
use crate::report::visible::{self, Style};
use crate::time::Timestamp;
use crate::ws::session::Want;

use super::Outcome;
use super::args::Ls;
use super::filter;
use super::session::{self, Counted};
use super::table::{Align, Column, Room, Table};
use super::terminal;
use super::words::{count, findings, number, size, span};

pub(super) fn run(args: &Ls) -> anyhow::Result<Outcome> {
    let quiet = args.input.decode.quiet;
    let filter = filter::parse(args.filter.as_deref(), quiet)?;
    let needs = filter.as_ref().map(Filter::needs);
    let running = needs.is_some_and(|needs| needs.running);
    let more = |want| needs.map_or(want, |needs| needs.want(want));
    let of_connections = filter.as_ref().map(Filter::of_connections).transpose()?;
    let session = args.input.open_to_follow(args.follow)?.filtered(filter.as_ref());
    let session = if args.follow { session.streaming() } else { session };
    let conns = args.conn.clone().unwrap_or_default();
    let (summary, outcome, found) = if args.json {
        let options = JsonOptions {
            types: RecordTypes { connection: true, end: true, ..RecordTypes::NONE },
            conns,
            reveal: args.reveal,
            ..JsonOptions::default()
        };
        let mut out = Counted::new(io::stdout().lock());
        let mut sink = JsonSink::new(&mut out, &options);
        let observer =
            || Filtered::connections(JsonObserver::new(&options), of_connections.as_ref(), running);
        let (summary, outcome) = session.run(more(options.want()), &observer, &mut sink)?;
        drop(sink);
        (summary, outcome, out.bytes > 0)
    } else {
        let mut rows = Rows::new(anstream::stdout().lock(), conns, args);
        let style = Style { ascii: args.ascii, multi_line: false };
        let lister = || Lister { style, reveal: args.reveal, opened: args.follow };
        let observer = || Filtered::connections(lister(), of_connections.as_ref(), running);
        let (summary, outcome) = session.run(more(Want::default()), &observer, &mut rows)?;
        rows.write()?;
        let (shown, started) = (rows.ended, rows.started);
        let found = shown > 0;
        if found && !quiet {
            session::closing(&closing_line(&summary, shown, started));
        }
        (summary, outcome, found)
    };
    Ok(if found { outcome } else { session::nothing_matched(&summary, "no connection", quiet, outcome) })
}

fn closing_line(summary: &Summary, shown: u64, started: Option<Timestamp>) -> String {
    let from = started.map(|time| time.to_string()).unwrap_or_default();
    let part = if shown == summary.connections { String::new() } else { format!("{} of ", number(shown)) };
    format!(
        "{part}{}, {}, {} in {} from {} UTC; {}",
        count(summary.connections, "connection"),
        count(summary.messages, "message"),
        count(summary.frames, "frame"),
        count(summary.packets, "packet"),
        from.get(..19).unwrap_or_default().replace('T', " "),
        findings(summary.findings)
    )
}

/// Makes a row of each connection that ended.
struct Lister {
    style: Style,
    reveal: bool,
    /// And of each that began.
    opened: bool,
}

impl Observer for Lister {
    type Record = Box<Row>;

    fn wants_frames(&self) -> bool {
        false
    }

    fn wants_messages(&self) -> bool {
        false
    }

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<Self::Record>) {
        let closing = match event {
            Event::Closed(closing) => Some(closing),
            Event::Opened if self.opened => None,
            _ => return,
        };
        out.push(Box::new(Row::new(conn, closing, self.style, self.reveal)));
    }
}

/// A connection as the table shows it.
#[derive(Debug)]
struct Row {
    state: &'static str,
    started: Timestamp,
    /// `None` = it has only begun.
    lasted: Option<i64>,
    client: String,
    server: String,
    path: String,
    subprotocol: String,
    compression: &'static str,
    messages: [u64; 2],
    bytes: [u64; 2],
    end: String,
    findings: [u64; 3],
}

impl Row {
    fn new(conn: &Connection, closing: Option<&Closing>, style: Style, reveal: bool) -> Self {
        let handshake = conn.handshake.as_deref();
        let unknown = handshake.is_none();
        let how = closing.map_or(Some(How::Open), |closing| closing.how);
        let clean = |text: &str| {
            let mut shown = String::new();
            visible::append(text.as_bytes(), style, &mut shown);
            shown
        };
        let path = handshake.and_then(|handshake| handshake.url(false)).map_or_else(
            || {
                let what = match handshake {
                    None => "(no handshake captured)",
                    Some(handshake) if handshake.request.is_none() => "(no request captured)",
                    Some(_) => "(no host in the request)",
                };
                what.to_owned()
            },
            |url| {
                let url = if reveal { url } else { secret::redacted_text(&url) };
                clean(url.split_once("://").map_or(&*url, |(_, rest)| rest))
            },
        );
        let subprotocol = handshake.and_then(|handshake| handshake.subprotocol());
        let totals = closing.map(|closing| closing.totals).unwrap_or_default();
        let (closed, open, refused) = if style.ascii { ("o", "*", "x") } else { ("○", "●", "✗") };
        Self {
            state: match how {
                None => refused,
                _ if unknown => "?",
                Some(How::Open | How::Idle) => open,
                Some(_) => closed,
            },
            started: conn.opened.time,
            lasted: closing.map(|closing| closing.at.time.since(conn.opened.time)),
            client: conn.client.to_string(),
            server: conn.server.to_string(),
            path,
            subprotocol: subprotocol
                .map_or_else(|| if unknown { "?" } else { "-" }.to_owned(), |name| clean(&name)),
            compression: match handshake.filter(|_| how.is_some()) {
                Some(handshake) if handshake.deflate().is_some() => "deflate",
                Some(_) => "-",
                None if unknown => "?",
                None => "-",
            },
            messages: totals.map(|totals| totals.messages),
            bytes: totals.map(|totals| totals.bytes),
            end: closing.map_or_else(|| How::Open.name().to_owned(), |closing| end(conn, closing)),
            findings: closing.map(|closing| closing.findings).unwrap_or_default(),
        }
    }
}

/// How it ended, with the close code first: that is what people look for.
fn end(conn: &Connection, closing: &Closing) -> String {
    let Some(how) = closing.how else {
        let response = conn.handshake.as_deref().and_then(|handshake| handshake.response.as_ref());
        return response.map_or_else(|| "no answer".to_owned(), |r| format!("HTTP {}", r.status));
    };
    let codes = Dir::BOTH.map(|dir| closing.close[dir.index()].as_ref().and_then(|close| close.code));
    let code = match codes {
        [Some(client), Some(server)] if client != server => {
            return format!("{client}/{server} {}", how.name());
        }
        [client, server] => client.or(server),
    };
    match (code, how) {
        (Some(code), How::Clean) => format!("{code} {}", close::name(code).unwrap_or(how.name())),
        (Some(code), _) => format!("{code} {}", how.name()),
        (None, _) => how.name().to_owned(),
    }
}

/// Writes the rows in order of their numbers: all at the end, or what there is whenever packets are waited for.
struct Rows<W> {
    out: W,
    conns: Selection,
    ascii: bool,
    follows: bool,
    /// Those that are still to be written.
    rows: Vec<(u32, Box<Row>)>,
    table: Table<13>,
    /// Connections whose end was told.
    ended: u64,
    /// When the first of them began.
    started: Option<Timestamp>,
}

impl<W: io::Write> Sink<Box<Row>> for Rows<W> {
    fn record(&mut self, conn: u32, record: Box<Row>, _: &[u8]) -> io::Result<()> {
        if self.conns.contains(conn) {
            self.ended += u64::from(record.lasted.is_some());
            self.started = self.started.into_iter().chain([record.started]).min();
            self.rows.push((conn, record));
        }
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn pause(&mut self) -> io::Result<()> {
        if self.follows { self.write() } else { Ok(()) }
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}

impl<W: io::Write> Rows<W> {
    fn new(out: W, conns: Selection, args: &Ls) -> Self {
        use Align::{Left, Right};
        use Room::{Cut, Drop, Keep};
        let column = |title, align, room| Column { title, align, room };
        let arrows = |unicode, ascii| if args.ascii { ascii } else { unicode };
        let table = Table::new([
            column("#", Right, Keep),
            column("St", Left, Keep),
            column("Start", Left, Drop(3)),
            column("For", Right, Drop(1)),
            column("Client", Left, Drop(4)),
            column("Server", Left, Drop(5)),
            column("Host + path", Left, Cut(20)),
            column("Subprotocol", Left, Drop(2)),
            column("Compression", Left, Drop(0)),
            column(arrows("Msgs →/←", "Msgs >/<"), Right, Keep),
            column(arrows("Bytes →/←", "Bytes >/<"), Right, Drop(6)),
            column("End", Left, Keep),
            column("Findings", Left, Drop(7)),
        ]);
        let (ascii, follows) = (args.ascii, args.follow);
        Self { out, conns, ascii, follows, rows: Vec::new(), table, ended: 0, started: None }
    }

    fn write(&mut self) -> io::Result<()> {
        self.rows.sort_by_key(|(conn, _)| *conn);
        let mut rows = std::mem::take(&mut self.rows).into_iter().peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        while let Some((conn, row)) = rows.next() {
            // What began and ended since the last time is told once.
            if rows.peek().is_some_and(|(next, _)| *next == conn) {
                continue;
            }
            let [up, down] = row.messages;
            let [sent, received] = row.bytes.map(size);
            self.table.push([
                conn.to_string(),
                row.state.to_owned(),
                row.started.to_string().get(11..19).unwrap_or_default().to_owned(),
                row.lasted.map_or_else(|| "-".to_owned(), span),
                row.client,
                row.server,
                row.path,
                row.subprotocol,
                row.compression.to_owned(),
                format!("{up}/{down}"),
                format!("{sent}/{received}"),
                row.end,
                if row.findings == [0; 3] { "-".to_owned() } else { findings(row.findings) },
            ]);
        }
        self.table.write(&mut self.out, terminal::width(), self.ascii)?;
        self.out.flush()
    }
}
