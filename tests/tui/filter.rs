//! The filter: what it selects, and how it is typed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use wscope::capture::open as capture;
use wscope::engine::{self, Config};
use wscope::event::{Connection, Event, Summary};
use wscope::filter::{Filter, Rows};
use wscope::limits::Limits;
use wscope::observe::{Observer, Outbox, Sink};
use wscope::report::filtered::{Filtered, FilteredSink};
use wscope::rules::Finding;
use wscope::tui::drive::Driver;
use wscope::tui::feed::Feed;
use wscope::tui::history::History;
use wscope::tui::model::Model;
use wscope::tui::reopen::Reopener;
use wscope::tui::view::ViewId;
use wscope::tui::workers::Workers;
use wscope::ws::session::Want;

use super::{open, pictures};

fn gallery() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let capture = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.contains(".pcap")
    };
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(capture).collect();
    paths.sort();
    assert!(paths.len() > 10);
    paths
}

/// What the command line selects: messages, findings (by their order), connections.
#[derive(Debug, Default, PartialEq)]
struct Selected {
    messages: BTreeSet<(u32, u64)>,
    findings: BTreeSet<String>,
    conns: BTreeSet<u32>,
}

struct Telling;

/// A finding, without what depends on how much of payloads was kept.
fn name(finding: &Finding) -> String {
    format!("{} {} {:?} {:?}", finding.rule.code, finding.nth, finding.at, finding.dir)
}

impl Observer for Telling {
    type Record = (char, u64, String);

    fn event(&mut self, _: &Connection, event: Event<'_>, out: &mut Outbox<Self::Record>) {
        match event {
            Event::Message(message) => out.push(('m', message.n, String::new())),
            Event::Finding(finding) => out.push(('f', 0, name(finding))),
            Event::Closed(_) => out.push(('c', 0, String::new())),
            _ => {}
        }
    }
}

impl Sink<(char, u64, String)> for Selected {
    fn record(&mut self, conn: u32, (kind, n, text): (char, u64, String), _: &[u8]) -> io::Result<()> {
        match kind {
            'm' => drop(self.messages.insert((conn, n))),
            'f' => drop(self.findings.insert(format!("{conn} {text}"))),
            _ => drop(self.conns.insert(conn)),
        }
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let of = |finding: &Finding| format!("{} {}", finding.conn.unwrap_or(0), name(finding));
        self.findings.extend(summary.capture_findings.iter().map(of));
        Ok(())
    }
}

/// As `show -Y`, `export -Y` and `ls -Y` select.
fn by_commands(path: &Path, filter: &Filter) -> Selected {
    let config = Config { want: filter.needs().want(Want::default()), ..Config::default() };
    let mut selected = Selected::default();
    for rows in [Rows::MESSAGE, Rows::FINDING] {
        let mut taken = Selected::default();
        let mut opened = capture::open(&[path], &Limits::default()).unwrap();
        let observer = || Filtered::records(Telling, Some(filter), rows);
        let mut sink = FilteredSink::new(&mut taken, Some(filter));
        engine::run(&mut *opened.source, &config, &observer, &mut sink, &|_| {}).unwrap();
        if rows == Rows::MESSAGE {
            selected.messages = taken.messages;
        } else {
            selected.findings = taken.findings;
        }
    }
    let conns = filter.of_connections().unwrap();
    let mut taken = Selected::default();
    let mut opened = capture::open(&[path], &Limits::default()).unwrap();
    let observer = || Filtered::connections(Telling, Some(&conns), filter.needs().running);
    engine::run(&mut *opened.source, &config, &observer, &mut taken, &|_| {}).unwrap();
    selected.conns = taken.conns;
    selected
}

/// As the interface selects.
fn by_interface(model: &Model) -> Selected {
    let filtering = model.filtering.as_ref().expect("a filter");
    let mut selected = Selected::default();
    for place in 0..model.store.messages() {
        let (row, _) = model.store.message(place).unwrap();
        if filtering.message(place).expect("known") {
            selected.messages.insert((row.conn, row.n.into()));
        }
    }
    for (place, found) in model.store.findings().iter().enumerate() {
        if filtering.finding(&model.store, place).expect("known") {
            selected.findings.insert(format!("{} {}", found.conn.unwrap_or(0), name(&found.finding)));
        }
    }
    for conn in model.store.conns().iter() {
        if filtering.conn(conn.number).expect("known") {
            selected.conns.insert(conn.number);
        }
    }
    assert_eq!(filtering.matches(), selected.messages.len());
    selected
}

