//! Answers, a bit each.

/// A list of bits that grows at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    pub(super) fn push(&mut self, bit: bool) {
        if self.len.is_multiple_of(64) {
            self.words.push(0);
        }
        if let Some(word) = self.words.last_mut() {
            *word |= u64::from(bit) << (self.len % 64);
        }
        self.len += 1;
    }

    /// Sets a bit that may be behind the end: those before it that are not known are 0.
    pub(super) fn put(&mut self, at: usize, bit: bool) {
        self.fill(at + 1);
        if let Some(word) = self.words.get_mut(at / 64) {
            *word = *word & !(1 << (at % 64)) | u64::from(bit) << (at % 64);
        }
    }

    /// Makes it so long at least, with bits that are 0.
    pub(super) fn fill(&mut self, len: usize) {
        if len > self.len {
            self.words.resize(len.div_ceil(64), 0);
            self.len = len;
        }
    }

    pub(super) fn get(&self, at: usize) -> Option<bool> {
        let word = self.words.get(at / 64)?;
        (at < self.len).then_some(word >> (at % 64) & 1 == 1)
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The first bit that is set, from `at` on and before `end`.
    pub(super) fn next_set(&self, at: usize, end: usize) -> Option<usize> {
        let end = end.min(self.len);
        let mut at = at;
        while at < end {
            let rest = self.words.get(at / 64)? >> (at % 64);
            if rest != 0 {
                let found = at + rest.trailing_zeros() as usize;
                return (found < end).then_some(found);
            }
            at = (at / 64 + 1) * 64;
        }
        None
    }
}

impl Extend<bool> for Bits {
    fn extend<I: IntoIterator<Item = bool>>(&mut self, bits: I) {
        bits.into_iter().for_each(|bit| self.push(bit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_kept() {
        let mut bits = Bits::default();
        let expected: Vec<bool> = (0..200).map(|n| n % 7 == 3 || n == 191).collect();
        bits.extend(expected.iter().copied());
        assert_eq!(bits.len(), 200);
        assert_eq!((0..201).map_while(|n| bits.get(n)).collect::<Vec<_>>(), expected);
        let mut set = Vec::new();
        let mut at = 0;
        while let Some(found) = bits.next_set(at, 195) {
            set.push(found);
            at = found + 1;
        }
        assert_eq!(set, (0..195).filter(|n| expected[*n]).collect::<Vec<_>>());
    }
}
