use std::fs::{self, OpenOptions};
use std::io::Write;
use std::time::Instant;

use super::*;
use crate::capture::decompress::tests::gzip;
use crate::capture::open::{Opening, open_with};
use crate::capture::source::{Block, Source, Status};
use crate::capture::tests::{pcap_file, pcapng_file};
use crate::limits::Limits;

fn would_block(result: io::Result<usize>) -> bool {
    result.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

#[cfg(unix)]
#[test]
fn a_pipe_gives_what_it_has_and_says_at_once_that_it_has_no_more() {
    let (reader, mut writer) = io::pipe().unwrap();
    let mut pipe = Pipe::new(File::from(std::os::fd::OwnedFd::from(reader)), Arc::default());
    let mut buffer = [0; 9];
    writer.write_all(b"abc").unwrap();
    assert_eq!(pipe.read(&mut buffer).unwrap(), 3);
    // This machine may have something else to do, but not each time.
    let at_once = (0..9).any(|_| {
        let since = Instant::now();
        assert!(would_block(pipe.read(&mut buffer)));
        let waited = since.elapsed();
        writer.write_all(b"d").unwrap();
        assert_eq!(pipe.read(&mut buffer).unwrap(), 1);
        waited < WAIT / 2
    });
    assert!(at_once, "it waited");
    assert!(would_block(pipe.read(&mut buffer)));
    let since = Instant::now();
    assert!(would_block(pipe.read(&mut buffer)));
    assert!(since.elapsed() >= WAIT, "it did not wait");
    drop(writer);
    assert_eq!(pipe.read(&mut buffer).unwrap(), 0);
}

/// A file that grows, followed.
struct Followed {
    _folder: tempfile::TempDir,
    path: PathBuf,
    source: Box<dyn Source>,
    stop: Arc<AtomicBool>,
}

impl Followed {
    fn new(start: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("growing");
        fs::write(&path, start).unwrap();
        let opening = Opening { limits: Limits::default(), follow: true, ..Opening::default() };
        let opened = open_with(&[&path], &opening, &mut |_, input| Ok(input)).unwrap();
        assert!(opened.growing && opened.size.is_none());
        Self { _folder: folder, path, source: opened.source, stop: opening.stop }
    }

    fn append(&self, bytes: &[u8]) {
        OpenOptions::new().append(true).open(&self.path).unwrap().write_all(bytes).unwrap();
    }

    /// The status and the packets of the next block.
    fn next(&mut self) -> (Status, Vec<Vec<u8>>) {
        let mut block = Block::default();
        let status = self.source.fill(&mut block).unwrap();
        (status, block.packets.iter().map(|packet| block.packet(packet).to_vec()).collect())
    }

    fn damage(&self) -> String {
        let name = format!("{}: ", self.path.display());
        self.source.facts().damage.join("; ").replace(&name, "")
    }
}

#[test]
fn a_file_is_followed_and_half_a_record_waited_for() {
    for file in [pcap_file(&[b"abc", b"defg"]), pcapng_file(&[b"abc", b"defg"])] {
        let mut followed = Followed::new(&file[..24]);
        assert_eq!(followed.next(), (Status::Quiet, vec![]));
        // All cuts of the rest in three, and not each byte by itself, which would take minutes.
        let rest = &file[24..];
        let (one, two) = (rest.len() / 3, rest.len() - 5);
        let mut packets = Vec::new();
        for piece in [&rest[..one], &rest[one..two], &rest[two..]] {
            followed.append(piece);
            let (status, some) = followed.next();
            assert_eq!(status, if some.is_empty() { Status::Quiet } else { Status::More });
            packets.extend(some);
        }
        assert_eq!(packets, [b"abc".to_vec(), b"defg".to_vec()]);
        assert_eq!(followed.next(), (Status::Quiet, vec![]));
        // Half a record where following ends is no damage.
        followed.append(&file[file.len() - 30..file.len() - 2]);
        followed.stop.store(true, Ordering::Relaxed);
        assert_eq!(followed.next().0, Status::End);
        assert_eq!(followed.damage(), "");
        assert_eq!(followed.next(), (Status::End, vec![]));
    }
}

#[test]
fn a_compressed_file_is_followed_too() {
    let file = pcap_file(&[b"abc", b"defg"]);
    let mut followed = Followed::new(&gzip(&file[..43]));
    assert_eq!(followed.next(), (Status::More, vec![b"abc".to_vec()]));
    followed.append(&gzip(&file[43..]));
    assert_eq!(followed.next(), (Status::More, vec![b"defg".to_vec()]));
    followed.stop.store(true, Ordering::Relaxed);
    assert_eq!(followed.next().0, Status::End);
}

#[test]
fn a_file_that_is_replaced_or_removed_or_shrinks_is_said() {
    type Change = fn(&Path);
    let changes: [(Change, &str); 3] = [
        (
            |path| {
                let other = path.with_extension("new");
                fs::write(&other, pcap_file(&[b"x"])).unwrap();
                fs::rename(other, path).unwrap();
            },
            "was replaced by another file while it was followed: that one was not read",
        ),
        (|path| fs::remove_file(path).unwrap(), "was removed or renamed while it was followed"),
        (
            |path| fs::write(path, b"").unwrap(),
            "became shorter while it was followed: what is in it now was not read",
        ),
    ];
    for (change, expected) in changes {
        let mut followed = Followed::new(&pcap_file(&[b"abc"]));
        assert_eq!(followed.next(), (Status::More, vec![b"abc".to_vec()]));
        change(&followed.path);
        assert_eq!(followed.next(), (Status::End, vec![]));
        assert_eq!(followed.damage(), expected);
    }
}

#[test]
fn what_was_written_before_a_file_was_removed_is_read() {
    let file = pcap_file(&[b"abc", b"defg"]);
    let mut followed = Followed::new(&file[..43]);
    assert_eq!(followed.next(), (Status::More, vec![b"abc".to_vec()]));
    followed.append(&file[43..]);
    fs::remove_file(&followed.path).unwrap();
    let (status, packets) = followed.next();
    assert_eq!((status, packets), (Status::End, vec![b"defg".to_vec()]));
    assert_eq!(followed.damage(), "was removed or renamed while it was followed");
}

#[test]
fn several_files_are_followed_and_merged() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["one", "two"].map(|name| folder.path().join(name));
    let file = pcap_file(&[b"abc", b"defg"]);
    for path in &paths {
        fs::write(path, &file[..43]).unwrap();
    }
    let opening = Opening { follow: true, ..Opening::default() };
    let mut source = open_with(&paths, &opening, &mut |_, input| Ok(input)).unwrap().source;
    let mut block = Block::default();
    let mut sources = Vec::new();
    let mut fill = || {
        let status = source.fill(&mut block).unwrap();
        sources.extend(block.packets.iter().map(|packet| packet.source));
        status
    };
    assert_eq!(fill(), Status::More);
    assert_eq!(fill(), Status::Quiet);
    OpenOptions::new().append(true).open(&paths[1]).unwrap().write_all(&file[43..]).unwrap();
    assert_eq!(fill(), Status::More);
    opening.stop.store(true, Ordering::Relaxed);
    assert_eq!(fill(), Status::End);
    assert_eq!(sources, [0, 1, 1]);
}
