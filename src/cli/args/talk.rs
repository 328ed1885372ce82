//! The arguments of `talk`.

use std::path::PathBuf;

use clap::Args;

use super::echo::{bytes, token};
use super::{CloseWith, Color, TimeFormat};
use crate::audit::select::Selector;
use crate::endpoint::negotiate::Wanted;
use crate::report::payload::PayloadMode;
use crate::report::select::RecordTypes;
use crate::time::span;

/// The heading of how the connection is made.
const CONNECTION: &str = "Connection";

/// `talk`
#[derive(Debug, Args)]
#[command(
    after_help = "Each line of standard input is a message; its end closes the connection. Ctrl-C closes it, too.\n\
    The exit code is 0 where both sides closed, else 1."
)]
pub struct Talk {
    /// ws://HOST:PORT/PATH, or wss://
    #[arg(value_name = "URL")]
    pub url: String,
    /// Send the lines of this file rather than those of standard input
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
    /// Lines are bytes in hexadecimal, sent as binary messages
    #[arg(long)]
    pub binary: bool,
    /// Listen on for so long after the last line
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub wait: Option<i64>,
    /// Close with this, rather than 1000
    #[arg(long, value_name = "CODE[:REASON]")]
    pub close: Option<CloseWith>,
    /// Send a Ping so often
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub ping: Option<i64>,
    /// Send messages in frames of at most so many bytes
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub fragment: Option<usize>,
    /// The largest message to take; larger ones are answered with Close 1009
    #[arg(long, value_name = "BYTES", default_value = "16M", value_parser = bytes)]
    pub max_message: usize,
    /// Break this rule: a code or a name
    #[arg(long, value_name = "RULE")]
    pub violate: Option<Selector>,
    /// Write the traffic to this file as a capture (pcapng); needs no privileges
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Send this header; may be repeated
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = header, help_heading = CONNECTION)]
    pub header: Vec<(String, String)>,
    /// Offer this subprotocol; several by comma, the best first
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = token, help_heading = CONNECTION)]
    pub subprotocol: Vec<String>,
    /// Send this Origin, as a browser does
    #[arg(long, value_name = "ORIGIN", help_heading = CONNECTION)]
    pub origin: Option<String>,
    /// What to offer of permessage-deflate: server_no_context_takeover, client_no_context_takeover,
    /// server_max_window_bits=N, client_max_window_bits=N, parted by ; or ,
    #[arg(long, value_name = "PARAMS", conflicts_with = "no_deflate", help_heading = CONNECTION)]
    pub deflate: Option<Wanted>,
    /// Offer no compression
    #[arg(long, help_heading = CONNECTION)]
    pub no_deflate: bool,
    /// Trust the certificates of this file (PEM) rather than those of the system
    #[arg(long, value_name = "FILE", conflicts_with = "insecure", help_heading = CONNECTION)]
    pub ca: Option<PathBuf>,
    /// Trust any certificate
    #[arg(long, help_heading = CONNECTION)]
    pub insecure: bool,
    /// How long the server may take for TCP, its handshake, and to answer a Close
    #[arg(long, value_name = "SPAN", default_value = "10s", value_parser = span, help_heading = CONNECTION)]
    pub timeout: i64,
    /// Print frames rather than messages
    #[arg(long, conflicts_with = "json")]
    pub frames: bool,
    /// One JSON object a line: the export's records
    #[arg(long)]
    pub json: bool,
    /// Which records, by comma: capture, connection, frame, message, finding, end, summary, or all
    /// [default: all but frames]
    #[arg(long, value_name = "LIST", requires = "json")]
    pub records: Option<RecordTypes>,
    /// How much of each payload: full, head, head=N (bytes) or none
    #[arg(long, default_value = "full", value_name = "HOW")]
    pub payload: PayloadMode,
    /// How to write times
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", conflicts_with = "json")]
    pub time: TimeFormat,
    /// Show tokens, keys and passwords in URLs rather than ***
    #[arg(long)]
    pub reveal: bool,
    /// Nothing but ASCII
    #[arg(long, conflicts_with = "json")]
    pub ascii: bool,
    /// Nothing on standard error but what goes wrong
    #[arg(short, long)]
    pub quiet: bool,
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value_t, value_enum)]
    pub color: Color,
}

/// A header line.
fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write `Name: value`")?;
    let value = value.trim();
    if !crate::http::head::is_token(name.as_bytes()) {
        return Err(format!("`{name}` is no name of a header"));
    }
    if value.bytes().any(|byte| byte < b' ' && byte != b'\t' || byte == 0x7f) {
        return Err("control characters cannot stand in a header".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        assert_eq!(header("X-Token:  a b "), Ok(("X-Token".to_owned(), "a b".to_owned())));
        assert_eq!(header("A:"), Ok(("A".to_owned(), String::new())));
        for bad in ["A", "A b: c", ": c", "A: b\r\nC: d"] {
            assert!(header(bad).is_err(), "{bad}");
        }
    }
}
