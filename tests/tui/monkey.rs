//! Somebody presses anything, clicks anywhere and drags the window about.

use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use wscope::tui::action::ACTIONS;
use wscope::tui::drive::Driver;
use wscope::tui::keys::sequence;
use wscope::tui::view::ViewId;

use super::open;
use super::support::{cases, gallery};

/// How long each capture is tried.
const LIMIT: Duration = Duration::from_secs(8);

/// One thing that somebody does.
#[derive(Clone, Debug)]
enum Deed {
    /// Keys of an action, or others.
    Keys(String),
    Type(String),
    Click {
        x: u16,
        y: u16,
        kind: u8,
    },
    Resize(u16, u16),
    Paste(String),
}

fn deed() -> impl Strategy<Value = Deed> {
    let bound: Vec<String> = ACTIONS
        .iter()
        .flat_map(|entry| entry.keys)
        .map(|keys| {
            sequence(keys).unwrap().iter().map(|key| format!("<{key}>").replace("<<>", "<lt>")).collect()
        })
        .collect();
    prop_oneof![
        6 => proptest::sample::select(bound).prop_map(Deed::Keys),
        // Digits and moves lead into every corner sooner than chance does.
        3 => proptest::sample::select(vec!["1", "2", "3", "4", "5", "6", "7", "j", "k", "G", "<Enter>", "<Esc>", "<Tab>", "q"]).prop_map(|keys| Deed::Keys(keys.to_owned())),
        1 => "[ -~éß漢]{0,8}".prop_map(Deed::Type),
        2 => (0..130u16, 0..45u16, 0..6u8).prop_map(|(x, y, kind)| Deed::Click { x, y, kind }),
        1 => prop_oneof![
            (1..300u16, 1..100u16),
            proptest::sample::select(vec![(1, 1), (30, 8), (29, 7), (48, 14), (80, 24), (120, 36), (300, 100)]),
        ].prop_map(|(width, height)| Deed::Resize(width, height)),
        1 => "\\PC{0,12}".prop_map(Deed::Paste),
    ]
}

fn perform(driver: &mut Driver, deed: &Deed) {
    match deed {
        Deed::Keys(keys) => {
            driver.press(keys);
        }
        Deed::Type(text) => {
            driver.type_text(text);
        }
        Deed::Resize(width, height) => {
            driver.resize(*width, *height);
        }
        Deed::Paste(text) => driver.event(Event::Paste(text.clone())),
        Deed::Click { x, y, kind } => {
            let left = MouseButton::Left;
            let kinds: &[MouseEventKind] = match kind {
                0 => &[MouseEventKind::ScrollDown],
                1 => &[MouseEventKind::ScrollUp],
                2 => &[MouseEventKind::Down(left), MouseEventKind::Up(left), MouseEventKind::Down(left)],
                3 => &[MouseEventKind::Down(left), MouseEventKind::Drag(left), MouseEventKind::Up(left)],
                4 => &[MouseEventKind::Down(MouseButton::Right)],
                _ => &[MouseEventKind::Down(left)],
            };
            for kind in kinds {
                driver.mouse(MouseEvent { kind: *kind, column: *x, row: *y, modifiers: KeyModifiers::NONE });
            }
        }
    }
}

/// What holds after anything.
fn check(driver: &Driver) -> Result<(), TestCaseError> {
    let model = &driver.app.model;
    prop_assert!(
        model.conn.is_none_or(|conn| model.store.conn(conn).is_some()),
        "connection {:?}",
        model.conn
    );
    prop_assert!(
        model.message.is_none_or(|place| model.store.message(place).is_some()),
        "message {:?}",
        model.message
    );
    prop_assert!(model.narrow.conn.is_none_or(|conn| model.store.conn(conn).is_some()));
    let controls = driver.buffer().content.iter().any(|cell| cell.symbol().chars().any(char::is_control));
    prop_assert!(!controls, "a control character is on the screen");
    Ok(())
}

/// Out of everything, one step at a time.
fn escape(driver: &mut Driver) -> Result<(), TestCaseError> {
    driver.resize(120, 36);
    for _ in 0..8 {
        driver.event(Event::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)));
    }
    prop_assert_eq!(driver.app.depth(), 0, "there is still something open:\n{}", driver.text());
    Ok(())
}

#[test]
fn anything_may_be_pressed() {
    for name in ["lossy.pcapng", "refused-then-accepted.pcapng"] {
        // What it writes lies beside the capture.
        let folder = tempfile::tempdir().unwrap();
        let capture = folder.path().join(name);
        std::fs::copy(gallery().join(name), &capture).unwrap();
        let since = Instant::now();
        let config = Config {
            cases: cases(40),
            max_shrink_time: 20_000,
            failure_persistence: None,
            ..Config::default()
        };
        let result = TestRunner::new(config).run(&proptest::collection::vec(deed(), 1..60), |deeds| {
            // A slow machine tries less.
            if since.elapsed() > LIMIT {
                return Ok(());
            }
            let mut driver = Driver::open(std::slice::from_ref(&capture), 120, 36).unwrap();
            folder.path().clone_into(&mut driver.app.model.folder);
            driver.app.model.baseline = folder.path().join("baseline.json");
            for deed in &deeds {
                if since.elapsed() > LIMIT {
                    break;
                }
                perform(&mut driver, deed);
                check(&driver)?;
            }
            escape(&mut driver)?;
            driver.press("1");
            prop_assert_eq!(driver.app.model.view, ViewId::Conns);
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// Every view at every size, where arithmetic on widths goes wrong.
#[test]
fn any_size_is_drawn() {
    let mut driver = open("chat-node-ws.pcapng");
    for view in ["1", "2", "3", "4", "5", "6", "7"] {
        driver.press(view);
        for (width, height) in
            (1..48).step_by(3).flat_map(|width| (1..20).step_by(2).map(move |height| (width, height)))
        {
            driver.resize(width, height);
        }
        for (width, height) in
            [(300, 100), (300, 8), (30, 100), (48, 14), (79, 23), (99, 30), (100, 29), (119, 36)]
        {
            driver.resize(width, height);
            let name = driver.app.model.view.name();
            assert!(driver.text().contains(&format!("{view} {name}")), "{view} at {width}x{height}");
        }
    }
}
