//! Link types (`LINKTYPE_…` of the tcpdump registry) to the layer that they begin with.

use super::layer::{Fate, Layer, Next, Peeled, skip, take};
use super::{ethernet, ppp, wifi};
use crate::capture::source::LinkType;

/// LINKTYPE_ETHERNET.
pub(super) const ETHERNET: LinkType = LinkType(1);

/// Takes the header off that a link type begins with.
pub(super) fn peel(link: LinkType, bytes: &[u8]) -> Peeled<'_> {
    match link.0 {
        1 => ethernet::frame(bytes),
        0 | 108 => loopback(bytes),
        9 => ppp::frame(bytes),
        10 => fddi(bytes),
        12 | 14 | 101 => Next::within(Layer::Ip, bytes),
        50 => ppp::hdlc(bytes),
        51 => ethernet::pppoe(bytes),
        100 => ethernet::llc(bytes),
        104 => ppp::cisco(bytes),
        105 => wifi::frame(bytes, false),
        107 => frame_relay(bytes),
        109 => Next::within(Layer::Ip, skip(bytes, 12)?),
        113 => cooked(bytes),
        117 => pf_log(bytes),
        119 | 163 => wifi::prism(bytes),
        127 => wifi::radiotap(bytes),
        149 | 258 => pktap(bytes),
        192 => per_packet_information(bytes),
        204 => ppp::directed(bytes),
        228 => Next::within(Layer::Ipv4, bytes),
        229 => Next::within(Layer::Ipv6, bytes),
        239 => netfilter_log(bytes),
        276 => cooked_2(bytes),
        _ => Err(Fate::UnknownLink(link)),
    }
}

/// NULL and LOOP: an address family of four bytes in the order of the capturing machine or of the
/// network. Its number for IPv6 differs between systems, so the IP header is asked for the version.
fn loopback(bytes: &[u8]) -> Peeled<'_> {
    let (family, rest) = take::<4>(bytes)?;
    match *family {
        [family, 0, 0, 0] | [0, 0, 0, family] if matches!(family, 2 | 10 | 23 | 24 | 28 | 30) => {
            Next::within(Layer::Ip, rest)
        }
        _ => Err(Fate::Other),
    }
}

/// FDDI: frame control, two addresses, LLC.
fn fddi(bytes: &[u8]) -> Peeled<'_> {
    let (&[control, ..], rest) = take::<13>(bytes)?;
    // Asynchronous LLC frames are 01x1xxxx and 010xxxxx; others are for the ring itself.
    if control & 0xc0 == 0x40 { Next::within(Layer::Llc, rest) } else { Err(Fate::Other) }
}

/// Frame Relay (RFC 2427 section 3): a Q.922 address that ends where its lowest bit is set, control,
/// perhaps padding, and a network layer identifier.
fn frame_relay(bytes: &[u8]) -> Peeled<'_> {
    let end = bytes.iter().take(4).position(|byte| byte & 1 == 1).ok_or(Fate::Malformed)?;
    let rest = skip(bytes, end + 1)?;
    match rest {
        [0x03, 0x00, rest @ ..] | [0x03, rest @ ..] => ethernet::network_layer(rest),
        // Cisco's own encapsulation has an EtherType right after the address.
        [high, low, rest @ ..] => Next::within(Layer::EtherType(u16::from_be_bytes([*high, *low])), rest),
        _ => Err(Fate::Short),
    }
}

/// LINUX_SLL, the cooked capture of Linux: type, ARPHRD, address, protocol.
fn cooked(bytes: &[u8]) -> Peeled<'_> {
    let (header, rest) = take::<16>(bytes)?;
    let [_, _, hardware_high, hardware_low, .., high, low] = *header;
    cooked_payload(u16::from_be_bytes([hardware_high, hardware_low]), u16::from_be_bytes([high, low]), rest)
}

/// LINUX_SLL2: protocol, reserved, interface, ARPHRD, type, address.
fn cooked_2(bytes: &[u8]) -> Peeled<'_> {
    let (header, rest) = take::<20>(bytes)?;
    let [high, low, _, _, _, _, _, _, hardware_high, hardware_low, ..] = *header;
    cooked_payload(u16::from_be_bytes([hardware_high, hardware_low]), u16::from_be_bytes([high, low]), rest)
}

