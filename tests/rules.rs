//! Every rule's own scripts, from packets through the whole engine: `bad` raises the rule and nothing
//! else, `good` nothing at all.

mod support;

use std::collections::BTreeSet;
use std::io;

use support::singles;
use wscope::capture::open::from_bytes;
use wscope::engine::{self, Config};
use wscope::event::{Connection, Event, Summary};
use wscope::observe::{Observer, Outbox, Sink};
use wscope::rules::{self, Finding, Rule};
use wscope::script::Script;
use wscope::ws::session::Want;

/// Rules that cannot be broken alone: a boundary is found again only where bytes were missing, a version is
/// refused with a refusal, and the cookies of another site are, without TLS, in clear.
const COMPANIONS: [(&str, &[&str]); 3] = [("N004", &["N001"]), ("H012", &["H020"]), ("S004", &["S003"])];

/// What a connection's reactions say, by the number of their finding.
struct React;

impl Observer for React {
    type Record = Finding;

    fn event(&mut self, _: &Connection, event: Event<'_>, out: &mut Outbox<Finding>) {
        match event {
            Event::Finding(finding) => out.push(finding.clone()),
            Event::Reaction(reaction) => {
                let text = reaction.text.clone();
                let finding = Finding::whole_capture(&rules::capture::LIMIT, text);
                out.push(Finding { nth: reaction.to, conn: Some(0), ..finding });
            }
            _ => {}
        }
    }
}

struct Collect;

impl Observer for Collect {
    type Record = Finding;

    fn event(&mut self, _: &Connection, event: Event<'_>, out: &mut Outbox<Finding>) {
        if let Event::Finding(finding) = event {
            out.push(finding.clone());
        }
    }
}

#[derive(Default)]
struct Found(Vec<Finding>);

impl Sink<Finding> for Found {
    fn record(&mut self, _: u32, record: Finding, _: &[u8]) -> io::Result<()> {
        self.0.push(record);
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        self.0.extend(summary.capture_findings.iter().cloned());
        Ok(())
    }
}

/// What is found in the capture that a script makes.
fn findings(script: &str) -> Vec<Finding> {
    run(script, 1).0
}

/// What is found with this many threads, and how many errors, warnings and notes are counted.
fn run(script: &str, threads: usize) -> (Vec<Finding>, [u64; 3]) {
    run_with(script, threads, &|| Collect)
}

fn run_with<O: Observer<Record = Finding>>(
    script: &str,
    threads: usize,
    observers: &(dyn Fn() -> O + Sync),
) -> (Vec<Finding>, [u64; 3]) {
    let parsed = Script::parse(script).unwrap_or_else(|error| panic!("{error}\n{script}"));
    let limits = parsed.limits(wscope::limits::Limits::default());
    let mut opened = from_bytes("script", parsed.capture(), &limits).unwrap();
    let want = Want { payload: 4_096, ..Want::default() };
    let config = Config { limits, want, threads, ..Config::default() };
    let mut found = Found::default();
    let summary = engine::run(&mut *opened.source, &config, observers, &mut found, &|_| {}).unwrap();
    (found.0, summary.findings)
}

