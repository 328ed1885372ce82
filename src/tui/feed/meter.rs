//! How many messages come in a second.

use std::collections::VecDeque;
use std::time::Duration;

/// The time over which the average is taken.
const SPAN: Duration = Duration::from_secs(3);

/// What comes within this time is counted together.
const BIN: Duration = Duration::from_millis(100);

/// Counts what comes, by the time since any fixed moment.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// When a bin began, and what came in it.
    bins: VecDeque<(Duration, u64)>,
}

impl Meter {
    /// So many came.
    pub(super) fn add(&mut self, now: Duration, count: u64) {
        match self.bins.back_mut() {
            Some((began, sum)) if now.saturating_sub(*began) < BIN => *sum += count,
            _ if count > 0 => self.bins.push_back((now, count)),
            _ => {}
        }
        self.forget(now);
    }

    /// How many come in a second.
    pub(super) fn rate(&mut self, now: Duration) -> u64 {
        self.forget(now);
        // In the beginning, there was less time.
        let span = SPAN.min(now).max(Duration::from_secs(1));
        let sum: u64 = self.bins.iter().map(|(_, count)| count).sum();
        (u128::from(sum) * 1_000).div_ceil(span.as_millis()) as u64
    }

    fn forget(&mut self, now: Duration) {
        while self.bins.front().is_some_and(|(began, _)| now.saturating_sub(*began) >= SPAN) {
            self.bins.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_over_the_last_seconds() {
        let ms = Duration::from_millis;
        let mut meter = Meter::default();
        assert_eq!(meter.rate(ms(0)), 0);
        meter.add(ms(200), 50);
        assert_eq!(meter.rate(ms(300)), 50, "never more than came");
        meter.add(ms(250), 10);
        meter.add(ms(1_900), 40);
        assert_eq!(meter.bins.len(), 2);
        assert_eq!(meter.rate(ms(2_000)), 50);
        assert_eq!(meter.rate(ms(3_100)), 34, "one of three is still something");
        assert_eq!(meter.rate(ms(3_200)), 14);
        assert_eq!(meter.rate(ms(4_900)), 0);
        for n in 0..100_000 {
            meter.add(ms(5_000 + n), 1);
        }
        assert!(meter.bins.len() <= 30);
        assert!((990..=1_010).contains(&meter.rate(ms(105_000))));
    }
}
