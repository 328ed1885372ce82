//! Sizes and shares as people write them.

use std::fmt;
use std::str::FromStr;

/// How often something happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u32);

impl Rate {
    /// It does not happen.
    pub const NEVER: Self = Self(0);

    /// So many times of a million, at most always.
    #[must_use]
    pub const fn of_million(n: u32) -> Self {
        Self(if n > 1_000_000 { 1_000_000 } else { n })
    }

    /// So many times of a million.
    #[must_use]
    pub const fn per_million(self) -> u32 {
        self.0
    }
}

/// A text that is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AmountError(String);

impl FromStr for Rate {
    type Err = AmountError;

    /// `1%`, `0.25%`.
    fn from_str(text: &str) -> Result<Self, AmountError> {
        let digits = text.strip_suffix('%').map(str::trim_end);
        let percent =
            digits.filter(|digits| is_decimal(digits)).and_then(|digits| digits.parse::<f64>().ok());
        match percent {
            Some(percent) if percent <= 100.0 => Ok(Self((percent * 10_000.0).round() as u32)),
            Some(_) => Err(AmountError("at most 100% is possible".to_owned())),
            None if is_decimal(text) => Err(AmountError(format!("write the percent sign too: {text}%"))),
            None => Err(AmountError("write a percentage, such as 1% or 0.25%".to_owned())),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", f64::from(self.0) / 10_000.0)
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl FromStr for Size {
    type Err = AmountError;

    /// `64k`, `100M`, `1.5GB`: in units of 1,000.
    fn from_str(text: &str) -> Result<Self, AmountError> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (digits, unit) = text.split_at(end);
        let number = Some(digits).filter(|digits| is_decimal(digits)).and_then(|d| d.parse::<f64>().ok());
        let Some(number) = number else {
            return Err(AmountError("write a size, such as 100M".to_owned()));
        };
        let scale = match unit.trim().trim_end_matches(['B', 'b']).to_ascii_lowercase().as_str() {
            "k" => 1e3,
            "m" => 1e6,
            "g" => 1e9,
            "t" => 1e12,
            "" if unit.is_empty() => {
                return Err(AmountError(format!("a size needs a unit (k, M, G), such as {text}M")));
            }
            _ => return Err(AmountError(format!("`{unit}` is no unit: use k, M or G"))),
        };
        let bytes = number * scale;
        if (1.0..=1e15).contains(&bytes) {
            Ok(Self(bytes as u64))
        } else {
            Err(AmountError("write a size from 1k on".to_owned()))
        }
    }
}

/// Digits, perhaps with a point.
fn is_decimal(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && text.bytes().filter(|b| *b == b'.').count() < 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        let rate = |text: &str| text.parse::<Rate>().map(Rate::per_million).map_err(|e| e.to_string());
        assert_eq!(rate("1%"), Ok(10_000));
        assert_eq!(rate("0.25%"), Ok(2_500));
        assert_eq!(rate("100%"), Ok(1_000_000));
        assert_eq!(rate("0%"), Ok(0));
        assert_eq!(rate("5"), Err("write the percent sign too: 5%".to_owned()));
        assert_eq!(rate("101%"), Err("at most 100% is possible".to_owned()));
        for text in ["", "%", "-1%", "one%", "1.2.3%", "nan%", "1%%", "infinity%"] {
            assert_eq!(rate(text), Err("write a percentage, such as 1% or 0.25%".to_owned()), "{text}");
        }
        assert_eq!(Rate::of_million(2_500).to_string(), "0.25%");
    }

    #[test]
    fn sizes() {
        let size = |text: &str| text.parse::<Size>().map(|size| size.0).map_err(|e| e.to_string());
        assert_eq!(size("64k"), Ok(64_000));
        assert_eq!(size("100M"), Ok(100_000_000));
        assert_eq!(size("1.5GB"), Ok(1_500_000_000));
        assert_eq!(size("10 mb"), Ok(10_000_000));
        assert_eq!(size("100"), Err("a size needs a unit (k, M, G), such as 100M".to_owned()));
        assert_eq!(size("5x"), Err("`x` is no unit: use k, M or G".to_owned()));
        for text in ["", "M", "-1M", ".5M"] {
            assert_eq!(size(text), Err("write a size, such as 100M".to_owned()), "{text}");
        }
        assert_eq!(size("0k"), Err("write a size from 1k on".to_owned()));
        assert_eq!(size("99999999999999T"), Err("write a size from 1k on".to_owned()));
    }
}
