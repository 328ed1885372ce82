//! The reference of keys is made from the table of actions.

use std::fs;
use std::path::Path;

use wscope::tui::action::ACTIONS;
use wscope::tui::keybook;

const BEGIN: &str = "<!-- keys: UPDATE=1 cargo test --test keys -->\n";
const END: &str = "<!-- end of keys -->\n";

#[test]
fn the_reference_is_the_table_of_actions() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/keys.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the tables' begin");
    let (_, after) = rest.split_once(END).expect("the tables' end");
    let made = format!("{before}{BEGIN}\n{}\n{END}{after}", keybook::markdown());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap();
    assert!(written == made, "docs/keys.md is not up to date: UPDATE=1 cargo test --test keys");
    for entry in ACTIONS {
        assert!(written.contains(&format!("| `{}` |", entry.id)), "{}", entry.id);
    }
}