fn driver(path: &Path) -> Driver {
    Driver::open(&[path.to_owned()], 80, 24).unwrap()
}

fn filter(driver: &mut Driver, text: &str) {
    driver.app.model.apply_filter(text).unwrap_or_else(|error| panic!("{error}"));
    driver.draw();
}

/// Asked of the rows in memory.
const OF_ROWS: [&str; 27] = [
    "op == text",
    "ping or pong",
    "dir == s2c && len > 100",
    "wirelen < 20",
    "ratio > 1.5",
    "conn == 2",
    "!(conn == 1)",
    "msg in {2..4}",
    "frames > 1",
    "fragmented && op == binary",
    "compressed",
    "!complete",
    "close.code == 1000",
    "close.code >= 1002",
    "time > 1s",
    "at >= 10:00",
    "packet < 40",
    "frame == 3",
    "port == 9001 || ip == 127.0.0.1",
    "src == 127.0.0.1 && dst.port != 80",
    "client.port > 1024",
    "delta > 10ms",
    "reply < 100ms",
    "heartbeat",
    "!heartbeat && c2s",
    "websocket",
    "!marked",
];

/// Asked while the capture is read once more.
const OF_PAYLOADS: [&str; 14] = [
    "payload ~ e",
    ".type",
    ".type == \"error\" || ping",
    "payload[0:2] == 7b:22",
    "host contains 127",
    "path ~ \"/\"",
    "status == 101",
    "pmd && !compressed",
    "subproto ~ chat",
    "rtt < 1s",
    "utf8",
    "close.reason ~ a",
    "header[\"Upgrade\"] ~ websocket",
    "hello && conn in {1, 2}",
];

#[test]
fn the_same_as_on_the_command_line() {
    let mut some = BTreeMap::<&str, usize>::new();
    for path in gallery() {
        let mut driver = driver(&path);
        for text in OF_ROWS.iter().chain(&OF_PAYLOADS) {
            filter(&mut driver, text);
            let selected = by_interface(&driver.app.model);
            *some.entry(text).or_default() += selected.messages.len();
            let parsed = Filter::parse(text).unwrap();
            assert_eq!(parsed.needs().brief, OF_ROWS.contains(text), "{text}");
            let mut expected = by_commands(&path, &parsed);
            if !parsed.needs().rows.contains(Rows::FINDING) {
                // Here the interface shows findings with what they are on.
                expected.findings.clone_from(&selected.findings);
            }
            // Of what messages and frames have, the interface asks messages only: what a frame alone has is no reason.
            let of_frames: Vec<u32> = expected.conns.difference(&selected.conns).copied().collect();
            for conn in of_frames {
                assert!(!selected.messages.iter().any(|(number, _)| *number == conn), "{text}: {path:?}");
                assert!(parsed.needs().rows.contains(Rows::FRAME), "{text}: {path:?}");
                expected.conns.remove(&conn);
            }
            assert_eq!(selected, expected, "{text}: {path:?}");
        }
    }
    let never: Vec<_> = some.iter().filter(|(_, count)| **count == 0).collect();
    assert_eq!(never, Vec::<(&&str, &usize)>::new(), "true of nothing in the gallery");
}

#[test]
fn both_ways_agree() {
    for path in gallery() {
        let mut driver = driver(&path);
        for text in OF_ROWS {
            filter(&mut driver, text);
            let rows = by_interface(&driver.app.model);
            // The same, in words for which payloads must be read.
            filter(&mut driver, &format!("({text}) && (payload ~ \"\" || payload[0:1] == 00)"));
            let run = by_interface(&driver.app.model);
            assert_eq!(rows.messages, run.messages, "{text}: {path:?}");
        }
    }
}

