//! Framings that applications put around JSON, and what messages of known kinds say.

use super::tree::{Kind, Span, Tree, unquoted};
use super::{Decoded, Format, json, plain};

/// A framing that the text certainly has.
pub(super) fn of(text: &str) -> Option<Decoded> {
    socket_io(text).or_else(|| stomp(text)).or_else(|| records(text))
}

fn decoded(text: &str, tree: Tree, name: &'static str, summary: Option<String>) -> Decoded {
    let whole = plain(text.as_bytes(), Format::Json);
    Decoded { name, summary, tree: Some(tree), ..whole }
}

const ENGINE: [&str; 7] = ["open", "close", "ping", "pong", "message", "upgrade", "noop"];
const SOCKET: [&str; 7] =
    ["connect", "disconnect", "event", "ack", "connect error", "binary event", "binary ack"];

/// Engine.IO (`0{…}`) and Socket.IO (`42/chat,7["event",…]`), where JSON follows.
fn socket_io(text: &str) -> Option<Decoded> {
    let engine = usize::from(text.bytes().next()?.checked_sub(b'0')?);
    let packet = ENGINE.get(engine)?;
    if engine == 0 {
        let tree = whole(text, 1, |first| first == b'{')?;
        return Some(decoded(text, tree, "Engine.IO", Some((*packet).to_owned())));
    }
    if engine != 4 {
        return None;
    }
    let kind = usize::from(text.as_bytes().get(1)?.checked_sub(b'0')?);
    let mut summary = (*SOCKET.get(kind)?).to_owned();
    let mut rest = text.get(2..)?;
    let digits = |rest: &str| rest.bytes().take_while(u8::is_ascii_digit).count();
    if kind >= 5 {
        rest = rest.get(digits(rest)..)?.strip_prefix('-')?;
    }
    let mut namespace = "";
    if rest.starts_with('/') {
        (namespace, rest) = rest.split_once(',')?;
    }
    let (ack, rest) = rest.split_at(digits(rest));
    let tree = whole(text, text.len() - rest.len(), |first| matches!(first, b'{' | b'['))?;
    let event = tree.get(1).filter(|node| node.kind == Kind::String && matches!(kind, 2 | 5));
    if let Some(event) = event {
        summary.push(' ');
        summary.push_str(&String::from_utf8_lossy(unquoted(event.value.of(text.as_bytes()))));
    }
    if !namespace.is_empty() {
        summary.push_str(" in ");
        summary.push_str(namespace);
    }
    if !ack.is_empty() {
        summary.push_str(if matches!(kind, 3 | 6) { ", answers " } else { ", wants answer " });
        summary.push_str(ack);
    }
    Some(decoded(text, tree, "Socket.IO", Some(summary)))
}

/// One value that ends with the text.
fn whole(text: &str, from: usize, begins: impl Fn(u8) -> bool) -> Option<Tree> {
    let first = text.as_bytes().get(json::skip(text.as_bytes(), from))?;
    let (tree, fault) = begins(*first).then(|| json::document(text.as_bytes(), from))?;
    fault.is_none_or(json::Fault::too_many).then_some(tree)
}

const STOMP: [&str; 15] = [
    "STOMP",
    "CONNECT",
    "CONNECTED",
    "SEND",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "ACK",
    "NACK",
    "BEGIN",
    "COMMIT",
    "ABORT",
    "DISCONNECT",
    "MESSAGE",
    "RECEIPT",
    "ERROR",
];

/// A STOMP frame: a command, headers, an empty line, a body that ends with NUL.
fn stomp(text: &str) -> Option<Decoded> {
    let frame = text.trim_end_matches(['\n', '\r']).strip_suffix('\0')?;
    let bytes = frame.as_bytes();
    let mut tree = Tree::default();
    tree.push(Kind::Object, Span::default(), Span::new(0, 0));
    let (mut at, mut command, mut destination) = (0, "", None);
    loop {
        let (line, _) = frame.get(at..)?.split_once('\n')?;
        let (start, next) = (at, at + line.len() + 1);
        let line = line.strip_suffix('\r').unwrap_or(line);
        at = next;
        if command.is_empty() {
            command = STOMP.iter().find(|known| **known == line)?;
            tree.push(Kind::Text, Span::default(), Span::new(start, start + line.len()));
            continue;
        }
        if line.is_empty() {
            break;
        }
        let (key, value) = line.split_once(':')?;
        if key == "destination" {
            destination = Some(value);
        }
        let value = Span::new(start + key.len() + 1, start + line.len());
        tree.push(Kind::Text, Span::new(start, start + key.len()), value);
    }
    if at < bytes.len() {
        let (body, fault) = json::document(bytes, at);
        if fault.is_none() && body.get(0).is_some_and(|root| root.kind.holds()) {
            json::value(bytes, at, Span::default(), &mut tree).ok()?;
        } else {
            tree.push(Kind::Text, Span::default(), Span::new(at, bytes.len()));
        }
    }
    tree.close_all(bytes.len());
    let summary = destination.map_or(command.to_owned(), |destination| format!("{command} {destination}"));
    Some(decoded(text, tree, "STOMP", Some(summary)))
}

