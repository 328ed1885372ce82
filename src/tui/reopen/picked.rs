//! Packets picked from files, as a source.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::capture::places;
use crate::capture::source::{Block, CaptureFacts, Numbered, Packet, Source, Status};
use crate::limits::Limits;
use crate::tui::files::Files;
use crate::tui::spool::{Chunk, Spool};
use crate::tui::store::Packets;
use crate::tui::workers::Cancelled;

/// Bytes of a block, and the most that is read at once unless a packet is larger.
const BLOCK: usize = 256 << 10;
/// Packets that are looked at together.
const WINDOW: usize = 1 << 10;
/// Bytes between two packets that are read with them: that is quicker than reading twice.
const NEAR: u64 = 8 << 10;

/// The packets of a connection, read from where they lie.
pub(super) struct Picked<'a> {
    files: &'a Files,
    limits: &'a Limits,
    /// The packets that are not in `window` yet.
    packets: Box<dyn Iterator<Item = Numbered> + Send + 'a>,
    /// The next packets, each with its input, and how many of them were read.
    window: Vec<(u32, Numbered)>,
    next: usize,
    inputs: HashMap<u32, Input>,
    /// The last chunk of the spool that a packet was in: its input, and the chunk.
    chunk: Option<(u32, Arc<Chunk>)>,
    /// No more packets are wanted.
    done: Arc<AtomicBool>,
    /// Nobody waits for them any more.
    cancelled: Cancelled,
    facts: CaptureFacts,
}

/// An open file.
enum Input {
    Plain(File),
    Compressed(Box<Stream>),
}

/// A compressed file, read from its start.
struct Stream {
    source: Box<dyn Source>,
    block: Block,
    next: usize,
    status: Status,
}

impl<'a> Picked<'a> {
    pub(super) fn new(
        files: &'a Files,
        limits: &'a Limits,
        packets: &'a Packets,
        done: Arc<AtomicBool>,
    ) -> Self {
        Self::of(files, limits, done, places::read(&packets.places))
    }

    /// Those behind the one with this number; `None` where it is not there.
    pub(super) fn behind(
        files: &'a Files,
        limits: &'a Limits,
        packets: &'a Packets,
        done: Arc<AtomicBool>,
        number: u64,
    ) -> Option<Self> {
        let mut behind = places::read(&packets.places);
        let is_there = behind.any(|packet| packet.number == number);
        is_there.then(|| Self::of(files, limits, done, behind))
    }

    /// Those that `picks` says yes to, by their place among the packets and their number.
    pub(super) fn some(
        files: &'a Files,
        limits: &'a Limits,
        packets: &'a Packets,
        done: Arc<AtomicBool>,
        picks: impl Fn(usize, u64) -> bool + Send + 'a,
    ) -> Self {
        let read = places::read(&packets.places).enumerate();
        let read = read.filter(move |(place, packet)| picks(*place, packet.number)).map(|(_, packet)| packet);
        Self::of(files, limits, done, read)
    }

    fn of(
        files: &'a Files,
        limits: &'a Limits,
        done: Arc<AtomicBool>,
        read: impl Iterator<Item = Numbered> + Send + 'a,
    ) -> Self {
        // Each segment comes right behind the packets that brought fragments of it. That is as good as the
        // order of the capture, but for files that can only be read from their start.
        let packets: Box<dyn Iterator<Item = Numbered> + Send> = if files.any_compressed() {
            let mut all: Vec<Numbered> = read.collect();
            all.sort_by_key(|packet| packet.number);
            all.dedup_by_key(|packet| packet.number);
            Box::new(all.into_iter())
        } else {
            Box::new(read)
        };
        let facts = CaptureFacts::default();
        let (window, inputs) = (Vec::with_capacity(WINDOW), HashMap::new());
        let cancelled = Cancelled::default();
        Self { files, limits, packets, window, next: 0, inputs, chunk: None, done, cancelled, facts }
    }

    /// Ends where nobody waits any more.
    pub(super) fn until(&mut self, cancelled: &Cancelled) {
        self.cancelled = cancelled.clone();
    }

    /// There are packets to read, and they are wanted.
    fn goes_on(&mut self) -> io::Result<bool> {
        while self.next >= self.window.len() {
            self.next = 0;
            self.window.clear();
            let files = self.files;
            let before = self.packets.by_ref().take(WINDOW).collect::<Vec<_>>();
            if before.is_empty() {
                return Ok(false);
            }
            for packet in before {
                let found = match files.spool() {
                    None => Some(self.in_file(packet)?),
                    Some(spool) => self.in_spool(spool, packet)?,
                };
                self.window.extend(found);
            }
        }
        Ok(!self.done.load(Ordering::Relaxed) && !self.cancelled.is())
    }

    fn in_file(&mut self, packet: Numbered) -> io::Result<(u32, Numbered)> {
        let source = packet.packet.source;
        if !self.inputs.contains_key(&source.into()) {
            self.inputs.insert(source.into(), Input::open(self.files, source, self.limits)?);
        }
        Ok((source.into(), packet))
    }

