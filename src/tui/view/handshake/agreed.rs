//! What came of a handshake.

use super::page::{Line, Source, findings, window};
use crate::event::Transport;
use crate::http::extension::DeflateKind;
use crate::http::secret;
use crate::http::upgrade::{Handshake, Response};
use crate::report::visible::shown;
use crate::report::words::count;
use crate::time::Delay;
use crate::tui::theme::Role;

pub(super) fn lines(source: &Source<'_>) -> Vec<Line> {
    let handshake = source.handshake;
    let mut lines = Vec::new();
    if let Some(response) = handshake.response.as_ref().filter(|response| response.status != 101) {
        refused(response, &mut lines);
    }
    let reveal = source.model.settings.reveal;
    if let Some(url) = handshake.url(false) {
        lines.push(Line::new("URL", if reveal { url } else { secret::redacted_text(&url) }));
    }
    if handshake.upgraded() {
        subprotocol(handshake, reveal, &mut lines);
        compression(handshake, &mut lines);
    }
    transport(source, &mut lines);
    times(source, &mut lines);
    if handshake.early_bytes > 0 {
        let bytes = count(handshake.early_bytes, "byte");
        lines.push(Line::new("Early", format!("the client sent {bytes} before the response was there")));
    }
    attempts(source, &mut lines);
    let found = findings(source.model, source.conn).count() as u64;
    if found == 0 && handshake.request.is_some() && handshake.response.is_some() {
        let missing = handshake.request.as_ref().map_or(0, |request| request.missing)
            + handshake.response.as_ref().map_or(0, |response| response.missing);
        let words = if missing > 0 { "no findings in what the capture holds" } else { "no findings" };
        lines.push(Line { role: Some(Role::Good), ..Line::new("Checks", words) });
    } else if found > 0 {
        lines.push(Line { role: Some(Role::Warning), ..Line::new("Checks", count(found, "finding")) });
    }
    lines
}

fn refused(response: &Response, lines: &mut Vec<Line>) {
    let status = response.status;
    let what = match status {
        300..=399 => "redirected: a WebSocket client need not follow (RFC 6455 4.1)",
        401 | 407 => "refused: the server wants credentials",
        403 => "refused: forbidden, often for the Origin",
        404 | 410 => "refused: there is no such endpoint",
        426 => "refused: the server wants another version or protocol",
        400..=499 => "refused: the server faults the request",
        500..=599 => "refused: the server failed, or is too busy",
        _ => "no upgrade",
    };
    let text = format!("{status}, {what}");
    lines.push(Line { role: Some(Role::Error), ..Line::new("Outcome", text) });
    for (name, label) in [
        ("location", "Leads to"),
        ("sec-websocket-version", "Wants version"),
        ("www-authenticate", "Wants"),
        ("retry-after", "Retry after"),
    ] {
        lines.extend(response.header(name).map(|value| Line::new(label, shown(&secret::redacted(value)))));
    }
}

fn subprotocol(handshake: &Handshake, reveal: bool, lines: &mut Vec<Line>) {
    let masked = |name: &str| {
        let masked = secret::field(b"Sec-WebSocket-Protocol", name.as_bytes()).filter(|_| !reveal);
        masked.map_or_else(|| shown(name.as_bytes()), |_| secret::STARS.to_owned())
    };
    let offered: Vec<String> = handshake.offered_subprotocols().iter().map(|name| masked(name)).collect();
    let chosen = handshake.subprotocol();
    let offer = match (offered.is_empty(), &handshake.request) {
        (_, None) => String::new(),
        (true, _) => "  (none was offered)".to_owned(),
        (false, _) => format!("  (offered: {})", offered.join(", ")),
    };
    let text = chosen.as_deref().map_or_else(|| "none".to_owned(), masked);
    let dim = if chosen.is_none() { Some(Role::Dim) } else { None };
    lines.push(Line { role: dim, ..Line::new("Subprotocol", format!("{text}{offer}")) });
}

