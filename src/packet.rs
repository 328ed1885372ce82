//! Packets into TCP segments: link layers, tunnels, IP and its fragments.

pub mod decoder;
pub mod segment;
