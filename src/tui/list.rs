//! A cursor in a long list of which a window is shown.

/// Where a list stands: which item is under the cursor, and which is the first that is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scroll {
    /// The item under the cursor, from 0.
    pub cursor: usize,
    /// The first item shown.
    pub top: usize,
    /// How many were shown when it was drawn last.
    pub height: usize,
    /// How many there are.
    pub len: usize,
}

/// A way to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many items on; back where negative.
    By(isize),
    /// So many half pages.
    Halves(isize),
    /// To the first.
    First,
    /// To the last.
    Last,
}

impl Step {
    /// The step of an action, where it is one.
    #[must_use]
    pub const fn of(action: super::action::Action) -> Option<Self> {
        use super::action::Action as A;
        Some(match action {
            A::Down => Self::By(1),
            A::Up => Self::By(-1),
            A::HalfDown => Self::Halves(1),
            A::HalfUp => Self::Halves(-1),
            A::PageDown => Self::Halves(2),
            A::PageUp => Self::Halves(-2),
            A::Top => Self::First,
            A::Bottom => Self::Last,
            _ => return None,
        })
    }
}

impl Scroll {
    /// Fits to a list of `len` items, of which `height` are shown. The cursor stays in sight, on its screen row
    /// where that is possible.
    pub fn fit(&mut self, len: usize, height: usize) {
        self.len = len;
        self.cursor = self.cursor.min(len.saturating_sub(1));
        if self.height != height && self.height > 0 && height > 0 {
            let row = self.cursor.saturating_sub(self.top).min(height - 1);
            self.top = self.cursor.saturating_sub(row);
        }
        self.height = height;
        self.show();
    }

    /// Moves the cursor; the window follows.
    pub fn go(&mut self, step: Step) {
        let last = self.len.saturating_sub(1);
        self.cursor = match step {
            Step::By(by) => self.cursor.saturating_add_signed(by).min(last),
            Step::Halves(halves) => {
                let half = (self.height / 2).max(1) as isize;
                self.cursor.saturating_add_signed(half.saturating_mul(halves)).min(last)
            }
            Step::First => 0,
            Step::Last => last,
        };
        self.show();
    }

    /// Moves the window; the cursor stays in it.
    pub fn roll(&mut self, by: isize) {
        let lowest = self.len.saturating_sub(self.height.max(1));
        self.top = self.top.saturating_add_signed(by).min(lowest);
        let last = (self.top + self.height.max(1)).min(self.len).saturating_sub(1);
        self.cursor = self.cursor.clamp(self.top.min(last), last);
    }

    /// Puts the cursor on an item.
    pub fn select(&mut self, item: usize) {
        self.cursor = item.min(self.len.saturating_sub(1));
        self.show();
    }

    /// The items that are shown.
    #[must_use]
    pub fn window(&self) -> std::ops::Range<usize> {
        self.top..(self.top + self.height).min(self.len)
    }

    fn show(&mut self) {
        let height = self.height.max(1);
        self.top = self.top.min(self.cursor).max((self.cursor + 1).saturating_sub(height));
        // No empty rows below the last where there are items above.
        self.top = self.top.min(self.len.saturating_sub(height));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (-9isize..9).prop_map(Step::By),
            (-3isize..3).prop_map(Step::Halves),
            Just(Step::First),
            Just(Step::Last),
            Just(Step::By(isize::MIN)),
            Just(Step::By(isize::MAX)),
        ]
    }

    proptest! {
        #[test]
        fn the_cursor_is_in_sight(ops in proptest::collection::vec((0usize..40, 0usize..12, step(), -20isize..20, 0usize..50), 1..30)) {
            let mut scroll = Scroll::default();
            for (len, height, step, roll, item) in ops {
                scroll.fit(len, height);
                for n in 0..3 {
                    match n { 0 => scroll.go(step), 1 => scroll.roll(roll), _ => scroll.select(item) }
                    prop_assert!(scroll.cursor < len.max(1));
                    if height > 0 && len > 0 {
                        prop_assert!(scroll.window().contains(&scroll.cursor), "{scroll:?}");
                        prop_assert!(scroll.window().len() == height.min(len), "{scroll:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_resize_keeps_the_screen_row() {
        let mut scroll = Scroll::default();
        scroll.fit(100, 10);
        scroll.go(Step::By(50));
        scroll.roll(3);
        assert_eq!((scroll.cursor, scroll.top), (50, 44));
        scroll.fit(100, 20);
        assert_eq!((scroll.cursor, scroll.top), (50, 44));
        scroll.fit(100, 4);
        assert_eq!((scroll.cursor, scroll.top), (50, 47));
    }
}
