//! Captures made to exhaust whoever reads them: each has a bound of memory, and work in proportion to its size.
//!
//! All are larger, or tell of more, than the bounds that they are held against.

#[path = "../support/mod.rs"]
mod support;

mod flows;
mod heads;
mod links;
mod measure;
mod messages;
mod packets;
