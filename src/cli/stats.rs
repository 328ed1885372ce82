//! `wscope stats`: numbers over all messages.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{self, Write};

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::observe::{Observer, Outbox, Sink};
use crate::event::{Connection, ConnectionId, Event, Summary};
use crate::item::Dir;
use crate::report::select::Selection;
use crate::time::Timestamp;
use crate::ws::fact::{Kind, Message};
use crate::ws::session::Want;

use super::Outcome;
use super::args::Stats;
use super::session;

/// Pings of one direction that wait for their Pong; older ones are forgotten.
const PINGS: usize = 64;

/// Upper ends of the size classes.
const SIZES: [(u64, &str); 5] =
    [(125, "0-125"), (1_000, "126-1 k"), (65_535, "1 k-64 k"), (1 << 20, "64 k-1 M"), (u64::MAX, "> 1 M")];

pub(super) fn run(args: &Stats) -> anyhow::Result<Outcome> {
    session::set_color(args.input.decode.color);
    let mut decode = args.input.decode.clone();
    let conns = args.conn.clone().unwrap_or_default();
    if !conns.is_all() {
        // With several workers the numbers of connections are known only behind the merge.
        decode.threads = Some(1);
    }
    let every = args.every;
    let observer = || Counter { conns: conns.clone(), every, numbers: Box::default(), pings: HashMap::new() };
    let mut total = Total::default();
    let (summary, outcome) = session::decode(&args.input.files(), &decode, Want::default(), &observer, &mut total)?;
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

/// Sums over messages and frames. Adding two gives the numbers of both.
#[derive(Debug, Default)]
struct Numbers {
    kinds: [BTreeMap<&'static str, u64>; 2],
    opcodes: BTreeMap<&'static str, u64>,
    sizes: [u64; SIZES.len()],
    largest: u64,
    payload: [u64; 2],
    masked: [u64; 2],
    frames: [u64; 2],
    fragmented: u64,
    most_fragments: u64,
    compressed: u64,
    compressed_wire: u64,
    compressed_payload: u64,
    incomplete: u64,
    close_codes: BTreeMap<u16, u64>,
    rtt: Nanos,
    handshake: Nanos,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    series: BTreeMap<i64, [[u64; 2]; 2]>,
}

/// Durations in nanoseconds, to three significant figures.
#[derive(Debug)]
struct Nanos(Histogram<u64>);

impl Default for Nanos {
    fn default() -> Self {
        // A thousandth is finer than anybody reads; 3 is within what the constructor takes.
        Self(Histogram::new(3).unwrap_or_else(|_| unreachable!("3 significant figures are allowed")))
    }
}

impl Nanos {
    fn record(&mut self, nanos: i64) {
        self.0.saturating_record(u64::try_from(nanos).unwrap_or(0));
    }
}

impl Numbers {
    fn message(&mut self, message: &Message<'_>, every: Option<i64>) {
        let dir = message.dir.index();
        let time = message.last.time;
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        *self.kinds[dir].entry(message.kind.name()).or_default() += 1;
        self.incomplete += u64::from(!message.complete());
        if let Some(code) = message.close_code() {
            *self.close_codes.entry(code).or_default() += 1;
        }
        if let Some(every) = every {
            let [count, bytes] = &mut self.series.entry(time.nanos().div_euclid(every) * every).or_default()[dir];
            *count += 1;
            *bytes += message.len;
        }
        if !message.kind.is_data() {
            return;
        }
        self.payload[dir] += message.len;
        self.largest = self.largest.max(message.len);
        if let Some(class) = SIZES.iter().position(|(upper, _)| message.len <= *upper) {
            self.sizes[class] += 1;
        }
        self.fragmented += u64::from(message.frames > 1);
        self.most_fragments = self.most_fragments.max(message.frames);
        if message.compressed {
            self.compressed += 1;
            self.compressed_wire += message.wire_len;
            self.compressed_payload += message.len;
        }
    }

    fn add(&mut self, other: &Self) {
        for dir in 0..2 {
            for (kind, count) in &other.kinds[dir] {
                *self.kinds[dir].entry(kind).or_default() += count;
            }
            self.payload[dir] += other.payload[dir];
            self.masked[dir] += other.masked[dir];
            self.frames[dir] += other.frames[dir];
        }
        for (opcode, count) in &other.opcodes {
            *self.opcodes.entry(opcode).or_default() += count;
        }
        for (code, count) in &other.close_codes {
            *self.close_codes.entry(*code).or_default() += count;
        }
        for (sum, count) in self.sizes.iter_mut().zip(other.sizes) {
            *sum += count;
        }
        for (bin, both) in &other.series {
            let sums = self.series.entry(*bin).or_default();
            for (sum, count) in sums.iter_mut().flatten().zip(both.iter().flatten()) {
                *sum += count;
            }
        }
        self.largest = self.largest.max(other.largest);
        self.fragmented += other.fragmented;
        self.most_fragments = self.most_fragments.max(other.most_fragments);
        self.compressed += other.compressed;
        self.compressed_wire += other.compressed_wire;
        self.compressed_payload += other.compressed_payload;
        self.incomplete += other.incomplete;
        for (sum, part) in [(&mut self.rtt, &other.rtt), (&mut self.handshake, &other.handshake)] {
            // Both grow on demand, so adding cannot fail.
            let _ = sum.0.add(&part.0);
        }
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = [self.last, other.last].into_iter().flatten().max();
    }
}

/// Sums up on a worker, and hands the sums over whenever a connection ends.
struct Counter {
    conns: Selection,
    every: Option<i64>,
    numbers: Box<Numbers>,
    pings: HashMap<ConnectionId, [VecDeque<(Vec<u8>, Timestamp)>; 2]>,
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
                if let Some((request, response)) = handshake.and_then(|h| h.request.as_ref().zip(h.response.as_ref())) {
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
                match message.kind {
                    Kind::Ping => {
                        let waiting = &mut self.pings.entry(conn.id).or_default()[message.dir.index()];
                        waiting.truncate(PINGS - 1);
                        waiting.push_front((message.payload.to_vec(), message.last.time));
                    }
                    Kind::Pong => {
                        let waiting = self.pings.get_mut(&conn.id).map(|both| &mut both[message.dir.other().index()]);
                        if let Some(waiting) = waiting
                            && let Some(n) = waiting.iter().position(|(payload, _)| payload == message.payload)
                            && let Some((_, sent)) = waiting.get(n)
                        {
                            self.numbers.rtt.record(message.last.time.since(*sent));
                            waiting.truncate(n);
                        }
                    }
                    _ => {}
                }
            }
            Event::Finding(_) => {}
            Event::Closed(_) => {
                self.pings.remove(&conn.id);
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

/// What is printed, as `--json` has it.
#[derive(Debug, Serialize)]
struct Report {
    packets: u64,
    bytes: u64,
    skipped_packets: u64,
    tcp_connections: u64,
    connections: u64,
    frames: u64,
    messages: u64,
    incomplete: u64,
    seconds: f64,
    c2s: Side,
    s2c: Side,
    opcodes: BTreeMap<&'static str, u64>,
    sizes: Vec<(&'static str, u64)>,
    largest: u64,
    fragmented: u64,
    most_fragments: u64,
    compression: Option<Compression>,
    close_codes: BTreeMap<u16, u64>,
    ping_rtt_ms: Option<Spread>,
    handshake_ms: Option<Spread>,
    findings: [u64; 3],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    series: Vec<Bin>,
}

#[derive(Debug, Serialize)]
struct Side {
    kinds: BTreeMap<&'static str, u64>,
    payload: u64,
    frames: u64,
    masked: u64,
}

#[derive(Debug, Serialize)]
struct Compression {
    messages: u64,
    wire: u64,
    payload: u64,
    ratio: f64,
}

#[derive(Debug, Serialize)]
struct Spread {
    count: u64,
    p50: f64,
    p95: f64,
    p99: f64,
    max: f64,
}

#[derive(Debug, Serialize)]
struct Bin {
    time: String,
    c2s_messages: u64,
    c2s_bytes: u64,
    s2c_messages: u64,
    s2c_bytes: u64,
}

impl Spread {
    fn new(nanos: &Nanos) -> Option<Self> {
        let ms = |value: u64| value as f64 / 1e6;
        let at = |quantile| ms(nanos.0.value_at_quantile(quantile));
        (!nanos.0.is_empty()).then(|| Self {
            count: nanos.0.len(),
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            max: ms(nanos.0.max()),
        })
    }
}

impl Report {
    fn new(numbers: &Numbers, summary: &Summary) -> Self {
        let side = |dir: Dir| Side {
            kinds: numbers.kinds[dir.index()].clone(),
            payload: numbers.payload[dir.index()],
            frames: numbers.frames[dir.index()],
            masked: numbers.masked[dir.index()],
        };
        let span = numbers.first.zip(numbers.last).map_or(0, |(first, last)| last.since(first));
        Self {
            packets: summary.packets,
            bytes: summary.bytes,
            skipped_packets: summary.skipped_packets,
            tcp_connections: summary.tcp_connections,
            connections: summary.connections,
            frames: numbers.frames.iter().sum(),
            messages: numbers.sizes.iter().sum(),
            incomplete: numbers.incomplete,
            seconds: span as f64 / 1e9,
            c2s: side(Dir::C2s),
            s2c: side(Dir::S2c),
            opcodes: numbers.opcodes.clone(),
            sizes: SIZES.iter().zip(numbers.sizes).map(|((_, name), count)| (*name, count)).collect(),
            largest: numbers.largest,
            fragmented: numbers.fragmented,
            most_fragments: numbers.most_fragments,
            compression: (numbers.compressed > 0).then(|| Compression {
                messages: numbers.compressed,
                wire: numbers.compressed_wire,
                payload: numbers.compressed_payload,
                ratio: numbers.compressed_payload as f64 / numbers.compressed_wire.max(1) as f64,
            }),
            close_codes: numbers.close_codes.clone(),
            ping_rtt_ms: Spread::new(&numbers.rtt),
            handshake_ms: Spread::new(&numbers.handshake),
            findings: summary.findings,
            series: numbers
                .series
                .iter()
                .map(|(bin, [[c2s_messages, c2s_bytes], [s2c_messages, s2c_bytes]])| Bin {
                    time: Timestamp::from_nanos(*bin).to_string(),
                    c2s_messages: *c2s_messages,
                    c2s_bytes: *c2s_bytes,
                    s2c_messages: *s2c_messages,
                    s2c_bytes: *s2c_bytes,
                })
                .collect(),
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let row = |out: &mut dyn Write, name: &str, text: String| writeln!(out, "{name:<14} {text}");
        row(out, "packets", format!("{} ({} bytes, {} not decoded)", self.packets, self.bytes, self.skipped_packets))?;
        row(out, "connections", format!("{} WebSocket of {} TCP", self.connections, self.tcp_connections))?;
        row(out, "messages", format!("{} in {} frames, {} incomplete, over {:.3} s", self.messages, self.frames, self.incomplete, self.seconds))?;
        for (name, side) in [("client", &self.c2s), ("server", &self.s2c)] {
            let kinds: Vec<String> = side.kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
            row(out, name, format!("{} payload bytes; {}", side.payload, kinds.join(", ")))?;
            row(out, "", format!("{} frames, {} of them masked", side.frames, side.masked))?;
        }
        let opcodes: Vec<String> = self.opcodes.iter().map(|(opcode, count)| format!("{opcode} {count}")).collect();
        row(out, "opcodes", opcodes.join(", "))?;
        let most = self.sizes.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
        for (n, (name, count)) in self.sizes.iter().enumerate() {
            let bar = "█".repeat((count * 30).div_ceil(most) as usize);
            row(out, if n == 0 { "payload bytes" } else { "" }, format!("{name:<10} {count:>10}  {bar}"))?;
        }
        row(out, "largest", format!("{} bytes", self.largest))?;
        row(out, "fragmented", format!("{} messages, {} frames at most", self.fragmented, self.most_fragments))?;
        if let Some(c) = &self.compression {
            row(out, "compression", format!("{} messages, {} bytes on the wire, {} inflated ({:.1}:1)", c.messages, c.wire, c.payload, c.ratio))?;
        }
        if !self.close_codes.is_empty() {
            let codes: Vec<String> = self.close_codes.iter().map(|(code, count)| format!("{code} ×{count}")).collect();
            row(out, "close codes", codes.join(", "))?;
        }
        for (name, spread) in [("ping to pong", &self.ping_rtt_ms), ("handshake", &self.handshake_ms)] {
            if let Some(s) = spread {
                row(out, name, format!("p50 {:.3} ms, p95 {:.3}, p99 {:.3}, max {:.3} ({} times)", s.p50, s.p95, s.p99, s.max, s.count))?;
            }
        }
        let [errors, warnings, notes] = self.findings;
        row(out, "findings", format!("{errors} errors, {warnings} warnings, {notes} notes"))?;
        for bin in &self.series {
            writeln!(out, "{}  c2s {:>8} messages {:>12} bytes   s2c {:>8} messages {:>12} bytes", bin.time, bin.c2s_messages, bin.c2s_bytes, bin.s2c_messages, bin.s2c_bytes)?;
        }
        Ok(())
    }
}
