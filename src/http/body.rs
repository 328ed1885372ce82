//! Message bodies, skipped by count (RFC 9112 sections 6 and 7.1).

use super::headers::Headers;

/// What is left of a body. Nothing of it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// So many bytes more; 0 = it is over.
    Length(u64),
    /// Chunks.
    Chunked(Chunk),
    /// All that follows.
    UntilClose,
}

/// A place in a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    /// In the size; the digits so far.
    Size { size: u64, digits: bool },
    /// Behind the size, up to the end of the line.
    Extension { size: u64 },
    /// In a chunk's data.
    Data { left: u64 },
    /// Before the line end that closes a chunk.
    DataEnd { cr: bool },
    /// In a trailer line that is so far empty (but perhaps a CR), or not.
    Trailer { empty: bool },
    /// Behind the trailer.
    Over,
}

/// How far a body came with the bytes given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Skip {
    /// All bytes belong to it, and it is not over.
    All,
    /// It is over after so many bytes.
    Over(usize),
    /// The bytes are no body of this kind.
    Broken,
}

impl Body {
    /// No body.
    pub(super) const NONE: Self = Self::Length(0);

    /// The body that a request announces.
    pub(super) fn of_request(headers: Headers<'_>) -> Self {
        match announced(headers) {
            Announced::Chunked => Self::Chunked(Chunk::START),
            Announced::Length(len) => Self::Length(len),
            // RFC 9112 section 6.3: without a usable length a request has no body.
            Announced::Other | Announced::Nothing => Self::NONE,
        }
    }

    /// The body that a final response announces, if it may have one at all.
    pub(super) fn of_response(headers: Headers<'_>) -> Self {
        match announced(headers) {
            Announced::Chunked => Self::Chunked(Chunk::START),
            Announced::Length(len) => Self::Length(len),
            Announced::Other | Announced::Nothing => Self::UntilClose,
        }
    }

    /// Goes over `data`.
    pub(super) fn skip(&mut self, data: &[u8]) -> Skip {
        match self {
            Self::UntilClose => Skip::All,
            Self::Length(left) => count_off(left, data.len()).map_or(Skip::All, Skip::Over),
            Self::Chunked(chunk) => chunk.skip(data),
        }
    }

    /// Goes over missing bytes; `false` = they reach out of what is known.
    pub(super) fn gap(&mut self, len: u64) -> bool {
        match self {
            Self::UntilClose => true,
            Self::Length(left) | Self::Chunked(Chunk::Data { left }) if len <= *left => {
                *left -= len;
                true
            }
            _ => false,
        }
    }

    /// Nothing of it is left.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunk::Over))
    }
}

/// Takes up to `len` from `left`; how many, where that is the end.
fn count_off(left: &mut u64, len: usize) -> Option<usize> {
    match usize::try_from(*left) {
        Ok(all) if all <= len => {
            *left = 0;
            Some(all)
        }
        _ => {
            *left -= len as u64;
            None
        }
    }
}

impl Chunk {
    const START: Self = Self::Size { size: 0, digits: false };

    fn skip(&mut self, data: &[u8]) -> Skip {
        let mut pos = 0;
        while let Some(rest) = data.get(pos..).filter(|rest| !rest.is_empty()) {
            if let Self::Data { left } = self {
                match count_off(left, rest.len()) {
                    None => return Skip::All,
                    Some(used) => pos += used,
                }
                *self = Self::DataEnd { cr: false };
                continue;
            }
            // Extensions and trailers may be long, and nothing in them matters but the line's end.
            if let Self::Extension { .. } | Self::Trailer { empty: false } = self {
                let Some(end) = memchr::memchr(b'\n', rest) else { return Skip::All };
                pos += end;
            }
            let Some(byte) = data.get(pos) else { return Skip::All };
            pos += 1;
            match self.step(*byte) {
                Some(Self::Over) => {
                    *self = Self::Over;
                    return Skip::Over(pos);
                }
                Some(next) => *self = next,
                None => return Skip::Broken,
            }
        }
        Skip::All
    }

    fn step(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Size { size, digits: true } | Self::Extension { size }, b'\n') => match size {
                0 => Self::Trailer { empty: true },
                left => Self::Data { left },
            },
            (Self::Extension { .. }, _) | (Self::Trailer { empty: true }, b'\r') => self,
            (Self::Size { size, digits: true }, b' ' | b'\t' | b'\r' | b';') => Self::Extension { size },
            (Self::Size { size, .. }, _) => {
                let digit = char::from(byte).to_digit(16)?;
                Self::Size { size: size.checked_mul(16)?.checked_add(u64::from(digit))?, digits: true }
            }
            (Self::DataEnd { cr: false }, b'\r') => Self::DataEnd { cr: true },
            (Self::DataEnd { .. }, b'\n') => Self::START,
            (Self::Trailer { empty: true }, b'\n') => Self::Over,
            (Self::Trailer { empty: false }, b'\n') => Self::Trailer { empty: true },
            (Self::Trailer { .. }, _) => Self::Trailer { empty: false },
            (Self::Data { .. } | Self::DataEnd { .. } | Self::Over, _) => return None,
        })
    }
}

