//! Captures that grow while they are shown: interfaces, and files that are followed.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use wscope::capture::live::{Counts, Next, Opened, Options, Remark, Tap};
use wscope::capture::open::from_bytes;
use wscope::capture::source::{Block, LinkType, Status};
use wscope::capture::write::Interface;
use wscope::engine::Config;
use wscope::limits::Limits;
use wscope::script::Script;
use wscope::time::Timestamp;
use wscope::tui::app::App;
use wscope::tui::drive::Driver;
use wscope::tui::feed::Feed;
use wscope::tui::files::Files;
use wscope::tui::model::Model;
use wscope::tui::reopen::Reopener;
use wscope::tui::ring::Ring;
use wscope::tui::spool::Spool;
use wscope::tui::workers::Workers;

use crate::export::{fill, format};
use crate::picture;

/// Two connections; the first says a line at a time.
const SAID: &str = r#"
    open
    c text 'one'
    s text 'two'
    c text 'three'
    s text 'four'
    c text '{"five":5}'
    s text 'six'
    connection
    open
    c text 'seven'
    s close 1000
    c close 1000
    fin s
    fin c
"#;

/// What a test tells the interface, while it runs.
#[derive(Default)]
struct Told {
    /// Packets that came.
    allowed: AtomicUsize,
    counts: Mutex<Option<Counts>>,
    remark: Mutex<Option<Remark>>,
    ends: Mutex<Option<String>>,
}

/// An interface on which packets come when a test wants it.
struct Scripted {
    packets: Vec<(Timestamp, Vec<u8>)>,
    next: usize,
    link: LinkType,
    told: Arc<Told>,
}

impl Tap for Scripted {
    fn interface(&self) -> Interface {
        Interface { name: "lo".to_owned(), link: self.link, ..Interface::default() }
    }

    fn next(&mut self, take: &mut dyn FnMut(Timestamp, u32, &[u8])) -> Next {
        if let Some(why) = self.told.ends.lock().unwrap().take() {
            return Next::Ended(why);
        }
        if self.next < self.told.allowed.load(Ordering::Relaxed)
            && let Some((time, bytes)) = self.packets.get(self.next)
        {
            self.next += 1;
            take(*time, bytes.len() as u32, bytes);
            return Next::Packet;
        }
        thread::sleep(Duration::from_millis(2));
        Next::Nothing
    }

    fn counts(&mut self) -> Option<Counts> {
        *self.told.counts.lock().unwrap()
    }

    fn remark(&mut self) -> Option<Remark> {
        self.told.remark.lock().unwrap().take()
    }
}

fn packets(capture: Vec<u8>) -> (LinkType, Vec<(Timestamp, Vec<u8>)>) {
    let mut source = from_bytes("script", capture, &Limits::default()).unwrap().source;
    let (mut block, mut packets, mut link) = (Block::default(), Vec::new(), LinkType(1));
    loop {
        let status = source.fill(&mut block).unwrap();
        for packet in &block.packets {
            link = packet.link;
            packets.push((packet.time, block.packet(packet).to_vec()));
        }
        if status == Status::End {
            return (link, packets);
        }
    }
}

/// Bytes that are kept.
const RING: u64 = 1 << 20;

/// The interface on a capture that grows.
struct Growing {
    driver: Driver,
    told: Arc<Told>,
    options: Options,
    packets: usize,
    /// The packets up to the server's first text.
    first: usize,
}

impl Growing {
    fn new() -> Self {
        let (link, packets) = packets(Script::parse(SAID).unwrap().capture());
        let told = Arc::<Told>::default();
        let count = packets.len();
        let first =
            1 + packets.iter().position(|(_, bytes)| bytes.windows(3).any(|part| part == b"two")).unwrap();
        let tap = Scripted { packets, next: 0, link, told: Arc::clone(&told) };
        let options = Options { interfaces: vec!["lo".to_owned()], ..Options::default() };
        let opened = Opened::new(vec![Box::new(tap)], &options);
        let live = opened.start().unwrap();
        let monitor = live.monitor();
        let (spool, source) = Spool::new(Box::new(live), RING).unwrap();
        let files = Files::of_spool(PathBuf::from("live: lo tcp port 80"), spool.clone());
        let config = Config::default();
        let feed = Feed::of(source, files, config.clone(), || {}).unwrap().watching(monitor);
        let reopener = Reopener::new(feed.files(), &config);
        let mut model = Model::new("live: lo tcp port 80".to_owned(), Workers::inline(), Some(reopener));
        model.keep(Ring::new(RING, spool));
        let mut app = App::new(model, Some(feed));
        app.follow_tails();
        Self { driver: Driver::new(app, 120, 36), told, options, packets: count, first }
    }

    /// Packets come until so many did.
    fn grow(&self, packets: usize) {
        self.told.allowed.store(packets, Ordering::Relaxed);
    }

    fn messages(&self) -> usize {
        self.driver.app.model.store.messages()
    }

