//! `-w`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Running, can_capture, finished, live, run, wscope};
use crate::talk::{Server, messages};

/// An export without its first record, which names the sources.
fn body(export: &str) -> Vec<&str> {
    export.lines().skip(1).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn what_is_written_is_what_was_shown() {
    if !can_capture() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.pcapng");
    let file = file.to_str().unwrap();
    let server = Server::new();
    let running = live(&["-i", "lo", "-f", &server.bpf(), "--json", "--records", "all", "-w", file]);
    let mut clients = [server.connect(), server.connect()];
    for n in 0..50 {
        clients[n % 2].say(&"x".repeat(n * n));
    }
    for client in clients {
        client.close();
    }
    let ran = running.stop();
    assert_eq!(ran.code, 0, "{}", ran.err);
    let export = run(&["export", "--records", "all", file]);
    assert_eq!((export.code, &*export.err), (0, ""));
    assert_eq!(messages(&export.out).len(), 104);
    assert_eq!(body(&ran.out), body(&export.out));
    assert!(ran.err.contains(&format!(" packets to {file}\n")), "{}", ran.err);
}

#[test]
fn files_rotate_and_the_oldest_go() {
    if !can_capture() {
        return;
    }
    let server = Server::new();
    for keep in [None, Some("2")] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.pcapng");
        let bpf = server.bpf();
        let mut args =
            vec!["-i", "lo", "-f", &bpf, "--json", "-w", file.to_str().unwrap(), "--rotate-size", "50K"];
        args.extend(keep.into_iter().flat_map(|keep| ["--keep", keep]));
        let running = live(&args);
        let mut client = server.connect();
        for _ in 0..30 {
            client.say(&"y".repeat(5_000));
        }
        let said = client.close();
        let ran = running.stop();
        assert_eq!((ran.code, messages(&ran.out)), (0, said.clone()), "{}", ran.err);
        let files = files(folder.path());
        if keep.is_some() {
            assert_eq!(files.len(), 2, "{files:?}");
        } else {
            assert!(files.len() > 4, "{files:?}");
            assert!(files[0].ends_with("x_00001.pcapng"));
            assert!(files.iter().all(|file| file.metadata().unwrap().len() < 80 << 10));
            let names: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
            let export = run(&[&["export"], &*names].concat());
            assert_eq!((export.code, &*export.err, messages(&export.out)), (0, "", said));
        }
        // Each of them is a capture by itself.
        for file in &files {
            let ran = run(&["ls", "--strict", file.to_str().unwrap()]);
            assert_eq!(ran.code, 0, "{}", ran.err);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_becomes_full_is_said_and_what_is_there_is_whole() {
    if !can_capture() {
        return;
    }
    let ran = run(&["live", "-i", "lo", "-w", "/dev/full"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("cannot write /dev/full") && ran.err.contains("No space left"), "{}", ran.err);

    // A limit of the size of files is as good as a full disk.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.pcapng");
    let server = Server::new();
    let program = wscope(&["live", "-i", "lo", "-f", &server.bpf(), "--json", "-w", file.to_str().unwrap()]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 40; exec \"$0\" \"$@\""]).arg(program.get_program());
    shell.args(program.get_args()).env_remove("SUDO_UID");
    let mut running = Running::start(&mut shell);
    running.says("listening on");
    let mut client = server.connect();
    for _ in 0..10 {
        client.say(&"z".repeat(5_000));
    }
    running.says("nothing more is written; what was written is whole");
    let said = client.close();
    let ran = running.stop();
    assert_eq!((ran.code, messages(&ran.out)), (2, said), "{}", ran.err);
    let export = run(&["export", "--strict", file.to_str().unwrap()]);
    assert_eq!((export.code, &*export.err), (0, ""));
    assert!(export.out.contains("zzzz"));
}

#[test]
fn what_cannot_be_created_is_said_before_anything_else() {
    if !can_capture() {
        return;
    }
    for (file, why) in [("/nonexistent/x.pcapng", "No such file"), ("-", "-w writes a file")] {
        let ran = finished(&mut wscope(&["live", "-i", "lo", "-w", file]));
        assert_eq!((ran.code, &*ran.out), (2, ""));
        assert!(ran.err.contains(why), "{}", ran.err);
    }
}
