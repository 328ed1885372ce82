use std::time::Duration;

use super::*;
use crate::capture::live::{Counts, Live, Next, Opened, Options, Tap};
use crate::capture::source::LinkType;
use crate::capture::tests::{Drained, drain, read};
use crate::capture::{open, write};
use crate::limits::Limits;

fn interfaces() -> Vec<Interface> {
    let named = |name: &str, link| Interface {
        name: name.to_owned(),
        link: LinkType(link),
        filter: "tcp".to_owned(),
        ..Interface::default()
    };
    vec![named("lo", 1), named("tun0", 101)]
}

fn counted(received: u64, dropped: u64) -> Vec<Statistics> {
    let of = |dropped| Statistics { received, dropped_by_interface: 0, dropped_by_system: dropped };
    vec![of(dropped), of(0)]
}

fn file(path: &Path) -> Drained {
    drain(&mut *open(&[path], &Limits::default()).unwrap().source).unwrap()
}

fn add(recorder: &mut Recorder, number: u8, seconds: i64, statistics: Vec<Statistics>) -> io::Result<()> {
    let time = Timestamp::from_nanos(seconds * 1_000_000_000 + 7);
    recorder.packet(u32::from(number % 2), time, 60, &[number; 21], "", || statistics)
}

#[test]
fn a_recording_is_read_back_with_its_drops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pcapng");
    let mut recorder = Recorder::create(&path, interfaces(), Rotation::default()).unwrap();
    assert_eq!(file(&path).packets.len(), 0);
    recorder.secrets(b"CLIENT_RANDOM 00 11");
    for n in 0..4 {
        add(&mut recorder, n, i64::from(n), vec![]).unwrap();
    }
    recorder.flush().unwrap();
    assert_eq!(file(&path).packets.len(), 4, "what was flushed can be read while it goes on");
    recorder.finish(&counted(9, 5)).unwrap();
    let found = file(&path);
    assert_eq!((found.damage(), found.facts.dropped), ("", 5));
    assert_eq!(found.facts.secrets, [b"CLIENT_RANDOM 00 11".to_vec()]);
    for (n, (packet, bytes)) in (0..).zip(&found.packets) {
        assert_eq!(bytes, &[n; 21]);
        assert_eq!((packet.wire_len, packet.time.nanos()), (60, i64::from(n) * 1_000_000_000 + 7));
        assert_eq!(packet.link, LinkType(if n % 2 == 0 { 1 } else { 101 }));
    }
    assert_eq!((recorder.packets(), recorder.files()), (4, &[path][..]));
}

#[test]
fn each_file_of_a_rotation_is_a_capture_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pcapng");
    let time = Rotation { time: Some(Duration::from_secs(2)), ..Rotation::default() };
    let mut recorder = Recorder::create(&path, interfaces(), time).unwrap();
    for n in 0..6 {
        add(&mut recorder, n, n.into(), counted(n.into(), u64::from(n) * 10)).unwrap();
    }
    recorder.finish(&counted(9, 90)).unwrap();
    let files = recorder.files().to_vec();
    let name = |n: u32| folder.path().join(format!("x_{n:05}.pcapng"));
    assert_eq!(files, [name(1), name(2), name(3)]);
    // The drops since the file was begun.
    for (path, dropped) in files.iter().zip([20, 20, 50]) {
        let found = file(path);
        assert_eq!((found.packets.len(), found.damage(), found.facts.dropped), (2, "", dropped));
    }
    let merged = drain(&mut *open(&files, &Limits::default()).unwrap().source).unwrap();
    assert!(merged.bytes().iter().map(|bytes| bytes[0]).eq(0..6));
}

#[test]
fn the_oldest_files_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pcapng");
    let size = Rotation { bytes: Some(1), keep: Some(2), ..Rotation::default() };
    fs::write(folder.path().join("x_00003.pcapng"), "of another day").unwrap();
    let mut recorder = Recorder::create(&path, interfaces(), size).unwrap();
    for n in 0..5 {
        add(&mut recorder, n, 0, vec![]).unwrap();
    }
    recorder.finish(&[]).unwrap();
    let mut names: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["x_00003.pcapng", "x_00007.pcapng", "x_00008.pcapng"]);
    assert_eq!(file(&folder.path().join("x_00008.pcapng")).bytes(), [[4; 21]]);
}

