//! A TCP connection with what is said on it.

use super::noise::Other;
use super::rng::Rng;
use super::talk::Talk;
use super::truth::{Connection, Totals};
use super::turn::Turn;
use super::wire::{Network, Wire};
use crate::capture::synth::{self, Ends, Host};

/// Who speaks.
#[derive(Debug)]
pub(super) enum Voice {
    Web(Box<Talk>),
    Other(Other),
}

/// A connection, packet by packet.
#[derive(Debug)]
pub(super) struct Link {
    voice: Voice,
    ends: Ends,
    wire: Wire,
    turn: Turn,
    stage: Stage,
    /// The segment that is next.
    at: usize,
    /// What [`Self::promise`] told last.
    promised: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    Open,
    Closed,
}

impl Link {
    /// A connection that begins at `start`, in nanoseconds since the capture began; `open` = TCP's handshake
    /// was before it.
    pub(super) fn new(voice: Voice, ends: Ends, rng: Rng, start: i64, near: bool, open: bool) -> Self {
        Self {
            voice,
            ends,
            wire: Wire::new(rng, start, near),
            turn: Turn::default(),
            stage: if open { Stage::Open } else { Stage::New },
            at: 0,
            promised: 0,
        }
    }

    /// When the next packet is sent; `None` where the connection has ended.
    pub(super) fn next(&mut self, closing: bool, network: &Network, totals: &mut Totals) -> Option<i64> {
        loop {
            if let Some(segment) = self.wire.segments.get(self.at) {
                return Some(segment.time);
            }
            self.at = 0;
            match self.stage {
                Stage::New => {
                    self.wire.open();
                    self.stage = Stage::Open;
                }
                Stage::Open => {
                    let mut uncounted = Connection::default();
                    let (said, truth) = match &mut self.voice {
                        Voice::Web(talk) => (talk.say(&mut self.turn, closing), &mut talk.truth),
                        Voice::Other(other) => (other.say(&mut self.turn, closing), &mut uncounted),
                    };
                    if said {
                        self.wire.send(&self.turn, network, truth, totals);
                    } else {
                        self.wire.close();
                        self.stage = Stage::Closed;
                    }
                }
                Stage::Closed => return None,
            }
        }
    }

    /// Appends the packet whose time [`Self::next`] told. `false` where it is too long.
    pub(super) fn packet(&mut self, clock: i64, out: &mut Vec<u8>) -> bool {
        let Some(segment) = self.wire.segments.get(self.at) else { return false };
        self.at += 1;
        let payload = self.turn.bytes.get(segment.start..segment.end).unwrap_or_default();
        synth::tcp(out, &self.ends, segment.from, segment.tcp(clock), payload)
    }

    /// How many bytes have begun to be sent and are not in the capture yet: now, less what it was before.
    pub(super) fn promise(&mut self) -> i64 {
        let rest = match &self.voice {
            Voice::Web(talk) => talk.promised(),
            Voice::Other(_) => 0,
        };
        let left = self.wire.segments.get(self.at..).unwrap_or_default();
        let here = self.turn.bytes.len() * left.len() / self.wire.segments.len().max(1);
        let promised = rest + here as u64;
        promised as i64 - std::mem::replace(&mut self.promised, promised) as i64
    }

    /// What was said on it; `None` where it is no WebSocket.
    pub(super) fn truth(&mut self) -> Option<Connection> {
        let Voice::Web(talk) = &mut self.voice else { return None };
        let said = std::mem::take(&mut talk.truth);
        let Connection { client, server, .. } = named(&self.ends);
        Some(Connection { client, server, ..said })
    }
}

/// A connection's ends, and nothing else of it.
pub(super) fn named(ends: &Ends) -> Connection {
    let address = |host: &Host| std::net::SocketAddr::new(host.ip, host.port).to_string();
    Connection { client: address(&ends.client), server: address(&ends.server), ..Connection::default() }
}
