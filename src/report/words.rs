//! Numbers, spans and sizes in words, the same in all that people read.

use crate::event::Summary;
use crate::item::Dir;
use crate::rules::Level;
use crate::time::Timestamp;
use crate::ws::fact::Fault;

/// A number with its figures in groups: `4,812`.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// So many of a thing: `1 frame`, `4,812 frames`. `one` is a noun whose plural ends in `s`.
pub(crate) fn count(how_many: u64, one: &str) -> String {
    format!("{} {one}{}", number(how_many), if how_many == 1 { "" } else { "s" })
}

/// The counts that are not 0, in a list: `2 errors, 1 note`; `none` where all are.
pub(crate) fn counts<const N: usize>(counted: [(u64, &str); N], none: &str) -> String {
    let parts: Vec<String> =
        counted.into_iter().filter(|(many, _)| *many > 0).map(|(many, one)| count(many, one)).collect();
    if parts.is_empty() { none.to_owned() } else { parts.join(", ") }
}

/// What the findings of errors, warnings and notes amount to.
pub(crate) fn findings([errors, warnings, notes]: [u64; 3]) -> String {
    counts([(errors, "error"), (warnings, "warning"), (notes, "note")], "no findings")
}

/// From one packet to another: `packet 4`, `packets 4 to 9`.
pub(crate) fn packets(first: u64, last: u64) -> String {
    if first == last { format!("packet {first}") } else { format!("packets {first} to {last}") }
}

/// A size to read: three figures and a unit of 1,000.
pub(crate) fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["", "k", "M", "G"] {
        if value < 999.5 {
            return match unit {
                "" => bytes.to_string(),
                _ if value < 9.95 => format!("{value:.1}{unit}"),
                _ => format!("{value:.0}{unit}"),
            };
        }
        value /= 1000.0;
    }
    format!("{value:.1}T")
}

/// A span to read, in two units at most: `423ms`, `1.29s`, `12s`, `4m05s`, `2h13m`, `3d04h`.
pub(crate) fn span(nanos: i64) -> String {
    let seconds = nanos.max(0) / 1_000_000_000;
    match seconds {
        0 if nanos < 1_000_000 => "<1ms".to_owned(),
        0 => format!("{}ms", nanos / 1_000_000),
        1..10 => format!("{:.2}s", nanos.max(0) as f64 / 1e9),
        10..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// The time of day, in UTC, to the microsecond.
pub(crate) fn clock(time: Timestamp) -> String {
    time.to_string().get(11..26).unwrap_or_default().to_owned()
}

/// The letter of a finding's level.
pub(crate) const fn sign(level: Level) -> &'static str {
    match level {
        Level::Error => "x",
        Level::Warning => "!",
        Level::Note => "i",
    }
}

/// An arrow away from a sender.
pub(crate) const fn arrow(dir: Dir) -> &'static str {
    match dir {
        Dir::C2s => "→",
        Dir::S2c => "←",
    }
}

/// Why a part is missing, in a few words.
pub(crate) const fn fault(fault: Fault) -> &'static str {
    match fault {
        Fault::Missing => "bytes missing from the capture",
        Fault::Unfinished => "unfinished",
        Fault::BrokenDeflate => "does not inflate",
        Fault::WindowExceeded => "refers back beyond the agreed window",
        Fault::ContextKept { .. } => "refers to an earlier message, against what was agreed",
        Fault::LostContext => "not decodable: earlier messages lost",
        Fault::InflateLimit => "inflates past the limit",
        Fault::TooLarge => "compressed form too large",
    }
}

/// What a capture without a WebSocket holds instead.
pub(crate) fn nothing_found(summary: &Summary) -> String {
    let carried = &summary.carried;
    let parts: Vec<String> = [
        (carried.tls, "TLS without keys"),
        (carried.http1, "HTTP/1 without an upgrade"),
        (carried.http2, "HTTP/2, which is not decoded yet"),
        (carried.other, "something else"),
        (carried.empty, "no data"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{} {what}", number(*count)))
    .collect();
    if summary.packets == 0 {
        "no WebSocket found: the capture holds no packets".to_owned()
    } else if parts.is_empty() {
        let none = if summary.packets == 1 { "and it is not TCP" } else { "none of them TCP" };
        format!("no WebSocket found: {}, {none}", count(summary.packets, "packet"))
    } else {
        let connections = count(summary.tcp_connections, "TCP connection");
        format!("no WebSocket found in {connections}: {}", parts.join(", "))
    }
}

/// Why a message is not complete.
pub(crate) const fn incomplete(fault: Fault) -> &'static str {
    match fault {
        Fault::Missing => "incomplete: bytes are missing from the capture",
        Fault::Unfinished => "incomplete: its final fragment never came",
        Fault::BrokenDeflate => "incomplete: it does not inflate",
        Fault::WindowExceeded => "incomplete: it refers back beyond the agreed window",
        Fault::ContextKept { .. } => "incomplete: it refers to an earlier message, against what was agreed",
        Fault::LostContext => {
            "not decodable without earlier messages, or a handshake, that the capture lacks"
        }
        Fault::InflateLimit => "incomplete: it inflates past the limit and was cut there",
        Fault::TooLarge => "not decodable: its compressed form is too large to collect",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular() {
        assert_eq!(
            [0, 1, 999, 1_000, 1_234_567].map(|n| count(n, "frame")),
            ["0 frames", "1 frame", "999 frames", "1,000 frames", "1,234,567 frames"]
        );
        assert_eq!(findings([0, 2, 1]), "2 warnings, 1 note");
        assert_eq!(findings([0; 3]), "no findings");
        assert_eq!((packets(4, 4), packets(4, 5)), ("packet 4".to_owned(), "packets 4 to 5".to_owned()));
    }

    #[test]
    fn sizes() {
        assert_eq!(
            [0, 999, 1_000, 9_949, 12_345, 999_499, 999_500, 5_000_000_000].map(size),
            ["0", "999", "1.0k", "9.9k", "12k", "999k", "1.0M", "5.0G"]
        );
    }

    #[test]
    fn spans() {
        let second = 1_000_000_000;
        assert_eq!(
            [
                -5,
                999_999,
                423_000_000,
                1_290_000_000,
                12 * second,
                245 * second,
                7_999 * second,
                273_601 * second
            ]
            .map(span),
            ["<1ms", "<1ms", "423ms", "1.29s", "12s", "4m05s", "2h13m", "3d04h"]
        );
    }
}
