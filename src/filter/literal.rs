//! Values as they are written: numbers with units, durations, times, addresses, bytes.

use std::fmt;
use std::net::IpAddr;

/// A number as JSON and jq know it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Int(i128),
    Float(f64),
}

impl Number {
    pub(super) const fn as_f64(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Float(float) => float,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(int) => int.fmt(f),
            // The exponent keeps it apart from whole numbers, and short.
            Self::Float(float) => write!(f, "{float:?}"),
        }
    }
}

/// A number with an optional unit of size: `5`, `-1.5`, `0x1f`, `64k`, `4KiB`, `1e9`.
pub(super) fn number(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        let plain = !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
        let int = i128::from(u64::from_str_radix(hex, 16).ok().filter(|_| plain)?);
        return Some(Number::Int(if negative { -int } else { int }));
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let split = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
    let (amount, unit) = digits.split_at(split);
    let Some(scale) = size_unit(unit) else {
        // What is left may be an exponent.
        let exponent = unit.strip_prefix(['e', 'E'])?;
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let plain = !exponent.is_empty() && exponent.bytes().all(|b| b.is_ascii_digit());
        let float: f64 = text.parse().ok().filter(|float: &f64| plain && float.is_finite())?;
        return Some(Number::Float(float));
    };
    let exact = scaled(amount, scale).and_then(|int| if negative { int.checked_neg() } else { Some(int) });
    match exact {
        Some(int) => Some(Number::Int(int)),
        None => {
            let float: f64 = amount.parse().ok()?;
            let float = float * scale as f64 * if negative { -1.0 } else { 1.0 };
            float.is_finite().then_some(Number::Float(float))
        }
    }
}

const fn size_unit(unit: &str) -> Option<i128> {
    Some(match unit.as_bytes() {
        b"" | b"B" => 1,
        b"k" | b"K" | b"kB" | b"KB" => 1_000,
        b"M" | b"MB" => 1_000_000,
        b"G" | b"GB" => 1_000_000_000,
        b"T" | b"TB" => 1_000_000_000_000,
        b"Ki" | b"KiB" => 1 << 10,
        b"Mi" | b"MiB" => 1 << 20,
        b"Gi" | b"GiB" => 1 << 30,
        b"Ti" | b"TiB" => 1 << 40,
        _ => return None,
    })
}

/// A decimal number times `scale`, where that is a whole number.
fn scaled(amount: &str, scale: i128) -> Option<i128> {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    if whole.is_empty() && fraction.is_empty() || whole.len() + fraction.len() > 24 {
        return None;
    }
    let digits: i128 = format!("0{whole}{fraction}").parse().ok()?;
    let divisor = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let value = digits.checked_mul(scale)?;
    (value % divisor == 0).then_some(value / divisor)
}

/// A duration in nanoseconds; without a unit, in seconds.
#[must_use]
pub fn span(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let split = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
    let (amount, unit) = digits.split_at(split);
    let scale = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" | "" => 1_000_000_000,
        "m" | "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let nanos = i64::try_from(scaled(amount, scale)?).ok()?;
    Some(if negative { -nanos } else { nanos })
}

/// A span as it is written: in the largest unit that leaves it whole.
pub(super) fn write_span(nanos: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns")];
    let (scale, unit) = units.into_iter().find(|(scale, _)| nanos % scale == 0).unwrap_or((1, "ns"));
    write!(f, "{}{unit}", nanos / scale)
}

/// A time: on a day, in nanoseconds since 1970; or of any day, since midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// On a day.
    At(i64),
    /// Since midnight.
    OfDay(i64),
}

/// `2026-11-20T10:00:05.5Z` (RFC 3339; the offset may be missing, which means UTC), `2026-11-20`, or
/// `10:00:05.5`.
#[must_use]
pub fn time(text: &str) -> Option<Time> {
    if text.get(4..5) != Some("-") {
        return of_day(text).map(Time::OfDay);
    }
    let (date, rest) = text.split_at_checked(10)?;
    let mut parts = date.splitn(3, '-').map(|part| digits(part, 2..=4));
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let days = days_of(year, month, day)?;
    let clock = match rest.strip_prefix(['T', 't', ' ']) {
        None if rest.is_empty() => 0,
        None => return None,
        Some(clock) => {
            let (clock, offset) = match clock.strip_suffix(['Z', 'z']) {
                Some(clock) => (clock, 0),
                None => match clock.rfind(['+', '-']) {
                    Some(at) => {
                        let (clock, offset) = clock.split_at(at);
                        let minutes = of_day(offset.get(1..)?)?;
                        (clock, if offset.starts_with('-') { -minutes } else { minutes })
                    }
                    None => (clock, 0),
                },
            };
            of_day(clock)? - offset
        }
    };
    days.checked_mul(NANOS_PER_DAY)?.checked_add(clock).map(Time::At)
}

