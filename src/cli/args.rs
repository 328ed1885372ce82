//! The command line as types; help, completions and the man page follow from it.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::audit::select::Selector;
use crate::generate::{Agreed, Kind, Rate, Size};
use crate::place::Place;
use crate::report::check;
use crate::report::exporter::Format;
use crate::report::payload::PayloadMode;
use crate::report::select::{RecordTypes, Selection};
use crate::report::txt::TimeStyle;
use crate::rules::Level;
use crate::time::{Timestamp, span};
use crate::tui::view::ViewId;

mod echo;
mod live;
mod talk;

pub use echo::{CloseWith, Echo};
pub use live::Live;
pub use talk::Talk;

/// Command lines to begin with, and what they do.
pub(super) const EXAMPLES: [(&str, &str); 10] = [
    ("wscope capture.pcapng", "look around in it; ? is help"),
    ("wscope ls capture.pcapng", "what WebSockets are in there"),
    ("wscope capture.pcapng --at 2.m41", "the same, beginning at a message"),
    ("wscope show capture.pcapng --conn 2", "what connection 2 said, a line a message"),
    ("wscope inspect capture.pcapng 2.f7", "one frame, bit by bit"),
    ("wscope follow capture.pcapng 2 --as json", "a conversation"),
    ("wscope check capture.pcapng", "what breaks the protocol; for tests and pipelines"),
    ("wscope export capture.pcapng | jq .", "everything, as NDJSON"),
    ("tcpdump -w - 'tcp port 80' | wscope -", "from a pipe"),
    ("wscope live -i lo -f 'tcp port 8080'", "while it happens"),
];

