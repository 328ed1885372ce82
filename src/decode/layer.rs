//! Compressed layers inside of a payload.

use std::io::Read;

/// The most bytes that come out of a layer.
const LIMIT: u64 = 16 << 20;

/// How many layers are taken off.
const DEPTH: usize = 3;

/// A compressed layer that was taken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// `gzip`, `zlib` or `zstd`.
    pub name: &'static str,
    /// Bytes that went in.
    pub from: usize,
    /// Bytes that came out.
    pub to: usize,
    /// All of it came out.
    pub whole: bool,
}

impl Layer {
    /// What is missing.
    pub(super) fn note(&self) -> Option<String> {
        if self.whole {
            return None;
        }
        Some(match self.to as u64 {
            LIMIT.. => format!("{} was cut after {LIMIT} bytes", self.name),
            _ => format!("{} breaks off after {} bytes", self.name, self.to),
        })
    }
}

/// Takes off the layers; the bytes that are left, where there were any.
pub(super) fn unwrap(payload: &[u8]) -> (Vec<Layer>, Option<Vec<u8>>) {
    let mut layers = Vec::new();
    let mut inner: Option<Vec<u8>> = None;
    while layers.len() < DEPTH {
        let bytes = inner.as_deref().unwrap_or(payload);
        let Some((name, out, whole)) = one(bytes) else { break };
        layers.push(Layer { name, from: bytes.len(), to: out.len(), whole });
        inner = Some(out);
    }
    (layers, inner)
}

fn one(bytes: &[u8]) -> Option<(&'static str, Vec<u8>, bool)> {
    let (name, (out, whole)) = match bytes {
        [0x1f, 0x8b, 0x08, ..] => ("gzip", read(flate2::read::MultiGzDecoder::new(bytes))),
        // RFC 1950: deflate with a window of up to 32 KiB, no dictionary, and a check of both bytes.
        [cmf @ (0x08 | 0x18 | 0x28 | 0x38 | 0x48 | 0x58 | 0x68 | 0x78), flags, _, ..]
            if flags & 0x20 == 0 && (u16::from(*cmf) << 8 | u16::from(*flags)) % 31 == 0 =>
        {
            ("zlib", read(flate2::read::ZlibDecoder::new(bytes)))
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ("zstd", read(ruzstd::decoding::StreamingDecoder::new(bytes).ok()?)),
        _ => return None,
    };
    // Two bytes are easily met by chance.
    (whole || name != "zlib" && !out.is_empty()).then_some((name, out, whole))
}

fn read(input: impl Read) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let result = input.take(LIMIT + 1).read_to_end(&mut out);
    let whole = result.is_ok() && out.len() as u64 <= LIMIT;
    out.truncate(LIMIT as usize);
    (out, whole)
}
