//! Files and streams of packets into blocks of packets.
//!
//! [`open::open`] recognises what it is given by its content: pcap and pcapng, plain or compressed
//! with gzip, zstd or lz4. Every reader is a [`source::Source`]; several are merged by time.

mod arrive;
mod decompress;
pub mod live;
pub mod locate;
mod merge;
pub mod open;
// Imported by its bare name (`use super::pcap`), it makes rustc link the optional crate `pcap` too.
mod pcap;
mod pcapng;
pub mod places;
mod reader;
pub mod record;
mod sniff;
pub mod source;
pub mod synth;
pub mod write;

pub use locate::{Located, locate};
pub use open::{Opened, from_bytes, from_reader, open};

#[cfg(test)]
mod tests;
