//! docs/coverage.md against the catalogue of rules: it names every rule that the RFCs ask for, no rule that
//! does not exist, and its figures are those of its tables.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The RFCs that the page goes through, in the order of its columns.
const RFCS: [&str; 2] = ["RFC 6455", "RFC 7692"];

/// Reasons that stand in the place of a rule.
const REASONS: [&str; 3] = ["not observable", "not checked", "not built yet"];

/// The words of the level column; those in lower case are no key words of RFC 2119.
const LEVELS: [&str; 9] =
    ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "RECOMMENDED", "MAY", "must", "should", "plain"];

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/coverage.md")).unwrap()
}

/// A letter and three digits, and nothing more.
fn is_code(word: &str) -> bool {
    word.len() == 4
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.chars().skip(1).all(|c| c.is_ascii_digit())
}

/// Every code that a text names.
fn codes(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| is_code(word)).map(str::to_owned).collect()
}

/// The cells of a table's line; `\|` is a bar within a cell. `None` for other lines.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.strip_prefix('|')?.strip_suffix('|')?.replace("\\|", "\u{1}");
    Some(inner.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect())
}

/// A line of a table of requirements.
#[derive(Debug)]
struct Row {
    /// The column of its RFC in [`RFCS`].
    rfc: usize,
    /// Its line in the page, from 1.
    line: usize,
    cells: [String; 5],
}

fn rows(page: &str) -> Vec<Row> {
    let mut rfc = None;
    let mut inside = false;
    let mut rows = Vec::new();
    for (n, line) in page.lines().enumerate() {
        if let Some(title) = line.strip_prefix("## ") {
            rfc = RFCS.iter().position(|name| title.starts_with(name));
        }
        let Some(found) = cells(line) else {
            inside = false;
            continue;
        };
        let Some(rfc) = rfc else { continue };
        if found.first().is_some_and(|first| first == "§") {
            inside = true;
        } else if inside && !found.iter().all(|cell| cell.chars().all(|c| c == '-')) {
            let cells = <[String; 5]>::try_from(found)
                .unwrap_or_else(|cells| panic!("line {}: {} columns, not 5", n + 1, cells.len()));
            rows.push(Row { rfc, line: n + 1, cells });
        }
    }
    rows
}

/// What the tables come to: the labels of the introduction's table, each with a figure for each RFC.
fn counted(rows: &[Row]) -> BTreeMap<&'static str, [usize; 2]> {
    let labels = ["requirements", "checked by rules", "of these, in part", "permissions that rules respect"];
    let mut counts: BTreeMap<_, _> = labels.into_iter().chain(REASONS).map(|label| (label, [0, 0])).collect();
    for row in rows {
        let [_, _, level, rule, _] = &row.cells;
        let mut add = |label| counts.get_mut(label).unwrap()[row.rfc] += 1;
        if level == "MAY" {
            add("permissions that rules respect");
            continue;
        }
        add("requirements");
        if let Some(reason) = REASONS.into_iter().find(|reason| reason == rule) {
            add(reason);
        } else {
            add("checked by rules");
            if rule.ends_with(" (in part)") {
                add("of these, in part");
            }
        }
    }
    counts
}

#[test]
fn every_rule_that_the_rfcs_ask_for_is_named() {
    let named = codes(&page());
    let missing: Vec<String> = wscope::rules::all()
        .filter(|rule| RFCS.iter().any(|rfc| rule.source.contains(rfc)) && !named.contains(rule.code))
        .map(|rule| format!("{} {} ({})", rule.code, rule.name, rule.source))
        .collect();
    assert!(missing.is_empty(), "docs/coverage.md does not name:\n{}", missing.join("\n"));
}

#[test]
fn every_rule_that_is_named_exists() {
    let all: BTreeSet<&str> = wscope::rules::all().map(|rule| rule.code).collect();
    let page = page();
    let unknown: Vec<String> = page
        .lines()
        .enumerate()
        .flat_map(|(n, line)| codes(line).into_iter().map(move |code| (n + 1, code)))
        .filter(|(_, code)| !all.contains(code.as_str()))
        .map(|(line, code)| format!("line {line}: {code}"))
        .collect();
    assert!(unknown.is_empty(), "docs/coverage.md names rules that do not exist:\n{}", unknown.join("\n"));
}

#[test]
fn every_row_says_what_its_columns_promise() {
    let rows = rows(&page());
    assert!(rows.len() > 200, "only {} rows were found", rows.len());
    let faults: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let [section, quotation, level, rule, why] = &row.cells;
            let reason = REASONS.contains(&rule.as_str());
            let key_word = level.chars().all(|c| !c.is_lowercase());
            // A step of an algorithm has the level of the sentence that introduces it.
            let step = level == "MUST" && section.contains('(');
            let fault = if !section.starts_with(|c: char| c.is_ascii_digit()) {
                "no section"
            } else if quotation.is_empty() {
                "no quotation"
            } else if !LEVELS.contains(&level.as_str()) {
                "an unknown level"
            } else if key_word && !step && !quotation.replace(&format!("{level} NOT"), "").contains(level) {
                "a level that is not in the quotation"
            } else if !reason && !rule.trim_end_matches(" (in part)").split(", ").all(is_code) {
                "neither rules nor a reason"
            } else if reason && level == "MAY" {
                "a permission that no rule respects"
            } else if (reason || rule.ends_with(" (in part)")) && why.is_empty() {
                "no explanation"
            } else {
                return None;
            };
            Some(format!("line {}: {fault}: {:?}", row.line, row.cells))
        })
        .collect();
    assert!(faults.is_empty(), "docs/coverage.md:\n{}", faults.join("\n"));
}

#[test]
fn the_figures_of_the_introduction_are_those_of_the_tables() {
    let page = page();
    let counts = counted(&rows(&page));
    let introduction = page.split("\n## ").next().unwrap();
    let stated: BTreeMap<String, Vec<usize>> = introduction
        .lines()
        .filter_map(cells)
        .filter_map(|cells| {
            let figures: Option<Vec<usize>> = cells.iter().skip(1).map(|cell| cell.parse().ok()).collect();
            Some((cells.first()?.clone(), figures?))
        })
        .collect();
    let counted: BTreeMap<String, Vec<usize>> = counts
        .into_iter()
        .map(|(label, [first, second])| (label.to_owned(), vec![first, second, first + second]))
        .collect();
    assert_eq!(stated, counted, "left: the introduction, right: the tables of docs/coverage.md");
}

#[test]
fn codes_and_cells_are_read_as_they_are_written() {
    let found = codes("H001, H002 (in part); not RFC 6455, F00, F0011, XF001, u001, 0x33, (S006).");
    assert_eq!(found, ["H001", "H002", "S006"].map(str::to_owned).into());
    assert_eq!(
        cells("| a | the \\|Host\\| field | |"),
        Some(vec!["a".into(), "the |Host| field".into(), String::new()])
    );
    assert_eq!(cells("no table"), None);
}

/// What a rule quotes are the words of the RFC, and so is what this page quotes.
#[test]
fn the_quotations_of_rules_stand_in_the_page() {
    let page = page().replace("\\|", "|");
    let missing: Vec<String> = wscope::rules::all()
        .filter(|rule| !rule.quote.is_empty() && RFCS.iter().any(|rfc| rule.source.contains(rfc)))
        .filter(|rule| !page.contains(rule.quote.trim_end_matches('.')))
        .map(|rule| format!("{}: {}", rule.code, rule.quote))
        .collect();
    assert!(missing.is_empty(), "not in docs/coverage.md:\n{}", missing.join("\n"));
}
