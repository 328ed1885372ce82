//! The packets of a capture that grows, so that they can be read again: as many as there is room for.
//!
//! They lie in chunks. Each is a temporary file with packets one behind another, and in memory their places. What is not needed any
//! more leaves when chunks are written anew without it, neighbours together; a packet keeps the place that it was given
//! first, and a chunk that is being read stays until that is done.

mod cut;
mod replay;

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Write as _};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::{NamedTempFile, TempPath};

use crate::capture::places::{self, Reader, Writer};
use crate::capture::source::{Block, CaptureFacts, Numbered, Source, Status};
use crate::event::ConnectionId;

pub(super) use self::cut::{Cut, Numbers};
pub(super) use self::replay::Replay;

/// Chunks that the room for packets is parted into, and their smallest and largest size.
const CHUNKS: u64 = 32;
const SMALLEST: u64 = 4 << 10;
const LARGEST: u64 = 1 << 30;

/// The last chunks, which stay as they are.
const YOUNG: usize = 3;

/// The place of a packet that could not be written.
const NOWHERE: u64 = u64::MAX;

/// The packets of a capture, for whoever reads them again.
#[derive(Clone, Debug)]
pub struct Spool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Bytes of a chunk.
    chunk: u32,
    /// What is known of the sources.
    facts: CaptureFacts,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// In order; the last is being written.
    chunks: VecDeque<Arc<Chunk>>,
    /// Packets that came.
    packets: u64,
    /// No more will come.
    ended: bool,
    /// Why packets are not kept any more, until that is told.
    failed: Option<String>,
    /// What went; `None` = nothing did.
    cut: Option<Arc<Cut>>,
}

/// Some packets.
#[derive(Debug)]
pub(super) struct Chunk {
    /// Its number, and that of the last chunk that became part of it.
    numbers: (u32, u32),
    path: TempPath,
    /// Where packets lie that were moved, by the place that they were given first; `None` = none was.
    moved: Option<Vec<(u64, u32)>>,
    list: Mutex<List>,
}

/// What a chunk holds.
#[derive(Debug, Default)]
struct List {
    /// The places of its packets, as they were given first.
    places: Vec<u8>,
    /// The number of its last packet.
    last: u64,
    bytes: u32,
    /// There will be no more.
    sealed: bool,
}

impl Chunk {
    fn new(numbers: (u32, u32), path: TempPath) -> Self {
        Self { numbers, path, moved: None, list: Mutex::default() }
    }

    fn list(&self) -> MutexGuard<'_, List> {
        lock(&self.list)
    }

    /// It has, or had, the packet of this place.
    pub(super) fn covers(&self, place: u64) -> bool {
        (self.numbers.0..=self.numbers.1).contains(&((place >> 32) as u32))
    }

    pub(super) fn open(&self) -> io::Result<File> {
        File::open(&self.path)
    }

    /// Where a packet lies in the file, by the place that it was given.
    pub(super) fn find(&self, place: u64) -> Option<u64> {
        match &self.moved {
            None => Some(place & u64::from(u32::MAX)),
            Some(moved) => {
                let at = moved.binary_search_by_key(&place, |(from, _)| *from).ok()?;
                moved.get(at).map(|(_, to)| u64::from(*to))
            }
        }
    }

    /// Bytes on disk and in memory.
    fn cost(&self) -> u64 {
        let list = self.list();
        let moved = self.moved.as_ref().map_or(0, Vec::len) * size_of::<(u64, u32)>();
        u64::from(list.bytes) + (list.places.len() + moved) as u64
    }
}

impl Spool {
    /// Keeps the packets of a source from now on, which gives them with their places; it is to be read instead. `room`: bytes
    /// that there will be, about.
    ///
    /// # Errors
    /// Where there can be no temporary file.
    pub fn new(source: Box<dyn Source>, room: u64) -> io::Result<(Self, Box<dyn Source>)> {
        let (chunk, file) = begin(0)?;
        let facts = CaptureFacts { sources: source.facts().sources.clone(), ..CaptureFacts::default() };
        let chunks = VecDeque::from([Arc::clone(&chunk)]);
        let state = State { chunks, packets: 0, ended: false, failed: None, cut: None };
        let size = (room / CHUNKS).clamp(SMALLEST, LARGEST) as u32;
        let spool = Self { shared: Arc::new(Shared { chunk: size, facts, state: Mutex::new(state) }) };
        let writer = Spooling {
            source,
            spool: spool.clone(),
            open: Some((chunk, file)),
            places: Writer::default(),
            bytes: Vec::new(),
        };
        Ok((spool, Box::new(writer)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.shared.state)
    }

    /// More packets will come.
    pub(super) fn grows(&self) -> bool {
        !self.state().ended
    }

    /// Packets that came so far, those that are gone too.
    pub(super) fn packets(&self) -> u64 {
        self.state().packets
    }

    /// Bytes that are kept: of packets, on disk; of their places, in memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.state().chunks.iter().map(|chunk| chunk.cost()).sum()
    }

