//! The terminal UI, driven by keys on a screen in memory.
//!
//! Snapshots hold each screen twice, as text and as roles (a letter a cell: which colour it has); run with
//! `INSTA_UPDATE=always` after a change that is meant, and look at the difference.

#[path = "../support/mod.rs"]
mod support;

mod conns;
mod diff;
mod export;
mod filter;
mod findings;
mod follow;
mod handshake;
mod help;
mod inspect;
mod live;
mod messages;
mod monkey;
mod notes;
mod palette;
mod picture;
mod ring;
mod scale;
mod stats;
mod theme;

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use wscope::script::Script;
use wscope::tui::drive::Driver;

/// The sizes at which every view is pictured.
const SIZES: [(u16, u16); 4] = [(120, 36), (80, 24), (48, 14), (30, 8)];

/// The interface on a recording of the gallery.
fn open(name: &str) -> Driver {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("captures").join(name);
    Driver::open(&[path], 120, 36).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Three connections: one without fault, one with faults, one refused.
const TROUBLE: &str = r#"
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

/// The interface on what a script says.
fn open_script(script: &str) -> Driver {
    let mut hasher = DefaultHasher::new();
    script.hash(&mut hasher);
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{:016x}.pcapng", hasher.finish()));
    // Another test may read the same: it is never seen half written.
    let part = path.with_extension(format!("{:?}", std::thread::current().id()));
    fs::write(&part, Script::parse(script).unwrap().capture()).unwrap();
    fs::rename(part, &path).unwrap();
    let mut driver = Driver::open(&[path], 120, 36).unwrap();
    driver.app.model.title = "script.pcapng".to_owned();
    driver.draw();
    driver
}

/// The left button is pressed.
fn mouse_down(column: u16, row: u16) -> MouseEvent {
    let kind = MouseEventKind::Down(MouseButton::Left);
    MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }
}

/// A picture of the screen.
fn picture(driver: &Driver) -> String {
    format!("{}{}\n{}", driver.text(), "=".repeat(20), driver.roles())
}

/// Pictures of the screen at all sizes.
fn pictures(name: &str, driver: &mut Driver) {
    for (width, height) in SIZES {
        driver.resize(width, height);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture(driver));
    }
}
