//! What is taken along of a message or a connection: its payload, its JSON, its id, filters that select it.

use super::action::Action;
use super::model::{Loaded, Model};
use super::reopen::MessageDetail;
use super::store::{Conn, Row};
use super::view::ViewId;
use crate::http::secret;
use crate::report::PayloadMode;
use crate::report::convert::hex;
use crate::report::record::{Message, Record};
use crate::ws::fact::Kind;

/// Does a copying action for what is under the cursor. Returns whether it is one.
pub fn run(model: &mut Model, action: Action) -> bool {
    match action {
        Action::CopyPayload => with_detail(model, payload),
        Action::CopyHex => with_detail(model, |row, detail| {
            Ok((format!("payload of {} in hex", row.id()), hex(whole(detail)?)))
        }),
        Action::CopyJson => with_detail(model, json),
        Action::CopyPath => model.say("there is no decoded value under the cursor"),
        Action::CopyId => match subject(model) {
            Some(Subject::Message(row)) => model.copy(format!("id {}", row.id()), row.id().to_string()),
            Some(Subject::Conn(conn)) => model.copy(format!("id {conn}"), conn.to_string()),
            None => nothing(model),
        },
        Action::CopyFilter => match subject(model) {
            Some(Subject::Message(row)) => {
                let filter = format!("conn == {} && msg == {}", row.conn, row.n);
                model.copy(format!("filter for {}", row.id()), filter);
            }
            Some(Subject::Conn(conn)) => model.copy(format!("filter for {conn}"), format!("conn == {conn}")),
            None => nothing(model),
        },
        Action::CopyWireshark => match subject(model) {
            Some(Subject::Message(row)) => {
                let filter = frames(row.first_packet, row.last.packet);
                model.copy(format!("Wireshark filter for {}", row.id()), filter);
            }
            Some(Subject::Conn(conn)) => {
                let filter = model.store.conn(conn).map(endpoints).unwrap_or_default();
                model.copy(format!("Wireshark filter for {conn}"), filter);
            }
            None => nothing(model),
        },
        Action::CopyCommand => command(model),
        _ => return false,
    }
    if std::mem::take(&mut model.waiting) {
        model.later = Some(action);
    }
    true
}

/// What is under the cursor.
enum Subject {
    Message(Row),
    Conn(u32),
}

/// In views of messages the message, else the connection.
fn subject(model: &Model) -> Option<Subject> {
    if matches!(model.view, ViewId::Messages | ViewId::Inspect)
        && let Some((row, _)) = model.current_message()
    {
        return Some(Subject::Message(*row));
    }
    model.conn.map(Subject::Conn)
}

fn nothing(model: &mut Model) {
    model.say("there is nothing under the cursor");
}

/// Copies something of the message under the cursor, or says why not.
fn with_detail(
    model: &mut Model,
    make: impl FnOnce(&Row, &MessageDetail) -> Result<(String, String), String>,
) {
    let Some((row, _)) = model.current_message() else { return nothing(model) };
    let row = *row;
    let made = match model.current_detail() {
        Loaded::Loading => {
            model.waiting = true;
            return model.say(format!("reading the packets of {} …", row.id()));
        }
        Loaded::Gone => Err(format!("the packets of {} are not there any more", row.id())),
        Loaded::Failed(error) => Err(error.to_string()),
        Loaded::Ready(detail) => make(&row, detail),
    };
    match made {
        Ok((what, text)) => model.copy(what, text),
        Err(why) => model.fail(why),
    }
}

/// The payload, as far as it is there.
fn whole(detail: &MessageDetail) -> Result<&[u8], String> {
    match (detail.message().payload, detail.message().fault) {
        ([], Some(fault)) => Err(format!("there is no payload: {}", crate::report::words::fault(fault))),
        (payload, _) => Ok(payload),
    }
}

/// Text as it is, other bytes in hex.
fn payload(row: &Row, detail: &MessageDetail) -> Result<(String, String), String> {
    let message = detail.message();
    let bytes = match row.kind {
        Kind::Close => message.close_reason(),
        _ => whole(detail)?,
    };
    let part = if message.complete() && !message.cut() { "" } else { "what is there of the " };
    Ok(match std::str::from_utf8(bytes) {
        Ok(text) if row.kind == Kind::Close => (format!("reason of {}", row.id()), text.to_owned()),
        Ok(text)
            if row.kind != Kind::Binary
                || !text.contains(|c: char| c.is_control() && !c.is_ascii_whitespace()) =>
        {
            (format!("{part}payload of {}", row.id()), text.to_owned())
        }
        _ => (format!("{part}payload of {} in hex: it is no text", row.id()), hex(bytes)),
    })
}

