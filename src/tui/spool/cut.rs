//! What is not there any more, for those who read the rest as if it were all.

use std::collections::HashMap;
use std::sync::Arc;

use crate::capture::places;
use crate::engine::Numbering;
use crate::event::ConnectionId;

/// Numbers of packets, a bit each.
#[derive(Clone, Debug, Default)]
pub(in crate::tui) struct Numbers {
    /// That of the first bit, a multiple of 64.
    first: u64,
    words: Vec<u64>,
}

impl Numbers {
    /// Of all packets that these places are of.
    pub(in crate::tui) fn of(flows: &[Vec<u8>]) -> Self {
        let all = || flows.iter().flat_map(|places| places::read(places)).map(|packet| packet.number);
        let mut numbers = Self { first: all().min().unwrap_or(0) & !63, words: Vec::new() };
        all().for_each(|number| numbers.add(number));
        numbers
    }

    /// Adds a number that is not before the first.
    fn add(&mut self, number: u64) {
        let Some(at) = number.checked_sub(self.first) else { return };
        let word = (at / 64) as usize;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            *word |= 1 << (at % 64);
        }
    }

    pub(in crate::tui) fn contain(&self, number: u64) -> bool {
        let Some(at) = number.checked_sub(self.first) else { return false };
        self.words.get((at / 64) as usize).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// All of both, but for what is before `first`.
    fn joined(&self, other: &Self, first: u64) -> Self {
        let first = first & !63;
        let mut joined = Self { first, words: Vec::new() };
        for numbers in [self, other] {
            for (word, bits) in (numbers.first / 64..).zip(&numbers.words) {
                let Some(at) = word.checked_sub(first / 64) else { continue };
                if joined.words.len() <= at as usize {
                    joined.words.resize(at as usize + 1, 0);
                }
                if let Some(word) = joined.words.get_mut(at as usize) {
                    *word |= bits;
                }
            }
        }
        joined
    }
}

/// What went, as it was at some moment.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Cut {
    /// Packets that are not read, though some are still there.
    pub(super) gone: Numbers,
    /// The numbers of the connections that are left, and of those to come.
    pub(in crate::tui) numbering: Arc<Numbering>,
}

impl Cut {
    /// More went: the packets of these places; of the spool, the first packet is `first`. `left`: the connections that are left;
    /// `next`: the number of the next.
    pub(super) fn more(
        before: Option<&Self>,
        went: &[Vec<u8>],
        first: u64,
        left: HashMap<ConnectionId, u32>,
        next: u32,
    ) -> Self {
        let none = Numbers::default();
        let gone = before.map_or(&none, |cut| &cut.gone).joined(&Numbers::of(went), first);
        Self { gone, numbering: Arc::new(Numbering { known: left, next }) }
    }
}
