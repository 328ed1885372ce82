//! Types: which operators a field takes, and what its values are.

use std::ops::Range;

use crate::rules;

use super::compile;
use super::error::FilterError;
use super::field::{Field, Info, OPCODES, Type, nearest};
use super::lex::{Op, Regex};
use super::literal::{self, Net, Number, Time};
use super::parse::opcode;
use super::tree::{Check, Literal, Subject};

/// A value as written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Raw<'a> {
    Word(&'a str),
    Text(&'a str),
    Regex(&'a Regex),
}

/// The type of a subject; `None` = JSON, whose values bring their types along.
fn type_of(subject: &Subject) -> Option<Type> {
    match subject {
        Subject::Field(field) | Subject::Slice(field, ..) => Some(field.info().kind),
        Subject::Header(_) => Some(Type::Text),
        Subject::Path(_) => None,
    }
}

/// What values of a subject look like.
pub(super) fn values(subject: &Subject) -> String {
    match type_of(subject) {
        Some(kind) => format!("write {}", kind.values()),
        None => "write a number, \"text\", true, false or null".to_owned(),
    }
}

/// What `field:value` means.
pub(super) fn colon(subject: &Subject) -> Op {
    match type_of(subject) {
        Some(Type::Text | Type::Bytes) => Op::Like,
        _ => Op::Eq,
    }
}

/// Text can be looked for in it.
fn is_text(kind: Option<Type>) -> bool {
    matches!(kind, None | Some(Type::Text | Type::Bytes))
}

/// Checks `subject op value`, where the value stands at `span`.
pub(super) fn compare(
    subject: &Subject,
    name: &str,
    op: Op,
    value: Raw<'_>,
    span: Range<usize>,
) -> Result<Check, FilterError> {
    let kind = type_of(subject);
    let looks_in = matches!(op, Op::Contains | Op::Like | Op::NotLike | Op::Matches);
    if !is_text(kind)
        && (looks_in || matches!(value, Raw::Regex(_)))
        && let Some(kind) = kind
    {
        let what = kind.name();
        let error =
            FilterError::new(span, format!("`{name}` is of type {what}: text is not looked for in it"));
        return Err(error.help(match kind {
            Type::Address => format!("compare it with a network: `{name} == 10.0.0.0/8`"),
            _ => format!("use `{name} == …` with {}", kind.values()),
        }));
    }
    match (op, value) {
        (Op::Matches | Op::Like | Op::NotLike, Raw::Regex(regex)) => {
            matches(&regex.pattern, regex.ignore_case, op == Op::NotLike, span)
        }
        (_, Raw::Regex(_)) => {
            let error = FilterError::new(span, format!("`{}` takes no regular expression", op.name()));
            Err(error.label(if op == Op::Ne { "use `!~`" } else { "use `=~`" }))
        }
        (Op::Matches, Raw::Word(text) | Raw::Text(text)) => matches(text, false, false, span),
        (Op::Like, Raw::Word(text)) if kind == Some(Type::Bytes) && literal::bytes(text).is_some() => {
            Ok(Check::Contains(Literal::Bytes(literal::bytes(text).unwrap_or_default())))
        }
        (Op::Like | Op::NotLike, Raw::Word(text) | Raw::Text(text)) => {
            Ok(Check::Like { text: text.to_owned(), not: op == Op::NotLike })
        }
        (Op::Contains, _) if kind == Some(Type::Bytes) => Ok(Check::Contains(bytes(value))),
        (Op::Contains, Raw::Word(text) | Raw::Text(text)) => {
            Ok(Check::Contains(Literal::Text(text.to_owned())))
        }
        (op, value) => {
            let value = literal(subject, name, value, span.clone())?;
            if op.is_order() {
                ordered(kind, name, &value, span)?;
            }
            // Yes is what a yes/no holds by itself, so there is one way to write it.
            Ok(match (op, value, kind) {
                (Op::Eq, Literal::Bool(true), Some(_)) | (Op::Ne, Literal::Bool(false), Some(_)) => {
                    Check::Holds
                }
                (Op::Ne, Literal::Bool(true), Some(_)) => Check::Compare(Op::Eq, Literal::Bool(false)),
                (op, value, _) => Check::Compare(op, value),
            })
        }
    }
}

fn ordered(kind: Option<Type>, name: &str, value: &Literal, span: Range<usize>) -> Result<(), FilterError> {
    match (kind, value) {
        (None, Literal::Null | Literal::Bool(_)) => {
            Err(FilterError::new(span, "JSON orders numbers and texts only"))
        }
        (None | Some(Type::Int | Type::Decimal | Type::Span | Type::Instant | Type::Scale(_)), _) => Ok(()),
        (Some(kind), _) => {
            let error =
                FilterError::new(span, format!("`{name}` has no order: it is of type {}", kind.name()));
            Err(error.help(format!("use `==`, `!=` or `{name} in {{…}}`")))
        }
    }
}

fn matches(pattern: &str, ignore_case: bool, not: bool, span: Range<usize>) -> Result<Check, FilterError> {
    match compile::regex(pattern, ignore_case) {
        Ok(_) => Ok(Check::Matches { pattern: plain_slashes(pattern), ignore_case, not }),
        Err(error) => {
            let text = error.to_string();
            let what = text.rsplit("error: ").next().unwrap_or_default().trim();
            Err(FilterError::new(span, format!("this is no regular expression: {what}")))
        }
    }
}

/// A pattern without the backslashes before slashes, which mean nothing.
fn plain_slashes(pattern: &str) -> String {
    let mut plain = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\\' {
            if chars.peek() != Some(&'/') {
                plain.push(c);
            }
            plain.extend(chars.next());
        } else {
            plain.push(c);
        }
    }
    plain
}

