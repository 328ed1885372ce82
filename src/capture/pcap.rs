//! Classic pcap: a file header, then records of a time stamp, two lengths and the packet.
//!
//! Both byte orders, micro- and nanoseconds, and the "modified" format of old Linux libpcap
//! (0xa1b2cd34), whose record headers have 8 bytes more.

use super::reader::{Format, Stop, Walk};
use super::source::{CaptureFacts, LinkType, Packet};
use crate::time::Timestamp;

/// A pcap file being read.
#[derive(Debug, Default)]
pub(crate) struct Pcap {
    header: Option<Header>,
}

/// Whether `head` starts with one of the magic numbers of pcap.
pub(crate) fn is_pcap(head: &[u8]) -> bool {
    head.first_chunk().is_some_and(|magic| Variant::of(*magic).is_some())
}

impl Format for Pcap {
    const RECORD: &'static str = "record";

    fn walk(&mut self, bytes: &[u8], base: u64, packets: &mut Vec<Packet>, _: &mut CaptureFacts) -> Walk {
        let (start, header) = match self.header {
            Some(header) => (0, header),
            None => match bytes.first_chunk() {
                Some(file_header) => match Header::parse(file_header) {
                    Some(header) => (FILE_HEADER, *self.header.insert(header)),
                    None => return stop(0, Stop::Damaged("is no pcap file header".to_owned())),
                },
                None => return stop(0, Stop::Need(FILE_HEADER)),
            },
        };
        match (header.variant.big_endian, header.variant.record_header) {
            (false, PLAIN) => header.records::<false, PLAIN>(bytes, start, base, packets),
            (true, PLAIN) => header.records::<true, PLAIN>(bytes, start, base, packets),
            (false, _) => header.records::<false, MODIFIED>(bytes, start, base, packets),
            (true, _) => header.records::<true, MODIFIED>(bytes, start, base, packets),
        }
    }
}

/// What the magic number tells.
#[derive(Clone, Copy, Debug)]
struct Variant {
    big_endian: bool,
    /// Nanoseconds in a unit of a time stamp's second field.
    nanos: i64,
    /// Bytes of a record header.
    record_header: usize,
}

impl Variant {
    fn of(magic: [u8; 4]) -> Option<Self> {
        let known = |magic, big_endian| match magic {
            0xa1b2_c3d4 => Some(Self { big_endian, nanos: 1_000, record_header: PLAIN }),
            0xa1b2_3c4d => Some(Self { big_endian, nanos: 1, record_header: PLAIN }),
            0xa1b2_cd34 => Some(Self { big_endian, nanos: 1_000, record_header: MODIFIED }),
            _ => None,
        };
        known(u32::from_le_bytes(magic), false).or_else(|| known(u32::from_be_bytes(magic), true))
    }
}

/// What a record's two lengths mean: before format version 2.3 they were the other way round, and
/// files of version 2.3 exist in both orders (libpcap reads them the same way).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    CapturedFirst,
    WireFirst,
    SmallerIsCaptured,
}

#[derive(Clone, Copy, Debug)]
struct Header {
    variant: Variant,
    lengths: Lengths,
    link: LinkType,
    longest: u32,
}

impl Header {
    fn parse(bytes: &[u8; FILE_HEADER]) -> Option<Self> {
        let ([magic, version, _, _, snap_length, link], []) = bytes.as_chunks() else { return None };
        let variant = Variant::of(*magic)?;
        let word = |bytes: &[u8; 4]| {
            if variant.big_endian { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) }
        };
        let [v0, v1, v2, v3] = *version;
        let version = if variant.big_endian { [[v1, v0], [v3, v2]] } else { [[v0, v1], [v2, v3]] };
        let lengths = match version.map(u16::from_le_bytes) {
            [2, 0..=2] => Lengths::WireFirst,
            [2, 3] => Lengths::SmallerIsCaptured,
            _ => Lengths::CapturedFirst,
        };
        Some(Self {
            variant,
            lengths,
            // The upper half tells about frame check sequences.
            link: LinkType((word(link) & 0xffff) as u16),
            // Files exist whose packets are longer than their snap length.
            longest: word(snap_length).max(LONGEST),
        })
    }

    /// Takes records. This is the hot path: one instance per byte order and header size.
    fn records<const BIG_ENDIAN: bool, const HEADER: usize>(
        &self,
        bytes: &[u8],
        start: usize,
        base: u64,
        packets: &mut Vec<Packet>,
    ) -> Walk {
        let word = |bytes| if BIG_ENDIAN { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        let mut at = start;
        loop {
            let Some((header, body)) = bytes.get(at..).and_then(|rest| rest.split_first_chunk::<HEADER>())
            else {
                return stop(at, Stop::Need(HEADER));
            };
            let ([seconds, fraction, first, second, ..], _) = header.as_chunks() else {
                return stop(at, Stop::Need(HEADER));
            };
            let (seconds, fraction) = (word(*seconds), word(*fraction));
            let (mut len, mut wire_len) = (word(*first), word(*second));
            let swapped = match self.lengths {
                Lengths::CapturedFirst => false,
                Lengths::WireFirst => true,
                Lengths::SmallerIsCaptured => len > wire_len,
            };
            if swapped {
                (len, wire_len) = (wire_len, len);
            }
            if len > self.longest {
                let longest = self.longest;
                return stop(
                    at,
                    Stop::Damaged(format!("says that it holds {len} bytes (at most {longest} can be)")),
                );
            }
            if body.len() < len as usize {
                return stop(at, Stop::Need(HEADER.saturating_add(len as usize)));
            }
            packets.push(Packet {
                offset: (at + HEADER) as u32,
                len,
                wire_len: wire_len.max(len),
                link: self.link,
                source: 0,
                file_offset: base + (at + HEADER) as u64,
                // At most 2^32 seconds and 2^32 microseconds: less than 2^63 nanoseconds.
                time: Timestamp::from_nanos(
                    i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * self.variant.nanos,
                ),
            });
            at += HEADER + len as usize;
        }
    }
}

