//! Named files, standard input and bytes in memory as sources of packets.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Cursor, IsTerminal, Read};
use std::path::Path;
use std::sync::Arc;

use super::decompress::{Counted, Raw};
use super::merge::Merge;
use super::pcap::Pcap;
use super::pcapng::Pcapng;
use super::reader::{self, Reader};
use super::sniff::{self, Content};
use super::source::Source;
use crate::limits::Limits;

/// An opened capture.
pub struct Opened {
    /// Its packets.
    pub source: Box<dyn Source>,
    /// Bytes of all its files, compressed where they are, if known: what
    /// [`CaptureFacts::bytes_read`](super::source::CaptureFacts::bytes_read) counts up to.
    pub size: Option<u64>,
}

/// Opens files as one capture; `-` is standard input. Several are merged by time, and packets of the
/// same time come in the order in which their files are named.
///
/// # Errors
/// Where there is no name (or more than 65 536), a file cannot be read, or is no capture. The message starts with the name
/// and says what the file looks like instead.
pub fn open<P: AsRef<OsStr>>(paths: &[P], limits: &Limits) -> io::Result<Opened> {
    open_through(paths, limits, &mut |_, input| Ok(input))
}

/// What the bytes of a file pass through as they are read, by the file's index.
pub type Tap<'a> = dyn FnMut(usize, Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> + 'a;

/// As [`open`], but the bytes of each file pass through what `tap` makes of it.
///
/// # Errors
/// As [`open`], and where `tap` fails.
pub fn open_through<P: AsRef<OsStr>>(paths: &[P], limits: &Limits, tap: &mut Tap<'_>) -> io::Result<Opened> {
    if paths.iter().filter(|path| path.as_ref() == STDIN).count() > 1 {
        return Err(failed(STDIN, io::ErrorKind::InvalidInput, "standard input can be read only once"));
    }
    if paths.len() > MOST_FILES {
        let what = format!("more than {MOST_FILES} captures are named");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    let mut sources = Vec::with_capacity(paths.len());
    let mut size = Some(0);
    let block =
        if paths.len() > 1 { (MERGED / paths.len()).clamp(LEAST, reader::BLOCK) } else { reader::BLOCK };
    for (index, path) in paths.iter().enumerate() {
        let path = path.as_ref();
        let name = path.to_string_lossy();
        let (input, bytes) = input(path, &name)?;
        let input = tap(index, input)?;
        size = size.zip(bytes).map(|(sum, bytes): (u64, u64)| sum.saturating_add(bytes));
        sources.push(source(&name, input, block, limits)?);
    }
    let source = match sources.len() {
        0 => return Err(io::Error::new(io::ErrorKind::InvalidInput, "no capture is named")),
        1 => sources.swap_remove(0),
        _ => Box::new(Merge::new(sources)),
    };
    Ok(Opened { source, size })
}

/// Reads a capture, compressed or not, from memory. `name` is what notes about it start with.
///
/// # Errors
/// Where `bytes` are no capture.
pub fn from_bytes(name: &str, bytes: Vec<u8>, limits: &Limits) -> io::Result<Opened> {
    let size = Some(bytes.len() as u64);
    Ok(Opened { size, ..from_reader(name, Cursor::new(bytes), limits)? })
}

/// Reads a capture, compressed or not, from anything that gives bytes. `name` is what notes about it
/// start with.
///
/// # Errors
/// Where `input` cannot be read, or is no capture.
pub fn from_reader(name: &str, input: impl Read + Send + 'static, limits: &Limits) -> io::Result<Opened> {
    Ok(Opened { source: source(name, Box::new(input), reader::BLOCK, limits)?, size: None })
}

/// Opens a file, and tells its size if it has one.
fn input(path: &OsStr, name: &str) -> io::Result<(Box<dyn Read + Send>, Option<u64>)> {
    if path == STDIN {
        let stdin = io::stdin();
        if stdin.is_terminal() {
            return Err(failed(
                name,
                io::ErrorKind::InvalidInput,
                "standard input is a terminal, not a capture",
            ));
        }
        return Ok((Box::new(stdin), None));
    }
    let named = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => failed(name, error.kind(), "there is no such file"),
        io::ErrorKind::PermissionDenied => failed(name, error.kind(), "no permission to read it"),
        kind => failed(name, kind, &error.to_string()),
    };
    let file = File::open(Path::new(path)).map_err(named)?;
    let metadata = file.metadata().map_err(named)?;
    if metadata.is_dir() {
        return Err(failed(name, io::ErrorKind::IsADirectory, "is a directory, not a capture"));
    }
    Ok((Box::new(file), metadata.is_file().then_some(metadata.len())))
}

