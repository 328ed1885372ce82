//! `wscope talk`: a client to test servers with. What is said and heard is read like any capture, so it is shown as `show`
//! shows it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read as _, Write};
use std::net::ToSocketAddrs;
use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use mio::Waker;

use crate::capture::open;
use crate::endpoint::client::Request;
use crate::endpoint::{Masker, Role};
use crate::limits::Limits;
use crate::report::json::{JsonObserver, JsonOptions, JsonSink};
use crate::report::select::RecordTypes;
use crate::report::txt::{TxtObserver, TxtOptions, TxtSink};
use crate::report::visible;
use crate::serve::overheard::overheard;
use crate::serve::record::Recorder;
use crate::serve::talk::{self, End, Options, Wish};
use crate::serve::trust::Trust;
use crate::ws::fact::Kind;
use crate::ws::session::Want;

use super::args::{Decode, Talk};
use super::session::{self, Session};
use super::terminal::{self, Terminal, Text};
use super::{Outcome, interrupt, violate};

pub(super) fn run(args: &Talk) -> anyhow::Result<Outcome> {
    session::set_color(args.color);
    let url = Url::parse(&args.url)?;
    anyhow::ensure!(
        url.tls || args.ca.is_none() && !args.insecure,
        "--ca and --insecure are about certificates, and ws:// has none: write wss://"
    );
    let selectors: Vec<_> = args.violate.iter().cloned().collect();
    let breach = violate::breaches(&selectors, Role::Client, args.quiet)?.into_iter().next();
    let lines = lines(args)?;
    let patience = nanos(args.timeout);
    let options = Options {
        request: request(args, &url)?,
        masker: masker(),
        fragment: args.fragment.unwrap_or(usize::MAX),
        max_message: args.max_message,
        ping: args.ping.map(nanos),
        patience,
        breach,
    };
    let trust = url.tls.then(|| Trust::new(&url.host, args.ca.as_deref(), args.insecure)).transpose()?;

    let (tee, arriving) = overheard(args.record.as_deref().map(create).transpose()?);
    let recorder = Recorder::new(Box::new(tee), "talk", url.tls).context("cannot write the recording")?;
    let talk = connect(&url, trust.as_ref(), patience, recorder)?;
    let (wishes, wanted) = mpsc::channel();
    let waker = talk.waker();
    let (asked, wake) = (wishes.clone(), talk.waker());
    let (code, reason) = args.close.as_ref().map_or((1000, ""), |close| (close.code, &*close.reason));
    let close = Wish::Close(Some(code), reason.to_owned());
    let closing = close.clone();
    let mut times = 0;
    interrupt::does(move || {
        times += 1;
        if times > 2 {
            // It may wait for who reads the output.
            std::process::exit(interrupt::INTERRUPTED.into());
        }
        // Where nobody listens any more, it ends anyway.
        let _ = asked.send(closing.clone());
        let _ = wake.wake();
    })?;
    let wait = args.wait.map(nanos);
    let binary = args.binary;
    thread::spawn(move || {
        if let Err(error) = say(lines, binary, &wishes, &waker) {
            session::error(&format!("{error:#}"));
        }
        if let Some(wait) = wait {
            thread::sleep(wait);
        }
        let _ = wishes.send(close);
        let _ = waker.wake();
    });
    let speaking = thread::spawn(move || talk.run(options, &wanted));

    let opened = open::from_arriving(&args.url, arriving, &Limits::default())?;
    let decode = Decode { decode_as: Vec::new(), strict: false, quiet: true, color: args.color };
    let session = Session::new(opened, &decode, Some(1)).streaming();
    if args.json {
        json(args, &url, session)?
    } else {
        text(args, session)?
    }
    let end = speaking.join().map_err(|_| anyhow!("the conversation broke off"))?;
    ended(&end.with_context(|| format!("cannot go on with {}", args.url))?, args.quiet)
}

