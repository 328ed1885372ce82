//! Files that are written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// The folder that a file is in.
#[must_use]
pub fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// A new file beside another, to take its place once it is whole. Others may read it as any file, unlike what is usual
/// for temporary ones.
///
/// # Errors
/// Where none can be made there.
pub fn part(file: &Path, prefix: &str) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder(file))
}

/// A file that is being written. It takes the place of what was there when it is whole; dropped before, it leaves that as
/// it was. What is no regular file, such as a device, is written as it is, and so is a file beside which none can be
/// made.
#[derive(Debug)]
pub struct Whole {
    file: PathBuf,
    out: Out,
}

#[derive(Debug)]
enum Out {
    Part(NamedTempFile),
    Itself(File),
}

impl Whole {
    /// Begins `file`; `prefix` is that of the part beside it.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn create(file: &Path, prefix: &str) -> io::Result<Self> {
        // Through a link to what it names.
        let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        let there = fs::metadata(&file).ok();
        if there.as_ref().is_none_or(fs::Metadata::is_file)
            // What may not be written is not to be replaced either.
            && there.as_ref().is_none_or(|_| File::options().append(true).open(&file).is_ok())
            && let Ok(part) = part(&file, prefix)
        {
            if let Some(there) = there {
                part.as_file().set_permissions(there.permissions())?;
            }
            return Ok(Self { file, out: Out::Part(part) });
        }
        let out = Out::Itself(File::create(&file)?);
        Ok(Self { file, out })
    }

    /// What there is of it until it is whole, if that is beside it.
    #[must_use]
    pub fn part(&self) -> Option<&Path> {
        match &self.out {
            Out::Part(part) => Some(part.path()),
            Out::Itself(_) => None,
        }
    }

    /// What to say of the file where it does not become whole.
    #[must_use]
    pub const fn remains(&self) -> &'static str {
        match self.out {
            Out::Part(_) => "was not written",
            Out::Itself(_) => "is not complete",
        }
    }

    /// It is whole.
    ///
    /// # Errors
    /// Where it cannot take its place.
    pub fn finish(self) -> io::Result<()> {
        match self.out {
            Out::Part(part) => part.persist(&self.file).map(drop).map_err(|error| error.error),
            Out::Itself(_) => Ok(()),
        }
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.out {
            Out::Part(part) => part.as_file_mut().write(bytes),
            Out::Itself(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_or_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let text = || fs::read_to_string(&path).unwrap();
        let begin = |what: &str| {
            let mut whole = Whole::create(&path, ".part").unwrap();
            whole.write_all(what.as_bytes()).unwrap();
            whole
        };
        let whole = begin("one");
        assert!(!path.exists() && whole.part().is_some_and(Path::exists));
        whole.finish().unwrap();
        drop(begin("two"));
        assert_eq!((text().as_str(), fs::read_dir(folder.path()).unwrap().count()), ("one", 1));
        begin("three").finish().unwrap();
        assert_eq!((text().as_str(), fs::read_dir(folder.path()).unwrap().count()), ("three", 1));
    }

    #[test]
    #[cfg(unix)]
    fn a_link_and_rights_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&path, &link).unwrap();
        let mut whole = Whole::create(&link, ".part").unwrap();
        whole.write_all(b"new").unwrap();
        whole.finish().unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        let null = Whole::create(Path::new("/dev/null"), ".part").unwrap();
        assert!(null.part().is_none());
    }

    #[test]
    fn every_file_is_in_a_folder() {
        for (file, expected) in [("a", "."), ("./a", "."), ("b/a", "b"), ("/a", "/"), ("/", "."), ("", ".")] {
            assert_eq!(folder(Path::new(file)), Path::new(expected), "{file}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_part_is_beside_and_for_all() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("whole");
        let part = part(&file, ".part").unwrap();
        assert_eq!(part.path().parent(), Some(folder.path()));
        let mode = part.as_file().metadata().unwrap().permissions().mode();
        let usual = File::create(&file).unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode, usual);
    }
}
