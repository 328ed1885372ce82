//! Traffic out of random numbers: the same every time, and what was said is what is told.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde_json::Value;
use sha2::{Digest, Sha256};
use support::{alarms, export_bytes, of_type, records};
use wscope::capture::open::from_bytes;
use wscope::capture::source::{Block, Status};
use wscope::engine::{self, Config};
use wscope::event::{Event, Summary};
use wscope::generate::truth::{self, Side, Totals};
use wscope::generate::{Generator, Kind, Plan, Rate, Size, Violation, ViolationError};
use wscope::limits::Limits;
use wscope::observe::{Observer, Outbox, Sink};
use wscope::rules::{self, Rule};

/// A capture, its connections and all of them together.
struct Made {
    capture: Vec<u8>,
    connections: Vec<truth::Connection>,
    totals: Totals,
}

fn make(plan: &Plan) -> Made {
    let mut generator = Generator::new(plan.clone());
    let (mut capture, mut connections) = (Vec::new(), Vec::new());
    loop {
        let more = generator.fill(&mut capture);
        connections.extend(generator.ended());
        if !more {
            break;
        }
    }
    let totals = generator.totals().clone();
    assert_eq!(totals.bytes, capture.len() as u64);
    Made { capture, connections, totals }
}

fn percent(n: u32) -> Option<Rate> {
    Some(Rate::of_million(n * 10_000))
}

fn workload(kind: Kind) -> Plan {
    Plan { kind, size: Some(Size(400_000)), ..Plan::default() }
}

/// Every kind of traffic, as small as it gets.
fn all_kinds() -> Vec<Plan> {
    let mut plans: Vec<Plan> = Kind::WORKLOADS.into_iter().map(workload).collect();
    plans.push(Plan { connections: Some(16), refused: Rate::of_million(250_000), ..Plan::default() });
    plans.push(Plan { deflate: Some("client_no_context_takeover".parse().unwrap()), ..Plan::default() });
    plans.push(Plan {
        deflate: Some("server_max_window_bits=9; client_max_window_bits=10".parse().unwrap()),
        ..Plan::default()
    });
    plans
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for plan in all_kinds() {
        let made = make(&plan);
        assert_eq!(hash(&made.capture), hash(&make(&plan).capture), "{plan:?}");
        let other = make(&Plan { seed: 2, ..plan });
        assert_ne!(hash(&made.capture), hash(&other.capture));
        assert_ne!(made.connections, other.connections);
    }
}

/// In every version and on every machine. Nothing in it is compressed: that depends on zlib-rs.
#[test]
fn the_same_seed_always_gave_the_same_bytes() {
    let plan = Plan { connections: Some(3), loss: percent(3), reorder: percent(3), ..Plan::default() };
    assert_eq!(
        hash(&make(&plan).capture),
        "39aaaefe68a7464df69630b72c7b320f55a07183be20644dbcbe57193498a870"
    );
}

/// The numbers that an export has of one direction of a connection.
fn side(messages: &[&Value], frames: &[&Value], conn: &Value, dir: &str) -> Side {
    let of = |record: &&&Value| record["conn"] == *conn && record["dir"] == dir;
    let mut side = Side::default();
    for frame in frames.iter().filter(of) {
        match frame["kind"].as_str().unwrap() {
            "continuation" => side.continuation += 1,
            "text" => side.text += 1,
            "binary" => side.binary += 1,
            "close" => side.close += 1,
            "ping" => side.ping += 1,
            "pong" => side.pong += 1,
            other => panic!("{other}"),
        }
        side.payload_bytes += frame["len"].as_u64().unwrap();
    }
    for message in messages.iter().filter(of) {
        if ["text", "binary"].contains(&message["kind"].as_str().unwrap()) {
            side.messages += 1;
            side.compressed += u64::from(message["compressed"] == true);
            side.damaged += u64::from(message["complete"] != true);
            side.message_bytes += message["len"].as_u64().unwrap();
        }
    }
    side
}

