//! The interface, under keys, clicks and sizes.

use std::path::PathBuf;
use std::sync::OnceLock;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use wscope::script::Script;
use wscope::tui::action::ACTIONS;
use wscope::tui::drive::Driver;
use wscope::tui::keys::{Key, sequence};

use super::bytes::Bytes;

/// Something of everything, in a capture that is read within a millisecond.
const TALK: &str = r#"
    open permessage-deflate
    c text z '{"type":"subscribe","channel":"trades"}'
    s text z '{"type":"trade","symbol":"BTC","price":61204.5}'
    s ping 'are you there'
    c pong 'are you there'
    c close 1000 'bye'
    s close 1000 'bye'
    fin s
    fin c
    connection
    open
    c text 'hello'
    c text nomask 'not masked'
    s text ff fe 'is no text'
    wait 40s
    s close 1002 'protocol error'
    fin s
    connection
    request GET /admin?token=secret HTTP/1.1
    response HTTP/1.1 403 Forbidden
      + Content-Length: 0
"#;

/// The keys that mean something.
fn bound() -> &'static [Vec<Key>] {
    static BOUND: OnceLock<Vec<Vec<Key>>> = OnceLock::new();
    BOUND.get_or_init(|| {
        let named = ["Enter", "Esc", "Tab", "S-Tab", "Up", "Down", "Left", "Right", "Backspace", "Ctrl-u"];
        let names = ACTIONS.iter().flat_map(|entry| entry.keys).copied().chain(named);
        names.map(|keys| sequence(keys).unwrap()).collect()
    })
}

/// Presses a key. Above a view, no `/` is typed: a form may ask for the name of a file, and it is to be one in its folder.
fn press(driver: &mut Driver, key: Key) {
    if key.code == KeyCode::Char('/') && driver.app.depth() > 0 {
        return;
    }
    driver.event(Event::Key(KeyEvent::new(key.code, key.modifiers)));
}

fn click(driver: &mut Driver, kind: MouseEventKind, column: u16, row: u16) {
    driver.mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
}

/// What is done, in one byte or some more: bound keys, characters, clicks, sizes, pastes.
pub fn keys(data: &[u8]) {
    static CAPTURE: OnceLock<Vec<u8>> = OnceLock::new();
    // What it writes lies beside the capture.
    let folder = tempfile::tempdir().unwrap();
    let capture: PathBuf = folder.path().join("talk.pcapng");
    std::fs::write(&capture, CAPTURE.get_or_init(|| Script::parse(TALK).unwrap().capture())).unwrap();
    let mut driver = Driver::open(&[capture], 100, 30).unwrap();
    folder.path().clone_into(&mut driver.app.model.folder);
    driver.app.model.baseline = folder.path().join("baseline.json");
    let mut input = Bytes(data);
    for _ in 0..60 {
        if input.is_empty() {
            break;
        }
        let left = MouseButton::Left;
        match input.u8() {
            n @ 0..=199 => {
                let bound = bound();
                for key in &bound[usize::from(n) % bound.len()] {
                    press(&mut driver, *key);
                }
            }
            200..=219 => {
                let c = char::from_u32(u32::from(input.u8())).filter(|c| !c.is_control());
                press(&mut driver, Key::plain(KeyCode::Char(c.unwrap_or('漢'))));
            }
            220..=229 => {
                let (x, y) = (input.u8().into(), input.u8().into());
                click(&mut driver, MouseEventKind::Down(left), x, y);
                click(&mut driver, MouseEventKind::Up(left), x, y);
            }
            230..=234 => {
                let (x, y, to) = (input.u8().into(), input.u8().into(), input.u8().into());
                click(&mut driver, MouseEventKind::Down(left), x, y);
                click(&mut driver, MouseEventKind::Drag(left), to, y);
                click(&mut driver, MouseEventKind::Up(left), to, y);
            }
            n @ 235..=239 => {
                let kind = if n % 2 == 0 { MouseEventKind::ScrollDown } else { MouseEventKind::ScrollUp };
                let (x, y) = (input.u8().into(), input.u8().into());
                click(&mut driver, kind, x, y);
            }
            240..=247 => {
                let (width, height) = (u16::from(input.u8()).max(1), u16::from(input.u8() % 80).max(1));
                driver.resize(width, height);
            }
            _ => {
                let len = input.u8() % 24;
                let text = String::from_utf8_lossy(input.take(len.into())).replace('/', " ");
                driver.event(Event::Paste(text));
            }
        }
        check(&driver);
    }
    // Out of everything, one step at a time.
    driver.resize(100, 30);
    for _ in 0..8 {
        press(&mut driver, Key::plain(KeyCode::Esc));
    }
    assert_eq!(driver.app.depth(), 0, "there is still something open:\n{}", driver.text());
}

/// What is selected is there, and nothing acts on the terminal.
fn check(driver: &Driver) {
    let model = &driver.app.model;
    assert!(model.conn.is_none_or(|conn| model.store.conn(conn).is_some()));
    assert!(model.message.is_none_or(|place| model.store.message(place).is_some()));
    assert!(model.narrow.conn.is_none_or(|conn| model.store.conn(conn).is_some()));
    let controls = driver.buffer().content.iter().any(|cell| cell.symbol().chars().any(char::is_control));
    assert!(!controls, "a control character is on the screen");
}
