//! `wscope stats`: numbers over all messages.

mod numbers;
mod report;

use std::collections::HashMap;
use std::io::{self, Write};

use crate::event::{Connection, ConnectionId, Event, Summary};
use crate::filter::Running;
use crate::observe::{Observer, Outbox, Sink};
use crate::report::select::Selection;
use crate::ws::session::Want;

use super::Outcome;
use super::args::Stats;
use super::session;
use numbers::Numbers;
use report::Report;

pub(super) fn run(args: &Stats) -> anyhow::Result<Outcome> {
    let mut session = args.input.open()?;
    let conns = args.conn.clone().unwrap_or_default();
    if !conns.is_all() {
        // With several workers the numbers of connections are known only behind the merge.
        session = session.in_one_thread();
    }
    let every = args.every;
    let observer =
        || Counter { conns: conns.clone(), every, numbers: Box::default(), running: HashMap::new() };
    let mut total = Total::default();
    let (summary, outcome) = session.run(Want::default(), &observer, &mut total)?;
    if summary.connections == 0 && !args.input.decode.quiet {
        session::note(&super::words::nothing_found(&summary));
    }
    let mut out = anstream::stdout().lock();
    let report = Report::new(&total.numbers, &summary);
    if args.json {
        serde_json::to_writer_pretty(&mut out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        report.write(&mut out)?;
    }
    Ok(outcome)
}

/// Sums up on a worker, and hands the sums over whenever a connection ends.
struct Counter {
    conns: Selection,
    every: Option<i64>,
    numbers: Box<Numbers>,
    running: HashMap<ConnectionId, Running>,
}

impl Observer for Counter {
    type Record = Box<Numbers>;

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<Self::Record>) {
        if conn.number.is_some_and(|number| !self.conns.contains(number)) {
            return;
        }
        match event {
            Event::Opened => {
                let handshake = conn.handshake.as_deref();
                if let Some((request, response)) =
                    handshake.and_then(|h| h.request.as_ref().zip(h.response.as_ref()))
                {
                    self.numbers.handshake.record(response.last.time.since(request.last.time));
                }
            }
            Event::Frame(frame) => {
                *self.numbers.opcodes.entry(frame.header.opcode.name()).or_default() += 1;
                self.numbers.frames[frame.dir.index()] += 1;
                self.numbers.masked[frame.dir.index()] += u64::from(frame.header.mask.is_some());
            }
            Event::Message(message) => {
                self.numbers.message(message, self.every);
                let (dir, time) = (message.dir, message.last.time);
                let running = self.running.entry(conn.id).or_default();
                if let Some(rtt) = running.message(dir, message.kind, time, message.payload).rtt {
                    self.numbers.rtt.record(rtt);
                }
            }
            Event::Finding(_) | Event::Reaction(_) => {}
            Event::Closed(_) => {
                self.running.remove(&conn.id);
                out.push(std::mem::take(&mut self.numbers));
            }
        }
    }
}

#[derive(Default)]
struct Total {
    numbers: Numbers,
}

impl Sink<Box<Numbers>> for Total {
    fn record(&mut self, _: u32, record: Box<Numbers>, _: &[u8]) -> io::Result<()> {
        self.numbers.add(&record);
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}
