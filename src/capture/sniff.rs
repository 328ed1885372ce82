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

/// Bytes by which all that is read is recognised.
pub(crate) const ENOUGH: usize = 12;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_and_compressed_files_are_recognised() {
        for (head, expected) in [
            (&b"\xd4\xc3\xb2\xa1"[..], Content::Pcap),
            (b"\xa1\xb2\xc3\xd4....", Content::Pcap),
            (b"\x4d\x3c\xb2\xa1", Content::Pcap),
            (b"\xa1\xb2\xcd\x34", Content::Pcap),
            (b"\x0a\x0d\x0d\x0a", Content::Pcapng),
            (b"\x0a\x0d\x0d\x0a\0\0\0\x1c\x1a\x2b\x3c\x4d", Content::Pcapng),
            (b"\x1f\x8b\x08\x00", Content::Compressed(Compression::Gzip)),
            (b"\x28\xb5\x2f\xfd", Content::Compressed(Compression::Zstd)),
            (b"\x50\x2a\x4d\x18\x04", Content::Compressed(Compression::Zstd)),
            (b"\x04\x22\x4d\x18", Content::Compressed(Compression::Lz4)),
        ] {
            assert_eq!(content(head), expected, "{head:?}");
        }
    }

    #[test]
    fn other_files_are_named() {
        for (head, expected) in [
            (&b""[..], "is an empty file"),
            (b"  {\"log\": {", "is JSON text, not a capture"),
            (b"\xef\xbb\xbf[1", "is JSON text, not a capture"),
            (b"<?xml version", "is XML text, not a capture"),
            (b"<!DOCTYPE html>", "is HTML or XML text, not a capture"),
            (b"CLIENT_RANDOM 00 11", "is a TLS key log, not a capture"),
            ("Grüße\r\n\ncut: \u{1f600}".as_bytes().split_last().unwrap().1, "is text, not a capture"),
            (b"\n\r\r\n and more text", "is text, not a capture"),
            (b"PK\x03\x04", "is a ZIP archive: unpack it first"),
            (b"BZh91AY", "is compressed with bzip2: unpack it first"),
            (b"snoop\0\0\0", "is a snoop capture, which wscope does not read: convert it with editcap"),
            (b"\x7fELF\x02\x01\x01\0\0\0", "is not a capture (it starts with 7f 45 4c 46 02 01 01 00)"),
            (b"\0", "is not a capture (it starts with 00)"),
        ] {
            assert_eq!(content(head), Content::Other(expected.to_owned()), "{head:?}");
        }
    }
}
