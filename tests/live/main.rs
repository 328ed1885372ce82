//! Live capture and captures that are still being written, as users run them.
//!
//! What captures on an interface needs the rights to, and libpcap: where they are missing, it says so and tests
//! nothing.

#[path = "../support/mod.rs"]
mod support;

mod capture;
mod echo;
mod errors;
mod follow;
mod record;
mod run;
mod talk;
#[path = "../support/tls.rs"]
mod tls;
