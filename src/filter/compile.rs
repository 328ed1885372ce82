//! A tree as a predicate that is asked of millions of rows: names resolved, needles prepared, regular
//! expressions compiled.

use std::cmp::Ordering;

use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};
use serde_json::Value as Json;

use super::field::Type;
use super::lex::Op;
use super::literal::{NANOS_PER_DAY, Net, Number};
use super::path::Step;
use super::row::{Row, Value};
use super::tree::{Check, Literal, Subject, Tree};

/// Bytes of one compiled regular expression.
const REGEX_BYTES: usize = 1 << 20;

/// An expression that can be asked.
#[derive(Clone, Debug)]
pub(super) enum Predicate {
    All(Vec<Predicate>),
    Any(Vec<Predicate>),
    Not(Box<Predicate>),
    Ask(Box<Ask>),
}

/// A test of the values of one subject.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    subject: Subject,
    test: Test,
    /// It holds where there is a value and none passes the test.
    negated: bool,
    /// Of a path: its keys, to look for before anything is read as JSON.
    keys: Vec<Finder<'static>>,
}

/// What a value is compared with.
#[derive(Clone, Debug)]
enum Test {
    /// It is there; a yes/no is yes; JSON is neither null nor false.
    Holds,
    Flag(bool),
    /// In one of these, both ends included.
    Ranges(Vec<(i128, i128)>),
    /// The time of day is in this range.
    OfDay(i64, i64),
    Decimal(Op, f64),
    Opcodes(u16),
    /// A bit for each word.
    Words(u32),
    Exact(Vec<u8>),
    Find(Box<Finder<'static>>),
    Regex(Regex),
    Net(Net),
    Rule(&'static str),
    Null,
    Number(Op, Number),
    Order(Op, String),
    AnyOf(Vec<Test>),
    /// Both pass.
    Within(Box<[Test; 2]>),
    Never,
}

/// Compiles a regular expression, within bounds.
pub(super) fn regex(pattern: &str, ignore_case: bool) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern)
        .case_insensitive(ignore_case)
        .size_limit(REGEX_BYTES)
        .dfa_size_limit(REGEX_BYTES)
        .nest_limit(64)
        .build()
}

impl Predicate {
    pub(super) fn new(tree: &Tree) -> Self {
        let each = |trees: &[Tree]| trees.iter().map(Self::new).collect();
        match tree {
            Tree::All(trees) => Self::All(each(trees)),
            Tree::Any(trees) => Self::Any(each(trees)),
            Tree::Not(tree) => Self::Not(Box::new(Self::new(tree))),
            Tree::Test(subject, check) => Self::Ask(Box::new(Ask::new(subject, check))),
        }
    }

    /// It is true of the row.
    pub(super) fn holds(&self, row: &Row<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(row)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(row)),
            Self::Not(part) => !part.holds(row),
            Self::Ask(ask) => ask.holds(row),
        }
    }
}

