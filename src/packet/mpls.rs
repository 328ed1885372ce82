//! MPLS label stacks (RFC 3032), and what they carry without saying so.

use super::layer::{Fate, Layer, Next, Peeled, skip, take};
use super::{ethernet, ip};

/// Takes the labels off. What follows must be guessed: IP where it is sound (RFC 4928 section 3), else
/// an Ethernet frame, with or without a control word (RFC 4448 section 4.6), where that is sound.
pub(super) fn stack(mut bytes: &[u8], missing: u32) -> Peeled<'_> {
    const BOTTOM: u8 = 1;
    loop {
        let (&[_, _, low, _], rest) = take::<4>(bytes)?;
        bytes = rest;
        if low & BOTTOM != 0 {
            break;
        }
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
    if ethernet::is_plausible(bytes, missing) {
        return Next::tunnel(Layer::Ethernet, bytes);
    }
    Err(Fate::Other)
}
