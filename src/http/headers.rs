//! The fields of a head where they stand: one piece of memory a head, however many fields it has.

use super::upgrade::HeadFault;

/// A header field as on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The field name, in the sender's case.
    pub name: &'a [u8],
    /// The value without the white space around it; lines that were folded (obs-fold) are joined by one space.
    pub value: &'a [u8],
}

impl Header<'_> {
    /// It has this name; compared without case.
    #[inline]
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The header fields of a head, in order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headers<'a> {
    text: &'a [u8],
    places: &'a [Place],
}

impl<'a> Headers<'a> {
    /// All of them.
    pub fn iter(self) -> impl ExactSizeIterator<Item = Header<'a>> + Clone {
        self.places.iter().map(move |place| place.header(self.text))
    }

    /// Those of this name; compared without case.
    #[inline]
    pub fn named(self, name: &str) -> impl Iterator<Item = Header<'a>> {
        // Most differ in their lengths already.
        let named = self
            .places
            .iter()
            .filter(move |place| place.name.len() == name.len() && place.header(self.text).is(name));
        named.map(move |place| place.header(self.text))
    }

    /// A comma-separated list over all lines of this name has the token; compared without case.
    #[must_use]
    pub fn list(self, name: &str, token: &str) -> bool {
        let is = |element: &[u8]| element.trim_ascii().eq_ignore_ascii_case(token.as_bytes());
        // Mostly the list is that token.
        self.named(name).any(|header| is(header.value) || header.value.split(|byte| *byte == b',').any(is))
    }

    /// There is a field whose name begins like this; compared without case.
    #[must_use]
    pub fn any_begins(self, name: &str) -> bool {
        self.iter().any(|header| {
            let begin = header.name.get(..name.len());
            begin.is_some_and(|begin| begin.eq_ignore_ascii_case(name.as_bytes()))
        })
    }
}

/// A head that was read: its text, and where in it the parts stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    /// The head; behind it, values that were joined from several lines.
    pub(super) bytes: Vec<u8>,
    pub(super) places: Vec<Place>,
    pub(super) faults: Vec<HeadFault>,
}

impl Text {
    pub(super) fn headers(&self) -> Headers<'_> {
        Headers { text: &self.bytes, places: &self.places }
    }

    pub(super) fn part(&self, span: Span) -> &[u8] {
        span.of(&self.bytes)
    }

    /// Memory taken, in bytes.
    pub(super) fn cost(&self) -> usize {
        self.bytes.capacity() + self.places.capacity() * size_of::<Place>()
    }
}

/// Where a field stands in its head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) name: Span,
    pub(super) value: Span,
}

impl Place {
    #[inline]
    fn header(self, text: &[u8]) -> Header<'_> {
        Header { name: self.name.of(text), value: self.value.of(text) }
    }
}

/// A part of a head. Heads are far below 4 GiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    #[inline]
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    #[inline]
    fn len(self) -> usize {
        self.end.wrapping_sub(self.start) as usize
    }

    #[inline]
    fn of(self, text: &[u8]) -> &[u8] {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}
