//! `wscope talk`: against our own server and another program's, plain and with TLS.

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tungstenite::Message;
use wscope::serve::{Close, Ended, Options, Tls};

use super::server::{options, start};
use super::support::{export_file, of_type, records};

/// What the program printed, and how it ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn talk(url: &str, args: &[&str], input: &str) -> Ran {
    let mut child = begin(url, args);
    // It may be over before it has read all.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    end(child)
}

/// Begins a conversation.
pub(crate) fn begin(url: &str, args: &[&str]) -> Child {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("wscope"));
    command.arg("talk").arg(url).args(args).env_remove("CLICOLOR_FORCE");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for its end; nothing more is said, if standard input was not taken before.
pub(crate) fn end(child: Child) -> Ran {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// The records of a type that `--json` printed.
fn printed(out: &str, name: &str) -> Vec<Value> {
    out.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|record| record["type"] == name)
        .collect()
}

/// Directions and texts.
fn said(out: &str) -> Vec<(String, String)> {
    let text = |record: &Value, name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let messages = printed(out, "message");
    let data = messages.iter().filter(|record| record["kind"] == "text");
    data.map(|record| (text(record, "dir"), text(record, "text"))).collect()
}

#[test]
fn lines_are_messages() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("talk.pcapng");
    let server = start(options());
    let url = format!("ws://{}/echo", server.address);
    let ran = talk(&url, &["--ascii"], "Hello\nwörld\n");
    assert_eq!((ran.code, &*ran.err), (0, "closed 1000\n"), "{}", ran.out);
    assert_eq!(ran.out.matches("Hello").count(), 2, "{}", ran.out);
    let ran = talk(&url, &["--json", "--record", path.to_str().unwrap()], "Hello\nwörld\n");
    let pair = |dir: &str, text: &str| (dir.to_owned(), text.to_owned());
    let mut heard = said(&ran.out);
    heard.sort();
    let expected = [pair("c2s", "Hello"), pair("c2s", "wörld"), pair("s2c", "Hello"), pair("s2c", "wörld")];
    assert_eq!(heard, expected, "{}", ran.out);
    assert_eq!(printed(&ran.out, "finding"), Vec::<Value>::new());
    assert!(!printed(&ran.out, "connection").is_empty());
    let recorded = records(&export_file(&path, 1));
    assert_eq!(of_type(&recorded, "message").len(), printed(&ran.out, "message").len());
    let ran = talk(&url, &["--binary", "--json", "--close", "4001:bye"], "48 65 6c\n");
    assert!(printed(&ran.out, "message").iter().filter(|record| record["kind"] == "binary").count() == 2);
    let (_, ended) = server.finish();
    assert_eq!(ended[2], Ended::ByClient(Some(4001), "bye".into()));
}

#[test]
fn how_it_ends_is_its_exit_code() {
    let close = Close { code: 1011, reason: "broken".into(), after: 1 };
    let server = start(Options { close: Some(close), ..options() });
    let ran = talk(&format!("ws://{}/", server.address), &["--wait", "5s"], "x\n");
    assert_eq!((ran.code, &*ran.err), (0, "closed 1011 \"broken\"\n"));
    let ran = talk(&format!("ws://{}/nowhere", server.address), &[], "x\n");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("there is no WebSocket: the server answered 404"), "{}", ran.err);
    let ran = talk(&format!("ws://{}/", server.address), &[], "\u{1}\n");
    assert_eq!(ran.code, 0, "{}", ran.err);
    drop(server);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ran = talk(&format!("ws://{free}/"), &[], "");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains(&format!("cannot connect to 127.0.0.1:{}", free.port())), "{}", ran.err);
    assert!(talk("http://localhost/", &[], "").err.contains("write a URL such as ws://"));
    assert!(talk("ws://localhost/", &["--insecure"], "").err.contains("write wss://"));
}

/// tungstenite is another program's idea of the protocol. It ends TCP in the middle of a message.
#[test]
fn an_independent_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        for _ in 0..2 {
            let mut socket = tungstenite::accept(listener.accept().unwrap().0).unwrap();
            while let Ok(message) = socket.read() {
                if message == Message::text("go") {
                    // Without a Close.
                    break;
                }
                if message.is_text() {
                    socket.send(Message::text("thanks")).unwrap();
                }
            }
        }
    });
    let url = format!("ws://{address}/");
    let ran = talk(&url, &["-q", "-H", "X-Token: a", "--origin", "https://a.example"], "one\n");
    assert_eq!((ran.code, &*ran.err), (0, ""), "{}", ran.out);
    assert!(ran.out.contains("thanks"), "{}", ran.out);
    let ran = talk(&url, &["--wait", "5s"], "go\n");
    assert_eq!((ran.code, &*ran.err), (1, "TCP ended without a Close of the server\n"));
    thread.join().unwrap();
}

#[test]
fn over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(file("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(file("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let tls = Tls { certificate: Some((file("cert.pem"), file("key.pem"))), key_log: None };
    let server = start(Options { tls: Some(tls), ..options() });
    let url = format!("wss://localhost:{}/echo", server.address.port());
    let ran = talk(&url, &["--ca", &text(&file("cert.pem")), "--json"], "secret\n");
    assert_eq!((ran.code, said(&ran.out).len()), (0, 2), "{}{}", ran.out, ran.err);
    let ran = talk(&url, &["--insecure", "--record", &text(&file("tls.pcapng"))], "secret\n");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let capture = std::fs::read(file("tls.pcapng")).unwrap();
    let holds = |needle: &[u8]| capture.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"CLIENT_TRAFFIC_SECRET_0 ") && holds(b"GET /echo"));
    // Nobody vouches for it.
    let ran = talk(&url, &[], "secret\n");
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(ran.err.contains("certificate"), "{}", ran.err);
}

/// What is broken on purpose is found, in what is printed too.
#[test]
fn rules_are_broken() {
    let server = start(options());
    let url = format!("ws://{}/echo", server.address);
    for (code, exit) in [("F004", 0), ("C010", 1), ("C011", 1), ("K001", 0)] {
        let ran = talk(&url, &["--violate", code, "--json", "--wait", "1s"], "one\ntwo\n");
        let found = printed(&ran.out, "finding");
        let codes: Vec<&str> = found.iter().map(|finding| finding["code"].as_str().unwrap()).collect();
        // Nobody pinged.
        let expected: &[&str] = if code == "K001" { &[] } else { &[code] };
        assert_eq!((&*codes, ran.code), (expected, exit), "{}{}", ran.out, ran.err);
    }
    let ran = talk(&url, &["--violate", "F005"], "");
    assert!(ran.err.contains("a client cannot break F005"), "{}", ran.err);
}