/// Exit codes, and what they mean.
pub(super) const EXIT_CODES: [(&str, &str); 5] = [
    ("0", "success; check: no findings at or above --fail-on"),
    ("1", "check: findings; ls -q, show -q, live -q: nothing found; talk: not closed cleanly"),
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
    /// What to do; without it, the capture is opened
    #[command(subcommand)]
    pub command: Option<Command>,
    /// For the short form `wscope FILE`
    #[command(flatten)]
    pub open: Open,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look around in a capture: in a terminal the interface, else as `ls`
    #[command(hide = true)]
    Open(Open),
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
    /// Capture on interfaces, and show the messages as they come
    Live(Live),
    /// Print numbers: messages, sizes, opcodes, compression, ping times
    Stats(Stats),
    /// Check the traffic against RFC 6455 and RFC 7692, for tests and pipelines
    Check(Check),
    /// Explain a rule: what it finds, why it matters, examples by the byte
    Rule(Rule),
    /// Serve WebSockets to test clients with: echo, chat, feeds
    Echo(Echo),
    /// Talk to a WebSocket server: lines of text in, messages out
    Talk(Box<Talk>),
    /// Write a capture without any network: scripted or random traffic, workloads for benchmarks
    Generate(Box<Generate>),
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
    /// Keys, themes and saved filters: write a file to begin with, or tell what holds
    Config {
        /// What about it
        #[command(subcommand)]
        what: Configure,
    },
    /// Tell what this build, this machine and this terminal can do
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

/// `open`, or no command at all
#[derive(Clone, Debug, Default, Args)]
pub struct Open {
    /// Begin with this view [default: connections]
    #[arg(long, value_name = "VIEW", value_parser = view())]
    pub view: Option<ViewId>,
    /// Begin with this filter: `op == text && .type == "error"`
    #[arg(short = 'Y', long, value_name = "EXPR")]
    pub filter: Option<String>,
    /// Begin here: 3 (connection), 3.m41 (message), 3.f52 (frame), 3.h (handshake)
    #[arg(long, value_name = "PLACE")]
    pub at: Option<Place>,
    /// Wait where the capture ends for what is still written to it
    #[arg(long)]
    pub follow: bool,
    /// auto, dark, light, high-contrast, cvd, plain, or one of your own
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// Nothing but ASCII
    #[arg(long)]
    pub ascii: bool,
    /// Leave the mouse to the terminal
    #[arg(long)]
    pub no_mouse: bool,
    /// What holds for the interface
    #[command(flatten)]
    pub config: ConfigFile,
    /// Where the packets come from
    #[command(flatten)]
    pub input: Input,
}

/// Which file says what keys do, and the like.
#[derive(Clone, Debug, Default, Args)]
pub struct ConfigFile {
    /// Keys, themes and filters are in this file [default: see `wscope config path`]
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,
    /// Read no configuration
    #[arg(long)]
    pub no_config: bool,
}

/// `config`
#[derive(Debug, Subcommand)]
pub enum Configure {
    /// Write a file to begin with, in which everything is explained and nothing changed
    Init {
        /// Write it here
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Print where the file is, or would be
    Path,
    /// Print what holds, and who says so
    Show {
        /// Every action with its keys
        #[arg(long)]
        keys: bool,
        /// What holds for the interface
        #[command(flatten)]
        config: ConfigFile,
    },
}

/// The views, by the names of their actions.
fn view() -> impl TypedValueParser<Value = ViewId> {
    let values = ViewId::ALL.map(|view| {
        let entry = view.action().entry();
        PossibleValue::new(entry.id).help(entry.title).alias(view.name().to_lowercase())
    });
    PossibleValuesParser::new(values).try_map(|name| {
        let view = ViewId::ALL
            .into_iter()
            .find(|view| view.action().entry().id == name || view.name().to_lowercase() == name);
        view.ok_or("no such view")
    })
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

/// `generate`
#[derive(Debug, Args)]
#[command(after_help = GENERATE_EXAMPLES)]
pub struct Generate {
    /// The capture, a pcapng file; - = standard output, which must be no terminal
    #[arg(short, long, value_name = "FILE", required = true)]
    pub output: PathBuf,
    /// The conversation that this script describes (see `wscope rule` for examples)
    #[arg(long, value_name = "FILE", conflicts_with_all = RANDOM, conflicts_with = "rule")]
    pub script: Option<PathBuf>,
    /// The example of a rule, which breaks it and nothing else
    #[arg(long, value_name = "RULE", conflicts_with_all = RANDOM)]
    pub rule: Option<Selector>,
    /// The example that keeps to the rule instead
    #[arg(long, requires = "rule")]
    pub good: bool,
    /// Which of the examples
    #[arg(long, value_name = "N", default_value_t = 1, requires = "rule")]
    pub nth: usize,
    /// Traffic of one kind, as benchmarks use it
    #[arg(long, value_name = "NAME", value_parser = workload(), help_heading = TRAFFIC)]
    pub workload: Option<Kind>,
    /// About so many bytes, with a unit: 100M [default: 10M with --workload, else by --connections]
    #[arg(long, value_name = "SIZE", help_heading = TRAFFIC)]
    pub size: Option<Size>,
    /// Connections; with --size, those that are open at once [default: 8; by workload and size]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = TRAFFIC)]
    pub connections: Option<u32>,
    /// Text and binary messages on each connection [default: 20; by workload]
    #[arg(long, value_name = "N", help_heading = TRAFFIC)]
    pub messages: Option<u32>,
    /// Messages a second on each connection [default: 2; by workload]
    #[arg(long, value_name = "N", value_parser = rate, help_heading = TRAFFIC)]
    pub rate: Option<f64>,
    /// Compress, with these parameters: `server_no_context_takeover; client_max_window_bits=10`
    #[arg(long, value_name = "PARAMS", num_args = 0..=1, default_missing_value = "", help_heading = TRAFFIC)]
    pub deflate: Option<Agreed>,
    /// Upgrades that are refused [default: 5%; none with --workload or --violate]
    #[arg(long, value_name = "PERCENT", help_heading = TRAFFIC)]
    pub refuse: Option<Rate>,
    /// Break these rules, each on a connection of its own: codes, their beginnings or names, by comma
    #[arg(long, value_name = "RULES", value_delimiter = ',', help_heading = TRAFFIC)]
    pub violate: Vec<Selector>,
    /// Segments that are lost on the way and sent again
    #[arg(long, value_name = "PERCENT", help_heading = TRAFFIC)]
    pub loss: Option<Rate>,
    /// Segments that later ones overtake
    #[arg(long, value_name = "PERCENT", help_heading = TRAFFIC)]
    pub reorder: Option<Rate>,
    /// Packets with data that arrive, but are missing in the capture
    #[arg(long, value_name = "PERCENT", help_heading = TRAFFIC)]
    pub drop: Option<Rate>,
    /// Begin when the connections are open already: no handshakes
    #[arg(long, help_heading = TRAFFIC)]
    pub mid_stream: bool,
    /// Between machines rather than within one (their traffic is in clear: S001)
    #[arg(long, help_heading = TRAFFIC)]
    pub lan: bool,
    /// The first packet's time, such as 2026-11-20T10:00:00Z [default: 2023-11-14T22:13:20Z]
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = TRAFFIC)]
    pub start: Option<Timestamp>,
    /// Where the random numbers come from: the same seed gives the same bytes
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = TRAFFIC)]
    pub seed: u64,
    /// Write what was said to this file, as JSON: each connection's frames, messages and bytes
    #[arg(long, value_name = "FILE", help_heading = TRAFFIC)]
    pub truth: Option<PathBuf>,
    /// No summary on standard error
    #[arg(short, long)]
    pub quiet: bool,
}

