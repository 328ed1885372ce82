//! The interface on a capture that grows while it is shown.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;

use super::args::ConfigFile;
use super::open::{PANICKED, configuration};
use super::session;
use super::words::{count, number};
use crate::capture::source::Source;
use crate::engine;
use crate::event::Summary;
use crate::filter::Filter;
use crate::tui::app::App;
use crate::tui::config::{self, Config, Flags, Looks};
use crate::tui::feed::{Feed, Origin};
use crate::tui::files::Files;
use crate::tui::history::History;
use crate::tui::model::Model;
use crate::tui::reopen::Reopener;
use crate::tui::ring::Ring;
use crate::tui::spool::Spool;
use crate::tui::store::State;
use crate::tui::terminal::{self, End, Ground, Runtime};
use crate::tui::workers::Workers;

/// How it is to be shown.
pub(super) struct Wanted<'a> {
    /// What the capture is called.
    pub(super) title: String,
    /// What is said while there is nothing to show; empty = what is said of any capture.
    pub(super) welcome: Vec<String>,
    pub(super) filter: Option<&'a str>,
    pub(super) reveal: bool,
    /// Bytes that are kept of it.
    pub(super) ring: u64,
    pub(super) engine: engine::Config,
}

/// All that can be wrong before anything is opened was looked at.
pub(super) struct Interface {
    config: Config,
    looks: Looks,
    history: bool,
}

/// What became of it.
pub(super) struct Shown {
    end: std::io::Result<End>,
    /// Of what was decoded.
    pub(super) summary: Summary,
    failed: Option<String>,
}

impl Interface {
    /// # Errors
    /// Where the configuration or the command line is wrong.
    pub(super) fn new(file: &ConfigFile, flags: &Flags, filter: Option<&str>) -> anyhow::Result<Self> {
        let config = configuration(file)?;
        let looks = Looks::new(flags, &config::environment, &config).map_err(anyhow::Error::msg)?;
        if let Some(text) = filter {
            Filter::parse_with(text, &|name| config.filters.get(name).cloned())?;
        }
        Ok(Self { config, looks, history: !file.no_config })
    }

    /// Shows what `source` gives until its user quits; `stop` then ends the source, whose rest is taken in.
    ///
    /// # Errors
    /// Where packets cannot be kept, or no thread be started.
    pub(super) fn show(
        self,
        wanted: Wanted<'_>,
        source: Box<dyn Source>,
        origin: Arc<dyn Origin>,
        stop: impl FnOnce(),
    ) -> anyhow::Result<Shown> {
        let Self { config, looks, history } = self;
        let Wanted { title, welcome, filter, reveal, ring, engine } = wanted;
        let runtime = Runtime::default();
        let (spool, source) = Spool::new(source, ring).context("cannot keep packets in a temporary file")?;
        let files = Files::of_spool(PathBuf::from(&title), spool.clone());
        let engine = engine::Config { threads: 1, ..engine };
        let feed = Feed::of(source, files, engine.clone(), runtime.waker())?.watching(origin);
        let reopener = Reopener::new(feed.files(), &engine);
        let mut model = Model::new(title, Workers::start(runtime.waker()), Some(reopener));
        looks.apply(&config, &mut model, || terminal::ground() == Ground::Light);
        model.settings.reveal = reveal;
        model.welcome = welcome;
        model.keep(Ring::new(ring, spool));
        if let Some(path) = History::path().filter(|_| history) {
            model.history = History::at(path);
        }
        if let Some(text) = filter {
            model.apply_filter(text)?;
        }
        let mut app = App::new(model, Some(feed));
        app.follow_tails();
        app.show_columns(&config.columns).map_err(|error| anyhow::anyhow!("[columns]: {error}"))?;
        let end = runtime.run(&mut app, None);

        // However it ended: what was captured is written, and told.
        stop();
        if !matches!(end, Ok(End::Panicked)) {
            app.finish();
        }
        for remark in app.remarks() {
            session::warning(remark);
        }
        let gone = app.model.store.gone();
        if gone.messages > 0 {
            session::closing(&format!(
                "{} of {} had to make room for later ones (--ring)",
                number(gone.messages),
                count(app.model.store.messages() as u64, "message"),
            ));
        }
        let (summary, failed) = match app.model.store.state() {
            State::Done(summary) => ((**summary).clone(), None),
            State::Reading => (Summary::default(), None),
            State::Failed(error) => (Summary::default(), Some(error.clone())),
        };
        Ok(Shown { end, summary, failed })
    }
}

impl Shown {
    /// Ends as it ended, once all was told.
    ///
    /// # Errors
    /// What went wrong.
    pub(super) fn pass_on(self) -> anyhow::Result<()> {
        let end = self.end?;
        end.pass_on();
        if end == End::Panicked {
            std::process::exit(PANICKED);
        }
        anyhow::ensure!(self.failed.is_none(), "cannot read on: {}", self.failed.unwrap_or_default());
        Ok(())
    }
}
