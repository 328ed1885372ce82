//! The terminal UI, driven by keys on a screen in memory.
//!
//! Snapshots hold each screen twice, as text and as roles (a letter a cell: which colour it has); run with
//! `INSTA_UPDATE=always` after a change that is meant, and look at the difference.

#[path = "../support/mod.rs"]
mod support;

mod conns;
mod monkey;
mod picture;
mod theme;

use std::path::PathBuf;

use wscope::tui::drive::Driver;

/// The sizes at which every view is pictured.
const SIZES: [(u16, u16); 4] = [(120, 36), (80, 24), (48, 14), (30, 8)];

/// The interface on a recording of the gallery.
fn open(name: &str) -> Driver {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("captures").join(name);
    Driver::open(&[path], 120, 36).unwrap_or_else(|error| panic!("{name}: {error}"))
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