fn address(host: &Value) -> String {
    let ip: std::net::IpAddr = host["ip"].as_str().unwrap().parse().unwrap();
    std::net::SocketAddr::new(ip, host["port"].as_u64().unwrap() as u16).to_string()
}

/// What is told of each connection, by its ends.
fn told(capture: &[u8]) -> BTreeMap<String, (u16, Side, Side)> {
    let export = records(&export_bytes(capture, 1));
    let (frames, messages) = (of_type(&export, "frame"), of_type(&export, "message"));
    let connections = of_type(&export, "connection").into_iter().map(|conn| {
        let status = conn["handshake"]["response"]["status"].as_u64().unwrap_or_default() as u16;
        let sides = ["c2s", "s2c"].map(|dir| side(&messages, &frames, &conn["conn"], dir));
        let [c2s, s2c] = sides;
        (address(&conn["client"]) + " " + &address(&conn["server"]), (status, c2s, s2c))
    });
    connections.collect()
}

fn said(connections: &[truth::Connection]) -> BTreeMap<String, (u16, Side, Side)> {
    let one = |conn: &truth::Connection| {
        (conn.client.clone() + " " + &conn.server, (conn.status, conn.c2s.clone(), conn.s2c.clone()))
    };
    connections.iter().map(one).collect()
}

#[test]
fn what_is_told_is_what_was_said() {
    for plan in all_kinds() {
        // What is not captured is the business of another test.
        let plan = Plan { drop: percent(0), ..plan };
        let made = make(&plan);
        let (told, said) = (told(&made.capture), said(&made.connections));
        assert_eq!(told.len(), said.len(), "{:?}", plan.kind);
        for (ends, said) in &said {
            assert_eq!(told.get(ends), Some(said), "{:?}: {ends}", plan.kind);
        }
        let frames: u64 = said.values().map(|(_, c2s, s2c)| c2s.frames() + s2c.frames()).sum();
        assert_eq!(made.totals.frames(), frames);
        assert!(made.totals.messages() > 20, "{:?}", plan.kind);
    }
}

/// Traffic is right but where something is asked for.
#[test]
fn nothing_is_found_in_it() {
    for plan in all_kinds() {
        let plan = Plan { drop: percent(0), hosts: Some(Default::default()), ..plan };
        let export = records(&export_bytes(&make(&plan).capture, 1));
        let findings = of_type(&export, "finding");
        let known: &[&str] = if plan.refused == Rate::NEVER { &[] } else { &["H020"] };
        // Of TLS, that its keys are missing.
        let tls = |code: &str| plan.kind == Kind::Dirty && code == "N006";
        let codes: BTreeSet<&str> =
            findings.iter().map(|f| f["code"].as_str().unwrap()).filter(|code| !tls(code)).collect();
        assert_eq!(codes, known.iter().copied().collect(), "{plan:?}\n{findings:?}");
    }
}

/// Each message by its connection, direction and content.
fn messages(capture: &[u8]) -> Vec<String> {
    let export = records(&export_bytes(capture, 1));
    let ends: BTreeMap<u64, String> = of_type(&export, "connection")
        .iter()
        .map(|conn| (conn["conn"].as_u64().unwrap(), address(&conn["client"])))
        .collect();
    let mut messages: Vec<String> = of_type(&export, "message")
        .iter()
        .filter(|message| message["complete"] == true)
        .map(|message| {
            let end = &ends[&message["conn"].as_u64().unwrap()];
            format!("{end} {} {} {}", message["dir"], message["kind"], message["sha256"])
        })
        .collect();
    // Within a direction the order is kept; of two directions it is the network's.
    messages.sort_by_key(|message| message.split(' ').take(2).collect::<String>());
    messages
}

