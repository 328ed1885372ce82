//! What a file is, by its first bytes; names are never looked at.

use super::decompress::Compression;
use super::pcap::is_pcap;
use super::pcapng::is_pcapng;

/// What a file's first bytes are the start of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Pcap,
    Pcapng,
    Compressed(Compression),
    /// Nothing that is read; the sentence says what it looks like ("is JSON text, not a capture").
    Other(String),
}

/// Bytes that [`content`] wants to see, if the file has them.
pub(crate) const HEAD: usize = 512;

/// Recognises a file by its first [`HEAD`] bytes, or all that it has.
pub(crate) fn content(head: &[u8]) -> Content {
    if is_pcap(head) {
        Content::Pcap
    } else if is_pcapng(head) {
        Content::Pcapng
    } else if let Some(compression) = Compression::of(head) {
        Content::Compressed(compression)
    } else {
        Content::Other(other(head))
    }
}

fn other(head: &[u8]) -> String {
    if head.is_empty() {
        return "is an empty file".to_owned();
    }
    let known = |start: &[&[u8]]| start.iter().any(|start| head.starts_with(start));
    if let Some((_, name)) = CAPTURES.iter().find(|(start, _)| known(start)) {
        return format!("is {name}, which wscope does not read: convert it with editcap");
    }
    if let Some((_, name)) = ARCHIVES.iter().find(|(start, _)| known(start)) {
        return format!("is {name}: unpack it first");
    }
    match text(head) {
        Some(name) => format!("is {name}, not a capture"),
        None => {
            let start: Vec<String> = head.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            format!("is not a capture (it starts with {})", start.join(" "))
        }
    }
}

/// What kind of text it is, if it is text.
fn text(head: &[u8]) -> Option<&'static str> {
    // The end of the head may cut a character.
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    if text.is_empty()
        || text.chars().any(|char| char.is_control() && !char.is_whitespace() && char != '\x1b')
    {
        return None;
    }
    let text = text.trim_start_matches('\u{feff}').trim_start();
    Some(if KEY_LOG.iter().any(|label| text.starts_with(label)) {
        "a TLS key log"
    } else if text.starts_with(['{', '[']) {
        "JSON text"
    } else if text.starts_with("<?xml") {
        "XML text"
    } else if text.starts_with('<') {
        "HTML or XML text"
    } else {
        "text"
    })
}

/// Capture formats that editcap reads.
const CAPTURES: [(&[&[u8]], &str); 6] = [
    (&[b"snoop\0\0\0"], "a snoop capture"),
    (&[b"RTSS", b"GMBU"], "a Microsoft Network Monitor capture"),
    (&[b"btsnoop\0"], "a btsnoop capture"),
    (&[b"TRSNIFF data"], "a Sniffer capture"),
    (&[b"XCP\0"], "a NetXRay capture"),
    (
        &[b"\x1c\x00\x01\xac", b"\xac\x01\x00\x1c", b"\x1c\x00\x01\xab", b"\xab\x01\x00\x1c"],
        "an IXIA capture",
    ),
];

const ARCHIVES: [(&[&[u8]], &str); 4] = [
    (&[b"PK\x03\x04", b"PK\x05\x06"], "a ZIP archive"),
    (&[b"BZh"], "compressed with bzip2"),
    (&[b"\xfd7zXZ\0"], "compressed with xz"),
    (&[b"7z\xbc\xaf\x27\x1c"], "a 7z archive"),
];

const KEY_LOG: [&str; 4] = [
    "CLIENT_RANDOM ",
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET ",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET ",
    "# SSL/TLS secrets log file",
];
