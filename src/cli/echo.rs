//! `wscope echo`: a server to test clients with.

mod interface;

use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anstyle::{AnsiColor, Style};
use anyhow::Context;

use crate::endpoint::Role;
use crate::endpoint::handshake::Policy;
use crate::report::visible;
use crate::serve::record::Recorder;
use crate::serve::{Close, Ended, Notice, Options, Server, Tls, Totals};
use crate::time::Timestamp;

use super::args::Echo;
use super::words::{count, size, span};
use super::{Outcome, interrupt, session, violate};

pub(super) fn run(args: &Echo) -> anyhow::Result<Outcome> {
    session::set_color(args.color);
    if args.tui {
        return interface::run(args);
    }
    let options = options(args)?;
    let address = address(&args.listen)?;
    // The port first: a recording is not begun, and none is lost, for a server that cannot be.
    let server = Server::bind(address, options, args.record.is_some())?;
    let server = match &args.record {
        Some(path) => server.recording(recorder(path, args)?),
        None => server,
    };
    let stopper = server.stopper();
    let signals = stopper.clone();
    interrupt::does(move || signals.stop())?;
    greet(args, server.address())?;
    let mut written = Ok(());
    let totals = server.run(&mut |notice| {
        if let Notice::Trouble(what) = &notice {
            session::warning(what);
        } else if !args.quiet && written.is_ok() {
            written = writeln!(anstream::stdout().lock(), "{}", line(&notice));
            if written.is_err() {
                stopper.stop();
            }
        }
    });
    let totals = totals.with_context(|| match &args.record {
        Some(path) => format!("cannot go on (recording to {})", path.display()),
        None => "cannot go on".to_owned(),
    })?;
    written?;
    if !args.quiet {
        session::closing(&sum(&totals, args.record.as_deref()));
    }
    Ok(Outcome::Done)
}

fn options(args: &Echo) -> anyhow::Result<Options> {
    let tls = is_tls(args)
        .then(|| Tls { certificate: args.cert.clone().zip(args.key.clone()), key_log: args.key_log.clone() });
    anyhow::ensure!(
        tls.is_some() || args.key_log.is_none(),
        "--key-log needs --tls or --cert: without TLS there are no secrets"
    );
    let deflate = (!args.no_deflate).then(|| args.deflate.unwrap_or_default());
    let nanos = |span: i64| Duration::from_nanos(span.unsigned_abs());
    Ok(Options {
        policy: Policy { deflate, subprotocols: args.subprotocol.clone(), origins: args.origin.clone() },
        tls,
        max_message: args.max_message,
        max_clients: args.max_clients,
        handshake_timeout: nanos(args.handshake_timeout),
        delay: args.delay.map_or(Duration::ZERO, nanos),
        fragment: args.fragment.unwrap_or(usize::MAX),
        ping: args.ping.map(nanos),
        close: args.close.as_ref().map(|close| Close {
            code: close.code,
            reason: close.reason.clone(),
            after: args.after,
        }),
        breaches: violate::breaches(&args.violate, Role::Server, args.quiet)?,
        ..Options::default()
    })
}

/// `127.0.0.1:9001`, `:9001`, `9001`, `localhost`, `::1`, `[::1]:9001`.
fn address(text: &str) -> anyhow::Result<SocketAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let (host, port) = if let Ok(port) = text.strip_prefix(':').unwrap_or(text).parse::<u16>() {
        (HOST.to_owned(), port)
    } else if bare.parse::<std::net::Ipv6Addr>().is_ok() {
        (bare.to_owned(), PORT)
    } else if let Some((host, port)) = text.rsplit_once(':') {
        let port = port.parse().ok().with_context(|| format!("`{port}` is no port: write ADDR:PORT"))?;
        (host.trim_start_matches('[').trim_end_matches(']').to_owned(), port)
    } else {
        (text.to_owned(), PORT)
    };
    let found = (host.as_str(), port).to_socket_addrs();
    let found = found.with_context(|| format!("`{host}` is no address of this machine: write ADDR:PORT"))?;
    // Where a name has addresses of both kinds, clients try IPv4 at the latest.
    let found: Vec<SocketAddr> = found.collect();
    let best = found.iter().find(|address| address.is_ipv4()).or(found.first());
    best.copied().with_context(|| format!("`{host}` has no address"))
}

/// It speaks `wss://`.
const fn is_tls(args: &Echo) -> bool {
    args.tls || args.cert.is_some()
}

fn recorder(path: &Path, args: &Echo) -> anyhow::Result<Recorder> {
    Recorder::create(path, is_tls(args)).with_context(|| format!("cannot write {}", path.display()))
}

/// Where it is to be found.
struct Found {
    /// That of `wss` and `https`.
    s: &'static str,
    shown: SocketAddr,
    /// It listens on all addresses.
    everywhere: bool,
}

impl Found {
    fn new(args: &Echo, address: SocketAddr) -> Self {
        let everywhere = address.ip().is_unspecified();
        let shown = match address {
            SocketAddr::V4(_) if everywhere => SocketAddr::from(([127, 0, 0, 1], address.port())),
            SocketAddr::V6(_) if everywhere => {
                SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, address.port()))
            }
            address => address,
        };
        Self { s: if is_tls(args) { "s" } else { "" }, shown, everywhere }
    }
}