    /// Waits until something holds.
    fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let since = Instant::now();
        while !holds(self) {
            assert!(since.elapsed() < Duration::from_secs(20), "waited for {what}:\n{}", self.driver.text());
            thread::sleep(Duration::from_millis(5));
            self.driver.draw();
        }
    }

    /// Waits until the screen says something.
    fn says(&mut self, text: &str) {
        self.until(text, |growing| growing.driver.text().contains(text));
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        self.options.stop.store(true, Ordering::Relaxed);
    }
}

fn until(driver: &mut Driver, what: &str, holds: impl Fn(&Driver) -> bool) {
    let since = Instant::now();
    while !holds(driver) {
        assert!(since.elapsed() < Duration::from_secs(20), "waited for {what}:\n{}", driver.text());
        thread::sleep(Duration::from_millis(5));
        driver.draw();
    }
}

/// The role of the first cell of a text on the first line.
fn role(driver: &Driver, text: &str) -> char {
    let line = driver.line(0);
    let at = line.find(text).unwrap_or_else(|| panic!("no {text} in {line}"));
    let column = line[..at].chars().count();
    driver.roles().lines().next().unwrap().chars().nth(column).unwrap()
}

#[test]
fn the_header_tells_how_it_grows() {
    let mut growing = Growing::new();
    growing.says("Listening:");
    assert!(growing.driver.line(0).ends_with("● LIVE 0/s  drop 0  ring 0%"), "{}", growing.driver.line(0));
    assert!(growing.driver.line(1).contains("live: lo tcp port 80"));
    insta::assert_snapshot!("live_nothing_yet", picture(&growing.driver));
    growing.grow(growing.packets);
    growing.until("all messages", |growing| growing.messages() == 9);
    let line = growing.driver.line(0);
    let rate: u64 = line.split("● LIVE ").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
    assert!((1..=9).contains(&rate), "{line}");
    assert_eq!(role(&growing.driver, "●"), letter("good"));
    assert_eq!(role(&growing.driver, "drop 0"), letter("dim"));
    for (width, end) in [(80, "/s  drop 0"), (48, "/s"), (30, "/s")] {
        growing.driver.resize(width, 24);
        let line = growing.driver.line(0);
        assert!(line.ends_with(end) && line.contains("● "), "{line}");
    }
    growing.driver.resize(120, 36);

    // What is dropped is told in red, at every width.
    *growing.told.counts.lock().unwrap() = Some(Counts { received: 90, dropped: 7, interface_dropped: 2 });
    growing.says("drop 9");
    assert_eq!(role(&growing.driver, "  drop 9"), letter("error"));
    growing.says("lo: 9 packets were dropped");
    for (width, end) in [(80, "  drop 9"), (48, " -9"), (30, " -9")] {
        growing.driver.resize(width, 24);
        assert!(growing.driver.line(0).ends_with(end), "{}", growing.driver.line(0));
    }
}

fn letter(name: &str) -> char {
    let names = wscope::tui::theme::Role::ALL.map(|role| format!("{role:?}").to_lowercase());
    char::from(b'a' + names.iter().position(|role| role == name).unwrap() as u8)
}

#[test]
fn while_it_is_paused_it_is_counted_what_comes() {
    let mut growing = Growing::new();
    growing.grow(growing.first);
    growing.until("two messages", |growing| growing.messages() == 2);
    let before = growing.messages();
    growing.driver.press("p");
    assert!(growing.driver.line(0).contains("‖ PAUSED "), "{}", growing.driver.line(0));
    growing.grow(growing.packets);
    let new = format!("‖ PAUSED +{} new", 9 - before);
    growing.says(&new);
    assert_eq!(role(&growing.driver, "‖"), letter("warning"));
    assert_eq!(growing.messages(), before, "nothing moves");
    growing.driver.resize(48, 14);
    assert!(growing.driver.line(0).contains(&format!("‖ +{}", 9 - before)), "{}", growing.driver.line(0));
    growing.driver.resize(120, 36).press("p");
    growing.until("all messages", |growing| growing.messages() == 9);
    assert!(growing.driver.line(0).contains("● LIVE "));
}

#[test]
fn trouble_turns_it_red_and_is_told() {
    let mut growing = Growing::new();
    growing.grow(growing.packets);
    growing.until("all messages", |growing| growing.messages() == 9);
    let down = |text: &str, trouble| Some(Remark { text: text.to_owned(), trouble });
    *growing.told.remark.lock().unwrap() = down("the interface went down; packets are waited for", true);
    growing.says("lo: the interface went down");
    assert_eq!(role(&growing.driver, "●"), letter("error"));
    growing.driver.press("j");
    assert_eq!(role(&growing.driver, "●"), letter("error"), "it stays down when a key is pressed");
    *growing.told.remark.lock().unwrap() = down("the interface is up again", false);
    growing.says("lo: the interface is up again");
    assert_eq!(role(&growing.driver, "●"), letter("good"));
    *growing.told.ends.lock().unwrap() = Some("the interface disappeared".to_owned());
    growing.says("✗ ended  drop 0");
    assert_eq!(role(&growing.driver, "✗"), letter("error"));
    growing.says("lo: the interface disappeared");
    assert_eq!(growing.driver.app.remarks().len(), 3);
}

