//! Capture time: the only clock that the engine knows.

use std::fmt;

/// Nanoseconds since 1970-01-01T00:00:00Z, as the capture says.
///
/// Covers the years 1678 to 2262; a reader clamps what a hostile file gives beyond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From nanoseconds since 1970.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Nanoseconds from `earlier` to `self`; negative where the capture's clock went back.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Writes RFC 3339 in UTC with nanoseconds (`2026-11-20T10:00:00.000000000Z`), 30 bytes.
    pub fn write_rfc3339(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.rfc3339());
    }

    fn rfc3339(self) -> [u8; 30] {
        let days = self.0.div_euclid(NANOS_PER_DAY);
        let nanos = self.0.rem_euclid(NANOS_PER_DAY);
        let (year, month, day) = civil_from_days(days);
        let seconds = nanos / 1_000_000_000;
        let mut text = *b"0000-00-00T00:00:00.000000000Z";
        put(&mut text[0..4], year);
        put(&mut text[5..7], month);
        put(&mut text[8..10], day);
        put(&mut text[11..13], seconds / 3600);
        put(&mut text[14..16], seconds / 60 % 60);
        put(&mut text[17..19], seconds % 60);
        put(&mut text[20..29], nanos % 1_000_000_000);
        text
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.rfc3339()).unwrap_or_default())
    }
}

/// A delay to read: `62 µs`, `0.8 ms`, `12 ms`, `1.29 s`, `31 s`, `4 min 05 s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay(pub i64);

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.max(0);
        match nanos {
            0..100_000 => write!(f, "{} µs", nanos / 1_000),
            100_000..9_950_000 => write!(f, "{:.1} ms", nanos as f64 / 1e6),
            9_950_000..999_500_000 => write!(f, "{:.0} ms", nanos as f64 / 1e6),
            999_500_000..9_995_000_000 => write!(f, "{:.2} s", nanos as f64 / 1e9),
            9_995_000_000..60_000_000_000 => write!(f, "{} s", nanos / 1_000_000_000),
            _ => write!(f, "{} min {:02} s", nanos / 60_000_000_000, nanos / 1_000_000_000 % 60),
        }
    }
}

/// A span of time in nanoseconds: `250ms`, `1s`, `5m`; a number without a unit is seconds.
///
/// # Errors
/// What is wrong with it, for people.
pub fn span(text: &str) -> Result<i64, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let scale = match unit {
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" | "" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return Err(format!("`{unit}` is no unit: use us, ms, s, m or h")),
    };
    let number: i64 = number.parse().map_err(|_| "expected a number with a unit, such as 1s".to_owned())?;
    number.checked_mul(scale).filter(|span| *span > 0).ok_or_else(|| "the span must be positive".to_owned())
}

const NANOS_PER_DAY: i64 = 86_400_000_000_000;

fn put(field: &mut [u8], mut value: i64) {
    for digit in field.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Days since 1970-01-01 to year, month, day (Howard Hinnant's `civil_from_days`).
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays() {
        let shown = |nanos: i64| Delay(nanos).to_string();
        assert_eq!(
            [-1, 800_000, 12_345_678, 1_290_000_000, 31_999_000_000, 245_000_000_000].map(shown),
            ["0 µs", "0.8 ms", "12 ms", "1.29 s", "31 s", "4 min 05 s"]
        );
    }

    #[test]
    fn spans() {
        assert_eq!(span("1s"), Ok(1_000_000_000));
        assert_eq!(span("250ms"), Ok(250_000_000));
        assert!(span("0s").is_err());
        assert!(span("5y").is_err());
        assert!(span("s").is_err());
    }

    #[test]
    fn rfc3339_agrees_with_jiff() {
        for nanos in [
            0,
            -1,
            1,
            951_782_400_000_000_000,
            1_700_000_000_123_456_789,
            1_709_164_799_999_999_999,
            4_102_444_800_000_000_000,
            i64::MAX,
            i64::MIN,
        ] {
            let expected = jiff::Timestamp::from_nanosecond(i128::from(nanos)).unwrap();
            assert_eq!(Timestamp::from_nanos(nanos).to_string(), format!("{expected:.9}"), "{nanos}");
        }
    }
}
