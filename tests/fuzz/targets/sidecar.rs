//! Files that go beside a capture: a baseline, notes.

use std::fs;
use std::path::Path;

use wscope::audit::baseline::{Baseline, Draft};
use wscope::tui::notes::Notes;

/// A file, read as each of them. What is read and written is read again as the same.
pub fn sidecar(data: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("baseline.json");
    let baseline = Baseline::parse(data, &file);
    fs::write(&file, data).unwrap();
    if let Ok(draft) = Draft::open(&file) {
        assert!(baseline.is_ok());
        draft.write(&file).unwrap();
        let written = fs::read(&file).unwrap();
        let again = Draft::open(&file).unwrap();
        assert_eq!(again.len(), draft.len());
        again.write(&file).unwrap();
        assert_eq!(fs::read(&file).unwrap(), written);
    }
    let capture = folder.path().join("capture.pcapng");
    fs::write(Notes::file_of(&capture), data).unwrap();
    if let Ok(notes) = Notes::open(&capture) {
        notes.save().unwrap();
        let again = Notes::open(Path::new(&capture)).unwrap();
        assert!(again.iter().eq(notes.iter()));
    }
}
