//! Signals while a file is written: it is there whole, or as it was before.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use crate::wscope;

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits until there is another file beside what was there.
fn begun(folder: &std::path::Path, before: usize) {
    while fs::read_dir(folder).unwrap().count() == before {
        std::thread::yield_now();
    }
}

#[test]
fn an_export_that_is_interrupted_leaves_what_was_there() {
    let capture = fs::read(crate::support::gallery().join("chat-node-ws.pcapng")).unwrap();
    for (signal_name, older) in [("-INT", Some("older")), ("-TERM", None), ("-HUP", Some("older"))] {
        for format in ["ndjson", "json", "csv", "har"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("out");
            if let Some(older) = older {
                fs::write(&path, older).unwrap();
            }
            let before = fs::read_dir(folder.path()).unwrap().count();
            let mut child = wscope(&["export", "-", "--to", format, "-o", path.to_str().unwrap()])
                .stdin(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            // The rest never comes.
            let mut input = child.stdin.take().unwrap();
            input.write_all(&capture[..capture.len() / 2]).unwrap();
            begun(folder.path(), before);
            signal(&child, signal_name);
            let mut line = String::new();
            BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(130), "{signal_name} {format}");
            assert_eq!(line, format!("error: interrupted: {} was not written\n", path.display()));
            assert_eq!(fs::read_to_string(&path).ok().as_deref(), older);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), before, "nothing else is left");
            drop(input);
        }
    }
}

#[test]
fn a_capture_whose_generation_is_interrupted_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.pcapng");
    let mut child = wscope(&["generate", "--size", "100G", "-o", path.to_str().unwrap()])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    begun(folder.path(), 0);
    signal(&child, "-INT");
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(line, format!("error: interrupted: {} was not written\n", path.display()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
