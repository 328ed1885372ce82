//! `wscope export`: what it writes is read back by those for whom it is.

use serde_json::Value;

use crate::run::{output, run};
use crate::support::{captures_in, gallery, records};

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
    for to in ["ndjson", "json", "csv", "txt", "har"] {
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
