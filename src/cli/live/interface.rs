//! `wscope live` in a terminal: the interface on what is captured.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Context;
use tempfile::NamedTempFile;

use super::Capture;
use crate::capture::record::{Recorded, Recorder, Rotation};
use crate::cli::args::{Color, Live};
use crate::cli::open::{PANICKED, configuration};
use crate::cli::{Outcome, session};
use crate::engine;
use crate::event::Summary;
use crate::filter::Filter;
use crate::tui::app::App;
use crate::tui::config::{self, Flags, Looks};
use crate::tui::feed::Feed;
use crate::tui::files::Files;
use crate::tui::history::History;
use crate::tui::model::Model;
use crate::tui::reopen::Reopener;
use crate::tui::store::State;
use crate::tui::terminal::{self, End, Ground, Runtime};
use crate::tui::workers::Workers;

pub(super) fn run(args: &Live) -> anyhow::Result<Outcome> {
    // What can be wrong with the command line comes before anything is opened.
    let config = configuration(&args.config)?;
    let flags = Flags {
        theme: args.theme.clone(),
        no_mouse: args.no_mouse,
        ascii: args.ascii,
        color: match args.decode.color {
            Color::Auto => None,
            Color::Always => Some(true),
            Color::Never => Some(false),
        },
    };
    let looks = Looks::new(&flags, &config::environment, &config).map_err(anyhow::Error::msg)?;
    if let Some(text) = &args.filter {
        Filter::parse_with(text, &|name| config.filters.get(name).cloned())?;
    }

    let mut capture = Capture::begin(args)?;
    let runtime = Runtime::default();
    let (files, source) = spooled(&mut capture, title(args))?;
    let engine =
        engine::Config { threads: 1, decode_as: args.decode.decode_as.clone(), ..engine::Config::default() };
    let feed =
        Feed::of(source, files, engine.clone(), runtime.waker())?.watching(Arc::clone(&capture.monitor));
    let reopener = Reopener::new(feed.files(), &engine);
    let mut model = Model::new(title(args), Workers::start(runtime.waker()), Some(reopener));
    looks.apply(&config, &mut model, || terminal::ground() == Ground::Light);
    model.settings.reveal = args.reveal;
    if !args.config.no_config
        && let Some(path) = History::path()
    {
        model.history = History::at(path);
    }
    if let Some(text) = &args.filter {
        model.apply_filter(text)?;
    }
    let mut app = App::new(model, Some(feed));
    app.follow_tails();
    app.show_columns(&config.columns).map_err(|error| anyhow::anyhow!("[columns]: {error}"))?;
    let end = runtime.run(&mut app, None);

    // However it ended: what was captured is written, and told.
    capture.stop.store(true, Ordering::Relaxed);
    if !matches!(end, Ok(End::Panicked)) {
        app.finish();
    }
    for remark in app.remarks() {
        session::warning(remark);
    }
    let failed = match app.model.store.state() {
        State::Failed(error) => Some(error.clone()),
        State::Reading | State::Done(_) => None,
    };
    let summary = match app.model.store.state() {
        State::Done(summary) => (**summary).clone(),
        State::Reading | State::Failed(_) => Summary::default(),
    };
    drop(app);
    let outcome = capture.end(args, &summary, Outcome::Done, true)?;
    let end = end?;
    end.pass_on();
    if end == End::Panicked {
        std::process::exit(PANICKED);
    }
    anyhow::ensure!(failed.is_none(), "cannot read on: {}", failed.unwrap_or_default());
    // Whoever quits before a packet came has seen that none did.
    Ok(if outcome == Outcome::Interrupted { Outcome::Done } else { outcome })
}

/// What the capture is called.
fn title(args: &Live) -> String {
    let filter = args.bpf.as_ref().map_or(String::new(), |filter| format!(" {filter}"));
    format!("live: {}{filter}", args.interfaces.join(","))
}

/// The source, whose packets are kept in a temporary file, so that messages can be opened.
fn spooled(
    capture: &mut Capture,
    name: String,
) -> anyhow::Result<(Files, Box<dyn crate::capture::source::Source>)> {
    let context = "cannot keep packets in a temporary file";
    let spool = NamedTempFile::new().context(context)?;
    let recorder =
        Recorder::create(spool.path(), capture.interfaces.clone(), Rotation::default()).context(context)?;
    let recorded = Recorded::new(capture.source()?, recorder, Arc::clone(&capture.monitor)).with_places();
    Ok(Files::of_spool(PathBuf::from(name), spool, Box::new(recorded)))
}
