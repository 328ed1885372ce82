//! The parts of a HAR entry as JSON.

use serde_json::{Value, json};

use crate::event::{Closing, Connection};
use crate::http::upgrade::{Headers, Request, Response};
use crate::item::Dir;
use crate::observe::Buffer;
use crate::report::escape;
use crate::report::handshake::{url as url_of, words};
use crate::report::line;
use crate::report::payload::{Body, PayloadMode, data};
use crate::ws::fact::{Kind, Message};

/// What stands before the entries.
pub(super) fn begin(version: &str) -> Vec<u8> {
    let creator = json!({"name": "wscope", "version": version});
    format!("{{\"log\":{{\"version\":\"1.2\",\"creator\":{creator},\"pages\":[],\"entries\":[").into_bytes()
}

/// What stands behind them.
pub(super) const END: &[u8] = b"\n]}}\n";

/// The end of an entry whose connection's end was not told.
pub(super) const UNFINISHED: &[u8] = br#"],"time":0,"timings":{"send":0,"wait":0,"receive":0}}"#;

/// Everything that is known when the connection opens, up to the messages.
pub(super) fn head(conn: &Connection, reveal: bool, out: &mut Buffer) {
    let shake = conn.handshake.as_deref();
    let request = shake.and_then(|shake| shake.request.as_ref());
    let response = shake.and_then(|shake| shake.response.as_ref());
    let started = request.map_or(conn.opened.time, |request| request.first.time);
    let url =
        shake.and_then(|shake| url_of(shake, reveal)).unwrap_or_else(|| format!("ws://{}/", conn.server));
    let mut entry = json!({
        "startedDateTime": started.to_string(),
        "request": request_of(request, &url),
        "response": response_of(response),
        "cache": {},
        "serverIPAddress": conn.server.ip().to_string(),
        "connection": conn.client.port().to_string(),
        "_resourceType": "websocket",
    });
    if request.is_none() {
        entry["comment"] = "the capture began inside the connection".into();
    }
    let text = entry.to_string();
    out.extend_from_slice(text.strip_suffix('}').unwrap_or(&text).as_bytes());
    out.extend_from_slice(b",\"_webSocketMessages\":[");
}

/// A data message.
pub(super) fn message(message: &Message<'_>, mode: PayloadMode, out: &mut Buffer) {
    let (way, opcode) = (
        if message.dir == Dir::C2s { "send" } else { "receive" },
        if message.kind == Kind::Text { 1 } else { 2 },
    );
    let nanos = message.last.time.nanos();
    // All digits of a microsecond clock, written as integers: a float would round them.
    let (sign, micros) = (if nanos < 0 { "-" } else { "" }, nanos.unsigned_abs() / 1_000);
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    let head =
        format!("{{\"type\":\"{way}\",\"time\":{sign}{seconds}.{micros:06},\"opcode\":{opcode},\"data\":\"");
    out.extend_from_slice(head.as_bytes());
    match data(message, mode).0 {
        Body::Text(text) => escape::text(text.as_bytes(), out),
        Body::Base64(bytes) if message.kind == Kind::Text => {
            escape::text(String::from_utf8_lossy(bytes).as_bytes(), out);
        }
        Body::Base64(bytes) => line::base64(bytes, b"", out),
        Body::Nothing => {}
    }
    out.extend_from_slice(b"\"}");
}

/// What is known when the connection is over.
pub(super) fn tail(conn: &Connection, closing: &Closing, out: &mut Buffer) {
    let shake = conn.handshake.as_deref();
    let request = shake.and_then(|shake| shake.request.as_ref());
    let response = shake.and_then(|shake| shake.response.as_ref());
    let started = request.map_or(conn.opened.time, |request| request.first.time);
    let sent = request.map_or(started, |request| request.last.time).max(started);
    let answered = response.map_or(sent, |response| response.first.time).max(sent);
    let over = closing.at.time.max(answered);
    let millis = |nanos: i64| nanos as f64 / 1e6;
    let rest = json!({
        "time": millis(over.since(started)),
        "timings": {
            "blocked": -1,
            "dns": -1,
            "connect": -1,
            "send": millis(sent.since(started)),
            "wait": millis(answered.since(sent)),
            "receive": millis(over.since(answered)),
            "ssl": -1,
        },
    });
    let text = rest.to_string();
    out.extend_from_slice(b"],");
    out.extend_from_slice(text.strip_prefix('{').unwrap_or(&text).as_bytes());
}

fn request_of(request: Option<&Request>, url: &str) -> Value {
    let headers = request.map(Request::headers).unwrap_or_default();
    json!({
        "method": request.map_or("GET".into(), |request| words(request.method())),
        "url": url,
        "httpVersion": version(request.map(Request::version)),
        "headers": fields(headers),
        "queryString": query(url),
        "cookies": cookies(headers, "cookie"),
        "headersSize": -1,
        "bodySize": 0,
    })
}

fn response_of(response: Option<&Response>) -> Value {
    let headers = response.map(Response::headers).unwrap_or_default();
    let location = headers.named("location").next();
    json!({
        // 0 is what Chrome writes where there was no response.
        "status": response.map_or(0, |response| response.status),
        "statusText": response.map_or("".into(), |response| words(response.reason())),
        "httpVersion": version(response.map(Response::version)),
        "headers": fields(headers),
        "cookies": cookies(headers, "set-cookie"),
        "content": {"size": 0, "mimeType": "x-unknown"},
        "redirectURL": location.map_or("".into(), |header| words(header.value)),
        "headersSize": -1,
        "bodySize": -1,
    })
}

fn version(version: Option<&[u8]>) -> String {
    version.map_or_else(|| "HTTP/1.1".to_owned(), |version| format!("HTTP/{}", words(version)))
}

fn fields(headers: Headers<'_>) -> Vec<Value> {
    headers.iter().map(|header| pair(&words(header.name), &words(header.value))).collect()
}

fn pair(name: &str, value: &str) -> Value {
    json!({"name": name, "value": value})
}

/// The names and values in a URL's query, as they are written there.
fn query(url: &str) -> Vec<Value> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('#').next().unwrap_or_default().split('&').filter(|part| !part.is_empty());
    pairs
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| pair(name, value))
        .collect()
}

/// The cookies of the fields called `name`; of a `Set-Cookie` the attributes are left out.
fn cookies(headers: Headers<'_>, name: &str) -> Vec<Value> {
    let count = if name == "cookie" { usize::MAX } else { 1 };
    let mut found = Vec::new();
    for header in headers.named(name) {
        let value = words(header.value);
        let parts = value.split(';').take(count).map(str::trim).filter(|part| !part.is_empty());
        found.extend(
            parts
                .map(|part| part.split_once('=').unwrap_or(("", part)))
                .map(|(name, value)| pair(name, value)),
        );
    }
    found
}
