//! The table of all rules. A rule is declared once, in the file of its subject.

pub mod capture;
pub mod checker;
pub mod rule;
pub mod security;

pub use rule::{Finding, Level, Rule};

/// Every rule, by code.
pub static RULES: &[&[&Rule]] = &[security::RULES, capture::RULES];

/// All rules in order of their codes.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().flat_map(|family| family.iter().copied())
}
