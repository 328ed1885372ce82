//! The captures that are shown, so that packets can be read from them again.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tempfile::NamedTempFile;

use super::spool::{Cut, Replay, Spool};
use crate::capture::open::{Opened, Opening, open, open_through, open_with};
use crate::engine::{Checkpoints, Config};
use crate::limits::Limits;

/// The files of a capture. What can be read only once (standard input, a pipe) is copied to a temporary
/// file while it is read; that is deleted with the last clone of this. Packets that lie in no file at all are in a [`Spool`].
#[derive(Clone, Debug)]
pub struct Files {
    named: Arc<[PathBuf]>,
    copies: Arc<[Option<NamedTempFile>]>,
    compressed: Arc<[bool]>,
    /// How many of them are still growing.
    growing: Arc<AtomicUsize>,
    /// Has the packets of all sources, instead of files.
    spool: Option<Spool>,
    /// Files that are named may still be being written.
    followed: bool,
    /// The number of the last packet of the spool that is read.
    until: Option<u64>,
    /// What of the spool went before that.
    cut: Option<Arc<Cut>>,
    /// States of connections, not to decode them from their start. Of a spool there are none: what they stand for goes.
    checkpoints: Option<Arc<Checkpoints>>,
}

/// What is decoded between two states that are kept of a connection: that takes some 5 to 20 ms. And what all states
/// take at most, in bytes: some hundred of connections that are compressed, thousands of others.
const EVERY: u64 = 8 << 20;
const ROOM: usize = 16 << 20;

impl Files {
    /// Opens files as one capture, as [`open`] does.
    ///
    /// # Errors
    /// As [`open`], and where there is no room for a temporary file.
    pub fn open(named: &[PathBuf], limits: &Limits) -> io::Result<(Self, Opened)> {
        Self::open_with(named, &Opening { limits: limits.clone(), ..Opening::default() })
    }

    /// As [`Files::open`], with more to say about how.
    ///
    /// # Errors
    /// As [`Files::open`].
    pub fn open_with(named: &[PathBuf], opening: &Opening) -> io::Result<(Self, Opened)> {
        let mut copies = Vec::with_capacity(named.len());
        let growing = Arc::<AtomicUsize>::default();
        let opened = open_with(named, opening, &mut |index, input| {
            if named.get(index).is_none_or(|path| can_be_reopened(path)) {
                copies.push(None);
                if !opening.follow {
                    return Ok(input);
                }
                return Ok(Box::new(Followed { input, _growing: Growing::new(&growing) }));
            }
            let copy = NamedTempFile::new()?;
            let file = copy.reopen()?;
            copies.push(Some(copy));
            Ok(Box::new(Copying { input, file, _growing: Growing::new(&growing) }))
        })?;
        let compressed = opened.source.facts().compressed.clone();
        let (named, copies) = (named.into(), copies.into());
        let followed = opening.follow;
        let files = Self {
            named,
            copies,
            compressed: compressed.into(),
            growing,
            spool: None,
            followed,
            until: None,
            cut: None,
            checkpoints: Some(Arc::new(Checkpoints::new(EVERY, ROOM))),
        };
        Ok((files, opened))
    }

    /// Of packets that are kept in a spool.
    #[must_use]
    pub fn of_spool(name: PathBuf, spool: Spool) -> Self {
        Self {
            named: [name].into(),
            copies: [].into(),
            compressed: [].into(),
            growing: Arc::default(),
            spool: Some(spool),
            followed: false,
            until: None,
            cut: None,
            checkpoints: None,
        }
    }

    /// Where packets are that lie in no file.
    pub(super) const fn spool(&self) -> Option<&Spool> {
        self.spool.as_ref()
    }

    /// The same, without what is still to come where that is possible: of a spool.
    #[must_use]
    pub(super) fn so_far(&self) -> Self {
        let until = self.spool.as_ref().map(Spool::packets);
        Self { until: self.until.or(until), ..self.now() }
    }

    /// The same, as of now: what goes later is there, or is not.
    #[must_use]
    pub(super) fn now(&self) -> Self {
        let cut = || self.spool.as_ref().and_then(Spool::cut);
        Self { cut: self.cut.clone().or_else(cut), ..self.clone() }
    }

    /// How it is to be decoded: where a part is gone, connections are not counted from the first.
    pub(super) fn config(&self, config: &Config) -> Config {
        let numbering = self.cut.as_ref().map(|cut| Arc::clone(&cut.numbering));
        let threads = if numbering.is_some() { 1 } else { config.threads };
        Config { numbering, threads, ..config.clone() }
    }

