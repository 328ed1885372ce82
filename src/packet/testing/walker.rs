//! The packets of a capture file, by the pcap-parser crate: enough for tests, independent of our reader.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use pcap_parser::traits::PcapReaderIterator;
use pcap_parser::{Block, LegacyPcapReader, PcapBlockOwned, PcapError, PcapNGReader};

use crate::capture::source::{LinkType, Packet};
use crate::time::Timestamp;

/// Calls `each` for the packets of a file, as far as it can be read; false where it is no capture.
pub(super) fn walk(path: &Path, mut each: impl FnMut(Packet, &[u8])) -> bool {
    let mut bytes = Vec::new();
    let file = BufReader::new(File::open(path).unwrap());
    if path.extension().is_some_and(|extension| extension == "gz") {
        let _ = MultiGzDecoder::new(file).read_to_end(&mut bytes);
    } else {
        let mut file = file;
        file.read_to_end(&mut bytes).unwrap();
    }
    if bytes.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
        let Ok(mut reader) = PcapNGReader::new(1 << 20, bytes.as_slice()) else { return false };
        run(&mut reader, &mut each)
    } else {
        let Ok(mut reader) = LegacyPcapReader::new(1 << 20, bytes.as_slice()) else { return false };
        run(&mut reader, &mut each)
    }
}

fn run(reader: &mut impl PcapReaderIterator, each: &mut impl FnMut(Packet, &[u8])) -> bool {
    let mut interfaces = Vec::new();
    let (mut link, mut nanos) = (0, false);
    loop {
        match reader.next() {
            Ok((offset, block)) => {
                match block {
                    PcapBlockOwned::LegacyHeader(header) => {
                        link = header.network.0 as u16;
                        nanos = header.is_nanosecond_precision();
                    }
                    PcapBlockOwned::Legacy(packet) => {
                        let fraction = i64::from(packet.ts_usec) * if nanos { 1 } else { 1_000 };
                        let time = i64::from(packet.ts_sec) * 1_000_000_000 + fraction;
                        give(each, link, packet.data, packet.origlen, time);
                    }
                    PcapBlockOwned::NG(Block::SectionHeader(_)) => interfaces.clear(),
                    PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                        let resolution = interface.ts_resolution().unwrap_or(1_000_000);
                        interfaces.push((interface.linktype.0 as u16, resolution));
                    }
                    PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                        let Some(&(link, resolution)) = interfaces.get(packet.if_id as usize) else {
                            return true;
                        };
                        let ticks = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                        let time = u128::from(ticks) * 1_000_000_000 / u128::from(resolution.max(1));
                        let data = packet.data.get(..packet.caplen as usize).unwrap_or(packet.data);
                        give(each, link, data, packet.origlen, time as i64);
                    }
                    PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
                        let Some(&(link, _)) = interfaces.first() else { return true };
                        let len = packet.data.len().min(packet.origlen as usize);
                        give(each, link, &packet.data[..len], packet.origlen, 0);
                    }
                    PcapBlockOwned::NG(_) => {}
                }
                reader.consume(offset);
            }
            Err(PcapError::Incomplete(_)) => {
                if reader.refill().is_err() || reader.reader_exhausted() && reader.position() == 0 {
                    return true;
                }
            }
            Err(_) => return true,
        }
    }
}

fn give(each: &mut impl FnMut(Packet, &[u8]), link: u16, data: &[u8], wire_len: u32, time: i64) {
    let len = data.len() as u32;
    let wire_len = wire_len.max(len);
    let (link, time) = (LinkType(link), Timestamp::from_nanos(time));
    each(Packet { offset: 0, len, wire_len, link, source: 0, file_offset: 0, time }, data);
}
