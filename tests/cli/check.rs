//! `wscope check`: exit codes, outputs, what is selected, what is suppressed, what is known.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use wscope::capture::source::LinkType;
use wscope::capture::write;
use wscope::time::Timestamp;

use crate::run::{Ran, capture as gallery, output, run, run_with, wscope};
use crate::support::talk::{self, ACK, CLIENT_ISN, Sent, Talk, Who, capture};

/// A clean conversation, or one in which the client masks neither of its two texts.
fn talk(clean: bool) -> Talk {
    let key = |n| clean.then_some([n, 2, 3, 4]);
    let mut talk = Talk::open();
    talk.send(Who::Client, &talk::request(""), 9_999);
    talk.send(Who::Server, &talk::response(""), 9_999);
    talk.send(Who::Client, &talk::frame(0x81, key(7), b"Hello"), 9_999);
    talk.send(Who::Server, &talk::frame(0x81, None, b"Hello"), 9_999);
    talk.send(Who::Client, &talk::frame(0x81, key(8), b"again"), 9_999);
    talk.send(Who::Server, &talk::frame(0x88, None, b"\x03\xea"), 9_999);
    talk.send(Who::Client, &talk::frame(0x88, Some([1, 2, 3, 4]), b"\x03\xea"), 9_999);
    talk.close();
    talk
}

/// A folder with `bad.pcap`, `good.pcap` and `empty.pcap`, which is where the program runs.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        // The search for a configuration ends here.
        fs::create_dir(place.path(".git")).unwrap();
        place.write("bad.pcap", &capture(&talk(false).segments));
        place.write("good.pcap", &capture(&talk(true).segments));
        let payload = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec();
        place.write(
            "empty.pcap",
            &capture(&[Sent { who: Who::Client, flags: ACK, seq: CLIENT_ISN, ack: 1, payload }]),
        );
        place
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// `wscope check` with only the rules on frames, so that it does not matter what others find.
    fn check(&self, args: &[&str]) -> Ran {
        self.run(&[&["check", "--select", "F"], args].concat())
    }

    fn run(&self, args: &[&str]) -> Ran {
        let output = wscope(args).current_dir(self.0.path()).output().unwrap();
        Ran {
            out: output.stdout,
            err: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code().unwrap(),
        }
    }
}

#[test]
fn what_it_says() {
    let place = Place::new();
    insta::assert_snapshot!("check_bad", place.check(&["bad.pcap"]).all());
    insta::assert_snapshot!("check_concise", place.check(&["bad.pcap", "--format", "concise"]).all());
    insta::assert_snapshot!("check_statistics", place.check(&["bad.pcap", "--statistics"]).all());
    insta::assert_snapshot!("check_good", place.check(&["good.pcap"]).all());
    insta::assert_snapshot!("check_empty", place.check(&["empty.pcap"]).all());
    assert_eq!(place.check(&["good.pcap", "-q"]).err, "");
}

#[test]
fn exit_codes() {
    let place = Place::new();
    place.write("cut.pcap", &capture(&talk(false).segments)[..900]);
    place.write("no.pcap", b"no capture");
    for (args, code) in [
        (&["good.pcap"][..], 0),
        (&["bad.pcap"], 1),
        (&["bad.pcap", "good.pcap"], 1),
        (&["bad.pcap", "--exit-zero"], 0),
        (&["bad.pcap", "--ignore", "F"], 2),
        (&["bad.pcap", "--ignore", "F004"], 0),
        (&["bad.pcap", "--fail-on", "note"], 1),
        (&["bad.pcap", "--max-findings", "0"], 1),
        (&["bad.pcap", "-q"], 1),
        (&["empty.pcap"], 3),
        (&["empty.pcap", "-q"], 3),
        (&["empty.pcap", "--exit-zero"], 3),
        (&["empty.pcap", "--allow-empty"], 0),
        (&["no.pcap"], 2),
        (&["missing.pcap"], 2),
        (&["cut.pcap"], 1),
        (&["cut.pcap", "--strict"], 2),
        (&["bad.pcap", "--format", "yaml"], 2),
        (&["bad.pcap", "--output", "sarif"], 2),
        (&["bad.pcap", "--output", "sarif="], 2),
        (&["bad.pcap", "--severity", "bad"], 2),
        (&["bad.pcap", "--config", "c.toml", "--no-config"], 2),
        (&[], 2),
    ] {
        let ran = place.check(args);
        assert_eq!(ran.code, code, "{args:?}: {}", ran.all());
    }
    for format in ["human", "concise", "json", "ndjson", "sarif", "junit", "github", "gitlab", "markdown"] {
        let codes =
            ["good.pcap", "bad.pcap", "empty.pcap"].map(|name| place.check(&[name, "--format", format]).code);
        assert_eq!(codes, [0, 1, 3], "{format}");
    }
}