/// `10:00`, `10:00:05`, `10:00:05.123456789`
fn of_day(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, ':');
    let hour = digits(parts.next()?, 2..=2).filter(|hour| *hour < 24)?;
    let minute = digits(parts.next()?, 2..=2).filter(|minute| *minute < 60)?;
    let nanos = match parts.next() {
        None => 0,
        Some(seconds) => {
            let (whole, _) = seconds.split_once('.').unwrap_or((seconds, ""));
            digits(whole, 2..=2).filter(|second| *second < 60)?;
            i64::try_from(scaled(seconds, 1_000_000_000)?).ok()?
        }
    };
    Some((hour * 60 + minute) * 60_000_000_000 + nanos)
}

fn digits(text: &str, len: std::ops::RangeInclusive<usize>) -> Option<i64> {
    let plain = len.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// Days since 1970-01-01 (Howard Hinnant's `days_from_civil`).
fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=longest).contains(&day) {
        return None;
    }
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

pub(super) const NANOS_PER_DAY: i64 = 86_400_000_000_000;

/// A time of day as it is written.
pub(super) fn write_of_day(nanos: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let seconds = nanos / 1_000_000_000;
    let fraction = format!("{:09}", nanos % 1_000_000_000);
    let fraction = fraction.trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    write!(f, "{:02}:{:02}:{:02}{dot}{fraction}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// A network: the addresses that begin with the same bits. IPv4 in its IPv6-mapped form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Net {
    first: u128,
    /// Bits that count, of 128.
    prefix: u8,
    v4: bool,
}

/// An address as a number; IPv4 in its IPv6-mapped form.
pub(super) fn bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

impl Net {
    /// `10.0.0.5`, `10.0.0.0/24`, `2001:db8::/32`. Bits behind the prefix are ignored.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            None => (text, None),
            Some((address, prefix)) => (address, Some(digits(prefix, 1..=3)?)),
        };
        let ip: IpAddr = address.parse().ok()?;
        let (width, v4) = if ip.is_ipv4() { (32, true) } else { (128, false) };
        let prefix = prefix.unwrap_or(width);
        let prefix = u8::try_from(prefix + 128 - width).ok().filter(|_| prefix <= width)?;
        let net = Self { first: 0, prefix, v4 };
        Some(Self { first: bits(ip) & net.mask(), ..net })
    }

    fn mask(self) -> u128 {
        u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0)
    }

    /// The address, as [`bits`] has it, is in the network.
    pub(super) fn contains(self, address: u128) -> bool {
        address & self.mask() == self.first
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ip = std::net::Ipv6Addr::from_bits(self.first);
        let (ip, spare) = match ip.to_ipv4_mapped().filter(|_| self.v4) {
            Some(v4) => (IpAddr::V4(v4), 96),
            None => (IpAddr::V6(ip), 0),
        };
        write!(f, "{ip}")?;
        if self.prefix < 128 { write!(f, "/{}", self.prefix - spare) } else { Ok(()) }
    }
}

/// Bytes: `1f:8b` (at least two) or `0x1f8b`.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    let pair = |pair: &str| {
        let plain = pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
        u8::from_str_radix(pair, 16).ok().filter(|_| plain)
    };
    if let Some(hex) = text.strip_prefix("0x") {
        if hex.is_empty() || !hex.len().is_multiple_of(2) || !hex.is_ascii() {
            return None;
        }
        return (0..hex.len()).step_by(2).map(|at| pair(hex.get(at..at + 2)?)).collect();
    }
    if text.contains(':') { text.split(':').map(pair).collect() } else { None }
}

