//! The same bytes read by us and by programs of others: where both read them, they read the same.

#[path = "../support/mod.rs"]
mod support;

mod frames;
mod heads;
#[cfg(libpcap)]
mod packets;
