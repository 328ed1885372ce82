//! Ctrl-C, where it ends a command in good order.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

/// The exit code of what Ctrl-C ended before there was a result.
pub(super) const INTERRUPTED: u8 = 130;

/// From now on, Ctrl-C, and what else asks a process to end, does this.
///
/// # Errors
/// Where signals cannot be caught.
pub(super) fn does(what: impl FnMut() + Send + 'static) -> anyhow::Result<()> {
    ctrlc::set_handler(what).context("cannot catch Ctrl-C")
}

/// From now on, Ctrl-C sets `stop`. The second time it ends the process, as the first may have come while nobody
/// looks at `stop`.
///
/// # Errors
/// As [`does`].
pub(super) fn stops(stop: &Arc<AtomicBool>) -> anyhow::Result<()> {
    let stop = Arc::clone(stop);
    does(move || {
        if stop.swap(true, Ordering::Relaxed) {
            process::exit(INTERRUPTED.into());
        }
    })
}
