//! A direction's first bytes into a guess at the protocol.

/// What bytes at the start of a stream look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    /// Too few bytes to tell.
    NeedMore,
    /// An HTTP/1 request line.
    Request,
    /// An HTTP/1 status line.
    Response,
    /// A TLS record (or an SSL 2.0 ClientHello, which old clients send first).
    Tls,
    /// The HTTP/2 client preface, or a server's first SETTINGS frame (RFC 9113 section 3.4).
    Http2,
    /// None of these.
    Other,
}

/// Guesses from the first bytes of a direction. More bytes never change a guess but [`Guess::NeedMore`].
///
/// Looks at [`LOOK`] bytes at most, so that it may be asked again whenever a segment was added.
#[must_use]
pub fn probe(bytes: &[u8]) -> Guess {
    let guesses = [tls(bytes), http2(bytes), http1(bytes)];
    if let Some(sure) = guesses.iter().find(|g| !matches!(g, Guess::NeedMore | Guess::Other)) {
        return *sure;
    }
    if guesses.contains(&Guess::NeedMore) { Guess::NeedMore } else { Guess::Other }
}

/// How many bytes a request line may have before we no longer believe that it is one.
pub const LOOK: usize = 8 << 10;

const PREFACE: &[u8] = b"PRI * HTTP/2.0";
const VERSION: &[u8] = b"HTTP/1.";
/// Longer than any method that was ever registered (`UPDATEREDIRECTREF`, 17).
const METHOD: usize = 32;
/// A TLS record holds 2^14 bytes, and up to 2,048 more where it is encrypted (RFC 5246 section 6.2.3).
const RECORD: u16 = (1 << 14) + 2048;

fn tls(bytes: &[u8]) -> Guess {
    match *bytes {
        [] | [0x14..=0x17] | [0x14..=0x17, 0x03] | [0x14..=0x17, 0x03, 0..=4] => Guess::NeedMore,
        [0x14..=0x17, 0x03, 0..=4, high] if u16::from(high) <= RECORD >> 8 => Guess::NeedMore,
        [kind @ 0x14..=0x17, 0x03, 0..=4, high, low, ref rest @ ..] => {
            let len = u16::from_be_bytes([high, low]);
            match (kind, len, rest.first()) {
                (_, 0, _) => Guess::Other,
                (_, len, _) if len > RECORD => Guess::Other,
                (0x14, 1, _)
                | (0x15, 2.., _)
                | (0x16, _, Some(0 | 1 | 2 | 4 | 11..=16 | 20))
                | (0x17, ..) => Guess::Tls,
                (0x16, _, None) => Guess::NeedMore,
                // Mid-stream, a handshake record may be encrypted (Finished): nothing to recognise inside.
                _ => Guess::Other,
            }
        }
        [0x80..=0x82] | [0x80..=0x82, _] | [0x80..=0x82, _, 0x01] | [0x80..=0x82, _, 0x01, 0x03] => {
            Guess::NeedMore
        }
        // SSL 2.0: a two-byte length, CLIENT-HELLO, the version (RFC 5246 appendix E.2). A WebSocket frame
        // that begins like this would be a fragment, or text of 1 or 3 bytes; the lengths of the hello's
        // parts make the difference.
        [0x80..=0x82, len, 0x01, 0x03, 0..=3, ref rest @ ..] => ssl2(len, rest),
        _ => Guess::Other,
    }
}

/// The lengths of cipher specs, session id and challenge must add up to the record's length.
fn ssl2(len: u8, rest: &[u8]) -> Guess {
    let Some(&[c1, c2, s1, s2, h1, h2]) = rest.first_chunk::<6>() else { return Guess::NeedMore };
    let sum =
        [[c1, c2], [s1, s2], [h1, h2]].map(|l| u32::from(u16::from_be_bytes(l))).iter().sum::<u32>() + 9;
    if sum & 0xff == u32::from(len) && sum < 0x300 { Guess::Tls } else { Guess::Other }
}

fn http2(bytes: &[u8]) -> Guess {
    if bytes.starts_with(PREFACE) {
        return Guess::Http2;
    }
    if PREFACE.starts_with(bytes) {
        return Guess::NeedMore;
    }
    match *bytes {
        [0] | [0, 0] => Guess::NeedMore,
        // SETTINGS on stream 0, no ACK, whole settings of 6 bytes each.
        [0, 0, len, ref rest @ ..] if len % 6 == 0 => {
            const REST: &[u8] = &[4, 0, 0, 0, 0, 0];
            match rest {
                _ if rest.starts_with(REST) => Guess::Http2,
                _ if REST.starts_with(rest) => Guess::NeedMore,
                _ => Guess::Other,
            }
        }
        _ => Guess::Other,
    }
}

/// The same, where it can only be HTTP/1.
pub(super) fn http1(bytes: &[u8]) -> Guess {
    // RFC 9112 section 2.2: empty lines before a request line are to be ignored.
    let blank = bytes.iter().take(LOOK).take_while(|b| matches!(b, b'\r' | b'\n')).count();
    let line = bytes.get(blank..).unwrap_or_default();
    let line = line.get(..LOOK).unwrap_or(line);
    if line.starts_with(VERSION) {
        return Guess::Response;
    }
    if VERSION.starts_with(line) {
        return if blank >= LOOK { Guess::Other } else { Guess::NeedMore };
    }
    let token = line.iter().take_while(|b| is_tchar(**b)).count();
    if token == 0 || token > METHOD {
        return Guess::Other;
    }
    match line.get(token..).unwrap_or_default() {
        [] | [b' '] => Guess::NeedMore,
        [b' ', target @ ..] => request_line(line.get(..token).unwrap_or_default(), target, line.len()),
        _ => Guess::Other,
    }
}

