//! The whole path from a source of packets to a sink of records.

mod checkpoint;
mod config;
mod live;
mod merge;
mod probe;
mod recent;
mod run;
mod shard;
mod stack;
mod tell;
mod worker;

pub use checkpoint::{Checkpoint, Checkpoints};
pub use config::{Config, Numbering};
pub use run::run;
