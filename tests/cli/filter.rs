//! `-Y` in every command that has it, `wscope fields` and `wscope filter`.

use serde_json::Value;

use crate::run::{capture, file, output, run};
use crate::support::records;

/// Filters of all kinds, on captures that have what they ask for.
const FILTERS: [(&str, &str); 16] = [
    ("chat-node-ws.pcapng", ".text ~ yes"),
    ("chat-node-ws.pcapng", "op == text && dir == s2c && len > 30"),
    ("chat-node-ws.pcapng", "payload ~ hello || .text ~ hello"),
    ("chat-node-ws.pcapng", "reply > 100us && host == 127.0.0.1"),
    ("chat-node-ws.pcapng", "conn == 2 && !ping"),
    ("close-codes.pcapng", "close.code >= 1002"),
    ("close-codes.pcapng", "websocket.payload.close.status_code == 1000"),
    ("close-codes.pcapng", "path == \"/close/4999\""),
    ("fragments-pings.pcapng", "ping"),
    ("fragments-pings.pcapng", "rtt && rtt < 10ms"),
    ("fragments-pings.pcapng", "fragmented && frames > 3"),
    ("fragments-pings.pcapng", "delta > 20ms"),
    ("feed-deflate-node-ws.pcapng", "compressed && ratio > 2"),
    ("feed-deflate-node-ws.pcapng", "payload[0:1] == \"{\" && .type"),
    ("lossy.pcapng", "!complete"),
    ("coalesced.pcap", "len in {0..20} && client == 127.0.0.0/8"),
];

fn messages(args: &[&str]) -> Vec<Value> {
    records(&output(args)).into_iter().filter(|record| record["type"] == "message").collect()
}

/// The same messages from every command and format, for any number of threads.
#[test]
fn every_command_selects_the_same() {
    let mut selected = Vec::new();
    for (name, filter) in FILTERS {
        let all = messages(&["export", name]);
        let some = messages(&["export", name, "-Y", filter]);
        assert!(some.iter().all(|message| all.contains(message)), "{name} {filter}");
        selected.push(format!("{:3} of {:4}  {name}  {filter}", some.len(), all.len()));
        let lines = |args: &[&str]| run(&[args, &[name, "-Y", filter]].concat()).text().lines().count();
        assert_eq!(
            messages(&["export", "--payload", "none", name, "-Y", filter]).len(),
            some.len(),
            "{filter}"
        );
        let table = output(&["export", "--to", "csv", name, "-Y", filter]);
        assert_eq!(
            csv::Reader::from_reader(table.as_bytes()).records().count(),
            some.len(),
            "{name} {filter}"
        );
        assert_eq!(lines(&["show", "-q"]), some.len(), "{name} {filter}");
        let conns: std::collections::BTreeSet<u64> =
            some.iter().map(|m| m["conn"].as_u64().unwrap()).collect();
        let listed = records(run(&["ls", "-q", "--json", name, "-Y", filter]).text());
        let listed: std::collections::BTreeSet<u64> =
            listed.iter().map(|m| m["conn"].as_u64().unwrap()).collect();
        assert_eq!(listed, conns, "{name} {filter}");
        let followed: usize = conns
            .iter()
            .map(|conn| {
                let text = output(&["follow", "-q", name, &conn.to_string(), "-Y", filter, "--ascii"]);
                let head = |line: &str| {
                    line.starts_with(&format!("-> {conn}.m")) || line.starts_with(&format!("<- {conn}.m"))
                };
                text.lines().filter(|line| head(line)).count()
            })
            .sum();
        assert_eq!(followed, some.len(), "{name} {filter}");
    }
    insta::assert_snapshot!("filter_selected", selected.join("\n"));
}

#[test]
fn the_same_for_any_number_of_threads() {
    for (name, filter) in FILTERS {
        for command in [
            &["show"][..],
            &["show", "--payload-only"],
            &["ls", "-q"],
            &["ls", "-q", "--json"],
            &["export", "--records", "all"],
            &["export", "--to", "txt"],
            &["export", "--to", "csv"],
            &["export", "--to", "har"],
        ] {
            let with = |threads| run(&[command, &[name, "-Y", filter, "-j", threads]].concat()).out;
            let one = with("1");
            for threads in ["2", "3", "8"] {
                assert!(one == with(threads), "{command:?} {name} {filter} -j {threads}");
            }
        }
    }
}

