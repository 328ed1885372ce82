//! The command line as types; help, completions and the man page follow from it.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::audit::select::Selector;
use crate::place::Place;
use crate::report::check;
use crate::report::payload::PayloadMode;
use crate::report::select::{RecordTypes, Selection};
use crate::rules::Level;

/// Command lines to begin with, and what they do.
pub(super) const EXAMPLES: [(&str, &str); 8] = [
    ("wscope capture.pcapng", "what WebSockets are in there"),
    ("wscope show capture.pcapng --conn 2", "what connection 2 said, a line a message"),
    ("wscope inspect capture.pcapng 2.f7", "one frame, bit by bit"),
    ("wscope follow capture.pcapng 2 --as json", "a conversation"),
    ("wscope check capture.pcapng", "what breaks the protocol; for tests and pipelines"),
    ("wscope export capture.pcapng | jq .", "everything, as NDJSON"),
    ("tcpdump -w - 'tcp port 80' | wscope ls -", "from a pipe"),
    ("wscope live -i lo -f 'tcp port 8080'", "while it happens"),
];

/// Exit codes, and what they mean.
pub(super) const EXIT_CODES: [(&str, &str); 5] = [
    ("0", "success; check: no findings at or above --fail-on"),
    ("1", "check: findings; ls -q, show -q, live -q: nothing found"),
    ("2", "trouble: bad usage, an unreadable capture, an output that cannot be written"),
    ("3", "check: no WebSocket connection in the capture"),
    ("130", "interrupted; live: before any packet came"),
];

/// What stands below the help of the program.
fn epilogue() -> String {
    let mut text = "Examples:\n".to_owned();
    for (command, what) in EXAMPLES {
        text.push_str(&format!("  {command:<42}  {what}\n"));
    }
    text.push_str("\nExit codes:\n");
    for (code, what) in EXIT_CODES {
        text.push_str(&format!("  {code:<5}{what}\n"));
    }
    text
}

/// Shows exactly what every WebSocket in a packet capture said
#[derive(Debug, Parser)]
#[command(
    name = "wscope",
    version,
    long_version = super::doctor::long_version(),
    after_help = epilogue(),
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    infer_subcommands = false
)]
pub struct Cli {
    /// What to do; without it, the connections are listed
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Input, for the short form `wscope FILE`
    #[command(flatten)]
    pub input: Input,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the connections, a line each
    Ls(Ls),
    /// Print the messages, a line each
    Show(Show),
    /// Explain one frame, message or handshake
    Inspect(Inspect),
    /// Print what was said on one connection
    Follow(Follow),
    /// Write everything in a format for other programs
    Export(Export),
    /// Capture on interfaces, and print the messages as they come
    Live(Live),
    /// Print numbers: messages, sizes, opcodes, compression, ping times
    Stats(Stats),
    /// Check the traffic against RFC 6455 and RFC 7692, for tests and pipelines
    Check(Check),
    /// Explain a rule: what it finds, why it matters, examples by the byte
    Rule(Rule),
    /// List the fields of filters, or explain one
    Fields {
        /// Fields to explain; without one, all are listed
        #[arg(value_name = "FIELD")]
        names: Vec<String>,
        /// When to use colours
        #[arg(long, value_name = "WHEN", default_value_t, value_enum)]
        color: Color,
    },
    /// Explain how a filter is understood, or what is wrong with it
    Filter {
        /// The filter, as -Y takes it
        #[arg(value_name = "EXPR", required = true, allow_hyphen_values = true, trailing_var_arg = true)]
        expr: Vec<String>,
    },
    /// Print the JSON Schema of the export
    Schema {
        /// That of `wscope check --format json` and ndjson instead
        #[arg(long)]
        check: bool,
    },
    /// Tell what this build and machine can do
    Doctor,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff), or write all pages to a folder
    Man {
        /// Write wscope.1 and a page for each command here
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// Explain a rule
#[derive(Debug, Args)]
pub struct Rule {
    /// Codes (F004), names (client-unmasked) or families (F); without one, all rules are listed
    #[arg(value_name = "RULE")]
    pub rules: Vec<String>,
    /// The pages of all rules
    #[arg(long, conflicts_with = "rules")]
    pub all: bool,
    /// How they are written
    #[arg(long, value_name = "FORMAT", default_value_t, value_enum)]
    pub format: RuleFormat,
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value_t, value_enum)]
    pub color: Color,
}

