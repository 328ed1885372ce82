//! Every format, from one report with everything in it, and from an empty one.

use std::sync::Arc;

use super::*;
use crate::audit::{Entry, Status, Subject};
use crate::capture::locate::Located;
use crate::capture::source::LinkType;
use crate::event::Summary;
use crate::item::Dir;
use crate::packet::segment::Endpoint;
use crate::report::sample::at;
use crate::rules::finding::{Evidence, Part};
use crate::rules::{self, Finding, Rule};
use crate::ws::header::Header;

crate::rule! {
    /// The server's proof that it understood the request is wrong.
    ///
    /// A proxy that answers on its own is the usual cause.
    static ACCEPT_WRONG = {
        code: "H024", name: "accept-wrong", level: Error, source: "RFC 6455 4.2.2",
        quote: "The value of this header field is constructed by concatenating /key/, defined above in step 4 in Section 4.2.2, with the string \"258EAFA5-E914-47DA-95CA-C5AB0DC85B11\"",
        summary: "Sec-WebSocket-Accept does not follow from the key",
        reaction: "The client fails the connection.",
        bad: ["open"],
        good: ["open"],
    }
}

crate::rule! {
    /// A secret in a URL ends in logs.
    static CREDENTIALS = {
        code: "S002", name: "credentials-in-url", level: Warning, source: "practice",
        quote: "",
        summary: "the request target holds a token, key or password",
        reaction: "Nothing.",
        bad: ["open"],
        good: ["open"],
    }
}

fn rule(code: &str) -> &'static Rule {
    rules::find(code).unwrap()
}

fn subject(conn: u32, url: &str) -> Arc<Subject> {
    Arc::new(Subject {
        conn,
        client: Endpoint::v4([10, 0, 0, 31], 40020 + conn as u16),
        server: Endpoint::v4([10, 0, 0, 5], 8080),
        url: Some(url.to_owned()),
        host: None,
        path: None,
        subprotocol: None,
        opened: at(1, 0),
    })
}

fn entry(finding: Finding, subject: Option<&Arc<Subject>>, fingerprint: u8) -> Entry {
    let packet = finding.at.map_or(0, |at| at.packet);
    Entry {
        located: finding.at.map(|at| Located {
            source: 0,
            file_offset: packet * 100,
            len: 62,
            time: at.time,
            link: LinkType(1),
            compressed: false,
        }),
        subject: subject.cloned(),
        fingerprint: format!("{fingerprint:02x}").repeat(16),
        reaction: None,
        status: Status::Stands,
        finding,
    }
}

/// An unmasked text frame.
fn unmasked(n: u64, packet: u64) -> Finding {
    let (header, _) = Header::decode(&[0x81, 62]).unwrap();
    let evidence = Evidence::Frame { header, part: Part::Mask, label: "must be 1 from a client".into() };
    let text = format!("client frame {n} (text) is not masked");
    Finding {
        frame: Some(n),
        offset: Some(4242),
        ..Finding::new(rule("F004"), Dir::C2s, at(packet, packet as i64 * 3_237_400), text).with(evidence)
    }
}

/// Escape sequences, line ends, commands of CI systems, markup.
const HOSTILE: &str = "\x1b[2J\r\n::error::pwned\u{202e} <script>|[x](http://evil)`{0}`";

