//! Figures.

use wscope::tui::drive::Driver;

use super::{TROUBLE, open, open_script, pictures};

#[test]
fn pictures_of_figures() {
    pictures("stats", open("chat-node-ws.pcapng").press("5"));
    pictures("stats_findings", open_script(TROUBLE).press("5"));
}

#[test]
fn the_cursor_walks_over_bins_and_zooms() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.press("5");
    let below = |driver: &Driver| driver.text().lines().find(|line| line.contains('↓')).unwrap().to_owned();
    assert!(below(&driver).contains("0.005596  7 messages: ↑ 2 ↓ 5"), "{}", below(&driver));
    driver.press("lllll");
    assert!(below(&driver).contains("0.255596"), "{}", below(&driver));
    driver.press("+");
    // The cursor stays near its time, in narrower bins.
    assert!(driver.text().contains("messages in 20ms"), "{}", driver.text());
    assert!(below(&driver).contains("0.265596"), "{}", below(&driver));
    driver.press("-");
    assert!(driver.text().contains("messages in 50ms"), "{}", driver.text());
    driver.press("b");
    assert!(driver.text().contains("messages in 100ms"), "{}", driver.text());
    driver.press("R");
    assert!(driver.text().contains("messages in 50ms"), "{}", driver.text());
}

#[test]
fn each_key_zooms() {
    let mut driver = open("feed-deflate-node-ws.pcapng");
    driver.resize(120, 36).press("5");
    let title = |driver: &Driver| driver.line(2).to_owned();
    let mut seen = vec![title(&driver)];
    while !driver.press("+").text().contains("cannot be zoomed in further") {
        assert!(!seen.contains(&title(&driver)), "{seen:#?}");
        seen.push(title(&driver));
        assert!(seen.len() < 30, "{seen:#?}");
    }
    assert!(title(&driver).contains("messages in 1µs"), "{}", title(&driver));
    // That there is more to the right is told.
    assert!(seen.get(1).is_some_and(|title| title.contains("500µs") && title.contains(" … ")), "{seen:#?}");
    while !driver.press("-").text().contains("this is all of it") {
        assert!(seen.pop().is_some());
    }
    assert!(title(&driver).contains("messages in 1ms"), "{}", title(&driver));
}

#[test]
fn a_pane_alone() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.press("5z");
    assert!(!driver.text().contains("figures"), "{}", driver.text());
    driver.press("<Tab>");
    assert!(!driver.text().contains("messages in"), "{}", driver.text());
    driver.press("<Esc>");
    assert!(driver.text().contains("messages in") && driver.text().contains("figures"), "{}", driver.text());
}

#[test]
fn nothing_shown_says_why() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.app.model.filter("op == reserved");
    driver.press("5");
    assert!(driver.text().contains("the filter  op == reserved"), "{}", driver.text());
}

#[test]
fn counts_follow_what_is_shown() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.press("5");
    assert!(driver.text().contains("text 24  binary 0"), "{}", driver.text());
    driver.press("D");
    assert!(driver.text().contains("text 5  binary 0"), "{}", driver.text());
    driver.press("R");
    driver.app.model.conn = Some(2);
    driver.press("c");
    assert!(driver.text().contains("text 9  binary 0"), "{}", driver.text());
    driver.press("o");
    assert!(driver.text().contains("ping 0  pong 0  close 0"), "{}", driver.text());
}

#[test]
fn enter_filters_by_the_bin() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.press("5<Enter>");
    let text = driver.app.model.filtering.as_ref().unwrap().text().to_owned();
    assert!(text.starts_with("at >= 20") && text.contains(" && at < 20"), "{text}");
}