/// How rules are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RuleFormat {
    /// To read in a terminal
    #[default]
    Text,
    /// For a document
    Markdown,
    /// For programs
    Json,
}

/// `check`
#[derive(Debug, Args)]
pub struct Check {
    /// Check these rules only: codes, their beginnings, names or all, by comma
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub select: Vec<Selector>,
    /// Do not check these; what says more wins over what says less
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub ignore: Vec<Selector>,
    /// Check nothing below this level
    #[arg(long, value_name = "LEVEL", value_parser = level())]
    pub severity: Option<Level>,
    /// Only findings that match, such as `host == feed.local && dir == c2s`
    #[arg(short = 'Y', long, value_name = "EXPR")]
    pub filter: Option<String>,
    /// Exit with 1 where there is a finding of this level or worse [default: error]
    #[arg(long, value_name = "LEVEL", value_parser = level())]
    pub fail_on: Option<Level>,
    /// Exit with 0 although there are findings
    #[arg(long)]
    pub exit_zero: bool,
    /// The format on standard output [default: human]
    #[arg(long, value_name = "FORMAT", value_parser = check_format())]
    pub format: Option<check::Format>,
    /// Write a file in a format, besides; FORMAT=- = standard output; may be repeated
    #[arg(short, long, value_name = "FORMAT=FILE")]
    pub output: Vec<CheckOutput>,
    /// Print how often each rule fired instead of the findings
    #[arg(long, conflicts_with = "format")]
    pub statistics: bool,
    /// How many findings are shown, the worst before others; all are counted [default: 1000]
    #[arg(long, value_name = "N")]
    pub max_findings: Option<usize>,
    /// Findings in this file do not count: from --write-baseline, or an earlier --format json
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write what counts, and what is known, to this file, to be the next --baseline
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// A capture without a WebSocket connection is fine (else exit code 3)
    #[arg(long)]
    pub allow_empty: bool,
    /// The configuration [default: wscope.toml here or above, up to the top of the checkout]
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,
    /// Read no configuration
    #[arg(long)]
    pub no_config: bool,
    /// Nothing but ASCII
    #[arg(long)]
    pub ascii: bool,
    /// Where the packets come from
    #[command(flatten)]
    pub input: Input,
}

/// A format, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckOutput {
    /// The format.
    pub format: check::Format,
    /// The file; `None` = standard output.
    pub file: Option<PathBuf>,
}

impl FromStr for CheckOutput {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = text.split_once('=').unwrap_or((text, ""));
        let format = format.parse::<check::Format>().map_err(|error| error.to_string())?;
        match file {
            "" => Err("write FORMAT=FILE, such as sarif=wscope.sarif".to_owned()),
            "-" => Ok(Self { format, file: None }),
            _ => Ok(Self { format, file: Some(PathBuf::from(file)) }),
        }
    }
}

/// The formats of `check`, each with what it is for.
fn check_format() -> impl TypedValueParser<Value = check::Format> {
    let values =
        check::Format::ALL.map(|format| PossibleValue::new(format.name()).help(format.description()));
    PossibleValuesParser::new(values).try_map(|name| name.parse::<check::Format>())
}

/// `error`, `warning`, `note`.
fn level() -> impl TypedValueParser<Value = Level> {
    let values = Level::ALL.map(|level| PossibleValue::new(level.name()));
    PossibleValuesParser::new(values).try_map(|name| {
        let level = Level::ALL.into_iter().find(|level| level.name() == name);
        level.ok_or("no such level")
    })
}

/// The heading of what all commands that read captures have in common: below their own options.
const READING: &str = "Reading";

/// Where packets come from, and how they are decoded.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = READING)]
pub struct Input {
    /// Captures: pcap or pcapng, also within gzip, zstd or lz4; `-` = standard input; several are
    /// merged by time
    #[arg(value_name = "FILE", help_heading = None)]
    pub files: Vec<PathBuf>,
    /// A capture, as other tools name it
    #[arg(short = 'r', long = "read", value_name = "FILE")]
    pub read: Vec<PathBuf>,
    /// Threads that decode; the output is the same for any number [default: by size and cores]
    #[arg(short = 'j', long = "threads", value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
    /// How it is decoded
    #[command(flatten)]
    pub decode: Decode,
}

