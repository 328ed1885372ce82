//! The filters that were used before, in a file of the user's.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use etcetera::base_strategy::{BaseStrategy as _, Xdg};

/// How many are kept.
const KEPT: usize = 200;

/// Longer ones are not kept, in bytes.
const LONGEST: usize = 4 << 10;

/// Filters, the latest last, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    entries: Vec<String>,
    path: Option<PathBuf>,
}

impl History {
    /// Where it is kept: `wscope/history` in `$XDG_STATE_HOME`. `None` where the user has no home.
    #[must_use]
    pub fn path() -> Option<PathBuf> {
        Some(Xdg::new().ok()?.state_dir()?.join("wscope").join("history"))
    }

    /// Reads the file at `path`, and keeps what comes in it; where there is none, it is made. A file that cannot be read is
    /// as good as an empty one.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        let bytes = fs::read(&path).unwrap_or_default();
        let mut history = Self::default();
        for line in String::from_utf8_lossy(&bytes).lines() {
            history.push(line);
        }
        Self { path: Some(path), ..history }
    }

    /// The filters, the latest first.
    pub fn latest(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().rev().map(String::as_str)
    }

    /// A filter was used.
    ///
    /// # Errors
    /// Where the file cannot be written. The filter is remembered all the same.
    pub fn add(&mut self, filter: &str) -> io::Result<()> {
        if !self.push(filter) {
            return Ok(());
        }
        self.path.as_deref().map_or(Ok(()), |path| write(path, &self.entries))
    }

    fn push(&mut self, filter: &str) -> bool {
        let filter = filter.trim();
        let odd = filter.is_empty() || filter.len() > LONGEST || filter.chars().any(char::is_control);
        if odd || self.entries.last().is_some_and(|last| last == filter) {
            return false;
        }
        self.entries.retain(|other| other != filter);
        self.entries.push(filter.to_owned());
        let more = self.entries.len().saturating_sub(KEPT);
        self.entries.drain(..more);
        true
    }
}

/// Replaces the file, so that it is never half of one. Nobody else may read it: filters hold what was looked for.
fn write(path: &Path, entries: &[String]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // Files of this kind are the owner's only.
    let mut file = tempfile::Builder::new().prefix(".history").make_in(folder, |path| {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path)
    })?;
    for entry in entries {
        writeln!(file, "{entry}")?;
    }
    file.persist(path).map(|_| ()).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/wscope/history");
        let mut history = History::at(path.clone());
        for filter in ["ping", "pong", " ping ", "ping", "", "a\nb"] {
            history.add(filter).unwrap();
        }
        assert_eq!(history.latest().collect::<Vec<_>>(), ["ping", "pong"]);
        let mut again = History::at(path.clone());
        assert_eq!(again, history);
        for n in 0..300 {
            again.add(&format!("len == {n}")).unwrap();
        }
        let read = History::at(path.clone());
        assert_eq!((read.latest().count(), read.latest().next()), (KEPT, Some("len == 299")));
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777,
            0o600
        );
        // What is no text is no harm.
        fs::write(&path, b"\xff\xfe\nping\n").unwrap();
        assert_eq!(History::at(path).latest().next(), Some("ping"));
    }

    #[test]
    fn without_a_file_it_lasts_as_long_as_the_program() {
        let mut history = History::default();
        history.add("ping").unwrap();
        assert_eq!(history.latest().next(), Some("ping"));
    }
}
