use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::what::named;
use super::*;
use crate::filter::Filter;
use crate::limits::Limits;
use crate::script::Script;

fn capture(folder: &Path) -> Files {
    let path = folder.join("a.pcapng");
    let script = format!("open\n{}", "c text 'hello'\ns binary 00 01\n".repeat(20));
    fs::write(&path, Script::parse(&script).unwrap().capture()).unwrap();
    Files::open(&[path], &Limits::default()).unwrap().0
}

fn order(path: PathBuf, format: Format) -> Order {
    Order {
        form: Form::Capture(format),
        filter: None,
        payload: PayloadMode::Full,
        reveal: false,
        path,
        overwrite: false,
    }
}

fn watch(cancelled: impl Fn() -> bool + Send + Sync + 'static) -> Watch {
    Watch { cancelled: Arc::new(cancelled), progress: Arc::new(|_| {}) }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn wherever_it_is_cancelled_nothing_is_left() {
    for format in Format::ALL {
        let folder = tempfile::tempdir().unwrap();
        let files = capture(folder.path());
        let asked = Arc::new(AtomicUsize::new(0));
        for at in 0.. {
            let order = order(folder.path().join("out"), format);
            asked.store(0, Ordering::Relaxed);
            let count = Arc::clone(&asked);
            let watch = watch(move || count.fetch_add(1, Ordering::Relaxed) >= at);
            match carry_out(&order, Some((&files, &Config::default())), &watch) {
                Ok(_) => {
                    // It was asked while reading, while writing, and before the file was put in its place.
                    assert!(at > 2, "{format:?} was cancelled {at} times");
                    assert_eq!(names(folder.path()), ["a.pcapng", "out"]);
                    break;
                }
                Err(error) => assert!(error.contains("cancelled"), "{error}"),
            }
            assert_eq!(names(folder.path()), ["a.pcapng"], "{format:?} at {at}");
        }
    }
}

#[test]
fn what_came_meanwhile_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let files = capture(folder.path());
    let path = folder.path().join("out");
    fs::write(&path, "mine").unwrap();
    let order = order(path.clone(), Format::Csv);
    let error = carry_out(&order, Some((&files, &Config::default())), &watch(|| false)).unwrap_err();
    assert!(error.ends_with("meanwhile there is such a file"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    let order = Order { overwrite: true, ..order };
    let said = carry_out(&order, Some((&files, &Config::default())), &watch(|| false)).unwrap();
    assert!(said.starts_with("wrote out: 40 messages, "), "{said}");
    assert!(fs::read(&path).unwrap().starts_with(b"conn,n,dir"));
    assert_eq!(names(folder.path()), ["a.pcapng", "out"]);
}

#[cfg(unix)]
#[test]
fn what_a_link_points_to_is_replaced_and_others_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let files = capture(folder.path());
    let (link, target) = (folder.path().join("link"), folder.path().join("target"));
    fs::write(&target, "old").unwrap();
    let usual = fs::metadata(&target).unwrap().permissions().mode();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let order = Order { overwrite: true, ..order(link.clone(), Format::Txt) };
    carry_out(&order, Some((&files, &Config::default())), &watch(|| false)).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
    assert_ne!(fs::read(&target).unwrap(), b"old");
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode(), usual);
}

#[test]
fn messages_have_names() {
    assert_eq!(named(vec![(1, 4), (1, 3), (1, 9), (1, 3)]), "conn == 1 && msg in {3..4, 9}");
    assert_eq!(
        named(vec![(2, 1), (1, 4), (1, 7)]),
        "(conn == 1 && msg in {4, 7}) || (conn == 2 && msg in {1})"
    );
    for text in [named(vec![(1, 4)]), named(vec![(2, 1), (1, 4), (1, 7)])] {
        assert!(Filter::parse(&text).unwrap().needs().number, "{text}");
    }
}

#[test]
fn files_are_called_as_their_captures() {
    let name = |title, format| file_name(title, &Form::Capture(format));
    assert_eq!(name("chat.pcapng", Format::Ndjson), "chat.ndjson");
    assert_eq!(name("large.v2.pcap.gz", Format::Md), "large.v2.md");
    assert_eq!(name("chat.pcapng", Format::Pcapng), "chat-cut.pcapng");
    for title in ["-", "", ".pcap"] {
        assert_eq!(name(title, Format::Csv), "capture.csv");
    }
    assert_eq!(name("echo ws://127.0.0.1:9001", Format::Ndjson), "echo.ndjson");
    assert_eq!(file_name("chat", &Form::Findings(check::Format::Sarif)), "chat.sarif");
}
