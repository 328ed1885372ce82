//! The small language in which one layer hands a packet to the next.

use crate::capture::source::LinkType;

/// What the next bytes of a packet are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// What a capture's link type says.
    Link(LinkType),
    /// Destination, source, EtherType.
    Ethernet,
    /// The payload of an EtherType.
    EtherType(u16),
    /// IEEE 802.2 logical link control, perhaps with SNAP.
    Llc,
    /// IPv4 or IPv6, as the first nibble says.
    Ip,
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
    /// A label stack.
    Mpls,
    /// A PPP frame, with or without address and control.
    Ppp,
    /// IEEE 802.11 without frame check sequence.
    Wifi,
    /// IEEE 802.11 with frame check sequence.
    WifiFcs,
    /// IEEE 802.11 whose header is padded to a multiple of four bytes.
    WifiPadded {
        /// A frame check sequence follows.
        fcs: bool,
    },
    /// The subframes of an 802.11 aggregate (A-MSDU).
    Aggregate,
    /// Generic routing encapsulation.
    Gre,
}

/// The layer after the one that was taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Next<'a> {
    /// What `bytes` are.
    pub(super) layer: Layer,
    /// The layer's bytes, as far as the capture holds them; link padding may follow.
    pub(super) bytes: &'a [u8],
    /// `bytes` were carried by a tunnel: this counts towards the depth that is followed.
    pub(super) tunnelled: bool,
}

/// The next layer, or what becomes of the packet.
pub(super) type Peeled<'a> = Result<Next<'a>, Fate>;

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It gave a TCP segment.
    Tcp,
    /// It is sound, and it is not TCP.
    Other,
    /// It is a fragment of an IP packet that is not complete yet.
    Fragment,
    /// A header is longer than what is there.
    Short,
    /// A header contradicts itself.
    Malformed,
    /// Its content is encrypted below TCP.
    Encrypted,
    /// It has more tunnels in it than the limit allows.
    TooDeep,
    /// Its link type is not known here.
    UnknownLink(LinkType),
}

impl<'a> Next<'a> {
    /// The next layer of the same packet.
    pub(super) const fn within(layer: Layer, bytes: &'a [u8]) -> Peeled<'a> {
        Ok(Self { layer, bytes, tunnelled: false })
    }

    /// The first layer of a packet within the packet.
    pub(super) const fn tunnel(layer: Layer, bytes: &'a [u8]) -> Peeled<'a> {
        Ok(Self { layer, bytes, tunnelled: true })
    }
}

/// Takes a header of fixed size off.
pub(super) const fn take<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), Fate> {
    match bytes.split_first_chunk() {
        Some(split) => Ok(split),
        None => Err(Fate::Short),
    }
}

/// Takes `count` bytes off and gives the rest.
pub(super) fn skip(bytes: &[u8], count: usize) -> Result<&[u8], Fate> {
    bytes.get(count..).ok_or(Fate::Short)
}