fn shown(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|finding| {
        let packet = finding.at.map_or(0, |at| at.packet);
        format!("    {} packet {packet} frame {:?}: {}", finding.rule.code, finding.frame, finding.text)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What is wrong with a rule's own examples.
fn faults(rule: &Rule) -> Vec<String> {
    let companions =
        COMPANIONS.iter().find(|(code, _)| *code == rule.code).map_or(&[][..], |(_, with)| *with);
    let mut faults = Vec::new();
    for script in rule.bad {
        let found = findings(script);
        let codes: BTreeSet<&str> = found.iter().map(|finding| finding.rule.code).collect();
        let others = codes.iter().any(|code| *code != rule.code && !companions.contains(code));
        if !codes.contains(rule.code) || others {
            let found = shown(&found);
            faults.push(format!("{} bad:\n{script}\n  must raise it alone, but raises:\n{found}", rule.code));
        }
    }
    for script in rule.good {
        // Where bytes are missing, the notes on the capture are true, and all else is silent.
        let mut found = findings(script);
        found.retain(|finding| rule.family() == 'N' || finding.rule.family() != 'N');
        if !found.is_empty() {
            let found = shown(&found);
            faults.push(format!("{} good:\n{script}\n  must raise nothing, but raises:\n{found}", rule.code));
        }
    }
    faults
}

#[test]
fn every_rule_fires_on_its_bad_scripts_and_not_on_its_good_ones() {
    let faults: Vec<String> = rules::all().flat_map(faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn frames_in_one_step_are_judged_as_in_several() {
    for script in rules::all().flat_map(|rule| rule.bad.iter().chain(rule.good)) {
        let parsed = Script::parse(script).unwrap();
        singles::compare(&parsed.capture(), &parsed.limits(wscope::limits::Limits::default()));
    }
}

/// A finding's offset is that of the byte that its text names, in the frame that holds it.
#[test]
fn bytes_are_found_where_they_are() {
    for (script, place) in [
        ("open\ns text 'ab\\xff'", (1, 8, Some(4))),
        ("open\nc text 'ab\\xff'", (1, 8, Some(8))),
        ("open\ns 8104 'ab'\ns '\\xffc'", (1, 8, Some(4))),
        // Behind a 16-bit length.
        ("open\ns text 'x' *200 '\\xff'", (1, 8, Some(204))),
        // The byte that begins what is no character is in the fragment before.
        ("open\ns text -fin 'ab\\xe2' | ping 'x'\nc pong 'x'\ns cont 'cd'", (1, 8, Some(4))),
        ("open\ns text -fin 'ab'\ns cont -fin 'cd\\xe2'\ns cont '\\x82'", (2, 10, Some(8))),
        ("open\ns text -fin 'ab'\ns cont 'c\\xff'", (2, 10, Some(7))),
        // Where a compressed byte is, is not told.
        ("open permessage-deflate\ns text z 'ab\\xff'", (1, 8, None)),
        // Of a Close, from its payload on.
        ("open\ns close 1006\nc close 1002", (1, 8, Some(2))),
        ("open\nc text 'x'\nc close 1000 'ab\\xff'\ns close 1007", (2, 10, Some(17))),
        ("open\ns 81 7e 0001 'x'", (1, 8, Some(2))),
        ("open\nc text 'x' | 8101 'x'", (2, 8, Some(8))),
    ] {
        let found = findings(script);
        let [finding] = &*found else { panic!("{script}\n{}", shown(&found)) };
        let packet = finding.at.map_or(0, |at| at.packet);
        assert_eq!((finding.frame.unwrap_or(0), packet, finding.offset), place, "{script}");
    }
}

/// The place of a finding is the byte at fault, which has a place in a frame that is told.
#[test]
fn findings_on_frames_name_the_frame_and_the_byte() {
    for rule in rules::all().filter(|rule| matches!(rule.family(), 'F' | 'T')) {
        for finding in rule.bad.iter().flat_map(|script| findings(script)) {
            let place = (finding.dir.is_some(), finding.at.is_some());
            assert_eq!(place, (true, true), "{}: {}", rule.code, finding.text);
            // A message or a header that was never completed has no byte at fault.
            let nowhere = matches!(rule.code, "F012" | "F013");
            assert!(nowhere || finding.frame.is_some() && finding.offset.is_some(), "{}", finding.text);
        }
    }
}

#[test]
fn the_catalogue_is_in_order() {
    let rules: Vec<&Rule> = rules::all().collect();
    let codes: BTreeSet<&str> = rules.iter().map(|rule| rule.code).collect();
    let names: BTreeSet<&str> = rules.iter().map(|rule| rule.name).collect();
    assert_eq!((codes.len(), names.len()), (rules.len(), rules.len()), "a code or a name stands twice");
    for family in rules::RULES {
        assert!(family.is_sorted_by_key(|rule| rule.code), "{:?}", family.iter().map(|r| r.code));
    }
    for rule in rules {
        let (letter, digits) = rule.code.split_at(1);
        assert!("HFTCKDSN".contains(letter) && digits.len() == 3, "{}", rule.code);
        assert!(digits.parse::<u16>().is_ok(), "{}", rule.code);
        assert!(
            rule.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "{}",
            rule.name
        );
        assert!(!rule.summary.ends_with('.') && rule.explanation.trim().len() > 60, "{}", rule.code);
        assert!(rule.reaction.ends_with('.'), "{}", rule.code);
        let level = rule.level == rules::Level::Error;
        assert!(!level || rule.source.starts_with("RFC"), "{}: an error has a source", rule.code);
    }
}

/// What is wrong with a request is told whether it was accepted or not, as long as it is certain that a
/// WebSocket was wanted.
#[test]
fn faults_of_requests_are_told_of_refused_ones_too() {
    let refused = "response HTTP/1.1 400 Bad Request\n- Upgrade\n- Connection\n- Sec-WebSocket-Accept\n+ Content-Length: 0";
    for (request, code) in [
        ("request POST /chat HTTP/1.1", "H001"),
        ("request GET /chat HTTP/1.0", "H002"),
        ("request GET chat HTTP/1.1", "H003"),
        ("request\n- Host", "H004"),
        ("request\n- Upgrade", "H005"),
        ("request\n- Connection", "H006"),
        ("request\n- Sec-WebSocket-Key", "H007"),
        ("request\n- Sec-WebSocket-Version", "H010"),
    ] {
        for (response, others) in [(refused, &["H020"][..]), ("", &[])] {
            let found = findings(&format!("{request}\n{response}"));
            let codes: Vec<&str> = found.iter().map(|finding| finding.rule.code).collect();
            let expected: Vec<&str> = [code].iter().chain(others).copied().collect();
            assert_eq!(codes, expected, "{request}");
        }
    }
    // Plain HTTP is nobody's upgrade.
    let plain = "- Upgrade\n- Connection\n- Sec-WebSocket-Key\n- Sec-WebSocket-Version";
    assert_eq!(findings(&format!("request PUT chat HTTP/1.0\n{plain}\n- Host\n{refused}")), []);
}

#[test]
fn keys_are_compared_the_same_way_by_any_number_of_threads() {
    let script = "open\nconnection\nrequest\n= Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\nresponse"
        .to_owned()
        + &"\nconnection\nopen".repeat(13);
    let (found, counts) = run(&script, 1);
    let texts: Vec<&str> = found.iter().map(|finding| &*finding.text).collect();
    assert_eq!(texts.len(), 11);
    assert_eq!((texts[0], found[0].conn), ("key of connection 3 was used before by connection 1", Some(3)));
    assert_eq!((texts[10], found[10].more), ("+3 more in this capture", 3));
    assert_eq!(counts, [0, 13, 0]);
    for threads in [2, 3, 8] {
        assert_eq!(run(&script, threads), (found.clone(), counts), "{threads} threads");
    }
    let limited = findings("limit keys 0\nopen\nconnection\nopen");
    assert_eq!(limited.iter().map(|finding| finding.rule.code).collect::<Vec<_>>(), ["N005"]);
}

/// docs/rules.md is made from the table; `UPDATE=1 cargo test --test rules` writes it.
#[test]
fn the_document_is_what_the_table_says() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    let made = wscope::report::rulebook::document();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == made, "docs/rules.md is not up to date: UPDATE=1 cargo test --test rules");
}

/// One fault has one finding: what else it brings about is not told.
#[test]
fn consequences_are_not_told() {
    for (script, codes) in [
        // After a Close, a continuation of nothing is only data.
        ("open\ns close 1000\nc close 1000\ns cont 'x'", &["C006"][..]),
        // Keys are a client's; a length that is none is not too long.
        ("open\ns ping mask:01020304 | ping mask:01020304 | ping mask:01020304", &["F005", "F005", "F005"]),
        ("open\ns 89 7f 8000000000000001 'x'", &["F007"]),
        // Two messages by turns, in one direction.
        (
            "open\ns text -fin 'a'\ns text -fin 'b'\ns cont -fin 'a'\ns cont -fin 'b'\ns cont 'a'\ns cont 'b'",
            &["F011"],
        ),
        (
            "open\ns text -fin 'a'\ns text 'b'\ns cont 'a'\ns text -fin 'a'\ns text 'b'\ns cont 'a'",
            &["F011", "F011"],
        ),
        // What was lost is told once, by its reason.
        ("open\nlose s text 'Hello'", &["N001"]),
        ("open\nsnap 70\ns text 'x' *26 | text 'y'\ns 810a 'Hel'", &["N002", "N002"]),
        ("open\nlose s text 'Hello'\ns 810a 'Hel'", &["N001", "N001"]),
        ("snap 120\nopen\ns text 'Hello'", &["N002", "N002", "N004"]),
        (
            "midstream\nc text 'Hello hello'\ns text 'Hello hello'\nc text 'Hello hello'\ns text 'Hello hello'\nreset c",
            &["N003", "N003", "C011"],
        ),
        // What was sent twice, and not the same, before a refusal is of the refused attempt.
        (
            "request\n+ X-Note: abc\nagain c 7 'xyz\\r\\n\\r\\n'\nresponse HTTP/1.1 401 Unauthorized\n- Upgrade\n+ Content-Length: 0\nrequest\nresponse",
            &["H020", "S006"],
        ),
        // A refusal for another reason than the version.
        (
            "request\n= Sec-WebSocket-Version: 8\nresponse HTTP/1.1 401 Unauthorized\n- Upgrade\n+ Content-Length: 0",
            &["H020"],
        ),
    ] {
        let found = findings(script);
        let fired: Vec<&str> = found.iter().map(|finding| finding.rule.code).collect();
        assert_eq!(fired, codes, "{script}\n{}", shown(&found));
        assert!(found.iter().all(|finding| !finding.text.contains(" 1 bytes")), "{}", shown(&found));
    }
}

/// What the peer did is true also where a fault was certain only after it was answered.
#[test]
fn reactions_are_what_the_peer_did() {
    for (script, reactions) in [
        // In a message that was never finished.
        (
            "open\ns text -fin '\\xe9!'\nc close 1007\ns close 1007\nfin s\nfin c",
            &["the client sent Close 1007 after 2.0 ms"][..],
        ),
        (
            "open\ns ping 'x'\nwait 31s\ns close 1011\nc close 1011",
            &["the server sent Close 1011 after 31 s"],
        ),
        (
            "open\nc close 1000\ns close 1000\nc text 'late'\nfin s\nfin c",
            &["the server ended TCP after 2.0 ms"],
        ),
        ("open\nc text 'x'\nfin s\nfin c", &["the client ended TCP without a Close after 2.0 ms"]),
        ("open\nc ping '1'\ns pong\nc ping '2'\ns pong '2'", &["the client took no notice: it went on"]),
        (
            "open\nc ping '1'\ns pong\nc ping '2'\ns pong '2'\nc close 1000\ns close 1000",
            &["the client sent Close 1000 after 6.0 ms"],
        ),
        (
            "request POST / HTTP/1.1\nresponse HTTP/1.1 what\n- Upgrade\n+ Content-Length: 0",
            &["the server sent no answer that can be read"],
        ),
        ("open\ns text '\\xff'", &["nothing more was captured from the client"]),
        ("open\ns text '\\xff'\nc text 'x'", &["the client took no notice: it went on with 1 frame"]),
    ] {
        let told = run_with(script, 1, &|| React).0;
        let texts: Vec<&str> =
            told.iter().filter(|told| told.conn == Some(0)).map(|told| &*told.text).collect();
        assert_eq!(texts, reactions, "{script}");
    }
}
