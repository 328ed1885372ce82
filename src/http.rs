//! HTTP/1 streams into WebSocket upgrades.

pub mod upgrade;
