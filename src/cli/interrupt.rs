//! Ctrl-C, where it ends a command in good order.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

/// The exit code of what Ctrl-C ended before there was a result.
pub(super) const INTERRUPTED: u8 = 130;

/// From now on, Ctrl-C, and what else asks a process to end, sets `stop`. The second time it ends the process, as
/// the first may have come while nobody looks at `stop`.
///
/// # Errors
/// Where signals cannot be caught.
pub(super) fn stops(stop: &Arc<AtomicBool>) -> anyhow::Result<()> {
    let stop = Arc::clone(stop);
    ctrlc::set_handler(move || {
        if stop.swap(true, Ordering::Relaxed) {
            process::exit(INTERRUPTED.into());
        }
    })
    .context("cannot catch Ctrl-C")
}
