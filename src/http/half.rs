//! One direction of an HTTP/1 connection into heads, with the bodies between them skipped.
//!
//! Knows where messages begin and end, and nothing of what they mean: the other direction decides whether a
//! response has a body, so that [`super::h1::Pair`] sets it after each head.

use super::body::{Body, Skip};
use super::probe::{Guess, http1};
use crate::item::{At, Dir};

/// Where one direction stands.
#[derive(Debug)]
pub(super) struct Half {
    dir: Dir,
    state: State,
    /// What its start lines were so far.
    known: Known,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Nothing,
    Http,
    Garbage,
}

#[derive(Debug)]
enum State {
    /// Between messages, or in a head.
    Head(Option<Box<Partial>>),
    Body(Body),
    /// Sync is lost: the next segment that starts like a head is one.
    Lost,
}

/// A complete head.
#[derive(Debug)]
pub(super) struct Head {
    /// From the start line to the empty line.
    pub(super) bytes: Vec<u8>,
    /// The packet with its first byte.
    pub(super) first: At,
    /// The packet with its last byte.
    pub(super) last: At,
    /// How many bytes of it are missing, at least.
    pub(super) missing: u64,
    /// A gap swallowed its end, and perhaps more.
    pub(super) open: bool,
}

/// What became of bytes.
#[derive(Debug)]
pub(super) enum Progress {
    /// All taken.
    All,
    /// A head is complete after `used` bytes. The caller says what body it has before it goes on.
    Head { head: Head, used: usize },
    /// A body is over after `used` bytes.
    Body { used: usize },
    /// Where a head should begin is something else: `earlier` bytes, from the packet `first` on, then the
    /// bytes given. Sync is lost.
    Garbage { earlier: Vec<u8>, first: At },
    /// The head is larger than the limit.
    TooLarge,
}

impl Half {
    pub(super) const fn new(dir: Dir) -> Self {
        Self { dir, state: State::Head(None), known: Known::Nothing }
    }

    /// Takes the next bytes of the stream: a segment, or the rest of one.
    pub(super) fn feed(&mut self, data: &[u8], at: At, limit: usize) -> Progress {
        match &mut self.state {
            State::Body(body) => match body.skip(data) {
                Skip::All if !body.is_over() => Progress::All,
                Skip::All => self.body_over(data.len()),
                Skip::Over(used) => self.body_over(used),
                Skip::Broken => self.lose(),
            },
            State::Lost => {
                self.state = State::Head(None);
                self.head(data, at, limit)
            }
            State::Head(_) => self.head(data, at, limit),
        }
    }

    /// What follows the head that was complete last.
    pub(super) fn expect(&mut self, body: Body) {
        self.state = if body.is_over() { State::Head(None) } else { State::Body(body) };
    }

    /// Goes over missing bytes; `false` = sync is lost, and heads may be among them.
    pub(super) fn gap(&mut self, len: u64) -> bool {
        let kept = match &mut self.state {
            State::Body(body) => body.gap(len),
            State::Head(Some(partial)) if partial.can_bridge() => {
                partial.bridge(len);
                true
            }
            State::Head(_) | State::Lost => false,
        };
        match &self.state {
            _ if !kept => self.state = State::Lost,
            State::Body(body) if body.is_over() => self.state = State::Head(None),
            _ => {}
        }
        kept
    }

    /// Bytes held of an unfinished head.
    pub(super) fn held(&self) -> usize {
        match &self.state {
            State::Head(Some(partial)) => partial.bytes.capacity(),
            State::Head(None) | State::Body(_) | State::Lost => 0,
        }
    }

    /// At the start of a message, or in a head: no body is left to be skipped.
    pub(super) const fn in_head(&self) -> bool {
        matches!(self.state, State::Head(_))
    }

    /// This direction began with something else, and nothing of HTTP/1 was seen since.
    pub(super) const fn is_strange(&self) -> bool {
        matches!(self.known, Known::Garbage)
    }

