//! Real captures of many links and tunnels: how many segments each holds.

use std::path::{Path, PathBuf};

use super::walker::walk;
use crate::capture::source::LinkType;
use crate::item::At;
use crate::limits::Limits;
use crate::packet::segment::Place;
use crate::packet::{Decoder, PacketStats};

#[test]
fn segments_of_real_captures() {
    let Some(root) = shared() else { return };
    for (name, segments, payload) in EXPECTED {
        let (found_segments, found_payload, stats) = count(&root.join(name));
        assert_eq!((found_segments, found_payload), (segments, payload), "{name}: {stats:?}");
        assert_eq!(stats.cut_headers + stats.malformed + stats.too_deep, 0, "{name}: {stats:?}");
    }
}

#[test]
fn packets_that_give_nothing_are_counted() {
    let Some(root) = shared() else { return };
    let stats = |name: &str| count(&root.join(name)).2;
    assert_eq!(stats("link/libpcap-filter-wpa2linkuppassphraseiswireshark.pcap").encrypted, 4);
    assert_eq!(stats("link/zeek-pbb-recursive-frames.pcapng").too_deep, 1);
    assert_eq!(stats("tcp/tcpflow-simson.pcap").cut_headers, 303);
    assert_eq!(stats("link/sv-bug-7964-01-wrong-version-ipv4-ipv6.pcap").malformed, 1);
    let unknown = stats("link/libpcap-filter-dsa.pcap").unknown_links;
    assert_eq!(unknown.into_iter().collect::<Vec<_>>(), [(LinkType(284), 8)]);
}

#[test]
fn every_capture_is_survived() {
    let Some(root) = shared() else { return };
    let mut files = 0;
    for directory in ["link", "tcp", "websocket"] {
        let Ok(entries) = std::fs::read_dir(root.join(directory)) else { continue };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file()) {
            count(&path);
            files += 1;
        }
    }
    assert!(files > 0);
}

/// Segments, bytes of TCP payload on the wire, and what became of the packets.
fn count(path: &Path) -> (u64, u64, PacketStats) {
    let mut decoder = Decoder::new(&Limits::default());
    let (mut number, mut segments, mut payload) = (0, 0, 0);
    walk(path, |packet, bytes| {
        number += 1;
        let at = At { packet: number, time: packet.time };
        decoder.decode(&packet, bytes, Place { block: 1, offset: 0 }, at, &mut |segment| {
            segments += 1;
            payload += segment.payload.len() as u64 + u64::from(segment.cut);
        });
    });
    (segments, payload, decoder.stats().clone())
}

/// The directory of captures, where there is one.
fn shared() -> Option<PathBuf> {
    let path = std::env::var_os("WSCOPE_SHARED_CAPTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/captures"), PathBuf::from);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: there are no shared captures at {} (set WSCOPE_SHARED_CAPTURES)", path.display());
    None
}

/// Captures, how many segments they hold, and how many bytes of payload. tshark 4.0.17 finds the same,
/// but for the aggregate, of which it shows both segments and counts one.
const EXPECTED: [(&str, u64, u64); 35] = [
    ("link/fq-tcp-ipv4frag.pcap", 10, 847),
    ("link/fq-sll2_tcp.pcap", 5, 5),
    ("link/libpcap-filter-geneve.pcap", 8, 852),
    ("link/libpcap-filter-http_PPI.pcap", 1, 0),
    ("link/sv-decode-chdlc-01-hdlc-http_1tx.pcap", 17, 9_550),
    ("link/sv-decode-etag-01-input.pcap", 1, 0),
    ("link/sv-defrag-bug-6887-defrag-ppp-ipv6-tcp-frag-ppp-ipv6-tcp.pcap", 1, 1_000),
    ("link/sv-http-ipv6-input.pcap", 14, 791),
    ("link/sv-vxlan-non-zero-reserved-fields-input.pcap", 10, 753),
    ("link/tcpdump-wccp_redirect_gre.pcap", 1, 188),
    ("link/ws-ipoipoip.pcap", 1, 0),
    ("link/ws-many_interfaces.pcapng.1", 32, 3_045),
    ("link/ws-netperfmeter.pcapng.gz", 266, 101_940),
    ("link/zeek-cisco-fabric-path.pcap", 32, 0),
    ("link/zeek-erspan.pcap", 106, 84_065),
    ("link/zeek-ipv4-fragmented-4.pcap", 3, 69),
    ("link/zeek-ipv6-http-atomic-frag.pcap", 36, 412),
    ("link/zeek-llc.pcap", 1333, 0),
    ("link/zeek-mixed-vlan-mpls.pcap", 47, 12_979),
    ("link/zeek-nflog-http.pcap", 13, 1_682),
    ("link/zeek-pbb.pcap", 8, 209),
    ("link/zeek-pppoe-over-qinq.pcap", 86, 34_520),
    ("link/zeek-snap-tcp.pcap", 8, 114),
    ("link/zeek-tunnels-Teredo.pcap", 33, 5_346),
    ("link/zeek-tunnels-geneve-many-options.pcap", 10, 658),
    ("link/zeek-tunnels-gre-aruba-amsdu.pcap", 2, 252),
    ("link/zeek-tunnels-gre-aruba.pcap", 2407, 22_049),
    ("link/zeek-tunnels-gre-over-udp-4754.pcap", 10, 451),
    ("link/zeek-tunnels-gre-sample.pcap", 22, 2_623),
    ("link/zeek-tunnels-gtp-gtp1_gn_normal_incl_fragmentation.pcap", 68, 53_042),
    ("link/zeek-tunnels-gtp-gtp_ext_header.pcap", 1, 1_448),
    ("link/zeek-tunnels-vxlan-encapsulated-http.pcap", 12, 9_299),
    ("link/zeek-vlan-qinqinq.pcap", 14, 5_143),
    ("link/zeek-vntag_vlan_sandwich_clean.pcap", 1, 0),
    ("tcp/zeek-tcp-truncated-header.pcap", 24, 605),
];
