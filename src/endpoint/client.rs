//! The client's half of the opening handshake (RFC 6455 section 4.1), strict.

use super::Agreed;
use super::breach::Breach;
use super::negotiate::{Wanted, accepted, is_deflate, offer};
use crate::http::upgrade::{HeadFault, Response, expected_accept};

/// A request for a WebSocket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The path and query: `/echo?x=1`.
    pub target: String,
    /// The Host header: a name, and the port where it is not the default one.
    pub host: String,
    /// The Sec-WebSocket-Key: 16 bytes in base64, another one for each connection.
    pub key: String,
    /// permessage-deflate is offered.
    pub deflate: Option<Wanted>,
    /// Subprotocols, the best first.
    pub subprotocols: Vec<String>,
    /// More header lines: name, value.
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// The head on the wire.
    #[must_use]
    pub fn head(&self) -> Vec<u8> {
        let mut head = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {}\r\nSec-WebSocket-Version: 13\r\n",
            self.target, self.host, self.key
        );
        if !self.subprotocols.is_empty() {
            head.push_str(&format!("Sec-WebSocket-Protocol: {}\r\n", self.subprotocols.join(", ")));
        }
        if let Some(wanted) = &self.deflate {
            head.push_str(&format!("Sec-WebSocket-Extensions: {}\r\n", offer(wanted)));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// The same, asking for what a breach needs.
    #[must_use]
    pub fn breaching(&self, breach: &Breach) -> Self {
        Self { deflate: breach.deflate.or(self.deflate), ..self.clone() }
    }

    /// What the response agrees to.
    ///
    /// # Errors
    /// Why the connection must be failed (RFC 6455 section 4.1).
    pub fn accept(&self, response: &Response) -> Result<Agreed, String> {
        if response.status != 101 {
            let reason = String::from_utf8_lossy(response.reason());
            return Err(format!("the server answered {} {reason}", response.status).trim_end().to_owned());
        }
        if response.faults().iter().any(|fault| *fault != HeadFault::BareLf) {
            return Err("the head of the response is not well-formed".to_owned());
        }
        let has =
            |name: &str, token: &[u8]| response.tokens(name).any(|found| found.eq_ignore_ascii_case(token));
        if !has("upgrade", b"websocket") || !has("connection", b"upgrade") {
            return Err("the response lacks `Upgrade: websocket` or `Connection: Upgrade`".to_owned());
        }
        let mut accepts = response.header("sec-websocket-accept");
        if accepts.next() != Some(expected_accept(self.key.as_bytes()).as_bytes()) || accepts.next().is_some()
        {
            return Err("the Sec-WebSocket-Accept does not answer the key".to_owned());
        }
        let mut agreed = Agreed::default();
        let mut names = response.header("sec-websocket-protocol").map(String::from_utf8_lossy);
        if let Some(name) = names.next() {
            if names.next().is_some() || !self.subprotocols.iter().any(|ours| *ours == name) {
                return Err(format!("the server chose the subprotocol `{name}`, which was not offered"));
            }
            agreed.subprotocol = Some(name.into_owned());
        }
        let extensions = response.extensions();
        if !extensions.malformed.is_empty() {
            return Err("the Sec-WebSocket-Extensions of the response is not well-formed".to_owned());
        }
        for extension in &extensions.list {
            let wanted = self.deflate.filter(|_| is_deflate(extension) && agreed.deflate.is_none());
            let wanted =
                wanted.ok_or_else(|| format!("the server accepts `{extension}`, which was not offered"))?;
            agreed.deflate = Some(accepted(extension, &wanted)?);
        }
        Ok(agreed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::At;

    fn request() -> Request {
        Request {
            target: "/chat".into(),
            host: "server.example.com".into(),
            key: "dGhlIHNhbXBsZSBub25jZQ==".into(),
            deflate: Some(Wanted { server_max_window_bits: Some(10), ..Wanted::default() }),
            subprotocols: vec!["chat".into()],
            headers: vec![],
        }
    }

    fn accept(lines: &str) -> Result<Agreed, String> {
        let head = format!("{}\r\n\r\n", lines.replace('\n', "\r\n"));
        request().accept(&Response::parse(head.as_bytes(), At::default(), At::default()))
    }

    const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    #[test]
    fn answers() {
        let with = |line: &str| accept(&format!("{ANSWER}\n{line}"));
        assert_eq!(accept(ANSWER), Ok(Agreed::default()));
        let agreed = with("Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9; client_max_window_bits=12\nSec-WebSocket-Protocol: chat").unwrap();
        let deflate = agreed.deflate.unwrap();
        assert_eq!((deflate.server_max_window_bits, deflate.client_max_window_bits), (9, 12));
        assert_eq!(agreed.subprotocol.as_deref(), Some("chat"));
        for bad in [
            "Sec-WebSocket-Protocol: other",
            "Sec-WebSocket-Extensions: foo",
            "Sec-WebSocket-Extensions: permessage-deflate",
            "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=11",
            "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10; client_max_window_bits",
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        ] {
            assert!(with(bad).is_err(), "{bad}");
        }
        for (from, to) in [
            ("101", "200"),
            ("Upgrade: websocket", "A: b"),
            ("s3pP", "S3pP"),
            ("Connection: U", "Connection: u u"),
        ] {
            assert!(accept(&ANSWER.replacen(from, to, 1)).is_err(), "{to}");
        }
    }
}
