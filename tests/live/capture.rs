//! Capturing on loopback.

use std::fs;
use std::process::Command;

use crate::run::{can_capture, live, run};
use crate::support::{of_type, records};
use crate::talk::{Server, messages};

#[test]
fn every_message_is_told_as_it_comes() {
    if !can_capture() {
        return;
    }
    let server = Server::new();
    let mut running = live(&["-i", "lo", "-f", &server.bpf(), "--json"]);
    let mut client = server.connect();
    assert!(running.line().starts_with(r#"{"type":"capture","#));
    assert!(running.line().starts_with(r#"{"type":"connection","conn":1,"#));
    for text in ["hello", "Grüße, 世界 👋", ""] {
        client.say(text);
        for dir in ["c2s", "s2c"] {
            let line = running.line();
            assert!(line.contains(&format!(r#""dir":"{dir}""#)) && line.contains(text), "{line}");
        }
    }
    client.send((0..=255).cycle().take(200_000).collect());
    client.send(vec![0x80; 125]);
    let said = client.close();
    let ran = running.stop();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(messages(&ran.out), said);
    let all = records(&ran.out);
    assert_eq!(of_type(&all, "end")[0]["how"], "clean");
    assert_eq!(of_type(&all, "summary")[0]["messages"], 10);
    assert_eq!(of_type(&all, "finding").len(), 0, "{}", ran.out);
    assert!(ran.err.contains("1 connection with 10 messages\nlo: "), "{}", ran.err);
    assert!(ran.err.contains(" packets captured, none dropped\n"), "{}", ran.err);
}

#[test]
fn lines_are_those_of_show_and_filters_select_them() {
    if !can_capture() {
        return;
    }
    let server = Server::new();
    let args = ["-i", "lo", "-f", &server.bpf(), "-Y", "dir == s2c && op == text", "--ascii", "--immediate"];
    let mut running = live(&args);
    let mut client = server.connect();
    client.say("one");
    client.send(vec![1]);
    client.say("two");
    let lines = [running.line(), running.line()];
    client.close();
    let ran = running.stop();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out, lines.concat());
    for (line, (n, text)) in lines.iter().zip([(2, "one"), (6, "two")]) {
        assert!(
            line.starts_with(&format!("1.m{n} ")) && line.ends_with(&format!(" <- TEXT        3   {text}\n")),
            "{line}"
        );
    }
}

#[test]
fn it_ends_by_itself_after_packets_or_time() {
    if !can_capture() {
        return;
    }
    let server = Server::new();
    let running = live(&["-i", "lo", "-f", &server.bpf(), "-c", "4"]);
    let mut client = server.connect();
    client.say("too late");
    let ran = running.finish();
    assert_eq!((ran.code, &*ran.out), (0, ""));
    assert!(ran.err.contains("lo: 4 packets captured, "), "{}", ran.err);

    // Nothing comes: that is an answer where a time was given, and with -q it is a no.
    let nothing = format!("tcp port {} and tcp port 9", server.port);
    let ran = run(&["live", "-i", "lo", "-f", &nothing, "--duration", "200ms"]);
    assert_eq!((ran.code, &*ran.out), (0, ""), "{}", ran.err);
    let ran = run(&["live", "-i", "lo", "-f", &nothing, "--duration", "200ms", "-q"]);
    assert_eq!((ran.code, &*ran.out, &*ran.err), (1, "", ""));
    // Ctrl-C without a result.
    assert_eq!(live(&["-i", "lo", "-f", &nothing]).stop().code, 130);
}

#[test]
fn several_interfaces_are_listened_to_at_once() {
    if !can_capture() {
        return;
    }
    let server = Server::new();
    // Loopback twice: each packet comes from both, and the second copy is a retransmission.
    let running = live(&["-i", "lo,any", "-p", "-f", &server.bpf(), "--json"]);
    let mut client = server.connect();
    client.say("hello");
    let said = client.close();
    let ran = running.stop();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(messages(&ran.out), said);
    assert!(
        ran.out.starts_with(r#"{"type":"capture","format":1,"tool":"wscope 0.1.0","sources":["lo","any"]}"#)
    );
    let counts: Vec<&str> = ran.err.lines().filter(|line| line.contains("packets captured")).collect();
    assert!(counts[0].starts_with("lo: ") && counts[1].starts_with("any: "), "{}", ran.err);
    assert_eq!(counts[0].replace("lo: ", ""), counts[1].replace("any: ", ""));
}

#[test]
fn packets_that_are_cut_short_are_said() {
    if !can_capture() {
        return;
    }
    let server = Server::new();
    let running = live(&["-i", "lo", "-s", "400", "-f", &server.bpf(), "--json", "--records", "all"]);
    let mut client = server.connect();
    client.say("short");
    client.send(vec![7; 900]);
    client.close();
    let ran = running.stop();
    let all = records(&ran.out);
    let found = of_type(&all, "message");
    let complete: Vec<bool> = found.iter().map(|message| message["complete"].as_bool().unwrap()).collect();
    assert_eq!(complete, [true, true, false, false, true, true], "{}", ran.out);
    assert!(of_type(&all, "finding").iter().any(|finding| finding["code"] == "N002"), "{}", ran.out);
}

#[cfg(target_os = "linux")]
#[test]
fn rights_are_given_up() {
    if !can_capture() {
        return;
    }
    let server = Server::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.pcapng");
    for args in [&[][..], &["-w", file.to_str().unwrap()]] {
        let running = live(&[&["-i", "lo", "-f", &server.bpf()], args].concat());
        let tasks = format!("/proc/{}/task", running.child.id());
        let mut threads = 0;
        for task in fs::read_dir(tasks).unwrap() {
            let status = fs::read_to_string(task.unwrap().path().join("status")).unwrap();
            let field = |name: &str| {
                let line = status.lines().find(|line| line.starts_with(name)).unwrap();
                line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<String>>()
            };
            for set in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
                assert_eq!(field(set), ["0000000000000000"], "{set}");
            }
            assert_eq!(field("NoNewPrivs:"), ["1"]);
            if args.is_empty() {
                assert!(!field("Uid:").contains(&"0".to_owned()), "{:?}", field("Uid:"));
                assert!(!field("Groups:").contains(&"0".to_owned()), "{:?}", field("Groups:"));
            }
            threads += 1;
        }
        assert!(threads >= 2, "the thread that listens is there");
        assert_eq!(running.stop().code, 130);
    }
}

#[test]
fn interfaces_are_listed() {
    let ran = run(&["live", "-D"]);
    if ran.err.contains("without libpcap") {
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains("install libpcap-dev"), "{}", ran.err);
        return;
    }
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lo = ran.out.lines().find(|line| line.starts_with("lo")).expect("loopback");
    assert!(lo.contains(" up") && lo.contains("loopback") && lo.contains("127.0.0.1"), "{lo}");
}

/// Runs `ip`; false where it cannot.
fn ip(args: &[&str]) -> bool {
    Command::new("ip").args(args).output().is_ok_and(|output| output.status.success())
}

#[cfg(target_os = "linux")]
#[test]
fn an_interface_that_goes_away_is_said_and_the_others_go_on() {
    if !can_capture() {
        return;
    }
    let name = format!("ws{}a", std::process::id() % 100_000);
    let peer = format!("ws{}b", std::process::id() % 100_000);
    if !ip(&["link", "add", &name, "type", "veth", "peer", "name", &peer]) {
        eprintln!("skipped: no interface can be made here");
        return;
    }
    assert!(ip(&["link", "set", &name, "up"]) && ip(&["link", "set", &peer, "up"]));
    let server = Server::new();
    let interfaces = format!("{name},lo");
    let mut running = live(&["-i", &interfaces, "-f", &server.bpf(), "--json"]);
    let mut client = server.connect();
    client.say("before");
    assert!(ip(&["link", "set", &name, "down"]));
    running.says(&format!("warning: {name}: the interface went down"));
    assert!(ip(&["link", "set", &name, "up"]));
    running.says(&format!("warning: {name}: the interface is up again"));
    assert!(ip(&["link", "del", &name]));
    running.says(&format!("warning: {name}: The interface disappeared"));
    client.say("after");
    let said = client.close();
    let ran = running.stop();
    assert_eq!(messages(&ran.out), said);
    assert_eq!(ran.code, 2, "{}", ran.err);
}
