//! The arguments of `echo`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use super::{Color, ConfigFile, RING, ring, size};
use crate::audit::select::Selector;
use crate::endpoint::negotiate::Wanted;
use crate::time::span;

/// `echo`
#[derive(Debug, Args)]
#[command(
    after_help = "Paths: /echo (and /), /time, /chat, /json, /binary, /close?code=1011, /slow, /ping; ?every=100ms sets a pace.\n\
    GET / is a page to talk to it from a browser. Ctrl-C closes all connections with 1001."
)]
pub struct Echo {
    /// Where to listen: an address and a port, or one of them; port 0 = a free one
    #[arg(value_name = "ADDR:PORT", default_value = "127.0.0.1:9001", hide_default_value = false)]
    pub listen: String,
    /// Speak wss://, with a certificate made for the occasion
    #[arg(long)]
    pub tls: bool,
    /// Speak wss:// with this certificate chain (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// Append the secrets of TLS connections to this file, as SSLKEYLOGFILE has them
    #[arg(long, value_name = "FILE")]
    pub key_log: Option<PathBuf>,
    /// Speak this subprotocol; several by comma
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = token)]
    pub subprotocol: Vec<String>,
    /// What to want of permessage-deflate: server_no_context_takeover, client_no_context_takeover,
    /// server_max_window_bits=N, client_max_window_bits=N, parted by ; or ,
    #[arg(long, value_name = "PARAMS", conflicts_with = "no_deflate")]
    pub deflate: Option<Wanted>,
    /// Do not compress
    #[arg(long)]
    pub no_deflate: bool,
    /// Only these origins may connect; none = requests without an Origin; several by comma
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
    pub origin: Vec<String>,
    /// Wait before each echo
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub delay: Option<i64>,
    /// Send messages in frames of at most so many bytes
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub fragment: Option<usize>,
    /// Send each client a Ping so often; give it up when two are not answered
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub ping: Option<i64>,
    /// Close every connection
    #[arg(long, value_name = "CODE[:REASON]")]
    pub close: Option<CloseWith>,
    /// Close it after so many messages rather than at once
    #[arg(long, value_name = "N", requires = "close", default_value_t = 0)]
    pub after: u64,
    /// The largest message to take, such as 64k or 16M; larger ones are answered with Close 1009
    #[arg(long, value_name = "BYTES", default_value = "16M", value_parser = bytes)]
    pub max_message: usize,
    /// Clients at once; more are answered with 503
    #[arg(long, value_name = "N", default_value_t = 16_384)]
    pub max_clients: usize,
    /// How long a client may take for its handshake
    #[arg(long, value_name = "SPAN", default_value = "10s", value_parser = span)]
    pub handshake_timeout: i64,
    /// Break these rules, a connection one of them in turn: codes, their beginnings or names, by comma
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub violate: Vec<Selector>,
    /// Write the traffic to this file as a capture (pcapng); needs no privileges
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Show the traffic in the interface as it happens
    #[arg(long, conflicts_with = "quiet")]
    pub tui: bool,
    /// What the interface keeps, packets on disk and rows in memory together; then the oldest go, closed connections first
    #[arg(long, value_name = "SIZE", default_value = RING, value_parser = ring, requires = "tui")]
    pub ring: u64,
    /// auto, dark, light, high-contrast, cvd, plain, or one of your own
    #[arg(long, value_name = "NAME", requires = "tui")]
    pub theme: Option<String>,
    /// Leave the mouse to the terminal
    #[arg(long, requires = "tui")]
    pub no_mouse: bool,
    /// Nothing but ASCII
    #[arg(long, requires = "tui")]
    pub ascii: bool,
    /// What holds for the interface
    #[command(flatten)]
    pub config: ConfigFile,
    /// No line for each connection
    #[arg(short, long)]
    pub quiet: bool,
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value_t, value_enum)]
    pub color: Color,
}

/// A Close: `1011`, `4000:try later`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseWith {
    /// The status code.
    pub code: u16,
    /// The reason, perhaps empty.
    pub reason: String,
}

impl FromStr for CloseWith {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (code, reason) = text.split_once(':').unwrap_or((text, ""));
        let code = code.parse().map_err(|_| "write CODE or CODE:REASON, such as 1011:broken".to_owned())?;
        if !crate::ws::fact::close_code_is_known(code) || code == 1010 {
            return Err(format!("{code} is no code that a server may send"));
        }
        if reason.len() > 123 {
            return Err("the reason has more than 123 bytes".to_owned());
        }
        Ok(Self { code, reason: reason.to_owned() })
    }
}

/// A number of bytes that memory may hold.
pub(super) fn bytes(text: &str) -> Result<usize, String> {
    // Twice as much is to be counted without a thought.
    let most = isize::MAX as usize / 4;
    usize::try_from(size(text)?)
        .ok()
        .filter(|size| *size <= most)
        .ok_or_else(|| "this is too much".to_owned())
}

/// The name of a subprotocol.
pub(super) fn token(text: &str) -> Result<String, String> {
    if crate::http::head::is_token(text.as_bytes()) {
        Ok(text.to_owned())
    } else {
        Err("a subprotocol's name has letters, digits and !#$%&'*+-.^_`|~".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closes() {
        let close = |code, reason: &str| Ok(CloseWith { code, reason: reason.to_owned() });
        assert_eq!("1011".parse(), close(1011, ""));
        assert_eq!("4000:a:b".parse(), close(4000, "a:b"));
        for bad in ["", "1005", "1010", "x", "99999"] {
            assert!(bad.parse::<CloseWith>().is_err(), "{bad}");
        }
    }

    #[test]
    fn bounds() {
        assert_eq!(bytes("64k"), Ok(64 << 10));
        assert!(bytes("9999999999G").is_err());
    }
}