    /// Where a packet lies by now; `None` = it is gone.
    fn in_spool(&mut self, spool: &Spool, packet: Numbered) -> io::Result<Option<(u32, Numbered)>> {
        let Numbered { number, packet } = packet;
        let place = packet.file_offset;
        if self.chunk.as_ref().is_none_or(|(_, chunk)| !chunk.covers(place)) {
            let Some(chunk) = spool.chunk(place) else { return Ok(None) };
            let input = self.inputs.len() as u32;
            self.inputs.insert(input, Input::Plain(chunk.open()?));
            self.chunk = Some((input, chunk));
        }
        let found = self.chunk.as_ref().and_then(|(input, chunk)| {
            let packet = Packet { file_offset: chunk.find(place)?, ..packet };
            Some((*input, Numbered { number, packet }))
        });
        Ok(found)
    }

    /// Reads the next packet, and those near it, to the end of the block's `filled` bytes.
    fn read(&mut self, block: &mut Block, filled: usize) -> io::Result<usize> {
        let Self { files, window, next, inputs, .. } = self;
        let rest = window.get(*next..).unwrap_or_default();
        let Some((input, Numbered { number, packet: first })) = rest.first() else { return Ok(filled) };
        let source = first.source;
        let changed = || {
            let what = io::Error::new(io::ErrorKind::InvalidData, "the file was changed since it was read");
            files.failed(source, &what)
        };
        let Some(input) = inputs.get_mut(input) else { return Ok(filled) };
        match input {
            Input::Compressed(stream) => {
                let bytes = stream.packet(first)?.ok_or_else(changed)?;
                make_room(block, filled + bytes.len())
                    .get_mut(filled..filled + bytes.len())
                    .unwrap_or_default()
                    .copy_from_slice(bytes);
                block.numbers.push(*number);
                block.packets.push(Packet { offset: filled as u32, ..*first });
                *next += 1;
                Ok(filled + bytes.len())
            }
            Input::Plain(file) => {
                let (count, span) = run(rest);
                let end = filled + span;
                let room = make_room(block, end).get_mut(filled..end).unwrap_or_default();
                file.seek(SeekFrom::Start(first.file_offset)).and_then(|_| file.read_exact(room)).map_err(
                    |error| match error.kind() {
                        io::ErrorKind::UnexpectedEof => changed(),
                        _ => files.failed(source, &error),
                    },
                )?;
                for (_, Numbered { number, packet }) in rest.iter().take(count) {
                    let offset = filled as u64 + (packet.file_offset - first.file_offset);
                    block.numbers.push(*number);
                    block.packets.push(Packet { offset: offset as u32, ..*packet });
                }
                *next += count;
                Ok(end)
            }
        }
    }
}

impl Source for Picked<'_> {
    fn fill(&mut self, block: &mut Block) -> io::Result<Status> {
        block.packets.clear();
        block.numbers.clear();
        let mut filled = 0;
        while filled < BLOCK && self.goes_on()? {
            filled = self.read(block, filled)?;
        }
        Ok(if self.goes_on()? { Status::More } else { Status::End })
    }

    fn facts(&self) -> &CaptureFacts {
        &self.facts
    }
}

impl Input {
    fn open(files: &Files, source: u16, limits: &Limits) -> io::Result<Self> {
        if !files.compressed(source) {
            return files.file(source).map(Self::Plain);
        }
        let source = files.stream(source, limits)?.source;
        let stream = Stream { source, block: Block::default(), next: 0, status: Status::More };
        Ok(Self::Compressed(Box::new(stream)))
    }
}

impl Stream {
    /// The bytes of a packet behind the one before; `None` where it is not there.
    fn packet(&mut self, wanted: &Packet) -> io::Result<Option<&[u8]>> {
        loop {
            while let Some(packet) = self.block.packets.get(self.next) {
                self.next += 1;
                if packet.file_offset == wanted.file_offset {
                    let same = packet.len == wanted.len && packet.time == wanted.time;
                    return Ok(same.then(|| self.block.packet(packet)));
                }
            }
            if self.status == Status::End {
                return Ok(None);
            }
            self.next = 0;
            self.status = self.source.fill(&mut self.block)?;
        }
    }
}

/// How many packets are near one another, from the first, and the bytes from its start to their end.
fn run(packets: &[(u32, Numbered)]) -> (usize, usize) {
    let Some((input, Numbered { packet: first, .. })) = packets.first() else { return (0, 0) };
    let mut end = first.file_offset.saturating_add(first.len.into());
    let mut count = 1;
    for (other, Numbered { packet, .. }) in packets.iter().skip(1) {
        let next = packet.file_offset.saturating_add(packet.len.into());
        if other != input
            || !(end..=end.saturating_add(NEAR)).contains(&packet.file_offset)
            || next - first.file_offset > BLOCK as u64
        {
            break;
        }
        end = next;
        count += 1;
    }
    (count, (end - first.file_offset) as usize)
}

/// All bytes of a block, at least so many. They are zeroed once: a block is used again.
fn make_room(block: &mut Block, bytes: usize) -> &mut [u8] {
    if block.bytes.len() < bytes {
        block.bytes.resize(bytes.max(2 * BLOCK), 0);
    }
    &mut block.bytes
}