/// What a cooked capture carries: the ARPHRD type decides where the protocol is no EtherType.
fn cooked_payload(hardware: u16, protocol: u16, bytes: &[u8]) -> Peeled<'_> {
    const NETLINK: u16 = 824;
    const RADIOTAP: u16 = 803;
    const WIFI: u16 = 801;
    const PROTOCOL_802_2: u16 = 0x0004;
    match (hardware, protocol) {
        (NETLINK, _) => Err(Fate::Other),
        (RADIOTAP, _) => wifi::radiotap(bytes),
        (WIFI, _) => wifi::frame(bytes, false),
        (_, PROTOCOL_802_2) => Next::within(Layer::Llc, bytes),
        // Below 1,536 the other numbers are Linux's own, not lengths.
        (_, 0..1536) => Err(Fate::Other),
        _ => Next::within(Layer::EtherType(protocol), bytes),
    }
}

/// OpenBSD's packet filter log: a header of a length that it states, without its padding.
fn pf_log(bytes: &[u8]) -> Peeled<'_> {
    let (&[length], _) = take::<1>(bytes)?;
    Next::within(Layer::Ip, skip(bytes, usize::from(length).next_multiple_of(4))?)
}

/// macOS's pktap: a header of a length that it states, with the link type that follows it.
fn pktap(bytes: &[u8]) -> Peeled<'_> {
    let (&[l0, l1, l2, l3, _, _, _, _, t0, t1, t2, t3], _) = take::<12>(bytes)?;
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    linked(u32::from_le_bytes([t0, t1, t2, t3]), length, 12, bytes)
}

/// PPI: a header of a length that it states, with the link type that follows it.
fn per_packet_information(bytes: &[u8]) -> Peeled<'_> {
    let (&[_, _, low, high, t0, t1, t2, t3], _) = take::<8>(bytes)?;
    let length = usize::from(u16::from_le_bytes([low, high]));
    linked(u32::from_le_bytes([t0, t1, t2, t3]), length, 8, bytes)
}

/// What follows a header that names another link type. The header has at least `least` bytes, so that
/// such headers cannot nest without end.
fn linked(link: u32, length: usize, least: usize, bytes: &[u8]) -> Peeled<'_> {
    if length < least {
        return Err(Fate::Malformed);
    }
    let rest = skip(bytes, length)?;
    match u16::try_from(link) {
        Ok(link) => Next::within(Layer::Link(LinkType(link)), rest),
        Err(_) => Err(Fate::Malformed),
    }
}