/// Recognises `input`, below up to [`NESTED`] layers of compression.
fn source(
    name: &str,
    input: Box<dyn Read + Send>,
    block: usize,
    limits: &Limits,
) -> io::Result<Box<dyn Source>> {
    let raw = Arc::new(Raw::default());
    let mut input: Box<dyn Read + Send> = Box::new(Counted { input, raw: Arc::clone(&raw) });
    let mut within = String::new();
    for layer in 0..=NESTED {
        let head = head(&mut input).map_err(|error| failed(name, error.kind(), &error.to_string()))?;
        let content = sniff::content(&head);
        input = Box::new(Cursor::new(head).chain(input));
        let limit = limits.block_bytes;
        let compressed = layer > 0;
        match content {
            Content::Pcap => {
                let format = Pcap::default();
                return Ok(Box::new(Reader::new(name, format, input, raw, compressed, block, limit)));
            }
            Content::Pcapng => {
                let format = Pcapng::new(name, limit.saturating_mul(4));
                return Ok(Box::new(Reader::new(name, format, input, raw, compressed, block, limit)));
            }
            Content::Compressed(compression) if layer < NESTED => {
                input = compression.decoder(input, &raw);
                within = format!("what its {} data holds ", compression.name());
            }
            Content::Compressed(_) => break,
            Content::Other(what) => {
                return Err(failed(name, io::ErrorKind::InvalidData, &format!("{within}{what}")));
            }
        }
    }
    Err(failed(name, io::ErrorKind::InvalidData, &format!("is compressed more than {NESTED} times")))
}

/// The first bytes of `input`. Where it breaks, those before; the error comes again when reading on.
fn head(input: &mut Box<dyn Read + Send>) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(sniff::HEAD);
    match input.take(sniff::HEAD as u64).read_to_end(&mut head) {
        Err(error) if head.is_empty() => Err(error),
        Ok(_) | Err(_) => Ok(head),
    }
}

fn failed(name: &str, kind: io::ErrorKind, what: &str) -> io::Error {
    io::Error::new(kind, format!("{name}: {what}"))
}

/// The name of standard input.
pub(super) const STDIN: &str = "-";
/// Files of one capture: packets name theirs in 16 bits.
const MOST_FILES: usize = 1 << 16;
/// Layers of compression.
const NESTED: usize = 2;
/// Bytes of the blocks of all files being merged, if that leaves each of them [`LEAST`].
const MERGED: usize = 8 << 20;
/// Bytes of the smallest block.
const LEAST: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::capture::decompress::tests::gzip;
    use crate::capture::tests::{drain, pcap_file, pcapng_file};

    fn refused<P: AsRef<OsStr>>(paths: &[P]) -> (io::ErrorKind, String) {
        match open(paths, &Limits::default()) {
            Ok(_) => panic!("accepted"),
            Err(error) => (error.kind(), error.to_string()),
        }
    }

    #[test]
    fn files_that_are_no_captures_are_errors_with_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing.pcap");
        let text = folder.path().join("text.pcap");
        std::fs::write(&text, "hello").unwrap();
        let none: [PathBuf; 0] = [];
        assert_eq!(refused(&none), (io::ErrorKind::InvalidInput, "no capture is named".to_owned()));
        assert_eq!(
            refused(&["-", "-"]),
            (io::ErrorKind::InvalidInput, "-: standard input can be read only once".to_owned())
        );
        for (path, kind, what) in [
            (folder.path(), io::ErrorKind::IsADirectory, "is a directory, not a capture"),
            (&missing, io::ErrorKind::NotFound, "there is no such file"),
            (&text, io::ErrorKind::InvalidData, "is text, not a capture"),
        ] {
            assert_eq!(refused(&[path]), (kind, format!("{}: {what}", path.display())));
        }
    }

    #[test]
    fn files_are_merged_and_their_sizes_added() {
        let folder = tempfile::tempdir().unwrap();
        let one = folder.path().join("one");
        let two = folder.path().join("two");
        let (compressed, plain) = (gzip(&pcap_file(&[b"a", b"b"])), pcapng_file(&[b"c", b"d"]));
        std::fs::write(&one, &compressed).unwrap();
        std::fs::write(&two, &plain).unwrap();
        let mut opened = open(&[&one, &two], &Limits::default()).unwrap();
        assert_eq!(opened.size, Some((compressed.len() + plain.len()) as u64));
        let drained = drain(&mut *opened.source).unwrap();
        assert_eq!(drained.bytes(), [b"a", b"c", b"b", b"d"]);
        assert_eq!(Some(drained.facts.bytes_read), opened.size);
        assert_eq!(drained.facts.sources, [one, two].map(|path| path.display().to_string()));
    }
}