/// A filter that everything passes changes nothing but the places of connection records; one that nothing
/// passes leaves the records of the capture.
#[test]
fn all_and_nothing() {
    for name in ["fragments-pings.pcapng", "lossy.pcapng", "mid-stream.pcapng"] {
        let all = output(&["export", "--records", "all", name]);
        assert_eq!(output(&["export", "--records", "all", name, "-Y", "port < 70000"]), all, "{name}");
        let none = records(&output(&["export", name, "-Y", "port > 70000"]));
        assert!(none.iter().all(|record| record.get("conn").is_none()), "{name}");
        assert_eq!(output(&["ls", "-q", name, "-Y", "!(port > 70000)"]), output(&["ls", "-q", name]));
        assert_eq!(output(&["ls", "--json", name]).lines().count(), {
            output(&["ls", "--json", name, "-Y", "time >= 0s"]).lines().count()
        });
    }
}

/// A connection's record comes right before the first record selected of it, its end in its place.
#[test]
fn exports_bring_the_connections_along() {
    let types = |args: &[&str]| -> Vec<String> {
        let records = records(&output(&[&["export"], args].concat()));
        records
            .iter()
            .filter(|record| record.get("conn").is_some())
            .map(|record| format!("{} {}", record["type"].as_str().unwrap(), record["conn"]))
            .collect()
    };
    assert_eq!(
        types(&["close-codes.pcapng", "-Y", "close.code in {4999, 1011} && dir == s2c"]),
        ["connection 3", "message 3", "end 3", "connection 6", "message 6", "end 6"]
    );
    assert_eq!(
        types(&["close-codes.pcapng", "-Y", "end == clean && close.code == 4999"]),
        ["connection 3", "end 3"]
    );
    assert_eq!(
        types(&["refused-then-accepted.pcapng", "-Y", "status == 401"]),
        types(&["refused-then-accepted.pcapng", "--conn", "1"])
    );
    let frames = types(&["--records", "frame", "fragments-pings.pcapng", "-Y", "fin == false && mask"]);
    assert!(!frames.is_empty() && frames.iter().all(|record| record.starts_with("frame")));
    assert_eq!(
        frames.len(),
        output(&["show", "--frames", "fragments-pings.pcapng", "-Y", "fin == 0 and websocket.mask == 1"])
            .lines()
            .count()
    );
    let findings = types(&["--records", "finding", "snaplen-96.pcap", "-Y", "finding == N002"]);
    assert!(findings.iter().all(|record| record.starts_with("finding")));
    assert_eq!(findings.is_empty(), run(&["ls", "-q", "snaplen-96.pcap", "-Y", "finding == N002"]).code == 1);
}

/// Findings that are told with the totals are asked too; of a connection they know the number at most.
#[test]
fn findings_of_the_capture_are_asked() {
    let whole = capture("chat-node-ws.pcapng");
    let (_folder, path) = file("cut.pcapng", whole.get(..whole.len() - 5).unwrap());
    let count = |filter: &str| {
        let ran = run(&["export", path.to_str().unwrap(), "-Y", filter]);
        let found = records(ran.text());
        found.iter().filter(|record| record["type"] == "finding" && record.get("conn").is_none()).count()
    };
    let asked =
        ["finding", "finding == N007 && severity == note", "ping", "ip", "port < 70000", "!ip", "conn == 1"];
    assert_eq!(asked.map(count), [1, 1, 0, 0, 0, 1, 0]);
}

#[test]
fn connections_as_a_whole() {
    let listed = |name: &str, filter: &str| {
        let text = run(&["ls", "-q", name, "-Y", filter]);
        let numbers: Vec<String> = text
            .text()
            .lines()
            .skip(1)
            .map(|line| line.split_whitespace().next().unwrap().to_owned())
            .collect();
        (numbers.join(" "), text.code)
    };
    for (name, filter, numbers) in [
        ("close-codes.pcapng", "close.code >= 1002", "3 5 6"),
        ("close-codes.pcapng", "close.code >= 1002 && dir == c2s", "3 5 6"),
        ("close-codes.pcapng", "messages == 1 && server.port == 8080", "2 3 10"),
        ("refused-then-accepted.pcapng", "end == refused && status == 401", "1"),
        ("fragments-pings.pcapng", "end == clean && ping && path ~ fragments", "1"),
        ("fragments-pings.pcapng", "ping && pong", ""),
    ] {
        let (found, code) = listed(name, filter);
        assert_eq!((&*found, code), (numbers, i32::from(numbers.is_empty())), "{filter}");
    }
}

