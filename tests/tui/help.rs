//! The help.

use std::collections::BTreeSet;

use wscope::tui::action::ACTIONS;
use wscope::tui::drive::Driver;
use wscope::tui::keys::sequence;
use wscope::tui::view::ViewId;

use super::{open, pictures};

#[test]
fn pictures_of_help() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.press("?");
    pictures("help", &mut driver);
    driver.type_text("finding");
    pictures("help_search", &mut driver);
}

/// What is listed, while it is scrolled from the first row to the last.
pub(super) fn listed(driver: &mut Driver) -> String {
    let mut seen = String::new();
    loop {
        let before = (driver.text(), driver.roles());
        seen.push_str(&before.0);
        driver.press("<PgDn>");
        if (driver.text(), driver.roles()) == before {
            return seen;
        }
    }
}

#[test]
fn every_action_is_there_in_every_view() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.resize(200, 50);
    for view in ViewId::ALL {
        driver.press(&view.number().to_string()).press("?");
        let seen = listed(&mut driver);
        for entry in ACTIONS {
            assert!(seen.contains(entry.title), "{}: {} is not in the help", view.name(), entry.id);
        }
        for (mark, _) in wscope::tui::keybook::MARKS {
            assert!(seen.contains(mark), "{mark}");
        }
        driver.press("<Esc>");
    }
}

#[test]
fn it_searches_and_runs() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.press("?").type_text("sort").press("<Enter>");
    assert_eq!(driver.app.depth(), 0);
    assert!(driver.text().contains("sorted by"), "{}", driver.text());
    // By key, by name; what is not of this view is done where it is.
    driver.press("?").type_text("only-findings").press("<Enter>");
    assert!(driver.app.model.narrow.findings);
    driver.press("?").type_text("ladder").press("<Enter>");
    assert_eq!(driver.app.model.view, ViewId::Messages);
    driver.press("?").type_text("nothing like it");
    assert!(driver.text().contains("nothing is called so"));
    // First the search ends, then the help.
    driver.press("<Esc>");
    assert_eq!(driver.app.depth(), 2);
    driver.press("<Esc>");
    assert_eq!(driver.app.depth(), 1);
}

#[test]
fn keys_are_the_users() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.app.model.keymap.bind(wscope::tui::action::Action::Sort, vec![sequence("Alt-s").unwrap()]);
    driver.press("?").type_text("sort by the next");
    assert!(driver.text().contains("Alt-s"), "{}", driver.text());
}

/// Actions that a view lists do something there.
#[test]
fn every_action_is_of_use_where_it_is_listed() {
    let mut idle = BTreeSet::new();
    for entry in ACTIONS {
        for view in ViewId::ALL.into_iter().filter(|view| entry.views.contains(*view)) {
            let mut driver = open("chat-node-ws.pcapng");
            driver.press("2j").press(&view.number().to_string());
            driver.app.act(entry.action);
            driver.draw();
            let said = driver.app.model.notice.as_ref().map_or("", |notice| &notice.text);
            if said.contains("is of no use here") {
                idle.insert(format!("{} in {}", entry.id, view.name()));
            }
        }
    }
    assert!(idle.is_empty(), "{idle:#?}");
}
