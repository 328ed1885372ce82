//! `wscope export`: what it writes is read back by those for whom it is.

use serde_json::Value;

use crate::run::{capture, file, output, run, run_with};
use crate::support::{captures_in, export, export_bytes, export_file, gallery, records, shared};

#[test]
fn every_line_is_as_the_schema_says() {
    let schema: Value = serde_json::from_str(&output(&["schema"])).unwrap();
    for path in captures_in(&gallery()) {
        let text = output(&["export", "--records", "all", "--hash", path.to_str().unwrap()]);
        let records = records(&text);
        assert!(records.len() > 3);
        for record in &records {
            valid(&schema, &schema, record).unwrap_or_else(|fault| panic!("{fault}: {record}"));
        }
    }
    let wrong = serde_json::json!({"type": "message", "conn": "1"});
    assert!(valid(&schema, &schema, &wrong).is_err(), "the check checks nothing");
}

/// As much of JSON Schema as `wscope schema` uses.
fn valid(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let Value::Object(rules) = schema else { return Ok(()) };
    for (rule, wanted) in rules {
        let list = || wanted.as_array().unwrap();
        let holds = match &**rule {
            "$ref" => {
                let target = wanted.as_str().unwrap().strip_prefix('#').unwrap();
                valid(root, root.pointer(target).unwrap(), value)?;
                true
            }
            "oneOf" => list().iter().filter(|one| valid(root, one, value).is_ok()).count() == 1,
            "anyOf" => list().iter().any(|one| valid(root, one, value).is_ok()),
            "allOf" => {
                list().iter().try_for_each(|one| valid(root, one, value))?;
                true
            }
            "const" => value == wanted,
            "enum" => list().contains(value),
            "type" => match wanted {
                Value::Array(types) => types.iter().any(|one| is_of(one, value)),
                one => is_of(one, value),
            },
            "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= wanted.as_f64().unwrap()),
            "minItems" => value.as_array().is_none_or(|list| list.len() as u64 >= wanted.as_u64().unwrap()),
            "maxItems" => value.as_array().is_none_or(|list| list.len() as u64 <= wanted.as_u64().unwrap()),
            "required" => list().iter().all(|key| value.get(key.as_str().unwrap()).is_some()),
            "properties" => {
                for (key, one) in wanted.as_object().unwrap() {
                    value.get(key).map_or(Ok(()), |value| valid(root, one, value))?;
                }
                true
            }
            "items" => {
                value.as_array().into_iter().flatten().try_for_each(|one| valid(root, wanted, one))?;
                true
            }
            "prefixItems" => {
                let items = value.as_array().into_iter().flatten().zip(list());
                for (value, one) in items {
                    valid(root, one, value)?;
                }
                true
            }
            "additionalProperties" => match wanted {
                Value::Bool(false) => {
                    let known = rules.get("properties");
                    value.as_object().is_none_or(|keys| {
                        keys.keys().all(|key| known.is_some_and(|known| known.get(key).is_some()))
                    })
                }
                _ => true,
            },
            "$schema" | "$defs" | "title" | "description" | "format" | "default" | "examples" => true,
            other => panic!("the schema uses `{other}`, which this check does not know"),
        };
        if !holds {
            return Err(format!("`{rule}`: {wanted} does not hold for {value}"));
        }
    }
    Ok(())
}

fn is_of(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => panic!("{other} is no type"),
    }
}

#[test]
fn one_document_holds_the_same_records() {
    let lines = records(&output(&["export", "chat-node-ws.pcapng"]));
    let document: Value =
        serde_json::from_str(&output(&["export", "--to", "json", "chat-node-ws.pcapng"])).unwrap();
    assert_eq!(document["format"], 1);
    assert_eq!(document["records"], Value::Array(lines));
}

#[test]
fn rows_are_read_back() {
    for name in ["chat-node-ws.pcapng", "chromium-echo.pcapng", "close-codes.pcapng", "snaplen-96.pcap"] {
        let text = output(&["export", "--to", "csv", name]);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().unwrap().clone();
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let messages = records(&output(&["export", "--records", "message", name]));
        assert_eq!(rows.len(), messages.len());
        for (row, message) in rows.iter().zip(&messages) {
            for (column, field) in header.iter().zip(row) {
                let key = match column {
                    "packet_first" => &message["packet"][0],
                    "packet_last" => &message["packet"][1],
                    _ => &message[column],
                };
                let expected = match key {
                    Value::String(text) => text.clone(),
                    Value::Null => continue,
                    other => other.to_string(),
                };
                assert_eq!(field, expected, "{name}: {column} of {message}");
            }
        }
    }
}

