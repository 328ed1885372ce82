//! `wscope echo`, an independent client, and all that tells of their conversation: the client's own log, `live` on
//! loopback, the file that it writes, and the recording of `echo`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Message, WebSocket, client};

use crate::run::{PATIENCE, Ran, Running, can_capture, live, run, wscope};
use crate::support::{of_type, records};
use crate::tls;

/// Direction, kind, and payload: text, base64, or code and reason.
type Said = (String, String, String);

/// What a client knows of its conversation.
struct Log {
    port: u64,
    said: Vec<Said>,
    /// Each message was answered before the next was sent, so there is one order of both directions.
    in_turn: bool,
}

impl Log {
    fn new(port: u16) -> Self {
        Self { port: port.into(), said: Vec::new(), in_turn: true }
    }

    fn tell(&mut self, dir: &str, message: &Message) {
        let (kind, payload) = match message {
            Message::Text(text) => ("text", text.as_str().to_owned()),
            Message::Binary(bytes) => ("binary", BASE64.encode(bytes)),
            Message::Ping(bytes) => ("ping", BASE64.encode(bytes)),
            Message::Pong(bytes) => ("pong", BASE64.encode(bytes)),
            Message::Close(close) => {
                let close = close.as_ref().expect("a code");
                ("close", format!("{} {}", u16::from(close.code), close.reason))
            }
            Message::Frame(_) => unreachable!("messages are told whole"),
        };
        self.said.push((dir.to_owned(), kind.to_owned(), payload));
    }
}

/// What an export tells, by the client's port.
fn told(export: &str) -> BTreeMap<u64, Vec<Said>> {
    let records = records(export);
    let mut ports = BTreeMap::new();
    for connection in of_type(&records, "connection") {
        ports.insert(connection["conn"].as_u64().unwrap(), connection["client"]["port"].as_u64().unwrap());
    }
    let mut told: BTreeMap<u64, Vec<Said>> = ports.values().map(|port| (*port, Vec::new())).collect();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for message in of_type(&records, "message") {
        assert_eq!(message["complete"], true, "{message}");
        let (dir, kind) = (text(&message["dir"]), text(&message["kind"]));
        let payload = match &*kind {
            "close" => format!("{} {}", message["code"], text(&message["reason"])),
            "text" => text(&message["text"]),
            // What reads as text is exported as text, where it is no text message too.
            _ => message["base64"]
                .as_str()
                .map_or_else(|| BASE64.encode(text(&message["text"])), str::to_owned),
        };
        told.get_mut(&ports[&message["conn"].as_u64().unwrap()]).unwrap().push((dir, kind, payload));
    }
    told
}

/// Every message of the logs stands in the export, with its payload, and in their order; and nothing else does.
fn assert_told(logs: &[Log], export: &str, by: &str) {
    let told = told(export);
    assert_eq!(told.len(), logs.len(), "connections told by {by}");
    for log in logs {
        let told = &told[&log.port];
        let one_way = |said: &[Said], dir| said.iter().filter(|said| said.0 == dir).cloned().collect();
        let mut pairs = vec![(log.said.clone(), told.clone())];
        if !log.in_turn {
            pairs = ["c2s", "s2c"].map(|dir| (one_way(&log.said, dir), one_way(told, dir))).to_vec();
        }
        for (said, told) in pairs {
            for (n, (said, told)) in said.iter().zip(&told).enumerate() {
                let brief = |(dir, kind, payload): &Said| {
                    format!(
                        "{dir} {kind} {} ({} bytes)",
                        payload.chars().take(40).collect::<String>(),
                        payload.len()
                    )
                };
                assert!(said == told, "message {n}: {}, by {by}: {}", brief(said), brief(told));
            }
            assert_eq!(said.len(), told.len(), "messages told by {by}");
        }
    }
    let records = records(export);
    assert_eq!(of_type(&records, "finding"), Vec::<&Value>::new(), "by {by}");
}

/// `echo` that records, and `live` that listens to it.
struct Scene {
    folder: tempfile::TempDir,
    echo: Running,
    live: Running,
    port: u16,
    url: String,
    listened: String,
}

