//! GRE (RFC 2784, 2890), PPTP's version of it (RFC 2637), NVGRE (RFC 7637) and ERSPAN.

use super::ethernet::BRIDGED;
use super::layer::{Fate, Layer, Next, Peeled, skip, take};

/// Takes a GRE header off.
pub(super) fn header(bytes: &[u8]) -> Peeled<'_> {
    let (&[high, low, kind_high, kind_low], rest) = take::<4>(bytes)?;
    let flags = u16::from_be_bytes([high, low]);
    let kind = u16::from_be_bytes([kind_high, kind_low]);
    match flags & VERSION {
        0 => payload(kind, flags & SEQUENCE != 0, optional_fields(flags, rest)?),
        1 if kind == PPP => pptp(flags, rest),
        1 => Err(Fate::Other),
        _ => Err(Fate::Malformed),
    }
}

/// Skips checksum, key, sequence number and source routes (RFC 1701 for the last).
fn optional_fields(flags: u16, mut rest: &[u8]) -> Result<&[u8], Fate> {
    if flags & (CHECKSUM | ROUTING) != 0 {
        rest = skip(rest, 4)?;
    }
    if flags & KEY != 0 {
        rest = skip(rest, 4)?;
    }
    if flags & SEQUENCE != 0 {
        rest = skip(rest, 4)?;
    }
    if flags & ROUTING != 0 {
        loop {
            let (&[_, _, _, length], routes) = take::<4>(rest)?;
            rest = skip(routes, usize::from(length))?;
            if length == 0 {
                break;
            }
        }
    }
    Ok(rest)
}

/// What a protocol type carries.
fn payload(kind: u16, sequenced: bool, bytes: &[u8]) -> Peeled<'_> {
    match kind {
        // ERSPAN type I has no header of its own; type II is told from it by the sequence number.
        ERSPAN if sequenced => Next::tunnel(Layer::Ethernet, skip(bytes, 8)?),
        ERSPAN => Next::tunnel(Layer::Ethernet, bytes),
        ERSPAN_3 => erspan_3(bytes),
        BRIDGED => Next::tunnel(Layer::Ethernet, bytes),
        PPP => Next::tunnel(Layer::Ppp, bytes),
        WCCP => wccp(bytes),
        // Aruba's controllers: 802.11 frames.
        0x8200..=0x83ff | 0x9000..=0x90ff => Next::tunnel(Layer::Wifi, bytes),
        kind if kind > 1500 => Next::tunnel(Layer::EtherType(kind), bytes),
        _ => Err(Fate::Other),
    }
}

/// ERSPAN type III (draft-foschiano-erspan section 4.3): 12 bytes, and 8 more where the O bit is set.
fn erspan_3(bytes: &[u8]) -> Peeled<'_> {
    let (&[.., high, low], mut rest) = take::<12>(bytes)?;
    if low & 1 != 0 {
        rest = skip(rest, 8)?;
    }
    match high >> 2 & 0x1f {
        0 => Next::tunnel(Layer::Ethernet, rest),
        2 => Next::tunnel(Layer::Ip, rest),
        _ => Err(Fate::Other),
    }
}

/// PPTP (RFC 2637 section 4.1): the key is always there; without a sequence number it only acknowledges.
fn pptp(flags: u16, bytes: &[u8]) -> Peeled<'_> {
    const ACKNOWLEDGMENT: u16 = 0x0080;
    let mut rest = skip(bytes, 4)?;
    if flags & SEQUENCE == 0 {
        return Err(Fate::Other);
    }
    rest = skip(rest, 4)?;
    if flags & ACKNOWLEDGMENT != 0 {
        rest = skip(rest, 4)?;
    }
    Next::tunnel(Layer::Ppp, rest)
}

/// WCCP redirection: version 2 puts four bytes before the IP packet, version 1 none.
fn wccp(bytes: &[u8]) -> Peeled<'_> {
    let packet = if bytes.first().is_some_and(|byte| byte >> 4 == 4) { bytes } else { skip(bytes, 4)? };
    Next::tunnel(Layer::Ip, packet)
}

const VERSION: u16 = 0x0007;
const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const PPP: u16 = 0x880b;
const ERSPAN: u16 = 0x88be;
const ERSPAN_3: u16 = 0x22eb;
const WCCP: u16 = 0x883e;

#[cfg(test)]
mod tests {
    use crate::packet::testing::{assert_hello, assert_nothing, ethernet, ipv4, ipv6, outer};

    fn gre(headers: &[u8], payload: &[u8]) -> Vec<u8> {
        outer(47, &[headers, payload].concat())
    }

    #[test]
    fn options() {
        assert_hello(1, &gre(&[0, 0, 0x08, 0x00], &ipv4()));
        assert_hello(1, &gre(&[0, 0, 0x86, 0xdd], &ipv6()));
        assert_hello(1, &gre(&[0x80, 0, 0x08, 0x00, 1, 2, 0, 0], &ipv4()));
        assert_hello(1, &gre(&[0xb0, 0, 0x08, 0x00, 1, 2, 0, 0, 0, 0, 0, 7, 0, 0, 0, 8], &ipv4()));
        let routed = [0x40, 0, 0x08, 0x00, 0, 0, 0, 0, 8, 0, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0];
        assert_hello(1, &gre(&routed, &ipv4()));
        assert_hello(1, &gre(&[0x20, 0, 0x65, 0x58, 0, 0, 7, 0], &ethernet()));
        assert_hello(1, &gre(&[0, 0, 0x88, 0x47, 0, 1, 1, 64], &ipv4()));
    }

    #[test]
    fn point_to_point() {
        let data = [0x30, 0x81, 0x88, 0x0b, 0, 56, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xff, 0x03, 0, 0x21];
        assert_hello(1, &gre(&data, &ipv4()));
        let acknowledgment = [0x20, 0x81, 0x88, 0x0b, 0, 0, 0, 1, 0, 0, 0, 1];
        assert_eq!(assert_nothing(1, &gre(&acknowledgment, &[])).other, 1);
    }

    #[test]
    fn mirrored() {
        assert_hello(1, &gre(&[0, 0, 0x88, 0xbe], &ethernet()));
        assert_hello(1, &gre(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0, 0, 0, 0, 0, 0, 0], &ethernet()));
        let mut third = [0; 28];
        third[..8].copy_from_slice(&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1]);
        assert_hello(1, &gre(&third[..20], &ethernet()));
        third[19] = 1;
        assert_hello(1, &gre(&third, &ethernet()));
        third[18] = 2 << 2;
        assert_hello(1, &gre(&third, &ipv4()));
    }

    #[test]
    fn vendors() {
        assert_hello(1, &gre(&[0, 0, 0x88, 0x3e], &ipv4()));
        assert_hello(1, &gre(&[0, 0, 0x88, 0x3e, 0, 0, 0, 0], &ipv4()));
        let mut wifi = vec![0, 0, 0x82, 0x00, 0x08, 0x01];
        wifi.resize(4 + 24, 0);
        wifi.extend([0xaa, 0xaa, 3, 0, 0, 0, 8, 0]);
        assert_hello(1, &gre(&wifi, &ipv4()));
    }

    #[test]
    fn other() {
        assert_eq!(assert_nothing(1, &gre(&[0, 0, 0x20, 0x00], &ipv4())).other, 1);
        assert_eq!(assert_nothing(1, &gre(&[0, 5, 0x08, 0x00], &ipv4())).malformed, 1);
    }
}
