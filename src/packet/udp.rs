//! Tunnels over UDP. A port alone proves nothing: the content must agree down to the inner IP header.
//!
//! VXLAN (RFC 7348) and its generic extension, GENEVE (RFC 8926), GTP-U (3GPP TS 29.281), Teredo
//! (RFC 4380), GRE in UDP (RFC 8086), MPLS in UDP (RFC 7510), L2TP (RFC 2661).

use super::layer::{Fate, Layer, Next, Peeled, skip, take};
use super::{ethernet, gre, ip, mpls, ppp};

/// Takes a UDP header off, and the tunnel's header after it; `missing` bytes of the packet were cut off.
pub(super) fn tunnel(datagram: &[u8], missing: u32) -> Peeled<'_> {
    let (&[s0, s1, d0, d1, l0, l1, ..], payload) = take::<8>(datagram)?;
    let source = u16::from_be_bytes([s0, s1]);
    let destination = u16::from_be_bytes([d0, d1]);
    // Captures that were cut without saying so still have the length here.
    let promised = u32::from(u16::from_be_bytes([l0, l1]));
    let missing = missing.max(promised.saturating_sub(datagram.len() as u32));
    let inner = by_port(destination, payload, missing).or_else(|| by_port(source, payload, missing));
    inner.ok_or(Fate::Other)
}

/// What a port's tunnel carries, where the payload is that tunnel's.
fn by_port(port: u16, payload: &[u8], missing: u32) -> Option<Next<'_>> {
    let peeled = match port {
        1701 => l2tp(payload),
        2152 => gtp_u(payload, missing),
        3544 => teredo(payload),
        4754 => gre::header(payload),
        // 8472 is what Linux used before the number was assigned.
        4789 | 8472 => vxlan(payload),
        4790 => vxlan_generic(payload),
        6081 => geneve(payload),
        6635 => mpls::stack(payload, missing),
        _ => return None,
    };
    let next = Next { tunnelled: true, ..peeled.ok()? };
    leads_to_ip(next, missing).then_some(next)
}

/// Whether what a tunnel's header announced is there.
fn leads_to_ip(next: Next<'_>, missing: u32) -> bool {
    match next.layer {
        Layer::Ethernet => ethernet::is_plausible(next.bytes, missing),
        Layer::Ip => ip::is_plausible(next.bytes, missing),
        Layer::Ipv4 => {
            next.bytes.first().is_some_and(|b| b >> 4 == 4) && ip::is_plausible(next.bytes, missing)
        }
        Layer::Ipv6 => {
            next.bytes.first().is_some_and(|b| b >> 4 == 6) && ip::is_plausible(next.bytes, missing)
        }
        Layer::EtherType(kind) => {
            ethernet::ethertype(kind, next.bytes).is_ok_and(|next| leads_to_ip(next, missing))
        }
        Layer::Ppp => ppp::frame(next.bytes).is_ok_and(|next| leads_to_ip(next, missing)),
        Layer::Mpls => mpls::stack(next.bytes, missing).is_ok(),
        _ => false,
    }
}

/// VXLAN (RFC 7348 section 5): the I flag, and an Ethernet frame. Receivers ignore all else.
fn vxlan(bytes: &[u8]) -> Peeled<'_> {
    const VALID_ID: u8 = 0x08;
    let (&[flags, ..], rest) = take::<8>(bytes)?;
    if flags & VALID_ID == 0 {
        return Err(Fate::Other);
    }
    Next::tunnel(Layer::Ethernet, rest)
}

/// VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe section 3): the P flag, and a protocol number.
fn vxlan_generic(bytes: &[u8]) -> Peeled<'_> {
    const PROTOCOL: u8 = 0x04;
    let (&[flags, _, _, protocol, ..], rest) = take::<8>(bytes)?;
    if flags & PROTOCOL == 0 {
        return vxlan(bytes);
    }
    match protocol {
        1 => Next::tunnel(Layer::Ipv4, rest),
        2 => Next::tunnel(Layer::Ipv6, rest),
        3 => Next::tunnel(Layer::Ethernet, rest),
        4 => ethernet::nsh(rest),
        5 => Next::tunnel(Layer::Mpls, rest),
        _ => Err(Fate::Other),
    }
}

