//! The bytes of a head into its fields, tolerant and without loss (RFC 9112 sections 2 to 5).
//!
//! Whatever can be read is read, and what is wrong with it is told as [`HeadFault`]s. Nothing is refused:
//! a damaged head is what an inspector is asked about.

use std::borrow::Cow;

use super::headers::{Place, Span, Text};
use super::probe::is_tchar;
use super::upgrade::{HeadFault, Request, Response};
use crate::item::At;

/// A header field, borrowed from the head where it stands on one line.
struct Field<'a> {
    name: &'a [u8],
    /// The value without the white space around it, folded lines joined by one space.
    value: Cow<'a, [u8]>,
}

/// Method, target and version of a request's first line; `None` where the line has another shape.
///
/// The version is without `HTTP/`.
fn request_line(head: &[u8]) -> Option<[&[u8]; 3]> {
    let line = Lines { rest: head }.next()?.text;
    let (method, rest) = split_once(line, b' ')?;
    let space = memchr::memrchr(b' ', rest)?;
    let (target, version) = (rest.get(..space)?, rest.get(space + 1..)?.strip_prefix(b"HTTP/")?);
    let visible = !target.is_empty() && target.iter().all(|b| *b > b' ' && *b != 0x7f);
    (is_token(method) && visible && is_version(version)).then_some([method, target, version])
}

/// Version, status and reason of a response's first line; `None` where the line has another shape.
fn status_line(head: &[u8]) -> Option<(&[u8], u16, &[u8])> {
    let line = Lines { rest: head }.next()?.text;
    let (version, rest) = split_once(line.strip_prefix(b"HTTP/")?, b' ')?;
    let (digits, reason) = split_once(rest, b' ').unwrap_or((rest, &[]));
    let &[a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] = digits else { return None };
    let status = u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0');
    is_version(version).then_some((version, status, reason))
}

/// A token (RFC 9110 section 5.6.2): a method, a field name, a subprotocol.
#[must_use]
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|b| is_tchar(*b))
}

impl Request {
    /// Reads a head: its bytes from the request line to the empty line.
    #[must_use]
    pub fn parse(head: impl Into<Vec<u8>>, first: At, last: At) -> Self {
        let mut text = read(head.into());
        let line = request_line(&text.bytes).unwrap_or_else(|| {
            text.faults.push(HeadFault::StartLine);
            loose_request_line(&text.bytes)
        });
        let line = line.map(|part| span_of(part, &text.bytes));
        Self::new(text, line, first, last)
    }
}

impl Response {
    /// Reads a head: its bytes from the status line to the empty line. Status 0 = there is none.
    #[must_use]
    pub fn parse(head: impl Into<Vec<u8>>, first: At, last: At) -> Self {
        let mut text = read(head.into());
        let (version, status, reason) = status_line(&text.bytes).unwrap_or_else(|| {
            text.faults.push(HeadFault::StartLine);
            loose_status_line(&text.bytes)
        });
        let line = [version, reason.trim_ascii()].map(|part| span_of(part, &text.bytes));
        Self::new(text, status, line, first, last)
    }
}

/// What can be had of a broken request line: the first word, the last where it names HTTP, and all between.
fn loose_request_line(head: &[u8]) -> [&[u8]; 3] {
    let line = first_line(head).trim_ascii();
    let (method, rest) = split_once(line, b' ').unwrap_or((line, &[]));
    if let Some(space) = memchr::memrchr(b' ', rest)
        && let Some(version) = rest.get(space + 1..).and_then(|word| word.strip_prefix(b"HTTP/"))
    {
        return [method, rest.get(..space).unwrap_or_default().trim_ascii(), version];
    }
    [method, rest.trim_ascii(), &[]]
}

