//! permessage-deflate as two ends agreed on it.

use std::str::FromStr;

use crate::item::Dir;
use crate::ws::deflate::Compressor;

/// What a handshake agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The parameters as the response has them.
    parameters: String,
    /// Each sender keeps its context.
    takeover: [bool; 2],
    /// Each sender's window.
    bits: [u8; 2],
}

impl Default for Agreed {
    fn default() -> Self {
        Self { parameters: String::new(), takeover: [true; 2], bits: [15; 2] }
    }
}

/// A text that is no list of parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParameterError(String);

impl FromStr for Agreed {
    type Err = ParameterError;

    /// `server_no_context_takeover; client_max_window_bits=10`; empty where all is as usual.
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        let mut agreed = Self::default();
        let [mut client_bits, mut server_bits] = agreed.bits;
        let [mut client_keeps, mut server_keeps] = agreed.takeover;
        let mut names: Vec<&str> = Vec::new();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) =
                part.split_once('=').map_or((part, None), |(name, value)| (name.trim(), Some(value.trim())));
            if name == "permessage-deflate" && value.is_none() && names.is_empty() {
                continue;
            }
            if names.contains(&name) {
                return Err(ParameterError(format!("{name} stands twice")));
            }
            match (name, value) {
                ("client_no_context_takeover", None) => client_keeps = false,
                ("server_no_context_takeover", None) => server_keeps = false,
                ("client_max_window_bits", Some(bits)) => client_bits = window(bits)?,
                ("server_max_window_bits", Some(bits)) => server_bits = window(bits)?,
                _ => {
                    return Err(ParameterError(format!(
                        "`{part}` is no parameter of a response: use client_no_context_takeover, \
                         server_no_context_takeover, client_max_window_bits=N, server_max_window_bits=N"
                    )));
                }
            }
            names.push(name);
            agreed.parameters.push_str("; ");
            agreed.parameters.push_str(part);
        }
        (agreed.takeover, agreed.bits) = ([client_keeps, server_keeps], [client_bits, server_bits]);
        Ok(agreed)
    }
}

/// A window's size as a power of 2.
fn window(bits: &str) -> Result<u8, ParameterError> {
    let number = bits.parse().ok().filter(|number| (9..=15).contains(number) && !bits.starts_with('0'));
    number.ok_or_else(|| {
        ParameterError(format!("`{bits}` is no window that can be made: 9 to 15 bits (zlib has none of 8)"))
    })
}

impl Agreed {
    /// What the request offers.
    pub(super) const OFFER: &'static str = "permessage-deflate; client_max_window_bits";

    /// What the response accepts.
    pub(super) fn response(&self) -> String {
        format!("permessage-deflate{}", self.parameters)
    }
}

/// The compressors of a connection.
#[derive(Debug)]
pub(super) struct Codec {
    agreed: Agreed,
    compressors: [Option<Compressor>; 2],
}

impl Codec {
    pub(super) const fn new(agreed: Agreed) -> Self {
        Self { agreed, compressors: [None, None] }
    }

    pub(super) const fn agreed(&self) -> &Agreed {
        &self.agreed
    }

    /// A message begins.
    pub(super) fn begin(&mut self, dir: Dir) {
        let [client_keeps, server_keeps] = self.agreed.takeover;
        let keeps = if dir == Dir::C2s { client_keeps } else { server_keeps };
        if !keeps {
            self.compressor(dir).reset();
        }
    }

    /// The next part of a message, which may be the last.
    pub(super) fn compress(&mut self, dir: Dir, bytes: &[u8], last: bool) -> Vec<u8> {
        let mut out = Vec::new();
        self.compressor(dir).compress(bytes, last, &mut out);
        out
    }

    fn compressor(&mut self, dir: Dir) -> &mut Compressor {
        let [client_bits, server_bits] = self.agreed.bits;
        let [client, server] = &mut self.compressors;
        let (slot, bits) = if dir == Dir::C2s { (client, client_bits) } else { (server, server_bits) };
        slot.get_or_insert_with(|| Compressor::new(LEVEL, bits))
    }
}

/// What servers use.
const LEVEL: u8 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters() {
        let read = |text: &str| text.parse::<Agreed>().map_err(|error| error.to_string());
        assert_eq!(read(""), Ok(Agreed::default()));
        let all = read("permessage-deflate; server_no_context_takeover; client_max_window_bits=10").unwrap();
        assert_eq!((all.takeover, all.bits), ([true, false], [10, 15]));
        assert_eq!(
            all.response(),
            "permessage-deflate; server_no_context_takeover; client_max_window_bits=10"
        );
        for (text, error) in [
            ("level=9", "`level=9` is no parameter of a response"),
            ("client_max_window_bits", "`client_max_window_bits` is no parameter of a response"),
            ("server_no_context_takeover=1", "`server_no_context_takeover=1` is no parameter"),
            ("server_max_window_bits=8", "`8` is no window that can be made"),
            ("server_max_window_bits=09", "`09` is no window that can be made"),
            ("server_max_window_bits=9; server_max_window_bits=9", "server_max_window_bits stands twice"),
        ] {
            let found = read(text).unwrap_err();
            assert!(found.starts_with(error), "{text}: {found}");
        }
    }
}
