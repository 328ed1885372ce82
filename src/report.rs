//! Events into output formats.
//!
//! Each format is an [`Observer`](crate::observe::Observer), which encodes on the worker's
//! thread, and a [`Sink`](crate::observe::Sink), which puts the connection numbers in and
//! writes. `record` is the contract of the JSON formats, `visible` what any text must pass on its way
//! to a terminal.

pub mod check;
pub mod close;
pub mod convert;
pub mod csv;
pub mod diagram;
pub mod exporter;
pub mod fieldbook;
pub mod filtered;
pub mod har;
pub mod hexdump;
pub mod json;
pub mod md;
pub mod output;
pub mod payload;
pub mod pcapng;
pub mod record;
pub mod rulebook;
pub mod schema;
pub mod select;
pub mod txt;
pub mod visible;

mod escape;
mod handshake;
mod line;
#[cfg(test)]
pub(crate) mod sample;
mod serial;
mod spool;
pub(crate) mod words;

pub use payload::PayloadMode;
pub use schema::schema;
pub use select::{RecordTypes, Selection};