#[test]
fn flags() {
    let chat = "chat-node-ws.pcapng";
    let types = |list: &str| {
        let records = records(&output(&["export", "--records", list, chat]));
        let mut types: Vec<String> =
            records.iter().map(|record| record["type"].as_str().unwrap().to_owned()).collect();
        types.sort();
        types.dedup();
        types
    };
    assert_eq!(types("frame"), ["frame"]);
    assert_eq!(types("all"), ["capture", "connection", "end", "frame", "message", "summary"]);
    let message = |flags: &[&str]| {
        let text = output(&[&["export", "--records", "message", chat], flags].concat());
        records(&text).into_iter().find(|message| message["kind"] == "text").unwrap()
    };
    assert_eq!(message(&["--payload", "none"]).get("text"), None);
    assert_eq!(message(&["--payload", "head=7"])["text"], "welcome");
    assert_eq!(message(&["--payload", "head=7"])["cut"], true);
    assert_eq!(message(&["--hash"])["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(message(&["--payload", "none", "--hash"])["sha256"], message(&["--hash"])["sha256"]);
    assert_eq!(message(&["--conn", "2"])["conn"], 2);
    insta::assert_snapshot!("export_txt", output(&["export", "--to", "txt", "refused-then-accepted.pcapng"]));
    insta::assert_snapshot!(
        "export_ndjson",
        output(&[
            "export",
            "--conn",
            "2",
            "--records",
            "all",
            "any-interface.pcapng",
            "refused-then-accepted.pcapng"
        ])
        .replace(env!("CARGO_PKG_VERSION"), "VERSION")
    );
}

#[test]
fn the_same_for_any_number_of_threads() {
    for to in ["ndjson", "json", "csv", "txt", "md", "har", "pcapng"] {
        let with = |threads| {
            run(&[
                "export",
                "--to",
                to,
                "-j",
                threads,
                "chat-node-ws.pcapng",
                "close-codes.pcapng",
                "--conn",
                "2-5",
            ])
            .out
        };
        assert!(with("1") == with("4"), "{to}");
    }
}

/// Records without what another file must tell otherwise: where in it packets lie.
fn told(export: &str) -> Vec<Value> {
    let mut records = records(export);
    // Of the capture as a whole, other things are true.
    records.retain(|record| record.get("conn").is_some());
    for record in &mut records {
        record.as_object_mut().unwrap().remove("packet");
        if let Some(handshake) = record.get_mut("handshake") {
            handshake.as_object_mut().unwrap().remove("packet");
        }
    }
    records
}

/// Fails with the first record that is not the same.
fn same(found: &[Value], expected: &[Value], what: &str) {
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found, expected, "{what}");
    }
    assert_eq!(found.len(), expected.len(), "{what}");
}

/// The packets of all connections, read again, say the same.
#[test]
fn packets_come_out_as_they_went_in() {
    for path in captures_in(&gallery()) {
        let cut = run(&["export", "--to", "pcapng", path.to_str().unwrap()]).out;
        same(&told(&export_bytes(&cut, 1)), &told(&export_file(&path, 1)), &path.to_string_lossy());
        assert_eq!(run(&["export", "--to", "pcapng", "-j", "4", path.to_str().unwrap()]).out, cut);
    }
}

/// Captures of others: fragments and tunnels, captures that were cut, every link type.
#[test]
fn packets_of_other_captures_come_out_as_they_went_in() {
    let Some(folder) = shared() else { return };
    let mut connections = 0;
    for path in captures_in(&folder) {
        let Ok(mut opened) = wscope::capture::open(&[&path], &wscope::limits::Limits::default()) else {
            continue;
        };
        let expected = told(&export(&mut *opened.source, 1));
        if expected.is_empty() {
            continue;
        }
        connections += expected.iter().filter(|record| record["type"] == "connection").count();
        let cut = run(&["export", "-q", "--to", "pcapng", path.to_str().unwrap()]).out;
        same(&told(&export_bytes(&cut, 1)), &expected, &path.to_string_lossy());
    }
    assert!(connections > 40, "{connections}");
}

/// Each connection alone says what it said among the others, but for its number.
#[test]
fn a_connection_is_cut_out() {
    for path in captures_in(&gallery()) {
        let name = path.to_str().unwrap();
        let mut whole = told(&export_file(&path, 1));
        // That takes several connections.
        whole.retain(|record| record["code"] != "S005");
        let conns = whole.iter().filter_map(|record| record["conn"].as_u64()).max().unwrap();
        for conn in 1..=conns {
            let by_number = run(&["export", "--to", "pcapng", "--conn", &conn.to_string(), name]).out;
            let filter = format!("conn == {conn}");
            assert!(
                run(&["export", "--to", "pcapng", "-Y", &filter, name]).out == by_number,
                "{name} {conn}"
            );
            // A TCP connection comes whole: with the upgrades that were refused on it.
            let ends = |conn: &Value| {
                let begin = whole
                    .iter()
                    .find(|record| record["type"] == "connection" && record["conn"] == *conn)
                    .unwrap();
                (begin["client"].clone(), begin["server"].clone())
            };
            let same_tcp = |record: &&Value| ends(&record["conn"]) == ends(&conn.into());
            let mut expected: Vec<Value> = whole.iter().filter(same_tcp).cloned().collect();
            let mut numbers: Vec<Value> = expected.iter().map(|record| record["conn"].clone()).collect();
            numbers.sort_by_key(Value::as_u64);
            numbers.dedup();
            for record in &mut expected {
                let number = numbers.iter().position(|number| *number == record["conn"]).unwrap() + 1;
                record["conn"] = number.into();
            }
            same(&told(&export_bytes(&by_number, 1)), &expected, &format!("{name} {conn}"));
        }
    }
}