fn bytes(value: Raw<'_>) -> Literal {
    match value {
        Raw::Word(word) => {
            literal::bytes(word).map_or_else(|| Literal::Text(word.to_owned()), Literal::Bytes)
        }
        Raw::Text(text) => Literal::Text(text.to_owned()),
        Raw::Regex(regex) => Literal::Text(regex.pattern.clone()),
    }
}

/// Checks a value in a set: a value, or a range of numbers.
pub(super) fn item(
    subject: &Subject,
    name: &str,
    value: Raw<'_>,
    span: Range<usize>,
) -> Result<Literal, FilterError> {
    let ranged =
        matches!(type_of(subject), None | Some(Type::Int | Type::Decimal | Type::Span | Type::Instant));
    if let Raw::Word(word) = value
        && ranged
        && let Some((first, last)) = word.split_once("..")
    {
        let last_word = last.strip_prefix('=').unwrap_or(last);
        let first = literal(subject, name, Raw::Word(first), span.clone())?;
        let last = literal(subject, name, Raw::Word(last_word), span.clone())?;
        if std::mem::discriminant(&first) != std::mem::discriminant(&last) {
            return Err(FilterError::new(span, "both ends of a range are of one type"));
        }
        return Ok(Literal::Range(Box::new(first), Box::new(last)));
    }
    if let Raw::Regex(_) = value {
        return Err(FilterError::new(span, "a set holds no regular expressions").label("use `=~`"));
    }
    literal(subject, name, value, span)
}

