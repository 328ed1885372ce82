//! WebSocket streams into frames and messages (RFC 6455, RFC 7692).

pub mod deflate;
pub mod fact;
pub mod header;
pub mod mask;
pub mod session;
pub mod utf8;
