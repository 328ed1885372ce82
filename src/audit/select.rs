//! Which rules are looked at: `--select F --ignore F007,close-reason` and the like.

use std::str::FromStr;

use crate::rules::{self, Level, Rule};

/// Names one rule or several: a code, the beginning of codes, a name, or `all`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// As it was written.
    text: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    All,
    /// The beginning of codes, in upper case.
    Prefix(String),
    One(&'static Rule),
}

/// A text that names no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub struct UnknownRule {
    /// The text.
    pub text: String,
    /// A rule that may be meant.
    pub suggestion: Option<String>,
}

impl UnknownRule {
    fn message(&self) -> String {
        if self.text.is_empty() {
            return "a rule is missing: write codes, their beginnings, names or all, by comma".to_owned();
        }
        format!("there is no rule `{}`{}", self.text, meant(self.suggestion.as_deref()))
    }
}

/// `; did you mean …?`, where there is something to suggest.
pub(super) fn meant(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// The name among `names` that is most like `text`, if any is like it at all.
pub(super) fn nearest<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let like = |name: &str| strsim::jaro_winkler(&text.to_lowercase(), &name.to_lowercase());
    let near = names.map(|name| (like(name), name)).filter(|(like, _)| *like >= 0.8);
    near.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, name)| name)
}

impl FromStr for Selector {
    type Err = UnknownRule;

    fn from_str(text: &str) -> Result<Self, UnknownRule> {
        let text = text.trim();
        let upper = text.to_ascii_uppercase();
        let is_code = |code: &str| !upper.is_empty() && code.starts_with(&upper);
        let kind = if upper == "ALL" {
            Kind::All
        } else if let Some(rule) =
            rules::all().find(|rule| rule.code == upper || rule.name.eq_ignore_ascii_case(text))
        {
            Kind::One(rule)
        } else if rules::all().any(|rule| is_code(rule.code)) {
            Kind::Prefix(upper)
        } else {
            // Of a code that is not there, no other is a likelier one.
            let suggestion = nearest(text, rules::all().map(|rule| rule.name)).map(str::to_owned);
            return Err(UnknownRule { text: text.to_owned(), suggestion });
        };
        Ok(Self { text: text.to_owned(), kind })
    }
}

impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Selector {
    /// It names this rule.
    #[must_use]
    pub fn matches(&self, rule: &Rule) -> bool {
        match &self.kind {
            Kind::All => true,
            Kind::Prefix(prefix) => rule.code.starts_with(prefix.as_str()),
            Kind::One(one) => one.code == rule.code,
        }
    }

    /// How much it says: nothing (`all`), some letters of a code, or exactly one rule.
    fn precision(&self) -> usize {
        match &self.kind {
            Kind::All => 0,
            Kind::Prefix(prefix) => prefix.len(),
            Kind::One(_) => usize::MAX,
        }
    }
}

/// What one place (a configuration, the command line) says about rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// These only; `None` = nothing is said.
    pub select: Option<Vec<Selector>>,
    /// Not these.
    pub ignore: Vec<Selector>,
}

/// The rules that are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enabled {
    /// In order of their codes.
    rules: Vec<&'static Rule>,
}

impl Default for Enabled {
    /// All rules.
    fn default() -> Self {
        Self::new(&[], Level::Note)
    }
}

impl Enabled {
    /// What is left of all rules after `choices`, each of which goes by what those before it left, and of
    /// which none is below `severity`.
    ///
    /// A choice that selects begins anew. Within a choice the selector that says more wins (`F004` over
    /// `F0` over `F` over `all`, a name counting as a code); where both say the same, ignoring wins.
    #[must_use]
    pub fn new(choices: &[Choice], severity: Level) -> Self {
        let enabled = |rule: &Rule| choices.iter().fold(true, |before, choice| choice.apply(rule, before));
        let mut rules: Vec<_> = rules::all().filter(|rule| rule.level <= severity && enabled(rule)).collect();
        rules.sort_unstable_by_key(|rule| rule.code);
        Self { rules }
    }

