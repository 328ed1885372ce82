//! pcapng: sections of blocks that describe interfaces and carry packets, secrets and statistics.
//!
//! All blocks are read by hand: those of packets are the hot path, and options are not collected, since a block may
//! hold millions of them (pcap-parser is the oracle of the tests). Blocks of unknown types and all comments are passed over.

mod interface;

use super::reader::{Format, Stop, Walk};
use super::source::{CaptureFacts, LinkType, Packet};
use crate::time::Timestamp;
use interface::Interface;

/// A pcapng file being read.
#[derive(Debug, Default)]
pub(crate) struct Pcapng {
    /// The byte order of the section; none before the first one.
    big_endian: Option<bool>,
    /// The interfaces of the section, in order.
    interfaces: Vec<Interface>,
    /// Where the bytes being walked start in the file.
    base: u64,
    /// The time of the last packet, for Simple Packet Blocks, which have none.
    time: Timestamp,
    /// The file's name, for notes.
    name: String,
    /// Bytes of secrets that may still be kept.
    secrets_room: usize,
    secrets_full: bool,
}

/// Whether `head` is the start of a Section Header Block, as far as it goes.
pub(crate) fn is_pcapng(head: &[u8]) -> bool {
    let [0x0a, 0x0d, 0x0d, 0x0a, rest @ ..] = head else { return false };
    match rest.get(4..8) {
        Some(magic) => magic == BYTE_ORDER_LITTLE || magic == BYTE_ORDER_BIG,
        None => true,
    }
}

impl Format for Pcapng {
    const RECORD: &'static str = "block";

    fn walk(&mut self, bytes: &[u8], base: u64, packets: &mut Vec<Packet>, facts: &mut CaptureFacts) -> Walk {
        self.base = base;
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let step = match self.big_endian {
                Some(true) if !rest.starts_with(&SECTION) => self.block::<true>(rest, at, packets, facts),
                Some(false) if !rest.starts_with(&SECTION) => self.block::<false>(rest, at, packets, facts),
                _ => self.section(rest),
            };
            match step {
                Ok(len) => at += len,
                Err(stop) => return Walk { consumed: at, stop },
            }
        }
    }
}

impl Pcapng {
    /// Reads the file called `name`, keeping secrets of up to `most_secrets` bytes.
    pub(crate) fn new(name: &str, most_secrets: usize) -> Self {
        Self { name: name.to_owned(), secrets_room: most_secrets, ..Self::default() }
    }

    /// Starts a section. Returns the length of its header.
    fn section(&mut self, rest: &[u8]) -> Result<usize, Stop> {
        let ([_, len, byte_order, ..], _) = rest.as_chunks() else { return Err(Stop::Need(12)) };
        let big_endian = match *byte_order {
            BYTE_ORDER_BIG => true,
            BYTE_ORDER_LITTLE => false,
            _ => return Err(Stop::Damaged("is a section header without a byte order".to_owned())),
        };
        let len = if big_endian { u32::from_be_bytes(*len) } else { u32::from_le_bytes(*len) };
        if big_endian {
            whole::<true>(rest, len, 28)?;
        } else {
            whole::<false>(rest, len, 28)?;
        }
        self.big_endian = Some(big_endian);
        self.interfaces.clear();
        Ok(len as usize)
    }

