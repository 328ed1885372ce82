//! When a recording goes on in another file, and how that is called.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::file::folder;

/// When the next file is begun. Without size and time, there is one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// A file is not continued once it has so many bytes.
    pub bytes: Option<u64>,
    /// Nor with packets that came so long after its first, by the packets' times.
    pub time: Option<Duration>,
    /// So many files are kept, of those that this recording wrote; the oldest is removed.
    pub keep: Option<usize>,
}

impl Rotation {
    /// There may be several files.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.bytes.is_some() || self.time.is_some()
    }

    /// A file of so many bytes, whose first packet came so many nanoseconds ago, is not continued.
    pub(super) fn is_due(&self, bytes: u64, nanos: i64) -> bool {
        let age = Duration::from_nanos(u64::try_from(nanos).unwrap_or_default());
        self.bytes.is_some_and(|most| bytes >= most) || self.time.is_some_and(|most| age >= most)
    }
}

/// The names of the files: the one that was given; with rotation, that with a number before its extension, which goes
/// on behind the highest that is there.
#[derive(Debug)]
pub(super) struct Names {
    path: PathBuf,
    /// The number of the latest file; none = they have no numbers.
    last: Option<u64>,
}

impl Names {
    pub(super) fn new(path: &Path, rotation: &Rotation) -> io::Result<Self> {
        let mut names = Self { path: path.to_owned(), last: None };
        if rotation.is_on() {
            names.last = Some(names.highest()?);
        }
        Ok(names)
    }

    pub(super) fn next(&mut self) -> PathBuf {
        let Some(last) = &mut self.last else { return self.path.clone() };
        *last += 1;
        let (stem, extension) = parts(&self.path);
        let mut name = stem;
        name.push(format!("_{last:05}"));
        name.push(extension);
        self.path.with_file_name(name)
    }

    /// The highest number that a file has, 0 without one.
    fn highest(&self) -> io::Result<u64> {
        let (stem, extension) = parts(&self.path);
        let (stem, extension) = (stem.to_string_lossy(), extension.to_string_lossy());
        let mut highest = 0;
        for entry in fs::read_dir(folder(&self.path))? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            let number = name.strip_prefix(&*stem).and_then(|rest| rest.strip_suffix(&*extension));
            let number =
                number.and_then(|rest| rest.strip_prefix('_')).and_then(|digits| digits.parse().ok());
            highest = number.map_or(highest, |number: u64| highest.max(number));
        }
        Ok(highest)
    }
}

/// A file's name without its extension, and the extension with its dot.
fn parts(path: &Path) -> (OsString, OsString) {
    let stem = path.file_stem().unwrap_or_default().to_owned();
    let mut extension = OsString::new();
    if let Some(name) = path.extension() {
        extension.push(".");
        extension.push(name);
    }
    (stem, extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_behind_the_highest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.y.pcapng");
        let rotation = Rotation { bytes: Some(1), ..Rotation::default() };
        let next = |names: &mut Names| names.next().file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(next(&mut Names::new(&path, &rotation).unwrap()), "x.y_00001.pcapng");
        for name in ["x.y_00007.pcapng", "x.y_9x.pcapng", "z_00011.pcapng", "x.y_00012.pcap"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let mut names = Names::new(&path, &rotation).unwrap();
        assert_eq!([next(&mut names), next(&mut names)], ["x.y_00008.pcapng", "x.y_00009.pcapng"]);
        assert_eq!(next(&mut Names::new(&path, &Rotation::default()).unwrap()), "x.y.pcapng");
        assert!(Names::new(Path::new("/no/such/folder/x"), &rotation).is_err());
    }

    #[test]
    fn size_and_time_end_a_file() {
        let both = Rotation { bytes: Some(100), time: Some(Duration::from_secs(1)), keep: None };
        for (bytes, nanos, due) in [
            (99, 999_999_999, false),
            (100, 0, true),
            (0, 1_000_000_000, true),
            // A clock that was set back.
            (0, -5_000_000_000, false),
        ] {
            assert_eq!(both.is_due(bytes, nanos), due, "{bytes} {nanos}");
        }
        assert!(!Rotation::default().is_due(u64::MAX, i64::MAX));
    }
}
