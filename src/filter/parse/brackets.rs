//! What stands in brackets: sets, parts of fields, names of headers.

use std::ops::Range;

use super::{Parser, raw};
use crate::filter::check;
use crate::filter::error::FilterError;
use crate::filter::field::{Field, Type};
use crate::filter::lex::Token;
use crate::filter::tree::{Literal, Subject};

impl Parser<'_, '_> {
    /// `{ value, … }`
    pub(super) fn set(&mut self, subject: &Subject, name: &str) -> Result<Vec<Literal>, FilterError> {
        let start = self.here();
        if !self.eat(&Token::OpenSet) {
            let error = FilterError::new(start, "a set is expected behind `in`");
            return Err(error.label(format!("write `{name} in {{…, …}}`")));
        }
        let mut items = Vec::new();
        loop {
            match self.next() {
                Some((Token::CloseSet, _)) if !items.is_empty() => return Ok(items),
                Some((Token::CloseSet, span)) => return Err(FilterError::new(span, "the set is empty")),
                Some((Token::Comma, _)) if !items.is_empty() => {}
                Some((token, span)) => {
                    let value = raw(&token).map_err(|error| FilterError { span: span.clone(), ..error })?;
                    items.push(check::item(subject, name, value, span)?);
                    self.count(items.len(), start.clone())?;
                }
                None => return Err(FilterError::new(start, "this set is not closed")),
            }
        }
    }

    /// `[2:4]`, `[2:]`, `[3]` behind a field.
    pub(super) fn slice(&mut self, field: Field) -> Result<Subject, FilterError> {
        let start = self.here();
        if !self.eat(&Token::OpenSlice) {
            return Ok(Subject::Field(field));
        }
        let name = field.info().name;
        if !matches!(field.info().kind, Type::Bytes | Type::Text) {
            return Err(FilterError::new(
                start,
                format!("`{name}` is a {}: it has no parts", field.info().kind.name()),
            ));
        }
        let mut inside = String::new();
        let end = loop {
            match self.next() {
                Some((Token::CloseSlice, span)) => break span.end,
                Some((Token::Word(word), _)) => inside.push_str(&word),
                Some((Token::Colon, _)) => inside.push(':'),
                Some((_, span)) => break span.end,
                None => break self.end,
            }
        };
        let span = start.start..end;
        let malformed = || {
            FilterError::new(span.clone(), "this is no part of it")
                .label(format!("write {name}[2:4] (bytes 2 and 3), {name}[2:], {name}[:4] or {name}[2]"))
        };
        let number = |text: &str| text.parse::<u32>().map(|n| n as usize).map_err(|_| malformed());
        let (from, to) = match inside.split_once(':') {
            None => {
                let at = number(&inside)?;
                (at, Some(at + 1))
            }
            Some((from, to)) => (
                if from.is_empty() { 0 } else { number(from)? },
                if to.is_empty() { None } else { Some(number(to)?) },
            ),
        };
        if to.is_some_and(|to| to <= from) {
            let error = FilterError::new(span, "it ends before it begins");
            return Err(error.help("the second number is where the part ends, not its length"));
        }
        Ok(Subject::Slice(field, from, to))
    }

    /// `["Name"]` behind `header`.
    pub(super) fn header_name(&mut self, span: &Range<usize>) -> Result<String, FilterError> {
        self.at += 1;
        let name = match self.next() {
            Some((Token::Text(name) | Token::Word(name), _)) => Some(name),
            _ => None,
        };
        match name {
            Some(name) if self.eat(&Token::CloseSlice) => Ok(name),
            _ => {
                let error = FilterError::new(span.clone(), "a header is named in brackets");
                Err(error.label("write header[\"X-Name\"]"))
            }
        }
    }
}
