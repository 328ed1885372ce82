//! `wscope check`: an audit, for tests and pipelines.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;

use crate::audit::Report;
use crate::audit::baseline::{Baseline, Draft};
use crate::audit::collect::{Auditor, Collector, Policy};
use crate::audit::config::{self, Config, Date};
use crate::audit::select::{Choice, Enabled};
use crate::filter::Rows;
use crate::http::secret;
use crate::limits::Limits;
use crate::report::check::{Format, Options};
use crate::report::exporter::is_input;
use crate::report::filtered::{Filtered, FilteredSink};
use crate::rules::Level;
use crate::time::Timestamp;
use crate::ws::session::Want;

use super::Outcome;
use super::args::{Check, CheckOutput};
use super::filter;
use super::session;
use super::table::{Align, Column, Room, Table};
use super::terminal::{self, Terminal, Text};
use super::words::{count, findings, number};

/// Payload bytes of each message that rules may show as evidence.
const PAYLOAD: usize = 4_096;

/// Findings that are shown where nothing else is said.
const MAX_FINDINGS: usize = 1_000;

pub(super) fn run(args: &Check) -> anyhow::Result<Outcome> {
    let config = configuration(args)?;
    let enabled = enabled(args, &config)?;
    let outputs = Outputs::new(args)?;
    let baseline = baseline(args, &config)?;
    let mut input = args.input.clone();
    input.decode.strict |= config.strict;
    let quiet = input.decode.quiet;
    let allow_empty = args.allow_empty || config.allow_empty;
    let fail_on = args.fail_on.or(config.fail_on).unwrap_or(Level::Error);
    let filter = filter::read(args.filter.as_deref(), Rows::FINDING, "and `check` shows findings", quiet)?;
    let session = input.open()?.filtered(filter.as_ref());

    let policy = Policy {
        baseline,
        today: today(),
        max_findings: args.max_findings.or(config.max_findings).unwrap_or(MAX_FINDINGS),
        draft: args.write_baseline.is_some(),
        config,
    };
    let mut auditor = Auditor::new(&enabled, policy);
    let want = Want { payload: PAYLOAD, ..Want::default() };
    let want = filter.as_ref().map_or(want, |filter| filter.needs().want(want));
    let observer =
        || Filtered::records(Collector::new(&enabled, secret::redacted), filter.as_ref(), Rows::FINDING);
    let mut sink = FilteredSink::new(&mut auditor, filter.as_ref());
    let (_, outcome) = session.run(want, &observer, &mut sink)?;
    let files = input.files();
    let sources = files.iter().map(|file| file.to_string_lossy().into_owned()).collect();
    let (mut report, draft) = auditor.finish(sources);
    if outputs.need_places() || files.len() > 1 {
        report.locate(&files, &Limits::default())?;
    }

    let empty = report.summary.connections == 0;
    let outcome = if outcome == Outcome::Trouble {
        Outcome::Trouble
    } else if empty && !allow_empty {
        Outcome::NoConnection
    } else if args.exit_zero || args.write_baseline.is_some() || !fails(&report, fail_on) {
        Outcome::Done
    } else {
        Outcome::Findings
    };
    outputs.files(&report, args.ascii)?;
    if let Some(file) = &args.write_baseline {
        write_baseline(file, &draft, outcome, quiet)?;
    }
    match outputs.standard(&report, args.ascii) {
        Ok(()) => {}
        // Who closed it has seen enough; the outcome is the same.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => return Err(error).context("cannot write to standard output"),
    }
    if !quiet {
        remarks(&report, &outputs);
        if empty {
            let found = super::words::nothing_found(&report.summary);
            if allow_empty { session::note(&found) } else { session::error(&found) }
        }
    }
    Ok(outcome)
}

/// There is a finding at or above this level.
fn fails(report: &Report, fail_on: Level) -> bool {
    Level::ALL.iter().zip(report.counts).any(|(level, count)| *level <= fail_on && count > 0)
}

/// The configuration that holds here.
fn configuration(args: &Check) -> anyhow::Result<Config> {
    if args.no_config {
        return Ok(Config::default());
    }
    if let Some(file) = &args.config {
        return Ok(Config::read(file)?);
    }
    // A folder that is gone has no configuration.
    let Ok(here) = std::env::current_dir() else { return Ok(Config::default()) };
    let Some(file) = config::find(&here) else { return Ok(Config::default()) };
    Ok(Config::read(file.strip_prefix(&here).unwrap_or(&file))?)
}

