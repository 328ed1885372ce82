//! `wscope generate`: captures without any network.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::path::Path;

use anyhow::Context;

use crate::generate::truth::{Connection, Totals};
use crate::generate::{Generator, Hosts, Kind, Plan, Rate, Violation};
use crate::rules::{self, Rule};
use crate::script::Script;

use super::args::Generate;
use super::words::{count, size};
use super::{Outcome, interrupt, session};
use crate::file::Whole;
use crate::report::exporter::is_input;

pub(super) fn run(args: &Generate) -> anyhow::Result<Outcome> {
    if let Some(script) = script(args)? {
        let file = script.capture();
        let mut output = Output::create(&args.output)?;
        output.write(&file)?;
        let name = output.finish()?;
        said(args, &format!("{name}: {}", size(file.len() as u64)));
        return Ok(Outcome::Done);
    }
    let mut generator = Generator::new(plan(args)?);
    if let Some(file) = &args.truth {
        let same = *file == args.output || is_input(file, std::slice::from_ref(&args.output));
        anyhow::ensure!(!same, "{} is the capture itself: choose another file for --truth", file.display());
    }
    let mut output = Output::create(&args.output)?;
    let mut truth = args.truth.as_deref().map(Truth::create).transpose()?;
    let mut block = Vec::new();
    loop {
        let more = generator.fill(&mut block);
        output.write(&block)?;
        block.clear();
        for connection in generator.ended() {
            if let Some(truth) = &mut truth {
                truth.connection(&connection)?;
            }
        }
        if !more {
            break;
        }
    }
    let name = output.finish()?;
    if let Some(truth) = truth {
        truth.finish(generator.totals())?;
    }
    said(args, &format!("{name}: {}; seed {}", told(generator.totals()), args.seed));
    Ok(Outcome::Done)
}

/// The script that is to be written as it is.
fn script(args: &Generate) -> anyhow::Result<Option<Script>> {
    if let Some(path) = &args.script {
        let name = path.display();
        let text =
            if path == Path::new("-") { io::read_to_string(io::stdin()) } else { fs::read_to_string(path) };
        let text = text.with_context(|| format!("cannot read {name}"))?;
        return Script::parse(&text).map(Some).with_context(|| name.to_string());
    }
    let Some(selector) = &args.rule else { return Ok(None) };
    let chosen: Vec<&Rule> = rules::all().filter(|rule| selector.matches(rule)).collect();
    let [rule] = *chosen else {
        anyhow::bail!("`{selector}` names {}; write the code of one", count(chosen.len() as u64, "rule"));
    };
    let (scripts, which) = if args.good { (rule.good, "good") } else { (rule.bad, "bad") };
    let text = args.nth.checked_sub(1).and_then(|nth| scripts.get(nth)).with_context(|| {
        let has = count(scripts.len() as u64, &format!("{which} example"));
        format!("{} has {has}: --nth 1 is the first", rule.code)
    })?;
    Script::parse(text).map(Some).with_context(|| rule.code.to_owned())
}

fn plan(args: &Generate) -> anyhow::Result<Plan> {
    let kind = args.workload.unwrap_or_default();
    let violations = violations(args)?;
    // A refusal is a finding too: where certain ones are asked for, there are no others.
    let usual = if kind == Kind::Mixed && violations.is_empty() { REFUSED } else { Rate::NEVER };
    Ok(Plan {
        kind,
        seed: args.seed,
        connections: args.connections,
        messages: args.messages,
        size: args.size,
        deflate: args.deflate.clone(),
        loss: args.loss,
        reorder: args.reorder,
        drop: args.drop,
        refused: args.refuse.unwrap_or(usual),
        mid_stream: args.mid_stream,
        hosts: args.lan.then_some(Hosts::Private),
        start: args.start.unwrap_or(Plan::default().start),
        rate: args.rate,
        violations,
    })
}