#[test]
fn what_the_network_does_changes_no_message() {
    for deflate in [None, Some(Default::default())] {
        let clean = Plan { deflate, seed: 5, ..Plan::default() };
        let bad = Plan { loss: percent(15), reorder: percent(15), ..clean.clone() };
        let (clean, bad) = (make(&clean), make(&bad));
        assert!(bad.totals.retransmitted > 20 && bad.totals.reordered > 10, "{:?}", bad.totals);
        assert_eq!(messages(&clean.capture), messages(&bad.capture));
        assert_eq!(said(&clean.connections), said(&bad.connections));
        let export = records(&export_bytes(&bad.capture, 1));
        assert_eq!(of_type(&export, "finding"), Vec::<&Value>::new());
    }
}

#[test]
fn what_is_not_captured_is_missing_and_nothing_else() {
    let whole = Plan { seed: 3, connections: Some(20), ..Plan::default() };
    let holes = Plan { drop: percent(4), ..whole.clone() };
    let (whole, holes) = (make(&whole), make(&holes));
    let damaged = holes.totals.c2s.damaged + holes.totals.s2c.damaged;
    assert!(holes.totals.dropped > 5 && damaged > 5, "{:?}", holes.totals);
    let (mut all, found) = (messages(&whole.capture), messages(&holes.capture));
    for message in &found {
        let at = all.iter().position(|other| other == message);
        all.swap_remove(at.unwrap_or_else(|| panic!("invented: {message}")));
    }
    let export = records(&export_bytes(&holes.capture, 1));
    let data = of_type(&export, "message")
        .iter()
        .filter(|m| ["text", "binary"].contains(&m["kind"].as_str().unwrap()) && m["complete"] == true)
        .count() as u64;
    // Frames behind a hole may be out of reach; those of messages with a hole are.
    assert!(data <= holes.totals.messages() - damaged, "{data} of {:?}", holes.totals);
    assert!(data * 10 >= (holes.totals.messages() - damaged) * 9, "{data} of {:?}", holes.totals);
    let codes: BTreeSet<&str> = alarms(&export).iter().map(|f| f["code"].as_str().unwrap()).collect();
    assert!(codes.contains("N001"), "{codes:?}");
    assert!(codes.iter().all(|code| code.starts_with('N')), "{codes:?}");
}

#[test]
fn a_capture_that_begins_late_has_no_handshakes() {
    let plan = Plan { mid_stream: true, messages: Some(60), ..Plan::default() };
    let made = make(&plan);
    let export = records(&export_bytes(&made.capture, 1));
    let connections = of_type(&export, "connection");
    assert_eq!(connections.len(), 8);
    assert!(connections.iter().all(|conn| conn["handshake"].is_null()), "{connections:#?}");
    let codes: BTreeSet<&str> =
        of_type(&export, "finding").iter().map(|f| f["code"].as_str().unwrap()).collect();
    // Where the first frames are long, their boundaries are certain only later.
    assert_eq!(codes, BTreeSet::from(["N003", "N004"]));
    let (mut all, found) =
        (messages(&make(&Plan { mid_stream: false, ..plan }).capture), messages(&made.capture));
    all.retain(|message| !message.contains("\"close\""));
    let invented: Vec<_> =
        found.iter().filter(|message| !message.contains("\"close\"") && !all.contains(message)).collect();
    assert!(invented.is_empty(), "{invented:#?}");
    let missing: Vec<_> = all.iter().filter(|message| !found.contains(message)).collect();
    assert!(missing.len() * 20 < all.len(), "{} of {}: {missing:#?}", missing.len(), all.len());
}

#[test]
fn a_size_is_reached_but_not_by_much() {
    for kind in Kind::WORKLOADS {
        let size = 3_000_000;
        let made = make(&Plan { kind, size: Some(Size(size)), ..Plan::default() });
        let share = made.totals.bytes as f64 / size as f64;
        assert!((0.9..1.35).contains(&share), "{kind:?}: {:?}", made.totals);
    }
    let many = make(&Plan { connections: Some(300), messages: Some(1), ..Plan::default() });
    assert_eq!((many.totals.connections, many.totals.messages()), (300, 300));
}

