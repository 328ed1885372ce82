//! What every origin of packets looks like to the engine: a filler of blocks.

use std::io;

use crate::time::Timestamp;

/// A link-layer type, by its number in the tcpdump registry (`LINKTYPE_…`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

/// One packet of a [`Block`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Offset of the packet's first byte in [`Block::bytes`].
    pub offset: u32,
    /// Bytes that the capture holds.
    pub len: u32,
    /// Bytes that were on the wire; at least `len`.
    pub wire_len: u32,
    /// What the packet begins with.
    pub link: LinkType,
    /// The source that it is of: an index into [`CaptureFacts::sources`].
    pub source: u16,
    /// Offset of the packet's first byte within its source; where that is compressed, in what it
    /// decompresses to.
    pub file_offset: u64,
    /// When it was captured.
    pub time: Timestamp,
}

/// A packet with its number in the capture, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// The number.
    pub number: u64,
    /// The packet.
    pub packet: Packet,
}

/// A read buffer and the packets in it. Where blocks of a file are cut depends on the file only, never on
/// timing or threads; those of a pipe or an interface hold what has come.
#[derive(Debug, Default)]
pub struct Block {
    /// Counts from 1, modulo 2^32; set by the engine.
    pub serial: u32,
    /// The bytes as read (or decompressed).
    pub bytes: Vec<u8>,
    /// The packets, in capture order.
    pub packets: Vec<Packet>,
    /// Their numbers, where these are packets picked from a capture; else empty, and the engine counts them.
    pub numbers: Vec<u64>,
}

impl Block {
    /// The bytes of a packet of this block.
    #[must_use]
    pub fn packet(&self, packet: &Packet) -> &[u8] {
        let start = packet.offset as usize;
        self.bytes.get(start..start + packet.len as usize).unwrap_or_default()
    }
}

/// What [`Source::fill`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The block holds packets (perhaps none); call again.
    More,
    /// Nothing has come for a moment, and more may: a time to show what there is. The block holds no packets.
    Quiet,
    /// The source is exhausted; the block may hold the last packets.
    End,
}

/// What is known of a capture besides its packets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureFacts {
    /// The sources' names, as given (`-` for standard input).
    pub sources: Vec<String>,
    /// Whether each of `sources` is compressed, so that no packet can be read at its
    /// [`Packet::file_offset`] of the file itself.
    pub compressed: Vec<bool>,
    /// What is wrong with a source (cut off, damaged), with its name: the packets before it are good.
    pub damage: Vec<String>,
    /// Bytes read so far, compressed where the source is.
    pub bytes_read: u64,
    /// TLS secrets found in the capture (pcapng Decryption Secrets Blocks), in key log format.
    pub secrets: Vec<Vec<u8>>,
    /// Packets that the capturing machine says it dropped (pcapng Interface Statistics Blocks).
    pub dropped: u64,
}

/// An origin of packets: a file, standard input, several files merged, an interface.
pub trait Source: Send {
    /// Clears `block` and fills it with the next packets.
    ///
    /// # Errors
    /// Only where reading itself fails, or the input is no capture at all. A file that ends early or
    /// goes bad yields what is good, then [`Status::End`], and says so in [`Source::facts`].
    /// A source that waits for packets does so for a tenth of a second, then says [`Status::Quiet`].
    fn fill(&mut self, block: &mut Block) -> io::Result<Status>;

    /// What is known so far.
    fn facts(&self) -> &CaptureFacts;
}

impl Source for Box<dyn Source> {
    fn fill(&mut self, block: &mut Block) -> io::Result<Status> {
        (**self).fill(block)
    }

    fn facts(&self) -> &CaptureFacts {
        (**self).facts()
    }
}
