//! Where packets lie in their files, found again by their numbers.
//!
//! The files are opened and merged just as a run does it, so that packets have the same numbers; what
//! they hold is not decoded.

use std::io;
use std::path::{Path, PathBuf};

use super::open::{STDIN, open};
use super::source::{Block, LinkType, Source, Status};
use crate::limits::Limits;
use crate::time::Timestamp;

/// Where a packet lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located {
    /// The file, by its index among those named.
    pub source: u16,
    /// Offset of the packet's first byte in the file; where that is compressed, in what it
    /// decompresses to.
    pub file_offset: u64,
    /// Bytes of the packet that the file holds.
    pub len: u32,
    /// What the packet begins with.
    pub link: LinkType,
    /// When it was captured. A packet that has another time than in the run is not the same: the files
    /// were changed.
    pub time: Timestamp,
    /// The file is compressed.
    pub compressed: bool,
}

/// Finds packets by their numbers, which count from 1 over all of `files`. The answers are in the order of
/// `packets`, which need not be sorted; the files are read up to the last of them.
///
/// A packet that is not there (any more) has no place. Nothing has, where one of the files cannot be read
/// twice (standard input, a pipe) or is a capture no longer.
///
/// # Errors
/// Where a file cannot be opened or read; the message starts with its name.
pub fn locate(files: &[PathBuf], limits: &Limits, packets: &[u64]) -> io::Result<Vec<Option<Located>>> {
    if packets.is_empty() || !files.iter().all(|file| can_be_reopened(file)) {
        return Ok(vec![None; packets.len()]);
    }
    match open(files, limits) {
        Ok(mut opened) => find(&mut *opened.source, packets),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(vec![None; packets.len()]),
        Err(error) => Err(error),
    }
}

/// Reads `source` up to the last of `packets`.
fn find(source: &mut dyn Source, packets: &[u64]) -> io::Result<Vec<Option<Located>>> {
    let mut found = vec![None; packets.len()];
    let mut wanted: Vec<(u64, usize)> = packets.iter().copied().zip(0..).collect();
    wanted.sort_unstable();
    let mut wanted = wanted.into_iter().skip_while(|(number, _)| *number == 0).peekable();
    let mut block = Block::default();
    // The number of the block's first packet.
    let mut first: u64 = 1;
    while wanted.peek().is_some() {
        let status = source.fill(&mut block)?;
        let next = first + block.packets.len() as u64;
        while let Some((number, answer)) = wanted.next_if(|(number, _)| *number < next) {
            let packet = usize::try_from(number - first).ok().and_then(|index| block.packets.get(index));
            let (Some(packet), Some(slot)) = (packet, found.get_mut(answer)) else { continue };
            let compressed = source.facts().compressed.get(usize::from(packet.source));
            *slot = Some(Located {
                source: packet.source,
                file_offset: packet.file_offset,
                len: packet.len,
                link: packet.link,
                time: packet.time,
                compressed: compressed.copied().unwrap_or_default(),
            });
        }
        first = next;
        if status == Status::End {
            break;
        }
    }
    Ok(found)
}

/// Whether a file gives the same bytes again. Opening a pipe once more would wait for a writer.
/// What is not there at all is for [`open`] to tell.
fn can_be_reopened(file: &Path) -> bool {
    file.as_os_str() != STDIN && file.metadata().map_or(true, |metadata| metadata.is_file())
}

#[cfg(test)]
mod tests;
