//! `wscope doctor`: what this build and this machine can do.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::thread;

use super::Outcome;

/// Whether live capture was built in, for `--version`.
const LIBPCAP: &str = if cfg!(libpcap) {
    "with libpcap"
} else if cfg!(feature = "live") {
    "none (libpcap was not found when wscope was built)"
} else {
    "none (built without the feature `live`)"
};

/// What `--version` prints behind the name.
pub(super) const fn long_version() -> &'static str {
    if cfg!(libpcap) {
        concat!(env!("CARGO_PKG_VERSION"), "\nlive capture: with libpcap")
    } else if cfg!(feature = "live") {
        concat!(
            env!("CARGO_PKG_VERSION"),
            "\nlive capture: none (libpcap was not found when wscope was built)"
        )
    } else {
        concat!(env!("CARGO_PKG_VERSION"), "\nlive capture: none (built without the feature `live`)")
    }
}

pub(super) fn run() -> anyhow::Result<Outcome> {
    let mut out = io::stdout().lock();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    writeln!(out, "wscope         {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "live capture   {LIBPCAP}")?;
    live(&mut out)?;
    writeln!(out, "cores          {cores}")?;
    writeln!(
        out,
        "stdout         {}",
        if io::stdout().is_terminal() { "a terminal" } else { "no terminal" }
    )?;
    for name in ["TERM", "COLORTERM", "NO_COLOR", "LANG", "LC_ALL"] {
        if let Some(value) = env::var_os(name) {
            writeln!(out, "{name:<14} {}", value.to_string_lossy())?;
        }
    }
    Ok(Outcome::Done)
}

#[cfg(libpcap)]
fn live(out: &mut impl Write) -> io::Result<()> {
    match libpcap::Device::list() {
        Ok(devices) => {
            let names: Vec<String> = devices.into_iter().map(|device| device.name).collect();
            writeln!(out, "interfaces     {}", names.join(" "))?;
            let program = env::current_exe()?;
            let setcap = "sudo setcap cap_net_raw,cap_net_admin=eip";
            writeln!(out, "               to capture without root: {setcap} {}", program.display())
        }
        Err(error) => writeln!(out, "interfaces     cannot be listed: {error}"),
    }
}

#[cfg(not(libpcap))]
fn live(out: &mut impl Write) -> io::Result<()> {
    if cfg!(feature = "live") {
        writeln!(out, "               {}", super::live::NOT_BUILT)?;
    }
    Ok(())
}