#[test]
fn one_that_ends_as_it_should_is_not_red() {
    let mut growing = Growing::new();
    growing.grow(growing.packets);
    growing.until("all messages", |growing| growing.messages() == 9);
    growing.options.stop.store(true, Ordering::Relaxed);
    growing.says("■ ended  drop 0");
    assert_eq!(role(&growing.driver, "■"), letter("dim"));
}

#[test]
fn what_was_captured_can_be_opened_at_once() {
    let mut growing = Growing::new();
    growing.grow(growing.packets);
    growing.until("all messages", |growing| growing.messages() == 9);
    growing.driver.press("2").press("gjjjj<Enter>]");
    growing.says("five: 5");
    assert!(matches!(growing.driver.app.model.store.state(), wscope::tui::store::State::Reading));
    growing.driver.press("6");
    growing.says("GET ");
}

#[test]
fn what_came_so_far_is_exported() {
    let mut growing = Growing::new();
    growing.grow(growing.first);
    growing.until("two messages", |growing| growing.messages() == 2);
    let folder = tempfile::tempdir().unwrap();
    for (view, form, holds) in [
        ("2", "ndjson", "\"live: lo tcp port 80\""),
        ("2", "pcapng", "two"),
        // The findings have formats of their own.
        ("4", "ndjson", ""),
    ] {
        let file = folder.path().join(format!("{view}-{form}"));
        growing.driver.press(view);
        fill(&mut growing.driver, &format(form), &file);
        growing.driver.press("<Enter>");
        let text = growing.driver.text();
        assert!(text.contains(" wrote "), "{text}");
        let written = fs::read(&file).unwrap();
        let written = String::from_utf8_lossy(&written);
        assert!(written.contains(holds) && !written.contains("four"), "{written}");
    }
    // It goes on.
    growing.grow(growing.packets);
    growing.until("all messages", |growing| growing.messages() == 9);
}

#[test]
fn the_end_stays_in_sight_until_one_goes_up() {
    let mut growing = Growing::new();
    growing.grow(growing.first);
    growing.until("two messages", |growing| growing.messages() == 2);
    growing.driver.press("2");
    growing.says("▼ tail");
    growing.grow(growing.packets);
    growing.until("all messages", |growing| growing.messages() == 9);
    assert_eq!(growing.driver.app.model.message, Some(8));
    assert!(growing.driver.text().contains("▼ tail"));
    growing.driver.press("k");
    assert_eq!(growing.driver.app.model.message, Some(7));
    assert!(!growing.driver.text().contains("▼ tail"));
    growing.driver.press("F");
    assert_eq!(growing.driver.app.model.message, Some(8));
    // The last connection is the one under the cursor; what is opened is shown with its end.
    growing.driver.press("1");
    growing.until("the last connection", |growing| growing.driver.app.model.conn == Some(2));
    growing.driver.press("k<Enter>");
    assert_eq!(growing.driver.app.model.conn, Some(1));
    growing.says("▼ tail");
    assert_eq!(growing.driver.app.model.message, Some(5));
    // Whoever goes to a message goes there.
    growing.driver.press(":").type_text("1.m2").press("<Enter>");
    assert_eq!(growing.driver.app.model.message, Some(1));
    assert!(!growing.driver.text().contains("▼ tail"));
}

#[test]
fn a_file_is_followed() {
    let capture = Script::parse(SAID).unwrap().capture();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing.pcapng");
    let (first, rest) = capture.split_at(capture.len() / 2);
    fs::write(&path, first).unwrap();
    let config = Config::default();
    let feed = Feed::follow(std::slice::from_ref(&path), config.clone(), || {}).unwrap();
    let reopener = Reopener::new(feed.files(), &config);
    let model = Model::new("growing.pcapng".to_owned(), Workers::inline(), Some(reopener));
    let mut app = App::new(model, Some(feed));
    app.follow_tails();
    let mut driver = Driver::new(app, 120, 36);
    until(&mut driver, "the first half", |driver| driver.app.model.store.messages() > 0);
    let before = driver.app.model.store.messages();
    assert!(before < 9);
    assert!(driver.line(0).contains("● LIVE ") && !driver.line(0).contains("drop"), "{}", driver.line(0));
    OpenOptions::new().append(true).open(&path).unwrap().write_all(rest).unwrap();
    until(&mut driver, "the rest", |driver| driver.app.model.store.messages() == 9);
    driver.press("2").press("gjjjj<Enter>]");
    until(&mut driver, "the message", |driver| driver.text().contains("five: 5"));
}
