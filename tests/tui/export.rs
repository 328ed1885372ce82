//! Exporting from the interface: what is written, what is asked, what is told.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;

use wscope::tui::drive::Driver;
use wscope::tui::model::Kinds;
use wscope::tui::workers::Workers;

use super::{SIZES, TROUBLE, mouse_down, open, open_script, picture, pictures};

/// Opens the form and types the file's name.
pub(super) fn fill(driver: &mut Driver, keys: &str, file: &Path) {
    driver.press("e").press(keys);
    driver.press("<Down><Down><Down><Down><Ctrl-u>").type_text(file.to_str().unwrap());
}

/// What the command writes.
fn command(args: &[&str], capture: &Path) -> Vec<u8> {
    let mut command = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("wscope"));
    let output = command.args(["export", "-q"]).args(args).arg(capture).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn gallery(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("captures").join(name)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Right arrows that choose a format.
pub(super) fn format(name: &str) -> String {
    let at =
        ["ndjson", "json", "csv", "txt", "md", "har", "pcapng"].iter().position(|one| *one == name).unwrap();
    format!("j{}", "l".repeat(at))
}

#[test]
fn pictures_of_the_form() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.app.model.narrow.kinds = Kinds::Text;
    driver.app.model.narrowed();
    pictures("export", driver.press("2e"));
    driver.resize(120, 36).press("<Esc>1elj<Left>");
    pictures("export_pcapng", &mut driver);
    driver.resize(120, 36).press("jj<Ctrl-u>").type_text("/no/such/folder/out.pcapng");
    pictures("export_failed", driver.press("<Enter>"));
    let mut driver = open_script(TROUBLE);
    pictures("export_findings", driver.press("4e"));
    pictures("export_stats", driver.resize(120, 36).press("<Esc>5e"));
}

#[test]
fn the_file_is_what_the_command_writes() {
    let folder = tempfile::tempdir().unwrap();
    let capture = gallery("chat-node-ws.pcapng");
    for to in ["ndjson", "json", "csv", "txt", "md", "har", "pcapng"] {
        let mut driver = open("chat-node-ws.pcapng");
        driver.app.model.narrow.kinds = Kinds::Text;
        driver.app.model.narrow.conn = Some(2);
        driver.app.model.narrowed();
        let file = folder.path().join(to);
        fill(&mut driver, &format(to), &file);
        driver.press("<Enter>");
        assert_eq!(driver.app.depth(), 0, "{}", driver.text());
        let written = fs::read(&file).unwrap();
        assert_eq!(written, command(&["--to", to, "-Y", "conn == 2 && op == text"], &capture), "{to}");
        assert_ne!(written, command(&["--to", to], &capture), "{to}");
        let notice = driver.app.model.notice.clone().unwrap().text;
        assert!(notice.starts_with(&format!("wrote {to}: ")), "{notice}");
    }
    // Everything, with payloads cut, and with secrets.
    let mut driver = open_script(TROUBLE);
    let capture = driver.app.model.reopener.clone().map(|_| script_file(&driver)).unwrap();
    driver.press("V");
    let file = folder.path().join("all");
    fill(&mut driver, "jjl", &file);
    driver.press("<Enter>");
    assert_eq!(
        fs::read(&file).unwrap(),
        command(&["--payload", "head", "--reveal"], &capture),
        "{}",
        driver.text()
    );
}

/// The path of a script's capture, as its own export tells it.
fn script_file(driver: &Driver) -> PathBuf {
    let _ = driver;
    let text = exported(TROUBLE, "");
    let record: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    PathBuf::from(record["sources"][0].as_str().unwrap())
}

/// What is written for a script, with these keys before the file's name.
fn exported(script: &str, keys: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out");
    let mut driver = open_script(script);
    fill(&mut driver, keys, &file);
    driver.press("<Enter>");
    String::from_utf8(fs::read(&file).unwrap_or_else(|error| panic!("{error}: {}", driver.text()))).unwrap()
}

