//! The last bytes of a direction's output, to which later messages refer (RFC 1951 section 3.2.3).

/// A ring of at most `window` bytes that takes memory only for what it has seen.
#[derive(Clone, Debug)]
pub(super) struct History {
    bytes: Vec<u8>,
    /// Where the oldest byte is, once the ring is full; 0 before.
    oldest: usize,
    window: usize,
}

impl History {
    pub(super) const fn new(window: usize) -> Self {
        Self { bytes: Vec::new(), oldest: 0, window }
    }

    pub(super) const fn allocated(&self) -> usize {
        self.bytes.capacity()
    }

    pub(super) const fn is_full(&self) -> bool {
        self.bytes.len() == self.window
    }

    pub(super) const fn window(&self) -> usize {
        self.window
    }

    /// The older part, then the newer one.
    pub(super) fn parts(&self) -> (&[u8], &[u8]) {
        let (newer, older) = self.bytes.split_at(self.oldest);
        (older, newer)
    }

    /// Appends `output` and forgets what is further back than the window.
    pub(super) fn push(&mut self, output: &[u8]) {
        let output = last(output, self.window);
        let room = self.window - self.bytes.len();
        let (growth, rest) = output.split_at(room.min(output.len()));
        self.grow(growth);
        let (before, from_oldest) = self.bytes.split_at_mut(self.oldest);
        let (ahead, wrapped) = rest.split_at(rest.len().min(from_oldest.len()));
        overwrite(from_oldest, ahead);
        overwrite(before, wrapped);
        if !rest.is_empty() {
            self.oldest = (self.oldest + rest.len()) % self.window;
        }
    }

    /// Doubles the memory from 1 KiB up: most directions never fill their window.
    fn grow(&mut self, growth: &[u8]) {
        let needed = self.bytes.len() + growth.len();
        if needed > self.bytes.capacity() {
            let target = needed.next_power_of_two().max(1 << 10).min(self.window);
            self.bytes.reserve_exact(target - self.bytes.len());
        }
        self.bytes.extend_from_slice(growth);
    }
}

/// The last `len` bytes of `bytes`, or all.
pub(super) fn last(bytes: &[u8], len: usize) -> &[u8] {
    bytes.get(bytes.len().saturating_sub(len)..).unwrap_or_default()
}

/// `with` is not longer than `place`.
fn overwrite(place: &mut [u8], with: &[u8]) {
    if let Some(place) = place.get_mut(..with.len()) {
        place.copy_from_slice(with);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keeps_the_last_bytes(
            window in 1_usize..300,
            pushes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 0..12),
        ) {
            let mut history = History::new(window);
            let mut all = Vec::new();
            for push in pushes {
                history.push(&push);
                all.extend(push);
                let (older, newer) = history.parts();
                prop_assert_eq!([older, newer].concat(), last(&all, window));
                prop_assert!(history.allocated() <= window);
                prop_assert_eq!(history.is_full(), all.len() >= window);
            }
        }
    }
}
