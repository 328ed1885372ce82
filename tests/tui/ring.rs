//! Captures that grow beyond what is kept of them.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use wscope::capture::open::from_arriving;
use wscope::engine::Config;
use wscope::item::Dir;
use wscope::limits::Limits;
use wscope::place::{Place, What};
use wscope::serve::overheard::overheard;
use wscope::serve::record::{Flow, Recorder};
use wscope::tui::app::App;
use wscope::tui::drive::Driver;
use wscope::tui::feed::{Feed, Heard, Origin};
use wscope::tui::files::Files;
use wscope::tui::model::Model;
use wscope::tui::reopen::Reopener;
use wscope::tui::ring::Ring;
use wscope::tui::spool::Spool;
use wscope::tui::workers::Workers;

use crate::export::{fill, format};
use crate::picture;
use crate::support::talk::{frame, request, response};

/// Bytes that are kept.
const LIMIT: u64 = 1 << 20;

/// A server with one client.
#[derive(Debug)]
struct Served;

impl Origin for Served {
    fn heard(&self) -> Heard {
        Heard { clients: Some(1), ..Heard::default() }
    }

    fn notices(&self) -> Vec<String> {
        Vec::new()
    }
}

/// An interface on traffic that a test makes.
struct Endless {
    driver: Driver,
    recorder: Recorder,
    spool: Spool,
    flows: u64,
    messages: usize,
    /// The most bytes that were kept, and the most rows.
    most: (u64, usize),
}

impl Endless {
    fn new() -> Self {
        let (tee, arriving) = overheard(None);
        let recorder = Recorder::new(Box::new(tee), "echo", false).unwrap();
        let opened = from_arriving("echo", arriving, &Limits::default()).unwrap();
        let (spool, source) = Spool::new(opened.source, LIMIT).unwrap();
        let files = Files::of_spool(PathBuf::from("echo"), spool.clone());
        let config = Config::default();
        let feed = Feed::of(source, files, config.clone(), || {}).unwrap().watching(Arc::new(Served));
        let reopener = Reopener::new(feed.files(), &config);
        let mut model = Model::new("echo".to_owned(), Workers::inline(), Some(reopener));
        model.keep(Ring::new(LIMIT, spool.clone()));
        model.welcome = vec!["ws://127.0.0.1:9001/echo is open.".to_owned(), "From a browser: …".to_owned()];
        let mut app = App::new(model, Some(feed));
        app.follow_tails();
        let driver = Driver::new(app, 120, 36);
        Self { driver, recorder, spool, flows: 0, messages: 0, most: (0, 0) }
    }

    fn open(&mut self, extra: &str) -> Flow {
        self.flows += 1;
        let port = 1_024 + (self.flows % 60_000) as u16;
        let (client, server) = (([10, 0, 0, 1], port).into(), ([10, 0, 0, 2], 80).into());
        let mut flow = self.recorder.open(client, server, self.flows).unwrap();
        self.recorder.data(&mut flow, Dir::C2s, &request(extra)).unwrap();
        self.recorder.data(&mut flow, Dir::S2c, &response(extra)).unwrap();
        flow
    }

    /// The server says something.
    fn say(&mut self, flow: &mut Flow, text: &str) {
        self.recorder.data(flow, Dir::S2c, &frame(0x81, None, text.as_bytes())).unwrap();
        self.messages += 1;
    }

    /// Both close.
    fn close(&mut self, mut flow: Flow) {
        let code = 1000_u16.to_be_bytes();
        self.recorder.data(&mut flow, Dir::C2s, &frame(0x88, Some([1, 2, 3, 4]), &code)).unwrap();
        self.recorder.data(&mut flow, Dir::S2c, &frame(0x88, None, &code)).unwrap();
        self.recorder.fin(&mut flow, Dir::S2c).unwrap();
        self.recorder.fin(&mut flow, Dir::C2s).unwrap();
        self.messages += 2;
    }

    /// A connection with so many messages, from its beginning to its end.
    fn whole(&mut self, messages: usize) {
        let mut flow = self.open("");
        let name = self.flows;
        for n in 1..=messages {
            self.say(&mut flow, &format!("{{\"conn\":{name},\"n\":{n},\"pad\":\"{}\"}}", "x".repeat(150)));
        }
        self.close(flow);
    }

    /// Waits until all of it arrived, and room was made.
    fn arrive(&mut self) {
        self.recorder.flush().unwrap();
        let messages = self.messages;
        self.until("all messages", |endless| endless.model().store.messages() >= messages);
    }

    fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let since = Instant::now();
        while !holds(self) {
            assert!(since.elapsed() < Duration::from_secs(60), "waited for {what}:\n{}", self.driver.text());
            thread::sleep(Duration::from_millis(1));
            self.look();
        }
        self.look();
    }

    fn look(&mut self) {
        self.driver.draw();
        let (kept, _) = self.model().kept_bytes().unwrap();
        let rows = self.model().store.kept();
        self.most = (self.most.0.max(kept), self.most.1.max(rows));
    }

    fn model(&self) -> &Model {
        &self.driver.app.model
    }

    /// Goes to a message and opens it.
    fn inspect(&mut self, conn: u32, n: u64) -> String {
        self.driver.app.model.go(Place { conn, what: What::Message(n) });
        self.driver.press("2<Enter>");
        self.driver.draw();
        self.driver.text()
    }
}

#[test]
fn the_oldest_closed_connections_go_first() {
    let mut endless = Endless::new();
    let mut open = endless.open("");
    for round in 0..300 {
        endless.say(&mut open, &format!("round {round}"));
        endless.whole(40);
        if round % 10 == 9 {
            endless.arrive();
        }
    }
    let (gone, kept) = (endless.model().store.gone(), endless.model().store.kept());
    // 300 connections of 40 messages of some 300 bytes are four times what is kept.
    assert!(gone.conns > 150 && gone.messages > 150 * 42, "{gone:?}");
    assert_eq!(gone.messages as usize + kept, endless.messages);
    assert!(endless.most.0 < LIMIT * 5 / 4, "{:?}", endless.most);
    assert!(endless.most.1 < 6_000, "{:?}", endless.most);
    assert_eq!(endless.model().shown.len(&endless.model().store), kept);
    let store = &endless.model().store;
    let numbers: Vec<u32> = store.conns().iter().map(|conn| conn.number).collect();
    // The one that goes on, and then the latest.
    assert_eq!(numbers[0], 1);
    assert!(numbers[1..].iter().copied().eq(303 - numbers.len() as u32..=301), "{numbers:?}");
    assert_eq!(store.conn(1).unwrap().messages.count(), 300);
    assert_eq!(u64::from(numbers[1]) - 2, gone.conns);

    // What is left can be opened, from the first message on.
    let text = endless.inspect(1, 1);
    assert!(text.contains("round 0"), "{text}");
    let text = endless.inspect(1, 300);
    assert!(text.contains("round 299"), "{text}");
    let text = endless.inspect(301, 40);
    assert!(text.contains("\"n\":40") || text.contains("n: 40"), "{text}");
    endless.driver.app.model.go(Place { conn: 2, what: What::Connection });
    endless.driver.draw();
    assert!(
        endless.driver.text().contains("connection 2 had to make room for later ones"),
        "{}",
        endless.driver.text()
    );
    let line = endless.driver.line(1);
    assert!(line.contains(" gone"), "{line}");
}

#[test]
fn the_header_tells_how_full_it_is() {
    let mut endless = Endless::new();
    endless.look();
    insta::assert_snapshot!("ring_nothing_yet", picture(&endless.driver));
    for _ in 0..20 {
        endless.whole(40);
    }
    endless.arrive();
    let (kept, limit) = endless.model().kept_bytes().unwrap();
    let percent = kept * 100 / limit;
    assert!((20..60).contains(&percent), "{percent}");
    for (width, end) in [
        (120, format!("  1 client  ring {percent}%")),
        (80, "/s  1 client".to_owned()),
        (48, "/s".to_owned()),
    ] {
        endless.driver.resize(width, 24);
        assert!(endless.driver.line(0).ends_with(&end), "{}", endless.driver.line(0));
    }
    assert!(!endless.driver.line(1).contains("gone"));
}

#[test]
fn what_is_left_is_exported_under_its_numbers() {
    let mut endless = Endless::new();
    let mut open = endless.open("");
    for _ in 0..20 {
        endless.say(&mut open, "still there");
        (0..10).for_each(|_| endless.whole(40));
        endless.arrive();
    }
    assert!(endless.model().store.gone().conns > 50);
    let folder = tempfile::tempdir().unwrap();
    for (filter, conns, messages) in [("conn > 198", 199..=201, 42), ("conn == 1 && op == text", 1..=1, 20)] {
        endless.driver.app.model.apply_filter(filter).unwrap();
        endless.look();
        let file = folder.path().join(format!("{messages}.ndjson"));
        endless.driver.press("2");
        fill(&mut endless.driver, &format("ndjson"), &file);
        endless.driver.press("<Enter>");
        let text = endless.driver.text();
        assert!(text.contains(" wrote "), "{text}");
        let written = fs::read_to_string(&file).unwrap();
        for conn in conns.clone() {
            let of_conn = format!("\"conn\":{conn},");
            let is_it = |line: &&str| line.starts_with("{\"type\":\"message\"") && line.contains(&of_conn);
            assert_eq!(written.lines().filter(is_it).count(), messages, "{conn}: {written:.2000}");
        }
        let all = written.lines().filter(|line| line.starts_with("{\"type\":\"message\"")).count();
        assert_eq!(all, messages * conns.count());
    }
}