/// What can be had of a broken status line: up to three digits behind the first word.
fn loose_status_line(head: &[u8]) -> (&[u8], u16, &[u8]) {
    let line = first_line(head).trim_ascii();
    let (version, rest) = split_once(line, b' ').unwrap_or((line, &[]));
    let version = version.strip_prefix(b"HTTP/").unwrap_or_default();
    let rest = rest.trim_ascii_start();
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let (number, reason) = rest.split_at_checked(digits).unwrap_or_default();
    if number.len() != 3 {
        return (version, 0, rest);
    }
    (version, number.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0')), reason)
}

fn first_line(head: &[u8]) -> &[u8] {
    Lines { rest: head }.next().map_or(&[], |line| line.text)
}

fn read(bytes: Vec<u8>) -> Text {
    match plain(&bytes) {
        Some(places) => Text { bytes, places, faults: Vec::new() },
        None => tolerant(bytes),
    }
}

/// The fields of a head in which there is nothing to find fault with, nor a folded line; of others `None`.
fn plain(head: &[u8]) -> Option<Vec<Place>> {
    let lines = memchr::memchr_iter(b'\n', head).count();
    // All lines end with CRLF, as is seen below, so there is no other CR.
    if memchr::memchr(0, head).is_some() || memchr::memchr_iter(b'\r', head).count() != lines {
        return None;
    }
    let mut places = Vec::with_capacity(lines.saturating_sub(2));
    let mut start = line_end(head, 0)? + 2;
    loop {
        let rest = head.get(start..)?;
        let name = rest.iter().position(|byte| !is_tchar(*byte))?;
        if name == 0 {
            return (rest == b"\r\n").then_some(places);
        }
        if rest.get(name) != Some(&b':') {
            return None;
        }
        let end = line_end(head, start + name)?;
        let value = trim(head.get(start + name + 1..end)?);
        places.push(Place { name: Span::new(start, start + name), value: span_of(value, head) });
        start = end + 2;
    }
}

/// Where the line in which `from` lies ends, with a CRLF.
fn line_end(head: &[u8], from: usize) -> Option<usize> {
    let end = (from + memchr::memchr(b'\n', head.get(from..)?)?).checked_sub(1)?;
    (head.get(end) == Some(&b'\r')).then_some(end)
}

/// The fields of any head, and its faults.
fn tolerant(mut bytes: Vec<u8>) -> Text {
    let mut fields = Fields { lines: Lines { rest: &bytes }, faults: Faults::default() };
    fields.start();
    let (mut places, mut joined) = (Vec::new(), Vec::new());
    for Field { name, value } in fields.by_ref() {
        let value = match value {
            Cow::Borrowed(value) => span_of(value, &bytes),
            Cow::Owned(value) => {
                let start = bytes.len() + joined.len();
                joined.extend_from_slice(&value);
                Span::new(start, start + value.len())
            }
        };
        places.push(Place { name: span_of(name, &bytes), value });
    }
    let faults = fields.faults.0;
    bytes.extend_from_slice(&joined);
    Text { bytes, places, faults }
}

/// Where a part of a head stands in it.
fn span_of(part: &[u8], head: &[u8]) -> Span {
    let start = part.as_ptr().addr().wrapping_sub(head.as_ptr().addr());
    if part.is_empty() { Span::default() } else { Span::new(start, start + part.len()) }
}

/// Faults in the order in which they were met, each once.
#[derive(Default)]
struct Faults(Vec<HeadFault>);

impl Faults {
    fn add(&mut self, fault: HeadFault) {
        if !self.0.contains(&fault) {
            self.0.push(fault);
        }
    }
}

/// A line without its end.
struct Line<'a> {
    text: &'a [u8],
    /// It ended with CRLF.
    crlf: bool,
}

struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let (text, rest) = split_once(self.rest, b'\n').unwrap_or((self.rest, &[]));
        self.rest = rest;
        Some(text.strip_suffix(b"\r").map_or(Line { text, crlf: false }, |text| Line { text, crlf: true }))
    }
}

struct Fields<'a> {
    lines: Lines<'a>,
    faults: Faults,
}

impl<'a> Fields<'a> {
    /// Goes over the start line.
    fn start(&mut self) {
        if let Some(line) = self.lines.next() {
            self.check(&line);
        }
    }

    fn check(&mut self, line: &Line<'_>) {
        if !line.crlf {
            self.faults.add(HeadFault::BareLf);
        }
        if memchr::memchr2(b'\r', 0, line.text).is_some() {
            self.faults.add(HeadFault::BareCr);
        }
    }

