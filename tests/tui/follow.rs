//! A conversation as text.

use std::time::{Duration, Instant};

use wscope::engine::Config;
use wscope::tui::app::App;
use wscope::tui::drive::Driver;
use wscope::tui::feed::Feed;
use wscope::tui::model::{Effect, Model};
use wscope::tui::reopen::{Part, Reopener, Told};
use wscope::tui::view::ViewId;
use wscope::tui::workers::{Cancelled, Workers};

use super::findings::scripted;
use super::{open, picture, pictures};

#[test]
fn pictures_of_a_conversation() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.press("7");
    pictures("follow", &mut driver);
    driver.resize(80, 24).press("r");
    insta::assert_snapshot!("follow_json", picture(&driver));
    driver.press("r");
    insta::assert_snapshot!("follow_hex", picture(&driver));
    driver.press("Rz");
    insta::assert_snapshot!("follow_zoomed", picture(&driver));
    pictures("follow_feed", open("feed-deflate-node-ws.pcapng").press("7rG"));
}

#[test]
fn pictures_of_nothing() {
    let mut driver = open("refused-then-accepted.pcapng");
    insta::assert_snapshot!("follow_refused", picture(driver.press("7")));
    let mut driver = open("chat-node-ws.pcapng");
    driver.press("7oooo");
    insta::assert_snapshot!("follow_hidden", picture(driver.resize(80, 24)));
    pictures("follow_snaplen", open("snaplen-96.pcap").press("7"));
}

/// The line under the cursor.
fn line(driver: &mut Driver) -> String {
    driver.press("yy");
    match driver.effects.last() {
        Some(Effect::Copy { text, .. }) => text.clone(),
        other => panic!("{other:?}"),
    }
}

/// All lines, from the first to the last.
fn lines(driver: &mut Driver) -> Vec<String> {
    let mut lines = Vec::new();
    driver.press("g");
    loop {
        driver.effects.clear();
        driver.press("yy");
        match driver.effects.pop() {
            Some(Effect::Copy { text, .. }) => lines.push(text),
            // Behind the last.
            _ => break,
        }
        driver.press("j");
    }
    lines
}

const SCRIPT: &str = "lan
    open
    c text '{\"b\":1.50,\"a\":[\"x\",{}],\"a\":null}'
    s ping 'hb'
    c pong 'hb'
    s text 'one\\r\\ntwo\\x1b[2J'
    s binary 00 01 02 03
    s close 1000 'bye'
    c close 1000";

#[test]
fn it_says_what_follow_prints() {
    let (folder, mut driver) = scripted(SCRIPT);
    driver.press("7");
    let shown: Vec<String> = lines(&mut driver);
    let file = folder.path().join("script.pcapng");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_wscope"))
        .arg("follow")
        .arg(file)
        .arg("1")
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let is_head = |line: &str| line.starts_with('→') || line.starts_with('←');
    let place = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let plain = |line: &str| match line.strip_prefix("00000000") {
        _ if is_head(line) => place(line),
        // Offsets are shorter, for narrow screens.
        Some(rest) => format!("0000{}", rest.trim_end()),
        None => line.trim_end().to_owned(),
    };
    let printed: Vec<String> = printed.lines().map(plain).collect();
    let shown: Vec<String> = shown.iter().map(|line| plain(line)).collect();
    assert_eq!(shown, printed);
    assert!(shown.contains(&"two␛[2J".to_owned()), "{shown:?}");
}

#[test]
fn json_is_shown_as_it_was_written() {
    let (_folder, mut driver) = scripted(SCRIPT);
    driver.press("7r");
    let shown = lines(&mut driver);
    assert_eq!(
        shown.get(1..8).unwrap(),
        ["{", "  \"b\": 1.50,", "  \"a\": [", "    \"x\",", "    {}", "  ],", "  \"a\": null"]
    );
}

#[test]
fn sides_and_kinds_are_hidden() {
    let (_folder, mut driver) = scripted(SCRIPT);
    driver.press("7D");
    let heads =
        |driver: &mut Driver, sign: char| lines(driver).iter().filter(|line| line.starts_with(sign)).count();
    assert_eq!((heads(&mut driver, '→'), heads(&mut driver, '←')), (3, 0));
    driver.press("DD");
    let all = heads(&mut driver, '→') + heads(&mut driver, '←');
    driver.press("H");
    assert_eq!(heads(&mut driver, '→') + heads(&mut driver, '←'), all - 2);
    driver.press("H");
    assert_eq!(heads(&mut driver, '→') + heads(&mut driver, '←'), all);
}