/// Says where it is to be found.
fn greet(args: &Echo, address: SocketAddr) -> io::Result<()> {
    let Found { s, shown, everywhere } = Found::new(args, address);
    let mut out = anstream::stdout().lock();
    let url = Style::new().bold();
    let where_else = if everywhere { " (and on all other addresses of this machine)" } else { "" };
    writeln!(out, "{url}ws{s}://{shown}/echo{url:#}{where_else}")?;
    if !args.quiet {
        writeln!(
            out,
            "  also /time /chat /json /binary /close?code=1011 /slow /ping; a page to talk to it: http{s}://{shown}/"
        )?;
    }
    out.flush()
}

/// A line of the log.
fn line(notice: &Notice) -> String {
    let clock = clock();
    let word = |color: AnsiColor, word: &str| {
        let style = color.on_default();
        format!("{style}{word:<8}{style:#}")
    };
    match notice {
        Notice::Opened { id, peer, target, subprotocol, deflate, breaks } => {
            let mut agreed = String::new();
            if *deflate {
                agreed.push_str("  permessage-deflate");
            }
            if let Some(name) = subprotocol {
                agreed.push_str("  ");
                visible::visible(name.as_bytes(), &mut agreed);
            }
            if let Some(code) = breaks {
                agreed.push_str("  breaks ");
                agreed.push_str(code);
            }
            format!("{clock} #{id:<4} {} {peer}  {}{agreed}", word(AnsiColor::Green, "open"), shown(target))
        }
        Notice::Closed { id, how, messages: [received, sent], bytes: [from, to], lasted } => {
            let good = matches!(how, Ended::ByClient(..) | Ended::ByServer(..));
            let color = if good { AnsiColor::Cyan } else { AnsiColor::Red };
            let nanos = i64::try_from(lasted.as_nanos()).unwrap_or(i64::MAX);
            format!(
                "{clock} #{id:<4} {} {}; {} in, {} out; {} and {} bytes; {}",
                word(color, "closed"),
                ended(how),
                count(*received, "message"),
                count(*sent, "message"),
                size(*from),
                size(*to),
                span(nanos),
            )
        }
        Notice::Answered { id, peer, target, status, why } => {
            let (color, what) =
                if *status < 400 { (AnsiColor::Cyan, "page") } else { (AnsiColor::Yellow, "refused") };
            format!(
                "{clock} #{id:<4} {} {peer}  {}  {status}: {}",
                word(color, what),
                shown(target),
                shown(why)
            )
        }
        Notice::Dropped { id, peer, why } => {
            format!("{clock} #{id:<4} {} {peer}  {}", word(AnsiColor::Yellow, "dropped"), shown(why))
        }
        Notice::Trouble(what) => what.clone(),
    }
}

fn ended(how: &Ended) -> String {
    let close = |code: Option<u16>, who: &str, reason: &str| {
        let code = code.map_or_else(|| "without a code".to_owned(), |code| code.to_string());
        let reason = if reason.is_empty() { String::new() } else { format!(" \"{}\"", shown(reason)) };
        format!("{code} by the {who}{reason}")
    };
    match how {
        Ended::ByClient(code, reason) => close(*code, "client", reason),
        Ended::ByServer(code, reason) => close(Some(*code), "server", reason),
        Ended::Failed(failure) => format!("{} failed: {}", failure.code, shown(&failure.reason)),
        Ended::Lost => "TCP ended without a Close".to_owned(),
        Ended::Reset => "broken off".to_owned(),
    }
}

/// What a client sent, fit for a terminal and for a line.
fn shown(text: &str) -> String {
    let mut out = String::new();
    visible::append_within(text.as_bytes(), visible::Style::default(), WIDTH, &mut out);
    out
}

/// The time of day in UTC, to the millisecond.
fn clock() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let text = Timestamp::from_nanos(i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)).to_string();
    text.get(11..23).unwrap_or_default().to_owned()
}

fn sum(totals: &Totals, record: Option<&Path>) -> String {
    let [received, sent] = totals.messages;
    let mut text = format!(
        "{}, {}; {} in, {} out",
        count(totals.connections, "connection"),
        count(totals.websockets, "WebSocket"),
        count(received, "message"),
        count(sent, "message"),
    );
    if let (Some(packets), Some(path)) = (totals.packets, record) {
        text.push_str(&format!("; {} in {}", count(packets, "packet"), path.display()));
    }
    text
}

const HOST: &str = "127.0.0.1";
const PORT: u16 = 9001;
/// Columns of what a client sent.
const WIDTH: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let shown =
            |text: &str| address(text).map(|address| address.to_string()).map_err(|error| error.to_string());
        for (text, expected) in [
            ("127.0.0.1:80", "127.0.0.1:80"),
            (":0", "127.0.0.1:0"),
            ("8080", "127.0.0.1:8080"),
            ("0.0.0.0", "0.0.0.0:9001"),
            ("::1", "[::1]:9001"),
            ("[::]:9", "[::]:9"),
            ("[::1]", "[::1]:9001"),
        ] {
            assert_eq!(shown(text).as_deref(), Ok(expected), "{text}");
        }
        for bad in ["127.0.0.1:x", "127.0.0.1:70000", "no such host:80"] {
            assert!(shown(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_a_client_says_does_not_act() {
        let notice = Notice::Opened {
            id: 1,
            peer: SocketAddr::from(([127, 0, 0, 1], 5)),
            target: "/echo?\x1b[2J\n\u{202e}".into(),
            subprotocol: None,
            deflate: true,
            breaks: None,
        };
        let line = anstream::adapter::strip_str(&line(&notice)).to_string();
        assert!(line.ends_with("127.0.0.1:5  /echo?␛[2J␊<U+202E>  permessage-deflate"), "{line}");
    }
}
