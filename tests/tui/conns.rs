//! The list of connections.

use wscope::tui::drive::Driver;
use wscope::tui::model::Effect;
use wscope::tui::view::ViewId;

use super::{TROUBLE, mouse_down, open, open_script, picture, pictures};

#[test]
fn pictures_of_connections() {
    pictures("conns", &mut open("chat-node-ws.pcapng"));
    pictures("conns_findings", open_script(TROUBLE).press("x"));
}

/// The number of the connection under the cursor.
fn current(driver: &Driver) -> u32 {
    driver.app.model.conn.unwrap()
}

#[test]
fn the_cursor_moves_and_opens() {
    let mut driver = open("chat-node-ws.pcapng");
    for (keys, expected) in
        [("", 1), ("j", 2), ("j", 3), ("j", 3), ("k", 2), ("g", 1), ("G", 3), ("K", 2), ("J", 3)]
    {
        assert_eq!(current(driver.press(keys)), expected, "{keys}");
    }
    driver.press("k<Enter>");
    assert_eq!((driver.app.model.view, driver.app.model.narrow.conn), (ViewId::Messages, Some(2)));
    driver.press("q");
    assert_eq!((driver.app.model.view, current(&driver)), (ViewId::Conns, 2));
    assert!(driver.effects.is_empty());
    driver.press("q");
    assert!(matches!(driver.effects[..], [Effect::Quit]));
}

#[test]
fn the_cursor_stays_on_its_connection_when_sorted() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.press("j");
    let sorted = |driver: &Driver| {
        let lines: Vec<String> = driver.text().lines().skip(4).take(3).map(str::to_owned).collect();
        let number =
            |line: &String| line.trim_start_matches('>').split_whitespace().next().unwrap().to_owned();
        lines.iter().map(number).collect::<String>()
    };
    assert_eq!(sorted(&driver), "123");
    driver.press("S");
    assert_eq!((sorted(&driver), current(&driver)), ("321".to_owned(), 2));
    // The heading of the messages: 12, 9 and 3 of them.
    let heading = driver.line(3);
    let x = heading[..heading.find("Msgs").unwrap()].chars().count() as u16;
    driver.mouse(mouse_down(x, 3));
    assert_eq!((sorted(&driver), current(&driver)), ("321".to_owned(), 2));
    driver.mouse(mouse_down(x, 3));
    assert_eq!(sorted(&driver), "123");
    assert!(driver.line(3).contains("▼"));
    driver.press("R");
    assert!(!driver.line(3).contains("▼"));
}

#[test]
fn a_click_selects_and_a_double_click_opens() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.mouse(mouse_down(20, 6));
    assert_eq!((current(&driver), driver.app.model.view), (3, ViewId::Conns));
    driver.mouse(mouse_down(20, 5));
    driver.mouse(mouse_down(20, 5));
    assert_eq!((current(&driver), driver.app.model.view), (2, ViewId::Messages));
    driver.mouse(mouse_down(11, 0));
    assert_eq!(driver.app.model.view, ViewId::Conns);
}

#[test]
fn only_those_with_findings() {
    let mut driver = open_script(TROUBLE);
    let all = driver.app.model.store.conns().len();
    let with = driver.app.model.store.conns().iter().filter(|conn| conn.counts() != &[0; 3]).count();
    assert!(0 < with && with < all);
    driver.press("!");
    assert!(driver.line(1).contains(&format!("{with} of {all} connections")), "{}", driver.line(1));
}

#[test]
fn without_a_websocket_it_says_what_there_was() {
    for (name, script) in [
        (
            "empty_http",
            "c 'GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'\ns 'HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n'",
        ),
        ("empty_tls", "c 16 03 01 00 05 01 00 00 01 00"),
        ("empty_other", "c 'EHLO there\\r\\n'\ns '250 ok\\r\\n'"),
    ] {
        let mut driver = open_script(script);
        pictures(name, &mut driver);
        for view in ["2", "3", "4", "5", "6", "7"] {
            // Nothing to show is no reason to fail.
            driver.press(view);
        }
    }
}

#[test]
fn a_capture_that_was_cut_says_so() {
    let mut driver = open_script("open\nc text 'hello'\ns text 'hello'\ncut 150");
    assert_eq!(driver.app.model.store.messages(), 1);
    insta::assert_snapshot!("cut_80x24", picture(driver.resize(80, 24)));
}

