//! `wscope live` in a terminal: the interface on what is captured.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Capture;
use crate::capture::live::Monitor;
use crate::cli::Outcome;
use crate::cli::args::Live;
use crate::cli::growing::{Interface, Wanted};
use crate::engine;
use crate::tui::config::Flags;

pub(super) fn run(args: &Live) -> anyhow::Result<Outcome> {
    let flags = Flags {
        theme: args.theme.clone(),
        no_mouse: args.no_mouse,
        ascii: args.ascii,
        color: args.decode.color.into(),
    };
    // What can be wrong with the command line comes before anything is opened.
    let interface = Interface::new(&args.config, &flags, args.filter.as_deref())?;
    let mut capture = Capture::begin(args)?;
    let wanted = Wanted {
        title: title(args),
        welcome: Vec::new(),
        filter: args.filter.as_deref(),
        reveal: args.reveal,
        ring: args.ring,
        engine: engine::Config { decode_as: args.decode.decode_as.clone(), ..engine::Config::default() },
    };
    let (source, stop) = (capture.source()?, Arc::clone(&capture.stop));
    let origin: Arc<Monitor> = Arc::clone(&capture.monitor);
    let shown = interface.show(wanted, source, origin, move || {
        stop.store(true, Ordering::Relaxed);
    })?;
    let outcome = capture.end(args, &shown.summary, Outcome::Done, true)?;
    shown.pass_on()?;
    // Whoever quits before a packet came has seen that none did.
    Ok(if outcome == Outcome::Interrupted { Outcome::Done } else { outcome })
}

/// What the capture is called.
fn title(args: &Live) -> String {
    let filter = args.bpf.as_ref().map_or(String::new(), |filter| format!(" {filter}"));
    format!("live: {}{filter}", args.interfaces.join(","))
}
