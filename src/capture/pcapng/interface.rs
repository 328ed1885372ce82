//! What a pcapng section says of an interface: link type, clock, dropped packets.
//!
//! Options are read one after another and not collected: a block may hold millions.

use crate::capture::source::LinkType;
use crate::time::Timestamp;

/// An interface of a section.
#[derive(Clone, Debug)]
pub(super) struct Interface {
    pub(super) link: LinkType,
    /// The most bytes captured of a packet, if there is such a limit.
    pub(super) snap_length: Option<u32>,
    unit: Unit,
    /// Nanoseconds to add to every time stamp.
    offset: i128,
    /// Packets dropped, as last told.
    dropped: u64,
}

/// The length of a time stamp's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// Nanoseconds in a unit.
    Nanos(u64),
    /// Units in a nanosecond.
    PerNano(u128),
    /// Units in a second, as a power of two.
    PowerOfTwo(u32),
}

impl Interface {
    pub(super) fn new<const BIG_ENDIAN: bool>(link: LinkType, snap_length: u32, options: &[u8]) -> Self {
        let resolution = value::<BIG_ENDIAN>(options, TIME_RESOLUTION).and_then(<[u8]>::first).copied();
        let offset = number::<BIG_ENDIAN>(options, TIME_OFFSET).unwrap_or(0).cast_signed();
        Self {
            link,
            snap_length: (snap_length != 0).then_some(snap_length),
            unit: Unit::of(resolution.unwrap_or(MICROSECONDS)),
            offset: i128::from(offset) * 1_000_000_000,
            dropped: 0,
        }
    }

    /// The time that a time stamp means; what is beyond the clock's range is clamped to it.
    #[inline]
    pub(super) fn time(&self, units: u64) -> Timestamp {
        if let Unit::Nanos(nanos) = self.unit
            && self.offset == 0
            && let Some(nanos) = units.checked_mul(nanos)
        {
            return Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX));
        }
        self.distant_time(units)
    }

    fn distant_time(&self, units: u64) -> Timestamp {
        let units = u128::from(units);
        let nanos = match self.unit {
            Unit::Nanos(nanos) => units * u128::from(nanos),
            Unit::PerNano(per_nano) => units / per_nano,
            Unit::PowerOfTwo(power) => (units * 1_000_000_000).checked_shr(power).unwrap_or(0),
        };
        // At most 2^64 · 10^9, which is far below 2^127.
        let nanos = nanos.cast_signed() + self.offset;
        Timestamp::from_nanos(nanos.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }

    /// How many packets more were dropped since the last statistics of this interface, which count
    /// from the start of the capture: by the interface, and by the operating system.
    pub(super) fn newly_dropped<const BIG_ENDIAN: bool>(&mut self, options: &[u8]) -> u64 {
        let count = |code| number::<BIG_ENDIAN>(options, code).filter(|count| *count < UNKNOWN).unwrap_or(0);
        let dropped = count(DROPPED_BY_INTERFACE).saturating_add(count(DROPPED_BY_SYSTEM));
        let more = dropped.saturating_sub(self.dropped);
        self.dropped = self.dropped.max(dropped);
        more
    }
}

impl Unit {
    /// From the value of `if_tsresol`.
    fn of(resolution: u8) -> Self {
        let power = u32::from(resolution & 0x7f);
        match (resolution & 0x80, power) {
            (0, 0..=9) => Self::Nanos(10_u64.pow(9 - power)),
            // No 64-bit count of units shorter than this amounts to a nanosecond.
            (0, _) => Self::PerNano(10_u128.pow((power - 9).min(20))),
            _ => Self::PowerOfTwo(power),
        }
    }
}

/// The value of the first option of a code, before the end of options.
fn value<const BIG_ENDIAN: bool>(mut options: &[u8], wanted: u16) -> Option<&[u8]> {
    let word = |bytes| if BIG_ENDIAN { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) };
    loop {
        let (&[a, b, c, d], rest) = options.split_first_chunk::<4>()?;
        let (code, len) = (word([a, b]), usize::from(word([c, d])));
        if code == wanted {
            return rest.get(..len);
        }
        if code == END_OF_OPTIONS {
            return None;
        }
        options = rest.get(len.next_multiple_of(4)..)?;
    }
}

/// The value of the first option of a code, if it is a number of 64 bits.
fn number<const BIG_ENDIAN: bool>(options: &[u8], code: u16) -> Option<u64> {
    let bytes = value::<BIG_ENDIAN>(options, code)?.try_into().ok()?;
    Some(if BIG_ENDIAN { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
}

const END_OF_OPTIONS: u16 = 0;
const TIME_RESOLUTION: u16 = 9;
const TIME_OFFSET: u16 = 14;
const DROPPED_BY_INTERFACE: u16 = 5;
const DROPPED_BY_SYSTEM: u16 = 7;
/// The time resolution where an interface names none.
const MICROSECONDS: u8 = 6;
/// What some writers put where they do not know a count.
const UNKNOWN: u64 = u64::MAX;
