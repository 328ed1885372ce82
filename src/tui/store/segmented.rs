//! A list that grows without moving what it holds, and from which items may go.

use std::collections::VecDeque;

/// Items of one segment.
const SEGMENT: usize = 1 << 10;

/// A list in segments: adding to it never copies more than one segment, however long it is, so that no
/// frame waits for it; and no more than one segment is partly empty.
///
/// An item keeps the place at which it was added, from 0, also when others go. `E` is what the items of a segment share.
#[derive(Clone, Debug)]
pub struct Segmented<T, E = ()> {
    segments: VecDeque<Segment<T, E>>,
    /// Segments before these of which nothing is left.
    gone: usize,
}

#[derive(Clone, Debug)]
struct Segment<T, E> {
    items: Vec<T>,
    /// Their places in the segment; `None` = none is missing.
    at: Option<Vec<u16>>,
    /// The place in the segment of the next item.
    end: usize,
    /// Items in the segments before it.
    before: usize,
    shared: E,
}

impl<T, E> Default for Segmented<T, E> {
    fn default() -> Self {
        Self { segments: VecDeque::new(), gone: 0 }
    }
}

impl<T, E> Segment<T, E> {
    /// The index of a place in the segment, or that of the next item.
    fn index(&self, place: usize) -> Result<usize, usize> {
        match &self.at {
            None if place < self.items.len() => Ok(place),
            None => Err(self.items.len()),
            Some(at) => at.binary_search(&(place as u16)),
        }
    }

    /// The place in the segment of an item.
    fn place(&self, index: usize) -> usize {
        self.at.as_ref().map_or(index, |at| at.get(index).map_or(SEGMENT, |at| usize::from(*at)))
    }
}

impl<T, E: Default> Segmented<T, E> {
    /// Adds an item at the end.
    pub(super) fn push(&mut self, item: T) {
        self.push_with(|_| item);
    }

    /// Adds what is made of what its segment shares. Returns whether it began a segment.
    pub(super) fn push_with(&mut self, make: impl FnOnce(&mut E) -> T) -> bool {
        let begins = self.segments.back().is_none_or(|last| last.end >= SEGMENT);
        if begins {
            // Most connections have few messages: the first segment grows.
            let first = self.segments.is_empty() && self.gone == 0;
            let room = if first { 1 } else { SEGMENT };
            if first {
                self.segments.reserve_exact(1);
            }
            let before = self.count();
            let (items, shared) = (Vec::with_capacity(room), E::default());
            self.segments.push_back(Segment { items, at: None, end: 0, before, shared });
        }
        if let Some(last) = self.segments.back_mut() {
            let item = make(&mut last.shared);
            last.items.push(item);
            if let Some(at) = &mut last.at {
                at.push(last.end as u16);
            }
            last.end += 1;
        }
        begins
    }

    /// How many items were added: the place of the next.
    #[must_use]
    pub fn len(&self) -> usize {
        let last = self.segments.back().map_or(0, |last| last.end);
        (self.gone + self.segments.len().saturating_sub(1)) * SEGMENT + last
    }

    /// How many items there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.segments.back().map_or(0, |last| last.before + last.items.len())
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    fn find(&self, place: usize) -> Option<(&Segment<T, E>, usize)> {
        let segment = self.segments.get((place / SEGMENT).checked_sub(self.gone)?)?;
        Some((segment, segment.index(place % SEGMENT).ok()?))
    }

