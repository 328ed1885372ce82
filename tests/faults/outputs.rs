//! Every command and format on a full disk, and with a reader that is gone.

use std::fs::OpenOptions;
use std::process::Stdio;

use crate::wscope;

/// What writes to standard output, with what it ends where that is read by somebody.
const COMMANDS: [(&[&str], i32); 39] = [
    (&["chat-node-ws.pcapng"], 0),
    (&["ls", "chat-node-ws.pcapng"], 0),
    (&["ls", "--json", "chat-node-ws.pcapng"], 0),
    (&["show", "chat-node-ws.pcapng"], 0),
    (&["show", "--frames", "-x", "chat-node-ws.pcapng"], 0),
    (&["show", "--payload-only", "chat-node-ws.pcapng"], 0),
    (&["inspect", "chat-node-ws.pcapng", "1"], 0),
    (&["inspect", "chat-node-ws.pcapng", "1.m1"], 0),
    (&["inspect", "chat-node-ws.pcapng", "1.f1"], 0),
    (&["follow", "chat-node-ws.pcapng", "1"], 0),
    (&["follow", "chat-node-ws.pcapng", "1", "--as", "hex"], 0),
    (&["follow", "chat-node-ws.pcapng", "1", "--as", "json"], 0),
    (&["follow", "chat-node-ws.pcapng", "1", "--as", "raw"], 0),
    (&["stats", "chat-node-ws.pcapng"], 0),
    (&["stats", "--json", "chat-node-ws.pcapng"], 0),
    (&["export", "--to", "ndjson", "chat-node-ws.pcapng"], 0),
    (&["export", "--to", "json", "chat-node-ws.pcapng"], 0),
    (&["export", "--to", "csv", "chat-node-ws.pcapng"], 0),
    (&["export", "--to", "txt", "chat-node-ws.pcapng"], 0),
    (&["export", "--to", "md", "chat-node-ws.pcapng"], 0),
    (&["export", "--to", "har", "chat-node-ws.pcapng"], 0),
    (&["export", "--to", "pcapng", "chat-node-ws.pcapng"], 0),
    (&["check", "broken-frames.pcapng"], 1),
    (&["check", "--format", "concise", "broken-frames.pcapng"], 1),
    (&["check", "--format", "json", "broken-frames.pcapng"], 1),
    (&["check", "--format", "sarif", "broken-frames.pcapng"], 1),
    (&["check", "--format", "junit", "broken-frames.pcapng"], 1),
    (&["check", "--format", "github", "broken-frames.pcapng"], 1),
    (&["check", "--format", "markdown", "broken-frames.pcapng"], 1),
    (&["check", "--statistics", "broken-frames.pcapng"], 1),
    (&["rule"], 0),
    (&["rule", "F001"], 0),
    (&["fields"], 0),
    (&["filter", "conn == 1"], 0),
    (&["schema"], 0),
    (&["doctor"], 0),
    (&["man"], 0),
    (&["completions", "bash"], 0),
    (&["generate", "--size", "100k", "-o", "-"], 0),
];

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_trouble() {
    for (args, _) in COMMANDS {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let done = wscope(args).stdout(full).output().unwrap();
        let err = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(2), "{args:?}: {err}");
        assert!(err.contains("No space left on device"), "{args:?}: {err}");
    }
    for args in [
        &["export", "chat-node-ws.pcapng", "-o", "/dev/full"][..],
        &["export", "--to", "pcapng", "chat-node-ws.pcapng", "-o", "/dev/full"],
        &["export", "--to", "har", "chat-node-ws.pcapng", "-o", "/dev/full"],
        &["check", "broken-frames.pcapng", "--output", "json=/dev/full"],
        &["generate", "--size", "100k", "-o", "/dev/full"],
        &["generate", "--size", "100k", "-o", "/dev/null", "--truth", "/dev/full"],
    ] {
        let done = wscope(args).output().unwrap();
        let err = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(2), "{args:?}: {err}");
        assert!(err.contains("/dev/full") && err.contains("No space left on device"), "{args:?}: {err}");
    }
}

/// That is how `head` ends a pipeline: no failure, and nothing to say.
#[test]
fn a_reader_that_is_gone_is_no_failure() {
    for (args, code) in COMMANDS {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let done = wscope(args).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let err = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(code), "{args:?}: {err}");
        assert!(!err.contains("roken pipe") && !err.contains("panicked"), "{args:?}: {err}");
    }
}