fn compression(handshake: &Handshake, lines: &mut Vec<Line>) {
    let offered: Vec<String> = handshake
        .request
        .as_ref()
        .map(|request| request.extensions().list.iter().map(ToString::to_string).collect())
        .unwrap_or_default();
    let offer =
        if offered.is_empty() { String::new() } else { format!("  (offered: {})", offered.join(", ")) };
    let Some(deflate) = handshake.deflate() else {
        let words =
            if handshake.deflate_unknown() { "not known: a part of the head is missing" } else { "none" };
        lines.push(Line { role: Some(Role::Dim), ..Line::new("Compression", format!("{words}{offer}")) });
        return others(handshake, lines);
    };
    let name = match deflate.kind {
        DeflateKind::PermessageDeflate => "permessage-deflate",
        DeflateKind::WebkitDeflateFrame => "x-webkit-deflate-frame, the forerunner of permessage-deflate",
    };
    lines.push(Line::new("Compression", format!("{name}{offer}")));
    for (label, bits, alone) in [
        ("  client sends", deflate.client_max_window_bits, deflate.client_no_context_takeover),
        ("  server sends", deflate.server_max_window_bits, deflate.server_no_context_takeover),
    ] {
        let context = if alone { "each message by itself" } else { "context kept between messages" };
        lines.push(Line::new(label, format!("{}, {context}", window(bits))));
    }
    others(handshake, lines);
}

/// Extensions that are no compression.
fn others(handshake: &Handshake, lines: &mut Vec<Line>) {
    let accepted = handshake.response.as_ref().map(|response| response.extensions().list).unwrap_or_default();
    for extension in accepted.iter().filter(|extension| extension.deflate_kind().is_none()) {
        lines.push(Line::new("Extension", shown(extension.to_string().as_bytes())));
    }
}

fn transport(source: &Source<'_>, lines: &mut Vec<Line>) {
    let conn = source.conn;
    let how = match conn.transport {
        Transport::Http1 => "upgrade of HTTP/1.1, no TLS",
        Transport::None => "the capture began inside the connection",
    };
    lines.push(Line::new("Transport", format!("TCP {} → {}, {how}", conn.client, conn.server)));
    let Some(request) = &source.handshake.request else { return };
    for name in ["via", "forwarded", "x-forwarded-for"] {
        lines.extend(
            request.header(name).map(|value| Line::new("Through", format!("{name}: {}", shown(value)))),
        );
    }
}

fn times(source: &Source<'_>, lines: &mut Vec<Line>) {
    let time = source.model.settings.time;
    let (origin, opened) = (source.model.origin(), source.conn.opened);
    let at = |time_of: crate::time::Timestamp, before| time.write(time_of, origin, before);
    let mut text = format!("first packet {} ({})", opened.packet, at(opened.time, None));
    let mut before = opened;
    let heads = [
        ("request", source.handshake.request.as_ref().map(|request| request.last)),
        ("response", source.handshake.response.as_ref().map(|response| response.last)),
    ];
    for (name, head) in heads {
        if let Some(head) = head {
            let delay = Delay(head.time.since(before.time));
            text.push_str(&format!(", {name} {} (+{delay})", head.packet));
            before = head;
        }
    }
    lines.push(Line::new("Packets", text.replace("()", "").trim_end().to_owned()));
}

/// Other upgrades on the same TCP connection.
fn attempts(source: &Source<'_>, lines: &mut Vec<Line>) {
    const NEAR: u32 = 16;
    let conn = source.conn;
    let near = conn.number.saturating_sub(NEAR)..=conn.number.saturating_add(NEAR);
    for other in near.filter_map(|number| source.model.store.conn(number)) {
        if other.id.packet == conn.id.packet && other.id.attempt != conn.id.attempt {
            let status = other.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            let when = if other.id.attempt > conn.id.attempt { "Tried again" } else { "Tried before" };
            lines.push(Line::new(when, format!("on the same TCP connection: {} ({status})", other.number)));
        }
    }
}
