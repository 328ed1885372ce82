//! Bookmarks and notes of a capture. They are kept beside it, so that they are there when it is opened again,
//! and travel with it.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::store::Row;
use crate::file::folder;
use crate::place::{Place, What};

/// What is appended to the capture's name.
const SUFFIX: &str = ".wscope.json";

/// What somebody said of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// It has a bookmark.
    pub bookmark: bool,
    /// Words on it; empty = none.
    pub text: String,
}

/// All of a capture, by connection and message.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    file: Option<PathBuf>,
    notes: BTreeMap<(u32, u64), Note>,
}

/// The file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sidecar {
    version: u32,
    notes: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// `3.m41`.
    id: String,
    bookmark: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    note: String,
}

const VERSION: u32 = 1;

impl Notes {
    /// The file with the notes of a capture: `traffic.pcapng.wscope.json`.
    #[must_use]
    pub fn file_of(capture: &Path) -> PathBuf {
        let mut name = capture.as_os_str().to_owned();
        name.push(SUFFIX);
        name.into()
    }

    /// Reads the notes of a capture; there may be none.
    ///
    /// # Errors
    /// Where the file is there and cannot be read, or holds something else.
    pub fn open(capture: &Path) -> io::Result<Self> {
        let file = Self::file_of(capture);
        let bytes = match std::fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { file: Some(file), notes: BTreeMap::new() });
            }
            Err(error) => return Err(named(&file, &error)),
        };
        let sidecar: Sidecar = serde_json::from_slice(&bytes).map_err(|error| named(&file, &error.into()))?;
        if sidecar.version != VERSION {
            let text = format!("version {} of notes is not known", sidecar.version);
            return Err(named(&file, &io::Error::new(io::ErrorKind::InvalidData, text)));
        }
        let mut notes = BTreeMap::new();
        for Entry { id, bookmark, note } in sidecar.notes {
            match id.parse() {
                Ok(Place { conn, what: What::Message(n) }) => {
                    notes.insert((conn, n), Note { bookmark, text: note });
                }
                _ => {
                    let text = format!("`{id}` names no message");
                    return Err(named(&file, &io::Error::new(io::ErrorKind::InvalidData, text)));
                }
            }
        }
        Ok(Self { file: Some(file), notes })
    }

    /// What was said of a message.
    #[must_use]
    pub fn get(&self, row: &Row) -> Option<&Note> {
        self.notes.get(&(row.conn, row.n.into()))
    }

    /// Changes what is said of a message; what says nothing is forgotten.
    pub fn change(&mut self, row: &Row, change: impl FnOnce(&mut Note)) {
        let key = (row.conn, u64::from(row.n));
        let note = self.notes.entry(key).or_default();
        change(note);
        if *note == Note::default() {
            self.notes.remove(&key);
        }
    }

    /// All, by connection and message.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = ((u32, u64), &Note)> {
        self.notes.iter().map(|(key, note)| (*key, note))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.notes.len()
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    /// Writes them beside the capture, all or nothing; without any, the file goes away. Of a capture that is no file,
    /// they are not kept.
    ///
    /// # Errors
    /// Where that cannot be written.
    pub fn save(&self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let written = if self.notes.is_empty() { remove(file) } else { self.write(file) };
        written.map_err(|error| named(file, &error))
    }

    fn write(&self, file: &Path) -> io::Result<()> {
        let entry = |((conn, n), note): ((u32, u64), &Note)| Entry {
            id: Place { conn, what: What::Message(n) }.to_string(),
            bookmark: note.bookmark,
            note: note.text.clone(),
        };
        let sidecar = Sidecar { version: VERSION, notes: self.iter().map(entry).collect() };
        let mut part = NamedTempFile::new_in(folder(file))?;
        serde_json::to_writer_pretty(&mut part, &sidecar)?;
        part.write_all(b"\n")?;
        part.persist(file)?;
        Ok(())
    }
}

fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn named(file: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Dir;
    use crate::report::sample;
    use crate::ws::fact::Kind;

    fn row(conn: u32, n: u32) -> Row {
        let message = sample::message(Dir::C2s, Kind::Text, b"");
        let mut row = Row::new(&message, &mut String::new());
        (row.conn, row.n) = (conn, n);
        row
    }

    #[test]
    fn notes_are_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let capture = folder.path().join("a.pcap");
        let mut notes = Notes::open(&capture).unwrap();
        notes.change(&row(3, 41), |note| note.bookmark = true);
        notes.change(&row(1, 2), |note| note.text = "why \u{202e}this?".to_owned());
        notes.save().unwrap();
        let again = Notes::open(&capture).unwrap();
        assert_eq!(again.get(&row(3, 41)), Some(&Note { bookmark: true, text: String::new() }));
        assert_eq!(again.iter().map(|(key, _)| key).collect::<Vec<_>>(), [(1, 2), (3, 41)]);
        notes.change(&row(3, 41), |note| note.bookmark = false);
        notes.change(&row(1, 2), |note| note.text.clear());
        assert!(notes.is_empty());
        notes.save().unwrap();
        assert!(!Notes::file_of(&capture).exists());
        notes.save().unwrap();
    }

    #[test]
    fn what_is_no_file_of_notes_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let capture = folder.path().join("a.pcap");
        for (text, told) in [
            ("{", "EOF"),
            ("{\"version\":2,\"notes\":[]}", "version 2"),
            ("{\"version\":1,\"notes\":[{\"id\":\"3.f1\",\"bookmark\":true}]}", "`3.f1` names no message"),
            ("{\"version\":1,\"notes\":[],\"more\":1}", "more"),
        ] {
            std::fs::write(Notes::file_of(&capture), text).unwrap();
            let error = Notes::open(&capture).unwrap_err().to_string();
            assert!(error.contains(told) && error.contains("a.pcap.wscope.json"), "{error}");
        }
    }
}
