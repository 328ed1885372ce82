//! Ethernet, its tags, 802.2 LLC and SNAP, and whatever an EtherType names.
//!
//! IEEE 802.1Q and 802.1ad tags, 802.1BR E-TAG, VN-Tag, MACsec without encryption (802.1AE),
//! provider backbone (802.1ah), Cisco FabricPath, PPPoE (RFC 2516) and NSH (RFC 8300) are taken off.

use super::layer::{Fate, Layer, Next, Peeled, skip, take};
use super::{ip, mpls, ppp};

/// IPv4.
pub(super) const IPV4: u16 = 0x0800;
/// IPv6.
pub(super) const IPV6: u16 = 0x86dd;
/// A whole Ethernet frame (transparent Ethernet bridging).
pub(super) const BRIDGED: u16 = 0x6558;

/// Takes the addresses and the EtherType off.
pub(super) fn frame(bytes: &[u8]) -> Peeled<'_> {
    let (header, rest) = take::<14>(bytes)?;
    let [.., high, low] = *header;
    Next::within(Layer::EtherType(u16::from_be_bytes([high, low])), rest)
}

/// Says what the payload of an EtherType is, and takes tags off.
pub(super) fn ethertype(mut ethertype: u16, mut bytes: &[u8]) -> Peeled<'_> {
    loop {
        // The length of what a tag holds before the next EtherType.
        let tag = match ethertype {
            IPV4 => return Next::within(Layer::Ipv4, bytes),
            IPV6 => return Next::within(Layer::Ipv6, bytes),
            VLAN | PROVIDER_VLAN | OLD_VLAN_1 | OLD_VLAN_2 | OLD_VLAN_3 => 2,
            VN_TAG => 4,
            E_TAG => 6,
            MACSEC => macsec(bytes)?,
            MPLS | MPLS_UPSTREAM => return Next::within(Layer::Mpls, bytes),
            PPPOE_SESSION => return pppoe(bytes),
            NSH => return nsh(bytes),
            BRIDGED => return Next::tunnel(Layer::Ethernet, bytes),
            // The I-TAG's service identifier, then the customer's frame.
            BACKBONE => return Next::tunnel(Layer::Ethernet, skip(bytes, 4)?),
            // A tree and a time to live, then the host's frame.
            FABRIC_PATH => return Next::tunnel(Layer::Ethernet, skip(bytes, 2)?),
            // IEEE 802.3 section 3.2.6: up to 1,500 it is a length, and LLC follows.
            0..=1500 => return Next::within(Layer::Llc, bytes),
            _ => return Err(Fate::Other),
        };
        let (next, rest) = take::<2>(skip(bytes, tag)?)?;
        ethertype = u16::from_be_bytes(*next);
        bytes = rest;
    }
}

/// Takes an IEEE 802.2 header off: SNAP (RFC 1042), IP's own SAP, or OSI's network layer identifier.
pub(super) fn llc(bytes: &[u8]) -> Peeled<'_> {
    let (header, rest) = take::<3>(bytes)?;
    match *header {
        [0xaa, 0xaa, 0x03] => {
            let (snap, rest) = take::<5>(rest)?;
            match *snap {
                // Plain RFC 1042, and the bridge tunnel encapsulation of 802.1H.
                [0, 0, 0, high, low] | [0, 0, 0xf8, high, low] => {
                    Next::within(Layer::EtherType(u16::from_be_bytes([high, low])), rest)
                }
                // RFC 2684 section 5.2: bridged 802.3 without frame check sequence, two bytes of padding.
                [0, 0x80, 0xc2, 0, 7] => Next::within(Layer::Ethernet, skip(rest, 2)?),
                _ => Err(Fate::Other),
            }
        }
        [0x06, 0x06, 0x03] => Next::within(Layer::Ipv4, rest),
        [0xfe, 0xfe, 0x03] => network_layer(rest),
        _ => Err(Fate::Other),
    }
}

/// Takes a network layer protocol identifier off (ISO/IEC TR 9577, as Frame Relay uses it: RFC 2427).
pub(super) fn network_layer(bytes: &[u8]) -> Peeled<'_> {
    let (&[identifier], rest) = take::<1>(bytes)?;
    match identifier {
        0xcc => Next::within(Layer::Ipv4, rest),
        0x8e => Next::within(Layer::Ipv6, rest),
        0xcf => Next::within(Layer::Ppp, rest),
        0x80 => {
            let (snap, rest) = take::<5>(rest)?;
            match *snap {
                [0, 0, 0, high, low] => Next::within(Layer::EtherType(u16::from_be_bytes([high, low])), rest),
                [0, 0x80, 0xc2, 0, 7] => Next::within(Layer::Ethernet, rest),
                _ => Err(Fate::Other),
            }
        }
        _ => Err(Fate::Other),
    }
}

