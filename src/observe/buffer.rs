//! A buffer for output that is written in whole words.

use std::io;
use std::ops::Deref;

/// Bytes that grow at the end. What lies past the end is initialised too, and stays so when the buffer
/// is emptied, so that a writer may store more than counts without paying for zeros each time.
#[derive(Debug, Default)]
pub struct Buffer {
    room: Vec<u8>,
    len: usize,
}

/// A buffer that is emptied keeps no more room than this.
const KEPT: usize = 8 << 20;

impl Buffer {
    /// Appends bytes.
    #[inline]
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.spare(bytes.len()).copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// Appends a byte.
    #[inline]
    pub fn push(&mut self, byte: u8) {
        self.extend_from_slice(&[byte]);
    }

    /// `count` bytes past the end, to be written.
    #[inline]
    pub fn spare(&mut self, count: usize) -> &mut [u8] {
        let end = self.len + count;
        if self.room.len() < end {
            self.grow(end);
        }
        self.room.get_mut(self.len..end).unwrap_or_default()
    }

    /// The first `count` bytes past the end count now; they must have been asked for as spare.
    #[inline]
    pub fn advance(&mut self, count: usize) {
        self.len = (self.len + count).min(self.room.len());
    }

    /// Empties the buffer.
    pub fn clear(&mut self) {
        self.len = 0;
        if self.room.len() > KEPT {
            self.room = Vec::new();
        }
    }

    #[cold]
    fn grow(&mut self, end: usize) {
        self.room.resize(end.max(self.room.len() * 2).max(4 << 10), 0);
    }
}

impl Deref for Buffer {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.room.get(..self.len).unwrap_or_default()
    }
}

impl io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_is_what_was_advanced_over() {
        let mut buffer = Buffer::default();
        buffer.extend_from_slice(b"ab");
        buffer.spare(10)[..3].copy_from_slice(b"cde");
        buffer.advance(2);
        buffer.push(b'!');
        assert_eq!(&*buffer, b"abcd!");
        buffer.clear();
        assert!(buffer.is_empty());
    }
}