#[test]
fn marked_messages_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut driver = open("chat-node-ws.pcapng");
    driver.app.model.marks = vec![5, 0, 1];
    let ids: Vec<(u64, u64)> = [0, 1, 5]
        .iter()
        .map(|place| driver.app.model.store.message(*place).unwrap().0)
        .map(|row| (row.conn.into(), row.n.into()))
        .collect();
    let file = folder.path().join("marked");
    fill(&mut driver, "", &file);
    assert!(driver.text().contains("3 marked"), "{}", driver.text());
    driver.press("<Enter>");
    let text = fs::read_to_string(&file).unwrap();
    let messages: Vec<(u64, u64)> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|record| record["type"] == "message")
        .map(|record| (record["conn"].as_u64().unwrap(), record["n"].as_u64().unwrap()))
        .collect();
    let sorted = |mut ids: Vec<(u64, u64)>| {
        ids.sort_unstable();
        ids
    };
    assert_eq!(sorted(messages), sorted(ids));
    assert!(driver.app.model.notice.clone().unwrap().text.contains(": 3 messages, "));
}

/// What the form says of what is shown.
fn shown(driver: &mut Driver) -> String {
    driver.press("e");
    let text = driver.text();
    driver.press("<Esc>");
    text.lines()
        .find(|line| line.contains("│") && line.contains(" of "))
        .map(|line| line.trim_matches(['│', ' ']).to_owned())
        .unwrap_or(text)
}

#[test]
fn what_is_shown_is_one_filter() {
    let mut driver = open_script(TROUBLE);
    driver.app.model.saved.insert("long".to_owned(), "len > 9".to_owned());
    driver.app.model.narrow.no_heartbeats = true;
    driver.app.model.narrowed();
    driver.press("2");
    for (filter, expected) in [
        ("", ": !heartbeat"),
        ("len > 9", ": (len > 9) && !heartbeat"),
        ("len > 9 || ping", ": (len > 9 || ping) && !heartbeat"),
        ("@long", ": (len > 9) && !heartbeat"),
        ("marked", ": conn == 1 && msg in {2}"),
        ("finding", ": conn == 2 && msg in {"),
    ] {
        driver.app.model.marks = vec![1];
        driver.app.model.apply_filter(filter).unwrap();
        driver.draw();
        let said = shown(&mut driver);
        assert!(said.contains(expected), "{filter}: {said}");
    }
    driver.app.model.apply_filter("at >= -10s").unwrap();
    let said = shown(&mut driver);
    assert!(said.contains("at >= ") && !said.contains("-10s"), "{said}");
}

#[test]
fn what_no_filter_says_is_named_message_by_message() {
    let mut driver = open_script(TROUBLE);
    driver.app.model.narrow.findings = true;
    driver.app.model.narrowed();
    driver.press("2e");
    let shown = driver.app.model.shown.len(&driver.app.model.store);
    assert!(shown > 0);
    assert!(driver.text().contains("conn == 2 && msg in {"), "{}", driver.text());
    driver.press("<Esc>");
    // Nothing is left: that cannot be exported, and it says so.
    driver.app.model.narrow.conn = Some(1);
    driver.app.model.narrowed();
    driver.press("e");
    assert!(driver.text().contains("nothing is shown"), "{}", driver.text());
    driver.press("<Enter>");
    assert_eq!(driver.app.depth(), 2, "{}", driver.text());
}

#[test]
fn another_file_is_overwritten_only_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.ndjson");
    fs::write(&file, "mine").unwrap();
    let mut driver = open("chat-node-ws.pcapng");
    fill(&mut driver, "", &file);
    driver.press("<Enter>");
    assert!(driver.text().contains("overwrite"), "{}", driver.text());
    driver.press("<Esc>");
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    assert_eq!(driver.app.depth(), 1);
    driver.press("<Enter>n");
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    driver.press("<Enter><Enter>");
    assert!(fs::read(&file).unwrap().starts_with(b"{\"type\":\"capture\""));
    assert_eq!((driver.app.depth(), names(folder.path())), (0, vec!["out.ndjson".to_owned()]));
}

#[test]
fn pictures_of_the_question() {
    let mut driver = open("chat-node-ws.pcapng");
    // It is there wherever this runs.
    driver.press("ejjj<Ctrl-u>").type_text("Cargo.toml");
    pictures("export_asks", driver.press("<Enter>"));
}