/// How it ended, for people and as the exit code.
fn ended(end: &End, quiet: bool) -> anyhow::Result<Outcome> {
    let said = |code: Option<u16>, reason: &str| {
        let mut text = code.map_or_else(|| "without a code".to_owned(), |code| code.to_string());
        if !reason.is_empty() {
            text.push_str(" \"");
            visible::visible(reason.as_bytes(), &mut text);
            text.push('"');
        }
        text
    };
    let (text, outcome) = match end {
        End::Closed(code, reason) => (format!("closed {}", said(*code, reason)), Outcome::Done),
        End::Refused(why) => {
            let mut shown = String::new();
            visible::visible(why.as_bytes(), &mut shown);
            bail!("there is no WebSocket: {shown}")
        }
        End::Failed(code, why) => (format!("failed with {}", said(Some(*code), why)), Outcome::Nothing),
        End::Silent => ("the server did not answer the Close in time".to_owned(), Outcome::Nothing),
        End::Lost => ("TCP ended without a Close of the server".to_owned(), Outcome::Nothing),
        End::Broken => ("TCP ended without a Close, on purpose".to_owned(), Outcome::Nothing),
    };
    if !quiet {
        session::closing(&text);
    }
    Ok(outcome)
}

/// Where to.
#[derive(Debug, PartialEq, Eq)]
struct Url {
    tls: bool,
    /// Without brackets.
    host: String,
    port: u16,
    /// Path and query.
    target: String,
    /// For the Host header.
    authority: String,
}

impl Url {
    /// RFC 6455 section 3.
    fn parse(text: &str) -> anyhow::Result<Self> {
        let (tls, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ws") => (false, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("wss") => (true, rest),
            _ => bail!("write a URL such as ws://localhost:9001/echo or wss://example.com/"),
        };
        anyhow::ensure!(!rest.contains('#'), "the URL of a WebSocket has no fragment (#…)");
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        anyhow::ensure!(
            !authority.contains('@'),
            "a name and password do not stand in the URL: use -H 'Authorization: …'"
        );
        let default = if tls { 443 } else { 80 };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| anyhow!("`{port}` is no port"))?)
            }
            _ => (authority, default),
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        anyhow::ensure!(!bare.is_empty(), "the URL names no host");
        let plain = |byte: u8| byte > b' ' && byte < 0x7f;
        anyhow::ensure!(rest.bytes().all(plain), "characters beyond ASCII stand in a URL as %XX");
        Ok(Self {
            tls,
            host: bare.to_owned(),
            port,
            target: if path.starts_with('/') { path.to_owned() } else { format!("/{path}") },
            authority: if port == default { host.to_owned() } else { format!("{host}:{port}") },
        })
    }
}

fn connect(
    url: &Url,
    trust: Option<&Trust>,
    patience: Duration,
    recorder: Recorder,
) -> anyhow::Result<talk::Talk> {
    let unreachable = || format!("cannot connect to {}:{}", url.host, url.port);
    let found = (url.host.as_str(), url.port).to_socket_addrs().with_context(unreachable)?;
    let addresses: Vec<_> = found.collect();
    talk::connect(&addresses, trust, patience, recorder).with_context(unreachable)
}

fn request(args: &Talk, url: &Url) -> anyhow::Result<Request> {
    let mut headers = args.header.clone();
    if let Some(origin) = &args.origin {
        headers.insert(0, ("Origin".to_owned(), origin.clone()));
    }
    let own = ["host", "upgrade", "connection", "sec-websocket-key", "sec-websocket-version"];
    if let Some((name, _)) = headers.iter().find(|(name, _)| own.contains(&&*name.to_ascii_lowercase())) {
        bail!("{name} is written by talk itself");
    }
    let mut key = [0; 16];
    random(&mut key);
    Ok(Request {
        target: url.target.clone(),
        host: url.authority.clone(),
        key: BASE64.encode(key),
        deflate: (!args.no_deflate).then(|| args.deflate.unwrap_or_default()),
        subprotocols: args.subprotocol.clone(),
        headers,
    })
}

/// Unpredictable bytes (RFC 6455 sections 4.1 and 10.3).
fn random(bytes: &mut [u8]) {
    let random = rustls::crypto::ring::default_provider().secure_random;
    // The system's generator fails only where there is none.
    let filled = random.fill(bytes);
    debug_assert!(filled.is_ok());
}

fn masker() -> Masker {
    let random = rustls::crypto::ring::default_provider().secure_random;
    Box::new(move || {
        let mut key = [0; 4];
        let filled = random.fill(&mut key);
        debug_assert!(filled.is_ok());
        key
    })
}

fn nanos(span: i64) -> Duration {
    Duration::from_nanos(span.unsigned_abs())
}

fn create(path: &Path) -> anyhow::Result<File> {
    File::create(path).with_context(|| format!("cannot write {}", path.display()))
}