    /// An item by its place; `None` where there is none, or it is gone.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&T> {
        let (segment, index) = self.find(place)?;
        segment.items.get(index)
    }

    /// An item by its place, and what its segment shares.
    pub(super) fn get_with(&self, place: usize) -> Option<(&T, &E)> {
        let (segment, index) = self.find(place)?;
        Some((segment.items.get(index)?, &segment.shared))
    }

    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        let segment = self.segments.get_mut((place / SEGMENT).checked_sub(self.gone)?)?;
        let index = segment.index(place % SEGMENT).ok()?;
        segment.items.get_mut(index)
    }

    /// The place of the item before which there are so many.
    #[must_use]
    pub fn nth(&self, index: usize) -> Option<usize> {
        let at = self.segments.partition_point(|segment| segment.before <= index).checked_sub(1)?;
        let segment = self.segments.get(at)?;
        let index = index - segment.before;
        (index < segment.items.len()).then(|| (self.gone + at) * SEGMENT + segment.place(index))
    }

    /// The place of the first item; where there is none, of the next.
    #[must_use]
    pub fn start(&self) -> usize {
        self.nth(0).unwrap_or_else(|| self.len())
    }

    /// How many items there are before a place.
    #[must_use]
    pub fn rank(&self, place: usize) -> usize {
        let Some(at) = (place / SEGMENT).checked_sub(self.gone) else { return 0 };
        self.segments.get(at).map_or(self.count(), |segment| {
            segment.before + segment.index(place % SEGMENT).unwrap_or_else(|next| next)
        })
    }

    /// The items from a place on, with their places.
    pub fn since(&self, place: usize) -> impl Iterator<Item = (usize, &T)> {
        self.since_with(place).map(|(place, item, _)| (place, item))
    }

    /// As [`Segmented::since`], with what their segments share.
    pub(super) fn since_with(&self, place: usize) -> impl Iterator<Item = (usize, &T, &E)> {
        let first = (place / SEGMENT).saturating_sub(self.gone).min(self.segments.len());
        (first..).zip(self.segments.range(first..)).flat_map(move |(at, segment)| {
            let start = (self.gone + at) * SEGMENT;
            let index = match place.checked_sub(start) {
                Some(place) => segment.index(place).unwrap_or_else(|next| next),
                None => 0,
            };
            let items = segment.items.get(index..).unwrap_or_default();
            (index..)
                .zip(items)
                .map(move |(index, item)| (start + segment.place(index), item, &segment.shared))
        })
    }

    /// The items in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.segments.iter().flat_map(|segment| &segment.items)
    }

    /// Lets go of items. `pack` is called for each segment that lost some, unless it lost all.
    pub(super) fn retain(
        &mut self,
        mut keep: impl FnMut(usize, &T) -> bool,
        mut pack: impl FnMut(&mut [T], &mut E),
    ) {
        let mut before = 0;
        for (n, segment) in self.segments.iter_mut().enumerate() {
            let start = (self.gone + n) * SEGMENT;
            let places: Vec<u16> =
                (0..segment.items.len()).map(|index| segment.place(index) as u16).collect();
            segment.before = before;
            let kept: Vec<bool> = (places.iter().zip(&segment.items))
                .map(|(at, item)| keep(start + usize::from(*at), item))
                .collect();
            if kept.contains(&false) {
                let mut left = kept.iter();
                segment.items.retain(|_| left.next().copied().unwrap_or(true));
                segment.items.shrink_to_fit();
                segment.at =
                    Some(places.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(at, _)| *at).collect());
                if segment.items.is_empty() {
                    segment.shared = E::default();
                } else {
                    pack(&mut segment.items, &mut segment.shared);
                }
            }
            before += segment.items.len();
        }
        while self.segments.len() > 1 && self.segments.front().is_some_and(|first| first.items.is_empty()) {
            self.segments.pop_front();
            self.gone += 1;
        }
    }

    /// Bytes allocated, without what items own.
    pub(super) fn bytes(&self) -> usize {
        let items: usize = self.segments.iter().map(|segment| segment.items.capacity()).sum();
        let holes: usize =
            self.segments.iter().filter_map(|segment| segment.at.as_ref()).map(Vec::capacity).sum();
        self.segments.capacity() * size_of::<Segment<T, E>>()
            + items * size_of::<T>()
            + holes * size_of::<u16>()
    }

    /// What segments share.
    pub(super) fn shared(&self) -> impl Iterator<Item = &E> {
        self.segments.iter().map(|segment| &segment.shared)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn is_a_list() {
        let mut list = Segmented::<usize>::default();
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
        assert!(list.bytes() < 3 * SEGMENT * size_of::<usize>() + 500);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(50))]

        #[test]
        fn items_that_stay_keep_their_places(rounds in prop::collection::vec((0..2_500_usize, 1..9_usize, any::<usize>()), 1..6)) {
            let mut list = Segmented::<usize>::default();
            let mut expected: Vec<usize> = Vec::new();
            let mut added = 0;
            for (more, every, before) in rounds {
                for _ in 0..more {
                    list.push(added);
                    expected.push(added);
                    added += 1;
                }
                let before = before % (added + 1);
                let keep = |place: usize| place >= before && place.is_multiple_of(every);
                list.retain(|place, item| { assert_eq!(place, *item); keep(place) }, |_, ()| {});
                expected.retain(|place| keep(*place));
                prop_assert_eq!((list.len(), list.count()), (added, expected.len()));
                prop_assert!(list.iter().eq(&expected));
                prop_assert!((0..=expected.len()).map_while(|n| list.nth(n)).eq(expected.iter().copied()));
                for place in (0..added + 2).step_by(97).chain([before]) {
                    let index = expected.partition_point(|other| *other < place);
                    prop_assert_eq!(list.rank(place), index);
                    let there = expected.get(index) == Some(&place);
                    prop_assert_eq!(list.get(place).copied(), there.then_some(place));
                    let rest: Vec<usize> = list.since(place).map(|(place, _)| place).collect();
                    prop_assert_eq!(&rest[..], &expected[index..]);
                }
            }
            // Of what is gone from the front, nothing is left.
            let first = expected.first().map_or(added.saturating_sub(1), |first| *first);
            prop_assert!(added == 0 || list.segments.len() <= added.div_ceil(SEGMENT) - first / SEGMENT);
        }
    }
}