/// The second line of the screen.
fn status(driver: &Driver) -> String {
    driver.text().lines().nth(1).unwrap_or_default().to_owned()
}

fn selected(driver: &Driver) -> Option<(u32, u32)> {
    driver.app.model.current_message().map(|(row, _)| (row.conn, row.n))
}

#[test]
fn x_leads_to_what_is_wrong() {
    let mut driver = open("broken-frames.pcapng");
    // The connection under the cursor comes first.
    for (key, conn, told) in
        [("x", 1, "F006 in 1.f1"), ("x", 3, "F014 in 3.f3"), ("x", 4, ""), ("X", 3, "F014")]
    {
        driver.press(key);
        assert_eq!(current(&driver), conn);
        assert!(driver.text().contains(told), "{told}:\n{}", driver.text());
    }
    driver.press("<Enter>");
    assert_eq!((driver.app.model.view, selected(&driver)), (ViewId::Messages, Some((3, 3))));
    // What is wrong stands before the fields.
    for (width, height) in [(80, 24), (48, 14), (30, 8)] {
        driver.resize(width, height).press("3");
        assert!(driver.text().contains("F014 mask-key-repeated"), "{}", driver.text());
        driver.press("<Esc>");
    }
}

#[test]
fn from_here_all_is_in_sight() {
    let mut driver = open("broken-frames.pcapng");
    driver.press("jj<Enter>4");
    assert_eq!(driver.app.model.narrow.conn, Some(3));
    assert!(status(&driver).contains("connection 3 of 17"), "{}", status(&driver));
    // Once drawn, it is told of what is drawn.
    driver.press("<Esc><Esc>");
    assert_eq!(driver.app.model.view, ViewId::Conns);
    driver.press("4");
    assert_eq!(driver.app.model.narrow.conn, None);
    assert!(status(&driver).contains("11 errors"), "{}", status(&driver));
    // The messages are those of the connection under the cursor.
    driver.press("<Esc><Enter>1jj2");
    assert_eq!(driver.app.model.narrow.conn, driver.app.model.conn);
    assert_eq!(selected(&driver).map(|(conn, _)| conn), driver.app.model.conn);
}

#[test]
fn connections_are_the_top() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.press("<Enter><Enter>1");
    assert_eq!((driver.app.model.view, driver.app.depth()), (ViewId::Conns, 0));
    assert!(driver.text().contains("q quit"), "{}", driver.text());
    driver.press("<Esc>");
    assert_eq!(driver.app.model.view, ViewId::Conns);
    driver.press("q");
    assert!(matches!(driver.effects[..], [Effect::Quit]));
}

#[test]
fn figures_are_those_of_the_commands() {
    let mut driver = open("broken-frames.pcapng");
    assert!(status(&driver).contains("17 connections · 19 messages"), "{}", status(&driver));
    driver.press("2");
    assert!(status(&driver).contains("19 messages + 7 control"), "{}", status(&driver));
}

#[test]
fn the_card_gives_way() {
    let mut driver = open("broken-frames.pcapng");
    let top = |driver: &Driver| driver.text().lines().position(|line| line.starts_with("┌─ conn 1"));
    let usual = top(&driver).unwrap();
    assert_eq!(top(driver.press("<lt>")), Some(usual - 1));
    assert_eq!(top(driver.press(">>>")), Some(usual + 2));
    assert_eq!(top(driver.press("z")), None);
    assert_eq!(top(driver.press("<Esc>")), Some(usual + 2));
}

#[test]
fn tabs_have_room_or_are_short() {
    let mut driver = open("broken-frames.pcapng");
    let head = |driver: &Driver| driver.text().lines().next().unwrap_or_default().to_owned();
    for (width, expected) in [
        (120, " wscope  1 Conns  2 Messages  3 Inspect  4 Findings 16  5 Stats  6 Handshake  7 Follow "),
        (80, " 1 Conns 2 Messages 3 Inspect 4 Findings 16 5 Stats 6 Handshake 7 Follow "),
        (60, " wscope  1 Conns  2  3  4:16  5  6  7 "),
        (30, " wscope  1 Conns  4:16 "),
    ] {
        driver.resize(width, 24);
        assert!(head(&driver).starts_with(expected), "{width}: {}", head(&driver));
    }
    // A click goes there.
    driver.resize(80, 24).mouse(mouse_down(35, 0));
    assert_eq!(driver.app.model.view, ViewId::Findings);
}