#[test]
fn levels() {
    let place = Place::new();
    // N003, a note: the capture begins inside the connection.
    let inside = |args: &[&str]| {
        let args =
            [&["check", "--select", "N003", "mid-stream.pcapng", "--format", "concise"], args].concat();
        run(&args)
    };
    assert_eq!(inside(&[]).code, 0);
    assert!(inside(&[]).text().contains("note N003"), "{}", inside(&[]).all());
    assert_eq!(inside(&["--fail-on", "warning"]).code, 0);
    assert_eq!(inside(&["--fail-on", "note"]).code, 1);
    let none = inside(&["--severity", "warning"]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("no rule is left to check"), "{}", none.err);
    let errors = place.run(&["check", "bad.pcap", "--severity", "error", "--format", "json"]);
    let report: Value = serde_json::from_str(errors.text()).unwrap();
    assert!(report["findings"].as_array().unwrap().iter().all(|finding| finding["level"] == "error"));
}

#[test]
fn unknown_rules() {
    let place = Place::new();
    let ran = place.run(&["check", "bad.pcap", "--ignore", "client-unmaskd,F004"]);
    assert_eq!((ran.code, ran.text()), (2, ""));
    let expected = "there is no rule `client-unmaskd`; did you mean `client-unmasked`?";
    assert!(ran.err.contains(expected), "{}", ran.err);
    let ran = place.run(&["check", "bad.pcap", "--select", "F,X9"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("there is no rule `X9`"), "{}", ran.err);
    let named = place.run(&["check", "bad.pcap", "--select", "client-unmasked"]);
    assert_eq!(named.code, 1);
}

#[test]
fn several_outputs_in_one_run() {
    let place = Place::new();
    let ran = place.check(&[
        "bad.pcap",
        "--output",
        "sarif=a=b.sarif",
        "-o",
        "junit=junit.xml",
        "-o",
        "json=report.json",
        "-o",
        "concise=-",
    ]);
    assert_eq!((ran.code, ran.text().lines().count()), (1, 2), "{}", ran.all());
    assert_eq!(place.json("a=b.sarif")["version"], "2.1.0");
    assert!(place.read("junit.xml").starts_with("<?xml"));
    let report = place.json("report.json");
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 2);
    let file = &findings[0]["file"];
    assert_eq!(file["source"], "bad.pcap");
    let (offset, len) = (file["offset"].as_u64().unwrap() as usize, file["len"].as_u64().unwrap() as usize);
    let bytes = fs::read(place.path("bad.pcap")).unwrap();
    assert!(bytes[offset..offset + len].ends_with(b"\x81\x05Hello"), "the packet lies where it is said to");
    assert_eq!(findings[0]["reaction"], "the server sent Close 1002 after 3.0 ms");
    // With the human format, files change nothing.
    let beside = place.check(&["bad.pcap", "-o", "json=report.json"]);
    assert_eq!(beside.all(), place.check(&["bad.pcap"]).all());
}

#[test]
fn several_captures() {
    let place = Place::new();
    let report = |files: &[&str]| {
        let ran = place.check(&[files, &["--format", "json"]].concat());
        serde_json::from_str::<Value>(ran.text()).unwrap()
    };
    place.write("later.pcap", &recorded_again(&[&talk(true)]));
    let both = report(&["later.pcap", "bad.pcap"]);
    assert_eq!(both["sources"], serde_json::json!(["later.pcap", "bad.pcap"]));
    assert_eq!(both["findings"].as_array().unwrap().len(), 2);
    assert!(both["findings"].as_array().unwrap().iter().all(|f| f["file"]["source"] == "bad.pcap"));
    let bytes = fs::read(place.path("bad.pcap")).unwrap();
    let piped = run_with(&["check", "--select", "F", "-", "--format", "json"], &bytes);
    let piped: Value = serde_json::from_str(piped.text()).unwrap();
    assert_eq!(piped["findings"].as_array().unwrap().len(), 2);
    assert_eq!(piped["findings"][0].get("file"), None);
}

