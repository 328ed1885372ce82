//! The pictures in the documentation are of what the interface draws today; `UPDATE=1` draws them.

#[path = "../../examples/picture/svg.rs"]
mod svg;

use std::fs;
use std::path::PathBuf;

use wscope::tui::drive::Driver;
use wscope::tui::theme::Theme;

/// The pictures: name, theme.
const PICTURES: [(&str, Theme); 2] = [("screen.svg", Theme::DARK), ("screen-light.svg", Theme::LIGHT)];

/// What is pictured: messages of a conversation with findings.
const CAPTURE: &str = "incident.pcapng";
const KEYS: &str = "<Enter>x";

#[test]
fn pictures_are_up_to_date() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    for (name, theme) in PICTURES {
        let (width, height) = svg::SIZE;
        let mut driver = Driver::open(&[root.join("captures").join(CAPTURE)], width, height).unwrap();
        driver.app.model.theme = theme.clone();
        driver.press(KEYS);
        driver.draw();
        let drawn = svg::svg(driver.buffer(), theme.name == "light");
        let path = root.join("docs").join(name);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &drawn).unwrap();
        }
        let stored = fs::read_to_string(&path).unwrap_or_default();
        assert!(stored == drawn, "docs/{name} is not what is drawn: UPDATE=1 cargo test --test tui picture");
        let mut reader = quick_xml::Reader::from_str(&drawn);
        while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
    }
}
