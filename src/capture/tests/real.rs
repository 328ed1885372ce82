//! Real captures: packet counts against the manifest, packets against pcap-parser.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pcap_parser::{Block as Parsed, PcapBlockOwned};

use super::drain;
use crate::capture::open;
use crate::limits::Limits;

/// Where the corpus of captures is, which is not part of this repository.
pub(in crate::capture) fn corpus() -> Option<PathBuf> {
    let root = std::env::var_os("WSCOPE_SHARED_CAPTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/captures"), PathBuf::from);
    let found = root.join("MANIFEST.tsv").is_file();
    if !found {
        eprintln!("skipped: no corpus of captures (set WSCOPE_SHARED_CAPTURES)");
    }
    found.then_some(root)
}

pub(in crate::capture) fn files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in ["pcapng", "websocket", "tcp", "link"] {
        files.extend(std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()));
    }
    files.sort();
    files
}

#[test]
fn packet_counts_are_those_of_the_manifest() {
    let Some(root) = corpus() else { return };
    let manifest = std::fs::read_to_string(root.join("MANIFEST.tsv")).unwrap();
    let expected: BTreeMap<&str, &str> = manifest
        .lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            Some((*fields.first()?, *fields.get(4)?))
        })
        .collect();
    let (mut same, mut different, mut report) = (0, 0, String::new());
    for path in files(&root) {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let (count, damage) = match open(&[&path], &Limits::default()) {
            Ok(mut opened) => {
                let drained = drain(&mut *opened.source).unwrap();
                (drained.packets.len().to_string(), drained.facts.damage.join("; "))
            }
            Err(error) => ("error".to_owned(), error.to_string()),
        };
        let wanted = expected.get(name.as_str()).copied().unwrap_or("(not listed)");
        same += usize::from(count == wanted);
        // Files that the manifest's tool did not read have no count.
        different += usize::from(count != wanted && wanted.parse::<u64>().is_ok());
        if count != wanted || !damage.is_empty() {
            report.push_str(&format!("{name}: {count}, manifest {wanted}; {damage}\n"));
        }
    }
    eprintln!("{same} counts are the manifest's; not counted there, or damaged:\n{report}");
    assert_eq!(different, 0, "{report}");
}

/// The packets of a file as pcap-parser reads them, up to the first trouble.
fn parsed(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut reader = pcap_parser::create_reader(1 << 20, bytes).ok()?;
    let mut packets = Vec::new();
    let mut obsolete = false;
    loop {
        match reader.next() {
            Ok((len, block)) => {
                match block {
                    PcapBlockOwned::Legacy(block) => packets.push(block.data.to_vec()),
                    PcapBlockOwned::NG(Parsed::EnhancedPacket(block)) => {
                        packets.push(block.data[..block.caplen as usize].to_vec());
                    }
                    PcapBlockOwned::NG(Parsed::Unknown(block)) => obsolete |= block.block_type == 2,
                    PcapBlockOwned::NG(Parsed::SimplePacket(_)) => obsolete = true,
                    _ => {}
                }
                reader.consume(len);
            }
            Err(pcap_parser::PcapError::Incomplete(_)) => {
                if reader.refill().is_err() || reader.reader_exhausted() && reader.data().is_empty() {
                    break;
                }
            }
            Err(_) => break,
        }
    }
    // Packets that pcap-parser does not read the length or the body of.
    (!obsolete).then_some(packets)
}

#[test]
fn packets_are_those_of_pcap_parser() {
    let Some(root) = corpus() else { return };
    let mut compared = 0;
    for path in files(&root) {
        let bytes = std::fs::read(&path).unwrap();
        let Some(expected) = parsed(&bytes) else { continue };
        let Ok(mut opened) = open(&[&path], &Limits::default()) else { continue };
        let drained = drain(&mut *opened.source).unwrap();
        if !drained.facts.damage.is_empty() {
            continue;
        }
        assert!(
            drained.bytes() == expected,
            "{}: {} packets, pcap-parser {}",
            path.display(),
            drained.packets.len(),
            expected.len()
        );
        compared += 1;
    }
    eprintln!("{compared} captures compared");
    assert!(compared > 100);
}
