//! Inputs that are still being written: pipes, and files that are followed.
//!
//! They say [`io::ErrorKind::WouldBlock`] where there is no more for now: at once after they gave something,
//! so that it can be shown, and then after each tenth of a second without news.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::decompress::Damaged;

/// How long is waited before there is nothing for now, and how often a file is looked at.
const WAIT: Duration = Duration::from_millis(100);

/// A pipe, or whatever else gives bytes as they come.
pub(crate) struct Pipe {
    input: File,
    stop: Arc<AtomicBool>,
    /// It gave something since it last said that there is no more.
    gave: bool,
}

impl Pipe {
    pub(crate) const fn new(input: File, stop: Arc<AtomicBool>) -> Self {
        Self { input, stop, gave: false }
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.load(Ordering::Relaxed) {
            return Ok(0);
        }
        let wait = if self.gave { Duration::ZERO } else { WAIT };
        if !ready(&self.input, wait)? {
            self.gave = false;
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = self.input.read(buffer)?;
        self.gave = count > 0;
        Ok(count)
    }
}

/// Whether reading gives something, or an end, within `wait`.
#[cfg(unix)]
fn ready(input: &File, wait: Duration) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let wait = Timespec { tv_sec: 0, tv_nsec: wait.subsec_nanos().into() };
    match poll(&mut [PollFd::new(input, PollFlags::IN)], Some(&wait)) {
        Ok(events) => Ok(events > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Nothing tells here: what was given is shown before reading waits for more.
#[cfg(not(unix))]
fn ready(_: &File, wait: Duration) -> io::Result<bool> {
    Ok(wait > Duration::ZERO)
}

/// Standard input without the buffer before it, which would hide whether there is more.
#[cfg(unix)]
pub(crate) fn descriptor(stdin: &io::Stdin) -> Option<io::Result<File>> {
    use std::os::fd::AsFd;

    Some(stdin.as_fd().try_clone_to_owned().map(File::from))
}

/// Standard input without the buffer before it.
#[cfg(not(unix))]
pub(crate) fn descriptor(_: &io::Stdin) -> Option<io::Result<File>> {
    None
}

/// A file that is followed.
pub(crate) struct Growing {
    file: File,
    /// By which it was opened, if it was.
    path: Option<PathBuf>,
    stop: Arc<AtomicBool>,
    position: u64,
    gave: bool,
}

impl Growing {
    pub(crate) fn new(file: File, path: Option<&Path>, stop: Arc<AtomicBool>) -> Self {
        Self { file, path: path.map(Path::to_owned), stop, position: 0, gave: false }
    }

    /// Why there will never be more in it.
    fn ended(&self) -> io::Result<Option<&'static str>> {
        let mine = self.file.metadata()?;
        if mine.len() < self.position {
            return Ok(Some("became shorter while it was followed: what is in it now was not read"));
        }
        let Some(path) = &self.path else { return Ok(None) };
        Ok(match path.metadata() {
            Ok(now) if same(&mine, &now) => None,
            Ok(_) => Some("was replaced by another file while it was followed: that one was not read"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Some("was removed or renamed while it was followed")
            }
            // What was opened can be read all the same.
            Err(_) => None,
        })
    }
}

#[cfg(unix)]
fn same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn same(one: &Metadata, other: &Metadata) -> bool {
    one.created().ok() == other.created().ok()
}

impl Read for Growing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let stopped = self.stop.load(Ordering::Relaxed);
        if !self.gave && !stopped && self.file.metadata()?.len() == self.position {
            thread::sleep(WAIT);
        }
        let ended = self.ended()?;
        let count = self.file.read(buffer)?;
        self.position += count as u64;
        if count > 0 {
            self.gave = true;
            return Ok(count);
        }
        if stopped {
            return Ok(0);
        }
        // It was looked at before it was read to its end, so nothing is missed.
        if let Some(ended) = ended {
            return Err(Damaged::because(ended));
        }
        self.gave = false;
        Err(io::ErrorKind::WouldBlock.into())
    }
}

/// Waits where its input has nothing for now.
pub(crate) struct Waiting<R>(pub(crate) R);

impl<R: Read> Read for Waiting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
        }
    }
}

/// Says after each piece that there is no more for now, so that it is handed on.
pub(crate) struct Pieces<R> {
    input: R,
    gave: bool,
}

impl<R> Pieces<R> {
    pub(crate) const fn new(input: R) -> Self {
        Self { input, gave: false }
    }
}

impl<R: Read> Read for Pieces<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if std::mem::take(&mut self.gave) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = self.input.read(buffer)?;
        self.gave = count > 0;
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
