//! WebSocket streams into frames and messages (RFC 6455, RFC 7692).

mod assembly;
pub mod deflate;
mod direction;
pub mod fact;
pub mod header;
pub mod mask;
pub mod resync;
pub mod session;
pub mod utf8;
