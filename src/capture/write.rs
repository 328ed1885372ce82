//! Packets into pcap and pcapng bytes: little-endian, time stamps in nanoseconds.
//!
//! Each function appends one header or record to `out`.

use super::source::LinkType;
use crate::time::Timestamp;

/// The header of a pcap file of nanoseconds. Every packet of it is of one link type.
pub fn pcap_header(out: &mut Vec<u8>, link: LinkType) {
    words(out, &[0xa1b2_3c4d, 0x0004_0002, 0, 0, SNAP_LENGTH, link.0.into()]);
}

/// A record of a pcap file. `wire_len` is the packet's length on the wire, at least that of `bytes`.
/// Times before 1970 and after 2106 are clamped.
pub fn pcap_packet(out: &mut Vec<u8>, time: Timestamp, wire_len: u32, bytes: &[u8]) {
    let nanos = time.nanos().max(0);
    let seconds = u32::try_from(nanos / 1_000_000_000).unwrap_or(u32::MAX);
    words(out, &[seconds, (nanos % 1_000_000_000) as u32, bytes.len() as u32, wire_len]);
    out.extend_from_slice(bytes);
}

/// The header of a pcapng section: what a file starts with.
pub fn section(out: &mut Vec<u8>) {
    block(out, 0x0a0d_0d0a, |out| words(out, &[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]));
}

/// The description of an interface; packets name interfaces in the order described, from 0.
pub fn interface(out: &mut Vec<u8>, link: LinkType) {
    described_interface(out, &Interface { link, snap_length: SNAP_LENGTH, ..Interface::default() });
}

/// What is known of an interface; what is empty is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// What its packets begin with.
    pub link: LinkType,
    /// The most bytes captured of a packet.
    pub snap_length: u32,
    /// Its name.
    pub name: String,
    /// The filter that its packets passed, as libpcap writes it.
    pub filter: String,
    /// What there is to say about it.
    pub comment: String,
}

impl Default for Interface {
    fn default() -> Self {
        Self {
            link: LinkType(1),
            snap_length: SNAP_LENGTH,
            name: String::new(),
            filter: String::new(),
            comment: String::new(),
        }
    }
}

/// As [`interface`], with all that is known.
pub fn described_interface(out: &mut Vec<u8>, interface: &Interface) {
    block(out, 1, |out| {
        words(out, &[interface.link.0.into(), interface.snap_length]);
        if !interface.comment.is_empty() {
            option(out, 1, interface.comment.as_bytes());
        }
        if !interface.name.is_empty() {
            option(out, 2, interface.name.as_bytes());
        }
        option(out, 9, &[9]);
        if !interface.filter.is_empty() {
            option(out, 11, &[b"\0", interface.filter.as_bytes()].concat());
        }
        words(out, &[0]);
    });
}

/// What an interface did from the start of the capture to a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Packets that passed the filter, dropped ones among them.
    pub received: u64,
    /// Packets that the interface or its driver dropped.
    pub dropped_by_interface: u64,
    /// Packets that were dropped because nobody took them in time.
    pub dropped_by_system: u64,
}

/// The statistics of an interface described before.
pub fn statistics(out: &mut Vec<u8>, interface: u32, time: Timestamp, statistics: &Statistics) {
    block(out, 5, |out| {
        let nanos = time.nanos().max(0);
        words(out, &[interface, (nanos >> 32) as u32, nanos as u32]);
        for (code, count) in [
            (4, statistics.received),
            (5, statistics.dropped_by_interface),
            (7, statistics.dropped_by_system),
        ] {
            option(out, code, &count.to_le_bytes());
        }
        words(out, &[0]);
    });
}

/// A packet of an interface described before, with a comment unless that is empty. `wire_len` is the
/// packet's length on the wire, at least that of `bytes`. Times before 1970 are clamped.
pub fn packet(
    out: &mut Vec<u8>,
    interface: u32,
    time: Timestamp,
    wire_len: u32,
    bytes: &[u8],
    comment: &str,
) {
    block(out, 6, |out| {
        let nanos = time.nanos().max(0);
        words(out, &[interface, (nanos >> 32) as u32, nanos as u32, bytes.len() as u32, wire_len]);
        out.extend_from_slice(bytes);
        pad(out, bytes.len());
        if !comment.is_empty() {
            option(out, 1, comment.as_bytes());
            words(out, &[0]);
        }
    });
}

/// TLS secrets in key log format, for the packets that follow.
pub fn secrets(out: &mut Vec<u8>, key_log: &[u8]) {
    block(out, 10, |out| {
        words(out, &[0x544c_534b, key_log.len() as u32]);
        out.extend_from_slice(key_log);
        pad(out, key_log.len());
    });
}

/// A pcapng block of any type.
pub fn block(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    words(out, &[kind, 0]);
    body(out);
    let len = (out.len() - start + 4) as u32;
    words(out, &[len]);
    if let Some(field) = out.get_mut(start + 4..start + 8) {
        field.copy_from_slice(&len.to_le_bytes());
    }
}

/// A pcapng option. What is beyond its 65,535 bytes is left out.
pub fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
    words(out, &[u32::from(code) | (value.len() as u32) << 16]);
    out.extend_from_slice(value);
    pad(out, value.len());
}

fn words(out: &mut Vec<u8>, words: &[u32]) {
    for word in words {
        out.extend_from_slice(&word.to_le_bytes());
    }
}

/// Zeros up to a multiple of four bytes.
fn pad(out: &mut Vec<u8>, len: usize) {
    out.resize(out.len() + len.next_multiple_of(4) - len, 0);
}

/// What Wireshark writes where a capture has no snap length.
const SNAP_LENGTH: u32 = 262_144;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::capture::tests::read;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            number: u16,
            packets in prop::collection::vec((0..4_000_000_000_000_000_000_i64, any::<u32>(), any::<Vec<u8>>()), 0..9),
            comment in ".*",
            key_log: Vec<u8>,
        ) {
            let (mut pcap, mut pcapng) = (Vec::new(), Vec::new());
            pcap_header(&mut pcap, LinkType(number));
            section(&mut pcapng);
            described_interface(
                &mut pcapng,
                &Interface { link: LinkType(number), comment: comment.clone(), ..Interface::default() },
            );
            secrets(&mut pcapng, &key_log);
            for (time, wire_len, bytes) in &packets {
                let (time, wire_len) = (Timestamp::from_nanos(*time), (*wire_len).max(bytes.len() as u32));
                pcap_packet(&mut pcap, time, wire_len, bytes);
                packet(&mut pcapng, 0, time, wire_len, bytes, &comment);
            }
            let (mut from_pcap, mut from_pcapng) = (read(&pcap), read(&pcapng));
            // The same packets lie elsewhere in the other format.
            for (packet, _) in from_pcap.packets.iter_mut().chain(&mut from_pcapng.packets) {
                packet.file_offset = 0;
            }
            prop_assert_eq!(from_pcap.damage(), "");
            prop_assert_eq!(from_pcapng.damage(), "");
            prop_assert_eq!(&from_pcap.packets, &from_pcapng.packets);
            prop_assert_eq!(&from_pcapng.facts.secrets, &[key_log]);
            prop_assert_eq!(from_pcap.packets.len(), packets.len());
            for ((found, bytes), (time, _, expected)) in from_pcap.packets.iter().zip(&packets) {
                prop_assert_eq!((found.time.nanos(), found.link, bytes), (*time, LinkType(number), expected));
            }
        }
    }
}
