//! Whatever is in a capture, no byte of it acts on the terminal that it is shown in.

use proptest::prelude::*;

use crate::run::{Ran, file, run};
use crate::support::hostile::{EVIL, hostile};
use crate::support::records;
use crate::support::talk::{self, Talk, Who, capture};

/// Every form of every command that prints text.
const TEXT: [&[&str]; 22] = [
    &["ls"],
    &["ls", "--ascii"],
    &["show"],
    &["show", "--ascii"],
    &["show", "-x"],
    &["show", "-V"],
    &["show", "--frames"],
    &["show", "--frames", "-V", "-x"],
    &["inspect", "1"],
    &["inspect", "1", "--reveal"],
    &["inspect", "1.h", "--reveal", "--ascii"],
    &["inspect", "1.m1"],
    &["inspect", "1.m7"],
    &["inspect", "1.m13"],
    &["inspect", "1.f1"],
    &["inspect", "1.f9"],
    &["follow", "1"],
    &["follow", "1", "--ascii"],
    &["follow", "1", "--as", "hex"],
    &["follow", "1", "--as", "json"],
    &["stats"],
    &["export", "--to", "txt"],
];

fn with_file(args: &[&str], path: &str) -> Ran {
    let mut args = args.to_vec();
    args.insert(1, path);
    run(&args)
}

/// No control but the line end, no format character, no line or paragraph separator; and it is UTF-8.
fn assert_harmless(what: &str, bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|fault| panic!("{what}: {fault}"));
    for c in text.chars() {
        assert!(c == '\n' || !acts(c), "{what}: U+{:04X} in {text:?}", u32::from(c));
    }
}

/// General categories Cc, Cf, Zl and Zp of Unicode 16; private use and noncharacters do nothing.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x890..=0x891 | 0x8e2 | 0x180e | 0x200b..=0x200f
            | 0x2028..=0x202e | 0x2060..=0x2064 | 0x2066..=0x206f | 0xfeff | 0xfff9..=0xfffb | 0x110bd | 0x110cd
            | 0x13430..=0x1343f | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0001 | 0xe0020..=0xe007f)
}

#[test]
fn nothing_acts_in_text() {
    let (_folder, path) = file("a.pcap", &hostile());
    let path = path.to_str().unwrap();
    for args in TEXT {
        let ran = with_file(args, path);
        assert!(ran.code != 2 || ran.err.starts_with("error: there is no 1."), "{args:?}: {}", ran.err);
        assert!(ran.code == 0 && !ran.out.is_empty(), "{args:?} shows nothing: {}", ran.err);
        assert_harmless(&args.join(" "), &ran.out);
        assert_harmless(&args.join(" "), ran.err.as_bytes());
        if args.contains(&"--ascii") {
            assert!(ran.out.is_ascii(), "{args:?}");
        }
    }
}

/// What it breaks, as each format of `check` tells it. Markdown, annotations and JUnit are read by programs, which show them.
#[test]
fn nothing_acts_in_reports() {
    let (_folder, path) = file("a.pcap", &hostile());
    for format in ["human", "concise", "markdown", "github", "junit"] {
        for ascii in [&[][..], &["--ascii"]] {
            let args = [&["check", path.to_str().unwrap(), "--format", format][..], ascii].concat();
            let ran = run(&args);
            assert_eq!(ran.code, 1, "{args:?}: {}", ran.err);
            assert!(ran.out.len() > 1_000, "{args:?} shows little");
            assert_harmless(&args.join(" "), &ran.out);
            assert_harmless(&args.join(" "), ran.err.as_bytes());
        }
    }
}

#[test]
fn formats_for_programs_stay_valid() {
    let (_folder, path) = file("a.pcap", &hostile());
    let path = path.to_str().unwrap();
    let lines = run(&["export", "--records", "all", "--hash", path]);
    let records = records(lines.text());
    let text = records.iter().find(|record| record["type"] == "message" && record.get("text").is_some());
    assert_eq!(text.unwrap()["text"].as_str().unwrap().as_bytes(), EVIL, "nothing is altered");
    support_is_json(&["ls", "--json", path]);
    for args in
        [&["export", "--to", "json", path][..], &["export", "--to", "har", path], &["stats", "--json", path]]
    {
        serde_json::from_slice::<serde_json::Value>(&run(args).out).unwrap();
    }
    let rows = run(&["export", "--to", "csv", path]);
    let mut reader = csv::Reader::from_reader(&rows.out[..]);
    let messages = records.iter().filter(|record| record["type"] == "message").count();
    assert_eq!(reader.records().map(Result::unwrap).count(), messages);
}

fn support_is_json(args: &[&str]) {
    assert!(!records(run(args).text()).is_empty());
}

#[cfg(unix)]
#[test]
fn names_of_files_do_not_act_either() {
    let name = "a\x1b[2J\u{202e}b.pcap";
    let missing = run(&["ls", name]);
    assert_eq!(missing.err, "error: a␛[2J<U+202E>b.pcap: there is no such file\n");
    let (_folder, path) = file(name, &hostile()[..2_000]);
    let cut = run(&["ls", path.to_str().unwrap()]);
    assert!(cut.err.starts_with("warning: "), "{}", cut.err);
    assert_harmless("a warning", cut.err.as_bytes());
    let written = run(&["export", "-o", path.to_str().unwrap(), "chat-node-ws.pcapng"]);
    assert_harmless("a closing line", written.err.as_bytes());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Not only what we thought of.
    #[test]
    fn no_payload_acts(payload in "([\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]|.){1,120}", junk in prop::collection::vec(any::<u8>(), 0..60)) {
        let mut talk = Talk::open();
        talk.send(Who::Client, &talk::request(""), 9_999).send(Who::Server, &talk::response(""), 9_999);
        for payload in [payload.as_bytes(), &junk, &[payload.as_bytes(), &junk].concat()] {
            talk.send(Who::Server, &talk::frame(0x81, None, payload), 9_999);
            talk.send(Who::Server, &talk::frame(0x82, None, payload), 9_999);
        }
        let (_folder, path) = file("a.pcap", &capture(&talk.segments));
        for args in [&["show"][..], &["follow", "1"], &["follow", "1", "--as", "json"], &["inspect", "1.m1"], &["inspect", "1.m3"]] {
            let ran = with_file(args, path.to_str().unwrap());
            prop_assert_eq!(ran.code, 0);
            assert_harmless(&args.join(" "), &ran.out);
        }
    }
}