#[test]
fn messages_by_what_they_are_part_of() {
    let all = |driver: &mut Driver, text: &str| {
        filter(driver, text);
        by_interface(&driver.app.model)
    };
    let mut driver = open("close-codes.pcapng");
    // Of the whole connection: all messages of those that it is true of.
    let closed = all(&mut driver, "end == clean");
    assert!(!closed.conns.is_empty() && closed.conns.len() < driver.app.model.store.conns().len());
    for place in 0..driver.app.model.store.messages() {
        let (row, _) = driver.app.model.store.message(place).unwrap();
        let filtering = driver.app.model.filtering.as_ref().unwrap();
        assert_eq!(filtering.message(place), Some(closed.conns.contains(&row.conn)));
    }
    // And one of its messages.
    let both = all(&mut driver, "end == clean && op == close");
    assert!(both.messages.len() < closed.messages.len() && !both.messages.is_empty());
    assert!(both.messages.is_subset(&closed.messages));
    let with_payload = all(&mut driver, "end == clean && op == close && payload ~ \"\"");
    assert_eq!(both.messages, with_payload.messages);
    // Findings: the messages that they are on.
    let mut checked = 0;
    for path in gallery() {
        let mut driver = self::driver(&path);
        let found: Vec<_> = driver.app.model.store.findings().iter().cloned().collect();
        for found in found.iter().filter(|found| found.conn.is_some()) {
            let conn = found.conn.unwrap();
            let by_finding = all(&mut driver, &format!("finding == {}", found.finding.rule.code));
            assert!(by_finding.conns.contains(&conn) || found.finding.conn.is_some(), "{found:?}");
            for place in 0..driver.app.model.store.messages() {
                let row = *driver.app.model.store.message(place).unwrap().0;
                let model = &driver.app.model;
                let on = model
                    .store
                    .findings_on(&row)
                    .any(|(_, on)| on.finding.rule.code == found.finding.rule.code);
                // Of a frame between fragments, both its own message and the range of theirs are counted there.
                if !on {
                    assert!(!by_finding.messages.contains(&(row.conn, row.n.into())), "{path:?} {found:?}");
                }
                checked += usize::from(by_finding.messages.contains(&(row.conn, row.n.into())));
            }
        }
    }
    assert!(checked > 0);
    // Frames.
    let mut driver = open("fragments-pings.pcapng");
    let cut = all(&mut driver, "fin == false");
    let fragmented = all(&mut driver, "fragmented && websocket");
    assert_eq!(cut.messages, fragmented.messages);
    assert!(!cut.messages.is_empty());
    let controls = all(&mut driver, "headerlen >= 2 && fin && !fragmented");
    assert!(controls.messages.is_disjoint(&cut.messages));
    assert!(driver.app.model.apply_filter("fin && .type").is_err());
    assert_eq!(driver.app.model.filtering.as_ref().unwrap().text(), "headerlen >= 2 && fin && !fragmented");
}

#[test]
fn times_before_the_end() {
    let mut driver = open("chat-node-ws.pcapng");
    filter(&mut driver, "at >= -1h");
    let all = by_interface(&driver.app.model);
    assert_eq!(all.messages.len(), driver.app.model.store.messages());
    filter(&mut driver, "at >= -1ms");
    let few = by_interface(&driver.app.model);
    assert!(few.messages.len() < all.messages.len());
}

#[test]
fn marks_are_followed() {
    let mut driver = open("chat-node-ws.pcapng");
    filter(&mut driver, "marked");
    assert_eq!(driver.app.model.filtering.as_ref().unwrap().matches(), 0);
    driver.app.model.marks.push(3);
    driver.app.model.set_note(5, "odd");
    driver.draw();
    let filtering = driver.app.model.filtering.as_ref().unwrap();
    assert_eq!((filtering.matches(), filtering.message(3)), (1, Some(true)));
    filter(&mut driver, "(marked || note) && payload ~ \"\"");
    assert_eq!(driver.app.model.filtering.as_ref().unwrap().matches(), 2);
}