    /// The name of a source, as it was given.
    fn name(&self, source: u16) -> &Path {
        self.named.get(usize::from(source)).map_or(Path::new(""), PathBuf::as_path)
    }

    /// Where a source's bytes can be read again.
    fn path(&self, source: u16) -> &Path {
        match self.copies.get(usize::from(source)) {
            Some(Some(copy)) => copy.path(),
            _ => self.name(source),
        }
    }

    /// A source is compressed: its packets cannot be read one by one.
    pub(super) fn compressed(&self, source: u16) -> bool {
        self.compressed.get(usize::from(source)).copied().unwrap_or_default()
    }

    /// Some source is.
    pub(super) fn any_compressed(&self) -> bool {
        self.compressed.contains(&true)
    }

    /// Opens all of them as one capture once more. Where a copy is still growing, reading waits for more of it, for as long as
    /// it is `wanted`.
    pub(crate) fn again(
        &self,
        limits: &Limits,
        wanted: impl Fn() -> bool + Clone + Send + 'static,
    ) -> io::Result<Opened> {
        let grows = self.grows();
        if let Some(spool) = &self.spool {
            let size = self.until.map(|_| spool.bytes());
            return Ok(Opened {
                source: Box::new(Replay::new(spool, self.until, self.cut.clone())),
                size,
                growing: grows,
            });
        }
        let opened = open_through(&self.paths(), limits, &mut |index, input| {
            if !self.followed && self.copies.get(index).is_none_or(Option::is_none) {
                return Ok(input);
            }
            let (growing, wanted) = (Arc::clone(&self.growing), wanted.clone());
            Ok(Box::new(Following { input, growing, wanted }))
        })?;
        // How large it will be is not known.
        Ok(Opened { size: opened.size.filter(|_| !grows), ..opened })
    }

    /// Where states of its connections are kept, if they are.
    pub(super) fn checkpoints(&self) -> Option<Arc<Checkpoints>> {
        self.checkpoints.clone()
    }

    /// The files, as they were named.
    pub(super) fn named(&self) -> &[PathBuf] {
        &self.named
    }

    /// Where they can be read again; nowhere where packets lie in no file.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        if self.spool.is_some() {
            return Vec::new();
        }
        (0..self.named.len()).map(|source| self.path(source as u16).to_owned()).collect()
    }

    /// Some of them are still growing.
    pub(super) fn grows(&self) -> bool {
        self.until.is_none()
            && (self.growing.load(Ordering::Acquire) > 0 || self.spool.as_ref().is_some_and(Spool::grows))
    }

    /// Opens a source to read packets at their offsets.
    pub(super) fn file(&self, source: u16) -> io::Result<File> {
        File::open(self.path(source)).map_err(|error| self.failed(source, &error))
    }

    /// Opens a source to read it from the start.
    pub(super) fn stream(&self, source: u16, limits: &Limits) -> io::Result<Opened> {
        open(&[self.path(source)], limits)
    }

    /// An error of a source, with its name.
    pub(super) fn failed(&self, source: u16, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: {error}", self.name(source).display()))
    }
}

/// A file gives the same bytes again.
fn can_be_reopened(path: &Path) -> bool {
    path.as_os_str() != OsStr::new("-") && path.metadata().is_ok_and(|metadata| metadata.is_file())
}

/// Copies what is read through it.
struct Copying {
    input: Box<dyn Read + Send>,
    file: File,
    _growing: Growing,
}

/// While there is one, a file is growing.
struct Growing(Arc<AtomicUsize>);

impl Growing {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Reads a file that may still be being written.
struct Followed {
    input: Box<dyn Read + Send>,
    _growing: Growing,
}

impl Read for Followed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer)
    }
}

/// Reads a copy that may still be growing: its end is where nothing more comes.
struct Following<F> {
    input: Box<dyn Read + Send>,
    growing: Arc<AtomicUsize>,
    wanted: F,
}

impl<F: Fn() -> bool> Read for Following<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        /// Until it is looked again whether there is more.
        const PAUSE: Duration = Duration::from_millis(20);
        loop {
            // Asked first: what was written before the copy was complete is read then.
            let grows = self.growing.load(Ordering::Acquire) > 0;
            let count = self.input.read(buffer)?;
            if count > 0 || !grows || buffer.is_empty() {
                return Ok(count);
            }
            if !(self.wanted)() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            thread::sleep(PAUSE);
        }
    }
}

impl Read for Copying {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.file.write_all(buffer.get(..count).unwrap_or_default()).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot keep a copy in a temporary file: {error}"))
        })?;
        Ok(count)
    }
}
