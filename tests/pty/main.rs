//! The program in a terminal: keys and clicks as bytes in, the screen and what stands on it out.
//!
//! Nothing here sleeps for a state: each step waits for what must come, until a deadline that only a hang exceeds.
#![cfg(unix)]

#[path = "../support/mod.rs"]
mod support;

mod bytes;
mod echo;
mod ends;
mod keys;
mod live;
mod terminal;
