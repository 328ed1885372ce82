//! Ctrl-C, where it ends a command in good order.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;

use crate::file::Whole;

use super::session;

/// The exit code of what Ctrl-C ended before there was a result.
pub(super) const INTERRUPTED: u8 = 130;

/// From now on, Ctrl-C, and what else asks a process to end, does this.
///
/// # Errors
/// Where signals cannot be caught.
pub(super) fn does(what: impl FnMut() + Send + 'static) -> anyhow::Result<()> {
    ctrlc::set_handler(what).context("cannot catch Ctrl-C")
}

/// Begins a file as [`Whole::create`] does. From now on, Ctrl-C removes what there is of it, says so and ends the process.
///
/// # Errors
/// As [`does`] and [`Whole::create`].
pub(super) fn whole(file: &Path, prefix: &str) -> anyhow::Result<Whole> {
    let name = file.display().to_string();
    let begun = Arc::<Mutex<Option<(Option<PathBuf>, &str)>>>::default();
    // Held until what is to be removed is known.
    let mut guard = begun.lock().unwrap_or_else(PoisonError::into_inner);
    let of_handler = (Arc::clone(&begun), name.clone());
    does(move || {
        let (begun, name) = &of_handler;
        if let Some((part, remains)) = &*begun.lock().unwrap_or_else(PoisonError::into_inner)
            // Where there is a part no more, it has taken its place.
            && part.as_ref().is_none_or(|part| fs::remove_file(part).is_ok())
        {
            session::error(&format!("interrupted: {name} {remains}"));
        }
        process::exit(INTERRUPTED.into());
    })?;
    let whole = Whole::create(file, prefix).with_context(|| format!("cannot write {name}"))?;
    *guard = Some((whole.part().map(Path::to_owned), whole.remains()));
    drop(guard);
    Ok(whole)
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
