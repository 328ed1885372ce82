//! Values in a flat list, each with the text that it was written as.

/// A part of a text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Its first byte.
    pub start: u32,
    /// Behind its last.
    pub end: u32,
}

impl Span {
    pub(super) const fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    /// The bytes that it names.
    #[must_use]
    pub fn of(self, text: &[u8]) -> &[u8] {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// It names nothing.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Values by their keys.
    Object,
    /// Values in order.
    Array,
    /// A string, with its quotes.
    String,
    /// A number.
    Number,
    /// `true`, `false`, `null` and the like.
    Word,
    /// Bytes.
    Bytes,
    /// Text as it is.
    Text,
}

impl Kind {
    /// It holds other values.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::Object | Self::Array)
    }
}

/// A value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its key as written, with its quotes; empty where it has none.
    pub key: Span,
    /// The value as written.
    pub value: Span,
    /// The place of what holds it; its own, for the root.
    pub parent: u32,
    /// The place behind all that it holds.
    pub end: u32,
    /// Its number among what its parent holds, from 0.
    pub index: u32,
    /// How many values it holds itself.
    pub len: u32,
    /// How many hold it.
    pub depth: u16,
    /// What it is.
    pub kind: Kind,
}

/// Values in the order in which they were written, each before what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    nodes: Vec<Node>,
    /// Those that are being built.
    open: Vec<u32>,
    cut: bool,
}

/// The most values of a tree.
pub(super) const MOST: usize = 500_000;

impl Tree {
    /// The values.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// A value by its place.
    #[must_use]
    pub fn get(&self, place: u32) -> Option<&Node> {
        self.nodes.get(place as usize)
    }

    /// There were more values than are kept.
    #[must_use]
    pub const fn cut(&self) -> bool {
        self.cut
    }

    /// The place of the innermost value that a byte of the text is part of, its key included.
    #[must_use]
    pub fn at(&self, byte: usize) -> Option<u32> {
        let begins = |node: &Node| if node.key.is_empty() { node.value.start } else { node.key.start };
        let behind = self.nodes.partition_point(|node| begins(node) as usize <= byte);
        let mut place = behind.checked_sub(1)? as u32;
        while let Some(node) =
            self.get(place).filter(|node| node.depth > 0 && node.value.end as usize <= byte)
        {
            place = node.parent;
        }
        Some(place)
    }

    /// The first of the values that one holds, by its key: for keys without escapes.
    #[must_use]
    pub fn child(&self, of: u32, key: &str, text: &[u8]) -> Option<u32> {
        let end = self.get(of)?.end;
        let mut at = of + 1;
        while at < end {
            let node = self.get(at)?;
            if unquoted(node.key.of(text)) == key.as_bytes() {
                return Some(at);
            }
            at = node.end;
        }
        None
    }

    /// The way from the root to a value, as filters and jq write it: `.data[2].px`; `.` for the root.
    #[must_use]
    pub fn path(&self, place: u32, text: &[u8]) -> String {
        let mut steps = Vec::new();
        let mut at = place;
        while let Some(node) = self.get(at)
            && node.depth > 0
        {
            steps.push(if node.key.is_empty() {
                format!("[{}]", node.index)
            } else {
                format!(".{}", step(node.key.of(text)))
            });
            at = node.parent;
        }
        if !steps.last().is_some_and(|step| step.starts_with('.')) {
            steps.push(".".to_owned());
        }
        steps.reverse();
        steps.concat()
    }

    /// There is room for one more.
    pub(super) fn has_room(&mut self) -> bool {
        self.cut |= self.nodes.len() >= MOST;
        !self.cut
    }

    /// What is being built.
    pub(super) fn inside(&self) -> Option<Kind> {
        self.get(*self.open.last()?).map(|node| node.kind)
    }

    /// Adds a value. One that holds others is then open.
    pub(super) fn push(&mut self, kind: Kind, key: Span, value: Span) {
        let place = self.nodes.len() as u32;
        let parent = self.open.last().copied();
        let mut index = 0;
        if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(parent as usize)) {
            index = parent.len;
            parent.len += 1;
        }
        let depth = u16::try_from(self.open.len()).unwrap_or(u16::MAX);
        let parent = parent.unwrap_or(place);
        self.nodes.push(Node { key, value, parent, end: place + 1, index, len: 0, depth, kind });
        if kind.holds() {
            self.open.push(place);
        }
    }

    /// The innermost that is open ends at this byte of the text.
    pub(super) fn close(&mut self, end: usize) {
        let behind = self.nodes.len() as u32;
        if let Some(node) = self.open.pop().and_then(|place| self.nodes.get_mut(place as usize)) {
            node.value.end = end as u32;
            node.end = behind;
        }
    }

    /// All that is open ends at this byte.
    pub(super) fn close_all(&mut self, end: usize) {
        while !self.open.is_empty() {
            self.close(end);
        }
    }
}

/// What is between quotes, or all where there are none.
pub(super) fn unquoted(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text)
}

/// A key as a step of a path.
fn step(key: &[u8]) -> String {
    let key = match key.first() {
        Some(b'"') => {
            serde_json::from_slice(key).unwrap_or_else(|_| String::from_utf8_lossy(unquoted(key)).into())
        }
        _ => String::from_utf8_lossy(key).into_owned(),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && key.chars().all(plain) {
        return key;
    }
    let mut quoted = "\"".to_owned();
    for c in key.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.extend(c.escape_unicode()),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