/// Whether the bytes are an Ethernet frame with something in it that this program follows. For those
/// tunnels that do not say what they carry.
pub(super) fn is_plausible(bytes: &[u8], missing: u32) -> bool {
    let mut next = frame(bytes);
    while let Ok(Next { layer: Layer::EtherType(kind), bytes, .. }) = next {
        next = ethertype(kind, bytes);
    }
    match next {
        Ok(Next { layer: Layer::Ipv4 | Layer::Ipv6, bytes, .. }) => ip::is_plausible(bytes, missing),
        // No frames in labels in frames: guesses upon guesses are worth nothing.
        Ok(Next { layer: Layer::Mpls, bytes, .. }) => {
            mpls::labels(bytes).is_ok_and(|bytes| ip::is_plausible(bytes, missing))
        }
        Ok(Next { layer: Layer::Ppp, bytes, .. }) => {
            ppp::frame(bytes).is_ok_and(|next| ip::is_plausible(next.bytes, missing))
        }
        _ => false,
    }
}

/// The length of a MACsec tag (IEEE 802.1AE section 9.3), where it does not encrypt.
fn macsec(bytes: &[u8]) -> Result<usize, Fate> {
    const VERSION: u8 = 0x80;
    const CHANNEL: u8 = 0x20;
    const ENCRYPTED: u8 = 0x08;
    const CHANGED: u8 = 0x04;
    let (&[control], _) = take::<1>(bytes)?;
    if control & VERSION != 0 {
        return Err(Fate::Malformed);
    }
    if control & (ENCRYPTED | CHANGED) != 0 {
        return Err(Fate::Encrypted);
    }
    Ok(if control & CHANNEL == 0 { 6 } else { 14 })
}

/// Takes a PPPoE session header off (RFC 2516 section 4). Some equipment counts link padding into the
/// length of small IP packets; the length of the session's payload tells the truth.
pub(super) fn pppoe(bytes: &[u8]) -> Peeled<'_> {
    let (&[version_and_type, code, _, _, high, low], rest) = take::<6>(bytes)?;
    let rest = rest.get(..usize::from(u16::from_be_bytes([high, low]))).unwrap_or(rest);
    match (version_and_type, code) {
        (0x11, 0) => Next::within(Layer::Ppp, rest),
        (0x11, _) => Err(Fate::Other),
        _ => Err(Fate::Malformed),
    }
}

/// Takes a network service header off (RFC 8300 section 2.2).
pub(super) fn nsh(bytes: &[u8]) -> Peeled<'_> {
    let (&[_, words, _, protocol], _) = take::<4>(bytes)?;
    let length = usize::from(words & 0x3f) * 4;
    if length < 8 {
        return Err(Fate::Malformed);
    }
    let rest = skip(bytes, length)?;
    match protocol {
        1 => Next::tunnel(Layer::Ipv4, rest),
        2 => Next::tunnel(Layer::Ipv6, rest),
        3 => Next::tunnel(Layer::Ethernet, rest),
        4 => nsh_within(rest),
        5 => Next::tunnel(Layer::Mpls, rest),
        _ => Err(Fate::Other),
    }
}

/// A service header in a service header counts as a tunnel of its own.
fn nsh_within(bytes: &[u8]) -> Peeled<'_> {
    Next::tunnel(Layer::EtherType(NSH), bytes)
}

const VLAN: u16 = 0x8100;
const PROVIDER_VLAN: u16 = 0x88a8;
const OLD_VLAN_1: u16 = 0x9100;
const OLD_VLAN_2: u16 = 0x9200;
const OLD_VLAN_3: u16 = 0x9300;
const E_TAG: u16 = 0x893f;
const VN_TAG: u16 = 0x8926;
const MACSEC: u16 = 0x88e5;
const MPLS: u16 = 0x8847;
const MPLS_UPSTREAM: u16 = 0x8848;
const PPPOE_SESSION: u16 = 0x8864;
const NSH: u16 = 0x894f;
const BACKBONE: u16 = 0x88e7;
const FABRIC_PATH: u16 = 0x8903;

#[cfg(test)]
mod tests {
    use crate::packet::testing::{after, assert_hello, assert_nothing, ethernet, framed, ipv4, ipv6};

    const TAG: &[u8] = &[0x81, 0x00, 0x00, 0x05];
    const PROVIDER: &[u8] = &[0x88, 0xa8, 0x00, 0x06];
    const OLD: &[u8] = &[0x91, 0x00, 0x00, 0x07];
    const IP: &[u8] = &[0x08, 0x00];

