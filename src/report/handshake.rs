//! What the formats need of a handshake, in words rather than bytes.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use super::record::Accept;
use crate::http::upgrade::{Handshake, Header};

/// The key sent and the answer to it, where either is there (RFC 6455 section 4.2.2).
pub(super) fn accept(handshake: &Handshake) -> Option<Accept> {
    let key = handshake.request.as_ref().and_then(|request| find(&request.headers, "sec-websocket-key"));
    let actual =
        handshake.response.as_ref().and_then(|response| find(&response.headers, "sec-websocket-accept"));
    if key.is_none() && actual.is_none() {
        return None;
    }
    let expected = key.map(|key| {
        let digest =
            Sha1::new().chain_update(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
        STANDARD.encode(digest)
    });
    let actual = actual.map(|actual| words(actual).into_owned());
    let valid = expected.is_some() && expected == actual;
    Some(Accept { key: key.map(|key| words(key).into_owned()), expected, actual, valid })
}

/// The URL that was asked for, from the Host header and the target.
pub(super) fn url(handshake: &Handshake, tls: bool) -> Option<String> {
    let request = handshake.request.as_ref()?;
    let host = find(&request.headers, "host")?;
    let scheme = if tls { "wss" } else { "ws" };
    Some(format!("{scheme}://{}{}", words(host), words(&request.target)))
}

/// The subprotocol that the server chose.
pub(super) fn subprotocol(handshake: &Handshake) -> Option<String> {
    let response = handshake.response.as_ref()?;
    find(&response.headers, "sec-websocket-protocol").map(|value| words(value).into_owned())
}

/// The extensions that the server accepted, one each, with their parameters.
pub(super) fn extensions(handshake: &Handshake) -> Vec<String> {
    let Some(response) = &handshake.response else { return Vec::new() };
    response
        .headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case(b"sec-websocket-extensions"))
        .flat_map(|header| {
            words(&header.value).split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>()
        })
        .filter(|extension| !extension.is_empty())
        .collect()
}

/// Bytes of a head as text: UTF-8 where they are, else byte for byte as ISO 8859-1, which HTTP once
/// named for field values; so nothing is lost.
pub(super) fn words(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()),
    }
}

fn find<'a>(headers: &'a [Header], name: &str) -> Option<&'a [u8]> {
    headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case(name.as_bytes()))
        .map(|header| &*header.value)
}
