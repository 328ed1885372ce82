//! Traffic of real programs that nobody here recorded: what is found in it is known and true, and in all
//! other captures no rule of the protocol fires.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use support::{captures_in, export_file, of_type, records, shared};

/// Errors and warnings in these captures, by rule, each looked at by hand in the bytes. S001 and S003 (plain
/// text on a network) are left out: they are true of most.
const FAULTS: [(&str, &[&str]); 15] = [
    // Made by a script: one key for all frames, and a client that leaves without answering the Close.
    ("websocket/arkime-arkime_synthetic.pcap", &["C008", "F014"]),
    // libwebsockets without extensions sends the header with nothing in it.
    ("websocket/ndpi-cfgs-default-pcap-false_positives.pcapng", &["H014"]),
    // Made by a script: a key of 18 bytes, one masking key, an unmasked Ping, a reset.
    ("websocket/sv-websocket-control-frag-input.pcap", &["F014", "H008"]),
    ("websocket/sv-websocket-ping-input.pcap", &["C011", "F004"]),
    // TCP ended by FIN, without a Close.
    ("websocket/ws-websocket-compressed-fragmented.pcapng.gz", &["C010"]),
    ("websocket/ws-websocket-compressed.pcapng.gz", &["C010"]),
    ("websocket/ws-websocket-fragmented.pcapng.gz", &["C010"]),
    ("websocket/ws-websocket.pcapng.gz", &["C010"]),
    // The server's FIN is all the answer that the client's Close gets.
    ("websocket/zeek-websocket-broker-websocket.pcap", &["C008"]),
    ("websocket/zeek-websocket-jupyter-websocket.pcap", &["S002"]),
    ("websocket/zeek-websocket-oversized-close-frame.pcapng", &["F006", "F009"]),
    ("websocket/zeek-websocket-wrong-accept-header.pcap", &["C010", "H024"]),
    // wstunnel does not mask, and resets its connections.
    ("websocket/zeek-websocket-wstunnel-http.pcap", &["C011", "F004"]),
    ("websocket/zeek-websocket-wstunnel-https.pcap", &["C011"]),
    ("websocket/zeek-websocket-wstunnel-ssh.pcap", &["C011"]),
];

#[test]
fn only_known_faults_are_found() {
    let Some(folder) = shared() else { return };
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for capture in captures_in(&folder) {
        let export = records(&export_file(&capture, 1));
        for finding in of_type(&export, "finding") {
            let code = finding["code"].as_str().unwrap();
            if finding["level"] != "note" && !matches!(code, "S001" | "S003") {
                let name = capture.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
                found.entry(name).or_default().insert(code.to_owned());
            }
        }
    }
    let known = FAULTS
        .iter()
        .map(|(name, codes)| ((*name).to_owned(), codes.iter().map(|code| (*code).to_owned()).collect()));
    assert_eq!(found, known.collect());
}
