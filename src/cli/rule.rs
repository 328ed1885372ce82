//! `wscope rule`: the pages of the rules.

use std::io::{self, IsTerminal, Write};

use crate::report::rulebook::{self, RuleRecord};
use crate::report::visible;
use crate::rules::{self, Rule};

use super::args::{Rule as Args, RuleFormat};
use super::words::nearest;
use super::{Outcome, session};

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    session::set_color(args.color);
    let chosen = if args.all || args.rules.is_empty() {
        rules::all().collect()
    } else {
        args.rules.iter().map(|name| named(name)).collect::<anyhow::Result<Vec<_>>>()?.concat()
    };
    // Without a name, a list says more than a hundred pages.
    let listed =
        args.rules.is_empty() && !args.all || args.rules.iter().any(|name| rules::find(name).is_none());
    let mut text = String::new();
    match args.format {
        RuleFormat::Text if listed => text = rulebook::list(&chosen),
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

/// The rule of this code or name, or those whose codes begin so.
fn named(name: &str) -> anyhow::Result<Vec<&'static Rule>> {
    if let Some(rule) = rules::find(name) {
        return Ok(vec![rule]);
    }
    let prefix = name.to_ascii_uppercase();
    let family: Vec<_> = rules::all().filter(|rule| rule.code.starts_with(&prefix)).collect();
    if !name.is_empty() && !family.is_empty() {
        return Ok(family);
    }
    let near = nearest(name, rules::all().flat_map(|rule| [rule.code, rule.name]));
    let hint =
        near.map_or_else(|| "`wscope rule` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
    let mut shown = String::new();
    visible::visible(name.as_bytes(), &mut shown);
    anyhow::bail!("there is no rule `{shown}`; {hint}")
}