#[test]
fn of_a_connection_that_goes_on_the_oldest_messages_go() {
    let mut endless = Endless::new();
    let mut open = endless.open("");
    for n in 1..=12_000 {
        endless.say(&mut open, &format!("{{\"n\":{n},\"pad\":\"{}\"}}", "x".repeat(150)));
        if n % 500 == 0 {
            endless.arrive();
        }
    }
    let gone = endless.model().store.gone();
    assert!(gone.messages > 6_000 && gone.conns == 0, "{gone:?}");
    assert!(endless.most.0 < LIMIT * 5 / 4, "{:?}", endless.most);
    assert!(endless.most.1 < 6_000, "{:?}", endless.most);
    let first = endless.model().store.conn(1).unwrap().messages.start() as u64 + 1;
    assert_eq!(first, gone.messages + 1);
    for n in [first + 50, first + 1_000, 12_000] {
        let text = endless.inspect(1, n);
        assert!(text.contains(&format!("1.m{n}")) && text.contains(&format!("n: {n}")), "{n}:\n{text}");
    }
    endless.driver.app.model.go(Place { conn: 1, what: What::Message(1) });
    endless.driver.draw();
    let text = endless.driver.text();
    assert!(text.contains("message 1 of connection 1 had to make room for later ones"), "{text}");
    endless.driver.press("6");
    endless.driver.draw();
    assert!(endless.driver.text().contains("GET /chat"), "{}", endless.driver.text());
    // What was said is counted on.
    endless.driver.press("7");
    endless.driver.draw();
    endless.driver.press("G");
    endless.driver.draw();
    let text = endless.driver.text();
    assert!(text.contains("\"n\":12000"), "{text}");
}

#[test]
fn a_filter_asks_what_is_left() {
    let mut endless = Endless::new();
    // By what only payloads have.
    let matching = |endless: &Endless| -> Vec<(u32, u32)> {
        let (store, shown) = (&endless.model().store, &endless.model().shown);
        (0..shown.len(store))
            .map(|at| store.message(shown.get(store, at).unwrap()).unwrap().0)
            .map(|row| (row.conn, row.n))
            .collect()
    };
    let expected = |endless: &Endless| -> Vec<(u32, u32)> {
        endless.model().store.conns().iter().map(|conn| (conn.number, 7)).collect()
    };
    for _ in 0..10 {
        (0..10).for_each(|_| endless.whole(40));
        endless.arrive();
    }
    assert!(endless.model().store.gone().conns > 50);
    // Following needs a thread of its own.
    endless.driver.app.model.workers = Workers::start(|| {});
    endless.driver.app.model.apply_filter(".n == 7").unwrap();
    endless.until("the answers", |endless| matching(endless) == expected(endless));
    for _ in 0..10 {
        (0..10).for_each(|_| endless.whole(40));
        endless.arrive();
    }
    endless.until("the answers", |endless| matching(endless) == expected(endless));
    assert!(endless.model().store.gone().conns > 120);
    assert_eq!(endless.model().filtering.as_ref().unwrap().matches(), expected(&endless).len());
    // By what rows know, and by numbers of connections.
    endless.driver.app.model.apply_filter("msg == 7 && conn > 190").unwrap();
    endless.until("the answers", |endless| {
        matching(endless) == (191..=200).map(|conn| (conn, 7)).collect::<Vec<_>>()
    });
    endless.driver.app.model.apply_filter(".n == 7 && conn > 190").unwrap();
    endless.until("the answers", |endless| {
        matching(endless) == (191..=200).map(|conn| (conn, 7)).collect::<Vec<_>>()
    });
}

#[test]
fn what_is_marked_stays_longest() {
    let mut endless = Endless::new();
    endless.whole(5);
    endless.arrive();
    endless.driver.app.model.go(Place { conn: 1, what: What::Message(2) });
    endless.driver.app.model.toggle_bookmark();
    for _ in 0..15 {
        (0..10).for_each(|_| endless.whole(40));
        endless.arrive();
        // The cursor goes elsewhere.
        let last = endless.model().store.conns().len() as u32;
        endless.driver.app.model.select_conn(last);
    }
    assert!(endless.model().store.is_gone(2) && !endless.model().store.is_gone(1));
    endless.driver.app.model.next_bookmark();
    let (row, _) = endless.model().current_message().unwrap();
    assert_eq!((row.conn, row.n), (1, 2));
    assert!(endless.inspect(1, 2).contains("n: 2"));
}

#[test]
fn a_pause_ends_where_there_is_no_room_for_it() {
    let mut endless = Endless::new();
    endless.driver.press("p");
    for _ in 0..100 {
        endless.whole(40);
    }
    endless.recorder.flush().unwrap();
    endless.until("the end of the pause", |endless| {
        endless.driver.text().contains("the ring is full: what came while it was paused is taken in")
    });
    endless.arrive();
    endless.until("room", |endless| endless.spool.bytes() <= LIMIT * 5 / 4);
}