/// GENEVE (RFC 8926 section 3.4): version 0, options of a stated length, an EtherType.
fn geneve(bytes: &[u8]) -> Peeled<'_> {
    let (&[words, _, high, low, ..], rest) = take::<8>(bytes)?;
    if words >> 6 != 0 {
        return Err(Fate::Other);
    }
    let rest = skip(rest, usize::from(words & 0x3f) * 4)?;
    match u16::from_be_bytes([high, low]) {
        ethernet::BRIDGED => Next::tunnel(Layer::Ethernet, rest),
        kind @ 1536.. => Next::tunnel(Layer::EtherType(kind), rest),
        _ => Err(Fate::Other),
    }
}

/// GTP-U version 1 (TS 29.281 section 5): a G-PDU whose length is the datagram's.
fn gtp_u(bytes: &[u8], missing: u32) -> Peeled<'_> {
    const VERSION_AND_TYPE: u8 = 0xf0;
    const VERSION_1_GTP: u8 = 0x30;
    const ANY_OPTION: u8 = 0x07;
    const EXTENSION: u8 = 0x04;
    const G_PDU: u8 = 0xff;
    let (&[flags, message, high, low, ..], mut rest) = take::<8>(bytes)?;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if flags & VERSION_AND_TYPE != VERSION_1_GTP
        || message != G_PDU
        || length > rest.len().saturating_add(missing as usize)
    {
        return Err(Fate::Other);
    }
    if flags & ANY_OPTION != 0 {
        let (&[_, _, _, mut extension], after) = take::<4>(rest)?;
        rest = after;
        while flags & EXTENSION != 0 && extension != 0 {
            // The length counts groups of four bytes, its own among them; the next type comes last.
            let (&[words], _) = take::<1>(rest)?;
            if words == 0 {
                return Err(Fate::Other);
            }
            let (header, after) = rest.split_at_checked(usize::from(words) * 4).ok_or(Fate::Short)?;
            extension = header.last().copied().unwrap_or_default();
            rest = after;
        }
    }
    Next::tunnel(Layer::Ip, rest)
}

/// Teredo (RFC 4380 section 5.1.1): perhaps an authentication and an origin header, then IPv6.
fn teredo(bytes: &[u8]) -> Peeled<'_> {
    let mut rest = bytes;
    if let [0, 1, id_length, value_length, after @ ..] = rest {
        // The identifier, the authentication value, an eight-byte nonce and a confirmation byte.
        rest = skip(after, usize::from(*id_length) + usize::from(*value_length) + 9)?;
    }
    if let [0, 0, ..] = rest {
        rest = skip(rest, 8)?;
    }
    Next::tunnel(Layer::Ipv6, rest)
}

/// L2TP version 2 (RFC 2661 section 3.1): data messages carry PPP.
fn l2tp(bytes: &[u8]) -> Peeled<'_> {
    const CONTROL: u8 = 0x80;
    const LENGTH: u8 = 0x40;
    const SEQUENCE: u8 = 0x08;
    const OFFSET: u8 = 0x02;
    let (&[flags, version], mut rest) = take::<2>(bytes)?;
    if version & 0x0f != 2 || flags & CONTROL != 0 {
        return Err(Fate::Other);
    }
    if flags & LENGTH != 0 {
        rest = skip(rest, 2)?;
    }
    rest = skip(rest, 4)?;
    if flags & SEQUENCE != 0 {
        rest = skip(rest, 4)?;
    }
    if flags & OFFSET != 0 {
        let (size, after) = take::<2>(rest)?;
        rest = skip(after, usize::from(u16::from_be_bytes(*size)))?;
    }
    Next::tunnel(Layer::Ppp, rest)
}

#[cfg(test)]
mod tests {
    use crate::packet::testing::{
        after, assert_hello, assert_nothing, datagram, decode, ethernet, ipv4, ipv6,
    };

