//! The program: what it says, and how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};

fn wscope(args: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("wscope"));
    command.arg("echo").args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).env_remove("CLICOLOR_FORCE");
    command
}

fn fails(args: &[&str]) -> String {
    let Output { status, stderr, .. } = wscope(args).output().unwrap();
    assert_eq!(status.code(), Some(2));
    String::from_utf8(stderr).unwrap()
}

#[test]
fn what_cannot_be_is_said() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("never.pcapng");
    let error = fails(&[&address, "--record", record.to_str().unwrap()]);
    assert!(
        error.contains(&format!("cannot listen on {address}: another program uses that port")),
        "{error}"
    );
    assert!(!record.exists());
    assert!(fails(&["192.0.2.1:0"]).contains("this machine does not have that address"));
    assert!(fails(&["127.0.0.1:x"]).contains("`x` is no port"));
    assert!(fails(&["--key-log", "keys"]).contains("--tls"));
    assert!(fails(&["--close", "1006"]).contains("1006 is no code that a server may send"));
    assert!(
        fails(&["--record", "/nowhere/x.pcapng", "127.0.0.1:0"]).contains("cannot write /nowhere/x.pcapng")
    );

    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let pair = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (made, other) = (pair(), pair());
    let cert = file("cert.pem", &made.cert.pem());
    let key = file("key.pem", &made.signing_key.serialize_pem());
    let foreign = file("foreign.pem", &other.signing_key.serialize_pem());
    let text = file("text.pem", "no certificate");
    let tls = |cert: &str, key: &str| fails(&["127.0.0.1:0", "--cert", cert, "--key", key]);
    assert!(tls(&text, &key).contains("text.pem holds no certificate in PEM form"));
    assert!(tls(&cert, &text).contains("text.pem holds no private key in PEM form"));
    assert!(tls(&cert, &foreign).contains("the key belongs to another certificate"));
    assert!(tls("/nowhere.pem", &key).contains("cannot read /nowhere.pem: No such file"));
}

/// It tells where it is, a line for each connection, and goes with a Close when it is asked to.
#[cfg(unix)]
#[test]
fn from_start_to_end() {
    let mut child = wscope(&["127.0.0.1:0", "--subprotocol", "chat,superchat"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let url = lines.next().unwrap();
    assert!(url.starts_with("ws://127.0.0.1:") && url.ends_with("/echo"), "{url}");
    assert!(lines.next().unwrap().contains("/close?code=1011"));
    let socket = super::server::socket(url[5..url.len() - 5].parse().unwrap());
    let (mut client, _) = tungstenite::client(&url, socket).unwrap();
    client.send(tungstenite::Message::text("hi")).unwrap();
    client.read().unwrap();
    let opened = lines.next().unwrap();
    assert!(opened.contains(" #1    open     127.0.0.1:") && opened.ends_with("  /echo"), "{opened}");
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let tungstenite::Message::Close(Some(close)) = client.read().unwrap() else { panic!() };
    assert_eq!(u16::from(close.code), 1001);
    let _ = client.read();
    let closed = lines.next().unwrap();
    assert!(
        closed.contains("closed   1001 by the server \"the server stops\"; 1 message in, 1 message out"),
        "{closed}"
    );
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut end = String::new();
    child.stderr.take().unwrap().read_to_string(&mut end).unwrap();
    assert_eq!(end, "1 connection, 1 WebSocket; 1 message in, 1 message out\n");
}

/// As many as there may be, up to ten thousand: a third says nothing, a third half a request, a third is open.
#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_idle_sockets() {
    use super::harsh::descriptors;
    use super::server::{request, socket};

    let many = descriptors().saturating_sub(200).min(10_000);
    let mut child = wscope(&["127.0.0.1:0", "--handshake-timeout", "1h"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let url = lines.next().unwrap();
    let address = url[5..url.len() - 5].parse().unwrap();
    // What is told is read all the time, or the server would wait for that.
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || lines.try_for_each(|line| tell.send(line)));
    let (mut healthy, _) = tungstenite::client(&url, socket(address)).unwrap();
    let request = request("/echo");
    let idle: Vec<TcpStream> = (0..many)
        .map(|n| {
            let mut socket = socket(address);
            let said = [0, request.len() / 2, request.len()][n % 3];
            socket.write_all(&request.as_bytes()[..said]).unwrap();
            socket
        })
        .collect();
    // All that may be open are: a line tells of each.
    let mut open = 1;
    while open < 1 + many / 3 {
        open += usize::from(told.recv().unwrap().contains(" open "));
    }
    healthy.send(tungstenite::Message::text("still there?")).unwrap();
    assert_eq!(healthy.read().unwrap(), tungstenite::Message::text("still there?"));
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    // Mostly the program itself; a socket takes about 1 KiB.
    assert!(field("VmHWM:") < 64 << 10, "{status}");
    drop(idle);
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    while healthy.read().is_ok() {}
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(told.iter().filter(|line| line.contains(" closed ")).count(), open);
}
