//! `wscope doctor`: what this build and this machine can do.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::thread;

use super::Outcome;
use super::session::harmless;
use crate::tui::config::{self, Config, Flags, Looks};
use crate::tui::terminal::{self, Ground};
use crate::tui::theme::Depth;

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
    terminal(&mut out)?;
    for name in ["TERM", "COLORTERM", "NO_COLOR", "LANG", "LC_ALL"] {
        if let Some(value) = env::var_os(name) {
            writeln!(out, "{name:<14} {}", value.to_string_lossy())?;
        }
    }
    Ok(Outcome::Done)
}

/// What the interface makes of the terminal and of its configuration.
fn terminal(out: &mut impl Write) -> io::Result<()> {
    let is_terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
    if is_terminal {
        if let Ok((width, height)) = crossterm::terminal::size() {
            writeln!(out, "size           {width}x{height}")?;
        }
        let ground = match terminal::ground() {
            Ground::Dark => "dark",
            Ground::Light => "light",
            Ground::Unknown => "unknown: the terminal does not tell, --theme light or dark does",
        };
        writeln!(out, "ground         {ground}")?;
        let clipboard = terminal::clipboard_hint().unwrap_or("by OSC 52, where the terminal allows it");
        writeln!(out, "clipboard      {clipboard}")?;
    }
    let file = config::path(&config::environment);
    let named = file
        .as_ref()
        .map_or_else(|| "nowhere: there is no home folder".into(), |file| file.to_string_lossy());
    let (state, config) = match Config::load(None, &config::environment) {
        Ok(config) if file.as_ref().is_some_and(|file| file.exists()) => (named.into_owned(), config),
        Ok(config) => (format!("{named} (not there)"), config),
        Err(error) => (format!("cannot be used: {error}"), Config::default()),
    };
    writeln!(out, "configuration  {}", harmless(&state))?;
    match Looks::new(&Flags::default(), &config::environment, &config) {
        Ok(looks) => {
            let colors = match looks.depth {
                Depth::Sixteen => "16",
                Depth::Indexed => "256",
                Depth::True => "all",
            };
            writeln!(out, "colours        {}", if looks.plain { "none" } else { colors })?;
            writeln!(out, "theme          {} ({})", harmless(&looks.theme.value), looks.theme.by)?;
            let glyphs = if looks.ascii.value { "ASCII" } else { "Unicode" };
            writeln!(
                out,
                "characters     {glyphs} ({})",
                if looks.ascii.by == "default" { "the locale is UTF-8" } else { looks.ascii.by }
            )
        }
        Err(error) => writeln!(out, "environment    {}", harmless(&error)),
    }
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
