//! Names of files as URIs.

/// The name of a file as a URI reference (RFC 3986): relative where it is, with forward slashes.
pub(super) fn uri(name: &str) -> String {
    if name == "-" {
        return "stdin".to_owned();
    }
    // A backslash separates folders where a drive or nothing but backslashes says that this is Windows.
    let drive = matches!(name.as_bytes(), [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic());
    let windows = drive || cfg!(windows);
    let path = if windows { name.replace('\\', "/") } else { name.to_owned() };
    let mut rest = &path[..];
    while let Some(after) = rest.strip_prefix("./") {
        rest = after.trim_start_matches('/');
    }
    let mut uri = match (drive, rest.starts_with('/')) {
        (true, _) => "file:///".to_owned(),
        (false, true) => "file://".to_owned(),
        (false, false) => String::new(),
    };
    for byte in rest.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            b':' if drive && uri.len() == "file:///C".len() => uri.push(':'),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        for (name, expected) in [
            ("chat.pcapng", "chat.pcapng"),
            ("./a/b c.pcap", "a/b%20c.pcap"),
            ("../x.pcap", "../x.pcap"),
            ("/var/é.pcap", "file:///var/%C3%A9.pcap"),
            (r"C:\caps\a.pcap", "file:///C:/caps/a.pcap"),
            ("a:b\n.pcap", "a%3Ab%0A.pcap"),
            ("-", "stdin"),
        ] {
            assert_eq!(uri(name), expected, "{name}");
        }
    }
}
