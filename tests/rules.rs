//! Every rule's own scripts, from packets through the whole engine: `bad` raises the rule and nothing
//! else, `good` nothing at all.

use std::collections::BTreeSet;
use std::io;

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
    let parsed = Script::parse(script).unwrap_or_else(|error| panic!("{error}\n{script}"));
    let limits = parsed.limits(wscope::limits::Limits::default());
    let mut opened = from_bytes("script", parsed.capture(), &limits).unwrap();
    let want = Want { payload: 4_096, ..Want::default() };
    let config = Config { limits, want, threads, ..Config::default() };
    let mut found = Found::default();
    let summary = engine::run(&mut *opened.source, &config, &|| Collect, &mut found, &|_| {}).unwrap();
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
