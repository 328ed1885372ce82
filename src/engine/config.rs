//! What a run is told.

use std::collections::HashMap;
use std::sync::Arc;

use super::checkpoint::Checkpoints;
use crate::event::ConnectionId;
use crate::limits::Limits;
use crate::ws::session::Want;

/// How a capture is to be decoded.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The bounds.
    pub limits: Limits,
    /// What the observers need.
    pub want: Want,
    /// Threads that decode; 0 and 1 = all in the caller's thread. The output is the same for any number.
    pub threads: usize,
    /// Server ports on which TCP streams are WebSocket even without a handshake.
    pub decode_as: Vec<u16>,
    /// Where states are kept from which connections can be decoded again, for observers with
    /// [`PACKETS`](crate::observe::Observer::PACKETS).
    pub checkpoints: Option<Arc<Checkpoints>>,
    /// What connections are called that were counted before, where a part of a capture is read again; needs one thread.
    pub numbering: Option<Arc<Numbering>>,
}

/// The numbers of connections, where they are not counted from the first.
#[derive(Clone, Debug, Default)]
pub struct Numbering {
    /// Those that are known.
    pub known: HashMap<ConnectionId, u32>,
    /// The number of the next one that is not.
    pub next: u32,
}