/// A report with everything in it.
fn rich() -> Report {
    let chat = subject(2, "ws://feed.local/chat");
    let hostile = subject(3, &format!("ws://h/{HOSTILE}"));
    let other = subject(4, "ws://feed.local/chat");
    let mut entries = Vec::new();
    let line = b"Sec-WebSocket-Accept: \x1b[31mAAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n".to_vec();
    let evidence = Evidence::Line {
        mark: 22..line.len() - 2,
        line,
        label: "should be s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".into(),
    };
    let text = "Sec-WebSocket-Accept is \"\x1b[31mAAAAAAAAAAAAAAAAAAAAAAAAAAA=\", but the key demands \"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\"";
    let finding = Finding::new(&ACCEPT_WRONG, Dir::S2c, at(6, 1_900_000), text).with(evidence);
    entries.push(Entry {
        reaction: Some("the client went on as if nothing were wrong".to_owned()),
        ..entry(finding, Some(&hostile), 1)
    });
    entries.push(Entry {
        reaction: Some("the server sent Close 1002 after 0.8 ms".to_owned()),
        ..entry(unmasked(780, 9882), Some(&chat), 2)
    });
    entries.push(entry(unmasked(781, 9884), Some(&chat), 2));
    entries.push(entry(unmasked(783, 9890), Some(&chat), 3));
    entries.push(entry(unmasked(12, 9891), Some(&other), 2));
    let more = Finding { more: 812, text: "+812 more on this connection".to_owned(), ..unmasked(790, 9900) };
    entries.push(entry(Finding { frame: None, ..more }, Some(&chat), 2));
    let bytes = b"and then he said: caf\xe9 \x1b[0m!".to_vec();
    let evidence =
        Evidence::Payload { offset: 1000, bytes, mark: 21..22, label: "begins no UTF-8 character".into() };
    let text = "client message 41 is not UTF-8 from byte 1,021: E9 20 1B";
    let finding = Finding {
        message: Some(41),
        ..Finding::new(rule("T001"), Dir::C2s, at(9910, 40_000_000_000), text).with(evidence)
    };
    entries.push(entry(finding, Some(&other), 4));
    let text = format!("the target has a token: {HOSTILE}");
    let mut credentials = entry(Finding::new(&CREDENTIALS, Dir::C2s, at(4, 0), text), Some(&hostile), 5);
    credentials.located.as_mut().unwrap().compressed = true;
    entries.push(credentials);
    for conn in 5..25 {
        let quiet = subject(conn, "ws://feed.local/quiet");
        let text = "the capture began inside the connection";
        let finding = Finding::new(rule("N003"), Dir::C2s, at(9920 + u64::from(conn), 0), text);
        entries.push(entry(finding, Some(&quiet), 6));
    }
    let text = "captures/incident 1.pcapng ends inside packet 9950";
    entries.push(entry(Finding::whole_capture(rule("N007"), text.to_owned()), None, 7));
    let reason = "vendor ticket 4711, \"fixed\" in <2.0>".to_owned();
    entries.push(Entry {
        status: Status::Suppressed { reason },
        ..entry(unmasked(1, 20), Some(&subject(25, "ws://legacy/")), 8)
    });
    entries.push(Entry {
        status: Status::Known,
        ..entry(unmasked(2, 21), Some(&subject(26, "ws://legacy/")), 9)
    });
    Report {
        sources: vec!["captures/incident 1.pcapng".to_owned()],
        rules: vec![&ACCEPT_WRONG, rule("F004"), rule("F006"), rule("T001"), &CREDENTIALS, rule("S006")]
            .into_iter()
            .chain([rule("N003"), rule("N007")])
            .collect(),
        entries,
        hidden: 120,
        counts: [818, 121, 21],
        by_rule: vec![
            (&ACCEPT_WRONG, 1),
            (rule("F004"), 816),
            (rule("T001"), 1),
            (&CREDENTIALS, 1),
            (rule("S006"), 120),
            (rule("N003"), 20),
            (rule("N007"), 1),
        ],
        suppressed: 1,
        known: 1,
        unused: vec!["the suppression of F006 on *.example.com was not needed".to_owned()],
        summary: Summary {
            packets: 9950,
            bytes: 4_000_000,
            tcp_connections: 30,
            connections: 26,
            frames: 5000,
            messages: 4812,
            ..Summary::default()
        },
        start: Some(at(1, 0)),
    }
}

/// A report of a capture without faults.
fn empty() -> Report {
    Report {
        sources: vec!["chat.pcapng".to_owned()],
        rules: vec![rule("F004"), rule("T001")],
        summary: Summary { connections: 5, messages: 4812, ..Summary::default() },
        ..Report::default()
    }
}

