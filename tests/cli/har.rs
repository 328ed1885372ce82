//! The HTTP archive has what HAR 1.2 demands, and its WebSocket entries what Chrome writes.

use serde_json::Value;

use crate::run::output;
use crate::support::{captures_in, gallery, records};

/// A key that must be there, and what its value must be.
type Key<'a> = (&'a str, fn(&Value) -> bool);

fn has(value: &Value, keys: &[Key<'_>]) {
    for (key, fits) in keys {
        assert!(value.get(key).is_some_and(fits), "{key} in {value}");
    }
}

fn pairs(list: &Value) -> bool {
    list.as_array()
        .is_some_and(|list| list.iter().all(|one| one["name"].is_string() && one["value"].is_string()))
}

/// <http://www.softwareishard.com/blog/har-12-spec/>, what is not optional there.
#[test]
fn the_required_keys() {
    for path in captures_in(&gallery()) {
        let har: Value =
            serde_json::from_str(&output(&["export", "--to", "har", path.to_str().unwrap()])).unwrap();
        let log = &har["log"];
        has(log, &[("version", |v| v == "1.2"), ("entries", Value::is_array), ("pages", Value::is_array)]);
        has(&log["creator"], &[("name", |v| v == "wscope"), ("version", Value::is_string)]);
        for entry in log["entries"].as_array().unwrap() {
            has(
                entry,
                &[
                    ("startedDateTime", |v| v.as_str().is_some_and(|time| time.ends_with('Z'))),
                    ("time", Value::is_number),
                    ("request", Value::is_object),
                    ("response", Value::is_object),
                    ("cache", Value::is_object),
                    ("timings", Value::is_object),
                    ("_resourceType", |v| v == "websocket"),
                    ("_webSocketMessages", Value::is_array),
                ],
            );
            has(
                &entry["request"],
                &[
                    ("method", Value::is_string),
                    ("url", |v| v.as_str().is_some_and(|url| url.starts_with("ws://"))),
                    ("httpVersion", Value::is_string),
                    ("cookies", pairs),
                    ("headers", pairs),
                    ("queryString", pairs),
                    ("headersSize", Value::is_i64),
                    ("bodySize", Value::is_i64),
                ],
            );
            has(
                &entry["response"],
                &[
                    ("status", Value::is_u64),
                    ("statusText", Value::is_string),
                    ("httpVersion", Value::is_string),
                    ("cookies", pairs),
                    ("headers", pairs),
                    ("content", |v| v["size"].is_i64() && v["mimeType"].is_string()),
                    ("redirectURL", Value::is_string),
                    ("headersSize", Value::is_i64),
                    ("bodySize", Value::is_i64),
                ],
            );
            let timings = &entry["timings"];
            has(
                timings,
                &[("send", Value::is_number), ("wait", Value::is_number), ("receive", Value::is_number)],
            );
            let total: f64 =
                ["send", "wait", "receive"].iter().map(|key| timings[key].as_f64().unwrap()).sum();
            assert!(
                (total - entry["time"].as_f64().unwrap()).abs() < 0.01,
                "{timings} is not {}",
                entry["time"]
            );
            for message in entry["_webSocketMessages"].as_array().unwrap() {
                // Exactly Chrome's keys, in Chrome's order (JSON objects keep theirs only in the text).
                let keys: Vec<&String> = message.as_object().unwrap().keys().collect();
                assert_eq!(keys.len(), 4, "{keys:?}");
                has(
                    message,
                    &[
                        ("type", |v| v == "send" || v == "receive"),
                        ("time", |v| v.is_f64() && (1e9..1e10).contains(&v.as_f64().unwrap())),
                        ("opcode", |v| v == 1 || v == 2),
                        ("data", Value::is_string),
                    ],
                );
            }
        }
    }
}

#[test]
fn the_data_messages_of_each_connection() {
    for name in ["chat-node-ws.pcapng", "chromium-echo.pcapng", "refused-then-accepted.pcapng"] {
        let har: Value = serde_json::from_str(&output(&["export", "--to", "har", name])).unwrap();
        let records = records(&output(&["export", name]));
        let connections: Vec<&Value> =
            records.iter().filter(|record| record["type"] == "connection").collect();
        let entries = har["log"]["entries"].as_array().unwrap();
        assert_eq!(entries.len(), connections.len());
        for (entry, connection) in entries.iter().zip(connections) {
            assert_eq!(entry["request"]["url"], connection["url"]);
            assert_eq!(entry["response"]["status"], connection["handshake"]["response"]["status"]);
            let expected: Vec<(&str, &Value)> = records
                .iter()
                .filter(|m| m["type"] == "message" && m["conn"] == connection["conn"])
                .filter(|m| m["kind"] == "text" || m["kind"] == "binary")
                .map(|m| {
                    (
                        if m["dir"] == "c2s" { "send" } else { "receive" },
                        m.get("text").unwrap_or(&m["base64"]),
                    )
                })
                .collect();
            let written: Vec<(&str, &Value)> = entry["_webSocketMessages"]
                .as_array()
                .unwrap()
                .iter()
                .map(|message| (message["type"].as_str().unwrap(), &message["data"]))
                .collect();
            assert_eq!(written, expected);
        }
    }
}