    /// Takes the block at the start of `rest`, which is `at` bytes into the read buffer.
    fn block<const BIG_ENDIAN: bool>(
        &mut self,
        rest: &[u8],
        at: usize,
        packets: &mut Vec<Packet>,
        facts: &mut CaptureFacts,
    ) -> Result<usize, Stop> {
        let ([kind, len, ..], _) = rest.as_chunks() else { return Err(Stop::Need(12)) };
        let len = word::<BIG_ENDIAN>(*len);
        match word::<BIG_ENDIAN>(*kind) {
            kind @ (ENHANCED_PACKET | OBSOLETE_PACKET) => {
                let block = whole::<BIG_ENDIAN>(rest, len, 32)?;
                packets.push(self.packet::<BIG_ENDIAN>(block, at, kind == OBSOLETE_PACKET)?);
            }
            SIMPLE_PACKET => {
                let block = whole::<BIG_ENDIAN>(rest, len, 16)?;
                packets.push(self.simple_packet::<BIG_ENDIAN>(block, at)?);
            }
            INTERFACE => {
                let block = whole::<BIG_ENDIAN>(rest, len, 20)?;
                self.interface::<BIG_ENDIAN>(block)?;
            }
            STATISTICS => {
                let block = whole::<BIG_ENDIAN>(rest, len, 12)?;
                self.statistics::<BIG_ENDIAN>(block, facts);
            }
            SECRETS => {
                let block = whole::<BIG_ENDIAN>(rest, len, 12)?;
                self.secrets::<BIG_ENDIAN>(block, facts);
            }
            _ => {
                whole::<BIG_ENDIAN>(rest, len, 12)?;
            }
        }
        Ok(len as usize)
    }

    /// The packet of an Enhanced Packet Block, or of the Packet Block that it replaced, which differs
    /// in the interface's number only.
    #[inline]
    fn packet<const BIG_ENDIAN: bool>(
        &mut self,
        block: &[u8],
        at: usize,
        obsolete: bool,
    ) -> Result<Packet, Stop> {
        let ([_, _, interface, high, low, len, wire_len, ..], _) = block.as_chunks() else {
            return Err(Stop::Need(32));
        };
        let interface = match (obsolete, *interface) {
            (false, number) => word::<BIG_ENDIAN>(number),
            (true, [a, b, _, _]) if BIG_ENDIAN => u16::from_be_bytes([a, b]).into(),
            (true, [a, b, _, _]) => u16::from_le_bytes([a, b]).into(),
        };
        let units = u64::from(word::<BIG_ENDIAN>(*high)) << 32 | u64::from(word::<BIG_ENDIAN>(*low));
        let (len, wire_len) = (word::<BIG_ENDIAN>(*len), word::<BIG_ENDIAN>(*wire_len));
        let Some(interface) = self.interfaces.get(interface as usize) else {
            return Err(self.unknown_interface(interface));
        };
        let room = block.len() - 32;
        if room < len as usize {
            return Err(Stop::Damaged(format!(
                "says that it holds a packet of {len} bytes, but has room for {room}"
            )));
        }
        self.time = interface.time(units);
        Ok(Packet {
            offset: (at + 28) as u32,
            len,
            wire_len: wire_len.max(len),
            link: interface.link,
            source: 0,
            file_offset: self.base + (at + 28) as u64,
            time: self.time,
        })
    }

    /// The packet of a Simple Packet Block: of the first interface, as long as its snap length
    /// allows.
    fn simple_packet<const BIG_ENDIAN: bool>(&self, block: &[u8], at: usize) -> Result<Packet, Stop> {
        let ([_, _, wire_len, ..], _) = block.as_chunks() else { return Err(Stop::Need(16)) };
        let wire_len = word::<BIG_ENDIAN>(*wire_len);
        let Some(interface) = self.interfaces.first() else { return Err(self.unknown_interface(0)) };
        let room = block.len() - 16;
        let len = wire_len.min(interface.snap_length.unwrap_or(u32::MAX)).min(room as u32);
        Ok(Packet {
            offset: (at + 12) as u32,
            len,
            wire_len,
            link: interface.link,
            source: 0,
            file_offset: self.base + (at + 12) as u64,
            time: self.time,
        })
    }

    fn unknown_interface(&self, interface: u32) -> Stop {
        let known = self.interfaces.len();
        Stop::Damaged(format!("says that its packet is of interface {interface}, of {known} described"))
    }

