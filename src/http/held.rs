//! What was captured before it was clear whose it is, kept with its packets.

use crate::item::{At, Dir, Item, Missing};

/// A piece of a stream that came before the upgrade was certain, and belongs behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The direction that it belongs to.
    pub dir: Dir,
    /// Its packet.
    pub at: At,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Data(Vec<u8>),
    Gap { len: u64, why: Missing },
    End(crate::item::End),
}

impl Held {
    /// The piece as it is to be fed on.
    #[must_use]
    pub fn item(&self) -> Item<'_> {
        match &self.what {
            What::Data(bytes) => Item::Data(bytes),
            What::Gap { len, why } => Item::Gap { len: *len, why: *why },
            What::End(end) => Item::End(*end),
        }
    }

    pub(super) const fn end(dir: Dir, at: At, end: crate::item::End) -> Self {
        Self { dir, at, what: What::End(end) }
    }
}

/// The pieces of one direction, in one buffer: many small segments cost little more than their bytes.
#[derive(Debug, Default)]
pub(super) struct Hold {
    bytes: Vec<u8>,
    runs: Vec<Run>,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    at: At,
    len: u64,
    /// The run is a gap.
    missing: Option<Missing>,
}

impl Hold {
    pub(super) fn data(&mut self, data: &[u8], at: At) {
        if data.is_empty() {
            return;
        }
        self.bytes.extend_from_slice(data);
        match self.runs.last_mut() {
            Some(run) if run.at == at && run.missing.is_none() => run.len += data.len() as u64,
            _ => self.runs.push(Run { at, len: data.len() as u64, missing: None }),
        }
    }

    pub(super) fn gap(&mut self, len: u64, why: Missing, at: At) {
        match self.runs.last_mut() {
            Some(run) if run.missing == Some(why) => run.len = run.len.saturating_add(len),
            _ => self.runs.push(Run { at, len, missing: Some(why) }),
        }
    }

    /// Memory taken, about.
    pub(super) fn cost(&self) -> usize {
        self.bytes.len() + self.runs.len() * size_of::<Run>()
    }

    /// Bytes of data captured before this packet.
    pub(super) fn len_before(&self, packet: u64) -> u64 {
        let runs = self.runs.iter().filter(|run| run.missing.is_none() && run.at.packet < packet);
        runs.map(|run| run.len).sum()
    }

    /// The bytes, without what is missing between them.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The pieces, each as it is to be fed on.
    pub(super) fn into_pieces(self, dir: Dir) -> Vec<Held> {
        let mut rest = self.bytes.as_slice();
        let piece = |run: &Run| {
            let what = match run.missing {
                Some(why) => What::Gap { len: run.len, why },
                None => {
                    let len = usize::try_from(run.len).unwrap_or(usize::MAX);
                    let (data, behind) = rest.split_at_checked(len).unwrap_or((rest, &[]));
                    rest = behind;
                    What::Data(data.to_vec())
                }
            };
            Held { dir, at: run.at, what }
        };
        self.runs.iter().map(piece).collect()
    }
}