#[test]
fn a_filter_of_messages_selects_connections_that_have_them() {
    let name = "close-codes.pcapng";
    let mut has: Vec<u64> =
        records(&output(&["export", "--records", "message", "-Y", "close.code == 1001", name]))
            .iter()
            .map(|message| message["conn"].as_u64().unwrap())
            .collect();
    has.dedup();
    assert!(!has.is_empty());
    let cut = run(&["export", "--to", "pcapng", "-Y", "close.code == 1001", name]).out;
    let found = records(&export_bytes(&cut, 1));
    let connections = found.iter().filter(|record| record["type"] == "connection").count();
    assert_eq!(connections, has.len());
    assert!(connections < records(&output(&["export", "--records", "connection", name])).len());
    let none = run(&["export", "--to", "pcapng", "-Y", "close.code == 4998", name]);
    assert_eq!((none.code, records(&export_bytes(&none.out, 1)).len()), (0, 2));
}

/// Times to the nanosecond, link types, lengths on the wire and the order of packets are those of the capture.
#[test]
fn packets_keep_what_is_known_of_them() {
    use wscope::capture::open::{from_bytes, open};
    use wscope::capture::source::{Block, Source, Status};
    use wscope::limits::Limits;
    let packets = |source: &mut dyn Source| {
        let (mut block, mut found) = (Block::default(), Vec::new());
        loop {
            let status = source.fill(&mut block).unwrap();
            for packet in &block.packets {
                found.push((packet.time, packet.link, packet.wire_len, block.packet(packet).to_vec()));
            }
            if status == Status::End {
                return found;
            }
        }
    };
    for names in [
        &["snaplen-96.pcap"][..],
        &["any-interface.pcapng", "chat-node-ws.pcapng"],
        &["fragments-pings.pcapng"],
    ] {
        let paths: Vec<_> = names.iter().map(|name| gallery().join(name)).collect();
        let all = packets(&mut *open(&paths, &Limits::default()).unwrap().source);
        let cut = run(&[&["export", "--to", "pcapng"], names].concat()).out;
        let found = packets(&mut *from_bytes("cut", cut, &Limits::default()).unwrap().source);
        assert!(!found.is_empty());
        let mut rest = all.iter();
        for packet in &found {
            assert!(rest.any(|other| other == packet), "{names:?}: a packet is changed or out of order");
        }
    }
}

#[test]
fn packets_from_standard_input() {
    let chat = "chat-node-ws.pcapng";
    let ran = run_with(&["export", "--to", "pcapng", "--conn", "2", "-"], &capture(chat));
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out == run(&["export", "--to", "pcapng", "--conn", "2", chat]).out);
}

#[test]
fn packets_into_a_file() {
    let (_folder, path) = file("out.pcapng", b"old");
    let name = path.to_str().unwrap();
    let ran = run(&["export", "--to", "pcapng", "--conn", "2-3", "-o", name, "chat-node-ws.pcapng"]);
    let closing = ran.err.replace(name, "OUT");
    assert!(
        closing.starts_with("wrote OUT with ") && closing.contains(" packets of 2 connections"),
        "{closing}"
    );
    assert_eq!(
        records(&export_file(&path, 1)).iter().filter(|record| record["type"] == "connection").count(),
        2
    );
    let whole = |args: &[&str]| run(&[&["export", "--to", "pcapng", "chat-node-ws.pcapng"], args].concat());
    for args in [&["--payload", "none"][..], &["--hash"], &["--records", "all"]] {
        let ran = whole(args);
        assert_eq!((ran.code, ran.out.len()), (2, 0), "{}", ran.err);
    }
}

#[test]
fn a_report_in_markdown() {
    insta::assert_snapshot!("export_md", output(&["export", "--to", "md", "refused-then-accepted.pcapng"]));
    let text =
        output(&["export", "--to", "md", "--payload", "head=20", "-Y", "op == text", "chat-node-ws.pcapng"]);
    let messages =
        records(&output(&["export", "--records", "message", "-Y", "op == text", "chat-node-ws.pcapng"]));
    for message in &messages {
        let (conn, n) = (&message["conn"], &message["n"]);
        assert!(text.contains(&format!("\n**{conn}.m{n}** ")), "{conn}.m{n}: {text}");
    }
    assert_eq!(text.matches("\n**").count(), messages.len());
}