#[test]
fn the_capture_is_never_overwritten() {
    let capture = gallery("chat-node-ws.pcapng");
    let before = fs::read(&capture).unwrap();
    let mut driver = open("chat-node-ws.pcapng");
    for name in [capture.clone(), gallery("../captures/./chat-node-ws.pcapng")] {
        fill(&mut driver, &format("pcapng"), &name);
        driver.press("<Enter><Enter>");
        assert!(driver.text().contains("that is the capture itself"), "{}", driver.text());
        driver.press("<Esc>");
    }
    assert!(fs::read(&capture).unwrap() == before);
}

#[test]
fn what_cannot_be_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let mut driver = open("chat-node-ws.pcapng");
    for (name, expected) in [
        (PathBuf::from("/no/such/folder/x"), "there is no such folder"),
        (file.join("x"), "part of the path is no folder"),
        (folder.path().to_owned(), "that is a folder"),
        (PathBuf::new(), "the file needs a name"),
    ] {
        fill(&mut driver, "", &name);
        driver.press("<Enter>");
        assert!(driver.text().contains(expected), "{}", driver.text());
        assert_eq!(driver.app.depth(), 1);
        driver.press("<Esc>");
    }
    assert_eq!(names(folder.path()), ["file"]);
}

#[test]
fn cancelled_it_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out");
    let mut driver = open("chat-node-ws.pcapng");
    let workers = Workers::start(|| {});
    driver.app.model.workers = workers.clone();
    // All workers are busy.
    let blocked: Vec<_> = (0..2)
        .map(|_| {
            let (go, wait) = channel::<()>();
            (workers.run(move |_| wait.recv().is_ok()), go)
        })
        .collect();
    fill(&mut driver, "", &file);
    driver.press("<Enter>");
    assert!(driver.text().contains("writing: 0%"), "{}", driver.text());
    for (width, height) in SIZES {
        driver.resize(width, height);
        assert!(driver.text().contains("writing: 0%"), "{}", picture(&driver));
    }
    driver.press("<Esc>");
    assert!(driver.text().contains("cancelled"), "{}", driver.text());
    assert_eq!(driver.app.depth(), 1);
    drop(blocked);
    // What comes behind it in the queue is done, so it was passed over.
    let done = workers.run(|_| ());
    while done.get().is_none() {
        std::thread::yield_now();
    }
    assert!(names(folder.path()).is_empty());
    // The form is open still, and works; it goes away by itself.
    driver.resize(120, 36).press("<Enter>");
    while driver.app.depth() > 0 {
        driver.draw();
    }
    assert_eq!(names(folder.path()), ["out"]);
    assert!(driver.app.model.notice.clone().unwrap().text.starts_with("wrote "));
}

#[test]
fn findings_as_reports_and_bins_as_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let mut driver = open_script(TROUBLE);
    driver.press("4");
    for (keys, marker) in [("j", "## wscope check"), ("jl", "\"version\": \"2.1.0\""), ("jll", "<testsuites")]
    {
        let file = folder.path().join(format!("report{}", keys.len()));
        fill(&mut driver, keys, &file);
        driver.press("<Enter>");
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{error}: {}", driver.text()));
        assert!(text.replace("\":\"", "\": \"").contains(marker), "{text}");
        assert!(driver.app.model.notice.clone().unwrap().text.contains("finding"), "{}", driver.text());
    }
    driver.press("5");
    let file = folder.path().join("bins");
    fill(&mut driver, "", &file);
    driver.press("<Enter>");
    let text = fs::read_to_string(&file).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let sum: usize = reader
        .records()
        .map(Result::unwrap)
        .map(|row| row[1].parse::<usize>().unwrap() + row[2].parse::<usize>().unwrap())
        .sum();
    assert_eq!(sum, driver.app.model.store.messages(), "{text}");
}

#[test]
fn the_mouse_chooses_and_writes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out");
    let mut driver = open("chat-node-ws.pcapng");
    fill(&mut driver, "", &file);
    let at = |driver: &Driver, what: &str| {
        let (row, line) = driver
            .text()
            .lines()
            .map(str::to_owned)
            .enumerate()
            .find(|(_, line)| line.contains(what))
            .unwrap();
        let column = line.split(what).next().unwrap().chars().count();
        mouse_down(column as u16 + 1, row as u16)
    };
    let click = at(&driver, " csv ");
    driver.mouse(click);
    let click = at(&driver, " write ");
    driver.mouse(click);
    assert!(fs::read(&file).unwrap().starts_with(b"conn,n,dir"), "{}", driver.text());
}
