//! The heads of opening handshakes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::deflate::Agreed;
use super::rng::Rng;
use super::text::put;
use crate::http::upgrade::expected_accept;

/// What the two heads of a handshake say.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) path: String,
    key: String,
    host: &'static str,
    agent: &'static str,
    subprotocol: Option<&'static str>,
    offers_deflate: bool,
    status: u16,
}

impl Choice {
    pub(super) fn new(
        rng: &mut Rng,
        path: &str,
        subprotocol: Option<&'static str>,
        offers_deflate: bool,
        status: u16,
    ) -> Self {
        Self {
            path: format!("{path}/{}?v=2", rng.below(100_000)),
            key: key(rng),
            host: rng.pick(&["stream.example.com", "chat.example.com", "api.example.net"]),
            agent: rng.pick(&AGENTS),
            subprotocol,
            offers_deflate,
            status,
        }
    }

    /// Appends the request.
    pub(super) fn request(&self, out: &mut Vec<u8>) {
        let Self { path, key, host, agent, .. } = self;
        put(
            out,
            format_args!(
                "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nPragma: no-cache\r\n\
                 Cache-Control: no-cache\r\nUser-Agent: {agent}\r\nUpgrade: websocket\r\n\
                 Origin: https://{host}\r\nSec-WebSocket-Version: 13\r\nAccept-Encoding: gzip, deflate\r\n\
                 Sec-WebSocket-Key: {key}\r\n"
            ),
        );
        if self.offers_deflate {
            put(out, format_args!("Sec-WebSocket-Extensions: {}\r\n", Agreed::OFFER));
        }
        if let Some(name) = self.subprotocol {
            put(out, format_args!("Sec-WebSocket-Protocol: {name}\r\n"));
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Appends the response.
    pub(super) fn response(&self, out: &mut Vec<u8>, agreed: Option<&Agreed>) {
        if self.status != 101 {
            let reason = match self.status {
                401 => "Unauthorized",
                403 => "Forbidden",
                404 => "Not Found",
                _ => "Service Unavailable",
            };
            let (status, body) = (self.status, format!("{reason}\n"));
            let len = body.len();
            return put(
                out,
                format_args!(
                    "HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain\r\nContent-Length: {len}\r\n\
                     Connection: close\r\n\r\n{body}"
                ),
            );
        }
        let accept = expected_accept(self.key.as_bytes());
        put(
            out,
            format_args!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n"
            ),
        );
        if let Some(agreed) = agreed {
            put(out, format_args!("Sec-WebSocket-Extensions: {}\r\n", agreed.response()));
        }
        if let Some(name) = self.subprotocol {
            put(out, format_args!("Sec-WebSocket-Protocol: {name}\r\n"));
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// A Sec-WebSocket-Key.
pub(super) fn key(rng: &mut Rng) -> String {
    let mut nonce = Vec::new();
    rng.fill(&mut nonce, 16);
    BASE64.encode(nonce)
}

const AGENTS: [&str; 3] = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0",
    "example-client/2.1",
];
