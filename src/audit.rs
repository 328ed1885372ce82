//! An audit: what was found in captures, and which of it stands.
//!
//! [`select`] says which rules are looked at, [`config`] is what a project's `wscope.toml` says,
//! [`baseline`] is what was known before, [`fingerprint`](mod@fingerprint) what makes two findings the
//! same. [`collect`] puts it all together into a [`Report`], which the formats write.

pub mod baseline;
pub mod collect;
pub mod config;
pub mod fingerprint;
mod kept;
pub mod report;
pub mod select;
mod subject;

pub use report::{Entry, Report, Status, Subject};
