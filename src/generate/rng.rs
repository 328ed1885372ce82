//! Random numbers, the same in every version for the same seed.
//!
//! The generator is PCG XSL 128/64 of `rand_pcg`, which is an algorithm with a name and reference values.
//! `fastrand` changed its numbers within version 2, and what `rand` makes of a generator's bits (ranges,
//! chances) may change with its versions, so these few lines are our own.

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::Rng as _;

use super::amount::Rate;

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub(super) struct Rng(Pcg64Mcg);

impl Rng {
    /// One of the streams of a seed; they have nothing to do with one another.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let high = mixed(seed ^ mixed(stream.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let low = mixed(high ^ stream);
        let mut rng = Self(Pcg64Mcg::new(u128::from(high) << 64 | u128::from(low)));
        // The first number of a multiplicative generator still shows its state.
        rng.u64();
        rng
    }

    #[inline]
    pub(super) fn u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// From 0 to `n`, that excluded; 0 where `n` is.
    #[inline]
    pub(super) fn below(&mut self, n: u64) -> u64 {
        // The high half of the product: biased by less than n / 2^64.
        ((u128::from(self.u64()) * u128::from(n)) >> 64) as u64
    }

    /// From `low` to `high`, both included.
    #[inline]
    pub(super) fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// As [`Self::range`], for sizes.
    #[inline]
    pub(super) fn size(&mut self, low: usize, high: usize) -> usize {
        self.range(low as u64, high as u64) as usize
    }

    /// Nanoseconds from `low` to `high`.
    #[inline]
    pub(super) fn nanos(&mut self, low: i64, high: i64) -> i64 {
        self.range(low.max(0) as u64, high.max(0) as u64) as i64
    }

    /// It happens, so often.
    #[inline]
    pub(super) fn chance(&mut self, rate: Rate) -> bool {
        rate != Rate::NEVER && self.below(1_000_000) < u64::from(rate.per_million())
    }

    /// It happens `n` times of a hundred.
    #[inline]
    pub(super) fn percent(&mut self, n: u64) -> bool {
        self.below(100) < n
    }

    /// One of them.
    #[inline]
    pub(super) fn pick<T: Copy, const N: usize>(&mut self, from: &[T; N]) -> T {
        const { assert!(N > 0, "nothing to pick from") };
        let chosen = self.below(N as u64) as usize;
        from.get(chosen).copied().unwrap_or(from[0])
    }

    /// Appends so many bytes.
    pub(super) fn fill(&mut self, out: &mut Vec<u8>, len: usize) {
        let end = out.len() + len;
        out.reserve(len + 8);
        while out.len() < end {
            out.extend_from_slice(&self.u64().to_le_bytes());
        }
        out.truncate(end);
    }

    /// A masking key. None is zero, which is a fault (F015) where it comes twice.
    pub(super) fn key(&mut self) -> [u8; 4] {
        (self.u64() as u32).max(1).to_be_bytes()
    }
}

/// The finaliser of splitmix64: near seeds give far streams.
const fn mixed(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ n >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is checked in depends on these numbers.
    #[test]
    fn the_numbers_do_not_change() {
        let mut rng = Rng::new(1, 0);
        assert_eq!([rng.u64(), rng.u64(), rng.below(1_000), rng.below(1_000)], NUMBERS);
        assert_ne!(Rng::new(1, 1).u64(), Rng::new(1, 0).u64());
        assert_ne!(Rng::new(2, 0).u64(), Rng::new(1, 0).u64());
    }

    const NUMBERS: [u64; 4] = [8_015_842_241_584_699_969, 18_149_148_559_098_712_808, 492, 862];

    #[test]
    fn ranges_hold() {
        let mut rng = Rng::new(7, 7);
        let drawn: Vec<u64> = (0..1_000).map(|_| rng.range(3, 5)).collect();
        assert!((3..=5).all(|n| drawn.contains(&n)) && drawn.iter().all(|n| (3..=5).contains(n)));
        assert_eq!((rng.below(0), rng.range(9, 9)), (0, 9));
        let half = (0..10_000).filter(|_| rng.chance("50%".parse().unwrap())).count();
        assert!((4_500..5_500).contains(&half), "{half}");
        assert!(!(0..1_000).any(|_| rng.chance(Rate::NEVER)));
        let mut bytes = vec![9];
        rng.fill(&mut bytes, 13);
        assert_eq!((bytes.len(), bytes[0]), (14, 9));
    }
}
