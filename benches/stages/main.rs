//! Each stage by itself, on data made in memory.
//!
//! A stage's items are what it hands on: packets, segments, handshakes, frames, messages, lines.

#[allow(dead_code, reason = "each of the benches uses a part")]
#[path = "../workload/mod.rs"]
mod workload;

mod container;
mod frames;
mod http;
mod inflate;
mod line;
mod packets;
mod session;
mod tcp;

fn main() {
    divan::main();
}
