//! Sequence numbers: 32 bits that wrap, into signed distances.
//!
//! RFC 9293 section 3.4. Stream offsets are `u64` and count from the first byte after the SYN.

/// How far `seq` lies after `from`; negative where it lies before.
///
/// No sender goes back further than the largest window, so what is not within that distance behind
/// is ahead, however far: a capture may have lost more than 2 GiB.
#[inline]
pub(super) const fn distance(from: u32, seq: u32) -> i64 {
    let ahead = seq.wrapping_sub(from);
    if ahead > u32::MAX - LARGEST_WINDOW { ahead as i64 - (1 << 32) } else { ahead as i64 }
}

/// `offset + distance`, or `None` below 0.
#[inline]
pub(super) const fn moved(offset: u64, distance: i64) -> Option<u64> {
    offset.checked_add_signed(distance)
}

/// Bytes; RFC 7323 section 2.3.
const LARGEST_WINDOW: u32 = 1 << 30;

/// Bytes beyond all that was seen within which one segment or acknowledgement is believed without
/// another that confirms it.
pub(super) const REACH: u64 = 64 << 20;

/// Bytes that may plausibly have been under way when the capture started.
pub(super) const START_REACH: u64 = 64 << 10;

/// Bytes around what was seen within which an RST is believed (RFC 5961 section 3 wants the exact
/// number, but what the capture lost is unknown here, as is the window).
pub(super) const RESET_REACH: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_wrap() {
        for (from, seq, expected) in [
            (0, 0, 0),
            (0, 1, 1),
            (1, 0, -1),
            (u32::MAX, 0, 1),
            (0, u32::MAX, -1),
            (u32::MAX - 9, 10, 20),
            (10, u32::MAX - 9, -20),
            (0, 1 << 31, 1 << 31),
            (1 << 30, 0, -(1 << 30)),
            ((1 << 30) + 1, 0, (3 << 30) - 1),
        ] {
            assert_eq!(distance(from, seq), expected, "{from} {seq}");
        }
    }

    #[test]
    fn no_offset_below_zero() {
        assert_eq!(moved(5, -5), Some(0));
        assert_eq!(moved(5, -6), None);
        assert_eq!(moved(u64::MAX, 1), None);
    }
}