    #[test]
    fn plain() {
        assert_hello(1, &ethernet());
        assert_hello(1, &framed(&[&[0x86, 0xdd]], &ipv6()));
        // Link padding is not payload.
        assert_hello(1, &[ethernet(), vec![0; 7]].concat());
    }

    #[test]
    fn tags() {
        assert_hello(1, &framed(&[TAG, IP], &ipv4()));
        assert_hello(1, &framed(&[PROVIDER, TAG, IP], &ipv4()));
        assert_hello(1, &framed(&[OLD, PROVIDER, TAG, TAG, IP], &ipv4()));
        assert_hello(1, &framed(&[&[0x89, 0x3f, 0, 0, 0, 1, 0, 0], IP], &ipv4()));
        assert_hello(1, &framed(&[TAG, &[0x89, 0x26, 0, 1, 0, 2], TAG, IP], &ipv4()));
        assert_nothing(1, &framed(&[TAG, TAG], &[]));
    }

    #[test]
    fn logical_link_control() {
        let snap = [0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00];
        assert_hello(1, &framed(&[&[0, 60], &snap], &ipv4()));
        assert_hello(1, &framed(&[TAG, &[0, 60], &snap], &ipv4()));
        assert_hello(1, &framed(&[&[0, 60], &[0x06, 0x06, 0x03]], &ipv4()));
        assert_hello(1, &framed(&[&[0, 60], &[0xfe, 0xfe, 0x03, 0xcc]], &ipv4()));
        assert_eq!(assert_nothing(1, &framed(&[&[0, 60]], &[0x42, 0x42, 0x03, 0])).other, 1);
        // RFC 2684: LINKTYPE_ATM_RFC1483.
        assert_hello(100, &after(&snap, &ipv4()));
        assert_hello(100, &after(&[0xaa, 0xaa, 0x03, 0, 0x80, 0xc2, 0, 7, 0, 0], &ethernet()));
    }

    #[test]
    fn macsec() {
        assert_hello(1, &framed(&[&[0x88, 0xe5, 0x00, 0, 0, 0, 0, 1], IP], &ipv4()));
        let with_channel = [0x88, 0xe5, 0x20, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8];
        assert_hello(1, &framed(&[&with_channel, IP], &ipv4()));
        let encrypted = framed(&[&[0x88, 0xe5, 0x0c, 0, 0, 0, 0, 1], IP], &ipv4());
        assert_eq!(assert_nothing(1, &encrypted).encrypted, 1);
    }

    #[test]
    fn frames_within_frames() {
        assert_hello(1, &framed(&[&[0x88, 0xe7, 0, 0, 0, 9]], &ethernet()));
        assert_hello(1, &framed(&[&[0x89, 0x03, 0, 9]], &ethernet()));
        assert_hello(1, &framed(&[&[0x65, 0x58]], &ethernet()));
    }

    #[test]
    fn pppoe() {
        let session = [0x11, 0, 0, 1, 0, 54, 0x00, 0x21];
        assert_hello(1, &framed(&[&[0x88, 0x64], &session], &ipv4()));
        assert_hello(51, &after(&session, &ipv4()));
        let mut padded = after(&session, &[ipv4(), vec![0; 6]].concat());
        padded[8 + 3] += 6;
        assert_hello(51, &padded);
        assert_eq!(assert_nothing(51, &after(&[0x11, 0xa7, 0, 1, 0, 0], &[])).other, 1);
        assert_eq!(assert_nothing(51, &after(&[0x21, 0, 0, 1, 0, 0], &[])).malformed, 1);
    }

    #[test]
    fn service_header() {
        let header = |protocol| [0x89, 0x4f, 0, 2, 1, protocol, 0, 0, 1, 255];
        assert_hello(1, &framed(&[&header(1)], &ipv4()));
        assert_hello(1, &framed(&[&header(2)], &ipv6()));
        assert_hello(1, &framed(&[&header(3)], &ethernet()));
        assert_hello(1, &framed(&[&header(4), &header(3)[2..]], &ethernet()));
    }

    #[test]
    fn other() {
        assert_eq!(assert_nothing(1, &framed(&[&[0x08, 0x06]], &[0; 28])).other, 1);
        assert_eq!(assert_nothing(1, &[0; 13]).malformed, 1);
        // The EtherType says which version of IP there is; receivers drop the other one.
        assert_eq!(assert_nothing(1, &framed(&[&[0x86, 0xdd]], &ipv4())).malformed, 1);
    }
}
