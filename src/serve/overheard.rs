//! A recording that is read while it is written, by another thread.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// Pieces of the recording that wait to be read; then writing waits too.
const PIECES: usize = 64;

/// How long is waited before there is nothing for now.
const WAIT: Duration = Duration::from_millis(100);

/// A recording's two ends: what is written to the first goes to `file`, if there is one, and to the second.
#[must_use]
pub fn overheard(file: Option<File>) -> (Tee, Arriving) {
    let (heard, pieces) = sync_channel(PIECES);
    (Tee { heard: Some(heard), file }, Arriving { pieces, rest: Vec::new(), at: 0, gave: false })
}

/// Takes a recording.
#[derive(Debug)]
pub struct Tee {
    /// `None` once nobody reads it any more.
    heard: Option<SyncSender<Vec<u8>>>,
    file: Option<File>,
}

impl Write for Tee {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(file) = &mut self.file {
            file.write_all(bytes)?;
        }
        if self.heard.as_ref().is_some_and(|heard| heard.send(bytes.to_vec()).is_err()) {
            self.heard = None;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Gives a recording as it comes: [`io::ErrorKind::WouldBlock`] where there is no more for now.
#[derive(Debug)]
pub struct Arriving {
    pieces: Receiver<Vec<u8>>,
    rest: Vec<u8>,
    at: usize,
    /// It gave something since it last said that there is no more for now.
    gave: bool,
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.rest.len() {
            let wait = if self.gave { Duration::ZERO } else { WAIT };
            match self.pieces.recv_timeout(wait) {
                Ok(piece) => (self.rest, self.at) = (piece, 0),
                Err(RecvTimeoutError::Timeout) => {
                    self.gave = false;
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            }
        }
        let mut rest = self.rest.get(self.at..).unwrap_or_default();
        let count = rest.read(buffer)?;
        self.at += count;
        self.gave = true;
        Ok(count)
    }
}
