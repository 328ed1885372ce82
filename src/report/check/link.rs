//! Where a rule is written, as an address; and names of files as URIs.

use crate::rules::Rule;

/// The address of the section that a rule's source names: `RFC 6455 5.1`. `None` where no RFC is named.
pub(super) fn url(rule: &Rule) -> Option<String> {
    let mut words = rule.source.strip_prefix("RFC ")?.split([' ', ',']).filter(|word| !word.is_empty());
    let number = words.next().filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?;
    let page = format!("https://www.rfc-editor.org/rfc/rfc{number}");
    let is_section = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    Some(match words.next().filter(is_section) {
        Some(section) => format!("{page}#section-{section}"),
        None => page,
    })
}

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
    use crate::rules;

    #[test]
    fn sources_lead_to_their_sections() {
        let rule = |source| Rule { source, ..copy() };
        for (source, expected) in [
            ("RFC 6455 5.1", Some("https://www.rfc-editor.org/rfc/rfc6455#section-5.1")),
            ("RFC 7692 7.1.2.2", Some("https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2.2")),
            ("RFC 6455 4.2.2, 4.4", Some("https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2")),
            ("RFC 9112", Some("https://www.rfc-editor.org/rfc/rfc9112")),
            ("practice", None),
            ("capture", None),
        ] {
            assert_eq!(url(&rule(source)).as_deref(), expected, "{source}");
        }
        for rule in rules::all().filter(|rule| rule.source.starts_with("RFC")) {
            let whole = rule.source.split(' ').count() == 2;
            assert!(url(rule).is_some_and(|url| whole != url.contains("#section-")), "{}", rule.source);
        }
    }

    fn copy() -> Rule {
        let rule = rules::find("F004").unwrap();
        Rule { bad: rule.bad, good: rule.good, ..*rule }
    }

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
