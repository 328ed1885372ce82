//! The handshake as `wscope inspect` shows it.

use super::Finder;
use crate::http::secret;
use crate::http::upgrade::{Handshake, Header, Headers};

impl Finder {
    pub(super) fn handshake(&self, handshake: &Handshake, lines: &mut Vec<String>) {
        if let Some(request) = &handshake.request {
            let target = self.url(request.target());
            let [method, target, version] =
                [request.method(), &target, request.version()].map(|part| self.clean(part));
            lines.push(format!("request in packet {}, {}", request.last.packet, request.last.time));
            lines.push(format!("  {method} {target} HTTP/{version}"));
            self.headers(request.headers(), lines);
        } else {
            lines.push("no request was captured".to_owned());
        }
        lines.push(String::new());
        if let Some(response) = &handshake.response {
            lines.push(format!("response in packet {}, {}", response.last.packet, response.last.time));
            lines.push(format!(
                "  HTTP/{} {} {}",
                self.clean(response.version()),
                response.status,
                self.clean(response.reason())
            ));
            self.headers(response.headers(), lines);
        } else {
            lines.push("no response was captured".to_owned());
        }
        lines.push(String::new());
        if let (Some(accept), Some(response)) = (handshake.accept(), &handshake.response)
            && response.status == 101
        {
            lines.push(format!(
                "{:<13} {}",
                "accept",
                accept.actual.as_deref().map_or("(none)".to_owned(), |actual| self.clean(actual.as_bytes()))
            ));
            lines.push(format!(
                "{:<13} {}  {}",
                "  from key",
                accept.expected,
                if accept.valid { "match" } else { "no match" }
            ));
        }
        for (name, value) in [
            (
                "url",
                handshake
                    .url(false)
                    .map(|url| String::from_utf8_lossy(&self.url(url.as_bytes())).into_owned()),
            ),
            ("subprotocol", handshake.subprotocol().map(|name| self.subprotocol(name))),
            ("extensions", Some(handshake.extensions().join(", ")).filter(|list| !list.is_empty())),
        ] {
            if let Some(value) = value {
                lines.push(format!("{name:<13} {}", self.clean(value.as_bytes())));
            }
        }
    }

    fn url(&self, url: &[u8]) -> Vec<u8> {
        if self.reveal { url.to_vec() } else { secret::url(url) }
    }

    fn subprotocol(&self, name: String) -> String {
        secret::field(b"Sec-WebSocket-Protocol", name.as_bytes()).filter(|_| !self.reveal).unwrap_or(name)
    }

    fn headers(&self, headers: Headers<'_>, lines: &mut Vec<String>) {
        for Header { name, value } in headers.iter() {
            let value = match secret::field(name, value).filter(|_| !self.reveal) {
                Some(masked) => self.clean(masked.as_bytes()),
                None => self.clean(value),
            };
            lines.push(format!("  {}: {value}", self.clean(name)));
        }
    }
}
