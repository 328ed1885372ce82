//! What was said, to compare with what a program makes of the capture.

use serde::Serialize;

use crate::item::Dir;
use crate::ws::fact::Opcode;

/// One direction of a connection, or of all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Side {
    /// Frames by opcode.
    pub continuation: u64,
    /// Frames.
    pub text: u64,
    /// Frames.
    pub binary: u64,
    /// Frames.
    pub close: u64,
    /// Frames.
    pub ping: u64,
    /// Frames.
    pub pong: u64,
    /// Data messages.
    pub messages: u64,
    /// Those of them that are compressed.
    pub compressed: u64,
    /// Data messages that lack bytes in the capture.
    pub damaged: u64,
    /// Payload bytes of all frames, as they are on the wire.
    pub payload_bytes: u64,
    /// Bytes of all data messages, inflated.
    pub message_bytes: u64,
}

impl Side {
    /// Frames of all opcodes.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.continuation + self.text + self.binary + self.close + self.ping + self.pong
    }

    /// Counts a frame.
    pub(super) const fn frame(&mut self, opcode: Opcode, payload: usize) {
        let count = match opcode {
            Opcode::TEXT => &mut self.text,
            Opcode::BINARY => &mut self.binary,
            Opcode::CLOSE => &mut self.close,
            Opcode::PING => &mut self.ping,
            Opcode::PONG => &mut self.pong,
            _ => &mut self.continuation,
        };
        *count += 1;
        self.payload_bytes += payload as u64;
    }

    fn add(&mut self, other: &Self) {
        // Every field is named: a new one that is missing here does not compile.
        let Self {
            continuation,
            text,
            binary,
            close,
            ping,
            pong,
            messages,
            compressed,
            damaged,
            payload_bytes,
            message_bytes,
        } = other;
        self.continuation += continuation;
        self.text += text;
        self.binary += binary;
        self.close += close;
        self.ping += ping;
        self.pong += pong;
        self.messages += messages;
        self.compressed += compressed;
        self.damaged += damaged;
        self.payload_bytes += payload_bytes;
        self.message_bytes += message_bytes;
    }
}

/// A connection that has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// Address and port.
    pub client: String,
    /// Address and port.
    pub server: String,
    /// The target of the request; empty where the conversation is a script's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The status of the answer; 0 where the conversation is a script's.
    #[serde(skip_serializing_if = "is_zero")]
    pub status: u16,
    /// The subprotocol that was agreed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subprotocol: Option<&'static str>,
    /// The extension that was agreed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extensions: Option<String>,
    /// The rule that a script of this connection breaks. Its frames are not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub violates: Option<&'static str>,
    /// Who closed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<&'static str>,
    /// With which code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub close_code: Option<u16>,
    /// From client to server.
    pub c2s: Side,
    /// From server to client.
    pub s2c: Side,
}

impl Connection {
    pub(super) const fn side(&mut self, dir: Dir) -> &mut Side {
        match dir {
            Dir::C2s => &mut self.c2s,
            Dir::S2c => &mut self.s2c,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
const fn is_zero(number: &u16) -> bool {
    *number == 0
}

/// Everything in a capture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Bytes of the file.
    pub bytes: u64,
    /// Packets in it.
    pub packets: u64,
    /// Requests for a WebSocket, those of scripts not counted.
    pub connections: u64,
    /// Those that were refused.
    pub refused: u64,
    /// Connections on which a script breaks a rule.
    pub violations: u64,
    /// TCP connections that speak something else.
    pub other_connections: u64,
    /// UDP datagrams.
    pub datagrams: u64,
    /// Segments that were sent again.
    pub retransmitted: u64,
    /// Segments that later ones overtook.
    pub reordered: u64,
    /// Segments that arrived, but are not in the capture.
    pub dropped: u64,
    /// From clients to servers.
    pub c2s: Side,
    /// From servers to clients.
    pub s2c: Side,
}

impl Totals {
    /// Frames of both directions.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.c2s.frames() + self.s2c.frames()
    }

    /// Data messages of both directions.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.c2s.messages + self.s2c.messages
    }

    pub(super) fn add(&mut self, connection: &Connection) {
        if connection.violates.is_some() {
            self.violations += 1;
            return;
        }
        self.connections += 1;
        self.refused += u64::from(connection.status > 101);
        self.c2s.add(&connection.c2s);
        self.s2c.add(&connection.s2c);
    }
}
