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

#[test]
fn connections_are_listed_as_they_begin_and_end() {
    let (bytes, _) = capture();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing.pcapng");
    let name = path.to_str().unwrap();
    let listed = run(&["ls", support::gallery().join("chat-node-ws.pcapng").to_str().unwrap()]);
    // What was there before is told as `ls` tells it, if it has ended.
    fs::write(&path, &bytes).unwrap();
    let mut running = Running::start(&mut wscope(&["ls", "--follow", name]));
    for line in listed.out.lines() {
        assert_eq!(running.line(), format!("{line}\n"));
    }
    assert_eq!(running.stop().err, listed.err);

    // What comes is told as it comes: the first connection begins.
    fs::write(&path, &bytes[..3_000]).unwrap();
    let append =
        |piece: &[u8]| OpenOptions::new().append(true).open(&path).unwrap().write_all(piece).unwrap();
    let mut running = Running::start(&mut wscope(&["ls", "--follow", name]));
    let cells = |line: String| line.split_whitespace().map(str::to_owned).collect::<Vec<String>>();
    let titles = cells(running.line());
    assert_eq!(titles[..5], ["#", "St", "Start", "For", "Client"]);
    let begun = cells(running.line());
    assert_eq!((&*begun[0], &*begun[1], &*begun[3]), ("1", "●", "-"));
    assert!(begun.ends_with(&["0/0", "0/0", "open", "-"].map(str::to_owned)), "{begun:?}");
    append(&bytes[3_000..]);
    let mut ended: Vec<Vec<String>> = Vec::new();
    while !ended.iter().any(|line| line[0] == "3" && line[1] == "○") {
        ended.push(cells(running.line()));
    }
    ended.retain(|line| line[1] != "●");
    let rows: Vec<Vec<String>> = listed.out.lines().skip(1).map(|line| cells(line.to_owned())).collect();
    assert_eq!(ended, rows);
    let ran = running.stop();
    assert_eq!((ran.code, ran.err), (0, listed.err));
}

/// What a filter selects comes while the file is followed, in every form that can be written bit by bit.
#[test]
fn what_is_followed_is_filtered_as_it_comes() {
    let (bytes, _) = capture();
    let whole = support::gallery().join("chat-node-ws.pcapng");
    let whole = whole.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing.pcapng");
    let name = path.to_str().unwrap();
    for args in [
        &["export", "-Y", "dir == s2c && op == text", "--records", "message"][..],
        &["export", "-Y", "dir == s2c && op == text", "--to", "csv"],
        &["export", "-Y", "dir == s2c && op == text", "--to", "txt"],
        &["export", "-Y", "op == close", "-j4", "--to", "txt"],
        &["ls", "-Y", "msg >= 5", "--json"],
        &["follow", "1", "-Y", "dir == s2c"],
    ] {
        let of = |file| {
            let mut args = args.to_vec();
            args.insert(1, file);
            args
        };
        let all = run(&of(whole));
        assert_eq!(all.code, 0, "{args:?} {}", all.err);
        assert!(all.out.lines().count() > 2, "{args:?} {}", all.out);
        fs::write(&path, &bytes[..12_000]).unwrap();
        // Of what is there, all comes before there is more; but a connection is selected when it has ended.
        let early = if args[0] == "ls" { String::new() } else { run(&of(name)).out };
        let early = early.lines().zip(all.out.lines()).take_while(|(early, all)| early == all).count();
        let mut running = Running::start(wscope(&of(name)).arg("--follow"));
        let mut shown: String = (0..early).map(|_| running.line()).collect();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(&bytes[12_000..]).unwrap();
        shown.extend(all.out.lines().skip(early).map(|_| running.line()));
        assert_eq!(shown, all.out, "{args:?}");
        assert_eq!(running.stop().out, all.out, "{args:?}");
    }
}