fn enabled(args: &Check, config: &Config) -> anyhow::Result<Enabled> {
    let select = (!args.select.is_empty()).then(|| args.select.clone());
    let severity = args.severity.or(config.severity).unwrap_or(Level::Note);
    let choices = [config.rules.clone(), Choice { select, ignore: args.ignore.clone() }];
    let enabled = Enabled::new(&choices, severity);
    anyhow::ensure!(!enabled.rules().is_empty(), "no rule is left to check: select more, or ignore less");
    Ok(enabled)
}

/// The baseline to go by. One that is only about to be written need not be there.
fn baseline(args: &Check, config: &Config) -> anyhow::Result<Option<Baseline>> {
    let Some(file) = args.baseline.as_ref().or(config.baseline.as_ref()) else { return Ok(None) };
    if !file.exists() {
        if args.write_baseline.is_some() {
            return Ok(None);
        }
        anyhow::bail!("there is no baseline {}; --write-baseline writes one", file.display());
    }
    Ok(Some(Baseline::read(file)?))
}

fn write_baseline(file: &Path, draft: &Draft, outcome: Outcome, quiet: bool) -> anyhow::Result<()> {
    let name = file.display();
    if outcome != Outcome::Done {
        session::warning(&format!("{name} was not written: the capture is not complete, or holds nothing"));
        return Ok(());
    }
    draft.write(file).with_context(|| format!("cannot write {name}"))?;
    if !quiet {
        session::closing(&format!("wrote {name} with {}", count(draft.len() as u64, "different finding")));
    }
    Ok(())
}

/// The machine's date, in UTC.
fn today() -> Option<Date> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    config::day(Timestamp::from_nanos(i64::try_from(since.as_nanos()).ok()?))
}

/// What goes to standard error where standard output does not say it.
fn remarks(report: &Report, outputs: &Outputs<'_>) {
    let told = match &outputs.standard {
        Standard::Format(Format::Human) => return,
        Standard::Format(Format::Concise) => true,
        Standard::Format(_) | Standard::Statistics | Standard::Nothing => false,
    };
    for unused in report.unused.iter().filter(|_| !told) {
        session::warning(unused);
    }
    // That nothing was found says nothing.
    if report.summary.connections == 0 && report.counts == [0; 3] {
        return;
    }
    let aside: Vec<String> = [(report.suppressed, "suppressed"), (report.known, "in the baseline")]
        .iter()
        .filter(|(many, _)| *many > 0)
        .map(|(many, what)| format!("{} {what}", number(*many)))
        .collect();
    let aside = if aside.is_empty() { String::new() } else { format!(" ({})", aside.join(", ")) };
    session::closing(&format!(
        "{}, {}: {}{aside}",
        count(report.summary.connections, "connection"),
        count(report.summary.messages, "message"),
        findings(report.counts),
    ));
}