    pub(super) const fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost)
    }

    pub(super) fn lose(&mut self) -> Progress {
        self.state = State::Lost;
        Progress::All
    }

    /// An unfinished head with a gap in it, for what it is: no more of it will be recognised.
    pub(super) fn take_cut_head(&mut self) -> Option<Head> {
        let State::Head(slot) = &mut self.state else { return None };
        let partial = slot.take_if(|partial| partial.certain && partial.missing > 0)?;
        let last = partial.first;
        Some(partial.into_head(last, true))
    }

    /// The bytes of an unfinished head, where they may be something else; sync is lost then.
    pub(super) fn take_partial(&mut self) -> Option<(Vec<u8>, At)> {
        let State::Head(partial) = &mut self.state else { return None };
        let partial = partial.take().map(|p| (p.bytes, p.first));
        self.state = State::Lost;
        partial
    }

    fn body_over(&mut self, used: usize) -> Progress {
        self.state = State::Head(None);
        Progress::Body { used }
    }

    fn head(&mut self, data: &[u8], at: At, limit: usize) -> Progress {
        let State::Head(slot) = &mut self.state else { return Progress::All };
        if let Some(partial) = slot.as_deref_mut().filter(|p| p.missing > 0) {
            match partial.resume(data, self.dir) {
                Resume::Head => {}
                Resume::Restart => *slot = None,
                Resume::Open => {
                    let partial = slot.take().unwrap_or_default();
                    self.state = State::Lost;
                    return Progress::Head { head: partial.into_head(at, true), used: 0 };
                }
            }
        }
        let partial = slot.get_or_insert_default();
        let before = (partial.bytes.len(), partial.blank);
        let end = partial.push(data, at);
        if !partial.certain {
            match (http1(&partial.bytes), self.dir) {
                (Guess::Request, Dir::C2s) | (Guess::Response, Dir::S2c) => {
                    partial.certain = true;
                    self.known = Known::Http;
                }
                (Guess::NeedMore, _) => {}
                _ => {
                    let Partial { bytes: mut earlier, first, blank, .. } = *slot.take().unwrap_or_default();
                    // Blank bytes that were passed over are nobody's.
                    earlier.truncate(if blank == before.1 { before.0 } else { 0 });
                    self.state = State::Lost;
                    if self.known == Known::Nothing {
                        self.known = Known::Garbage;
                    }
                    return Progress::Garbage { earlier, first };
                }
            }
        }
        if partial.bytes.len() > limit {
            return Progress::TooLarge;
        }
        let Some(used) = end else {
            if partial.bytes.is_empty() {
                *slot = None;
            }
            return Progress::All;
        };
        let partial = slot.take().unwrap_or_default();
        Progress::Head { head: partial.into_head(at, false), used }
    }
}

/// Most heads are no larger.
const USUAL: usize = 1 << 10;

/// An unfinished head. Each byte is looked at once for the end, however the head is cut into segments.
#[derive(Debug, Default)]
struct Partial {
    bytes: Vec<u8>,
    first: At,
    /// What the line that is not over yet holds.
    line: Line,
    /// A line that is not empty is over; before it, empty lines are passed over (RFC 9112 section 2.2).
    started: bool,
    /// The start line is one for sure.
    certain: bool,
    missing: u64,
    /// Blank bytes before the start line, passed over.
    blank: usize,
    /// In what a gap left of a line.
    torn: bool,
    /// A gap came, and nothing after it yet.
    bridged: bool,
    /// The last byte behind a gap.
    previous: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    #[default]
    Empty,
    Cr,
    Text,
}

/// What follows a gap in a head.
enum Resume {
    /// More of the head.
    Head,
    /// Another head.
    Restart,
    /// Something that is no head: it ended in the gap.
    Open,
}

impl Partial {
    /// Takes `data` up to the end of the head; where that is, if it is there.
    fn push(&mut self, data: &[u8], at: At) -> Option<usize> {
        if self.bytes.is_empty() {
            self.first = at;
            self.bytes.reserve(data.len().min(USUAL));
        }
        let mut rest = data;
        if self.torn {
            // Never an empty line, as its beginning is unknown.
            let end = memchr::memchr(b'\n', rest).map(|end| end + 1);
            self.torn = end.is_none();
            let (line, behind) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or_default();
            self.missing = self.missing.saturating_add(line.len() as u64);
            rest = behind;
        }
        // Lines are looked at one by one, and copied together.
        let mut lines = rest;
        loop {
            let Some(end) = memchr::memchr(b'\n', rest) else {
                self.note(rest);
                self.bytes.extend_from_slice(lines);
                return None;
            };
            let (line, behind) = rest.split_at_checked(end + 1).unwrap_or((rest, &[]));
            self.note(line.get(..end).unwrap_or_default());
            rest = behind;
            let empty = self.line != Line::Text;
            self.line = Line::Empty;
            if !empty {
                self.started = true;
                continue;
            }
            let (whole, _) = lines.split_at_checked(lines.len() - rest.len()).unwrap_or_default();
            if self.started {
                self.bytes.extend_from_slice(whole);
                return Some(data.len() - rest.len());
            }
            self.blank = self.blank.saturating_add(self.bytes.len() + whole.len());
            self.bytes.clear();
            self.first = at;
            lines = rest;
        }
    }

