//! The captures that are shown, so that packets can be read from them again.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;

use crate::capture::open::{Opened, open, open_through};
use crate::limits::Limits;

/// The files of a capture. What can be read only once (standard input, a pipe) is copied to a temporary
/// file while it is read; that is deleted with the last clone of this.
#[derive(Clone, Debug)]
pub struct Files {
    named: Arc<[PathBuf]>,
    copies: Arc<[Option<NamedTempFile>]>,
    compressed: Arc<[bool]>,
}

impl Files {
    /// Opens files as one capture, as [`open`] does.
    ///
    /// # Errors
    /// As [`open`], and where there is no room for a temporary file.
    pub fn open(named: &[PathBuf], limits: &Limits) -> io::Result<(Self, Opened)> {
        let mut copies = Vec::with_capacity(named.len());
        let opened = open_through(named, limits, &mut |index, input| {
            if named.get(index).is_none_or(|path| can_be_reopened(path)) {
                copies.push(None);
                return Ok(input);
            }
            let copy = NamedTempFile::new()?;
            let file = copy.reopen()?;
            copies.push(Some(copy));
            Ok(Box::new(Copying { input, file }))
        })?;
        let compressed = opened.source.facts().compressed.clone();
        let files = Self { named: named.into(), copies: copies.into(), compressed: compressed.into() };
        Ok((files, opened))
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

    /// Opens all of them as one capture once more.
    pub(crate) fn again(&self, limits: &Limits) -> io::Result<Opened> {
        let paths: Vec<&Path> = (0..self.named.len()).map(|source| self.path(source as u16)).collect();
        open(&paths, limits)
    }

    /// Some can be read again only when they were read to their end.
    pub(super) fn any_copied(&self) -> bool {
        self.copies.iter().any(Option::is_some)
    }

    /// The files, as they were named.
    pub(super) fn named(&self) -> &[PathBuf] {
        &self.named
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
