//! What the formats need of a handshake, in words rather than bytes.

use std::borrow::Cow;

use super::record::Accept;
use crate::http::secret;
use crate::http::upgrade::{self, Handshake, Request};

/// The key sent and the answer to it, where either is there (RFC 6455 section 4.2.2).
pub(super) fn accept(handshake: &Handshake) -> Option<Accept> {
    if let Some(upgrade::Accept { key, expected, actual, valid }) = handshake.accept() {
        return Some(Accept { key: Some(key), expected: Some(expected), actual, valid });
    }
    let response = handshake.response.as_ref()?;
    let actual = words(response.header("sec-websocket-accept").next()?).into_owned();
    Some(Accept { key: None, expected: None, actual: Some(actual), valid: false })
}

/// Bytes of a head as text: UTF-8 where they are, else byte for byte as ISO 8859-1, which HTTP once
/// named for field values; so nothing is lost.
pub(super) fn words(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()),
    }
}

/// The URL of a handshake, with stars for secrets unless they are to be revealed.
pub(super) fn url(handshake: &Handshake, reveal: bool) -> Option<String> {
    let url = handshake.url(false)?;
    let plain = reveal || secret::secrets(url.as_bytes()).is_empty();
    Some(if plain { url } else { secret::redacted_text(&url) })
}

/// The target of a request, with stars for secrets unless they are to be revealed.
pub(super) fn target(request: &Request, reveal: bool) -> Cow<'_, str> {
    if reveal || secret::secrets(request.target()).is_empty() {
        return words(request.target());
    }
    Cow::Owned(words(&secret::redacted(request.target())).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::At;

    #[test]
    fn secrets_are_shown_on_request_only() {
        let head = b"GET /?token=x&room=\xff HTTP/1.1\r\nHost: a\r\n\r\n";
        let request = Request::parse(&head[..], At::default(), At::default());
        assert_eq!(target(&request, false), "/?token=***&room=\u{ff}");
        assert_eq!(target(&request, true), "/?token=x&room=\u{ff}");
        let handshake = Handshake { request: Some(request), ..Handshake::default() };
        assert_eq!(url(&handshake, false).unwrap(), "ws://a/?token=***&room=\u{fffd}");
        assert_eq!(url(&handshake, true).unwrap(), "ws://a/?token=x&room=\u{fffd}");
    }
}
