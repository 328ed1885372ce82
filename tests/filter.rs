//! The reference of the filter language: its table of fields is made from the one that checks types, and
//! its examples are filters.

use std::fs;
use std::path::Path;

use wscope::filter::Filter;
use wscope::report::fieldbook;

const BEGIN: &str = "<!-- fields: UPDATE=1 cargo test --test filter -->\n";
const END: &str = "<!-- end of fields -->\n";

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/filter.md")
}

#[test]
fn the_table_of_fields_is_the_type_checkers() {
    let text = fs::read_to_string(path()).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the table's begin");
    let (_, after) = rest.split_once(END).expect("the table's end");
    let made = format!("{before}{BEGIN}\n{}\n{END}{after}", fieldbook::markdown());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path(), &made).unwrap();
    }
    let written = fs::read_to_string(path()).unwrap();
    assert!(written == made, "docs/filter.md is not up to date: UPDATE=1 cargo test --test filter");
}

/// Blocks marked `filter` hold a filter a line, with `#` before remarks; those marked `error` hold what is
/// printed of one that is none.
#[test]
fn the_examples_are_filters() {
    let text = fs::read_to_string(path()).unwrap();
    let blocks = |mark: &str| {
        let begin = format!("```{mark}\n");
        let blocks = text.split(&*begin).skip(1).map(|rest| rest.split("\n```").next().unwrap().to_owned());
        blocks.collect::<Vec<String>>()
    };
    let mut filters = 0;
    for line in blocks("filter").iter().flat_map(|block| block.lines()) {
        let filter = line.split("  #").next().unwrap().trim();
        if !filter.is_empty() {
            filters += 1;
            if let Err(error) = Filter::parse(filter) {
                panic!("{error}");
            }
        }
    }
    assert!(filters > 30, "{filters} examples were found");
    let errors = blocks("error");
    assert!(!errors.is_empty());
    for block in errors {
        let filter = block.lines().nth(1).unwrap().trim_start_matches("  | ");
        assert_eq!(Filter::parse(filter).unwrap_err().to_string(), block.trim_start_matches("error: "));
    }
}