impl Ask {
    fn new(subject: &Subject, check: &Check) -> Self {
        let (test, negated) = match check {
            Check::Holds => (Test::Holds, false),
            Check::Compare(Op::Ne, literal) => (Test::compare(subject, Op::Eq, literal), true),
            Check::Compare(op, literal) => (Test::compare(subject, *op, literal), false),
            Check::OneOf(items) => {
                (Test::AnyOf(items.iter().map(|item| Test::compare(subject, Op::Eq, item)).collect()), false)
            }
            Check::Contains(Literal::Bytes(bytes)) => (Test::find(bytes), false),
            Check::Contains(Literal::Text(text)) => (Test::find(text.as_bytes()), false),
            Check::Contains(_) => (Test::Never, false),
            Check::Like { text, not } => (Test::regex(&regex::escape(text), true), *not),
            Check::Matches { pattern, ignore_case, not } => (Test::regex(pattern, *ignore_case), *not),
        };
        let keys = match subject {
            Subject::Path(path) if !matches!(test, Test::Null) => path
                .0
                .iter()
                .filter_map(|step| match step {
                    Step::Key(key) => Some(Finder::new(key.as_bytes()).into_owned()),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        };
        Self { subject: subject.clone(), test, negated, keys }
    }

    fn holds(&self, row: &Row<'_>) -> bool {
        let test = &mut |value: Value<'_>| self.test.value(value);
        let found = match &self.subject {
            Subject::Field(field) => row.any(*field, test),
            Subject::Slice(field, from, to) => {
                let mut there = false;
                let found = row.any(*field, &mut |value| match value {
                    Value::Bytes(bytes) => {
                        let part =
                            bytes.get(*from..to.unwrap_or(bytes.len())).filter(|part| !part.is_empty());
                        there |= part.is_some();
                        part.is_some_and(|part| self.test.value(Value::Bytes(part)))
                    }
                    _ => false,
                });
                found.filter(|_| there)
            }
            Subject::Header(name) => row.header(name, test),
            Subject::Path(path) => {
                if self.lacks_a_key(row) {
                    return false;
                }
                let Some(json) = row.json() else { return false };
                let found = path.any(json, &mut |value| self.test.json(value));
                // What is not there is as good as null, in what is JSON.
                if found.is_none() && matches!(self.test, Test::Null) {
                    return !self.negated;
                }
                found
            }
        };
        found.is_some_and(|found| found != self.negated)
    }

    /// The payload cannot have the path: a key of it does not stand there, not even in disguise.
    fn lacks_a_key(&self, row: &Row<'_>) -> bool {
        let Some(payload) = row.unread_json() else { return false };
        self.keys.iter().any(|key| key.find(payload).is_none()) && memchr::memchr(b'\\', payload).is_none()
    }
}

impl Test {
    fn find(needle: &[u8]) -> Self {
        Self::Find(Box::new(Finder::new(needle).into_owned()))
    }

    /// The checker has compiled it once already, so this does not fail; if it does, nothing matches.
    fn regex(pattern: &str, ignore_case: bool) -> Self {
        regex(pattern, ignore_case).map_or(Self::Never, Self::Regex)
    }

    fn compare(subject: &Subject, op: Op, literal: &Literal) -> Self {
        match literal {
            Literal::Bool(yes) => Self::Flag(*yes),
            Literal::Int(int) => Self::range(op, (*int).into()),
            Literal::Span(nanos) | Literal::At(nanos) => Self::range(op, (*nanos).into()),
            // The end is not known.
            Literal::BeforeEnd(_) => Self::Never,
            Literal::OfDay(nanos) => match op {
                Op::Lt => Self::OfDay(0, nanos - 1),
                Op::Le => Self::OfDay(0, *nanos),
                Op::Gt => Self::OfDay(nanos + 1, NANOS_PER_DAY),
                Op::Ge => Self::OfDay(*nanos, NANOS_PER_DAY),
                _ => Self::OfDay(*nanos, *nanos),
            },
            Literal::Decimal(decimal) => Self::Decimal(op, *decimal),
            Literal::Text(text) if op.is_order() => Self::Order(op, text.clone()),
            Literal::Text(text) => Self::Exact(text.clone().into_bytes()),
            Literal::Bytes(bytes) => Self::Exact(bytes.clone()),
            Literal::Net(net) => Self::Net(*net),
            Literal::Opcodes(mask) => Self::Opcodes(*mask),
            Literal::Word(word) => Self::words(subject, op, word),
            Literal::Rule(code) => Self::Rule(code),
            Literal::Null => Self::Null,
            Literal::Number(number) => Self::Number(op, *number),
            Literal::Range(first, last) => Self::between(first, last),
        }
    }

    fn range(op: Op, value: i128) -> Self {
        Self::Ranges(vec![match op {
            Op::Lt => (i128::MIN, value - 1),
            Op::Le => (i128::MIN, value),
            Op::Gt => (value + 1, i128::MAX),
            Op::Ge => (value, i128::MAX),
            _ => (value, value),
        }])
    }

    fn between(first: &Literal, last: &Literal) -> Self {
        match (first, last) {
            (Literal::Int(first), Literal::Int(last)) => {
                Self::Ranges(vec![((*first).into(), (*last).into())])
            }
            (Literal::Span(first), Literal::Span(last)) | (Literal::At(first), Literal::At(last)) => {
                Self::Ranges(vec![((*first).into(), (*last).into())])
            }
            (Literal::OfDay(first), Literal::OfDay(last)) => Self::OfDay(*first, *last),
            (Literal::Decimal(first), Literal::Decimal(last)) => {
                Self::Within(Box::new([Self::Decimal(Op::Ge, *first), Self::Decimal(Op::Le, *last)]))
            }
            (Literal::Number(first), Literal::Number(last)) => {
                Self::Within(Box::new([Self::Number(Op::Ge, *first), Self::Number(Op::Le, *last)]))
            }
            (Literal::Text(first), Literal::Text(last)) => Self::Within(Box::new([
                Self::Order(Op::Ge, first.clone()),
                Self::Order(Op::Le, last.clone()),
            ])),
            _ => Self::Never,
        }
    }

    fn words(subject: &Subject, op: Op, word: &str) -> Self {
        let Subject::Field(field) = subject else { return Self::Never };
        let (Type::Word(words) | Type::Scale(words)) = field.info().kind else { return Self::Never };
        let Some(at) = words.iter().position(|known| *known == word) else { return Self::Never };
        let bits = words.iter().enumerate().filter(|(n, _)| holds(op, n.cmp(&at)));
        Self::Words(bits.fold(0, |bits, (n, _)| bits | 1 << n))
    }

    /// A field's value passes.
    fn value(&self, value: Value<'_>) -> bool {
        match (self, value) {
            (Self::Holds, Value::Flag(yes)) => yes,
            (Self::Holds, _) => true,
            (Self::Flag(wanted), Value::Flag(yes)) => *wanted == yes,
            (Self::Ranges(ranges), Value::Int(int)) => within(ranges, int.into()),
            (Self::Ranges(ranges), Value::Nanos(nanos)) => within(ranges, nanos.into()),
            (Self::OfDay(first, last), Value::Nanos(nanos)) => {
                (*first..=*last).contains(&nanos.rem_euclid(NANOS_PER_DAY))
            }
            (Self::Decimal(op, with), Value::Decimal(decimal)) => {
                decimal.partial_cmp(with).is_some_and(|order| holds(*op, order))
            }
            (Self::Opcodes(mask), Value::Opcode(opcode)) => mask >> opcode & 1 == 1,
            (Self::Words(bits), Value::Word(word)) => bits >> word & 1 == 1,
            (Self::Exact(wanted), Value::Bytes(bytes)) => wanted == bytes,
            (Self::Find(finder), Value::Bytes(bytes)) => finder.find(bytes).is_some(),
            (Self::Regex(regex), Value::Bytes(bytes)) => regex.is_match(bytes),
            (Self::Net(net), Value::Ip(ip)) => net.contains(ip),
            (Self::Rule(wanted), Value::Rule(code)) => *wanted == code,
            (Self::AnyOf(tests), value) => tests.iter().any(|test| test.value(value)),
            (Self::Within(both), value) => both.iter().all(|test| test.value(value)),
            _ => false,
        }
    }

    /// A JSON value passes.
    fn json(&self, value: &Json) -> bool {
        match (self, value) {
            (Self::Holds, value) => !matches!(value, Json::Null | Json::Bool(false)),
            (Self::Null, value) => value.is_null(),
            (Self::Flag(wanted), Json::Bool(yes)) => wanted == yes,
            (Self::Number(op, with), Json::Number(number)) => {
                order(number, *with).is_some_and(|order| holds(*op, order))
            }
            (Self::Order(op, with), Json::String(text)) => holds(*op, text.as_str().cmp(with)),
            (Self::Exact(_) | Self::Find(_) | Self::Regex(_), Json::String(text)) => {
                self.value(Value::Bytes(text.as_bytes()))
            }
            (Self::AnyOf(tests), value) => tests.iter().any(|test| test.json(value)),
            (Self::Within(both), value) => both.iter().all(|test| test.json(value)),
            _ => false,
        }
    }
}

fn within(ranges: &[(i128, i128)], value: i128) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&value))
}

const fn holds(op: Op, order: Ordering) -> bool {
    match op {
        Op::Lt => order.is_lt(),
        Op::Le => order.is_le(),
        Op::Gt => order.is_gt(),
        Op::Ge => order.is_ge(),
        Op::Ne => order.is_ne(),
        _ => order.is_eq(),
    }
}

/// Whole numbers are compared exactly, others as JSON's doubles.
fn order(number: &serde_json::Number, with: Number) -> Option<Ordering> {
    let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    match (whole, with) {
        (Some(whole), Number::Int(with)) => Some(whole.cmp(&with)),
        _ => number.as_f64()?.partial_cmp(&with.as_f64()),
    }
}
