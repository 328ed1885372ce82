//! The whole path from a source of packets to a sink of records.

pub mod observe;