/// In threads of their own: answers come while it runs, and nothing comes of what was dropped.
#[test]
fn in_other_threads() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/large-messages.pcap.gz");
    let config = Config::default();
    let feed = Feed::start(&[path], config.clone(), || {}).unwrap();
    let reopener = Reopener::new(feed.files(), &config);
    let mut model = Model::new("large".to_owned(), Workers::start(|| {}), Some(reopener));
    // Before anything was read.
    model.apply_filter("payload ~ a").unwrap();
    feed.finish(&mut model.store);
    for text in ["payload ~ b", "payload ~ e"] {
        model.apply_filter(text).unwrap();
    }
    let since = std::time::Instant::now();
    let last = model.store.messages() - 1;
    while model.filtering.as_ref().unwrap().message(last).is_none() {
        model.advance(Duration::from_millis(5));
        assert!(since.elapsed() < Duration::from_secs(120), "{:?}", model.filtering);
        std::thread::sleep(Duration::from_millis(1));
    }
    while model.filtering.as_ref().unwrap().conn(1).is_none() || !model.settled() {
        model.advance(Duration::from_millis(5));
    }
    by_interface(&model);
}

/// What comes through a pipe is filtered while it comes, and to its end.
#[cfg(unix)]
#[test]
fn in_what_still_grows() {
    use std::io::{Read as _, Write as _};
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    if !std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: no mkfifo");
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/large-messages.pcap.gz");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    let (go, goes) = std::sync::mpsc::channel();
    let writer = {
        let pipe = pipe.clone();
        std::thread::spawn(move || {
            let mut pipe = fs::File::options().write(true).open(pipe).unwrap();
            let (first, rest) = bytes.split_at(bytes.len() / 2);
            pipe.write_all(first).unwrap();
            goes.recv().unwrap();
            pipe.write_all(rest).unwrap();
        })
    };
    let config = Config::default();
    let feed = Feed::start(&[pipe], config.clone(), || {}).unwrap();
    let reopener = Reopener::new(feed.files(), &config);
    let mut model = Model::new("pipe".to_owned(), Workers::start(|| {}), Some(reopener));
    model.apply_filter("payload ~ a").unwrap();
    let since = std::time::Instant::now();
    let wait = |model: &mut Model, until: &dyn Fn(&Model) -> bool| {
        while !until(model) {
            feed.apply(&mut model.store, Duration::from_millis(5));
            model.advance(Duration::from_millis(5));
            assert!(since.elapsed() < Duration::from_secs(60), "{:?}", model.filtering);
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    wait(&mut model, &|model| model.filtering.as_ref().unwrap().message(0).is_some());
    assert!(model.filtering.as_ref().unwrap().status(&model.store).contains("match"));
    go.send(()).unwrap();
    let known = |model: &Model| {
        let filtering = model.filtering.as_ref().unwrap();
        let last = model.store.messages().wrapping_sub(1);
        !matches!(model.store.state(), wscope::tui::store::State::Reading)
            && filtering.message(last).is_some()
            && model.store.conns().iter().all(|conn| filtering.conn(conn.number).is_some())
            && model.settled()
    };
    wait(&mut model, &known);
    writer.join().unwrap();
    let mut whole = open("large-messages.pcap.gz");
    filter(&mut whole, "payload ~ a");
    assert_eq!(by_interface(&model), by_interface(&whole.app.model));
}

#[test]
fn connections_that_are_left() {
    let mut driver = open("refused-then-accepted.pcapng");
    let all = driver.app.model.store.conns().len();
    driver.press("/").type_text("status == 101").press("<Enter>");
    let filtering = driver.app.model.filtering.as_ref().unwrap();
    let left = (1..=all as u32).filter(|conn| filtering.conn(*conn) == Some(true)).count();
    assert!(left > 0 && left < all);
    assert!(driver.text().contains(&format!("{left} of {all} connections")), "{}", driver.text());
    driver.press("/<Ctrl-u>").type_text("port == 1").press("<Enter>");
    assert!(
        driver.text().contains("no connection is selected by the filter; R takes it away"),
        "{}",
        driver.text()
    );
    driver.press("R");
    assert!(driver.app.model.filtering.is_none() && driver.text().contains(&format!("{all} connections")));
}

#[test]
fn a_filter_is_typed() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.press("/").type_text("op == txt");
    assert!(driver.text().contains("^^^ unknown opcode `txt`: did you mean `text`?"), "{}", driver.text());
    // It stays open, and nothing changed.
    driver.press("<Enter>");
    assert!(driver.app.model.filtering.is_none() && driver.app.depth() == 1);
    driver.press("<Ctrl-u>").type_text("op == te").press("<Tab>");
    assert_eq!(driver.line(1).trim_end(), " / op == text", "{}", driver.text());
    driver.press("<Enter>");
    assert_eq!(driver.app.model.filtering.as_ref().unwrap().text(), "op == text");
    assert_eq!(driver.app.depth(), 0);
    // Esc leaves all as it is.
    driver.press("/").type_text(" && len > 9").press("<Esc>");
    assert_eq!(driver.app.model.filtering.as_ref().unwrap().text(), "op == text");
    // Highlighting, from the bar and by the key.
    driver.press("/<Ctrl-t>");
    assert!(!driver.app.model.filtering.as_ref().unwrap().hides());
    driver.press("<Ctrl-t>");
    assert!(driver.app.model.filtering.as_ref().unwrap().hides());
    // From the list: the second value of `dir`.
    driver.press("/<Ctrl-u>").type_text("dir == ").press("<Down><Down><Enter>");
    assert_eq!(driver.line(1).trim_end(), " / dir == s2c");
    driver.press("<Esc><Esc>");
    // Nothing = no filter.
    driver.press("/<Ctrl-u><Enter>");
    assert!(driver.app.model.filtering.is_none());
}

#[test]
fn filters_by_the_field_under_the_cursor() {
    let mut driver = open("close-codes.pcapng");
    let text = |driver: &Driver| driver.app.model.filtering.as_ref().unwrap().text().to_owned();
    driver.press("a=");
    assert_eq!(text(&driver), "conn == 1");
    driver.press("R j a!");
    assert_eq!(text(&driver), "!(conn == 2)");
    driver.press("a|");
    let first = text(&driver);
    assert!(first.starts_with("!(conn == 2) || conn == "), "{first}");
    driver.press("a&");
    assert!(text(&driver).starts_with(&format!("({first}) && conn == ")), "{}", text(&driver));
}

#[test]
fn history_and_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wscope/history");
    let mut driver = open("chat-node-ws.pcapng");
    driver.app.model.history = History::at(path.clone());
    driver.app.model.saved.insert("long".to_owned(), "len > 20".to_owned());
    for text in ["op == ping", "dir == s2c", "@long"] {
        driver.press("/<Ctrl-u>").type_text(text).press("<Enter>");
    }
    assert_eq!(History::at(path).latest().collect::<Vec<_>>(), ["@long", "dir == s2c", "op == ping"]);
    filter(&mut driver, "len > 20");
    let long = by_interface(&driver.app.model);
    filter(&mut driver, "@long");
    assert_eq!(by_interface(&driver.app.model), long);
    // Up goes back, Down returns.
    driver.press("/<Ctrl-u><Up><Up>");
    assert_eq!(driver.line(1).trim_end(), " / dir == s2c");
    driver.press("<Up>");
    assert_eq!(driver.line(1).trim_end(), " / op == ping");
    driver.press("<Down><Down><Down>");
    assert_eq!(driver.line(1).trim_end(), " /");
    // Ctrl-r looks for what was typed.
    driver.type_text("op").press("<Ctrl-r><Enter>");
    assert_eq!(driver.line(1).trim_end(), " / op == ping");
    driver.press("<Ctrl-u><Ctrl-r><Esc><Esc>");
    assert_eq!(driver.app.depth(), 0);
    driver.press("/<Ctrl-u>").type_text("@nothing");
    assert!(driver.text().contains("there is no saved filter `@nothing`"), "{}", driver.text());
}

