//! All that a spool holds, as a source: packets with the numbers that they had.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::{Chunk, Cut, Reader, Spool};
use crate::capture::source::{Block, CaptureFacts, Packet, Source, Status};

/// Bytes of a block.
const BLOCK: usize = 256 << 10;

/// Until it is looked again whether there is more.
const PAUSE: Duration = Duration::from_millis(20);

/// Reads what is there, and then what comes.
pub(in crate::tui) struct Replay {
    spool: Spool,
    /// The next chunk.
    next: u32,
    open: Option<Open>,
    /// The number of the last packet that is read; `None` = as many as come.
    until: Option<u64>,
    /// What is passed over.
    cut: Option<Arc<Cut>>,
    facts: CaptureFacts,
}

/// A chunk that is being read.
struct Open {
    chunk: Arc<Chunk>,
    file: File,
    reader: Reader,
    /// Bytes of its list that were read.
    listed: usize,
}

impl Replay {
    /// `until`: the number of the last packet; `None` = the capture's last.
    pub(in crate::tui) fn new(spool: &Spool, until: Option<u64>, cut: Option<Arc<Cut>>) -> Self {
        let facts = spool.shared.facts.clone();
        Self { spool: spool.clone(), next: 0, open: None, until, cut, facts }
    }

    /// The chunk to read from; `None` = there is none for now.
    fn open(&mut self) -> io::Result<Option<&mut Open>> {
        if self.open.is_none()
            && let Some(chunk) = self.spool.chunk_from(self.next)
        {
            self.next = chunk.numbers.1.saturating_add(1);
            let file = chunk.open()?;
            self.open = Some(Open { chunk, file, reader: Reader::default(), listed: 0 });
        }
        Ok(self.open.as_mut())
    }
}

impl Open {
    /// Fills the block with the next packets; `false` = there will be no more in this chunk.
    fn fill(&mut self, block: &mut Block, until: u64, cut: Option<&Cut>) -> io::Result<bool> {
        let list = self.chunk.list();
        let sealed = list.sealed;
        let places = list.places.get(self.listed..).unwrap_or_default().to_vec();
        drop(list);
        let (mut rest, mut bytes) = (places.as_slice(), 0);
        while bytes < BLOCK
            && let Some(next) = self.reader.next(&mut rest)
        {
            if next.number > until {
                break;
            }
            if cut.is_none_or(|cut| !cut.gone.contain(next.number)) {
                block.numbers.push(next.number);
                block.packets.push(Packet { offset: bytes as u32, ..next.packet });
            }
            bytes += next.packet.len as usize;
        }
        self.listed += places.len() - rest.len();
        block.bytes.resize(bytes, 0);
        self.file.read_exact(&mut block.bytes)?;
        Ok(!sealed || !rest.is_empty())
    }
}

impl Source for Replay {
    fn fill(&mut self, block: &mut Block) -> io::Result<Status> {
        block.bytes.clear();
        block.packets.clear();
        block.numbers.clear();
        let until = self.until.unwrap_or(u64::MAX);
        loop {
            // Asked first: what came before the end is read then.
            let grows = self.until.is_none() && self.spool.grows();
            let cut = self.cut.clone();
            if let Some(open) = self.open()? {
                let more = open.fill(block, until, cut.as_deref())?;
                if !more {
                    self.open = None;
                }
                self.facts.bytes_read += block.bytes.len() as u64;
                if !block.packets.is_empty() {
                    return Ok(Status::More);
                }
                if !more || !block.bytes.is_empty() {
                    continue;
                }
            }
            if !grows {
                return Ok(Status::End);
            }
            thread::sleep(PAUSE);
            return Ok(Status::Quiet);
        }
    }

    fn facts(&self) -> &CaptureFacts {
        &self.facts
    }
}