/// How captures are read and decoded.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = READING)]
pub struct Decode {
    /// Take TCP streams of this port for WebSocket even without a handshake
    #[arg(long, value_name = "PORT", value_delimiter = ',')]
    pub decode_as: Vec<u16>,
    /// A cut-off or damaged capture is an error (exit code 2)
    #[arg(long)]
    pub strict: bool,
    /// No summary line, remarks or progress bar on standard error; `ls`, `show` and `live` exit with 1
    /// where they find nothing
    #[arg(short, long)]
    pub quiet: bool,
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value_t, value_enum)]
    pub color: Color,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How times are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TimeFormat {
    /// The time of day, in UTC
    #[default]
    Abs,
    /// Seconds since the connection's first packet
    Rel,
    /// Seconds since the line before
    Delta,
    /// RFC 3339 in UTC
    Iso,
}

/// `ls`
#[derive(Debug, Args)]
pub struct Ls {
    /// Only these connections: 3 or 1,4 or 2-5
    #[arg(long, value_name = "LIST")]
    pub conn: Option<Selection>,
    /// Only connections that match, or that hold a message that does: `close.code >= 1002`
    #[arg(short = 'Y', long, value_name = "EXPR")]
    pub filter: Option<String>,
    /// One JSON object a line (the export's connection and end records)
    #[arg(long, conflicts_with = "ascii")]
    pub json: bool,
    /// Show tokens, keys and passwords in URLs rather than ***
    #[arg(long)]
    pub reveal: bool,
    /// Nothing but ASCII
    #[arg(long)]
    pub ascii: bool,
    /// Where the packets come from
    #[command(flatten)]
    pub input: Input,
}

/// `show`
#[derive(Debug, Args)]
pub struct Show {
    /// Only these connections: 3 or 1,4 or 2-5
    #[arg(long, value_name = "LIST")]
    pub conn: Option<Selection>,
    /// Only what matches: `op == text && .type == "error"`; `wscope fields` lists what to ask for
    #[arg(short = 'Y', long, value_name = "EXPR")]
    pub filter: Option<String>,
    /// Frames instead of messages
    #[arg(long, conflicts_with = "payload_only")]
    pub frames: bool,
    /// The payload as a hex dump below each line; of a frame, unmasked
    #[arg(short = 'x', long)]
    pub hex: bool,
    /// Everything that is known of each message, below its line
    #[arg(short = 'V', long, conflicts_with = "payload_only")]
    pub verbose: bool,
    /// Nothing but the payloads of data messages: byte for byte where standard output is no terminal
    #[arg(long, conflicts_with = "hex")]
    pub payload_only: bool,
    /// Only this direction
    #[arg(long, value_enum)]
    pub side: Option<Side>,
    /// How to write times
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub time: TimeFormat,
    /// Wait where the capture ends for what is still written to it, until Ctrl-C
    #[arg(long)]
    pub follow: bool,
    /// Nothing but ASCII
    #[arg(long)]
    pub ascii: bool,
    /// Where the packets come from
    #[command(flatten)]
    pub input: Input,
}

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
    pub ring: u64,
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

/// `inspect`
#[derive(Debug, Args)]
pub struct Inspect {
    /// The capture; `-` = standard input
    pub file: PathBuf,
    /// What to explain: 3.f52 (frame), 3.m41 (message), 3.h (handshake), 3 (connection)
    pub place: Place,
    /// Show the secrets of a handshake: Authorization, cookies, keys and tokens
    #[arg(long)]
    pub reveal: bool,
    /// Nothing but ASCII
    #[arg(long)]
    pub ascii: bool,
    /// How it is decoded
    #[command(flatten)]
    pub decode: Decode,
}

/// `follow`
#[derive(Debug, Args)]
pub struct Follow {
    /// The capture; `-` = standard input
    pub file: PathBuf,
    /// The connection's number, as `wscope ls` shows it
    #[arg(value_parser = connection)]
    pub conn: u32,
    /// Only messages that match: `.type == "error"`
    #[arg(short = 'Y', long, value_name = "EXPR")]
    pub filter: Option<String>,
    /// Only this direction
    #[arg(long, value_enum)]
    pub side: Option<Side>,
    /// How to write the payloads
    #[arg(long = "as", value_enum, default_value_t, value_name = "FORM")]
    pub form: Form,
    /// Nothing but ASCII
    #[arg(long)]
    pub ascii: bool,
    /// How it is decoded
    #[command(flatten)]
    pub decode: Decode,
}

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// Client to server
    C2s,
    /// Server to client
    S2c,
}

impl From<Side> for crate::item::Dir {
    fn from(side: Side) -> Self {
        match side {
            Side::C2s => Self::C2s,
            Side::S2c => Self::S2c,
        }
    }
}

