//! An audit: what was found in captures, and which of it stands.

pub mod report;

pub use report::{Entry, Report, Status, Subject};