/// The heading of what random traffic is like.
const TRAFFIC: &str = "Random traffic";

/// The options of random traffic, which a script has no use for.
const RANDOM: [&str; 16] = [
    "workload",
    "size",
    "connections",
    "messages",
    "rate",
    "deflate",
    "refuse",
    "violate",
    "loss",
    "reorder",
    "drop",
    "mid_stream",
    "lan",
    "start",
    "seed",
    "truth",
];

const GENERATE_EXAMPLES: &str = "\
Examples:
  wscope generate -o demo.pcapng --connections 20 --deflate --loss 1%
  wscope generate -o bad.pcapng --violate F004,K001 && wscope check bad.pcapng
  wscope generate -o - --rule client-unmasked | wscope inspect - 1.f1
  wscope generate -o big.pcapng --workload chatty --size 1G --truth big.truth.json";

/// The workloads, each with what it is like.
fn workload() -> impl TypedValueParser<Value = Kind> {
    let values = Kind::WORKLOADS.map(|kind| PossibleValue::new(kind.name()).help(kind.description()));
    PossibleValuesParser::new(values).try_map(|name| {
        let kind = Kind::WORKLOADS.into_iter().find(|kind| kind.name() == name);
        kind.ok_or("no such workload")
    })
}

/// So many a second.
fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| (1e-4..=1e6).contains(rate));
    rate.ok_or_else(|| "write a number of messages a second, 0.0001 to 1000000".to_owned())
}

/// A time in RFC 3339.
fn time(text: &str) -> Result<Timestamp, String> {
    let time = text.parse::<jiff::Timestamp>().ok().and_then(|time| i64::try_from(time.as_nanosecond()).ok());
    // What pcapng can hold.
    let time = time.filter(|nanos| *nanos >= 0);
    time.map(Timestamp::from_nanos)
        .ok_or_else(|| "write a time such as 2026-11-20T10:00:00Z, from 1970 on".to_owned())
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

impl From<Color> for Option<bool> {
    /// What it asks for, where it does.
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => None,
            Color::Always => Some(true),
            Color::Never => Some(false),
        }
    }
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

impl From<TimeFormat> for TimeStyle {
    fn from(format: TimeFormat) -> Self {
        match format {
            TimeFormat::Abs => Self::Clock,
            TimeFormat::Rel => Self::Relative,
            TimeFormat::Delta => Self::Delta,
            TimeFormat::Iso => Self::Iso,
        }
    }
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
    /// Wait where the capture ends for what is still written to it, until Ctrl-C: a line for each connection that
    /// begins (not with -Y), and one when it has ended
    #[arg(long)]
    pub follow: bool,
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
    /// Wait where the capture ends for what is still written to it, until Ctrl-C
    #[arg(long = "follow")]
    pub waits: bool,
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

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.description()))
    }
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
/// What the interface keeps of a capture that grows, unless it is told.
const RING: &str = "1G";

/// What the interface keeps of a capture that grows.
fn ring(text: &str) -> Result<u64, String> {
    size(text).and_then(|size| if size < 1 << 20 { Err("use at least 1M".to_owned()) } else { Ok(size) })
}

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
    }
}
