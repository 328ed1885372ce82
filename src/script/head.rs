//! The heads of the opening handshake, and the lines that change them.

use super::lex;
use crate::http::upgrade::expected_accept;

/// The head of a request or a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    first: Vec<u8>,
    lines: Vec<Vec<u8>>,
}

impl Head {
    /// The request of RFC 6455 section 1.2, with another first line unless that is empty.
    pub(super) fn request(first: &str) -> Self {
        let first = if first.is_empty() { "GET /chat HTTP/1.1" } else { first };
        Self::new(
            first,
            &[
                "Host: server.example.com",
                "Upgrade: websocket",
                "Connection: Upgrade",
                &format!("Sec-WebSocket-Key: {KEY}"),
                "Sec-WebSocket-Version: 13",
            ],
        )
    }

    /// The 101 that accepts a request, with another first line unless that is empty.
    pub(super) fn response(first: &str, request: Option<&Self>) -> Self {
        let first = if first.is_empty() { "HTTP/1.1 101 Switching Protocols" } else { first };
        let key = request.map_or(KEY.as_bytes(), |request| request.key());
        Self::new(
            first,
            &[
                "Upgrade: websocket",
                "Connection: Upgrade",
                &format!("Sec-WebSocket-Accept: {}", expected_accept(key)),
            ],
        )
    }

    /// The same with a Sec-WebSocket-Extensions, unless that is empty.
    pub(super) fn with_extensions(mut self, value: &str) -> Self {
        if !value.is_empty() {
            self.lines.push(format!("Sec-WebSocket-Extensions: {value}").into_bytes());
        }
        self
    }

    /// Changes the head as a line (`+ NAME: VALUE` and the like) says. The error says what was expected.
    pub(super) fn change(&mut self, line: &str) -> Result<(), String> {
        let (sign, text) = line.split_at_checked(1).unwrap_or_default();
        let text = text.trim_ascii();
        match sign {
            "+" => {
                header_name(text)?;
                self.lines.push(text.as_bytes().to_vec());
            }
            "-" => {
                let before = self.lines.len();
                self.lines.retain(|line| !is_named(line, text));
                if self.lines.len() == before {
                    return Err(self.no_header(text));
                }
            }
            "=" => {
                let name = header_name(text)?;
                let line = self.lines.iter_mut().find(|line| is_named(line, name));
                match line {
                    Some(line) => *line = text.as_bytes().to_vec(),
                    None => return Err(self.no_header(name)),
                }
            }
            _ => self.lines.push(lex::raw(text)?),
        }
        Ok(())
    }

    /// Puts another key in the place of the usual one, and its answer in the place of that one's.
    pub(super) fn set_key(&mut self, key: &str) {
        let (accept, usual) = (expected_accept(key.as_bytes()), expected_accept(KEY.as_bytes()));
        for line in &mut self.lines {
            for (usual, other) in [(KEY, key), (&*usual, &*accept)] {
                if let Some(at) = memchr::memmem::find(line, usual.as_bytes()) {
                    line.splice(at..at + usual.len(), other.bytes());
                }
            }
        }
    }

    /// The head on the wire.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for line in std::iter::once(&self.first).chain(&self.lines) {
            out.extend_from_slice(line);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        out
    }

    fn new(first: &str, lines: &[&str]) -> Self {
        Self {
            first: first.as_bytes().to_vec(),
            lines: lines.iter().map(|line| line.as_bytes().to_vec()).collect(),
        }
    }

    /// The first key; empty where there is none.
    fn key(&self) -> &[u8] {
        let line = self.lines.iter().find(|line| is_named(line, "Sec-WebSocket-Key"));
        let value = line.and_then(|line| line.splitn(2, |byte| *byte == b':').nth(1));
        value.unwrap_or_default().trim_ascii()
    }

    fn no_header(&self, name: &str) -> String {
        let names: Vec<_> =
            self.lines.iter().map(|line| String::from_utf8_lossy(name_of(line)).into_owned()).collect();
        format!("expected the name of a header that is there, not `{name}`: {}", names.join(", "))
    }
}

/// Whether a line changes the head before it.
pub(super) fn is_change(line: &str) -> bool {
    line.starts_with(['+', '-', '=', '!'])
}

fn header_name(text: &str) -> Result<&str, String> {
    let name = text.split_once(':').map(|(name, _)| name.trim_ascii()).filter(|name| !name.is_empty());
    name.ok_or_else(|| "expected `NAME: VALUE` (a line that is no header is added by `! RAW`)".to_owned())
}

fn is_named(line: &[u8], name: &str) -> bool {
    name_of(line).eq_ignore_ascii_case(name.as_bytes())
}

fn name_of(line: &[u8]) -> &[u8] {
    line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii()
}

/// The key of RFC 6455 section 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
