//! An input, taken from its front.

/// What is left of an input. Where nothing is left, numbers are 0.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// So many bytes, or what there is.
    pub(super) fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.take(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    pub(super) fn u8(&mut self) -> u8 {
        u8::from_be_bytes(self.array())
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.array())
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::from_be_bytes(self.array())
    }

    /// Bytes behind their length in two bytes.
    pub(super) fn piece(&mut self) -> &'a [u8] {
        let len = self.u16();
        self.take(len.into())
    }

    /// Cuts all that is left where the lengths say, over and over.
    pub(super) fn cut(self, lens: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = self;
        let mut lens = lens.iter().cycle();
        std::iter::from_fn(move || {
            let len = lens.next().map_or(1, |len| usize::from(*len).max(1));
            (!rest.is_empty()).then(|| rest.take(len))
        })
    }
}