/// A value as its subject's type.
fn literal(
    subject: &Subject,
    name: &str,
    value: Raw<'_>,
    span: Range<usize>,
) -> Result<Literal, FilterError> {
    let (text, quoted) = match value {
        Raw::Word(text) => (text, false),
        Raw::Text(text) => (text, true),
        Raw::Regex(regex) => (&*regex.pattern, true),
    };
    let Some(kind) = type_of(subject) else { return Ok(json(text, quoted)) };
    // Names of values are known in any case: `show` writes PING.
    let lower = text.to_ascii_lowercase();
    let found = match kind {
        Type::Bool => match &*lower {
            "true" | "yes" | "1" => Some(Literal::Bool(true)),
            "false" | "no" | "0" => Some(Literal::Bool(false)),
            _ => None,
        },
        Type::Int => match literal::number(text) {
            Some(Number::Int(int)) => u64::try_from(int).ok().map(Literal::Int),
            _ => None,
        },
        Type::Decimal => literal::number(text).map(|number| Literal::Decimal(number.as_f64())),
        Type::Span => literal::span(text).filter(|nanos| *nanos >= 0 || name == "delta").map(Literal::Span),
        Type::Instant if text.starts_with('-') => {
            literal::span(text).map(|nanos| Literal::BeforeEnd(nanos.saturating_neg()))
        }
        Type::Instant => literal::time(text).map(|time| match time {
            Time::At(nanos) => Literal::At(nanos),
            Time::OfDay(nanos) => Literal::OfDay(nanos),
        }),
        Type::Text => Some(Literal::Text(text.to_owned())),
        Type::Bytes => Some(bytes(value)),
        Type::Address => Net::parse(text).map(Literal::Net),
        Type::Opcode => match literal::number(text) {
            Some(Number::Int(n)) => {
                u8::try_from(n).ok().filter(|n| *n < 16).map(|n| Literal::Opcodes(1 << n))
            }
            _ => opcode(&lower).map(Literal::Opcodes),
        },
        Type::Word(words) | Type::Scale(words) => {
            words.iter().find(|word| **word == lower).map(|word| Literal::Word(word))
        }
        Type::Rule => rules::find(text).map(|rule| Literal::Rule(rule.code)),
    };
    found.ok_or_else(|| no_value(subject, name, kind, text, span))
}

/// A JSON value as written; an unquoted word that is no number is text.
fn json(text: &str, quoted: bool) -> Literal {
    match text {
        _ if quoted => Literal::Text(text.to_owned()),
        "true" => Literal::Bool(true),
        "false" => Literal::Bool(false),
        "null" => Literal::Null,
        _ => literal::number(text).map_or_else(|| Literal::Text(text.to_owned()), Literal::Number),
    }
}

/// What to say of a value that its field cannot have.
fn no_value(subject: &Subject, name: &str, kind: Type, text: &str, span: Range<usize>) -> FilterError {
    let shown: String = text.chars().take(40).collect();
    let field = match subject {
        Subject::Field(field) | Subject::Slice(field, ..) => field.info().name,
        _ => name,
    };
    let lists = format!("`wscope fields {field}` lists values");
    match kind {
        Type::Opcode => {
            let names = OPCODES.iter().map(|(name, _)| *name);
            FilterError::new(span, format!("unknown opcode `{shown}`"))
                .meant(nearest(text, names))
                .help(lists)
        }
        Type::Rule => {
            let names: Vec<String> =
                rules::all().flat_map(|rule| [rule.code.to_lowercase(), rule.name.to_owned()]).collect();
            let near = nearest(text, names.iter().map(String::as_str)).and_then(rules::find);
            FilterError::new(span, format!("there is no rule `{shown}`"))
                .meant(near.map(|rule| rule.code))
                .help("`wscope rule` lists them")
        }
        Type::Word(words) | Type::Scale(words) => {
            let near = nearest(text, words.iter().copied());
            FilterError::new(span, format!("`{shown}` is no value of `{name}`")).meant(near).help(lists)
        }
        _ => {
            let error =
                FilterError::new(span, format!("`{name}` is of type {}, and `{shown}` is none", kind.name()));
            let as_port = text.rsplit_once(':').filter(|(ip, port)| {
                kind == Type::Address
                    && Net::parse(ip.trim_matches(['[', ']'])).is_some()
                    && port.parse::<u16>().is_ok()
            });
            match as_port {
                _ if field == "time" && literal::span(text).is_some() => {
                    error.help(format!("for what is so near to the capture's end, write `at >= {text}`"))
                }
                _ if Field::find(text).is_some() => {
                    error.help("two fields cannot be compared with one another")
                }
                Some((ip, port)) => {
                    error.help(format!("write `{name} == {ip} && {} == {port}`", port_of(field)))
                }
                None => error.help(format!("write {}", kind.values())),
            }
        }
    }
}

/// The port beside an address.
fn port_of(field: &str) -> &'static str {
    let beside = |info: &Info| match info.field {
        Field::Client => Field::ClientPort.info().name,
        Field::Server => Field::ServerPort.info().name,
        Field::Src => Field::SrcPort.info().name,
        Field::Dst => Field::DstPort.info().name,
        _ => Field::Port.info().name,
    };
    Field::find(field).map_or("port", beside)
}