/// Where the outcome goes.
struct Outputs<'a> {
    files: Vec<(Format, &'a Path)>,
    standard: Standard,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standard {
    Format(Format),
    Statistics,
    Nothing,
}

impl<'a> Outputs<'a> {
    /// # Errors
    /// Where two outputs go to one place, or one can go nowhere.
    fn new(args: &'a Check) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        let mut standard = match args.format {
            Some(format) => Some(Standard::Format(format)),
            None => args.statistics.then_some(Standard::Statistics),
        };
        let inputs = args.input.files();
        for CheckOutput { format, file } in &args.output {
            let Some(file) = file else {
                anyhow::ensure!(
                    standard.replace(Standard::Format(*format)).is_none(),
                    "standard output takes one format: write the others to files"
                );
                continue;
            };
            anyhow::ensure!(
                !files.iter().any(|(_, other)| other == file),
                "{} cannot take two formats",
                file.display()
            );
            writable(file, &inputs)?;
            files.push((*format, file.as_path()));
        }
        if let Some(file) = &args.write_baseline {
            writable(file, &inputs)?;
        }
        let usual = match &args.write_baseline {
            Some(_) => Standard::Nothing,
            None => Standard::Format(Format::default()),
        };
        Ok(Self { files, standard: standard.unwrap_or(usual) })
    }

    /// A format says where in its file a packet lies.
    fn need_places(&self) -> bool {
        let needs = |format| matches!(format, Format::Json | Format::Ndjson | Format::Sarif);
        let standard = match self.standard {
            Standard::Format(format) => needs(format),
            Standard::Statistics | Standard::Nothing => false,
        };
        standard || self.files.iter().any(|(format, _)| needs(*format))
    }

    fn files(&self, report: &Report, ascii: bool) -> anyhow::Result<()> {
        let options = Options { ascii, ..Options::default() };
        for (format, path) in &self.files {
            // In words, so that a broken pipe here is not taken for that of standard output.
            write_file(*format, path, report, &options)
                .map_err(|error| anyhow::anyhow!("cannot write {}: {error}", path.display()))?;
        }
        Ok(())
    }

    fn standard(&self, report: &Report, ascii: bool) -> io::Result<()> {
        let terminal = io::stdout().is_terminal();
        let width = terminal::width();
        match self.standard {
            Standard::Nothing => {}
            Standard::Statistics => statistics(report, &mut anstream::stdout().lock(), width, ascii)?,
            Standard::Format(format @ (Format::Human | Format::Concise)) => {
                let usual = Options::default();
                let options = Options { color: true, width: width.unwrap_or(usual.width), ascii, ..usual };
                // Takes the colours out where they are not wanted.
                let mut out = BufWriter::new(anstream::stdout().lock());
                format.write(report, &options, &mut out)?;
                out.flush()?;
            }
            Standard::Format(format) => {
                let options = Options { ascii, ..Options::default() };
                let mut out = BufWriter::new(io::stdout().lock());
                if terminal {
                    let text = match format {
                        Format::Junit | Format::Github | Format::Markdown => Text::Plain,
                        _ => Text::Json,
                    };
                    format.write(report, &options, &mut Terminal::new(&mut out, text))?;
                } else {
                    format.write(report, &options, &mut out)?;
                }
                out.flush()?;
            }
        }
        Ok(())
    }
}

/// A file that is to be written later can be, as far as that can be told without touching it.
fn writable(file: &Path, inputs: &[PathBuf]) -> anyhow::Result<()> {
    let name = file.display();
    anyhow::ensure!(!is_input(file, inputs), "{name} is the capture itself: choose another file");
    anyhow::ensure!(!file.is_dir(), "cannot write {name}: it is a folder");
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        anyhow::ensure!(folder.is_dir(), "cannot write {name}: there is no folder {}", folder.display());
    }
    let read_only = fs::metadata(file).is_ok_and(|metadata| metadata.permissions().readonly());
    anyhow::ensure!(!read_only, "cannot write {name}: it is read-only");
    Ok(())
}

fn write_file(format: Format, path: &Path, report: &Report, options: &Options) -> io::Result<()> {
    let append = format == Format::Markdown && is_step_summary(path);
    let file =
        if append { File::options().append(true).create(true).open(path)? } else { File::create(path)? };
    let mut out = BufWriter::new(file);
    format.write(report, options, &mut out)?;
    out.flush()
}

/// The summary of a step of GitHub Actions, to which everything in the step adds.
fn is_step_summary(path: &Path) -> bool {
    std::env::var_os("GITHUB_STEP_SUMMARY").is_some_and(|summary| path == Path::new(&summary))
}

/// How often each rule fired, the most frequent first.
fn statistics(report: &Report, out: &mut impl Write, width: Option<usize>, ascii: bool) -> io::Result<()> {
    if report.by_rule.is_empty() {
        return Ok(());
    }
    let column = |title, align, room| Column { title, align, room };
    let mut table = Table::new([
        column("Count", Align::Right, Room::Keep),
        column("Rule", Align::Left, Room::Keep),
        column("Name", Align::Left, Room::Cut(10)),
        column("Level", Align::Left, Room::Drop(0)),
    ]);
    let mut fired = report.by_rule.clone();
    fired.sort_by_key(|(rule, count)| (std::cmp::Reverse(*count), rule.code));
    for (rule, count) in fired {
        table.push([number(count), rule.code.to_owned(), rule.name.to_owned(), rule.level.name().to_owned()]);
    }
    table.write(out, width, ascii)
}
