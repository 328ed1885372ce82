//! Times as lists show them.

use crate::time::{Delay, Timestamp};

/// How times are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeFormat {
    /// Seconds since the capture's first packet of a connection.
    #[default]
    Relative,
    /// Since the row before.
    Delta,
    /// The time of day, UTC.
    Clock,
    /// With the date, UTC.
    Date,
}

impl TimeFormat {
    /// The next one.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Relative => Self::Delta,
            Self::Delta => Self::Clock,
            Self::Clock => Self::Date,
            Self::Date => Self::Relative,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Relative => "relative",
            Self::Delta => "delta",
            Self::Clock => "clock",
            Self::Date => "date",
        }
    }

    /// The format of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Relative, Self::Delta, Self::Clock, Self::Date]
            .into_iter()
            .find(|format| format.name() == name)
    }

    /// The widest that a time in this format gets, in columns, short of extremes.
    #[must_use]
    pub const fn width(self) -> u16 {
        match self {
            Self::Relative | Self::Delta => 11,
            Self::Clock => 12,
            Self::Date => 23,
        }
    }

    /// Writes a time; `origin` is the capture's first, `before` the time of the row before.
    #[must_use]
    pub fn write(self, time: Timestamp, origin: Option<Timestamp>, before: Option<Timestamp>) -> String {
        match self {
            Self::Relative => seconds(time.since(origin.unwrap_or(time))),
            Self::Delta => match before {
                Some(before) if time.since(before) >= 0 => format!("+{}", Delay(time.since(before))),
                Some(before) => format!("-{}", Delay(time.since(before).saturating_neg())),
                None => String::new(),
            },
            Self::Clock => time.to_string().get(11..23).unwrap_or_default().to_owned(),
            Self::Date => time.to_string().get(..23).unwrap_or_default().replace('T', " "),
        }
    }
}

/// Nanoseconds as seconds with microseconds.
fn seconds(nanos: i64) -> String {
    let (sign, micros) = (if nanos < 0 { "-" } else { "" }, nanos.unsigned_abs() / 1000);
    format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written() {
        let at = |nanos| Timestamp::from_nanos(nanos);
        let time = at(1_700_000_005_104_200_000);
        let (origin, before) = (Some(at(1_700_000_000_000_000_000)), Some(at(1_700_000_005_000_000_000)));
        for (format, written) in [
            (TimeFormat::Relative, "5.104200"),
            (TimeFormat::Delta, "+104 ms"),
            (TimeFormat::Clock, "22:13:25.104"),
            (TimeFormat::Date, "2023-11-14 22:13:25.104"),
        ] {
            assert_eq!(format.write(time, origin, before), written);
            assert!(written.len() <= usize::from(format.width()));
            assert_eq!(TimeFormat::named(format.name()), Some(format));
        }
        assert_eq!(TimeFormat::Relative.write(at(0), Some(at(1_500_000)), None), "-0.001500");
        assert_eq!(TimeFormat::Delta.write(at(0), None, Some(at(2_000_000))), "-2.0 ms");
    }
}