#[test]
fn pictures_of_filters() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.app.model.saved.insert("errors".to_owned(), ".error || close.code >= 1002".to_owned());
    for text in ["conn == 2 && at > -10s", "op == text && .type == \"error\""] {
        driver.app.model.history.add(text).unwrap();
    }
    driver.press("/");
    pictures("filter_empty", &mut driver);
    driver.type_text("op == txt && .price > 61000");
    pictures("filter_error", &mut driver);
    driver.press("<Ctrl-u>").type_text("op == ");
    pictures("filter_values", &mut driver);
    driver.press("<Ctrl-u>").type_text("pign le").press("<Down>");
    pictures("filter_fields", &mut driver);
    driver.press("<Esc><Ctrl-u><Ctrl-r>");
    pictures("filter_history", &mut driver);
    driver.press("<Esc><Ctrl-u>").type_text("dir == s2c && len > 30").press("<Enter>");
    pictures("filter_on", &mut driver);
    driver.press("/<Ctrl-u>").type_text("dir == s2c && len > 30 && payload ~ a_text_that_is_much_longer_than_the_screen_is_wide_as_it_is_120_columns && opp == 1 && x");
    pictures("filter_long", &mut driver);
}

#[test]
fn it_is_asked_in_every_view() {
    let mut driver = open("chat-node-ws.pcapng");
    for view in ViewId::ALL {
        driver.press(&view.number().to_string());
        driver.app.model.apply_filter("op == text").unwrap();
        driver.draw();
        assert!(driver.line(1).contains("op == text"), "{}", driver.text());
        assert!(driver.line(1).contains("match"), "{}", driver.text());
    }
}