    /// Takes an interface's description.
    fn interface<const BIG_ENDIAN: bool>(&mut self, block: &[u8]) -> Result<(), Stop> {
        if self.interfaces.len() >= MOST_INTERFACES {
            return Err(Stop::Damaged(format!("describes one interface more than {MOST_INTERFACES}")));
        }
        let ([_, _, link, snap_length, ..], _) = block.as_chunks() else { return Err(Stop::Need(20)) };
        let &[a, b, _, _] = link;
        let link = if BIG_ENDIAN { u16::from_be_bytes([a, b]) } else { u16::from_le_bytes([a, b]) };
        let snap_length = word::<BIG_ENDIAN>(*snap_length);
        self.interfaces.push(Interface::new::<BIG_ENDIAN>(LinkType(link), snap_length, options(block, 16)));
        Ok(())
    }

    /// Takes an interface's statistics.
    fn statistics<const BIG_ENDIAN: bool>(&mut self, block: &[u8], facts: &mut CaptureFacts) {
        let ([_, _, interface, ..], _) = block.as_chunks() else { return };
        if let Some(interface) = self.interfaces.get_mut(word::<BIG_ENDIAN>(*interface) as usize) {
            facts.dropped =
                facts.dropped.saturating_add(interface.newly_dropped::<BIG_ENDIAN>(options(block, 20)));
        }
    }

    /// Takes secrets.
    fn secrets<const BIG_ENDIAN: bool>(&mut self, block: &[u8], facts: &mut CaptureFacts) {
        let ([_, _, kind, len, ..], _) = block.as_chunks() else { return };
        if word::<BIG_ENDIAN>(*kind) != TLS_KEY_LOG {
            return;
        }
        let Some(secrets) = options(block, 16).get(..word::<BIG_ENDIAN>(*len) as usize) else { return };
        // Empty ones are not free either.
        if let Some(room) = self.secrets_room.checked_sub(secrets.len() + 2 * size_of::<Vec<u8>>()) {
            self.secrets_room = room;
            facts.secrets.push(secrets.to_vec());
        } else if !self.secrets_full {
            self.secrets_full = true;
            let name = &self.name;
            facts.damage.push(format!("{name}: holds more TLS secrets than fit; some were left out"));
        }
    }
}

/// What is behind the fixed fields of a block, without the length at its end.
fn options(block: &[u8], fixed: usize) -> &[u8] {
    block.get(fixed..block.len().saturating_sub(4)).unwrap_or_default()
}

/// The block of `len` bytes at the start of `rest`, if it is there and says its length at its end too.
#[inline]
fn whole<const BIG_ENDIAN: bool>(rest: &[u8], len: u32, least: usize) -> Result<&[u8], Stop> {
    let size = len as usize;
    if size < least {
        return Err(Stop::Damaged(format!("says that it is {len} bytes long, of at least {least}")));
    }
    let Some(block) = rest.get(..size) else { return Err(Stop::Need(size)) };
    match block.last_chunk() {
        Some(end) if word::<BIG_ENDIAN>(*end) == len => Ok(block),
        Some(end) => {
            let end = word::<BIG_ENDIAN>(*end);
            Err(Stop::Damaged(format!("says at its start that it is {len} bytes long, and {end} at its end")))
        }
        None => Err(Stop::Need(least)),
    }
}

#[inline]
const fn word<const BIG_ENDIAN: bool>(bytes: [u8; 4]) -> u32 {
    if BIG_ENDIAN { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
}

/// The type of a Section Header Block: the same in both byte orders.
const SECTION: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const BYTE_ORDER_LITTLE: [u8; 4] = [0x4d, 0x3c, 0x2b, 0x1a];
const BYTE_ORDER_BIG: [u8; 4] = [0x1a, 0x2b, 0x3c, 0x4d];
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
const SECRETS: u32 = 10;
/// The type of the secrets in a Decryption Secrets Block: NSS key log.
const TLS_KEY_LOG: u32 = 0x544c_534b;
/// Interfaces of one section: bounds the memory that a hostile file can claim.
const MOST_INTERFACES: usize = 1 << 16;

#[cfg(test)]
mod tests;
