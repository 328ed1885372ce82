//! stub
use crate::capture::source::{LinkType, Packet};
use crate::item::At;
use crate::limits::Limits;
use super::segment::*;
use std::collections::BTreeMap;
pub struct Decoder { s: PacketStats }
#[derive(Default)]
pub struct PacketStats { pub skipped: u64, pub unknown_links: BTreeMap<LinkType, u64> }
impl Decoder {
    pub fn new(_: &Limits) -> Self { Self { s: PacketStats::default() } }
    pub fn stats(&self) -> &PacketStats { &self.s }
    pub fn decode(&mut self, p: &Packet, bytes: &[u8], place: Place, at: At, out: &mut impl FnMut(Segment<'_>)) {
        let skip = match p.link.0 { 1 => 14, 113 => 16, 0 => 4, _ => return };
        let Some(ip) = bytes.get(skip..) else { return };
        let Ok(ip) = etherparse::LaxIpSlice::from_slice(ip) else { return };
        let ip = ip.0;
        let pl = ip.payload();
        let Ok(t) = etherparse::TcpSlice::from_slice(pl.payload) else { return };
        let (s, d) = match &ip { etherparse::LaxIpSlice::Ipv4(v) => (Endpoint::v4(v.header().source(), t.source_port()), Endpoint::v4(v.header().destination(), t.destination_port())), etherparse::LaxIpSlice::Ipv6(v) => (Endpoint::new(v.header().source(), t.source_port()), Endpoint::new(v.header().destination(), t.destination_port())) };
        let (key, from_low) = FlowKey::new(s, d);
        let payload = t.payload();
        let offset = (payload.as_ptr() as usize - bytes.as_ptr() as usize) as u32;
        let f = u8::from(t.fin()) | u8::from(t.syn()) << 1 | u8::from(t.rst()) << 2 | u8::from(t.ack()) << 4;
        out(Segment { key, from_low, at, seq: t.sequence_number(), ack: t.acknowledgment_number(), flags: Flags(f), payload, cut: 0, place: Place { block: place.block, offset: place.offset + offset } });
    }
}