/// Behind method and space. Many text protocols begin with two words, so that only a well-known method with
/// the start of a path or URL is enough by itself; else the line must go on to name HTTP.
fn request_line(method: &[u8], target: &[u8], len: usize) -> Guess {
    let known = matches!(method, b"GET" | b"POST" | b"PUT" | b"HEAD" | b"DELETE" | b"OPTIONS" | b"PATCH");
    if known
        && (target.first() == Some(&b'/') || target.starts_with(b"http:") || target.starts_with(b"https:"))
    {
        return Guess::Request;
    }
    let (line, whole) = match memchr::memchr(b'\n', target) {
        Some(end) => (target.get(..end).unwrap_or_default(), true),
        None => (target, false),
    };
    if memchr::memmem::find(line, b" HTTP/1.").is_some() {
        Guess::Request
    } else if whole || len >= LOOK || line.iter().any(|b| *b < 0x20 && !matches!(b, b'\t' | b'\r')) {
        Guess::Other
    } else {
        Guess::NeedMore
    }
}

/// A character of a token (RFC 9110 section 5.6.2).
#[inline]
#[must_use]
pub(super) const fn is_tchar(byte: u8) -> bool {
    TCHARS[byte as usize]
}

/// Every name in a head is looked at, some more than once: a table is the fastest.
static TCHARS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = belongs_to_token(byte as u8);
        byte += 1;
    }
    table
};

const fn belongs_to_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http1_starts() {
        for (bytes, guess) in [
            (&b"GET /"[..], Guess::Request),
            (b"\r\n\r\nGET /", Guess::Request),
            (b"GET http://a/", Guess::Request),
            (b"GET", Guess::NeedMore),
            (b"GET chat", Guess::NeedMore),
            (b"GET chat HTTP/1.1", Guess::Request),
            (b"BREW pot HTTP/1.1\r\n", Guess::Request),
            (b"get /chat HTTP/1.1\n", Guess::Request),
            (b"GET / x HTTP/1.1\n", Guess::Request),
            (b"CONNECT a:1 HTTP/1.0\n", Guess::Request),
            (b"CONNECT a:1 ", Guess::NeedMore),
            (b"", Guess::NeedMore),
            (b"\r\n", Guess::NeedMore),
            (b"HTTP/1.", Guess::Response),
            (b"HTTP/1", Guess::NeedMore),
            (b"HTTP/2 200\r\n", Guess::Other),
            (b"EHLO client.example\r\n", Guess::Other),
            (b"USER anonymous\r\n", Guess::Other),
            (b"OPTIONS * RTSP/1.0\r\n", Guess::Other),
            (b"get key\r\n", Guess::Other),
            (b"SSH-2.0-OpenSSH_9\r\n", Guess::Other),
            (b"GET \x01", Guess::Other),
            (b"\x81\x85", Guess::NeedMore),
            (b"\x81\x85\x01\x02", Guess::Other),
            (b"\x82\x7e\x01\x00", Guess::Other),
        ] {
            assert_eq!(probe(bytes), guess, "{:?}", String::from_utf8_lossy(bytes));
        }
        assert_eq!(probe(&[b'A'; 33]), Guess::Other);
        assert_eq!(probe(&[b"GET ", &[b'a'; LOOK][..]].concat()), Guess::Other);
        assert_eq!(probe(&[b'\n'; LOOK]), Guess::Other);
    }

    #[test]
    fn tls_and_http2() {
        for (bytes, guess) in [
            (&b"\x16\x03\x01\x02\x00\x01"[..], Guess::Tls),
            (b"\x16\x03\x03\x00\x7a\x02", Guess::Tls),
            (b"\x16\x03\x03\x00\x7a", Guess::NeedMore),
            (b"\x16", Guess::NeedMore),
            (b"\x16\x03\x05", Guess::Other),
            (b"\x16\x03\x01\xff\xff\x01", Guess::Other),
            (b"\x15\x03\x03\x00\x02\x02\x28", Guess::Tls),
            (b"\x17\x03\x03\x01\x00", Guess::Tls),
            (b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10", Guess::Tls),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Guess::Http2),
            (b"PRI * HTTP", Guess::NeedMore),
            (b"PRI * HTTP/1.1\r\n", Guess::Request),
            (b"\0\0\x12\x04\0\0\0\0\0", Guess::Http2),
            (b"\0\0\x12\x04\0\0", Guess::NeedMore),
            (b"\0\0\x12\x05", Guess::Other),
        ] {
            assert_eq!(probe(bytes), guess, "{bytes:x?}");
        }
    }

    proptest::proptest! {
        /// More bytes refine NeedMore, and nothing else.
        #[test]
        fn a_guess_stays(bytes in "[GETPRI */HTTP.120\r\nx\\x00\\x16\\x03\\x01]{0,30}") {
            let bytes = bytes.as_bytes();
            for cut in 0..bytes.len() {
                let guess = probe(&bytes[..cut]);
                assert!(guess == Guess::NeedMore || guess == probe(&bytes[..=cut]), "{bytes:?} {cut}");
            }
        }
    }
}
