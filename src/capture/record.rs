//! Packets into pcapng files while they come.
//!
//! Every file is a capture by itself: it describes the interfaces, and ends with their statistics. What cannot be
//! written (a full disk) leaves a file that ends with its last whole packet.

mod rotation;

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::live::Monitor;
use super::source::{Block, CaptureFacts, Packet, Source, Status};
use super::write::{self, Interface, Statistics};
use crate::time::Timestamp;

use rotation::Names;
pub use rotation::Rotation;

/// Bytes that are written at once.
const BUFFER: usize = 256 << 10;

/// Writes packets to a pcapng file, or to one after another.
#[derive(Debug)]
pub struct Recorder {
    interfaces: Vec<Interface>,
    rotation: Rotation,
    names: Names,
    path: PathBuf,
    file: File,
    /// What was not written yet.
    buffer: Vec<u8>,
    /// Where in the buffer its blocks end, so that a file is never left with half of one.
    ends: Vec<usize>,
    /// Bytes of the file, with what is in the buffer.
    size: u64,
    /// The time of the file's first packet, and of its last.
    times: Option<(Timestamp, Timestamp)>,
    /// The statistics that earlier files have.
    told: Vec<Statistics>,
    /// Files of this capture that are still there, oldest first.
    files: Vec<PathBuf>,
    packets: u64,
}

impl Recorder {
    /// Creates the first file. Packets will name interfaces by their place in `interfaces`.
    ///
    /// # Errors
    /// Where the file cannot be created or written.
    pub fn create(path: &Path, interfaces: Vec<Interface>, rotation: Rotation) -> io::Result<Self> {
        let mut names = Names::new(path, &rotation)?;
        let path = names.next();
        let mut recorder = Self {
            told: vec![Statistics::default(); interfaces.len()],
            file: File::create(&path)?,
            files: vec![path.clone()],
            path,
            interfaces,
            rotation,
            names,
            buffer: Vec::new(),
            ends: Vec::new(),
            size: 0,
            times: None,
            packets: 0,
        };
        recorder.begin();
        recorder.flush()?;
        Ok(recorder)
    }

    /// What stands before the packets of a file.
    fn begin(&mut self) {
        let interfaces = mem::take(&mut self.interfaces);
        self.block(|out| {
            write::section(out);
            interfaces.iter().for_each(|interface| write::described_interface(out, interface));
        });
        self.interfaces = interfaces;
    }

    fn block(&mut self, append: impl FnOnce(&mut Vec<u8>)) {
        let before = self.buffer.len();
        append(&mut self.buffer);
        self.size += (self.buffer.len() - before) as u64;
        self.ends.push(self.buffer.len());
    }

    /// Adds a packet, with a comment unless that is empty.
    /// `statistics` are those up to now, for a file that ends before this packet.
    ///
    /// # Errors
    /// Where a file cannot be written, or the next not be created.
    pub fn packet(
        &mut self,
        interface: u32,
        time: Timestamp,
        wire_len: u32,
        bytes: &[u8],
        comment: &str,
        statistics: impl FnOnce() -> Vec<Statistics>,
    ) -> io::Result<()> {
        if let Some((first, _)) = self.times
            && self.rotation.is_due(self.size, time.since(first))
        {
            self.rotate(&statistics())?;
        }
        self.block(|out| write::packet(out, interface, time, wire_len, bytes, comment));
        let first = self.times.map_or(time, |(first, _)| first);
        self.times = Some((first, time));
        self.packets += 1;
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// Adds TLS secrets in key log format, for the packets that follow.
    pub fn secrets(&mut self, key_log: &[u8]) {
        self.block(|out| write::secrets(out, key_log));
    }

    /// Writes what waits. Where that fails, the file ends with its last whole block.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        let (buffer, ends) = (mem::take(&mut self.buffer), mem::take(&mut self.ends));
        let mut written = 0;
        let result = loop {
            let rest = buffer.get(written..).unwrap_or_default();
            if rest.is_empty() {
                break Ok(());
            }
            match self.file.write(rest) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        if result.is_err() {
            let start = self.size - buffer.len() as u64;
            let whole = ends.iter().rev().find(|end| **end <= written).map_or(0, |end| *end);
            self.size = start + whole as u64;
            // What is no file (a device) has no length to set, and no half block to be rid of.
            let _ = self.file.set_len(self.size).and_then(|()| self.file.seek(SeekFrom::Start(self.size)));
        }
        self.buffer = buffer;
        self.ends = ends;
        self.buffer.clear();
        self.ends.clear();
        result
    }

    /// Ends the file with what the interfaces did since it was begun.
    fn end(&mut self, statistics: &[Statistics]) -> io::Result<()> {
        let time = self.times.map_or(Timestamp::default(), |(_, last)| last);
        for (number, now) in (0..).zip(statistics) {
            let Some(told) = self.told.get_mut(number as usize) else { break };
            let since = Statistics {
                received: now.received.saturating_sub(told.received),
                dropped_by_interface: now.dropped_by_interface.saturating_sub(told.dropped_by_interface),
                dropped_by_system: now.dropped_by_system.saturating_sub(told.dropped_by_system),
            };
            *told = *now;
            self.block(|out| write::statistics(out, number, time, &since));
        }
        self.flush()
    }

    fn rotate(&mut self, statistics: &[Statistics]) -> io::Result<()> {
        self.end(statistics)?;
        self.path = self.names.next();
        self.file = File::create(&self.path)?;
        self.files.push(self.path.clone());
        self.size = 0;
        self.times = None;
        self.begin();
        if let Some(keep) = self.rotation.keep {
            while self.files.len() > keep.max(1) {
                // One that somebody else removed is gone as well.
                let _ = fs::remove_file(self.files.remove(0));
            }
        }
        Ok(())
    }

    /// Ends the last file with what the interfaces did.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn finish(&mut self, statistics: &[Statistics]) -> io::Result<()> {
        self.end(statistics)
    }

