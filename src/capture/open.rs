//! Named files, standard input and bytes in memory as sources of packets.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Cursor, IsTerminal, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::arrive::{self, Pieces, Waiting};
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
    /// Packets arrive bit by bit (from a pipe, in a file that is followed): what they tell is worth showing at
    /// each pause.
    pub growing: bool,
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
    open_with(paths, &Opening { limits: limits.clone(), ..Opening::default() }, tap)
}

/// How files are opened.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// The bounds.
    pub limits: Limits,
    /// Files may still be being written: where one ends, more is waited for, until `stop`, or until the file
    /// is replaced, removed or becomes shorter.
    pub follow: bool,
    /// Once this is set, files that are followed end where they end, and pipes with what has come.
    pub stop: Arc<AtomicBool>,
}

/// As [`open_through`], with more to say about how.
///
/// What arrives bit by bit, from a pipe or in a file that is followed, is handed on as it comes. Opening
/// itself waits until there is enough to recognise a capture by.
///
/// # Errors
/// As [`open_through`].
pub fn open_with<P: AsRef<OsStr>>(paths: &[P], opening: &Opening, tap: &mut Tap<'_>) -> io::Result<Opened> {
    if paths.iter().filter(|path| path.as_ref() == STDIN).count() > 1 {
        return Err(failed(STDIN, io::ErrorKind::InvalidInput, "standard input can be read only once"));
    }
    if paths.len() > MOST_FILES {
        let what = format!("more than {MOST_FILES} captures are named");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    let mut sources = Vec::with_capacity(paths.len());
    let mut size = Some(0);
    let mut any_growing = false;
    let block =
        if paths.len() > 1 { (MERGED / paths.len()).clamp(LEAST, reader::BLOCK) } else { reader::BLOCK };
    for (index, path) in paths.iter().enumerate() {
        let path = path.as_ref();
        let name = path.to_string_lossy();
        let Origin { input, bytes, growing } = input(path, &name, opening)?;
        let input = tap(index, input)?;
        any_growing |= growing;
        size = size.zip(bytes).map(|(sum, bytes): (u64, u64)| sum.saturating_add(bytes));
        sources.push(source(&name, input, growing, block, &opening.limits)?);
    }
    let source = match sources.len() {
        0 => return Err(io::Error::new(io::ErrorKind::InvalidInput, "no capture is named")),
        1 => sources.swap_remove(0),
        _ => Box::new(Merge::new(sources)),
    };
    Ok(Opened { source, size, growing: any_growing })
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
    Ok(Opened {
        source: source(name, Box::new(input), false, reader::BLOCK, limits)?,
        size: None,
        growing: false,
    })
}

/// Reads a capture that is being written, from something that says [`io::ErrorKind::WouldBlock`] where there is no more
/// for now.
///
/// # Errors
/// As [`from_reader`].
pub fn from_arriving(name: &str, input: impl Read + Send + 'static, limits: &Limits) -> io::Result<Opened> {
    Ok(Opened {
        source: source(name, Box::new(input), true, reader::BLOCK, limits)?,
        size: None,
        growing: true,
    })
}

/// An opened file.
struct Origin {
    input: Box<dyn Read + Send>,
    /// Its size, if it has one that is final.
    bytes: Option<u64>,
    /// It may say that it has no more for now.
    growing: bool,
}

impl Origin {
    /// `whole` where `file` is a file that is not followed; else what waits for more.
    fn new(file: File, path: Option<&Path>, opening: &Opening) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let stop = Arc::clone(&opening.stop);
        Ok(if !metadata.is_file() {
            Self { input: Box::new(arrive::Pipe::new(file, stop)), bytes: None, growing: true }
        } else if opening.follow {
            Self { input: Box::new(arrive::Growing::new(file, path, stop)), bytes: None, growing: true }
        } else {
            Self { input: Box::new(file), bytes: Some(metadata.len()), growing: false }
        })
    }
}

/// Opens a file.
fn input(path: &OsStr, name: &str, opening: &Opening) -> io::Result<Origin> {
    if path == STDIN {
        let stdin = io::stdin();
        if stdin.is_terminal() {
            return Err(failed(
                name,
                io::ErrorKind::InvalidInput,
                "standard input is a terminal, not a capture",
            ));
        }
        return match arrive::descriptor(&stdin) {
            Some(file) => Origin::new(file?, None, opening)
                .map(|origin| Origin { bytes: None, ..origin })
                .map_err(|error| failed(name, error.kind(), &error.to_string())),
            None => Ok(Origin { input: Box::new(stdin), bytes: None, growing: false }),
        };
    }
    let named = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => failed(name, error.kind(), "there is no such file"),
        io::ErrorKind::PermissionDenied => failed(name, error.kind(), "no permission to read it"),
        kind => failed(name, kind, &error.to_string()),
    };
    let file = File::open(Path::new(path)).map_err(named)?;
    if file.metadata().map_err(named)?.is_dir() {
        return Err(failed(name, io::ErrorKind::IsADirectory, "is a directory, not a capture"));
    }
    Origin::new(file, Some(Path::new(path)), opening).map_err(named)
}

/// Recognises `input`, below up to [`NESTED`] layers of compression.
fn source(
    name: &str,
    input: Box<dyn Read + Send>,
    growing: bool,
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
                let reader = Reader::new(name, format, input, raw, compressed, block, limit);
                return Ok(Box::new(reader.growing(growing)));
            }
            Content::Pcapng => {
                let format = Pcapng::new(name, limit.saturating_mul(4));
                let reader = Reader::new(name, format, input, raw, compressed, block, limit);
                return Ok(Box::new(reader.growing(growing)));
            }
            Content::Compressed(compression) if layer < NESTED => {
                input = if growing {
                    // Decompression cannot stop half-way and go on: it waits, and gives what it has.
                    Box::new(Pieces::new(compression.decoder(Box::new(Waiting(input)), &raw)))
                } else {
                    compression.decoder(input, &raw)
                };
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

/// The first bytes of `input`: as many as it takes to know what it is. Where it breaks, those before; the
/// error comes again when reading on.
fn head(input: &mut Box<dyn Read + Send>) -> io::Result<Vec<u8>> {
    let mut head = vec![0; sniff::HEAD];
    let mut filled = 0;
    let mut input = Waiting(input);
    while let Some(rest) = head.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if filled == 0 => return Err(error),
            Err(_) => break,
        }
        // More may be long in coming, where it is a pipe.
        if filled >= sniff::ENOUGH
            && !matches!(sniff::content(head.get(..filled).unwrap_or_default()), Content::Other(_))
        {
            break;
        }
    }
    head.truncate(filled);
    Ok(head)
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
