//! The palette.

use wscope::tui::action::ACTIONS;
use wscope::tui::view::ViewId;

use super::{open, pictures};

#[test]
fn pictures_of_the_palette() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.press(":");
    pictures("palette", &mut driver);
    driver.type_text("find");
    pictures("palette_search", &mut driver);
    driver.press("<Ctrl-u>").type_text("1.m3");
    pictures("palette_id", &mut driver);
}

#[test]
fn every_action_is_there() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.resize(200, 50).press(":");
    let seen = super::help::listed(&mut driver);
    for entry in ACTIONS {
        assert!(seen.contains(entry.title), "{} is not in the palette", entry.id);
    }
}

#[test]
fn it_runs_and_remembers() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.press(":").type_text("reverse").press("<Enter>");
    assert_eq!(driver.app.depth(), 0);
    driver.press(":");
    let first = driver.text();
    assert!(first.lines().any(|line| line.contains("sort the other way round")), "{first}");
    driver.press("<Enter>");
    assert_eq!(driver.app.model.recent.len(), 1);
    // What another view does is done there.
    driver.press(":").type_text("ladder").press("<Enter>");
    assert_eq!(driver.app.model.view, ViewId::Messages);
}

#[test]
fn it_goes_to_ids_and_times() {
    let mut driver = open("chat-node-ws.pcapng");
    let conns = driver.app.model.store.conns().len() as u32;
    driver.press(":").type_text("1.m3").press("<Enter>");
    let (row, _) = driver.app.model.current_message().unwrap();
    assert_eq!((row.conn, row.n, driver.app.model.view), (1, 3, ViewId::Messages));
    driver.press(":").type_text("1.h").press("<Enter>");
    assert_eq!(driver.app.model.view, ViewId::Handshake);
    driver.press(":").type_text("1.f2").press("<Enter>");
    assert_eq!(driver.app.model.view, ViewId::Inspect);
    driver.press(":").type_text(&conns.to_string()).press("<Enter>");
    assert_eq!((driver.app.model.view, driver.app.model.conn), (ViewId::Conns, Some(conns)));
    driver.press(":").type_text("1.m99999").press("<Enter>");
    assert!(driver.text().contains("there is no 1.m99999"), "{}", driver.text());
    driver.press("<Ctrl-u>").type_text("+0s").press("<Enter>");
    assert_eq!(driver.app.model.message, Some(0));
    driver.press(":").type_text("+99h").press("<Enter>");
    assert_eq!(driver.app.model.message, Some(driver.app.model.store.messages() - 1));
    // Each message by its own time of day.
    let times: Vec<String> =
        driver.app.model.store.messages_from(0).map(|(_, row, _)| row.last.time.to_string()).collect();
    for (place, time) in times.iter().enumerate() {
        driver.press(":").type_text(&time[11..29]).press("<Enter>");
        let found = driver.app.model.message.unwrap();
        assert_eq!(times[found], *time, "{place}");
    }
}
