//! Draws a screen of the interface as SVG, for the documentation:
//! `cargo run --example picture -- FILE THEME [KEYS] > screen.svg`.
//!
//! The test in tests/tui/picture.rs makes docs/screen.svg and docs/screen-light.svg in the same way.

#[path = "picture/svg.rs"]
mod svg;

use std::io::{self, Write};
use std::path::PathBuf;

use wscope::tui::drive::Driver;
use wscope::tui::theme::Theme;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let file = arguments.next().map(PathBuf::from).ok_or_else(|| io::Error::other("which capture?"))?;
    let theme =
        arguments.next().map_or_else(|| "dark".to_owned(), |name| name.to_string_lossy().into_owned());
    let theme = Theme::named(&theme).ok_or_else(|| io::Error::other("there is no such theme"))?;
    let keys = arguments.next().map_or_else(String::new, |keys| keys.to_string_lossy().into_owned());
    let mut driver = Driver::open(&[file], svg::SIZE.0, svg::SIZE.1)?;
    driver.app.model.theme = theme.clone();
    driver.press(&keys);
    driver.draw();
    io::stdout().write_all(svg::svg(driver.buffer(), theme.name == "light").as_bytes())
}
