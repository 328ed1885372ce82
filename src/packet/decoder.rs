//! The walk through a packet's layers down to TCP.

use super::defrag::{Key, Pool};
use super::ip::{self, Addresses, IpPacket, Payload};
use super::layer::{Fate, Layer, Next};
use super::segment::{Place, Segment};
use super::stats::PacketStats;
use super::transport::{Origin, transport};
use super::{ethernet, fast, gre, link, mpls, ppp, wifi};
use crate::capture::source::Packet;
use crate::item::At;
use crate::limits::Limits;

/// Packets into TCP segments. Holds the fragments that wait for others, and the counts.
#[derive(Debug)]
pub struct Decoder {
    pool: Pool,
    stats: PacketStats,
    tunnel_depth: usize,
}

impl Decoder {
    /// A decoder that has seen nothing.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self { pool: Pool::new(limits), stats: PacketStats::default(), tunnel_depth: limits.tunnel_depth }
    }

    /// Decodes one packet, whose `bytes` lie at `place` among the read buffers.
    ///
    /// Calls `out` once for a packet that carries a TCP segment, not at all for others, and several
    /// times for an 802.11 aggregate. The segment's place is that of its payload, or nowhere where the
    /// payload was put together from fragments.
    #[inline]
    pub fn decode(
        &mut self,
        packet: &Packet,
        bytes: &[u8],
        place: Place,
        at: At,
        out: &mut impl FnMut(Segment<'_>),
    ) {
        if packet.link == link::ETHERNET
            && let Some(segment) = fast::segment(bytes, place, at)
        {
            self.stats.count(Fate::Tcp, packet.wire_len > packet.len);
            out(segment);
            return;
        }
        self.decode_any(packet, bytes, place, at, out);
    }

    /// What became of the packets so far.
    #[must_use]
    pub const fn stats(&self) -> &PacketStats {
        &self.stats
    }

    /// The general way, for everything.
    #[inline(never)]
    pub(super) fn decode_any(
        &mut self,
        packet: &Packet,
        bytes: &[u8],
        place: Place,
        at: At,
        out: &mut impl FnMut(Segment<'_>),
    ) {
        let missing = packet.wire_len.saturating_sub(packet.len);
        let origin = Origin { bytes, place, at, packet, earlier: &[] };
        let start = Next { layer: Layer::Link(packet.link), bytes, tunnelled: false };
        let fate = self.walk(&origin, start, missing, 0, out);
        self.stats.count(fate, missing > 0);
    }

    /// Follows the layers until there is a segment, or something else. `missing` bytes after the
    /// layer's were on the wire; `depth` tunnels were entered.
    fn walk(
        &mut self,
        origin: &Origin<'_>,
        start: Next<'_>,
        mut missing: u32,
        mut depth: usize,
        out: &mut impl FnMut(Segment<'_>),
    ) -> Fate {
        let mut next = start;
        loop {
            if next.tunnelled {
                depth += 1;
                if depth > self.tunnel_depth {
                    return Fate::TooDeep;
                }
            }
            let bytes = next.bytes;
            let peeled = match next.layer {
                Layer::Link(link) => link::peel(link, bytes),
                Layer::Ethernet => ethernet::frame(bytes),
                Layer::EtherType(kind) => ethernet::ethertype(kind, bytes),
                Layer::Llc => ethernet::llc(bytes),
                Layer::Mpls => mpls::stack(bytes, missing),
                Layer::Ppp => ppp::frame(bytes),
                Layer::Gre => gre::header(bytes),
                Layer::Wifi => wifi::frame(bytes, false),
                Layer::WifiPadded { fcs: false } => wifi::frame(bytes, true),
                Layer::WifiFcs => wifi::frame(without_fcs(bytes, &mut missing), false),
                Layer::WifiPadded { fcs: true } => wifi::frame(without_fcs(bytes, &mut missing), true),
                Layer::Aggregate => return self.aggregate(origin, bytes, depth, out),
                Layer::Ip | Layer::Ipv4 | Layer::Ipv6 => match ip_packet(next.layer, bytes, missing) {
                    Ok(IpPacket { addresses, payload: payload @ Payload { fragment: Some(_), .. } }) => {
                        let is_v6 = bytes.first().is_some_and(|byte| byte >> 4 == 6);
                        return self.fragment(origin, addresses, payload, is_v6, depth, out);
                    }
                    Ok(IpPacket { addresses, payload }) => {
                        missing = payload.missing;
                        match transport(origin, &addresses, payload, out) {
                            Ok(next) => Ok(next),
                            Err(fate) => return fate,
                        }
                    }
                    Err(fate) => Err(fate),
                },
            };
            next = match peeled {
                Ok(next) => next,
                Err(fate) => return fate,
            };
        }
    }

    /// Takes a fragment, and goes on with the packet that it completes.
    fn fragment(
        &mut self,
        origin: &Origin<'_>,
        addresses: Addresses,
        part: Payload<'_>,
        is_v6: bool,
        depth: usize,
        out: &mut impl FnMut(Segment<'_>),
    ) -> Fate {
        let Some(fragment) = part.fragment else { return Fate::Malformed };
        let key = if is_v6 {
            Key::v6(addresses, fragment.id)
        } else {
            Key::v4(addresses, fragment.id, part.protocol)
        };
        let Some(whole) = self.pool.add(key, fragment, part, origin, &mut self.stats) else {
            return Fate::Fragment;
        };
        let payload = if is_v6 {
            ip::extensions(whole.protocol, &whole.bytes, whole.missing)
        } else {
            ip::authenticated(whole.protocol, &whole.bytes, whole.missing)
        };
        let payload = match payload {
            // RFC 8200 section 4.5: fragments of fragments do not exist.
            Ok(Payload { fragment: Some(_), .. }) => return Fate::Malformed,
            Ok(payload) => payload,
            Err(fate) => return fate,
        };
        // The bytes lie in no read buffer, and are gone when this function returns.
        let earlier = whole.packets.split_last().map_or(&[][..], |(_, earlier)| earlier);
        let origin = Origin { bytes: &whole.bytes, place: Place::default(), earlier, ..*origin };
        match transport(&origin, &addresses, payload, out) {
            Ok(next) => self.walk(&origin, next, payload.missing, depth, out),
            Err(fate) => fate,
        }
    }

    /// Follows each subframe of an 802.11 aggregate; they are packets of their own.
    fn aggregate(
        &mut self,
        origin: &Origin<'_>,
        bytes: &[u8],
        depth: usize,
        out: &mut impl FnMut(Segment<'_>),
    ) -> Fate {
        let mut result = Fate::Short;
        let mut rest = bytes;
        while let Some(subframe) = wifi::subframe(rest) {
            let inner = Next { layer: Layer::Llc, bytes: subframe.bytes, tunnelled: true };
            let fate = self.walk(origin, inner, subframe.missing, depth, out);
            if result != Fate::Tcp {
                result = fate;
            }
            rest = subframe.rest;
        }
        result
    }
}

/// Takes the headers of an IP packet off.
#[inline]
fn ip_packet(layer: Layer, bytes: &[u8], missing: u32) -> Result<IpPacket<'_>, Fate> {
    match (layer, bytes.first().map(|byte| byte >> 4)) {
        (Layer::Ip | Layer::Ipv4, Some(4)) => ip::v4(bytes, missing),
        (Layer::Ip | Layer::Ipv6, Some(6)) => ip::v6(bytes, missing),
        (_, Some(_)) => Err(Fate::Malformed),
        (_, None) => Err(Fate::Short),
    }
}

/// Takes the four bytes of an 802.11 frame check sequence off, as far as they were captured.
fn without_fcs<'a>(frame: &'a [u8], missing: &mut u32) -> &'a [u8] {
    let there = 4_u32.saturating_sub(*missing) as usize;
    *missing = missing.saturating_sub(4);
    frame.get(..frame.len().saturating_sub(there)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::testing::{
        HELLO, Owned, PLACE, after, captured, decode_all, ethernet, framed, ipv4, ipv6, outer,
    };

    fn decode_limited(limits: &Limits, wire_len: usize, bytes: &[u8]) -> (Vec<Owned>, PacketStats) {
        let mut decoder = Decoder::new(limits);
        let mut segments = Vec::new();
        let packet = captured(1, bytes, wire_len, 0);
        decoder.decode(&packet, bytes, PLACE, At::default(), &mut |segment| segments.push(segment.into()));
        (segments, decoder.stats().clone())
    }

    #[test]
    fn tunnels_are_followed_as_deep_as_the_limit_says() {
        let mut packet = ipv4();
        for _ in 0..4 {
            let frame = outer(4, &packet);
            let (segments, _) = decode_limited(&Limits::default(), frame.len(), &frame);
            assert_eq!(segments.len(), 1);
            packet = frame[14..].to_vec();
        }
        let frame = outer(4, &packet);
        let (segments, stats) = decode_limited(&Limits::default(), frame.len(), &frame);
        assert_eq!((segments.len(), stats.too_deep), (0, 1));
        let none = Limits { tunnel_depth: 0, ..Limits::default() };
        assert_eq!(decode_limited(&none, 0, &ethernet()).0.len(), 1);
        assert_eq!(decode_limited(&none, 0, &outer(41, &ipv6())).1.too_deep, 1);
    }

    #[test]
    fn protocols() {
        for (protocol, payload, tcp) in [
            (4, ipv4(), 1),
            (41, ipv6(), 1),
            (97, after(&[0x30, 0], &ethernet()), 1),
            (137, after(&[0, 1, 1, 64], &ipv4()), 1),
            (143, ethernet(), 1),
            (1, ipv4(), 0),
            (17, ipv4(), 0),
            (132, ipv4(), 0),
        ] {
            let frame = outer(protocol, &payload);
            let (segments, stats) = decode_limited(&Limits::default(), frame.len(), &frame);
            assert_eq!(
                (segments.len(), stats.tcp, stats.other),
                (tcp, tcp as u64, 1 - tcp as u64),
                "{protocol}"
            );
        }
        assert_eq!(decode_limited(&Limits::default(), 0, &outer(50, &ipv4())).1.encrypted, 1);
    }

    #[test]
    fn segmentation_without_length_counts_the_cut_by_the_wire() {
        let mut frame = ethernet();
        frame[16..18].copy_from_slice(&[0, 0]);
        let (segments, stats) = decode_limited(&Limits::default(), 70_000, &frame);
        assert_eq!(segments[0].payload, HELLO);
        assert_eq!(segments[0].cut as usize, 70_000 - frame.len());
        assert_eq!((stats.tcp, stats.cut_packets), (1, 1));
    }

    #[test]
    fn a_cut_header_is_told_from_a_wrong_one() {
        let whole = ethernet();
        let (segments, stats) = decode_limited(&Limits::default(), whole.len(), &whole[..50]);
        assert_eq!((segments.len(), stats.cut_headers, stats.malformed), (0, 1, 0));
        // Options that are not there are no obstacle; that they are not payload is known.
        let mut options = ethernet();
        options[46] = 0x60;
        let (segments, stats) = decode_limited(&Limits::default(), options.len(), &options[..54]);
        assert_eq!((segments[0].payload.len(), segments[0].cut, segments[0].seq), (0, 8, 1));
        assert_eq!((stats.tcp, stats.cut_headers), (1, 0));
        let mut wrong = ethernet();
        wrong[46] = 0x40;
        assert_eq!(decode_limited(&Limits::default(), wrong.len(), &wrong).1.malformed, 1);
        wrong[46] = 0xf0;
        assert_eq!(decode_limited(&Limits::default(), wrong.len(), &wrong).1.malformed, 1);
    }

    /// The parts of an IPv4 packet, cut at `at` bytes of its payload.
    fn fragments_4(at: usize) -> Vec<Vec<u8>> {
        let packet = ipv4();
        let (header, payload) = packet.split_at(20);
        let part = |offset: usize, payload: &[u8], more: u8| {
            let mut header = header.to_vec();
            header[3] = 20 + payload.len() as u8;
            header[6..8].copy_from_slice(&[more << 5, (offset / 8) as u8]);
            framed(&[&[0x08, 0x00]], &[&header, payload].concat())
        };
        vec![part(0, &payload[..at], 1), part(at, &payload[at..], 0)]
    }

    #[test]
    fn fragments_of_ipv4() {
        for at in [8, 16, 24] {
            let mut parts = fragments_4(at);
            for _ in 0..2 {
                let (segments, stats) = decode_all(1, &parts);
                assert_eq!(segments.len(), 1);
                assert_eq!(segments[0].payload, HELLO);
                assert_eq!(segments[0].place, Place::default());
                assert_eq!((segments[0].at.packet, &*segments[0].earlier), (2, &[1][..]));
                assert_eq!((stats.tcp, stats.fragments, stats.reassembled), (1, 1, 1));
                parts.reverse();
            }
        }
    }

    #[test]
    fn fragments_of_ipv6_with_headers_before_and_after() {
        let packet = ipv6();
        let (header, payload) = packet.split_at(40);
        // The destination options belong to what is fragmented.
        let whole = after(&[6, 0, 1, 4, 0, 0, 0, 0], payload);
        let part = |offset: usize, payload: &[u8], more: u8| {
            let mut header = header.to_vec();
            header[5] = 16 + payload.len() as u8;
            header[6] = 0;
            let hop_by_hop = [44, 0, 1, 4, 0, 0, 0, 0];
            let fragment = [60, 0, 0, offset as u8 | more, 0, 0, 0, 9];
            [&header, hop_by_hop.as_slice(), &fragment, payload].concat()
        };
        let parts = [part(0, &whole[..16], 1), part(16, &whole[16..], 0)];
        let (segments, stats) = decode_all(101, &parts);
        assert_eq!(segments.len(), 1, "{stats:?}");
        assert_eq!(segments[0].payload, HELLO);
        assert_eq!((segments[0].seq, stats.fragments), (1, 1));
    }

    #[test]
    fn fragments_of_a_tunnel() {
        let packet = outer(47, &after(&[0, 0, 0x08, 0x00], &ipv4()));
        let (header, payload) = packet.split_at(34);
        let part = |offset: usize, payload: &[u8], more: u8| {
            let mut header = header.to_vec();
            header[17] = 20 + payload.len() as u8;
            header[20..22].copy_from_slice(&[more << 5, (offset / 8) as u8]);
            after(&header, payload)
        };
        let (segments, _) = decode_all(1, &[part(8, &payload[8..], 0), part(0, &payload[..8], 1)]);
        assert_eq!(segments.len(), 1);
        assert_eq!(segments[0].payload, HELLO);
    }

    #[test]
    fn nowhere_stays_nowhere() {
        let mut decoder = Decoder::new(&Limits::default());
        for bytes in [ethernet(), outer(4, &ipv4())] {
            let packet = captured(1, &bytes, bytes.len(), 0);
            decoder.decode(&packet, &bytes, Place::default(), At::default(), &mut |segment| {
                assert_eq!(segment.place, Place::default());
            });
        }
        assert_eq!(decoder.stats().tcp, 2);
    }
}