    /// This rule is looked at.
    #[must_use]
    pub fn contains(&self, rule: &Rule) -> bool {
        self.rules.binary_search_by_key(&rule.code, |rule| rule.code).is_ok()
    }

    /// The rules, in order of their codes.
    #[must_use]
    pub fn rules(&self) -> &[&'static Rule] {
        &self.rules
    }
}

impl Choice {
    fn apply(&self, rule: &Rule, before: bool) -> bool {
        let best = |list: &[Selector]| {
            list.iter().filter(|selector| selector.matches(rule)).map(Selector::precision).max()
        };
        match (self.select.as_deref().map(best), best(&self.ignore)) {
            (None, ignored) => before && ignored.is_none(),
            (Some(selected), ignored) => selected.is_some() && selected > ignored,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<Selector> {
        text.split_terminator(',').map(|part| part.parse().unwrap()).collect()
    }

    fn choice(select: Option<&str>, ignore: &str) -> Choice {
        Choice { select: select.map(list), ignore: list(ignore) }
    }

    fn codes(choices: &[Choice]) -> Vec<&'static str> {
        Enabled::new(choices, Level::Note).rules().iter().map(|rule| rule.code).collect()
    }

    #[test]
    fn all_rules_without_a_choice() {
        assert_eq!(codes(&[]).len(), rules::all().count());
        assert!(codes(&[]).is_sorted());
        assert_eq!(Enabled::default(), Enabled::new(&[choice(Some("all"), "")], Level::Note));
    }

    #[test]
    fn what_says_more_wins() {
        for (select, ignore, rule, enabled) in [
            (Some("F"), "", "F004", true),
            (Some("F"), "", "N001", false),
            (Some("f"), "F0", "F004", false),
            (Some("F004"), "F", "F004", true),
            (Some("F004"), "F", "F005", false),
            (Some("F00"), "F0", "F004", true),
            (Some("all"), "N", "N001", false),
            (Some("F,N001"), "N", "N001", true),
            // On a tie, ignoring wins; a name is as much as a code.
            (Some("F004"), "F004", "F004", false),
            (Some("client-unmasked"), "F004", "F004", false),
            (Some("F"), "client-unmasked", "F004", false),
            (None, "F004", "F004", false),
            (None, "F004", "F005", true),
            (Some(""), "", "F004", false),
        ] {
            let enabled_rules = Enabled::new(&[choice(select, ignore)], Level::Note);
            let found = enabled_rules.contains(rules::find(rule).unwrap());
            assert_eq!(found, enabled, "{select:?} {ignore:?} {rule}");
        }
    }

    #[test]
    fn a_later_choice_goes_by_what_is_left() {
        let file = choice(Some("F004,F005"), "");
        assert_eq!(codes(&[file.clone(), choice(None, "F")]), Vec::<&str>::new());
        assert_eq!(codes(&[file.clone(), choice(None, "F005")]), ["F004"]);
        assert_eq!(codes(&[choice(None, "F004"), choice(Some("F004"), "")]), ["F004"]);
        assert_eq!(codes(&[file, choice(Some("N001"), "")]), ["N001"]);
    }

    #[test]
    fn nothing_below_the_severity() {
        let only = |severity| Enabled::new(&[], severity);
        assert!(only(Level::Error).rules().iter().all(|rule| rule.level == Level::Error));
        let warnings = only(Level::Warning);
        assert!(warnings.rules().iter().any(|rule| rule.level == Level::Warning));
        assert!(warnings.rules().iter().all(|rule| rule.level != Level::Note));
    }

    #[test]
    fn unknown_ones_are_explained() {
        let told = |text: &str| text.parse::<Selector>().unwrap_err().to_string();
        assert_eq!(
            told("client-unmaskd"),
            "there is no rule `client-unmaskd`; did you mean `client-unmasked`?"
        );
        assert_eq!(told(""), "a rule is missing: write codes, their beginnings, names or all, by comma");
        assert_eq!(told("%"), "there is no rule `%`");
        assert_eq!(told("F994"), "there is no rule `F994`");
    }
}
