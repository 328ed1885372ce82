use std::path::Path;

use super::*;
use crate::event::{Closing, Totals, Transport};
use crate::http::upgrade::{Handshake, Request};
use crate::item::{At, Dir};
use crate::packet::segment::Endpoint;
use crate::rules::{self, Level};

fn connection(packet: u64) -> Connection {
    let head = b"GET /chat/7?token=abc HTTP/1.1\r\nHost: Example.com\r\n\r\n";
    let request = Request::parse(&head[..], At::default(), At::default());
    Connection {
        id: ConnectionId { packet, attempt: 0 },
        number: None,
        opened: At { packet, ..At::default() },
        client: Endpoint::v4([10, 0, 0, 1], 50_000),
        server: Endpoint::v4([10, 0, 0, 2], 80),
        transport: Transport::Http1,
        handshake: Some(Box::new(Handshake { request: Some(request), ..Handshake::default() })),
    }
}

fn finding(code: &str, nth: u32, more: u64) -> Finding {
    let rule = rules::find(code).unwrap();
    let finding = Finding::new(rule, Dir::C2s, At::default(), format!("{code} {nth}"));
    Finding { nth, more, ..finding }
}

fn closing() -> Closing {
    Closing {
        at: At::default(),
        how: None,
        close: [None, None],
        tcp: [None, None],
        totals: [Totals::default(); 2],
        findings: [0; 3],
    }
}