/// JSON records that each end with a record separator (SignalR).
fn records(text: &str) -> Option<Decoded> {
    let bytes = text.as_bytes();
    let body = text.strip_suffix('\x1e')?;
    let mut tree = Tree::default();
    tree.push(Kind::Array, Span::default(), Span::new(0, 0));
    let mut at = 0;
    for record in body.split('\x1e') {
        let end = json::value(bytes, at, Span::default(), &mut tree).ok()?;
        if json::skip(bytes, end) != at + record.len() {
            return None;
        }
        at += record.len() + 1;
    }
    tree.close_all(bytes.len());
    let count = tree.get(0)?.len;
    // One record is shown as itself.
    let target = tree.child(1, "target", bytes).and_then(|place| tree.get(place));
    let target = target.map(|node| String::from_utf8_lossy(unquoted(node.value.of(bytes))).into_owned());
    let summary = match (count, target) {
        (1, Some(target)) => target,
        (1, None) => "1 record".to_owned(),
        _ => format!("{count} records"),
    };
    Some(decoded(text, tree, "JSON records (SignalR)", Some(summary)))
}

/// What messages of `graphql-transport-ws` and `graphql-ws` have as their type.
const GRAPHQL: [&str; 14] = [
    "connection_init",
    "connection_ack",
    "ping",
    "pong",
    "subscribe",
    "next",
    "error",
    "complete",
    "start",
    "data",
    "stop",
    "connection_error",
    "connection_terminate",
    "ka",
];

/// What a JSON message says, where it is one of a known kind: the kind, and the message.
pub(super) fn summary(tree: &Tree, text: &[u8]) -> Option<(&'static str, String)> {
    let value = |key| {
        let node = tree.get(tree.child(0, key, text)?)?;
        Some(String::from_utf8_lossy(unquoted(node.value.of(text))).chars().take(60).collect::<String>())
    };
    let id = || value("id").filter(|id| id != "null").map(|id| format!(" {id}")).unwrap_or_default();
    if value("jsonrpc").is_some_and(|version| version == "2.0") {
        let said = match (value("method"), tree.child(0, "error", text)) {
            (Some(method), _) if tree.child(0, "id", text).is_some() => format!("request{}: {method}", id()),
            (Some(method), _) => format!("notification: {method}"),
            (None, Some(_)) => format!("error{}", id()),
            (None, None) => format!("response{}", id()),
        };
        return Some(("JSON-RPC", said));
    }
    graphql(tree, text).map(|said| ("GraphQL over WebSocket", said))
}

/// A type alone says little: an id and a payload must be there too.
fn graphql(tree: &Tree, text: &[u8]) -> Option<String> {
    let node = tree.get(tree.child(0, "type", text)?)?;
    let kind = unquoted(node.value.of(text));
    let known = GRAPHQL.iter().find(|known| known.as_bytes() == kind)?;
    let shaped = known.starts_with("connection_")
        || tree.child(0, "id", text).is_some()
            && (tree.child(0, "payload", text).is_some() || *known == "complete");
    let id = tree.child(0, "id", text).and_then(|place| tree.get(place));
    let id = id.map(|node| format!(" {}", String::from_utf8_lossy(unquoted(node.value.of(text)))));
    shaped.then(|| format!("{known}{}", id.unwrap_or_default()))
}

/// The code and the reason of a Close (RFC 6455 section 5.5.1).
pub(super) fn close(payload: &[u8]) -> Decoded {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        let mut decoded = plain(payload, Format::Hex);
        if payload.is_empty() {
            decoded.name = "Close";
            decoded.summary = Some("no code, no reason".to_owned());
        } else {
            decoded.notes.push("a code has two bytes".to_owned());
        }
        return decoded;
    };
    let code = u16::from_be_bytes(*code);
    let mut text = format!("code: {code}").into_bytes();
    let mut tree = Tree::default();
    tree.push(Kind::Object, Span::default(), Span::new(0, 0));
    tree.push(Kind::Number, Span::new(0, 4), Span::new(6, text.len()));
    if !reason.is_empty() {
        let start = text.len();
        text.extend_from_slice(b"reason: ");
        let from = text.len();
        text.extend_from_slice(reason);
        tree.push(Kind::Text, Span::new(start, start + 6), Span::new(from, text.len()));
    }
    tree.close_all(text.len());
    let summary = code.to_string();
    let whole = plain(&text, Format::Text);
    Decoded { name: "Close", summary: Some(summary), tree: Some(tree), exact: false, ..whole }
}
