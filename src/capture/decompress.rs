//! Compressed bytes into bytes: gzip members, zstd or lz4 frames, one after another.
//!
//! What cannot be decompressed is an [`io::Error`] that carries a [`Damaged`], which tells it from an
//! input that cannot be read. It stays: reading on gives it again.

use std::error::Error;
use std::fmt;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use flate2::bufread::GzDecoder;
use lz4_flex::frame::FrameDecoder;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder as ZstdDecoder};

/// A compressed format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    Zstd,
    Lz4,
}

impl Compression {
    /// Recognises a format by the first bytes of a file.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        // pzstd and seekable zstd start with a skippable frame.
        match head {
            [0x1f, 0x8b, 0x08, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            [0x04, 0x22, 0x4d, 0x18, ..] => Some(Self::Lz4),
            _ => None,
        }
    }

    /// The format's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
        }
    }

    /// The bytes that `input` decompresses to; `raw` is what lies at the bottom of it.
    pub(crate) fn decoder(self, input: Box<dyn Read + Send>, raw: &Arc<Raw>) -> Box<dyn Read + Send> {
        let input = BufReader::with_capacity(BUFFER, input);
        let raw = Arc::clone(raw);
        match self {
            Self::Gzip => Box::new(Frames::<Gzip>::new(self, input, raw)),
            Self::Zstd => Box::new(Frames::<Zstd>::new(self, input, raw)),
            Self::Lz4 => Box::new(Frames::<Lz4>::new(self, input, raw)),
        }
    }
}

/// Why a compressed input ends before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Damaged(String);

impl Damaged {
    /// The error of an input that goes on no further; `what` follows its name.
    pub(crate) fn because(what: &str) -> io::Error {
        Self(what.to_owned()).error()
    }

    /// The damage that an error of [`Compression::decoder`] is about, if it is not one of reading.
    pub(crate) fn of(error: &io::Error) -> Option<&Self> {
        causes(error).find_map(|cause| cause.downcast_ref())
    }

    fn error(&self) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, self.clone())
    }
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Damaged {}

/// What is known of a raw input while it is read.
#[derive(Debug, Default)]
pub(crate) struct Raw {
    bytes: AtomicU64,
    failed: AtomicBool,
}

impl Raw {
    /// Bytes read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// The raw input: counts its bytes, and remembers that reading failed.
pub(crate) struct Counted<R> {
    pub(crate) input: R,
    pub(crate) raw: Arc<Raw>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.input.read(buffer) {
                Ok(count) => {
                    self.raw.bytes.fetch_add(count as u64, Ordering::Relaxed);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
                Err(error) => {
                    self.raw.failed.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
    }
}

type Input = BufReader<Box<dyn Read + Send>>;
/// A frame's magic number, which was read to recognise it, and what follows.
type FrameInput = Chain<Cursor<Vec<u8>>, Input>;

/// The decoder of one frame (gzip: member).
trait Frame: Read + Sized {
    fn start(input: FrameInput) -> io::Result<Self>;
    /// Called where the frame has given all its bytes.
    fn finish(self) -> io::Result<FrameInput>;
}

/// Frame after frame.
struct Frames<F> {
    compression: Compression,
    raw: Arc<Raw>,
    state: State<F>,
}

enum State<F> {
    Between(Input),
    Within(F),
    End,
    Damaged(Damaged),
    /// The raw input could not be read.
    Failed(io::ErrorKind, String),
}

impl<F: Frame> Frames<F> {
    const fn new(compression: Compression, input: Input, raw: Arc<Raw>) -> Self {
        Self { compression, raw, state: State::Between(input) }
    }

    /// Starts the next frame, if there is one.
    fn next(&self, mut input: Input) -> io::Result<State<F>> {
        loop {
            let mut magic = Vec::with_capacity(4);
            (&mut input).take(4).read_to_end(&mut magic)?;
            match magic.as_slice() {
                [] => return Ok(State::End),
                [0x50..=0x5f, 0x2a, 0x4d, 0x18] if self.compression != Compression::Gzip => {
                    let mut len = [0; 4];
                    input.read_exact(&mut len)?;
                    let len = u64::from(u32::from_le_bytes(len));
                    if io::copy(&mut (&mut input).take(len), &mut io::sink())? < len {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                start if self.is_start(start) => {
                    return F::start(Cursor::new(magic).chain(input)).map(State::Within);
                }
                // Tapes and block devices pad with zeros.
                start if start.iter().all(|byte| *byte == 0) && only_zeros(&mut input)? => {
                    return Ok(State::End);
                }
                _ => return Err(io::Error::other("it is followed by something else")),
            }
        }
    }

    /// Whether a frame starts with these bytes, or could if they were not cut off.
    fn is_start(&self, start: &[u8]) -> bool {
        let magic: &[u8] = match self.compression {
            Compression::Gzip => &[0x1f, 0x8b],
            Compression::Zstd => &[0x28, 0xb5, 0x2f, 0xfd],
            Compression::Lz4 => &[0x04, 0x22, 0x4d, 0x18],
        };
        start.starts_with(magic) || magic.starts_with(start)
    }

    fn read_state(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(&mut self.state, State::End) {
                State::Between(input) => self.state = self.next(input)?,
                State::Within(mut frame) => match frame.read(buffer)? {
                    0 => self.state = State::Between(frame.finish()?.into_inner().1),
                    count => {
                        self.state = State::Within(frame);
                        return Ok(count);
                    }
                },
                State::End => return Ok(0),
                State::Damaged(damaged) => return Err(damaged.error()),
                State::Failed(kind, what) => return Err(io::Error::new(kind, what)),
            }
        }
    }
}

impl<F: Frame> Read for Frames<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        self.read_state(buffer).map_err(|error| {
            if self.raw.failed.load(Ordering::Relaxed) {
                self.state = State::Failed(error.kind(), error.to_string());
                return error;
            }
            let name = self.compression.name();
            let damaged = match Damaged::of(&error) {
                Some(inner) => inner.clone(),
                None if is_cut(&error) => Damaged(format!("cut off: the {name} data ends too early")),
                None => Damaged(format!("damaged: the {name} data cannot be decompressed further: {error}")),
            };
            let error = damaged.error();
            self.state = State::Damaged(damaged);
            error
        })
    }
}

fn only_zeros(input: &mut Input) -> io::Result<bool> {
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            return Ok(true);
        }
        if bytes.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        let len = bytes.len();
        input.consume(len);
    }
}

