//! The findings.

use std::fs;

use tempfile::TempDir;
use wscope::item::Dir;
use wscope::script::Script;
use wscope::tui::drive::Driver;
use wscope::tui::model::Effect;
use wscope::tui::theme::{Role, Theme};
use wscope::tui::view::ViewId;

use super::{TROUBLE, open, open_script, pictures};

/// The interface on the capture of a script; the folder of its file is to be kept.
pub(crate) fn scripted(script: &str) -> (TempDir, Driver) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script.pcapng");
    fs::write(&file, Script::parse(script).unwrap_or_else(|error| panic!("{error}")).capture()).unwrap();
    let driver = Driver::open(&[file], 120, 36).unwrap();
    (folder, driver)
}

/// Faults of several kinds, on two connections.
const FAULTS: &str = "lan
    request
    + Sec-WebSocket-Protocol: chat
    response
    + Sec-WebSocket-Protocol: chat
    c text 'Hello'
    c 81 05 'Hello'
    s text c3 28
    c 81 05 'again'
    s 91 85 01 02 03 04 'Hello'
    connection
    request
    response
    = Sec-WebSocket-Accept: nonsense
    c text 'Hello'
    c 83 85 00 00 00 00 'Hello'
    s close 1002
    fin s";

fn copied(driver: &Driver) -> &str {
    match driver.effects.last() {
        Some(Effect::Copy { text, .. }) => text,
        other => panic!("{other:?}"),
    }
}

/// The row under the cursor.
fn row(driver: &Driver) -> String {
    driver.text().lines().find(|line| line.starts_with('>')).unwrap_or_default().to_owned()
}

#[test]
fn pictures_of_findings() {
    let (_folder, mut driver) = scripted(FAULTS);
    driver.press("4");
    pictures("findings", &mut driver);
    driver.resize(120, 36).press("vjjl");
    pictures("findings_grouped", &mut driver);
    driver.resize(120, 36).press("R|");
    insta::assert_snapshot!("findings_beside", super::picture(&driver));
    driver.press("|o");
    pictures("findings_rule", &mut driver);
    driver.resize(80, 24).press("<Esc><Tab>G");
    insta::assert_snapshot!("findings_card_80x24", super::picture(&driver));
    driver.resize(48, 14);
    insta::assert_snapshot!("findings_card_48x14", super::picture(&driver));
}

#[test]
fn pictures_of_no_findings() {
    pictures("findings_none", open("chat-node-ws.pcapng").press("4"));
}

#[test]
fn lines_and_bytes_are_shown_as_evidence() {
    let mut driver = open("refused-then-accepted.pcapng");
    driver.press("4");
    pictures("findings_refused", &mut driver);
}

#[test]
fn enter_goes_to_what_is_at_fault() {
    let (_folder, mut driver) = scripted(FAULTS);
    driver.press("4");
    assert!(row(&driver).contains("1.f"), "{}", driver.text());
    driver.press("<Enter>");
    assert_eq!(driver.app.model.view, ViewId::Inspect);
    driver.press("q");
    assert_eq!(driver.app.model.view, ViewId::Findings);
    // One of the handshake.
    for _ in 0..20 {
        if row(&driver).contains("2.h") {
            break;
        }
        driver.press("j");
    }
    driver.press("<Enter>");
    assert_eq!((driver.app.model.view, driver.app.model.conn), (ViewId::Handshake, Some(2)));
}

#[test]
fn what_is_selected_stays_selected() {
    let (_folder, mut driver) = scripted(FAULTS);
    driver.press("4jj");
    let selected = driver.app.model.finding;
    assert!(selected.is_some());
    for keys in ["s", "s", "S", "v", "v", "v", "s"] {
        driver.press(keys);
        assert_eq!(driver.app.model.finding, selected, "{keys}");
    }
    driver.resize(48, 14).resize(120, 36);
    assert_eq!(driver.app.model.finding, selected);
    driver.press("c");
    assert!(driver.line(1).contains("connection 1 of 2"), "{}", driver.text());
    driver.press("cg");
    assert!(row(&driver).contains("- ") || row(&driver).contains('.'), "{}", driver.text());
}

#[test]
fn errors_are_found_one_after_another() {
    let (_folder, mut driver) = scripted(FAULTS);
    driver.press("4sG");
    let mut errors = 0;
    driver.press("g");
    let mut last = row(&driver);
    for _ in 0..40 {
        driver.press("x");
        if row(&driver) == last {
            break;
        }
        last = row(&driver);
        assert!(last.contains("x error"), "{last}");
        errors += 1;
    }
    assert!(errors >= 3, "{}", driver.text());
    assert!(driver.text().contains("no error further down"), "{}", driver.text());
}