const fn stop(consumed: usize, stop: Stop) -> Walk {
    Walk { consumed, stop }
}

/// Bytes of the file header.
const FILE_HEADER: usize = 24;
/// Bytes of a record header.
const PLAIN: usize = 16;
/// Bytes of a record header of the modified format: an interface, a protocol and a packet type more.
const MODIFIED: usize = 24;
/// The longest packet that libpcap and Wireshark accept of most link types, in bytes.
const LONGEST: u32 = 256 << 10;

#[cfg(test)]
mod tests {
    use crate::capture::source::LinkType;
    use crate::capture::tests::{pcap_file, read};

    /// A file of one packet ("abc" of 60 bytes at 1.5 s) of any variant.
    fn variant(magic: u32, fraction: u32, minor: u16, extra: &[u8], big_endian: bool) -> Vec<u8> {
        let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        let half = |value: u16| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        let lengths = if minor < 3 { [word(60), word(3)] } else { [word(3), word(60)] };
        [
            &word(magic)[..],
            &half(2),
            &half(minor),
            &word(0),
            &word(0),
            &word(65_535),
            // Four bytes of frame check sequence, and Ethernet.
            &word(0x2400_0001),
            &word(1),
            &word(fraction),
            &lengths.concat(),
            extra,
            b"abc",
        ]
        .concat()
    }

    #[test]
    fn every_variant() {
        for big_endian in [false, true] {
            for (magic, fraction, minor, extra) in [
                (0xa1b2_c3d4, 500_000, 4, &[][..]),
                (0xa1b2_3c4d, 500_000_000, 4, &[]),
                (0xa1b2_cd34, 500_000, 4, &[1; 8]),
                (0xa1b2_c3d4, 500_000, 2, &[]),
                (0xa1b2_c3d4, 500_000, 3, &[]),
            ] {
                let drained = read(&variant(magic, fraction, minor, extra, big_endian));
                assert_eq!((drained.bytes(), drained.damage()), (vec![&b"abc"[..]], ""));
                let (packet, _) = &drained.packets[0];
                assert_eq!(packet.wire_len, 60);
                assert_eq!(packet.link, LinkType(1));
                assert_eq!(packet.time.nanos(), 1_500_000_000);
            }
        }
    }

    #[test]
    fn the_latest_time_is_in_range() {
        let mut file = pcap_file(&[b"abc"]);
        file[24..32].fill(0xff);
        assert_eq!(read(&file).nanos(), [4_294_967_295_000_000_000 + 4_294_967_295]);
    }

    #[test]
    fn packets_longer_than_the_snap_length_are_read() {
        let mut file = pcap_file(&[&[1; 100], b"abc"]);
        file[16..20].copy_from_slice(&50_u32.to_le_bytes());
        assert_eq!(read(&file).packets.len(), 2);
    }

    #[test]
    fn an_impossible_length_is_damage() {
        let mut file = pcap_file(&[b"abc", b"def", b"ghi"]);
        file[51..55].copy_from_slice(&0x0004_0001_u32.to_le_bytes());
        let drained = read(&file);
        assert_eq!(drained.bytes(), [b"abc"]);
        assert_eq!(
            drained.damage(),
            "x: damaged: the record at byte 43, after packet 1, says that it holds 262145 bytes (at most 262144 can be)"
        );
    }

    #[test]
    fn a_length_on_the_wire_that_is_too_short_is_corrected() {
        let mut file = pcap_file(&[b"abc"]);
        file[36..40].fill(0);
        assert_eq!(read(&file).packets[0].0.wire_len, 3);
    }
}
