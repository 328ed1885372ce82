//! What `wscope stats` prints, as text and as JSON.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::numbers::{Nanos, Numbers, SIZES};
use crate::cli::table::{Align, Column, Room, Table};
use crate::cli::words::{count, findings, number};
use crate::event::Summary;
use crate::item::Dir;
use crate::report::close;
use crate::time::Timestamp;

/// What is printed, as `--json` has it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
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
    sizes: Vec<Class>,
    largest: u64,
    fragmented: u64,
    most_fragments: u64,
    compression: Option<Compression>,
    close_codes: BTreeMap<u16, u64>,
    ping_rtt_ms: Option<Spread>,
    handshake_ms: Option<Spread>,
    findings: Findings,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    series: Vec<Bin>,
}

/// Data messages whose payload is longer than the class before, and no longer than `up_to` bytes.
#[derive(Debug, Serialize)]
struct Class {
    up_to: Option<u64>,
    messages: u64,
}

#[derive(Debug, Serialize)]
struct Findings {
    error: u64,
    warning: u64,
    note: u64,
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
        let all = nanos.histogram()?;
        let ms = |value: u64| value as f64 / 1e6;
        let at = |quantile| ms(all.value_at_quantile(quantile));
        Some(Self { count: all.len(), p50: at(0.5), p95: at(0.95), p99: at(0.99), max: ms(all.max()) })
    }
}

impl Report {
    pub(super) fn new(numbers: &Numbers, summary: &Summary) -> Self {
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
            sizes: SIZES
                .iter()
                .zip(numbers.sizes)
                .map(|((upper, _), messages)| Class {
                    up_to: (*upper < u64::MAX).then_some(*upper),
                    messages,
                })
                .collect(),
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
            findings: {
                let [error, warning, note] = summary.findings;
                Findings { error, warning, note }
            },
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

    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for (name, text) in self.rows() {
            writeln!(out, "{}", format!("{name:<14} {text}").trim_end())?;
        }
        if self.series.is_empty() {
            return Ok(());
        }
        writeln!(out)?;
        let column = |title, align| Column { title, align, room: Room::Keep };
        let mut table = Table::new([
            column("Time", Align::Left),
            column("Client messages", Align::Right),
            column("bytes", Align::Right),
            column("Server messages", Align::Right),
            column("bytes", Align::Right),
        ]);
        for bin in &self.series {
            let counts = [bin.c2s_messages, bin.c2s_bytes, bin.s2c_messages, bin.s2c_bytes];
            let [c2s_messages, c2s_bytes, s2c_messages, s2c_bytes] = counts.map(number);
            // Spans are of microseconds at least.
            let time = bin.time.get(..26).unwrap_or_default().replace('T', " ");
            table.push([time, c2s_messages, c2s_bytes, s2c_messages, s2c_bytes]);
        }
        table.write(out, None, false)
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let skipped = match self.skipped_packets {
            0 => String::new(),
            many => format!(", {} not decoded", number(many)),
        };
        let mut rows = vec![
            ("packets", format!("{}, {}{skipped}", number(self.packets), count(self.bytes, "byte"))),
            (
                "connections",
                format!("{} WebSocket of {} TCP", number(self.connections), number(self.tcp_connections)),
            ),
            (
                "messages",
                format!(
                    "{} in {} over {:.3} s, {} incomplete",
                    number(self.messages),
                    count(self.frames, "frame"),
                    self.seconds,
                    number(self.incomplete)
                ),
            ),
        ];
        for (name, side) in [("client", &self.c2s), ("server", &self.s2c)] {
            let kinds = join(&side.kinds, |kind| (*kind).to_owned());
            rows.push((
                name,
                format!("{}: {kinds}", count(side.payload, "payload byte")).trim_end_matches(": ").to_owned(),
            ));
            rows.push((
                "",
                format!("{}, {} of them masked", count(side.frames, "frame"), number(side.masked)),
            ));
        }
        rows.push(("opcodes", join(&self.opcodes, |opcode| (*opcode).to_owned())));
        let most = self.sizes.iter().map(|class| class.messages).max().unwrap_or(0).max(1);
        for (n, ((_, name), class)) in SIZES.iter().zip(&self.sizes).enumerate() {
            let bar = "█".repeat((class.messages * 30).div_ceil(most) as usize);
            let title = if n == 0 { "payload bytes" } else { "" };
            rows.push((title, format!("{name:<10} {:>10}  {bar}", number(class.messages))));
        }
        rows.push(("largest", count(self.largest, "byte")));
        rows.push((
            "fragmented",
            match self.fragmented {
                0 => "none".to_owned(),
                many => {
                    format!("{}, in up to {}", count(many, "message"), count(self.most_fragments, "frame"))
                }
            },
        ));
        if let Some(c) = &self.compression {
            rows.push((
                "compression",
                format!(
                    "{}, {} on the wire, {} inflated ({:.1}:1)",
                    count(c.messages, "message"),
                    count(c.wire, "byte"),
                    number(c.payload),
                    c.ratio
                ),
            ));
        }
        let codes = join(&self.close_codes, |code: &u16| match close::name(*code) {
            Some(name) => format!("{code} ({name})"),
            None => code.to_string(),
        });
        rows.push(("close codes", if codes.is_empty() { "none".to_owned() } else { codes }));
        for (name, spread) in [("ping to pong", &self.ping_rtt_ms), ("handshake", &self.handshake_ms)] {
            if let Some(s) = spread {
                let times = count(s.count, "time");
                let text = if s.count == 1 {
                    format!("{:.3} ms (once)", s.max)
                } else {
                    format!(
                        "p50 {:.3} p95 {:.3} p99 {:.3} max {:.3} ms ({times})",
                        s.p50, s.p95, s.p99, s.max
                    )
                };
                rows.push((name, text));
            }
        }
        let Findings { error, warning, note } = self.findings;
        rows.push(("findings", findings([error, warning, note]).replace("no findings", "none")));
        rows
    }
}

/// What was counted how often: `text 12, ping 3`.
fn join<K>(counts: &BTreeMap<K, u64>, name: impl Fn(&K) -> String) -> String {
    counts
        .iter()
        .map(|(key, count)| format!("{} {}", name(key), number(*count)))
        .collect::<Vec<_>>()
        .join(", ")
}