#[test]
fn groups_fold() {
    let (_folder, mut driver) = scripted(FAULTS);
    driver.press("4vg");
    let shown = |driver: &Driver| driver.text().contains("x error    F001");
    assert!(shown(&driver));
    driver.press("h");
    assert!(!shown(&driver), "{}", driver.text());
    assert!(row(&driver).contains('▸'), "{}", driver.text());
    driver.press("<Enter>");
    assert!(shown(&driver));
    // From inside of a group, to its head.
    driver.press("jh");
    assert!(row(&driver).contains("▸ F001"), "{}", driver.text());
}

#[test]
fn a_finding_is_added_to_a_baseline() {
    let (folder, mut driver) = scripted(FAULTS);
    let file = folder.path().join("baseline.json");
    driver.app.model.baseline.clone_from(&file);
    driver.press("4B");
    assert!(driver.text().contains("a known fault"), "{}", driver.text());
    driver.press("n");
    assert!(!file.exists());
    driver.press("By");
    assert!(driver.text().contains("was added"), "{}", driver.text());
    let first = fs::read_to_string(&file).unwrap();
    // The names are those that `wscope check` gives.
    let capture = folder.path().join("script.pcapng");
    let known = baseline_of(&capture);
    let fingerprint = first.split('"').find(|part| part.len() == 32).unwrap();
    assert!(known.contains(fingerprint), "{first}\n{known}");
    driver.press("B");
    assert!(driver.text().contains("already"), "{}", driver.text());
    driver.press("GBy");
    let both = fs::read_to_string(&file).unwrap();
    assert!(both.contains(fingerprint) && both.matches("\"fingerprint\"").count() == 2, "{both}");
    // What is no baseline is not written over.
    fs::write(&file, "{\"findings\": [], \"tool\": \"other\"}").unwrap();
    driver.press("gB");
    assert!(driver.text().contains("is no baseline"), "{}", driver.text());
    assert!(!driver.text().contains("a known fault"));
}

