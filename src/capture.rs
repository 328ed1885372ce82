//! Files and streams of packets into blocks of packets.

pub mod source;
