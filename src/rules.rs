//! The table of all rules, and what makes findings of facts. A rule is declared once, in the file of its
//! subject; what a newcomer adds stands there and in that file's list.

mod calm;
pub mod capture;
pub mod checker;
pub mod close;
pub mod deflate;
pub mod facts;
pub mod finding;
pub mod frame;
mod head;
pub mod keepalive;
pub mod ledger;
pub mod masking;
pub mod negotiation;
pub mod request;
pub mod response;
pub mod rule;
pub mod security;
#[cfg(test)]
mod talk;
pub mod text;

pub use finding::Finding;
pub use rule::{Level, Rule};

/// Every rule, by family.
pub static RULES: &[&[&Rule]] = &[
    request::RULES,
    response::RULES,
    frame::RULES,
    text::RULES,
    close::RULES,
    keepalive::RULES,
    negotiation::RULES,
    deflate::RULES,
    negotiation::LEGACY,
    security::RULES,
    capture::RULES,
];

/// All rules, family after family, in order of their codes within each.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().flat_map(|family| family.iter().copied())
}

/// The rule with this code or name.
#[must_use]
pub fn find(code_or_name: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.code.eq_ignore_ascii_case(code_or_name) || rule.name == code_or_name)
}
