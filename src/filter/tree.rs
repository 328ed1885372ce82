//! A filter that was understood: every name a field, every value of its field's type. Its text is the
//! filter's normal form, and reads back as the same tree.

use std::fmt;

use crate::time::Timestamp;

use super::field::{Field, MESSAGE_OPCODES, OPCODES, Rows};
use super::lex::Op;
use super::literal::{self, Net, Number};
use super::path::Path;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree {
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Not(Box<Tree>),
    Test(Subject, Check),
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Subject {
    Field(Field),
    /// Bytes of a field: from, to (exclusive).
    Slice(Field, usize, Option<usize>),
    /// A header of the handshake.
    Header(String),
    /// A place in a JSON payload.
    Path(Path),
}

/// What is asked of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Check {
    /// It is there; a yes/no is yes; a JSON value is neither null nor false.
    Holds,
    /// `==` and its like.
    Compare(Op, Literal),
    /// `in { … }`
    OneOf(Vec<Literal>),
    /// `contains`
    Contains(Literal),
    /// `~`, `!~` with a text
    Like { text: String, not: bool },
    /// `=~`, `!~` with a regular expression
    Matches { pattern: String, ignore_case: bool, not: bool },
}

/// A value of the type that its place asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Bool(bool),
    Int(u64),
    Decimal(f64),
    Span(i64),
    At(i64),
    OfDay(i64),
    /// So long before the capture's end.
    BeforeEnd(i64),
    Text(String),
    Bytes(Vec<u8>),
    Net(Net),
    Opcodes(u16),
    Word(&'static str),
    Rule(&'static str),
    Null,
    Number(Number),
    /// From one to the other, both included.
    Range(Box<Literal>, Box<Literal>),
}

impl Tree {
    /// The conjunction of trees; those that are conjunctions themselves are taken apart.
    pub(super) fn all(trees: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(trees.len());
        for tree in trees {
            match tree {
                Self::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.pop().unwrap_or(Self::All(Vec::new())) } else { Self::All(flat) }
    }

    /// The disjunction of trees.
    pub(super) fn any(trees: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(trees.len());
        for tree in trees {
            match tree {
                Self::Any(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.pop().unwrap_or(Self::Any(Vec::new())) } else { Self::Any(flat) }
    }

    /// The rows of which it can be asked: for `and` those that all parts know, for `or` those that one
    /// part knows.
    pub(super) fn rows(&self) -> Rows {
        match self {
            Self::All(trees) => trees.iter().fold(Rows::ALL, |rows, tree| rows.and(tree.rows())),
            Self::Any(trees) => trees.iter().fold(Rows::NONE, |rows, tree| rows.or(tree.rows())),
            Self::Not(tree) => tree.rows(),
            Self::Test(subject, check) => rows_of(subject, check),
        }
    }

    /// The rows on which every field that is named exists.
    pub(super) fn common_rows(&self) -> Rows {
        match self {
            Self::All(trees) | Self::Any(trees) => {
                trees.iter().fold(Rows::ALL, |rows, tree| rows.and(tree.common_rows()))
            }
            Self::Not(tree) => tree.common_rows(),
            Self::Test(subject, check) => rows_of(subject, check),
        }
    }

    /// The same, with times before the capture's end as times.
    pub(super) fn at_end(&self, end: Timestamp) -> Self {
        let each = |trees: &[Self]| trees.iter().map(|tree| tree.at_end(end)).collect();
        match self {
            Self::All(trees) => Self::All(each(trees)),
            Self::Any(trees) => Self::Any(each(trees)),
            Self::Not(tree) => Self::Not(Box::new(tree.at_end(end))),
            Self::Test(subject, check) => Self::Test(subject.clone(), check.at_end(end)),
        }
    }

    /// Calls `each` with every test.
    pub(super) fn tests(&self, each: &mut impl FnMut(&Subject, &Check)) {
        match self {
            Self::All(trees) | Self::Any(trees) => trees.iter().for_each(|tree| tree.tests(each)),
            Self::Not(tree) => tree.tests(each),
            Self::Test(subject, check) => each(subject, check),
        }
    }
}

impl Check {
    fn at_end(&self, end: Timestamp) -> Self {
        match self {
            Self::Compare(op, literal) => Self::Compare(*op, literal.at_end(end)),
            Self::OneOf(items) => Self::OneOf(items.iter().map(|item| item.at_end(end)).collect()),
            other => other.clone(),
        }
    }

    /// It asks for a time before the capture's end.
    pub(super) fn asks_end(&self) -> bool {
        match self {
            Self::Compare(_, literal) => literal.is_before_end(),
            Self::OneOf(items) => items.iter().any(Literal::is_before_end),
            _ => false,
        }
    }
}

impl Literal {
    fn at_end(&self, end: Timestamp) -> Self {
        match self {
            Self::BeforeEnd(nanos) => Self::At(end.nanos().saturating_sub(*nanos)),
            Self::Range(first, last) => Self::Range(Box::new(first.at_end(end)), Box::new(last.at_end(end))),
            other => other.clone(),
        }
    }

    fn is_before_end(&self) -> bool {
        match self {
            Self::BeforeEnd(_) => true,
            Self::Range(first, last) => first.is_before_end() || last.is_before_end(),
            _ => false,
        }
    }
}

/// The rows on which a test can be true.
pub(super) fn rows_of(subject: &Subject, check: &Check) -> Rows {
    match subject {
        Subject::Field(Field::Op) if opcodes(check).is_some_and(|mask| mask & MESSAGE_OPCODES == 0) => {
            Rows::FRAME
        }
        Subject::Field(field) | Subject::Slice(field, ..) => field.info().rows,
        Subject::Header(_) => Rows::ALL,
        Subject::Path(_) => Rows::MESSAGE,
    }
}

/// The opcodes that a test asks for; `None` where it asks for something else.
fn opcodes(check: &Check) -> Option<u16> {
    match check {
        Check::Compare(Op::Eq, Literal::Opcodes(mask)) => Some(*mask),
        Check::OneOf(items) => Some(items.iter().fold(0, |all, item| match item {
            Literal::Opcodes(mask) => all | mask,
            _ => all,
        })),
        _ => None,
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(trees) => join(trees, " && ", f),
            Self::Any(trees) => join(trees, " || ", f),
            Self::Not(tree) => match &**tree {
                Self::Test(_, Check::Holds) | Self::Not(_) => write!(f, "!{tree}"),
                _ => write!(f, "!({tree})"),
            },
            Self::Test(subject, check) => test(subject, check, f),
        }
    }
}

fn join(trees: &[Tree], between: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (n, tree) in trees.iter().enumerate() {
        if n > 0 {
            f.write_str(between)?;
        }
        match tree {
            Tree::Any(_) | Tree::All(_) => write!(f, "({tree})")?,
            _ => write!(f, "{tree}")?,
        }
    }
    Ok(())
}

fn test(subject: &Subject, check: &Check, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match check {
        Check::Holds => write!(f, "{subject}"),
        Check::Compare(op, literal) => write!(f, "{subject} {} {literal}", op.name()),
        Check::OneOf(items) => {
            write!(f, "{subject} in {{")?;
            for (n, item) in items.iter().enumerate() {
                write!(f, "{}{item}", if n > 0 { ", " } else { "" })?;
            }
            f.write_str("}")
        }
        Check::Contains(literal) => write!(f, "{subject} contains {literal}"),
        Check::Like { text, not } => {
            write!(f, "{subject} {} ", if *not { "!~" } else { "~" })?;
            quote(text, f)
        }
        Check::Matches { pattern, ignore_case, not } => {
            write!(f, "{subject} {} /", if *not { "!~" } else { "=~" })?;
            write_pattern(pattern, f)?;
            f.write_str(if *ignore_case { "/i" } else { "/" })
        }
    }
}

/// A regular expression with its slashes escaped, as it stands between two of them.
fn write_pattern(pattern: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for c in pattern.chars() {
        f.write_str(if c == '/' { "\\" } else { "" })?;
        write!(f, "{c}")?;
    }
    Ok(())
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => f.write_str(field.info().name),
            Self::Slice(field, from, to) => {
                write!(f, "{}[{from}:", field.info().name)?;
                if let Some(to) = to {
                    write!(f, "{to}")?;
                }
                f.write_str("]")
            }
            Self::Header(name) => {
                f.write_str("header[")?;
                quote(name, f)?;
                f.write_str("]")
            }
            Self::Path(path) => path.fmt(f),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(yes) => yes.fmt(f),
            Self::Int(int) => int.fmt(f),
            Self::Decimal(decimal) => write!(f, "{decimal:?}"),
            Self::Span(nanos) => literal::write_span(*nanos, f),
            Self::At(nanos) => Timestamp::from_nanos(*nanos).fmt(f),
            Self::OfDay(nanos) => literal::write_of_day(*nanos, f),
            Self::BeforeEnd(nanos) => literal::write_span(-*nanos, f),
            Self::Text(text) => quote(text, f),
            Self::Bytes(bytes) => literal::write_bytes(bytes, f),
            Self::Net(net) => net.fmt(f),
            Self::Opcodes(mask) => match OPCODES.iter().find(|(_, bits)| bits == mask) {
                Some((name, _)) => f.write_str(name),
                None => mask.trailing_zeros().fmt(f),
            },
            Self::Word(word) | Self::Rule(word) => f.write_str(word),
            Self::Null => f.write_str("null"),
            Self::Number(number) => number.fmt(f),
            Self::Range(first, last) => write!(f, "{first}..{last}"),
        }
    }
}

/// Writes a text in quotes, as it is read back.
pub(super) fn quote(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if c.is_control() || c == '\u{202e}' => write!(f, "\\u{{{:x}}}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}