    fn note(&mut self, text: &[u8]) {
        self.line = match (self.line, text) {
            (line, []) => line,
            (Line::Empty, b"\r") => Line::Cr,
            _ => Line::Text,
        };
    }

    /// A gap can be bridged once the start line is there. The line that it cuts is lost.
    fn can_bridge(&self) -> bool {
        self.started && self.certain
    }

    fn bridge(&mut self, len: u64) {
        let whole = memchr::memrchr(b'\n', &self.bytes).map_or(0, |end| end + 1);
        self.missing = self.missing.saturating_add(len).saturating_add((self.bytes.len() - whole) as u64);
        self.bytes.truncate(whole);
        self.line = Line::Empty;
        self.torn = true;
        self.bridged = true;
        // The gap may end inside a line's end.
        self.previous = b'\r';
    }

    /// The start line ends with CR LF: then so does all of the head.
    fn has_crlf(&self) -> bool {
        memchr::memchr(b'\n', &self.bytes)
            .is_some_and(|end| end > 0 && self.bytes.get(end - 1) == Some(&b'\r'))
    }

    /// Looks at a segment behind a gap. A head goes on in plain text up to an empty line; frames
    /// begin with a byte that is none, but a piece of a text frame's payload may look like a header. Only
    /// an empty line with nothing but text before it, or text throughout, is taken for the head, if its
    /// lines end as the first one did.
    fn resume(&mut self, data: &[u8], dir: Dir) -> Resume {
        let fresh = match dir {
            Dir::C2s => Guess::Request,
            Dir::S2c => Guess::Response,
        };
        if self.bridged && http1(data) == fresh {
            return Resume::Restart;
        }
        let mut blank = if self.torn { Line::Text } else { self.line };
        let crlf = self.has_crlf();
        let mut previous = self.previous;
        for byte in data {
            if *byte == b'\n' && crlf && previous != b'\r' {
                return Resume::Open;
            }
            previous = *byte;
            blank = match (blank, byte) {
                (Line::Empty | Line::Cr, b'\n') => break,
                (_, b'\n') => Line::Empty,
                (Line::Empty, b'\r') => Line::Cr,
                (_, b'\t' | b'\r' | b' '..=b'~') => Line::Text,
                _ => return Resume::Open,
            };
        }
        self.bridged = false;
        self.previous = previous;
        Resume::Head
    }

    fn into_head(self, last: At, open: bool) -> Head {
        Head { bytes: self.bytes, first: self.first, last, missing: self.missing, open }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds pieces of `step` bytes; how long the head is.
    fn head_len(dir: Dir, data: &[u8], step: usize) -> Option<usize> {
        let mut half = Half::new(dir);
        for (n, piece) in data.chunks(step).enumerate() {
            match half.feed(piece, At::default(), 1 << 16) {
                Progress::Head { used, .. } => return Some(n * step + used),
                Progress::All => {}
                progress => panic!("{progress:?}"),
            }
        }
        None
    }

    proptest! {
        /// A head ends where httparse says that it does.
        #[test]
        fn ends_as_httparse(
            blank in "(\r\n|\n){0,2}",
            lines in proptest::collection::vec("[A-Za-z]{1,4}:[ -~]{0,6}\r?\n", 0..4),
            rest in "\r?\n[a-z\r\n]{0,6}",
            step in 1..9_usize,
        ) {
            for (dir, start) in [(Dir::C2s, "GET / HTTP/1.1\r\n"), (Dir::S2c, "HTTP/1.1 200\n")] {
                let data = format!("{blank}{start}{}{rest}", lines.concat());
                let mut slots = [httparse::EMPTY_HEADER; 8];
                let oracle = match dir {
                    Dir::C2s => httparse::Request::new(&mut slots).parse(data.as_bytes()),
                    Dir::S2c => httparse::Response::new(&mut slots).parse(data.as_bytes()),
                };
                if let Ok(status) = oracle {
                    let expect = if let httparse::Status::Complete(len) = status { Some(len) } else { None };
                    prop_assert_eq!(head_len(dir, data.as_bytes(), step), expect);
                    prop_assert_eq!(head_len(dir, data.as_bytes(), data.len()), expect);
                }
            }
        }
    }
}
