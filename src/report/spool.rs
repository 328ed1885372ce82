//! Output in parts that grow side by side, to be written one after another.
//!
//! What is longer than a budget of memory waits in a temporary file, which the caller gives; so memory is
//! bounded by that budget and some bytes for each part and each piece of it in the file.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Parts, by keys of the caller's choice.
#[derive(Debug)]
pub(super) struct Spool<S> {
    file: S,
    len: u64,
    parts: BTreeMap<u64, Part>,
    /// Bytes in all `pending` together.
    pending: usize,
    /// Bytes that wait in memory before they go to the file.
    pub(super) budget: usize,
}

#[derive(Debug, Default)]
struct Part {
    /// Pieces in the file: offset and length.
    pieces: Vec<(u64, u64)>,
    /// What is not in the file yet.
    pending: Vec<u8>,
}

impl<S: Read + Write + Seek> Spool<S> {
    /// `file` is empty; it grows to the size of all parts.
    pub(super) const fn new(file: S) -> Self {
        Self { file, len: 0, parts: BTreeMap::new(), pending: 0, budget: BUDGET }
    }

    /// Adds to the end of a part.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub(super) fn append(&mut self, part: u64, bytes: &[u8]) -> io::Result<()> {
        self.parts.entry(part).or_default().pending.extend_from_slice(bytes);
        self.pending += bytes.len();
        if self.pending > self.budget { self.spill() } else { Ok(()) }
    }

    /// Moves everything that waits in memory to the file.
    fn spill(&mut self) -> io::Result<()> {
        let mut gathered = Vec::with_capacity(self.pending);
        for part in self.parts.values_mut().filter(|part| !part.pending.is_empty()) {
            let (offset, len) = (self.len + gathered.len() as u64, part.pending.len() as u64);
            match part.pieces.last_mut() {
                Some(last) if last.0 + last.1 == offset => last.1 += len,
                _ => part.pieces.push((offset, len)),
            }
            gathered.append(&mut part.pending);
            part.pending = Vec::new();
        }
        self.pending = 0;
        self.len += gathered.len() as u64;
        self.file.write_all(&gathered)
    }

    /// Writes a part to `out` and forgets it. Nothing is to be added to any part after that.
    ///
    /// # Errors
    /// Where the file cannot be read, or `out` cannot be written.
    pub(super) fn take(&mut self, part: u64, out: &mut impl Write) -> io::Result<()> {
        let Some(part) = self.parts.remove(&part) else { return Ok(()) };
        for (offset, len) in part.pieces {
            self.file.seek(SeekFrom::Start(offset))?;
            let mut piece = Read::by_ref(&mut self.file).take(len);
            if io::copy(&mut piece, out)? < len {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        out.write_all(&part.pending)
    }
}

/// Bytes that wait in memory where nothing else is said.
const BUDGET: usize = 8 << 20;

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn parts_come_whole_and_in_order() {
        for budget in [0, 5, 1_000] {
            let mut spool = Spool::new(Cursor::new(Vec::new()));
            spool.budget = budget;
            for (part, bytes) in [(2, "b"), (1, "aa"), (1, "a"), (2, "bbb"), (1, "a"), (3, "c")] {
                spool.append(part, bytes.as_bytes()).unwrap();
            }
            let mut out = Vec::new();
            for part in [1, 2, 4, 1] {
                spool.take(part, &mut out).unwrap();
            }
            assert_eq!(String::from_utf8(out).unwrap(), "aaaabbbb", "{budget}");
        }
    }
}