/// Bytes as they are written.
pub(super) fn write_bytes(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("0x")?;
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, expected) in [
            ("5", 5),
            ("-7", -7),
            ("0x1F", 31),
            ("64k", 64_000),
            ("4KiB", 4_096),
            ("1.5k", 1_500),
            ("1.5Mi", 1_572_864),
            ("2GB", 2_000_000_000),
            ("18446744073709551615", 18_446_744_073_709_551_615),
        ] {
            assert_eq!(number(text), Some(Number::Int(expected)), "{text}");
        }
        assert_eq!(number("0.25"), Some(Number::Float(0.25)));
        assert_eq!(number("-1e3"), Some(Number::Float(-1000.0)));
        for text in
            ["", "k", "5x", "0x", "0xg", "1e", "e5", "1.2.3", "--5", "nan", "inf", "1e999", ".", "1_0"]
        {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn spans() {
        for (text, expected) in [
            ("100ms", 100_000_000),
            ("1.5s", 1_500_000_000),
            ("2m", 120_000_000_000),
            ("1h", 3_600_000_000_000),
            ("7us", 7_000),
            ("7µs", 7_000),
            ("3ns", 3),
            ("0.1", 100_000_000),
            ("-2s", -2_000_000_000),
        ] {
            assert_eq!(span(text), Some(expected), "{text}");
        }
        for text in ["", "s", "5y", "1.5ns", "1 s", "99999999999h"] {
            assert_eq!(span(text), None, "{text}");
        }
    }

    #[test]
    fn times() {
        let at = 1_795_168_805_500_000_000;
        for text in ["2026-11-20T10:00:05.5Z", "2026-11-20 10:00:05.5", "2026-11-20T11:00:05.5+01:00"] {
            assert_eq!(time(text), Some(Time::At(at)), "{text}");
        }
        assert_eq!(time("2026-11-20"), Some(Time::At(1_795_132_800_000_000_000)));
        assert_eq!(time("10:00:05.5"), Some(Time::OfDay(36_005_500_000_000)));
        assert_eq!(time("10:00"), Some(Time::OfDay(36_000_000_000_000)));
        for text in [
            "",
            "10",
            "25:00",
            "10:61",
            "2026-13-01",
            "2026-02-29",
            "2026-11-20x",
            "10:00:00:00",
            "2026-11-20T",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn days_agree_with_jiff() {
        for (year, month, day) in
            [(1970, 1, 1), (2000, 2, 29), (1969, 12, 31), (2026, 11, 21), (2100, 3, 1), (1700, 1, 1)]
        {
            let date = jiff::civil::date(year, month, day).to_zoned(jiff::tz::TimeZone::UTC).unwrap();
            assert_eq!(
                days_of(year.into(), month.into(), day.into()),
                Some(date.timestamp().as_second().div_euclid(86_400))
            );
        }
    }

    #[test]
    fn networks() {
        let holds = |net: &str, ip: &str| Net::parse(net).unwrap().contains(bits(ip.parse().unwrap()));
        assert!(holds("10.0.0.0/24", "10.0.0.255") && !holds("10.0.0.0/24", "10.0.1.0"));
        assert!(holds("10.0.0.5", "10.0.0.5") && !holds("10.0.0.5", "10.0.0.4"));
        assert!(holds("0.0.0.0/0", "1.2.3.4") && !holds("0.0.0.0/0", "2001:db8::1"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1") && holds("::/0", "1.2.3.4"));
        assert!(holds("::ffff:10.0.0.5", "10.0.0.5"));
        for text in ["10.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/x", "host"] {
            assert_eq!(Net::parse(text), None, "{text}");
        }
        assert_eq!(Net::parse("10.0.0.77/24").unwrap().to_string(), "10.0.0.0/24");
        assert_eq!(Net::parse("::1").unwrap().to_string(), "::1");
        assert_eq!(Net::parse("0.0.0.0/0").unwrap().to_string(), "0.0.0.0/0");
    }

    #[test]
    fn byte_strings() {
        assert_eq!(bytes("1f:8b"), Some(vec![0x1f, 0x8b]));
        assert_eq!(bytes("0x1f8b"), Some(vec![0x1f, 0x8b]));
        for text in ["", "0x", "0x1", "1f", "1f:8", "1f:8b:", "zz:zz", "0xé"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