/// What `wscope check --write-baseline` would write.
fn baseline_of(capture: &std::path::Path) -> String {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_wscope"))
        .args(["check", "-q", "--write-baseline", "/dev/stdout"])
        .arg(capture)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn things_are_copied() {
    let (_folder, mut driver) = scripted(FAULTS);
    driver.press("4yi");
    assert_eq!(copied(&driver), "1.f2");
    driver.press("yf");
    assert_eq!(copied(&driver), "conn == 1 && finding == F004");
    driver.press("yw");
    assert!(copied(&driver).starts_with("frame.number == "));
    driver.press("yy");
    assert!(copied(&driver).starts_with("1.f2: error F004 client-unmasked: "), "{}", copied(&driver));
}

#[test]
fn the_first_finding_of_a_group_is_seen_with_its_head() {
    let mut driver = open_script(TROUBLE);
    driver.press("4");
    for _ in 0..3 {
        driver.press("v");
        if driver.line(1).contains("grouped") {
            assert!(driver.line(4).contains('▾'), "{}", driver.text());
        }
    }
}

#[test]
fn columns_and_filters_of_what_is_under_the_cursor() {
    let mut driver = open_script(TROUBLE);
    driver.press("4C");
    assert!(driver.text().contains("[x] Reference"), "{}", driver.text());
    driver.press("jjjjj<Space><Esc>");
    assert!(!driver.text().contains("Reference"), "{}", driver.text());
    let all = driver.app.model.store.findings().len();
    driver.press("a=");
    let text = driver.app.model.filtering.as_ref().map(|filtering| filtering.text().to_owned());
    let text = text.expect("a filter");
    let code = text.strip_prefix("finding == ").unwrap_or_else(|| panic!("{text}")).to_owned();
    let shown = (4..12).filter(|y| driver.line(*y).contains(&code)).count();
    assert!((1..all).contains(&shown), "{}", driver.text());
    driver.press("Rvka!");
    let text = driver.app.model.filtering.as_ref().map(|filtering| filtering.text().to_owned());
    assert_eq!(text.as_deref(), Some(&*format!("!(finding == {code})")), "{}", driver.text());
}

#[test]
fn a_filter_that_highlights_selects_some_findings() {
    let (_folder, mut driver) = scripted(FAULTS);
    driver.press("4/finding<Space>==<Space>F004<Enter><Ctrl-t>g");
    let all = driver.app.model.store.findings().len();
    let light = Theme::distinct().style(Role::Match).fg;
    let is_light = |y: &usize| driver.buffer()[(0, *y as u16)].style().fg == light;
    let lit: Vec<String> = (4..36).filter(is_light).map(|y| driver.line(y)).collect();
    assert!((1..all).contains(&lit.len()), "{lit:#?}");
    assert!(lit.iter().all(|line| line.contains("F004")), "{lit:#?}");
    // From match to match, past what is no match.
    driver.press("n");
    assert!(row(&driver).contains("F004"), "{}", driver.text());
    for _ in 0..all {
        driver.press("n");
        assert!(row(&driver).contains("F004"), "{}", driver.text());
    }
}

/// A message of the frames 1, 3 and 5, with a Ping and a message of the other sender between them; frame 6 is no
/// message's.
const WOVEN: &str = "open
    c text -fin 'a'
    c ping nomask 'b'
    c cont -fin +rsv3 'c'
    s text mask:01020304 'd'
    c cont nomask 'e'
    c 83 80 00 00 00 00
    c text 'f'
    c close 1000
    s close 1000
    fin s";

#[test]
fn findings_are_on_the_message_that_has_the_frame() {
    let (_folder, mut driver) = scripted(WOVEN);
    let on_message = |driver: &Driver, n: u64| {
        let store = &driver.app.model.store;
        let (row, _) = store.message(store.place_of(1, n).unwrap()).unwrap();
        let frames = store.findings_on(row).map(|(place, found)| {
            assert_eq!(store.findings().get(place), Some(found));
            found.finding.frame.unwrap()
        });
        frames.collect::<Vec<_>>()
    };
    // The Ping ends first, then what the server says.
    let all: Vec<Vec<u64>> = (1..=6).map(|n| on_message(&driver, n)).collect();
    assert_eq!(all, [vec![2], vec![4], vec![3, 5], vec![], vec![], vec![]]);
    let store = &driver.app.model.store;
    let holder = |frame, dir| store.place_of_frame(1, frame, dir).map(|place| place + 1);
    let whose = [None, Some(Dir::C2s)].map(|dir| [1, 2, 3, 5, 6, 7, 8, 99].map(|frame| holder(frame, dir)));
    assert_eq!(whose, [[Some(3), Some(1), Some(3), Some(3), None, Some(4), Some(5), None]; 2]);
    assert_eq!(holder(4, None), Some(2));

    // A filter on messages selects their findings; what is on no message is on the connection.
    for (filter, frames) in
        [("op == ping", vec![2]), ("op == text && dir == c2s", vec![3, 5]), ("dir == s2c", vec![4])]
    {
        driver.press("4/<Ctrl-u>").type_text(filter).press("<Enter>");
        let model = &driver.app.model;
        let (filtering, store) = (model.filtering.as_ref().unwrap(), &model.store);
        let selected =
            (0..store.findings().len()).filter(|place| filtering.finding(store, *place) == Some(true));
        let found = selected.filter_map(|place| store.findings().get(place)?.finding.frame);
        let found = found.filter(|frame| *frame != 6);
        assert_eq!(found.collect::<Vec<_>>(), frames, "{filter}");
    }

    // In the inspector of the last fragment: both of its message, and from finding to finding.
    driver.press("/<Ctrl-u><Enter>");
    driver.app.model.go("1.f5".parse().unwrap());
    driver.draw();
    assert!(driver.text().contains("F001") && driver.text().contains("F004"), "{}", driver.text());
}

/// More than are sorted while a frame is drawn.
#[test]
fn many_findings_are_sorted() {
    let one = "open\nc text nomask 'not masked'\ns text ff 'is no text'\ns close 1002 'no'\nfin s\n";
    let (_folder, mut driver) = scripted(&[one; 1_500].join("connection\n"));
    let found = driver.app.model.store.findings().len();
    assert!(found >= 3_000, "{found}");
    driver.press("4");
    let rules = |driver: &Driver| {
        let lines: Vec<String> = driver.text().lines().skip(4).take(8).map(str::to_owned).collect();
        let rule = |line: &String| {
            line.split_whitespace().find(|word| wscope::rules::find(word).is_some()).map(str::to_owned)
        };
        lines.iter().filter_map(rule).collect::<Vec<_>>()
    };
    let place = |driver: &Driver| driver.app.model.finding.unwrap();
    let worst = rules(&driver);
    assert!(worst.len() >= 6, "{}", driver.text());
    // By rule, then from the other end.
    driver.press("sg");
    let first = rules(&driver);
    assert!(first.iter().all(|rule| *rule == first[0]), "{}", driver.text());
    let at = place(&driver);
    driver.press("SG");
    assert_eq!(place(&driver), at, "what was first is last");
    driver.press("vg");
    assert!(driver.line(1).contains("grouped by rule"), "{}", driver.text());
    driver.press("vv");
    assert!(!driver.line(1).contains("grouped"), "{}", driver.text());
    assert!(driver.line(1).contains("1,500") || driver.line(1).contains("3,000"), "{}", driver.text());
}
