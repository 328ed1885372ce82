//! Packets into TCP segments: link layers, tunnels, IP and its fragments.
//!
//! A packet is peeled layer by layer until TCP or something else is reached. Each file below takes
//! one kind of header off; [`Decoder`] walks them. The innermost TCP counts: what a tunnel carries is
//! what was said, not the tunnel. Nothing here allocates but the reassembly of IP fragments.
//!
//! To add a link type: one arm in `link::peel`, one function, one test of its bytes.

mod decoder;
mod defrag;
mod ethernet;
mod fast;
mod gre;
mod ip;
mod layer;
mod link;
mod mpls;
mod ppp;
pub mod segment;
mod stats;
mod transport;
mod udp;
mod wifi;

#[cfg(test)]
mod testing;

pub use decoder::Decoder;
pub use stats::PacketStats;
