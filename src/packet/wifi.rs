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

#[cfg(test)]
mod tests {
    use crate::packet::testing::{HELLO, after, assert_hello, assert_nothing, decode, ipv4};

    const SNAP: [u8; 8] = [0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00];

    /// A frame with a header of `len` bytes.
    fn frame(kind: u8, flags: u8, len: usize) -> Vec<u8> {
        let mut header = vec![0; len];
        header[..2].copy_from_slice(&[kind, flags]);
        [header.as_slice(), &SNAP, &ipv4()].concat()
    }

    fn radiotap(present: u32, fields: &[u8]) -> Vec<u8> {
        let length = (8 + fields.len()) as u8;
        [&[0, 0, length, 0], present.to_le_bytes().as_slice(), fields].concat()
    }

    #[test]
    fn headers() {
        assert_hello(105, &frame(0x08, 0x01, 24));
        assert_hello(105, &frame(0x08, 0x03, 30));
        assert_hello(105, &frame(0x88, 0x02, 26));
        assert_hello(105, &frame(0x88, 0x82, 30));
        assert_hello(105, &frame(0x88, 0x83, 36));
    }

    #[test]
    fn not_data() {
        assert_eq!(assert_nothing(105, &frame(0x80, 0, 24)).other, 1);
        assert_eq!(assert_nothing(105, &frame(0x48, 0, 24)).other, 1);
        assert_eq!(assert_nothing(105, &frame(0x08, 0x41, 24)).encrypted, 1);
    }

    #[test]
    fn radiotap_flags() {
        assert_hello(127, &after(&radiotap(0, &[]), &frame(0x08, 1, 24)));
        // A time stamp before the flags, a frame check sequence after the frame.
        let with_fcs = radiotap(0b11, &[1, 2, 3, 4, 5, 6, 7, 8, 0x10]);
        assert_hello(127, &[with_fcs, frame(0x08, 1, 24), vec![1, 2, 3, 4]].concat());
        // A second word of present bits moves the time stamp to its alignment.
        let twice = radiotap(0x8000_0003, &[0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x20]);
        assert_hello(127, &after(&twice, &frame(0x88, 2, 28)));
        let bad = radiotap(0b10, &[0x40]);
        assert_eq!(assert_nothing(127, &after(&bad, &frame(0x08, 1, 24))).malformed, 1);
    }

    #[test]
    fn without_length_the_check_sequence_is_not_payload() {
        let mut packet = frame(0x08, 1, 24);
        // Total length 0, as where segmentation is left to the card.
        packet[34..36].copy_from_slice(&[0, 0]);
        let bytes = [radiotap(0b10, &[0x10]), packet, vec![9; 4]].concat();
        let (segments, _) = decode(127, &bytes);
        assert_eq!(segments[0].payload, HELLO);
    }

    #[test]
    fn other_headers() {
        let mut prism = vec![0; 144];
        prism[4] = 144;
        assert_hello(119, &after(&prism, &frame(0x08, 1, 24)));
        let mut avs = vec![0; 64];
        avs[..3].copy_from_slice(&[0x80, 0x21, 0x10]);
        avs[7] = 64;
        assert_hello(163, &after(&avs, &frame(0x08, 1, 24)));
        let ppi = [0, 0, 8, 0, 105, 0, 0, 0];
        assert_hello(192, &after(&ppi, &frame(0x08, 1, 24)));
    }

    #[test]
    fn aggregate() {
        let mut packet = frame(0x88, 2, 26);
        packet[24] = 0x80;
        let inner = packet.split_off(26);
        for padding in [0, 2] {
            let mut subframe = vec![0; 14];
            subframe[12..14].copy_from_slice(&(inner.len() as u16).to_be_bytes());
            subframe.extend(&inner);
            // Subframes of 74 bytes; all but the last are padded to 76.
            let bytes = [packet.clone(), subframe.clone(), vec![0; 2], subframe, vec![0; padding]].concat();
            let (segments, stats) = decode(105, &bytes);
            assert_eq!(segments.len(), 2, "{stats:?}");
            assert!(segments.iter().all(|segment| segment.payload == HELLO));
            assert_eq!(segments[1].place.offset as usize, 1_000 + bytes.len() - padding - HELLO.len());
            assert_eq!((stats.tcp, stats.packets()), (1, 1));
        }
    }
}
