//! IEEE 802.11 data frames, and the headers that captures put before them.
//!
//! Frames that are still encrypted are left alone: keys for WEP or WPA are not this program's business.

use super::layer::{Fate, Layer, Next, Peeled, skip, take};

/// Takes a radiotap header off (radiotap.org). Only its length and its flags matter here.
pub(super) fn radiotap(bytes: &[u8]) -> Peeled<'_> {
    const TSFT: u32 = 1 << 0;
    const FLAGS: u32 = 1 << 1;
    const EXTENDED: u32 = 1 << 31;
    const FCS: u8 = 0x10;
    const PADDED: u8 = 0x20;
    const BAD_FCS: u8 = 0x40;
    let (&[version, _, low, high, p0, p1, p2, p3], fields) = take::<8>(bytes)?;
    if version != 0 {
        return Err(Fate::Malformed);
    }
    let frame = skip(bytes, usize::from(u16::from_le_bytes([low, high])))?;
    let present = u32::from_le_bytes([p0, p1, p2, p3]);
    // More words of present bits may stand between the first and the fields.
    let mut position = 8;
    let (mut word, mut fields) = (present, fields);
    while word & EXTENDED != 0 {
        let (next, rest) = take::<4>(fields)?;
        (word, fields) = (u32::from_le_bytes(*next), rest);
        position += 4;
    }
    let flags = if present & FLAGS == 0 {
        0
    } else {
        // The time stamp before the flags has eight bytes, aligned to eight.
        let before = if present & TSFT == 0 { 0 } else { position % 8 + 8 };
        let (&[flags], _) = take::<1>(skip(fields, before)?)?;
        flags
    };
    if flags & BAD_FCS != 0 {
        // Received with errors: what it says is not what was said.
        return Err(Fate::Malformed);
    }
    let layer = match (flags & PADDED != 0, flags & FCS != 0) {
        (false, false) => Layer::Wifi,
        (false, true) => Layer::WifiFcs,
        (true, fcs) => Layer::WifiPadded { fcs },
    };
    Next::within(layer, frame)
}

/// Takes the header of the Prism driver off: a message of a length that it states.
pub(super) fn prism(bytes: &[u8]) -> Peeled<'_> {
    let (&[_, _, _, _, length @ ..], _) = take::<8>(bytes)?;
    // The AVS header (big-endian) is found under the same link type.
    let length = if bytes.first_chunk() == Some(&[0x80, 0x21, 0x10]) {
        u32::from_be_bytes(length)
    } else {
        u32::from_le_bytes(length)
    };
    Next::within(Layer::Wifi, skip(bytes, length as usize)?)
}

/// Takes the header of a data frame off (IEEE 802.11-2020 section 9.3.2). `padded` says that the
/// header is padded to a multiple of four bytes.
pub(super) fn frame(bytes: &[u8], padded: bool) -> Peeled<'_> {
    const DATA: u8 = 2;
    const NO_DATA: u8 = 0x40;
    const QOS: u8 = 0x80;
    const TO_DS: u8 = 0x01;
    const FROM_DS: u8 = 0x02;
    const PROTECTED: u8 = 0x40;
    const ORDER: u8 = 0x80;
    const AGGREGATE: u8 = 0x80;
    let (&[kind, flags], _) = take::<2>(bytes)?;
    if kind & 0x03 != 0 {
        return Err(Fate::Malformed);
    }
    if kind >> 2 & 3 != DATA || kind & NO_DATA != 0 {
        return Err(Fate::Other);
    }
    if flags & PROTECTED != 0 {
        return Err(Fate::Encrypted);
    }
    let mut length = 24;
    if flags & TO_DS != 0 && flags & FROM_DS != 0 {
        length += 6;
    }
    let mut aggregate = false;
    if kind & QOS != 0 {
        let (&[control, _], _) = take::<2>(skip(bytes, length)?)?;
        aggregate = control & AGGREGATE != 0;
        length += 2;
        if flags & ORDER != 0 {
            length += 4;
        }
    }
    if padded {
        length = length.next_multiple_of(4);
    }
    let layer = if aggregate { Layer::Aggregate } else { Layer::Llc };
    Next::within(layer, skip(bytes, length)?)
}

/// One subframe of an aggregate (IEEE 802.11-2020 section 9.3.2.2.2).
pub(super) struct Subframe<'a> {
    /// LLC and what follows, as far as it is there.
    pub(super) bytes: &'a [u8],
    /// How many of its bytes are not there.
    pub(super) missing: u32,
    /// The subframes after it.
    pub(super) rest: &'a [u8],
}

/// Takes the first subframe off an aggregate; `None` where there is no more.
pub(super) fn subframe(aggregate: &[u8]) -> Option<Subframe<'_>> {
    let (header, rest) = aggregate.split_first_chunk::<14>()?;
    let [.., high, low] = *header;
    let length = usize::from(u16::from_be_bytes([high, low]));
    Some(match rest.split_at_checked(length) {
        Some((bytes, rest)) => {
            // Each subframe but the last is padded to a multiple of four bytes, header included.
            let padding = (14 + length).next_multiple_of(4) - 14 - length;
            Subframe { bytes, missing: 0, rest: rest.get(padding..).unwrap_or_default() }
        }
        None => Subframe {
            bytes: rest,
            missing: u32::from(u16::from_be_bytes([high, low])) - rest.len() as u32,
            rest: &[],
        },
    })
}