    /// The lines that go on with this field's value (RFC 9112 section 5.2).
    fn unfold(&mut self, first: &'a [u8]) -> Cow<'a, [u8]> {
        let mut value = Cow::Borrowed(trim(first));
        while let [b' ' | b'\t', ..] = self.lines.rest {
            let Some(line) = self.lines.next() else { break };
            self.check(&line);
            self.faults.add(HeadFault::ObsFold);
            let text = trim(line.text);
            if !text.is_empty() {
                let value = value.to_mut();
                if !value.is_empty() {
                    value.push(b' ');
                }
                value.extend_from_slice(text);
            }
        }
        value
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let line = self.lines.next()?;
        self.check(&line);
        if line.text.is_empty() {
            // The empty line: a head has nothing behind it.
            self.lines.rest = &[];
            return None;
        }
        let Some((name, value)) = split_once(line.text, b':') else {
            self.faults.add(HeadFault::Field);
            return Some(Field { name: line.text, value: Cow::Borrowed(&[]) });
        };
        let bare = trim_end(name);
        if bare.len() < name.len() {
            self.faults.add(HeadFault::SpaceBeforeColon);
        }
        if !is_token(bare) {
            self.faults.add(HeadFault::Field);
        }
        Some(Field { name: bare, value: self.unfold(value) })
    }
}

/// Without the optional white space around (RFC 9110 section 5.6.3).
fn trim(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().take_while(|b| is_space(**b)).count();
    trim_end(bytes.get(start..).unwrap_or_default())
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rev().take_while(|b| is_space(**b)).count();
    bytes.get(..bytes.len() - end).unwrap_or_default()
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn is_version(version: &[u8]) -> bool {
    matches!(version, [b'0'..=b'9', b'.', b'0'..=b'9'])
}

fn split_once(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let pos = memchr::memchr(at, bytes)?;
    Some((bytes.get(..pos)?, bytes.get(pos + 1..)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::http::upgrade::Headers;

    fn request(head: &str) -> Request {
        Request::parse(head.as_bytes(), At::default(), At::default())
    }

    fn response(head: &str) -> Response {
        Response::parse(head.as_bytes(), At::default(), At::default())
    }

    fn headers(headers: Headers<'_>) -> Vec<(&str, &str)> {
        fn text(bytes: &[u8]) -> &str {
            std::str::from_utf8(bytes).unwrap()
        }
        headers.iter().map(|h| (text(h.name), text(h.value))).collect()
    }

    #[test]
    fn tolerant_fields() {
        let request = request(
            "GET / HTTP/1.1\nA:1\r\nB : 2 \t\r\nC:\r\n\tx \r\n  y\r\n \r\nno colon\r\n: empty\r\nb@d: 3\r\nD: a\rb\r\nE: \0\r\n\r\n",
        );
        assert_eq!(
            headers(request.headers()),
            [
                ("A", "1"),
                ("B", "2"),
                ("C", "x y"),
                ("no colon", ""),
                ("", "empty"),
                ("b@d", "3"),
                ("D", "a\rb"),
                ("E", "\0")
            ]
        );
        use HeadFault::*;
        assert_eq!(request.faults(), [BareLf, SpaceBeforeColon, ObsFold, Field, BareCr]);
    }

    #[test]
    fn start_lines() {
        let parts = |line: &str| {
            let r = request(&format!("{line}\r\n\r\n"));
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            (text(r.method()), text(r.target()), text(r.version()), r.faults() == [HeadFault::StartLine])
        };
        let expect = |m: &str, t: &str, v: &str, bad| (m.to_owned(), t.to_owned(), v.to_owned(), bad);
        assert_eq!(parts("GET / HTTP/1.0"), expect("GET", "/", "1.0", false));
        assert_eq!(parts("GET /a b HTTP/1.1"), expect("GET", "/a b", "1.1", true));
        assert_eq!(parts("GET  / HTTP/1.1"), expect("GET", "/", "1.1", true));
        assert_eq!(parts("GET /"), expect("GET", "/", "", true));
        assert_eq!(parts("GET / HTTP/1"), expect("GET", "/", "1", true));
        assert_eq!(parts("GET / HTTP/1.1 "), expect("GET", "/", "1.1", true));
        assert_eq!(parts("G(T / HTTP/1.1"), expect("G(T", "/", "1.1", true));

        let parts = |line: &str| {
            let r = response(&format!("{line}\r\n\r\n"));
            (r.status, String::from_utf8(r.reason().to_vec()).unwrap(), r.faults() == [HeadFault::StartLine])
        };
        assert_eq!(parts("HTTP/1.1 101 Switching Protocols"), (101, "Switching Protocols".into(), false));
        assert_eq!(parts("HTTP/1.1 101 "), (101, String::new(), false));
        assert_eq!(parts("HTTP/1.1 101"), (101, String::new(), false));
        assert_eq!(parts("HTTP/1.1  101 x"), (101, "x".into(), true));
        assert_eq!(parts("HTTP/1.1 1011 x"), (0, "1011 x".into(), true));
        assert_eq!(parts("HTTP/1.1"), (0, String::new(), true));
    }

    /// Heads that are mostly right, of the characters that matter.
    fn lines() -> impl Strategy<Value = Vec<u8>> {
        let field = prop_oneof![
            8 => "[A-Za-z!#-]{1,8}:[ \t]{0,2}[ -~]{0,12}[ \t]{0,2}",
            1 => "[ -~\t\r\n\\x00\\x7f]{0,12}",
        ];
        let fields =
            proptest::collection::vec((field, prop_oneof![9 => Just("\r\n"), 1 => Just("\n")]), 0..6);
        let start = prop_oneof![
            4 => "(GET|POST|x!) [!-~]{1,10} HTTP/1\\.[01]\r\n",
            4 => "HTTP/1\\.[01] [0-9]{3}( [ -~]{0,12})?\r?\n",
            1 => "[ -~]{0,20}\r\n",
        ];
        (start, fields).prop_map(|(mut head, fields)| {
            head.extend(fields.into_iter().flat_map(|(field, end)| [field, end.to_owned()]));
            head.push_str("\r\n");
            head.into_bytes()
        })
    }

    proptest! {
        /// Whatever httparse accepts is read equally, without a fault but bare LF.
        #[test]
        fn reads_as_httparse(head in lines()) {
            let mut slots = [httparse::EMPTY_HEADER; 16];
            let mut oracle = httparse::Request::new(&mut slots);
            if let Ok(httparse::Status::Complete(len)) = oracle.parse(&head) {
                let ours = Request::parse(&head[..len], At::default(), At::default());
                prop_assert_eq!(Some(ours.method()), oracle.method.map(str::as_bytes));
                prop_assert_eq!(Some(ours.target()), oracle.path.map(str::as_bytes));
                prop_assert_eq!(ours.version(), if oracle.version == Some(1) { b"1.1" } else { b"1.0" });
                same(ours.headers(), oracle.headers)?;
                prop_assert!(ours.faults().iter().all(|f| *f == HeadFault::BareLf), "{:?}", ours.faults());
            }
            let mut slots = [httparse::EMPTY_HEADER; 16];
            let mut oracle = httparse::Response::new(&mut slots);
            if let Ok(httparse::Status::Complete(len)) = oracle.parse(&head) {
                let ours = Response::parse(&head[..len], At::default(), At::default());
                prop_assert_eq!(Some(ours.status), oracle.code);
                prop_assert_eq!(String::from_utf8_lossy(ours.reason()), oracle.reason.unwrap_or_default().trim());
                same(ours.headers(), oracle.headers)?;
                prop_assert!(ours.faults().iter().all(|f| *f == HeadFault::BareLf), "{:?}", ours.faults());
            }
        }

        /// What reads most heads reads them as what reads any.
        #[test]
        fn plain_heads_are_read_as_any(head in prop_oneof![lines(), "[ABZ: \t\r\n\\x00]{0,40}\r\n\r\n".prop_map(String::into_bytes)]) {
            if let Some(places) = plain(&head) {
                prop_assert_eq!(Text { bytes: head.clone(), places, faults: Vec::new() }, tolerant(head));
            }
        }

        #[test]
        fn never_panics(head in "[ -~\t\r\n\\x00:]{0,60}") {
            let _ = (request(&head), response(&head));
        }
    }

    fn same(ours: Headers<'_>, oracle: &[httparse::Header<'_>]) -> Result<(), TestCaseError> {
        prop_assert_eq!(ours.iter().len(), oracle.len());
        for (ours, oracle) in ours.iter().zip(oracle) {
            prop_assert_eq!((ours.name, ours.value), (oracle.name.as_bytes(), oracle.value));
        }
        Ok(())
    }
}