/// Where the lines come from.
fn lines(args: &Talk) -> anyhow::Result<Box<dyn BufRead + Send>> {
    Ok(match &args.script {
        Some(path) => {
            let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
            Box::new(BufReader::new(file))
        }
        None => Box::new(BufReader::new(io::stdin())),
    })
}

/// Sends each line.
fn say(
    mut lines: Box<dyn BufRead + Send>,
    binary: bool,
    wishes: &Sender<Wish>,
    waker: &Waker,
) -> anyhow::Result<()> {
    for number in 1_u64.. {
        let mut line = Vec::new();
        let len = lines.by_ref().take(LONGEST + 1).read_until(b'\n', &mut line);
        let len = len.context("cannot read what is to be said")?;
        if len == 0 {
            break;
        }
        anyhow::ensure!(len as u64 <= LONGEST, "line {number} is longer than {LONGEST} bytes");
        if line.ends_with(b"\n") {
            line.pop();
            if line.ends_with(b"\r") {
                line.pop();
            }
        }
        let wish = if binary {
            let bytes =
                hex(&line).ok_or_else(|| anyhow!("line {number} is not hexadecimal: write 48 65 6c"))?;
            Wish::Send(Kind::Binary, bytes)
        } else {
            anyhow::ensure!(
                std::str::from_utf8(&line).is_ok(),
                "line {number} is not UTF-8, as text must be; --binary sends bytes"
            );
            Wish::Send(Kind::Text, line)
        };
        if wishes.send(wish).is_err() {
            break;
        }
        let _ = waker.wake();
    }
    Ok(())
}

/// Bytes in hexadecimal, perhaps with white space between them.
fn hex(line: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = line.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some((digit(*high)? << 4 | digit(*low)?) as u8),
            _ => None,
        })
        .collect()
}

fn text(args: &Talk, session: Session) -> anyhow::Result<()> {
    let options = TxtOptions {
        ascii: args.ascii,
        time: args.time.into(),
        payload: args.payload,
        width: terminal::width(),
        messages_only: true,
        frames: args.frames,
        ..TxtOptions::default()
    };
    let want = Want { payload: usize::MAX, hash: false, frame_bytes: 0 };
    let mut sink = TxtSink::new(io::stdout().lock(), &options);
    session.run(want, &|| TxtObserver::new(&options), &mut sink)?;
    Ok(())
}

fn json(args: &Talk, url: &Url, session: Session) -> anyhow::Result<()> {
    // What went through TLS is recorded in the clear, which is not what was on the wire.
    let types = RecordTypes { finding: !url.tls, ..RecordTypes::default() };
    let options = JsonOptions {
        types: args.records.unwrap_or(types),
        payload: args.payload,
        sources: vec![args.url.clone()],
        reveal: args.reveal,
        ..JsonOptions::default()
    };
    let out = io::stdout().lock();
    if io::stdout().is_terminal() {
        records(Terminal::new(out, Text::Json), &options, session)
    } else {
        records(out, &options, session)
    }
}

fn records(out: impl Write, options: &JsonOptions, session: Session) -> anyhow::Result<()> {
    let mut out = out;
    let mut sink = JsonSink::new(&mut out, options);
    sink.begin()?;
    session.run(options.want(), &|| JsonObserver::new(options), &mut sink)?;
    Ok(())
}

/// The longest line.
const LONGEST: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let read = |text: &str| Url::parse(text).map_err(|error| error.to_string());
        for (text, tls, host, port, target, authority) in [
            ("ws://localhost:9001/echo?x=1", false, "localhost", 9001, "/echo?x=1", "localhost:9001"),
            ("wss://example.com", true, "example.com", 443, "/", "example.com"),
            ("WS://[::1]:80?a", false, "::1", 80, "/?a", "[::1]"),
            ("ws://[::1]", false, "::1", 80, "/", "[::1]"),
        ] {
            let (host, target, authority) = (host.to_owned(), target.to_owned(), authority.to_owned());
            assert_eq!(read(text), Ok(Url { tls, host, port, target, authority }), "{text}");
        }
        for bad in [
            "localhost:9001",
            "http://a/",
            "ws://",
            "ws://a:b/",
            "ws://a/#x",
            "ws://u:p@a/",
            "ws://a/ä",
            "ws://a/ b",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn bytes_in_hexadecimal() {
        assert_eq!(hex(b"48 65 6C6c"), Some(b"Hell".to_vec()));
        assert_eq!(hex(b""), Some(Vec::new()));
        assert_eq!((hex(b"4"), hex(b"4g")), (None, None));
    }
}