#[test]
fn the_cursor_stays_on_its_message() {
    let (_folder, mut driver) = scripted(SCRIPT);
    driver.press("7/").type_text("TWO").press("<Enter>");
    assert!(line(&mut driver).starts_with("two"), "{}", driver.text());
    let message = driver.app.model.message;
    driver.press("r");
    assert_eq!(driver.app.model.message, message);
    driver.press("H");
    assert!(line(&mut driver).starts_with("two"), "{}", driver.text());
    driver.press("w").resize(30, 8).resize(80, 24);
    assert!(line(&mut driver).starts_with("two"), "{}", driver.text());
    driver.press("<Enter>");
    assert_eq!((driver.app.model.view, driver.app.model.message), (ViewId::Inspect, message));
    driver.press("q");
    assert!(line(&mut driver).starts_with("two"), "{}", driver.text());
    driver.press("/").type_text("nowhere").press("<Enter>");
    assert!(driver.text().contains("`nowhere` is not in what is shown"), "{}", driver.text());
    driver.press("/").type_text("o").press("<Enter>");
    let first = line(&mut driver);
    driver.press("n");
    assert_ne!(line(&mut driver), first);
    driver.press("N");
    assert_eq!(line(&mut driver), first);
}

#[test]
fn long_lines_are_wrapped_or_scrolled() {
    let long = "x".repeat(300);
    let (_folder, mut driver) = scripted(&format!("lan\nopen\nc text '{long}end'"));
    driver.press("7").resize(80, 24);
    assert!(!driver.text().contains("end│"), "{}", driver.text());
    driver.press("w");
    assert!(driver.text().contains("xend "), "{}", driver.text());
    driver.press("w").press(&"l".repeat(32));
    assert!(driver.text().contains("xend"), "{}", driver.text());
}

#[test]
fn findings_and_connections_are_gone_through() {
    let mut driver = open("fragments-pings.pcapng");
    driver.press("7x");
    assert!(line(&mut driver).contains("K003"), "{}", driver.text());
    driver.press("xxX");
    assert!(line(&mut driver).contains("K003"), "{}", driver.text());
    let mut driver = open("close-codes.pcapng");
    driver.press("7J");
    assert!(driver.text().contains("connection 2 "), "{}", driver.text());
    driver.press("J2");
    assert_eq!(driver.app.model.conn, Some(3));
}

#[test]
fn it_is_read_in_other_threads() {
    let (folder, _) = scripted(SCRIPT);
    let config = Config::default();
    let feed = Feed::start(&[folder.path().join("script.pcapng")], config.clone(), || {}).unwrap();
    let reopener = Reopener::new(feed.files(), &config);
    let model = Model::new("script".to_owned(), Workers::start(|| {}), Some(reopener));
    let mut driver = Driver::new(App::new(model, Some(feed)), 80, 24);
    driver.app.settle();
    driver.press("7");
    let deadline = Instant::now() + Duration::from_secs(60);
    while !driver.text().contains("── closed by both") && !driver.text().contains("── the capture") {
        assert!(Instant::now() < deadline, "{}", driver.text());
        std::thread::sleep(Duration::from_millis(2));
        driver.draw();
    }
    driver.press("/").type_text("two").press("<Enter>");
    while driver.app.model.message != Some(3) {
        assert!(Instant::now() < deadline, "{}", driver.text());
        std::thread::sleep(Duration::from_millis(2));
        driver.draw();
    }
}

#[test]
fn parts_of_a_conversation_are_read() {
    let (_folder, driver) = scripted(SCRIPT);
    let model = &driver.app.model;
    let packets = model.store.packets(model.store.conn(1).unwrap());
    let reopener = model.reopener.clone().unwrap();
    let read = |part: Part, cancelled: &Cancelled| {
        let mut said = Vec::new();
        let told = reopener.conversation(&packets, part, cancelled, |chunk| said.extend(chunk)).unwrap();
        (said.iter().map(|said| said.n).collect::<Vec<_>>(), told)
    };
    let most = 1 << 20;
    assert_eq!(read(Part { after: 0, most }, &Cancelled::default()), ((1..=7).collect(), Told::All));
    assert_eq!(read(Part { after: 5, most }, &Cancelled::default()), (vec![6, 7], Told::All));
    // One is told in any case, so that reading goes on.
    assert_eq!(read(Part { after: 2, most: 1 }, &Cancelled::default()), (vec![3], Told::Cut));
    assert_eq!(read(Part { after: 6, most: 1 }, &Cancelled::default()), (vec![7], Told::All));
}
