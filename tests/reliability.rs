//! The table of limits in docs/reliability.md is that of the code.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use wscope::limits::Limits;

/// `64 KiB`, `100,000` or `30 s` (in nanoseconds) as a number.
fn number(text: &str) -> u64 {
    let (digits, unit) = text.split_once(' ').unwrap_or((text, ""));
    let unit = match unit {
        "" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "s" => 1_000_000_000,
        other => panic!("{other}"),
    };
    digits.replace(',', "").parse::<u64>().unwrap() * unit
}

#[test]
fn limits_are_those_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reliability.md");
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().skip_while(|line| !line.starts_with("| limit |")).skip(2);
    let told: BTreeMap<String, u64> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            (cells[1].trim_matches('`').to_owned(), number(cells[2]))
        })
        .collect();
    let code = format!("{:?}", Limits::default());
    let fields = code.strip_prefix("Limits { ").and_then(|code| code.strip_suffix(" }")).unwrap();
    let code: BTreeMap<String, u64> = fields
        .split(", ")
        .map(|field| field.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect();
    assert_eq!(told, code);
}
