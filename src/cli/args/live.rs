//! The arguments of `live`.

use std::path::PathBuf;

use clap::Args;

use super::{ConfigFile, Decode, RING, Side, TimeFormat, ring, size};
use crate::report::payload::PayloadMode;
use crate::report::select::RecordTypes;
use crate::time::span;

/// The heading of how packets are captured.
const CAPTURING: &str = "Capturing";

/// The heading of how captured packets are kept.
const RECORDING: &str = "Recording";

/// `live`
#[derive(Debug, Args)]
#[command(after_help = LIVE_EXAMPLES)]
pub struct Live {
    /// Listen on this interface; may be repeated, or several by comma; `any` is all of them (Linux)
    #[arg(short, long = "interface", value_name = "IFACE", value_delimiter = ',')]
    #[arg(help_heading = CAPTURING, required_unless_present = "list")]
    pub interfaces: Vec<String>,
    /// List the interfaces, with their addresses and states
    #[arg(short = 'D', long = "list-interfaces", help_heading = CAPTURING)]
    pub list: bool,
    /// Only packets that pass this filter, in the language of tcpdump: 'tcp port 8080'
    #[arg(short = 'f', long, value_name = "BPF", help_heading = CAPTURING)]
    pub bpf: Option<String>,
    /// Bytes to keep of each packet [default: all]
    #[arg(short, long, value_name = "BYTES", value_parser = snap_length, help_heading = CAPTURING)]
    pub snaplen: Option<u32>,
    /// Only packets that reach this machine anyway
    #[arg(short = 'p', long, help_heading = CAPTURING)]
    pub no_promiscuous: bool,
    /// The kernel's buffer for each interface
    #[arg(short = 'B', long, value_name = "SIZE", default_value = "16M", value_parser = buffer_size)]
    #[arg(help_heading = CAPTURING)]
    pub buffer_size: u32,
    /// Take each packet at once, rather than those of 10 ms together; the buffer then holds far fewer
    #[arg(long, help_heading = CAPTURING)]
    pub immediate: bool,
    /// Room for packets that wait to be decoded; what comes when it is full is dropped, and counted
    #[arg(long, value_name = "SIZE", default_value = "64M", value_parser = size, help_heading = CAPTURING)]
    pub queue: u64,
    /// End after so many packets
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    #[arg(help_heading = CAPTURING)]
    pub count: Option<u64>,
    /// End after so long, such as 30s or 5m
    #[arg(long, value_name = "SPAN", value_parser = span, help_heading = CAPTURING)]
    pub duration: Option<i64>,
    /// Whom root is to become once the interfaces are open [default: who called sudo; else the owner
    /// of the folder of --write; else nobody]
    #[arg(short = 'Z', long, value_name = "NAME", help_heading = CAPTURING)]
    pub user: Option<String>,
    /// Write all packets to this file, as pcapng
    #[arg(short, long, value_name = "FILE", help_heading = RECORDING)]
    pub write: Option<PathBuf>,
    /// Begin the next file (FILE_00001.pcapng and so on) when one has this size, such as 100M
    #[arg(long, value_name = "SIZE", requires = "write", value_parser = size, help_heading = RECORDING)]
    pub rotate_size: Option<u64>,
    /// Begin the next file after this time, such as 1h
    #[arg(long, value_name = "SPAN", requires = "write", value_parser = span, help_heading = RECORDING)]
    pub rotate_time: Option<i64>,
    /// Keep so many files, and remove the oldest
    #[arg(long, value_name = "N", requires = "write", value_parser = clap::value_parser!(u32).range(1..))]
    #[arg(help_heading = RECORDING)]
    pub keep: Option<u32>,
    /// Only messages that match: `op == text && .type == "error"`
    #[arg(short = 'Y', long, value_name = "EXPR")]
    pub filter: Option<String>,
    /// One JSON object a line: the export's records
    #[arg(long)]
    pub json: bool,
    /// Print lines in a terminal too, rather than open the interface; --side, --time and --payload ask for that as well
    #[arg(long, conflicts_with = "json")]
    pub lines: bool,
    /// Which records, by comma: capture, connection, frame, message, finding, end, summary, or all
    /// [default: all but frames]
    #[arg(long, value_name = "LIST", requires = "json")]
    pub records: Option<RecordTypes>,
    /// How much of each payload: full, head, head=N (bytes) or none
    #[arg(long, default_value = "full", value_name = "HOW")]
    pub payload: PayloadMode,
    /// Only this direction
    #[arg(long, value_enum, conflicts_with = "json")]
    pub side: Option<Side>,
    /// How to write times
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", conflicts_with = "json")]
    pub time: TimeFormat,
    /// Show tokens, keys and passwords in URLs rather than ***
    #[arg(long)]
    pub reveal: bool,
    /// Nothing but ASCII
    #[arg(long, conflicts_with = "json")]
    pub ascii: bool,
    /// What the interface keeps, packets on disk and rows in memory together; then the oldest go, closed connections first
    #[arg(long, value_name = "SIZE", default_value = RING, value_parser = ring, conflicts_with_all = ["json", "lines"])]
    pub ring: u64,
    /// auto, dark, light, high-contrast, cvd, plain, or one of your own
    #[arg(long, value_name = "NAME", conflicts_with_all = ["json", "lines"])]
    pub theme: Option<String>,
    /// Leave the mouse to the terminal
    #[arg(long, conflicts_with_all = ["json", "lines"])]
    pub no_mouse: bool,
    /// What holds for the interface
    #[command(flatten)]
    pub config: ConfigFile,
    /// How it is decoded
    #[command(flatten)]
    pub decode: Decode,
}

/// What stands below the help of `live`.
const LIVE_EXAMPLES: &str = "\
Examples:
  wscope live -D
  wscope live -i lo -f 'tcp port 8080'
  wscope live -i any -Y 'close.code >= 1002' --json | tee incidents.ndjson
  wscope live -i eth0 -w all.pcapng --rotate-size 100M --keep 10";

/// The size of a kernel buffer.
fn buffer_size(text: &str) -> Result<u32, String> {
    let size = size(text)?;
    u32::try_from(size).ok().filter(|size| *size <= 2 << 30).ok_or_else(|| "use at most 2G".to_owned())
}

/// The bytes kept of a packet; 0 = all.
fn snap_length(text: &str) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(0) => Ok(262_144),
        Ok(bytes) if bytes <= 262_144 => Ok(bytes),
        _ => Err("use 1 to 262144 bytes".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds() {
        assert_eq!(buffer_size("2G"), Ok(2 << 30));
        assert!(buffer_size("3G").is_err());
        assert_eq!(snap_length("0"), Ok(262_144));
        assert!(snap_length("262145").is_err());
    }
}