/// A violation for each rule that is named; one that is named twice is broken by its next example.
fn violations(args: &Generate) -> anyhow::Result<Vec<Violation>> {
    let mut named: Vec<&str> = Vec::new();
    let mut violations = Vec::new();
    for selector in &args.violate {
        let chosen: Vec<&Rule> = rules::all().filter(|rule| selector.matches(rule)).collect();
        for rule in &chosen {
            let nth = named.iter().filter(|code| **code == rule.code).count();
            named.push(rule.code);
            let script = rule.bad.get(nth % rule.bad.len().max(1)).copied().unwrap_or_default();
            match Violation::new(rule.code, script) {
                Ok(violation) => violations.push(violation),
                // Asked for by a family, it is left out.
                Err(error) if chosen.len() > 1 => {
                    if !args.quiet {
                        session::note(&error.to_string());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(violations)
}

/// Where the capture goes.
struct Output {
    out: Out,
    name: String,
}

enum Out {
    Standard(StdoutLock<'static>),
    File(Whole),
}

impl Output {
    fn create(path: &Path) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            let out = io::stdout();
            anyhow::ensure!(
                !out.is_terminal(),
                "standard output is a terminal, and a capture is no text: write it to a file or a pipe, \
                 such as `wscope generate -o - | wscope ls -`"
            );
            return Ok(Self { out: Out::Standard(out.lock()), name: "standard output".to_owned() });
        }
        let name = path.display().to_string();
        let file = interrupt::whole(path, ".wscope-generate")?;
        Ok(Self { out: Out::File(file), name })
    }

    /// Blocks are large: no buffer is needed.
    fn write(&mut self, block: &[u8]) -> anyhow::Result<()> {
        let (written, remains) = match &mut self.out {
            Out::Standard(out) => (out.write_all(block), "is not complete"),
            Out::File(file) => (file.write_all(block), file.remains()),
        };
        written.with_context(|| format!("{} {remains}", self.name))
    }

    /// Its name.
    fn finish(self) -> anyhow::Result<String> {
        match self.out {
            Out::Standard(mut out) => {
                out.flush().with_context(|| format!("{} is not complete", self.name))?;
            }
            Out::File(file) => file.finish().with_context(|| format!("cannot write {}", self.name))?,
        }
        Ok(self.name)
    }
}

/// The JSON document of what was said, a connection a line.
struct Truth {
    out: BufWriter<File>,
    name: String,
    connections: u64,
}

impl Truth {
    fn create(path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let file = File::create(path).with_context(|| format!("cannot write {name}"))?;
        Ok(Self { out: BufWriter::new(file), name, connections: 0 })
    }

    fn connection(&mut self, connection: &Connection) -> anyhow::Result<()> {
        let line = serde_json::to_string(connection)?;
        let before = if self.connections == 0 { "{\"connections\":[\n" } else { ",\n" };
        self.connections += 1;
        write!(self.out, "{before}{line}").with_context(|| format!("{} is not complete", self.name))
    }

    fn finish(mut self, totals: &Totals) -> anyhow::Result<()> {
        let before = if self.connections == 0 { "{\"connections\":[" } else { "" };
        let totals = serde_json::to_string(totals)?;
        writeln!(self.out, "{before}\n],\"totals\":{totals}}}")
            .and_then(|()| self.out.flush())
            .with_context(|| format!("{} is not complete", self.name))
    }
}

/// The summary, unless nobody wants it.
fn said(args: &Generate, text: &str) {
    if !args.quiet {
        session::closing(&format!("wrote {text}"));
    }
}

/// What a capture holds.
fn told(totals: &Totals) -> String {
    let mut text = count(totals.connections, "connection");
    if totals.refused > 0 {
        text.push_str(&format!(" ({} refused)", totals.refused));
    }
    if totals.violations > 0 {
        text.push_str(&format!(", {} that break a rule", totals.violations));
    }
    for (number, what) in
        [(totals.messages(), "message"), (totals.frames(), "frame"), (totals.packets, "packet")]
    {
        text.push_str(&format!(", {}", count(number, what)));
    }
    text.push_str(&format!(", {}", size(totals.bytes)));
    for (number, what) in [
        (totals.retransmitted, "retransmitted"),
        (totals.reordered, "reordered"),
        (totals.dropped, "not captured"),
    ] {
        if number > 0 {
            text.push_str(&format!(", {} {what}", super::words::number(number)));
        }
    }
    text
}

/// Upgrades that are refused where nothing else is asked for.
const REFUSED: Rate = Rate::of_million(50_000);