#[test]
fn times_only_grow() {
    let plan = Plan { loss: percent(5), reorder: percent(5), ..workload(Kind::Dirty) };
    let made = make(&plan);
    let mut opened = from_bytes("test", made.capture, &Limits::default()).unwrap();
    let mut last = None;
    let mut packets = 0;
    let mut block = Block::default();
    loop {
        let status = opened.source.fill(&mut block).unwrap();
        for packet in &block.packets {
            assert!(last <= Some(packet.time), "packet {packets}");
            last = Some(packet.time);
            packets += 1;
        }
        if status == Status::End {
            break;
        }
    }
    assert_eq!(packets, made.totals.packets);
}

struct Collect;

impl Observer for Collect {
    type Record = &'static Rule;

    fn event(&mut self, _: &wscope::event::Connection, event: Event<'_>, out: &mut Outbox<&'static Rule>) {
        if let Event::Finding(finding) = event {
            out.push(finding.rule);
        }
    }
}

#[derive(Default)]
struct Found(Vec<&'static Rule>);

impl Sink<&'static Rule> for Found {
    fn record(&mut self, _: u32, rule: &'static Rule, _: &[u8]) -> io::Result<()> {
        self.0.push(rule);
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        self.0.extend(summary.capture_findings.iter().map(|finding| finding.rule));
        Ok(())
    }
}

fn findings(capture: Vec<u8>) -> BTreeSet<&'static str> {
    let mut opened = from_bytes("test", capture, &Limits::default()).unwrap();
    let mut found = Found::default();
    engine::run(&mut *opened.source, &Config::default(), &|| Collect, &mut found, &|_| {}).unwrap();
    found.0.into_iter().map(|rule| rule.code).collect()
}

/// As in tests/rules.rs: what cannot be broken alone.
fn with_companions(code: &'static str) -> BTreeSet<&'static str> {
    match code {
        "N004" => BTreeSet::from(["N001", "N004"]),
        "H012" => BTreeSet::from(["H012", "H020"]),
        "S004" => BTreeSet::from(["S003", "S004"]),
        _ => BTreeSet::from([code]),
    }
}

#[test]
fn a_rule_that_is_broken_is_found_and_no_other() {
    for rule in rules::all() {
        for (n, script) in rule.bad.iter().enumerate() {
            let violation = match Violation::new(rule.code, script) {
                Ok(violation) => violation,
                Err(error) => {
                    assert_eq!((rule.code, error), ("N005", ViolationError::Limits("N005")));
                    continue;
                }
            };
            let plan = Plan {
                seed: n as u64,
                connections: Some(2),
                messages: Some(6),
                violations: vec![violation],
                ..Plan::default()
            };
            let made = make(&plan);
            assert_eq!(findings(made.capture), with_companions(rule.code), "{} {script}", rule.code);
            assert_eq!((made.totals.connections, made.totals.violations), (2, 1));
            assert_eq!(made.connections.iter().filter_map(|conn| conn.violates).next(), Some(rule.code));
        }
    }
}

#[test]
fn all_rules_are_broken_at_once() {
    let violations: Vec<Violation> =
        rules::all().filter_map(|rule| Violation::new(rule.code, rule.bad[0]).ok()).collect();
    let codes: BTreeSet<&str> = rules::all().map(|rule| rule.code).filter(|code| *code != "N005").collect();
    assert_eq!(violations.len(), codes.len());
    let made = make(&Plan { violations, ..Plan::default() });
    assert_eq!(findings(made.capture), codes);
}

/// With so much output that a block's comes in parts, and so long that workers learn the numbers of connections.
#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    for kind in [Kind::Tiny, Kind::Dirty] {
        let capture = make(&Plan { size: Some(Size(4_000_000)), ..workload(kind) }).capture;
        let one = export_bytes(&capture, 1);
        for threads in [2, 3] {
            assert!(export_bytes(&capture, threads) == one, "{kind:?} with {threads} threads");
        }
    }
}