#[test]
fn nothing_selected_is_said_and_q_asks() {
    let ran = run(&["show", "close-codes.pcapng", "-Y", "ping"]);
    let note = "note: no message was selected; the capture holds 10 connections and 20 messages\n";
    assert_eq!((ran.code, ran.text(), &*ran.err), (0, "", note));
    assert_eq!(run(&["show", "close-codes.pcapng", "-Y", "op == ping", "-q"]).code, 1);
    assert_eq!(run(&["show", "fragments-pings.pcapng", "-Y", "op == ping", "-q"]).code, 0);
    assert_eq!(
        run(&["ls", "close-codes.pcapng", "-Y", "end == idle", "-q"]).all(),
        "--- stderr ---\n--- exit 1 ---\n"
    );
    let ran = run(&["follow", "close-codes.pcapng", "1", "-Y", "ping"]);
    assert_eq!(ran.err, "note: connection 1 has no messages that match the filter to show\n");
}

#[test]
fn what_is_wrong_is_shown_with_a_caret() {
    for command in [&["show"][..], &["ls"], &["export"], &["filter"]] {
        let rest: &[&str] =
            if command == ["filter"] { &["op == txt"] } else { &["x.pcap", "-Y", "op == txt"] };
        assert_eq!(
            run(&[command, rest].concat()).all(),
            "--- stderr ---\nerror: unknown opcode `txt`\n  | op == txt\n  |       ^^^ did you mean `text`?\n  \
             = help: `wscope fields op` lists values\n--- exit 2 ---\n"
        );
    }
    for (args, remark) in [
        (&["show", "x", "-Y", "fin == 0"][..], "`fin` is a fact of frames, and `show` prints messages"),
        (
            &["show", "--frames", "x", "-Y", "payload ~ a"],
            "`payload` is a fact of messages, and `show --frames`",
        ),
        (
            &["follow", "x", "1", "-Y", "finding"],
            "`finding` is a fact of findings, and `follow` prints messages",
        ),
        (&["export", "x", "-Y", "fin"], "`fin` is a fact of frames, which are not exported (see --records)"),
        (&["export", "--to", "csv", "x", "-Y", "end == reset"], "and CSV has messages only"),
        (&["export", "x", "-Y", "end == reset && ping"], "nothing is both"),
        (&["ls", "x", "-Y", "finding && ping"], "nothing is both"),
        (&["ls", "x", "-Y", "\u{1b}[2J =="], "means nothing here"),
    ] {
        let ran = run(args);
        assert_eq!((ran.code, ran.text()), (2, ""), "{args:?}");
        assert!(
            ran.err.contains(remark) && ran.err.contains('^') && !ran.err.contains('\u{1b}'),
            "{args:?}: {}",
            ran.err
        );
    }
    let ran = run(&["show", "close-codes.pcapng", "-Y", "pign"]);
    assert!(
        ran.err
            .starts_with("note: `pign` is no field: it is looked for in payloads (did you mean `ping`?)\n")
    );
    assert_eq!(run(&["show", "close-codes.pcapng", "-Y", "pign", "-q"]).err, "");
}

#[test]
fn filters_are_explained() {
    let explained = [
        &["ping"][..],
        &["websocket.opcode == 1 && ip.src == 10.0.0.12"],
        &[".items[].price > 61k or rtt >= 0.1", "and", "conn in {1..3}"],
        &["payload[0:2] == 1f:8b -compressed header[\"X-Room\"]:blue"],
        &["host == feed.local || end == reset"],
    ]
    .map(|args| format!("$ {}\n{}", args.join(" "), output(&[&["filter"], args].concat())));
    insta::assert_snapshot!("filter_explained", explained.join("\n"));
    assert_eq!(run(&["filter"]).code, 2);
}

#[test]
fn fields() {
    let list = output(&["fields"]);
    for info in wscope::filter::FIELDS {
        assert!(list.lines().any(|line| line.starts_with(&format!("{} ", info.name))), "{}", info.name);
        let page = output(&["fields", info.name]);
        assert!(page.contains(info.what) && page.contains(info.example), "{page}");
    }
    insta::assert_snapshot!("fields_some", output(&["fields", "op", "websocket.fin", "severity", "client"]));
    let ran = run(&["fields", "opp"]);
    assert_eq!((ran.code, &*ran.err), (2, "error: there is no field `opp`; did you mean `op`?\n"));
}
