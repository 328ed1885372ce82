//! Bookmarks, notes, and which columns are shown.

use wscope::tui::keybook::MARKS;
use wscope::tui::notes::Notes;

use super::{TROUBLE, open_script, picture, pictures};

/// What the list of messages draws is what the reference of keys explains.
#[test]
fn signs_are_those_of_the_reference() {
    let folder = tempfile::tempdir().unwrap();
    let mut driver = open_script(TROUBLE);
    driver.app.model.notes = Notes::open(&folder.path().join("script.pcapng")).unwrap();
    driver.press("2g<Space>jmj;").type_text("why?").press("<Enter>");
    let sign = |y: u16| driver.buffer()[(3, y)].symbol().to_owned();
    let drawn: Vec<String> = (0..36).map(sign).filter(|sign| ["=", "*", ";"].contains(&&**sign)).collect();
    assert_eq!(drawn.len(), 3, "{}", driver.text());
    for (sign, meaning) in drawn.iter().zip(["a mark", "a bookmark", "a note"]) {
        let told = |(marks, meanings): &&(&str, &str)| {
            let at = marks.split(' ').position(|mark| mark == sign);
            at.is_some_and(|at| meanings.split("; ").nth(at) == Some(meaning))
        };
        assert!(MARKS.iter().any(|mark| told(&mark)), "{sign}: {meaning}");
    }
}

#[test]
fn bookmarks_and_notes_are_kept_beside_the_capture() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("script.pcapng");
    let mut driver = open_script(TROUBLE);
    driver.app.model.notes = Notes::open(&capture).unwrap();
    driver.press("2");
    driver.app.model.select_message(2);
    driver.press("m;").type_text("why does it ask?");
    driver.press("<Enter>");
    driver.app.model.select_message(7);
    driver.press("m");
    driver.app.model.select_message(0);
    driver.press("'");
    assert_eq!(driver.app.model.message, Some(2));
    driver.press("'");
    assert_eq!(driver.app.model.message, Some(7));
    driver.press("'");
    assert_eq!(driver.app.model.message, Some(2));
    driver.press("M");
    pictures("notes", &mut driver);
    driver.resize(120, 36);
    let again = Notes::open(&capture).unwrap();
    assert_eq!(
        again.iter().map(|(_, note)| (note.bookmark, &*note.text)).collect::<Vec<_>>(),
        [(true, "why does it ask?"), (true, "")]
    );
    driver.press("<Del>");
    assert_eq!(Notes::open(&capture).unwrap().len(), 1);
    driver.press("<Esc>");
    assert_eq!(driver.app.depth(), 1);
}

#[test]
fn a_note_that_cannot_be_kept_is_told() {
    let mut driver = open_script(TROUBLE);
    driver.app.model.notes = Notes::open(std::path::Path::new("/no/such/folder/a.pcap")).unwrap();
    driver.press("2");
    driver.app.model.select_message(0);
    driver.press("m");
    assert!(
        driver.line(35).contains("notes are not kept: /no/such/folder/a.pcap.wscope.json"),
        "{}",
        driver.line(35)
    );
}

#[test]
fn columns_are_chosen() {
    let mut driver = open_script(TROUBLE);
    assert!(driver.line(3).contains("Client"));
    driver.press("Cjjjj<Space>");
    insta::assert_snapshot!("columns", picture(&driver));
    driver.press("<Esc>");
    assert!(!driver.line(3).contains("Client"));
    driver.press("Ca<Esc>");
    assert!(driver.line(3).contains("Client"));
    // One stays.
    driver.press("C");
    for _ in 0..20 {
        driver.press("<Space>j");
    }
    driver.press("<Esc>");
    assert!(driver.line(3).contains("Find"), "{}", driver.line(3));
    driver.press("R");
    assert!(driver.line(3).contains("Client"));
}
