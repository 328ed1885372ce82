//! Captures that are still being written: pipes, and files that are followed.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;
use std::{slice, thread};

use crate::run::{Running, run, wscope};
use crate::support;

/// A capture of ours, its messages as `show` prints them, and where to cut it.
fn capture() -> (Vec<u8>, Vec<String>) {
    let path = support::gallery().join("chat-node-ws.pcapng");
    let shown = run(&["show", path.to_str().unwrap()]).out;
    (fs::read(path).unwrap(), shown.lines().map(|line| format!("{line}\n")).collect())
}

#[test]
fn a_pipe_that_trickles_is_shown_as_it_comes() {
    let (bytes, lines) = capture();
    for args in [&["show", "-"][..], &["show", "-j4", "-"]] {
        let mut running = Running::start(wscope(args).stdin(Stdio::piped()));
        let mut pipe = running.child.stdin.take().unwrap();
        let mut sent = 0;
        let mut shown = Vec::new();
        // Half of it, byte by byte at first: what has come must be shown while the pipe is open.
        for piece in bytes[..3_000].chunks(1).chain(bytes[3_000..12_000].chunks(1_000)) {
            pipe.write_all(piece).unwrap();
            sent += piece.len();
        }
        assert_eq!(sent, 12_000);
        while shown.len() < 5 {
            shown.push(running.line());
        }
        assert_eq!(shown, lines[..5]);
        pipe.write_all(&bytes[12_000..]).unwrap();
        drop(pipe);
        let ran = running.finish();
        assert_eq!((ran.code, ran.out), (0, lines.concat()));
    }
}

#[test]
fn a_compressed_pipe_is_shown_as_it_comes() {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    let (bytes, lines) = capture();
    let mut running = Running::start(wscope(&["show", "-"]).stdin(Stdio::piped()));
    let mut encoder = GzEncoder::new(running.child.stdin.take().unwrap(), Compression::fast());
    encoder.write_all(&bytes[..12_000]).unwrap();
    encoder.flush().unwrap();
    let shown: Vec<String> = (0..5).map(|_| running.line()).collect();
    assert_eq!(shown, lines[..5]);
    encoder.write_all(&bytes[12_000..]).unwrap();
    drop(encoder);
    assert_eq!(running.finish().out, lines.concat());
}

#[test]
fn a_file_is_followed_until_ctrl_c() {
    let (bytes, lines) = capture();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing.pcapng");
    fs::write(&path, &bytes[..10]).unwrap();
    let append =
        |piece: &[u8]| OpenOptions::new().append(true).open(&path).unwrap().write_all(piece).unwrap();
    let mut running = Running::start(&mut wscope(&["show", "--follow", path.to_str().unwrap()]));
    thread::sleep(Duration::from_millis(200));
    for piece in bytes[10..12_001].chunks(3_331) {
        append(piece);
        thread::sleep(Duration::from_millis(30));
    }
    let mut shown: Vec<String> = (0..5).map(|_| running.line()).collect();
    append(&bytes[12_001..]);
    while shown.len() < lines.len() {
        shown.push(running.line());
    }
    assert_eq!(shown, lines);
    let ran = running.stop();
    assert_eq!((ran.code, &*ran.err), (0, ""));
    assert_eq!(ran.out, lines.concat());
}

#[test]
fn an_export_of_a_followed_file_is_that_of_the_whole_file() {
    let (bytes, _) = capture();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing.pcapng");
    fs::write(&path, &bytes).unwrap();
    let name = path.to_str().unwrap();
    let whole = run(&["export", name]).out;
    let mut running = Running::start(&mut wscope(&["export", "--follow", name]));
    while !running.line().contains(r#""conn":3"#) {}
    let ran = running.stop();
    assert_eq!((ran.code, ran.out), (0, whole));
    let ran = run(&["export", "--to", "har", "--follow", name]);
    assert_eq!((ran.code, &*ran.err), (2, "error: --follow works with --to ndjson, csv and txt only\n"));
}

#[test]
fn a_file_that_is_replaced_ends_what_follows_it() {
    let (bytes, lines) = capture();
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("x"), folder.path().join("y"));
    for path in [&path, &other] {
        fs::write(path, &bytes).unwrap();
    }
    let mut running = Running::start(&mut wscope(&["show", "--follow", path.to_str().unwrap()]));
    let first = running.line();
    assert_eq!(slice::from_ref(&first), &lines[..1]);
    fs::rename(other, &path).unwrap();
    let ran = running.finish();
    assert_eq!((ran.code, ran.out), (0, lines.concat()));
    assert!(ran.err.contains("x: was replaced by another file while it was followed"), "{}", ran.err);
}
