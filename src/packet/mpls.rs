//! MPLS label stacks (RFC 3032), and what they carry without saying so.

use super::layer::{Fate, Layer, Next, Peeled, skip, take};
use super::{ethernet, ip};

/// Takes the labels off. What follows must be guessed: an Ethernet frame with IP in it, with or without
/// a control word (RFC 4448 section 4.6), or IP (RFC 4928 section 3), whichever is sound. A frame whose
/// first address looks like an IP header is likelier than a packet that looks like a frame with IP in it.
pub(super) fn stack(bytes: &[u8], missing: u32) -> Peeled<'_> {
    let bytes = labels(bytes)?;
    if ethernet::is_plausible(bytes, missing) {
        return Next::tunnel(Layer::Ethernet, bytes);
    }
    if ip::is_plausible(bytes, missing) {
        return Next::within(Layer::Ip, bytes);
    }
    if bytes.first().is_some_and(|byte| byte >> 4 == 0)
        && let Ok(frame) = skip(bytes, 4)
        && ethernet::is_plausible(frame, missing)
    {
        return Next::tunnel(Layer::Ethernet, frame);
    }
    Err(Fate::Other)
}

/// What follows a label stack.
pub(super) fn labels(mut bytes: &[u8]) -> Result<&[u8], Fate> {
    const BOTTOM: u8 = 1;
    loop {
        let (&[_, _, low, _], rest) = take::<4>(bytes)?;
        bytes = rest;
        if low & BOTTOM != 0 {
            return Ok(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::packet::testing::{assert_hello, assert_nothing, ethernet, framed, ipv4, ipv6};

    const MPLS: &[u8] = &[0x88, 0x47];
    const LABEL: &[u8] = &[0, 1, 0x00, 64];
    const BOTTOM: &[u8] = &[0, 1, 0x01, 64];

    #[test]
    fn ip() {
        assert_hello(1, &framed(&[MPLS, BOTTOM], &ipv4()));
        assert_hello(1, &framed(&[&[0x88, 0x48], LABEL, LABEL, BOTTOM], &ipv6()));
    }

    #[test]
    fn pseudowire() {
        assert_hello(1, &framed(&[MPLS, LABEL, BOTTOM], &ethernet()));
        assert_hello(1, &framed(&[MPLS, BOTTOM, &[0, 0, 0, 0]], &ethernet()));
        // A destination address that looks like the beginning of an IP packet.
        for first in [0x45, 0x60, 0x00] {
            let mut frame = ethernet();
            frame[0] = first;
            assert_hello(1, &framed(&[MPLS, BOTTOM], &frame));
        }
    }

    #[test]
    fn other() {
        assert_eq!(assert_nothing(1, &framed(&[MPLS, BOTTOM], &[0x17; 60])).other, 1);
        assert_eq!(assert_nothing(1, &framed(&[MPLS, LABEL], &[])).malformed, 1);
    }
}
