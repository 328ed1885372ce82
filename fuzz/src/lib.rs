//! The functions that `cargo test` replays the corpus with.

#[path = "../../tests/support/mod.rs"]
mod support;
#[path = "../../tests/fuzz/targets/mod.rs"]
mod targets;

pub use targets::*;
