//! What fields need to know of what came before on a connection.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::event::{Connection, ConnectionId, Event};
use crate::item::Dir;
use crate::time::Timestamp;
use crate::ws::fact::{Kind, Message};

/// Pings of one direction that wait for their Pong; older ones are forgotten.
const PINGS: usize = 32;

/// What is known of a row from those before it, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Since the message (or frame) before.
    pub delta: Option<i64>,
    /// Of a Pong: since its Ping.
    pub rtt: Option<i64>,
    /// Of a data message that answers: since the last data message of the other side.
    pub reply: Option<i64>,
    /// The user marked it.
    pub marked: bool,
    /// The user wrote a note on it.
    pub noted: bool,
}

/// Follows the messages of one connection for the fields that need only their times: `delta` and `reply`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    message: Option<Timestamp>,
    /// The last data message: its direction and time.
    data: Option<(Dir, Timestamp)>,
}

impl Pace {
    /// Takes the next message in, by the time of its end, and gives what is known of it.
    pub fn feed(&mut self, dir: Dir, kind: Kind, time: Timestamp) -> Facts {
        let before = self.message.replace(time);
        let mut facts = Facts { delta: before.map(|before| time.since(before)), ..Facts::default() };
        if kind.is_data() {
            let before = self.data.replace((dir, time));
            let turned = before.filter(|(before, _)| *before != dir);
            facts.reply = turned.map(|(_, before)| time.since(before));
        }
        facts
    }
}

/// Follows connections for the fields `delta`, `rtt` and `reply`. It is fed with every event of a
/// connection, in order; what it holds of one is bounded, and dropped at the connection's end.
#[derive(Debug, Default)]
pub struct Context {
    conns: HashMap<ConnectionId, Running>,
}

/// One connection, followed.
#[derive(Debug, Default)]
pub struct Running {
    pace: Pace,
    frame: Option<Timestamp>,
    /// Hashes of payloads, and times, the latest last.
    pings: [VecDeque<(u64, Timestamp)>; 2],
}

impl Context {
    /// Takes an event in, and gives what is known of its row.
    pub fn feed(&mut self, conn: &Connection, event: Event<'_>) -> Facts {
        match event {
            Event::Message(message) => {
                let Message { dir, kind, payload, .. } = *message;
                self.conns.entry(conn.id).or_default().message(dir, kind, message.last.time, payload)
            }
            Event::Frame(frame) => {
                let before = self.conns.entry(conn.id).or_default().frame.replace(frame.first.time);
                Facts { delta: before.map(|before| frame.first.time.since(before)), ..Facts::default() }
            }
            Event::Closed(_) => {
                self.conns.remove(&conn.id);
                Facts::default()
            }
            Event::Opened | Event::Finding(_) | Event::Reaction(_) => Facts::default(),
        }
    }
}

impl Running {
    /// Takes a message in, and gives what is known of it. Of payloads only Pings' and Pongs' are looked at.
    pub fn message(&mut self, dir: Dir, kind: Kind, time: Timestamp, payload: &[u8]) -> Facts {
        let mut facts = self.pace.feed(dir, kind, time);
        match kind {
            Kind::Text | Kind::Binary => {}
            Kind::Ping => {
                if let Some(waiting) = self.pings.get_mut(dir.index()) {
                    if waiting.len() == PINGS {
                        waiting.pop_front();
                    }
                    waiting.push_back((hash(payload), time));
                }
            }
            Kind::Pong => {
                if let Some(waiting) = self.pings.get_mut(dir.other().index()) {
                    let hash = hash(payload);
                    // A Pong answers the latest Ping of its payload, and all before it (RFC 6455 5.5.3).
                    if let Some(at) = waiting.iter().rposition(|(ping, _)| *ping == hash) {
                        facts.rtt = waiting.get(at).map(|(_, sent)| time.since(*sent));
                        waiting.drain(..=at);
                    }
                }
            }
            Kind::Close => {}
        }
        facts
    }
}

/// The same in every run.
fn hash(payload: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    payload.hash(&mut hasher);
    hasher.finish()
}
