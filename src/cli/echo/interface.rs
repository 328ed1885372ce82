//! `wscope echo --tui`: the interface on the server's own traffic.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::{Found, address, is_tls, options, shown, sum};
use crate::capture::open::from_arriving;
use crate::cli::args::Echo;
use crate::cli::growing::{Interface, Wanted};
use crate::cli::{Outcome, session};
use crate::engine;
use crate::limits::Limits;
use crate::serve::overheard::overheard;
use crate::serve::record::Recorder;
use crate::serve::{Notice, Options, Server};
use crate::tui::config::Flags;
use crate::tui::feed::{Heard, Origin};

pub(super) fn run(args: &Echo) -> anyhow::Result<Outcome> {
    anyhow::ensure!(
        io::stdout().is_terminal() && io::stdin().is_terminal(),
        "--tui needs a terminal for standard input and output"
    );
    let flags = Flags {
        theme: args.theme.clone(),
        no_mouse: args.no_mouse,
        ascii: args.ascii,
        color: args.color.into(),
    };
    let interface = Interface::new(&args.config, &flags, None)?;
    let options = Options { flush: FLUSH, ..options(args)? };
    // What can fail comes before the screen changes.
    let server = Server::bind(address(&args.listen)?, options, true)?;
    let file = match &args.record {
        Some(path) => Some(File::create(path).with_context(|| format!("cannot write {}", path.display()))?),
        None => None,
    };
    let (tee, arriving) = overheard(file);
    let recorder =
        Recorder::new(Box::new(tee), "echo", is_tls(args)).context("cannot write the recording")?;
    let server = server.recording(recorder);
    let found = Found::new(args, server.address());
    let title = format!("echo ws{}://{}", found.s, found.shown);

    let serving = Arc::new(Serving::default());
    let (stopper, told) = (server.stopper(), Arc::clone(&serving));
    let served = thread::Builder::new().name("serve".to_owned()).spawn(move || {
        let totals = server.run(&mut |notice| told.hear(&notice));
        if let Err(error) = &totals {
            told.trouble(format!("the server ended: {error}"));
        }
        totals
    })?;
    let opened = from_arriving(&title, arriving, &Limits::default())?;
    let wanted = Wanted {
        title,
        welcome: welcome(&found),
        filter: None,
        reveal: false,
        ring: args.ring,
        // A port of its own, on which nothing else is spoken.
        engine: engine::Config::default(),
    };
    let shown = interface.show(wanted, opened.source, serving, move || stopper.stop())?;
    let totals = served.join().map_err(|_| anyhow!("the server broke off"))?;
    let totals = totals.context(match &args.record {
        Some(path) => format!("cannot go on (recording to {})", path.display()),
        None => "cannot go on".to_owned(),
    });
    if let Ok(totals) = &totals {
        session::closing(&sum(totals, args.record.as_deref()));
    }
    shown.pass_on()?;
    totals.map(|_| Outcome::Done)
}

/// What is said while nobody has connected.
fn welcome(found: &Found) -> Vec<String> {
    let Found { s, shown, everywhere } = found;
    let url = format!("ws{s}://{shown}/echo");
    let everywhere = if *everywhere { ", and on all other addresses of this machine" } else { "" };
    let insecure = if s.is_empty() { "" } else { " --insecure" };
    vec![
        format!("{url} is open{everywhere}. Nobody has connected yet."),
        format!("From another terminal: wscope talk{insecure} {url}"),
        format!("From a browser: http{s}://{shown}/"),
        "Messages come back from /echo; /time /chat /json /binary /close?code=1011 /slow /ping have traffic of their own."
            .to_owned(),
    ]
}

/// What the server tells while it is shown.
#[derive(Debug, Default)]
struct Serving {
    /// WebSockets that are open.
    clients: AtomicU64,
    notices: Mutex<Vec<String>>,
    trouble: AtomicBool,
}

impl Serving {
    fn hear(&self, notice: &Notice) {
        match notice {
            Notice::Opened { .. } => {
                self.clients.fetch_add(1, Ordering::Relaxed);
            }
            Notice::Closed { .. } => {
                self.clients.fetch_sub(1, Ordering::Relaxed);
            }
            // These are connections in the capture, or nothing to be seen at all.
            Notice::Answered { .. } => {}
            Notice::Dropped { peer, why, .. } => self.notice(dropped(*peer, why)),
            Notice::Trouble(what) => self.notice(what.clone()),
        }
    }

    fn trouble(&self, what: String) {
        self.trouble.store(true, Ordering::Relaxed);
        self.notice(what);
    }

    fn notice(&self, text: String) {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        if notices.len() < NOTICES {
            notices.push(text);
        }
    }
}

impl Origin for Serving {
    fn heard(&self) -> Heard {
        Heard {
            clients: Some(self.clients.load(Ordering::Relaxed)),
            trouble: self.trouble.load(Ordering::Relaxed),
            ..Heard::default()
        }
    }

    fn notices(&self) -> Vec<String> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn dropped(peer: SocketAddr, why: &str) -> String {
    format!("{peer} was dropped: {}", shown(why))
}

/// How old what is shown may be.
const FLUSH: Duration = Duration::from_millis(30);
/// Remarks that nobody has fetched.
const NOTICES: usize = 100;
