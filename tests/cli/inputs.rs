//! Where captures come from, what may be wrong with them, and where the output cannot go.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::run::{capture, file, output, run, run_with, wscope};
use crate::support;

const CHAT: &str = "chat-node-ws.pcapng";

#[test]
fn what_is_no_capture() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_string_lossy().into_owned()
    };
    for (file, remark) in [
        ("missing.pcap".to_owned(), "there is no such file"),
        (folder.path().to_string_lossy().into_owned(), "is a directory"),
        (path("empty", b""), "is an empty file"),
        (path("text", b"hello, world\n"), "is text, not a capture"),
        (path("garbage", &[0xc3, 0x7a, 0, 1, 2, 3, 4, 5, 6, 7, 0xff, 0xfe]), "is not a capture"),
    ] {
        for args in [
            &["ls", &file][..],
            &["show", &file],
            &["inspect", &file, "1"],
            &["follow", &file, "1"],
            &["export", &file],
            &["stats", &file],
            &[&file],
            &["ls", CHAT, &file],
        ] {
            let ran = run(args);
            assert_eq!((ran.code, ran.text()), (2, ""), "{args:?}");
            assert!(ran.err.starts_with("error: ") && ran.err.contains(remark), "{args:?}: {}", ran.err);
            assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
        }
    }
    let ran = run(&["ls"]);
    assert_eq!(
        ran.all(),
        "--- stderr ---\nerror: no capture was named; write its path, or - for standard input\n--- exit 2 ---\n"
    );
}

#[test]
fn standard_input_and_containers() {
    let expected = output(&["show", CHAT]);
    assert_eq!(run_with(&["show", "-"], &capture(CHAT)).text(), expected);
    assert_eq!(output(&["show", "-r", CHAT]), expected);
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(&capture(CHAT)).unwrap();
    let gz = gz.finish().unwrap();
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(&capture(CHAT)).unwrap();
    let lz4 = lz4.finish().unwrap();
    let zst =
        ruzstd::encoding::compress_to_vec(&capture(CHAT)[..], ruzstd::encoding::CompressionLevel::Fastest);
    for packed in [gz, lz4, zst] {
        let (_folder, path) = file("packed", &packed);
        assert_eq!(output(&["show", path.to_str().unwrap()]), expected);
        assert_eq!(run_with(&["show", "-"], &packed).text(), expected);
    }
    let twice = run_with(&["ls", "-", "-"], &capture(CHAT));
    assert!(twice.code == 2 && twice.err.contains("only once"), "{twice:?}");
}

#[test]
fn several_files_are_merged_by_time() {
    let both = output(&["show", "--time", "iso", "close-codes.pcapng", CHAT]);
    let times: Vec<&str> = both.lines().map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    assert!(times.is_sorted());
    let lines = |name| output(&["show", name]).lines().count();
    assert_eq!(times.len(), lines(CHAT) + lines("close-codes.pcapng"));
    assert_eq!(both, output(&["show", "--time", "iso", CHAT, "-r", "close-codes.pcapng"]));
}

#[test]
fn a_cut_file_is_a_warning_unless_strict() {
    let (_folder, path) = file("cut.pcapng", &capture(CHAT)[..3_000]);
    let path = path.to_str().unwrap();
    for (args, code) in
        [(&["ls", path][..], 0), (&["ls", "--strict", path], 2), (&["ls", "-q", "--strict", path], 2)]
    {
        let ran = run(args);
        assert_eq!(ran.code, code, "{args:?}");
        assert!(
            ran.err.starts_with("warning: ") && ran.err.contains("cut off: the block at byte"),
            "{}",
            ran.err
        );
        assert!(ran.text().contains("/chat?name=Ana"), "what is there is shown");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for args in [
        &["show", "large-messages.pcap.gz"][..],
        &["show", "--payload-only", "large-messages.pcap.gz"],
        &["export", "large-messages.pcap.gz"],
        &["export", "--to", "har", "large-messages.pcap.gz"],
        &["follow", "large-messages.pcap.gz", "1"],
        &["schema"],
        &["man"],
        &["completions", "bash"],
    ] {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("wscope"))
            .args(args)
            .current_dir(support::gallery())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdout.take().unwrap().read_exact(&mut [0; 1]).unwrap();
        let done = child.wait_with_output().unwrap();
        assert_eq!((done.status.code(), &*done.stderr), (Some(0), &b""[..]), "{args:?}");
    }
}