    /// Why packets are not kept any more, once.
    pub(super) fn failure(&self) -> Option<String> {
        self.state().failed.take()
    }

    /// What went; `None` = nothing did.
    pub(super) fn cut(&self) -> Option<Arc<Cut>> {
        self.state().cut.clone()
    }

    /// The packets of these places are to be read no more; connections that are `left`, and the number of the next.
    pub(super) fn went(&self, places: &[Vec<u8>], left: HashMap<ConnectionId, u32>, next: u32) {
        let mut state = self.state();
        let first = state.chunks.front().and_then(|chunk| places::read(&chunk.list().places).next());
        let first = first.map_or(0, |packet| packet.number);
        state.cut = Some(Arc::new(Cut::more(state.cut.as_deref(), places, first, left, next)));
    }

    /// The chunk with the packet of this place, if it is still there.
    pub(super) fn chunk(&self, place: u64) -> Option<Arc<Chunk>> {
        let number = (place >> 32) as u32;
        let state = self.state();
        let at = state.chunks.partition_point(|chunk| chunk.numbers.1 < number);
        state.chunks.get(at).filter(|chunk| chunk.numbers.0 <= number).cloned()
    }

    /// The first chunk from a number on.
    fn chunk_from(&self, number: u32) -> Option<Arc<Chunk>> {
        let state = self.state();
        let at = state.chunks.partition_point(|chunk| chunk.numbers.1 < number);
        state.chunks.get(at).cloned()
    }

    /// Lets go of packets that are not `needed`, by their numbers; those behind number `decided`, and all in chunks most
    /// of which are needed, stay.
    ///
    /// # Errors
    /// Where a temporary file cannot be read or written. Nothing that is needed is lost then.
    pub(super) fn let_go(&self, decided: u64, needed: impl Fn(u64) -> bool) -> io::Result<()> {
        let chunks: Vec<Arc<Chunk>> = self.state().chunks.iter().cloned().collect();
        let mut packed: Option<Packing> = None;
        // Of what came last, it may not be known yet what it is.
        let settled = chunks.len().saturating_sub(YOUNG);
        for chunk in chunks.into_iter().take(settled) {
            let (sealed, last, bytes) = {
                let list = chunk.list();
                (list.sealed, list.last, u64::from(list.bytes))
            };
            if !sealed || last > decided {
                break;
            }
            let places = chunk.list().places.clone();
            let live: u64 = places::read(&places)
                .filter(|packet| needed(packet.number))
                .map(|packet| u64::from(packet.packet.len))
                .sum();
            if live * 8 > bytes * 7 && bytes * 2 > u64::from(self.shared.chunk) {
                self.put(packed.take())?;
                continue;
            }
            if packed.as_ref().is_some_and(|packed| packed.bytes + live > u64::from(self.shared.chunk)) {
                self.put(packed.take())?;
            }
            let packing = match packed.take() {
                Some(packing) => packing,
                None => Packing::new(chunk.numbers.0)?,
            };
            packed = Some(packing.add(&chunk, &places, &needed)?);
        }
        self.put(packed)
    }

    /// Puts a chunk where those were of which it has what was needed.
    fn put(&self, packed: Option<Packing>) -> io::Result<()> {
        let Some((from, to, chunk)) = packed.map(Packing::finish).transpose()? else { return Ok(()) };
        let mut state = self.state();
        let start = state.chunks.partition_point(|chunk| chunk.numbers.1 < from);
        let end = state.chunks.partition_point(|chunk| chunk.numbers.0 <= to);
        let mut rest = state.chunks.split_off(start);
        let behind = rest.split_off(end - start);
        state.chunks.extend(chunk);
        state.chunks.extend(behind);
        drop(state);
        // Files are removed without the lock.
        drop(rest);
        Ok(())
    }
}

/// A new chunk, to be written.
fn begin(number: u32) -> io::Result<(Arc<Chunk>, File)> {
    let (file, path) = NamedTempFile::with_prefix(PREFIX)?.into_parts();
    Ok((Arc::new(Chunk::new((number, number), path)), file))
}

/// What temporary files begin with.
const PREFIX: &str = "wscope-";

/// Chunks that become one.
struct Packing {
    numbers: (u32, u32),
    file: BufWriter<File>,
    path: TempPath,
    moved: Vec<(u64, u32)>,
    places: Writer,
    bytes: u64,
    last: u64,
}

