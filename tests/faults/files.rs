//! Files that change, or are no files, while they are read.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use crate::wscope;

/// A capture of several megabytes.
fn large(folder: &tempfile::TempDir) -> std::path::PathBuf {
    let path = folder.path().join("large.pcapng");
    let made = wscope(&["generate", "-q", "--size", "6M", "-o", path.to_str().unwrap()]).status().unwrap();
    assert!(made.success() && fs::metadata(&path).unwrap().len() > 4 << 20);
    path
}

/// It stands in the middle of the file, with nobody to read what it writes, when the rest of the file goes.
#[test]
fn a_file_that_shrinks() {
    let folder = tempfile::tempdir().unwrap();
    let path = large(&folder);
    let mut child = wscope(&["export", "-j", "1", path.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0; 1]).unwrap();
    File::options().write(true).open(&path).unwrap().set_len(2 << 20).unwrap();
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    let done = child.wait_with_output().unwrap();
    let err = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(0), "{err}");
    assert!(err.starts_with("warning: ") && err.contains(": cut off: the block at byte "), "{err}");
    assert!(rest.lines().last().unwrap().contains(r#""type":"summary""#));
}

/// Two readings of the same file, of which the second finds less.
#[test]
fn a_file_that_is_gone_before_its_packets_are_copied() {
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (large(&folder), folder.path().join("out.pcapng"));
    // Held up at its second reading: the output is a pipe that takes no more.
    let mut child = wscope(&["export", "--to", "pcapng", path.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 1]).unwrap();
    File::options().write(true).open(&path).unwrap().set_len(2 << 20).unwrap();
    let mut rest = Vec::new();
    stdout.read_to_end(&mut rest).unwrap();
    let done = child.wait_with_output().unwrap();
    let err = String::from_utf8(done.stderr).unwrap();
    assert!(!err.contains("panicked"), "{err}");
    assert_eq!(done.status.code(), Some(2), "what is missing is not left out in silence: {err}");
    drop(out);
}

#[test]
fn a_pipe_with_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    if !Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: no mkfifo");
        return;
    }
    let child = wscope(&["show", pipe.to_str().unwrap()]).stdout(Stdio::piped()).spawn().unwrap();
    let capture = fs::read(crate::support::gallery().join("chat-node-ws.pcapng")).unwrap();
    File::options().write(true).open(&pipe).unwrap().write_all(&capture).unwrap();
    let shown = child.wait_with_output().unwrap();
    let expected = wscope(&["show", "chat-node-ws.pcapng"]).output().unwrap();
    assert_eq!((shown.status.code(), shown.stdout), (Some(0), expected.stdout));
}

/// A file that nobody may read is told of by its name. Root may read everything.
#[test]
fn a_file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.pcap");
    fs::write(&path, b"x").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).unwrap();
    if File::open(&path).is_ok() {
        eprintln!("skipped: we may read everything");
        return;
    }
    let done = wscope(&["ls", path.to_str().unwrap()]).output().unwrap();
    let err = String::from_utf8(done.stderr).unwrap();
    assert_eq!(
        (done.status.code(), err),
        (Some(2), format!("error: {}: no permission to read it\n", path.display()))
    );
}