#[test]
fn outputs_that_cannot_be() {
    let place = Place::new();
    fs::create_dir(place.path("folder")).unwrap();
    for (args, what) in [
        (&["-o", "sarif=no/x.sarif"][..], "cannot write no/x.sarif: there is no folder no"),
        (&["-o", "sarif=folder"], "cannot write folder: it is a folder"),
        (&["-o", "json=bad.pcap"], "bad.pcap is the capture itself"),
        (&["--write-baseline", "bad.pcap"], "bad.pcap is the capture itself"),
        (&["--write-baseline", "no/b.json"], "cannot write no/b.json: there is no folder no"),
        (&["-o", "json=a", "-o", "sarif=a"], "a cannot take two formats"),
        (&["-o", "json=-", "-o", "sarif=-"], "standard output takes one format"),
        (&["-o", "json=-", "--format", "human"], "standard output takes one format"),
        (&["-o", "json=-", "--statistics"], "standard output takes one format"),
        (&["-o", "yaml=a"], "`yaml` is no format"),
    ] {
        let ran = place.check(&[&["bad.pcap"], args].concat());
        assert_eq!((ran.code, ran.text()), (2, ""), "{args:?}");
        assert!(ran.err.contains(what), "{args:?}: {}", ran.err);
        assert!(!place.path("a").exists());
    }
    // A capture that cannot be read leaves what was there.
    place.write("old.json", b"old");
    place.write("no.pcap", b"no capture");
    assert_eq!(place.check(&["no.pcap", "-o", "json=old.json"]).code, 2);
    assert_eq!(place.read("old.json"), "old");
}

#[test]
fn statistics() {
    let place = Place::new();
    let ran = place.check(&["bad.pcap", "--statistics", "-q"]);
    let rows: Vec<Vec<&str>> = ran.text().lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows, [["Count", "Rule", "Name", "Level"], ["2", "F004", "client-unmasked", "error"]]);
    assert_eq!(place.check(&["good.pcap", "--statistics"]).text(), "");
}

#[test]
fn a_baseline_goes_round() {
    let place = Place::new();
    let wrote = place.check(&["bad.pcap", "--write-baseline", "b.json"]);
    assert_eq!((wrote.code, wrote.text()), (0, ""), "{}", wrote.all());
    assert!(wrote.err.contains("wrote b.json with 1 different finding\n"), "{}", wrote.err);
    let written = place.json("b.json");
    assert_eq!(written["findings"][0]["rule"], "F004");
    assert_eq!(written["findings"][0]["count"], 2);

    let known = place.check(&["bad.pcap", "--baseline", "b.json", "--format", "json"]);
    assert_eq!(known.code, 0, "{}", known.all());
    assert!(known.err.contains("no findings (2 in the baseline)"), "{}", known.err);
    // Written over itself, it keeps what is known.
    let again = place.check(&["bad.pcap", "--baseline", "b.json", "--write-baseline", "b.json"]);
    assert_eq!((again.code, place.json("b.json")), (0, written));
    // A report serves as well.
    assert_eq!(place.check(&["bad.pcap", "-o", "json=report.json"]).code, 1);
    assert_eq!(place.check(&["bad.pcap", "--baseline", "report.json"]).code, 0);

    let unused = place.check(&["good.pcap", "--baseline", "b.json", "--format", "json"]);
    assert_eq!(unused.code, 0);
    assert!(unused.err.contains("warning: b.json: not found any more: F004 "), "{}", unused.err);
    let other = place.run(&["check", "good.pcap", "--select", "T", "--baseline", "b.json"]);
    assert!(!other.all().contains("not found any more"), "{}", other.all());
}