/// A million messages: `WSCOPE_BIG=capture cargo test --release --test tui -- --ignored --nocapture how_quick`.
#[test]
#[ignore = "needs a large capture"]
fn how_quick() {
    let path = PathBuf::from(std::env::var_os("WSCOPE_BIG").expect("WSCOPE_BIG names a capture"));
    let config = Config::default();
    let feed = Feed::start(&[path], config.clone(), || {}).unwrap();
    let reopener = Reopener::new(feed.files(), &config);
    let mut model = Model::new("big".to_owned(), Workers::start(|| {}), Some(reopener));
    feed.finish(&mut model.store);
    println!("{} messages, {} connections", model.store.messages(), model.store.conns().len());
    for text in [
        "op == text",
        "dir == s2c && len > 100",
        "delta > 1ms || reply > 100ms",
        "!heartbeat",
        "conn == 1",
        "payload ~ abc",
        ".type == \"error\"",
        "host == feed.local",
    ] {
        let since = std::time::Instant::now();
        model.apply_filter(text).unwrap();
        let begun = since.elapsed();
        let (mut longest, mut work) = (Duration::ZERO, begun);
        while model.filtering.as_ref().unwrap().message(model.store.messages() - 1).is_none()
            || !model.settled()
        {
            let slice = std::time::Instant::now();
            model.advance(Duration::from_millis(8));
            longest = longest.max(slice.elapsed());
            work += slice.elapsed();
            if slice.elapsed() < Duration::from_micros(100) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        let matches = model.filtering.as_ref().unwrap().matches();
        println!(
            "{text:32} {matches:9} match, begun in {begun:?}, longest slice {longest:?}, work {work:?}, all {:?}",
            since.elapsed()
        );
    }
    model.apply_filter("").unwrap();
    model.census.want();
    let since = std::time::Instant::now();
    while !model.settled() {
        model.advance(Duration::from_millis(8));
    }
    println!("census {:?}", since.elapsed());
}

#[test]
fn paths_come_from_the_message_under_the_cursor() {
    let mut driver = open("feed-deflate-node-ws.pcapng");
    driver.press("2j/");
    driver.type_text(".sy");
    assert!(driver.text().contains(".symbol"), "{}", driver.text());
    driver.press("<Tab>").type_text("== ");
    driver.press("<Tab>").type_text("&& .price < ");
    assert!(driver.text().contains("in this message"), "{}", driver.text());
    driver.type_text("100").press("<Enter>");
    let filtering = driver.app.model.filtering.as_ref().unwrap();
    assert!(filtering.text().starts_with(".symbol == \""), "{}", filtering.text());
}

#[test]
fn what_was_said_in_a_time_is_on_its_connection() {
    let mut driver = open("chat-node-ws.pcapng");
    // The first bin of the statistics, in which no connection ended.
    driver.press("5<Enter>1");
    assert!(driver.line(1).contains("2 of 3 connections"), "{}", driver.line(1));
}