/// Events, each with the number of its connection, through a collector into a report.
fn audit(enabled: &Enabled, policy: Policy, events: &[(u32, Event<'_>)]) -> (Report, Draft) {
    let summary = Summary {
        connections: 2,
        capture_findings: vec![Finding::whole_capture(&rules::capture::FILE_CUT, "cut".to_owned())],
        ..Summary::default()
    };
    let mut collector = Collector::new(enabled, |_| b"masked".to_vec());
    let mut auditor = Auditor::new(enabled, policy);
    for (number, event) in events {
        let mut out = Outbox::default();
        collector.event(&connection(u64::from(*number) * 10), *event, &mut out);
        for record in out.records {
            auditor.record(*number, record, &[]).unwrap();
        }
    }
    assert!(collector.subjects.is_empty() && auditor.open.is_empty(), "something is left of a connection");
    Sink::finish(&mut auditor, &summary).unwrap();
    auditor.finish(vec!["a.pcap".to_owned()])
}

fn all(max_findings: usize) -> Policy {
    Policy { max_findings, ..Policy::default() }
}

fn config(text: &str) -> Config {
    Config::parse(text, Path::new("wscope.toml")).unwrap()
}

fn told(report: &Report) -> Vec<String> {
    report.entries.iter().map(|entry| entry.finding.text.clone()).collect()
}

#[test]
fn a_finding_with_its_connection_and_reaction() {
    let (one, two) = (finding("F004", 1, 0), finding("F004", 1, 0));
    let reaction = |text: &str| Reaction { to: 1, text: text.to_owned() };
    let (first, second) = (reaction("first"), reaction("second"));
    let end = closing();
    let (report, draft) = audit(
        &Enabled::default(),
        all(10),
        &[
            (1, Event::Opened),
            (2, Event::Finding(&two)),
            (1, Event::Finding(&one)),
            (1, Event::Reaction(&first)),
            (2, Event::Reaction(&second)),
            (1, Event::Closed(&end)),
            (2, Event::Closed(&end)),
            (3, Event::Closed(&end)),
        ],
    );
    let [of_two, of_one, of_all] = &*report.entries else { panic!("{report:?}") };
    assert_eq!(of_two.reaction.as_deref(), Some("second"));
    assert_eq!(of_one.reaction.as_deref(), Some("first"));
    let subject = of_one.subject.as_ref().unwrap();
    assert_eq!((subject.conn, subject.opened.packet), (1, 10));
    assert_eq!(subject.url.as_deref(), Some("masked"));
    assert_eq!((subject.host.as_deref(), subject.path.as_deref()), (Some("example.com"), Some("/chat/7")));
    assert_eq!(of_two.fingerprint, of_one.fingerprint);
    assert_eq!((of_all.subject.as_ref(), &*of_all.finding.text), (None, "cut"));
    assert_eq!((report.counts, report.hidden, report.sources.len()), ([2, 0, 1], 0, 1));
    assert!(draft.is_empty());
}

#[test]
fn counts_are_of_all_and_shown_is_what_fits() {
    let findings: Vec<Finding> =
        ["N001", "N001", "F004", "N004"].iter().zip(1..).map(|(code, nth)| finding(code, nth, 0)).collect();
    let more = finding("F004", 5, 100);
    let end = closing();
    let mut events: Vec<(u32, Event<'_>)> =
        findings.iter().map(|finding| (1, Event::Finding(finding))).collect();
    events.extend([(1, Event::Finding(&more)), (1, Event::Closed(&end))]);
    let (report, _) = audit(&Enabled::default(), all(3), &events);
    assert_eq!(told(&report), ["N001 1", "F004 3", "F004 5"]);
    assert_eq!((report.counts, report.hidden), ([101, 0, 4], 3));
    let by_rule: Vec<(&str, u64)> = report.by_rule.iter().map(|(rule, count)| (rule.code, *count)).collect();
    assert_eq!(by_rule, [("F004", 101), ("N001", 2), ("N004", 1), ("N007", 1)]);
    assert_eq!(report.rules.len(), rules::all().count());
}

#[test]
fn rules_that_are_not_looked_at() {
    let (error, note) = (finding("F004", 1, 0), finding("N001", 2, 0));
    let reaction = Reaction { to: 1, text: "x".to_owned() };
    let end = closing();
    let enabled = Enabled::new(&[], Level::Error);
    let events = [
        (1, Event::Finding(&note)),
        (1, Event::Reaction(&reaction)),
        (1, Event::Closed(&end)),
        (2, Event::Finding(&error)),
        (2, Event::Closed(&end)),
    ];
    let (report, _) = audit(&enabled, all(10), &events);
    assert_eq!((told(&report), report.counts), (vec!["F004 1".to_owned()], [1, 0, 0]));
}

const SUPPRESS: &str = "[[suppress]]\nrule = \"F004\"\npath = \"/chat/*\"\nreason = \"old client\"\n";

#[test]
fn what_does_not_count() {
    let (error, note) = (finding("F004", 1, 3), finding("N001", 2, 0));
    let end = closing();
    let events = [(1, Event::Finding(&error)), (1, Event::Finding(&note)), (1, Event::Closed(&end))];
    let enabled = Enabled::default();
    let (report, draft) = audit(&enabled, Policy { draft: true, ..all(10) }, &events);
    assert_eq!((report.counts, draft.len()), ([3, 0, 2], 3));
    let note_print = &report.entries[1].fingerprint;
    let baseline = |prints: &[&str]| {
        let list: Vec<String> =
            prints.iter().map(|print| format!("{{\"fingerprint\":\"{print}\",\"rule\":\"N001\"}}")).collect();
        let json = format!("{{\"findings\":[{}]}}", list.join(","));
        Some(Baseline::parse(json.as_bytes(), Path::new("b.json")).unwrap())
    };
    let policy =
        Policy { config: config(SUPPRESS), baseline: baseline(&[note_print]), draft: true, ..all(10) };
    let (report, draft) = audit(&enabled, policy, &events);
    assert_eq!((report.counts, report.suppressed, report.known), ([0, 0, 1], 3, 1));
    assert_eq!((report.hidden, report.unused.len()), (0, 0), "{report:?}");
    assert_eq!(report.entries[0].status, Status::Suppressed { reason: "old client".to_owned() });
    assert_eq!(report.entries[1].status, Status::Known);
    assert_eq!(draft.len(), 2, "what is known stays in a new baseline, what is suppressed does not get in");
    assert_eq!(report.by_rule.len(), 1);
}

#[test]
fn what_is_said_in_vain() {
    let error = finding("F004", 1, 0);
    let end = closing();
    let events = [(1, Event::Finding(&error)), (1, Event::Closed(&end))];
    let text = format!(
        "{SUPPRESS}expires = 2026-11-01\n[[suppress]]\nrule = \"F\"\nhost = \"other\"\nreason = \"x\"\n\
         [[suppress]]\nrule = \"F\"\nhost = \"other\"\nreason = \"x\"\nexpires = 2026-11-02\n\
         [[suppress]]\nrule = \"T\"\nreason = \"x\"\n"
    );
    let prints: Vec<String> =
        (0..30).map(|n| format!("{{\"fingerprint\":\"{n:032x}\",\"rule\":\"F004\"}}")).collect();
    let json = format!("{{\"findings\":[{}]}}", prints.join(","));
    let policy = |today: &str| Policy {
        config: config(&text),
        baseline: Some(Baseline::parse(json.as_bytes(), Path::new("b.json")).unwrap()),
        today: today.parse::<toml::value::Datetime>().unwrap().date,
        ..all(10)
    };
    let enabled = Enabled::new(
        &[crate::audit::select::Choice { select: None, ignore: vec!["T".parse().unwrap()] }],
        Level::Note,
    );
    let (report, _) = audit(&enabled, policy("2026-11-03"), &events);
    assert_eq!(report.counts, [1, 0, 1]);
    assert_eq!(
        report.unused[..4],
        [
            "wscope.toml:1: the suppression of F004 expired on 2026-11-01; it would cover 1 finding"
                .to_owned(),
            "wscope.toml:6: the suppression of F covers no finding".to_owned(),
            "wscope.toml:10: the suppression of F expired on 2026-11-02; nothing needs it any more"
                .to_owned(),
            format!("b.json: not found any more: F004 {:032x}", 0),
        ]
    );
    assert_eq!(report.unused.len(), 3 + 20 + 1);
    assert_eq!(report.unused[23], "b.json: not found any more: 10 others");
    let (report, _) = audit(&enabled, policy("2026-11-01"), &events);
    assert_eq!((report.counts, report.suppressed), ([0, 0, 1], 1));
    assert_eq!(report.unused[1], "wscope.toml:10: the suppression of F covers no finding");
}