#[test]
fn baselines_that_cannot_be() {
    let place = Place::new();
    place.write("b.json", b"{}");
    place.write("old.json", b"old");
    for (args, what) in [
        (&["--baseline", "none.json"][..], "there is no baseline none.json; --write-baseline writes one"),
        (&["--baseline", "b.json"], "b.json is no baseline and no JSON report: missing field `findings`"),
    ] {
        let ran = place.check(&[&["bad.pcap"], args].concat());
        assert_eq!((ran.code, ran.text()), (2, ""));
        assert!(ran.err.contains(what), "{}", ran.err);
    }
    let first = place.check(&["bad.pcap", "--baseline", "n.json", "--write-baseline", "n.json"]);
    assert_eq!((first.code, place.json("n.json")["findings"].as_array().unwrap().len()), (0, 1));
    let empty = place.check(&["empty.pcap", "--write-baseline", "old.json"]);
    assert_eq!((empty.code, &*place.read("old.json")), (3, "old"));
    assert!(empty.err.contains("old.json was not written"), "{}", empty.err);
}

/// Segments of several connections as one capture, taking turns; everything that may differ between two
/// recordings does.
fn recorded_again(talks: &[&Talk]) -> Vec<u8> {
    let mut out = Vec::new();
    write::pcap_header(&mut out, LinkType(1));
    let longest = talks.iter().map(|talk| talk.segments.len()).max().unwrap();
    for n in 0..longest {
        for (conn, talk) in talks.iter().enumerate() {
            let Some(segment) = talk.segments.get(n) else { continue };
            let mut packet = talk::packet(segment, 33_333 + conn as u16, 9_090);
            // The server's address: 10.0.0.2 becomes 10.0.0.77.
            let last_byte = if segment.who == Who::Client { 33 } else { 29 };
            packet[last_byte] = 77;
            let time = Timestamp::from_nanos(1_750_000_000_000_000_000 + n as i64 * 7_654_321);
            write::pcap_packet(&mut out, time, packet.len() as u32, &packet);
        }
    }
    out
}

#[test]
fn another_recording_has_the_same_fingerprints() {
    let place = Place::new();
    place.write("again.pcap", &recorded_again(&[&talk(true), &talk(false), &talk(true)]));
    assert_eq!(place.check(&["bad.pcap", "--write-baseline", "b.json"]).code, 0);
    let again = place.check(&["again.pcap", "--format", "json"]);
    assert_eq!(again.code, 1);
    let report: Value = serde_json::from_str(again.text()).unwrap();
    assert_eq!(report["findings"][0]["place"], "2.f1");
    assert_eq!(report["findings"][0]["fingerprint"], place.json("b.json")["findings"][0]["fingerprint"]);
    assert_eq!(place.check(&["again.pcap", "--baseline", "b.json"]).code, 0);
    // The same for any number of threads.
    let threaded = place.check(&["again.pcap", "--format", "json", "-j", "3"]);
    assert_eq!(threaded.text(), again.text());
}

const SUPPRESS: &str =
    "[[suppress]]\nrule = \"client-unmasked\"\nhost = \"*.example.com\"\nreason = \"old client\"\n";

#[test]
fn suppressions() {
    let place = Place::new();
    place.write("wscope.toml", SUPPRESS.as_bytes());
    let ran = place.check(&["bad.pcap", "--format", "json"]);
    assert_eq!(ran.code, 0);
    let report: Value = serde_json::from_str(ran.text()).unwrap();
    assert_eq!(report["findings"][0]["suppressed"]["reason"], "old client");
    assert!(ran.err.contains("no findings (2 suppressed)"), "{}", ran.err);
    insta::assert_snapshot!("check_suppressed", place.check(&["bad.pcap"]).all());
    assert_eq!(place.check(&["bad.pcap", "--no-config"]).code, 1);
    let written = place.check(&["bad.pcap", "--write-baseline", "b.json"]);
    assert_eq!((written.code, place.json("b.json")["findings"].as_array().unwrap().len()), (0, 0));

    place.write("other.toml", format!("{SUPPRESS}expires = 2020-01-31\n").as_bytes());
    let expired = place.check(&["bad.pcap", "--config", "other.toml", "--format", "concise"]);
    assert_eq!(expired.code, 1);
    let said =
        "other.toml:1: the suppression of client-unmasked expired on 2020-01-31; it would cover 2 findings";
    assert!(expired.all().contains(said), "{}", expired.all());
    assert_eq!(expired.all().matches(said).count(), 1, "said once");

    let unused = place.check(&["good.pcap", "--format", "junit"]);
    assert_eq!(unused.code, 0);
    let said = "warning: wscope.toml:1: the suppression of client-unmasked covers no finding\n";
    assert!(unused.err.contains(said), "{}", unused.err);
    assert_eq!(place.check(&["good.pcap", "--format", "junit", "-q"]).err, "");
}

