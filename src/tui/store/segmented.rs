//! A list that grows without moving what it holds.

/// Items of one segment.
const SEGMENT: usize = 1 << 10;

/// A list in segments: adding to it never copies more than one segment, however long it is, so that no
/// frame waits for it; and no more than one segment is partly empty.
#[derive(Clone, Debug)]
pub struct Segmented<T> {
    segments: Vec<Vec<T>>,
}

impl<T> Default for Segmented<T> {
    fn default() -> Self {
        Self { segments: Vec::new() }
    }
}

impl<T> Segmented<T> {
    /// Adds an item at the end.
    pub(super) fn push(&mut self, item: T) {
        match self.segments.last_mut() {
            Some(last) if last.len() < SEGMENT => last.push(item),
            // Most connections have few messages: the first segment grows.
            None => self.segments.push(vec![item]),
            Some(_) => {
                let mut segment = Vec::with_capacity(SEGMENT);
                segment.push(item);
                self.segments.push(segment);
            }
        }
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.segments.last().map_or(0, |last| (self.segments.len() - 1) * SEGMENT + last.len())
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// An item by its place, from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&T> {
        self.segments.get(index / SEGMENT)?.get(index % SEGMENT)
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.segments.get_mut(index / SEGMENT)?.get_mut(index % SEGMENT)
    }

    /// The items in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.segments.iter().flatten()
    }

    /// Bytes allocated, without what items own.
    pub(super) fn bytes(&self) -> usize {
        let items: usize = self.segments.iter().map(Vec::capacity).sum();
        self.segments.capacity() * size_of::<Vec<T>>() + items * size_of::<T>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_list() {
        let mut list = Segmented::default();
        assert_eq!((list.len(), list.is_empty(), list.get(0)), (0, true, None));
        for n in 0..5 * SEGMENT / 2 {
            list.push(n);
            assert_eq!((list.len(), list.get(n), list.get(n + 1)), (n + 1, Some(&n), None));
        }
        assert!(list.iter().copied().eq(0..5 * SEGMENT / 2));
        if let Some(item) = list.get_mut(SEGMENT) {
            *item = 7;
        }
        assert_eq!(list.get(SEGMENT), Some(&7));
        assert!(list.bytes() < 3 * SEGMENT * size_of::<usize>() + 200);
    }
}