/// Linux's NFLOG: a family, then attributes in the order of the capturing machine, each padded to
/// four bytes. The one of type 9 is the packet.
fn netfilter_log(bytes: &[u8]) -> Peeled<'_> {
    const PAYLOAD: u16 = 9;
    let (&[_, version, _, _], attributes) = take::<4>(bytes)?;
    if version != 0 {
        return Err(Fate::Malformed);
    }
    // Lengths are small: whichever order makes the first one smaller is the right one.
    let (&[a, b], _) = take::<2>(attributes)?;
    let read = if a >= b || b == 0 { u16::from_le_bytes } else { u16::from_be_bytes };
    let mut rest = attributes;
    loop {
        let (&[l0, l1, t0, t1], _) = take::<4>(rest)?;
        let length = usize::from(read([l0, l1]));
        if length < 4 {
            return Err(Fate::Malformed);
        }
        if read([t0, t1]) & 0x7fff == PAYLOAD {
            // Whether there is more than the packet does not matter: IP has its own length.
            return Next::within(Layer::Ip, skip(rest, 4)?);
        }
        rest = skip(rest, length.next_multiple_of(4))?;
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::source::LinkType;
    use crate::packet::testing::{after, assert_hello, assert_nothing, ethernet, ipv4, ipv6};

    #[test]
    fn raw() {
        for link in [12, 14, 101, 228] {
            assert_hello(link, &ipv4());
        }
        for link in [12, 14, 101, 229] {
            assert_hello(link, &ipv6());
        }
        assert_nothing(228, &ipv6());
    }

    #[test]
    fn loopback() {
        assert_hello(0, &after(&[2, 0, 0, 0], &ipv4()));
        assert_hello(0, &after(&[0, 0, 0, 2], &ipv4()));
        assert_hello(0, &after(&[30, 0, 0, 0], &ipv6()));
        assert_hello(108, &after(&[0, 0, 0, 24], &ipv6()));
        assert_eq!(assert_nothing(0, &after(&[7, 0, 0, 0], &ipv4())).other, 1);
        // OpenBSD's IPsec interface.
        assert_hello(109, &after(&[2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0], &ipv4()));
    }

    #[test]
    fn cooked() {
        let mut header = [0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 0x08, 0x00];
        assert_hello(113, &after(&header, &ipv4()));
        header[14..].copy_from_slice(&[0x86, 0xdd]);
        assert_hello(113, &after(&header, &ipv6()));
        header[14..].copy_from_slice(&[0, 4]);
        assert_hello(113, &[&header, [0xaa, 0xaa, 3, 0, 0, 0, 8, 0].as_slice(), &ipv4()].concat());
        header[14..].copy_from_slice(&[0, 0xc]);
        assert_eq!(assert_nothing(113, &after(&header, &ipv4())).other, 1);
        let tagged = [0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 0x81, 0x00, 0, 5, 0x08, 0x00];
        assert_hello(113, &after(&tagged, &ipv4()));
    }

    #[test]
    fn cooked_2() {
        let header = [0x08, 0x00, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0];
        assert_hello(276, &after(&header, &ipv4()));
    }

    #[test]
    fn frame_relay() {
        assert_hello(107, &after(&[0x18, 0x41, 0x03, 0xcc], &ipv4()));
        assert_hello(107, &after(&[0x18, 0x41, 0x03, 0x8e], &ipv6()));
        assert_hello(107, &after(&[0x18, 0x41, 0x03, 0x00, 0x80, 0, 0, 0, 0x08, 0x00], &ipv4()));
        assert_hello(107, &after(&[0x18, 0x41, 0x03, 0x00, 0x80, 0, 0x80, 0xc2, 0, 7], &ethernet()));
        assert_hello(107, &after(&[0x18, 0x41, 0x08, 0x00], &ipv4()));
        assert_hello(107, &after(&[0x18, 0x40, 0x40, 0x01, 0x03, 0xcc], &ipv4()));
    }

    #[test]
    fn fddi() {
        let mut header = vec![0x50; 13];
        header.extend([0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00]);
        assert_hello(10, &after(&header, &ipv4()));
    }

    #[test]
    fn logs() {
        let mut pf_log = [0; 64];
        pf_log[..2].copy_from_slice(&[61, 2]);
        assert_hello(117, &after(&pf_log, &ipv4()));

        let length = 4 + ipv4().len() as u8;
        let prefix = [2, 0, 0, 0, 8, 0, 1, 0, 8, 0, 1, 0];
        assert_hello(
            239,
            &[&prefix, [5, 0, 10, 0, 0, 0, 0, 0, length, 0, 9, 0].as_slice(), &ipv4()].concat(),
        );
        let swapped = [2, 0, 0, 0, 0, 8, 0, 1, 8, 0, 1, 0, 0, length, 0, 9];
        assert_hello(239, &after(&swapped, &ipv4()));
        assert_eq!(assert_nothing(239, &[2, 0, 0, 0, 3, 0, 1, 0]).malformed, 1);
    }

    #[test]
    fn other_link_types_within() {
        let mut pktap = vec![0; 108];
        pktap[0] = 108;
        pktap[8] = 1;
        assert_hello(258, &after(&pktap, &ethernet()));
        assert_hello(192, &after(&[0, 0, 12, 0, 1, 0, 0, 0, 1, 1, 1, 1], &ethernet()));
        assert_eq!(assert_nothing(192, &after(&[0, 0, 4, 0, 1, 0, 0, 0], &ethernet())).malformed, 1);
    }

    #[test]
    fn unknown() {
        let stats = assert_nothing(147, &ethernet());
        assert_eq!(stats.unknown_links.into_iter().collect::<Vec<_>>(), [(LinkType(147), 1)]);
    }
}
