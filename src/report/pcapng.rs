//! Connections cut out of a capture, as pcapng: all packets of their TCP flows, in the order of the capture.
//!
//! Which connections are wanted is known at their end, often; so the packets' numbers are collected while the
//! capture is decoded, and the packets copied in a second reading of it. A flow is copied whole: refused upgrades
//! before a connection, retransmissions, fragments and what is around a tunnelled packet.

use std::collections::HashMap;
use std::io::{self, Write};
use std::ops::Range;

use super::select::Selection;
use crate::capture::places::Reader;
use crate::capture::source::{Block, LinkType, Source, Status};
use crate::capture::write;
use crate::event::{Connection, Event, Summary};
use crate::observe::{Observer, Outbox, Sink};

/// Tells the packets of flows, and the flows of connections.
#[derive(Clone, Copy, Debug, Default)]
pub struct CutObserver;

/// What it tells.
#[derive(Clone, Debug)]
pub enum CutRecord {
    /// Packets of a flow: their places lie here in [`Outbox::bytes`].
    Packets {
        /// The number of the flow's first packet.
        flow: u64,
        /// Where.
        places: Range<usize>,
    },
    /// A connection is on this flow.
    Connection {
        /// The number of the flow's first packet.
        flow: u64,
    },
}

impl Observer for CutObserver {
    type Record = CutRecord;

    const PACKETS: bool = true;

    fn packets(&mut self, flow: u64, places: &[u8], out: &mut Outbox<CutRecord>) {
        let start = out.bytes.len();
        out.bytes.extend_from_slice(places);
        out.push(CutRecord::Packets { flow, places: start..out.bytes.len() });
    }

    fn wants_frames(&self) -> bool {
        false
    }

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<CutRecord>) {
        if matches!(event, Event::Opened) {
            out.push(CutRecord::Connection { flow: conn.id.packet });
        }
    }
}

/// Collects the numbers of the packets.
#[derive(Debug, Default)]
pub struct CutSink {
    conns: Selection,
    flows: HashMap<u64, Flow, foldhash::fast::RandomState>,
    picked: Picked,
    connections: u64,
}

/// A flow with a connection.
#[derive(Debug, Default)]
struct Flow {
    selected: bool,
    /// Places that wait for it to be.
    waiting: Vec<u8>,
    reader: Reader,
}

/// Numbers of packets, a bit each.
#[derive(Debug, Default)]
struct Picked {
    bits: Vec<u64>,
    count: u64,
}

impl Picked {
    fn add(&mut self, number: u64) {
        let Ok(at) = usize::try_from(number / 64) else { return };
        if self.bits.len() <= at {
            self.bits.resize(at + 1, 0);
        }
        if let Some(word) = self.bits.get_mut(at) {
            let bit = 1 << (number % 64);
            self.count += u64::from(*word & bit == 0);
            *word |= bit;
        }
    }

    fn contains(&self, number: u64) -> bool {
        let word = usize::try_from(number / 64).ok().and_then(|at| self.bits.get(at));
        word.is_some_and(|word| word & 1 << (number % 64) != 0)
    }
}

impl CutSink {
    /// Of these connections.
    #[must_use]
    pub fn new(conns: Selection) -> Self {
        Self { conns, ..Self::default() }
    }

    /// Connections that were selected.
    #[must_use]
    pub const fn connections(&self) -> u64 {
        self.connections
    }

    /// Packets that are theirs.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.picked.count
    }

    /// Copies the packets out of `source`, which is the capture from its start.
    ///
    /// # Errors
    /// Where it cannot be read, or is not what it was; or where `out` cannot be written.
    pub fn copy(&self, source: &mut dyn Source, out: &mut impl Write) -> io::Result<()> {
        let (mut buffer, mut block) = (Vec::new(), Block::default());
        let (mut number, mut copied) = (0, 0);
        let mut interfaces: Vec<(u16, LinkType)> = Vec::new();
        write::section(&mut buffer);
        while copied < self.picked.count {
            let status = source.fill(&mut block)?;
            for packet in &block.packets {
                number += 1;
                if !self.picked.contains(number) {
                    continue;
                }
                let of = (packet.source, packet.link);
                let interface = interfaces.iter().position(|known| *known == of).unwrap_or_else(|| {
                    write::interface(&mut buffer, packet.link);
                    interfaces.push(of);
                    interfaces.len() - 1
                });
                let bytes = block.packet(packet);
                write::packet(&mut buffer, interface as u32, packet.time, packet.wire_len, bytes, "");
                copied += 1;
                if buffer.len() >= BUFFER {
                    out.write_all(&buffer)?;
                    buffer.clear();
                }
            }
            if status == Status::End && copied < self.picked.count {
                let changed = "the capture was changed since it was read";
                return Err(io::Error::new(io::ErrorKind::InvalidData, changed));
            }
        }
        out.write_all(&buffer)?;
        out.flush()
    }
}

impl Sink<CutRecord> for CutSink {
    fn record(&mut self, conn: u32, record: CutRecord, bytes: &[u8]) -> io::Result<()> {
        let Self { flows, picked, .. } = self;
        match record {
            CutRecord::Packets { flow, places } => {
                let flow = flows.entry(flow).or_default();
                let mut heap = bytes.get(places).unwrap_or_default();
                if flow.selected {
                    while let Some(packet) = flow.reader.next(&mut heap) {
                        picked.add(packet.number);
                    }
                } else {
                    flow.waiting.extend_from_slice(heap);
                }
            }
            CutRecord::Connection { flow } if self.conns.contains(conn) => {
                self.connections += 1;
                let flow = flows.entry(flow).or_default();
                flow.selected = true;
                let waiting = std::mem::take(&mut flow.waiting);
                let mut heap = &waiting[..];
                while let Some(packet) = flow.reader.next(&mut heap) {
                    picked.add(packet.number);
                }
            }
            CutRecord::Connection { .. } => {}
        }
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes of one write.
const BUFFER: usize = 256 << 10;
