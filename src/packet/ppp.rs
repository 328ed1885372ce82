//! PPP frames (RFC 1661, 1662), in all the ways in which captures hold them.

use super::layer::{Fate, Layer, Next, Peeled, skip, take};

/// Takes address, control and protocol off. All but the last byte of the protocol may be compressed
/// away (RFC 1661 sections 6.5 and 6.6).
pub(super) fn frame(bytes: &[u8]) -> Peeled<'_> {
    let bytes = match bytes {
        [ADDRESS, CONTROL, rest @ ..] => rest,
        _ => bytes,
    };
    let (&[first], rest) = take::<1>(bytes)?;
    // The last byte of a protocol number is odd, all others are even.
    let (protocol, rest) = if first & 1 == 1 {
        (u16::from(first), rest)
    } else {
        let (&[second], rest) = take::<1>(rest)?;
        (u16::from_be_bytes([first, second]), rest)
    };
    match protocol {
        0x0021 => Next::within(Layer::Ipv4, rest),
        0x0057 => Next::within(Layer::Ipv6, rest),
        0x0281 | 0x0283 => Next::within(Layer::Mpls, rest),
        // The Encryption Control Protocol's packets (RFC 1968 section 4).
        0x0053 | 0x0055 => Err(Fate::Encrypted),
        _ => Err(Fate::Other),
    }
}

/// PPP in HDLC-like framing or Cisco HDLC: the first byte tells.
pub(super) fn hdlc(bytes: &[u8]) -> Peeled<'_> {
    match bytes.first() {
        Some(&(CISCO_UNICAST | CISCO_MULTICAST)) => cisco(bytes),
        _ => frame(bytes),
    }
}

/// Cisco HDLC: address, control, EtherType.
pub(super) fn cisco(bytes: &[u8]) -> Peeled<'_> {
    let (&[_, _, high, low], rest) = take::<4>(bytes)?;
    Next::within(Layer::EtherType(u16::from_be_bytes([high, low])), rest)
}

/// A byte that tells the direction, then PPP.
pub(super) fn directed(bytes: &[u8]) -> Peeled<'_> {
    Next::within(Layer::Ppp, skip(bytes, 1)?)
}

const ADDRESS: u8 = 0xff;
const CONTROL: u8 = 0x03;
const CISCO_UNICAST: u8 = 0x0f;
const CISCO_MULTICAST: u8 = 0x8f;

#[cfg(test)]
mod tests {
    use crate::packet::testing::{after, assert_hello, assert_nothing, ipv4, ipv6};

    #[test]
    fn all_framings() {
        assert_hello(9, &after(&[0xff, 0x03, 0x00, 0x21], &ipv4()));
        assert_hello(9, &after(&[0x00, 0x57], &ipv6()));
        assert_hello(9, &after(&[0x21], &ipv4()));
        assert_hello(9, &after(&[0xff, 0x03, 0x57], &ipv6()));
        assert_hello(50, &after(&[0xff, 0x03, 0x00, 0x21], &ipv4()));
        assert_hello(50, &after(&[0x0f, 0x00, 0x08, 0x00], &ipv4()));
        assert_hello(104, &after(&[0x8f, 0x00, 0x86, 0xdd], &ipv6()));
        assert_hello(204, &after(&[0x01, 0xff, 0x03, 0x00, 0x21], &ipv4()));
        assert_hello(9, &after(&[0x02, 0x81, 0, 0, 0x11, 64], &ipv4()));
    }

    #[test]
    fn control_and_encrypted() {
        assert_eq!(assert_nothing(9, &after(&[0xff, 0x03, 0xc0, 0x21], &[1, 1, 0, 4])).other, 1);
        assert_eq!(assert_nothing(9, &after(&[0x00, 0x53], &ipv4())).encrypted, 1);
        assert_eq!(assert_nothing(9, &[0xff, 0x03]).malformed, 1);
    }
}