#[test]
fn the_configuration_and_the_command_line() {
    let place = Place::new();
    place.write(
        "wscope.toml",
        b"[check]\nselect = [\"F\"]\nignore = [\"F004\"]\nallow-empty = true\nstrict = true\nfail-on = \"note\"\nmax-findings = 1\n",
    );
    let check = |args: &[&str]| place.run(&[&["check"], args].concat());
    assert_eq!(check(&["bad.pcap"]).code, 0);
    assert_eq!(check(&["empty.pcap"]).code, 0);
    let selected = check(&["bad.pcap", "--select", "F004", "--format", "concise"]);
    assert_eq!(selected.code, 1);
    assert!(selected.text().contains("F004") && selected.text().lines().count() == 2, "{}", selected.text());
    let more = check(&["bad.pcap", "--select", "F004", "--format", "json", "--max-findings", "9"]);
    let report: Value = serde_json::from_str(more.text()).unwrap();
    assert_eq!(report["findings"].as_array().unwrap().len(), 2);
    place.write("cut.pcap", &capture(&talk(false).segments)[..900]);
    assert_eq!(check(&["cut.pcap"]).code, 2);

    // A baseline is named as seen from the configuration.
    fs::create_dir(place.path("sub")).unwrap();
    assert_eq!(place.check(&["bad.pcap", "--no-config", "--write-baseline", "b.json"]).code, 0);
    place.write("wscope.toml", b"[check]\nselect = \"F\"\nbaseline = \"b.json\"\n");
    let below = wscope(&["check", "../bad.pcap"]).current_dir(place.path("sub")).output().unwrap();
    assert_eq!(below.status.code(), Some(0), "{below:?}");

    place.write("wscope.toml", b"[check]\nselct = \"F\"\n");
    let ran = check(&["bad.pcap"]);
    assert_eq!((ran.code, ran.text()), (2, ""));
    assert_eq!(ran.err, "error: wscope.toml:2: unknown key `selct`; did you mean `select`?\n");
    assert_eq!(check(&["bad.pcap", "--no-config", "--exit-zero"]).code, 0);
    let missing = check(&["bad.pcap", "--config", "none.toml"]);
    assert_eq!(missing.code, 2);
    assert!(missing.err.contains("cannot read none.toml: "), "{}", missing.err);
}

#[test]
fn secrets_of_urls_stay() {
    let mut talk = Talk::open();
    let request = String::from_utf8(talk::request("")).unwrap().replace("/chat", "/chat?token=s3cret&room=1");
    talk.send(Who::Client, request.as_bytes(), 9_999);
    talk.send(Who::Server, &talk::response(""), 9_999);
    talk.send(Who::Client, &talk::frame(0x81, None, b"Hello"), 9_999);
    let place = Place::new();
    place.write("token.pcap", &capture(&talk.segments));
    for format in ["human", "concise", "json", "ndjson", "sarif", "junit", "github", "gitlab", "markdown"] {
        let ran = place.check(&["token.pcap", "--format", format]);
        assert!(!ran.all().contains("s3cret"), "{format}: {}", ran.all());
    }
    assert!(place.check(&["token.pcap"]).text().contains("/chat?token=***&room=1"));
}

/// Traffic of real programs keeps to the protocol.
#[test]
fn the_gallery_is_free_of_errors() {
    for name in ["chat-node-ws.pcapng", "close-codes.pcapng", "large-messages.pcap.gz", "lossy.pcapng"] {
        let ran = run(&["check", name]);
        assert_eq!(ran.code, 0, "{}", ran.all());
    }
    let piped = run_with(&["check", "-"], &gallery("chat-node-ws.pcapng"));
    assert_eq!(piped.code, 0, "{}", piped.all());
}