    /// The file that is being written.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files of this capture that are still there, oldest first.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Packets that were added.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.packets
    }
}

/// What became of a recording, known to whoever asks while it goes on.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// The files that are still there, oldest first.
    pub files: Vec<PathBuf>,
    /// Packets in all files, those that are gone too.
    pub packets: u64,
    /// Packets that came after writing failed.
    pub missed: u64,
    /// Why writing failed.
    pub failed: Option<String>,
}

/// A source whose packets are written to files as they pass. Where writing fails, it goes on without.
pub struct Recorded<S> {
    source: S,
    recorder: Option<Recorder>,
    monitor: Arc<Monitor>,
    recording: Arc<Mutex<Recording>>,
}

impl<S: Source> Recorded<S> {
    /// Writes what `source` gives; remarks go to `monitor`, which also has the statistics.
    pub fn new(source: S, recorder: Recorder, monitor: Arc<Monitor>) -> Self {
        let recording = Recording { files: recorder.files().to_vec(), ..Recording::default() };
        Self { source, recorder: Some(recorder), monitor, recording: Arc::new(Mutex::new(recording)) }
    }

    /// What becomes of the recording.
    #[must_use]
    pub fn recording(&self) -> Arc<Mutex<Recording>> {
        Arc::clone(&self.recording)
    }

    fn write(&mut self, block: &Block, last: bool) {
        let Some(recorder) = &mut self.recorder else {
            let mut recording = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
            recording.missed += block.packets.len() as u64;
            return;
        };
        let result = append(recorder, block, &self.monitor)
            .and_then(|()| if last { recorder.finish(&self.monitor.statistics()) } else { Ok(()) });
        let mut recording = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
        if recording.files.last().map(PathBuf::as_path) != Some(recorder.path()) {
            recording.files.clear();
            recording.files.extend_from_slice(recorder.files());
        }
        if let Err(error) = result {
            let text = format!("{}: {error}", recorder.path().display());
            self.monitor.notice(format!("{text}: nothing more is written; what was written is whole"));
            recording.failed = Some(text);
            // What of the last packets reached the file is not known to the packet.
            recording.missed += block.packets.len() as u64;
            self.recorder = None;
        } else {
            recording.packets = recorder.packets();
        }
    }
}

fn append(recorder: &mut Recorder, block: &Block, monitor: &Monitor) -> io::Result<()> {
    let Block { bytes, packets, .. } = block;
    for packet in packets {
        let start = packet.offset as usize;
        let bytes = bytes.get(start..start + packet.len as usize).unwrap_or_default();
        let Packet { source, time, wire_len, .. } = *packet;
        recorder.packet(source.into(), time, wire_len, bytes, "", || monitor.statistics())?;
    }
    recorder.flush()
}

impl<S: Source> Source for Recorded<S> {
    fn fill(&mut self, block: &mut Block) -> io::Result<Status> {
        let status = self.source.fill(block)?;
        if status != Status::Quiet {
            self.write(block, status == Status::End);
            if status == Status::End {
                self.recorder = None;
            }
        }
        Ok(status)
    }

    fn facts(&self) -> &CaptureFacts {
        self.source.facts()
    }
}

impl<S> Drop for Recorded<S> {
    /// Where what reads the source failed, the file ends as it should all the same.
    fn drop(&mut self) {
        if let Some(mut recorder) = self.recorder.take() {
            // Whoever could be told is gone.
            let _ = recorder.finish(&self.monitor.statistics());
        }
    }
}

#[cfg(test)]
mod tests;
