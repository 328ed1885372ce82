//! From a connection to what a report says of it.

use crate::event::Connection;

use super::report::Subject;

/// Masks what is secret in a URL.
pub(super) type Mask = fn(&[u8]) -> Vec<u8>;

impl Subject {
    /// What a report says of a connection. Its number is 0 where it is not known yet.
    #[must_use]
    pub fn new(conn: &Connection, mask: Mask) -> Self {
        let handshake = conn.handshake.as_deref();
        let request = handshake.and_then(|handshake| handshake.request.as_ref());
        let host = request.and_then(|request| request.header("host").next());
        let path = request.map(|request| path(request.target()));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            conn: conn.number.unwrap_or_default(),
            client: conn.client,
            server: conn.server,
            url: handshake.and_then(|handshake| handshake.url(false)).map(|url| text(&mask(url.as_bytes()))),
            host: host.filter(|host| !host.is_empty()).map(|host| text(host).to_ascii_lowercase()),
            path: path.filter(|path| !path.is_empty()).map(text),
            subprotocol: handshake.and_then(|handshake| handshake.subprotocol()),
            opened: conn.opened,
        }
    }
}

/// The path of a target, which is one already or a whole URL (RFC 9112 section 3.2).
fn path(target: &[u8]) -> &[u8] {
    let rest = match memchr::memmem::find(target, b"://") {
        Some(at) if !target.starts_with(b"/") => {
            let authority = target.get(at + 3..).unwrap_or_default();
            let end = authority.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
            authority.get(end.unwrap_or(authority.len())..).unwrap_or_default()
        }
        _ => target,
    };
    let end = rest.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (target, expected) in [
            ("/chat?token=abc", "/chat"),
            ("/chat#x?y", "/chat"),
            ("/to/http://b/c", "/to/http://b/c"),
            ("ws://a:80/chat?x=/y", "/chat"),
            ("http://a", ""),
            ("http://a?x=/y", ""),
            ("*", "*"),
            ("", ""),
        ] {
            assert_eq!(path(target.as_bytes()), expected.as_bytes(), "{target}");
        }
    }
}