#[test]
fn an_output_file() {
    let (_folder, path) = file("out.ndjson", b"older");
    let name = path.to_str().unwrap();
    // What cannot be read leaves the older output as it is.
    assert_eq!(run(&["export", "-o", name, "missing.pcap"]).code, 2);
    assert_eq!(fs::read(&path).unwrap(), b"older");
    let ran = run(&["export", "-o", name, CHAT]);
    assert_eq!((ran.code, ran.text()), (0, ""));
    assert_eq!(ran.err, format!("wrote {name} from 3 connections with 24 messages\n"));
    assert_eq!(fs::read_to_string(&path).unwrap(), output(&["export", CHAT]));
    assert_eq!(run(&["export", "-q", "-o", name, CHAT]).err, "");
    let lost = run(&["export", "-o", "no/such/folder/x", CHAT]);
    assert!(lost.code == 2 && lost.err.contains("cannot write no/such/folder/x"), "{}", lost.err);
}

#[test]
fn a_capture_is_never_overwritten() {
    let (_folder, path) = file("a.pcapng", &capture(CHAT));
    let name = path.to_str().unwrap();
    let ran = run(&["export", "-o", name, name]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("is the capture itself"), "{}", ran.err);
    assert_eq!(fs::read(&path).unwrap(), capture(CHAT));
}

/// Ctrl-C ends the program by the signal, which every shell turns into 130.
#[cfg(unix)]
#[test]
fn an_interrupt_ends_it() {
    use std::os::unix::process::ExitStatusExt as _;
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("wscope"))
        .args(["show", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(&capture(CHAT)[..2_000]).unwrap();
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    assert_eq!(child.wait().unwrap().signal(), Some(2));
}

#[test]
fn colours_are_for_those_who_ask() {
    let plain = output(&["follow", CHAT, "1"]);
    assert!(!plain.contains('\x1b'));
    let colored = output(&["follow", CHAT, "1", "--color", "always"]);
    assert!(colored.contains("\x1b[36m"), "{colored:?}");
    let off = wscope(&["follow", CHAT, "1", "--color", "auto"]).env("NO_COLOR", "1").output().unwrap();
    assert_eq!(off.stdout, plain.as_bytes());
    let never = run(&["ls", "--color", "never", "missing"]);
    assert_eq!(never.err, "error: missing: there is no such file\n");
}

/// A file that is read while it is open elsewhere, as a running `tcpdump -w` leaves it.
#[test]
fn a_capture_that_is_still_written() {
    let (_folder, path) = file("growing.pcapng", &capture(CHAT)[..5_000]);
    let _writer = File::options().append(true).open(&path).unwrap();
    assert_eq!(run(&["ls", path.to_str().unwrap()]).code, 0);
}

#[test]
fn drops_that_a_capture_tells_of_are_told() {
    use wscope::capture::source::LinkType;
    use wscope::capture::write;
    use wscope::time::Timestamp;

    let mut bytes = Vec::new();
    write::section(&mut bytes);
    write::interface(&mut bytes, LinkType(1));
    let statistics = write::Statistics { received: 9, dropped_by_interface: 1, dropped_by_system: 4 };
    write::statistics(&mut bytes, 0, Timestamp::from_nanos(1), &statistics);
    let ran = run_with(&["export", "-"], &bytes);
    assert_eq!(ran.code, 0);
    assert!(ran.text().contains(r#""skipped_packets":0,"dropped_packets":5,"#), "{}", ran.text());
    let warning = "warning: the capture says that 5 packets could not be captured: gaps may come from that\n";
    assert_eq!(ran.err, warning);
    assert_eq!(run_with(&["export", "-q", "-"], &bytes).err, "");
}
