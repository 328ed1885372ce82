//! What a rule is, and how one is declared.

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A MUST or MUST NOT was broken, seen with certainty.
    Error,
    /// A SHOULD was broken, or a security risk.
    Warning,
    /// Allowed, but worth knowing.
    Note,
}

impl Level {
    /// All levels, the worst first.
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Note];

    /// `error`, `warning`, `note`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A rule of the catalogue. Declared with [`rule!`](crate::rule), listed in [`super::RULES`].
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// A letter and three digits; never reused.
    pub code: &'static str,
    /// The pattern that it finds, in kebab case.
    pub name: &'static str,
    /// How bad it is.
    pub level: Level,
    /// Where it is written: `RFC 6455 5.1`; `practice`; `capture` for notes on the capture itself.
    pub source: &'static str,
    /// The words of the source, verbatim; empty where there are none.
    pub quote: &'static str,
    /// One line.
    pub summary: &'static str,
    /// What it means and why it matters: the doc comment of the declaration.
    pub explanation: &'static str,
    /// What a receiver does about it, or is to do.
    pub reaction: &'static str,
    /// Scripts (see `crate::script`) on which it fires, and nothing else does.
    pub bad: &'static [&'static str],
    /// Scripts close to those on which nothing fires.
    pub good: &'static [&'static str],
}

impl Rule {
    /// The letter of its family.
    #[must_use]
    pub fn family(&self) -> char {
        self.code.chars().next().unwrap_or_default()
    }
}

/// Declares a rule: the doc comment is its explanation.
#[macro_export]
macro_rules! rule {
    ($(#[doc = $doc:literal])+ $vis:vis static $ident:ident = {
        code: $code:literal, name: $name:literal, level: $level:ident, source: $source:literal,
        quote: $quote:literal,
        summary: $summary:literal,
        reaction: $reaction:literal,
        bad: [$($bad:literal),+ $(,)?],
        good: [$($good:literal),+ $(,)?] $(,)?
    }) => {
        $(#[doc = $doc])+
        $vis static $ident: $crate::rules::Rule = $crate::rules::Rule {
            code: $code,
            name: $name,
            level: $crate::rules::Level::$level,
            source: $source,
            quote: $quote,
            summary: $summary,
            explanation: concat!($($doc, "\n"),+),
            reaction: $reaction,
            bad: &[$($bad),+],
            good: &[$($good),+],
        };
    };
}