/// Gives packets, then ends.
struct Few(u8);

impl Tap for Few {
    fn interface(&self) -> Interface {
        Interface { name: "few".to_owned(), ..Interface::default() }
    }

    fn next(&mut self, take: &mut dyn FnMut(Timestamp, u32, &[u8])) -> Next {
        if self.0 == 0 {
            return Next::Ended("no more".to_owned());
        }
        self.0 -= 1;
        take(Timestamp::from_nanos(5), 9, &[self.0; 9]);
        Next::Packet
    }

    fn counts(&mut self) -> Option<Counts> {
        Some(Counts { received: 3, dropped: 1, interface_dropped: 0 })
    }
}

fn few() -> (Live, Vec<Interface>, Arc<Monitor>) {
    let opened = Opened::new(vec![Box::new(Few(3))], &Options::default());
    let interfaces = opened.interfaces();
    let live = opened.start().unwrap();
    let monitor = live.monitor();
    (live, interfaces, monitor)
}

#[test]
fn a_source_is_recorded_as_it_passes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pcapng");
    let (live, interfaces, monitor) = few();
    let recorder = Recorder::create(&path, interfaces, Rotation::default()).unwrap();
    let mut recorded = Recorded::new(live, recorder, monitor);
    let passed = drain(&mut recorded).unwrap();
    let written = file(&path);
    assert_eq!((passed.bytes(), passed.nanos()), (written.bytes(), written.nanos()));
    assert_eq!((passed.packets.len(), written.facts.dropped), (3, 1));
    let recording = recorded.recording();
    let recording = recording.lock().unwrap();
    assert_eq!((recording.packets, recording.missed, &recording.failed), (3, 0, &None));
}

#[test]
fn a_recording_that_nobody_reads_to_its_end_has_its_statistics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pcapng");
    let (live, interfaces, monitor) = few();
    let recorder = Recorder::create(&path, interfaces, Rotation::default()).unwrap();
    let mut recorded = Recorded::new(live, recorder, Arc::clone(&monitor));
    while recorded.fill(&mut Block::default()).unwrap() == Status::Quiet || monitor.dropped() == 0 {}
    drop(recorded);
    assert_eq!(file(&path).facts.dropped, 1);
}

#[cfg(target_os = "linux")]
#[test]
fn where_a_disk_is_full_it_is_said_and_capturing_goes_on() {
    let path = Path::new("/dev/full");
    let error = Recorder::create(path, interfaces(), Rotation::default()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pcapng");
    let (live, interfaces, monitor) = few();
    let mut recorder = Recorder::create(&path, interfaces, Rotation::default()).unwrap();
    recorder.file = File::options().write(true).open("/dev/full").unwrap();
    let mut recorded = Recorded::new(live, recorder, Arc::clone(&monitor));
    assert_eq!(drain(&mut recorded).unwrap().packets.len(), 3);
    let recording = recorded.recording().lock().unwrap().clone();
    assert!(recording.failed.is_some_and(|why| why.contains("No space left")));
    assert_eq!((recording.packets, recording.missed), (0, 3));
    assert!(monitor.notices().iter().any(|notice| notice.contains("nothing more is written")));
}

#[test]
fn interfaces_and_statistics_have_the_form_of_the_format() {
    let mut out = Vec::new();
    write::section(&mut out);
    let start = out.len();
    write::described_interface(&mut out, &interfaces()[0]);
    let options = &out[start + 16..out.len() - 4];
    let expected =
        [&[2, 0, 2, 0][..], b"lo\0\0", &[9, 0, 1, 0, 9, 0, 0, 0], &[11, 0, 4, 0], b"\0tcp", &[0; 4]];
    assert_eq!(options, expected.concat());
    write::statistics(&mut out, 0, Timestamp::from_nanos(5), &counted(3, 2)[0]);
    let found = read(&out);
    assert_eq!((found.damage(), found.facts.dropped), ("", 2));
}