/// The line of the export.
fn json(row: &Row, detail: &MessageDetail) -> Result<(String, String), String> {
    let message = detail.message();
    let record = Record::Message(Message::new(row.conn, &message, PayloadMode::Full, true));
    let text = serde_json::to_string(&record).map_err(|error| error.to_string())?;
    Ok((format!("{} as JSON", row.id()), text))
}

/// Packets by their numbers.
fn frames(one: u64, other: u64) -> String {
    // What came out of order may have its beginning in a later packet than its end.
    let (first, last) = (one.min(other), one.max(other));
    if first == last {
        format!("frame.number == {first}")
    } else {
        format!("frame.number >= {first} && frame.number <= {last}")
    }
}

/// The connection by its ends: Wireshark's own number of it is not known.
fn endpoints(conn: &Conn) -> String {
    let version = |ip: std::net::IpAddr| if ip.is_ipv4() { "ip" } else { "ipv6" };
    let (client, server) = (conn.client, conn.server);
    format!(
        "{}.addr == {} && {}.addr == {} && tcp.port == {} && tcp.port == {}",
        version(client.ip()),
        client.ip(),
        version(server.ip()),
        server.ip(),
        client.port(),
        server.port()
    )
}

/// A command line that connects as the client did.
fn command(model: &mut Model) {
    let Some(number) = model.conn else { return nothing(model) };
    let reveal = model.settings.reveal;
    let Some(conn) = model.store.conn(number) else { return nothing(model) };
    let server = conn.server;
    let handshake = match model.handshake(number) {
        Loaded::Loading => {
            model.waiting = true;
            return model.say(format!("reading the handshake of {number} …"));
        }
        Loaded::Failed(error) => {
            let error = error.to_string();
            return model.fail(error);
        }
        Loaded::Gone => None,
        Loaded::Ready(handshake) => handshake.request.as_ref().map(|request| (handshake.url(false), request)),
    };
    let Some((url, request)) = handshake else {
        return model.fail(format!("no request of connection {number} was captured"));
    };
    let url = url.unwrap_or_else(|| format!("ws://{server}{}", String::from_utf8_lossy(request.target())));
    let mut masked = false;
    let shown = if reveal { url.clone() } else { secret::redacted_text(&url) };
    masked |= shown != url;
    let mut parts = vec!["websocat".to_owned()];
    for header in request.headers().iter() {
        let name = String::from_utf8_lossy(header.name);
        let lower = name.to_ascii_lowercase();
        // What belongs to the handshake itself is made anew.
        let own =
            ["host", "upgrade", "connection", "content-length", "sec-websocket-key", "sec-websocket-version"];
        if own.contains(&&*lower) || lower == "sec-websocket-extensions" {
            continue;
        }
        let hidden = secret::field(header.name, header.value).filter(|_| !reveal);
        masked |= hidden.is_some();
        let value = match hidden {
            Some(_) if lower != "sec-websocket-protocol" => secret::STARS.to_owned(),
            Some(hidden) => hidden,
            None => String::from_utf8_lossy(header.value).into_owned(),
        };
        parts.push(match &*lower {
            "sec-websocket-protocol" => format!("--protocol {}", quote(&value)),
            "origin" => format!("--origin {}", quote(&value)),
            _ => format!("-H {}", quote(&format!("{name}: {value}"))),
        });
    }
    parts.push(quote(&shown));
    let what = if masked { "command line; secrets are masked, V shows them" } else { "command line" };
    model.copy(what, parts.join(" "));
}

/// An argument for a POSIX shell. Controls are left out: they could run what follows when it is pasted.
fn quote(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_quoted() {
        for (text, quoted) in [
            ("ws://a/b", "ws://a/b"),
            ("ws://a/b?c=d", "'ws://a/b?c=d'"),
            ("it's", r"'it'\''s'"),
            ("a\n;rm\x1b[2J", "'a;rm[2J'"),
            ("", "''"),
        ] {
            assert_eq!(quote(text), quoted);
        }
    }

    #[test]
    fn packets_are_named() {
        assert_eq!(frames(7, 7), "frame.number == 7");
        assert_eq!(frames(9, 7), frames(7, 9));
        assert_eq!(frames(7, 9), "frame.number >= 7 && frame.number <= 9");
    }
}