/// Whether the reason of an error is that the input ended.
fn is_cut(error: &io::Error) -> bool {
    causes(error).any(|cause| {
        let cause = cause.downcast_ref::<io::Error>();
        cause.is_some_and(|cause| cause.kind() == io::ErrorKind::UnexpectedEof)
    })
}

/// An error, what it wraps, what that wraps and so on.
fn causes(error: &io::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(Some(error as &(dyn Error + 'static)), |error| {
        let error: &(dyn Error + 'static) = *error;
        match error.downcast_ref::<io::Error>() {
            // Its `source` is not what it wraps, but the source of that.
            Some(error) => error.get_ref().map(|inner| inner as _),
            None => error.source(),
        }
    })
}

struct Gzip(GzDecoder<FrameInput>);

impl Frame for Gzip {
    fn start(input: FrameInput) -> io::Result<Self> {
        Ok(Self(GzDecoder::new(input)))
    }

    fn finish(self) -> io::Result<FrameInput> {
        Ok(self.0.into_inner())
    }
}

impl Read for Gzip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

struct Zstd {
    decoder: ZstdDecoder,
    input: FrameInput,
    error: Option<io::Error>,
}

impl Frame for Zstd {
    fn start(mut input: FrameInput) -> io::Result<Self> {
        let mut decoder = ZstdDecoder::new();
        decoder.init(&mut input).map_err(io::Error::other)?;
        Ok(Self { decoder, input, error: None })
    }

    fn finish(self) -> io::Result<FrameInput> {
        if let Some(expected) = self.decoder.get_checksum_from_data()
            && self.decoder.get_calculated_checksum() != Some(expected)
        {
            return Err(io::Error::other("its checksum is wrong"));
        }
        Ok(self.input)
    }
}

impl Read for Zstd {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.decoder.can_collect() == 0 && !self.decoder.is_finished() && self.error.is_none() {
            let one = BlockDecodingStrategy::UptoBlocks(1);
            if let Err(error) = self.decoder.decode_blocks(&mut self.input, one) {
                self.error = Some(io::Error::other(error));
                // The decoder holds back as much as later blocks may refer to, which can be
                // megabytes, until the frame ends.
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(EMPTY_LAST_BLOCK, one).ok();
            }
        }
        match (self.decoder.read(buffer)?, self.error.take()) {
            (0, Some(error)) => Err(error),
            (count, error) => {
                self.error = error;
                Ok(count)
            }
        }
    }
}

struct Lz4(Box<FrameDecoder<Ending>>);

impl Frame for Lz4 {
    fn start(input: FrameInput) -> io::Result<Self> {
        Ok(Self(Box::new(FrameDecoder::new(Ending { input, ended: false }))))
    }

    fn finish(self) -> io::Result<FrameInput> {
        let Ending { input, ended } = self.0.into_inner();
        // The decoder takes the end of the input between two blocks for the end of the frame.
        if ended {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(input)
    }
}

impl Read for Lz4 {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

/// Remembers whether more was read than there is.
struct Ending {
    input: FrameInput,
    ended: bool,
}

impl Read for Ending {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.ended |= count == 0 && !buffer.is_empty();
        Ok(count)
    }
}

/// A zstd block that is empty and the last of its frame, and a checksum.
const EMPTY_LAST_BLOCK: &[u8] = &[1, 0, 0, 0, 0, 0, 0];
/// Bytes read from a compressed input at once.
const BUFFER: usize = 64 << 10;

#[cfg(test)]
pub(super) mod tests;
