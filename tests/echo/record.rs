//! `--record`: what is in the capture is what was said.

use std::io::{Read, Write};
use std::path::Path;

use serde_json::Value;
use tungstenite::Message;
use wscope::endpoint::negotiate::Wanted;
use wscope::serve::{Options, Tls};
use wscope::ws::fact::Kind;

use super::server::{connect, options, socket, start_recording};
use super::support::{export_file, of_type, records};
use super::{talk, tls};

/// The data messages of a capture, by direction and in order, and all findings.
fn read(path: &Path) -> (Vec<(String, String)>, Vec<Value>) {
    let records = records(&export_file(path, 1));
    let text = |message: &Value| message["text"].as_str().unwrap_or_default().to_owned();
    let messages = of_type(&records, "message");
    let data = messages.iter().filter(|message| message["kind"] == "text");
    let said = data.map(|message| (message["dir"].as_str().unwrap().to_owned(), text(message))).collect();
    assert!(of_type(&records, "message").iter().all(|message| message["complete"] == true));
    (said, of_type(&records, "finding").into_iter().cloned().collect())
}

#[test]
fn a_recording_is_what_was_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("echo.pcapng");
    let server = start_recording(Options { fragment: 50_000, ..options() }, &path);
    let mut expected = Vec::new();
    let mut client = talk::Client::connect(server.address, "/echo", Some(Wanted::default())).unwrap();
    for n in 0..30_usize {
        let text: String = (0..n * 4_000).map(|n| char::from(b'!' + (n * n / 7 % 90) as u8)).collect();
        client.send(Kind::Text, text.as_bytes());
        assert_eq!(client.message().1, text.as_bytes());
        expected.extend([("c2s".to_owned(), text.clone()), ("s2c".to_owned(), text)]);
    }
    client.close(1000);
    let mut other = connect(&server, "/echo");
    other.send(Message::text("plain")).unwrap();
    assert_eq!(other.read().unwrap(), Message::text("plain"));
    expected.extend([("c2s".to_owned(), "plain".to_owned()), ("s2c".to_owned(), "plain".to_owned())]);
    other.close(None).unwrap();
    while other.read().is_ok() {}
    drop((client, other));
    let (totals, _) = server.finish();
    assert!(totals.packets.unwrap() > 100);
    let (said, findings) = read(&path);
    assert!(said == expected, "{} of {} messages", said.len(), expected.len());
    assert_eq!(findings, Vec::<Value>::new());
}

/// Frames sent without a pause, and an end without a Close: nothing is made up.
#[test]
fn a_recording_of_a_broken_connection() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.pcapng");
    let server = start_recording(options(), &path);
    let mut socket = socket(server.address);
    socket.write_all(super::server::request("/echo").as_bytes()).unwrap();
    socket.write_all(b"\x81\x82\x00\x00\x00\x00hi\x81\x02no").unwrap();
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    drop(socket);
    server.finish();
    let (said, findings) = read(&path);
    let codes: Vec<&str> = findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect();
    // Both frames came with one read, before the answer.
    let said: Vec<(&str, &str)> = said.iter().map(|(dir, text)| (dir.as_str(), text.as_str())).collect();
    assert_eq!(said, [("c2s", "hi"), ("c2s", "no"), ("s2c", "hi")]);
    // F004: the unmasked frame; whatever else is said follows from the client's going without a Close.
    assert!(codes.contains(&"F004"), "{codes:?}");
}

/// With TLS: an independent TLS client, the key log, and the plain text in the capture.
#[test]
fn a_recording_of_tls() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(file("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(file("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let tls = Tls { certificate: Some((file("cert.pem"), file("key.pem"))), key_log: Some(file("keys.log")) };
    let server = start_recording(Options { tls: Some(tls), ..options() }, &file("tls.pcapng"));

    let stream = tls::client(made.cert.der(), socket(server.address));
    let (mut client, _) =
        tungstenite::client(format!("wss://localhost:{}/echo", server.address.port()), stream).unwrap();
    let large = "secret ".repeat(100_000);
    for text in ["Hello", &large] {
        client.send(Message::text(text)).unwrap();
        assert_eq!(client.read().unwrap(), Message::text(text));
    }
    client.close(None).unwrap();
    while client.read().is_ok() {}
    drop(client);
    server.finish();

    let (said, findings) = read(&file("tls.pcapng"));
    let expected = ["Hello", "Hello", &large, &large];
    assert!(said.iter().map(|(_, text)| text.as_str()).eq(expected));
    assert_eq!(findings, Vec::<Value>::new());
    let keys = std::fs::read_to_string(file("keys.log")).unwrap();
    assert!(
        keys.contains("CLIENT_TRAFFIC_SECRET_0 ") && keys.contains("SERVER_HANDSHAKE_TRAFFIC_SECRET "),
        "{keys}"
    );
    // The same lines stand in the capture, before the first packet with data.
    let capture = std::fs::read(file("tls.pcapng")).unwrap();
    let at = |needle: &[u8]| capture.windows(needle.len()).position(|window| window == needle);
    assert!(
        keys.lines().all(|line| at(line.as_bytes()).is_some_and(|secret| secret < at(b"GET /echo").unwrap()))
    );
    assert!(at(b"above TLS").is_some());
}
