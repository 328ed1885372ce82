//! What a rule is, and how one is declared.

use crate::item::{At, Dir};

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
    /// Where it is written: `RFC 6455 5.1`; `capture` for notes on the capture itself.
    pub source: &'static str,
    /// One line.
    pub summary: &'static str,
    /// What it means, why it matters: the doc comment of the declaration.
    pub explanation: &'static str,
}

/// A rule that fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// The sender at fault, or whose bytes are concerned.
    pub dir: Option<Dir>,
    /// Where; `None` where it concerns the capture as a whole.
    pub at: Option<At>,
    /// The `n` of the frame.
    pub frame: Option<u64>,
    /// The facts, in one line.
    pub text: String,
}

/// Declares a rule: the doc comment is its explanation.
#[macro_export]
macro_rules! rule {
    ($(#[doc = $doc:literal])+ $vis:vis static $ident:ident = {
        code: $code:literal, name: $name:literal, level: $level:ident, source: $source:literal,
        summary: $summary:literal $(,)?
    }) => {
        $(#[doc = $doc])+
        $vis static $ident: $crate::rules::Rule = $crate::rules::Rule {
            code: $code,
            name: $name,
            level: $crate::rules::Level::$level,
            source: $source,
            summary: $summary,
            explanation: concat!($($doc, "\n"),+),
        };
    };
}