impl Packing {
    fn new(number: u32) -> io::Result<Self> {
        let (file, path) = NamedTempFile::with_prefix(PREFIX)?.into_parts();
        let file = BufWriter::with_capacity(256 << 10, file);
        let (moved, places) = (Vec::new(), Writer::default());
        Ok(Self { numbers: (number, number), file, path, moved, places, bytes: 0, last: 0 })
    }

    /// Takes what is needed of a chunk.
    fn add(mut self, chunk: &Chunk, places: &[u8], needed: impl Fn(u64) -> bool) -> io::Result<Self> {
        let mut input = BufReader::with_capacity(256 << 10, chunk.open()?);
        let mut passed: i64 = 0;
        for packet in places::read(places) {
            let len = u64::from(packet.packet.len);
            if !needed(packet.number) {
                passed += len.cast_signed();
                continue;
            }
            // Without this, what is buffered would be thrown away.
            if passed > 0 {
                input.seek_relative(mem::take(&mut passed))?;
            }
            let copied = io::copy(&mut input.by_ref().take(len), &mut self.file)?;
            if copied < len {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.moved.push((packet.packet.file_offset, self.bytes as u32));
            self.places.push(&packet);
            self.bytes += len;
            self.last = packet.number;
        }
        self.numbers.1 = chunk.numbers.1;
        Ok(self)
    }

    /// The numbers of the chunks that it was made of, and the chunk if there is anything in it.
    fn finish(mut self) -> io::Result<(u32, u32, Option<Arc<Chunk>>)> {
        self.file.flush()?;
        let (from, to) = self.numbers;
        if self.bytes == 0 {
            return Ok((from, to, None));
        }
        let list = List {
            places: self.places.bytes().to_vec(),
            last: self.last,
            bytes: self.bytes as u32,
            sealed: true,
        };
        let moved = Some(self.moved);
        let chunk = Chunk { numbers: self.numbers, path: self.path, moved, list: Mutex::new(list) };
        Ok((from, to, Some(Arc::new(chunk))))
    }
}

/// A source whose packets are kept as they pass.
struct Spooling {
    source: Box<dyn Source>,
    spool: Spool,
    /// The chunk that is written; `None` once that failed.
    open: Option<(Arc<Chunk>, File)>,
    places: Writer,
    bytes: Vec<u8>,
}

impl Spooling {
    fn keep(&mut self, block: &mut Block) {
        let mut number = self.spool.packets();
        if let Err(error) = self.write(block, number) {
            self.open = None;
            self.spool.state().failed =
                Some(format!("packets are not kept any more, so messages cannot be opened: {error}"));
        }
        if self.open.is_none() {
            block.packets.iter_mut().for_each(|packet| packet.file_offset = NOWHERE);
        }
        number += block.packets.len() as u64;
        self.spool.state().packets = number;
    }

    fn write(&mut self, block: &mut Block, before: u64) -> io::Result<()> {
        let Block { bytes, packets, .. } = block;
        let most = self.spool.shared.chunk;
        let mut rest = (before + 1..).zip(packets.iter_mut()).peekable();
        while rest.peek().is_some() {
            let Some((chunk, file)) = &mut self.open else { return Ok(()) };
            let start = chunk.list().bytes;
            let mut last = 0;
            self.bytes.clear();
            while start + (self.bytes.len() as u32) < most
                && let Some((number, packet)) = rest.next()
            {
                let at = packet.offset as usize;
                let offset = u64::from(start) + self.bytes.len() as u64;
                packet.file_offset = u64::from(chunk.numbers.0) << 32 | offset;
                self.bytes.extend_from_slice(bytes.get(at..at + packet.len as usize).unwrap_or_default());
                self.places.push(&Numbered { number, packet: *packet });
                last = number;
            }
            file.write_all(&self.bytes)?;
            let mut list = chunk.list();
            list.places.extend_from_slice(self.places.bytes());
            list.last = last;
            list.bytes += self.bytes.len() as u32;
            self.places.clear();
            list.sealed = list.bytes >= most;
            if !list.sealed {
                break;
            }
            drop(list);
            let next = begin(chunk.numbers.1.wrapping_add(1))?;
            self.places = Writer::default();
            self.spool.state().chunks.push_back(Arc::clone(&next.0));
            self.open = Some(next);
        }
        Ok(())
    }
}

impl Source for Spooling {
    fn fill(&mut self, block: &mut Block) -> io::Result<Status> {
        let status = self.source.fill(block)?;
        if status != Status::Quiet && !block.packets.is_empty() {
            self.keep(block);
        }
        Ok(status)
    }

    fn facts(&self) -> &CaptureFacts {
        self.source.facts()
    }
}

impl Drop for Spooling {
    fn drop(&mut self) {
        if let Some((chunk, _)) = &self.open {
            chunk.list().sealed = true;
        }
        self.spool.state().ended = true;
    }
}

/// A thread that panicked leaves nothing half-done that matters.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
