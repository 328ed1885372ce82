//! Messages that only say that somebody is still there.

use crate::ws::fact::Kind;

/// What known protocols send as heartbeats, in text messages.
const TEXTS: [&str; 12] = [
    // Socket.IO's transport, both sides.
    "2",
    "3",
    "ping",
    "pong",
    "PING",
    "PONG",
    // STOMP.
    "\n",
    "\r\n",
    // SignalR.
    "{\"type\":6}\u{1e}",
    // SockJS.
    "h",
    "{}",
    "[]",
];

/// JSON objects begin so, without the spaces: ping and pong of GraphQL over WebSocket, Action Cable, and many
/// feeds; the connection's own keep-alive of Phoenix.
const OBJECTS: [&str; 8] = [
    "{\"type\":\"ping\"",
    "{\"type\":\"pong\"",
    "{\"type\":\"ka\"",
    "{\"type\":\"heartbeat\"",
    "{\"op\":\"ping\"",
    "{\"op\":\"pong\"",
    "{\"event\":\"ping\"",
    "{\"event\":\"pong\"",
];

/// Longer messages say more than that.
pub(super) const LONGEST: usize = 64;

/// The message is a heartbeat: a Ping, a Pong, or what known protocols send in their place. `payload` may be cut
/// after its first 64 bytes.
#[must_use]
pub fn heartbeat(kind: Kind, payload: &[u8]) -> bool {
    match kind {
        Kind::Ping | Kind::Pong => true,
        Kind::Binary | Kind::Close => false,
        Kind::Text if payload.len() >= LONGEST => false,
        Kind::Text => {
            let Ok(text) = std::str::from_utf8(payload) else { return false };
            // Of previews, controls are pictures.
            let chars = || {
                text.chars().map(|c| match c {
                    '␊' => '\n',
                    '␍' => '\r',
                    '␞' => '\u{1e}',
                    other => other,
                })
            };
            let dense = || chars().filter(|c| !c.is_whitespace());
            TEXTS.iter().any(|text| chars().eq(text.chars()))
                || OBJECTS.iter().any(|object| dense().take(object.len()).eq(object.chars()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heartbeats_are_told() {
        for (kind, payload, expected) in [
            (Kind::Ping, "", true),
            (Kind::Pong, "anything", true),
            (Kind::Close, "", false),
            (Kind::Text, "2", true),
            (Kind::Text, "2probe", false),
            (Kind::Text, "␊", true),
            (Kind::Text, "{ \"type\": \"ping\" }", true),
            (Kind::Text, "{\"type\":\"pinged\"}", false),
            (Kind::Text, "{\"type\":6}␞", true),
            (Kind::Binary, "ping", false),
        ] {
            assert_eq!(heartbeat(kind, payload.as_bytes()), expected, "{kind:?} {payload}");
        }
    }
}
