use std::io::Cursor;

use super::*;
use crate::report::sample;

/// More than all of it.
const BUDGET: usize = 8 << 20;

fn export(conns: u32, numbered: bool, budget: usize) -> String {
    let mut sink = HarSink::new(Vec::new(), Cursor::new(Vec::new()), Selection::ALL, "0.1.0");
    sink.spool.budget = budget;
    let mut observer = HarObserver::new(PayloadMode::Full, Selection::ALL);
    sample::run(&mut observer, &mut sink, conns, numbered);
    String::from_utf8(sink.into_inner()).unwrap()
}

/// The keys that HAR 1.2 demands.
#[test]
fn required_keys() {
    let har: serde_json::Value = serde_json::from_str(&export(2, true, BUDGET)).unwrap();
    let log = &har["log"];
    assert_eq!(log["version"], "1.2");
    assert_eq!(log["creator"], serde_json::json!({"name": "wscope", "version": "0.1.0"}));
    assert!(log["pages"].is_array());
    let entries = log["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    for entry in entries {
        let has = |value: &serde_json::Value, keys: &str| {
            for key in keys.split(' ') {
                assert!(value.get(key).is_some(), "{key} is missing in {value}");
            }
        };
        has(entry, "startedDateTime time request response cache timings");
        has(&entry["request"], "method url httpVersion cookies headers queryString headersSize bodySize");
        has(
            &entry["response"],
            "status statusText httpVersion cookies headers content redirectURL headersSize bodySize",
        );
        has(&entry["response"]["content"], "size mimeType");
        has(&entry["timings"], "send wait receive");
        assert!(entry["time"].as_f64().unwrap() >= 0.0);
    }
}

#[test]
fn one_entry() {
    let har: serde_json::Value = serde_json::from_str(&export(1, true, BUDGET)).unwrap();
    let entry = &har["log"]["entries"][0];
    assert_eq!(entry["startedDateTime"], "2026-11-20T10:00:00.000000000Z");
    assert_eq!(entry["time"], 5000.0);
    assert_eq!(entry["timings"]["wait"], 1.9);
    assert_eq!(entry["_resourceType"], "websocket");
    assert_eq!(entry["request"]["url"], "ws://server.example.com/chat?a=1&b");
    let pairs = |value: &serde_json::Value| -> Vec<(String, String)> {
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        value.as_array().unwrap().iter().map(|pair| (text(&pair["name"]), text(&pair["value"]))).collect()
    };
    let expected = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    assert_eq!(pairs(&entry["request"]["queryString"]), expected(&[("a", "1"), ("b", "")]));
    assert_eq!(pairs(&entry["request"]["cookies"]), expected(&[("k", "v"), ("t", "\"1\"")]));
    assert_eq!(entry["response"]["status"], 101);
    assert_eq!(
        entry["_webSocketMessages"],
        serde_json::json!([
            {"type": "send", "time": 1795168800.000001, "opcode": 1, "data": "Hello \"you\""},
            {"type": "receive", "time": 1795168800.003, "opcode": 2, "data": "AAH/"},
            {"type": "receive", "time": 1795168800.000001, "opcode": 1, "data": "=1"},
        ])
    );
}

#[test]
fn the_spool_changes_nothing() {
    let whole = export(12, true, BUDGET);
    for budget in [0, 100, 1000] {
        assert_eq!(export(12, true, budget), whole);
        assert_eq!(export(12, false, budget), whole);
    }
}

#[test]
fn without_a_handshake_or_an_end() {
    let mut sink = HarSink::new(Vec::new(), Cursor::new(Vec::new()), Selection::ALL, "0.1.0");
    let mut conn = sample::connection(None);
    conn.handshake = None;
    let mut out = Outbox::default();
    HarObserver::new(PayloadMode::Full, Selection::ALL).event(&conn, Event::Opened, &mut out);
    for record in out.records {
        sink.record(1, record, &out.bytes).unwrap();
    }
    sink.finish(&sample::summary()).unwrap();
    let har: serde_json::Value = serde_json::from_slice(&sink.into_inner()).unwrap();
    let entry = &har["log"]["entries"][0];
    assert_eq!(entry["request"]["url"], "ws://127.0.0.1:8080/");
    assert_eq!(entry["response"]["status"], 0);
    assert_eq!(entry["time"], 0);
    assert!(entry["_webSocketMessages"].as_array().unwrap().is_empty());
}
