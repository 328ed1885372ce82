//! What one end of a connection sends before the other one does.

use std::ops::Range;

use crate::item::Dir;

/// Bytes in one direction.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    pub(super) dir: Dir,
    /// How long nothing was sent before, in nanoseconds.
    pub(super) pause: i64,
    pub(super) bytes: Vec<u8>,
    /// Where a segment ends although there would be room in it.
    pub(super) cuts: Vec<usize>,
    /// The data messages that end in it.
    pub(super) messages: Vec<Range<usize>>,
    /// Where one begins that does not.
    pub(super) unfinished: Option<usize>,
}

impl Default for Turn {
    fn default() -> Self {
        Self {
            dir: Dir::C2s,
            pause: 0,
            bytes: Vec::new(),
            cuts: Vec::new(),
            messages: Vec::new(),
            unfinished: None,
        }
    }
}

impl Turn {
    /// Begins anew.
    pub(super) fn begin(&mut self, dir: Dir, pause: i64) {
        (self.dir, self.pause) = (dir, pause);
        self.bytes.clear();
        self.cuts.clear();
        self.messages.clear();
        self.unfinished = None;
    }

    /// What follows goes into another segment.
    pub(super) fn cut(&mut self) {
        self.cuts.push(self.bytes.len());
    }
}