/// How `follow` writes payloads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Text, with a line before each message; binary as a hex dump
    #[default]
    Text,
    /// JSON payloads, laid out; what is no JSON as a JSON string
    Json,
    /// Hex dumps
    Hex,
    /// The payloads of data messages, byte for byte
    Raw,
}

/// `export`
#[derive(Debug, Args)]
pub struct Export {
    /// The format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub to: Format,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Which records, by comma (ndjson and json): capture, connection, frame, message, finding, end,
    /// summary, or all [default: all but frames]
    #[arg(long, value_name = "LIST")]
    pub records: Option<RecordTypes>,
    /// How much of each payload: full, head, head=N (bytes) or none
    #[arg(long, default_value = "full", value_name = "HOW")]
    pub payload: PayloadMode,
    /// Add the SHA-256 of each message's whole payload (ndjson and json)
    #[arg(long)]
    pub hash: bool,
    /// Show tokens, keys and passwords in URLs rather than ***
    #[arg(long)]
    pub reveal: bool,
    /// Only these connections: 3 or 1,4 or 2-5
    #[arg(long, value_name = "LIST")]
    pub conn: Option<Selection>,
    /// Only records that match, with the begin and end of their connections
    #[arg(short = 'Y', long, value_name = "EXPR")]
    pub filter: Option<String>,
    /// Wait where the capture ends for what is still written to it, until Ctrl-C (ndjson, csv and txt)
    #[arg(long)]
    pub follow: bool,
    /// Where the packets come from
    #[command(flatten)]
    pub input: Input,
}

/// Export formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON record a line
    #[default]
    Ndjson,
    /// The same records in one JSON document
    Json,
    /// Messages, a row each
    Csv,
    /// Messages, a line each, to read
    Txt,
    /// HTTP archive with Chrome's `_webSocketMessages`
    Har,
}

/// `stats`
#[derive(Debug, Args)]
pub struct Stats {
    /// Only these connections: 3 or 1,4 or 2-5
    #[arg(long, value_name = "LIST")]
    pub conn: Option<Selection>,
    /// A line for each span of time, such as 1s, 500ms or 1m
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub every: Option<i64>,
    /// One JSON document
    #[arg(long)]
    pub json: bool,
    /// Where the packets come from
    #[command(flatten)]
    pub input: Input,
}

/// A number of threads.
fn threads(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|threads| (1..=64).contains(threads)).ok_or_else(|| "use 1 to 64".to_owned())
}

/// The number of a connection; of a place, the connection that it is in.
fn connection(text: &str) -> Result<u32, String> {
    text.parse::<Place>()
        .map(|place| place.conn)
        .map_err(|_| "write the number of a connection; `wscope ls` lists them".to_owned())
}

/// A number of bytes, such as 4096, 64K, 100M or 2G.
fn size(text: &str) -> Result<u64, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let shift = match unit.to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        _ => return Err(format!("`{unit}` is no unit: use K, M or G")),
    };
    let number: u64 = number.parse().map_err(|_| "expected a size, such as 100M".to_owned())?;
    number.checked_mul(1 << shift).filter(|size| *size > 0).ok_or_else(|| "use at least one byte".to_owned())
}

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

/// A span of time in nanoseconds.
fn span(text: &str) -> Result<i64, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let scale = match unit {
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" | "" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return Err(format!("`{unit}` is no unit: use us, ms, s, m or h")),
    };
    let number: i64 = number.parse().map_err(|_| "expected a number with a unit, such as 1s".to_owned())?;
    number.checked_mul(scale).filter(|span| *span > 0).ok_or_else(|| "the span must be positive".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes() {
        assert_eq!(size("100M"), Ok(100 << 20));
        assert_eq!(size("64k"), Ok(64 << 10));
        assert_eq!(size("7"), Ok(7));
        for wrong in ["", "0", "M", "1T", "-1", "99999999999999999999G"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
        assert_eq!(buffer_size("2G"), Ok(2 << 30));
        assert!(buffer_size("3G").is_err());
        assert_eq!(snap_length("0"), Ok(262_144));
        assert!(snap_length("262145").is_err());
    }

    #[test]
    fn spans() {
        assert_eq!(span("1s"), Ok(1_000_000_000));
        assert_eq!(span("250ms"), Ok(250_000_000));
        assert!(span("0s").is_err());
        assert!(span("5y").is_err());
        assert!(span("s").is_err());
    }
}
