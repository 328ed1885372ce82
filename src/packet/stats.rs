//! What became of the packets, in numbers.

use std::collections::BTreeMap;

use super::layer::Fate;
use crate::capture::source::LinkType;

/// Packets by fate, and what happened to fragments. Nothing is lost without being counted here.
///
/// Each packet is in exactly one of `tcp`, `other`, `fragments`, `cut_headers`, `malformed`,
/// `encrypted`, `too_deep` and the counts of `unknown_links`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PacketStats {
    /// Packets that gave a TCP segment.
    pub tcp: u64,
    /// Sound packets that are not TCP: UDP, ICMP, ARP, …
    pub other: u64,
    /// Fragments that did not complete an IP packet when they came.
    pub fragments: u64,
    /// Packets that the snap length cut within a header.
    pub cut_headers: u64,
    /// Packets whose headers contradict themselves, or are longer than the packet.
    pub malformed: u64,
    /// Packets encrypted below TCP: protected 802.11 frames, MACsec, IPsec ESP.
    pub encrypted: u64,
    /// Packets with more tunnels in them than the limit allows.
    pub too_deep: u64,
    /// Packets of link types that are not known here, by type.
    pub unknown_links: BTreeMap<LinkType, u64>,
    /// Packets that the snap length cut, whatever their fate.
    pub cut_packets: u64,
    /// Bytes of fragments held now, as allocated.
    pub fragment_bytes: u64,
    /// Fragmented IP packets put together.
    pub reassembled: u64,
    /// Fragmented IP packets given up because the rest did not come in time.
    pub fragments_timed_out: u64,
    /// Fragmented IP packets given up because the limit of bytes was reached.
    pub fragments_over_limit: u64,
    /// Fragments thrown away because their offsets or lengths cannot be.
    pub fragments_invalid: u64,
}

impl PacketStats {
    /// Packets seen.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.tcp + self.other + self.fragments + self.skipped()
    }

    /// Packets that could not be decoded, for whatever reason.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        let unknown: u64 = self.unknown_links.values().sum();
        self.cut_headers + self.malformed + self.encrypted + self.too_deep + unknown
    }

    /// Counts a packet; `was_cut` says whether the snap length cut it.
    #[inline]
    pub(super) fn count(&mut self, fate: Fate, was_cut: bool) {
        self.cut_packets += u64::from(was_cut);
        match fate {
            Fate::Tcp => self.tcp += 1,
            Fate::Other => self.other += 1,
            Fate::Fragment => self.fragments += 1,
            Fate::Short if was_cut => self.cut_headers += 1,
            Fate::Short | Fate::Malformed => self.malformed += 1,
            Fate::Encrypted => self.encrypted += 1,
            Fate::TooDeep => self.too_deep += 1,
            Fate::UnknownLink(link) => *self.unknown_links.entry(link).or_default() += 1,
        }
    }
}