impl Scene {
    fn new(echo: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let recording = path("echo.pcapng");
        let mut echo = Running::start(&mut wscope(
            &[&["echo", "127.0.0.1:0", "-q", "--record", &recording], echo].concat(),
        ));
        let url = echo.line().trim_end().to_owned();
        let authority = url.split('/').nth(2).unwrap();
        let port = authority.rsplit(':').next().unwrap().parse().unwrap();
        let live =
            live(&["-i", "lo", "-f", &format!("tcp port {port}"), "--json", "-w", &path("live.pcapng")]);
        Self { folder, echo, live, port, url, listened: String::new() }
    }

    fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket
    }

    /// Waits until `live` has seen the ends of so many connections.
    fn ended(&mut self, connections: usize) {
        let mut left = connections;
        while left > 0 {
            let line = self.live.line();
            left -= usize::from(line.starts_with(r#"{"type":"end","#));
            self.listened.push_str(&line);
        }
    }

    /// Stops both; what they and their files tell, each with its name.
    fn finish(self) -> [(&'static str, String); 3] {
        let path = |name: &str| self.folder.path().join(name).to_str().unwrap().to_owned();
        let (live, echo) = (self.live.stop(), self.echo.stop());
        assert_eq!((live.code, echo.code), (0, 0), "{}, {}", live.err, echo.err);
        assert!(live.err.contains(" packets captured, none dropped"), "{}", live.err);
        assert!(live.out.starts_with(&self.listened));
        let export = |name: &str| {
            let Ran { out, err, code } = run(&["export", &path(name)]);
            assert_eq!((code, &*err), (0, ""), "{name}");
            out
        };
        [
            ("live", live.out),
            ("the file of live", export("live.pcapng")),
            ("the recording of echo", export("echo.pcapng")),
        ]
    }
}

/// Sends, hears what comes back, and logs both.
fn say<S: Read + Write>(socket: &mut WebSocket<S>, log: &mut Log, message: Message) {
    log.tell("c2s", &message);
    socket.send(message).unwrap();
    log.tell("s2c", &socket.read().unwrap());
}

/// A conversation with all kinds of messages, and of sizes.
fn converse<S: Read + Write>(stream: S, port: u16, url: &str, name: &str) -> Log {
    let (mut socket, _) = client(url, stream).unwrap();
    let mut log = Log::new(port);
    for text in ["", "hello", "Grüße, 世界 👋", "{\"a\":\u{1}}", &"päyload ".repeat(40_000)] {
        say(&mut socket, &mut log, Message::text(format!("{text}{name}")));
        say(&mut socket, &mut log, Message::Ping(text.as_bytes()[..text.len().min(125)].to_vec().into()));
    }
    for len in [0_u64, 1, 125, 126, 65_535, 65_536, 300_000] {
        say(
            &mut socket,
            &mut log,
            Message::binary((0..len).map(|n| ((n * n) >> 7) as u8).collect::<Vec<u8>>()),
        );
    }
    // In three frames, with a Ping between them.
    let (text, binary) = ("three frames", OpCode::Data(Data::Continue));
    let frame = |text: &str, code, fin| Message::Frame(Frame::message(text.as_bytes().to_vec(), code, fin));
    socket.send(frame(&text[..3], OpCode::Data(Data::Text), false)).unwrap();
    say(&mut socket, &mut log, Message::Ping(b"between"[..].into()));
    socket.send(frame(&text[3..9], binary, false)).unwrap();
    socket.send(frame(&text[9..], binary, true)).unwrap();
    log.tell("c2s", &Message::text(text));
    log.tell("s2c", &socket.read().unwrap());
    close(socket, &mut log);
    log
}

/// Sends without waiting, then hears all.
fn burst(stream: TcpStream, port: u16, url: &str) -> Log {
    let (mut socket, _) = client(url, stream).unwrap();
    let mut log = Log { in_turn: false, ..Log::new(port) };
    for n in 0..400_usize {
        let message = Message::text(format!("{n} ").repeat(n % 60));
        log.tell("c2s", &message);
        socket.write(message).unwrap();
    }
    socket.flush().unwrap();
    for _ in 0..400 {
        log.tell("s2c", &socket.read().unwrap());
    }
    close(socket, &mut log);
    log
}

fn close<S: Read + Write>(mut socket: WebSocket<S>, log: &mut Log) {
    let frame = CloseFrame { code: 4001.into(), reason: "bye".into() };
    log.tell("c2s", &Message::Close(Some(frame.clone())));
    socket.close(Some(frame)).unwrap();
    log.tell("s2c", &socket.read().unwrap());
    while socket.read().is_ok() {}
}

#[test]
fn every_message_is_told_by_all() {
    if !can_capture() {
        return;
    }
    for options in [&[][..], &["--fragment", "1000"]] {
        let mut scene = Scene::new(options);
        let url = &*scene.url;
        let mut logs = thread::scope(|scope| {
            let talks: Vec<_> = ["Ann", "Bob", ""]
                .map(|name| {
                    let stream = scene.connect();
                    scope.spawn(move || {
                        let port = stream.local_addr().unwrap().port();
                        if name.is_empty() {
                            burst(stream, port, url)
                        } else {
                            converse(stream, port, url, name)
                        }
                    })
                })
                .into_iter()
                .collect();
            talks.into_iter().map(|talk| talk.join().unwrap()).collect::<Vec<Log>>()
        });
        // The server closes, after a message.
        let stream = scene.connect();
        let mut log = Log::new(stream.local_addr().unwrap().port());
        let last = scene.url.replace("/echo", "/close?code=1011&reason=enough&after=1");
        let (mut socket, _) = client(last, stream).unwrap();
        say(&mut socket, &mut log, Message::text("one"));
        // The library answers by itself, with what it got.
        log.said.push(("c2s".to_owned(), "close".to_owned(), "1011 enough".to_owned()));
        while socket.read().is_ok() {}
        drop(socket);
        logs.push(log);
        scene.ended(logs.len());
        for (by, export) in scene.finish() {
            assert_told(&logs, &export, by);
        }
    }
}

/// On the wire there is TLS, and `live` says so; the recording has the plain text.
#[test]
fn every_message_is_told_through_tls() {
    if !can_capture() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (cert, key) = (file("cert.pem", made.cert.pem()), file("key.pem", made.signing_key.serialize_pem()));
    let scene = Scene::new(&["--cert", &cert, "--key", &key]);
    let socket = scene.connect();
    let port = socket.local_addr().unwrap().port();
    let logs = [converse(tls::client(made.cert.der(), socket), port, &scene.url, "secret")];
    let [live, file, recording] = scene.finish();
    assert_told(&logs, &recording.1, recording.0);
    for (by, export) in [live, file] {
        assert_eq!(told(&export), BTreeMap::new(), "by {by}");
        let records = records(&export);
        let codes: Vec<&Value> = of_type(&records, "finding").iter().map(|it| &it["code"]).collect();
        assert_eq!(codes, ["N006"], "by {by}");
    }
}

/// The log of a client in another language, the last of `args`; `None` where what runs it is not here.
fn foreign(program: &str, args: &[&str], url: &str) -> Option<Vec<Said>> {
    let (name, options) = args.split_last().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live").join(name);
    let why = match Command::new(program).args(options).arg(script).arg(url).output() {
        Ok(output) if output.status.success() => {
            let said = String::from_utf8(output.stdout).unwrap();
            let line = |line: &str| serde_json::from_str::<BTreeMap<String, String>>(line).unwrap();
            let said = said.lines().map(line).map(|mut said| {
                let mut take = |key| said.remove(key).unwrap();
                (take("dir"), take("kind"), take("payload"))
            });
            return Some(said.collect());
        }
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(77), "{program}: {why}");
            why
        }
        Err(error) => error.to_string(),
    };
    eprintln!("skipped: {name} with {program}: {}", why.trim_end());
    None
}

#[test]
fn every_message_is_told_where_it_is_compressed() {
    if !can_capture() {
        return;
    }
    for (program, args) in [
        ("python3", &["client.py"][..]),
        ("/usr/bin/python3", &["client.py"]),
        ("node", &["--experimental-websocket", "client.js"]),
    ] {
        let mut scene = Scene::new(&[]);
        let Some(said) = foreign(program, args, &scene.url) else { continue };
        scene.ended(1);
        let exports = scene.finish();
        let (port, _) = told(&exports[0].1).pop_first().unwrap();
        let logs = [Log { port, said, in_turn: true }];
        for (by, export) in exports {
            assert_told(&logs, &export, by);
            let records = records(&export);
            let compressed = |dir: &str| {
                let messages = of_type(&records, "message");
                messages.iter().filter(|it| it["dir"] == dir && it["compressed"] == true).count()
            };
            assert!(compressed("s2c") >= 40, "{program}, {by}");
            assert_eq!(compressed("c2s") >= 40, program != "node", "{program}, {by}");
        }
    }
}
