//! `wscope FILE`: the interface where there is a terminal, else the list of connections.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use crate::engine;
use crate::filter::Filter;
use crate::tui::app::App;
use crate::tui::config::{self, Config, Flags, Looks};
use crate::tui::feed::Feed;
use crate::tui::history::History;
use crate::tui::model::Model;
use crate::tui::notes::Notes;
use crate::tui::reopen::Reopener;
use crate::tui::store::State;
use crate::tui::terminal::{self, End, Ground, Runtime};
use crate::tui::workers::Workers;

use super::args::{ConfigFile, Input, Ls, Open};
use super::{Outcome, ls, session};

/// What a panic ends with.
pub(super) const PANICKED: i32 = 101;

pub(super) fn run(args: &Open) -> anyhow::Result<Outcome> {
    let files = args.input.files();
    if !files.is_empty() && is_interactive(&files) {
        return show(args, &files);
    }
    // What they ask for would be left out in silence.
    let only_there = [("--at", args.at.is_some()), ("--view", args.view.is_some())];
    if let Some((flag, _)) = only_there.iter().find(|(_, given)| *given) {
        anyhow::bail!("{flag} is for the interface, which needs a terminal for standard input and output");
    }
    ls::run(&Ls {
        input: args.input.clone(),
        conn: None,
        filter: args.filter.clone(),
        json: false,
        reveal: false,
        follow: args.follow,
        ascii: args.ascii,
    })
}

/// Somebody sits in front of it.
fn is_interactive(files: &[PathBuf]) -> bool {
    if !io::stdout().is_terminal() {
        return false;
    }
    if session::names_stdin(files) {
        // Keys come from the terminal itself. Without a capture on standard input, `ls` tells that.
        !io::stdin().is_terminal() && File::open("/dev/tty").is_ok()
    } else {
        io::stdin().is_terminal()
    }
}

/// The configuration that was asked for.
///
/// # Errors
/// Where it cannot be used.
pub(super) fn configuration(file: &ConfigFile) -> anyhow::Result<Config> {
    if file.no_config {
        return Ok(Config::default());
    }
    Ok(Config::load(file.config.as_deref(), &config::environment)?)
}

fn show(args: &Open, files: &[PathBuf]) -> anyhow::Result<Outcome> {
    session::set_color(args.input.decode.color);
    let config = configuration(&args.config)?;
    let flags = Flags {
        theme: args.theme.clone(),
        no_mouse: args.no_mouse,
        ascii: args.ascii,
        color: args.input.decode.color.into(),
    };
    let looks = Looks::new(&flags, &config::environment, &config).map_err(anyhow::Error::msg)?;
    // Before anything is opened.
    if let Some(text) = &args.filter {
        Filter::parse_with(text, &|name| config.filters.get(name).cloned())?;
    }

    let runtime = Runtime::default();
    let engine = engine_config(&args.input, files);
    let begin = if args.follow { Feed::follow } else { Feed::start };
    let feed = begin(files, engine.clone(), runtime.waker())?;
    let reopener = Reopener::new(feed.files(), &engine);
    let mut model = Model::new(title(files), Workers::start(runtime.waker()), Some(reopener));
    looks.apply(&config, &mut model, || terminal::ground() == Ground::Light);
    remembered(args, files, &mut model);
    if let Some(text) = &args.filter {
        model.apply_filter(text)?;
    }
    let mut app = App::new(model, Some(feed));
    if args.follow {
        app.follow_tails();
    }
    app.show_columns(&config.columns).map_err(|error| anyhow::anyhow!("[columns]: {error}"))?;
    if let Some(view) = args.view {
        app.act(view.action());
    }
    let end = runtime.run(&mut app, args.at)?;
    let damaged = match app.model.store.state() {
        State::Done(summary) => !summary.damage.is_empty(),
        State::Failed(_) => true,
        State::Reading => false,
    };
    // Copies of what came through a pipe are deleted with it.
    drop(app);
    end.pass_on();
    if end == End::Panicked {
        std::process::exit(PANICKED);
    }
    Ok(if args.input.decode.strict && damaged { Outcome::Trouble } else { Outcome::Done })
}

/// What the user wrote before: filters, and notes beside the capture. What cannot be read is told, and not written over.
fn remembered(args: &Open, files: &[PathBuf], model: &mut Model) {
    if !args.config.no_config
        && let Some(path) = History::path()
    {
        model.history = History::at(path);
    }
    // Ids of several files together are those of no file; what comes through a pipe lies nowhere.
    if let [file] = files
        && file.metadata().is_ok_and(|file| file.is_file())
    {
        match Notes::open(file) {
            Ok(notes) => model.notes = notes,
            Err(error) => model.fail(format!("notes are not kept: {error}")),
        }
    }
}

fn engine_config(input: &Input, files: &[PathBuf]) -> engine::Config {
    let sizes =
        files.iter().map(|file| file.metadata().ok().filter(std::fs::Metadata::is_file).map(|it| it.len()));
    let threads = input.threads.unwrap_or_else(|| session::default_threads(sizes.sum()));
    engine::Config { threads, decode_as: input.decode.decode_as.clone(), ..engine::Config::default() }
}

/// What the capture is called.
fn title(files: &[PathBuf]) -> String {
    let first = files.first().map(|file| match file.file_name() {
        _ if file.as_os_str() == "-" => "standard input".to_owned(),
        Some(name) => name.to_string_lossy().into_owned(),
        None => file.to_string_lossy().into_owned(),
    });
    let more = if files.len() > 1 { format!(" +{}", files.len() - 1) } else { String::new() };
    format!("{}{more}", first.unwrap_or_default())
}