enum Announced {
    Chunked,
    Length(u64),
    /// A coding that we cannot delimit, or a length that is none.
    Other,
    Nothing,
}

/// Transfer-Encoding goes before Content-Length (RFC 9112 section 6.3).
fn announced(headers: Headers<'_>) -> Announced {
    let mut length: Option<Option<u64>> = None;
    let coding = headers.named("transfer-encoding").last().map(|field| {
        let last = field.value.rsplit(|b| *b == b',').next().unwrap_or_default();
        last.trim_ascii().eq_ignore_ascii_case(b"chunked")
    });
    for field in headers.named("content-length") {
        for part in field.value.split(|b| *b == b',') {
            let value = decimal(part.trim_ascii());
            // The same length twice is one length; two different ones are none.
            length = Some(match length {
                Some(before) if before != value => None,
                _ => value,
            });
        }
    }
    match (coding, length) {
        (Some(true), _) => Announced::Chunked,
        (Some(false), _) | (None, Some(None)) => Announced::Other,
        (None, Some(Some(len))) => Announced::Length(len),
        (None, None) => Announced::Nothing,
    }
}

fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::upgrade::Request;
    use crate::item::At;

    fn body(fields: &str) -> [Body; 2] {
        let head = format!("GET / HTTP/1.1\r\n{fields}\r\n");
        let request = Request::parse(head, At::default(), At::default());
        [Body::of_request(request.headers()), Body::of_response(request.headers())]
    }

    #[test]
    fn announcements() {
        let chunked = Body::Chunked(Chunk::START);
        assert_eq!(body(""), [Body::NONE, Body::UntilClose]);
        assert_eq!(body("content-length: 7\r\n"), [Body::Length(7); 2]);
        assert_eq!(body("Content-Length: 7, 7\r\nContent-Length:7\r\n"), [Body::Length(7); 2]);
        for bad in ["7, 8", "-1", "+7", "", "7x", "99999999999999999999"] {
            assert_eq!(body(&format!("Content-Length: {bad}\r\n")), [Body::NONE, Body::UntilClose], "{bad}");
        }
        assert_eq!(body("Content-Length: 7\r\nTransfer-Encoding: gzip , Chunked\r\n"), [chunked; 2]);
        assert_eq!(body("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"), [chunked; 2]);
        assert_eq!(body("Transfer-Encoding: chunked, gzip\r\n"), [Body::NONE, Body::UntilClose]);
    }

    /// Skips in pieces of `step` bytes; how many bytes the body has.
    fn skip(data: &[u8], step: usize) -> Result<Option<usize>, ()> {
        let mut body = Body::Chunked(Chunk::START);
        for (n, piece) in data.chunks(step).enumerate() {
            match body.skip(piece) {
                Skip::All => {}
                Skip::Over(used) => return Ok(Some(n * step + used)),
                Skip::Broken => return Err(()),
            }
        }
        Ok(None)
    }

    #[test]
    fn chunks() {
        for (data, expect) in [
            (&b"0\r\n\r\n|"[..], Ok(Some(5))),
            (b"3\r\nabc\r\n0\r\n\r\n|", Ok(Some(13))),
            (b"00a ; x=\"0\r\"\r\n0123456789\n0;x\nA: b\r\nC: d\n\n|0", Ok(Some(41))),
            (b"3\r\nabcd", Err(())),
            (b"x", Err(())),
            (b"\r\n", Err(())),
            (b"10000000000000000", Err(())),
            (b"5\r\nabc", Ok(None)),
        ] {
            for step in 1..=data.len() {
                assert_eq!(skip(data, step), expect, "{} by {step}", data.escape_ascii());
            }
        }
    }

    #[test]
    fn gaps() {
        let mut body = Body::Length(10);
        assert!(body.gap(10) && body.is_over() && !body.gap(1));
        assert!(!Body::Length(10).gap(11));
        assert!(Body::UntilClose.gap(u64::MAX));
        assert!(!Body::Chunked(Chunk::START).gap(1));
        let mut body = Body::Chunked(Chunk::Data { left: 5 });
        assert!(body.gap(5) && !body.is_over());
        assert_eq!(body.skip(b"\r\n0\r\n\r\n"), Skip::Over(7));
    }
}