    #[test]
    fn virtual_networks() {
        let header = [0x08, 0, 0, 0, 0, 0, 7, 0];
        assert_hello(1, &datagram(4789, &after(&header, &ethernet())));
        assert_hello(1, &datagram(8472, &after(&header, &ethernet())));
        assert_hello(1, &datagram(4789, &after(&[0x88, 0x40, 0, 9, 0, 0, 7, 0], &ethernet())));
        assert_eq!(assert_nothing(1, &datagram(4789, &after(&[0; 8], &ethernet()))).other, 1);
        let generic = |protocol| [0x0c, 0, 0, protocol, 0, 0, 7, 0];
        assert_hello(1, &datagram(4790, &after(&generic(1), &ipv4())));
        assert_hello(1, &datagram(4790, &after(&generic(2), &ipv6())));
        assert_hello(1, &datagram(4790, &after(&generic(3), &ethernet())));
    }

    #[test]
    fn cut_without_saying_so() {
        let frame = datagram(4789, &after(&[0x08, 0, 0, 0, 0, 0, 7, 0], &ethernet()));
        let (segments, _) = decode(1, &frame[..frame.len() - 7]);
        assert_eq!(segments[0].payload, b"hello");
    }

    #[test]
    fn segmentation_without_length() {
        let mut inner = ethernet();
        inner[16..18].copy_from_slice(&[0, 0]);
        assert_hello(1, &datagram(4789, &after(&[0x08, 0, 0, 0, 0, 0, 7, 0], &inner)));
    }

    #[test]
    fn geneve() {
        assert_hello(1, &datagram(6081, &after(&[0, 0, 0x65, 0x58, 0, 0, 7, 0], &ethernet())));
        let options = [2, 0x40, 0x08, 0x00, 0, 0, 7, 0, 0, 1, 0x80, 1, 1, 2, 3, 4];
        assert_hello(1, &datagram(6081, &after(&options, &ipv4())));
    }

    #[test]
    fn mobile() {
        let length = ipv4().len() as u8;
        assert_hello(1, &datagram(2152, &after(&[0x30, 0xff, 0, length, 0, 0, 0, 1], &ipv4())));
        let extended = [0x34, 0xff, 0, length + 8, 0, 0, 0, 1, 0, 1, 0, 0x85, 1, 0, 1, 0];
        assert_hello(1, &datagram(2152, &after(&extended, &ipv4())));
        let sequenced = [0x32, 0xff, 0, length + 4, 0, 0, 0, 1, 0, 1, 0, 0];
        assert_hello(1, &datagram(2152, &after(&sequenced, &ipv4())));
        // An echo request.
        assert_nothing(1, &datagram(2152, &after(&[0x32, 1, 0, 4, 0, 0, 0, 0], &[0, 1, 0, 0])));
        // An extension header of no length does not hold the decoder up.
        assert_nothing(1, &datagram(2152, &[0x34, 0xff, 0, 4, 0, 0, 0, 1, 0, 1, 0, 0x85, 0, 0, 0, 0x85]));
    }

    #[test]
    fn teredo() {
        assert_hello(1, &datagram(3544, &ipv6()));
        assert_hello(1, &datagram(3544, &after(&[0, 0, 1, 2, 3, 4, 5, 6], &ipv6())));
        let both = [0, 1, 1, 2, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1, 2, 3, 4, 5, 6];
        assert_hello(1, &datagram(3544, &after(&both, &ipv6())));
        assert_nothing(1, &datagram(3544, &ipv4()));
    }

    #[test]
    fn others() {
        assert_hello(1, &datagram(4754, &after(&[0, 0, 0x08, 0x00], &ipv4())));
        assert_hello(1, &datagram(6635, &after(&[0, 1, 1, 64], &ipv4())));
        let l2tp = [0x40, 0x02, 0, 64, 0, 1, 0, 1, 0xff, 0x03, 0, 0x21];
        assert_hello(1, &datagram(1701, &after(&l2tp, &ipv4())));
        let full = [0x4a, 0x02, 0, 72, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 9, 0, 0x21];
        assert_hello(1, &datagram(1701, &after(&full, &ipv4())));
    }

    #[test]
    fn ordinary_datagrams_are_not_mistaken() {
        assert_eq!(assert_nothing(1, &datagram(53, &ipv4())).other, 1);
        for port in [1701, 2152, 3544, 4754, 4789, 4790, 6081, 6635, 8472] {
            for filler in [0x00, 0x08, 0x30, 0x45, 0x60, 0xff] {
                assert_eq!(assert_nothing(1, &datagram(port, &[filler; 200])).other, 1, "{port} {filler}");
            }
        }
    }
}