#[test]
fn schema() {
    let schema: Value = serde_json::from_str(&output(&["schema", "--check"])).unwrap();
    assert_ne!(schema, serde_json::from_str::<Value>(&output(&["schema"])).unwrap());
    assert!(schema.to_string().contains("fingerprint"));
}

/// GitHub shows what a step has added to this file, not the last of it alone.
#[test]
fn the_summary_of_a_step_is_added_to() {
    let place = Place::new();
    let check = |file: &str, format: &str| {
        let output = format!("{format}={}", place.path(file).display());
        let mut command = wscope(&["check", "bad.pcap", "--output", &output]);
        command.current_dir(place.0.path()).env("GITHUB_STEP_SUMMARY", place.path("summary.md"));
        assert_eq!(command.output().unwrap().status.code(), Some(1));
    };
    for file in ["summary.md", "other.md"] {
        place.write(file, b"before\n");
        check(file, "markdown");
        check(file, "markdown");
    }
    let (summary, other) = (place.read("summary.md"), place.read("other.md"));
    assert!(summary.starts_with("before\n## wscope check: "), "{summary}");
    assert_eq!(
        (summary.matches("## wscope check").count(), other.matches("## wscope check").count()),
        (2, 1)
    );
    assert!(other.starts_with("## wscope check"), "{other}");
    check("summary.md", "json");
    assert!(place.json("summary.md").is_object(), "only Markdown is added");
}

/// `wscope check … | head -1` under `pipefail`.
#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_changes_no_outcome() {
    let place = Place::new();
    for (name, code) in [("bad.pcap", 1), ("good.pcap", 0)] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wscope"))
            .args(["check", "--select", "F", "-q", "--format", "sarif", name])
            .current_dir(place.0.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(code), "{name}");
    }
}

/// The gate in docs/ci.md, as it stands there.
#[cfg(unix)]
#[test]
fn the_gate_of_the_document() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Neither is in the published package.
    let Ok(document) = fs::read_to_string(root.join("docs/ci.md")) else { return };
    let Ok(schema) = fs::read_to_string(root.join("tests/data/sarif-schema-2.1.0.json")) else { return };
    let schema: Value = serde_json::from_str(&schema.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$")).unwrap();
    let script = document.split("```").find(|block| block.starts_with("sh\nstatus=0\n")).unwrap();
    let script = script.trim_start_matches("sh\n").replace("junit=report.xml", "sarif=report.sarif");
    let program = Path::new(env!("CARGO_BIN_EXE_wscope")).parent().unwrap().display().to_string();
    let path = format!("{program}:{}", std::env::var("PATH").unwrap());
    for (content, code, said) in [
        (gallery("coalesced.pcap"), 1, "findings, see report.md"),
        (gallery("chat-node-ws.pcapng"), 0, "clean"),
        (b"no capture".to_vec(), 2, "wscope could not do its work"),
        (capture(&talk(true).segments[..3]), 3, "no WebSocket connection in the capture: did the tests run?"),
    ] {
        let place = Place::new();
        place.write("traffic.pcap", &content);
        let mut shell = Command::new("sh");
        let output = shell.args(["-c", &script]).current_dir(place.0.path()).env("PATH", &path).output();
        let output = output.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!((output.status.code(), text.lines().last()), (Some(code), Some(said)), "{text}");
        if code == 1 {
            assert!(place.read("report.md").contains("H016 frames-before-accept"));
            jsonschema::validate(&schema, &place.json("report.sarif")).unwrap();
        }
    }
}

#[test]
fn a_filter_chooses_what_counts() {
    let check = |filter: &str| run(&["check", "--no-config", "-Y", filter, "refused-then-accepted.pcapng"]);
    let one = check("finding == H006");
    assert_eq!(one.code, 1, "{}", one.all());
    assert!(one.text().contains("error[H006]") && !one.text().contains("H012"), "{}", one.text());
    assert_eq!(check("dir == s2c").code, 0, "only warnings and notes are the server's");
    assert_eq!(check("op == text").code, 2, "findings have no opcode");
}
