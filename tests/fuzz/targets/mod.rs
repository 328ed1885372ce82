//! Each parser on any bytes: a function for each, which panics where the parser breaks a promise.
//!
//! The package in `fuzz/` runs them under libFuzzer; `tests/fuzz/main.rs` replays what that found worth keeping. The
//! first bytes of an input choose, where there is something to choose; so inputs can be written by hand.

#![allow(unreachable_pub, reason = "the fuzz package exports them")]

mod bytes;
mod config;
mod container;
mod decode;
mod endpoint;
mod filter;
mod fragments;
mod http;
mod inflate;
mod json;
mod keys;
mod packets;
mod pipeline;
mod resync;
mod script;
mod session;
mod sidecar;
mod tcp;
mod utf8;

pub use config::config;
pub use container::container;
pub use decode::decode;
pub use endpoint::endpoint;
pub use filter::filter;
pub use fragments::fragments;
pub use http::http;
pub use inflate::inflate;
pub use json::json;
pub use keys::keys;
pub use packets::packets;
pub use pipeline::pipeline;
pub use resync::resync;
pub use script::script;
pub use session::session;
pub use sidecar::sidecar;
pub use tcp::tcp;
pub use utf8::utf8;
