//! What is selected for output: types of records, and connections by number.

use std::ops::RangeInclusive;
use std::str::FromStr;

/// Which types of records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordTypes {
    /// What was read, and by what.
    pub capture: bool,
    /// Each connection's begin.
    pub connection: bool,
    /// Each frame.
    pub frame: bool,
    /// Each message.
    pub message: bool,
    /// Each finding.
    pub finding: bool,
    /// Each connection's end.
    pub end: bool,
    /// The totals.
    pub summary: bool,
}

impl RecordTypes {
    /// No type.
    pub const NONE: Self = Self {
        capture: false,
        connection: false,
        frame: false,
        message: false,
        finding: false,
        end: false,
        summary: false,
    };
    /// The names, in the order in which records appear.
    pub const NAMES: [&str; 7] = ["capture", "connection", "frame", "message", "finding", "end", "summary"];
}

impl Default for RecordTypes {
    /// Everything but frames.
    fn default() -> Self {
        Self {
            capture: true,
            connection: true,
            frame: false,
            message: true,
            finding: true,
            end: true,
            summary: true,
        }
    }
}

impl FromStr for RecordTypes {
    type Err = String;

    /// Names separated by commas; `all` for every type.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut types = Self::NONE;
        for name in text.split(',') {
            match name {
                "capture" => types.capture = true,
                "connection" => types.connection = true,
                "frame" => types.frame = true,
                "message" => types.message = true,
                "finding" => types.finding = true,
                "end" => types.end = true,
                "summary" => types.summary = true,
                "all" => types = Self { frame: true, ..Self::default() },
                _ => return Err(format!("`{name}` is none of {}, all", Self::NAMES.join(", "))),
            }
        }
        Ok(types)
    }
}

/// A choice of connections by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection(Vec<RangeInclusive<u32>>);

impl Selection {
    /// All connections; what [`Selection::default`] gives too.
    pub const ALL: Self = Self(Vec::new());

    /// All connections are selected.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// The connection is selected.
    #[inline]
    #[must_use]
    pub fn contains(&self, conn: u32) -> bool {
        self.0.is_empty() || self.0.iter().any(|range| range.contains(&conn))
    }
}

impl FromStr for Selection {
    type Err = String;

    /// `3`, `1,4-6`, `10-`.
    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',').map(range).collect::<Option<_>>().map(Self).ok_or_else(|| {
            format!("`{text}` is no list of connections; write numbers and ranges: 3 or 1,4-6 or 10-")
        })
    }
}

fn range(part: &str) -> Option<RangeInclusive<u32>> {
    let number = |text: &str| text.parse::<u32>().ok().filter(|&number| number > 0);
    let (first, last) = match part.trim().split_once('-') {
        None => (number(part.trim())?, number(part.trim())?),
        Some((first, "")) => (number(first)?, u32::MAX),
        Some((first, last)) => (number(first)?, number(last)?),
    };
    (first <= last).then_some(first..=last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selections() {
        let selection: Selection = "1, 4-6,10-".parse().unwrap();
        let chosen: Vec<u32> = (0..13).filter(|&conn| selection.contains(conn)).collect();
        assert_eq!(chosen, [1, 4, 5, 6, 10, 11, 12]);
        assert!(Selection::ALL.contains(7));
        for bad in ["", "0", "a", "3-1", "-3", "1,,2"] {
            assert!(bad.parse::<Selection>().is_err(), "{bad}");
        }
    }

    #[test]
    fn types() {
        assert_eq!("message".parse(), Ok(RecordTypes { message: true, ..RecordTypes::NONE }));
        assert!("all".parse::<RecordTypes>().unwrap().frame);
        assert!("messages".parse::<RecordTypes>().unwrap_err().contains("summary"));
    }
}