fn write(format: Format, report: &Report, options: &Options) -> String {
    let mut out = Vec::new();
    format.write(report, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn options() -> Options {
    Options { tool: "wscope 0.1.0".to_owned(), ..Options::default() }
}

#[test]
fn every_format_of_a_rich_report() {
    for format in Format::ALL {
        insta::assert_snapshot!(format!("rich-{}", format.name()), write(format, &rich(), &options()));
    }
}

#[test]
fn every_format_of_an_empty_report() {
    for format in Format::ALL {
        insta::assert_snapshot!(format!("empty-{}", format.name()), write(format, &empty(), &options()));
    }
}

#[test]
fn human_wide_and_coloured_and_ascii() {
    let wide = Options { width: 120, color: true, ..options() };
    insta::assert_snapshot!("human-coloured", write(Format::Human, &rich(), &wide).replace('\x1b', "␛"));
    insta::assert_snapshot!("human-wide", write(Format::Human, &rich(), &Options { color: false, ..wide }));
    for format in [Format::Human, Format::Concise, Format::Github, Format::Junit, Format::Markdown] {
        let text = write(format, &rich(), &Options { ascii: true, ..options() });
        let other = text.chars().find(|&c| c != '\n' && !(' '..='~').contains(&c));
        assert_eq!(other, None, "{format:?}: {text}");
    }
}

/// The official schema, which is not in the published package.
fn sarif_schema() -> Option<serde_json::Value> {
    let tests = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    tests.is_dir().then(|| {
        let text = std::fs::read_to_string(tests.join("data/sarif-schema-2.1.0.json")).unwrap();
        // Its pattern of languages, of which we write none, has a bracket too many for strict readers.
        assert!(text.contains("[a-zA-Z]{2}]?$"));
        serde_json::from_str(&text.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$")).unwrap()
    })
}

fn valid(schema: &serde_json::Value, text: &str) {
    let document: serde_json::Value = serde_json::from_str(text).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn sarif_follows_its_schema() {
    let Some(schema) = sarif_schema() else { return };
    let compressed_and_several = Report { sources: vec!["a.pcap".to_owned(), "/b.gz".to_owned()], ..rich() };
    for report in [rich(), empty(), Report::default(), compressed_and_several] {
        valid(&schema, &write(Format::Sarif, &report, &options()));
    }
    let wrong = write(Format::Sarif, &rich(), &options()).replace("\"ruleId\"", "\"rule\"");
    let document = serde_json::from_str(&wrong).unwrap();
    assert!(!jsonschema::validator_for(&schema).unwrap().is_valid(&document));
}

#[test]
fn json_follows_its_schema() {
    let schema = schema();
    let text = schema.to_string();
    assert!(!text.contains("null"), "{text}");
    for report in [rich(), empty()] {
        valid(&schema, &write(Format::Json, &report, &options()));
        for line in write(Format::Ndjson, &report, &options()).lines() {
            valid(&schema, line);
        }
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(!validator.is_valid(&serde_json::json!({ "type": "finding", "code": "F004" })));
}

#[test]
fn junit_is_xml_with_a_case_for_each_rule() {
    use quick_xml::events::Event;
    let text = write(Format::Junit, &rich(), &options());
    let mut reader = quick_xml::Reader::from_str(&text);
    let (mut cases, mut failures) = (0, Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) => match tag.name().as_ref() {
                b"testcase" => cases += 1,
                b"failure" => {
                    let message = tag.try_get_attribute("message").unwrap().unwrap();
                    let text = message.normalized_value(quick_xml::XmlVersion::default()).unwrap();
                    failures.push(text.into_owned());
                }
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(cases, rich().rules.len());
    // The notes do not fail; what is hidden does.
    assert_eq!(failures.len(), 5, "{failures:?}");
    assert_eq!(failures[1], "client frame 780 (text) is not masked");
    assert!(failures[3].contains("<script>"), "{failures:?}");
}

#[test]
fn nothing_of_a_capture_acts() {
    for format in Format::ALL {
        let text = write(format, &rich(), &options());
        let acts = text.chars().find(|&c| c.is_control() && c != '\n' || c == '\u{202e}');
        assert_eq!(acts, None, "{format:?}: {text}");
        let commands = text.lines().filter(|line| line.trim_start().starts_with("::")).count();
        assert_eq!(commands, if format == Format::Github { 7 } else { 0 }, "{format:?}: {text}");
    }
}

#[test]
fn what_does_not_count_is_left_out_or_said_to() {
    for format in Format::ALL {
        let text = write(format, &rich(), &options());
        let says_so = matches!(format, Format::Json | Format::Ndjson | Format::Sarif);
        assert_eq!(text.contains("vendor ticket 4711"), says_so, "{format:?}: {text}");
        assert!(text.contains("not masked"), "{format:?}");
    }
}

#[test]
fn several_captures_are_told_apart() {
    let mut report = rich();
    report.sources.push("b.pcap".to_owned());
    for entry in &mut report.entries[1..3] {
        entry.located.as_mut().unwrap().source = 1;
    }
    report.entries[3].located = None;
    let lines = write(Format::Concise, &report, &options());
    let starts: Vec<&str> = lines.lines().take(4).map(|line| line.split_once(": error").unwrap().0).collect();
    assert_eq!(
        starts,
        [
            "captures/incident 1.pcapng:3.h",
            "b.pcap:2.f780",
            "b.pcap:2.f781",
            "captures/incident 1.pcapng + b.pcap:2.f783"
        ]
    );
    report.sources.push("c.pcap".to_owned());
    let lines = write(Format::Concise, &report, &options());
    assert!(lines.contains("\ncaptures/incident 1.pcapng + 2 others:2.f783: "), "{lines}");
    report.sources.truncate(2);
    // `wscope inspect` takes one capture.
    assert!(!write(Format::Human, &report, &options()).contains("inspect"));
}

#[test]
fn lines_of_the_human_format_fit() {
    use unicode_width::UnicodeWidthStr as _;
    for width in [80, 100] {
        let text = write(Format::Human, &rich(), &Options { width, ..options() });
        for line in text.lines() {
            let url = line.starts_with("      connection 3: ws://h/") && line.ends_with("`,");
            assert!(url || line.width() <= width, "{width}: {line}");
        }
    }
}

#[test]
fn what_is_copied_stays_whole() {
    let long = format!("captures/{}/incident 1.pcapng", "deep/".repeat(20));
    let url = format!("ws://feed.local/{}", "room/".repeat(20));
    let entries = vec![entry(unmasked(780, 9882), Some(&subject(2, &url)), 2)];
    let report = Report { sources: vec![long.clone()], entries, counts: [1, 0, 0], ..rich() };
    let text = write(Format::Human, &report, &options());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[1..5],
        [
            &*format!("  --> {long}"),
            "      2.f780, packet 9882, 31.992 s",
            &format!("      connection 2: {url},"),
            "      10.0.0.31:40022 → 10.0.0.5:8080",
        ]
    );
    let commands = ["   = help: wscope rule F004", &format!("           wscope inspect '{long}' 2.f780")];
    assert!(lines.windows(2).any(|two| two == commands), "{text}");
}

#[test]
fn the_worst_come_first_and_a_rule_is_quoted_once() {
    let (one, two) = (subject(1, "ws://a/"), subject(2, "ws://b/"));
    let note = Finding::new(rule("N003"), Dir::C2s, at(1, 0), "inside");
    let warning = Finding::new(&CREDENTIALS, Dir::C2s, at(2, 0), "a token");
    let entries = vec![
        entry(note, Some(&one), 1),
        entry(warning.clone(), Some(&two), 2),
        entry(unmasked(9, 30), Some(&two), 3),
        entry(unmasked(4, 40), Some(&one), 4),
        entry(warning, Some(&one), 5),
    ];
    let report = Report { entries, counts: [2, 2, 1], hidden: 0, ..rich() };
    let text = write(Format::Human, &report, &options());
    let places: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("  --> captures/incident 1.pcapng: "))
        .filter_map(|line| line.split(',').next())
        .collect();
    assert_eq!(places, ["1.f4", "2.f9", "1", "2", "1"]);
    let rules: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("   = rule: ")).collect();
    let [quoted, again, practice, practice_again] = &rules[..] else { panic!("{rules:?}") };
    assert!(quoted.starts_with("RFC 6455 5.1: \"a client MUST"), "{quoted}");
    assert_eq!(*again, "RFC 6455 5.1");
    assert_eq!(
        [*practice, *practice_again],
        ["good practice: the request target holds a token, key or password", "good practice",]
    );
}

#[test]
fn formats_read_back_as_named() {
    for format in Format::ALL {
        assert_eq!(format.name().parse(), Ok(format));
        assert!(!format.description().is_empty());
        let error = "xml".parse::<Format>().unwrap_err().to_string();
        assert!(error.contains(format.name()), "{error}");
    }
}

#[test]
fn without_connections_nothing_is_reassuring() {
    let report = Report { sources: vec!["x.pcap".to_owned()], ..Report::default() };
    let text = write(Format::Human, &report, &options());
    assert_eq!(text, "no WebSocket connection found: nothing was checked\n");
    assert_eq!(
        write(Format::Markdown, &report, &options()),
        "## wscope check: nothing was checked\n\n<code>x.pcap</code>: no WebSocket connection found.\n"
    );
    let report = Report { rules: vec![rule("F004")], ..report };
    let junit = write(Format::Junit, &report, &options());
    assert!(junit.contains("<skipped message=\"no WebSocket connection found\"/>"), "{junit}");
    assert!(!junit.contains("no findings"), "{junit}");
}

#[test]
fn what_repeats_is_told_in_short() {
    let subjects: Vec<_> = (1..=7).map(|conn| subject(conn, &format!("ws://a/{conn}"))).collect();
    let entries: Vec<Entry> = (1..).zip(&subjects).map(|(n, s)| entry(unmasked(9, 30), Some(s), n)).collect();
    let report = Report { entries, counts: [7, 0, 0], hidden: 0, unused: Vec::new(), ..rich() };
    let text = write(Format::Human, &report, &options());
    assert_eq!(text.matches("must be 1 from a client").count(), 5, "{text}");
    let end: Vec<&str> = text.lines().rev().take(7).collect();
    assert_eq!(
        end[1..],
        [
            "",
            "  --> captures/incident 1.pcapng: 7.f9, packet 30, 0.097 s",
            "error[F004] client-unmasked: client frame 9 (text) is not masked",
            "  --> captures/incident 1.pcapng: 6.f9, packet 30, 0.097 s",
            "error[F004] client-unmasked: client frame 9 (text) is not masked",
            "",
        ]
    );
}
