//! `wscope rule`: the pages of the rules.

use std::io::{self, IsTerminal, Write};

use crate::audit::select::Selector;
use crate::report::rulebook::{self, RuleRecord};
use crate::report::visible;
use crate::rules::{self, Rule};

use super::args::{Rule as Args, RuleFormat};
use super::terminal;
use super::words::nearest;
use super::{Outcome, session};

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    session::set_color(args.color);
    // By comma, too, as `--select` takes them.
    let names: Vec<&str> = args.rules.iter().flat_map(|names| names.split(',')).collect();
    let chosen = if args.all || names.is_empty() {
        rules::all().collect()
    } else {
        names.iter().map(|name| named(name)).collect::<anyhow::Result<Vec<_>>>()?.concat()
    };
    // Without a name, a list says more than a hundred pages.
    let listed = names.is_empty() && !args.all || names.iter().any(|name| !is_one(name));
    let mut text = String::new();
    match args.format {
        RuleFormat::Text if listed => {
            // What goes to another program stays a line each.
            text = rulebook::list(&chosen, terminal::width());
        }
        RuleFormat::Text => {
            let width = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
            let pages: Vec<String> = chosen.iter().map(|rule| rulebook::page(rule, width)).collect();
            text = pages.join("\n");
        }
        RuleFormat::Json => {
            let records: Vec<RuleRecord> = chosen.into_iter().map(RuleRecord::from).collect();
            text = serde_json::to_string_pretty(&records)?;
            text.push('\n');
        }
        RuleFormat::Markdown if args.all => text = rulebook::document(),
        RuleFormat::Markdown => {
            let sections: Vec<String> = chosen.iter().map(|rule| rulebook::markdown(rule)).collect();
            text.push_str(&sections.join("\n"));
        }
    }
    if io::stdout().is_terminal() || args.format == RuleFormat::Text {
        anstream::stdout().lock().write_all(text.as_bytes())?;
    } else {
        io::stdout().lock().write_all(text.as_bytes())?;
    }
    Ok(Outcome::Done)
}

/// The rules that this names, as `wscope check --select` takes it.
fn named(name: &str) -> anyhow::Result<Vec<&'static Rule>> {
    let Ok(selector) = name.parse::<Selector>() else {
        let near = nearest(name, rules::all().flat_map(|rule| [rule.code, rule.name]));
        let hint = near
            .map_or_else(|| "`wscope rule` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
        let mut shown = String::new();
        visible::visible(name.as_bytes(), &mut shown);
        anyhow::bail!("there is no rule `{shown}`; {hint}");
    };
    Ok(rules::all().filter(|rule| selector.matches(rule)).collect())
}

/// It names one rule, not a family.
fn is_one(name: &str) -> bool {
    let name = name.trim();
    rules::all().any(|rule| rule.code.eq_ignore_ascii_case(name) || rule.name.eq_ignore_ascii_case(name))
}
