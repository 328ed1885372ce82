//! One WebSocket connection.

/// What the observer of a run needs, so that no work is done for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// Payload bytes to keep of each message: 0 = none, `usize::MAX` = as many as the limits allow.
    pub payload: usize,
    /// SHA-256 of every message.
    pub hash: bool,
    /// Payload bytes as on the wire to keep of each frame (0 = none).
    pub frame_bytes: usize,
}
