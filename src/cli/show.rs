//! `wscope show`: the messages, or frames, a line each.

use std::io::{self, IsTerminal};

use crate::event::{Connection, Event};
use crate::filter::{Filter, Rows};
use crate::item::Dir;
use crate::observe::{Observer, Outbox};
use crate::place::{Place, What};
use crate::report::filtered::Filtered;
use crate::report::hexdump;
use crate::report::payload::PayloadMode;
use crate::report::select::Selection;
use crate::report::txt::{TxtObserver, TxtOptions, TxtSink};
use crate::report::visible::{self, Style};
use crate::ws::fact::{Frame, Message};
use crate::ws::mask;
use crate::ws::session::Want;

use super::Outcome;
use super::args::{Show, TimeFormat};
use super::filter;
use super::plain::{Plain, details};
use super::session::{self, Counted, Session};
use super::terminal;

/// Bytes of a frame that `--frames -x` shows at most.
const FRAME_BYTES: usize = 64 << 10;

pub(super) fn run(args: &Show) -> anyhow::Result<Outcome> {
    let rows = if args.frames { Rows::FRAME } else { Rows::MESSAGE };
    let prints = if args.frames { "and `show --frames` prints frames" } else { "and `show` prints messages" };
    let filter = filter::read(args.filter.as_deref(), rows, prints, args.input.decode.quiet)?;
    let mut session = args.input.open_to_follow(args.follow)?.streaming().filtered(filter.as_ref());
    let conns = args.conn.clone().unwrap_or_default();
    if args.payload_only {
        return payloads(args, session, conns, filter.as_ref());
    }
    let options = TxtOptions {
        ascii: args.ascii,
        time: args.time.into(),
        // Below a line that shows all of it, the payload would stand twice.
        payload: if args.hex { PayloadMode::None } else { PayloadMode::Full },
        width: terminal::width(),
        conns: conns.clone(),
        messages_only: true,
        frames: args.frames,
        dir: args.side.map(Dir::from),
        live: false,
        reveal: false,
    };
    let want = Want {
        payload: usize::MAX,
        hash: false,
        frame_bytes: if args.frames && args.hex { FRAME_BYTES } else { 0 },
    };
    let want = filter.as_ref().map_or(want, |filter| filter.needs().want(want));
    if args.hex || args.verbose || args.time == TimeFormat::Delta {
        // What stands below a line belongs to it, and a delta to the line before: no merge in between.
        session = session.in_one_thread();
    }
    let lines = || Lines {
        txt: TxtObserver::new(&options),
        conns: conns.clone(),
        side: args.side.map(Dir::from),
        frames: args.frames,
        hex: args.hex,
        verbose: args.verbose,
        ascii: args.ascii,
    };
    let observer = || Filtered::records(lines(), filter.as_ref(), rows);
    let mut out = Counted::new(io::stdout().lock());
    let mut sink = TxtSink::new(&mut out, &options);
    let (summary, outcome) = session.run(want, &observer, &mut sink)?;
    drop(sink);
    if out.bytes > 0 {
        return Ok(outcome);
    }
    let what = if args.frames { "no frame" } else { "no message" };
    Ok(session::nothing_matched(&summary, what, args.input.decode.quiet, outcome))
}

/// The transcript's lines, with what was asked for below them.
struct Lines {
    txt: TxtObserver,
    conns: Selection,
    side: Option<Dir>,
    frames: bool,
    hex: bool,
    verbose: bool,
    ascii: bool,
}

impl Observer for Lines {
    type Record = <TxtObserver as Observer>::Record;

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<Self::Record>) {
        self.txt.event(conn, event, out);
        if !(self.hex || self.verbose) || conn.number.is_some_and(|number| !self.conns.contains(number)) {
            return;
        }
        let shown = |dir: Dir| self.side.is_none_or(|side| side == dir);
        match event {
            Event::Message(message) if !self.frames && shown(message.dir) => {
                self.below(message.payload, &details::message(message, self.ascii), out);
            }
            Event::Frame(frame) if self.frames && shown(frame.dir) => {
                let deflate = conn.handshake.as_deref().map(|handshake| handshake.deflate().is_some());
                let mut plain = frame.wire.to_vec();
                if let Some(key) = frame.header.mask {
                    plain.clear();
                    mask::unmask_into(&mut plain, frame.wire, key, 0);
                }
                self.below(&plain, &details::frame(frame, deflate, self.ascii), out);
            }
            _ => {}
        }
    }
}

impl Lines {
    fn below(&self, bytes: &[u8], details: &[String], out: &mut Outbox<<Self as Observer>::Record>) {
        let mut lines = Vec::new();
        if self.verbose {
            lines.extend_from_slice(details);
        }
        if self.hex {
            lines.extend(hexdump::lines(0, bytes));
        }
        for line in lines {
            if !line.is_empty() {
                out.bytes.extend_from_slice(b"    ");
            }
            out.bytes.extend_from_slice(line.as_bytes());
            out.bytes.push(b'\n');
        }
    }
}

/// `--payload-only`: the payloads of data messages, one behind the other.
fn payloads(
    args: &Show,
    session: Session,
    conns: Selection,
    filter: Option<&Filter>,
) -> anyhow::Result<Outcome> {
    let visible = io::stdout().is_terminal();
    let payloads =
        || Payloads { conns: conns.clone(), side: args.side.map(Dir::from), visible, ascii: args.ascii };
    let observer = || Filtered::records(payloads(), filter, Rows::MESSAGE);
    let want = Want { payload: usize::MAX, ..Want::default() };
    let mut sink = Plain::new(io::stdout().lock());
    let (summary, outcome) = session.in_one_thread().run(want, &observer, &mut sink)?;
    sink.flush()?;
    if sink.matched {
        return Ok(outcome);
    }
    Ok(session::nothing_matched(&summary, "no data message", args.input.decode.quiet, outcome))
}

/// Payloads byte for byte; on a terminal made visible, a line each.
pub(super) struct Payloads {
    pub(super) conns: Selection,
    pub(super) side: Option<Dir>,
    pub(super) visible: bool,
    pub(super) ascii: bool,
}

impl Observer for Payloads {
    type Record = ();

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<()>) {
        let Event::Message(message) = event else { return };
        if !message.kind.is_data()
            || self.side.is_some_and(|side| side != message.dir)
            || conn.number.is_some_and(|number| !self.conns.contains(number))
        {
            return;
        }
        out.push(());
        if self.visible {
            let mut text = String::new();
            visible::append(message.payload, Style { ascii: self.ascii, multi_line: true }, &mut text);
            out.bytes.extend_from_slice(text.as_bytes());
            out.bytes.push(b'\n');
        } else {
            out.bytes.extend_from_slice(message.payload);
        }
    }
}

/// The short name of a message.
pub(super) fn message_place(conn: &Connection, message: &Message<'_>) -> Place {
    Place { conn: conn.number.unwrap_or_default(), what: What::Message(message.n) }
}

/// The short name of a frame.
pub(super) fn frame_place(conn: &Connection, frame: &Frame<'_>) -> Place {
    Place { conn: conn.number.unwrap_or_default(), what: What::Frame(frame.n) }
}
