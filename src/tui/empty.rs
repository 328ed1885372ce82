//! What stands where there is nothing to show: why, and what to do about it.

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::model::Model;
use super::store::State;
use super::theme::Role;
use crate::event::Summary;
use crate::report::words::{count, nothing_found, size};

/// Says why there is no connection.
pub(super) fn draw(model: &Model, area: Rect, canvas: &mut Canvas<'_>) {
    let mut lines: Vec<(String, Role)> = Vec::new();
    match model.store.state() {
        State::Reading if model.store.gone().conns > 0 => {
            let gone = count(model.store.gone().conns, "connection");
            lines.push((format!("No connection is open; {gone} had to make room."), Role::Heading));
        }
        State::Reading if !model.welcome.is_empty() => {
            let roles = [Role::Heading].into_iter().chain(std::iter::repeat(Role::Text));
            lines.extend(model.welcome.iter().cloned().zip(roles));
        }
        State::Reading => {
            let read = model
                .progress
                .filter(|progress| progress.read > 0)
                .map(|progress| format!(" {} so far;", size(progress.read)));
            let what = if model.live.is_some() { "Listening" } else { "Reading" };
            lines.push((format!("{what}:{} no WebSocket yet.", read.unwrap_or_default()), Role::Heading));
            if model.live.is_some() {
                let text = "A connection is recognised by its handshake. One that was open before is recognised where what it says \
                            leaves no doubt; `--decode-as PORT` takes a port for WebSocket.";
                lines.push((text.to_owned(), Role::Text));
            }
        }
        State::Failed(error) => {
            lines.push(("Reading broke off, and nothing was found before:".to_owned(), Role::Heading));
            lines.push((error.clone(), Role::Error));
        }
        State::Done(summary) => {
            let what = nothing_found(summary);
            let mut sentence = what.clone();
            if let Some(first) = what.chars().next() {
                sentence.replace_range(..first.len_utf8(), &first.to_uppercase().to_string());
            }
            lines.push((format!("{sentence}."), Role::Heading));
            lines.extend(advice(summary).into_iter().map(|text| (text, Role::Text)));
            lines.extend(summary.damage.iter().map(|text| (text.clone(), Role::Warning)));
        }
    }
    let width = area.width.saturating_sub(4).min(100);
    let mut y = area.y + 1 + area.height / 5;
    let x = area.x + (area.width - width) / 2;
    for (text, role) in lines {
        for line in textwrap::wrap(&text, usize::from(width.max(1))) {
            if y < area.bottom() {
                canvas.put(x, y, width, &line, role);
            }
            y += 1;
        }
        y += 1;
    }
}

/// What may have kept WebSockets from being seen.
fn advice(summary: &Summary) -> Vec<String> {
    let carried = &summary.carried;
    let mut advice = Vec::new();
    if summary.packets == 0 {
        advice.push("The capture ended before the first packet, or its filter let none through.".to_owned());
    }
    if carried.tls > 0 {
        advice.push(
            "TLS hides what is in it. Capture between the proxy that ends TLS and the program behind it, where it is \
             plain."
                .to_owned(),
        );
    }
    if carried.other > 0 {
        advice.push(
            "If a connection was open before the capture and says little, it may not be recognised: \
             `--decode-as PORT` says that a port speaks WebSocket."
                .to_owned(),
        );
    }
    if carried.http1 > 0 {
        advice.push(
            "There is HTTP, but no request in it asks for an upgrade to WebSocket: `wscope ls` counts what was seen."
                .to_owned(),
        );
    }
    if summary.skipped_packets > 0 {
        advice.push(format!("{} packets could not be decoded.", summary.skipped_packets));
    }
    for (link, packets) in &summary.unknown_links {
        advice.push(format!("{packets} packets are of link type {link}, which is not decoded."));
    }
    advice
}
