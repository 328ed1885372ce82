//! HTTP/1 streams into WebSocket upgrades (RFC 9112, RFC 6455 section 4).
//!
//! [`probe`] tells what a direction's first bytes look like, [`h1`] follows both directions of a
//! connection up to an upgrade, [`upgrade`] and [`extension`] hold what was agreed. Nothing here judges:
//! faults are facts, and the rules speak of them.

mod body;
pub mod extension;
pub mod h1;
mod half;
pub mod head;
mod headers;
mod held;
mod pending;
pub mod probe;
pub mod secret;
pub mod upgrade;

pub use held::Held;
